"""Bed assignment against brute force, its own proofs, and the orders of precedence that it promises."""

import doctest
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from lianfang.optimise import BedPools, Limit, PlacementRules, Reason, Waiting, assign_beds, beds

ANY = frozenset()


def world(rng, n=7, facilities=3, *, cohorts=("f", "m"), free_mean=1.0):
    pools = [(j, level, frozenset({c})) for j in range(facilities) for level in range(3) for c in cohorts]
    pools += [(j, level, ANY) for j in range(facilities) for level in range(3)]
    free = rng.poisson(free_mean / 3, len(pools))
    waiting = Waiting(
        id=[f"p{i}" for i in range(n)],
        level=rng.integers(0, 3, n),
        area=rng.choice(["east", "west"], n).tolist(),
        waited=rng.integers(0, 48, n).astype(float),
        cohort=rng.choice(cohorts, n).tolist(),
    )
    beds_ = BedPools(
        id=[f"b{i}" for i in range(len(pools))],
        facility=[j for j, _, _ in pools],
        level=[level for _, level, _ in pools],
        free=free,
        usable=free + 2,
        takes=[takes for _, _, takes in pools],
    )
    km = rng.integers(0, 90, (n, facilities)).astype(float)
    km[rng.random(km.shape) < 0.1] = np.inf
    return waiting, beds_, km


def suitable(waiting, pools, km, rules):
    n, m = len(waiting.id), len(pools.id)
    table = np.full((n, m), np.inf)
    for i, p in itertools.product(range(n), range(m)):
        above = pools.level[p] - waiting.level[i]
        far = km[i, pools.facility[p]]
        fits = not pools.takes[p] or waiting.cohort[i] in pools.takes[p]
        if (
            fits
            and 0 <= above <= rules.levels_up
            and far <= rules.farthest_km.get(int(waiting.level[i]), np.inf)
        ):
            table[i, p] = far + rules.up_km * above
    return table


def beds_one_by_one(table, free):
    return np.repeat(table, free, axis=1), np.repeat(np.arange(table.shape[1]), free)


def can_all_lie(table, people):
    if not people:
        return True
    match = maximum_bipartite_matching(csr_array(np.isfinite(table[people]).astype(int)), perm_type="column")
    return bool((match >= 0).all())


class TestAgainstBruteForce:
    @settings(max_examples=150, deadline=None)
    @given(st.integers(0, 10**6), st.integers(0, 3))
    def test_serves_whom_going_down_the_order_serves_at_the_least_cost(self, seed, up):
        rng = np.random.default_rng(seed)
        waiting, pools, km = world(rng, n=int(rng.integers(1, 10)))
        rules = PlacementRules(levels_up=up, load_km=0, farthest_km={0: 60.0})
        plan = assign_beds(waiting, pools, km, rules=rules)
        table = suitable(waiting, pools, km, rules)
        single, _ = beds_one_by_one(table, pools.free)
        greedy: list[int] = []
        for person in np.argsort(plan.rank):
            if can_all_lie(single, [*greedy, int(person)]):
                greedy.append(int(person))
        assert sorted(greedy) == np.flatnonzero(plan.placed).tolist()
        if greedy:
            cost = np.where(np.isfinite(single[greedy]), single[greedy], 1e9)
            rows, columns = linear_sum_assignment(cost)
            assert plan.cost == pytest.approx(cost[rows, columns].sum(), abs=0.1)

    @settings(max_examples=80, deadline=None)
    @given(st.integers(0, 10**6))
    def test_no_pool_overflows_and_every_place_suits(self, seed):
        rng = np.random.default_rng(seed)
        waiting, pools, km = world(rng, n=30, free_mean=3.0)
        plan = assign_beds(waiting, pools, km)
        lying = np.bincount(plan.pool[plan.placed], minlength=len(pools.id))
        assert (lying <= pools.free).all()
        table = suitable(waiting, pools, km, plan.rules)
        at = np.flatnonzero(plan.placed)
        assert np.isfinite(table[at, plan.pool[at]]).all()

    @settings(max_examples=80, deadline=None)
    @given(st.integers(0, 10**6))
    def test_no_refusal_is_avoidable_and_each_is_proved(self, seed):
        rng = np.random.default_rng(seed)
        waiting, pools, km = world(rng, n=25, free_mean=1.5)
        plan = assign_beds(waiting, pools, km)
        table = suitable(waiting, pools, km, plan.rules)
        for person in np.flatnonzero(~plan.placed):
            why = plan.why(int(person))
            free_and_right = np.isfinite(table[person]) & (pools.free > 0)
            if why.reason is Reason.BEDS_TAKEN:
                # Hall: all beds of the named pools are filled by the named people, who come earlier and fit nowhere else.
                assert len(why.people) == pools.free[list(why.pools)].sum()
                assert all(plan.rank[i] < plan.rank[person] for i in why.people)
                group = [*why.people, int(person)]
                elsewhere = np.setdiff1d(np.flatnonzero(pools.free > 0), why.pools)
                assert not np.isfinite(table[np.ix_(group, elsewhere)]).any()
            else:
                assert not free_and_right.any()

    @settings(max_examples=40, deadline=None)
    @given(st.integers(0, 10**6))
    def test_the_order_of_rows_does_not_matter(self, seed):
        rng = np.random.default_rng(seed)
        waiting, pools, km = world(rng, n=20, free_mean=2.0)
        plan = assign_beds(waiting, pools, km)
        mixed, shuffled = rng.permutation(20), rng.permutation(len(pools.id))
        again = assign_beds(
            Waiting(
                id=[waiting.id[i] for i in mixed],
                level=waiting.level[mixed],
                area=[waiting.area[i] for i in mixed],
                waited=waiting.waited[mixed],
                cohort=[waiting.cohort[i] for i in mixed],
            ),
            BedPools(**{name: [getattr(pools, name)[p] for p in shuffled] for name in vars(pools)}),
            km[mixed],
        )
        place = np.argsort(shuffled)
        assert [place[p] if p >= 0 else -1 for p in plan.pool[mixed]] == again.pool.tolist()
        assert (plan.rank[mixed] == again.rank).all()


def ward(free, level=1, facilities=1):
    n = facilities
    return BedPools(
        id=[f"w{i}" for i in range(n)],
        facility=range(n),
        level=[level] * n,
        free=np.broadcast_to(free, n).tolist(),
        usable=[50] * n,
        takes=[ANY] * n,
    )


def people(area, level=None, waited=None):
    n = len(area)
    return Waiting(
        id=[f"p{i:03}" for i in range(n)],
        level=level or [1] * n,
        area=list(area),
        waited=waited or [0.0] * n,
        cohort=[""] * n,
    )


class TestPrecedence:
    def test_the_more_severe_first_however_long_the_others_waited(self):
        plan = assign_beds(people("aaa", [1, 0, 0], [0, 90, 80]), ward(1), np.ones((3, 1)))
        assert plan.placed.tolist() == [True, False, False]

    def test_areas_are_served_in_equal_shares(self):
        area = ["small"] * 10 + ["large"] * 40
        plan = assign_beds(people(area, waited=[1.0] * 10 + [99.0] * 40), ward(25), np.ones((50, 1)))
        assert plan.shares()["placed"].to_list() == [20, 5]

    def test_within_an_area_the_longest_waiting_first(self):
        plan = assign_beds(people("aaaa", waited=[3, 9, 1, 7]), ward(2), np.ones((4, 1)))
        assert plan.placed.tolist() == [False, True, False, True]

    def test_somebody_moves_further_so_that_another_is_placed_at_all(self):
        km = np.array([[1.0, 30.0], [2.0, np.inf]])
        plan = assign_beds(people("aa"), ward(1, facilities=2), km)
        assert plan.pool.tolist() == [1, 0]
        assert plan.why(0).reason is Reason.NEARER_FULL
        assert plan.why(0).instead == (1,)
        assert plan.why(1).reason is Reason.NEAREST

    def test_a_bed_above_the_need_is_used_when_none_of_the_kind_is_free(self):
        plan = assign_beds(people("a"), ward(1, level=2), np.ones((1, 1)))
        assert plan.up.tolist() == [1]
        none = assign_beds(people("a"), ward(1, level=2), np.ones((1, 1)), rules=PlacementRules(levels_up=0))
        assert none.why(0).reason is Reason.NO_SUCH_BED

    def test_load_is_spread_between_hospitals_at_the_same_distance(self):
        plan = assign_beds(people("a" * 10), ward(10, facilities=2), np.full((10, 2), 5.0))
        assert np.bincount(plan.pool).tolist() == [5, 5]


class TestReasons:
    def test_none_free_and_out_of_reach(self):
        assert assign_beds(people("a"), ward(0), np.ones((1, 1))).why(0).reason is Reason.NONE_FREE
        far = PlacementRules(farthest_km={1: 10.0})
        assert assign_beds(people("a"), ward(1), [[11.0]], rules=far).why(0).reason is Reason.OUT_OF_REACH
        assert assign_beds(people("a"), ward(1), [[np.nan]]).why(0).reason is Reason.OUT_OF_REACH

    def test_nobody_waits_or_no_bed_exists(self):
        empty = Waiting(id=[], level=[], area=[], waited=[], cohort=[])
        assert assign_beds(empty, ward(3), np.zeros((0, 1))).to_polars().is_empty()
        no_beds = BedPools(id=[], facility=[], level=[], free=[], usable=[], takes=[])
        assert assign_beds(people("a"), no_beds, np.zeros((1, 0))).why(0).reason is Reason.NO_SUCH_BED

    def test_the_table_names_each_reason(self):
        table = assign_beds(people("aa", waited=[1, 2]), ward(1), np.ones((2, 1))).to_polars()
        assert table["reason"].to_list() == ["beds_taken", "nearest"]


class TestLimits:
    def test_two_ambulances_carry_two(self):
        only = Limit(name="ambulances", at_most=2, people=[0, 1, 2])
        plan = assign_beds(people("aaab", waited=[1, 2, 3, 0]), ward(9), np.ones((4, 1)), limits=[only])
        assert plan.placed.tolist() == [False, True, True, True]
        assert plan.is_exact
        assert plan.why(0).reason is Reason.LIMIT

    def test_hours_of_staff_of_one_hospital(self):
        hours = Limit(name="nurse hours", at_most=10, uses=[6, 4, 4], pools=[0])
        plan = assign_beds(people("aaa"), ward(5, facilities=2), [[1, 50], [1, 50], [1, 50]], limits=[hours])
        assert sum(u for u, p in zip([6, 4, 4], plan.pool, strict=True) if p == 0) <= 10
        assert plan.placed.all()
        assert plan.cost == pytest.approx(1 + 1 + 50)

    def test_without_binding_limits_the_plan_is_that_of_the_flow(self):
        for seed in range(12):
            waiting, pools, km = world(np.random.default_rng(seed), n=12, free_mean=1.5)
            rules = PlacementRules(load_km=0)
            free = assign_beds(waiting, pools, km, rules=rules)
            loose = assign_beds(waiting, pools, km, rules=rules, limits=[Limit(name="loose", at_most=99)])
            assert free.placed.tolist() == loose.placed.tolist()
            assert free.cost == pytest.approx(loose.cost, abs=0.1)

    def test_a_limit_below_zero_is_refused(self):
        with pytest.raises(ValueError, match="limit 'x' must"):
            assign_beds(people("a"), ward(1), np.ones((1, 1)), limits=[Limit(name="x", at_most=-1)])


class TestBadInput:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"level": [1.5]}, r"waiting.level\[0\] must be a whole number"),
            ({"waited": [float("nan")]}, r"waiting.waited\[0\] must be a finite number"),
            ({"area": ["a", "b"]}, "waiting.area must have 1 entries"),
        ],
    )
    def test_people(self, change, message):
        good = {"id": ["p"], "level": [1], "area": ["a"], "waited": [0.0], "cohort": [""]}
        with pytest.raises(ValueError, match=message):
            assign_beds(Waiting(**{**good, **change}), ward(1), np.ones((1, 1)))

    def test_beds_and_distances(self):
        with pytest.raises(ValueError, match=r"pools.free\[0\] must be a whole number"):
            assign_beds(people("a"), ward(-1), np.ones((1, 1)))
        with pytest.raises(ValueError, match=r"km\[0, 0\] must be 0 or more"):
            assign_beds(people("a"), ward(1), [[-3.0]])
        with pytest.raises(ValueError, match="km must be a table of 1 people by at least 1"):
            assign_beds(people("a"), ward(1), [3.0])
        twice = Waiting(id="pp", level=[1, 1], area="aa", waited=[0, 0], cohort=["", ""])
        with pytest.raises(ValueError, match=r"waiting\.id must name each once"):
            assign_beds(twice, ward(1), np.ones((2, 1)))


def test_the_example_holds():
    assert doctest.testmod(beds).failed == 0
