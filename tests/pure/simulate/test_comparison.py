"""Scenarios side by side: faster clocks avert infections, the figures are what they say."""

import numpy as np
import pytest

from lianfang.simulate import Capacity, Clocks, Duration, Response, Scenario, build_city, compare

CAPACITY = Capacity(laboratory_tests=1e4, investigations=1e4, tracings=1e5, beds=1e4)


@pytest.fixture(scope="module")
def city():
    return build_city(5000, counties=2, seed=2)


@pytest.fixture(scope="module")
def clocks(city):
    slow = Response(
        capacity=CAPACITY,
        clocks=Clocks(laboratory=Duration(48, 12), investigation=Duration(48, 12), tracing=Duration(48, 12)),
    )
    scenarios = {
        "slow": Scenario(days=50, imported=8, response=slow),
        "four times as fast": Scenario(days=50, imported=8, response=slow.faster(4)),
        "nobody reacts": Scenario(days=50, imported=8, response=None),
    }
    return compare(scenarios, 30, city=city)


def test_faster_clocks_avert_infections_on_average(clocks):
    rows = {row["scenario"]: row for row in clocks.averted("slow").to_dicts()}
    fast = rows["four times as fast"]
    assert fast["low"] > 0
    assert fast["share"] > 0.05
    assert fast["better"] > 0.6
    assert rows["nobody reacts"]["high"] < 0


def test_pairing_by_seed_makes_differences_less_noisy(clocks):
    slow, fast = clocks.of("slow", "infections"), clocks.of("four times as fast", "infections")
    assert (slow - fast).std() < np.hypot(slow.std(), fast.std())


def test_figures_and_intervals(clocks):
    slow = clocks.of("slow", "infections")
    assert slow.shape == (30,)
    row = clocks.summary().to_dicts()[0]
    half = 2.0452296 * slow.std(ddof=1) / 30**0.5  # Student, 29 degrees of freedom
    assert row["mean"] == pytest.approx(slow.mean())
    assert row["high"] - row["mean"] == pytest.approx(half, rel=1e-6)
    assert row["run_low"] <= row["median"] <= row["run_high"]
    averted = clocks.averted("slow").to_dicts()[0]
    assert averted["mean"] == pytest.approx((slow - clocks.of("four times as fast", "infections")).mean())


def test_wrong_questions_are_named(city, clocks):
    with pytest.raises(ValueError, match="scenario must be one of slow"):
        clocks.averted("medium")
    with pytest.raises(ValueError, match="figure must be one of infections"):
        clocks.summary("beds")
    with pytest.raises(ValueError, match="seeds must be one or more distinct seeds"):
        compare({"a": Scenario(days=5)}, [1, 1], city=city)
    with pytest.raises(ValueError, match="scenarios must be a non-empty mapping"):
        compare({}, 3, city=city)
