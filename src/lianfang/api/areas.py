"""Areas: figures as of a day, grades in force and proposed, how methods of early warning did, outlines."""

from collections.abc import Mapping
from datetime import date, datetime
from math import isfinite
from typing import Any, ClassVar, Literal

from ninja import Schema

from lianfang.api.door import Sent, endpoint, page_size, place_where
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Place
from lianfang.regions import selectors
from lianfang.regions.bed_demand import bed_rows, latest_bed_run
from lianfang.regions.errors import NoIndicators
from lianfang.regions.indicators import INDICATORS
from lianfang.regions.models import Grade
from lianfang.regions.outlines import outlines_below
from lianfang.regions.services import decide_grade, take_boundaries
from lianfang.regions.vocabulary import COLUMNS

P = Permission


class FiguresOut(Schema):
    """The figures of an area on a day; null where there is nothing to divide by, or the area does not publish it."""

    area: str
    disease: str
    on: date
    figures: dict[str, float | None]
    intervals: dict[str, list[float]]  # the 95 % limits of figures that are estimates


class GradeOut(Schema):
    """A grade that a person confirmed."""

    place: str
    disease: str
    level: str
    edition: str
    data_to: date
    occurred_at: datetime
    reason: str

    @staticmethod
    def resolve_place(row: Any) -> str:
        """The code of the place."""
        return str(row.place.code)


class GradeProposalOut(Schema):
    """A grade that waits for a decision, with what it rests on."""

    id: int
    subject_id: int
    edition: str
    due_at: datetime | None
    evidence: dict[str, Any]


class GradeDecisionIn(Sent):
    """The level that is put in force, as proposed or another one, and why."""

    level: Literal["low", "medium", "high"]
    reason: str
    example: ClassVar[Mapping[str, Any]] = {"level": "medium", "reason": "as the figures say"}


class HitRateOut(Schema):
    """How one method of early warning did in an area."""

    method: str
    n: int
    confirmed: int
    watched: int
    dismissed: int
    waiting: int
    in_time: int
    answered: float | None
    median_hours: float | None
    hit_rate: float | None


class NightRunOut(Schema):
    """A run of the night: from what, by which version and seed, and how earlier ones did on what came."""

    id: int
    at: datetime
    version: str
    seed: int
    digest: str
    inputs: dict[str, Any]
    scores: list[dict[str, Any]]

    @staticmethod
    def resolve_scores(row: Any) -> Any:
        """The scores of earlier runs."""
        return row.result.get("scores", [])


class AreaOutlookOut(Schema):
    """What the night's runs say of an area: Rt, new cases of the coming weeks (`ahead1_0.5`: the first, median), beds."""

    area: str
    disease: str
    run: NightRunOut
    said: dict[str, float | None]
    bed_run: NightRunOut | None
    beds: list[dict[str, Any]]


class OutlinesIn(Sent):
    """Outlines of places as GeoJSON; `code` names the property with the codes, found out if left out."""

    collection: dict[str, Any]
    source: str
    code: str = ""
    example: ClassVar[Mapping[str, Any]] = {
        "source": "a survey",
        "collection": {
            "type": "Feature", "properties": {"code": "420106"},
            "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]},
        },
    }  # fmt: skip


class OutlinesOut(Schema):
    """How many outlines were taken, how many lie outside your area, and codes that fit no place."""

    taken: int
    outside: int
    unknown: list[str]


@endpoint("GET", "/areas/{code}/figures", P.AREA_VIEW, response=FiguresOut)
def figures(request: Any, code: str, disease: str = "", on: date | None = None) -> Any:
    """Return the figures of an area as of the end of a day, the last one if none is named."""
    place = place_where(request.actor, P.AREA_VIEW, code)
    held = selectors.chosen_disease(disease)
    if held is None:
        raise NoIndicators
    panel = selectors.panel_for(held, [place.path], COLUMNS, on)
    told = {name: one.value(panel) if one.is_told(panel) else None for name, one in INDICATORS.items()}
    limits = {name: one.interval(panel) for name, one in INDICATORS.items() if told[name] is not None}
    intervals = {name: list(pair) for name, pair in limits.items() if pair is not None}
    return {"area": code, "disease": held, "on": panel.last, "figures": told, "intervals": intervals}


@endpoint("GET", "/areas/{code}/grades", P.AREA_VIEW, response=list[GradeOut])
def grades(request: Any, code: str, limit: int = 500) -> Any:
    """List the grades in force in an area and below."""
    place = place_where(request.actor, P.AREA_VIEW, code)
    rows = Grade.objects.visible_in(request.actor, place.path).current().select_related("place")
    return rows.order_by("path", "disease")[: page_size(limit)]


@endpoint("GET", "/areas/{code}/methods", P.AREA_VIEW, response=list[HitRateOut])
def methods(request: Any, code: str) -> Any:
    """Return how each method of early warning did in an area."""
    return selectors.hit_rates(place_where(request.actor, P.AREA_VIEW, code).path)


@endpoint("GET", "/areas/{code}/outlook", P.AREA_VIEW, response=AreaOutlookOut)
def outlook(request: Any, code: str, disease: str = "") -> Any:
    """Return what the newest night's run says of an area, and how earlier runs did; beds for who may see beds there."""
    place = place_where(request.actor, P.AREA_VIEW, code)
    held = selectors.chosen_disease(disease)
    run = selectors.latest_run(held) if held else None
    if held is None or run is None:
        raise NoIndicators
    row = selectors.outlook_rows(run, held, [place.path]).get(place.path, {})
    said = {name: value for name, value in row.items() if isinstance(value, float) and isfinite(value)}
    bed_run = latest_bed_run() if request.actor.may(P.BED_VIEW, place.path) else None
    return {
        "area": code,
        "disease": held,
        "run": run,
        "said": said,
        "bed_run": bed_run,
        "beds": [] if bed_run is None else bed_rows(bed_run, [place.path]),
    }


@endpoint("GET", "/areas/{code}/outlines", P.AREA_VIEW)
def outlines(request: Any, code: str) -> Any:
    """Return the outlines of the places below an area as GeoJSON, as fine as a map of them needs."""
    place = place_where(request.actor, P.AREA_VIEW, code)
    below = list(Place.objects.filter(parent=place, abolished_on__isnull=True))
    drawn = outlines_below(below)
    features = [
        {
            "type": "Feature",
            "properties": {"code": one.code, "name": one.name},
            "geometry": drawn[one.pk],
        }
        for one in below
        if one.pk in drawn
    ]
    return {"type": "FeatureCollection", "features": features}


@endpoint("POST", "/outlines", P.AREA_EDIT, response=OutlinesOut)
def take_outlines(request: Any, body: OutlinesIn) -> Any:
    """Take outlines of places of your area."""
    done = take_boundaries(
        collection=body.collection, source=body.source, code=body.code, by=request.actor, at=request.at
    )
    return {"taken": done.taken, "outside": done.outside, "unknown": list(done.unknown)}


@endpoint("GET", "/grade-proposals", P.GRADE_CONFIRM, response=list[GradeProposalOut])
def proposals(request: Any, limit: int = 100) -> Any:
    """List the grades that wait for your decision, the most urgent first."""
    return selectors.grade_proposals(request.actor)[: page_size(limit)]


@endpoint("POST", "/grade-proposals/{pk}/decision", P.GRADE_CONFIRM, response=GradeOut)
def decide(request: Any, pk: int, body: GradeDecisionIn) -> Any:
    """Put a proposed grade in force, or another level, with the reason."""
    row = selectors.get_grade_proposal(request.actor, pk)
    return decide_grade(finding=row, **body.dict(), by=request.actor, at=request.at)
