"""A smooth guess of the reporting delay from few reports, used where the triangle itself says little.

A grid of discretised log-normal delays is weighed by the right-truncated likelihood of the reports (Kalbfleisch and
Lawless 1989), by a weak prior on median and spread, and by a prior on the growth of the epidemic that each delay
implies: while numbers explode, long delays and fast growth cannot be told apart from the reports alone, and without
that prior a nowcast on the first days runs away.
"""

from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from lianfang.analytics.inputs import Floats

_MEDIANS, _SPREADS = 40, 14
_LARGEST_WEIGHT = (
    50.0  # reports: reports of a day go together, so more of them do not sharpen the guess further
)


@lru_cache(maxsize=16)
def _delay_grid(max_delay: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Return pmf, log pmf, cdf (with a leading 0) and log prior of the candidate delays."""
    medians = np.exp(np.linspace(np.log(0.3), np.log(max(max_delay * 0.9, 0.6)), _MEDIANS))
    spreads = np.linspace(0.25, 1.6, _SPREADS)
    edges = np.log(np.arange(max_delay + 1) + 1.0)
    cdf = ndtr((edges[None, None, :] - np.log(medians + 0.5)[:, None, None]) / spreads[None, :, None])
    pmf = np.diff(cdf / cdf[..., -1:], axis=-1, prepend=0) + 1e-9
    pmf /= pmf.sum(axis=-1, keepdims=True)
    centre = np.log(max(max_delay * 0.25, 0.5))
    log_prior = -0.5 * (np.log(medians) - centre)[:, None] ** 2 - 0.5 * ((spreads - 0.7) / 0.35) ** 2
    flat = pmf.reshape(-1, max_delay + 1)
    cdf_from_zero = np.concatenate([np.zeros((len(flat), 1)), np.cumsum(flat, axis=1)], axis=1)
    return flat, np.log(flat), cdf_from_zero, log_prior.ravel()


def guessed_factors(counts: Floats, as_of: int, *, opened: int, block: int, growth_sd: float) -> Floats:
    """Return the guessed new reports at delay d + 1 per report known at delay d, for d = 0..D-1.

    `opened` is the first report step ever; reports of it are backlog and left out. `growth_sd` is the standard
    deviation of the prior on growth per step, compared between the last two blocks of `block` steps.
    """
    max_delay = counts.shape[1] - 1
    pmf, log_pmf, cdf, log_weight = _delay_grid(max_delay)
    first = max(0, as_of - max_delay - 60)
    rows = np.arange(first, as_of + 1)
    report = np.add.outer(rows, np.arange(max_delay + 1))
    seen = np.where((report <= as_of) & (report > opened), np.maximum(counts[first : as_of + 1], 0), 0.0)
    by_row, total = seen.sum(axis=1), seen.sum()
    if total > 0:
        low = np.clip(opened - rows, -1, max_delay) + 1
        high = np.minimum(max_delay, as_of - rows) + 1
        used = by_row > 0
        windows, place = np.unique(low[used] * 10_000 + high[used], return_inverse=True)
        weights = np.bincount(place, by_row[used])
        window_mass = cdf[:, windows % 10_000] - cdf[:, windows // 10_000]
        likelihood = log_pmf @ seen.sum(axis=0) - np.log(np.maximum(window_mass, 1e-12)) @ weights
        log_weight = log_weight + likelihood / max(1.0, total / _LARGEST_WEIGHT)
    known = known_by_age(counts, as_of, 2 * block)
    share = cdf[:, np.minimum(np.arange(known.size), max_delay) + 1]
    log_weight = log_weight - 0.5 * (implied_growth(known, share) / growth_sd) ** 2
    weight = np.exp(log_weight - log_weight.max())
    guess = weight @ pmf / weight.sum()
    return np.asarray(guess[1:] / np.cumsum(guess)[:-1])


def known_by_age(counts: Floats, as_of: int, ages: int) -> Floats:
    """Return reports known at `as_of` of the rows of age 0, 1, ... (at most `ages` of them)."""
    ages = min(ages, as_of + 1)
    width = counts.shape[1]
    known = [counts[as_of - h, : min(h + 1, width)].sum() for h in range(ages)]
    return np.asarray(np.maximum(known, 0.0), dtype=np.float64)


def implied_growth(known: Floats, share: Floats) -> Floats:
    """Return log growth per step between two halves of the rows, for each candidate `share` (candidates, ages)."""
    half = known.size // 2
    if half < 2:
        return np.zeros(len(share))
    late = (known[:half].sum() + 1) / (share[:, :half].sum(axis=1) + 1e-3)
    early = (known[half : 2 * half].sum() + 1) / (share[:, half : 2 * half].sum(axis=1) + 1e-3)
    return np.asarray(np.log(late / early) / half)
