"""Chains: does the smallest set of sources that holds 50, 90, 95 % of the posterior hold the true one so often?

A posterior over a few names is not a range, so its interval is this set. Its last name is taken in by chance, in
proportion, or sets of whole names would hold more than they promise. An unknown source counts as a name.
"""

import numpy as np
import polars as pl

from analytics_chains import day, mers_cases
from calibrating import NOMINAL, REAL, check, inside_quantiles, wards
from calibrating.outbreaks import simulate
from lianfang.analytics.chains import Exposure, Interval, infer_chains
from measuring import shared

COMBINATIONS = ("times", "times, contacts", "times, household, place", "times, genomes", "all")
SWEEPS = {"n_sweeps": 600, "n_chains": 2}


def evidence(outbreak, combination):
    given = {}
    if combination in {"times, contacts", "all"}:
        given["contacts"] = outbreak.contacts
    if combination in {"times, household, place", "all"}:
        given["household"] = outbreak.household
        given["exposure"] = Exposure(place=outbreak.place)
    if combination in {"times, genomes", "all"}:
        given["snps"] = outbreak.snps
    return given


def fitted(outbreak, combination):
    mean, cv = outbreak.settings["interval"]
    ids = list(range(len(outbreak.onset)))
    return infer_chains(
        ids, outbreak.onset, Interval.gamma(mean, cv * mean), **SWEEPS, **evidence(outbreak, combination)
    )


def in_credible_sets(found, truth, seed):
    """Return whether each case's true source (None unknown) is in the sets; `truth` maps case to its possible sources."""
    rng = np.random.default_rng(seed)
    rows = []
    for case, sources in truth.items():
        before = 0.0
        row = [False] * len(NOMINAL)
        edge = rng.random()
        for name, probability in found.candidates(case, 10_000):
            if name in sources:
                row = [p > before and edge < (p - before) / max(probability, 1e-12) for p in NOMINAL]
                break
            before += probability
        rows.append(row)
    return np.array(rows, dtype=bool).reshape(-1, len(NOMINAL))


for combination in COMBINATIONS:

    @check("chains.infer_chains, source of a case", f"simulated outbreaks of 60, {combination}")
    def simulated(quick, combination=combination):
        for seed in range(1, 6 if quick else 60, 2):
            outbreak = simulate(seed)
            truth = {j: {None if i < 0 else int(i)} for j, i in enumerate(outbreak.source)}
            yield in_credible_sets(fitted(outbreak, combination), truth, seed)


for windows, known in ((False, "hospitals"), (True, "hospitals, days of exposure and diagnosis")):

    @check("chains.infer_chains, source of a case", f"simulated hospital outbreaks of 35 to 150, {known}",
           note="few infect many, on few days")  # fmt: skip
    def hospitals(quick, windows=windows):
        for seed in range(1, 4 if quick else 41, 2):
            outbreak = wards.simulate(seed)
            given = {"exposure": outbreak.exposure(windows=windows), **SWEEPS}
            found = infer_chains(range(len(outbreak.onset)), outbreak.onset, outbreak.interval, **given)
            truth = {j: {None if i < 0 else int(i)} for j, i in enumerate(outbreak.source)}
            yield in_credible_sets(found, truth, seed)


@check("chains.infer_chains, dispersion k", "simulated outbreaks of 60, all evidence")
def dispersion(quick):
    for seed in range(1, 6 if quick else 80, 2):
        outbreak = simulate(seed)
        draws = fitted(outbreak, "all").k
        yield inside_quantiles([outbreak.settings["k"]], lambda p, draws=draws: np.quantile(draws, p))


@check("chains.infer_chains, mean offspring", "simulated outbreaks of 60, all evidence",
       note="mean of the simulated process times the share seen")  # fmt: skip
def offspring(quick):
    for seed in range(1, 6 if quick else 80, 2):
        outbreak = simulate(seed)
        draws = fitted(outbreak, "all").reproduction
        truth = outbreak.settings["r"] * outbreak.settings["seen"]
        yield inside_quantiles([truth], lambda p, draws=draws: np.quantile(draws, p))


@check("chains.infer_chains, source of a case", "MERS Korea 2015, 98 known links", kind=REAL,
       note="published links; units are infectors: three have 85 of the 98, and stand or fall together")  # fmt: skip
def mers(quick):
    ids, onset, exposure, outside, pairs = mers_cases()
    found = infer_chains(ids, onset, Interval.gamma(12.6, 2.8), source_outside=outside, exposure=exposure)
    truth = {}
    for infector, infectee in pairs:
        truth.setdefault(infectee, set()).add(infector)
    rows = in_credible_sets(found, truth, 1)
    first = np.array([min(sources) for sources in truth.values()])
    for infector in sorted(set(first)):
        yield rows[first == infector]


@check("chains.infer_chains, source of a case", "transmission pairs by Chinese city 2020", kind=REAL,
       note="times and households; only cases with a known source are scored")  # fmt: skip
def china(quick):
    table = pl.read_csv(shared("chains_china_pairs_2020") / "pairs.csv", infer_schema=False)
    people, home, pairs = {}, {}, []
    for row in table.iter_rows(named=True):
        for side in ("infector", "infectee"):
            people[row[f"{side}_id"]] = (row[f"{side}_reportCity"], day(row[f"{side}_onsetDate"], "/"))
        pairs.append((row["infector_id"], row["infectee_id"]))
        if row["isHousehold"] == "yes":
            ends = [home.get(name, name) for name in pairs[-1]]
            home |= {
                name: ends[0]
                for name, label in [*home.items(), *zip(pairs[-1], ends, strict=True)]
                if label in ends
            }
    cities = {}
    for name, (city, onset) in people.items():
        if np.isfinite(onset):
            cities.setdefault(city, []).append(name)
    for seed, names in enumerate(list(cities.values())[: 8 if quick else None]):
        known = set(names)
        truth = {}
        for infector, infectee in pairs:
            if {infector, infectee} <= known:
                truth.setdefault(infectee, set()).add(infector)
        if truth:
            onset = [people[name][1] for name in names]
            found = infer_chains(
                names,
                onset,
                Interval.normal(5.1, 5.3),
                household=[home.get(n) for n in names],
                n_sweeps=400,
                n_chains=2,
            )
            yield in_credible_sets(found, truth, seed)


@check("chains.infer_chains, source of a case", "line list of a simulated city: contacts, households",
       note="`lianfang.simulate`; half of the infections are seen, contacts are named late or not at all")  # fmt: skip
def city(quick):
    from lianfang.simulate import Scenario, build_city
    from lianfang.simulate import simulate as run

    for seed in range(1 if quick else 5):
        outcome = run(build_city(6_000, seed=seed), Scenario(days=40, imported=8), seed=seed)
        seen = (
            outcome.reports.filter(pl.col("confirmed_at").is_not_null() & pl.col("onset_on").is_not_null())
            .unique("person", keep="first", maintain_order=True)
            .sort("onset_on")
            .head(150)
        )
        ids, onset = seen["person"].to_list(), seen["onset_on"]
        known = set(ids)
        named = outcome.contacts.filter(pl.col("case").is_in(ids) & pl.col("contact").is_in(ids))
        homes = dict(outcome.persons.select("person", "household").iter_rows())
        infector = dict(outcome.infections.select("person", "infector").iter_rows())
        found = infer_chains(
            ids,
            onset,
            Interval.normal(5.5, 4.0),
            contacts=named.select("case", "contact").unique(),
            household=[homes[person] for person in ids],
            **SWEEPS,
        )
        truth = {
            person: {infector[person] if infector[person] in known else None}
            for person in ids
            if person in infector
        }
        yield in_credible_sets(found, truth, seed)
