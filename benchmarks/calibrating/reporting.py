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


def vintages(seed, *, weekdays):
    """Return a curve as published several times, and the share by age that its reporting has.

    Reference day, day of publication, count (columns); longest delay; share by age, over the days that the publications
    say something about. Days differ: each draws its delays from a Dirichlet distribution. `weekdays` speed reports up
    or slow them down.
    """
    rng = np.random.default_rng(seed)
    longest, gap, n_published = (
        int(rng.integers(8, 22)),
        int(rng.choice([1, 1, 2, 3, 7])),
        int(rng.integers(3, 25)),
    )
    level, alike = np.exp(rng.uniform(np.log([3, 15]), np.log([300, 500])))
    share = norm.cdf(np.log((np.arange(longest + 1) + 1.0) / rng.uniform(1, 5)) / rng.uniform(0.4, 0.9))
    share[-1] = 1
    hazard = np.diff(share, prepend=0) / np.maximum(1 - np.append(0, share[:-1]), 1e-12)
    speed = np.exp(rng.normal(0, 0.3, 7)) if weekdays else np.ones(7)
    n_days = n_published * gap + longest + 1
    mean = level * np.exp(np.cumsum(rng.normal(0, 0.05, n_days)))
    reported, known = np.zeros((n_days, longest + 1)), np.zeros((n_days, longest + 1))
    for t in range(n_days):
        left = (1 - np.clip(hazard, 0, 1)) ** speed[(t + np.arange(longest + 1)) % 7]
        left[-1] = 0
        known[t] = 1 - np.cumprod(left)
        pmf = np.maximum(np.diff(known[t], prepend=0), 1e-12)
        final = rng.poisson(mean[t] * rng.gamma(10, 0.1))
        reported[t] = np.cumsum(rng.multinomial(final, rng.dirichlet(pmf / pmf.sum() * alike)))
    published = longest + gap * np.arange(n_published + 1)
    rows = [
        (t, u, reported[t, min(u - t, longest)])
        for u in published
        for t in range(max(0, u - longest - 5), u + 1)
        if t < n_days
    ]
    ages = np.arange(longest)
    truth = np.array([known[[u - age for u in published[:-1]], age].mean() for age in ages])
    return *np.array(rows).T, longest, truth
