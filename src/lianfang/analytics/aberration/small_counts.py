"""A detector for few cases a week: sums over several windows, judged by the series' own past surprises."""

from collections.abc import Sequence
from typing import Any

import numba as nb
import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom, poisson  # type: ignore[attr-defined]  # made at import time, mypy cannot see them

from lianfang.analytics.inputs import Floats, complain, digest
from lianfang.analytics.result import Provenance

from .findings import Aberration, as_series, checked_probability, unassessed

_SOURCE = (
    "method of this package: recency-weighted negative binomial of windowed sums (temporal scan, Naus 1965, JASA "
    "60:532), threshold by the series' own past scores"
)
_GUARD = 2  # steps between the judged window and the history it is compared with
_YEARS, _HALF_WINDOW, _SEASON_CASES = 3, 3, 15.0
_WARM_UP, _PRIOR_STEPS, _OWN_MEMORY = 20, 20, 104


def small_counts(
    counts: Any,
    *,
    windows: Sequence[int] = (1, 2, 4, 8),
    floor: float = 0.01,
    own_quantile: float = 0.9,
    memory: float = 0.99,
    steps_a_year: int = 52,
    names: Sequence[str] | None = None,
) -> Aberration:
    """Flag sums of the last 1, 2, 4 or 8 steps that are too large for the history and for the series' own habits.

    For each window w the sum is compared with a negative binomial of mean w m s: m the recency-weighted mean of the
    history before it (counts above the 99 % point of a first mean are cut there), s the ratio of the same weeks of the
    last three years to all, shrunk to 1, and the weighted variance over mean as dispersion. The surprise is the
    largest -log10 p over the windows; an alarm is a surprise above both -log10 `floor` and the `own_quantile` of
    the surprises of the last 104 steps (20 steps of no surprise added).

    Parameters
    ----------
    counts : array of shape (T,) or (T, N)
        Weekly or daily counts, time first, without gaps.
    floor : float
        Largest p-value that may alarm.
    own_quantile : float
        Higher values make restless series quieter: 0.9 about halves false alarms against the fixed limit.

    Notes
    -----
    Source: this project's own combination; the weighting is that of Farrington 1996. On fourteen labelled series of the RKI (weeks 60 to 209) sensitivity is 0.43 at specificity 0.97; its form was
    chosen on them, and in the two halves of seven series it is 0.45 / 0.97 and 0.41 / 0.98 (Farrington on all: 0.24 /
    0.96). On simulated Poisson series without outbreaks 4 % of the weeks alarm. Assumes a level that changes
    slowly. Not for counts in the hundreds, where `farrington` with its trend is the better description. Needs 20 steps;
    the season enters after a year. Cost: grows with the square of the length, about 10 ms a series of 4 years.

    Examples
    --------
    >>> counts = [0, 1, 0, 0, 1, 0, 2, 0, 0, 1] * 6 + [1, 2, 2, 3]
    >>> small_counts(counts).alarm[:, 0].nonzero()[0].tolist()
    [62, 63]
    """
    observed, series = as_series(counts, names)
    limit = -np.log10(checked_probability("floor", floor))
    widths = np.asarray(sorted(set(windows)), dtype=np.int64)
    if widths.size == 0 or widths[0] < 1:
        raise complain("windows", "whole numbers of steps, 1 or more", list(windows))
    if not 0.5 <= own_quantile < 1:
        raise complain("own_quantile", "between 0.5 and 1", own_quantile)
    if not 0.8 <= memory < 1:
        raise complain("memory", "a weight a step between 0.8 and 1", memory)
    expected, assessed = unassessed(observed)
    upperbound, score = expected.copy(), expected.copy()
    first = _WARM_UP
    advice: tuple[str, ...] = ()
    if len(observed) <= first + int(widths[-1]):
        advice = (
            f"Needs {first + int(widths[-1]) + 1} steps, there are {len(observed)}: use ears from 8 steps.",
        )
    else:
        start = first + int(widths[-1])
        mean, spread, sums = _histories(observed, widths, memory, steps_a_year, start)
        surprise = _surprise(sums, mean, spread, observed)
        threshold = _thresholds(surprise, start, limit, own_quantile)
        bound = _largest_quiet(mean, spread, sums, threshold, observed)
        assessed[start:] = True
        expected[start:] = mean[start:, :, 0] / widths[0]
        upperbound[start:] = bound[start:]
        score[start:] = (surprise / threshold)[start:]
    alarm = assessed & (observed > 0) & (observed > np.where(assessed, upperbound, np.inf))
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
            method="small counts",
            source=_SOURCE,
            parameters={
                "windows": widths.tolist(),
                "floor": floor,
                "own_quantile": own_quantile,
                "memory": memory,
                "steps_a_year": steps_a_year,
            },
            inputs={"counts": digest(observed)},
        ),
    )


@nb.njit(cache=True)
def _history(
    past: Floats, now: int, memory: float, steps_a_year: int
) -> tuple[float, float]:  # pragma: no cover - compiled
    """Mean of the coming step and variance over mean, from the counts of `past`."""
    n = past.size
    weight = 1.0
    total = 0.2
    weights = 0.4
    for i in range(n - 1, -1, -1):
        total += weight * past[i]
        weights += weight
        weight *= memory
    rough = total / weights
    cap = max(np.floor(rough + 2.33 * np.sqrt(rough) + 0.5), 1.0)
    weight = 1.0
    total = 0.2
    squares = 0.0
    plain = 0.0
    for i in range(n - 1, -1, -1):
        y = min(past[i], cap)
        total += weight * y
        squares += weight * y * y
        plain += y
        weight *= memory
    mean = total / weights
    held = weights - 0.4
    variance = squares / held - 2 * mean * (total - 0.2) / held + mean * mean
    season = 1.0
    if n >= steps_a_year:
        same = 0.0
        count = 0
        for year in range(1, _YEARS + 1):
            centre = now - year * steps_a_year
            for i in range(max(centre - _HALF_WINDOW, 0), min(centre + _HALF_WINDOW + 1, n)):
                same += min(past[i], cap)
                count += 1
        season = (same + _SEASON_CASES) / (count * plain / n + _SEASON_CASES)
    return mean * season, max(1.0, variance / mean)


@nb.njit(cache=True)
def _histories(
    observed: Floats, widths: NDArray[np.int64], memory: float, steps_a_year: int, start: int
) -> tuple[Floats, Floats, Floats]:  # pragma: no cover - compiled
    """Return expected sum, variance over mean and observed sum, (T, N, windows), from step `start`."""
    steps, n = observed.shape
    mean = np.ones((steps, n, widths.size))
    spread = np.ones((steps, n, widths.size))
    sums = np.zeros((steps, n, widths.size))
    for i in range(n):
        series = np.ascontiguousarray(observed[:, i])
        for t in range(start, steps):
            for k in range(widths.size):
                w = widths[k]
                m, phi = _history(series[: max(t - w - _GUARD, 1)], t, memory, steps_a_year)
                mean[t, i, k] = m * w
                spread[t, i, k] = phi
                sums[t, i, k] = series[t - w + 1 : t + 1].sum()
    return mean, spread, sums


def _surprise(sums: Floats, mean: Floats, spread: Floats, observed: Floats) -> Floats:
    excess = np.maximum(spread - 1, 1e-9)
    tail = np.where(
        spread > 1.0001,
        nbinom.sf(sums - 1, mean / excess, 1 / spread),
        poisson.sf(sums - 1, mean),
    )
    surprise = -np.log10(np.maximum(tail, 1e-300))
    return np.asarray(np.where((sums > mean) & (observed > 0)[..., None], surprise, 0.0).max(axis=-1))


def _thresholds(surprise: Floats, start: int, limit: float, own_quantile: float) -> Floats:
    """Return the limit of each step: the fixed one, or the series' own quantile where that is higher."""
    padded = np.concatenate([np.zeros((_PRIOR_STEPS, surprise.shape[1])), surprise])
    threshold = np.full(surprise.shape, limit)
    for t in range(start + 1, len(surprise)):
        past = padded[_PRIOR_STEPS + max(start, t - _OWN_MEMORY) : _PRIOR_STEPS + t]
        known = np.concatenate([padded[:_PRIOR_STEPS], past])
        threshold[t] = np.maximum(limit, np.quantile(known, own_quantile, axis=0))
    return threshold


def _largest_quiet(mean: Floats, spread: Floats, sums: Floats, threshold: Floats, observed: Floats) -> Floats:
    """Return the largest count of the step that alarms in no window."""
    p = 10.0 ** -threshold[..., None]
    excess = np.maximum(spread - 1, 1e-9)
    largest_sum = np.where(spread > 1.0001, nbinom.isf(p, mean / excess, 1 / spread), poisson.isf(p, mean))
    others = sums - observed[..., None]
    return np.asarray(np.maximum((largest_sum - others).min(axis=-1), 0.0))
