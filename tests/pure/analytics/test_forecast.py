import doctest
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from lianfang.analytics import forecast as forecast_module
from lianfang.analytics.forecast import baseline_forecast, forecast
from lianfang.analytics.scoring import score_quantiles


def hub_targets(folder, target):
    """Weekly counts of DE and GB and, for each forecast the hub scored, the weeks known at its Monday."""
    observed = pl.read_csv(folder / "forecast_eu_hub_2021" / "observed_weekly.csv", try_parse_dates=True)
    scored = pl.read_csv(folder / "forecast_eu_hub_2021" / "wis_reference.csv", try_parse_dates=True).filter(
        (pl.col("target_type") == target) & (pl.col("model") == "EuroCOVIDhub-baseline")
    )
    for place, made, end in scored.select("location", "forecast_date", "target_end_date").iter_rows():
        table = observed.filter(pl.col("location") == place).sort("target_end_date")
        weeks = table.filter(pl.col("target_type") == target)
        cases = table.filter(pl.col("target_type") == "Cases")["observed"].to_numpy()
        days = weeks["target_end_date"].to_list()
        known = sum(day < made for day in days)
        truth = weeks["observed"].to_numpy()
        yield truth[:known], cases[:known], days.index(end) - known, truth[days.index(end)]


def hub_scores(folder, target, make):
    quantiles, truth = [], []
    for counts, cases, step, actual in hub_targets(folder, target):
        quantiles.append(make(counts, cases).quantiles[0, step])
        truth.append(actual)
    return score_quantiles(truth, quantiles)


def test_examples_in_the_docstrings_hold():
    result = doctest.testmod(forecast_module)
    assert result.failed == 0
    assert result.attempted > 0


def test_cases_on_the_european_hub(shared_data):
    scores = hub_scores(shared_data, "Cases", lambda counts, _: forecast(counts))
    assert scores.mean_wis < 13_000  # EpiNow2 14994, the hub's baseline 25270, its ensemble 11149
    assert scores.coverage(0.9) >= 0.85


def test_deaths_on_the_european_hub_with_cases_ahead(shared_data):
    led = hub_scores(shared_data, "Deaths", lambda counts, cases: forecast(counts, leading=cases))
    alone = hub_scores(shared_data, "Deaths", lambda counts, _: forecast(counts))
    assert led.mean_wis < 38  # EpiNow2 59.6, MechBayes 51.2, ensemble 32.3
    assert led.coverage(0.9) >= 0.85
    assert led.mean_wis < alone.mean_wis


@pytest.mark.parametrize("name", ["fluBYBW", "measlesDE", "measlesWeserEms", "ha", "hepatitisA"])
def test_small_districts_are_better_than_the_baseline(shared_data, name):
    """Influenza of 140 districts, measles and hepatitis A: a rise from none to twenty is not carried on, nor is an endemic disease's chance."""
    table = pl.read_csv(shared_data / "aberration_surveillance" / f"{name}_series.csv")
    counts = table.drop("idx", "year", "period", "date", strict=False).to_numpy().astype(float)
    ours, base, truth = [], [], []
    for known in range(len(counts) // 2, len(counts) - 4, 6 if counts.shape[1] == 1 else 12):
        ours.append(forecast(counts[:known]).quantiles.reshape(-1, 23))
        base.append(baseline_forecast(counts[:known], seed=1, n_draws=500).quantiles.reshape(-1, 23))
        truth.append(counts[known : known + 4].T.ravel())
    ours, base = (score_quantiles(np.concatenate(truth), np.vstack(one)) for one in (ours, base))
    assert ours.mean_wis < base.mean_wis
    assert ours.coverage(0.9) >= 0.88


def test_baseline_resembles_that_of_the_hub(shared_data):
    scores = hub_scores(shared_data, "Cases", lambda counts, _: baseline_forecast(counts, seed=1))
    assert scores.mean_wis == pytest.approx(25270, rel=0.1)


def simulated(rng, weeks=60):
    growth = np.zeros(weeks)
    for t in range(1, weeks):
        growth[t] = 0.8 * growth[t - 1] + rng.normal(0, 0.08)
    level = np.log(300) + np.cumsum(growth)
    return rng.poisson(np.exp(np.clip(level, 1, 12)) * rng.gamma(100, 0.01, weeks))


def test_intervals_hold_on_simulated_epidemics_and_beat_the_baseline():
    rng = np.random.default_rng(11)
    ours, base, truth = [], [], []
    for _ in range(40):
        counts = simulated(rng)
        for known in (30, 45, 55):
            ours.append(forecast(counts[:known]).quantiles[0])
            base.append(baseline_forecast(counts[:known], seed=1, n_draws=2000).quantiles[0])
            truth.append(counts[known : known + 4])
    actual = np.concatenate(truth)
    mine = score_quantiles(actual, np.concatenate(ours))
    assert 0.85 <= mine.coverage(0.9) <= 0.995
    assert mine.mean_wis < 0.9 * score_quantiles(actual, np.concatenate(base)).mean_wis


def test_daily_forecasts_put_the_weekday_pattern_back():
    rng = np.random.default_rng(3)
    pattern = np.array([1.3, 1.2, 1.1, 1.0, 1.0, 0.9, 0.5])
    mean = 200 * pattern[np.arange(140) % 7]
    result = forecast(rng.poisson(mean[:112]), step_days=1, horizon=28)
    np.testing.assert_allclose(result.median[0], mean[112:], rtol=0.12)
    weekly_dump = np.where(np.arange(112) % 7 == 6, 5000, 0)
    dumped = forecast(weekly_dump, step_days=1, horizon=7).median[0]
    assert dumped[6] == pytest.approx(5000, rel=0.2)
    assert dumped[:6].max() < 50


def test_many_series_equal_one_by_one():
    counts = np.random.default_rng(4).poisson(80, size=(50, 6))
    together = forecast(counts, leading=counts * 10)
    alone = forecast(counts[:, 4], leading=counts[:, 4] * 10)
    np.testing.assert_allclose(together.quantiles[4], alone.quantiles[0])


def test_a_leading_series_announces_the_turn():
    weeks = np.arange(40)
    cases = 1000 * np.exp(-((weeks - 30) ** 2) / 30) + 20
    deaths = np.round(0.02 * np.concatenate([np.full(3, cases[0]), cases[:-3]]) * 5)
    actual = deaths[32:34]
    led = forecast(deaths[:32], leading=cases[:32], horizon=2).median[0]
    alone = forecast(deaths[:32], horizon=2).median[0]
    assert np.abs(led - actual).sum() < np.abs(alone - actual).sum()


def test_zeros_give_small_finite_forecasts():
    result = forecast(np.zeros(30))
    assert np.isfinite(result.quantiles).all()
    assert result.median.max() == 0
    assert result.quantiles.max() < 20


@pytest.mark.parametrize("level", [0.5, 2, 6, 20])
def test_intervals_hold_for_few_cases(level):
    rng = np.random.default_rng(12)
    counts = rng.poisson(level, size=(64, 200))
    scores = score_quantiles(counts[60:].T.ravel(), forecast(counts[:60]).quantiles.reshape(-1, 23))
    assert scores.coverage(0.9) >= 0.86


def test_labels_table_plot_and_provenance():
    result = forecast(np.arange(1, 31), start=date(2021, 1, 3), names=["Wuhan"], horizon=3)
    assert result.dates[0] == date(2021, 1, 3) + timedelta(weeks=30)
    table = result.to_polars()
    assert table.height == 3
    assert table["series"][0] == "Wuhan"
    assert (np.diff(result.quantiles, axis=-1) >= 0).all()
    assert result.plot().get_title() == "Wuhan"
    assert result.provenance.parameters["prior_sd"] == 0.33
    seeds = [baseline_forecast([3, 5, 4, 6], seed=s).quantiles for s in (1, 1)]
    np.testing.assert_array_equal(*seeds)


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (lambda: forecast([1, 2, 3]), "at least 4 weeks"),
        (lambda: forecast([1] * 20, step_days=1), "at least 4 weeks"),
        (lambda: forecast([1, -2, 3, 4]), "counts"),
        (lambda: forecast([1, np.nan, 3, 4]), "counts"),
        (lambda: forecast([1] * 9, horizon=0), "horizon"),
        (lambda: forecast([1] * 9, horizon=9), "horizon"),
        (lambda: forecast([1] * 9, step_days=30), "step_days"),
        (lambda: forecast([1] * 9, leading=[1] * 8), "leading"),
        (lambda: forecast([1] * 9, prior_sd=0), "prior_sd"),
        (lambda: forecast([1] * 9, levels=[0.1, 0.2]), "levels"),
        (lambda: forecast([1] * 9, names=["a", "b"]), "names"),
        (lambda: baseline_forecast([1], seed=1), "at least 2"),
    ],
)
def test_what_cannot_be_forecast_is_said(call, rule):
    with pytest.raises(ValueError, match=rule):
        call()
