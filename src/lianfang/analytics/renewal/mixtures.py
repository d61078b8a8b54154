"""Quantiles of mixtures of normal distributions, and of counts around an uncertain mean."""

import numpy as np
from scipy.special import nbdtrik, ndtr, ndtri

from lianfang.analytics.inputs import Floats


def normal_mixture_quantiles(
    weights: Floats, means: Floats, sds: Floats, probabilities: tuple[float, ...]
) -> Floats:
    """Return quantiles (probabilities first) of normal mixtures along the first axis of `means` and `sds`.

    Newton steps between the smallest and the largest quantile of the parts; error below 1e-8 of the spread.
    """
    shaped = weights.reshape((-1,) + (1,) * (means.ndim - 1))
    level = np.asarray(probabilities).reshape((-1, 1) + (1,) * (means.ndim - 1))
    parts = means + sds * ndtri(level)
    low, high = parts.min(axis=1), parts.max(axis=1)
    x = (shaped * parts).sum(axis=1)
    for _ in range(60):
        z = (x[:, None] - means) / sds
        excess = (shaped * ndtr(z)).sum(axis=1) - level[:, 0]
        density = (shaped * np.exp(-0.5 * z * z) / (sds * np.sqrt(2 * np.pi))).sum(axis=1)
        low, high = np.where(excess < 0, x, low), np.where(excess < 0, high, x)
        newton = x - excess / np.maximum(density, 1e-300)
        following = np.where((newton >= low) & (newton <= high), newton, (low + high) / 2)
        settled = np.abs(following - x) <= 1e-8 * sds.max(axis=0)
        x = following
        if settled.all():
            break
    return np.asarray(x)


def remaining_counts(
    log_mean: Floats, log_sd: Floats, dispersion: float, seen: Floats, share: Floats
) -> tuple[Floats, Floats]:
    """Return mean and variance of what is still to be counted, given `seen` counts of a known `share`.

    The rate of a day is gamma with mean exp(log_mean) and variance dispersion times its square; what has been seen
    updates it. With seen = share = 0 this is the negative binomial of a new count. `log_sd` is the uncertainty
    of the mean itself.
    """
    size = 1 / dispersion
    prior_rate = size * np.exp(-log_mean)
    mean = (1 - share) * (size + seen) / (prior_rate + share)
    spread = mean * log_sd * prior_rate / (prior_rate + share)
    return mean, mean + mean**2 / (size + seen) + spread**2


def count_quantiles(mean: Floats, variance: Floats, probabilities: tuple[float, ...]) -> Floats:
    """Return quantiles (probabilities first) of the negative binomial with these two moments."""
    extra = np.maximum(variance - mean, 1e-9 * mean + 1e-12)
    size = np.maximum(mean, 1e-12) ** 2 / extra
    chance = size / (size + np.maximum(mean, 1e-12))
    return np.stack([np.ceil(np.maximum(nbdtrik(p, size, chance), 0.0)) for p in probabilities])


def with_chance(
    quantiles: Floats, median: Floats, probabilities: tuple[float, ...], variance: float
) -> Floats:
    """Return quantiles (probabilities first) of numbers that scatter around an uncertain mean with `variance` times it.

    Roots of counts have a variance of a quarter of that whatever the mean, so distances from the median add in squares there.
    """
    score = ndtri(np.asarray(probabilities)).reshape(-1, *(1,) * median.ndim)
    root = np.sqrt(median)
    away = np.hypot(np.sqrt(quantiles) - root, score * np.sqrt(variance) / 2)
    return np.asarray(np.maximum(root + np.sign(score) * away, 0.0) ** 2)
