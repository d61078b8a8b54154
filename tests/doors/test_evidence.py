"""What a finding rests on is told in words: no inner code, no empty line."""

from django.utils import translation

from lianfang.web.evidence import evidence_rows
from lianfang.web.words import words_of

WARNING = {
    "disease": "covid_19_cn_2020",
    "since": "2026-11-17",
    "methods": ["re_emergence", "rising"],
    "seen": ["2026-11-17 rising: 1.83 (≤ 1)"],
}


def test_a_warning_says_how_unusual_and_by_which_method() -> None:
    with translation.override("en"):
        told = dict(evidence_rows(WARNING))
        assert told["how unusual"] == (
            "2026-11-17, each case infects more than one other: 1.83, unremarkable up to 1"
        )
        assert told["methods"] == "a case after a quiet time, each case infects more than one other"
    with translation.override("zh-hans"):
        told = dict(evidence_rows(WARNING))
        assert told["异常程度"] == "2026-11-17，再生数大于1：1.83，正常上限 1"
        assert "rising" not in "".join(told.values())
        assert "新型冠状病毒肺炎（中国，2020年）" in told.values()


def test_what_is_empty_or_an_inner_number_is_left_out_and_nought_is_not() -> None:
    evidence = {
        "classification": "confirmed",
        "met": [],
        "missing": (),
        "before": "",
        "grade": 17,
        "new_in_window": 0,
    }
    with translation.override("en"):
        assert dict(evidence_rows(evidence)) == {"class": "confirmed", "new cases in the window": "0"}


def test_steps_of_figures_and_keys_of_areas_are_told_in_words() -> None:
    with translation.override("zh-hans"):
        told = dict(evidence_rows({"steps": ["2020-02-13 jump +13436"]}))
        assert "jump" not in "".join(told.values())
        assert "+13436" in "".join(told.values())
        assert words_of("covid_19_cn_2020:medium") == "新型冠状病毒肺炎（中国，2020年） · 中风险"
