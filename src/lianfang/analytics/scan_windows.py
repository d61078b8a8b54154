"""Windows of the scan statistic and its compiled inner loop: circles around each area, and time intervals."""

import numba as nb
import numpy as np
from numpy.typing import NDArray

from .inputs import Floats

Indices = NDArray[np.int64]

_EARTH_KM = 6371.0088


def distances(coordinates: Floats, *, geographic: bool) -> Floats:
    """Return distances between all areas: great circle in km from longitude and latitude, else Euclidean."""
    if not geographic:
        return np.asarray(np.linalg.norm(coordinates[:, None] - coordinates[None], axis=-1))
    lon, lat = np.radians(coordinates[:, 0]), np.radians(coordinates[:, 1])
    half = (
        np.sin((lat[:, None] - lat) / 2) ** 2
        + np.cos(lat)[:, None] * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    )
    return np.asarray(2 * _EARTH_KM * np.arcsin(np.sqrt(np.minimum(half, 1.0))))


def neighbour_order(apart: Floats, size: Floats, max_share: float) -> tuple[Indices, Indices]:
    """Return areas by distance from each centre, and how many of them a circle may hold at most.

    A circle grows while its `size` (population) stays within `max_share` of the total; at least the centre itself.
    """
    order = np.argsort(apart, axis=1, kind="stable")
    share = np.cumsum(size[order], axis=1) / size.sum()
    return order.astype(np.int64), np.maximum((share <= max_share + 1e-12).sum(axis=1), 1).astype(np.int64)


def intervals(steps: int, longest: int, *, prospective: bool) -> Indices:
    """Return time windows (first step, step after the last); prospective ones all end now."""
    ends = [steps] if prospective else range(1, steps + 1)
    found = [(end - length, end) for end in ends for length in range(1, min(longest, end) + 1)]
    return np.asarray(found, dtype=np.int64)


def x_log_x(values: Floats) -> Floats:
    """Return x log x, 0 at 0."""
    return np.asarray(np.where(values > 0, values * np.log(np.maximum(values, 1e-300)), 0.0))


@nb.njit(cache=True)
def window_sums(
    table: Floats, order: Indices, reach: Indices, windows: Indices
) -> Floats:  # pragma: no cover - compiled
    """Sum a (T, A) table over every window and circle: (windows, centres, largest circle)."""
    steps, areas = table.shape
    largest = 0
    for a in range(areas):
        largest = max(largest, reach[a])
    sums = np.zeros((windows.shape[0], areas, largest))
    before = np.zeros((steps + 1, areas))
    for t in range(steps):
        for a in range(areas):
            before[t + 1, a] = before[t, a] + table[t, a]
    for w in range(windows.shape[0]):
        low = windows[w, 0]
        high = windows[w, 1]
        for a in range(areas):
            total = 0.0
            for k in range(reach[a]):
                area = order[a, k]
                total += before[high, area] - before[low, area]
                sums[w, a, k] = total
    return sums


@nb.njit(cache=True)
def _ratio(
    total: float, constants: tuple[float, float], lookup: Floats, binomial: int, persons: float
) -> float:  # pragma: no cover - compiled
    """Return the log likelihood ratio of one window with `total` cases."""
    first, second = constants
    cases = lookup.size - 1
    c = int(total)
    ratio = lookup[c] + lookup[cases - c]
    if not binomial:
        return float(ratio - total * first - (cases - total) * second)
    healthy = first - total
    others = persons - first - (cases - total)
    if healthy > 0:
        ratio += healthy * np.log(healthy)
    if others > 0:
        ratio += others * np.log(others)
    return float(ratio + second)


@nb.njit(cache=True, nogil=True)
def largest_ratios(
    draws: Floats,
    zones: tuple[Indices, Indices, Indices],
    expected: tuple[Floats, Floats, Floats],
    lookup: Floats,
    rule: tuple[int, int, float],
) -> Floats:  # pragma: no cover - compiled
    """Return the largest log likelihood ratio of each draw, (draws, T, A).

    `zones` is order, reach, windows; `expected` the sum of each window and circle and two tables of constants (Poisson:
    log E and log(C - E); binomial: persons inside and log-likelihood terms of their number). `lookup` is x log x of
    whole numbers up to the cases. `rule` is (1 binomial, direction 1 high, -1 low, 0 both, persons in all).
    """
    order, reach, windows = zones
    mean, first, second = expected
    binomial, direction, persons = rule
    n_draws, steps, areas = draws.shape
    best = np.zeros(n_draws)
    before = np.zeros((steps + 1, areas))
    for s in range(n_draws):
        for t in range(steps):
            for a in range(areas):
                before[t + 1, a] = before[t, a] + draws[s, t, a]
        top = 0.0
        for w in range(windows.shape[0]):
            low = windows[w, 0]
            high = windows[w, 1]
            for a in range(areas):
                total = 0.0
                for k in range(reach[a]):
                    area = order[a, k]
                    total += before[high, area] - before[low, area]
                    if (total - mean[w, a, k]) * direction < 0 or total == mean[w, a, k]:
                        continue
                    constants = (first[w, a, k], second[w, a, k])
                    ratio = _ratio(total, constants, lookup, binomial, persons)
                    top = max(top, ratio)
        best[s] = top
    return best
