"""Bed assignment: 5,000 people and 500 hospitals beside a plain HiGHS linear programme of the same problem.

    python benchmarks/beds_assignment.py

The plain programme, which is the one that is timed, gets each person's 20 nearest pools (all pools are some two million
columns) and a fine of 10,000 kilometres for leaving somebody without a bed. It knows no order of precedence: with too few
beds it serves whoever lives near. What the cost here is compared with is the least at which just the people of the plan
can be brought to a bed: the same programme for these people, to which columns are added until no pool that is left
out could lower it, so that it is the optimum over all pools. Loads are left out on all sides, so that costs are of one kind.
"""

import sys
from pathlib import Path

import highspy
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from lianfang.optimise import BedPools, PlacementRules, Waiting, assign_beds
from measuring import Table, clock

FINE = 1e4
NEAREST = 20
RULES = PlacementRules(load_km=0)


def make_problem(n, facilities, beds_per_person, seed=1):
    rng = np.random.default_rng(seed)
    level = rng.choice(4, n, p=[0.40, 0.40, 0.15, 0.05])
    people, hospitals = rng.random((n, 2)) * 300, rng.random((facilities, 2)) * 300
    km = np.hypot(*(people[:, None] - hospitals[None]).transpose(2, 0, 1))
    pools = [(j, one) for j in range(facilities) for one in range(4)]
    share = np.array([0.40, 0.36, 0.18, 0.06])
    free = rng.poisson([share[one] * n / facilities * beds_per_person for _, one in pools])
    waiting = Waiting(
        id=[f"p{i:06}" for i in range(n)],
        level=level,
        area=[f"{int(x // 75)}-{int(y // 75)}" for x, y in people],
        waited=rng.random(n) * 72,
        cohort=[""] * n,
    )
    beds = BedPools(
        id=[f"{j}-{one}" for j, one in pools],
        facility=[j for j, _ in pools],
        level=[one for _, one in pools],
        free=free,
        usable=free * 3 + 1,
        takes=[frozenset()] * len(pools),
    )
    return waiting, beds, km


def costs_of(waiting, beds, km):
    """Return the kilometres of each person to each pool, infinite where the bed is of another kind or none is free."""
    above = np.asarray(beds.level)[None] - np.asarray(waiting.level)[:, None]
    suits = (above >= 0) & (above <= 1) & (beds.free > 0)
    return np.where(suits, km[:, np.asarray(beds.facility)] + RULES.up_km * above, np.inf)


def nearest(cost):
    """Return the arcs of each person to their nearest pools, as a mask."""
    chosen = np.zeros(cost.shape, dtype=bool)
    np.put_along_axis(chosen, np.argpartition(cost, NEAREST, axis=1)[:, :NEAREST], True, axis=1)
    return chosen & np.isfinite(cost)


def by_linear_programme(cost, free, chosen):
    """Return who is placed, the kilometres with fines, and the prices of people and pools, of the programme on the chosen arcs."""
    n, m = cost.shape
    person, pool = np.nonzero(chosen)
    k = len(person)
    highs = highspy.Highs()
    highs.silent()
    highs.setOptionValue("threads", 1)
    highs.addVars(k + n, np.zeros(k + n), np.full(k + n, np.inf))
    costs = np.concatenate((cost[person, pool], np.full(n, FINE)))
    highs.changeColsCost(k + n, np.arange(k + n, dtype=np.int32), costs)
    rows = np.concatenate((person, np.arange(n), n + pool))
    columns = np.concatenate((np.arange(k), k + np.arange(n), np.arange(k)))
    order = np.argsort(rows, kind="stable")
    starts = np.searchsorted(rows[order], np.arange(n + m)).astype(np.int32)
    lower = np.concatenate((np.ones(n), np.full(m, -np.inf)))
    upper = np.concatenate((np.ones(n), free.astype(float)))
    highs.addRows(
        n + m, lower, upper, len(order), starts, columns[order].astype(np.int32), np.ones(len(order))
    )
    highs.run()
    solution = highs.getSolution()
    value, price = np.asarray(solution.col_value), np.asarray(solution.row_dual)
    placed = np.bincount(person, weights=value[:k], minlength=n) > 0.5
    return placed, float((value * costs).sum()), price[:n], price[n:]


def least_cost(cost, free, pool):
    """Return the least kilometres at which everybody here reaches a bed, over all pools; `pool` is a plan that does."""
    chosen = nearest(cost)
    chosen[np.arange(len(pool)), pool] = True
    while True:
        placed, total, of_person, of_pool = by_linear_programme(cost, free, chosen)
        gains = cost - of_person[:, None] - of_pool[None] < -1e-6
        if not (gains & ~chosen).any():
            assert placed.all()
            return total
        chosen |= gains


def measure(quick=False):
    sizes = [(500, 50)] if quick else [(500, 50), (5000, 500), (20000, 500)]
    table = Table(
        "Bed assignment, CPU seconds and kilometres",
        *("people x hospitals", "beds a person", "here", "HiGHS LP", "LP / here", "placed here", "placed LP"),
        *("severe and critical placed here", "the same, LP", "km here", "least km for these people"),
        "here / least",
    )
    for n, facilities in sizes:
        for beds_per_person in (1.6, 0.7):
            waiting, beds, km = make_problem(n, facilities, beds_per_person)
            severe = np.asarray(waiting.level) >= 2
            with clock() as ours:
                plan = assign_beds(waiting, beds, km, rules=RULES)
            with clock() as theirs:
                cost = costs_of(waiting, beds, km)
                plain = by_linear_programme(cost, beds.free, nearest(cost))[0]
            at = np.flatnonzero(plan.placed)
            least = least_cost(cost[at], beds.free, plan.pool[at]) if n <= 5000 else None
            table.row(
                *(f"{n:,} x {facilities}", beds_per_person, ours.cpu, theirs.cpu, theirs.cpu / ours.cpu),
                *(len(at), int(plain.sum()), int(plan.placed[severe].sum()), int(plain[severe].sum())),
                *(plan.cost, least, least and f"{plan.cost / least:.6f}"),
            )


if __name__ == "__main__":
    measure("--quick" in sys.argv)
