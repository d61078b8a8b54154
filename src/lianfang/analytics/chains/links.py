"""Recorded links that cannot be, or can hardly be, each with the rule it breaks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lianfang.analytics.chains.posterior import find_circle
from lianfang.analytics.inputs import as_labels, as_number, as_rows, as_times, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ONSET_ORDER = "onset order: infectee fell ill too long before infector"
TOO_LONG = "interval too long"
CIRCLE = "circle: the case would be its own source"
TWO_SOURCES = "more than one source for one case"
ITSELF = "case named as its own source"
NOT_LISTED = "not on the line list"
NO_ONSET = "onset missing, cannot be checked"


@dataclass(frozen=True, kw_only=True)
class LinkReview(Result):
    """One row per broken rule; a link may break several."""

    infector: tuple[Any, ...]
    infectee: tuple[Any, ...]
    lag_days: tuple[float | None, ...]
    problem: tuple[str, ...]
    n_links: int

    def table(self) -> dict[str, list[Any]]:
        """Return the problems as columns."""
        columns = (self.infector, self.infectee, self.lag_days, self.problem)
        return dict(zip(("infector", "infectee", "lag_days", "problem"), map(list, columns), strict=True))

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw how many links break each rule."""
        ax = new_axes(ax)
        names = sorted(set(self.problem))
        ax.barh(names, [self.problem.count(name) for name in names])
        ax.set_xlabel(f"links, of {self.n_links}")
        return ax


def review_links(
    links: Iterable[Sequence[Any]],
    ids: Sequence[Any],
    onset: Any,
    *,
    shortest: float = 0.0,
    longest: float = 60.0,
) -> LinkReview:
    """Return every recorded link (infector, infectee) that breaks a rule, with the rule by name.

    Rules: lag of onsets at least `shortest` days (below 0 where transmission before symptoms occurs) and at most
    `longest`; one source per case; no case its own source, directly or in a circle; both on the line list.
    Choose the limits from the serial interval, say its 0.1% and 99.9% points. Source: the checks
    that users of epicontacts ask for. Assumes that onsets are right. Not for correcting links: it judges what was recorded. ValueError if ids and onsets differ in length, an id is doubled, or `shortest` exceeds `longest`.

    >>> review_links(["ab", "ca"], "abc", [0, 90, 4]).problem
    ('interval too long', 'onset order: infectee fell ill too long before infector')
    """
    names = as_labels(ids)
    days = as_times("onset", onset)
    if days.shape != (len(names),):
        raise complain("onset", f"one day for each of {len(names)} cases", days.shape)
    if len(set(names)) < len(names):
        raise complain("ids", "all different", names)
    low, high = as_number("shortest", shortest), as_number("longest", longest)
    if low > high:
        raise complain("shortest", "at most longest", (low, high))
    at = dict(zip(names, days.tolist(), strict=True))
    pairs = list(dict.fromkeys((link[0], link[1]) for link in as_rows(links)))
    found: list[tuple[Any, Any, float | None, str]] = []
    for infector, infectee in pairs:
        lag = at[infectee] - at[infector] if infector in at and infectee in at else None
        known = lag if lag is not None and np.isfinite(lag) else None
        found += [
            (infector, infectee, known, problem) for problem in _alone(infector, infectee, lag, (low, high))
        ]
    found += _together(pairs, at)
    found.sort(key=lambda row: (pairs.index((row[0], row[1])), row[3]))
    columns = list(zip(*found, strict=True)) if found else [(), (), (), ()]
    return LinkReview(
        infector=tuple(columns[0]),
        infectee=tuple(columns[1]),
        lag_days=tuple(columns[2]),
        problem=tuple(columns[3]),
        n_links=len(pairs),
        provenance=Provenance(
            method="rules on recorded links",
            source="rules as in epicontacts (Nagraj et al., F1000Research 2018;7:566), extended by circles",
            parameters={"shortest": low, "longest": high},
            inputs={"onset": digest(days), "links": digest(np.array([str(pair) for pair in pairs]))},
        ),
    )


def _alone(infector: Any, infectee: Any, lag: float | None, limits: tuple[float, float]) -> list[str]:
    if infector == infectee:
        return [ITSELF]
    if lag is None:
        return [NOT_LISTED]
    if not np.isfinite(lag):
        return [NO_ONSET]
    if lag < limits[0]:
        return [ONSET_ORDER]
    return [TOO_LONG] if lag > limits[1] else []


def _together(pairs: list[tuple[Any, Any]], at: dict[Any, float]) -> list[tuple[Any, Any, float | None, str]]:
    def row(pair: tuple[Any, Any], problem: str) -> tuple[Any, Any, float | None, str]:
        lag = at.get(pair[1], np.nan) - at.get(pair[0], np.nan)
        return (*pair, float(lag) if np.isfinite(lag) else None, problem)

    proper = [pair for pair in pairs if pair[0] != pair[1]]
    sources: dict[Any, list[Any]] = {}
    for infector, infectee in proper:
        sources.setdefault(infectee, []).append(infector)
    rows = [row(pair, TWO_SOURCES) for pair in proper if len(sources[pair[1]]) > 1]
    people = list(dict.fromkeys(person for pair in proper for person in pair))
    index = {person: i for i, person in enumerate(people)}
    source = np.full(len(people), -1)
    for infectee, named in sources.items():
        source[index[infectee]] = index[named[0]]
    while circle := find_circle(source):
        rows += [row((people[source[j]], people[j]), CIRCLE) for j in circle]
        source[circle[0]] = -1
    return rows
