"""Delay fits: time, and agreement with coarseDataTools on the incubation periods of Lauer et al. (2020).

python benchmarks/analytics_delays.py
"""

import os
import time
from pathlib import Path

import numpy as np
import polars as pl

from lianfang.analytics.delays import compare_delays, fit_delay

SHARED = Path(os.environ.get("LIANFANG_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
LETTERS = {"lognormal": "L", "gamma": "G", "weibull": "W"}


def simulated(n, seed=1):
    rng = np.random.default_rng(seed)
    exposed = np.floor(rng.uniform(0, 40, n))
    width = rng.integers(1, 15, n)
    onset = np.floor(exposed + rng.uniform(0, 1, n) * width + rng.lognormal(1.6, 0.4, n))
    return exposed, exposed + width, onset, onset + 1


def lauer():
    folder = SHARED / "delays_lauer2020"
    if not folder.is_dir():
        print(f"No records of Lauer et al. at {folder}")
        return
    frame = pl.read_csv(folder / "intervals.csv")
    reference = pl.read_csv(folder / "coarseDataTools_reference.csv").filter(pl.col("data") == "lauer2020")
    records = [frame[name] for name in ("EL", "ER", "SL", "SR")]
    start = time.perf_counter()
    comparison = compare_delays(*records)
    taken = time.perf_counter() - start
    theirs = reference.group_by("dist").agg(pl.col("sec").first())["sec"].sum()
    print("| family | log likelihood | coarseDataTools | median (95 %) | 95 % quantile | difference of AIC |")
    print("|---|---|---|---|---|---|")
    for fit in comparison.fits:
        rows = reference.filter(pl.col("dist") == LETTERS[fit.distribution.family])
        value, low, high = fit.estimate("q0.5")
        tail = fit.estimate("q0.95")
        print(
            f"| {fit.distribution.family} | {fit.log_likelihood:.4f} | {rows['loglik'][0]} | {value:.3f} "
            f"({low:.2f}-{high:.2f}) | {tail[0]:.2f} ({tail[1]:.2f}-{tail[2]:.2f}) | {fit.aic - comparison.best.aic:.2f} |"
        )
    print(
        f"\nThree families with profile intervals: {taken:.2f} s; coarseDataTools (published figure) {theirs:.0f} s."
    )


def growth():
    print("\n| records | profile, s | asymptotic, s |\n|---|---|---|")
    for n in (50, 200, 1000, 5000):
        records, times = simulated(n), []
        for kind in ("profile", "asymptotic"):
            start = time.perf_counter()
            fit_delay(*records, intervals=kind)
            times.append(time.perf_counter() - start)
        print(f"| {n} | {times[0]:.3g} | {times[1]:.3g} |")


def measure(quick):
    lauer()
    if not quick:
        growth()


if __name__ == "__main__":
    lauer()
    growth()
