"""The committed page equals the rules; the how-to's example pack works as printed; speed of classify."""

import re
import subprocess
import sys
import time
from datetime import date, datetime
from pathlib import Path

import pytest

from lianfang.rulebook import (
    CaseFacts,
    Exposure,
    Imaging,
    LabTest,
    Pack,
    Rulebook,
    Status,
    classify,
    load,
    render_reference,
)
from lianfang.rulebook.book import SHIPPED

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_reference_page_is_up_to_date(book: Rulebook) -> None:
    page = (DOCS / "reference" / "rulebook.md").read_text(encoding="utf-8")
    assert page == render_reference(book), "run make docs"


def test_the_page_names_every_edition_with_source_and_dates(book: Rulebook) -> None:
    page = render_reference(book)
    assert page == render_reference(book)
    for edition in book.all_editions():
        end = edition.effective_to or "now"
        row = f"| {edition.edition} | {edition.effective_from} to {end} | {edition.jurisdiction} | {edition.confidence} |"
        assert row in page, edition.edition_id
        assert edition.source.replace("|", "\\|") in page
    for unsure in book.unsure():
        assert (
            f"| `{unsure.edition.edition_id}` | {unsure.parameter or 'all'} | {unsure.confidence} |" in page
        )


def test_the_pack_of_the_how_to_works_as_printed(tmp_path: Path) -> None:
    text = (DOCS / "how-to" / "add-a-disease-pack.md").read_text(encoding="utf-8")
    for number, block in enumerate(re.findall(r"```toml\n(.*?)```", text, re.DOTALL)):
        (tmp_path / f"{number}.toml").write_text(block, encoding="utf-8")
    book = load(*SHIPPED, tmp_path)
    pack = book.pack("cholera")
    watery = CaseFacts(
        onset_on=date(2024, 5, 1), symptoms={"watery_diarrhoea": True, "severe_dehydration": True}
    )
    at = datetime.fromisoformat("2024-05-03T10:00+00:00")
    assert classify(watery, pack, at).status == Status.SUSPECTED
    culture = LabTest(kind="culture", sampled_at=at, resulted_at=at, result="positive", laboratory="national")
    confirmed = CaseFacts(onset_on=watery.onset_on, symptoms=watery.symptoms, tests=(culture,))
    assert classify(confirmed, pack, at).edition_id == "cholera/diagnosis@2024"
    assert classify(confirmed, pack, at).status == Status.CONFIRMED
    assert book.clock("report", at=at, disease="cholera").hours == 24
    assert book.ladder(at=at).steps[0].after_hours == 2


@pytest.mark.slow
def test_a_million_cases_take_less_than_a_minute(covid: Pack) -> None:
    at = datetime.fromisoformat("2020-03-13T10:00+08:00")
    test = LabTest(kind="rt_pcr", sampled_at=at, resulted_at=at, result="positive", laboratory="CDC")
    facts = CaseFacts(
        onset_on=date(2020, 3, 8),
        symptoms={"fever": True, "cough": True},
        exposures=(Exposure("affected_area", date(2020, 3, 1)),),
        imaging=(Imaging(at=at, findings=frozenset({"ground_glass_opacity"})),),
        tests=(test,),
    )
    n = 50_000
    began = time.process_time()
    for _ in range(n):
        classify(facts, covid, at, "420106")
    per_second = n / (time.process_time() - began)
    assert per_second > 1_000_000 / 60


def test_the_package_needs_no_django() -> None:
    code = "import sys, lianfang.rulebook; sys.exit(any(m.split('.')[0] == 'django' for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
