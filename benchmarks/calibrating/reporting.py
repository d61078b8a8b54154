"""Simulated reporting triangles with what real reporting has: weekdays, overdispersed and changing delays, withdrawals."""

import numpy as np
from scipy.stats import norm

FIRST_SEED = 50_000
KINDS = {
    "daily, about 80 a day": "daily",
    "daily, about 3 a day": "small",
    "delays shorten by half": "drift",
    "explosive start, doubling in 2 to 7 days": "start",
    "weekly, 3 to 60 a week": "weekly",
    "a tenth of reports taken back": "taken back",
}


def curve(kind, rng, steps):
    t = np.arange(steps)
    phase = rng.uniform(0, 6)
    if kind == "small":
        return np.log(3) + 0.8 * np.sin(t / 20 + phase)
    if kind == "drift":
        return np.log(30) + 0.8 * np.sin(t / 30 + phase)
    if kind == "weekly":
        return np.log(rng.choice([3, 15, 60])) + np.sin(t / 9 + phase) + rng.normal(0, 0.1, steps)
    if kind == "start":
        peak = rng.integers(15, 35)
        return np.log(0.5) + rng.uniform(0.1, 0.3) * np.minimum(t, peak) - 0.1 * np.maximum(t - peak, 0)
    return np.log(80) + np.cumsum(rng.normal(0, 0.03, steps)) + 0.8 * np.sin(t / 25 + phase)


def simulate(kind, seed):
    """Return counts by reference step and delay."""
    rng = np.random.default_rng(seed)
    steps, longest = {"weekly": (90, 10), "start": (45, 25)}.get(kind, (140, 30))
    daily = kind != "weekly"
    weekday = np.exp(rng.normal(0, 0.25, 7)) if daily else np.ones(7)
    mean = np.exp(curve(kind, rng, steps)) * (weekday / weekday.mean())[np.arange(steps) % 7]
    final = rng.poisson(mean * rng.gamma(20, 1 / 20, steps))
    median, spread = (rng.uniform(1.5, 7) if daily else rng.uniform(0.5, 2)), rng.uniform(0.4, 0.9)
    speed = np.exp(rng.normal(0, 0.4, 7)) if daily else np.ones(7)
    if daily:
        speed[5:] *= rng.choice([1, 0.3, 0.05])
    edges = np.arange(longest + 1) + 1.0
    counts = np.zeros((steps, longest + 1))
    for t in range(steps):
        shift = np.exp(-0.6 * t / steps) if kind == "drift" else 1.0
        reported = norm.cdf(np.log(edges / (median * shift)) / spread)
        hazard = np.diff(reported, prepend=0) / np.maximum(1 - np.append(0, reported[:-1]), 1e-9)
        hazard = 1 - (1 - np.clip(hazard, 0, 1)) ** speed[(t + np.arange(longest + 1)) % 7]
        pmf = np.maximum(hazard * np.append(1, np.cumprod(1 - hazard)[:-1]), 1e-12)
        counts[t] = rng.multinomial(final[t], rng.dirichlet(np.maximum(pmf / pmf.sum() * 60, 1e-3)))
    if kind == "taken back":
        for t in range(steps):
            back = rng.binomial(counts[t, :5].sum().astype(int), 0.1)
            counts[t, rng.integers(6, 12)] -= back
    return counts
