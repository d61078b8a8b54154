"""Compiled core: infections by renewal, expected counts by delay, and the mode of their penalised likelihood.

The unknowns `theta` are, in order: log infections and growth rate at the seed, log R at the knots, and seven weekday
effects (absent where not wanted). Derivatives are carried along exactly, as derivatives of logarithms, so that
one Newton step with the expected information costs one pass over the days.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from lianfang.analytics.renewal.cholesky import compiled, factor, inverse, log_determinant, solve

TIE_SD = 0.1  # slack between log R at the seed and the R that its growth rate implies


class Problem(NamedTuple):
    """One series, ready for the compiled functions; days run from `n_lead` days before the first count."""

    counts: Any  # by observation
    known: Any  # by observation: is the count there?
    group: Any  # by day from the first count: its observation, or -1
    share: Any  # by day from the first count: share already reported
    weekday: Any  # by day from the first count: 0 to 6
    interval: Any  # generation interval by lag from 0
    delay: Any  # infection to count, by lag from 0
    knot: Any  # by day: knot to its left
    between: Any  # by day: how far towards the next knot
    n_knots: int
    n_lead: int
    n_seed: int  # days of exponential growth before the first day
    weekdays: bool


@compiled
def infections(theta: Any, problem: Any) -> Any:
    """Return infections by day, seed days first, and the derivatives of their logarithms."""
    n_seed, n_knots, interval = problem.n_seed, problem.n_knots, problem.interval
    n = n_seed + problem.knot.size
    level = np.empty(n)
    slope = np.zeros((n, theta.size))
    for j in range(n_seed):
        back = n_seed - j
        level[j] = math.exp(theta[0] - theta[1] * back)
        slope[j, 0] = 1.0
        slope[j, 1] = -back
    for t in range(n - n_seed):
        s = n_seed + t
        k, f = problem.knot[t], problem.between[t]
        pressure = 0.0
        for lag in range(1, interval.size):
            pressure += interval[lag] * level[s - lag]
        level[s] = math.exp((1 - f) * theta[2 + k] + f * theta[3 + k]) * pressure
        used = min(2 + n_knots, 4 + k)
        for lag in range(1, interval.size):
            weight = interval[lag] * level[s - lag] / pressure
            for q in range(used):
                slope[s, q] += weight * slope[s - lag, q]
        slope[s, 2 + k] += 1 - f
        slope[s, 3 + k] += f
    return level, slope


@compiled
def expected(theta: Any, problem: Any, level: Any, slope: Any) -> Any:
    """Return expected complete counts by day from the first count, and the derivatives of their logarithms."""
    delay, first = problem.delay, problem.n_seed + problem.n_lead
    n_days, width = problem.group.size, 2 + problem.n_knots
    mean = np.empty(n_days)
    slope_mean = np.zeros((n_days, theta.size))
    for t in range(n_days):
        total = 0.0
        for lag in range(delay.size):
            total += delay[lag] * level[first + t - lag]
        for lag in range(delay.size):
            weight = delay[lag] * level[first + t - lag] / total
            if weight > 1e-12:
                for q in range(width):
                    slope_mean[t, q] += weight * slope[first + t - lag, q]
        if problem.weekdays:
            total *= math.exp(theta[width + problem.weekday[t]])
            slope_mean[t, width + problem.weekday[t]] = 1.0
        mean[t] = total
    return mean, slope_mean


@compiled
def observed(problem: Any, mean: Any, slope_mean: Any) -> Any:
    """Return expected counts by observation, as far as reported, and the derivatives of their logarithms."""
    n = problem.counts.size
    total = np.zeros(n)
    slope = np.zeros((n, slope_mean.shape[1]))
    for t in range(problem.group.size):
        g = problem.group[t]
        if g >= 0:
            part = mean[t] * problem.share[t]
            total[g] += part
            for q in range(slope.shape[1]):
                slope[g, q] += part * slope_mean[t, q]
    for g in range(n):
        if total[g] > 0:
            for q in range(slope.shape[1]):
                slope[g, q] /= total[g]
    return total, slope


@compiled
def log_likelihood(problem: Any, total: Any, dispersion: float) -> Any:
    """Return the negative binomial log likelihood with variance m + dispersion m^2."""
    size = 1 / dispersion
    out = 0.0
    for g in range(total.size):
        if problem.known[g]:
            y, m = problem.counts[g], total[g]
            out += math.lgamma(y + size) - math.lgamma(size) - math.lgamma(y + 1)
            out += y * math.log(m / (size + m)) - size * math.log1p(m / size)
    return out


@compiled
def tie(rate: float, interval: Any) -> Any:
    """Return log R of steady growth at `rate` (Euler-Lotka) and its derivative."""
    zero, one = 0.0, 0.0
    for lag in range(1, interval.size):
        part = interval[lag] * math.exp(-rate * lag)
        zero += part
        one += lag * part
    return -math.log(zero), one / zero


@compiled
def knot_prior(n_knots: int, change: float, persistence: float, start_sd: float, chance: Any) -> Any:
    """Return for log R at the knots: smooth covariance, realised precision, its log determinant.

    Changes are a stationary autoregression of spread `change` and correlation `persistence`; `chance` is the
    variance that realised log R has on top.
    """
    smooth = np.empty((n_knots, n_knots))
    running = np.zeros(n_knots)
    for i in range(n_knots):
        if i > 0:
            for j in range(1, n_knots):
                running[j] += change**2 * persistence ** abs(i - j)
        total = start_sd**2
        for j in range(n_knots):
            total += running[j]
            smooth[i, j] = total
    realised = smooth.copy()
    for i in range(n_knots):
        realised[i, i] += chance[i]
    root = factor(realised)
    return smooth, inverse(root), -log_determinant(root)


@compiled
def _objective(theta: Any, problem: Any, total: Any, dispersion: float, prior: Any) -> Any:
    precision, centre = prior
    away = theta - centre
    out = log_likelihood(problem, total, dispersion)
    for i in range(theta.size):
        for j in range(theta.size):
            out -= 0.5 * away[i] * precision[i, j] * away[j]
    miss = (theta[2] - tie(theta[1], problem.interval)[0]) / TIE_SD
    return out - 0.5 * miss * miss


@compiled
def _information(theta: Any, problem: Any, seen: Any, dispersion: float, precision: Any) -> Any:
    total, slope = seen
    out = precision.copy()
    for g in range(total.size):
        if problem.known[g]:
            weight = total[g] / (1 + dispersion * total[g])
            for i in range(theta.size):
                part = weight * slope[g, i]
                if part != 0.0:
                    for j in range(i + 1):
                        out[i, j] += part * slope[g, j]
    derivative = tie(theta[1], problem.interval)[1]
    out[2, 2] += 1 / TIE_SD**2
    out[1, 1] += (derivative / TIE_SD) ** 2
    out[2, 1] -= derivative / TIE_SD**2
    return out


@compiled
def _gradient(theta: Any, problem: Any, seen: Any, dispersion: float, prior: Any) -> Any:
    total, slope = seen
    precision, centre = prior
    out = np.zeros(theta.size)
    for i in range(theta.size):
        for j in range(theta.size):
            out[i] -= precision[i, j] * (theta[j] - centre[j])
    for g in range(total.size):
        if problem.known[g]:
            pull = (problem.counts[g] - total[g]) / (1 + dispersion * total[g])
            for q in range(theta.size):
                out[q] += pull * slope[g, q]
    implied, derivative = tie(theta[1], problem.interval)
    miss = (theta[2] - implied) / TIE_SD**2
    out[2] -= miss
    out[1] += miss * derivative
    return out


@compiled
def forward(theta: Any, problem: Any) -> Any:
    """Return expected counts by observation and their log derivatives."""
    level, slope = infections(theta, problem)
    mean, slope_mean = expected(theta, problem, level, slope)
    return observed(problem, mean, slope_mean)


@compiled
def _step_size(step: Any, n_knots: int) -> Any:
    """Return the share of a step that moves no log R by more than 1 and no level by more than 3."""
    largest = max(1.0, abs(step[0]) / 3)
    for q in range(1, 2 + n_knots):
        largest = max(largest, abs(step[q]))
    return 1.0 / largest


@compiled
def find_mode(start: Any, problem: Any, dispersion: float, prior: Any) -> Any:
    """Return the mode, its objective, and the Cholesky factor of the information there.

    Fisher scoring, each step halved until the objective does not fall; it ends when a step can gain no more than
    a thousandth of a log likelihood unit.
    """
    theta = start.copy()
    seen = forward(theta, problem)
    best = _objective(theta, problem, seen[0], dispersion, prior)
    root = factor(_information(theta, problem, seen, dispersion, prior[0]))
    for _ in range(100):
        pull = _gradient(theta, problem, seen, dispersion, prior)
        step = solve(root, pull)
        gain = 0.0
        for q in range(theta.size):
            gain += step[q] * pull[q]
        if gain < 1e-3:
            break
        size = _step_size(step, problem.n_knots)
        improved = False
        for _ in range(30):
            trial = theta + size * step
            there = forward(trial, problem)
            value = _objective(trial, problem, there[0], dispersion, prior)
            if value > best - 1e-9:
                improved = True
                break
            size *= 0.5
        if not improved:
            break
        theta, seen, best = trial, there, value
        root = factor(_information(theta, problem, seen, dispersion, prior[0]))
    return theta, best, root


@compiled
def log_posterior(start: Any, problem: Any, hyper: Any, prior: Any) -> Any:
    """Return the Laplace log marginal likelihood, the mode, the factor of its information, and the knot prior.

    `hyper` holds the spread of changes, the dispersion of counts and the persistence of changes from knot to knot;
    `prior` mean and spread of log R at the seed, mean and spread of the level, spreads of the growth rate and
    of the weekday effects, and the chance variance of each knot.
    """
    change, dispersion, persistence = hyper
    start_r, start_sd, level, level_sd, rate_sd, weekday_sd, chance = prior
    n_knots, n = problem.n_knots, start.size
    smooth, knots, determinant = knot_prior(n_knots, change, persistence, start_sd, chance)
    precision = np.zeros((n, n))
    precision[0, 0], precision[1, 1] = level_sd**-2, rate_sd**-2
    centre = np.zeros(n)
    centre[0] = level
    for i in range(n_knots):
        centre[2 + i] = start_r
        for j in range(n_knots):
            precision[2 + i, 2 + j] = knots[i, j]
    for q in range(2 + n_knots, n):
        precision[q, q] = weekday_sd**-2
    theta, best, root = find_mode(start, problem, dispersion, (precision, centre))
    value = best + 0.5 * determinant - 0.5 * log_determinant(root)
    return value, theta, root, smooth, knots
