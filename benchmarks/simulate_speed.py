"""Speed of the simulator: agent-days a second with tracing on, the demonstration world, a million people.

Run alone: `python benchmarks/simulate_speed.py [speed] [demo] [million] [cold]`. `speed` is the bar of 4 million agent-days a
second for 100,000 agents over 100 days with tests and tracing. Agent-days count all residents, as other simulators
do; the work of this one grows with the infected, so the infected share is printed beside it. Times are of one
thread, wall and processor; `cold` removes the stored machine code first, in a copy of the package.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import lianfang.simulate
from lianfang.simulate import (
    Capacity,
    Disease,
    Response,
    Scenario,
    build_city,
    demo_outbreak,
    fitted_hazard,
    identities,
    simulate,
    to_linelist,
)

TABLES = (
    "persons",
    "infections",
    "reports",
    "tests",
    "contacts",
    "followups",
    "tasks",
    "stays",
    "units",
    "daily",
)
AGENTS, DAYS = 100_000, 100


@contextmanager
def timed(label):
    wall, processor = time.perf_counter(), sum(os.times()[:4])  # children included
    taken = {}
    yield taken
    taken["wall"] = time.perf_counter() - wall
    taken["processor"] = sum(os.times()[:4]) - processor
    print(f"{label:58s} {taken['wall']:7.3f} s wall {taken['processor']:7.3f} s processor")


def speed():
    city = build_city(AGENTS, counties=2, seed=1)
    short = Capacity(laboratory_tests=400, investigations=10, tracings=150, beds=150)
    plenty = Capacity(laboratory_tests=1e5, investigations=1e5, tracings=1e5, beds=1e4)
    fierce = Disease(r0=6.0)
    scenarios = {
        "no response, R0 2.5": Scenario(days=DAYS, imported=100, response=None),
        "tests and tracing, short of hands, R0 2.5": Scenario(
            days=DAYS, imported=100, response=Response(capacity=short)
        ),
        "tests and tracing, short of hands, R0 6": Scenario(
            days=DAYS, imported=100, disease=fierce, response=Response(capacity=short)
        ),
        "tests and tracing, no limit, R0 6": Scenario(
            days=DAYS, imported=100, disease=fierce, response=Response(capacity=plenty)
        ),
    }
    simulate(city, Scenario(days=3), hazard=0.3)
    for name, scenario in scenarios.items():
        hazard = fitted_hazard(city, scenario)
        best = None
        for seed in range(3):
            with timed(f"{name}, seed {seed}") as taken:
                outcome = simulate(city, scenario, seed=seed, hazard=hazard)
            best = min(best or taken["processor"], taken["processor"])
        print(
            f"   best {AGENTS * DAYS / best / 1e6:.1f} M agent-days/s; last run: {outcome.n_infections / AGENTS:.1%} "
            f"infected, {len(outcome.records['contacts'])} contacts named, {len(outcome.records['tests'])} tests"
        )
    with timed("all tables of the last run"):
        for name in TABLES:
            getattr(outcome, name)


def demo():
    with timed("demonstration outbreak, first call in the process"):
        outcome = demo_outbreak()
    with timed("demonstration outbreak, again"):
        outcome = demo_outbreak()
    with timed("its tables"):
        for name in TABLES:
            getattr(outcome, name)
    with timed("line list"):
        to_linelist(outcome)
    with timed("identities of all residents"):
        identities(outcome.city)
    print(f"   {outcome.n_infections} infections, {outcome.n_confirmed} confirmed, {outcome.n_deaths} deaths")


def million():
    with timed("city of a million"):
        city = build_city(1_000_000, counties=10, seed=1)
    scenario = Scenario(days=100, imported=200)
    with timed("fit of the hazard"):
        hazard = fitted_hazard(city, scenario)
    simulate(build_city(1000), Scenario(days=3), hazard=0.3)
    with timed("100 days with the default response"):
        outcome = simulate(city, scenario, hazard=hazard)
    with timed("its tables"):
        for name in TABLES:
            getattr(outcome, name)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"   {outcome.n_infections} infections, {len(outcome.followups)} readings; peak memory {peak:.2f} GB"
    )


def cold():
    source = Path(lianfang.simulate.__file__).parent.parent
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(source, Path(folder, "lianfang"), ignore=shutil.ignore_patterns("__pycache__"))
        command = [sys.executable, "-c", "import lianfang.simulate as s; s.demo_outbreak()"]
        for label in ("new process, nothing compiled", "new process, compiled before"):
            with timed(label):
                subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": folder})


def measure(quick):
    for act in (demo,) if quick else (speed, demo, million, cold):
        act()


if __name__ == "__main__":
    chosen = sys.argv[1:] or ["speed", "demo", "million", "cold"]
    for name in chosen:
        {"speed": speed, "demo": demo, "million": million, "cold": cold}[name]()
