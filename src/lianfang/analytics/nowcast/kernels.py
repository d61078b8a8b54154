"""Compiled inner loops of the nowcast: delay factors of a triangle, level filter, retrospective nowcasts.

Nothing here checks its input; `estimate.py` does. `counts` is (T, D + 1): reference step by delay, of which only
cells with t + d <= as_of are read. `season` is the length of the week (7 for days, 1 for weeks) and `offset` the
season of row 0.
"""

import numba as nb
import numpy as np

from lianfang.analytics.inputs import Floats

_POISSON_EXCESS = 1.5  # assumed variance over mean of one cell, in the credibility of season effects
_SEASON_EVENTS = 20.0  # events at which a report-season effect counts for half
_GROWTH_LIMIT = 0.25  # per step: faster growth than this is not extrapolated


@nb.njit(cache=True)
def delay_sums(
    counts: Floats, as_of: int, calendar: tuple[int, int, int], decay: float
) -> tuple[Floats, Floats, Floats]:  # pragma: no cover - compiled
    """Sum new reports, known reports and removals by delay and season of the row, weighted by recency.

    `calendar` is (season, offset, opened). Reports of step `opened` (the first ever) and before are left out: they are the backlog of an opening desk, not a
    delay.
    """
    season, offset, opened = calendar
    n_steps = counts.shape[1] - 1
    new = np.zeros((n_steps, season))
    known = np.zeros((n_steps, season))
    removed = np.zeros(n_steps)
    weights = np.empty(as_of + 1)
    weight = 1.0
    for age in range(as_of + 1):
        weights[age] = weight
        weight *= decay
    window = as_of + 1
    for age in range(as_of + 1):
        if weights[age] < 1e-3:
            window = age
            break
    for t in range(max(0, as_of - n_steps - window), as_of):
        total = counts[t, 0]
        place = (offset + t) % season
        for d in range(min(n_steps, as_of - t)):
            age = as_of - t - d - 1
            step = counts[t, d + 1]
            if age < window and t + d + 1 > opened:
                new[d, place] += weights[age] * step
                known[d, place] += weights[age] * max(total, 0.0)
                if step < 0:
                    removed[d] -= weights[age] * step
            total += step
    return new, known, removed


@nb.njit(cache=True)
def growth_factors(
    new: Floats, known: Floats, prior: Floats, strength: float
) -> Floats:  # pragma: no cover - compiled
    """Return new reports per known report, by delay and season, shrunk in three steps.

    First the delay's own factor towards `prior` (`strength` known reports of weight), then one effect a season of the
    *report* day common to all delays, then a cell's own deviation by credibility (Buehlmann), so that a weekday
    effect appears only where the counts show one.
    """
    n_steps, season = new.shape
    base = np.empty((n_steps, season))
    for d in range(n_steps):
        expected = (prior[d] * known[d]).sum()
        weight = strength * prior[d].mean()
        multiple = (new[d].sum() + weight) / (expected + weight) if expected + weight > 0 else 1.0
        for w in range(season):
            base[d, w] = max(prior[d, w] * multiple, -0.5)
    if season == 1:
        return base
    seen = np.zeros(season)
    wanted = np.zeros(season)
    for d in range(n_steps):
        for w in range(season):
            seen[(w + d + 1) % season] += new[d, w]
            wanted[(w + d + 1) % season] += base[d, w] * known[d, w]
    for d in range(n_steps):
        excess = 0.0
        squares = 0.0
        for w in range(season):
            day = (w + d + 1) % season
            base[d, w] *= max(0.02, (seen[day] + _SEASON_EVENTS) / (max(wanted[day], 0.0) + _SEASON_EVENTS))
            mean = base[d, w] * known[d, w]
            excess += (new[d, w] - mean) ** 2 - _POISSON_EXCESS * mean
            squares += mean * mean
        between = max(0.0, excess / squares) if squares > 0 else 0.0
        for w in range(season):
            mean = base[d, w] * known[d, w]
            if mean > 0:
                own = between * mean / (between * mean + _POISSON_EXCESS)
                base[d, w] += own * (new[d, w] / known[d, w] - base[d, w])
            base[d, w] = max(base[d, w], -0.5)
    return base


@nb.njit(cache=True)
def known_and_share(
    counts: Floats, as_of: int, offset: int, factors: Floats, ages: int
) -> tuple[Floats, Floats]:  # pragma: no cover - compiled
    """Return reports known so far and the share of the final count they stand for, by age 0..ages-1."""
    n_steps, season = factors.shape
    known = np.zeros(ages)
    share = np.ones(ages)
    for h in range(ages):
        t = as_of - h
        for d in range(min(h, n_steps) + 1):
            known[h] += counts[t, d]
        known[h] = max(known[h], 0.0)
        product = 1.0
        for d in range(h, n_steps):
            product *= 1.0 + factors[d, (offset + t) % season]
        share[h] = 1.0 / product
    return known, share


@nb.njit(cache=True)
def season_of_reference(
    known: Floats, share: Floats, as_of: int, season: int, offset: int
) -> Floats:  # pragma: no cover - compiled
    """Return the relative level of each weekday of reference, mean 1, shrunk to 1; rows known by half or more."""
    effect = np.ones(season)
    ages = known.size
    if season == 1 or ages < 2 * season:
        return effect
    seen = np.full(season, _SEASON_EVENTS)
    level = np.full(season, _SEASON_EVENTS)
    half = season // 2
    for h in range(half, ages - half):
        mean = 0.0
        least = 1.0
        for k in range(h - half, h + half + 1):
            mean += known[k] / share[k] / season
            least = min(least, share[k])
        if least > 0.3:
            place = (offset + as_of - h) % season
            seen[place] += known[h] / share[h]
            level[place] += mean
    for w in range(season):
        effect[w] = seen[w] / level[w]
    return np.asarray(effect / effect.mean())


@nb.njit(cache=True)
def level_filter(
    known: Floats, exposure: Floats, discount: float, trend: float, block: int
) -> Floats:  # pragma: no cover - compiled
    """Gamma-Poisson filter with discount: level of each age from its own reports and those of earlier rows.

    a_t = discount a_{t-1} + C_t, b_t = discount b_{t-1} e^{-r} + share_t; level a_t / b_t. A discount of 0 is the
    chain ladder. r is `trend` times the log ratio of the last two blocks of rows, shrunk by two cases.
    """
    ages = known.size
    r = 0.0
    if trend > 0 and ages >= 2 * block:
        n_late = known[:block].sum()
        e_late = exposure[:block].sum()
        n_early = known[block : 2 * block].sum()
        e_early = exposure[block : 2 * block].sum()
        mean = (n_late + n_early + 0.5) / (e_late + e_early)
        r = np.log((n_late + 2.0) / (e_late * mean + 2.0)) - np.log((n_early + 2.0) / (e_early * mean + 2.0))
        r = min(max(trend * r / block, -_GROWTH_LIMIT), _GROWTH_LIMIT)
    level = np.empty(ages)
    a = 0.0
    b = 0.0
    for i in range(ages):
        h = ages - 1 - i
        a = discount * a + known[h]
        b = discount * b * np.exp(-r) + exposure[h]
        level[h] = a / b
    return level


@nb.njit(cache=True)
def _sum_what_came(
    counts: Floats, as_of: int, later: int, came: Floats
) -> None:  # pragma: no cover - compiled
    """Add up what arrived in the `later` steps after `as_of`, by age at `as_of`."""
    n_steps = came.size
    for h in range(min(n_steps, as_of + 1)):
        for d in range(h + 1, min(h + later, n_steps) + 1):
            came[h] += counts[as_of - h, d]


@nb.njit(cache=True)
def retrospect(
    counts: Floats,
    as_of: int,
    calendar: tuple[int, int, int],
    priors: Floats,
    settings: tuple[Floats, Floats, Floats, Floats],
) -> tuple[Floats, Floats, Floats]:  # pragma: no cover - compiled
    """Nowcast at each of the last steps (row 0 = now) under every setting.

    `priors` is (steps back + 1, D, season); `settings` are decays, strengths, discounts, trends. Returns expected
    reports still to come (steps, settings, ages), the same up to now (what a later look can check), and what came.
    Ages run 0..D-1.
    """
    decays, strengths, discounts, trends = settings
    n_steps = counts.shape[1] - 1
    season, offset, _ = calendar
    back = priors.shape[0]
    n_settings = decays.size * strengths.size * discounts.size * trends.size
    to_come = np.zeros((back, n_settings, n_steps))
    by_now = np.zeros((back, n_settings, n_steps))
    came = np.zeros((back, n_steps))
    for k in range(back):
        s = as_of - k
        rows = min(n_steps, s + 1)
        ages = min(s + 1, n_steps + 4 * season + 1)
        _sum_what_came(counts, s, k, came[k])
        i = 0
        for decay in decays:
            new, known_sums, _ = delay_sums(counts, s, calendar, decay)
            for strength in strengths:
                factors = growth_factors(new, known_sums, priors[k], strength)
                known, share = known_and_share(counts, s, offset, factors, ages)
                effect = season_of_reference(known, share, s, season, offset)
                exposure = share.copy()
                for h in range(ages):
                    exposure[h] *= effect[(offset + s - h) % season]
                for discount in discounts:
                    for trend in trends:
                        level = level_filter(known, exposure, discount, trend, max(season, 3))
                        for h in range(rows):
                            place = (offset + s - h) % season
                            final = level[h] * effect[place]
                            later = share[h]
                            for d in range(h, min(h + k, n_steps)):
                                later *= 1.0 + factors[d, place]
                            to_come[k, i, h] = final * (1.0 - share[h])
                            by_now[k, i, h] = final * (later - share[h])
                        i += 1
    return to_come, by_now, came
