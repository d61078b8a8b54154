"""The sampler: one tree of who infected whom after another, with what is learnt about the outbreak in between.

Model: case i infects at rate R_i f(t - t_i), R_i gamma with dispersion k; unknown sources arrive at a constant rate.
Yes/no evidence, places and genetic distances multiply these rates by likelihood ratios. A sweep redraws the source of
every case given all others, tries to move whole groups of siblings, and redraws what is learnt.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import special

from lianfang.analytics.chains.evidence import Ints
from lianfang.analytics.chains.learning import USUAL, draw_k, draw_occasion, log_ratios
from lianfang.analytics.inputs import Floats

_special: Any = special  # scipy carries no types
R_SHAPE = 3.0  # gamma prior of the mean number infected, mean 1
UNKNOWN_SHAPE = 2.0  # gamma prior of the rate of unknown sources: neither all nor none without evidence
EVENTS_K = 0.1  # below this dispersion a few infect nearly all, and do it at events: siblings at a place share the day


class Setting(NamedTuple):
    """Everything that stays fixed while sampling."""

    start: Ints
    infector: Ints
    direct: Floats
    indirect: Floats
    flags: Floats
    snps: Floats
    timing: Floats  # 2 x candidates: normal score of the day of transmission in the infector's course, its variance
    log_foreign: Floats  # log probability of genome and window of exposure, were the source unknown
    exposure: Floats  # share of the serial interval that has passed by the end of the data
    n_possible: float  # pairs that the lag allows, kept as candidates or not
    n_flagged: Floats  # how many of them have each kind of evidence
    place: Ints  # -1 unknown
    home: Floats  # cases x places: prior share of an infector's transmissions at each place
    place_share: Floats  # share of all cases infected at each place
    imported: Ints  # 1: source known to be outside, 0: open, -1: source known to be among the cases
    held: NDArray[np.bool_]  # the one candidate is the source, as a person decided
    span: float  # days over which unknown sources may arrive
    missed: float  # share of links with one unseen case between
    expected_unknown: float  # prior mean of the number of unknown sources
    may_cycle: bool
    k_grid: Floats
    occasion_grid: Floats


class Draws(NamedTuple):
    """What the sampler returns: counts by pair and case, and one value a kept sweep of what was learnt."""

    pair: Floats
    unknown: Floats
    generation: Floats
    offspring_histogram: Floats
    k: Floats
    reproduction: Floats
    sensitivity: Floats
    mutations: Floats
    occasion: Floats


@njit(cache=True)
def _log_unknown(s, j, n_unknown):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the log rate of an unknown source at the onset of j."""
    shape = UNKNOWN_SHAPE
    return np.log((shape + n_unknown) / (1.0 + shape / s.expected_unknown) / s.span) + s.log_foreign[j]


@njit(cache=True)
def _is_descendant(source, i, j):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return whether j is found going up from i."""
    while i >= 0:
        if i == j:
            return True
        i = source[i]
    return False


@njit(cache=True)
def _detach(s, j, state, rho):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    source, choice, n_children, n_at, known_at, timing_at = state
    if source[j] >= 0:
        n_children[source[j]] -= 1
        if s.place[j] >= 0:
            n_at[source[j], s.place[j]] -= 1
            z, precision = s.timing[0, choice[j]], 1 / (1 - rho + s.timing[1, choice[j]])
            if abs(z) <= USUAL:
                known_at[source[j], s.place[j]] -= precision
                timing_at[source[j], s.place[j]] -= precision * z
    source[j] = -1
    choice[j] = -1


@njit(cache=True)
def _attach(s, j, c, state, rho):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    source, choice, n_children, n_at, known_at, timing_at = state
    choice[j] = c
    source[j] = -1 if c < 0 else s.infector[c]
    if c >= 0:
        n_children[source[j]] += 1
        if s.place[j] >= 0:
            n_at[source[j], s.place[j]] += 1
            z, precision = s.timing[0, c], 1 / (1 - rho + s.timing[1, c])
            if abs(z) <= USUAL:
                known_at[source[j], s.place[j]] += precision
                timing_at[source[j], s.place[j]] += precision * z


@njit(cache=True)
def _occasion_ratio(z, variance, known, total, rho):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the density of score z given its siblings, over its density alone.

    Scores of siblings at one place are normal with correlation rho: who infects a ward does it on a few days. `known` and
    `total` are the sums of precision, and of precision times score, over the siblings.
    """
    shrink = rho / (1.0 + rho * known)
    spread = shrink + 1.0 - rho + variance
    away = z - shrink * total
    return np.exp(0.5 * (z * z / (1 + variance) - away * away / spread)) * np.sqrt((1 + variance) / spread)


@njit(cache=True)
def _own(z, variance, rho):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return what one member adds to twice the log density of its group, over that of independent members."""
    noise = 1.0 - rho + variance
    return z * z * (1 / (1 + variance) - 1 / noise) - np.log(noise / (1 + variance))


@njit(cache=True)
def _shared(known, total, rho):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return what the whole group adds to that."""
    return rho * total * total / (1.0 + rho * known) - np.log(1.0 + rho * known)


@njit(cache=True)
def _redraw(s, j, pair, state, learnt, rng, record):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, C901, PLR0912, PLR0917
    """Draw the source of j given all others, circles left out; add the probabilities it is drawn from to the record."""
    source, _choice, n_children, n_at, known_at, timing_at = state
    k, reproduction, n_unknown, habit, rho = learnt
    _, weight, best = pair
    buffer, probability, unknown, counts = record
    if s.held[j]:
        probability[s.start[j]] += counts
        return
    _detach(s, j, state, rho)
    a, b = s.start[j], s.start[j + 1]
    rest = 0.0
    if s.imported[j] >= 0 or b == a:
        rest = np.exp(min(_log_unknown(s, j, n_unknown) - best[j], 700.0))
    if s.imported[j] > 0:
        b = a
    infector, exposed, home, h = s.infector, s.exposure, s.home, s.place[j]
    share = s.place_share[h] if h >= 0 else 1.0
    closes = s.may_cycle and n_children[j] > 0  # who infected nobody closes no circle
    free = rest
    for c in range(a, b):
        i = infector[c]
        rate = weight[c] * (k + n_children[i]) / (k / reproduction + exposed[i])
        if h >= 0:
            rate *= (home[i, h] + habit * n_at[i, h]) / ((1.0 + habit * n_children[i]) * share)
            z = s.timing[0, c]
            if rho > 0 and known_at[i, h] > 1e-9 and abs(z) <= USUAL:
                rate *= _occasion_ratio(z, s.timing[1, c], known_at[i, h], timing_at[i, h], rho)
        if closes and rate > 0 and _is_descendant(source, i, j):
            rate = 0.0
        buffer[c - a] = rate
        rest += rate
    picked = -1
    if rest > 0:
        u = rng.random() * rest
        for c in range(a, b):
            u -= buffer[c - a]
            if u < 0:
                picked = c
                break
    if counts:
        unknown[j] += free / rest if rest > 0 else 1.0
        if rest > 0:
            for c in range(a, b):
                probability[c] += buffer[c - a] / rest
    _attach(s, j, picked, state, rho)


@njit(cache=True)
def _weigh(s, pair, log_ratio, mu):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Set log weight, weight relative to the best of the case, and that best, for all candidates."""
    score, weight, best = pair
    direct, indirect, snps, flags = s.direct, s.indirect, s.snps, s.flags
    one_step, two_steps = np.log(1 - s.missed), np.log(max(s.missed, 1e-300))
    log_mu, log_double = np.log(mu), np.log(2 * mu)
    for j in range(len(best)):
        top = -1e300
        for c in range(s.start[j], s.start[j + 1]):
            one, two = direct[c] + one_step, indirect[c] + two_steps
            for e in range(flags.shape[1]):
                one += log_ratio[e, int(flags[c, e])]
            if snps[c] >= 0:
                one += snps[c] * log_mu - mu
                two += snps[c] * log_double - 2 * mu
            higher, lower = max(one, two), min(one, two)
            score[c] = higher + np.log1p(np.exp(lower - higher))
            top = max(top, score[c])
        best[j] = top if s.start[j + 1] > s.start[j] else 0.0
        for c in range(s.start[j], s.start[j + 1]):
            weight[c] = np.exp(score[c] - top)


@njit(cache=True)
def _find(start, infector, j, i):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the position of infector i among the candidates of j, or -1."""
    low, high = start[j], start[j + 1] - 1
    while low <= high:
        middle = (low + high) // 2
        if infector[middle] == i:
            return middle
        if infector[middle] < i:
            low = middle + 1
        else:
            high = middle - 1
    return -1


@njit(cache=True)
def _move_group(s, j, score, state, learnt, rng, members, targets):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, C901, PLR0912, PLR0917
    """Propose one other infector for all siblings of j at the same place, and accept by Metropolis-Hastings.

    One-by-one redraws cannot leave "this person infected the whole ward" for "that person did". The new infector must
    have no child at the place yet, so that the way back has the same probability as the way there. A group
    with a held link stays.
    """
    source, choice, n_children, n_at, known_at, timing_at = state
    k, reproduction, rho = learnt[0], learnt[1], learnt[4]
    start, infector, place, exposed, home = s.start, s.infector, s.place, s.exposure, s.home
    old, h, a, b = source[j], place[j], start[j], start[j + 1]
    if old < 0 or b - a < 2 or s.held[j]:
        return
    new = infector[a + int(rng.random() * (b - a))]
    if new == old or (h >= 0 and n_at[new, h] > 0) or (h < 0 and n_children[new] > 0):
        return
    n_members = 0
    for m in range(len(source)):
        if source[m] == old and place[m] == h:
            c = -1 if m == new or s.held[m] else _find(start, infector, m, new)
            if c < 0:
                return
            members[n_members] = m
            targets[n_members] = c
            n_members += 1
    log_odds, known, total, gain = 0.0, 0.0, 0.0, 0.0
    for x in range(n_members):  # rates are those of an infector that gets its children one after another
        m = members[x]
        left, here = n_children[old] - 1.0 - x, n_children[new] + x
        log_odds += score[targets[x]] - score[choice[m]]
        log_odds += np.log((k + here) / (k / reproduction + exposed[new]))
        log_odds -= np.log((k + left) / (k / reproduction + exposed[old]))
        if h >= 0:
            log_odds += np.log((home[new, h] + n_at[new, h] + x) / (1.0 + here))
            log_odds -= np.log((home[old, h] + n_at[old, h] - 1.0 - x) / (1.0 + left))
            z, variance = s.timing[0, targets[x]], s.timing[1, targets[x]]
            if abs(z) <= USUAL:
                known += 1 / (1 - rho + variance)
                total += z / (1 - rho + variance)
                gain += _own(z, variance, rho)
            z, variance = s.timing[0, choice[m]], s.timing[1, choice[m]]
            if abs(z) <= USUAL:
                gain -= _own(z, variance, rho)
    if h >= 0:
        gain += _shared(known, total, rho) - _shared(known_at[old, h], timing_at[old, h], rho)
        log_odds += 0.5 * gain
    if np.log(rng.random()) >= log_odds:
        return
    if s.may_cycle:
        for x in range(n_members):
            if _is_descendant(source, new, members[x]):
                return
    for x in range(n_members):
        _detach(s, members[x], state, rho)
        _attach(s, members[x], targets[x], state, rho)


@njit(cache=True)
def _sweep(s, pair, state, learnt, rng, buffers, record):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0917
    """Redraw the source of every case once, in random order, then try to move groups of siblings."""
    source = state[0]
    members, targets, order = buffers
    k, reproduction, n_unknown, habit, rho = learnt
    n = len(source)
    for place in range(n - 1, 0, -1):
        other = int(rng.random() * (place + 1))
        order[place], order[other] = order[other], order[place]
    for j in order:
        # before the first sweep nobody has a source yet, which must not speak for unknown sources
        open_source = s.imported[j] <= 0  # known imports say nothing about sources that nobody found
        n_unknown = max(n_unknown - (open_source and source[j] < 0), 0)
        _redraw(s, j, pair, state, (k, reproduction, n_unknown, habit, rho), rng, record)
        n_unknown += open_source and source[j] < 0
    if habit > 0:
        for _ in range(min(n // 2 + 1, 200)):
            j = int(rng.random() * n)
            _move_group(s, j, pair[0], state, (k, reproduction, n_unknown, habit, rho), rng, members, targets)


@njit(cache=True)
def _depths(source, depth):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Set the number of links from each case up to the first of its chain."""
    for j in range(len(source)):
        steps, i = 0, j
        while source[i] >= 0:
            i = source[i]
            steps += 1
        depth[j] = steps


def run(s: Setting, draws: Draws, n_burn: int, n_keep: int, rng: np.random.Generator) -> None:
    """Run `n_burn` sweeps, then `n_keep` that are counted into `draws` (changed in place)."""
    n, n_kinds = len(s.start) - 1, s.flags.shape[1]
    n_places = s.home.shape[1]
    source, choice = np.full(n, -1), np.full(n, -1)
    n_children = np.zeros(n, dtype=np.int64)
    n_at, known_at, timing_at = (np.zeros((n, n_places), dtype=kind) for kind in (np.int64, float, float))
    state = (source, choice, n_children, n_at, known_at, timing_at)
    buffer = np.empty(max(1, int(np.diff(s.start).max())))
    buffers = (np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64), np.arange(n))
    pair = (np.empty(len(s.infector)), np.empty(len(s.infector)), np.empty(n))
    log_gamma = _special.gammaln(s.k_grid[:, None] + np.arange(n + 1)) - _special.gammaln(s.k_grid)[:, None]
    log_ratio, sensitivity = (
        log_ratios(s, np.full(n_kinds, 0.5), np.zeros(n_kinds), 0),
        np.full(n_kinds, 0.5),
    )
    k, reproduction, mu, n_unknown, rho = 1.0, 1.0, 1.0, 0, 0.0
    learns = n_kinds > 0 or bool((s.snps >= 0).any())
    depth = np.zeros(n, dtype=np.int64)
    for j in np.flatnonzero(s.held):
        _attach(s, j, s.start[j], state, rho)
    for sweep in range(n_burn + n_keep):
        if sweep == 0 or learns:
            _weigh(s, pair, log_ratio, mu)
        # At first every infector counts alike, so that what is known of pairs settles before the rich get richer;
        # else the first to have a few children by chance keeps the ward.
        settling = sweep < max(n_burn // 4, 2)
        rho = 0.0 if settling else draw_occasion(s, state, rng, at_events=k < EVENTS_K)
        now = (1e6, reproduction, n_unknown, 0.0, 0.0) if settling else (k, reproduction, n_unknown, 1.0, rho)
        _sweep(s, pair, state, now, rng, buffers, (buffer, draws.pair, draws.unknown, sweep >= n_burn))
        linked = choice[choice >= 0]
        n_unknown = int((source[s.imported <= 0] < 0).sum())
        reproduction = max(float(rng.gamma(R_SHAPE + len(linked), 1 / (R_SHAPE + s.exposure.sum()))), 1e-3)
        k = draw_k(s, n_children, reproduction, rng, log_gamma)
        hits = s.flags[linked].sum(axis=0)
        sensitivity = np.clip(rng.beta(1.0 + hits, 1.0 + len(linked) - hits), 1e-3, 1 - 1e-3)
        log_ratio = log_ratios(s, sensitivity, hits, len(linked))
        snps = s.snps[linked]
        mu = max(float(rng.gamma(1.0 + snps[snps >= 0].sum(), 1 / (1 + (snps >= 0).sum()))), 1e-3)
        if sweep >= n_burn:
            _depths(source, depth)
            _count(draws, n_children, depth)
            at = sweep - n_burn
            draws.k[at], draws.reproduction[at], draws.mutations[at] = k, reproduction, mu
            draws.sensitivity[at], draws.occasion[at] = sensitivity, rho


def _count(draws: Draws, n_children: Ints, depth: Ints) -> None:
    draws.generation[:] += depth
    top = len(draws.offspring_histogram) - 1
    draws.offspring_histogram[:] += np.bincount(np.minimum(n_children, top), minlength=top + 1)
