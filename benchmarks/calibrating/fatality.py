"""Case fatality: static, as it stood on each day, varying in time, with an uncertain delay, from records; ascertainment."""

import numpy as np
import polars as pl
from scipy.stats import gamma, norm

from calibrating import REAL, check, inside_levels
from lianfang.analytics.delays import fit_delay
from lianfang.analytics.severity import (
    ascertainment,
    case_fatality,
    case_fatality_uncertain,
    rolling_case_fatality,
    time_varying_case_fatality,
)
from lianfang.analytics.severity_records import cumulative_incidence
from measuring import shared

DAYS = 60


def delay_of(mean=14.0, sd=7.0):
    shape = (mean / sd) ** 2
    return np.diff(gamma.cdf(np.arange(DAYS + 41), shape, scale=mean / shape))


def outbreak(rng, severity, *, delay=None, seen=1.0):
    """Return cases and deaths by day of a growing outbreak of 50 to 3000 cases; severity is a number or one a day."""
    shape = np.exp(rng.uniform(-0.02, 0.08) * np.arange(DAYS))
    cases = rng.poisson(shape / shape.sum() * np.exp(rng.uniform(np.log(50), np.log(3000))))
    lag = delay_of() if delay is None else delay
    deaths = np.zeros(DAYS + len(lag))
    for day, (n, p) in enumerate(zip(cases, np.broadcast_to(severity, DAYS), strict=True)):
        deaths[day : day + len(lag)] += rng.multinomial(
            rng.binomial(n, p), np.append(lag[:-1], 1 - lag[:-1].sum())
        )
    return rng.binomial(cases, seen).astype(float), deaths[:DAYS].astype(float)


def severities(rng):
    return float(np.exp(rng.uniform(np.log(0.01), np.log(0.6))))


@check("severity.case_fatality", "growing outbreaks of 50 to 3000 cases, fatality 1 to 60 %")
def static(quick):
    rng = np.random.default_rng(1)
    for _ in range(20 if quick else 600):
        truth = severities(rng)
        cases, deaths = outbreak(rng, truth)
        if 0 < deaths.sum() <= cases.sum():
            yield inside_levels(
                [truth],
                lambda level, c=cases, d=deaths: _limits(case_fatality(c, d, delay_of(), level=level)),
            )


@check(
    "severity.case_fatality",
    "the same, fatality 60 to 99 % (the binomial of cfr leaves out when each dies)",
    warned=True,
)
def most_die(quick):
    yield from _most_die(quick, "by-size")


@check("severity.case_fatality, by-case", "the same, fatality 60 to 99 %")
def most_die_by_case(quick):
    yield from _most_die(quick, "by-case")


def _most_die(quick, how):
    rng = np.random.default_rng(7)
    for _ in range(20 if quick else 600):
        truth = float(rng.uniform(0.6, 0.99))
        cases, deaths = outbreak(rng, truth)
        if deaths.sum() > 0:
            yield inside_levels(
                [truth],
                lambda level, c=cases, d=deaths: _limits(
                    case_fatality(c, d, delay_of(), likelihood=how, level=level)
                ),
            )


def _limits(result):
    return np.asarray(result.low), np.asarray(result.high)


@check("severity.rolling_case_fatality", "the same, as it stood on days 20, 30, 40, 50")
def rolling(quick):
    rng = np.random.default_rng(2)
    for _ in range(5 if quick else 100):
        truth = severities(rng)
        cases, deaths = outbreak(rng, truth)
        if (np.cumsum(deaths) > np.cumsum(cases)).any():
            continue

        def at(level, c=cases, d=deaths):
            low, high = _limits(rolling_case_fatality(c, d, delay_of(), level=level))
            return low[20::10], high[20::10]

        yield inside_levels([truth] * 4, at)


@check("severity.time_varying_case_fatality", "fatality that falls by half, days 25 to 60")
def varying(quick):
    rng = np.random.default_rng(3)
    lag = delay_of()
    for _ in range(5 if quick else 100):
        severity = severities(rng) * np.linspace(1, 0.5, DAYS)
        cases, deaths = outbreak(rng, severity, delay=lag)
        expected = np.convolve(cases, lag)[:DAYS]
        truth = np.convolve(cases * severity, lag)[:DAYS] / np.maximum(expected, 1e-9)
        truth[(np.arange(DAYS) < 25) | (expected < 5)] = np.nan

        def at(level, c=cases, d=deaths):
            result = time_varying_case_fatality(c, d, lag, level=level)
            return result.low, result.high

        yield inside_levels(truth, at)


@check("severity.case_fatality_uncertain", "the delay itself drawn from what is given")
def uncertain(quick):
    rng = np.random.default_rng(4)
    given = [delay_of(mean, sd) for mean in np.linspace(9, 19, 11) for sd in (5, 7, 9)]
    for _ in range(10 if quick else 300):
        truth = severities(rng)
        cases, deaths = outbreak(rng, truth, delay=given[rng.integers(len(given))])
        if 0 < deaths.sum() <= cases.sum():

            def at(level, c=cases, d=deaths):
                return _limits(case_fatality_uncertain(c, d, given, level=level))

            yield inside_levels([truth], at)


FITTED = {
    "case_fatality, by-case": (True, "the fit taken as known"),
    "case_fatality_uncertain, by-case": (False, "nine delays `in_doubt`, as the fit says"),
}


for name, (alone, said) in FITTED.items():

    @check(
        f"severity.{name}",
        "the delay fitted to the deaths so far, 20 to 200 of them",
        note=said,
        warned=alone,
    )
    def fitted_delay(quick, alone=alone):
        rng = np.random.default_rng(8)
        for _ in range(10 if quick else 500):
            truth = float(rng.uniform(0.2, 0.9))
            cases, deaths = outbreak(rng, truth)
            records = died_by_day(rng, cases, truth)
            if not 20 <= len(records) <= 200:
                continue
            deaths = np.bincount(records[:, 1], minlength=DAYS)[:DAYS]
            ill, died = records.T.astype(float)
            fit = fit_delay(
                ill, ill + 1, died, died + 1, family="gamma", truncated_at=float(DAYS), intervals="asymptotic"
            )
            laws = [law.pmf(DAYS) for law in ((fit.distribution,) if alone else fit.in_doubt())]

            def at(level, c=cases, d=deaths, laws=laws):
                if len(laws) == 1:
                    return _limits(case_fatality(c, d, laws[0], likelihood="by-case", level=level))
                return _limits(case_fatality_uncertain(c, d, laws, likelihood="by-case", level=level))

            yield inside_levels([truth], at)


def died_by_day(rng, cases, severity):
    """Return the day of onset and of death of those who died by the last day."""
    onset = np.repeat(np.arange(DAYS), cases.astype(int))
    onset = onset[rng.random(len(onset)) < severity]
    lag = delay_of()
    died = onset + rng.choice(len(lag), size=len(onset), p=lag / lag.sum())
    return np.column_stack([onset, died])[died < DAYS]


@check("severity.ascertainment", "a fifth to all of the cases reported, baseline known")
def reported(quick):
    rng = np.random.default_rng(5)
    for _ in range(10 if quick else 300):
        baseline, truth = float(rng.uniform(0.005, 0.1)), float(rng.uniform(0.2, 1))
        cases, deaths = outbreak(rng, baseline, seen=truth)
        if 0 < deaths.sum() <= cases.sum():

            def at(level, c=cases, d=deaths, b=baseline):
                result = ascertainment(c, d, delay_of(), baseline=b, level=level)
                return [result.low], [result.high]

            yield inside_levels([truth], at)


@check(
    "severity_records.cumulative_incidence",
    "50 to 400 records, a third still ill",
    note="death by day 10, 20 and 30",
)
def records(quick):
    rng = np.random.default_rng(6)
    for _ in range(10 if quick else 400):
        n, p = int(rng.integers(50, 400)), float(rng.uniform(0.03, 0.5))
        dies = rng.random(n) < p
        when = np.where(dies, rng.gamma(4, 3, n), rng.gamma(6, 3, n))
        until = rng.uniform(2, 45, n)
        outcome = np.where(when > until, None, np.where(dies, "death", "discharge"))
        if (outcome == "death").sum() < 3:
            continue
        days = np.minimum(when, until)
        truth = p * gamma.cdf([10, 20, 30], 4, scale=3)
        yield inside_levels(
            truth, lambda level, t=days, o=outcome: _by_day(cumulative_incidence(t, o, level=level))
        )


def _by_day(result, days=(10, 20, 30)):
    at = np.searchsorted(result.times, days, side="right") - 1
    return tuple(np.where(at >= 0, side[np.maximum(at, 0), 0], np.nan) for side in (result.low, result.high))


@check("severity_records.cumulative_incidence", "patients of a simulated city, seen on day 40",
       note="`lianfang.simulate`; truth is the share of the same patients who die in the end")  # fmt: skip
def city(quick):
    from lianfang.simulate import Scenario, build_city, simulate

    for seed in range(1 if quick else 6):
        outcome = simulate(
            build_city(20_000, counties=2, seed=seed), Scenario(days=110, imported=30), seed=seed
        )
        table = outcome.infections.filter(pl.col("severe_at").is_not_null()).sort("severe_at")
        cut = table["severe_at"][len(table) // 2]
        seen = table.filter(pl.col("severe_at") <= cut)
        still = (seen["outcome_at"].is_null() | (seen["outcome_at"] > cut)).to_numpy()
        last = seen["outcome_at"].fill_null(cut).dt.epoch("ms").to_numpy()
        since = seen["severe_at"].dt.epoch("ms").to_numpy()
        days = np.where(still, cut.timestamp() * 1000 - since, last - since) / 86_400_000
        fate = np.where(still, None, seen["outcome"].to_numpy())
        truth = float((seen["outcome"] == "died").mean())

        def at(level, d=days, f=fate):
            result = cumulative_incidence(np.maximum(d, 0), f, outcomes=("died", "recovered"), level=level)
            return result.low[-1:, 0], result.high[-1:, 0]

        yield inside_levels([truth], at)


EBOLA = {
    "": ("73 overlapping days of one outbreak; final ratio 234 of 245", "by-size"),
    ", by-case": ("the same days", "by-case"),
}


def _ebola():
    table = pl.read_csv(shared("cfr_ebola_1976") / "daily.csv")
    cases, deaths = table["cases"].to_numpy(), table["deaths"].to_numpy()
    truth = np.full(len(cases), deaths.sum() / cases.sum())
    truth[:10] = np.nan
    return cases, deaths, truth


for name, (said, how) in EBOLA.items():

    @check(f"severity.rolling_case_fatality{name}", "Ebola 1976: each day from day 10 against the end of the outbreak",
           kind=REAL, note=said, warned=True)  # fmt: skip
    def ebola(quick, how=how):
        cases, deaths, truth = _ebola()
        lag = gamma.pdf(np.arange(len(cases)), 2.4, scale=3.33)
        yield inside_levels(
            truth,
            lambda level: _limits(rolling_case_fatality(cases, deaths, lag, likelihood=how, level=level)),
        )


@check("severity.case_fatality_uncertain, by-case", "Ebola 1976: the same, a tenth of doubt about the mean of the delay", kind=REAL,
       note="log sd 0.1, nine delays")  # fmt: skip
def ebola_in_doubt(quick):
    cases, deaths, truth = _ebola()
    scales = 3.33 * np.exp(0.1 * norm.ppf((np.arange(9) + 0.5) / 9))
    delays = [gamma.pdf(np.arange(len(cases)), 2.4, scale=scale) for scale in scales]

    def at(level):
        found = [
            case_fatality_uncertain(cases[:day], deaths[:day], delays, likelihood="by-case", level=level)
            for day in range(1, len(cases) + 1)
        ]
        return tuple(np.array([float(getattr(one, side)[0]) for one in found]) for side in ("low", "high"))

    yield inside_levels(truth, at)
