"""Outlines for invented places: a tessellation whose pieces nest, from the grid cell up to the country."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Voronoi

from lianfang.simulate.checks import complain, positive

Ring = list[list[float]]
Points = NDArray[np.float64]
_TILES = 5  # Voronoi tiles of a lowest place: enough for edges that look grown and not ruled
_JITTER = 0.32  # of the distance between two points of the lattice
_MARGIN = 3  # rings of tiles around the land that only close its edge


def draw_outlines(
    parents: Mapping[str, str], *, degrees: float = 0.6, seed: int = 0
) -> dict[str, dict[str, object]]:
    """Return code -> GeoJSON geometry of a tree of places, given as code -> code of the place above ("" for the top).

    The lowest places are of about equal size, each place is the union of those below it, and neighbours share their
    edge point by point. The whole is about `degrees` wide and lies around 0° N 0° E, where no land is, so that nobody
    takes it for a real country.

    >>> shapes = draw_outlines({"A": "", "A1": "A", "A2": "A"})
    >>> sorted(shapes), shapes["A1"]["type"]
    (['A', 'A1', 'A2'], 'Polygon')
    """
    positive("degrees", degrees)
    below = _below(parents)
    lowest = [code for code in parents if code not in below]
    generator = np.random.default_rng([seed, 3])
    points, n_land = _lattice(_TILES * len(lowest), generator)
    owner: list[str] = [""] * len(points)
    for top in below[""]:
        _share(np.arange(n_land), [top], below, points, owner)
    mesh = Voronoi(points)
    edges = _edges(mesh, owner, parents)
    coast = np.unique(np.asarray(edges[below[""][0]]))
    corners = mesh.vertices * degrees / np.ptp(mesh.vertices[coast], axis=0).max()
    return {code: _geometry(edges[code], corners) for code in parents}


def _below(parents: Mapping[str, str]) -> dict[str, list[str]]:
    below: dict[str, list[str]] = defaultdict(list)
    for code, above in parents.items():
        if above and above not in parents:
            raise complain(f"the place above {code}", "one of the places", above)
        below[above].append(code)
    if len(below[""]) != 1:
        raise complain("places", "a tree with one top", below[""])
    return dict(below)


def _lattice(n: int, generator: np.random.Generator) -> tuple[Points, int]:
    """Return points of a shaken hexagonal lattice, the `n` of the land first, with a wavy coast."""
    half = int(np.sqrt(n)) + 4 + _MARGIN
    column, row = np.meshgrid(np.arange(-half, half + 1), np.arange(-half, half + 1))
    points = np.column_stack([(column + row % 2 / 2).ravel(), (row * np.sqrt(3) / 2).ravel()])
    points += generator.uniform(-_JITTER, _JITTER, points.shape)
    angle = np.arctan2(points[:, 1], points[:, 0])
    waves = np.arange(2, 6)
    swing = generator.normal(0, 0.25 / waves)
    coast = 1 + (swing * np.cos(np.outer(angle, waves) + generator.uniform(0, 2 * np.pi, waves.size))).sum(
        axis=1
    )
    order = np.argsort(np.hypot(points[:, 0] / 1.25, points[:, 1]) / coast, kind="stable")
    return points[order], n


def _share(
    held: NDArray[np.intp],
    places: Sequence[str],
    below: Mapping[str, list[str]],
    points: Points,
    owner: list[str],
) -> None:
    """Share points out among sibling places by straight cuts across the longer side, in proportion to their lowest places."""
    if len(places) == 1:
        inner = below.get(places[0])
        if inner:
            _share(held, inner, below, points, owner)
        else:
            for one in held:
                owner[one] = places[0]
        return
    sizes = np.cumsum([_count(place, below) for place in places])
    cut = int(np.searchsorted(sizes, sizes[-1] / 2)) + 1
    cut = min(max(cut if sizes[cut - 1] * 2 - sizes[-1] < sizes[-1] / 3 else cut - 1, 1), len(places) - 1)
    along = points[held] @ _longer_side(points[held])
    ordered = held[np.argsort(along, kind="stable")]
    n = round(len(held) * sizes[cut - 1] / sizes[-1])
    _share(ordered[:n], places[:cut], below, points, owner)
    _share(ordered[n:], places[cut:], below, points, owner)


def _count(place: str, below: Mapping[str, list[str]]) -> int:
    return sum(_count(one, below) for one in below[place]) if place in below else 1


def _longer_side(points: Points) -> Points:
    centred = points - points.mean(axis=0)
    _values, vectors = np.linalg.eigh(centred.T @ centred)
    direction: Points = vectors[:, -1]
    return direction if direction[np.abs(direction).argmax()] > 0 else -direction


def _edges(
    mesh: Voronoi, owner: Sequence[str], parents: Mapping[str, str]
) -> dict[str, list[tuple[int, int]]]:
    """Return for each place the edges of the mesh that have it on one side only."""
    lines: dict[str, frozenset[str]] = {"": frozenset()}
    for code in parents:
        lines[code] = frozenset(_lineage(code, parents))
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for (one, other), (start, end) in zip(mesh.ridge_points, mesh.ridge_vertices, strict=True):
        for code in lines[owner[one]] ^ lines[owner[other]]:
            found[code].append((start, end))
    return found


def _lineage(code: str, parents: Mapping[str, str]) -> Iterable[str]:
    while code:
        yield code
        code = parents[code]


def _geometry(edges: Sequence[tuple[int, int]], corners: Points) -> dict[str, object]:
    """Return the outline that edges close: at each corner of a Voronoi mesh three edges meet, so two of them bound a place."""
    meeting: dict[int, list[int]] = defaultdict(list)
    for start, end in edges:
        meeting[start].append(end)
        meeting[end].append(start)
    rings = []
    while meeting:
        first = here = next(iter(meeting))
        walk = [first]
        while (following := meeting.pop(here)) and (nexts := [n for n in following if n in meeting]):
            here = nexts[0]
            walk.append(here)
        rings.append(_ring(corners[[*walk, first]]))
    rings.sort(key=len, reverse=True)
    if len(rings) == 1:
        return {"type": "Polygon", "coordinates": rings}
    return {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}


def _ring(points: Points) -> Ring:
    """Return a closed ring, counter-clockwise, to some ten metres."""
    x, y = points.T
    area = float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())
    ring: Ring = np.round(points if area > 0 else points[::-1], 4).tolist()
    return ring
