"""The forecast of areas on countries that it was not made for: better than its two halves."""

import csv
from collections import defaultdict

import numpy as np

from lianfang.analytics import forecast, scoring
from lianfang.regions.outlooks import LEVELS, WEEKS_AHEAD, weeks_ahead


def test_half_trend_and_half_as_it_is_now_beats_each_on_twelve_countries(shared_data):
    daily = defaultdict(list)
    text = (shared_data / "cfr_covid_countries_2020" / "daily.csv").read_text()
    for row in csv.DictReader(text.splitlines()):
        daily[row["country"]].append((row["date"], float(row["cases"] or 0)))
    counts = np.array([[n for _, n in sorted(rows)] for _, rows in sorted(daily.items())]).T
    whole = len(counts) // 7
    weekly = np.maximum(counts[: whole * 7].reshape(whole, 7, -1).sum(axis=1), 0)
    errors = defaultdict(float)
    for known in range(9, whole - WEEKS_AHEAD, 3):
        both, flat = weeks_ahead(weekly[:known])
        trends = forecast.forecast(weekly[:known], horizon=WEEKS_AHEAD, levels=LEVELS).quantiles
        for name, said in (("both", both), ("flat", flat), ("trends", trends)):
            for week in range(WEEKS_AHEAD):
                errors[name] += scoring.score_quantiles(weekly[known + week], said[:, week], LEVELS).wis.sum()
    assert errors["both"] < 0.85 * errors["flat"]
    assert errors["both"] < 0.95 * errors["trends"]
