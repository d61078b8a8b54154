"""Forecasts of the next weeks of many areas that share one epidemic: renewal, with what all areas together say of Rt."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from .forecast import Forecast, as_series, count_quantiles, first_days
from .inputs import Floats, as_whole, complain, digest
from .result import Provenance
from .rt.serial_interval import checked_interval
from .scoring import HUB_LEVELS, checked_levels

__all__ = ["renewal_forecast"]

_SOURCE = (
    "renewal equation: Fraser 2007, PLoS ONE 2(8): e758; partial pooling and the carrying on of a fall: own"
)
_WEEK = 7
_OWN_CASES = 50.0  # expected cases of a week from which an area's own R weighs as much as that of all areas
_FALL_LASTS = 0.7  # of a week's fall of R so much again in the next
_MOST_FALL = 1.5  # of log R in a week
_MOST_R, _LEAST_R = 1.6, 0.25  # growth above meets measures within the weeks ahead
_SCATTERED = 5.0  # of so many cases in four weeks half may be unconnected
_MEMORY_WEEKS = 6  # of past forecasts whose errors set the width, the weight falling by _MEMORY a week
_MEMORY = 0.7
_PRIOR_SD, _PRIOR_WEIGHT = 0.4, 112.0  # of the log error one week ahead, and as how many errors it counts
_POOL_WEIGHT = 56.0  # as how many errors of its own those of all areas count for each
_INFORMATIVE = 20.0  # forecasts of fewer cases teach less about the spread
_LARGEST_ERROR = 2.5


def renewal_forecast(
    counts: Any,
    *,
    serial_interval: Any,
    weeks: int = 2,
    levels: Sequence[float] = HUB_LEVELS,
    start: date | None = None,
    names: Sequence[str] | None = None,
) -> Forecast:
    r"""Forecast the sums of the next weeks from daily counts of areas that share measures and behaviour.

    Each day of the future has R times the force of infection, the sum of w_s y(t-s). R of an area is that of its last
    seven days, (50 R_all + y) / (50 + force): an area with few cases has the R of all together. Where R of all fell in the
    last week it goes on falling, by 0.7 of that again each week: a wave broken by measures breaks in all areas within days. A
    rise is not carried on, and R above 1 is bent down smoothly to at most 1.6, since growth brings measures on. Of an area
    with few cases some come from elsewhere: 5 / (5 + cases of four weeks) of its forecast is the mean of these weeks. Width: as in
    `forecast.forecast`, from the errors of the same method on every day of the last six weeks, those of all areas together
    and of the area itself, drawn to a prior.

    Parameters
    ----------
    counts : array of shape (T,) or (T, N)
        Daily counts, days first; at least 4 weeks. Days that are the work of desks are smoothed before.
    serial_interval : array
        Probabilities by lag in days from 0, as `rt.discretise_serial_interval` gives them.
    weeks : int
        Weeks ahead, 1 to 4.
    start : date, optional
        First day of the counts, for labels.

    Notes
    -----
    Source: see `provenance.source`. Made for a first wave, in which the trends of `forecast.forecast` come late. The
    constants were chosen on Italy's regions, twelve countries and the odd provinces of China, 2020 (see the reference).
    Assumes that all series belong to one epidemic under one government, more or less; foresees no measure before it works
    anywhere. Not for series that have little to do with each other, nor for a variant or a change of testing that sets in. Cost: about 0.1 ms a series of 400 days.

    Examples
    --------
    >>> interval = [0.0, 0.1, 0.2, 0.2, 0.2, 0.2, 0.1]
    >>> result = renewal_forecast([20] * 35, serial_interval=interval, levels=[0.25, 0.5, 0.75])
    >>> result.median.round().tolist()
    [[140.0, 140.0]]
    """
    observed, series = as_series(counts, names)
    law = checked_interval(serial_interval)
    tau = checked_levels(levels)
    if law.ndim != 1 or law.size < 2:
        raise complain("serial_interval", "one axis of at least two lags", law.shape)
    if not 1 <= as_whole("weeks", weeks) <= 4:
        raise complain("weeks", "between 1 and 4", weeks)
    if len(observed) < 4 * _WEEK:
        raise complain("counts", f"at least 4 weeks ({4 * _WEEK} days)", len(observed))
    log_r, fall = _growth(observed, law)
    last = len(observed) - 1
    origins = np.arange(max(last - _MEMORY_WEEKS * _WEEK, 3 * _WEEK), last + 1)
    ahead = _projected(observed, law, (log_r[origins], fall[origins]), origins, weeks)
    ahead = _with_scattered(ahead, observed, origins)
    scale, n_past = _scale(ahead, observed, origins)
    quantiles = count_quantiles(np.log1p(ahead[-1]), scale, np.zeros((1, len(series))), 0, tau)
    return Forecast(
        series=series,
        observed=observed[len(observed) % _WEEK :]
        .reshape(-1, _WEEK, len(series))
        .sum(axis=1),  # as it is forecast
        dates=first_days(start and start + timedelta(days=len(observed)), 0, weeks, _WEEK),
        levels=tau,
        quantiles=quantiles,
        n_past=n_past,
        provenance=Provenance(
            method="renewal with R pooled over the series, its fall carried on",
            source=_SOURCE,
            parameters={"weeks": weeks, "levels": tau.tolist()},
            inputs={"counts": digest(observed), "serial_interval": digest(law)},
        ),
    )


def _growth(observed: Floats, law: Floats) -> tuple[Floats, Floats]:
    """Return log R of each day's last week by area, (T, N), and how far that of all areas fell in a week, (T, 1), at most 0."""
    force = np.zeros_like(observed)
    for lag in range(1, min(len(law), len(observed))):
        force[lag:] += law[lag] * observed[:-lag]
    came, expected = _week_sums(observed), _week_sums(force)
    of_all = (came.sum(axis=1, keepdims=True) + 1) / (expected.sum(axis=1, keepdims=True) + 1)
    own = (_OWN_CASES * of_all + came) / (_OWN_CASES + expected)
    log_all = np.log(of_all)
    before = np.concatenate([np.repeat(log_all[:1], _WEEK, axis=0), log_all])[: len(log_all)]
    return np.log(own), np.clip(log_all - before, -_MOST_FALL, 0.0)


def _week_sums(values: Floats) -> Floats:
    total = np.cumsum(np.concatenate([np.zeros((1, values.shape[1])), values]), axis=0)
    last = np.arange(1, len(values) + 1)
    return np.asarray(total[last] - total[np.maximum(last - _WEEK, 0)])


def _projected(
    observed: Floats, law: Floats, growth: tuple[Floats, Floats], origins: Any, weeks: int
) -> Floats:
    """Return the expected counts of each week ahead from every origin, (origins, weeks, N)."""
    log_r, fall = growth
    lags, days = len(law) - 1, weeks * _WEEK
    padded = np.concatenate([np.zeros((lags, observed.shape[1])), observed])
    course = np.empty((lags + days, len(origins), observed.shape[1]))
    for lag in range(lags):
        course[lag] = padded[origins + 1 + lag]
    by_lag = law[:0:-1]  # the oldest day first
    # R of a week is that of its middle day, three days back.
    reach = (np.arange(1, days + 1) + 3) / _WEEK
    carried = (1 - _FALL_LASTS**reach) / -np.log(_FALL_LASTS)
    for day in range(days):
        ahead = _within_bounds(log_r + fall * carried[day])
        course[lags + day] = np.exp(ahead) * np.tensordot(by_lag, course[day : day + lags], axes=1)
    sums = course[lags:].reshape(weeks, _WEEK, len(origins), -1).sum(axis=1)
    return np.asarray(sums.swapaxes(0, 1))


def _with_scattered(ahead: Floats, observed: Floats, origins: Any) -> Floats:
    """Return the expected counts with those that come from elsewhere: the mean of four weeks, the more the fewer cases there were."""
    total = np.cumsum(np.concatenate([np.zeros((1, observed.shape[1])), observed]), axis=0)
    month = total[origins + 1] - total[np.maximum(origins + 1 - 4 * _WEEK, 0)]
    share = (_SCATTERED / (_SCATTERED + month))[:, None]
    return np.asarray((1 - share) * ahead + share * month[:, None] / 4)


def _within_bounds(log_r: Floats) -> Floats:
    most = np.log(_MOST_R)
    return np.where(log_r > 0, most * np.tanh(log_r / most), np.maximum(log_r, np.log(_LEAST_R)))


def _scale(ahead: Floats, observed: Floats, origins: Any) -> tuple[Floats, int]:
    """Return the scale of the log error by week ahead, (weeks, N), and from how many origins that of the first comes."""
    total = np.cumsum(np.concatenate([np.zeros((1, observed.shape[1])), observed]), axis=0)
    scale = np.empty(ahead.shape[1:])
    n_past = []
    for week in range(ahead.shape[1]):
        past = origins[origins + _WEEK * (week + 1) < len(observed)]
        n_past.append(len(past))
        said = ahead[: len(past), week]
        came = total[past + 1 + _WEEK * (week + 1)] - total[past + 1 + _WEEK * week]
        error = np.clip(np.log1p(came) - np.log1p(said), -_LARGEST_ERROR, _LARGEST_ERROR) ** 2
        age = ((len(observed) - 1 - past) / _WEEK)[:, None]
        weight = np.minimum(1.0, np.maximum(came, said) / _INFORMATIVE) * _MEMORY**age
        prior = (_PRIOR_SD * (week + 1) ** 0.6) ** 2
        of_all = ((weight * error).sum() + _PRIOR_WEIGHT * prior) / (weight.sum() + _PRIOR_WEIGHT)
        own = (weight * error).sum(axis=0) + _POOL_WEIGHT * of_all
        scale[week] = np.sqrt(own / (weight.sum(axis=0) + _POOL_WEIGHT))
    return scale, n_past[0]
