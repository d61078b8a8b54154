"""Scan statistic on the Pennsylvania lung cancer data beside the reference, and time against size; prints markdown.

Usage: python benchmarks/analytics_scan.py
"""

import os
import time
from pathlib import Path

import numpy as np
import polars as pl

from lianfang.analytics.scan import scan_clusters
from measuring import shared

SHARED = Path(os.environ.get("LIANFANG_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def pennsylvania():
    folder = SHARED / "clusters_pennLC"
    counties = pl.read_csv(folder / "counties.csv")
    reference = pl.read_csv(folder / "kulldorff_reference.csv")
    print("| model | rank | areas | LLR | reference | p | reference | seconds, 9999 draws |")
    print("|---|---|---|---|---|---|---|---|")
    for model, settings in (
        ("poisson", {"expected": counties["expected"]}),
        ("binomial", {"model": "binomial"}),
    ):
        for _ in range(2):  # compiled in the first round
            began = time.perf_counter()
            result = scan_clusters(
                counties["cases"],
                counties.select("grid_x_km", "grid_y_km"),
                population=counties["population"],
                n_simulations=9999,
                seed=1,
                **settings,
            )
            seconds = time.perf_counter() - began
        rows = reference.filter(pl.col("type") == model).sort("rank").iter_rows(named=True)
        for cluster, row in zip(result.clusters, rows, strict=True):
            print(
                f"| {model} | {row['rank']} | {len(cluster.areas)} | {cluster.log_likelihood_ratio:.5f} | "
                f"{row['LLR']:.5f} | {cluster.p_value:.4f} | {row['p']:.4f} | {seconds:.2f} (SpatialEpi 1.2-2.5) |"
            )


def growth():
    rng = np.random.default_rng(1)
    print("\n| areas | steps | draws | seconds |\n|---|---|---|---|")
    for areas, steps, draws in ((67, 1, 9999), (200, 1, 999), (800, 1, 999), (67, 30, 999), (200, 30, 999)):
        places = rng.uniform(size=(areas, 2))
        cases = rng.poisson(20 / steps, size=(steps, areas))
        expected = np.ones((steps, areas))
        began = time.perf_counter()
        scan_clusters(cases, places, expected=expected, n_simulations=draws, seed=1)
        print(f"| {areas} | {steps} | {draws} | {time.perf_counter() - began:.2f} |")


def measure(quick):
    shared("clusters_pennLC")
    pennsylvania()
    if not quick:
        growth()


if __name__ == "__main__":
    pennsylvania()
    growth()
