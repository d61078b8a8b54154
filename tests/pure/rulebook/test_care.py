"""Severity, discharge, recurrence, contacts and release, at the numbers and beside them, edition by edition."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from lianfang.rulebook import (
    Assessment,
    CaseFacts,
    Imaging,
    LabTest,
    NoEditionError,
    Pack,
    Temperature,
    Vitals,
    contact_window,
    discharge,
    observation_end,
    place_window_opens,
    recurrence,
    release,
    severity,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


FIFTH, SIXTH, SEVENTH = at("2020-02-12T10:00"), at("2020-02-25T10:00"), at("2020-03-20T10:00")
PNEUMONIA = (Imaging(at=FIFTH, findings=frozenset({"ground_glass_opacity"})),)
CLEAR = (Imaging(at=FIFTH, findings=frozenset({"no_pneumonia"})),)


# ---- severity


@pytest.mark.parametrize(
    ("vitals", "level"),
    [
        (Vitals(respiratory_rate=29), "ordinary"),
        (Vitals(respiratory_rate=30), "severe"),
        (Vitals(respiratory_rate=31), "severe"),
        (Vitals(spo2=94), "ordinary"),
        (Vitals(spo2=93), "severe"),
        (Vitals(spo2=92.9), "severe"),
        (Vitals(pao2_fio2=301), "ordinary"),
        (Vitals(pao2_fio2=300), "severe"),
        (Vitals(pao2_fio2=299), "severe"),
        (Vitals(shock=True), "critical"),
        (Vitals(ventilated_respiratory_failure=True, respiratory_rate=30), "critical"),
        (Vitals(organ_failure_in_icu=True), "critical"),
        (Vitals(), "ordinary"),
    ],
)
@pytest.mark.parametrize("moment", [FIFTH, SIXTH, SEVENTH])
def test_severity(covid: Pack, moment: datetime, vitals: Vitals, level: str) -> None:
    assert severity(vitals, PNEUMONIA, covid, moment).level == level


def test_mild_needs_an_image_and_unknown_is_not_mild(covid: Pack) -> None:
    assert severity(Vitals(), CLEAR, covid, SEVENTH).level == "mild"
    unknown = severity(Vitals(), (), covid, SEVENTH)
    assert (unknown.level, unknown.label.zh) == (None, "未评估")
    assert severity(Vitals(spo2=90), (), covid, SEVENTH).level == "severe"
    found = severity(Vitals(spo2=90), CLEAR, covid, SEVENTH)
    assert [(f.item, f.evidence[0].value) for f in found.met] == [("spo2", "90")]
    assert found.label.zh == "重型"
    assert "respiratory_rate" in [f.item for f in found.missing]


@pytest.mark.parametrize(
    ("percent", "hours", "level"),
    [(50, 48, "ordinary"), (50.1, 48, "severe"), (51, 48.1, "ordinary"), (51, 24, "severe")],
)
def test_progress_of_lesions_from_the_sixth(covid: Pack, percent: float, hours: float, level: str) -> None:
    images = (replace(PNEUMONIA[0], progress_percent=percent, progress_hours=hours),)
    assert severity(Vitals(), images, covid, FIFTH).level == "ordinary"
    assert severity(Vitals(), images, covid, SIXTH).level == level
    assert severity(Vitals(), images, covid, SEVENTH).level == level


@pytest.mark.parametrize(("altitude", "level"), [(0, "ordinary"), (1000, "ordinary"), (1001, "severe")])
def test_oxygenation_is_corrected_above_1000_m(covid: Pack, altitude: float, level: str) -> None:
    vitals = Vitals(pao2_fio2=320, altitude_m=altitude, pressure_mmhg=700)
    assert severity(vitals, PNEUMONIA, covid, SEVENTH).level == level  # 320 * 700 / 760 = 294.7
    assert severity(vitals, PNEUMONIA, covid, FIFTH).level == "ordinary"


def test_without_a_barometer_the_standard_atmosphere_is_taken(covid: Pack) -> None:
    found = severity(Vitals(pao2_fio2=400, altitude_m=3650), PNEUMONIA, covid, SEVENTH)  # Lhasa
    ratio = next(f for f in found.met if f.item == "pao2_fio2").evidence[0].value
    assert float(ratio) == pytest.approx(400 * 0.636, abs=2)  # ISO 2533: 64.4 kPa of 101.3 at 3650 m


# ---- discharge

NOW = at("2020-02-29T20:00")


def swab(sampled: str, result: str = "negative", specimen: str = "nasopharyngeal_swab") -> LabTest:
    moment = at(sampled)
    return LabTest(kind="rt_pcr", sampled_at=moment, resulted_at=moment, result=result, specimen=specimen)


def recovered(
    moment: datetime, *, second_after_hours: float = 24, finding: str = "exudate_improved"
) -> CaseFacts:
    first = moment - timedelta(hours=30)
    second = first + timedelta(hours=second_after_hours)
    return CaseFacts(
        temperatures=(
            Temperature(moment - timedelta(hours=72), 38.0),
            Temperature(moment - timedelta(hours=2), 36.6),
        ),
        assessments=(Assessment("respiratory_symptoms", "clearly_improved", moment - timedelta(hours=5)),),
        imaging=(Imaging(at=moment - timedelta(days=1), findings=frozenset({finding})),),
        tests=(swab_at(first), swab_at(second)),
    )


def swab_at(moment: datetime, result: str = "negative", specimen: str = "nasopharyngeal_swab") -> LabTest:
    return LabTest(kind="rt_pcr", sampled_at=moment, resulted_at=moment, result=result, specimen=specimen)


@pytest.mark.parametrize(
    ("moment", "finding", "follows"),
    [
        (FIFTH, "inflammation_absorbed", ("none", 0, ())),
        (SIXTH, "exudate_improved", ("self_health_monitoring", 14, (2, 4))),
        (SEVENTH, "exudate_improved", ("isolation_management", 14, (2, 4))),
    ],
)
def test_a_recovered_patient_leaves_and_what_follows(
    covid: Pack, moment: datetime, finding: str, follows: tuple[str, int, tuple[int, ...]]
) -> None:
    result = discharge(recovered(moment, finding=finding), covid, moment)
    assert result.ready
    assert not result.missing
    assert [f.item for f in result.met] == ["temperature", "respiratory_symptoms", "imaging", "negatives"]
    assert (result.follow_on.regime, result.follow_on.days, result.follow_on.visit_weeks) == follows


def test_the_fifth_wants_absorbed_the_sixth_improved(covid: Pack) -> None:
    assert [f.item for f in discharge(recovered(FIFTH), covid, FIFTH).missing] == ["imaging"]
    assert discharge(recovered(SIXTH, finding="inflammation_absorbed"), covid, SIXTH).ready


@pytest.mark.parametrize(
    ("second", "sixth", "seventh"),
    [
        ("2020-03-05T23:59", False, False),
        ("2020-03-06T00:00", True, False),
        ("2020-03-06T08:00", True, False),
        ("2020-03-06T19:59", True, False),
        ("2020-03-06T20:00", True, True),
        ("2020-03-06T20:01", True, True),
    ],
)
def test_samples_at_20_and_at_8_next_day(covid: Pack, second: str, sixth: bool, seventh: bool) -> None:
    moment = at("2020-03-08T20:00")
    facts = replace(recovered(moment), tests=(swab("2020-03-05T20:00"), swab(second)))
    assert discharge(facts, covid, moment).ready is seventh
    early = timedelta(days=10)  # ten days before, the 6th was in force
    moved = replace(
        recovered(moment - early),
        tests=tuple(
            replace(t, sampled_at=t.sampled_at - early, resulted_at=t.sampled_at - early) for t in facts.tests
        ),
    )
    assert discharge(moved, covid, moment - early).edition.edition == "6"
    assert discharge(moved, covid, moment - early).ready is sixth


@pytest.mark.parametrize(("hours", "ready"), [(71.99, False), (72, True), (72.01, True)])
def test_normal_temperature_for_72_hours(covid: Pack, hours: float, ready: bool) -> None:
    readings = (
        Temperature(SEVENTH - timedelta(hours=hours), 37.3),
        Temperature(SEVENTH - timedelta(hours=1), 37.2),
    )
    assert discharge(replace(recovered(SEVENTH), temperatures=readings), covid, SEVENTH).ready is ready


def test_the_last_of_several_fevers_counts(covid: Pack) -> None:
    for hours, ready in ((60, False), (72, True)):
        fevers = tuple(Temperature(SEVENTH - timedelta(hours=h), 38.5) for h in (200, hours))
        facts = replace(recovered(SEVENTH), temperatures=(*fevers, Temperature(SEVENTH, 36.5)))
        assert discharge(facts, covid, SEVENTH).ready is ready


def test_without_any_fever_the_first_normal_reading_counts(covid: Pack) -> None:
    for hours, ready in ((71, False), (72, True)):
        readings = (Temperature(SEVENTH - timedelta(hours=hours), 36.8), Temperature(SEVENTH, 36.5))
        assert discharge(replace(recovered(SEVENTH), temperatures=readings), covid, SEVENTH).ready is ready


@pytest.mark.parametrize(("celsius", "ready"), [(37.2, True), (37.3, False), (37.4, False)])
def test_the_last_reading_must_be_below_the_fever_line(covid: Pack, celsius: float, ready: bool) -> None:
    readings = (Temperature(SEVENTH - timedelta(hours=90), 38), Temperature(SEVENTH, celsius))
    assert discharge(replace(recovered(SEVENTH), temperatures=readings), covid, SEVENTH).ready is ready


@pytest.mark.parametrize(("hours", "ready"), [(23.99, True), (24, True), (24.01, False)])
def test_the_last_reading_must_be_recent(covid: Pack, hours: float, ready: bool) -> None:
    readings = (
        Temperature(SEVENTH - timedelta(hours=90), 38),
        Temperature(SEVENTH - timedelta(hours=hours), 36.5),
    )
    assert discharge(replace(recovered(SEVENTH), temperatures=readings), covid, SEVENTH).ready is ready


def test_the_seventh_counts_sputum_and_nasopharyngeal_swabs_only(covid: Pack) -> None:
    def with_specimens(moment: datetime, specimen: str) -> CaseFacts:
        facts = recovered(moment)
        return replace(facts, tests=tuple(replace(t, specimen=specimen) for t in facts.tests))

    for specimen, sixth, seventh in (
        ("sputum", True, True),
        ("oropharyngeal_swab", True, False),
        ("stool", False, False),
        ("", False, False),
    ):
        assert discharge(with_specimens(SIXTH, specimen), covid, SIXTH).ready is sixth
        assert discharge(with_specimens(SEVENTH, specimen), covid, SEVENTH).ready is seventh


def test_a_positive_throat_swab_breaks_the_run_a_stool_does_not(covid: Pack) -> None:
    facts = recovered(SEVENTH)
    between = SEVENTH - timedelta(hours=20)
    for specimen, ready in (("oropharyngeal_swab", False), ("stool", True)):
        positive = swab_at(between, "positive", specimen)
        assert discharge(replace(facts, tests=(*facts.tests, positive)), covid, SEVENTH).ready is ready


def test_each_missing_piece_is_named_and_nothing_after_the_moment_counts(covid: Pack) -> None:
    facts = recovered(SEVENTH)
    for field, item in (
        ("temperatures", "temperature"),
        ("assessments", "respiratory_symptoms"),
        ("imaging", "imaging"),
        ("tests", "negatives"),
    ):
        result = discharge(replace(facts, **{field: ()}), covid, SEVENTH)
        assert [f.item for f in result.missing] == [item]
        assert not result.missing[0].evidence
    assert len(discharge(recovered(SEVENTH + timedelta(days=9)), covid, SEVENTH).missing) == 4


def test_a_later_judgement_goes_before_an_earlier_one(covid: Pack) -> None:
    facts = recovered(SEVENTH)
    worse = Assessment("respiratory_symptoms", "worse", SEVENTH - timedelta(hours=1))
    result = discharge(replace(facts, assessments=(worse, *facts.assessments)), covid, SEVENTH)
    assert [f.item for f in result.missing] == ["respiratory_symptoms"]


def test_positive_again(covid: Pack) -> None:
    moment = at("2020-04-20T10:00")
    worse = (Imaging(at=moment, findings=frozenset({"lesions_worse"})),)
    ill = recurrence(CaseFacts(symptoms={"cough": True}, imaging=worse), covid, moment)
    assert ill.is_ill_again
    assert "designated hospital" in ill.action.en
    for facts in (CaseFacts(symptoms={"cough": True}), CaseFacts(imaging=worse), CaseFacts()):
        assert not recurrence(facts, covid, moment).is_ill_again
    assert (ill.isolation_days, ill.recheck_weeks) == (14, (2, 4))
    with pytest.raises(NoEditionError):
        recurrence(CaseFacts(), covid, at("2020-04-08T23:59"))


# ---- contacts

ONSET = date(2020, 2, 20)


@pytest.mark.parametrize(
    ("on", "opens_on"), [(date(2020, 2, 20), ONSET), (date(2020, 2, 21), date(2020, 2, 18)), (date(2020, 6, 1), date(2020, 2, 18))]
)  # fmt: skip
def test_contacts_count_from_onset_and_since_21_february_from_two_days_before(
    covid: Pack, on, opens_on
) -> None:
    window = contact_window(covid, on, onset_on=ONSET, isolated_on=date(2020, 2, 23))
    assert (window.opens_on, window.closes_on) == (opens_on, date(2020, 2, 23))
    day = timedelta(days=1)
    assert [window.holds(d) for d in (opens_on - day, opens_on, date(2020, 2, 23), date(2020, 2, 24))] == [
        False,
        True,
        True,
        False,
    ]


def test_without_onset_the_sampling_counts(covid: Pack) -> None:
    window = contact_window(covid, date(2020, 3, 10), sampled_on=date(2020, 3, 8))
    assert (window.opens_on, window.closes_on, len(window.rule.settings)) == (date(2020, 3, 6), None, 8)
    assert window.holds(date(2021, 1, 1))
    with pytest.raises(ValueError, match="onset_on must be given, or sampled_on"):
        contact_window(covid, date(2020, 3, 10))


def test_places_count_from_three_days_before_onset(covid: Pack) -> None:
    assert place_window_opens(ONSET, covid, date(2020, 2, 25)) == date(2020, 2, 17)


def test_release_is_14_days_after_the_last_contact_day_0(covid: Pack) -> None:
    assert observation_end(date(2020, 2, 10), covid, date(2020, 2, 10)) == date(2020, 2, 24)


@pytest.mark.parametrize(("moment", "ready"), [("2020-02-23T23:59", False), ("2020-02-24T00:00", True), ("2020-02-25T00:00", True)])  # fmt: skip
def test_release_on_the_day(covid: Pack, moment: str, ready: bool) -> None:
    result = release(CaseFacts(symptoms={"fever": False}), date(2020, 2, 10), covid, at(moment))
    assert (result.ready, result.due_on) == (ready, date(2020, 2, 24))


def test_a_sign_or_a_fever_stands_against_release(covid: Pack) -> None:
    moment, began = at("2020-02-24T10:00"), date(2020, 2, 10)
    ill = release(CaseFacts(symptoms={"cough": True}), began, covid, moment)
    assert [f.item for f in ill.missing] == ["no_signs"]
    for celsius, ready in ((37.2, True), (37.3, False), (37.4, False)):
        reading = Temperature(at("2020-02-20T08:00"), celsius)
        assert release(CaseFacts(temperatures=(reading,)), began, covid, moment).ready is ready
    before = Temperature(at("2020-02-09T08:00"), 39.0)
    assert release(CaseFacts(temperatures=(before,)), began, covid, moment).ready


@pytest.mark.parametrize(("second", "ready"), [("2020-04-24T08:00", False), ("2020-04-24T20:00", True)])
def test_asymptomatic_release_needs_two_negatives_24_hours_apart(
    covid: Pack, second: str, ready: bool
) -> None:
    facts = CaseFacts(tests=(swab("2020-04-23T20:00"), swab(second)))
    began, moment = date(2020, 4, 10), at("2020-04-25T10:00")
    result = release(facts, began, covid, moment, subject="asymptomatic")
    assert (result.ready, result.due_on) == (ready, date(2020, 4, 24))
    still = replace(facts, tests=(*facts.tests, swab("2020-04-25T08:00", "positive")))
    assert not release(still, began, covid, moment, subject="asymptomatic").ready
    assert not release(facts, date(2020, 4, 12), covid, moment, subject="asymptomatic").ready
