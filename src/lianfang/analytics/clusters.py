"""Clusters of cases: who hangs together by place and time, or by links, and which groups reach the threshold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from lianfang.analytics.inputs import (
    Floats,
    as_labels,
    as_number,
    as_rows,
    as_times,
    as_whole,
    complain,
    digest,
)
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "Clusters",
    "find_clusters",
]

_sparse: Any = sparse  # scipy carries no types


@dataclass(frozen=True, kw_only=True)
class Clusters(Result):
    """Groups of linked cases. `member[i]` is the cluster of case i, numbered by first onset, or -1 for none."""

    ids: tuple[Any, ...]
    onset: Floats
    member: tuple[int, ...]
    places: tuple[tuple[Any, ...], ...]

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self.places)

    def table(self) -> dict[str, list[Any]]:
        """Return one row a cluster: size, first and last onset, places, members."""
        groups = [[i for i, m in enumerate(self.member) if m == c] for c in range(self.n_clusters)]
        return {
            "cluster": list(range(self.n_clusters)),
            "n_cases": [len(group) for group in groups],
            "first_onset": [float(min(self.onset[i] for i in group)) for group in groups],
            "last_onset": [float(max(self.onset[i] for i in group)) for group in groups],
            "places": [list(names) for names in self.places],
            "members": [[self.ids[i] for i in group] for group in groups],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw each cluster as a line over its onsets."""
        ax = new_axes(ax)
        for c in range(self.n_clusters):
            days = sorted(self.onset[i] for i, m in enumerate(self.member) if m == c)
            ax.plot(days, [c] * len(days), marker="o")
        ax.set_xlabel("onset (day)")
        ax.set_ylabel("cluster")
        ax.set_ylim(-0.5, max(self.n_clusters, 1) - 0.5)
        ax.locator_params(axis="y", integer=True)
        return ax


def find_clusters(
    ids: Sequence[Any],
    onset: Any,
    *,
    places: Any = None,
    links: Iterable[Sequence[Any]] = (),
    within_days: float = 14,
    at_least: int = 2,
) -> Clusters:
    """Return the clusters of cases that share a place within some days, or that are linked.

    Definition: at a place, `at_least` cases whose onsets all lie within `within_days` (the difference of first and last
    at most that) form a core; cores that share cases, and links, are joined; the connected components with `at_least`
    cases are the clusters. Source: the usual cluster definition, for instance two cases in 14 days in the Chinese
    guidelines of 2020; the numbers belong to the rule edition, hence the parameters.

    Parameters
    ----------
    ids, onset
        Cases and days of onset; a case without onset (NaN) can belong by links only.
    places
        Per case the places that count for it (home, school, ward): a sequence, one label, or None.
    links
        Pairs of ids known to belong together, whatever the time.

    Raises
    ------
    ValueError
        Unequal lengths, doubled ids, links to unknown ids, `at_least` below 2.

    Notes
    -----
    Assumes that places and onsets are recorded. Not for tests: it names groups for investigation. Big places (a city) make big meaningless clusters: whether there
    are more cases than by chance is a question for a scan statistic. Cost: n log n for each place.

    Examples
    --------
    >>> find_clusters("abcd", [0, 10, 30, 31], places=["ward 1", "ward 1", "ward 1", "ward 2"]).member
    (0, 0, -1, -1)
    """
    names = tuple(as_labels(ids))
    days = as_times("onset", onset)
    if days.shape != (len(names),) or not names:
        raise complain("onset", f"one day for each of {len(names)} cases, at least one", days.shape)
    if np.isinf(days).any():
        raise complain("onset", "days, or missing", days.tolist())
    if len(set(names)) < len(names):
        raise complain("ids", "all different", names)
    width, size = as_number("within_days", within_days, low=0), as_whole("at_least", at_least, low=2)
    where = (
        [()] * len(names) if places is None else [_places(entry) for entry in as_labels(places, several=True)]
    )
    if len(where) != len(names):
        raise complain("places", f"one entry for each of {len(names)} cases", len(where))
    edges = _linked(links, {name: i for i, name in enumerate(names)}) + _cores(days, where, width, size)
    member = _components(edges, days, size)
    n_clusters = max(member, default=-1) + 1
    shared = tuple(
        _shared_places([where[i] for i, m in enumerate(member) if m == c]) for c in range(n_clusters)
    )
    return Clusters(
        ids=names,
        onset=days,
        member=tuple(member),
        places=shared,
        provenance=Provenance(
            method="connected components in place and time",
            source="cluster definition of the rule edition",
            parameters={"within_days": width, "at_least": size},
            inputs={"onset": digest(days)},
        ),
    )


def _places(entry: Any) -> tuple[Any, ...]:
    """Return the places of one case; a single label is one place, not its letters."""
    if entry is None:
        return ()
    if isinstance(entry, str) or not hasattr(entry, "__iter__"):
        return (entry,)
    return tuple(dict.fromkeys(place for place in entry if place is not None))


def _linked(links: Iterable[Sequence[Any]], index: dict[Any, int]) -> list[tuple[int, int]]:
    edges = []
    for row, link in enumerate(as_rows(links)):
        if link[0] not in index or link[1] not in index:
            raise complain(f"links[{row}]", "two ids of cases", tuple(link[:2]))
        edges.append((index[link[0]], index[link[1]]))
    return edges


def _cores(days: Floats, where: list[tuple[Any, ...]], width: float, size: int) -> list[tuple[int, int]]:
    by_place: dict[Any, list[int]] = {}
    for i, names in enumerate(where):
        if np.isfinite(days[i]):
            for name in names:
                by_place.setdefault(name, []).append(i)
    edges = []
    for members in by_place.values():
        ordered = sorted(members, key=lambda i: days[i])
        for first in range(len(ordered) - size + 1):
            last = first + size - 1
            if days[ordered[last]] - days[ordered[first]] <= width:
                edges += [(ordered[k], ordered[k + 1]) for k in range(first, last)]
    return edges


def _components(edges: list[tuple[int, int]], days: Floats, size: int) -> list[int]:
    n = len(days)
    i, j = (np.array([edge[k] for edge in edges], dtype=np.int64) for k in (0, 1))
    graph = _sparse.coo_matrix((np.ones(len(edges)), (i, j)), shape=(n, n))
    label = _sparse.csgraph.connected_components(graph, directed=False)[1]
    counts = np.bincount(label)
    number: dict[int, int] = {}
    for case in np.argsort(days, kind="stable"):  # NaN sorts last
        if counts[label[case]] >= size:
            number.setdefault(int(label[case]), len(number))
    return [number.get(int(one), -1) for one in label]


def _shared_places(rows: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    names = [name for row in rows for name in row]
    return tuple(name for name in dict.fromkeys(names) if names.count(name) > 1)
