"""Who and where: cases by sex, age and place, with groups of fewer than five persons protected."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lianfang.report.left_out import LeftOut
from lianfang.report.line_list import Line, LineList

PROTECTED_BELOW = 5
_BANDS = ((0, 5), (5, 15), (15, 30), (30, 45), (45, 60), (60, 75), (75, 200))
_MOST_PLACES = 12


@dataclass(frozen=True, kw_only=True)
class Row:
    """One group; None stands for a number that is not shown."""

    label: str
    cells: tuple[int | None, ...]


@dataclass(frozen=True, kw_only=True)
class Persons:
    """Cases by age band and sex ("" for not stated), and by place; `n_places` counts all places of the file."""

    sexes: tuple[str, ...]
    by_age: tuple[Row, ...] | LeftOut
    by_place: tuple[Row, ...] | LeftOut
    n_places: int
    has_deaths: bool
    is_protected: bool


def persons_of(cases: LineList) -> Persons | LeftOut:
    """Return the groups; a list of fewer than five cases shows none."""
    if len(cases) < PROTECTED_BELOW:
        return LeftOut(reason="left.persons_few", values={"n": len(cases), "least": PROTECTED_BELOW})
    stated = {_sex(line) for line in cases.lines}
    sexes = tuple(sex for sex in ("female", "male", "other", "unknown") if sex in stated)
    by_age = _by_age(cases, sexes)
    by_place, n_places = _by_place(cases)
    if isinstance(by_age, LeftOut) and isinstance(by_place, LeftOut):
        return LeftOut(reason="left.persons_nothing")
    shown = [row for part in (by_age, by_place) if not isinstance(part, LeftOut) for row in part]
    return Persons(
        sexes=sexes,
        by_age=by_age,
        by_place=by_place,
        n_places=n_places,
        has_deaths=bool(cases.count(lambda line: bool(line.outcome) or line.died is not None)),
        is_protected=any(cell is None for row in shown for cell in row.cells),
    )


def _sex(line: Line) -> str:
    return line.sex or "unknown"


def band_of(age: float | None) -> str:
    """Return the age band, "" where the age is not on file."""
    if age is None:
        return ""
    low, high = next(((low, high) for low, high in _BANDS if low <= age < high), _BANDS[-1])
    return f"{low}–{high - 1}" if high < _BANDS[-1][1] else f"{low}+"


def _by_age(cases: LineList, sexes: Sequence[str]) -> tuple[Row, ...] | LeftOut:
    if not cases.count(lambda line: line.age is not None) and sexes == ("unknown",):
        return LeftOut(reason="left.no_age_sex")
    counts = Counter((band_of(line.age), _sex(line)) for line in cases.lines)
    bands = [band_of(float(low)) for low, _ in _BANDS]
    labels = [label for label in (*bands, "") if any(counts[label, sex] for sex in sexes)]
    table = [[counts[label, sex] for sex in sexes] for label in labels]
    safe = protect(table)
    if not any(cell for row in safe for cell in row):
        return LeftOut(reason="left.all_small", values={"least": PROTECTED_BELOW})
    return tuple(Row(label=label, cells=tuple(cells)) for label, cells in zip(labels, safe, strict=True))


def _by_place(cases: LineList) -> tuple[tuple[Row, ...] | LeftOut, int]:
    if not cases.place_by:
        return LeftOut(reason="left.no_place"), 0
    counts: Mapping[str, int] = Counter(line.place for line in cases.lines)
    deaths: Mapping[str, int] = Counter(line.place for line in cases.lines if line.is_dead)
    named = sorted((place for place in counts if place), key=lambda place: (-counts[place], place))
    shown = [*named[:_MOST_PLACES], *([""] if "" in counts else [])]
    rest = sum(counts[place] for place in named[_MOST_PLACES:])
    column = [counts[place] for place in shown] + ([rest] if rest else [])
    dead = [deaths.get(place, 0) for place in shown] + (
        [sum(deaths.get(place, 0) for place in named[_MOST_PLACES:])] if rest else []
    )
    # Every count is protected by itself and with a second one, so that no total gives it away.
    safe, safe_dead = protect([[n] for n in column]), protect([[n] for n in dead])
    if not any(cell for row in safe for cell in row):
        return LeftOut(reason="left.all_small", values={"least": PROTECTED_BELOW}), len(named)
    labels = [*shown, *(["…"] if rest else [])]
    rows = tuple(
        Row(label=label, cells=(cell[0], gone[0]))
        for label, cell, gone in zip(labels, safe, safe_dead, strict=True)
    )
    return rows, len(named)


def protect(table: Sequence[Sequence[int]]) -> list[list[int | None]]:
    """Return the table without counts of 1 to 4, and without as many others as keep a row or column total from telling them.

    A hidden cell that stands alone in its row or column could be computed from the total: the smallest other cell
    there that is not 0 is hidden as well, until none stands alone (or nothing else is left to hide).

    >>> protect([[3, 20], [30, 40]])
    [[None, None], [None, None]]
    >>> protect([[9], [2], [7]])
    [[9], [None], [None]]
    """
    cells: list[list[int | None]] = [[None if 0 < n < PROTECTED_BELOW else n for n in row] for row in table]
    while True:
        lines = [[(r, c) for c in range(len(row))] for r, row in enumerate(cells)]
        lines += [[(r, c) for r in range(len(cells))] for c in range(len(cells[0]) if cells else 0)]
        hide = next((found for line in lines if (found := _partner(cells, line)) is not None), None)
        if hide is None:
            return cells
        cells[hide[0]][hide[1]] = None


def _partner(cells: list[list[int | None]], line: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Return the cell to hide beside one that stands alone in a row or column of two or more, or None."""
    hidden = [at for at in line if cells[at[0]][at[1]] is None]
    others = [(n, at) for at in line if (n := cells[at[0]][at[1]])]
    return min(others)[1] if len(hidden) == 1 and len(line) > 1 and others else None
