"""Checks and building blocks for case fatality from daily counts: outcomes to be expected by now, and intervals."""

import datetime as dt
from typing import Any, Literal

import numpy as np
from scipy import special
from scipy import stats as scipy_stats

from lianfang.analytics.inputs import Floats, as_counts, as_floats, as_number, complain

Likelihood = Literal["by-size", "binomial", "by-case"]
Delay = Any  # a density function of days, or its values at days 0, 1, 2, ...

_special: Any = special  # scipy carries no types
_stats: Any = scipy_stats
STEP = 1e-4  # spacing of the severity grid, as in the reference implementation
DROP = 1.92  # half the 95% point of chi-square with one degree of freedom, rounded as in the reference implementation


def daily_counts(cases: Any, deaths: Any, dates: Any = None) -> tuple[Floats, Floats]:
    """Return cases and deaths as two equally long arrays of unbroken days."""
    c = as_counts("cases", cases, n_axes=(1,))
    d = as_counts("deaths", deaths, n_axes=(1,))
    if len(c) != len(d):
        raise complain("deaths", f"as long as cases ({len(c)})", len(d))
    if dates is not None:
        _check_days(list(dates), len(c))
    if d.sum() > c.sum():
        raise complain("deaths", "at most the cases in total", f"{d.sum():g} deaths of {c.sum():g} cases")
    return c, d


def _check_days(dates: list[Any], n: int) -> None:
    if len(dates) != n:
        raise complain("dates", f"as long as cases ({n})", len(dates))
    days = [_as_day(i, value) for i, value in enumerate(dates)]
    for i in range(1, n):
        step = (days[i] - days[i - 1]).days
        if step != 1:
            missing = days[i - 1] + dt.timedelta(days=1)
            what = f"{missing} is missing" if step > 1 else f"{days[i]} follows {days[i - 1]}"
            raise complain(
                "dates", "every day once, in order (insert missing days with their true counts, or 0)", what
            )


def _as_day(i: int, value: Any) -> dt.date:
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[D]").item()
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError as error:
            raise complain(f"dates[{i}]", "a date such as 2020-03-01", value) from error
    if isinstance(value, dt.datetime):
        return value.date()
    if not isinstance(value, dt.date):
        raise complain(f"dates[{i}]", "a date such as 2020-03-01", value)
    return value


def delay_values(delay: Delay, n: int) -> Floats:
    """Return the delay's density at days 0..n-1; a shorter vector is taken to be 0 beyond its end."""
    raw = delay(np.arange(n, dtype=np.float64)) if callable(delay) else delay
    values = as_floats("delay", raw).ravel()
    if not np.isfinite(values).all() or (values < 0).any():
        raise complain("delay", "finite densities of 0 or more at days 0, 1, 2, ...", values.tolist())
    if values.sum() > 1.05:
        raise complain("delay", "a daily density that sums to about 1", float(values.sum()))
    if values.sum() == 0:
        raise complain("delay", "above 0 somewhere", float(values.sum()))
    return values[:n] if len(values) >= n else np.concatenate((values, np.zeros(n - len(values))))


def expected_outcomes(cases: Floats, delay: Floats) -> Floats:
    """Return, for each day, how many of the cases so far have an outcome on that day if all were fatal."""
    return np.asarray(np.convolve(cases, delay)[: len(cases)])


def outcome_share(cases: Floats, delay: Floats) -> Floats:
    """Return for each day sum c F^2 / sum c F, with F the chance that somebody so long ill has died if all die; 1 where none.

    Deaths among cases that died by now with chance p F each have mean p sum c F and variance p sum c F (1 - p share): those
    of a binomial of size sum c F / share and chance p share.
    """
    known = np.minimum(np.cumsum(delay), 1.0)
    first, second = (np.convolve(cases, known**k)[: len(cases)] for k in (1, 2))
    return np.divide(second, first, out=np.ones_like(first), where=first > 0)


def severity_grid() -> Floats:
    """Return the severities at which the likelihood is profiled: 0.0001, 0.0002, ..., 1."""
    return np.asarray(np.arange(1, round(1 / STEP) + 1) * STEP)


def log_likelihood(
    n_cases: float, n_deaths: float, outcomes: float, *, how: Likelihood, threshold: int, share: float = 1.0
) -> Floats:
    """Return the log-likelihood of the deaths at each grid point, given the expected number of known outcomes.

    "by-size" follows cfr 0.2.0: Poisson from `threshold` cases on when fewer than 5% of the expected outcomes are
    deaths, binomial otherwise. "binomial" uses the binomial form throughout. "by-case" adds the chance of when each case
    dies: a binomial of size outcomes / `share` and chance p `share`.
    """
    p = severity_grid()
    if how == "by-case":
        size = max(outcomes / share, n_deaths)
        return np.asarray(_special.xlogy(n_deaths, p * share) + _special.xlog1py(size - n_deaths, -p * share))
    rounded = float(np.round(outcomes))
    if how == "by-size" and n_cases >= threshold and rounded > 0 and n_deaths / rounded < 0.05:
        return np.asarray(_stats.poisson.logpmf(n_deaths, p * rounded))
    return np.asarray(_special.xlogy(n_deaths, p) + _special.xlog1py(outcomes - n_deaths, -p))


def drop_of(level: float) -> float:
    """Return how far the log-likelihood may fall inside an interval of that coverage."""
    return DROP if level == 0.95 else float(_stats.chi2.ppf(as_number("level", level, low=0, high=1), 1) / 2)


def profile(log_lik: Floats, level: float = 0.95) -> tuple[float, float, float]:
    """Return the maximum of a profile and the lowest and highest severity within the interval (1.92 of it at 95%)."""
    grid = severity_grid()
    best = int(np.argmax(log_lik))
    inside = grid[log_lik >= log_lik[best] - drop_of(level)]
    return float(grid[best]), float(inside[0]), float(inside[-1])


def exact_interval(n_deaths: Floats, n: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the Clopper-Pearson limits of n_deaths / n."""
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(
            n_deaths > 0, _special.betaincinv(np.maximum(n_deaths, 1), n - n_deaths + 1, tail), 0.0
        )
        high = np.where(
            n_deaths < n, _special.betaincinv(n_deaths + 1, np.maximum(n - n_deaths, 1), 1 - tail), 1.0
        )
    return np.asarray(low), np.asarray(high)


def running_median(values: Floats, window: int) -> Floats:
    """Return the centred running median; the first and last half windows keep their values."""
    half = window // 2
    smooth = values.copy()
    if len(values) >= window and half:
        middle = np.median(np.lib.stride_tricks.sliding_window_view(values, window), axis=1)
        smooth[half : len(values) - half] = middle
    return smooth
