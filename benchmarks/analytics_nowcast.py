"""Nowcasts of three public outbreaks beside their references, and time against size; prints markdown.

The reference days are those of the published comparisons. "Other days" are not among them, but both were seen while
the settings were chosen; untouched are only the seeds of `calibrating/reporting.py`.

Usage: python benchmarks/analytics_nowcast.py
"""

import os
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from lianfang.analytics.nowcast import (
    nowcast,
    triangle_from_counts,
    triangle_from_line_list,
    triangle_from_matrix,
)
from lianfang.analytics.scoring import score_quantiles
from measuring import shared

SHARED = Path(os.environ.get("LIANFANG_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def germany():
    table = pl.read_csv(
        SHARED / "nowcast_germany_hosp_2021" / "triangle_DE_all_ages.csv", try_parse_dates=True
    )
    wide = table.pivot(on="delay", index="reference_date", values="count").sort("reference_date")
    first = wide["reference_date"][0]
    reference = [(date(2021, 8, 2) + timedelta(days=7 * k) - first).days for k in range(13)]
    other_days = [row for row in range(56, 203) if row % 7 in (2, 4)]
    return wide.drop("reference_date").to_numpy(), first, 1, range(15), reference, other_days


def hus():
    lines = pl.read_csv(SHARED / "nowcast_hus_2011" / "linelist.csv", try_parse_dates=True)
    full = triangle_from_line_list(lines["dHosp"], lines["dReport"], as_of="2011-07-05", max_delay=15)
    reference = [(date(2011, 5, 25) + timedelta(days=3 * k) - full.start).days for k in range(9)]
    return np.nan_to_num(full.counts), full.start, 1, range(1, 11), reference, []


def dengue():
    table = pl.read_csv(SHARED / "nowcast_dengue_pr" / "triangle_1990_2003.csv", try_parse_dates=True)
    full = triangle_from_counts(
        table["onset_week"], table["report_week"], table["n"], as_of="2003-12-29", max_delay=10, step_days=7
    )
    known = pl.read_csv(SHARED / "nowcast_dengue_pr" / "nobbs_reference.csv", try_parse_dates=True)
    reference = [(day - full.start).days // 7 for day in sorted(set(known["now"]))]
    other_days = [*range(30, 220, 5), *range(300, 700, 7)]
    return np.nan_to_num(full.counts), full.start, 7, range(6), reference, other_days


def score(counts, first, step, ages, rows):
    quantiles, truth, seconds = [], [], []
    for row in rows:
        began = time.perf_counter()
        result = nowcast(triangle_from_matrix(counts[: row + 1], start=first, step_days=step))
        seconds.append(time.perf_counter() - began)
        for age in ages:
            quantiles.append(result.quantiles[-1 - age])
            truth.append(counts[row - age].sum())
    scores = score_quantiles(truth, quantiles)
    error = np.abs(np.asarray(quantiles)[:, 11] - truth).mean()
    cover = [scores.coverage(level) for level in (0.5, 0.9, 0.95)]
    return scores.mean_wis, error, cover, float(np.median(seconds))


def main():
    nowcast(triangle_from_matrix(np.ones((30, 5))))  # compiled before timing
    print("| data | days | WIS | MAE | 50 % | 90 % | 95 % | seconds | reference |")
    print("|---|---|---|---|---|---|---|---|---|")
    sets = {
        "Germany, hospital 2021": (germany(), "baselinenowcast WIS 23.65, MAE 43.5, 95 % 0.90, 4.7 s"),
        "HUS 2011": (hus(), "surveillance bayes.notrunc MAE 7.1, 95 % 0.77, 1.5 s"),
        "dengue, Puerto Rico": (dengue(), "NobBS MAE 12.5, 95 % 0.77, 2.0 s"),
    }
    for name, ((counts, first, step, ages, reference, other_days), known) in sets.items():
        for kind, rows in (("reference", reference), ("other days", other_days)):
            if rows:
                wis, error, cover, seconds = score(counts, first, step, ages, rows)
                figures = " | ".join(f"{c:.2f}" for c in cover)
                print(
                    f"| {name} | {kind}, {len(rows)} | {wis:.2f} | {error:.1f} | {figures} | {seconds:.3f} | "
                    f"{known if kind == 'reference' else ''} |"
                )
    print("\n| rows x delays | seconds |\n|---|---|")
    rng = np.random.default_rng(1)
    for rows, delays in ((60, 20), (120, 40), (240, 40), (480, 40), (480, 80)):
        triangle = triangle_from_matrix(rng.poisson(5, size=(rows, delays + 1)), start=date(2021, 1, 4))
        times = []
        for _ in range(5):
            began = time.perf_counter()
            nowcast(triangle)
            times.append(time.perf_counter() - began)
        print(f"| {rows} x {delays} | {min(times):.3f} |")


def measure(quick):
    shared("nowcast_germany_hosp_2021")
    main()


if __name__ == "__main__":
    main()
