"""Bed assignment: 5,000 people and 500 hospitals beside a plain HiGHS linear programme of the same problem.

    python benchmarks/beds_assignment.py

The linear programme gets each person's 20 nearest pools (all pools are some two million columns) and a fine of 10,000
kilometres for leaving somebody without a bed; it knows no order of precedence. Loads are left out on both sides, so
that the costs are of one kind.
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


def by_linear_programme(waiting, beds, km):
    """Return the number placed and the kilometres of the plain programme."""
    level, facility = np.asarray(beds.level), np.asarray(beds.facility)
    above = level[None] - np.asarray(waiting.level)[:, None]
    cost = np.where(
        (above >= 0) & (above <= 1) & (beds.free > 0), km[:, facility] + RULES.up_km * above, np.inf
    )
    near = np.argpartition(cost, NEAREST, axis=1)[:, :NEAREST]
    person = np.repeat(np.arange(len(near)), NEAREST)
    pool = near.ravel()
    kept = np.isfinite(cost[person, pool])
    person, pool = person[kept], pool[kept]
    n, m, k = len(near), len(facility), len(person)
    highs = highspy.Highs()
    highs.silent()
    highs.setOptionValue("threads", 1)
    highs.addVars(k + n, np.zeros(k + n), np.ones(k + n))
    costs = np.concatenate((cost[person, pool], np.full(n, FINE)))
    highs.changeColsCost(k + n, np.arange(k + n, dtype=np.int32), costs)
    rows = np.concatenate((person, np.arange(n), n + pool))
    columns = np.concatenate((np.arange(k), k + np.arange(n), np.arange(k)))
    order = np.argsort(rows, kind="stable")
    starts = np.searchsorted(rows[order], np.arange(n + m)).astype(np.int32)
    lower = np.concatenate((np.ones(n), np.full(m, -np.inf)))
    upper = np.concatenate((np.ones(n), beds.free.astype(float)))
    highs.addRows(
        n + m, lower, upper, len(order), starts, columns[order].astype(np.int32), np.ones(len(order))
    )
    highs.run()
    value = np.asarray(highs.getSolution().col_value)
    return round(value[:k].sum()), float((value[:k] * costs[:k]).sum())


def measure(quick=False):
    sizes = [(500, 50)] if quick else [(500, 50), (5000, 500), (20000, 500)]
    table = Table(
        "Bed assignment, CPU seconds",
        *("people x hospitals", "beds a person", "here", "HiGHS LP", "LP / here", "placed here", "placed LP"),
        *("km here", "km LP"),
    )
    for n, facilities in sizes:
        for beds_per_person in (1.6, 0.7):
            problem = make_problem(n, facilities, beds_per_person)
            with clock() as ours:
                plan = assign_beds(*problem, rules=RULES)
            with clock() as theirs:
                placed, cost = by_linear_programme(*problem)
            ratio = theirs.cpu / ours.cpu
            counts = (int(plan.placed.sum()), placed)
            table.row(
                f"{n:,} x {facilities}",
                beds_per_person,
                ours.cpu,
                theirs.cpu,
                ratio,
                *counts,
                plan.cost,
                cost,
            )


if __name__ == "__main__":
    measure("--quick" in sys.argv)
