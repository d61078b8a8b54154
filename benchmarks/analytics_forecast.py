"""Forecasts on the targets of the European hub beside the models of the hub; other countries against the baseline.

History is the weekly truth of the hub up to the Saturday before each Monday (its final edition, as none other is
kept), cases as leading series of deaths. The other countries are weekly sums of 2020, daily data from step 120.

Usage: python benchmarks/analytics_forecast.py; prints markdown.
"""

import os
import time
from pathlib import Path

import numpy as np
import polars as pl

from lianfang.analytics.forecast import baseline_forecast, forecast
from lianfang.analytics.scoring import relative_skill, score_quantiles
from measuring import shared

SHARED = Path(os.environ.get("LIANFANG_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
KEYS = ["location", "forecast_date", "target_end_date"]


def hub(target):
    """Return our scores on every target and the hub's scores of each model on the same targets."""
    folder = SHARED / "forecast_eu_hub_2021"
    observed = pl.read_csv(folder / "observed_weekly.csv", try_parse_dates=True).sort("target_end_date")
    reference = pl.read_csv(folder / "wis_reference.csv", try_parse_dates=True).filter(
        pl.col("target_type") == target
    )
    table = reference.pivot(on="model", index=KEYS, values="wis").sort(KEYS)
    quantiles, truth = [], []
    for place, made, end in table.select(KEYS).iter_rows():
        weeks = observed.filter((pl.col("location") == place) & (pl.col("target_type") == target))
        cases = observed.filter((pl.col("location") == place) & (pl.col("target_type") == "Cases"))
        days, counts = weeks["target_end_date"].to_list(), weeks["observed"].to_numpy()
        known = sum(day < made for day in days)
        leading = cases["observed"].to_numpy()[:known] if target == "Deaths" else None
        result = forecast(counts[:known], leading=leading)
        quantiles.append(result.quantiles[0, days.index(end) - known])
        truth.append(counts[days.index(end)])
    models = {name: table[name].to_numpy().astype(float) for name in table.columns if name not in KEYS}
    return score_quantiles(truth, quantiles), models


def countries(column, *, daily):
    table = pl.read_csv(SHARED / "cfr_covid_countries_2020" / "daily.csv", try_parse_dates=True)
    ours, base, truth = [], [], []
    for country in sorted(set(table["country"])):
        rows = table.filter(pl.col("country") == country).sort("date")
        counts, cases = (np.maximum(rows[c].to_numpy().astype(float), 0) for c in (column, "cases"))
        if not daily:
            whole = len(counts) // 7 * 7
            counts, cases = (v[:whole].reshape(-1, 7).sum(axis=1) for v in (counts, cases))
        horizon, first, step = (28, 120, 21) if daily else (4, 16, 2)
        for known in range(first, len(counts) - horizon, step):
            settings = {"horizon": horizon, "step_days": 1 if daily else 7}
            leading = cases[:known] if column == "deaths" else None
            ours.append(forecast(counts[:known], leading=leading, **settings).quantiles[0])
            base.append(baseline_forecast(counts[:known], seed=1, n_draws=2000, **settings).quantiles[0])
            truth.append(counts[known : known + horizon])
    actual = np.concatenate(truth)
    return score_quantiles(actual, np.concatenate(ours)), score_quantiles(actual, np.concatenate(base))


def main():
    print("| European hub, May-July 2021, DE and GB | n | WIS | relative to baseline | 50 % | 90 % |")
    print("|---|---|---|---|---|---|")
    for target in ("Cases", "Deaths"):
        scores, models = hub(target)
        skill = relative_skill({"this forecast": scores.wis, **models}, baseline="EuroCOVIDhub-baseline")
        for i, name in enumerate(skill.models):
            wis = scores.wis if name == "this forecast" else models[name]
            cover = (
                f"{scores.coverage(0.5):.2f} | {scores.coverage(0.9):.2f}"
                if name == "this forecast"
                else " | "
            )
            print(
                f"| {target}, {name} | {np.isfinite(wis).sum()} | {np.nanmean(wis):.1f} | "
                f"{skill.scaled[i]:.2f} | {cover} |"
            )
    print(
        "\n| twelve countries 2020 | n | WIS / baseline | 50 % | 90 % | baseline 90 % |\n|---|---|---|---|---|---|"
    )
    for column in ("cases", "deaths"):
        for daily in (False, True):
            ours, base = countries(column, daily=daily)
            print(
                f"| {column}, {'28 days' if daily else '4 weeks'} ahead | {ours.wis.size} | "
                f"{ours.mean_wis / base.mean_wis:.2f} | {ours.coverage(0.5):.2f} | {ours.coverage(0.9):.2f} | "
                f"{base.coverage(0.9):.2f} |"
            )
    print("\n| series x weeks | seconds |\n|---|---|")
    rng = np.random.default_rng(1)
    for series in (1, 30, 300, 3000):
        counts = rng.poisson(100, size=(60, series))
        began = time.perf_counter()
        forecast(counts)
        print(f"| {series} x 60 | {time.perf_counter() - began:.3f} |")


def measure(quick):
    shared("forecast_eu_hub_2021")
    shared("cfr_covid_countries_2020")
    main()


if __name__ == "__main__":
    main()
