"""Chains of transmission: recorded links reviewed, and the probable sources with the unknown ones counted."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lianfang.analytics.chains import ChainPosterior, Interval, LinkReview, infer_chains, review_links
from lianfang.report.left_out import LeftOut
from lianfang.report.line_list import Line, LineList
from lianfang.report.natural_history import NaturalHistory
from lianfang.report.reading import LinkFile

MOST_TO_INFER = 1000
FEWEST = 5
_SURE = 0.5
_TAIL = 0.001


@dataclass(frozen=True, kw_only=True)
class Chains:
    """Links among the cases of the line list. `posterior` gives a probability to every possible source.

    `offspring[m]` is the number of cases with m recorded secondary cases; `sizes` of recorded chains, largest first.
    """

    n_cases: int
    n_dated: int
    n_pairs: int
    n_outside: int
    directed: bool
    n_with_source: int
    n_undated_unknown: int
    offspring: tuple[int, ...]
    sizes: tuple[int, ...]
    generations: tuple[int, ...]
    review: LinkReview | LeftOut
    posterior: ChainPosterior | LeftOut

    @property
    def n_unknown(self) -> int | None:
        """Cases whose most probable source, by the posterior or else by the records, is unknown.

        None where links without direction are all there is: they say that a case has a source or infected, not which.
        """
        if isinstance(self.posterior, LeftOut):
            return self.n_cases - self.n_with_source if self.directed else None
        return int((self.posterior.unknown > _SURE).sum()) + self.n_undated_unknown


def chains_of(
    cases: LineList, links: LinkFile | None, known: NaturalHistory | None, *, seed: int
) -> Chains | LeftOut:
    """Return the chains where links are given: sources and linked cases in columns of the line list, or a file of contacts."""
    traced, met = _given(cases, links)
    if not traced and not met:
        return LeftOut(reason="left.no_links")
    index = {
        number: at
        for at, line in enumerate(cases.lines)
        for number in (line.other_number, line.number)
        if number
    }
    sources = _within(index, traced)
    directions = {tuple(sorted(pair)) for pair in sources}
    contacts = [(a, b) for a, b in _within(index, met, either_way=True) if (a, b) not in directions]
    n_listed, n_given = len(sources) + len(contacts), len(traced) + len(met)
    if n_listed < FEWEST:
        return LeftOut(reason="left.few_links", values={"n": n_listed, "given": n_given, "least": FEWEST})
    source = _one_source(sources)
    directed = bool(sources)
    return Chains(
        n_cases=len(cases),
        n_dated=cases.count(lambda line: line.onset is not None),
        n_pairs=n_listed,
        n_outside=sum(a not in index or b not in index for a, b in (*traced, *met)),
        directed=directed,
        n_with_source=len(source),
        n_undated_unknown=sum(line.onset is None and at not in source for at, line in enumerate(cases.lines)),
        offspring=_offspring(source, len(cases)) if directed else (),
        sizes=_sizes([*sources, *contacts]),
        generations=_generations(source, len(cases)) if directed else (),
        review=_review(cases.lines, sources, known) if directed else LeftOut(reason="left.undirected"),
        posterior=_posterior(cases.lines, sources, contacts, known, seed=seed),
    )


def _given(cases: LineList, links: LinkFile | None) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the pairs of numbers that name the source first, and those that only say that two met."""
    named = [(line, line.number or line.other_number) for line in cases.lines]
    traced = [(line.source, number) for line, number in named if line.source and number]
    met = [(other, number) for line, number in named if number for other in line.linked]
    if links is not None:
        (traced if links.directed else met).extend(links.pairs)
    return list(dict.fromkeys(traced)), list(dict.fromkeys((min(pair), max(pair)) for pair in met))


def _within(
    index: Mapping[str, int], pairs: Iterable[tuple[str, str]], *, either_way: bool = False
) -> list[tuple[int, int]]:
    """Return the pairs between two cases of the list, by their places in it; `either_way` puts the smaller place first."""
    found = ((index[a], index[b]) for a, b in pairs if a in index and b in index)
    ordered = ((min(a, b), max(a, b)) if either_way else (a, b) for a, b in found)
    return list(dict.fromkeys((a, b) for a, b in ordered if a != b))


def _one_source(pairs: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return the first recorded source of each case, without links that would close a circle."""
    source: dict[int, int] = {}
    for infector, infectee in pairs:
        at: int | None = infector
        while at is not None and at != infectee:
            at = source.get(at)
        if at is None:
            source.setdefault(infectee, infector)
    return source


def _offspring(source: dict[int, int], n: int) -> tuple[int, ...]:
    each = Counter(source.values())
    counts = Counter(each.get(case, 0) for case in range(n))
    return tuple(counts.get(m, 0) for m in range(max(counts) + 1))


def _generations(source: dict[int, int], n: int) -> tuple[int, ...]:
    """Return how many cases of recorded chains stand in each generation; cases without any link are not counted."""
    linked = set(source) | set(source.values())
    depth: dict[int, int] = {}
    for case in range(n):
        if case not in linked:
            continue
        way, at = [], case
        while at in source and at not in depth:
            way.append(at)
            at = source[at]
        level = depth.setdefault(at, 0)
        for step in reversed(way):
            level += 1
            depth[step] = level
    counts = Counter(depth.values())
    return tuple(counts.get(g, 0) for g in range(max(counts, default=0) + 1))


def _sizes(pairs: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """Return the sizes of the groups of linked cases, largest first."""
    leader: dict[int, int] = {}

    def lead(case: int) -> int:
        while leader.setdefault(case, case) != case:
            leader[case] = leader[leader[case]]
            case = leader[case]
        return case

    for one, other in pairs:
        leader[lead(one)] = lead(other)
    return tuple(sorted(Counter(lead(case) for case in list(leader)).values(), reverse=True))


def _days(lines: Sequence[Line]) -> list[float]:
    return [float("nan") if line.onset is None else float(line.onset.toordinal()) for line in lines]


def _review(
    lines: Sequence[Line], pairs: Sequence[tuple[int, int]], known: NaturalHistory | None
) -> LinkReview | LeftOut:
    if known is None or known.serial_interval is None:
        return LeftOut(reason="left.no_disease" if known is None else "left.no_serial_interval")
    serial = known.serial_interval.distribution
    shortest = float(np.floor(serial.quantile(_TAIL)))
    longest = float(np.ceil(serial.quantile(1 - _TAIL)))
    return review_links(pairs, range(len(lines)), _days(lines), shortest=shortest, longest=longest)


def _posterior(
    lines: Sequence[Line],
    sources: Sequence[tuple[int, int]],
    contacts: Sequence[tuple[int, int]],
    known: NaturalHistory | None,
    *,
    seed: int,
) -> ChainPosterior | LeftOut:
    if known is None or known.serial_interval is None:
        return LeftOut(reason="left.no_disease" if known is None else "left.no_serial_interval")
    dated = {at: float(line.onset.toordinal()) for at, line in enumerate(lines) if line.onset is not None}
    if len(dated) > MOST_TO_INFER:
        return LeftOut(reason="left.chains_many", values={"n": len(dated), "most": MOST_TO_INFER})
    traced, met = ([(a, b) for a, b in pairs if a in dated and b in dated] for pairs in (sources, contacts))
    if len(traced) + len(met) < FEWEST:
        given = len(sources) + len(contacts)
        return LeftOut(
            reason="left.few_links", values={"n": len(traced) + len(met), "given": given, "least": FEWEST}
        )
    serial = known.serial_interval.distribution
    interval = Interval.normal if serial.family == "normal" else Interval.gamma
    try:
        return infer_chains(
            list(dated),
            list(dated.values()),
            interval(serial.mean, serial.sd),
            traced=traced or None,
            contacts=met or None,
            seed=seed,
        )
    except ValueError as trouble:
        return LeftOut(reason="left.estimator", detail=str(trouble))
