"""Chains, clusters, the honest denominators, and what slow tracing costs."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from ninja import Schema

from lianfang.api.door import Sent, endpoint
from lianfang.cases.selectors import get_case
from lianfang.common.errors import NotPermitted, NotVisible
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Place
from lianfang.core.registry.selectors import get_place
from lianfang.loop.coverage import coverage_of_areas
from lianfang.outlook import services
from lianfang.outlook.selectors import ChainFilter, chains, diseases_with, foci, source_of, tracing_cost

COVERAGES = (
    "contacts.observed",
    "contacts.reached",
    "contacts.listed",
    "contacts.known",
    "contacts.quarantined_at_onset",
)


class LinkOut(Schema):
    """One case and its most probable source; `case` is empty for a case of another area, which has no particulars."""

    id: int
    case: str
    area: str
    on: date
    source: int | None
    probability: float | None
    unknown: float | None
    generation: int
    infected: int
    decided: str
    problems: list[str]


class ChainsOut(Schema):
    """The chains of an area; `made_at` are the moments of the runs, `waiting` says that facts have changed since."""

    disease: str
    made_at: list[str]
    waiting: bool
    links: list[LinkOut]


class CandidateOut(Schema):
    """One possible source of a case, with what speaks for it."""

    id: int
    case: str
    area: str
    lag_days: int | None
    probability: float | None
    why: list[str]
    decided: str


class SourceOut(Schema):
    """All possible sources of a case and the probability that none of them is."""

    case: str
    unknown: float | None
    candidates: list[CandidateOut]


class SourceDecisionIn(Sent):
    """A decision on a link: `confirmed` or `rejected` with the number of the source, or `outside`."""

    decision: str
    source: str = ""
    reason: str
    example: ClassVar[Mapping[str, Any]] = {
        "decision": "outside",
        "reason": "came by train from another province",
    }


class FocusOut(Schema):
    """A cluster or special place."""

    id: int
    kind: str
    label: str
    special: str
    area: str
    n_cases: int
    first_on: date
    last_on: date
    is_cluster: bool
    edition: str

    @staticmethod
    def resolve_area(focus: Any) -> str:
        """The code of the area that answers."""
        return str(focus.place.code)


class CoverageOut(Schema):
    """One coverage of one area: those who should be, and those who are."""

    area: str
    code: str
    should: int
    covered: int


class CostOut(Schema):
    """What slow tracing costs an area: each figure as estimate, low, high; empty where the records say too little."""

    area: str
    status: str
    made_at: str
    inputs: dict[str, Any]
    result: dict[str, Any]


@endpoint("GET", "/chains", Permission.CASE_VIEW, response=ChainsOut)
def chains_of(
    request: Any, area: str = "", disease: str = "", since: date | None = None, until: date | None = None
) -> Any:
    """Return the chains of an area as its newest runs found them, your cases and what ties to them."""
    path = get_place(area).path if area else ""
    wanted = disease or next(iter(diseases_with("chains", path)), "")
    view = chains(request.actor, wanted, ChainFilter(path=path, since=since, until=until))
    return {
        "disease": wanted,
        "made_at": [run.at.isoformat() for run in view.runs if run.at],
        "waiting": view.is_waiting,
        "links": [
            {
                "id": node.id,
                "case": node.number,
                "area": node.area,
                "on": node.on,
                "source": node.source,
                "probability": node.probability,
                "unknown": node.unknown,
                "generation": node.generation,
                "infected": node.infected,
                "decided": node.held,
                "problems": [problem["problem"] for problem in node.problems],
            }
            for node in view.nodes
        ],
    }


@endpoint("GET", "/cases/{number}/source", Permission.CASE_VIEW, response=SourceOut)
def source(request: Any, number: str) -> Any:
    """Return the possible sources of a case with probability and evidence."""
    return _source(request, number)


@endpoint("POST", "/cases/{number}/source", Permission.FINDING_JUDGE, response=SourceOut)
def decide(request: Any, number: str, body: SourceDecisionIn) -> Any:
    """Decide on the source of a case; the next run, due at once, takes it as given."""
    case = get_case(request.actor, number)
    other = get_case(request.actor, body.source) if body.source else None
    services.rule_on_source(
        case=case, source=other, decision=body.decision, reason=body.reason, by=request.actor, at=request.at
    )
    return _source(request, number)


def _source(request: Any, number: str) -> dict[str, Any]:
    view = source_of(request.actor, get_case(request.actor, number))
    return {
        "case": number,
        "unknown": view.row["unknown"] if view.row else None,
        "candidates": [
            {
                "id": one.id,
                "case": one.number,
                "area": one.area,
                "lag_days": one.lag_days,
                "probability": one.probability,
                "why": list(one.why),
                "decided": one.ruling.decision if one.ruling else "",
            }
            for one in view.candidates
        ],
    }


@endpoint("GET", "/clusters", Permission.CASE_VIEW, response=list[FocusOut])
def clusters(request: Any, area: str = "", disease: str = "", kind: str = "", limit: int = 200) -> Any:
    """Return the clusters and special places with cases that you may see, the most recent first."""
    path = get_place(area).path if area else ""
    return list(foci(request.actor, path, disease=disease, kind=kind)[: max(1, min(limit, 1000))])


@endpoint("GET", "/denominators", Permission.METRICS_VIEW, response=list[CoverageOut])
def denominators(request: Any, area: str = "") -> Any:
    """Return follow-up rates and their case-side twins for the area and each one below it."""
    _need_rows(request)
    place = _place(request, area)
    places = [place, *Place.objects.filter(parent=place).order_by("path")[:200]]
    counted = coverage_of_areas(request.actor, COVERAGES, places, at=request.at)
    return [
        {
            "area": one.code,
            "code": code,
            "should": counted[code, one.path].n_should,
            "covered": counted[code, one.path].n_covered,
        }
        for one in places
        for code in COVERAGES
    ]


@endpoint("GET", "/tracing-cost", Permission.METRICS_VIEW, response=CostOut)
def cost(request: Any, area: str = "") -> Any:
    """Return what slow tracing costs the area in R, from its own clocks of the last 28 days."""
    _need_rows(request)
    place = _place(request, area)
    run = tracing_cost(request.actor, place.path)
    if run is None or run.at is None:
        return {"area": place.code, "status": "", "made_at": "", "inputs": {}, "result": {}}
    return {
        "area": place.code,
        "status": run.status,
        "made_at": run.at.isoformat(),
        "inputs": run.inputs,
        "result": run.result,
    }


def _place(request: Any, area: str) -> Place:
    """Return the area that is asked for, or the first of the reader's own."""
    if area:
        return get_place(area)
    own = [path for path in request.actor.paths(Permission.METRICS_VIEW) if path]
    place = (
        Place.objects.filter(path__in=own).order_by("path").first() or Place.objects.order_by("path").first()
    )
    if place is None:
        raise NotVisible(thing="area")
    found: Place = place
    return found


def _need_rows(request: Any) -> None:
    """Refuse those whose roles do not open the cases and contacts behind the figures."""
    for permission in (Permission.CASE_VIEW, Permission.CONTACT_VIEW):
        if not request.actor.may(permission):
            raise NotPermitted(permission=str(permission))
