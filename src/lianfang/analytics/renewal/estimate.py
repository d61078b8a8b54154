"""Rt from delayed, truncated, over-dispersed counts with a weekday rhythm, for many series at once."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr

from lianfang.analytics.inputs import (
    Floats,
    as_counts,
    as_days,
    as_floats,
    as_number,
    as_pmf,
    complain,
    digest,
)
from lianfang.analytics.renewal.cholesky import compiled, spreads
from lianfang.analytics.renewal.likelihood import Problem, expected, infections
from lianfang.analytics.renewal.mixtures import (
    count_quantiles,
    normal_mixture_quantiles,
    remaining_counts,
    with_chance,
)
from lianfang.analytics.renewal.result import RenewalDraws, RenewalEstimate
from lianfang.analytics.renewal.smoothing import Part, Smoothness, chance_variance, integrate
from lianfang.analytics.result import Provenance
from lianfang.analytics.rt.instantaneous import series_names
from lianfang.analytics.rt.serial_interval import checked_interval

PROBABILITIES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
SHORTEST_FOR_WEEKDAYS = 21


@dataclass(frozen=True)
class _Options:
    """What all series of one call share."""

    intervals: tuple[Floats, ...]
    delays: tuple[Floats, ...]
    n_days: int
    horizon: int
    days_per_count: int
    weekday: Any
    weekdays: bool
    shares: tuple[Floats, ...]
    spacing: int
    ascertainment: float
    chance: float  # variance of the number of infections about its mean, in units of that mean, as counted
    start_r: tuple[float, float]
    probabilities: tuple[float, ...]
    draws: int


def estimate_renewal(
    counts: Any,
    *,
    generation_interval: Any,
    delay: Any,
    horizon: int = 0,
    days_per_count: int = 1,
    reporting_delay: Any = None,
    weekdays: bool | None = None,
    ascertainment: float = 1.0,
    offspring_k: float | None = None,
    start_r: tuple[float, float] = (1.0, 0.7),
    spacing: int | None = None,
    probabilities: tuple[float, ...] = PROBABILITIES,
    draws: int = 0,
    seed: int | None = None,
    days: Any = None,
    at: date | None = None,
    series: Any = None,
    workers: int | None = None,
) -> RenewalEstimate:
    """Return R, infections, growth, nowcast and forecast of each series, from counts that lag behind infections.

    Infections follow I[t] = R[t] sum_s g[s] I[t-s]; counts have mean m[t] = weekday effect x share reported so far x
    sum_d p[d] I[t-d] and negative binomial variance m + m^2 k. Log R is piecewise linear between knots, its changes
    an autoregression; their spread and k are chosen by the marginal likelihood in Laplace's approximation and
    integrated over (`smoothing`). Chance in transmission adds a variance of ascertainment / infections to log R at
    each knot. The model is that of EpiNow2 (Abbott et al. 2020, doi:10.12688/wellcomeopenres.16006) and PyRenew;
    the computation replaces their Markov chains. Some 50 ms a series of 126 days; the first call in a new
    installation compiles for some 20 seconds, later ones load the compiled code.

    Parameters
    ----------
    counts
        Counts (time, or time x series) of what `delay` leads to: onsets, reports, admissions. NaN marks a gap in
        the data, which is bridged; zeros are counted zeros.
    generation_interval, delay
        Probabilities by lag from 0 in days; lag 0 of the generation interval must be 0. With a second axis, equally
        likely alternatives (paired if both have one), over which the result is averaged.
    horizon
        Days to forecast; R then follows the same autoregression, forgetting its slope.
    days_per_count
        7 for weekly counts: each row is the sum of so many days.
    reporting_delay
        Probabilities by lag from 0 between the day of a count and its arrival in the data: recent days are incomplete
        by just that (right truncation). With a second axis, equally likely alternatives, paired with those of the
        other two (`nowcast.ReportedShare.delays`). None: all rows are complete.
    weekdays
        Whether counts have a weekday effect; None: if daily and at least 21 days long.
    ascertainment
        Share of infections that end up counted. 1 allows the most play of chance; a smaller value narrows intervals.
    offspring_k
        Dispersion of the number of infectees a case (`priors.find_priors(disease, "offspring distribution")`). Left out,
        chance is Poisson; given, its variance is 1 + 1 / k times that, which widens intervals where cases are few.
    start_r
        Median of R before the first count and its spread in log R.
    spacing
        Days between knots: 3, or more beyond 270 days so that there are at most 90.
    draws, seed
        Number of joint draws of R, infections and counts for decisions that need paths; a seed is then required.
    days, at, series, workers
        Dates of the rows (first day of each for days_per_count above 1), today, names, number of threads.

    Assumes known distributions, the same for all times, and one level of ascertainment.
    Do not use it where the ascertainment changes quickly (a new testing policy, a changed case definition): such a
    change is read as a change of R for some days. R of about the last delay is `status` "partial": it rests mostly
    on what came before. A level of some cases a week is enough to run but not to see changes of R.

    Raises ValueError for negative counts, no known count at all, probabilities that do not sum to 1.

    >>> import numpy as np
    >>> cases = np.round(50 * np.exp(0.05 * np.arange(40)))
    >>> result = estimate_renewal(
    ...     cases, generation_interval=[0, 0.2, 0.4, 0.3, 0.1], delay=[0, 0.2, 0.5, 0.3], horizon=7
    ... )
    >>> result.r.shape, result.status[-1].item()
    ((7, 47), 'forecast')
    >>> bool(abs(result.quantile("r", 0.5)[20] - 1.12) < 0.02)
    True
    """
    table = _checked_counts(counts)
    options = _options(
        table,
        generation_interval=generation_interval,
        delay=delay,
        horizon=horizon,
        days_per_count=days_per_count,
        reporting_delay=reporting_delay,
        weekdays=weekdays,
        ascertainment=ascertainment,
        offspring_k=offspring_k,
        start_r=start_r,
        spacing=spacing,
        probabilities=probabilities,
        draws=draws,
    )
    if draws and seed is None:
        raise complain("seed", "given when draws are asked for", seed)
    columns = table.reshape(len(table), -1).T
    seeds = np.random.SeedSequence(seed).spawn(len(columns))
    jobs = list(zip(columns, seeds, strict=True))
    with ThreadPoolExecutor(max_workers=workers or os.cpu_count()) as pool:
        done = list(pool.map(lambda job: _one_series(job[0], options, job[1]), jobs))
    starts = None if days is None else _all_days(days, len(table), options, at)
    return _collect(table, done, options, days=starts, series=series_names(series, table), seed=seed)


def _checked_counts(counts: Any) -> Floats:
    array = as_floats("counts", counts)
    if array.ndim not in (1, 2) or array.shape[0] < 2:
        raise complain("counts", "two rows or more, time first", array.shape)
    as_counts("counts", np.where(np.isnan(array), 0.0, array))
    empty = np.atleast_1d(np.isnan(array).all(axis=0))
    if empty.any():
        raise complain("counts", "known for one day or more", f"series {int(empty.argmax())} all missing")
    return array


def _options(
    table: Floats,
    *,
    generation_interval: Any,
    delay: Any,
    horizon: int,
    days_per_count: int,
    reporting_delay: Any,
    weekdays: bool | None,
    ascertainment: float,
    offspring_k: float | None,
    start_r: tuple[float, float],
    spacing: int | None,
    probabilities: tuple[float, ...],
    draws: int,
) -> _Options:
    if horizon < 0 or days_per_count < 1 or draws < 0:
        raise complain("horizon, days_per_count, draws", "at least 0, 1, 0", (horizon, days_per_count, draws))
    if not 0 < ascertainment <= 1:
        raise complain("ascertainment", "above 0 and at most 1", ascertainment)
    if not (start_r[0] > 0 and start_r[1] > 0):
        raise complain("start_r", "a median and a spread above 0", start_r)
    if not all(0 < p < 1 for p in probabilities) or list(probabilities) != sorted(probabilities):
        raise complain("probabilities", "between 0 and 1, rising", probabilities)
    if spacing is not None and spacing < 1:
        raise complain("spacing", "1 day or more", spacing)
    n_days = len(table) * days_per_count
    intervals, delays, shares = _paired(
        {
            "generation_interval": _intervals(generation_interval),
            "delay": _delays("delay", delay),
            "reporting_delay": _shares(reporting_delay, n_days, horizon),
        }
    )
    rhythm = days_per_count == 1 and n_days >= SHORTEST_FOR_WEEKDAYS if weekdays is None else weekdays
    return _Options(
        intervals=intervals,
        delays=delays,
        n_days=n_days,
        horizon=horizon,
        days_per_count=days_per_count,
        weekday=np.arange(n_days + horizon) % 7,
        weekdays=bool(rhythm),
        shares=shares,
        spacing=spacing or max(3, int(np.ceil(n_days / 90))),
        ascertainment=ascertainment,
        chance=ascertainment
        * (1.0 if offspring_k is None else 1 + 1 / as_number("offspring_k", offspring_k, low=0.01)),
        start_r=(float(np.log(start_r[0])), start_r[1]),
        probabilities=tuple(probabilities),
        draws=draws,
    )


def _paired(given: dict[str, tuple[Floats, ...]]) -> tuple[tuple[Floats, ...], ...]:
    """Return equally many alternatives of each; what has one alternative keeps it beside all of the others."""
    n = max(map(len, given.values()))
    if {len(one) for one in given.values()} - {1, n}:
        raise complain(", ".join(given), "equally many draws", tuple(map(len, given.values())))
    return tuple(one * (n // len(one)) for one in given.values())


def _intervals(given: Any) -> tuple[Floats, ...]:
    table = checked_interval(given, "generation_interval")
    return tuple(np.trim_zeros(one / one.sum(), "b") for one in table.reshape(len(table), -1).T)


def _delays(name: str, given: Any) -> tuple[Floats, ...]:
    table = as_counts(name, given)
    return tuple(np.trim_zeros(as_pmf(name, one), "b") for one in table.reshape(len(table), -1).T)


def _shares(reporting_delay: Any, n_days: int, horizon: int) -> tuple[Floats, ...]:
    """Return the share reported by day, one array an alternative."""
    complete = np.ones(n_days + horizon)
    if reporting_delay is None:
        return (complete,)
    age = np.arange(n_days - 1, -1, -1)
    shares = []
    for delay in _delays("reporting_delay", reporting_delay):
        arrived = np.minimum(np.append(np.cumsum(delay)[:-1], 1.0), 1.0)
        shares.append(complete.copy())
        shares[-1][:n_days] = arrived[np.minimum(age, len(arrived) - 1)]
    return tuple(shares)


def _all_days(days: Any, n_rows: int, options: _Options, at: date | None) -> Any:
    """Return every day of the result; rows of several days are dated by their first."""
    if options.days_per_count == 1:
        known = as_days("days", days, n=n_rows, at=at)
    else:
        first = np.asarray(days, dtype="datetime64[D]").ravel()
        if len(first) != n_rows or np.any(np.diff(first).astype(int) != options.days_per_count):
            raise complain("days", f"{n_rows} dates, {options.days_per_count} days apart", days)
        known = first[:1]
    return known[0] + np.arange(options.n_days + options.horizon)


def _problem(counts: Floats, options: _Options, interval: Floats, delay: Floats, share: Floats) -> Problem:
    n_lead = int(np.ceil(delay @ np.arange(len(delay))))
    n_all = n_lead + options.n_days + options.horizon
    place = np.arange(n_all) / options.spacing
    n_knots = max(int(np.ceil(place[-1])), 1) + 1
    knot = np.minimum(place.astype(np.intp), n_knots - 2)
    group = np.full(options.n_days + options.horizon, -1, dtype=np.intp)
    group[: options.n_days] = np.arange(options.n_days) // options.days_per_count
    arrived = np.bincount(group[: options.n_days], share[: options.n_days])
    return Problem(
        counts=np.where(np.isnan(counts), 0.0, counts),
        known=~np.isnan(counts) & (arrived > 1e-6),
        group=group,
        share=share,
        weekday=options.weekday,
        interval=interval,
        delay=delay,
        knot=knot,
        between=place - knot,
        n_knots=n_knots,
        n_lead=n_lead,
        n_seed=max(len(interval), len(delay)),
        weekdays=options.weekdays,
    )


class _Fit(NamedTuple):
    """One series: quantiles by quantity, and what else is reported."""

    quantiles: dict[str, Floats]
    growing: Floats
    weekday: Floats
    dispersion: float
    draws: dict[str, Floats]


def _one_series(counts: Floats, options: _Options, seed: np.random.SeedSequence) -> _Fit:
    weights: list[Floats] = []
    parts: list[tuple[Problem, Part]] = []
    for interval, delay, share in zip(options.intervals, options.delays, options.shares, strict=True):
        problem = _problem(counts, options, interval, delay, share)
        first = counts[~np.isnan(counts)][:7].mean() / options.days_per_count
        plain = Smoothness(
            options.spacing, options.start_r, float(np.log(first + 0.5)), np.full(problem.n_knots, 1e-9)
        )
        chance = chance_variance(problem, plain, options.chance)
        found = integrate(problem, Smoothness(*_but_last(plain), chance))
        logs = np.array([part.log_weight for part in found])
        weights.append(np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum() / len(options.intervals))
        parts += [(problem, part) for part in found]
    weight = np.concatenate(weights)
    quantiles, growing = _quantiles(weight, parts, counts, options)
    width = 2 + np.array([problem.n_knots for problem, _ in parts])
    effects = [part.theta[w:] for (_, part), w in zip(parts, width, strict=True)]
    return _Fit(
        quantiles=quantiles,
        growing=growing,
        weekday=np.exp(weight @ np.array(effects)) if options.weekdays else np.ones(7),
        dispersion=float(np.exp(weight @ np.log([part.dispersion for _, part in parts]))),
        draws=_draws(weight, parts, options, np.random.default_rng(seed)) if options.draws else {},
    )


def _but_last(smoothness: Smoothness) -> tuple[int, tuple[float, float], float]:
    return smoothness.spacing, smoothness.start_r, smoothness.start_level


def _quantiles(
    weight: Floats, parts: Sequence[tuple[Problem, Part]], counts: Floats, options: _Options
) -> tuple[dict[str, Floats], Floats]:
    """Return quantiles of every quantity by day, and the probability that R exceeds 1."""
    moments = [_moments(problem, part) for problem, part in parts]
    out: dict[str, Floats] = {}
    for name in ("r", "infections", "growth_rate", "expected"):
        means, sds = (np.stack([m[name][i] for m in moments]) for i in (0, 1))
        values = normal_mixture_quantiles(weight, means, sds, (*options.probabilities, 0.5))
        values = values if name == "growth_rate" else np.exp(values)
        out[name] = values[:-1]
        if (
            name == "infections"
        ):  # a knot holds the chance of its days together; each day has its own beside it
            alone = options.chance * (1 - 1 / options.spacing)
            out[name] = with_chance(values[:-1], values[-1], options.probabilities, alone)
    nothing = np.zeros(options.n_days + options.horizon)
    seen, known = nothing.copy(), np.zeros(len(nothing), dtype=bool)
    if options.days_per_count == 1:
        known[: options.n_days] = ~np.isnan(counts)
        seen[: options.n_days] = np.nan_to_num(counts)
    for name, y, is_seen in (("counts", nothing, np.zeros_like(known)), ("nowcast", seen, known)):
        pairs = [
            remaining_counts(*m["expected"], part.dispersion, y, np.where(is_seen, problem.share, 0.0))
            for m, (problem, part) in zip(moments, parts, strict=True)
        ]
        mean = weight @ np.stack([p[0] for p in pairs])
        variance = weight @ np.stack([p[1] + p[0] ** 2 for p in pairs]) - mean**2
        out[name] = y + count_quantiles(mean, variance, options.probabilities)
    means, sds = (np.stack([m["r"][i] for m in moments]) for i in (0, 1))
    return out, weight @ ndtr(means / sds)


def _moments(problem: Problem, part: Part) -> dict[str, tuple[Floats, Floats]]:
    """Return mean and sd by day of log R, log infections, growth rate and log expected complete counts."""
    first = problem.n_seed + problem.n_lead
    level, slope = infections(part.theta, problem)
    mean, slope_mean = expected(part.theta, problem, level, slope)
    days = np.arange(problem.n_lead, len(problem.knot))
    weights = np.zeros((len(days), problem.n_knots))
    weights[np.arange(len(days)), problem.knot[days]] = 1 - problem.between[days]
    weights[np.arange(len(days)), problem.knot[days] + 1] += problem.between[days]
    log_level = np.log(level)
    return {
        "r": ((weights * part.smooth_mean).sum(axis=1), spreads(weights, part.smooth_covariance)),
        "infections": (log_level[first:], spreads(slope[first:], part.covariance)),
        "growth_rate": (
            np.diff(log_level)[first - 1 :],
            spreads(np.diff(slope, axis=0)[first - 1 :], part.covariance),
        ),
        "expected": (np.log(mean), spreads(slope_mean, part.covariance)),
    }


@compiled
def _path(theta: Any, problem: Any) -> Any:
    level, slope = infections(theta, problem)
    return level, expected(theta, problem, level, slope)[0]


def _draws(
    weight: Floats, parts: Sequence[tuple[Problem, Part]], options: _Options, rng: np.random.Generator
) -> dict[str, Floats]:
    """Return joint draws (draw x day) of realised R, infections and complete counts."""
    n = options.n_days + options.horizon
    out = {name: np.empty((options.draws, n)) for name in ("r", "infections", "counts")}
    chosen = rng.choice(len(parts), size=options.draws, p=weight / weight.sum())
    for at in np.unique(chosen):
        problem, part = parts[at]
        root = np.linalg.cholesky(part.covariance + 1e-12 * np.eye(len(part.theta)))
        for i in np.flatnonzero(chosen == at):
            theta = part.theta + root @ rng.standard_normal(len(root))
            level, mean = _path(theta, problem)
            day = np.arange(problem.n_lead, len(problem.knot))
            k, f = problem.knot[day], problem.between[day]
            out["r"][i] = np.exp((1 - f) * theta[2 + k] + f * theta[3 + k])
            out["infections"][i] = level[problem.n_seed + problem.n_lead :]
            rate = rng.gamma(1 / part.dispersion, part.dispersion * mean)
            out["counts"][i] = rng.poisson(np.minimum(rate, 1e15))
    return out


def _collect(
    table: Floats,
    done: Sequence[_Fit],
    options: _Options,
    *,
    days: Any,
    series: tuple[str, ...],
    seed: int | None,
) -> RenewalEstimate:
    single = table.ndim == 1

    def stacked(values: Sequence[Floats]) -> Floats:
        return values[0] if single else np.stack(values, axis=-1)

    n = options.n_days
    age = np.arange(n - 1, -1, -1)
    reach = np.mean([np.cumsum(d)[np.minimum(age, len(d) - 1)] for d in options.delays], axis=0)
    status = np.where(reach >= 0.9, "estimate", "partial")
    draws = None
    if options.draws:
        draws = RenewalDraws(**{name: stacked([f.draws[name] for f in done]) for name in done[0].draws})
    return RenewalEstimate(
        provenance=Provenance(
            method="renewal with delays, penalised likelihood, integrated Laplace approximation",
            source="Abbott et al. 2020, doi:10.12688/wellcomeopenres.16006; Rue, Martino and Chopin 2009, "
            "doi:10.1111/j.1467-9868.2008.00700.x",
            parameters={
                "ascertainment": options.ascertainment,
                "chance": options.chance,
                "start_r": options.start_r,
                "spacing": options.spacing,
                "weekdays": options.weekdays,
                "days_per_count": options.days_per_count,
            },
            inputs={
                "counts": digest(table),
                "generation_interval": digest(np.concatenate(options.intervals)),
                "delay": digest(np.concatenate(options.delays)),
                "share": digest(np.concatenate(options.shares)),
            },
            seed=seed,
        ),
        probabilities=options.probabilities,
        **{name: stacked([f.quantiles[name] for f in done]) for name in done[0].quantiles},
        growing=stacked([f.growing for f in done]),
        weekday=stacked([f.weekday for f in done]),
        dispersion=np.array([f.dispersion for f in done]),
        status=np.concatenate([status, np.full(options.horizon, "forecast")]),
        days=days,
        series=series,
        draws=draws,
    )
