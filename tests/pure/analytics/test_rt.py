"""Reproduction numbers against EpiEstim, closed forms and brute force; bad input; shapes."""

import doctest
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma

from lianfang.analytics.rt import (
    ParametricInterval,
    UncertainInterval,
    case_reproduction_number,
    cohort,
    daily_counts,
    discretise_serial_interval,
    gamma_quantiles,
    infectivity,
    instantaneous,
    reproduction_number,
    reproduction_number_from_aggregates,
    reproduction_number_of_growth,
    serial_interval,
    weekly,
)

FLU, SMALLPOX, COVID = (
    ParametricInterval(2.6, 1.5),
    ParametricInterval(22.4, 6.1),
    ParametricInterval(4.7, 2.9),
)
OUTBREAKS = {"Flu2009": FLU, "Flu1918": FLU, "Smallpox1972": SMALLPOX}
QUANTILES = ["q025", "q05", "q25", "median", "q75", "q95", "q975"]
SARS_WEEKS = [4, 7, 24, 149, 158, 430, 225, 180, 105, 63, 47, 33, 23, 11, 6]


def incidence(folder, name):
    return pl.read_csv(folder / f"rt_epiestim/{name}_incidence.csv")["I"]


@pytest.mark.parametrize("module", [cohort, gamma_quantiles, instantaneous, serial_interval, weekly])
def test_examples_of_the_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0


def test_serial_interval_is_discretised_as_epiestim_does(shared_data):
    reference = pl.read_csv(shared_data / "rt_epiestim/discr_si_reference.csv")
    for name, mean, sd in (
        ("flu", 2.6, 1.5),
        ("sars", 8.4, 3.8),
        ("covid", 4.7, 2.9),
        ("measles", 14.9, 3.9),
    ):
        ours = discretise_serial_interval(mean, sd, reference.height)
        np.testing.assert_allclose(ours, reference[name].to_numpy(), atol=1e-12)


@pytest.mark.parametrize("name", OUTBREAKS)
@pytest.mark.parametrize("method", ["parametric", "non_parametric"])
@pytest.mark.parametrize("window", [7, 14])
def test_equal_to_epiestim(shared_data, name, method, window):
    si = (
        OUTBREAKS[name]
        if method == "parametric"
        else pl.read_csv(shared_data / f"rt_epiestim/{name}_si.csv")["w"]
    )
    result = reproduction_number(incidence(shared_data, name), serial_interval=si, window=window)
    reference = pl.read_csv(
        shared_data / f"rt_epiestim/{name}_R_{method}_si_w{window}.csv", infer_schema_length=None
    )
    expected = reference.select("mean", "sd", *QUANTILES).to_numpy().astype(float).T
    np.testing.assert_allclose(np.vstack([result.mean, result.sd, result.quantiles]), expected, rtol=1e-6)
    np.testing.assert_array_equal(result.status == "too early", np.isnan(expected[0]))
    np.testing.assert_array_equal(result.start + 1, reference["t_start"].to_numpy())


def test_three_hundred_regions_equal_to_epiestim(shared_data):
    cases = pl.read_csv(shared_data / "rt_bench_300x400/incidence.csv").to_numpy()
    reference = pl.read_csv(shared_data / "rt_bench_300x400/epiestim_parametric_w7_every7.csv")
    result = reproduction_number(cases, serial_interval=COVID)
    at = reference["t_end"].to_numpy() - 1 - result.end[0], reference["region"].to_numpy() - 1
    for ours, column in (
        (result.mean, "mean"),
        (result.quantiles[0], "q025"),
        (result.quantiles[-1], "q975"),
    ):
        # The reference is printed with six decimals.
        np.testing.assert_allclose(ours[at], reference[column].to_numpy(), atol=6e-7)


def test_forty_two_chinese_cities_equal_to_epiestim(shared_data):
    folder = shared_data / "china_covid_2020"
    cases = pl.read_csv(folder / "city_incidence_used_for_R.csv")
    reference = pl.read_csv(
        folder / "city_R_epiestim_reference.csv",
        schema_overrides={"cityCode": pl.String},
        infer_schema_length=None,
    )
    names = cases.columns[1:]
    result = reproduction_number(
        cases.drop("date"), serial_interval=ParametricInterval(5.1, 5.3), days=cases["date"], series=names
    )
    ours = pl.DataFrame(result.table()).with_columns(pl.col("end").cast(pl.String))
    both = reference.join(ours, left_on=["cityCode", "t_end_date"], right_on=["series", "end"])
    assert both.height == reference.height
    for theirs, mine in (("mean", "mean_right"), ("q025", "q0.025"), ("q975", "q0.975")):
        a, b = both[theirs].cast(pl.Float64).to_numpy(), both[mine].to_numpy()
        known = ~np.isnan(b)
        np.testing.assert_allclose(b[known], a[known], rtol=1e-5)  # six significant digits


def test_imported_cases_infect_but_are_not_infected_here():
    cases, imported = np.array([3, 4, 6, 8, 9, 11, 14]), np.array([3, 2, 1, 0, 2, 1, 0])
    result = reproduction_number(cases, serial_interval=[0, 0.6, 0.4], imported=imported, window=3)
    pressure = infectivity(cases.astype(float), np.array([0, 0.6, 0.4]))
    for i, (start, end) in enumerate(zip(result.start, result.end, strict=True)):
        shape = 1 + (cases - imported)[start : end + 1].sum()
        scale = 1 / (1 / 5 + pressure[start : end + 1].sum())
        assert result.mean[i] == pytest.approx(shape * scale)
        np.testing.assert_allclose(
            result.quantiles[:, i], gamma(shape, scale=scale).ppf(result.probabilities)
        )


def test_all_imported_gives_r_near_zero_and_only_zeros_give_the_prior():
    assert reproduction_number([5] * 20, serial_interval=FLU, imported=[5] * 20).mean[-1] < 0.05
    nothing = reproduction_number(np.zeros(20), serial_interval=FLU)
    assert set(nothing.status) == {"prior"}
    np.testing.assert_allclose(nothing.mean, 5)


def test_uncertain_interval_within_the_monte_carlo_error_of_epiestim(shared_data):
    reference = pl.read_csv(shared_data / "rt_epiestim/Flu2009_R_uncertain_si_w7.csv")
    interval = UncertainInterval(2.6, 1, (1, 4.2), 1.5, 0.5, (0.5, 2.5))
    result = reproduction_number(incidence(shared_data, "Flu2009"), serial_interval=interval)
    ours = np.vstack([result.mean, result.sd, result.quantiles])
    np.testing.assert_allclose(ours, reference.select("mean", "sd", *QUANTILES).to_numpy().T, rtol=0.03)


def test_uncertain_interval_drawn_approaches_quadrature():
    exact = UncertainInterval(4.7, 0.8, (3, 7), 2.9, 0.4, (2, 4))
    drawn = UncertainInterval(4.7, 0.8, (3, 7), 2.9, 0.4, (2, 4), draws=2000, seed=3)
    cases = np.round(20 * np.exp(0.05 * np.arange(40)))
    results = [reproduction_number(cases, serial_interval=one) for one in (exact, drawn)]
    np.testing.assert_allclose(results[0].quantiles[:, -1], results[1].quantiles[:, -1], rtol=0.01)


def test_an_uncertain_interval_is_drawn_alike_from_the_same_seed():
    drawn = UncertainInterval(4.7, 0.8, (3, 7), 2.9, 0.4, (2, 4), draws=50, seed=3)
    cases = np.round(20 * np.exp(0.05 * np.arange(40)))
    one, again = (reproduction_number(cases, serial_interval=drawn) for _ in range(2))
    np.testing.assert_array_equal(again.quantiles, one.quantiles)


def test_sampled_intervals_are_mixed():
    draws = np.array([[0, 0], [0.7, 0.2], [0.3, 0.3], [0, 0.5]])
    cases = [4, 6, 9, 12, 17, 25, 33]
    mixed = reproduction_number(cases, serial_interval=draws, window=3)
    parts = [reproduction_number(cases, serial_interval=draws[:, i], window=3) for i in range(2)]
    np.testing.assert_allclose(mixed.mean, (parts[0].mean + parts[1].mean) / 2)
    for probability, value in zip(mixed.probabilities, mixed.quantiles[:, -1], strict=True):
        below = [gamma((p.mean / p.sd)[-1] ** 2, scale=(p.sd**2 / p.mean)[-1]).cdf(value) for p in parts]
        assert np.mean(below) == pytest.approx(probability, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.3, 1e7), st.floats(1e-4, 1e3), st.floats(0.001, 0.999))
def test_fast_gamma_quantiles_are_exact(shape, scale, probability):
    fast = gamma_quantiles.gamma_quantiles(np.array([shape]), np.array([scale]), (probability,))
    assert fast[0, 0] == pytest.approx(gamma(shape, scale=scale).ppf(probability), rel=1e-10)


@pytest.mark.parametrize("name", OUTBREAKS)
def test_case_reproduction_number_equals_epiestim(shared_data, name):
    reference = pl.read_csv(shared_data / f"rt_epiestim/{name}_WT_parametric_w7.csv")
    result = case_reproduction_number(incidence(shared_data, name), serial_interval=OUTBREAKS[name])
    at = reference["t_start"].to_numpy() - 2
    np.testing.assert_allclose(result.mean[at], reference["Mean"], rtol=1e-6)
    # The spread of the reference comes from 200 simulated trees.
    np.testing.assert_allclose(result.sd[at], reference["Std"], rtol=0.25, atol=0.01)
    assert np.median(np.abs(result.low[at] - reference["Quantile.0.025"].to_numpy())) < 0.003


def test_case_reproduction_interval_by_enumeration_of_all_trees():
    cases, interval = [2, 1, 2, 2], np.array([0, 0.5, 0.3, 0.2])
    result = case_reproduction_number(cases, serial_interval=interval, windows=([0], [1]), level=0.8)
    onset = np.repeat(np.arange(4), cases)
    infectees = [i for i in range(len(onset)) if onset[i] > 0]
    outcomes = {}
    choices = []
    for i in infectees:
        weight = np.where(onset < onset[i], interval[np.maximum(onset[i] - onset, 0)], 0.0)
        choices.append(
            [(onset[j] <= 1, weight[j] / weight.sum()) for j in range(len(onset)) if weight[j] > 0]
        )
    for tree in product(*choices):
        total = sum(inside for inside, _ in tree)
        outcomes[total] = outcomes.get(total, 0) + np.prod([p for _, p in tree])
    totals = np.array(sorted(outcomes))
    chance = np.cumsum([outcomes[t] for t in totals])
    assert result.mean[0] == pytest.approx(sum(t * p for t, p in outcomes.items()) / 3)
    assert result.low[0] == totals[np.searchsorted(chance, 0.1)] / 3
    assert result.high[0] == totals[np.searchsorted(chance, 0.9)] / 3


def test_weekly_counts_equal_epiestim():
    # Reference: the algorithm of EpiEstim 2.4 over estimate_R of EpiEstim 2.2-4, SARS Hong Kong 2003 by week.
    number, days = reproduction_number_from_aggregates(
        SARS_WEEKS, serial_interval=ParametricInterval(8.4, 3.8)
    )
    expected = [0.68270791, 0.76821306, 0.86442722, 0.97269164, 1.09451554, 1.23159717, 1.38584746]
    np.testing.assert_allclose(days.counts[7:14], expected, atol=1e-8)
    np.testing.assert_allclose(number.mean[[0, 1, 39]], [2.471232120, 2.557311985, 0.599956655], rtol=1e-8)
    np.testing.assert_allclose(number.quantiles[-1][[0, 39]], [4.45522233, 0.68598418], rtol=1e-8)
    assert days.converged == (True,)
    np.testing.assert_allclose(days.counts.reshape(-1, 7).sum(axis=1), SARS_WEEKS)


def test_counts_three_times_a_week_equal_epiestim():
    number, days = reproduction_number_from_aggregates(
        [3, 5, 9, 14, 20, 33, 41, 60, 70], serial_interval=COVID, days_per_count=[2, 2, 3]
    )
    np.testing.assert_allclose(days.counts[4:7], [2.43200874, 2.96156416, 3.60642710], atol=1e-8)
    np.testing.assert_allclose(number.mean[[0, 4, 12]], [2.82321007, 2.16979946, 1.60866486], rtol=1e-8)


def test_reproduction_number_of_growth_turns_back():
    weights = discretise_serial_interval(4.7, 2.9, 40)
    growth = np.array([-0.2, -0.01, 0.05, 0.3])
    numbers = reproduction_number_of_growth(growth, weights)
    back = weekly.growth_of_reproduction_number(numbers, weights / weights.sum(), None)
    np.testing.assert_allclose(back, growth, atol=1e-9)


def test_series_side_by_side_equal_one_by_one():
    rng = np.random.default_rng(1)
    cases = rng.poisson(8, (30, 3)).astype(float)
    together = reproduction_number(cases, serial_interval=COVID, series=["a", "b", "c"])
    trees = case_reproduction_number(cases, serial_interval=COVID)
    weeks = daily_counts(cases, serial_interval=COVID, days_per_count=3)
    for i in range(3):
        alone = reproduction_number(cases[:, i], serial_interval=COVID)
        np.testing.assert_allclose(together.quantiles[..., i], alone.quantiles, rtol=1e-12)
        np.testing.assert_allclose(
            trees.mean[:, i], case_reproduction_number(cases[:, i], serial_interval=COVID).mean
        )
        np.testing.assert_allclose(
            weeks.counts[:, i],
            daily_counts(cases[:, i], serial_interval=COVID, days_per_count=3).counts,
            rtol=1e-9,
        )


def test_long_series_use_the_fourier_way_with_the_same_answer():
    cases = np.random.default_rng(2).poisson(30, 1700).astype(float)
    weights = discretise_serial_interval(4.7, 2.9, 60)
    direct = np.convolve(cases, weights)[:1700]
    np.testing.assert_allclose(infectivity(cases, weights), direct, atol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cases": [1, -2, 3, 4, 5, 6, 7, 8, 9]}, r"cases\[1\]"),
        ({"cases": [1, np.nan, 3, 4, 5, 6, 7, 8, 9]}, "finite count"),
        ({"cases": ["one", 2]}, "numbers"),
        ({"cases": []}, "non-empty"),
        ({"imported": [2] + [0] * 8}, "at most the cases"),
        ({"imported": [0, 0]}, "shape"),
        ({"window": 9}, "window"),
        ({"windows": ([0], [3])}, "within 1 to 8"),
        ({"serial_interval": [0.1, 0.9]}, "serial_interval"),
        ({"serial_interval": [0, 0.5]}, "sum to 1"),
        ({"prior_sd": 0}, "greater than 0"),
        ({"probabilities": (0.9, 0.1)}, "rising"),
        ({"days": ["2020-01-01"] * 9}, "consecutive"),
        (
            {"days": [f"2020-01-0{i}" for i in (2, 1, 3, 4, 5, 6, 7, 8, 9)]},
            "2020-01-02 followed by 2020-01-01",
        ),
        (
            {"days": [f"2020-01-0{i}" for i in range(1, 10)], "at": np.datetime64("2020-01-05")},
            "no later than",
        ),
        ({"series": ["a", "b"]}, "different names"),
    ],
)
def test_bad_input_is_refused_with_the_reason(change, message):
    arguments = {"cases": [1] * 9, "serial_interval": [0, 0.5, 0.5], **change}
    with pytest.raises(ValueError, match=message):
        reproduction_number(arguments.pop("cases"), **arguments)


def test_one_case_keeps_a_wide_interval():
    result = reproduction_number([1] + [0] * 30, serial_interval=COVID)
    assert np.isfinite(result.mean[result.status == "estimated"]).all()
    assert result.quantile(0.975)[10] > 1


def test_tables_and_plots():
    cases = np.random.default_rng(4).poisson(9, (21, 2))
    for result in (
        reproduction_number(cases, serial_interval=COVID, series=["north", "south"]),
        case_reproduction_number(cases, serial_interval=COVID, series=["north", "south"]),
        daily_counts(cases, serial_interval=COVID, days_per_count=3, series=["north", "south"]),
    ):
        frame = result.to_polars()
        assert frame["series"].unique(maintain_order=True).to_list() == ["north", "south"]
        assert len(result.plot().lines) >= 2
        assert result.provenance.source


def test_super_spreading_widens_and_none_of_it_changes_nothing():
    cases = np.round(20 * np.exp(0.05 * np.arange(40)))
    plain = reproduction_number(cases, serial_interval=ParametricInterval(4.7, 2.9))
    hardly = reproduction_number(cases, serial_interval=ParametricInterval(4.7, 2.9), offspring_k=1e9)
    np.testing.assert_allclose(hardly.quantiles, plain.quantiles, rtol=1e-6)
    spread = reproduction_number(cases, serial_interval=ParametricInterval(4.7, 2.9), offspring_k=0.3)
    known = plain.status == "estimated"
    assert (spread.sd[known] > 1.3 * plain.sd[known]).all()
    np.testing.assert_allclose(spread.mean[20:], plain.mean[20:], rtol=0.02)
    assert spread.provenance.parameters["offspring_k"] == 0.3
    # one window of one day: all of a past case's weight in it is w, so phi = 1 + R / k sum(I w^2) / sum(I w)
    one = reproduction_number([10, 30], serial_interval=[0, 1.0], window=1, offspring_k=0.5)
    phi = 1 + (1 + 30) / (0.2 + 10) / 0.5
    assert one.mean[0] == pytest.approx((1 + 30 / phi) / (0.2 + 10 / phi))
