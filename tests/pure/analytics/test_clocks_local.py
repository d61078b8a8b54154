"""What measured tracing delays cost: equal to the model on whole days, monotone, and silent about nothing."""

import numpy as np
import pytest

from lianfang.analytics.clocks import effect_of_delays
from lianfang.analytics.clocks_local import cost_of_tracing_delay


def point(days: int, hours: float, known: int = 20, n: int = 20, **more):
    return cost_of_tracing_delay(
        [days] * n, [hours] * n, [True] * n, range(n), n_known=known, n_cases=n, **more
    )


@pytest.mark.parametrize(("days", "tracing"), [(0, 0), (2, 1), (4, 3)])
def test_whole_days_give_the_model_itself(days: int, tracing: int) -> None:
    model = effect_of_delays(days, tracing, coverage_close=1, tracing_share=1)
    assert point(days, 24.0 * tracing).r_now[0] == pytest.approx(model.r_tracing, abs=1e-9)


def test_an_hour_between_two_days_lies_between_them() -> None:
    one, half, two = (point(2, hours).r_now[0] for hours in (24, 36, 48))
    assert half == pytest.approx((one + two) / 2)


def test_nothing_is_gained_where_all_are_reached_in_time() -> None:
    found = point(2, 20)
    assert found.difference == (0.0, 0.0, 0.0)
    assert found.median_hours == 20


def test_slower_tracing_costs_more() -> None:
    costs = [point(2, hours).difference[0] for hours in (24, 36, 60, 96)]
    assert costs == sorted(costs)
    assert costs[0] == 0 < costs[-1]


def test_open_contacts_count_as_at_least_so_long() -> None:
    """Half reached after 10 h, half open after 5 h: Kaplan-Meier sees all who were still waited for at 10 h reached."""
    n = 20
    found = cost_of_tracing_delay(
        [2] * n, [10.0, 5.0] * 10, [True, False] * 10, range(n), n_known=10, n_cases=n
    )
    assert found.median_hours == 10
    never = cost_of_tracing_delay(
        [2] * n, [10.0, 480.0] * 10, [True, False] * 10, range(n), n_known=10, n_cases=n
    )
    assert never.reached[0] == pytest.approx(0.5)
    assert never.r_now[0] > found.r_now[0]


def test_the_interval_covers_the_truth() -> None:
    """Of 60 simulated areas with a known law, about 95 % of the intervals hold the true difference."""
    rng = np.random.default_rng(5)
    many = 20_000
    true = cost_of_tracing_delay(
        rng.integers(1, 7, many), rng.gamma(2, 20, many), [True] * many, np.arange(many) % 400,
        n_known=10_000, n_cases=many, n_draws=50,
    ).difference[0]  # fmt: skip
    hits = 0
    for _ in range(60):
        cases = 40
        found = cost_of_tracing_delay(
            rng.integers(1, 7, cases), rng.gamma(2, 20, 120), [True] * 120, np.arange(120) % cases,
            n_known=int(rng.binomial(cases, 0.5)), n_cases=cases, n_draws=200,
        )  # fmt: skip
        hits += found.difference[1] <= true <= found.difference[2]
    assert hits >= 52


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": [-1.0]},
        {"hours": []},
        {"n_known": 2, "n_cases": 1},
        {"traced": [True, False]},
        {"target_hours": -1},
    ],
)
def test_wrong_input_is_named(wrong: dict) -> None:
    given = {
        "diagnosis_days": [2.0],
        "hours": [30.0],
        "traced": [True],
        "index_case": [1],
        "n_known": 0,
        "n_cases": 1,
    }
    with pytest.raises(ValueError, match=r"must be|one value|at most"):
        cost_of_tracing_delay(**{**given, **wrong})
