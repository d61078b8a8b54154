"""The COVID-19 case definitions: what each edition and place makes of the same facts."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from lianfang.rulebook import (
    BloodCount,
    CaseFacts,
    Exposure,
    Imaging,
    LabTest,
    Pack,
    Status,
    Temperature,
    Threshold,
    classify,
)
from lianfang.rulebook.expression import compile_definition
from lianfang.rulebook.facts import examine
from lianfang.rulebook.kinds import DiagnosisParameters


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


ONSET = date(2020, 2, 6)
FIFTH, SIXTH, SEVENTH = at("2020-02-12T10:00"), at("2020-02-25T10:00"), at("2020-03-20T10:00")
HANGZHOU, WUHAN = "330106", "420106"
FEVER = {"fever": True}
LUNGS = (Imaging(at=at("2020-02-07T10:00"), findings=frozenset({"ground_glass_opacity"})),)
BLOOD = (BloodCount(at=at("2020-02-07T10:00"), white_cells=5.0, lymphocytes=0.9),)
EXPOSED = (Exposure("affected_area", date(2020, 1, 30)),)


def pcr(
    sampled: str, result: str, *, lab: str = "CDC", specimen: str = "nasopharyngeal_swab", **more
) -> LabTest:
    moment = at(sampled)
    return LabTest(
        kind=more.pop("kind", "rt_pcr"),
        sampled_at=moment,
        resulted_at=moment + timedelta(hours=8),
        result=result,
        laboratory=lab,
        specimen=specimen,
        **more,
    )


def status(facts: CaseFacts, pack: Pack, moment: datetime, place: str = HANGZHOU) -> str:
    return classify(facts, pack, moment, place).status


ILL = CaseFacts(onset_on=ONSET, symptoms=FEVER)
SUSPECT = replace(ILL, imaging=LUNGS, exposures=EXPOSED)
POSITIVE = pcr("2020-02-08T10:00", "positive")


@pytest.mark.parametrize(
    ("epi", "clinical", "expected"),
    [
        (0, 0, "not_classified"),
        (0, 1, "not_classified"),
        (0, 2, "not_classified"),
        (0, 3, "suspected"),
        (1, 0, "not_classified"),
        (1, 1, "not_classified"),
        (1, 2, "suspected"),
        (1, 3, "suspected"),
    ],
)
@pytest.mark.parametrize("moment", [FIFTH, SIXTH, SEVENTH])
def test_one_epidemiological_and_two_clinical_or_three_clinical(
    covid: Pack, moment: datetime, epi: int, clinical: int, expected: str
) -> None:
    facts = CaseFacts(
        onset_on=ONSET,
        exposures=EXPOSED[:epi],
        symptoms=FEVER if clinical >= 1 else {"fever": False},
        imaging=LUNGS if clinical >= 2 else (),
        blood=BLOOD if clinical >= 3 else (),
    )
    assert status(facts, covid, moment) == expected


def test_the_fourth_edition_knew_no_suspect_without_exposure_and_no_cough(covid: Pack) -> None:
    january = at("2020-01-30T10:00")
    facts = CaseFacts(onset_on=date(2020, 1, 25), symptoms={"cough": True}, imaging=LUNGS, blood=BLOOD)
    assert status(facts, covid, january) == "not_classified"
    assert status(facts, covid, FIFTH) == "suspected"
    exposed = replace(facts, exposures=(Exposure("affected_area", date(2020, 1, 20)),), blood=())
    assert status(exposed, covid, january) == "not_classified"
    assert status(replace(exposed, symptoms=FEVER), covid, january) == "suspected"


@pytest.mark.parametrize(
    ("days_before", "expected"), [(0, True), (13, True), (14, True), (15, False), (-1, False)]
)
def test_exposure_within_14_days_before_onset(covid: Pack, days_before: int, expected: bool) -> None:
    facts = replace(
        SUSPECT, exposures=(Exposure("contact_with_infected", ONSET - timedelta(days=days_before)),)
    )
    assert (status(facts, covid, SEVENTH) == "suspected") is expected


@pytest.mark.parametrize(("cases", "expected"), [(1, False), (2, True), (3, True)])
def test_clustered_illness_needs_two_cases(covid: Pack, cases: int, expected: bool) -> None:
    facts = replace(SUSPECT, exposures=(Exposure("clustered_illness", ONSET, cases),))
    assert (status(facts, covid, SEVENTH) == "suspected") is expected


@pytest.mark.parametrize(("celsius", "expected"), [(37.2, False), (37.3, True), (37.4, True)])
def test_the_fever_line(covid: Pack, celsius: float, expected: bool) -> None:
    facts = replace(SUSPECT, symptoms={}, temperatures=(Temperature(FIFTH, celsius),))
    assert (status(facts, covid, SEVENTH) == "suspected") is expected


@pytest.mark.parametrize(
    ("white", "lymphocytes", "sixth", "seventh"),
    [
        (9.5, 3.2, True, True),
        (9.6, 3.2, False, False),
        (9.5, 3.3, True, False),
        (9.6, 1.0, True, False),
        (9.6, 1.1, False, False),
        (9.5, None, True, False),
        (None, 1.0, True, False),
    ],
)
def test_the_blood_picture_by_edition(covid: Pack, white, lymphocytes, sixth: bool, seventh: bool) -> None:
    blood = (BloodCount(at=FIFTH, white_cells=white, lymphocytes=lymphocytes),)
    facts = replace(ILL, exposures=EXPOSED, blood=blood)
    assert (status(facts, covid, SIXTH) == "suspected") is sixth
    assert (status(facts, covid, SEVENTH) == "suspected") is seventh


@pytest.mark.parametrize("kind", ["rt_pcr", "sequencing"])
def test_a_suspected_case_with_one_proof_is_confirmed(covid: Pack, kind: str) -> None:
    facts = replace(SUSPECT, tests=(pcr("2020-02-08T10:00", "positive", kind=kind),))
    result = classify(facts, covid, FIFTH, HANGZHOU)
    assert (result.status, result.criterion_id, result.edition_id) == (
        Status.CONFIRMED,
        "confirmed",
        "covid_19_cn_2020/diagnosis@5",
    )
    assert result.label.zh == "确诊病例"


def test_a_result_counts_from_the_hour_it_is_known(covid: Pack) -> None:
    facts = replace(SUSPECT, tests=(POSITIVE,))
    assert POSITIVE.resulted_at is not None
    assert status(facts, covid, POSITIVE.resulted_at - timedelta(seconds=1)) == "suspected"
    assert status(facts, covid, POSITIVE.resulted_at) == "confirmed"
    assert classify(facts, covid, date(2020, 2, 7)).status == "suspected"
    assert classify(facts, covid, date(2020, 2, 8)).status == "confirmed"


def test_a_withdrawn_result_confirms_nothing(covid: Pack) -> None:
    facts = replace(SUSPECT, tests=(replace(POSITIVE, withdrawn=True),))
    assert status(facts, covid, SEVENTH) == "suspected"
    assert (
        status(replace(SUSPECT, tests=(replace(POSITIVE, resulted_at=None),)), covid, SEVENTH) == "suspected"
    )


def test_asymptomatic_means_asked_and_free(covid: Pack) -> None:
    asked = {"fever": False, "cough": False}
    facts = CaseFacts(symptoms=asked, tests=(POSITIVE,))
    assert status(facts, covid, FIFTH) == "asymptomatic"
    not_asked = classify(replace(facts, symptoms={}), covid, FIFTH)
    assert (not_asked.status, not_asked.criterion_id) == (Status.SUSPECTED, "positive_incomplete")
    feverish = replace(facts, temperatures=(Temperature(FIFTH, 37.3),))
    assert status(feverish, covid, FIFTH) == "suspected"
    assert status(replace(facts, temperatures=(Temperature(FIFTH, 37.2),)), covid, FIFTH) == "asymptomatic"
    assert status(replace(facts, tests=()), covid, FIFTH) == "not_classified"


def test_a_positive_with_few_signs_is_left_to_a_person_not_lost(covid: Pack) -> None:
    result = classify(replace(ILL, tests=(POSITIVE,)), covid, SEVENTH)
    assert (result.status, result.criterion_id) == (Status.SUSPECTED, "positive_incomplete")
    assert {f.item for f in result.missing} >= {"epi_area", "imaging", "white_cells"}


def test_clinically_diagnosed_exists_in_hubei_and_the_fifth_edition_only(covid: Pack) -> None:
    facts = replace(ILL, imaging=LUNGS, blood=BLOOD)
    hubei = classify(facts, covid, FIFTH, WUHAN)
    assert (hubei.status, hubei.label.zh, hubei.edition_id) == (
        Status.PROBABLE,
        "临床诊断病例",
        "covid_19_cn_2020/diagnosis@5-hubei",
    )
    assert status(facts, covid, FIFTH, HANGZHOU) == "suspected"
    assert status(facts, covid, at("2020-02-17T23:59"), WUHAN) == "probable"
    assert status(facts, covid, at("2020-02-18T00:00"), WUHAN) == "suspected"
    by_doctor = CaseFacts(diagnosed_clinically=True)
    assert status(by_doctor, covid, FIFTH, WUHAN) == "probable"
    assert status(by_doctor, covid, FIFTH, HANGZHOU) == "not_classified"
    assert status(by_doctor, covid, SIXTH, WUHAN) == "not_classified"


def test_hubei_suspects_without_exposure(covid: Pack) -> None:
    facts = replace(ILL, blood=BLOOD)
    assert status(facts, covid, FIFTH, WUHAN) == "suspected"
    assert status(facts, covid, FIFTH, HANGZHOU) == "not_classified"


NEGATIVE_20 = pcr("2020-02-08T20:00", "negative")


def negatives(second: str) -> CaseFacts:
    return replace(SUSPECT, tests=(NEGATIVE_20, pcr(second, "negative")))


@pytest.mark.parametrize(
    ("second", "one_day", "hours_24"),
    [
        ("2020-02-08T23:59", False, False),
        ("2020-02-09T00:00", True, False),
        ("2020-02-09T08:00", True, False),
        ("2020-02-09T19:59", True, False),
        ("2020-02-09T20:00", True, True),
        ("2020-02-09T20:01", True, True),
    ],
)
def test_two_negatives_one_day_apart_or_24_hours(
    covid: Pack, second: str, one_day: bool, hours_24: bool
) -> None:
    facts = negatives(second)
    assert (status(facts, covid, FIFTH) == "excluded") is one_day
    assert (status(facts, covid, SIXTH) == "excluded") is one_day
    antibodies = tuple(pcr("2020-02-20T10:00", "negative", kind=k, specimen="serum") for k in ("igm", "igg"))
    with_serology = replace(facts, tests=facts.tests + antibodies)
    assert status(facts, covid, SEVENTH) == "suspected"
    assert (status(with_serology, covid, SEVENTH) == "excluded") is hours_24


@pytest.mark.parametrize(("days", "expected"), [(6, False), (7, True), (8, True)])
def test_the_seventh_wants_antibodies_negative_7_days_after_onset(
    covid: Pack, days: int, expected: bool
) -> None:
    day = (ONSET + timedelta(days=days)).isoformat()
    sera = tuple(pcr(f"{day}T10:00", "negative", kind=k, specimen="serum") for k in ("igm", "igg"))
    facts = negatives("2020-02-10T20:00")
    assert (status(replace(facts, tests=facts.tests + sera), covid, SEVENTH) == "excluded") is expected
    assert status(replace(facts, tests=facts.tests + sera[:1]), covid, SEVENTH) == "suspected"


def test_a_result_between_breaks_the_run(covid: Pack) -> None:
    third = pcr("2020-02-11T08:00", "negative")
    broken = pcr("2020-02-10T08:00", "inconclusive")
    assert status(replace(SUSPECT, tests=(NEGATIVE_20, broken, third)), covid, SIXTH) == "suspected"
    healed = pcr("2020-02-12T08:00", "negative")
    assert status(replace(SUSPECT, tests=(NEGATIVE_20, broken, third, healed)), covid, SIXTH) == "excluded"


def test_tests_are_taken_in_order_of_sampling_however_they_are_stored(covid: Pack) -> None:
    positive_first = (
        pcr("2020-02-07T08:00", "inconclusive"),
        NEGATIVE_20,
        pcr("2020-02-10T08:00", "negative"),
    )
    for stored in (positive_first, positive_first[::-1]):
        assert status(replace(SUSPECT, tests=stored), covid, SIXTH) == "excluded"
    positive_last = (
        NEGATIVE_20,
        pcr("2020-02-10T08:00", "negative"),
        pcr("2020-02-11T08:00", "inconclusive"),
    )
    for stored in (positive_last, positive_last[::-1]):
        assert status(replace(SUSPECT, tests=stored), covid, SIXTH) == "suspected"


def test_missing_names_only_what_a_stronger_criterion_looks_at(covid: Pack) -> None:
    confirmed = classify(replace(SUSPECT, tests=(POSITIVE,)), covid, SEVENTH)
    assert confirmed.missing == ()
    suspected = {finding.item for finding in classify(SUSPECT, covid, SEVENTH).missing}
    assert {"two_negatives", "igm_negative", "pcr_positive"} <= suspected
    asymptomatic = classify(CaseFacts(symptoms={"cough": False}, tests=(POSITIVE,)), covid, SEVENTH)
    assert "two_negatives" not in {finding.item for finding in asymptomatic.missing}


def test_a_clinically_diagnosed_case_is_not_excluded_by_negatives(covid: Pack) -> None:
    facts = replace(negatives("2020-02-10T20:00"), blood=BLOOD)
    assert status(facts, covid, at("2020-02-12T10:00"), WUHAN) == "probable"
    assert status(facts, covid, at("2020-02-12T10:00"), HANGZHOU) == "excluded"


def serum(day: int, kind: str, result: str, titre: float | None = None) -> LabTest:
    return pcr(f"2020-02-{day:02}T10:00", result, kind=kind, specimen="serum", titre=titre)


@pytest.mark.parametrize(
    ("sera", "expected"),
    [
        ((serum(10, "igm", "positive"), serum(10, "igg", "positive")), "confirmed"),
        ((serum(10, "igm", "positive"),), "suspected"),
        ((serum(10, "igg", "positive"),), "suspected"),
        ((serum(10, "igg", "negative"), serum(20, "igg", "positive")), "confirmed"),
        ((serum(10, "igg", "positive", 20), serum(20, "igg", "positive", 80)), "confirmed"),
        ((serum(10, "igg", "positive", 20), serum(20, "igg", "positive", 79)), "suspected"),
        ((serum(10, "igg", "positive", 20), serum(20, "igg", "positive", 81)), "confirmed"),
        ((serum(10, "igg", "positive", 80), serum(20, "igg", "positive", 20)), "suspected"),
    ],
)
def test_serology_confirms_from_the_seventh(covid: Pack, sera: tuple[LabTest, ...], expected: str) -> None:
    facts = replace(SUSPECT, tests=sera)
    assert status(facts, covid, SIXTH) == "suspected"
    assert status(facts, covid, SEVENTH) == expected


def test_igm_alone_makes_an_asymptomatic_person_from_the_seventh(covid: Pack) -> None:
    facts = CaseFacts(symptoms={"fever": False}, tests=(serum(10, "igm", "positive"),))
    assert status(facts, covid, SIXTH) == "not_classified"
    assert status(facts, covid, SEVENTH) == "asymptomatic"


@pytest.mark.parametrize(
    ("needed", "labs", "expected"), [(1, 1, True), (2, 1, False), (2, 2, True), (3, 2, False)]
)
def test_min_positive_labs_counts_different_laboratories(
    covid: Pack, needed: int, labs: int, expected: bool
) -> None:
    edition, _ = covid.diagnosis(SEVENTH)
    rule = edition.of(DiagnosisParameters).model_copy(update={"min_positive_labs": needed})
    confirmed = next(c for c in compile_definition(rule).criteria if c.criterion.criterion_id == "confirmed")
    tests = tuple(pcr("2020-02-08T10:00", "positive", lab=f"lab {n}") for n in range(labs))
    repeated = (*tests, pcr("2020-02-09T10:00", "positive", lab="lab 0"))
    assert confirmed.check(examine(replace(SUSPECT, tests=repeated), SEVENTH)) is expected


def test_the_default_is_one_laboratory(covid: Pack) -> None:
    for edition in covid.book.editions("covid_19_cn_2020/diagnosis"):
        assert edition.of(DiagnosisParameters).min_positive_labs == 1


def test_met_and_missing_carry_the_evidence(covid: Pack) -> None:
    result = classify(SUSPECT, covid, SIXTH, HANGZHOU)
    met = {finding.item: finding for finding in result.met}
    assert list(met) == ["epi_area", "fever", "imaging"]
    assert (met["epi_area"].evidence[0].value, met["epi_area"].evidence[0].on) == (
        "affected_area",
        date(2020, 1, 30),
    )
    assert met["imaging"].text.zh == "具有新型冠状病毒肺炎影像学特征"
    assert "pcr_positive" in {finding.item for finding in result.missing}
    assert all(not finding.evidence for finding in result.missing)


def test_nothing_known_is_not_classified_and_says_what_is_missing(covid: Pack) -> None:
    result = classify(CaseFacts(), covid, SIXTH)
    assert (result.status, result.criterion_id, result.label.zh, result.met) == (
        Status.NOT_CLASSIFIED,
        "",
        "未分类",
        (),
    )
    assert "fever" in {finding.item for finding in result.missing}


def test_an_edition_can_be_judged_again_from_its_id(covid: Pack) -> None:
    stored = classify(SUSPECT, covid, FIFTH, WUHAN).edition_id
    edition = covid.book.edition(stored)
    definition = covid.book.definition(edition)
    case = examine(SUSPECT, FIFTH)
    first = next(c.criterion for c in definition.criteria if c.check(case))
    assert first.status == classify(SUSPECT, covid, FIFTH, WUHAN).status
    with pytest.raises(ValueError, match="edition must be an edition of kind diagnosis"):
        covid.book.definition(covid.book.edition("census@2020"))


def test_thresholds_are_written_as_in_the_texts() -> None:
    assert str(Threshold(at_most=14)) == "≤ 14"
    assert (Threshold(above=50).side, Threshold(above=50).value) == ("above", 50)
