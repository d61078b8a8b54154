"""Compiled quasi-Poisson fits of the Farrington methods, one for each series and step.

The model has one level a season group and an optional linear trend on the log scale. Its normal equations form an
arrow (a diagonal for the groups, one column for the trend), so each iteration is solved in a single pass over the
rows, whatever the number of groups. One thread: a server that forks must not meet a thread pool. Loops are written
out: expressions of whole arrays take numba some times as long to compile.
"""

import numba as nb
import numpy as np
from numpy.typing import NDArray

from lianfang.analytics.inputs import Floats

Groups = NDArray[np.int64]
Rows = tuple[Floats, Floats, Floats, Groups]  # counts, log population, time, season group of one baseline

_MAX_ITERATIONS = 25  # the limit of R's glm, so that fits to all-zero groups stop at the same place
_TOLERANCE = 1e-8


@nb.njit(cache=True)
def _deviance(y: Floats, mu: Floats, prior: Floats) -> float:  # pragma: no cover - compiled
    total = 0.0
    for i in range(y.size):
        part = mu[i] - y[i]
        if y[i] > 0:
            part += y[i] * np.log(y[i] / mu[i])
        total += 2.0 * prior[i] * part
    return total


@nb.njit(cache=True)
def _solve(
    work: Floats, response: Floats, rows: Rows, trend: int, arrow: Floats
) -> float:  # pragma: no cover - compiled
    """Solve one weighted least-squares step; `arrow` holds weight, weighted time, level by group; return slope."""
    _, _, time, group = rows
    squares = 0.0
    cross = 0.0
    reply = np.zeros(arrow.shape[1])
    for g in range(arrow.shape[1]):
        arrow[0, g], arrow[1, g], arrow[2, g], arrow[3, g] = 0.0, 0.0, 0.0, 0.0
    for i in range(work.size):
        g = group[i]
        arrow[0, g] += work[i]
        arrow[1, g] += work[i] * time[i]
        reply[g] += work[i] * response[i]
        squares += work[i] * time[i] * time[i]
        cross += work[i] * time[i] * response[i]
    slope = 0.0
    arrow[3, 0] = 0.0
    if trend:
        schur = squares
        for g in range(arrow.shape[1]):
            if arrow[0, g] > 0:
                schur -= arrow[1, g] ** 2 / arrow[0, g]
                cross -= arrow[1, g] * reply[g] / arrow[0, g]
        if schur > 1e-12 * max(squares, 1e-300):
            slope = cross / schur
            arrow[3, 0] = schur
    for g in range(arrow.shape[1]):
        if arrow[0, g] > 0:
            arrow[2, g] = (reply[g] - arrow[1, g] * slope) / arrow[0, g]
    return slope


@nb.njit(cache=True)
def _iterate(
    rows: Rows, prior: Floats, trend: int, arrow: Floats
) -> tuple[bool, float, Floats]:  # pragma: no cover - compiled
    """Fit by iteratively reweighted least squares from mu = y + 0.1; return convergence, slope, fitted means."""
    y, offset, time, group = rows
    n = y.size
    mu, eta, work, response = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    for i in range(n):
        mu[i] = y[i] + 0.1
        eta[i] = np.log(mu[i])
    before = _deviance(y, mu, prior)
    slope = 0.0
    for _ in range(_MAX_ITERATIONS):
        for i in range(n):
            work[i] = prior[i] * mu[i]
            response[i] = eta[i] - offset[i] + (y[i] - mu[i]) / mu[i]
        slope = _solve(work, response, rows, trend, arrow)
        for i in range(n):
            eta[i] = min(max(arrow[2, group[i]] + slope * time[i] + offset[i], -700.0), 700.0)
            mu[i] = max(np.exp(eta[i]), 2.2e-16)
        now = _deviance(y, mu, prior)
        if not np.isfinite(now):
            return False, slope, mu
        if abs(now - before) / (abs(now) + 0.1) < _TOLERANCE:
            return True, slope, mu
        before = now
    return False, slope, mu


@nb.njit(cache=True)
def _weights_of_residuals(
    rows: Rows, mu: Floats, phi: float, threshold: float, arrow: Floats
) -> Floats:  # pragma: no cover - compiled
    """Down-weight past outbreaks by their standardised Anscombe residuals."""
    y, _, time, group = rows
    n = y.size
    weights = np.ones(n)
    total = 0.0
    for i in range(n):
        g = group[i]
        leverage = 1.0 / arrow[0, g]
        if arrow[3, 0] > 0:
            leverage += (time[i] - arrow[1, g] / arrow[0, g]) ** 2 / arrow[3, 0]
        left = max(1.0 - mu[i] * leverage, 1e-12)
        s = 1.5 * (y[i] ** (2.0 / 3.0) * mu[i] ** (-1.0 / 6.0) - np.sqrt(mu[i])) / np.sqrt(phi * left)
        if s > threshold:
            weights[i] = s**-2.0
        total += weights[i]
    for i in range(n):
        weights[i] *= n / total
    return weights


@nb.njit(cache=True)
def _spreads(
    y: Floats, mu: Floats, prior: Floats, df: int
) -> tuple[float, float]:  # pragma: no cover - compiled
    """Mean squares of the residuals on the scale of the counts (at least 1) and on the working scale."""
    counted, working = 0.0, 0.0
    for i in range(y.size):
        counted += prior[i] * (y[i] - mu[i]) ** 2 / mu[i]
        working += prior[i] * ((y[i] - mu[i]) / mu[i]) ** 2
    return max(counted / df, 1.0), working / df


@nb.njit(cache=True)
def _fit(
    rows: Rows, at: tuple[float, float, int], options: tuple[int, float], arrow: Floats
) -> tuple[bool, Floats]:  # pragma: no cover - compiled
    """Fit, reweight, fit again; return convergence and (eta, se of eta, phi, slope, t statistic of slope, df).

    The standard error uses residuals on the working scale with the robust weights, as the reference program does: its
    published bounds cannot be met otherwise.
    """
    trend, threshold = options
    y = rows[0]
    time_now, offset_now, group_now = at
    answer = np.zeros(6)
    n = y.size
    prior = np.ones(n)
    ok, slope, mu = _iterate(rows, prior, trend, arrow)
    if not ok and trend:
        trend -= 1
        ok, slope, mu = _iterate(rows, prior, trend, arrow)
    if not ok:
        return False, answer
    used = 0
    for g in range(arrow.shape[1]):
        if arrow[0, g] > 0:
            used += 1
    df = n - used - (1 if arrow[3, 0] > 0 else 0)
    if df < 1 or arrow[0, group_now] <= 0:
        return False, answer
    phi, _ = _spreads(y, mu, prior, df)
    prior = _weights_of_residuals(rows, mu, phi, threshold, arrow)
    ok, slope, mu = _iterate(rows, prior, trend, arrow)
    if not ok:
        return False, answer
    phi, spread = _spreads(y, mu, prior, df)
    variance = 1.0 / arrow[0, group_now]
    if arrow[3, 0] > 0:
        variance += (time_now - arrow[1, group_now] / arrow[0, group_now]) ** 2 / arrow[3, 0]
        answer[3] = slope
        answer[4] = slope / np.sqrt(max(spread, 1e-300) / arrow[3, 0])
    answer[0] = arrow[2, group_now] + slope * time_now + offset_now
    answer[1] = np.sqrt(spread * variance)
    answer[2] = phi
    answer[5] = df
    return True, answer


@nb.njit(cache=True)
def _baseline(
    y: Floats, kept: NDArray[np.bool_], log_population: Floats, now: int, layout: Groups
) -> tuple[Rows, float]:  # pragma: no cover - compiled
    """Rows of one baseline, time centred, and the centre."""
    n = 0
    for r in range(layout.shape[0]):
        n += kept[now - layout[r, 0]]
    counts, offset, time, group = np.empty(n), np.empty(n), np.empty(n), np.empty(n, dtype=np.int64)
    middle, at = 0.0, 0
    for r in range(layout.shape[0]):
        then = now - layout[r, 0]
        if kept[then]:
            counts[at], offset[at], group[at] = y[then], log_population[then], layout[r, 1]
            time[at] = -layout[r, 0]
            middle += time[at]
            at += 1
    middle /= n
    for r in range(n):
        time[r] -= middle
    return (counts, offset, time, group), middle


@nb.njit(cache=True, nogil=True)
def fit_all(
    table: tuple[Floats, NDArray[np.bool_], Floats],
    steps: Groups,
    layout: Groups,
    options: tuple[int, float],
) -> tuple[Floats, Floats]:  # pragma: no cover - compiled
    """Fit every step in `steps` of every series, without and with trend.

    `table` is counts, steps that may serve as baseline, log population, each (T, N); `options` trend or not, and the
    residual above which a past count is down-weighted.
    `layout` is (rows, 2): lag of each baseline row behind the current step and its season group; the group of the
    current step is the last. Returns fits (without trend, with it; steps, series, 6; NaN where none) and the largest
    count of each baseline.
    """
    observed, kept, log_population = table
    n_groups = 0
    for r in range(layout.shape[0]):
        n_groups = max(n_groups, layout[r, 1] + 1)
    n_series = observed.shape[1]
    fits = np.full((2, steps.size, n_series, 6), np.nan)
    largest = np.full((steps.size, n_series), np.nan)
    for job in range(steps.size * n_series):
        j = job // n_series
        i = job % n_series
        k = steps[j]
        n = 0
        for r in range(layout.shape[0]):
            if kept[k - layout[r, 0], i]:
                n += 1
        if n < 3:
            continue
        rows, middle = _baseline(observed[:, i], kept[:, i], log_population[:, i], k, layout)
        arrow = np.zeros((4, n_groups))
        at = (-middle, log_population[k, i], n_groups - 1)
        largest[j, i] = 0.0
        for count in rows[0]:
            largest[j, i] = max(largest[j, i], count)
        # The trend is a variable: for a number written here `_fit` would be compiled once more.
        for trend in range(options[0] + 1):
            ok, answer = _fit(rows, at, (trend, options[1]), arrow)
            if ok:
                for q in range(answer.size):
                    fits[trend, j, i, q] = answer[q]
    return fits, largest
