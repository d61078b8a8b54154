"""Chains on the shared real and published data; prints markdown. Usage: python benchmarks/analytics_chains.py

Settings come from the literature and from simulated outbreaks (`calibrating/outbreaks.py`), not from these data.
"""

import csv
import os
import resource
import sys
import tempfile
import time
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np

from analytics_aberration import run_r
from calibrating import wards
from calibrating.outbreaks import simulate
from lianfang.analytics.chains import Exposure, Interval, infer_chains
from measuring import shared

SHARED = Path(os.environ.get("LIANFANG_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def read(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def day(text, form="-"):
    try:
        return float(date(*(int(part) for part in text.split(form))).toordinal())
    except ValueError:
        return np.nan


def ranks(found, pairs):
    """Rank of a true infector among the named candidates of each infectee (unknown source left out of the ranking)."""
    true = {}
    for infector, infectee in pairs:
        true.setdefault(infectee, set()).add(infector)
    places = []
    for infectee, infectors in true.items():
        named = [name for name, _ in found.candidates(infectee, 10_000) if name is not None]
        best = [named.index(name) + 1 for name in infectors if name in named]
        places += [min(best) if best else np.inf]
    return np.array(places)


def show(name, found, pairs, seconds):
    places = ranks(found, pairs)
    summary = found.summary()
    print(
        f"| {name} | {len(places)} | {(places == 1).mean():.3f} | {(places <= 3).mean():.3f} | {found.unknown.mean():.2f} "
        f"| {summary['dispersion_k'][0]:.2f} | {found.disagreement:.2f} | {seconds:.1f} |"
    )


def fake_outbreak():
    folder = SHARED / "chains_fake_outbreak"
    cases = read(folder / "cases.csv")
    ids = [row["id"] for row in cases]
    interval = Interval(pmf=[float(row["w"]) for row in read(folder / "w.csv")], first=1)
    contacts = [(row["i"], row["j"]) for row in read(folder / "contacts.csv")]
    snps = [[float(row[i]) for i in ids] for row in read(folder / "snp_distance.csv")]
    truth = [row["true_infector"] or None for row in cases]
    reference = read(folder / "outbreaker2_reference.csv")
    print(
        "| simulated by outbreaker2 | right | posterior of truth | outbreaker2 right | its posterior | CPU s |"
    )
    print("|---|---|---|---|---|---|")
    for name, given in {
        "times+dna+contacts": {"snps": snps, "contacts": contacts},
        "times+dna": {"snps": snps},
        "times+contacts": {"contacts": contacts},
        "times": {},
    }.items():
        begin = time.process_time()
        found = infer_chains(ids, [float(row["onset_day"]) for row in cases], interval, **given)
        seconds = time.process_time() - begin
        right = np.mean([a == b for a, b in zip(found.table()["infector"], truth, strict=True)])
        mass = np.mean([dict(found.candidates(i, 99)).get(t, 0) for i, t in zip(ids, truth, strict=True)])
        other = [row for row in reference if row["data"] == name]
        other_right = np.mean([row["true"] == row["consensus"] for row in other])
        other_mass = np.mean([float(row["posterior_true"]) for row in other])
        print(f"| {name} | {right:.3f} | {mass:.3f} | {other_right:.3f} | {other_mass:.3f} | {seconds:.1f} |")


def mers_cases():
    """Return ids, onsets (report less the usual delay where unknown), exposure, imported cases and known links."""
    folder = SHARED / "chains_mers_korea_2015"
    rows = read(folder / "linelist.csv")
    report = np.array([day(row["dt_report"]) for row in rows])
    onset = np.array([day(row["dt_onset"]) for row in rows])
    onset = np.where(np.isnan(onset), report - np.nanmedian(report - onset), onset)
    exposure = Exposure(
        start=[day(row["dt_start_exp"]) for row in rows],
        end=[day(row["dt_end_exp"]) for row in rows],
        removed=[day(row["dt_diag"]) for row in rows],
        place=[row["loc_hosp"] or None for row in rows],
        incubation=Interval.gamma(6.7, 3.5),
        infectiousness=Interval.gamma(6, 4),  # not known to pass on before symptoms
    )
    ids = [row["id"] for row in rows]
    pairs = [(row["from"], row["to"]) for row in read(folder / "contacts.csv") if row["to"] in ids]
    outside = [True if row["place_infect"] == "Middle East" else None for row in rows]
    return ids, onset, exposure, outside, pairs


def mers():
    ids, onset, exposure, outside, pairs = mers_cases()
    interval = Interval.gamma(12.6, 2.8)
    for name, given in {
        "MERS Korea: times": {},
        "MERS Korea: times, hospitals": {"exposure": Exposure(place=exposure.place)},
        "MERS Korea: times, hospitals, exposure windows": {"exposure": exposure},
    }.items():
        begin = time.process_time()
        found = infer_chains(ids, onset, interval, source_outside=outside, **given)
        show(name, found, pairs, time.process_time() - begin)
    hidden = {1: [], 3: []}
    for fold in range(5):
        known = [pair for k, pair in enumerate(pairs) if k % 5 == fold]
        rest = [pair for k, pair in enumerate(pairs) if k % 5 != fold]
        found = infer_chains(ids, onset, interval, source_outside=outside, exposure=exposure, traced=known)
        named = {infectee for _, infectee in known}
        places = ranks(found, [pair for pair in rest if pair[1] not in named])
        for top, shares in hidden.items():
            shares.append((places <= top).mean())
    print(
        f"| MERS Korea: as above, every fifth link traced; the other links | 78 | {np.mean(hidden[1]):.3f} "
        f"| {np.mean(hidden[3]):.3f} | | | | |"
    )


def china_cities():
    """Yield, per city with a known link: names, onsets, evidence and the links among its cases."""
    rows = read(SHARED / "chains_china_pairs_2020" / "pairs.csv")
    people, household = {}, {}

    def root(name):
        while household.get(name, name) != name:
            name = household[name]
        return name

    for row in rows:
        for side in ("infector", "infectee"):
            people[row[f"{side}_id"]] = {
                "city": row[f"{side}_reportCity"],
                "from": row[f"{side}_infectCity"],
                "onset": day(row[f"{side}_onsetDate"], "/"),
                "isolated": day(row[f"{side}_isolateDate_afterSymptom"], "/"),
            }
        if row["isHousehold"] == "yes":
            household[root(row["infector_id"])] = root(row["infectee_id"])
    at_home = set(household) | set(household.values())
    cities = {}
    for name, person in people.items():
        if not np.isnan(person["onset"]):
            cities.setdefault(person["city"], []).append(name)
    for city, names in cities.items():
        here = [
            (row["infector_id"], row["infectee_id"])
            for row in rows
            if {row["infector_id"], row["infectee_id"]} <= set(names)
        ]
        if len(names) < 2 or not here:
            continue
        given = {
            "household": [root(name) if name in at_home else None for name in names],
            "source_outside": [
                True if people[name]["from"] not in {"unknown", "", city} else None for name in names
            ],
            "exposure": Exposure(
                removed=[people[name]["isolated"] for name in names],
                incubation=Interval.gamma(5.5, 2.4),
                infectiousness=Interval.normal(-0.5, 4),
            ),
        }
        yield names, [people[name]["onset"] for name in names], given, here


def china():
    interval = Interval.normal(5.1, 5.3)
    cities = list(china_cities())
    for label, with_evidence in (("times", False), ("times, households, imported, isolation", True)):
        begin = time.process_time()
        places, unknown, k = [], [], []
        for names, onset, given, here in cities:
            found = infer_chains(
                names, onset, interval, n_sweeps=100, n_chains=2, **(given if with_evidence else {})
            )
            places.append(ranks(found, here))
            unknown.append(found.unknown.mean())
            k.append(found.summary()["dispersion_k"][0])
        joined = np.concatenate(places)
        print(
            f"| China pairs by city: {label} | {len(joined)} | {(joined == 1).mean():.3f} | {(joined <= 3).mean():.3f} "
            f"| {np.mean(unknown):.2f} | {np.median(k):.2f} | | {time.process_time() - begin:.1f} |"
        )


HAGELLOCH = """
suppressMessages(library(surveillance)); data(hagelloch)
d <- hagelloch.df; write.csv(data.frame(id = d$PN, source = d$IFTO, house = d$HN, class = d$CL, onset = floor(d$tPRO)),
  file.path(commandArgs(TRUE)[1], "hagelloch.csv"), row.names = FALSE)
"""


def hagelloch_cases():
    """Return ids, onsets, households, school classes and known links of measles in a village, 1861; None without R and surveillance."""
    with tempfile.TemporaryDirectory() as folder:
        if run_r(HAGELLOCH, folder) is None:
            return None
        rows = read(Path(folder) / "hagelloch.csv")
    pairs = [(row["source"], row["id"]) for row in rows if row["source"] != "NA"]
    school = [row["class"] if "class" in row["class"] else None for row in rows]
    onset = [float(row["onset"]) for row in rows]
    return [row["id"] for row in rows], onset, [row["house"] for row in rows], school, pairs


def hagelloch():
    """Measles in a village, 1861, out of the R package surveillance: households and school classes; not used for any setting but k."""
    found = hagelloch_cases()
    if found is None:
        print("Hagelloch: skipped, it needs R with surveillance")
        return
    ids, onset, house, school, pairs = found
    for name, given in {
        "Hagelloch: times": {},
        "Hagelloch: times, households": {"household": house},
        "Hagelloch: times, households, classes as groups": {"household": house, "groups": {"class": school}},
        "Hagelloch: times, households, classes as places": {
            "household": house,
            "exposure": Exposure(place=school),
        },
    }.items():
        begin = time.process_time()
        found = infer_chains(ids, onset, Interval.gamma(11, 2.5), **given)
        show(name, found, pairs, time.process_time() - begin)


def singapore_cases():
    """Return what `infer_chains` is given on Singapore 2020 (every second published pair as a named source), and the other pairs of local cases."""
    rows = read(SHARED / "chains_singapore_2020" / "cases.csv")
    ids = [row["CaseID"] for row in rows]
    known = {row["CaseID"]: day(row["date_onset_symptoms"]) for row in rows}
    confirmed = np.array([day(row["date_confirmation"]) for row in rows])
    onset = np.array([known[name] for name in ids])
    onset = np.where(np.isnan(onset), confirmed - np.nanmedian(confirmed - onset), onset)
    travelled = {
        row["CaseID"] for row in rows if row["travel_history"] == "Wuhan" or row["cluster"] == "Wuhan"
    }
    related = {
        tuple(sorted((row["CaseID"], other.strip()), key=int))
        for row in rows
        for other in row["Related cases"].split(",")
        if other.strip() in known and other.strip() != row["CaseID"]
    }
    pairs = [
        pair[::-1] if known[pair[0]] > known[pair[1]] else pair
        for pair in sorted(related, key=lambda pair: [int(name) for name in pair])
    ]
    told = pairs[::2]
    named = {infectee for _, infectee in told}
    hidden = [pair for pair in pairs[1::2] if pair[1] not in named | travelled]
    exposure = Exposure(
        start=[day(row["start_source"]) for row in rows],
        end=[day(row["end_source"]) for row in rows],
        removed=confirmed,
        place=[row["cluster"] or None for row in rows],
        incubation=Interval.gamma(5.52, 2.4),  # Lauer et al. 2020
        infectiousness=Interval.normal(-0.8, 4),  # with the former, a mean of 4.7 days from onset to onset
    )
    outside = [True if name in travelled - named else None for name in ids]
    return {
        "ids": ids, "onset": onset, "interval": Interval.gamma(4.7, 2.9), "traced": told, "exposure": exposure,
        "source_outside": outside,
    }, hidden  # fmt: skip


def singapore():
    given, hidden = singapore_cases()
    begin = time.process_time()
    found = infer_chains(**given)
    show("Singapore 2020, every second pair named: the others", found, hidden, time.process_time() - begin)


def wards_table(seeds=range(1, 41, 2)):
    """Simulated hospital outbreaks, seeds not used while building; what the posterior itself expects of its first choice stands beside."""
    for windows in (False, True):
        begin, places, stated, unknown, ks, apart = time.process_time(), [], [], [], [], []
        for seed in seeds:
            made = wards.simulate(seed)
            ids = list(range(len(made.onset)))
            found = infer_chains(ids, made.onset, made.interval, exposure=made.exposure(windows=windows))
            pairs = [(int(i), j) for j, i in enumerate(made.source) if i >= 0]
            places.append(ranks(found, pairs))
            stated += [
                max(p for name, p in found.candidates(j, 10_000) if name is not None) for _, j in pairs
            ]
            unknown.append(found.unknown.mean())
            ks.append(found.summary()["dispersion_k"][0])
            apart.append(found.disagreement)
        joined = np.concatenate(places)
        print(
            f"| simulated hospitals{', windows' if windows else ''} (expects {np.mean(stated):.3f} first) | {len(joined)} "
            f"| {(joined == 1).mean():.3f} | {(joined <= 3).mean():.3f} | {np.mean(unknown):.2f} | {np.median(ks):.2f} "
            f"| {np.mean(apart):.2f} | {time.process_time() - begin:.1f} |"
        )


def simulated_tables(seeds=range(1, 41, 2)):
    """Outbreaks of 60 of seeds not used while building: what is right, and what the stated probabilities are worth."""
    from calibrating.chains import COMBINATIONS, fitted

    print(
        "| evidence | first choice right | mean posterior of the truth | unknown: stated / true | k inside 90% | CPU s a run |"
    )
    print("|---|---|---|---|---|---|")
    edges, columns = (0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0001), {}
    for combination in COMBINATIONS:
        begin, right, mass, unknown, true_unknown, inside, links = time.process_time(), [], [], 0.0, 0, [], []
        for seed in seeds:
            made = simulate(seed)
            found = fitted(made, combination)
            unknown, true_unknown = unknown + found.unknown.sum(), true_unknown + (made.source < 0).sum()
            low, high = np.quantile(found.k, [0.05, 0.95])
            inside.append(low <= made.settings["k"] <= high)
            for j, source in enumerate(made.source):
                truth = None if source < 0 else int(source)
                named = found.candidates(j, 10_000)
                right.append(named[0][0] == truth)
                mass.append(dict(named).get(truth, 0.0))
                links += [(p, name == truth) for name, p in named if name is not None]
        each = (time.process_time() - begin) / len(seeds)
        print(
            f"| {combination} | {np.mean(right):.3f} | {np.mean(mass):.3f} | {unknown:.0f} / {true_unknown} "
            f"| {np.mean(inside):.2f} | {each:.2f} |"
        )
        columns[combination] = np.array(links, dtype=float)
    print("\n| stated probability | " + " | ".join(columns) + " |\n" + "|---" * (len(columns) + 1) + "|")
    for low, high in pairwise(edges):
        cells = []
        for links in columns.values():
            here = links[(links[:, 0] >= low) & (links[:, 0] < high)]
            cells.append(
                f"{here[:, 1].mean():.3f} of {here[:, 0].mean():.3f} ({len(here)})" if len(here) else "none"
            )
        print(f"| {low:.2f}-{min(high, 1):.2f} | " + " | ".join(cells) + " |")


def ebola():
    folder = SHARED / "linelist_ebola_sim"
    rows = read(folder / "linelist.csv")
    ids = [row["case_id"] for row in rows]
    onset = np.array([day(row["date_of_onset"]) for row in rows])
    known = set(ids)
    pairs = [
        (row["infector"], row["case_id"])
        for row in read(folder / "contacts.csv")
        if {row["infector"], row["case_id"]} <= known
    ]
    rng = np.random.default_rng(1)
    shown = [pair for pair in pairs if rng.random() < 0.5]
    begin = time.process_time()
    found = infer_chains(
        ids, onset, Interval.gamma(15, 9), contacts=shown, n_sweeps=60, n_chains=2, max_candidates=200
    )
    seconds = time.process_time() - begin
    hidden = [pair for pair in pairs if pair not in set(shown)]
    show("Ebola simulated, 5829 cases, half the contacts shown: shown links", found, shown, seconds)
    show("the same: links not shown", found, hidden, seconds)
    print(f"\nPeak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


def measure(quick):
    shared("chains_fake_outbreak")
    fake_outbreak()
    print(
        "\n| data | links | first choice | first three | unknown share | k | disagreement | CPU s |\n|---|---|---|---|---|---|---|---|"
    )
    mers()
    hagelloch()
    singapore()
    if not quick:
        wards_table()
        china()
        simulated_tables()
        ebola()


if __name__ == "__main__":
    measure("ebola" not in sys.argv)
