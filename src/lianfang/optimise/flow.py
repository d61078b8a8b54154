"""The two minimum-cost flows of bed assignment, solved by OR-Tools: whom the order serves, and at the least cost."""

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

from lianfang.optimise.candidates import Arcs, Candidates

Ints = NDArray[np.int64]
_Table = tuple[Ints, Ints, Ints]  # people of a group, pools open to them, costs

_PER_KM = 100  # flow costs are whole numbers: ten metres
_NEAREST = 20  # pools that each person is offered first
_SHARE = 0.4  # then, in each round of pricing, those that gain more than this share of the best gain
_NO_WAY = 1e9  # kilometres: no price makes this worth while
_FAR = 10**9  # dearer than any chain of moves: the price of a bed where none is to be had


def served(found: Candidates, rank: Ints) -> Ints:
    """Return the pool of each person served when going down the order `rank`, -1 for the others; any pools that do.

    People to whom the same pools are open pass through one node, so that the network stays small.
    """
    n, n_pools = len(rank), len(found.free)
    alike, offers = found.offers()
    if n == 0 or not len(offers.pool):
        return np.full(n, -1, dtype=np.int64)
    n_alike, order = int(alike.max()) + 1, np.argsort(found.by_id)
    person_node, alike_node, pool_node = np.arange(n), n + np.arange(n_alike), n + n_alike + found.pool_by_id
    sink = n + n_alike + n_pools
    pools = np.argsort(found.pool_by_id)
    tail = np.concatenate((person_node, person_node, alike_node[offers.person], pool_node[pools]))
    head = np.concatenate(
        (alike_node[alike[order]], np.full(n, sink), pool_node[offers.pool], np.full(n_pools, sink))
    )
    one = np.ones(n, dtype=np.int64)
    capacity = np.concatenate((one, one, found.free[offers.pool], found.free[pools]))
    # Going without costs n for the first in the order, 1 for the last; a place costs nothing.
    free_of_cost = np.zeros(n, dtype=np.int64)
    rest = np.zeros(len(offers.pool) + n_pools, dtype=np.int64)
    cost = np.concatenate((free_of_cost, n - rank[order], rest))
    supply = np.zeros(sink + 1, dtype=np.int64)
    supply[:n], supply[sink] = 1, -n
    flows = _solve(tail, head, capacity, cost, supply)
    placed = np.sort(order[flows[:n] > 0])
    pool = np.full(n, -1, dtype=np.int64)
    beds = flows[2 * n : 2 * n + len(offers.pool)]
    for group in np.unique(alike[placed]):
        mine = placed[alike[placed] == group]
        here = offers.person == group
        pool[mine[np.argsort(found.by_id[mine])]] = np.repeat(offers.pool[here], beds[here])
    return pool


def cheapest(found: Candidates, pool: Ints) -> Ints:
    """Return the pools of the people who are placed by `pool` at the least total cost, -1 for the others.

    People who are alike (the same kind of bed, the same distances) are one node, so that places without coordinates,
    or many patients of one town, do not fill the network with ties. Each is offered the nearest pools first. The
    prices of beds at the optimum (what it costs, by a chain of moves, to free one more) then tell which of the pools
    not offered would make the plan cheaper; they are offered and the plan is made again, until none is left (column
    generation: Ford and Fulkerson 1958, Manage Sci 5:97). So the plan is the cheapest over the whole table.
    """
    people = np.flatnonzero(pool >= 0)
    if not len(people):
        return pool
    alike = found.alike(people)
    first = people[alike.first]  # one of each stands for all
    given = Arcs(person=first[alike.which], pool=pool[people])
    arcs = found.sorted(found.nearest(_NEAREST, among=first), given)
    tables = [
        (members, columns, _whole(np.minimum(found.costs(members, columns), _NO_WAY)))
        for group, members in found.groups(first)
        if len(columns := found.open_to(group))
    ]
    size = np.zeros(len(pool), dtype=np.int64)
    size[first] = np.bincount(alike.which)
    while True:
        flows, price, worth = _plan(found, size, arcs)
        cheaper = _cheaper(price, worth, tables)
        if not len(cheaper.person):
            break
        arcs = found.sorted(arcs, cheaper)
    cheapest_pool = np.full(len(pool), -1, dtype=np.int64)
    # Among those alike in the order of ids; the arcs are in the order of the ids of `first`, then of pools.
    order = np.lexsort((found.by_id[people], found.by_id[given.person]))
    cheapest_pool[people[order]] = np.repeat(arcs.pool, flows)
    return cheapest_pool


def _whole(km: NDArray[np.float64]) -> Ints:
    return np.asarray(np.rint(km * _PER_KM), dtype=np.int64)


def _plan(found: Candidates, size: Ints, arcs: Arcs) -> tuple[Ints, Ints, Ints]:
    """Return how many go by each arc at the least cost, the price of one more bed in each pool, and what a bed costs each person.

    `size` is how many people each person stands for, 0 for those who take no part.
    """
    n, n_pools = len(found.level), len(found.free)
    step_pool, beds, load = found.steps()
    load_cost = _whole(load)
    sink = n + n_pools
    cost = _whole(found.cost_at(arcs.person, arcs.pool))
    supply = np.zeros(sink + 1, dtype=np.int64)
    supply[found.by_id], supply[sink] = size, -size.sum()
    flows = _solve(
        np.concatenate((found.by_id[arcs.person], n + found.pool_by_id[step_pool])),
        np.concatenate((n + found.pool_by_id[arcs.pool], np.full(len(step_pool), sink))),
        np.concatenate((size[arcs.person], beds)),
        np.concatenate((cost, load_cost)),
        supply,
    )
    flows, steps_used = flows[: len(arcs.person)], flows[len(arcs.person) :]
    price = np.full(n_pools, _FAR, dtype=np.int64)
    spare = steps_used < beds
    np.minimum.at(price, step_pool[spare], load_cost[spare])
    used = flows > 0
    while True:  # a bed is freed where somebody who lies there moves on to another
        before, worth = price.copy(), np.full(n, 2 * _FAR, dtype=np.int64)
        np.minimum.at(worth, arcs.person, cost + price[arcs.pool])
        np.minimum.at(price, arcs.pool[used], worth[arcs.person[used]] - cost[used])
        if (price == before).all():
            return flows, price, worth


def _cheaper(price: Ints, worth: Ints, tables: list[_Table]) -> Arcs:
    """Return the arcs, the best few of each person, that at these prices cost less than the bed they have."""
    persons, pools = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for members, columns, cost in tables:
        gain = cost + price[columns]
        gain -= worth[members, None]
        best = gain.min(axis=1, initial=0)
        rows = np.flatnonzero(best < -1)  # one unit, ten metres, is rounding
        row, at = np.nonzero(gain[rows] < np.minimum(_SHARE * best[rows], -1)[:, None])
        persons.append(members[rows[row]])
        pools.append(columns[at])
    return Arcs(person=np.concatenate(persons), pool=np.concatenate(pools))


def _solve(tail: Ints, head: Ints, capacity: Ints, cost: Ints, supply: Ints) -> Ints:
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(tail, head, capacity, cost)
    solver.set_nodes_supplies(np.arange(len(supply)), supply)
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise RuntimeError(f"the flow was not solved: {status}")
    return np.asarray(solver.flows(arcs), dtype=np.int64)
