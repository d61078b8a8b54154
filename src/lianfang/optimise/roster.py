"""Rosters: who works which shift, so that every shift is filled as far as rest allows, and the load is even.

A constraint programme (OR-Tools CP-SAT). Rest is a constraint and never given up: where hands are missing, shifts stay
short, and `why_short` says why. First the missing hands are as few as possible, then the busiest and the idlest worker
lie as close together as can be, then specialists do the work of others as little as possible.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

Ints = NDArray[np.int64]
_MISSING, _SPREAD, _OVERSKILLED = 10_000, 20, 1
_EFFORT = 20.0  # deterministic time: the same plan on every machine


@dataclass(frozen=True, kw_only=True)
class Crew:
    """Those who can work: for each the professions they can fill, own one first, and the days they are away.

    `worked` says for each of the days just before the roster whether they worked (workers x past days, oldest first).
    """

    id: Sequence[Any]
    can: Sequence[Sequence[str]]
    worked: Any
    away: Any


@dataclass(frozen=True, kw_only=True)
class ShiftNeed:
    """How many of each profession each shift needs: days x shifts x professions, whole numbers."""

    shifts: Sequence[str]
    professions: Sequence[str]
    need: Any


@dataclass(frozen=True, kw_only=True)
class Rest:
    """At least `days_off` free days in every `within_days`; nobody begins the first shift of a day after the last."""

    days_off: int = 0
    within_days: int = 10


class Short(StrEnum):
    """Why a shift lacks somebody."""

    NOBODY_CAN = "nobody_can"  # no worker has the profession
    ALL_WORK = "all_work"  # all who could work another shift that day, or are away
    REST = "rest"  # those who do not work have to rest


@dataclass(frozen=True, kw_only=True)
class RosterPlan:
    """A proposal: the shift and the profession of each worker on each day, -1 for none; and what is missing."""

    crew: Crew
    need: ShiftNeed
    rest: Rest
    shift: Ints  # workers x days
    profession: Ints  # workers x days
    missing: Ints  # days x shifts x professions
    is_optimal: bool

    def why_short(self, day: int, profession: int) -> Short:
        """Return why somebody of a profession is missing on a day."""
        able = [i for i, can in enumerate(self.crew.can) if self.need.professions[profession] in can]
        if not able:
            return Short.NOBODY_CAN
        away = np.asarray(self.crew.away, dtype=bool)
        idle = [i for i in able if self.shift[i, day] < 0 and not away[i, day]]
        return Short.REST if idle else Short.ALL_WORK


def propose_roster(crew: Crew, need: ShiftNeed, *, rest: Rest) -> RosterPlan:
    """Return who works when. The same input gives the same plan.

    Raises ValueError where the shapes do not fit or a number is negative.

    >>> crew = Crew(id=["a", "b"], can=[["nurse"], ["nurse"]], worked=np.zeros((2, 9)), away=np.zeros((2, 5)))
    >>> need = ShiftNeed(shifts=["day"], professions=["nurse"], need=np.ones((5, 1, 1)))
    >>> plan = propose_roster(crew, need, rest=Rest(days_off=2, within_days=10))
    >>> int(plan.missing.sum()), sorted(int((row >= 0).sum()) for row in plan.shift)
    (0, [2, 3])
    """
    wanted = np.asarray(need.need, dtype=np.int64)
    n_days, n_shifts, n_professions = _checked(crew, need, rest, wanted)
    n = len(crew.id)
    model = cp_model.CpModel()
    works: dict[tuple[int, int, int, int], Any] = {}
    for i, can in enumerate(crew.can):
        for p, name in enumerate(need.professions):
            if name in can:
                works |= {
                    (i, d, s, p): model.new_bool_var(f"w{i}_{d}_{s}_{p}")
                    for d in range(n_days)
                    for s in range(n_shifts)
                }
    day_of = _days_worked(model, works, crew, (n, n_days, n_shifts))
    _rest(model, day_of, crew, rest, n_days)
    lacking = {}
    for d, s, p in np.ndindex(wanted.shape):
        there = [works[i, d, s, p] for i in range(n) if (i, d, s, p) in works]
        lacking[d, s, p] = model.new_int_var(0, int(wanted[d, s, p]), f"m{d}_{s}_{p}")
        model.add(sum(there) + lacking[d, s, p] == int(wanted[d, s, p]))
    load = [sum(day_of[i]) for i in range(n)]
    most, least = model.new_int_var(0, n_days, "most"), model.new_int_var(0, n_days, "least")
    for one in load:
        model.add(one <= most)
        model.add(one >= least)
    own = {
        i: need.professions.index(can[0])
        for i, can in enumerate(crew.can)
        if can and can[0] in need.professions
    }
    overskilled = [var for (i, _, _, p), var in works.items() if own.get(i, p) != p]
    model.minimize(
        _MISSING * sum(lacking.values()) + _SPREAD * (most - least) + _OVERSKILLED * sum(overskilled)
    )
    solver, is_optimal = _solve(model)
    shift = np.full((n, n_days), -1, dtype=np.int64)
    profession = np.full((n, n_days), -1, dtype=np.int64)
    for (i, d, s, p), var in works.items():
        if solver.boolean_value(var):
            shift[i, d], profession[i, d] = s, p
    missing = np.zeros((n_days, n_shifts, n_professions), dtype=np.int64)
    for key, var in lacking.items():
        missing[key] = solver.value(var)
    return RosterPlan(
        crew=crew,
        need=need,
        rest=rest,
        shift=shift,
        profession=profession,
        missing=missing,
        is_optimal=is_optimal,
    )


def _solve(model: cp_model.CpModel) -> tuple[cp_model.CpSolver, bool]:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = _EFFORT
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):  # nobody works is always a solution
        raise RuntimeError(f"the solver found no roster: {solver.status_name(status)}")
    return solver, status == cp_model.OPTIMAL


def _days_worked(
    model: cp_model.CpModel,
    works: dict[tuple[int, int, int, int], Any],
    crew: Crew,
    shape: tuple[int, int, int],
) -> list[list[Any]]:
    """Return for each worker and day whether they work: one shift a day, none where away, none right after the last."""
    n, n_days, n_shifts = shape
    away = np.asarray(crew.away, dtype=bool)
    days: list[list[Any]] = []
    for i in range(n):
        by_shift = _by_shift(works, i, n_days, n_shifts)
        for d in range(n_days):
            model.add(sum(by_shift[d]) <= (0 if away[i, d] else 1))
            if d and n_shifts > 1:
                model.add(by_shift[d - 1][-1] + by_shift[d][0] <= 1)
        days.append([sum(row) for row in by_shift])
    return days


def _by_shift(
    works: dict[tuple[int, int, int, int], Any], i: int, n_days: int, n_shifts: int
) -> list[list[Any]]:
    rows: list[list[list[Any]]] = [[[] for _ in range(n_shifts)] for _ in range(n_days)]
    for (j, d, s, _), var in works.items():
        if j == i:
            rows[d][s].append(var)
    return [[sum(cell) for cell in row] for row in rows]


def _rest(model: cp_model.CpModel, day_of: list[list[Any]], crew: Crew, rest: Rest, n_days: int) -> None:
    if not rest.days_off:
        return
    before = (
        np.asarray(crew.worked, dtype=np.int64)[:, -(rest.within_days - 1) :]
        if rest.within_days > 1
        else None
    )
    for i, days in enumerate(day_of):
        past = [] if before is None else [int(worked) for worked in before[i]]
        line = [*past, *days]
        for last in range(len(past), len(past) + n_days):
            window = line[max(0, last - rest.within_days + 1) : last + 1]
            # What was worked before cannot be undone: then everybody rests until the window is right again.
            fixed = sum(part for part in window if isinstance(part, int))
            bound = max(rest.within_days - rest.days_off, fixed)
            model.add(sum(window) <= bound)


def _checked(crew: Crew, need: ShiftNeed, rest: Rest, wanted: Ints) -> tuple[int, int, int]:
    n = len(crew.id)
    if (
        wanted.ndim != 3
        or wanted.shape[1:] != (len(need.shifts), len(need.professions))
        or (wanted < 0).any()
    ):
        raise ValueError(
            f"need must be days x {len(need.shifts)} shifts x {len(need.professions)} professions, 0 or more. "
            f"Got {wanted.shape!r}."
        )
    if np.shape(crew.away) != (n, len(wanted)) or len(crew.can) != n or np.shape(crew.worked)[:1] != (n,):
        raise ValueError(f"crew must have one row for each of {n} workers and {len(wanted)} days.")
    if not 0 <= rest.days_off < max(rest.within_days, 1):
        raise ValueError(f"days_off must be below within_days. Got {rest!r}.")
    return len(wanted), len(need.shifts), len(need.professions)
