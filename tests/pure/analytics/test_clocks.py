"""The effect of delays: every printed value of the publication, and what must hold for any clock."""

import csv
import doctest
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.analytics import clocks, clocks_measured, clocks_renewal
from lianfang.analytics.clocks import TracingModel, effect_of_delays
from lianfang.analytics.clocks_measured import empirical_delay, infections_averted
from lianfang.analytics.clocks_renewal import TransmissionKernel, isolation_tracing_grid


@pytest.fixture(scope="module")
def printed(shared_data):
    with (shared_data / "tracing_kretzschmar_2020" / "published_values.csv").open() as file:
        return list(csv.DictReader(file))


def test_default_parameters_are_the_published_ones(shared_data):
    published = json.loads((shared_data / "tracing_kretzschmar_2020" / "parameters.json").read_text())
    model = TracingModel()
    assert list(model.transmission_profile) == published["transmission_profile"]
    assert list(model.symptom_hazard) == published["symptom_hazard_profile_unscaled"]
    assert list(model.latent) == published["prob_infectious_per_latent_day"]
    negbin = published["casual_contacts_negbin"]
    mean = negbin["n"] * (1 - negbin["p"]) / negbin["p"]
    assert model.casual_contacts == pytest.approx(mean * published["distancing"]["casual"], rel=1e-15)
    assert model.tracing_window == published["tracing_window_days"]


def test_reproduces_every_printed_value(printed):
    exact = 0
    for row in printed:
        if not row["tracing_delay_close"]:
            continue
        got = effect_of_delays(
            int(row["testing_delay_days"]),
            int(row["tracing_delay_close"]),
            coverage_close=float(row["coverage_close"]),
            coverage_casual=float(row["coverage_casual"]),
            fraction_tested=float(row["fraction_tested"]),
            tracing_share=float(row["trace_multiplier"]),
        ).r_tracing
        stale = (
            row["trace_multiplier"] == "1.0"
        )  # the notebook's own formula gives 0.74389 here, it prints 0.74347
        assert abs(got - float(row["R"])) < (5e-4 if stale else 1e-12)
        exact += not stale
    assert exact == 21
    none = effect_of_delays(4, 0)
    assert none.r_without == pytest.approx(1.2010895789703437, abs=1e-12)
    assert none.r_isolation == pytest.approx(1.1789365111264316, abs=1e-12)


@pytest.mark.parametrize(
    ("table", "percent"),
    [(None, [94.95, 88.87, 80.66, 69.60, 55.27]), (0.8, [94.3, 87.3, 79.0, 69.6, 59.0])],
    ids=["recomputed", "stale table"],
)
def test_only_app_users_tested_gives_both_published_series(table, percent):
    for use, expected in zip((0.2, 0.4, 0.6, 0.8, 1.0), percent, strict=True):
        got = effect_of_delays(
            0, 0, coverage_close=use, fraction_tested=use, tracing_share=use, tracing_table_fraction=table
        )
        assert 100 * got.r_tracing / got.r_without == pytest.approx(expected, abs=0.05)


def test_a_distribution_of_delays_is_the_mixture_of_its_days():
    mixed = effect_of_delays([0.25, 0, 0.75], [0.5, 0.5])
    parts = [
        p * q * effect_of_delays(d1, d2).r_tracing
        for d1, p in ((0, 0.25), (2, 0.75))
        for d2, q in ((0, 0.5), (1, 0.5))
    ]
    assert mixed.r_tracing == pytest.approx(sum(parts), abs=1e-14)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 15), st.integers(0, 15), st.floats(0, 1), st.floats(0, 1))
def test_slower_is_never_better_and_more_is_never_worse(testing, tracing, coverage, tested):
    here = effect_of_delays(testing, tracing, coverage_close=coverage, fraction_tested=tested)
    slower = effect_of_delays(testing, tracing + 1, coverage_close=coverage, fraction_tested=tested)
    assert here.r_tracing <= slower.r_tracing + 1e-12
    assert here.r_tracing <= here.r_isolation + 1e-12 <= here.r_without + 2e-12
    wider = effect_of_delays(testing, tracing, coverage_close=1, fraction_tested=tested)
    assert wider.r_tracing <= here.r_tracing + 1e-12
    late = effect_of_delays(testing + 1, tracing, coverage_close=coverage, fraction_tested=tested)
    assert here.r_isolation <= late.r_isolation + 1e-12


@pytest.mark.parametrize(
    ("call", "parameter"),
    [
        (lambda: effect_of_delays(-1, 0), "testing_delay"),
        (lambda: effect_of_delays(1.5, 0), "testing_delay"),
        (lambda: effect_of_delays([0.5, 0.4], 0), "testing_delay"),
        (lambda: effect_of_delays(0, [-1, 2]), "tracing_delay"),
        (lambda: effect_of_delays(0, 0, coverage_close=1.2), "coverage_close"),
        (lambda: effect_of_delays(0, 0, fraction_tested=float("nan")), "fraction_tested"),
        (lambda: TracingModel(symptom_hazard=(0.1,)), "symptom_hazard"),
        (lambda: TracingModel(transmissibility=3), "transmissibility"),
        (lambda: effect_of_delays(0, 0, model=TracingModel(transmissibility=0)), "model"),
        (lambda: empirical_delay([-1]), "days"),
        (lambda: empirical_delay([1], [False]), "ended"),
        (lambda: infections_averted([0], [0, 1], r_current=1, r_faster=1, n_days=1), "infections"),
        (lambda: infections_averted([1], [1.0], r_current=1, r_faster=1, n_days=1), "generation_time"),
        (
            lambda: infections_averted([9], [0, 1], r_current=1, r_faster=1, n_days=1, population=3),
            "population",
        ),
        (lambda: isolation_tracing_grid([1.1], [0]), "isolation"),
        (lambda: isolation_tracing_grid([1], [0], tracing_delay=-1), "tracing_delay"),
        (lambda: TransmissionKernel(fraction_asymptomatic=2), "fraction_asymptomatic"),
        (lambda: TransmissionKernel(horizon_days=0.5), "horizon_days"),
    ],
)
def test_bad_input_is_named(call, parameter):
    with pytest.raises(ValueError, match=parameter):
        call()


def test_measured_delays_count_what_is_still_open():
    closed = empirical_delay([0.2, 1.0, 1.9, 3.3])
    assert closed.pmf.tolist() == [0.25, 0.5, 0.0, 0.25]
    with_open = empirical_delay([0.2, 1.0, 1.9, 3.3, 3.0, 3.0], [True] * 4 + [False] * 2)
    assert with_open.mean > closed.mean
    assert effect_of_delays(with_open.pmf, 0).r_tracing > effect_of_delays(closed.pmf, 0).r_tracing


def test_faster_clock_averts_infections_and_depletion_limits_both():
    generation = [0, 0.2, 0.5, 0.3]
    result = infections_averted([5, 5, 5], generation, r_current=1.4, r_faster=0.8, n_days=60)
    assert result.averted > 0
    assert result.table()["averted_so_far"][-1] == pytest.approx(result.averted)
    bounded = infections_averted(
        [5, 5, 5], generation, r_current=4, r_faster=0.8, n_days=200, population=1000
    )
    assert bounded.current.sum() + 15 <= 1000 + 1e-9
    assert bounded.current.min() >= 0


def test_ferretti_routes_and_threshold():
    open_spread = isolation_tracing_grid([0, 0.5, 1], [0, 0.5, 1])
    assert open_spread.R[0, 0] == pytest.approx(2.0, abs=1e-6)
    published = {"pre-symptomatic": 0.9, "symptomatic": 0.8, "asymptomatic": 0.1, "environmental": 0.2}
    for route, share in published.items():
        assert open_spread.routes[route] == pytest.approx(share, abs=0.05)
    assert (np.diff(open_spread.R, axis=0) <= 1e-9).all()
    assert (np.diff(open_spread.R, axis=1) <= 1e-9).all()
    late = isolation_tracing_grid(
        np.linspace(0, 1, 5), np.linspace(0, 1, 5), isolation_delay=3, tracing_delay=3
    )
    assert late.R.min() > 1  # three days on both steps: no pair of successes stops the spread


def test_isolation_alone_equals_the_integral():
    # with tracing 0 the operator has one eigenvalue, the sum of its kernel; halving the step must not move it
    coarse = isolation_tracing_grid(
        [0.7], [0], isolation_delay=1, kernel=TransmissionKernel(step_days=0.2)
    ).R[0, 0]
    fine = isolation_tracing_grid([0.7], [0], isolation_delay=1, kernel=TransmissionKernel(step_days=0.05)).R[
        0, 0
    ]
    assert coarse == pytest.approx(fine, abs=2e-4)


def test_results_show_themselves_and_doctests_hold():
    effect = effect_of_delays(1, 1)
    assert effect.to_polars().height == 3
    assert effect.prevented == pytest.approx(1 - effect.r_tracing / effect.r_without)
    assert len(effect.plot().patches) == 3
    grid = isolation_tracing_grid([0, 1], [0, 1], kernel=TransmissionKernel(step_days=0.5))
    assert grid.to_polars().height == 4
    assert grid.plot().get_xlabel()
    averted = infections_averted([1], [0, 1], r_current=1, r_faster=0.5, n_days=4)
    assert averted.plot().get_legend() is not None
    assert averted.to_polars().height == 4
    for module in (clocks, clocks_measured, clocks_renewal):
        assert doctest.testmod(module).failed == 0
