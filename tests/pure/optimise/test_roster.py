"""Rosters: rest is never broken, as many shifts as possible are filled, and what is missing has a reason."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.optimise import Crew, Rest, ShiftNeed, propose_roster
from lianfang.optimise.roster import Short

REST = Rest(days_off=2, within_days=10)


def crew_of(n: int, days: int, *, worked=None, away=None, can=("nurse",)) -> Crew:
    return Crew(
        id=list(range(n)),
        can=[list(can)] * n,
        worked=np.zeros((n, 9)) if worked is None else worked,
        away=np.zeros((n, days)) if away is None else away,
    )


def need_of(days: int, n: int, shifts=("day",), professions=("nurse",)) -> ShiftNeed:
    return ShiftNeed(
        shifts=shifts, professions=professions, need=np.full((days, len(shifts), len(professions)), n)
    )


def most_in_ten(plan, worked) -> int:
    """The most days worked in any ten, of which at least one lies in the roster."""
    line = np.hstack([worked, plan.shift >= 0])
    return max(
        int(line[:, max(0, d - 9) : d + 1].sum(axis=1).max()) for d in range(worked.shape[1], line.shape[1])
    )


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_rest_is_kept_and_nobody_works_twice(data) -> None:
    n, days = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 12))
    seed = data.draw(st.integers(0, 99))
    dice = np.random.default_rng(seed)
    worked = (dice.random((n, 9)) < 0.75).astype(int)
    away = (dice.random((n, days)) < 0.2).astype(int)
    need = ShiftNeed(shifts=("day", "night"), professions=("nurse",), need=dice.integers(0, 3, (days, 2, 1)))
    plan = propose_roster(crew_of(n, days, worked=worked, away=away), need, rest=REST)
    assert not (away.astype(bool) & (plan.shift >= 0)).any()
    filled = np.array([[[(plan.shift[:, d] == s).sum()] for s in range(2)] for d in range(days)])
    assert (filled + plan.missing == need.need).all()
    allowed = max(
        8,
        most_in_ten(
            propose_roster(crew_of(n, days, worked=worked, away=np.ones((n, days))), need, rest=REST), worked
        ),
    )
    assert most_in_ten(plan, worked) <= allowed
    assert not ((plan.shift[:, :-1] == 1) & (plan.shift[:, 1:] == 0)).any(), "no day shift after a night"


def test_the_fewest_hands_are_missing_and_the_load_is_even() -> None:
    """Five nurses, ten days, four wanted each day: 40 of 5 x 8 allowed days, so nothing is missing and all work eight."""
    plan = propose_roster(crew_of(5, 10), need_of(10, 4), rest=REST)
    assert plan.is_optimal
    assert plan.missing.sum() == 0
    assert {int((row >= 0).sum()) for row in plan.shift} == {8}


def test_what_is_missing_has_a_reason() -> None:
    short = propose_roster(crew_of(4, 10), need_of(10, 4), rest=REST)
    assert short.missing.sum() == 8, "four nurses may work 32 of the 40 days"
    day = int(np.argwhere(short.missing[:, 0, 0])[0][0])
    assert short.why_short(day, 0) == Short.REST
    away = propose_roster(crew_of(1, 1, away=np.ones((1, 1))), need_of(1, 1), rest=REST)
    assert away.why_short(0, 0) == Short.ALL_WORK
    nobody = propose_roster(crew_of(1, 1), need_of(1, 1, professions=("doctor",)), rest=REST)
    assert nobody.why_short(0, 0) == Short.NOBODY_CAN


def test_specialists_do_the_work_of_others_only_where_hands_are_missing() -> None:
    crew = Crew(
        id=["nurse", "icu"],
        can=[["nurse"], ["intensive_nurse", "nurse"]],
        worked=np.zeros((2, 9)),
        away=np.zeros((2, 1)),
    )
    both = ShiftNeed(shifts=("day",), professions=("nurse", "intensive_nurse"), need=np.ones((1, 1, 2)))
    plan = propose_roster(crew, both, rest=REST)
    assert plan.profession[:, 0].tolist() == [0, 1]
    helping = propose_roster(crew, need_of(1, 2), rest=REST)
    assert helping.missing.sum() == 0


def test_the_same_input_gives_the_same_plan() -> None:
    one = propose_roster(crew_of(6, 8), need_of(8, 2, shifts=("day", "evening", "night")), rest=REST)
    two = propose_roster(crew_of(6, 8), need_of(8, 2, shifts=("day", "evening", "night")), rest=REST)
    assert (one.shift == two.shift).all()


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match="need must be"):
        propose_roster(
            crew_of(1, 1), ShiftNeed(shifts=("day",), professions=("nurse",), need=[[1]]), rest=REST
        )
