"""Forecasts on the targets of the European hub beside the models of the hub; other countries against the baseline.

History is the weekly truth of the hub up to the Saturday before each Monday (its final edition, as none other is
kept), cases as leading series of deaths. The other countries are weekly sums of 2020, daily data from step 120.

Usage: python benchmarks/analytics_forecast.py; prints markdown.
"""

import os
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from lianfang.analytics.forecast import baseline_forecast, forecast
from lianfang.analytics.forecast_renewal import renewal_forecast
from lianfang.analytics.rt import discretise_serial_interval
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


INTERVAL = discretise_serial_interval(5.1, 5.3, 31)


def hub_by_day():
    """Return scores of one and two weeks ahead from daily cases, of the baseline, and of the hub's models on the same targets."""
    folder = SHARED / "forecast_eu_hub_2021"
    daily = pl.read_csv(folder / "daily_cases_deaths.csv", try_parse_dates=True).sort("date")
    observed = pl.read_csv(folder / "observed_weekly.csv", try_parse_dates=True)
    truth = {(row["location"], row["target_end_date"]): row["observed"] for row in observed.filter(pl.col("target_type") == "Cases").to_dicts()}  # fmt: skip
    reference = pl.read_csv(folder / "wis_reference.csv", try_parse_dates=True).filter(
        (pl.col("target_type") == "Cases") & (pl.col("horizon") <= 2)
    )
    table = reference.pivot(on="model", index=KEYS, values="wis").sort(KEYS)
    said, flat, came = [], [], []
    for place, made, end in table.select(KEYS).iter_rows():
        country = {"DE": "Germany", "GB": "United Kingdom"}[place]
        rows = daily.filter((pl.col("country") == country) & (pl.col("date") < made - timedelta(days=1)))
        counts = np.maximum(rows["cases"].to_numpy().astype(float), 0)
        step = (end - made).days // 7
        said.append(renewal_forecast(counts, serial_interval=INTERVAL).quantiles[0, step])
        weekly = counts[len(counts) % 7 :].reshape(-1, 7).sum(axis=1)
        flat.append(baseline_forecast(weekly, horizon=2, seed=1, n_draws=4000).quantiles[0, step])
        came.append(truth[place, end])
    models = {name: table[name].to_numpy().astype(float) for name in table.columns if name not in KEYS}
    said, flat = np.array(said), np.array(flat)
    return score_quantiles(came, said), score_quantiles(came, (said + flat) / 2), models


def italian():
    """Return scores of the regions of Italy, weekly from the third week, of the renewal and of the baseline; by origin."""
    frame = pl.read_csv(SHARED / "beds_italy_2020_2021" / "regions_daily.csv")
    wide = frame.pivot(on="region", index="date", values="new_positive").sort("date").drop("date")
    counts = np.maximum(wide.to_numpy().astype(float), 0)
    for known in range(35, len(counts) - 14, 7):
        weekly = counts[known % 7 : known].reshape(-1, 7, counts.shape[1]).sum(axis=1)
        came = counts[known : known + 14].reshape(2, 7, -1).sum(axis=1).T
        said = renewal_forecast(counts[:known], serial_interval=INTERVAL).quantiles
        flat = baseline_forecast(weekly, horizon=2, seed=1, n_draws=2000).quantiles
        yield tuple(
            score_quantiles(came.ravel(), one.reshape(-1, 23)) for one in (said, (said + flat) / 2, flat)
        )


SMALL = {
    "fluBYBW": "influenza, 140 districts of Bavaria and Baden-Wuerttemberg",
    "measlesDE": "measles, 16 German states",
    "measlesWeserEms": "measles, 17 districts of Weser-Ems",
    "ha": "hepatitis A, 12 districts of Berlin",
    "hepatitisA": "hepatitis A, Germany",
    "salmonella.agona": "Salmonella Agona",
    "shadar": "Salmonella Hadar",
    "meningo.age": "meningococci by age",
    "abattoir": "abattoir",
}
NOT_COUNTS = ("idx", "year", "period", "date", "week", "state", "baseline", "alarm")


def small():
    """Print how weekly counts of few cases are forecast in the second half of each series, from every sixth week."""
    print("\n| weekly counts | n | relative to baseline | 90 % covers | 95 % covers |\n|---|---|---|---|---|")
    for name, label in SMALL.items():
        table = pl.read_csv(SHARED / "aberration_surveillance" / f"{name}_series.csv")
        counts = table.drop(*NOT_COUNTS, strict=False).to_numpy().astype(float)
        ours, base, truth = [], [], []
        for known in range(len(counts) // 2, len(counts) - 4, 6):
            ours.append(forecast(counts[:known]).quantiles.reshape(-1, 23))
            base.append(baseline_forecast(counts[:known], seed=1, n_draws=500).quantiles.reshape(-1, 23))
            truth.append(counts[known : known + 4].T.ravel())
        ours, base = (score_quantiles(np.concatenate(truth), np.vstack(one)) for one in (ours, base))
        print(
            f"| {label} | {ours.wis.size} | {ours.mean_wis / base.mean_wis:.2f} | {ours.coverage(0.9):.2f} | {ours.coverage(0.95):.2f} |"
        )


def renewal():
    print("\n| renewal of all areas together, 1 and 2 weeks | n | WIS | relative to baseline | 50 % | 90 % |")
    print("|---|---|---|---|---|---|")
    alone, half, models = hub_by_day()
    for name, one in (("alone", alone), ("half and half with the baseline", half)):
        base = np.nanmean(models["EuroCOVIDhub-baseline"])
        cover = f"{one.coverage(0.5):.2f} | {one.coverage(0.9):.2f}"
        print(
            f"| hub cases, {name} | {one.wis.size} | {one.mean_wis:.0f} | {one.mean_wis / base:.2f} | {cover} |"
        )
    for name, wis in models.items():
        print(
            f"| hub cases, {name} | {np.isfinite(wis).sum()} | {np.nanmean(wis):.0f} | {np.nanmean(wis) / base:.2f} | | |"
        )
    parts = list(zip(*italian(), strict=True))
    base = sum(one.wis.sum() for one in parts[2])
    for name, rows in zip(("alone", "half and half with the baseline"), parts, strict=False):
        n, wis = sum(one.wis.size for one in rows), sum(one.wis.sum() for one in rows)
        cover = [sum(one.coverage(p) * one.wis.size for one in rows) / n for p in (0.5, 0.9)]
        print(f"| Italy, {name} | {n} | {wis / n:.1f} | {wis / base:.2f} | {cover[0]:.2f} | {cover[1]:.2f} |")


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
    small()
    renewal()
    print("\n| series x weeks | seconds |\n|---|---|")
    rng = np.random.default_rng(1)
    for series in (1, 30, 300, 3000):
        counts = rng.poisson(100, size=(60, series))
        began = time.perf_counter()
        forecast(counts)
        print(f"| {series} x 60 | {time.perf_counter() - began:.3f} |")
        began = time.perf_counter()
        renewal_forecast(np.repeat(counts, 7, axis=0)[:400] / 7, serial_interval=INTERVAL)
        print(f"| {series} x 400 days, renewal | {time.perf_counter() - began:.3f} |")


def measure(quick):
    shared("forecast_eu_hub_2021")
    shared("cfr_covid_countries_2020")
    shared("aberration_surveillance")
    shared("beds_italy_2020_2021")
    main()


if __name__ == "__main__":
    main()
