"""What a sweep over trees teaches about the outbreak: evidence rates, dispersion, and how far siblings share their days."""

from typing import TYPE_CHECKING, Any

import numpy as np

from lianfang.analytics.chains.evidence import Ints
from lianfang.analytics.inputs import Floats

if TYPE_CHECKING:
    from lianfang.analytics.chains.sampling import Setting

USUAL = 3.0  # normal score of timing beyond which siblings lend each other no credit: each such link pays by itself


def draw_occasion(
    s: "Setting", state: tuple[Any, ...], rng: np.random.Generator, *, at_events: bool
) -> float:
    """Draw the correlation of siblings' timing (0 unless `at_events`), and set the sums of all sibling groups to it."""
    source, choice, _, _, known_at, timing_at = state
    inside = np.flatnonzero((choice >= 0) & (s.place >= 0))
    inside = inside[np.abs(s.timing[0, choice[inside]]) <= USUAL]
    z, variance = s.timing[:, choice[inside]]
    group, at = np.unique(source[inside] * known_at.shape[1] + s.place[inside], return_inverse=True)
    sums, log_weight = [], []
    for rho in s.occasion_grid if at_events else (0.0,):
        noise = 1 - rho + variance
        known, total = np.bincount(at, 1 / noise, len(group)), np.bincount(at, z / noise, len(group))
        gain = (z * z * (1 / (1 + variance) - 1 / noise) - np.log(noise / (1 + variance))).sum()
        shared = rho * total * total / (1.0 + rho * known) - np.log(1.0 + rho * known)
        log_weight.append(0.5 * (gain + shared.sum()))
        sums.append((known, total))
    weight = np.cumsum(np.exp(np.array(log_weight) - max(log_weight)))
    drawn = int(np.searchsorted(weight, rng.random() * weight[-1]))
    known_at[:], timing_at[:] = 0.0, 0.0
    known_at.flat[group], timing_at.flat[group] = sums[drawn]
    return float(s.occasion_grid[drawn])


def log_ratios(s: "Setting", sensitivity: Floats, hits: Floats, n_links: int) -> Floats:
    """Return log P(evidence | link) / P(evidence | no link), per kind, for absent and present evidence."""
    chance = (np.maximum(s.n_flagged - hits, 0) + 0.5) / (max(s.n_possible - n_links, 0) + 1)
    chance = np.minimum(chance, 1 - 1e-3)
    return np.stack([np.log((1 - sensitivity) / (1 - chance)), np.log(sensitivity / chance)], axis=1)


def draw_k(
    s: "Setting", n_children: Ints, reproduction: float, rng: np.random.Generator, log_gamma: Floats
) -> float:
    """Draw the dispersion on its grid, given the children; `log_gamma[g, m]` is lgamma(k_g + m) - lgamma(k_g)."""
    k = s.k_grid[:, None]
    mean = np.maximum(reproduction * s.exposure, 1e-9)[None, :]
    log_weight = (
        log_gamma[:, n_children] + k * np.log(k / (k + mean)) + n_children * np.log(mean / (k + mean))
    )
    total = log_weight.sum(axis=1)
    weight = np.cumsum(np.exp(total - total.max()))
    return float(s.k_grid[np.searchsorted(weight, rng.random() * weight[-1])])
