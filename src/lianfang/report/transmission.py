"""Reproduction numbers in two ways, and what the next two weeks bring if nothing changes."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from lianfang.analytics.forecast import Forecast, forecast
from lianfang.analytics.renewal import RenewalEstimate, estimate_renewal
from lianfang.analytics.rt import ReproductionNumber, reproduction_number
from lianfang.report.curve import Curve, weeks_of
from lianfang.report.left_out import LeftOut
from lianfang.report.natural_history import NaturalHistory

Floats = NDArray[np.float64]
FEWEST_CASES = 20
FEWEST_DAYS = 14
HORIZON = 14
_LONGEST_LAG = 60
_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
_DRAWS = 4000
_NORMAL_95 = 1.6448536269514722
_FEWEST_WEEKS = 5
_FEWEST_RECENT = (
    5  # cases within four weeks of the last day, below which R and its forecast rest on the prior
)
_RECENT = 28
_WIDEST = 20  # times the largest week so far: a limit beyond that says that nothing can be said


@dataclass(frozen=True, kw_only=True)
class Transmission:
    """R by weekly windows and by the delay-aware model, over the same days."""

    days: tuple[date, ...]
    weekly: ReproductionNumber
    aware: RenewalEstimate | LeftOut
    n_complete: int
    n_recent: int

    @property
    def latest(self) -> tuple[date, float, float, float, float] | None:
        """Last day of a full estimate: day, median, 5 % and 95 % limits, probability that R exceeds 1.

        None where hardly any case fell ill in the last four weeks: R is that of the past then, or of the prior.
        """
        if isinstance(self.aware, LeftOut) or self.n_recent < _FEWEST_RECENT:
            return None
        sure = np.flatnonzero(self.aware.status == "estimate")
        if not sure.size:
            return None
        at = int(sure[-1])
        middle, low, high = (float(self.aware.quantile("r", p)[at]) for p in (0.5, 0.05, 0.95))
        return self.days[at], middle, low, high, float(self.aware.growing[at])


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """The next two weeks. `weeks` are (first day, last day, median, 5 %, 95 %) by the model that `by` names."""

    days: tuple[date, ...]
    median: Floats | None
    low: Floats | None
    high: Floats | None
    weeks: tuple[tuple[date, date, float, float, float], ...]
    trend_weeks: tuple[tuple[date, date, float, float, float], ...]
    trend: Forecast | LeftOut

    @property
    def disagree(self) -> tuple[float, float] | None:
        """Medians of the first week by trend and by renewal model where one is more than twice the other, else None."""
        if not self.weeks or not self.trend_weeks:
            return None
        trend, renewal = self.trend_weeks[0][2], self.weeks[0][2]
        return (trend, renewal) if max(trend, renewal) > 2 * max(1.0, min(trend, renewal)) else None


def transmission_of(curve: Curve | LeftOut, known: NaturalHistory | None) -> Transmission | LeftOut:
    """Return R where there are onsets enough and a serial interval is known."""
    if isinstance(curve, LeftOut):
        return curve
    if known is None or known.serial_interval is None:
        return LeftOut(reason="left.no_disease" if known is None else "left.no_serial_interval")
    n = int(curve.counts.sum())
    if n < FEWEST_CASES or len(curve.days) < FEWEST_DAYS:
        return LeftOut(
            reason="left.r_few",
            values={"n": n, "days": len(curve.days), "least": FEWEST_CASES, "least_days": FEWEST_DAYS},
        )
    lags = min(_LONGEST_LAG, len(curve.days) + 1)
    serial = known.serial_interval.distribution.pmf(lags, generation=True)
    try:
        weekly = reproduction_number(
            curve.counts, serial_interval=serial, window=7, probabilities=_LEVELS, days=list(curve.days)
        )
    except ValueError as trouble:
        return LeftOut(reason="left.estimator", detail=str(trouble))
    return Transmission(
        days=curve.days,
        weekly=weekly,
        aware=_aware(curve, known),
        n_complete=curve.n_complete,
        n_recent=int(curve.counts[-_RECENT:].sum()),
    )


def _aware(curve: Curve, known: NaturalHistory) -> RenewalEstimate | LeftOut:
    if known.incubation is None or known.serial_interval is None:
        return LeftOut(reason="left.no_incubation")
    if curve.by != "onset":
        return LeftOut(reason="left.r_by_report")
    try:
        return estimate_renewal(
            curve.counts,
            generation_interval=known.serial_interval.distribution.pmf(_LONGEST_LAG, generation=True),
            delay=known.incubation.distribution.pmf(_LONGEST_LAG),
            horizon=HORIZON,
            reporting_delay=_reporting(curve),
            probabilities=_LEVELS,
            days=list(curve.days),
            workers=1,
        )
    except ValueError as trouble:
        return LeftOut(reason="left.estimator", detail=str(trouble))


def _reporting(curve: Curve) -> Floats | None:
    """Return the present delay from onset to report; None where all days count as complete."""
    if isinstance(curve.completed, LeftOut):
        return None
    return np.diff(curve.completed.within, prepend=0.0)


def outlook_of(curve: Curve | LeftOut, spread: Transmission | LeftOut, *, seed: int) -> Outlook | LeftOut:
    """Return the forecast: by the renewal model where R could be estimated, and by the trend of weekly counts."""
    if isinstance(curve, LeftOut):
        return curve
    first = curve.days[-1] + timedelta(days=1)
    days = tuple(first + timedelta(days=n) for n in range(HORIZON))
    recent = int(curve.counts[-_RECENT:].sum())
    if recent < _FEWEST_RECENT:
        return LeftOut(
            reason="left.forecast_quiet", values={"n": recent, "days": _RECENT, "least": _FEWEST_RECENT}
        )
    trend, trend_weeks = _trend(curve, first)
    aware = spread.aware if isinstance(spread, Transmission) else None
    if isinstance(aware, RenewalEstimate):
        middle, low, high = (aware.quantile("counts", p)[-HORIZON:] for p in (0.5, 0.05, 0.95))
        limits = _week_limits(aware, seed)
        if limits[2].max() <= _WIDEST * _largest_week(curve):
            return Outlook(
                days=days,
                median=middle,
                low=low,
                high=high,
                weeks=_weeks(days, limits),
                trend_weeks=trend_weeks,
                trend=trend,
            )
    if isinstance(trend, LeftOut):
        return trend
    if max(high for *_, high in trend_weeks) > _WIDEST * _largest_week(curve):
        return LeftOut(reason="left.forecast_wide", values={"times": _WIDEST})
    return Outlook(
        days=days, median=None, low=None, high=None, weeks=(), trend_weeks=trend_weeks, trend=trend
    )


def _weeks(days: tuple[date, ...], limits: Floats) -> tuple[tuple[date, date, float, float, float], ...]:
    return tuple(
        (days[7 * w], days[7 * w + 6], float(limits[0, w]), float(limits[1, w]), float(limits[2, w]))
        for w in range(HORIZON // 7)
    )


def _week_limits(aware: RenewalEstimate, seed: int) -> Floats:
    """Return median, 5 % and 95 % limits of the sums of days 1-7 and 8-14 ahead, by simulation.

    The expected counts of the days of a week rise and fall together (one normal deviate moves all of them); the counts
    about them are independent and negative binomial with the dispersion of the fit.
    """
    rng = np.random.default_rng(seed)
    middle, low, high = (aware.quantile("expected", p)[-HORIZON:] for p in (0.5, 0.05, 0.95))
    spread = np.log(high / low) / (2 * _NORMAL_95)
    mean = middle * np.exp(rng.standard_normal((_DRAWS, 1)) * spread)
    rate = rng.gamma(1 / max(aware.dispersion.item(), 1e-6), max(aware.dispersion.item(), 1e-6) * mean)
    sums = rng.poisson(np.minimum(rate, 1e12)).reshape(_DRAWS, HORIZON // 7, 7).sum(axis=2)
    return np.asarray(np.quantile(sums, [0.5, 0.05, 0.95], axis=0))


def _largest_week(curve: Curve) -> float:
    return float(np.convolve(curve.expected, np.ones(7))[6:].max(initial=1.0))


def _trend(
    curve: Curve, first: date
) -> tuple[Forecast | LeftOut, tuple[tuple[date, date, float, float, float], ...]]:
    _, weekly = weeks_of(curve.days, curve.expected)
    n = int(curve.counts.sum())
    if len(weekly) < _FEWEST_WEEKS or n < FEWEST_CASES:
        values = {"weeks": len(weekly), "least_weeks": _FEWEST_WEEKS, "n": n, "least": FEWEST_CASES}
        return LeftOut(reason="left.forecast_few", values=values), ()
    try:
        found = forecast(weekly, horizon=2, step_days=7, levels=_LEVELS, start=first)
    except ValueError as trouble:
        return LeftOut(reason="left.estimator", detail=str(trouble)), ()
    rows = []
    for w in range(HORIZON // 7):
        middle, low, high = (float(found.quantiles[0, w, _LEVELS.index(p)]) for p in (0.5, 0.05, 0.95))
        rows.append((first + timedelta(days=7 * w), first + timedelta(days=7 * w + 6), middle, low, high))
    return found, tuple(rows)
