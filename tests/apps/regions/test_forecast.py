"""The forecast of areas: better than "as it is now" in a first wave, and than the trends that it replaced."""

import csv
from collections import defaultdict
from datetime import date

import numpy as np
from tests.apps.regions.china import code_of, is_place

from lianfang.analytics import forecast, rt, scoring
from lianfang.regions.outlooks import LEVELS, WEEKS_AHEAD, weeks_ahead, weeks_of

INTERVAL = np.asarray(rt.discretise_serial_interval(5.1, 5.3, 31))
WUHAN = "4201"


def score(counts, ends):
    """Return for each week ahead the summed error of the forecast, of "as it is now" and of the trends, and who lay in the range."""
    errors, inside = defaultdict(lambda: np.zeros(WEEKS_AHEAD)), []
    for end in ends:
        known = counts[:end, counts[end - 28 : end].sum(axis=0) > 0]
        came = counts[end : end + 14, counts[end - 28 : end].sum(axis=0) > 0]
        came = came.reshape(WEEKS_AHEAD, 7, -1).sum(axis=1).T
        said, flat = weeks_ahead(known, INTERVAL)
        trends = forecast.forecast(weeks_of(known), horizon=WEEKS_AHEAD, levels=LEVELS).quantiles
        for name, one in (("said", said), ("flat", flat), ("trends", (trends + flat) / 2)):
            for week in range(WEEKS_AHEAD):
                scores = scoring.score_quantiles(came[:, week], one[:, week], LEVELS)
                errors[name][week] += scores.wis.sum()
        inside.append(((came >= said[..., 0]) & (came <= said[..., -1])).ravel())
    return errors, float(np.concatenate(inside).mean())


def chinese_cities(folder):
    """New cases by day and city without Wuhan, and the first day."""
    first = date(2019, 12, 1)
    told = defaultdict(dict)
    with (folder / "china_covid_2020" / "city_daily_to_2020-04-30.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if is_place(row["cityCode"], row["city"]) and row["confirmed"]:
                day = (date.fromisoformat(row["date"]) - first).days
                told[code_of(row["cityCode"])][day] = float(row["confirmed"])
    total = np.full((152, len(told)), np.nan)
    for n, code in enumerate(sorted(told)):
        total[list(told[code]), n] = list(told[code].values())
    for day in range(len(total)):
        total[day] = np.where(np.isnan(total[day]), total[day - 1] if day else 0, total[day])
    others = [code != WUHAN for code in sorted(told)]
    return np.maximum(np.diff(total, axis=0, prepend=0), 0)[:, others], first


def test_the_cities_of_china_in_their_first_wave(shared_data):
    counts, first = chinese_cities(shared_data)
    start = (date(2020, 1, 22) - first).days
    errors, inside = score(counts, range(start, start + 86, 4))
    assert (errors["said"] < 0.9 * errors["flat"]).all()
    assert (errors["said"] < 0.8 * errors["trends"]).all()
    assert inside >= 0.88


def test_twelve_countries_of_2020(shared_data):
    daily = defaultdict(list)
    text = (shared_data / "cfr_covid_countries_2020" / "daily.csv").read_text()
    for row in csv.DictReader(text.splitlines()):
        daily[row["country"]].append((row["date"], float(row["cases"] or 0)))
    counts = np.array([[max(n, 0) for _, n in sorted(rows)] for _, rows in sorted(daily.items())]).T
    errors, _ = score(counts, range(63, len(counts) - 14, 21))
    assert (errors["said"] < 0.85 * errors["flat"]).all()
    assert errors["said"].sum() < 1.02 * errors["trends"].sum()


def test_without_a_serial_interval_the_trends_are_used():
    counts = np.random.default_rng(3).poisson(4.0, size=(70, 3)).astype(float)
    said, flat = weeks_ahead(counts, None)
    trends = forecast.forecast(weeks_of(counts), horizon=WEEKS_AHEAD, levels=LEVELS).quantiles
    np.testing.assert_allclose(said, (trends + flat) / 2)
