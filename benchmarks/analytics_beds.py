"""Ward and ICU census of Italian regions 7 and 14 days ahead: learnt on the first half, scored on the second.

The choices inside (no constant, ridge 1, which drivers) were made by learning on days 0-169 and scoring days 170-245.

Usage: python benchmarks/analytics_beds.py; prints a markdown table.
"""

import os
from pathlib import Path

import numpy as np
import polars as pl

from lianfang.analytics.beds_outlook import HISTORY, census_outlook, learn_outlook
from measuring import shared

SHARED = Path(os.environ.get("LIANFANG_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def load():
    frame = pl.read_csv(SHARED / "beds_italy_2020_2021" / "regions_daily.csv")
    wide = {
        name: frame.pivot(on="region", index="date", values=name)
        .sort("date")
        .drop("date")
        .to_numpy()
        .astype(float)
        for name in ("hospital_ward", "icu", "new_positive")
    }
    return {name: np.maximum(np.nan_to_num(values), 0) for name, values in wide.items()}


def score(kind, drivers, horizon, half):
    series = [load()[name] for name in (kind, *drivers)]
    census, others = series[0], series[1:]
    model = learn_outlook(census[:half], horizon, drivers=[one[:half] for one in others])
    errors, covered = {"outlook": [], "stays as it is": [], "last week's slope": []}, {"95%": [], "50%": []}
    for day in range(half, len(census) - horizon):
        upto = slice(day + 1 - HISTORY, day + 1)
        got = census_outlook(model, census[upto], drivers=[one[upto] for one in others])
        truth = census[day + horizon]
        slope = np.maximum(census[day] + horizon / 7 * (census[day] - census[day - 7]), 0)
        for name, guess in (
            ("outlook", got.median),
            ("stays as it is", census[day]),
            ("last week's slope", slope),
        ):
            errors[name].append(np.abs(guess - truth))
        covered["95%"].append((got.quantiles[:, 0] <= truth) & (truth <= got.quantiles[:, 4]))
        covered["50%"].append((got.quantiles[:, 1] <= truth) & (truth <= got.quantiles[:, 3]))
    return {name: np.mean(rows) for name, rows in (errors | covered).items()}


def main():
    n_days = len(load()["icu"])
    print(f"18 regions, {n_days} days; learnt on days 0-{n_days // 2 - 1}, scored on the rest\n")
    print("| census | days ahead | MAE outlook | MAE stays | MAE slope | 95% covers | 50% covers |")
    print("|---|---|---|---|---|---|---|")
    for kind, drivers in (
        ("hospital_ward", ("new_positive", "icu")),
        ("icu", ("new_positive", "hospital_ward")),
    ):
        for horizon in (7, 14):
            row = score(kind, drivers, horizon, n_days // 2)
            slope = row["last week's slope"]
            print(
                f"| {kind} | {horizon} | {row['outlook']:.2f} | {row['stays as it is']:.2f} | {slope:.2f} "
                f"| {row['95%']:.3f} | {row['50%']:.3f} |"
            )


def measure(quick):
    shared("beds_italy_2020_2021")
    main()


if __name__ == "__main__":
    main()
