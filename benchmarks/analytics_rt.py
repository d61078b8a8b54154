"""Reproduction numbers: ours beside EpiEstim where R has it, growth with the number of regions, and the delay-aware Rt.

    python benchmarks/analytics_rt.py

EpiEstim is found through Rscript (Debian: r-cran-epiestim); without it the last column is empty. Data are simulated
here unless the shared reference data are found (LIANFANG_SHARED_DATA).
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from lianfang.analytics.delays import DelayDistribution
from lianfang.analytics.renewal import estimate_renewal
from lianfang.analytics.rt import (
    ParametricInterval,
    UncertainInterval,
    case_reproduction_number,
    reproduction_number,
)

SHARED = Path(os.environ.get("LIANFANG_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
COVID = ParametricInterval(4.7, 2.9)
R_SCRIPT = """
suppressPackageStartupMessages(library(EpiEstim))
x <- as.matrix(read.csv("cases.csv"))
si <- list(mean_si = 4.7, std_si = 2.9)
t <- function(f) {s <- proc.time()[[3]]; suppressWarnings(suppressMessages(f())); proc.time()[[3]] - s}
weekly <- function(n) t(function() for (i in 1:n) estimate_R(as.vector(x[, i]), "parametric_si", config = make_config(si)))
uncertain <- t(function() {set.seed(1); estimate_R(as.vector(x[1:60, 1]), "uncertain_si", config = make_config(list(
  mean_si = 4.7, std_mean_si = 0.8, min_mean_si = 3, max_mean_si = 7, std_si = 2.9, std_std_si = 0.4, min_std_si = 2,
  max_std_si = 4, n1 = 100, n2 = 100)))})
tree <- t(function() wallinga_teunis(as.vector(x[1:60, 1]), "parametric_si", config = list(
  mean_si = 4.7, std_si = 2.9, n_sim = 100, t_start = 2:54, t_end = 8:60)))
cat(weekly(1), weekly(10), weekly(30), uncertain, tree, "\\n")
"""


def seconds(function, repeats=3):
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return best


def epidemic_counts(n_days, n_series, seed=42):
    rng = np.random.default_rng(seed)
    log_r = np.cumsum(rng.normal(0, 0.02, (n_days, n_series)), axis=0)
    log_r -= log_r.mean(axis=0)
    weights = DelayDistribution.from_moments("gamma", 4.7, 2.9).pmf(20, generation=True)[1:]
    counts = np.full((n_days + 20, n_series), 60.0)
    for t in range(20, n_days + 20):
        expected = np.exp(log_r[t - 20]) * (weights @ counts[t - 1 : t - 20 : -1])
        counts[t] = rng.poisson(np.clip(expected, 2, 5000))
    return counts[20:]


def epiestim_seconds(cases):
    """Seconds of EpiEstim for 1, 10 and 30 series, uncertain interval, Wallinga-Teunis; None without R."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        pl.DataFrame(cases, schema=[f"V{i}" for i in range(cases.shape[1])]).write_csv(f"{folder}/cases.csv")
        done = subprocess.run(
            ["Rscript", "-e", R_SCRIPT], cwd=folder, capture_output=True, text=True, check=False
        )
    return [float(x) for x in done.stdout.split()] if done.returncode == 0 else None


def row(name, ours, theirs=None):
    beside = f"{theirs:.3g} | {theirs / ours:.0f}" if theirs else " | "
    print(f"| {name} | {ours:.3g} | {beside} |", flush=True)


def instantaneous():
    cases = epidemic_counts(400, 300)
    uncertain = UncertainInterval(4.7, 0.8, (3, 7), 2.9, 0.4, (2, 4))
    reproduction_number(cases[:, 0], serial_interval=COVID)
    theirs = epiestim_seconds(cases[:, :30])
    measured = theirs or [None] * 5
    print("\n| Rt from counts, 400 days | ours, s | EpiEstim, s | ratio |\n|---|---|---|---|")
    for n, reference in (
        (1, measured[0]),
        (10, measured[1]),
        (30, measured[2]),
        (100, None),
        (300, None),
        (3000, None),
    ):
        block = np.tile(cases, (1, 10))[:, :n]
        scaled = measured[2] * n / 30 if reference is None and measured[2] and n <= 300 else reference
        label = f"weekly windows, {n} series" + (" (EpiEstim scaled from 30)" if scaled and n > 30 else "")
        row(label, seconds(lambda block=block: reproduction_number(block, serial_interval=COVID)), scaled)
    short = cases[:60, 0]
    row(
        "uncertain interval, 60 days",
        seconds(lambda: reproduction_number(short, serial_interval=uncertain)),
        measured[3],
    )
    row(
        "Wallinga-Teunis, 60 days",
        seconds(lambda: case_reproduction_number(short, serial_interval=COVID)),
        measured[4],
    )


def delay_aware():
    interval = DelayDistribution.from_moments("gamma", 4.7, 2.9).pmf(20, generation=True)
    delay = DelayDistribution.from_moments("lognormal", 9.0, 4.5).pmf(38)
    start = time.perf_counter()
    estimate_renewal(epidemic_counts(30, 1)[:, 0], generation_interval=interval, delay=delay)
    print(f"\nFirst call, with compilation where it is not on disk: {time.perf_counter() - start:.1f} s")
    print("\n| delay-aware Rt | seconds | a series |\n|---|---|---|")
    for n_days, n_series in ((60, 1), (126, 1), (400, 1), (126, 30), (126, 300)):
        cases = epidemic_counts(n_days, n_series)
        taken = seconds(
            lambda cases=cases: estimate_renewal(cases, generation_interval=interval, delay=delay),
            repeats=1 if n_series > 100 else 3,
        )
        print(f"| {n_days} days, {n_series} series | {taken:.3g} | {taken / n_series:.3g} |", flush=True)


def known_truth():
    folder = SHARED / "rt_truth_ca126"
    if not folder.is_dir():
        print(f"\nNo known truth at {folder}")
        return
    interval = json.loads((folder / "true_parameters.json").read_text())["generation_interval_pmf"]
    delay = pl.read_csv(folder / "infection_admission_interval.tsv", separator="\t")[
        "probability_mass"
    ].to_numpy()
    counts = pl.read_csv(folder / "daily_hospital_admissions.csv")["daily_hosp_admits"].to_numpy()
    truth = pl.read_csv(folder / "daily_infections.csv")["true_rt"].to_numpy()

    def fit():
        return estimate_renewal(counts, generation_interval=[0, *interval], delay=delay / delay.sum())

    result = fit()
    inside = (truth >= result.quantile("r", 0.05)) & (truth <= result.quantile("r", 0.95))
    print(f"\nPyRenew's truth, daily admissions: error of R {np.abs(result.quantile('r', 0.5) - truth).mean():.4f}, "
          f"90 % covers {inside.mean():.3f}, {seconds(fit):.3f} s")  # fmt: skip


def measure(quick):
    instantaneous()
    if not quick:
        delay_aware()
        known_truth()


if __name__ == "__main__":
    instantaneous()
    delay_aware()
    known_truth()
