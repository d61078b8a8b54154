"""One tree of who infected whom, changed in place, and the small steps that change it."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lianfang.analytics.chains.evidence import Ints

NO_DAY = -(10**9)  # day of infection of a case with a case between, or whose window of exposure fits nothing
OPEN = False  # a link of no setting


class Tree(NamedTuple):
    """One tree, changed in place: sources, days, and the children of each case as a chain from `first` by `following`."""

    source: Ints
    choice: Ints
    day: Ints
    first: Ints
    following: Ints
    before: Ints
    n_children: Ints
    inside: NDArray[np.bool_]  # infected in a setting shared with the source, not as anybody might have been
    n_open: Ints  # infected otherwise: of these alone is the dispersion
    n_at: Ints


@njit(cache=True)
def is_descendant(source, i, j):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Return whether j is found going up from i."""
    while i >= 0:
        if i == j:
            return True
        i = source[i]
    return False


@njit(cache=True)
def density_on(density, first, row, day):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Return the density of a case on a day, 0 outside its days."""
    at = day - first[row]
    return density[row, at] if 0 <= at < density.shape[1] else 0.0


@njit(cache=True)
def detach(s, j, tree):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Take j from its source."""
    i = tree.source[j]
    if i >= 0:
        tree.n_children[i] -= 1
        if not tree.inside[j]:
            tree.n_open[i] -= 1
            if s.place[j] >= 0:
                tree.n_at[i, s.place[j]] -= 1
        left, right = tree.before[j], tree.following[j]
        if left >= 0:
            tree.following[left] = right
        else:
            tree.first[i] = right
        if right >= 0:
            tree.before[right] = left
    tree.source[j], tree.choice[j], tree.day[j], tree.inside[j] = -1, -1, NO_DAY, False


@njit(cache=True)
def attach(s, j, c, day, inside, tree):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, PLR0917
    """Give j the source of candidate c (-1 an unknown one), on a day, within a setting they share or not."""
    tree.choice[j], tree.day[j], tree.inside[j] = c, day, inside
    tree.source[j] = -1 if c < 0 else s.infector[c]
    if c >= 0:
        i = s.infector[c]
        tree.n_children[i] += 1
        if not inside:
            tree.n_open[i] += 1
            if s.place[j] >= 0:
                tree.n_at[i, s.place[j]] += 1
        head = tree.first[i]
        tree.following[j], tree.before[j] = head, -1
        if head >= 0:
            tree.before[head] = j
        tree.first[i] = j


@njit(cache=True)
def siblings(first, following, day, place, falls_ill, ill_from, i, j):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, PLR0917
    """Return how many others i infected on known days at the place of j, and how well those days fit j, summed.

    Takes arrays and no tuples of them: it is called for every candidate, and each array of a tuple would be counted there.
    """
    n, fit = 0, 0.0
    m = first[i]
    while m >= 0:
        if m != j and day[m] != NO_DAY and place[m] == place[j]:
            n += 1
            at = day[m] - ill_from[j]
            if 0 <= at < falls_ill.shape[1]:
                fit += falls_ill[j, at]
        m = following[m]
    return n, fit


@njit(cache=True)
def depths(source, depth):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Set the number of links from each case up to the first of its chain."""
    for j in range(len(source)):
        steps, i = 0, j
        while source[i] >= 0:
            i = source[i]
            steps += 1
        depth[j] = steps


def new_tree(n: int, n_places: int) -> Tree:
    """Return a tree in which nobody has a source."""
    source, choice, first, following, before = (np.full(n, -1) for _ in range(5))
    none, n_open, at = (
        np.zeros(n, dtype=np.int64),
        np.zeros(n, dtype=np.int64),
        np.zeros((n, n_places), dtype=np.int64),
    )
    inside = np.zeros(n, dtype=np.bool_)
    return Tree(source, choice, np.full(n, NO_DAY), first, following, before, none, inside, n_open, at)
