"""Finding the edition of a time and a place, and what the data must hold everywhere."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianfang.rulebook import CONFIDENCE_MEANING, CaseFacts, NoEditionError, Pack, Rulebook, classify, default
from lianfang.rulebook.kinds.surveillance import ClockParameters

DIAGNOSIS = "covid_19_cn_2020/diagnosis"


def test_every_rule_has_source_confidence_and_both_languages(book: Rulebook) -> None:
    for edition in book.all_editions():
        assert edition.source.strip(), edition.edition_id
        assert edition.confidence in CONFIDENCE_MEANING
        assert any("\u4e00" <= sign <= "\u9fff" for sign in edition.title.zh), edition.edition_id
        assert not any("\u4e00" <= sign <= "\u9fff" for sign in edition.title.en), edition.edition_id


@pytest.mark.parametrize(
    ("day", "place", "edition"),
    [
        (date(2020, 1, 27), "420106", "4"),
        (date(2020, 2, 3), "420106", "4"),
        (date(2020, 2, 4), "420106", "5-hubei"),
        (date(2020, 2, 4), "330106", "5"),
        (date(2020, 2, 4), "4", "5"),
        (date(2020, 2, 4), "42", "5-hubei"),
        (date(2020, 2, 17), "420106", "5-hubei"),
        (date(2020, 2, 18), "420106", "6"),
        (date(2020, 3, 2), "330106", "6"),
        (date(2020, 3, 3), "330106", "7"),
        (date(2030, 1, 1), "", "7"),
    ],
)
def test_the_edition_of_a_day_and_a_place(book: Rulebook, day: date, place: str, edition: str) -> None:
    assert book.rule(DIAGNOSIS, at=day, place=place).edition == edition


def test_a_moment_counts_by_its_own_calendar_day(book: Rulebook) -> None:
    assert book.rule(DIAGNOSIS, at=datetime.fromisoformat("2020-03-02T23:59+08:00")).edition == "6"
    assert book.rule(DIAGNOSIS, at=datetime.fromisoformat("2020-03-03T00:00+08:00")).edition == "7"
    assert book.rule(DIAGNOSIS, at=datetime(2020, 3, 2, 23, 59, tzinfo=UTC)).edition == "6"


def test_before_the_first_edition_the_error_says_when_there_is_one(book: Rulebook) -> None:
    with pytest.raises(NoEditionError, match=r"edition 4 2020-01-27 to 2020-02-03.*Got 2020-01-26"):
        book.rule(DIAGNOSIS, at=date(2020, 1, 26))
    with pytest.raises(NoEditionError, match=r"place '31'.*in 4201"):
        book.rule("team_rest", at=date(2020, 3, 1), place="31")


def test_unknown_names_are_answered_with_the_known_ones(book: Rulebook) -> None:
    with pytest.raises(ValueError, match=r"rule_id must be one of .*risk_grade.* Got 'riskgrade'"):
        book.rule("riskgrade", at=date(2020, 3, 1))
    with pytest.raises(ValueError, match=r"disease must be one of covid_19_cn_2020, ebola, measles, mers"):
        book.pack("plague")
    with pytest.raises(ValueError, match="edition_id must be"):
        book.edition("covid_19_cn_2020/diagnosis@8")
    with pytest.raises(
        ValueError, match=r"rule census@2020 must be a rule with ClockParameters. Got 'census'"
    ):
        book.edition("census@2020").of(ClockParameters)


def test_the_stored_edition_id_leads_back_to_the_edition(book: Rulebook) -> None:
    for edition in book.all_editions():
        assert book.edition(edition.edition_id) is edition


def test_a_disease_rule_goes_before_the_general_one(book: Rulebook) -> None:
    day = date(2020, 3, 10)
    assert book.clock("investigation", at=day).hours == 24
    assert book.clock("investigation", at=day, disease="measles").hours == 48
    assert (
        book.clock("investigation", at=day, disease="covid_19_cn_2020").edition.rule_id
        == "clock.investigation"
    )
    assert book.pack("measles").rule("risk_grade", at=day).rule_id == "risk_grade"


def test_the_disease_names_are_bilingual(book: Rulebook) -> None:
    assert {disease: (name.en, name.zh) for disease, name in book.diseases().items()} == {
        "covid_19_cn_2020": ("COVID-19 (China, 2020)", "新型冠状病毒肺炎（中国，2020年）"),
        "ebola": ("Ebola virus disease", "埃博拉病毒病"),
        "measles": ("Measles", "麻疹"),
        "mers": ("Middle East respiratory syndrome", "中东呼吸综合征"),
    }


def test_what_no_source_supports_is_listed(book: Rulebook) -> None:
    unsure = {(u.edition.edition_id, u.parameter): u.confidence for u in book.unsure()}
    assert unsure["event_alert@local", ""] == "X"
    assert unsure["covid_19_cn_2020/diagnosis@7", "min_positive_labs"] == "X"
    assert unsure["covid_19_cn_2020/observation@2020", "first_day_number"] == "M"
    assert unsure["escalation_ladder@local", ""] == "X"
    assert ("covid_19_cn_2020/discharge@7", "") not in unsure
    assert set(unsure.values()) == {"M", "X"}


def test_a_pack_names_what_its_forms_must_ask(book: Rulebook) -> None:
    signs = book.pack("measles").vocabulary("signs")
    assert signs["maculopapular_rash"].zh == "斑丘疹"
    assert "hiccups" not in signs
    assert "hiccups" in book.pack("ebola").vocabulary("signs")


@given(st.dates(date(2020, 1, 27), date(2021, 1, 1)), st.text("0123456789", max_size=6))
def test_the_edition_depends_on_date_and_place_only(day: date, place: str) -> None:
    book = default()
    pack = book.pack("covid_19_cn_2020")
    expected = [
        e
        for e in book.editions(DIAGNOSIS)
        if e.effective_from <= day and (e.effective_to is None or day <= e.effective_to) and e.covers(place)
    ]
    best = max(expected, key=lambda e: len(e.jurisdiction))
    assert book.rule(DIAGNOSIS, at=day, place=place) is best
    ill = CaseFacts(onset_on=day - timedelta(days=3), symptoms={"fever": True})
    assert classify(CaseFacts(), pack, day, place).edition is best
    assert classify(ill, pack, day, place).edition is best


def test_one_book_per_combination_of_folders(covid: Pack) -> None:
    assert default() is covid.book
