"""MERS, Ebola and measles by the definitions of WHO."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from lianfang.rulebook import (
    CaseFacts,
    Exposure,
    Imaging,
    LabTest,
    Rulebook,
    Temperature,
    classify,
    contact_window,
    discharge,
    observation_end,
)
from lianfang.rulebook.kinds.care import Gamma, LogNormal, NaturalHistoryParameters


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


ONSET = date(2019, 6, 10)
NOW = at("2019-07-10T12:00")
PNEUMONIA = (Imaging(at=NOW, findings=frozenset({"consolidation"})),)


def lab(kind: str, result: str, sampled: str = "2019-06-20T10:00", **more) -> LabTest:
    return LabTest(kind=kind, sampled_at=at(sampled), resulted_at=at(sampled), result=result, **more)


def near(kind: str, days: int = 5, onset: date = ONSET) -> tuple[Exposure, ...]:
    return (Exposure(kind, onset - timedelta(days=days)),)


ILL = CaseFacts(onset_on=ONSET, symptoms={"fever": True, "cough": True})


# ---- MERS


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ((lab("rt_pcr", "positive", targets=2),), "confirmed"),
        ((lab("rt_pcr", "positive", targets=1),), "positive_incomplete"),
        ((lab("rt_pcr", "positive"),), "positive_incomplete"),
        ((lab("rt_pcr", "positive", targets=1), lab("sequencing", "positive")), "confirmed"),
        ((lab("sequencing", "positive"),), "positive_incomplete"),
        ((lab("virus_isolation", "positive"),), "confirmed"),
        (
            (lab("igg", "negative", "2019-06-12T10:00"), lab("igg", "positive", "2019-06-26T10:00")),
            "confirmed",
        ),
        ((lab("igg", "negative", "2019-06-12T10:00"), lab("igg", "positive", "2019-06-25T10:00")), ""),
    ],
)
def test_mers_confirmation(book: Rulebook, tests: tuple[LabTest, ...], expected: str) -> None:
    without_signs = CaseFacts(tests=tests)
    assert classify(without_signs, book.pack("mers"), NOW).criterion_id == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (replace(ILL, imaging=PNEUMONIA, exposures=near("link_to_confirmed_case"), flags=frozenset({"testing_unavailable"})), "probable_link_untested"),
        (replace(ILL, imaging=PNEUMONIA, exposures=near("link_to_confirmed_case")), "suspected"),
        (replace(ILL, imaging=PNEUMONIA, exposures=near("affected_area"), tests=(lab("rt_pcr", "inconclusive"),)), "probable_area_inconclusive"),
        (replace(ILL, imaging=PNEUMONIA, exposures=near("affected_area"), tests=(lab("rt_pcr", "inconclusive"),), flags=frozenset({"other_cause_explains"})), "suspected"),
        (replace(ILL, exposures=near("link_to_confirmed_case"), tests=(lab("rt_pcr", "inconclusive"),)), "probable_link_inconclusive"),
        (replace(ILL, exposures=near("link_to_confirmed_case", 14)), "suspected"),
        (replace(ILL, exposures=near("link_to_confirmed_case", 15)), ""),
        (replace(ILL, exposures=near("camel_contact")), "suspected"),
        (replace(ILL, imaging=PNEUMONIA, exposures=near("affected_area")), "suspected"),
        (replace(ILL, exposures=near("affected_area")), ""),
        (replace(ILL, imaging=PNEUMONIA, flags=frozenset({"hospital_admission_required", "unexpected_course"})), "suspected"),
        (replace(ILL, imaging=PNEUMONIA, flags=frozenset({"hospital_admission_required"})), ""),
        (replace(ILL, exposures=near("camel_contact"), tests=(lab("rt_pcr", "negative"), lab("rt_pcr", "negative", "2019-06-21T10:00"))), "excluded"),
        (replace(ILL, exposures=near("camel_contact"), tests=(lab("rt_pcr", "negative"), lab("rt_pcr", "negative", "2019-06-21T09:59"))), "suspected"),
        (ILL, ""),
    ],
)  # fmt: skip
def test_mers_probable_suspected_excluded(book: Rulebook, facts: CaseFacts, expected: str) -> None:
    assert classify(facts, book.pack("mers"), NOW).criterion_id == expected


# ---- Ebola

SIGNS = ["headache", "lethargy", "loss_of_appetite", "muscle_pain", "stomach_pain", "difficulty_swallowing", "vomiting", "difficulty_breathing", "diarrhoea", "hiccups"]  # fmt: skip


@pytest.mark.parametrize(
    ("n", "expected"), [(0, ""), (2, ""), (3, "suspected"), (4, "suspected"), (10, "suspected")]
)
def test_ebola_fever_with_three_signs(book: Rulebook, n: int, expected: str) -> None:
    pack = book.pack("ebola")
    facts = CaseFacts(onset_on=ONSET, symptoms={"sudden_high_fever": True} | dict.fromkeys(SIGNS[:n], True))
    assert classify(facts, pack, NOW).criterion_id == expected
    assert classify(replace(facts, symptoms=dict.fromkeys(SIGNS, True)), pack, NOW).criterion_id == ""


def test_ebola_muscles_and_joints_are_one_sign(book: Rulebook) -> None:
    facts = CaseFacts(
        onset_on=ONSET, symptoms=dict.fromkeys(("fever", "muscle_pain", "joint_pain", "headache"), True)
    )
    assert classify(facts, book.pack("ebola"), NOW).criterion_id == ""


FEVERISH = CaseFacts(onset_on=ONSET, temperatures=(Temperature(NOW, 38.0),))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (replace(FEVERISH, exposures=near("contact_with_case", 21)), "suspected"),
        (replace(FEVERISH, exposures=near("contact_with_case", 22)), ""),
        (replace(FEVERISH, exposures=near("dead_or_sick_animal"), temperatures=(Temperature(NOW, 37.9),)), ""),
        (replace(FEVERISH, exposures=near("dead_or_sick_animal")), "suspected"),
        (CaseFacts(symptoms={"unexplained_bleeding": True}), "suspected"),
        (CaseFacts(flags=frozenset({"sudden_unexplained_death"})), "suspected"),
        (CaseFacts(symptoms={"unexplained_bleeding": True}, flags=frozenset({"evaluated_by_clinician"})), "probable_clinician"),
        (CaseFacts(onset_on=ONSET, symptoms={"unexplained_bleeding": True}, died_on=date(2019, 6, 15), flags=frozenset({"specimen_impossible"}), exposures=near("link_to_confirmed_case")), "probable_deceased"),
        (CaseFacts(onset_on=ONSET, symptoms={"unexplained_bleeding": True}, flags=frozenset({"specimen_impossible"}), exposures=near("link_to_confirmed_case")), "suspected"),
        (CaseFacts(symptoms={"unexplained_bleeding": True}, tests=(lab("igm", "positive"),)), "confirmed"),
        (CaseFacts(tests=(lab("rt_pcr", "positive"),)), "positive_incomplete"),
    ],
)  # fmt: skip
def test_ebola(book: Rulebook, facts: CaseFacts, expected: str) -> None:
    assert classify(facts, book.pack("ebola"), NOW).criterion_id == expected


@pytest.mark.parametrize(
    ("sampled", "expected"),
    [("2019-06-13T23:59", "suspected"), ("2019-06-14T00:00", "excluded"), ("2019-06-14T00:01", "excluded")],
)
def test_ebola_negative_counts_72_hours_after_the_day_of_onset(
    book: Rulebook, sampled: str, expected: str
) -> None:
    facts = replace(
        FEVERISH, exposures=near("contact_with_case"), tests=(lab("rt_pcr", "negative", sampled),)
    )
    assert classify(facts, book.pack("ebola"), NOW).criterion_id == expected


@pytest.mark.parametrize(("second", "ready"), [("2019-07-09T09:59", False), ("2019-07-09T10:00", True)])
def test_ebola_discharge_by_two_negatives_48_hours_apart(book: Rulebook, second: str, ready: bool) -> None:
    facts = CaseFacts(
        symptoms={"fever": False},
        temperatures=(Temperature(NOW - timedelta(hours=72), 38.0), Temperature(NOW, 37.9)),
        tests=tuple(
            lab("rt_pcr", "negative", when, specimen="blood") for when in ("2019-07-07T10:00", second)
        ),
    )
    pack = book.pack("ebola")
    assert discharge(facts, pack, NOW).ready is ready
    assert not discharge(replace(facts, symptoms={"fever": True}), pack, NOW).ready
    assert not discharge(replace(facts, symptoms={}), pack, NOW).ready


# ---- measles

RASH = date(2019, 6, 13)
SPOTTED = CaseFacts(onset_on=ONSET, onset_of={"maculopapular_rash": RASH}, symptoms={"fever": True, "maculopapular_rash": True})  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (SPOTTED, "suspected"),
        (replace(SPOTTED, symptoms={"fever": True}), ""),
        (CaseFacts(flags=frozenset({"suspected_by_health_worker"})), "suspected"),
        (replace(SPOTTED, tests=(lab("igm", "positive"),)), "confirmed_laboratory"),
        (replace(SPOTTED, tests=(lab("igg", "positive", "2019-06-14T10:00", titre=10), lab("igg", "positive", "2019-07-01T10:00", titre=40))), "confirmed_laboratory"),
        (replace(SPOTTED, tests=(lab("igg", "positive", "2019-06-14T10:00", titre=10), lab("igg", "positive", "2019-07-01T10:00", titre=39))), "suspected"),
        (replace(SPOTTED, exposures=near("link_to_confirmed_case", 6, RASH)), "suspected"),
        (replace(SPOTTED, exposures=near("link_to_confirmed_case", 7, RASH)), "confirmed_link"),
        (replace(SPOTTED, exposures=near("link_to_confirmed_case", 23, RASH)), "confirmed_link"),
        (replace(SPOTTED, exposures=near("link_to_confirmed_case", 24, RASH)), "suspected"),
        (replace(SPOTTED, symptoms=SPOTTED.symptoms | {"runny_nose": True}, flags=frozenset({"no_adequate_specimen"})), "clinically_compatible"),
        (replace(SPOTTED, flags=frozenset({"no_adequate_specimen"})), "suspected"),
        (replace(SPOTTED, tests=(lab("igm", "negative", "2019-06-16T10:00"),)), "suspected"),
        (replace(SPOTTED, tests=(lab("igm", "negative", "2019-06-17T10:00"),)), "excluded"),
        (replace(SPOTTED, tests=(lab("igm", "negative", "2019-06-17T10:00"), lab("rt_pcr", "positive"))), "confirmed_laboratory"),
        (replace(SPOTTED, flags=frozenset({"other_cause_confirmed"})), "excluded"),
        (CaseFacts(tests=(lab("igm", "positive"),)), "positive_incomplete"),
    ],
)  # fmt: skip
def test_measles(book: Rulebook, facts: CaseFacts, expected: str) -> None:
    assert classify(facts, book.pack("measles"), NOW).criterion_id == expected


@pytest.mark.parametrize(("moment", "ready"), [("2019-06-17T23:59", False), ("2019-06-18T00:00", True)])
def test_measles_isolation_ends_after_the_fourth_day_of_rash(
    book: Rulebook, moment: str, ready: bool
) -> None:
    assert discharge(SPOTTED, book.pack("measles"), at(moment)).ready is ready
    assert not discharge(CaseFacts(), book.pack("measles"), at(moment)).ready


@pytest.mark.parametrize(
    ("disease", "opens", "closes", "days"),
    [("mers", 0, None, 14), ("ebola", 0, None, 21), ("measles", 4, 4, 23)],
)
def test_contacts_and_observation(
    book: Rulebook, disease: str, opens: int, closes: int | None, days: int
) -> None:
    pack = book.pack(disease)
    window = contact_window(pack, NOW, onset_on=RASH)
    assert (RASH - window.opens_on).days == opens
    assert window.closes_on == (None if closes is None else RASH + timedelta(days=closes))
    assert (observation_end(RASH, pack, NOW) - RASH).days == days


def test_a_contact_window_ends_with_isolation_when_that_is_earlier(book: Rulebook) -> None:
    window = contact_window(book.pack("measles"), NOW, onset_on=RASH, isolated_on=RASH + timedelta(days=1))
    assert window.closes_on == RASH + timedelta(days=1)


def test_every_pack_bundles_what_a_response_needs(book: Rulebook) -> None:
    for disease in book.diseases():
        pack = book.pack(disease)
        for name in ("diagnosis", "discharge", "contact_definition", "observation", "natural_history"):
            assert pack.has(name), (disease, name)
        delays = pack.parameters("natural_history", NaturalHistoryParameters, at=NOW)
        assert isinstance(delays.incubation, LogNormal | Gamma)
        low, high = delays.incubation_range_days
        assert 0 < low < high
