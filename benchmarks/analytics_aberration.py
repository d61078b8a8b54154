"""Early warning beside R surveillance where that is installed: agreement, ratio of times, growth with size.

The fourteen labelled series of the RKI ship with surveillance; without it the six in the shared data are scored.
R and its package are measured as they come; start-up of R is not counted.

Usage: python benchmarks/analytics_aberration.py; prints markdown.
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from lianfang.analytics.aberration import IMPROVED, cusum, ears, farrington, re_emergence, small_counts
from measuring import shared

SHARED = Path(os.environ.get("LIANFANG_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
LABELLED = ("k1", "m1", "m2", "m3", "m4", "m5", "q1_nrwh", "q2", "s1", "s2", "s3", "n1", "n2", "h1_nrwrp")

R_TIMES = """
suppressMessages(library(surveillance)); folder <- commandArgs(TRUE)[1]
x <- as.matrix(read.csv(file.path(folder, "counts.csv")))
s <- sts(observed = x, frequency = 52)
t1 <- system.time(for (m in c("C1", "C2", "C3"))
  write.csv(upperbound(earsC(s, control = list(method = m, alpha = .001))), file.path(folder, paste0(m, ".csv")),
            row.names = FALSE))[["elapsed"]]
few <- s[, 1:6]
control <- list(range = (nrow(x) - 51):nrow(x), noPeriods = 10, b = 4, w = 3, weightsThreshold = 2.58,
  pastWeeksNotIncluded = 26, pThresholdTrend = 1, alpha = .01, thresholdMethod = "nbPlugin", glmWarnings = FALSE)
t2 <- system.time(f <- farringtonFlexible(few, control))[["elapsed"]]
write.csv(upperbound(f), file.path(folder, "farrington.csv"), row.names = FALSE)
write.csv(alarms(f) * 1, file.path(folder, "alarms.csv"), row.names = FALSE)
cat(t1, t2)
"""
R_LABELLED = """
suppressMessages(library(surveillance)); folder <- commandArgs(TRUE)[1]
for (n in commandArgs(TRUE)[-1]) { data(list = n); x <- get(n)
  write.csv(data.frame(observed = as.integer(x$observed), state = as.integer(x$state)),
            file.path(folder, paste0(n, ".csv")), row.names = FALSE) }
"""


def run_r(script, *arguments):
    """Return the output of an R script, None where R or surveillance is missing."""
    program = shutil.which("Rscript")
    if program is None:
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".R") as file:
        file.write(script)
        file.flush()
        done = subprocess.run([program, file.name, *arguments], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None


def seconds(call):
    call()
    times = []
    for _ in range(3):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)


def beside_r():
    counts = np.random.default_rng(1).negative_binomial(4, 4 / (4 + 5), size=(400, 300)).astype(float)
    ours_ears = seconds(lambda: [ears(counts, method=m, alpha=0.001) for m in ("C1", "C2", "C3")])
    ours_farrington = seconds(lambda: farrington(counts, last=52))
    print(f"EARS C1-C3, 300 x 400: {ours_ears:.3f} s; Farrington improved, 300 x 52: {ours_farrington:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        pl.DataFrame(counts, schema=[f"s{i}" for i in range(300)]).write_csv(Path(folder) / "counts.csv")
        printed = run_r(R_TIMES, folder)
        if printed is None:
            print("R surveillance is not installed here: no ratio (published: 8.1 s and 369 s)")
            return
        r_ears, r_farrington = (float(v) for v in printed.split())
        r_farrington *= 300 / 6
        print("\n| | R surveillance, s | ours, s | ratio |\n|---|---|---|---|")
        print(f"| EARS C1-C3, 300 x 400 | {r_ears:.1f} | {ours_ears:.3f} | {r_ears / ours_ears:.0f} |")
        print(
            f"| Farrington improved, 300 x 52 (R: 6 series x 50) | {r_farrington:.0f} | {ours_farrington:.2f} | "
            f"{r_farrington / ours_farrington:.0f} |"
        )
        for method in ("C1", "C2", "C3"):
            theirs = pl.read_csv(Path(folder) / f"{method}.csv").to_numpy()
            mine = ears(counts, method=method, alpha=0.001).upperbound[-len(theirs) :]
            print(f"largest difference of bounds, {method}: {np.nanmax(np.abs(theirs - mine)):.1e}")
        result = farrington(counts[:, :6], settings=IMPROVED, last=52)
        theirs = pl.read_csv(Path(folder) / "alarms.csv").to_numpy().astype(bool)
        bound = pl.read_csv(Path(folder) / "farrington.csv", null_values="NA").to_numpy().astype(float)
        known = np.isfinite(bound)
        print(
            f"Farrington: {(result.alarm[-52:] == theirs).mean():.4f} of alarms equal, "
            f"{(np.abs(result.upperbound[-52:] - bound) < 1e-6)[known].mean():.4f} of bounds equal"
        )


def labelled():
    with tempfile.TemporaryDirectory() as folder:
        if run_r(R_LABELLED, folder, *LABELLED) is not None:
            return {n: pl.read_csv(Path(folder) / f"{n}.csv") for n in LABELLED}
    folder = SHARED / "aberration_surveillance"
    return {n: pl.read_csv(folder / f"{n}_series.csv") for n in LABELLED[:6]}


def quality(series, names, detect):
    alarm = np.concatenate([detect(series[n]["observed"]).alarm[59:209, 0] for n in names])
    state = np.concatenate([series[n]["state"].to_numpy()[59:209] for n in names]).astype(bool)
    return alarm[state].mean(), 1 - alarm[~state].mean()


def labelled_quality():
    series = labelled()
    names = list(series)
    print(f"\n| {len(names)} labelled series, weeks 60-209: sensitivity / specificity | all | odd | even |")
    print("|---|---|---|---|")
    detectors = {
        "small_counts": small_counts,
        "ears C3": lambda y: ears(y, method="C3", alpha=0.001),
        "cusum": lambda y: cusum(y, baseline=59),
        "re_emergence, in weeks": lambda y: re_emergence(y, quiet=4, window=2, cases=2),
    }
    for name, detect in detectors.items():
        parts = [quality(series, part, detect) for part in (names, names[::2], names[1::2])]
        print(f"| {name} | " + " | ".join(f"{a:.2f} / {b:.3f}" for a, b in parts) + " |")


def growth():
    print("\n| series x steps | EARS C1-C3 | Farrington, last 52 | small_counts |\n|---|---|---|---|")
    rng = np.random.default_rng(2)
    for n, steps in ((30, 300), (300, 300), (3000, 300), (300, 600)):
        counts = rng.poisson(4, size=(steps, n)).astype(float)
        times = [
            seconds(lambda c=counts: [ears(c, method=m) for m in ("C1", "C2", "C3")]),
            seconds(lambda c=counts: farrington(c, last=52)),
            seconds(lambda c=counts: small_counts(c)) if n <= 300 else float("nan"),
        ]
        print(f"| {n} x {steps} | " + " | ".join(f"{t:.2f}" for t in times) + " |")


def measure(quick):
    shared("aberration_surveillance")
    beside_r()
    labelled_quality()
    if not quick:
        growth()


if __name__ == "__main__":
    beside_r()
    labelled_quality()
    growth()
