"""Assignment under side limits (ambulances of an area, nurse hours of a hospital), by integer programming with HiGHS."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from lianfang.optimise.candidates import Arcs, Candidates

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_SECONDS = 20.0
_OFFERED = 40


@dataclass(frozen=True, kw_only=True)
class Limit:
    """The placements of `people` into `pools` use at most `at_most`, each `uses` of it.

    `people` and `pools` are row numbers, None for all; `uses` is one number, or one a person of the whole input.
    """

    name: str
    at_most: float
    uses: Any = 1.0
    people: Sequence[int] | None = None
    pools: Sequence[int] | None = None


def place_within_limits(found: Candidates, rank: Ints, limits: Sequence[Limit]) -> tuple[Ints, bool]:
    """Return the pool of each person, -1 for none, and whether the optimum is proved.

    Level by level from the most severe, the weight of those placed (n for the first in the order, 1 for the last) is
    maximised and held, then the cost is minimised. With limits that use unequal amounts the order is a weight, not a
    right: two small uses may take the place of one large. Each person is offered the 40 nearest pools.
    """
    arcs = found.nearest(_OFFERED, among=np.arange(len(rank)))
    n, n_pools, n_arcs = len(rank), len(found.free), len(arcs.person)
    if not n_arcs:
        return np.full(n, -1, dtype=np.int64), True
    model = _Model(n_arcs)
    model.rows(arcs.person, np.ones(n_arcs), np.ones(n))
    model.rows(arcs.pool, np.ones(n_arcs), found.free.astype(np.float64), n=n_pools)
    for limit in limits:
        model.row(_uses(limit, arcs, n), limit.at_most)
    exact, values = True, np.zeros(n_arcs)
    for level in np.unique(found.level)[::-1]:
        weight = np.where(found.level[arcs.person] == level, n - rank[arcs.person], 0).astype(np.float64)
        if weight.any():
            exact &= model.minimise(-weight)
            values = model.values()
            model.row(
                -weight, -float((weight * values).sum()) + 0.5
            )  # whole weights: half of one is slack enough
    exact &= model.minimise(found.cost_at(arcs.person, arcs.pool))
    values = model.values()
    pool = np.full(n, -1, dtype=np.int64)
    pool[arcs.person[values > 0.5]] = arcs.pool[values > 0.5]
    return pool, exact


def _uses(limit: Limit, arcs: Arcs, n: int) -> Floats:
    uses = np.broadcast_to(np.asarray(limit.uses, dtype=np.float64), (n,))[arcs.person].copy()
    if (uses < 0).any() or not np.isfinite(uses).all() or limit.at_most < 0:
        raise ValueError(
            f"limit {limit.name!r} must have finite uses and at_most of 0 or more. Got {limit!r}."
        )
    if limit.people is not None:
        uses[~np.isin(arcs.person, np.asarray(limit.people))] = 0
    if limit.pools is not None:
        uses[~np.isin(arcs.pool, np.asarray(limit.pools))] = 0
    return uses


class _Model:
    """A HiGHS model with one yes-or-no column an arc."""

    def __init__(self, n_arcs: int) -> None:
        self._n = n_arcs
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        self._highs.silent()
        self._highs.setOptionValue("threads", 1)
        self._highs.setOptionValue("random_seed", 0)
        self._highs.setOptionValue("time_limit", _SECONDS)
        self._highs.setOptionValue("mip_rel_gap", 0.0)
        self._highs.addVars(n_arcs, np.zeros(n_arcs), np.ones(n_arcs))
        columns = np.arange(n_arcs, dtype=np.int32)
        kinds = np.full(n_arcs, highspy.HighsVarType.kInteger)
        self._highs.changeColsIntegrality(n_arcs, columns, kinds)

    def rows(self, of: Ints, uses: Floats, at_most: Floats, *, n: int | None = None) -> None:
        """Add one row a value of `of`: the uses of its arcs stay at or below its entry of `at_most`."""
        n = len(at_most) if n is None else n
        order = np.argsort(of, kind="stable").astype(np.int32)
        starts = np.searchsorted(of[order], np.arange(n)).astype(np.int32)
        self._highs.addRows(n, np.full(n, -np.inf), at_most, len(order), starts, order, uses[order])

    def row(self, uses: Floats, at_most: float) -> None:
        """Add one row over all arcs that use something."""
        at = np.flatnonzero(uses).astype(np.int32)
        self._highs.addRow(-np.inf, float(at_most), len(at), at, uses[at])

    def minimise(self, cost: Floats) -> bool:
        """Solve for the least cost; return whether the optimum is proved."""
        self._highs.changeColsCost(self._n, np.arange(self._n, dtype=np.int32), cost)
        self._highs.run()
        return bool(self._highs.getModelStatus() == highspy.HighsModelStatus.kOptimal)

    def values(self) -> Floats:
        """Return the columns of the best solution found."""
        return np.asarray(self._highs.getSolution().col_value, dtype=np.float64)
