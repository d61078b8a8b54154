"""Farrington's method and its improvement: this week against the same weeks of past years."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtr
from scipy.stats import nbinom, poisson  # type: ignore[attr-defined]  # made at import time, mypy cannot see them

from lianfang.analytics.inputs import Floats, as_floats, as_whole, complain, digest
from lianfang.analytics.result import Provenance

from .farrington_fit import Groups, fit_all
from .findings import Aberration, Flags, as_series, checked_probability, unassessed

_SOURCES = {
    "original": "Farrington, Andrews, Beale, Catchpole 1996, J R Stat Soc A 159:547",
    "improved": "Noufaily et al. 2013, Stat Med 32:1206",
}


@dataclass(frozen=True, kw_only=True)
class FarringtonSettings:
    """What distinguishes the two published variants; take `ORIGINAL` or `IMPROVED`, or change one field.

    `years` of history; `half_window` steps to either side of the same week of past years; `periods` season groups (1:
    only the windows are used); `recent_left_out` steps before now; `outlier_threshold` Anscombe residual above which
    a past count is down-weighted; `trend_p` keep the trend if its p-value is below; `bound` "two thirds" (normal on
    the 2/3 power scale) or "negative binomial" (quantile with the fitted mean).
    """

    years: int = 4
    half_window: int = 3
    periods: int
    recent_left_out: int
    outlier_threshold: float
    trend_p: float
    bound: str
    variant: str


ORIGINAL = FarringtonSettings(
    periods=1, recent_left_out=3, outlier_threshold=1.0, trend_p=0.05, bound="two thirds", variant="original"
)
IMPROVED = FarringtonSettings(
    periods=10,
    recent_left_out=26,
    outlier_threshold=2.58,
    trend_p=1.0,
    bound="negative binomial",
    variant="improved",
)


def farrington(
    counts: Any,
    *,
    settings: FarringtonSettings = IMPROVED,
    last: int | None = None,
    steps_a_year: int = 52,
    alpha: float = 0.01,
    population: Any = None,
    leave_out: Any = None,
    few_cases: tuple[int, int] = (5, 4),
    names: Sequence[str] | None = None,
) -> Aberration:
    """Flag counts above what the same weeks of past years, with trend and season, lead to expect.

    A quasi-Poisson regression log mu = level of the season group + trend is fitted to the past, past outbreaks are
    down-weighted by their Anscombe residuals and it is fitted again. Upper bound, with fitted mean m, its standard
    error s, dispersion phi >= 1::

        two thirds:         m (1 + (2/3) z sqrt((phi + s^2 / m) / m))^(3/2)
        negative binomial:  1 - alpha quantile with mean m, variance phi m  (Poisson where phi = 1)

    Parameters
    ----------
    counts : array of shape (T,) or (T, N)
        Weekly (or monthly, with `steps_a_year=12`) counts, time first, without gaps.
    settings : FarringtonSettings
        `IMPROVED` (Noufaily 2013, default) or `ORIGINAL` (Farrington 1996).
    last : int, optional
        Judge only the last so many steps; by default every step with enough history.
    alpha : float
        One-sided error probability of the bound.
    population : array, optional
        Of the shape of counts; makes the fit one of rates.
    leave_out : array of bool, optional
        (T,) or shape of counts: steps to keep out of baselines, such as pandemic years.
    few_cases : (int, int)
        No alarm unless at least so many cases in so many last steps; (5, 4) as published.

    Notes
    -----
    Source: Farrington 1996, Noufaily 2013. `score` is (y - m) / (upper bound - m). Assumes that the season group
    and trend describe the past and that reporting is complete. Not for incomplete last weeks: nowcast first. Needs `years` of
    history and `half_window` steps more: with less nothing is assessed and `advice` names a detector that can.
    A year is `steps_a_year` steps; years of 53 weeks shift the window by a week. Cost: about 0.1 ms a step and series.

    Examples
    --------
    >>> weeks = np.tile(np.round(6 + 3 * np.sin(np.arange(52) / 52 * 2 * np.pi)), 5)
    >>> weeks[-1] = 25
    >>> result = farrington(weeks, last=2)
    >>> result.alarm[-2:, 0].tolist(), float(result.upperbound[-1, 0])
    ([False, True], 12.0)
    """
    observed, series = as_series(counts, names)
    _check(settings, steps_a_year, few_cases, last)
    level = checked_probability("alpha", alpha)
    offset = _log_population(population, observed)
    kept = ~_mask(leave_out, observed.shape)
    expected, assessed = unassessed(observed)
    upperbound, score = expected.copy(), expected.copy()
    earliest = settings.years * steps_a_year + settings.half_window
    start = earliest if last is None else max(earliest, len(observed) - last)
    steps = np.arange(start, len(observed), dtype=np.int64)
    advice = _short_history(len(observed), earliest, settings)
    if steps.size:
        fits = _chosen_fits((observed, kept, offset), steps, settings, steps_a_year)
        mean, bound = _bounds(fits, settings, level)
        found = np.isfinite(bound)
        expected[steps], upperbound[steps], assessed[steps] = mean, bound, found
        score[steps] = (observed[steps] - mean) / np.where(bound > mean, bound - mean, np.nan)
        score[steps] = np.where(
            found & ~np.isfinite(score[steps]), 2.0 * (observed[steps] > bound), score[steps]
        )
        if not found.all():
            advice += (f"{int((~found).sum())} fits did not converge; those steps are not assessed.",)
    enough = _recent_sum(observed, few_cases[1]) >= few_cases[0]
    alarm = assessed & enough & (observed > np.where(assessed, upperbound, np.inf)) & (observed > 0)
    return Aberration(
        series=series,
        observed=observed,
        expected=expected,
        upperbound=upperbound,
        score=score,
        alarm=np.asarray(alarm),
        assessed=assessed,
        advice=advice,
        provenance=Provenance(
            method=f"Farrington, {settings.variant}",
            source=_SOURCES.get(settings.variant, _SOURCES["improved"]),
            parameters={"alpha": level, "steps_a_year": steps_a_year, "few_cases": few_cases}
            | vars(settings),
            inputs={"counts": digest(observed)},
        ),
    )


def _check(
    settings: FarringtonSettings, steps_a_year: int, few_cases: tuple[int, int], last: int | None
) -> None:
    if settings.years < 1:
        raise complain("settings.years", "1 or more", settings.years)
    if settings.bound not in {"two thirds", "negative binomial"}:
        raise complain("settings.bound", "'two thirds' or 'negative binomial'", settings.bound)
    if steps_a_year < 2 * settings.half_window + 1 + max(settings.periods - 1, 0):
        raise complain("steps_a_year", "long enough for the windows and periods", steps_a_year)
    if few_cases[0] < 0 or few_cases[1] < 1:
        raise complain("few_cases", "(0 or more cases, 1 or more steps)", few_cases)
    if last is not None:
        as_whole("last", last, low=1)


def _short_history(available: int, earliest: int, settings: FarringtonSettings) -> tuple[str, ...]:
    if available > earliest:
        return ()
    needs = (
        f"Farrington needs {earliest + 1} steps ({settings.years} years and {settings.half_window} steps), there are "
        f"{available}: use small_counts (from 20 steps) or ears (from 8), or fewer years."
    )
    return (needs,)


def _log_population(population: Any, observed: Floats) -> Floats:
    if population is None:
        return np.zeros(observed.shape)
    people, _ = as_series(population, None)
    if people.shape != observed.shape or (people <= 0).any():
        raise complain("population", f"above 0 and of shape {observed.shape}", people.shape)
    return np.asarray(np.log(people))


def _mask(leave_out: Any, shape: tuple[int, ...]) -> Flags:
    if leave_out is None:
        return np.zeros(shape, dtype=bool)
    mask = np.asarray(leave_out)
    if mask.dtype != bool or mask.shape not in {shape, shape[:1]}:
        raise complain(
            "leave_out", f"true or false, of shape {shape[:1]} or {shape}", (mask.dtype, mask.shape)
        )
    return np.ascontiguousarray(np.broadcast_to(mask[:, None] if mask.ndim == 1 else mask, shape))


def _layout(settings: FarringtonSettings, steps_a_year: int) -> Groups:
    """Rows of a baseline, oldest first: lag behind the current step and season group; the last group is its own."""
    w, last_group = settings.half_window, settings.periods - 1
    group_of_lag = dict.fromkeys(range(w + 1), last_group)
    between = steps_a_year - 2 * w - 1
    for year in range(1, settings.years + 1):
        centre = year * steps_a_year
        group_of_lag |= dict.fromkeys(range(centre - w, centre + w + 1), last_group)
        if settings.periods > 1:
            sizes = np.full(last_group, between // last_group)
            sizes[: between % last_group] += 1
            groups = np.repeat(np.arange(last_group), sizes)
            group_of_lag |= {centre - w - 1 - i: int(g) for i, g in enumerate(groups)}
    rows = [(lag, g) for lag, g in group_of_lag.items() if lag > settings.recent_left_out]
    return np.asarray(sorted(rows, reverse=True), dtype=np.int64)


def _chosen_fits(
    table: tuple[Floats, Flags, Floats], steps: Groups, settings: FarringtonSettings, steps_a_year: int
) -> Floats:
    """Fit all; keep the trend where it is significant, rests on three years and does not extrapolate."""
    options = (int(settings.years >= 3), float(settings.outlier_threshold))
    (without, with_trend), largest = fit_all(table, steps, _layout(settings, steps_a_year), options)
    t, df = with_trend[..., 4], with_trend[..., 5]
    fitted = np.isfinite(t)
    p = np.where(fitted, 2 * stdtr(np.where(fitted, df, 1.0), -np.abs(np.where(fitted, t, 0.0))), 1.0)
    with np.errstate(over="ignore"):
        inside = np.exp(np.where(fitted, with_trend[..., 0], np.inf)) <= largest
    keep = fitted & (p < settings.trend_p) & inside
    return np.asarray(np.where(keep[..., None], with_trend, without))


def _bounds(fits: Floats, settings: FarringtonSettings, alpha: float) -> tuple[Floats, Floats]:
    eta, se, phi = fits[..., 0], fits[..., 1], fits[..., 2]
    fitted = np.isfinite(eta)
    mean = np.exp(np.where(fitted, np.minimum(eta, 300), 0.0))
    spread = np.where(fitted, phi, 1.0)
    if settings.bound == "two thirds":
        tau = spread + np.where(fitted, se, 0.0) ** 2 * mean
        room = ndtri(1 - alpha) * np.sqrt(4 / 9 * np.cbrt(mean) * tau)
        bound = (np.cbrt(mean) ** 2 + room) ** 1.5
    else:
        excess = np.maximum(spread - 1, 1e-12)
        bound = np.where(
            spread > 1, nbinom.ppf(1 - alpha, mean / excess, 1 / spread), poisson.ppf(1 - alpha, mean)
        )
    return np.where(fitted, mean, np.nan), np.where(fitted, bound, np.nan)


def _recent_sum(observed: Floats, steps: int) -> Floats:
    total = np.cumsum(observed, axis=0)
    earlier = np.zeros_like(total)
    earlier[steps:] = total[:-steps]
    return np.asarray(total - earlier)


def exceedance(observed: Any, expected: Any, dispersion: Any) -> Floats:
    """Return the probability of a count this large or larger: negative binomial with variance dispersion x mean.

    Where dispersion is 1 the distribution is Poisson. Source: Noufaily 2013. Assumes that mean and dispersion are
    known exactly. Not for counts below the Poisson's spread (dispersion under 1).

    Examples
    --------
    >>> exceedance([6.0], [2.0], [1.0]).round(4)
    array([0.0166])
    """
    given = {"observed": observed, "expected": expected, "dispersion": dispersion}
    y, mean, phi = (np.asarray(as_floats(name, v)) for name, v in given.items())
    for name, values in zip(given, (y, mean, phi), strict=True):
        if not np.isfinite(values).all():
            raise complain(name, "finite numbers", values.tolist())
    if (mean < 0).any() or (phi <= 0).any():
        raise complain("expected and dispersion", "0 or more, and above 0", (expected, dispersion))
    excess = np.maximum(phi - 1, 1e-12)
    return np.asarray(np.where(phi > 1, nbinom.sf(y - 1, mean / excess, 1 / phi), poisson.sf(y - 1, mean)))
