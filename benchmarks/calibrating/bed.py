"""Beds: census from admissions and stays, the queue at capacity, and the outlook learnt on Italian regions."""

import numpy as np

from analytics_beds import load
from calibrating import LEVELS, REAL, check, inside_quantiles
from lianfang.analytics.beds import CarePath, project_census, queue_at_capacity
from lianfang.analytics.beds_outlook import HISTORY, census_outlook, learn_outlook
from lianfang.analytics.beds_stay import length_of_stay, resampled_stays
from measuring import shared

DAYS = 60


def stays(rng, n):
    """Return n whole days of stay from a skewed law, at least one."""
    return np.floor(rng.gamma(2.2, 4.0, n)).astype(int) + 1


PMF = np.bincount(stays(np.random.default_rng(0), 400_000)) / 400_000


def occupied(admissions, rng):
    """Return the census at the end of each day, patient by patient."""
    census = np.zeros(DAYS)
    for day, n in enumerate(admissions):
        for stay in stays(rng, n):
            census[day : day + stay] += 1
    return census


def admitted(rng):
    return rng.poisson(
        np.exp(np.log(rng.uniform(2, 15)) + 0.5 * np.sin(np.arange(DAYS) / 9 + rng.uniform(0, 6)))
    )


def at_level(result, level):
    """Return a quantile of the ward by day."""
    return result.quantiles[:, result.kinds.index("ward"), result.levels.index(level)]


@check("beds.project_census", "patients one by one, stays known")
def census(quick):
    rng = np.random.default_rng(1)
    for seed in range(5 if quick else 100):
        admissions = admitted(rng)
        paths = [CarePath(name="all", share=1, stages=[("ward", PMF)])]
        result = project_census(admissions, paths, n_draws=400, seed=seed, levels=LEVELS)
        yield inside_quantiles(occupied(admissions, rng)[20:], lambda p, r=result: at_level(r, p)[20:])


@check("beds.project_census", "the same, stays learnt from 60 patients, some still in bed, one fit",
       note="the doubt about the stays is left out: use `resampled_stays`", warned=True)  # fmt: skip
def census_learnt(quick):
    yield from _learnt(quick, lambda days, ended: [length_of_stay(days, ended)])


@check("beds.project_census", "the same, 100 `resampled_stays`")
def census_resampled(quick):
    yield from _learnt(quick, lambda days, ended: resampled_stays(days, ended, seed=1))


def _learnt(quick, learn):
    rng = np.random.default_rng(2)
    for seed in range(5 if quick else 100):
        admissions = admitted(rng)
        true, until = stays(rng, 60), rng.integers(1, 40, 60)
        fits = learn(np.minimum(true, until), true <= until)
        paths = [[CarePath(name="all", share=1, stages=[("ward", one.pmf)])] for one in fits]
        result = project_census(admissions, paths, n_draws=400, seed=seed, levels=LEVELS)
        yield inside_quantiles(occupied(admissions, rng)[20:], lambda p, r=result: at_level(r, p)[20:])


@check("beds.queue_at_capacity", "patients waiting, one by one, capacity at the mean demand")
def queue(quick):
    rng = np.random.default_rng(3)
    for seed in range(5 if quick else 60):
        demand = admitted(rng)
        beds = int(demand.mean() * stays(rng, 1000).mean() * 0.9)
        truth = np.zeros(DAYS)
        leaving, line = [], 0
        for day, n in enumerate(demand):
            leaving = [end for end in leaving if end > day]
            line += n
            taken = min(line, beds - len(leaving))
            leaving += [day + int(stay) for stay in stays(rng, taken)]
            line -= taken
            truth[day] = line
        result = queue_at_capacity(demand, beds, PMF, n_draws=300, seed=seed, levels=LEVELS)
        where = {level: i for i, level in enumerate(result.levels)}
        yield inside_quantiles(truth[20:], lambda p, r=result, w=where: r.waiting[20:, w[p]])


for kind, drivers in (("hospital_ward", ("new_positive", "icu")), ("icu", ("new_positive", "hospital_ward"))):
    for horizon in (7, 14):

        @check("beds_outlook.census_outlook", f"18 Italian regions, {kind.replace('_', ' ')}, {horizon} days ahead",
               kind=REAL, note="learnt on the first half (to November 2020), scored on the second")  # fmt: skip
        def italy(quick, kind=kind, drivers=drivers, horizon=horizon):
            shared("beds_italy_2020_2021")
            table = load()
            series, others = table[kind], [table[name] for name in drivers]
            half = len(series) // 2
            model = learn_outlook(series[:half], horizon, drivers=[one[:half] for one in others])
            for day in range(half, len(series) - horizon, 28 if quick else 3):
                upto = slice(day + 1 - HISTORY, day + 1)
                got = census_outlook(
                    model, series[upto], drivers=[one[upto] for one in others], levels=LEVELS
                )
                where = {level: i for i, level in enumerate(got.levels)}
                yield inside_quantiles(series[day + horizon], lambda p, g=got, w=where: g.quantiles[:, w[p]])
