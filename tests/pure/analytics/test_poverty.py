"""Poverty indices against published worked examples, and identities that hold for any population."""

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.analytics import poverty, poverty_multidimensional
from lianfang.analytics.poverty import gini, poverty_indices, targeting_errors
from lianfang.analytics.poverty_multidimensional import (
    multidimensional_poverty,
    multidimensional_poverty_from_deprivations,
)

MATRIX = [[13.1, 14, 4, 1], [15.2, 7, 5, 0], [12.5, 10, 1, 0], [20, 11, 3, 1]]
CUTOFFS = [13, 12, 3, 1]
BOUNDARY = [2800, 3600, 3999, 4000, 5200, 5999, 6000, 9000]


@pytest.mark.parametrize(
    ("income", "expected"),
    [
        ([100, 110, 150, 160], (0.5, 0.08, 0.0136)),
        ([99, 101, 150, 150], (0.5, 0.1, 0.020032)),
        ([79, 121, 150, 150], (0.5, 0.1, 0.034112)),
    ],
)
def test_world_bank_handbook(income, expected):
    got = poverty_indices(income, 125)
    assert (got.headcount, got.gap, got.severity) == pytest.approx(expected, abs=1e-12)


def test_the_line_itself_is_poor_only_when_asked():
    strict, inclusive = (poverty_indices(BOUNDARY, 4000, inclusive=flag) for flag in (False, True))
    assert (strict.headcount, inclusive.headcount) == (0.375, 0.5)
    assert (strict.gap, strict.severity) == pytest.approx((0.050031, 0.0125), abs=5e-7)
    assert (inclusive.gap, inclusive.severity) == (strict.gap, strict.severity)
    high = poverty_indices(BOUNDARY, 6000)
    assert (high.headcount, high.gap, high.severity) == pytest.approx((0.75, 0.216708, 0.085569), abs=5e-7)


def test_gini_sen_and_watts_closed_forms():
    assert gini([0] * 99 + [100]) == pytest.approx(0.99)
    assert gini([1, 2, 3, 4]) == pytest.approx(0.25)
    # all poor alike: Gini among the poor 0, so Sen = P0 x I = P1
    alike = poverty_indices([50, 50, 200, 200], 100)
    assert alike.sen == pytest.approx(alike.gap)
    assert alike.watts == pytest.approx(0.5 * np.log(2))
    # everybody poor and alike: Sen-Shorrocks-Thon = P1
    assert poverty_indices([50, 50], 100).sen_shorrocks_thon == pytest.approx(0.5)
    # Sen-Shorrocks-Thon by its definition over ranks, x_i gaps in descending order: sum (2n - 2i + 1) x_i / n^2
    income, n = np.array([20.0, 60, 90, 150, 300]), 5
    gaps = np.sort(np.maximum(100 - income, 0) / 100)[::-1]
    by_rank = sum((2 * n - 2 * i + 1) * x for i, x in enumerate(gaps, 1)) / n**2
    assert poverty_indices(income, 100).sen_shorrocks_thon == pytest.approx(by_rank)


def test_nothing_at_all_and_nobody_poor():
    broke = poverty_indices([0, 0, 500], 100)
    assert broke.watts is None
    assert broke.headcount == pytest.approx(2 / 3)
    rich = poverty_indices([500, 600], 100)
    assert (rich.headcount, rich.gap, rich.sen, rich.mean_income_poor) == (0, 0, 0, None)


incomes = st.lists(st.floats(1, 1000), min_size=2, max_size=20)


@settings(max_examples=80, deadline=None)
@given(incomes, st.floats(10, 900))
def test_identities_of_income_poverty(income, line):
    got = poverty_indices(income, line)
    assert 0 <= got.severity <= got.gap + 1e-12 <= got.headcount + 2e-12 <= 1 + 3e-12
    doubled = poverty_indices(income * 2, line)  # replication
    assert doubled.gap == pytest.approx(got.gap)
    assert doubled.gini == pytest.approx(got.gini)
    weighted = poverty_indices(income, line, weights=[2] * len(income))
    assert weighted.sen_shorrocks_thon == pytest.approx(got.sen_shorrocks_thon)
    scaled = poverty_indices([7 * y for y in income], 7 * line)  # unit of money
    assert scaled.watts == pytest.approx(got.watts)


@pytest.mark.parametrize(
    ("k", "h", "a", "m0"),
    [(1 / 4, 0.75, 0.583333, 0.4375), (2 / 4, 0.5, 0.75, 0.375), (3 / 4, 0.25, 1.0, 0.25)],
)
def test_alkire_foster_matrix(k, h, a, m0):
    got = multidimensional_poverty(MATRIX, CUTOFFS, k=k)
    assert pytest.approx((h, a, m0), abs=5e-7) == (got.H, got.A, got.M0)
    if k == 0.5:
        assert pytest.approx((0.205529, 0.165457), abs=5e-7) == (got.M1, got.M2)


def test_undp_households_are_weighted_by_persons():
    # indicators of weight 1/6 and 1/18; deprivations chosen to give the published scores 2/9, 13/18, 7/18, 1/2
    weights = [3, 3, 3, 3, 1, 1, 1, 1, 1, 1]
    deprived = np.zeros((4, 10))
    for row, chosen in enumerate(([0, 4], [0, 1, 2, 3, 4], [0, 1, 4], [0, 1, 2])):
        deprived[row, chosen] = 1
    assert (deprived @ weights).tolist() == [4, 13, 7, 9]
    got = multidimensional_poverty_from_deprivations(deprived, k=1 / 3, weights=weights, persons=[4, 7, 5, 4])
    assert pytest.approx((0.80, 0.5625, 0.450), abs=1e-12) == (got.H, got.A, got.M0)


def test_scores_exactly_at_the_cutoff_count_as_poor_for_all_patterns():
    weights = np.array([3, 3, 3, 3, 1, 1, 1, 1, 1, 1])
    patterns = np.array([[(m >> j) & 1 for j in range(10)] for m in range(1024)])
    got = multidimensional_poverty_from_deprivations(patterns, k=1 / 3, weights=weights)
    assert (patterns @ weights == 6).sum() == 87
    assert list(got.poor) == (patterns @ weights >= 6).tolist()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 1))
def test_identities_of_multidimensional_poverty(seed, k):
    rng = np.random.default_rng(seed)
    deprived = rng.integers(0, 2, (25, 4))
    persons, groups = rng.integers(1, 9, 25), rng.choice(["a", "b", "c"], 25)
    got = multidimensional_poverty_from_deprivations(
        deprived, k=k, weights=rng.uniform(0.5, 2, 4), persons=persons, groups=groups
    )
    assert pytest.approx(got.H * got.A) == got.M0
    assert pytest.approx(float(got.weights @ got.censored)) == got.M0
    assert sum(row["share"] * row["M0"] for row in got.groups.values()) == pytest.approx(got.M0)
    assert (got.censored <= got.uncensored + 1e-12).all()
    if got.M0:
        assert got.contribution.sum() == pytest.approx(1)
        assert sum(row["contribution"] for row in got.groups.values()) == pytest.approx(1)


def test_targeting_worked_example():
    poor = [1] * 200 + [0] * 800
    selected = [1] * 110 + [0] * 90 + [1] * 90 + [0] * 710
    got = targeting_errors(poor, selected)
    assert (got.inclusion_error, got.exclusion_error) == pytest.approx((0.45, 0.45))
    assert got.differential == pytest.approx(0.4375)
    assert targeting_errors([0, 0], [0, 0]).exclusion_error is None


@pytest.mark.parametrize(
    ("call", "parameter"),
    [
        (lambda: poverty_indices([1, None], 2), r"income\[1\]"),
        (lambda: poverty_indices([1, -1], 2), r"income\[1\]"),
        (lambda: poverty_indices([1], 0), "line"),
        (lambda: poverty_indices([1], 2, weights=[0]), "weights"),
        (lambda: poverty_indices([1], 2, weights=[1, 1]), "weights"),
        (lambda: gini([0, 0]), "values"),
        (lambda: targeting_errors([0.5], [1]), "poor"),
        (lambda: targeting_errors([1], [1, 0]), "selected"),
        (lambda: multidimensional_poverty(MATRIX, [1], k=0.5), "cutoffs"),
        (lambda: multidimensional_poverty([[1, np.nan]], [1, 1], k=0.5), "achievements"),
        (lambda: multidimensional_poverty(MATRIX, CUTOFFS, k=0), "k"),
        (lambda: multidimensional_poverty(MATRIX, CUTOFFS, k=1, weights=[1, 1, 1, 0]), "weights"),
        (lambda: multidimensional_poverty(MATRIX, CUTOFFS, k=1, persons=[1]), "persons"),
        (lambda: multidimensional_poverty(MATRIX, CUTOFFS, k=1, groups=["a"]), "groups"),
        (lambda: multidimensional_poverty(MATRIX, CUTOFFS, k=1, indicators=("a",)), "indicators"),
        (lambda: multidimensional_poverty_from_deprivations([[2]], k=1), "deprived"),
    ],
)
def test_bad_input_is_named(call, parameter):
    with pytest.raises(ValueError, match=parameter):
        call()


def test_results_show_themselves_and_doctests_hold():
    results = [
        poverty_indices([1, 3], 2),
        targeting_errors([1, 0], [1, 0]),
        multidimensional_poverty(MATRIX, CUTOFFS, k=0.5),
    ]
    for result in results:
        assert result.to_polars().height > 1
        assert result.plot().patches
    for module in (poverty, poverty_multidimensional):
        assert doctest.testmod(module).failed == 0
