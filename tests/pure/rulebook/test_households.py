"""Poverty line, exit, vetoes, monitoring, warnings, water, supervision: each number and its sides."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianfang.rulebook import NoEditionError, Rulebook, default
from lianfang.rulebook.households import (
    ExitRates,
    Water,
    area_exit,
    exit_rates,
    exit_vetoes,
    income_window,
    is_supervised_village,
    monitoring_check,
    person_exit,
    poverty_standing,
    risk_removal,
    safe_water,
    spending_warnings,
)
from lianfang.rulebook.kinds.livelihood import (
    CensusParameters,
    CreditReliefParameters,
    MonitoringParameters,
    NoRemovalsParameters,
    PersonExitParameters,
    PremiumReliefParameters,
    SupervisionParameters,
)

JUNE = date(2020, 6, 1)
GANSU, GUIZHOU, HUBEI, CHONGQING = "620525", "522729", "420106", "500101"


@pytest.mark.parametrize(
    ("at", "line"), [(date(2018, 12, 31), 2300), (date(2019, 1, 1), 3218), (date(2019, 12, 31), 3218), (date(2020, 1, 1), 4000)]
)  # fmt: skip
def test_an_income_equal_to_the_line_is_poor_and_has_not_exited(
    book: Rulebook, at: date, line: float
) -> None:
    answers = [poverty_standing(income, book, at) for income in (line - 0.01, line, line + 0.01)]
    assert [(a.is_poor, a.has_exited) for a in answers] == [(True, False), (True, False), (False, True)]
    assert answers[0].line_yuan == line


@given(st.floats(0, 1e6))
def test_poor_and_exited_are_opposites(income: float) -> None:
    standing = poverty_standing(income, default(), JUNE)
    assert standing.is_poor is not standing.has_exited


GUARANTEES = dict.fromkeys(("food", "clothing", "education", "medical_care", "housing", "water"), True)


def test_a_household_exits_with_income_and_every_guarantee(book: Rulebook) -> None:
    assert person_exit(4000.01, GUARANTEES, book, JUNE).ready
    assert [f.item for f in person_exit(4000, GUARANTEES, book, JUNE).missing] == ["income"]
    assert [f.item for f in person_exit(None, GUARANTEES, book, JUNE).missing] == ["income"]
    for name in GUARANTEES:
        for lacking in (GUARANTEES | {name: False}, {k: v for k, v in GUARANTEES.items() if k != name}):
            assert [f.item for f in person_exit(9000, lacking, book, JUNE).missing] == [name]
    steps = book.rule("person_exit", at=JUNE).of(PersonExitParameters).steps
    assert [s.en for s in steps].index("the household agrees") == 2


@pytest.mark.parametrize("area", ["village", "county"])
@pytest.mark.parametrize(
    ("percent", "is_west", "ready"),
    [(1.99, False, True), (2.0, False, True), (2.01, False, False), (2.99, True, True), (3.0, True, True), (3.01, True, False)],
)  # fmt: skip
def test_two_percent_and_below_includes_two_percent(book: Rulebook, area, percent, is_west, ready) -> None:
    assert area_exit(area, percent, is_west=is_west, book=book, at=JUNE).ready is ready


@pytest.mark.parametrize(
    ("percent", "income", "missing"),
    [
        (0, 20000, []),
        (0.01, 20000, ["incidence"]),
        (0, 19999, ["collective_income"]),
        (1, None, ["incidence", "collective_income"]),
    ],
)
def test_gansu_is_stricter(book: Rulebook, percent: float, income: float | None, missing: list[str]) -> None:
    verdict = area_exit(
        "village", percent, is_west=True, collective_income_yuan=income, book=book, at=JUNE, place=GANSU
    )
    assert [f.item for f in verdict.missing] == missing
    assert verdict.edition.edition == "gansu-2020"
    assert area_exit("village", 3, is_west=True, book=book, at=date(2019, 12, 31), place=GANSU).ready


FINE = ExitRates(incidence=2, wrong_exit=2, miss=2, approval=90)


@pytest.mark.parametrize(
    ("change", "vetoes"),
    [
        ({}, []),
        ({"incidence": 2.01}, ["incidence"]),
        ({"wrong_exit": 2.01}, ["wrong_exit"]),
        ({"miss": 2.01}, ["miss"]),
        ({"approval": 89.99}, ["approval"]),
        ({"approval": 90.01, "incidence": 1.99, "wrong_exit": 1.99, "miss": 1.99}, []),
        (
            {"incidence": 9, "wrong_exit": 9, "miss": 9, "approval": 9},
            ["incidence", "wrong_exit", "miss", "approval"],
        ),
    ],
)
def test_every_veto_is_shown(book: Rulebook, change: dict[str, float], vetoes: list[str]) -> None:
    rates = ExitRates(**({"incidence": 2, "wrong_exit": 2, "miss": 2, "approval": 90} | change))
    assert [f.item for f in exit_vetoes(rates, is_west=False, book=book, at=JUNE)] == vetoes


@pytest.mark.parametrize(("incidence", "n"), [(2.5, 0), (3, 0), (3.01, 1)])
def test_the_west_may_have_three_percent(book: Rulebook, incidence: float, n: int) -> None:
    rates = ExitRates(incidence=incidence, wrong_exit=0, miss=0, approval=100)
    assert len(exit_vetoes(rates, is_west=True, book=book, at=JUNE)) == n


def test_the_rates_are_computed_from_their_own_denominators() -> None:
    counts = {
        "poor_left": 50,
        "missed": 6,
        "wrongly_exited": 4,
        "rural_population": 3000,
        "sampled_exited": 200,
        "surveyed_unregistered": 400,
        "approving": 540,
        "surveyed_households": 600,
    }
    assert exit_rates(**counts) == ExitRates(incidence=2.0, wrong_exit=2.0, miss=1.5, approval=90.0)
    with pytest.raises(ValueError, match=r"rural_population must be above 0\. Got 0"):
        exit_rates(**(counts | {"rural_population": 0}))


@pytest.mark.parametrize(
    ("at", "classes"), [(date(2020, 3, 20), 2), (date(2021, 4, 30), 2), (date(2021, 5, 1), 3)]
)
def test_the_watch_has_two_classes_in_2020_and_three_from_2021(
    book: Rulebook, at: date, classes: int
) -> None:
    below, equal = monitoring_check(5999.99, book, at), monitoring_check(6000, book, at)
    assert (below.is_below, equal.is_below, below.bound_yuan, len(below.classes)) == (
        True,
        False,
        6000,
        classes,
    )


def test_there_was_no_watch_before_20_march(book: Rulebook) -> None:
    with pytest.raises(NoEditionError):
        monitoring_check(1000, book, date(2020, 3, 19))


@pytest.mark.parametrize(
    ("at", "bound"), [(date(2022, 12, 31), 6000), (date(2023, 1, 1), 7300), (date(2024, 3, 13), 7300), (date(2024, 3, 14), 8800)]
)  # fmt: skip
def test_a_provinces_own_line_goes_first(book: Rulebook, at: date, bound: float) -> None:
    assert monitoring_check(bound - 0.01, book, at, GUIZHOU).is_below
    assert not monitoring_check(bound, book, at, GUIZHOU).is_below
    assert monitoring_check(0, book, at, HUBEI).bound_yuan == 6000


def test_the_size_expected_in_2020(book: Rulebook) -> None:
    rule = book.rule("monitoring", at=JUNE).of(MonitoringParameters)
    assert (str(rule.share_of_registered_percent), str(rule.share_of_registered_percent_deep)) == (
        "≤ 5",
        "≤ 10",
    )
    assert (
        book.rule("monitoring", at=date(2022, 1, 1)).of(MonitoringParameters).share_of_registered_percent
        is None
    )


@pytest.mark.parametrize(
    ("identified", "window"),
    [
        (date(2020, 6, 15), (date(2019, 6, 1), date(2020, 5, 31))),
        (date(2021, 1, 1), (date(2020, 1, 1), date(2020, 12, 31))),
        (date(2021, 3, 31), (date(2020, 3, 1), date(2021, 2, 28))),
    ],
)
def test_twelve_months_up_to_the_month_before(book: Rulebook, identified, window) -> None:
    assert income_window(identified, book) == window


@pytest.mark.parametrize(
    ("stable", "since", "answers", "missing"),
    [
        (6, 6, (True, True, True), []),
        (5.9, 6, (True, True, True), ["stable_months"]),
        (6, 5.9, (True, True, True), ["months_since_entry"]),
        (7, 7, (True, None, False), ["condition_2", "condition_3"]),
    ],
)
def test_the_risk_is_removed_after_half_a_year(book: Rulebook, stable, since, answers, missing) -> None:
    verdict = risk_removal(answers, stable_months=stable, months_since_entry=since, book=book, at=JUNE)
    assert [f.item for f in verdict.missing] == missing


def test_risk_removal_wants_an_answer_to_each_condition(book: Rulebook) -> None:
    with pytest.raises(ValueError, match="conditions_met must be 3 answers"):
        risk_removal((True,), stable_months=6, months_since_entry=6, book=book, at=JUNE)


@pytest.mark.parametrize(
    ("registered", "kind", "line"),
    [
        (True, "inpatient_self_paid", 5000),
        (False, "inpatient_self_paid", 20000),
        (True, "outpatient_monthly", 500),
        (True, "schooling_yearly", 10000),
    ],
)
def test_warning_lines(book: Rulebook, registered: bool, kind: str, line: float) -> None:
    for yuan, items in ((line - 0.01, []), (line, [kind]), (line + 0.01, [kind])):
        found = spending_warnings(is_registered=registered, book=book, at=JUNE, **{kind: yuan})
        assert [f.item for f in found] == items
    assert spending_warnings(is_registered=registered, book=book, at=JUNE) == ()


GOOD = {"litres_per_head_day": 35, "quality_ok": True, "fetch_minutes": 20, "supply_percent": 90}


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({}, []),
        ({"litres_per_head_day": 34.9}, ["litres"]),
        ({"quality_ok": False}, ["quality"]),
        ({"quality_ok": None}, ["quality"]),
        ({"fetch_minutes": 20.1}, ["fetch_minutes"]),
        ({"fetch_minutes": 0}, []),
        ({"supply_percent": 89.9}, ["supply_percent"]),
        ({"supply_percent": None}, ["supply_percent"]),
        ({"supply_percent": None, "days_without_per_year": 36}, []),
        ({"supply_percent": None, "days_without_per_year": 37}, ["days_without"]),
        ({"days_without_per_year": 37}, ["days_without"]),
    ],
)
def test_safe_water_needs_all_four(
    book: Rulebook, change: dict[str, float | None], missing: list[str]
) -> None:
    verdict = safe_water(Water(**(GOOD | change)), is_scarce=False, book=book, at=JUNE)
    assert [f.item for f in verdict.missing] == missing


@pytest.mark.parametrize(("litres", "ready"), [(19.9, False), (20, True), (20.1, True)])
def test_scarce_areas_need_twenty_litres(book: Rulebook, litres: float, ready: bool) -> None:
    water = Water(**(GOOD | {"litres_per_head_day": litres}))
    assert safe_water(water, is_scarce=True, book=book, at=JUNE, place=CHONGQING).ready is ready


@pytest.mark.parametrize(
    ("poor", "percent", "supervised"),
    [(1000, 10, False), (1001, 10, True), (1000, 10.01, True), (1001, 11, True), (0, 0, False)],
)
def test_supervised_villages(book: Rulebook, poor: int, percent: float, supervised: bool) -> None:
    assert is_supervised_village(poor, percent, book, JUNE) is supervised


def test_fifty_two_counties(book: Rulebook) -> None:
    rule = book.rule("supervision_list", at=JUNE).of(SupervisionParameters)
    assert sum(rule.counties_by_province.values()) == rule.counties == 52
    assert (rule.poor_villages, rule.supervised_villages) == (2707, 1113)


def test_relief_and_census(book: Rulebook) -> None:
    assert book.rule("census", at=JUNE).of(CensusParameters).reference_on == date(2020, 12, 31)
    assert len(book.rule("no_removals", at=JUNE).of(NoRemovalsParameters).kept) == 4
    credit = book.rule("credit_relief", at=JUNE).of(CreditReliefParameters)
    assert (str(credit.extension_months), credit.bad_credit_mark) == ("≤ 6", False)
    large = {
        p: book.rule("premium_relief", at=JUNE, place=p).of(PremiumReliefParameters) for p in ("33", HUBEI)
    }
    assert (large["33"].waived_percent["large"], large["33"].until["large"]) == (50, date(2020, 4, 30))
    assert (large[HUBEI].waived_percent["large"], large[HUBEI].until["large"]) == (100, date(2020, 6, 30))
