"""Beds: who goes where, by severity, waiting, fairness between areas, kind of bed, cohort, distance and load.

The order of precedence is total: the more severe first; within a severity, areas take turns so that equal shares of
each area's waiting are served; within an area, the longest waiting first. The sets of people who can be placed at the
same time form a transversal matroid (Edmonds and Fulkerson 1965, J Res NBS 69B:147), and in a matroid the set found by
going down any order is also the one of greatest weight for any weights that fall with it (Rado 1957, Proc LMS 3/7:300).
So one minimum-cost flow with the weights n, n-1, ..., 1 finds exactly whom the order serves, and taking turns by
shares makes that set lexicographically fair between areas (Fujishige 1980, Math Oper Res 5:186). A second flow places
just these people at the least cost. Both are integral and give the same plan for the same input in any order of rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lianfang.optimise.candidates import Candidates, find_candidates
from lianfang.optimise.flow import cheapest, served
from lianfang.optimise.limits import Limit, place_within_limits
from lianfang.optimise.reasons import WhyNot, WhyPlaced, why_not, why_placed

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """People who wait for a bed; all sequences are equally long, one entry a person.

    `level` is the care needed on a ladder (0 isolation, 1 ordinary, 2 severe, 3 critical, or a site's own), `area` the
    area among which fairness is kept, `waited` hours, `cohort` what decides who may share a room ("confirmed, female").
    """

    id: Sequence[Any]
    level: Any
    area: Sequence[Any]
    waited: Any
    cohort: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class BedPools:
    """Free beds that are alike: one entry a facility, level and cohort; pools are disjoint.

    `facility` is the column of the distance table, `free` the beds that can be given now, `usable` all beds staffed
    and in order (for the load), `takes` the cohorts that may lie there: an empty set takes anyone.
    """

    id: Sequence[Any]
    facility: Any
    level: Any
    free: Any
    usable: Any
    takes: Sequence[frozenset[str]]


@dataclass(frozen=True, kw_only=True)
class PlacementRules:
    """What counts in placing, in kilometres of transport where it is a cost.

    `levels_up`: how many levels above the need a bed may be. `up_km`: what a level above costs. `load_km`: what the
    last bed of a full pool costs more than the first of an empty one. `farthest_km`: no transport beyond, by level of
    need; absent means no bound.
    """

    levels_up: int = 1
    up_km: float = 50.0
    load_km: float = 20.0
    farthest_km: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BedPlan:
    """A proposal: the pool of each person, or -1, in the order of the input; with what it takes to explain it.

    `rank` is each person's place in the order of precedence (0 first), `km` the transport, `up` the levels above need,
    `shares` per area and level: waiting, placed. `is_exact` is False only where limits stopped the solver early.
    """

    waiting: Waiting
    pools: BedPools
    rules: PlacementRules
    pool: Ints
    rank: Ints
    km: Floats
    up: Ints
    cost: float
    is_exact: bool
    candidates: Candidates = field(repr=False)
    limits: tuple[Limit, ...] = ()

    @property
    def placed(self) -> NDArray[np.bool_]:
        """Who is placed."""
        return np.asarray(self.pool >= 0)

    def why(self, person: int) -> WhyPlaced | WhyNot:
        """Return the reason for the place, or for no place, of the person in row `person`."""
        if self.pool[person] >= 0:
            return why_placed(self.candidates, self.pool, self.rank, person)
        return why_not(self.candidates, self.pool, self.rank, person, has_limits=bool(self.limits))

    def shares(self) -> pl.DataFrame:
        """Return, per area and level of need, how many waited and how many are placed."""
        frame = pl.DataFrame(
            {
                "area": [str(area) for area in self.waiting.area],
                "level": self.candidates.level,
                "placed": self.placed,
            }
        )
        counted = frame.group_by("area", "level").agg(pl.len().alias("waiting"), pl.col("placed").sum())
        return counted.sort("level", "area", descending=[True, False])

    def to_polars(self) -> pl.DataFrame:
        """Return one row a person: id, pool, kilometres, levels up, rank and the code of the reason."""
        ids = [str(self.pools.id[p]) if p >= 0 else None for p in self.pool]
        return pl.DataFrame(
            {
                "person": [str(one) for one in self.waiting.id],
                "pool": pl.Series(ids, dtype=pl.String),
                "km": self.km,
                "up": self.up,
                "rank": self.rank,
                "reason": [str(self.why(i).reason) for i in range(len(ids))],
            }
        )


def assign_beds(
    waiting: Waiting,
    pools: BedPools,
    km: Any,
    *,
    rules: PlacementRules | None = None,
    limits: Sequence[Limit] = (),
) -> BedPlan:
    """Propose who goes to which bed.

    `km` is the table of transport distances, people by facilities; infinite or NaN where there is no way. Whoever can
    be placed without pushing out someone before them in the order is placed; `limits` (ambulances, nurse hours) are
    kept as well, by integer programming. 5,000 people and 500 facilities take about half a second on one core.
    ValueError names the entry where lengths, signs or numbers are wrong.

    >>> waiting = Waiting(id="ab", level=[1, 2], area="xx", waited=[9, 1], cohort=["", ""])
    >>> ward = BedPools(id=["w"], facility=[0], level=[2], free=[1], usable=[9], takes=[frozenset()])
    >>> plan = assign_beds(waiting, ward, [[3.0], [8.0]])
    >>> plan.pool.tolist(), str(plan.why(0).reason)
    ([-1, 0], 'beds_taken')
    """
    rules = rules or PlacementRules()
    found = find_candidates(waiting, pools, km, rules)
    rank = _precedence(found, waiting)
    if limits:
        pool, is_exact = place_within_limits(found, rank, limits)
    else:
        pool, is_exact = cheapest(found, served(found, rank)), True
    at = np.flatnonzero(pool >= 0)
    distance = np.full(len(pool), np.nan)
    distance[at] = found.km[at, found.facility[pool[at]]]
    up = np.zeros(len(pool), dtype=np.int64)
    up[at] = found.pool_level[pool[at]] - found.level[at]
    return BedPlan(
        waiting=waiting,
        pools=pools,
        rules=rules,
        pool=pool,
        rank=rank,
        km=distance,
        up=up,
        cost=float(found.cost_at(at, pool[at]).sum()),
        is_exact=is_exact,
        candidates=found,
        limits=tuple(limits),
    )


def _precedence(found: Candidates, waiting: Waiting) -> Ints:
    """Return each person's place in the order: severity, then turns of areas by share served, then hours waited."""
    n = len(found.level)
    waited = np.asarray(waiting.waited, dtype=np.float64)
    areas = np.unique(
        np.array([str(area) for area in waiting.area], dtype=object).astype(str), return_inverse=True
    )[1]
    group = areas * (found.level.max(initial=0) + 1) + found.level
    # Within an area and level the longest waiting first, then by id, so that the order of rows does not matter.
    inside = np.lexsort((found.by_id, -waited, group))
    starts = np.r_[0, np.flatnonzero(np.diff(group[inside])) + 1]
    sizes = np.diff(np.r_[starts, n])
    turn = np.empty(n)
    turn[inside] = (np.arange(n) - np.repeat(starts, sizes) + 1) / np.repeat(sizes, sizes)
    order = np.lexsort((found.by_id, -waited, turn, -found.level))
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n)
    return rank
