"""Which bed suits whom, and what it costs to bring them there: the checked table that all steps share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lianfang.optimise.beds import BedPools, PlacementRules, Waiting

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_FULL_STEPS = 4  # the load of a pool rises in so many steps


@dataclass(frozen=True, kw_only=True)
class Arcs:
    """Pairs of person (or people alike) and pool that are looked at."""

    person: Ints
    pool: Ints


@dataclass(frozen=True, kw_only=True)
class Alike:
    """People by likeness: which class each is of, and the position of the first by id of each class."""

    which: Ints
    first: Ints


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """People by pools, worked out where it is looked at; people of one level and cohort form a group.

    `by_id` and `pool_by_id` order people and pools by their ids, which settles ties the same way whatever the order of rows. `kinds` are the
    pools of the right level and cohort for each group, free or not; `takers` the group of each person.
    """

    level: Ints
    by_id: Ints
    pool_by_id: Ints
    takers: Ints
    kinds: tuple[Ints, ...]
    facility: Ints
    pool_level: Ints
    free: Ints
    usable: Ints
    km: Floats
    rules: "PlacementRules"

    def costs(self, people: Ints, pools: Ints) -> Floats:
        """Return the cost in kilometres of `people`, all of one group, by `pools`, infinite where out of reach."""
        if not len(people):
            return np.zeros((0, len(pools)))
        level = int(self.level[people[0]])
        table = self.km[np.ix_(people, self.facility[pools])]
        reach = self.rules.farthest_km.get(level, np.inf)
        table = np.where(table <= reach, table, np.inf)
        return np.asarray(table + self.rules.up_km * (self.pool_level[pools] - level))

    def open_to(self, group: int) -> Ints:
        """Return the pools of the right kind for a group that have a free bed."""
        pools = self.kinds[group]
        return pools[self.free[pools] > 0]

    def cost_at(self, people: Ints, pools: Ints) -> Floats:
        """Return the cost of each person in the pool beside it."""
        above = self.pool_level[pools] - self.level[people]
        return np.asarray(self.km[people, self.facility[pools]] + self.rules.up_km * above)

    def groups(self, people: Ints) -> list[tuple[int, Ints]]:
        """Return `people` by group."""
        if not len(people):
            return []
        order = people[np.argsort(self.takers[people], kind="stable")]
        found, starts = np.unique(self.takers[order], return_index=True)
        return list(zip(found.tolist(), np.split(order, starts[1:]), strict=True))

    def alike(self, people: Ints) -> Alike:
        """Return which of `people` are of one group with the same distances throughout."""
        order = np.argsort(self.by_id[people])
        rows = np.column_stack((self.takers[people], self.km[people]))[order]
        as_bytes = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1])))
        _, first, which = np.unique(as_bytes.ravel(), return_index=True, return_inverse=True)
        found = np.empty(len(people), dtype=np.int64)
        found[order] = which
        return Alike(which=found, first=order[first])

    def offers(self) -> tuple[Ints, Arcs]:
        """Return a number for people to whom the same pools are open, and the arcs from each number to its pools."""
        alike = np.zeros(len(self.level), dtype=np.int64)
        numbers, pools, n = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)], 0
        for group, members in self.groups(np.arange(len(self.level))):
            columns = self.open_to(group)
            in_reach = np.isfinite(self.costs(members, columns))
            packed = np.packbits(in_reach, axis=1)
            _, first, which = np.unique(packed, axis=0, return_index=True, return_inverse=True)
            # In the order of ids, so that the solver meets the same problem whatever the order of rows.
            least = np.full(len(first), len(alike), dtype=np.int64)
            np.minimum.at(least, which.ravel(), self.by_id[members])
            place = np.argsort(np.argsort(least))
            alike[members] = n + place[which.ravel()]
            rows, at = np.nonzero(in_reach[first[np.argsort(least)]])
            numbers.append(n + rows)
            pools.append(columns[at])
            n += len(first)
        number, pool = np.concatenate(numbers), np.concatenate(pools)
        order = np.lexsort((self.pool_by_id[pool], number))
        return alike, Arcs(person=number[order], pool=pool[order])

    def nearest(self, k: int, *, among: Ints) -> Arcs:
        """Return the arcs of the people `among` to the `k` cheapest pools with a free bed for each."""
        people, pools = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for group, members in self.groups(among):
            columns = self.open_to(group)
            cost = self.costs(members, columns)
            chosen = np.isfinite(cost)
            if k < len(columns):
                chosen &= cost <= np.partition(cost, k - 1, axis=1)[:, k - 1, None]
            rows, at = np.nonzero(chosen)
            people.append(members[rows])
            pools.append(columns[at])
        return self.sorted(Arcs(person=np.concatenate(people), pool=np.concatenate(pools)))

    def sorted(self, *arcs: Arcs) -> Arcs:
        """Return all arcs once, in the order of ids."""
        person = np.concatenate([each.person for each in arcs])
        pool = np.concatenate([each.pool for each in arcs])
        key = np.sort(self.by_id[person] * max(1, len(self.free)) + self.pool_by_id[pool])
        key = key[np.diff(key, prepend=-1) > 0]
        by_person, by_pool = np.divmod(key, max(1, len(self.free)))
        return Arcs(person=np.argsort(self.by_id)[by_person], pool=np.argsort(self.pool_by_id)[by_pool])

    def steps(self) -> tuple[Ints, Ints, Floats]:
        """Return the free beds of each pool in steps of rising load: pool, beds, cost of each in kilometres."""
        n = len(self.free)
        cuts = np.linspace(np.zeros(n), self.free, _FULL_STEPS + 1, axis=0)
        beds = np.diff(np.floor(cuts).astype(np.int64), axis=0).ravel()
        pool = np.tile(np.arange(n), _FULL_STEPS)
        usable = np.maximum(np.maximum(self.usable, self.free), 1)
        filled = (usable - self.free + cuts[:-1]) / usable
        kept = beds > 0
        return (
            pool[kept].astype(np.int64),
            beds[kept].astype(np.int64),
            (self.rules.load_km * filled).ravel()[kept],
        )


def find_candidates(waiting: "Waiting", pools: "BedPools", km: Any, rules: "PlacementRules") -> Candidates:
    """Check the input and work out the table."""
    level = _whole("waiting.level", waiting.level)
    n = len(level)
    for name in ("id", "area", "cohort", "waited"):
        _same_length(f"waiting.{name}", getattr(waiting, name), n)
    _finite("waiting.waited", waiting.waited)
    facility, pool_level = _whole("pools.facility", pools.facility), _whole("pools.level", pools.level)
    free, usable = _whole("pools.free", pools.free), _whole("pools.usable", pools.usable)
    for name in ("id", "level", "free", "usable", "takes"):
        _same_length(f"pools.{name}", getattr(pools, name), len(facility))
    distance = _distances(km, n, facility)
    _unique("waiting.id", waiting.id)
    _unique("pools.id", pools.id)

    cohorts, cohort = np.unique(np.array([str(c) for c in waiting.cohort], dtype=str), return_inverse=True)
    takers, kinds = np.zeros(n, dtype=np.int64), []
    for number, (need, c) in enumerate(np.unique(np.stack((level, cohort), axis=1), axis=0).tolist()):
        takers[(level == need) & (cohort == c)] = number
        takes = np.array([not t or str(cohorts[c]) in t for t in pools.takes], dtype=np.bool_)
        right = takes & (pool_level >= need) & (pool_level <= need + rules.levels_up)
        kinds.append(np.flatnonzero(right).astype(np.int64))
    return Candidates(
        level=level,
        by_id=_order(waiting.id),
        pool_by_id=_order(pools.id),
        takers=takers,
        kinds=tuple(kinds),
        facility=facility,
        pool_level=pool_level,
        free=free,
        usable=usable,
        km=distance,
        rules=rules,
    )


def _whole(name: str, values: Any) -> Ints:
    array = np.asarray(values)
    if array.size == 0:
        return np.zeros(0, dtype=np.int64)
    bad = ~np.isfinite(array.astype(np.float64)) | (array.astype(np.float64) < 0)
    bad |= array.astype(np.float64) != np.floor(array.astype(np.float64))
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        raise ValueError(f"{name}[{at}] must be a whole number of 0 or more. Got {array[at]!r}.")
    return array.astype(np.int64)


def _finite(name: str, values: Any) -> None:
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        at = int(np.flatnonzero(~np.isfinite(array))[0])
        raise ValueError(f"{name}[{at}] must be a finite number of hours. Got {array[at]!r}.")


def _same_length(name: str, values: Any, n: int) -> None:
    if len(values) != n:
        raise ValueError(f"{name} must have {n} entries, as many as the others. Got {len(values)}.")


def _order(ids: Any) -> Ints:
    """Return the place of each id in the order of all."""
    place = np.empty(len(ids), dtype=np.int64)
    place[np.argsort(np.array([str(one) for one in ids], dtype=str), kind="stable")] = np.arange(len(ids))
    return place


def _unique(name: str, values: Any) -> None:
    seen: set[str] = set()
    for one in map(str, values):
        if one in seen:
            raise ValueError(f"{name} must name each once. Got {one!r} twice.")
        seen.add(one)


def _distances(km: Any, n: int, facility: Ints) -> Floats:
    table = np.asarray(km, dtype=np.float64)
    needed = int(facility.max(initial=-1)) + 1
    if n == 0 and table.size == 0:
        return np.zeros((0, needed))
    if table.ndim != 2 or table.shape[0] != n or table.shape[1] < needed:
        raise ValueError(
            f"km must be a table of {n} people by at least {needed} facilities. Got {table.shape}."
        )
    if (table < 0).any():  # NaN is no way, as infinity is
        where = tuple(int(i) for i in np.argwhere(table < 0)[0])
        raise ValueError(f"km{list(where)} must be 0 or more. Got {table[where]!r}.")
    return np.where(np.isnan(table), np.inf, table)
