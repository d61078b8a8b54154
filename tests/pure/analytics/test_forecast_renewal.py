import csv
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from lianfang.analytics.forecast import baseline_forecast
from lianfang.analytics.forecast_renewal import renewal_forecast
from lianfang.analytics.rt import discretise_serial_interval
from lianfang.analytics.scoring import score_quantiles

INTERVAL = discretise_serial_interval(5.1, 5.3, 31)


def test_daily_cases_on_the_european_hub(shared_data):
    """Targets that no constant was chosen on: better than the model of the hub that also uses a renewal equation."""
    folder = shared_data / "forecast_eu_hub_2021"
    daily = pl.read_csv(folder / "daily_cases_deaths.csv", try_parse_dates=True).sort("date")
    weekly = pl.read_csv(folder / "observed_weekly.csv", try_parse_dates=True)
    truth = {(one["location"], one["target_end_date"]): one["observed"] for one in weekly.to_dicts() if one["target_type"] == "Cases"}  # fmt: skip
    scored = pl.read_csv(folder / "wis_reference.csv", try_parse_dates=True).filter(
        (pl.col("target_type") == "Cases") & (pl.col("horizon") <= 2) & (pl.col("model") == "epiforecasts-EpiNow2")
    )  # fmt: skip
    said, came = [], []
    for row in scored.to_dicts():
        country = {"DE": "Germany", "GB": "United Kingdom"}[row["location"]]
        until = row["forecast_date"] - timedelta(days=1)
        counts = daily.filter((pl.col("country") == country) & (pl.col("date") < until))["cases"]
        result = renewal_forecast(np.maximum(counts.to_numpy(), 0), serial_interval=INTERVAL)
        said.append(result.quantiles[0, (row["target_end_date"] - row["forecast_date"]).days // 7])
        came.append(truth[row["location"], row["target_end_date"]])
    scores = score_quantiles(came, said)
    assert scores.mean_wis < 0.8 * scored["wis"].mean()
    assert scores.coverage(0.9) >= 0.85


def italian(shared_data, since, until):
    with (shared_data / "beds_italy_2020_2021" / "regions_daily.csv").open(encoding="utf-8") as file:
        rows = [(row["region"], date.fromisoformat(row["date"]), row["new_positive"]) for row in csv.DictReader(file)]  # fmt: skip
    first = min(on for _, on, _ in rows)
    names = sorted({name for name, _, _ in rows})
    counts = np.zeros(((max(on for _, on, _ in rows) - first).days + 1, len(names)))
    for name, on, n in rows:
        counts[(on - first).days, names.index(name)] = max(float(n or 0), 0)
    for known in range((since - first).days, (until - first).days, 7):
        yield counts[:known], counts[known : known + 14].reshape(2, 7, -1).sum(axis=1).T


def test_a_wave_that_measures_break_in_italy(shared_data):
    """Spring of 2020: the trends were 1.2 to 1.3 of the baseline's score here."""
    errors = {"said": 0.0, "flat": 0.0}
    inside = []
    for counts, came in italian(shared_data, date(2020, 4, 1), date(2020, 6, 1)):
        weekly = counts[len(counts) % 7 :].reshape(-1, 7, counts.shape[1]).sum(axis=1)
        said = renewal_forecast(counts, serial_interval=INTERVAL).quantiles
        flat = baseline_forecast(weekly, horizon=2, seed=1, n_draws=500).quantiles
        for name, one in (("said", said), ("flat", flat)):
            scores = score_quantiles(came.ravel(), one.reshape(-1, 23))
            errors[name] += scores.wis.sum()
        inside.append((came >= said[..., 1]) & (came <= said[..., -2]))
    assert errors["said"] < 0.8 * errors["flat"]
    assert np.mean(inside) >= 0.88


def epidemic(r, seeds=50.0):
    """Exact renewal of one area with the R of each day."""
    course = [seeds] * 30
    for one in r:
        course.append(one * np.dot(INTERVAL[1:], course[: -len(INTERVAL) : -1]))
    return np.array(course[30:])


def test_r_that_stays_is_carried_on():
    counts = epidemic([0.8] * 84, seeds=5_000.0)
    result = renewal_forecast(counts[:70], serial_interval=INTERVAL)
    np.testing.assert_allclose(result.median[0], counts[70:84].reshape(2, 7).sum(axis=1), rtol=0.02)


def test_a_fall_elsewhere_announces_the_fall_here():
    """A small area still grows; where those around it broke a week ago it is forecast lower than on its own."""
    large = epidemic([1.5] * 35 + [0.6] * 7)
    small = epidemic([1.3] * 42, seeds=2.0)
    alone = renewal_forecast(small, serial_interval=INTERVAL).median[0]
    beside = renewal_forecast(np.column_stack([small, *[large] * 3]), serial_interval=INTERVAL).median[0]
    assert (beside < 0.8 * alone).all()


def test_a_rise_is_not_carried_on_without_end():
    counts = epidemic([3.0] * 42, seeds=1.0)
    weeks = renewal_forecast(counts, serial_interval=INTERVAL, weeks=4).median[0]
    assert (weeks[1:] / weeks[:-1] < 2.5).all()
    assert counts[-7:].sum() / counts[-14:-7].sum() > 3


def test_the_order_of_areas_does_not_matter_and_each_has_its_level():
    draws = np.random.default_rng(5).poisson([1, 20, 400], size=(60, 3))
    plain = renewal_forecast(draws, serial_interval=INTERVAL).quantiles
    turned = renewal_forecast(draws[:, ::-1], serial_interval=INTERVAL).quantiles
    np.testing.assert_allclose(plain, turned[::-1], rtol=1e-9)
    assert (np.diff(plain, axis=-1) >= 0).all()
    assert (plain[1, :, 11] > 5 * plain[0, :, 11]).all()


@pytest.mark.parametrize("level", [0.1, 1, 10])
def test_ranges_hold_where_nothing_happens(level):
    counts = np.random.default_rng(6).poisson(level, size=(84, 200))
    said = renewal_forecast(counts[:70], serial_interval=INTERVAL).quantiles
    came = counts[70:].reshape(2, 7, -1).sum(axis=1).T
    assert score_quantiles(came.ravel(), said.reshape(-1, 23)).coverage(0.9) >= 0.88


def test_labels_and_nothing_at_all():
    result = renewal_forecast(
        np.zeros((40, 2)), serial_interval=INTERVAL, start=date(2020, 1, 1), names=["A", "B"], weeks=3
    )
    assert np.isfinite(result.quantiles).all()
    assert result.median.max() == 0
    assert result.dates == [date(2020, 2, 10) + timedelta(weeks=k) for k in range(3)]
    assert result.to_polars().height == 6


@pytest.mark.parametrize(
    ("counts", "more", "rule"),
    [
        ([1] * 27, {}, "at least 4 weeks"),
        ([1] * 30, {"weeks": 0}, "weeks"),
        ([1] * 30, {"weeks": 5}, "weeks"),
        ([1] * 30, {"serial_interval": [0.2, 0.8]}, "serial_interval"),
        ([1] * 30, {"serial_interval": [0.0]}, "serial_interval"),
        ([-1] * 30, {}, "counts"),
    ],
)
def test_what_cannot_be_forecast_is_said(counts, more, rule):
    with pytest.raises(ValueError, match=rule):
        renewal_forecast(counts, **({"serial_interval": INTERVAL} | more))
