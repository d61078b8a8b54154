"""Reproduction numbers: closed forms on exact onsets, and the delay-aware estimate on counts that lag."""

import json

import numpy as np
import polars as pl

from calibrating import LEVELS, REAL, check, inside_levels, inside_quantiles
from calibrating.epidemics import SHAPES, simulate
from lianfang.analytics.delays import DelayDistribution
from lianfang.analytics.nowcast import reported_share
from lianfang.analytics.renewal import estimate_renewal
from lianfang.analytics.rt import (
    UncertainInterval,
    case_reproduction_number,
    discretise_serial_interval,
    infectivity,
    reproduction_number,
    reproduction_number_from_aggregates,
)
from measuring import shared

DAYS = 90
SERIAL = discretise_serial_interval(4.7, 2.9, DAYS + 1)
REPORTING = DelayDistribution.from_moments("lognormal", 4.0, 3.0).pmf(21)


def onsets(rng, *, dispersion=None, imported=0.0, interval=SERIAL):
    """Return counts by day, those imported, R by day and infector-to-infectee counts by day of the infector."""
    while True:
        r = np.exp(SHAPES[rng.choice(list(SHAPES))](np.arange(DAYS, dtype=float), rng))
        cases, brought = np.zeros(DAYS), rng.poisson(imported, DAYS).astype(float)
        cases[0] = brought[0] = 40
        force, offspring = np.zeros(DAYS), np.zeros(DAYS)
        for t in range(DAYS):
            if t:
                each = interval[t:0:-1] * force[:t]
                local = rng.poisson(r[t] * each.sum())
                offspring[:t] += rng.multinomial(local, each / each.sum()) if local else 0
                cases[t] = local + brought[t]
            force[t] = (
                cases[t]
                if dispersion is None
                else rng.gamma(max(dispersion * cases[t], 1e-9), 1 / dispersion)
            )
        if 300 < cases.sum() < 200_000:
            return cases, brought, r, offspring


def in_window(cases, r, result, interval=SERIAL):
    """Return R averaged over each window by infectivity: what the window's estimate is of."""
    load = infectivity(cases, interval)
    return np.array(
        [
            (r[a : b + 1] * load[a : b + 1]).sum() / max(load[a : b + 1].sum(), 1e-12)
            for a, b in zip(result.start, result.end, strict=True)
        ]
    )


def scored(cases, truth_of, **options):
    given = {"serial_interval": SERIAL, "probabilities": LEVELS} | options
    result = reproduction_number(cases, **given)
    truth = np.where(result.status == "estimated", truth_of(result), np.nan)
    return inside_quantiles(truth, result.quantile)


@check("rt.reproduction_number", "R of the window, infections by chance", note="what the interval is of")
def cori(quick):
    for seed in range(5 if quick else 150):
        cases, _, r, _ = onsets(np.random.default_rng(seed))
        yield scored(cases, lambda result, c=cases, r=r: in_window(c, r, result))


@check(
    "rt.reproduction_number",
    "R of the window's last day",
    note="what it is often read as: a week's window lags",
    warned=True,
)
def cori_last_day(quick):
    for seed in range(5 if quick else 150):
        cases, _, r, _ = onsets(np.random.default_rng(seed))
        yield scored(cases, lambda result, r=r: r[result.end])


@check(
    "rt.reproduction_number",
    "R of the window, super-spreading k = 0.3",
    note="the Poisson of the method does not hold",
    warned=True,
)
def cori_super(quick):
    for seed in range(5 if quick else 150):
        cases, _, r, _ = onsets(np.random.default_rng(seed), dispersion=0.3)
        yield scored(cases, lambda result, c=cases, r=r: in_window(c, r, result))


@check("rt.reproduction_number, offspring_k", "the same, k given")
def cori_super_told(quick):
    for seed in range(5 if quick else 150):
        cases, _, r, _ = onsets(np.random.default_rng(seed), dispersion=0.3)
        yield scored(cases, lambda result, c=cases, r=r: in_window(c, r, result), offspring_k=0.3)


@check("rt.reproduction_number", "two imported cases a day, told apart")
def cori_imported(quick):
    for seed in range(5 if quick else 150):
        cases, brought, r, _ = onsets(np.random.default_rng(1000 + seed), imported=2.0)
        yield scored(cases, lambda result, c=cases, r=r: in_window(c, r, result), imported=brought)


@check("rt.reproduction_number, UncertainInterval", "serial interval drawn from the stated uncertainty")
def cori_uncertain(quick):
    for seed in range(3 if quick else 40):
        rng = np.random.default_rng(2000 + seed)
        mean, sd = np.clip(rng.normal(4.7, 0.7), 3, 7), np.clip(rng.normal(2.9, 0.4), 2, 4)
        true = discretise_serial_interval(mean, sd, DAYS + 1)
        cases, _, r, _ = onsets(rng, interval=true)
        unsure = UncertainInterval(4.7, 0.7, (3, 7), 2.9, 0.4, (2, 4))
        yield scored(
            cases, lambda result, c=cases, r=r, w=true: in_window(c, r, result, w), serial_interval=unsure
        )


@check(
    "rt.reproduction_number_from_aggregates",
    "weekly sums of the same epidemics",
    note="days are reconstructed, then taken as counted",
)
def cori_weekly(quick):
    for seed in range(5 if quick else 100):
        cases, _, r, _ = onsets(np.random.default_rng(seed))
        whole = DAYS // 7 * 7
        result, _ = reproduction_number_from_aggregates(
            cases[:whole].reshape(-1, 7).sum(axis=1), serial_interval=SERIAL, probabilities=LEVELS
        )
        yield inside_quantiles(in_window(cases, r, result), result.quantile)


@check("rt.case_reproduction_number", "infectees of each week's cases, counted from the tree")
def cohort(quick):
    for seed in range(5 if quick else 100):
        cases, _, _, offspring = onsets(np.random.default_rng(seed))

        def limits(level, cases=cases):
            result = case_reproduction_number(cases, serial_interval=SERIAL, level=level)
            whole = result.completeness > 0.99
            return np.where(whole, result.low, np.nan), np.where(whole, result.high, np.nan)

        result = case_reproduction_number(cases, serial_interval=SERIAL)
        pairs = zip(result.start, result.end, strict=True)
        truth = [offspring[a : b + 1].sum() / max(cases[a : b + 1].sum(), 1) for a, b in pairs]
        yield inside_levels(truth, limits)


def epidemics(quick, *, chance, shapes=tuple(SHAPES)):
    rng = np.random.default_rng(1)
    for shape in shapes:
        for level in (10, 50, 300):
            for _ in range(1 if quick else 6):
                yield simulate(shape, chance, rng, level)


def fitted(epidemic, counts=None, **options):
    return estimate_renewal(
        epidemic.counts if counts is None else counts,
        generation_interval=epidemic.interval,
        delay=epidemic.delay,
        workers=1,
        **options,
    )


for chance, words in ((True, "infections by chance"), (False, "infections exactly as expected")):

    @check("renewal.estimate_renewal, R", f"100 days, seven shapes of R, {words}")
    def delay_aware(quick, chance=chance):
        for epidemic in epidemics(quick, chance=chance):
            result = fitted(epidemic)
            yield inside_quantiles(epidemic.r, lambda p, result=result: result.quantile("r", p))


@check(
    "renewal.estimate_renewal, R",
    "the same by chance, last 14 days only",
    note='mostly extrapolated: status "partial"',
)
def delay_aware_end(quick):
    for epidemic in epidemics(quick, chance=True):
        result = fitted(epidemic)
        yield inside_quantiles(epidemic.r, lambda p, result=result: result.quantile("r", p))[-14:]


@check(
    "renewal.estimate_renewal, R",
    "R that jumps or walks at random every day, by chance",
    note="smoother than the truth",
)
def delay_aware_rough(quick):
    for epidemic in epidemics(quick, chance=True, shapes=("step", "walk")):
        result = fitted(epidemic)
        yield inside_quantiles(epidemic.r, lambda p, result=result: result.quantile("r", p))


@check("renewal.estimate_renewal, infections", "the same epidemics, by chance",
       note="of each day as it came about, chance included")  # fmt: skip
def delay_aware_infections(quick):
    for epidemic in epidemics(quick, chance=True):
        result = fitted(epidemic)
        yield inside_quantiles(epidemic.infections, lambda p, result=result: result.quantile("infections", p))


@check(
    "renewal.estimate_renewal, nowcast", "last 14 days, reports cut at today", note="delay of reports given"
)
def delay_aware_nowcast(quick):
    rng = np.random.default_rng(5)
    for epidemic in epidemics(quick, chance=True):
        share = np.cumsum(REPORTING)[np.minimum(np.arange(100)[::-1], 20)]
        seen = rng.binomial(epidemic.counts.astype(int), np.minimum(share, 1)).astype(float)
        result = fitted(epidemic, seen, reporting_delay=REPORTING)
        yield inside_quantiles(epidemic.counts, lambda p, result=result: result.quantile("nowcast", p))[-14:]


LEARNT = (
    (
        "the same, delay learnt from three publications",
        "one delay: the doubt about it is left out",
        True,
        lambda share: share.delay,
    ),
    ("the same, 10 `delays` that fit them", "", False, lambda share: share.delays(10)),
)
for truth, note, warned, of in LEARNT:

    @check("renewal.estimate_renewal, nowcast", truth, note=note, warned=warned)
    def learnt_nowcast(quick, of=of):
        rng = np.random.default_rng(6)
        reached = np.minimum(np.cumsum(REPORTING), 1)
        late = np.append(np.diff(reached, prepend=0)[:-1], 1 - reached[-2])
        for epidemic in epidemics(quick, chance=True):
            arrived = np.array([rng.multinomial(int(n), late) for n in epidemic.counts]).cumsum(axis=1)
            rows = [
                (day, issue, arrived[day, min(issue - day, 20)])
                for issue in (93, 96, 99)
                for day in range(issue - 25, issue + 1)
            ]
            day, issue, count = np.array(rows).T
            start = np.datetime64("2020-01-01")
            share = reported_share(start + day, start + issue, count, max_delay=20)
            seen = arrived[np.arange(100), np.minimum(np.arange(100)[::-1], 20)].astype(float)
            result = fitted(epidemic, seen, reporting_delay=of(share))
            yield inside_quantiles(epidemic.counts, lambda p, result=result: result.quantile("nowcast", p))[
                -14:
            ]


@check("renewal.estimate_renewal, forecast", "counts 1 to 14 days ahead, by chance")
def delay_aware_forecast(quick):
    for epidemic in epidemics(quick, chance=True):
        result = fitted(epidemic, epidemic.counts[:86], horizon=14)
        yield inside_quantiles(
            epidemic.counts[86:], lambda p, result=result: result.quantile("counts", p)[86:]
        )


@check(
    "renewal.estimate_renewal, R",
    "PyRenew's 126 days, admissions and visits",
    note="simulated by its authors",
)
def pyrenew(quick):
    folder = shared("rt_truth_ca126")
    interval = json.loads((folder / "true_parameters.json").read_text())["generation_interval_pmf"]
    delay = pl.read_csv(folder / "infection_admission_interval.tsv", separator="\t")[
        "probability_mass"
    ].to_numpy()
    truth = pl.read_csv(folder / "daily_infections.csv")["true_rt"].to_numpy()
    counts = pl.read_csv(folder / "daily_hospital_admissions.csv")["daily_hosp_admits"].to_numpy()
    result = estimate_renewal(counts, generation_interval=[0, *interval], delay=delay / delay.sum())
    yield inside_quantiles(truth, lambda p: result.quantile("r", p))


@check("renewal.estimate_renewal, forecast", "daily cases of 12 countries 2020, 1 to 14 days ahead", kind=REAL,
       note="generation time and delay from the literature; policy and testing change")  # fmt: skip
def countries(quick):
    table = pl.read_csv(shared("cfr_covid_countries_2020") / "daily.csv", try_parse_dates=True)
    delay = DelayDistribution.from_moments("lognormal", 9.0, 4.5).pmf(38)
    generation = DelayDistribution.from_moments("gamma", 4.7, 2.9).pmf(20, generation=True)
    for country in sorted(set(table["country"]))[: 2 if quick else None]:
        counts = np.maximum(
            table.filter(pl.col("country") == country).sort("date")["cases"].to_numpy().astype(float), 0
        )
        for known in range(120, len(counts) - 14, 120 if quick else 40):
            seen = counts[known - 90 : known]
            if seen.sum() < 100:
                continue
            result = estimate_renewal(seen, generation_interval=generation, delay=delay, horizon=14)
            yield inside_quantiles(
                counts[known : known + 14], lambda p, r=result: r.quantile("counts", p)[-14:]
            )


for told in (False, True):

    @check(
        "renewal.estimate_renewal, R" + (", offspring_k" if told else ""),
        "a simulated city with households, schools, work" + (", k given" if told else ""),
        note="k as counted from the tree"
        if told
        else "onsets of `lianfang.simulate`; R by week as it came about",
        warned=not told,
    )
    def city(quick, told=told):
        for seed in range(1 if quick else 6):
            daily, tree, incubation, k = city_outbreak(seed)
            interval = DelayDistribution.from_moments("gamma", tree.mean(), tree.std()).pmf(
                30, generation=True
            )
            result = estimate_renewal(
                daily["onsets"],
                generation_interval=interval,
                delay=incubation,
                weekdays=False,
                offspring_k=k if told else None,
            )
            infections = daily["infections"]
            load = infectivity(infections, interval)
            week = np.ones(7)
            truth = np.convolve(infections, week, "same") / np.maximum(np.convolve(load, week, "same"), 1e-9)
            early = np.cumsum(daily["onsets"]) < 20
            yield inside_quantiles(np.where(early, np.nan, truth), lambda p, r=result: r.quantile("r", p))[
                :-5
            ]


def city_outbreak(seed):
    """Return onsets and infections by day, generation times in days, delay to onset, and k of one simulated outbreak."""
    from lianfang.simulate import Scenario, build_city
    from lianfang.simulate import simulate as run

    outcome = run(build_city(20_000, counties=2, seed=seed), Scenario(days=70, imported=20), seed=seed)
    table, daily = outcome.infections, outcome.daily
    when = dict(table.select("person", "infected_at").iter_rows())
    rows = table.filter(pl.col("infector").is_not_null()).select("infector", "infected_at").iter_rows()
    tree = np.array([(at - when[source]).total_seconds() / 86400 for source, at in rows])
    ill = table.filter(pl.col("onset_at").is_not_null())
    lag = (ill["onset_at"].dt.date() - ill["infected_at"].dt.date()).dt.total_days().to_numpy()
    delay = np.bincount(lag, minlength=1).astype(float)
    columns = {name: daily[name].to_numpy().astype(float) for name in ("onsets", "infections")}
    return columns, tree, delay / delay.sum(), _dispersion(table)


def _dispersion(table):
    """Return k by moments of the numbers infected by the first quarter infected, while few were immune."""
    first = table.sort("infected_at").head(max(len(table) // 4, 50))["person"].to_list()
    infected = dict(table.group_by("infector").len().iter_rows())
    numbers = np.array([infected.get(person, 0) for person in first], dtype=float)
    return float(numbers.mean() ** 2 / max(numbers.var() - numbers.mean(), 1e-3))
