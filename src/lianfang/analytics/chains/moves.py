"""Moves of whole groups of siblings and of their days: what one-by-one redraws cannot reach."""

import numpy as np
from numba import njit

from lianfang.analytics.chains.tree import (
    NO_DAY,
    OPEN,
    attach,
    density_on,
    detach,
    is_descendant,
    siblings,
)


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
def _has_child(s, i, h, day, tree):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return whether i infected somebody at the place on the day (on any, if there is none)."""
    m = tree.first[i]
    while m >= 0:
        if s.place[m] == h and not tree.inside[m] and (day == NO_DAY or tree.day[m] == day):
            return True
        m = tree.following[m]
    return False


@njit(cache=True)
def _members(s, j, new, day, tree, members, targets):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0917
    """List the siblings of j at its place (on `day`, if one is given) and `new` among their candidates; 0 where it is not."""
    n = 0
    m = tree.first[tree.source[j]]
    while m >= 0:
        if s.place[m] == s.place[j] and not tree.inside[m] and (day == NO_DAY or tree.day[m] == day):
            c = -1 if m == new or s.held[m] else _find(s.start, s.infector, m, new)
            if c < 0:
                return 0
            members[n], targets[n] = m, c
            n += 1
        m = tree.following[m]
    return n


@njit(cache=True)
def _days_odds(s, old, new, n, tree, members):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0917
    """Return log f_new / f_old over the distinct days of the members, each day once."""
    log_odds = 0.0
    for x in range(n):
        day, seen = tree.day[members[x]], tree.day[members[x]] == NO_DAY
        for y in range(x):
            seen = seen or tree.day[members[y]] == day
        if not seen:
            log_odds += np.log(density_on(s.infects, s.infects_from, new, day) + 1e-300)
            log_odds -= np.log(density_on(s.infects, s.infects_from, old, day) + 1e-300)
    return log_odds


@njit(cache=True)
def _plain(s, scores, c, direct):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the rate of a link without a day: with a case between, and the direct one where days are not known."""
    return scores.two[c] + (scores.one[c] * s.direct[c] if direct else 0.0) + 1e-300


@njit(cache=True)
def move_group(s, j, whole, scores, tree, learnt, rng, members, targets):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, C901, PLR0917
    """Propose one other infector for all siblings of j at its place (or of its day there), by Metropolis-Hastings.

    One-by-one redraws cannot leave "this person infected the whole ward" for "that person did". Days stay. The new infector must
    have no child there yet, so that the way back has the same probability as the way there. A group with a held link stays.
    """
    k, reproduction, events, _, _ = learnt
    old, h, a, b = tree.source[j], s.place[j], s.start[j], s.start[j + 1]
    if old < 0 or b - a < 2 or s.held[j] or tree.inside[j] or (not whole and tree.day[j] == NO_DAY):
        return
    new = s.infector[a + int(rng.random() * (b - a))]
    day = NO_DAY if whole else tree.day[j]
    if new == old or _has_child(s, new, h, day, tree):
        return
    n = _members(s, j, new, day, tree, members, targets)
    if n == 0:
        return
    days = (tree.first, tree.following, tree.day, s.place, s.falls_ill, s.ill_from)
    here = siblings(*days, old, j)[0] + (tree.day[j] != NO_DAY)
    there = siblings(*days, new, j)[0]
    log_odds = _days_odds(s, old, new, n, tree, members)
    dated = 0
    for x in range(n):  # rates are those of an infector that gets its children one after another
        m, c = members[x], targets[x]
        left, got = tree.n_open[old] - 1.0 - x, tree.n_open[new] + x
        if tree.day[m] == NO_DAY:
            alone = not s.shares_days or s.falls_ill[m].sum() == 0
            log_odds += np.log(_plain(s, scores, c, alone)) - np.log(_plain(s, scores, tree.choice[m], alone))
        else:
            log_odds += np.log(scores.one[c] + 1e-300) - np.log(scores.one[tree.choice[m]] + 1e-300)
            log_odds += np.log(events + here - 1.0 - dated) - np.log(events + there + dated)
            dated += 1
        log_odds += np.log((k + got) / (k / reproduction + s.exposed[new]))
        log_odds -= np.log((k + left) / (k / reproduction + s.exposed[old]))
        if h >= 0:
            log_odds += np.log((s.home[new, h] + tree.n_at[new, h] + x) / (1.0 + got))
            log_odds -= np.log((s.home[old, h] + tree.n_at[old, h] - 1.0 - x) / (1.0 + left))
    if np.log(rng.random()) >= log_odds:
        return
    if s.may_cycle:
        for x in range(n):
            if is_descendant(tree.source, new, members[x]):
                return
    for x in range(n):
        day = tree.day[members[x]]
        detach(s, members[x], tree)
        attach(s, members[x], targets[x], day, OPEN, tree)


@njit(cache=True)
def move_day(s, j, tree, rng, members):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Propose the day before or after for all whom the infector of j infected on one day at one place."""
    i, day = tree.source[j], tree.day[j]
    if i < 0 or day == NO_DAY:
        return
    other = day + (1 if rng.random() < 0.5 else -1)
    if _has_child(s, i, s.place[j], other, tree):
        return
    log_odds = np.log(density_on(s.infects, s.infects_from, i, other) + 1e-300)
    log_odds -= np.log(density_on(s.infects, s.infects_from, i, day) + 1e-300)
    n = 0
    m = tree.first[i]
    while m >= 0:
        if s.place[m] == s.place[j] and tree.day[m] == day:
            log_odds += np.log(density_on(s.falls_ill, s.ill_from, m, other) + 1e-300)
            log_odds -= np.log(density_on(s.falls_ill, s.ill_from, m, day) + 1e-300)
            members[n] = m
            n += 1
        m = tree.following[m]
    if np.log(rng.random()) < log_odds:
        for x in range(n):
            tree.day[members[x]] = other
