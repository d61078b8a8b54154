"""Is the posterior of `infer_chains` calibrated? Simulated outbreaks with known chains; prints markdown tables.

Usage: python benchmarks/calibration_chains.py [number of outbreaks] [even|odd]
"""

import sys
import time
from itertools import pairwise

import numpy as np

from lianfang.analytics.chains import Exposure, Interval, infer_chains
from outbreaks_with_truth import simulate

COMBINATIONS = ("times", "times+contacts", "times+household+place", "times+dna", "all")
BINS = np.array([0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0000001])


def evidence(outbreak, combination):
    given = {}
    if "contacts" in combination or combination == "all":
        given["contacts"] = outbreak.contacts
    if "household" in combination or combination == "all":
        given["household"] = outbreak.household
        given["exposure"] = Exposure(place=outbreak.place)
    if "dna" in combination or combination == "all":
        given["snps"] = outbreak.snps
    return given


def assess(outbreak, combination, n_sweeps=600):
    mean, cv = outbreak.settings["interval"]
    found = infer_chains(
        list(range(len(outbreak.onset))),
        outbreak.onset,
        Interval.gamma(mean, cv * mean),
        n_sweeps=n_sweeps,
        n_chains=2,
        **evidence(outbreak, combination),
    )
    best, _ = found.best()
    infectee = np.repeat(np.arange(len(outbreak.onset)), np.diff(found.start))
    stated = np.concatenate((found.probability, found.unknown))
    true = np.concatenate((outbreak.source[infectee] == found.infector, outbreak.source < 0))
    of_truth = (
        sum(found.probability[(outbreak.source[infectee] == found.infector)])
        + found.unknown[outbreak.source < 0].sum()
    )
    k = np.quantile(found.k, [0.05, 0.95])
    return {
        "n": len(outbreak.onset),
        "right": int((best == outbreak.source).sum()),
        "of_truth": float(of_truth),
        "unknown": (float(found.unknown.sum()), int((outbreak.source < 0).sum())),
        "stated": stated,
        "true": true,
        "k": k[0] <= outbreak.settings["k"] <= k[1],
    }


def main(n_outbreaks=20, split="odd"):
    seeds = range(1 if split == "odd" else 0, 2 * n_outbreaks, 2)
    outbreaks = [simulate(seed) for seed in seeds]
    print(
        f"{len(outbreaks)} simulated outbreaks ({split} seeds), {sum(len(o.onset) for o in outbreaks)} cases\n"
    )
    print(
        "| evidence | first choice right | mean posterior of the truth | unknown: stated / true | k inside 90% | CPU s a run |"
    )
    print("|---|---|---|---|---|---|")
    tables = {}
    for combination in COMBINATIONS:
        begin = time.process_time()
        rows = [assess(outbreak, combination) for outbreak in outbreaks]
        seconds = (time.process_time() - begin) / len(rows)
        n = sum(row["n"] for row in rows)
        unknown = [sum(row["unknown"][x] for row in rows) for x in (0, 1)]
        print(
            f"| {combination} | {sum(r['right'] for r in rows) / n:.3f} | {sum(r['of_truth'] for r in rows) / n:.3f} "
            f"| {unknown[0]:.0f} / {unknown[1]} | {np.mean([r['k'] for r in rows]):.2f} | {seconds:.2f} |"
        )
        tables[combination] = [np.concatenate([row[key] for row in rows]) for key in ("stated", "true")]
    print("\n| stated probability | " + " | ".join(f"{c}: true share (n)" for c in COMBINATIONS) + " |")
    print("|---|" + "---|" * len(COMBINATIONS))
    for low, high in pairwise(BINS):
        cells = []
        for stated, true in tables.values():
            inside = (stated >= low) & (stated < high)
            cells.append(
                f"{true[inside].mean():.3f} of {stated[inside].mean():.3f} ({inside.sum()})"
                if inside.any()
                else "-"
            )
        print(f"| {low:.2f}-{min(high, 1):.2f} | " + " | ".join(cells) + " |")


def measure(quick):
    main(2 if quick else 20)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20, sys.argv[2] if len(sys.argv) > 2 else "odd")
