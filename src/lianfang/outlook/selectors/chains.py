"""Chains as one reader sees them: their own cases, and of others only what ties to them, without particulars."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Q

from lianfang.cases.models import Case
from lianfang.common.naming import called
from lianfang.common.paths import lineage
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Place
from lianfang.outlook.methods import METHODS, every_level, together
from lianfang.outlook.models import Run, SourceRuling, Study


@dataclass(frozen=True, kw_only=True)
class ChainFilter:
    """What a view of chains is narrowed to; empty fields narrow nothing."""

    path: str = ""
    since: date | None = None
    until: date | None = None
    classification: str = ""
    at_least: float = 0.0  # probability from which a link is drawn
    chain_of: str = ""  # number of a case: only the chain in which it stands


@dataclass(frozen=True, kw_only=True)
class Node:
    """One case of a view. Of a case that the reader may not see there is its county and what ties it to a visible one."""

    id: int
    number: str  # "" where the case is not the reader's
    area: str
    on: date
    is_onset: bool
    classification: str
    source: int | None
    probability: float | None
    unknown: float | None
    generation: int
    infected: int
    held: str
    candidates: Sequence[dict[str, Any]]
    problems: Sequence[dict[str, Any]] = ()

    @property
    def is_mine(self) -> bool:
        """Whether the reader may see the case."""
        return bool(self.number)


@dataclass(frozen=True, kw_only=True)
class ChainView:
    """The chains of an area as one reader sees them, newest run of each part of the area."""

    runs: Sequence[Run]
    nodes: Sequence[Node]
    problems: Sequence[dict[str, Any]]
    n_hidden: int  # cases elsewhere, shown without particulars
    is_waiting: bool  # facts have changed since
    by_id: dict[int, Node] = field(default_factory=dict)

    @property
    def n_unknown(self) -> int:
        """Cases of the reader whose most probable source is not on file."""
        return sum(node.is_mine and node.source is None for node in self.nodes)

    @property
    def n_generations(self) -> int:
        """Generations from the first case of the longest chain."""
        return max((node.generation for node in self.nodes), default=-1) + 1


def studies(method: str, path: str, disease: str = "") -> list[Study]:
    """Return the studies of a method that bear on the area: those within it and the one that it lies in."""
    rows = Study.objects.filter(method=method).filter(Q(path__within=path) | Q(path__in=lineage(path)))
    if disease:
        rows = rows.filter(disease=disease)
    found = rows.select_related("latest", "place").order_by("path")
    return [study for study in found if study.path in METHODS[method].areas(study.path)]


def diseases_with(method: str, path: str) -> list[str]:
    """Return the diseases of which there is a run that bears on the area, the most recent first."""
    found = [study for study in studies(method, path) if study.latest is not None]
    found.sort(key=lambda study: study.latest.pk if study.latest else 0, reverse=True)
    return list(dict.fromkeys(study.disease for study in found))


def chains(actor: Actor, disease: str, wanted: ChainFilter) -> ChainView:
    """Return the chains of the area: the reader's cases, and of others only those that a link ties to one of them."""
    mine = studies("chains", wanted.path, disease)
    runs = [study.latest for study in mine if study.latest is not None]
    rows = {row["id"]: row for run in runs for row in run.result["cases"]}
    visible = _visible(actor, disease, rows, wanted)
    kept = set(visible)
    if wanted.chain_of:
        kept = _one_chain(rows, visible, wanted.chain_of)
    tied = _tied(rows, kept) - kept
    hidden = dict(Case.objects.filter(pk__in=tied).exclude(pk__in=visible).values_list("pk", "path"))
    beside = {pk: row for pk, row in _all_visible(actor, tied).items() if pk not in kept}
    problems = [p for run in runs for p in run.result.get("problems", ()) if p["case"] in kept]
    names = _county_names(
        {case.path for case in visible.values()} | set(hidden.values()) | {c.path for c in beside.values()}
    )
    nodes = [
        _node(
            rows[pk],
            visible.get(pk) or beside.get(pk),
            names,
            path=hidden.get(pk, ""),
            problems=problems,
            at_least=wanted.at_least,
        )
        for pk in sorted(kept | tied, key=lambda pk: (rows[pk]["on"], pk))
        if pk in visible or pk in beside or pk in hidden
    ]
    return ChainView(
        runs=runs,
        nodes=nodes,
        problems=problems,
        n_hidden=sum(not node.is_mine for node in nodes),
        is_waiting=any(study.due_at is not None for study in mine),
        by_id={node.id: node for node in nodes},
    )


def _visible(actor: Actor, disease: str, rows: dict[int, Any], wanted: ChainFilter) -> dict[int, Case]:
    cases = Case.objects.visible_to(actor).filter(disease=disease, pk__in=rows)
    if wanted.path:
        cases = cases.filter(path__within=wanted.path)
    if wanted.classification:
        cases = cases.filter(classification=wanted.classification)
    return {
        case.pk: case
        for case in cases.select_related("place")
        if (wanted.since is None or rows[case.pk]["on"] >= wanted.since.isoformat())
        and (wanted.until is None or rows[case.pk]["on"] <= wanted.until.isoformat())
    }


def _all_visible(actor: Actor, ids: Iterable[int]) -> dict[int, Case]:
    rows = Case.objects.visible_to(actor).filter(pk__in=list(ids)).select_related("place")
    return {case.pk: case for case in rows}


def _tied(rows: dict[int, Any], kept: set[int]) -> set[int]:
    """Return the cases that are the source of one of `kept`, or whose source is one of them."""
    up = {rows[pk]["source"] for pk in kept if rows[pk]["source"] in rows}
    return up | {pk for pk, row in rows.items() if row["source"] in kept}


def _one_chain(rows: dict[int, Any], visible: dict[int, Case], number: str) -> set[int]:
    """Return the visible cases that hang together with the named one by most probable sources."""
    start = next((pk for pk, case in visible.items() if case.number == number), None)
    if start is None:
        return set()
    children: dict[int, list[int]] = {}
    for pk, row in rows.items():
        children.setdefault(row["source"], []).append(pk)
    found, todo = set(), [start]
    while todo:
        pk = todo.pop()
        if pk in found or pk not in rows:
            continue
        found.add(pk)
        todo += children.get(pk, [])
        if rows[pk]["source"] is not None:
            todo.append(rows[pk]["source"])
    return found & set(visible)


def _county_names(paths: set[str]) -> dict[str, str]:
    """Return county path -> name, for the counties of the paths."""
    counties = {every_level(path)[-1] for path in paths}
    return {place.path: called(place) for place in Place.objects.filter(path__in=counties)}


def _node(
    row: dict[str, Any],
    case: Case | None,
    names: dict[str, str],
    *,
    path: str,
    problems: Sequence[dict[str, Any]],
    at_least: float,
) -> Node:
    likely = row["p"] is None or row["p"] >= at_least
    return Node(
        id=row["id"],
        number=case.number if case else "",
        area=names.get(every_level(case.path if case else path)[-1], ""),
        on=date.fromisoformat(row["on"]),
        is_onset=row["onset"],
        classification=case.classification if case else "",
        source=row["source"] if likely else None,
        probability=row["p"],
        unknown=row["unknown"],
        generation=row["generation"],
        infected=row["infected"],
        held=row["held"],
        candidates=row["candidates"] if case else (),
        problems=[p for p in problems if p["case"] == row["id"]] if case else (),
    )


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One possible source of a case as the reader may see it, with what speaks for it."""

    id: int
    number: str
    area: str
    on: date | None
    lag_days: int | None
    probability: float | None
    why: Sequence[str]
    ruling: SourceRuling | None


@dataclass(frozen=True, kw_only=True)
class SourceView:
    """Where a case may have been infected: candidates, the share of an unknown source, and what was decided."""

    case: Case
    run: Run | None
    row: dict[str, Any] | None
    candidates: Sequence[Candidate]
    infected: Sequence[Candidate]
    rulings: Sequence[SourceRuling]
    problems: Sequence[tuple[dict[str, Any], Candidate]]
    is_waiting: bool


def source_of(actor: Actor, case: Case) -> SourceView:
    """Return what the latest run and persons say about the source of a case that the reader may see."""
    study = (
        Study.objects.filter(method="chains", disease=case.disease, path__in=together(case.path))
        .select_related("latest")
        .first()
    )
    run = study.latest if study else None
    rows = {row["id"]: row for row in run.result["cases"]} if run else {}
    row = rows.get(case.pk)
    rulings = list(
        SourceRuling.objects.current()
        .filter(case=case)
        .select_related("source", "recorded_by")
        .order_by("recorded_at", "pk")
    )
    of_source = {ruling.source_id: ruling for ruling in rulings}
    children = [pk for pk, one in rows.items() if one["source"] == case.pk]
    problems = [p for p in (run.result.get("problems", ()) if run else ()) if p["case"] == case.pk]
    wanted = [c["id"] for c in row["candidates"]] if row else []
    wanted += [ruling.source_id for ruling in rulings if ruling.source_id and ruling.source_id not in wanted]
    shown = _shown(actor, case, rows, [*wanted, *children, *(p["source"] for p in problems)])
    why = {c["id"]: c for c in row["candidates"]} if row else {}
    return SourceView(
        case=case,
        run=run,
        row=row,
        candidates=[_candidate(shown[pk], why.get(pk), of_source.get(pk)) for pk in wanted if pk in shown],
        infected=[
            _candidate(shown[pk], {"p": rows[pk]["p"], "why": ()}, None) for pk in children if pk in shown
        ],
        rulings=rulings,
        problems=[(p, _candidate(shown[p["source"]], None, None)) for p in problems if p["source"] in shown],
        is_waiting=bool(study and study.due_at is not None),
    )


def _shown(actor: Actor, case: Case, rows: dict[int, Any], ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    own = _all_visible(actor, ids)
    paths = dict(Case.objects.filter(pk__in=ids).values_list("pk", "path"))
    names = _county_names(set(paths.values()))
    this = rows.get(case.pk)
    found = {}
    for pk, path in paths.items():
        on = date.fromisoformat(rows[pk]["on"]) if pk in rows else None
        found[pk] = {
            "id": pk,
            "number": own[pk].number if pk in own else "",
            "area": names.get(every_level(path)[-1], ""),
            "on": on,
            "lag_days": (date.fromisoformat(this["on"]) - on).days if this and on else None,
        }
    return found


def _candidate(shown: dict[str, Any], row: dict[str, Any] | None, ruling: SourceRuling | None) -> Candidate:
    return Candidate(
        **shown, probability=row["p"] if row else None, why=row["why"] if row else (), ruling=ruling
    )
