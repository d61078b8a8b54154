"""The speed bars of the analytics, each beside a peer: R and Python packages that install, else their documented figure.

    python benchmarks/analytics_bars.py            # prints; a quarter of an hour with R, Covasim and Starsim
    python benchmarks/analytics_bars.py --write    # and makes docs/explanation/speed.md of it

R needs the Debian packages r-cran-epiestim, r-cran-surveillance and r-cran-coarsedatatools. Covasim and Starsim are
installed from the package index into a virtual environment that is thrown away. What is missing is said, and its
documented figure stands in its place, marked as such. Peers that take minutes are measured on a part and scaled, marked too.
"""

import argparse
import contextlib
import io
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from analytics_aberration import run_r
from analytics_rt import epidemic_counts
from calibrating.outbreaks import simulate as outbreak
from lianfang.analytics.aberration import ears, farrington
from lianfang.analytics.chains import Exposure, Interval, infer_chains
from lianfang.analytics.delays import DelayDistribution, compare_delays
from lianfang.analytics.nowcast import nowcast, triangle_from_matrix
from lianfang.analytics.renewal import estimate_renewal
from lianfang.analytics.rt import ParametricInterval, reproduction_number
from lianfang.analytics.scan import scan_clusters
from measuring import REPOSITORY, Table, timed
from run import machine

PAGE = REPOSITORY / "docs" / "explanation" / "speed.md"
COVID = ParametricInterval(4.7, 2.9)
SMALL_R = 10  # series that R is timed on; the rest is scaled

R_SCRIPT = """
folder <- commandArgs(TRUE)[1]
cpu <- function() sum(proc.time()[1:2])
took <- function(f) tryCatch({s <- cpu(); invisible(suppressWarnings(suppressMessages(f()))); cpu() - s}, error = function(e) NA)
rt <- NA; ears <- NA; farrington <- NA; delays <- NA; bayes <- NA; lawless <- NA
if (require(EpiEstim, quietly = TRUE)) {
  x <- as.matrix(read.csv(file.path(folder, "cases.csv")))
  rt <- took(function() for (i in 1:10) estimate_R(as.vector(x[, i]), "parametric_si",
             config = make_config(list(mean_si = 4.7, std_si = 2.9)))) * 30
}
if (suppressMessages(require(surveillance, quietly = TRUE))) {
  s <- sts(observed = as.matrix(read.csv(file.path(folder, "weekly.csv"))), frequency = 52)
  ears <- took(function() for (m in c("C1", "C2", "C3")) earsC(s[, 1:10], control = list(method = m, alpha = .001))) * 30
  farrington <- took(function() farringtonFlexible(s[, 1:2], list(range = 349:400, noPeriods = 10, b = 4, w = 3,
    weightsThreshold = 2.58, pastWeeksNotIncluded = 26, pThresholdTrend = 1, alpha = .01, thresholdMethod = "nbPlugin",
    glmWarnings = FALSE))) * 150
  x <- as.matrix(read.csv(file.path(folder, "triangle.csv")))
  at <- which(x > 0, arr.ind = TRUE); zero <- as.Date("2020-01-01"); now <- zero + nrow(x) - 1
  d <- data.frame(on = zero + rep(at[, 1] - 1, x[at]), known = zero + rep(at[, 1] + at[, 2] - 2, x[at]))
  prior <- structure("poisgamma", mean.lambda = 80, var.lambda = 3000)
  cast <- function(m) took(function() capture.output(nowcast(now = now, when = seq(now - 13, now, by = "1 day"),
    data = d, dEventCol = "on", dReportCol = "known", aggregate.by = "1 day", D = 40, method = m,
    control = list(N.tInf.prior = prior, N.tInf.max = 600, dRange = c(zero, now)))))
  bayes <- cast("bayes.notrunc"); lawless <- cast("lawless")
}
if (suppressMessages(require(coarseDataTools, quietly = TRUE))) {
  d <- read.csv(file.path(folder, "windows.csv")); d$type <- 0
  parts <- sapply(c("G", "W"), function(k) took(function() dic.fit(d, dist = k, n.boots = 2))) * 30
  delays <- took(function() dic.fit(d, dist = "L")) + sum(parts)
}
cat("\\n", rt, ears, farrington, delays, bayes, lawless, "\\n")
"""
PEER_SCRIPT = """
import sys, time, warnings; warnings.simplefilter("ignore")
what, n = sys.argv[1], int(sys.argv[2])
if what == "covasim":
    import covasim as cv
    act = [cv.test_prob(symp_prob=0.2, asymp_prob=0.005, start_day=1),
           cv.contact_tracing(trace_probs=dict(h=1, s=0.5, w=0.5, c=0.2), start_day=1)]
    sim = cv.Sim(pop_size=n, n_days=100, pop_type="hybrid", pop_infected=100, interventions=act, verbose=0)
    sim.initialize()
else:
    import starsim as ss
    sim = ss.Sim(n_agents=n, networks=ss.RandomNet(n_contacts=10), diseases=ss.SIR(), start=0, stop=100, dt=1, verbose=0)
    sim.init()
begin, cpu = time.perf_counter(), time.process_time()
sim.run()
print(time.perf_counter() - begin, time.process_time() - cpu)
"""


class Bar(NamedTuple):
    """A task: the bar in seconds (or agent-days a second), what is run, and the peer's documented figure."""

    task: str
    bar: float
    act: object
    peer: str
    documented: float
    measured: str | None = None  # key among the peers measured here
    repeats: int = 2


def bars(quick):
    """Return the tasks, their data made ready."""
    many = 30 if quick else 300
    cases, weekly = epidemic_counts(400, 300), weekly_counts()
    interval = DelayDistribution.from_moments("gamma", 4.7, 2.9).pmf(20, generation=True)
    delay = DelayDistribution.from_moments("lognormal", 9.0, 4.5).pmf(38)
    lagged = epidemic_counts(126, many)
    triangle = triangle_from_matrix(reports())
    windows = lauer_like().to_numpy().T
    sick = outbreak_of(188)
    rng = np.random.default_rng(1)
    places, seen = rng.uniform(size=(67, 2)), rng.poisson(150, 67)

    def renewal(counts):
        return estimate_renewal(counts, generation_interval=interval, delay=delay)

    return [
        Bar("Rt, weekly windows, 300 x 400", 0.3, lambda: reproduction_number(cases, serial_interval=COVID),
            "EpiEstim, 10 series x 30", 21.7, "epiestim"),
        Bar("Rt with delay and weekday, 126 days", 0.2, lambda: renewal(lagged[:, 0]), "EpiNow2, at best", 18.0),
        Bar(f"the same, {many} series", 30.0 * many / 300, lambda: renewal(lagged), "EpiNow2, at best, each", 18.0 * many, None, 1),
        Bar("nowcast, 120 days x 40 delays", 0.1, lambda: nowcast(triangle), "surveillance, bayes.notrunc", 2.0, "bayes"),
        Bar("the same, beside the quickest of R", 0.1, lambda: nowcast(triangle), "surveillance, lawless", 2.0, "lawless"),
        Bar("EARS C1-C3, 300 x 400", 0.1, lambda: [ears(weekly, method=m, alpha=0.001) for m in ("C1", "C2", "C3")],
            "surveillance, 10 series x 30", 8.1, "ears"),
        Bar("Farrington improved, 300 x 52 weeks", 10.0, lambda: farrington(weekly, last=52), "surveillance, 2 series x 150", 369.0, "farrington"),
        Bar("doubly censored delays, 3 families, 181 records", 1.0, lambda: compare_delays(*windows),
            "coarseDataTools, 2 of 60 resamples x 30", 88.0, "delays"),
        Bar("chains, 188 cases, times and household", 5.0, lambda: infer_chains(**sick), "outbreaker2", 73.0),
        Bar("scan, 9999 simulations, 67 counties", 1.5, lambda: scan_clusters(seen, places, population=[1000] * 67, n_simulations=9999, seed=1),
            "SpatialEpi (C++)", 1.2),
    ]  # fmt: skip


def weekly_counts():
    return np.random.default_rng(1).negative_binomial(4, 4 / 9, size=(400, 300)).astype(float)


def reports():
    rng = np.random.default_rng(3)
    share = DelayDistribution.from_moments("lognormal", 6.0, 5.0).pmf(41)
    return rng.poisson(80 * share[None, :], size=(120, 41))


def lauer_like():
    """Return 181 records whose windows resemble those of Lauer et al. 2020: many wide exposures, short onsets."""
    rng = np.random.default_rng(2)
    width = rng.choice([1, 2, 4, 8, 16], 181)
    infected = rng.random(181) * width
    onset = np.floor(infected + rng.lognormal(1.62, 0.42, 181))
    right = np.minimum(width, onset + 1)
    return pl.DataFrame({"EL": np.zeros(181), "ER": right.astype(float), "SL": onset, "SR": onset + 1})


def outbreak_of(n):
    made = outbreak(1, size=n)
    kept = slice(0, n)
    return {
        "ids": list(range(len(made.onset[kept]))),
        "onset": made.onset[kept],
        "interval": Interval.gamma(
            made.settings["interval"][0], made.settings["interval"][0] * made.settings["interval"][1]
        ),
        "household": made.household[kept],
        "exposure": Exposure(place=made.place[kept]),
    }


def r_seconds():
    """Return what the R packages took, by name; NaN or nothing where they are not there."""
    with tempfile.TemporaryDirectory() as folder:
        for name, counts in (("cases", epidemic_counts(400, 300)), ("weekly", weekly_counts())):
            pl.DataFrame(counts[:, :SMALL_R], schema=[f"V{i}" for i in range(SMALL_R)]).write_csv(
                Path(folder) / f"{name}.csv"
            )
        lauer_like().write_csv(Path(folder) / "windows.csv")
        known = reports().astype(int)
        late = np.add.outer(np.arange(len(known)), np.arange(known.shape[1])) >= len(known)
        pl.DataFrame(np.where(late, 0, known), schema=[f"V{i}" for i in range(known.shape[1])]).write_csv(
            Path(folder) / "triangle.csv"
        )
        printed = run_r(R_SCRIPT, folder)
    if printed is None:
        return {}
    names = ("epiestim", "ears", "farrington", "delays", "bayes", "lawless")
    numbers = [float(word) if word != "NA" else np.nan for word in printed.split()[-6:]]
    return {name: value for name, value in zip(names, numbers, strict=True) if np.isfinite(value)}


def agent_days(quick):
    """Return agent-days a second of the simulator with tests and tracing, of Covasim the same, of Starsim without."""
    from lianfang.simulate import Scenario, build_city, simulate

    n = 20_000 if quick else 100_000
    city, scenario = build_city(n, counties=2, seed=1), Scenario(days=100, imported=100)
    simulate(build_city(1000), Scenario(days=3), hazard=0.3)
    ours = min(timed(lambda seed=seed: simulate(city, scenario, seed=seed)).cpu for seed in range(2))
    table = Table(
        f"Agents x days, {n:,} x 100, million a second of processor time (bar: 4 with tracing on)",
        "simulator", "response", "M agent-days/s", "ours / it",
    )  # fmt: skip
    speed = n * 100 / ours / 1e6
    table.row("lianfang.simulate", "tests, tracing, beds", speed, 1.0)
    peers = {"covasim": ("tests, tracing", 1.3), "starsim": ("none; no tracing module", 3.1)}
    with tempfile.TemporaryDirectory() as folder:
        python = environment(Path(folder), list(peers))
        for name, (response, documented) in peers.items():
            taken = peer_seconds(python, name, n)
            theirs = n * 100 / taken / 1e6 if taken else documented
            table.row(name if taken else f"{name} (documented)", response, theirs, speed / theirs)


def environment(folder, packages):
    """Return the Python of a fresh environment with the packages, or None where they do not install."""
    given = os.environ.get("LIANFANG_PEERS_PYTHON")
    if given:
        return given
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *packages], capture_output=True, check=False
    )
    return python if done.returncode == 0 else None


def peer_seconds(python, name, n):
    if python is None:
        return None
    done = subprocess.run(
        [python, "-c", PEER_SCRIPT, name, str(n)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        print(f"{name}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return float(done.stdout.split()[-1])


def kept(bar, wall, cpu):
    if wall <= bar:
        return "yes"
    return "by processor time" if cpu <= bar else "**no**"


def compare(quick):
    peers = {} if quick else r_seconds()
    table = Table(
        "Time, best of two, and the peer",
        "task",
        "bar, s",
        "ours, s",
        "ours, CPU s",
        "peer",
        "peer, CPU s",
        "ratio of CPU",
        "bar kept",
    )
    for one in bars(quick):
        one.act()  # compiled, or read from disk
        taken = [timed(one.act) for _ in range(one.repeats)]
        wall, cpu = min(t.wall for t in taken), min(t.cpu for t in taken)
        theirs = peers.get(one.measured, one.documented)
        label = one.peer if one.measured in peers else f"{one.peer.partition(',')[0]} (documented)"
        table.row(one.task, one.bar, wall, cpu, label, theirs, theirs / cpu, kept(one.bar, wall, cpu))


def measure(quick):
    print(f"{machine()}; load of the machine when it began: {os.getloadavg()[0]:.1f}")
    compare(quick)
    agent_days(quick)


INTRODUCTION = """# Speed of the analytics

<!-- Made by `python benchmarks/analytics_bars.py --write`; do not edit. -->

Each task has a bar (what this project set itself, on two cores) and a peer. A peer that installs was run on the same data
in the same minutes; "x 10" says that it was run on a part and scaled. "(documented)" is the figure that the peer's own documents or an
earlier measurement on two cores give. Ratios are of processor time, which a busy machine stretches little; documented figures are clock
times of an idle machine. Wall-clock time is what a user waits; on a machine that others use it is an upper limit: the load at the
start is said, and a bar missed by the clock and kept by the processor is called so. R starts are not counted, nor compilation of
our kernels (once in an installation, then read from disk).

"""


def write():
    kept = io.StringIO()
    with contextlib.redirect_stdout(kept):
        measure(quick=False)
    PAGE.write_text(INTRODUCTION + kept.getvalue(), encoding="utf-8")
    print(kept.getvalue())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    if arguments.write:
        write()
    else:
        measure(arguments.quick)
