"""Why somebody got this bed, or none: read off the plan, so that each proposal can be checked by hand."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lianfang.optimise.candidates import Candidates

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_SAME = 1e-9


class Reason(StrEnum):
    """The one reason that decided."""

    NEAREST = "nearest"  # the cheapest bed that suits
    NEARER_FULL = "nearer_full"  # cheaper ones are given to others, who thereby all find a place
    NO_SUCH_BED = "no_such_bed"  # no bed of this kind and cohort exists, free or not
    NONE_FREE = "none_free"  # beds of the kind exist within reach; none was free to begin with
    OUT_OF_REACH = "out_of_reach"  # beds of the kind are beyond the farthest transport, or there is no way
    BEDS_TAKEN = "beds_taken"  # every bed that suits went to somebody before them in the order
    LIMIT = "limit"  # a limit (ambulances, hours of staff) was used up


@dataclass(frozen=True, kw_only=True)
class WhyPlaced:
    """Why this pool: its cost, and the cheaper pools that were full, with who lies there now by this plan."""

    reason: Reason
    cost: float
    cheaper: tuple[int, ...]  # pools
    instead: tuple[int, ...]  # people of this plan in those pools


@dataclass(frozen=True, kw_only=True)
class WhyNot:
    """Why no bed. `pools` are all beds they or those they compete with could use; `people` those who fill them.

    With `beds_taken` this is a proof: so many beds, all filled, each by somebody who comes earlier in the order and
    has no other place to go.
    """

    reason: Reason
    pools: tuple[int, ...]
    people: tuple[int, ...]


def _reached(found: Candidates, pool: Ints, start: Bools) -> tuple[Bools, Bools]:
    """Return the people and pools reached from `start` by going to a pool that suits and to those who lie there."""
    people, pools = start.copy(), np.zeros(len(found.free), dtype=np.bool_)
    fresh = np.flatnonzero(start)
    while len(fresh):
        before = pools.copy()
        for group, members in found.groups(fresh):
            columns = found.open_to(group)
            columns = columns[~pools[columns]]
            pools[columns[np.isfinite(found.costs(members, columns)).any(axis=0)]] = True
        lies_there = np.zeros(len(pool), dtype=np.bool_)
        placed = np.flatnonzero(pool >= 0)
        lies_there[placed] = (pools & ~before)[pool[placed]]
        fresh = np.flatnonzero(lies_there & ~people)
        people[fresh] = True
    return people, pools


def _own_costs(found: Candidates, person: int, pools: Ints) -> Floats:
    return np.asarray(found.costs(np.array([person]), pools)[0])


def why_placed(found: Candidates, pool: Ints, rank: Ints, person: int) -> WhyPlaced:
    """Return why the person lies where the plan puts them."""
    could = found.open_to(int(found.takers[person]))
    cost = _own_costs(found, person, could)
    mine = float(found.cost_at(np.array([person]), pool[[person]])[0])
    order = np.argsort(cost, kind="stable")
    cheaper = could[order][cost[order] < mine - _SAME]
    instead = np.flatnonzero(np.isin(pool, cheaper))
    return WhyPlaced(
        reason=Reason.NEARER_FULL if cheaper.size else Reason.NEAREST,
        cost=mine,
        cheaper=tuple(cheaper.tolist()),
        instead=tuple(instead[np.argsort(rank[instead], kind="stable")].tolist()),
    )


def why_not(found: Candidates, pool: Ints, rank: Ints, person: int, *, has_limits: bool) -> WhyNot:
    """Return why the person has no bed, with the beds and the people that prove it."""
    right = found.kinds[int(found.takers[person])]
    if not right.size:
        return WhyNot(reason=Reason.NO_SUCH_BED, pools=(), people=())
    reachable = right[np.isfinite(_own_costs(found, person, right))]
    if not reachable.size:
        return WhyNot(reason=Reason.OUT_OF_REACH, pools=tuple(right.tolist()), people=())
    if not found.free[reachable].any():
        return WhyNot(reason=Reason.NONE_FREE, pools=tuple(reachable.tolist()), people=())
    start = np.zeros(len(pool), dtype=np.bool_)
    start[person] = True
    people, pools = _reached(found, pool, start)
    lying = np.bincount(pool[pool >= 0], minlength=len(found.free))
    in_the_way = np.flatnonzero(people & (pool >= 0))
    has_room = bool((pools & (lying < found.free)).any() or (rank[in_the_way] > rank[person]).any())
    return WhyNot(
        reason=Reason.LIMIT if has_limits and has_room else Reason.BEDS_TAKEN,
        pools=tuple(np.flatnonzero(pools).tolist()),
        people=tuple(in_the_way[np.argsort(rank[in_the_way], kind="stable")].tolist()),
    )
