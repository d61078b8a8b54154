"""A broken rule file is refused with the file, the rule and the field, and what to do."""

import re
from datetime import date
from pathlib import Path

import pytest

from lianfang.rulebook import RulebookError, default, load
from lianfang.rulebook.book import SHIPPED

GOOD = """
[vocabulary.moments]
diagnosed_at = { en = "diagnosis", zh = "诊断" }

[[rule]]
rule_id = "clock.report"
edition = "1"
title = { en = "Report", zh = "报告" }
issued_on = 2020-01-01
effective_from = 2020-01-01
effective_to = 2020-01-31
source = "a notice"
confidence = "A"
[rule.parameters]
kind = "clock"
within = 2
starts_at = "diagnosed_at"
owed = { en = "report", zh = "报告" }
"""

SECOND = (
    GOOD.split("\n\n", 1)[1]
    .replace('edition = "1"', 'edition = "2"')
    .replace("effective_from = 2020-01-01", "effective_from = 2020-02-01")
    .replace("effective_to = 2020-01-31\n", "")
)


def refusal(folder: Path, text: str) -> str:
    (folder / "rules.toml").write_text(text, encoding="utf-8")
    with pytest.raises(RulebookError) as caught:
        load(folder)
    assert "rules.toml" in str(caught.value)
    return str(caught.value)


def test_a_good_file_loads(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(GOOD + SECOND, encoding="utf-8")
    book = load(tmp_path)
    assert book.clock("report", at=date(2020, 1, 31)).edition.edition == "1"
    assert book.clock("report", at=date(2020, 2, 1)).edition.edition == "2"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('source = "a notice"\n', "", r"rule clock.report edition 1: field source: Field required"),
        ('source = "a notice"', 'source = "  "', r"rule clock.report edition 1: field source: .*at least 1 char"),
        ('confidence = "A"\n', "", r"field confidence: Field required"),
        ('confidence = "A"', 'confidence = "Z"', r"field confidence: Input should be 'A', 'B', 'C', 'M' or 'X'.*Got 'Z'"),
        ('kind = "clock"', 'kind = "klock"', r"field parameters: Input tag 'klock'.*'clock'"),
        ("within = 2", "within = 0", r"field parameters.clock.within: .*greater than or equal to 1. Got 0"),
        ("within = 2", 'within = 2\nwithn = "x"', r"field parameters.clock.withn: Extra inputs are not permitted"),
        ('starts_at = "diagnosed_at"', 'starts_at = "diagnosd_at"', r"field parameters.starts_at: 'diagnosd_at' is not in \[vocabulary.moments\]"),
        ("effective_to = 2020-01-31", "effective_to = 2019-12-31", r"effective_to must not be before effective_from"),
        ('zh = "报告" }\nissued', 'xx = "报告" }\nissued', r"field title.zh: Field required"),
        ('rule_id = "clock.report"', 'rule_id = "plague/clock.report"', r"there is no pack 'plague'"),
        ("[[rule]]", "[rule]", r"rules must stand in \[\[rule\]\] tables"),
        ("[[rule]]", "[surprise]\nx = 1\n[[rule]]", r"unknown table surprise; known are rule, pack, vocabulary, items"),
        ("[vocabulary.moments]", "[vocabulary.moment]", r"unknown vocabulary 'moment'; known are signs"),
        ('edition = "1"', 'edition = "1"\nreplaces = "clock.report@9"', r"no other edition is called 'clock.report@9'"),
        ('confidence = "A"', 'confidence = "A"\n[rule.doubts]\n"wthin" = { confidence = "M", note = { en = "x", zh = "无" } }', r"doubts must name parameters of this rule. Got 'wthin'"),
        ("within = 2", "within = ", r"not readable as TOML: .*line"),
    ],
)  # fmt: skip
def test_a_broken_file_says_file_rule_and_field(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    message = refusal(tmp_path, GOOD.replace(old, new, 1))
    assert re.search(said, message), message


def test_overlapping_editions_are_refused(tmp_path: Path) -> None:
    message = refusal(
        tmp_path, GOOD + SECOND.replace("effective_from = 2020-02-01", "effective_from = 2020-01-31")
    )
    assert (
        "clock.report@2: field effective_from: overlaps with edition '1', in force to 2020-01-31" in message
    )
    message = refusal(tmp_path, GOOD.replace("effective_to = 2020-01-31\n", "") + SECOND)
    assert "in force without end; give that one an effective_to before 2020-02-01" in message


def test_a_gap_is_refused_unless_it_is_explained(tmp_path: Path) -> None:
    later = SECOND.replace("effective_from = 2020-02-01", "effective_from = 2020-02-02")
    assert "no edition is in force from 2020-02-01" in refusal(tmp_path, GOOD + later)
    explained = later.replace(
        "[rule.parameters]", 'gap_before = { en = "repealed", zh = "废止" }\n[rule.parameters]'
    )
    (tmp_path / "rules.toml").write_text(GOOD + explained, encoding="utf-8")
    assert load(tmp_path).find("clock.report", at=date(2020, 2, 1)) is None


def test_editions_of_different_places_may_overlap(tmp_path: Path) -> None:
    local = SECOND.replace('edition = "2"', 'edition = "2"\njurisdiction = "42"').replace(
        "2020-02-01", "2020-01-01"
    )
    (tmp_path / "rules.toml").write_text(GOOD + local, encoding="utf-8")
    book = load(tmp_path)
    assert book.clock("report", at=date(2020, 1, 5), place="4201").edition.edition == "2"
    assert book.clock("report", at=date(2020, 1, 5), place="43").edition.edition == "1"


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    message = refusal(tmp_path, GOOD.replace("within = 2", "within = 0") + SECOND.replace('"A"', '"Q"'))
    assert message.count("rules.toml") == 2


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match="must be a folder with rule files"):
        load(tmp_path / "nowhere")


def test_a_site_replaces_a_shipped_rule(tmp_path: Path) -> None:
    ladder = """
[[rule]]
rule_id = "escalation_ladder"
edition = "our-county"
replaces = "escalation_ladder@local"
title = { en = "Our ladder", zh = "本地上报" }
issued_on = 2024-01-01
effective_from = 2000-01-01
source = "decision of the county headquarters"
confidence = "A"
[rule.parameters]
kind = "escalation_ladder"
steps = [{ level = "county", after_hours = 1 }, { level = "province", after_hours = 5 }]
"""
    (tmp_path / "ladder.toml").write_text(ladder, encoding="utf-8")
    book = load(*SHIPPED, tmp_path)
    assert [s.after_hours for s in book.ladder(at=date(2020, 3, 1)).steps] == [1, 5]
    assert [s.after_hours for s in default().ladder(at=date(2020, 3, 1)).steps] == [0, 6, 24, 72]
    (tmp_path / "ladder.toml").write_text(
        ladder.replace("after_hours = 5", "after_hours = 0.5"), encoding="utf-8"
    )
    with pytest.raises(RulebookError, match="hours that do not fall"):
        load(*SHIPPED, tmp_path)


PACK = """
[pack]
disease = "mystery"
name = { en = "Mystery", zh = "不明疾病" }
summary = { en = "A test", zh = "测试" }
[vocabulary.signs]
cough = { en = "cough", zh = "咳嗽" }
[items.cough]
text = { en = "Cough", zh = "咳嗽" }
test = { fact = "sign", any_of = ["cough"] }
[[rule]]
rule_id = "mystery/diagnosis"
edition = "1"
title = { en = "Definition", zh = "定义" }
issued_on = 2020-01-01
effective_from = 2020-01-01
source = "a notice"
confidence = "A"
[rule.parameters]
kind = "diagnosis"
[[rule.parameters.criteria]]
criterion_id = "suspected"
status = "suspected"
label = { en = "suspected", zh = "疑似" }
text = { en = "Cough", zh = "咳嗽" }
when = "cough"
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('when = "cough"', 'when = "coff"', "criterion suspected: no item is called 'coff'; there are cough"),
        ('when = "cough"', 'when = { sum = ["cough"] }', "all, any, none, at_least"),
        ('when = "cough"', 'when = { at_least = 2, of = ["cough"] }', "at_least must be at most the number of members, 1"),
        ('when = "cough"', "when = { all = [] }", "at least 1 item"),
        ('any_of = ["cough"]', 'any_of = ["coff"]', "'coff' is not in [vocabulary.signs]"),
        ('fact = "sign"', 'fact = "smell"', "Input tag 'smell' found using 'fact'"),
        ('test = { fact = "sign", any_of = ["cough"] }', 'when = "cough"', "item 'cough' refers to itself"),
        ('test = { fact = "sign", any_of = ["cough"] }', "", "give exactly one of test, when"),
        ('status = "suspected"', 'status = "ill"', "'not_classified', 'suspected'"),
    ],
)  # fmt: skip
def test_a_broken_definition_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in PACK
    assert said in refusal(tmp_path, PACK.replace(old, new, 1))


def test_a_pack_in_one_file_loads(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(PACK, encoding="utf-8")
    assert load(tmp_path).pack("mystery").diagnosis(date(2020, 1, 1))[0].edition_id == "mystery/diagnosis@1"
