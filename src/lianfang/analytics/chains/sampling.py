"""The sampler: one tree of who infected whom after another, with what is learnt about the outbreak in between.

Model: case i infects at rate R_i f(t - t_i), R_i gamma with dispersion k, and each member of its household or group at rate
h f(t - t_i); unknown sources arrive at a constant rate. Who infects many at a place does it on few days, drawn from f once each
and shared by all infected then (a Chinese restaurant of days), so that one event is one piece of evidence on its timing and
not one a victim.
Yes/no evidence, places and genetic distances multiply the rates by likelihood ratios. A sweep redraws source and day of
every case given all others, tries to move whole groups of siblings, and redraws what is learnt.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lianfang.analytics.chains.evidence import Ints
from lianfang.analytics.chains.learning import (
    HAZARD_MEAN,
    Learnt,
    draw_events,
    draw_hazards,
    draw_k,
    draw_reproduction,
    log_ratios,
)
from lianfang.analytics.chains.moves import move_day, move_group
from lianfang.analytics.chains.tree import (
    NO_DAY,
    OPEN,
    Tree,
    attach,
    density_on,
    depths,
    detach,
    is_descendant,
    new_tree,
    siblings,
)
from lianfang.analytics.inputs import Floats

FEW = 1e6  # a concentration at which nobody's earlier infections count


class Setting(NamedTuple):
    """Everything that stays fixed while sampling."""

    start: Ints
    infector: Ints
    direct: Floats  # density of the lag without a case between, summed over the days of infection
    indirect: Floats  # log density with one unseen case between
    flags: Floats
    shared: Floats  # candidates x settings (household, class): whether both belong to the same
    at_risk: Floats  # per setting: time at risk from others of it, in whole infectious periods
    population: float  # people among whom the cases are: a link of no setting could have met any of them
    snps: Floats
    log_sites: float
    infects: Floats  # cases x days from `infects_from`: density of transmission by an infector
    infects_from: Ints
    falls_ill: Floats  # cases x days from `ill_from`: probability of onset and window, infected on that day
    ill_from: Ints
    log_foreign: Floats  # log probability of genome and window of exposure, were the source unknown
    exposed: Floats  # share of the serial interval that has passed by the end of the data
    shares_days: bool  # whether days of infection are known well enough to tell events
    points: NDArray[np.bool_]  # candidates whom evidence singles out: what such links say of k is learnt
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
    unknown_shape: float  # shape of that gamma prior
    may_cycle: bool


class Draws(NamedTuple):
    """What the sampler returns: counts by pair and case, and one value a kept sweep of what was learnt."""

    pair: Floats
    unknown: Floats
    generation: Floats
    offspring_histogram: Floats
    k: Floats
    reproduction: Floats
    sensitivity: Floats
    within: Floats
    mutations: Floats
    events: Floats


class Scores(NamedTuple):
    """Evidence on each candidate but the timing, relative to the best of its case: no case between, one between."""

    one: Floats
    two: Floats
    shared: Floats
    best: Floats


@njit(cache=True)
def _log_unknown(s, j, n_unknown):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the log rate of an unknown source at the onset of j."""
    rate = (s.unknown_shape + n_unknown) / (1.0 + s.unknown_shape / s.expected_unknown)
    return np.log(rate / s.span) + s.log_foreign[j]


@njit(cache=True)
def _draw_day(s, j, c, scores, tree, events, rng):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0917
    """Draw the day on which the chosen infector infected j: with a case between, a day of its own, or one of its siblings'."""
    if not s.shares_days:
        return NO_DAY
    i = s.infector[c]
    n, fit = siblings(tree.first, tree.following, tree.day, s.place, s.falls_ill, s.ill_from, i, j)
    new = events * s.direct[c]
    u = rng.random() * (scores.one[c] * (new + fit) / (events + n) + scores.two[c])
    u = (
        (u - scores.two[c]) * (events + n) / scores.one[c]
        if u > scores.two[c] and scores.one[c] > 0
        else -1.0
    )
    if u < 0:
        return NO_DAY
    if u < fit:
        m = tree.first[i]
        while m >= 0:
            if m != j and tree.day[m] != NO_DAY and s.place[m] == s.place[j]:
                u -= density_on(s.falls_ill, s.ill_from, j, tree.day[m])
                if u < 0:
                    return tree.day[m]
            m = tree.following[m]
    total = 0.0
    for x in range(s.falls_ill.shape[1]):
        total += s.falls_ill[j, x] * density_on(s.infects, s.infects_from, i, s.ill_from[j] + x)
    u = rng.random() * total
    for x in range(s.falls_ill.shape[1]):
        u -= s.falls_ill[j, x] * density_on(s.infects, s.infects_from, i, s.ill_from[j] + x)
        if u < 0:
            return s.ill_from[j] + x
    return NO_DAY


@njit(cache=True)
def _redraw(s, j, scores, tree, learnt, rng, record):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, C901, PLR0912, PLR0917
    """Draw source and day of j given all others, circles left out; add the probabilities drawn from to the record."""
    k, reproduction, events, n_unknown, habit = learnt
    buffer, indoors, probability, unknown, counts = record
    detach(s, j, tree)
    a, b = s.start[j], s.start[j + 1]
    rest = 0.0
    if s.imported[j] >= 0 or b == a:
        rest = np.exp(min(_log_unknown(s, j, n_unknown) - scores.best[j], 700.0))
    if s.imported[j] > 0:
        b = a
    h = s.place[j]
    share = s.place_share[h] if h >= 0 else 1.0
    closes = s.may_cycle and tree.n_children[j] > 0  # who infected nobody closes no circle
    free = rest
    first, following, day_of, place = tree.first, tree.following, tree.day, s.place
    falls_ill, ill_from = s.falls_ill, s.ill_from
    for c in range(a, b):
        i = s.infector[c]
        n, fit = 0, 0.0
        if s.shares_days and first[i] >= 0:
            n, fit = siblings(first, following, day_of, place, falls_ill, ill_from, i, j)
        rate = scores.one[c] * (events * s.direct[c] + fit) / (events + n) + scores.two[c]
        rate *= (k + tree.n_open[i]) / (k / reproduction + s.exposed[i])
        if h >= 0:
            rate *= (s.home[i, h] + habit * tree.n_at[i, h]) / ((1.0 + habit * tree.n_open[i]) * share)
        indoors[c - a] = scores.one[c] * s.direct[c] * scores.shared[c]
        rate += indoors[c - a]
        if s.held[j]:
            rate = max(rate, 1e-300)
        elif closes and rate > 0 and is_descendant(tree.source, i, j):
            rate, indoors[c - a] = 0.0, 0.0
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
    day, inside = NO_DAY, False
    if picked >= 0:
        inside = rng.random() * buffer[picked - a] < indoors[picked - a]
        if not inside:
            day = _draw_day(s, j, picked, scores, tree, events, rng)
    attach(s, j, picked, day, inside, tree)


@njit(cache=True)
def _weigh(s, scores, log_ratio, hazard, mu, between):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0917
    """Set the evidence on all candidates, and the log of the best of each case: 0 without genomes, where products stay in range."""
    ratio = np.exp(log_ratio)
    for c in range(len(scores.shared)):
        scores.shared[c] = 0.0
        for e in range(s.shared.shape[1]):
            scores.shared[c] += s.population * hazard[e] * s.shared[c, e]
    for j in range(len(scores.best)):
        a, b = s.start[j], s.start[j + 1]
        if (s.snps[a:b] >= 0).any():
            _weigh_genomes(s, j, scores, log_ratio, mu)
            continue
        scores.best[j] = 0.0
        for c in range(a, b):
            one = 1 - s.missed
            for e in range(s.flags.shape[1]):
                one *= ratio[e, int(s.flags[c, e])]
            scores.one[c], scores.two[c] = one, s.missed * between[c]


@njit(cache=True)
def _weigh_genomes(s, j, scores, log_ratio, mu):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Set the evidence on the candidates of j in logs, relative to the best: that on genomes has hundreds of digits."""
    log_one, log_two = np.log(1 - s.missed), np.log(max(s.missed, 1e-300))
    log_mu, log_double = np.log(mu) - s.log_sites, np.log(2 * mu) - s.log_sites
    top = -1e300
    for c in range(s.start[j], s.start[j + 1]):
        one, two = log_one, s.indirect[c] + log_two
        for e in range(s.flags.shape[1]):
            one += log_ratio[e, int(s.flags[c, e])]
        if s.snps[c] >= 0:
            one += s.snps[c] * log_mu - mu
            two += s.snps[c] * log_double - 2 * mu
        scores.one[c], scores.two[c] = one, two
        top = max(top, one + np.log(s.direct[c]), two)
    scores.best[j] = top
    for c in range(s.start[j], s.start[j + 1]):
        scores.one[c] = np.exp(min(scores.one[c] - top, 600.0))
        scores.two[c] = np.exp(scores.two[c] - top)


@njit(cache=True)
def _sweep(s, scores, tree, learnt, rng, buffers, record):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0917
    """Redraw source and day of every case once, in random order, then try to move groups of siblings and their days."""
    members, targets, order = buffers
    k, reproduction, events, n_unknown, habit = learnt
    n = len(tree.source)
    for place in range(n - 1, 0, -1):
        other = int(rng.random() * (place + 1))
        order[place], order[other] = order[other], order[place]
    for j in order:
        # before the first sweep nobody has a source yet, which must not speak for unknown sources
        open_source = s.imported[j] <= 0  # known imports say nothing about sources that nobody found
        n_unknown = max(n_unknown - (open_source and tree.source[j] < 0), 0)
        _redraw(s, j, scores, tree, (k, reproduction, events, n_unknown, habit), rng, record)
        n_unknown += open_source and tree.source[j] < 0
    if habit > 0:
        now = (k, reproduction, events, n_unknown, habit)
        for turn in range(min(n if s.shares_days else n // 2 + 1, 200)):
            j = int(rng.random() * n)
            whole = turn % 2 == 0 or not s.shares_days
            move_group(s, j, whole, scores, tree, now, rng, members, targets)
            if s.shares_days:
                move_day(s, j, tree, rng, members)


def run(s: Setting, draws: Draws, n_burn: int, n_keep: int, rng: np.random.Generator) -> None:
    """Run `n_burn` sweeps, then `n_keep` that are counted into `draws` (changed in place)."""
    n, n_kinds = len(s.start) - 1, s.flags.shape[1]
    tree = new_tree(n, s.home.shape[1])
    one, two, shared = (np.empty(len(s.infector)) for _ in range(3))
    scores = Scores(one, two, shared, np.empty(n))
    buffer, indoors = (np.empty(max(1, int(np.diff(s.start).max()))) for _ in range(2))
    buffers = (np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64), np.arange(n))
    log_ratio, sensitivity = log_ratios(s, np.full(n_kinds, 0.5), np.zeros(n_kinds), 0), np.full(n_kinds, 0.5)
    mu, depth = 1.0, np.zeros(n, dtype=np.int64)
    learns = n_kinds > 0 or s.shared.shape[1] > 0 or bool((s.snps >= 0).any())
    hazard = np.full(s.shared.shape[1], HAZARD_MEAN)
    between = np.exp(s.indirect)
    learnt, overall = Learnt(k=1.0, reproduction=1.0, events=1.0, n_unknown=0), 1.0
    for j in np.flatnonzero(
        s.held
    ):  # else a case that comes before it could close a circle with a link that must be drawn
        attach(s, j, s.start[j], NO_DAY, OPEN, tree)
    for sweep in range(n_burn + n_keep):
        if sweep == 0 or learns:
            _weigh(s, scores, log_ratio, hazard, mu, between)
        # At first every infector counts alike, so that what is known of pairs settles before the rich get richer;
        # else the first to have a few children by chance keeps the ward.
        settling = sweep < max(n_burn // 4, 2)
        now = learnt._replace(k=FEW, events=FEW) if settling else learnt
        record = (buffer, indoors, draws.pair, draws.unknown, sweep >= n_burn)
        _sweep(s, scores, tree, (*now, 0.0 if settling else 1.0), rng, buffers, record)
        learnt = _learn(s, tree, learnt, rng)
        # of all whom a case infected; what the tree is drawn from is of those outside settings
        overall = draw_reproduction(tree.n_children, s.exposed, learnt._replace(reproduction=overall), rng)
        hazard = draw_hazards(s, hazard, tree.choice[tree.inside], rng)
        linked = tree.choice[tree.choice >= 0]
        hits = s.flags[linked].sum(axis=0)
        sensitivity = np.clip(rng.beta(1.0 + hits, 1.0 + len(linked) - hits), 1e-3, 1 - 1e-3)
        log_ratio = log_ratios(s, sensitivity, hits, len(linked))
        snps = s.snps[linked]
        mu = max(float(rng.gamma(1.0 + snps[snps >= 0].sum(), 1 / (1 + (snps >= 0).sum()))), 1e-3)
        if sweep >= n_burn:
            depths(tree.source, depth)
            _count(draws, tree.n_children, depth)
            at = sweep - n_burn
            draws.k[at], draws.reproduction[at], draws.mutations[at] = learnt.k, overall, mu
            draws.sensitivity[at], draws.events[at] = sensitivity, learnt.events
            draws.within[at] = s.shared[linked].mean(axis=0) if len(linked) else 0.0


def _learn(s: Setting, tree: Tree, learnt: Learnt, rng: np.random.Generator) -> Learnt:
    """Redraw what the tree teaches about numbers infected and how many share a day."""
    reproduction = draw_reproduction(tree.n_open, s.exposed, learnt, rng)
    k = _draw_k(s, tree, reproduction, rng)
    n_unknown = int((tree.source[s.imported <= 0] < 0).sum())
    dated = np.flatnonzero(tree.day != NO_DAY)
    if not dated.size:
        return Learnt(k=k, reproduction=reproduction, events=learnt.events, n_unknown=n_unknown)
    group = tree.source[dated] * (s.home.shape[1] + 1) + s.place[dated] + 1
    span = int(np.ptp(tree.day[dated])) + 1
    each_day = np.unique(group * span + tree.day[dated] - tree.day[dated].min())
    n_siblings = np.unique(group, return_counts=True)[1]
    n_events = np.unique(each_day // span, return_counts=True)[1]
    events = draw_events(n_siblings, n_events, rng)
    return Learnt(k=k, reproduction=reproduction, events=events, n_unknown=n_unknown)


def _draw_k(s: Setting, tree: Tree, reproduction: float, rng: np.random.Generator) -> float:
    """Draw the dispersion from the links that evidence singles out: thinned, negative binomial numbers keep their k."""
    if not s.points.any():
        return draw_k(tree.n_open, s.exposed, rng, learns=False)
    linked = tree.choice[(tree.choice >= 0) & ~tree.inside]
    told = linked[s.points[linked]]
    share = rng.beta(1.0 + len(told), 1.0 + len(linked) - len(told))
    n_told = np.bincount(s.infector[told], minlength=len(s.exposed))
    return draw_k(n_told, reproduction * share * s.exposed, rng, learns=True)


def _count(draws: Draws, n_children: Ints, depth: Ints) -> None:
    draws.generation[:] += depth
    top = len(draws.offspring_histogram) - 1
    draws.offspring_histogram[:] += np.bincount(np.minimum(n_children, top), minlength=top + 1)
