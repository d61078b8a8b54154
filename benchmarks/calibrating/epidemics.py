"""Simulated epidemics with known R: seven shapes of R, three generation intervals and delays, by chance or exact.

Each epidemic draws the shape of R, generation interval, delay, over-dispersion, level and weekday rhythm. Infections
follow the renewal equation exactly, or every infection is a Poisson draw.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from lianfang.analytics.delays import DelayDistribution

N_DAYS, BURN = 100, 60
GENERATION = {"short": (2.6, 1.5, 12), "middle": (5.0, 3.0, 22), "long": (9.0, 4.0, 32)}
DELAY = {"short": (4.0, 2.0, 22), "middle": (9.0, 4.5, 38), "long": (13.0, 6.0, 55)}
WEEK = np.array([1.15, 1.12, 1.08, 1.05, 0.98, 0.82, 0.80])


class Epidemic(NamedTuple):
    counts: np.ndarray
    r: np.ndarray
    interval: np.ndarray
    delay: np.ndarray
    mean: np.ndarray  # of the counts, without weekday effect
    infections: np.ndarray


def constant(t, rng):
    return np.full(len(t), rng.normal(0, 0.08))


def linear(t, rng):
    return np.linspace(rng.uniform(0.2, 0.5), rng.uniform(-0.5, -0.2), len(t))


def piecewise(t, rng):
    knots = np.r_[0, np.sort(rng.uniform(0.15, 0.85, 3)), 1] * len(t)
    return np.interp(t, knots, rng.uniform(-0.35, 0.4, 5))


def sine(t, rng):
    return rng.uniform(0.15, 0.35) * np.sin(2 * np.pi * t / rng.uniform(45, 90) + rng.uniform(0, 6))


def step(t, rng):
    before, after = rng.uniform(0.2, 0.5), rng.uniform(-0.5, -0.15)
    at = rng.uniform(0.35, 0.65) * len(t)
    return before + (after - before) / (1 + np.exp(-(t - at) / rng.uniform(0.5, 2)))


def walk(t, rng):
    path = np.cumsum(rng.normal(0, 0.03, len(t)))
    return path - path.mean()


def smooth(t, rng):
    length = rng.uniform(12, 25)
    covariance = 0.25**2 * np.exp(-0.5 * (np.subtract.outer(t, t) / length) ** 2) + 1e-8 * np.eye(len(t))
    return np.linalg.cholesky(covariance) @ rng.normal(size=len(t))


SHAPES = {f.__name__: f for f in (constant, linear, piecewise, sine, step, walk, smooth)}


def growth_of(r, interval):
    lags = np.arange(len(interval))
    return brentq(lambda x: r * (interval * np.exp(-x * lags)).sum() - 1, -1, 3)


def spread(r, interval, seeds, rng=None):
    """Infections by renewal from `seeds`; Poisson draws if a generator is given."""
    infected = np.r_[seeds, np.zeros(len(r))]
    for t in range(len(r)):
        k = len(seeds) + t
        expected = r[t] * (interval[1:] @ infected[k - 1 : k - len(interval) : -1])
        infected[k] = expected if rng is None else rng.poisson(min(expected, 1e9))
    return infected


def simulate(shape, chance, rng, level):
    generation, delayed = GENERATION[rng.choice(list(GENERATION))], DELAY[rng.choice(list(DELAY))]
    interval = DelayDistribution.from_moments("gamma", *generation[:2]).pmf(generation[2], generation=True)
    delay = DelayDistribution.from_moments("lognormal", *delayed[:2]).pmf(delayed[2])
    n_seed = max(len(interval), len(delay)) + 1
    while True:
        r = np.exp(SHAPES[shape](np.arange(N_DAYS + BURN), rng))
        seeds = np.exp(growth_of(r[0], interval) * np.arange(-n_seed, 0))
        window = slice(n_seed + BURN, n_seed + BURN + N_DAYS)
        infected = spread(r, interval, seeds)
        mean = np.convolve(infected, delay)[window]
        scale = level / np.median(mean)
        if mean.max() * scale > 40 * level:
            continue
        mean *= scale
        infected *= scale
        if chance:
            infected = spread(r, interval, rng.poisson(seeds * scale), rng)
            mean = np.convolve(infected, delay)[window]
            if not level / 3 < np.median(mean) < 3 * level or mean.max() > 40 * level:
                continue
        break
    dispersion = rng.choice([0.1, 0.02, 1 / 300])
    effect = WEEK if rng.random() < 0.5 else np.ones(7)
    rates = rng.gamma(1 / dispersion, dispersion * mean * effect[np.arange(N_DAYS) % 7])
    return Epidemic(rng.poisson(rates).astype(float), r[BURN:], interval, delay, mean, infected[window])
