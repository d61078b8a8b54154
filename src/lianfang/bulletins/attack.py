"""What a reader of the bulletins of a week can work out by adding and subtracting: every count that has only one possible value.

Knows no Django. Withheld counts are unknowns, at least 0; rows add up to the sum of the area; so far is so far of the day
before and the new of the day. A count is told where linear programming finds no other value for it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from lianfang.bulletins.protection import COLUMNS, Cell, State, Withheld, state_after, withhold

_TRIES = 12
_NO_LIMIT = 3
_APART = 0.99  # counts are whole numbers
_optimize: Any = optimize  # scipy carries no types
_sparse: Any = sparse
Key = tuple[int, str, str]  # which bulletin, row, column
Line = dict[Key, int]
Term = tuple[int, int, str, str]  # sign, which bulletin, row, column


@dataclass(frozen=True, kw_only=True)
class Told:
    """One bulletin as it lies before a reader: the day, the counts, which of them are withheld, and the sums beside them."""

    day: int
    rows: Mapping[str, Mapping[str, int]]
    withheld: Collection[Cell]
    whole: Mapping[str, int]


def told_away(bulletins: Sequence[Told], secret: Collection[Key]) -> set[Key]:
    """Return those of the `secret` cells (number of the bulletin, row, column) that the bulletins give away together."""
    left, right = _equations(bulletins)
    keys = sorted({key for line in left for key in line})
    wanted = sorted(key for key in secret if key in set(keys))
    if not wanted:
        return set()
    place = {key: n for n, key in enumerate(keys)}
    matrix = _matrix(left, place)
    below, most = _falling(bulletins, place)
    system = {
        "A_eq": matrix,
        "b_eq": right,
        "A_ub": below,
        "b_ub": most,
        "bounds": (0, None),
        "method": "highs",
    }
    lowest, highest = np.full(len(keys), np.inf), np.full(len(keys), -np.inf)

    def look(aim: NDArray[np.float64]) -> None:
        found = _optimize.linprog(aim, **system)
        if found.status == _NO_LIMIT:
            highest[aim < 0] = np.inf
        elif found.status == 0:
            np.minimum(lowest, found.x, out=lowest)
            np.maximum(highest, found.x, out=highest)

    rng = np.random.default_rng(1)
    for _ in range(_TRIES):  # most counts are seen to vary with a few aims; the others are asked one by one
        look(rng.uniform(0.1, 1.0, len(keys)) * rng.choice([1.0, 0.0], len(keys)))
        look(np.abs(rng.normal(size=len(keys))))
    for n in (place[key] for key in wanted):
        for sign in (1.0, -1.0):
            if highest[n] - lowest[n] < _APART:
                look(sign * (np.arange(len(keys)) == n))
    return {key for key in wanted if highest[place[key]] - lowest[place[key]] < _APART}


def _equations(bulletins: Sequence[Told]) -> tuple[list[Line], list[int]]:
    """Return the left sides (unknowns with their signs) and the right sides of what readers know."""
    found = [_known(bulletins, terms, is_=right) for terms, right in (*_sums(bulletins), *_days(bulletins))]
    lines = [(line, right) for line, right in found if line]
    return [line for line, _ in lines], [right for _, right in lines]


def _known(bulletins: Sequence[Told], terms: Sequence[Term], *, is_: int) -> tuple[Line, int]:
    """Return the unknown terms, and what they add up to where all terms add up to `is_`."""
    line: Line = {}
    for sign, n, row, column in terms:
        if (row, column) in bulletins[n].withheld:
            line[n, row, column] = sign
        else:
            is_ -= sign * bulletins[n].rows[row][column]
    return line, is_


def _sums(bulletins: Sequence[Told]) -> Iterator[tuple[list[Term], int]]:
    """Yield that the rows of a column add up to what stands beside them."""
    for n, one in enumerate(bulletins):
        for column in COLUMNS:
            if column in one.whole:
                whole = sum(values[column] for values in one.rows.values())
                yield [(1, n, row, column) for row in one.rows], whole


def _days(bulletins: Sequence[Told]) -> Iterator[tuple[list[Term], int]]:
    """Yield that so far is so far of the day before and the new of the day, where nothing was corrected between."""
    for n in range(1, len(bulletins)):
        old, new = bulletins[n - 1], bulletins[n]
        for row in new.rows.keys() & old.rows.keys() if new.day == old.day + 1 else ():
            if new.rows[row]["total"] - old.rows[row]["total"] == new.rows[row]["confirmed"]:
                yield [(1, n, row, "total"), (-1, n - 1, row, "total"), (-1, n, row, "confirmed")], 0


def _matrix(lines: Sequence[Line], place: Mapping[Key, int]) -> Any:
    cells = [(n, place[key], sign) for n, line in enumerate(lines) for key, sign in line.items()]
    rows, columns, values = (list(side) for side in zip(*cells, strict=True))
    return _sparse.csr_matrix((values, (rows, columns)), shape=(len(lines), len(place)), dtype=np.float64)


def _falling(bulletins: Sequence[Told], place: Mapping[Key, int]) -> tuple[Any, list[int] | None]:
    """Return what readers know besides: so far does not fall from one bulletin to the next."""
    found = [
        _known(bulletins, [(1, n - 1, row, "total"), (-1, n, row, "total")], is_=0)
        for n in range(1, len(bulletins))
        for old, new in [(bulletins[n - 1].rows, bulletins[n].rows)]
        for row in new.keys() & old.keys()
        if new[row]["total"] >= old[row]["total"]
    ]
    lines = [(line, most) for line, most in found if line and line.keys() <= place.keys()]
    if not lines:
        return None, None
    return _matrix([line for line, _ in lines], place), [most for _, most in lines]


def withhold_safely(
    one: Told, *, protected: Collection[str], past: State, least: int, earlier: Sequence[Told]
) -> Withheld:
    """Return what of a new bulletin is withheld, so that it and the `earlier` ones of the area give no small count away.

    What `protection.withhold` overlooks is withheld here: first the rows that are told away, then all protected ones,
    then the table. `one.withheld` is not read.
    """
    found = withhold(one.rows, protected=protected, whole=one.whole, past=past, least=least)
    day = len(earlier)
    secret = {
        (n, row, column)
        for n, told in enumerate((*earlier, one))
        for row in protected
        for column in COLUMNS
        if 0 < told.rows.get(row, {}).get(column, 0) < least and (n == day or (row, column) in told.withheld)
    }
    for rows in (None, frozenset(protected), frozenset(one.rows)):
        told = told_away((*earlier, replace(one, withheld=frozenset(found.cells))), secret)
        if not told:
            break
        found.cells |= {(row, column) for row in rows or {key[1] for key in told} for column in COLUMNS}
    found.state = state_after(one.rows, past, found.cells)
    return found
