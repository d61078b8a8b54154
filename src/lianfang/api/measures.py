"""Measures, response levels, response plans, drills, and the work that they ask for."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Literal

from django.utils.translation import gettext
from ninja import Schema
from pydantic import AwareDatetime

from lianfang.api.door import Sent, area_path, endpoint, page_size, place_where, unit_where
from lianfang.common.errors import Refused
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Capability, Level
from lianfang.core.registry.selectors import get_unit
from lianfang.measures import selectors, services
from lianfang.measures.models import Activation, Drill, Measure, Plan, Work

P = Permission
WHEN = "2020-02-12T10:00:00+08:00"
_DISEASE = "covid_19_cn_2020"


class TextOut(Schema):
    """A text in English and Chinese."""

    en: str
    zh: str


class MeasureOut(Schema):
    """A measure in force, or one that was."""

    id: int
    kind: str
    text: TextOut
    place: str
    disease: str
    restricts: bool
    reason: str
    edition: str
    occurred_at: datetime
    review_on: date
    until_at: datetime | None
    decided_by: str

    @staticmethod
    def resolve_place(row: Any) -> str:
        """The code of the area."""
        return str(row.place.code)

    @staticmethod
    def resolve_decided_by(row: Any) -> str:
        """The login of who decided."""
        return str(row.recorded_by.login) if row.recorded_by else ""


class MeasureIn(Sent):
    """A measure that a person decides on; without a review date that of the rulebook counts."""

    place: str
    disease: str
    kind: str
    reason: str
    review_on: date | None = None
    example: ClassVar[Mapping[str, Any]] = {
        "place": "420106", "disease": _DISEASE, "kind": "gates", "reason": "two clusters in a week",
    }  # fmt: skip


class MeasureReviewIn(Sent):
    """A look at a measure: kept until a day, or ended."""

    decision: Literal["kept", "ended"]
    reason: str
    review_on: date | None = None
    example: ClassVar[Mapping[str, Any]] = {"decision": "ended", "reason": "14 days without a case"}


class SwitchOut(Schema):
    """What a confirmed grade asks for."""

    id: int
    place: str
    level: str
    on: list[str]
    off: list[str]
    edition: str
    due_at: datetime

    @staticmethod
    def resolve_place(row: Any) -> str:
        """The code of the place that answers."""
        return str(row.place.code)

    @staticmethod
    def resolve_level(row: Any) -> str:
        """The confirmed grade."""
        return str(row.evidence["level"])

    @staticmethod
    def resolve_on(row: Any) -> list[str]:
        """Measures that would begin."""
        return list(row.evidence["on"])

    @staticmethod
    def resolve_off(row: Any) -> list[str]:
        """Measures that would end."""
        return list(row.evidence["off"])


class SwitchDecisionIn(Sent):
    """Which of the proposed measures begin and which end; none of them dismisses the proposal."""

    on: list[str]
    off: list[str]
    reason: str
    example: ClassVar[Mapping[str, Any]] = {"on": [], "off": [], "reason": "the figures are in doubt"}


class WorkReportIn(Sent):
    """Work that was done."""

    done_at: AwareDatetime | None = None
    n_done: int | None = None
    n_found: int | None = None
    note: str = ""
    example: ClassVar[Mapping[str, Any]] = {"n_done": 120, "n_found": 1}


class WorkReportOut(Schema):
    """A report of work."""

    id: int
    occurred_at: datetime
    n_done: int | None
    n_found: int | None


class ResponseLevelIn(Sent):
    """The response level of an area; an empty one ends the response."""

    place: str
    disease: str
    level: Literal["", "I", "II", "III", "IV"]
    reason: str
    example: ClassVar[Mapping[str, Any]] = {
        "place": "420106", "disease": _DISEASE, "level": "IV", "reason": "first case",
    }  # fmt: skip


class ResponseLevelOut(Schema):
    """The response level of an area."""

    id: int
    place: str
    disease: str
    level: str
    occurred_at: datetime
    until_at: datetime | None

    @staticmethod
    def resolve_place(row: Any) -> str:
        """The code of the area."""
        return str(row.place.code)


class PlanOut(Schema):
    """A response plan."""

    id: int
    title: str
    place: str
    disease: str
    owner: str
    level: str
    measures: list[str]
    status: str
    version: int
    editions: list[str]

    @staticmethod
    def resolve_place(row: Any) -> str:
        """The code of the area."""
        return str(row.place.code)

    @staticmethod
    def resolve_owner(row: Any) -> str:
        """The code of the unit that owns it."""
        return str(row.owner.code)


class PlanIn(Sent):
    """The draft of a plan."""

    place: str
    disease: str
    title: str
    situation: str
    owner: str
    level: Literal["", "I", "II", "III", "IV"] = ""
    measures: list[str] = []
    example: ClassVar[Mapping[str, Any]] = {
        "place": "420106", "disease": _DISEASE, "title": "cluster in a community", "situation": "two cases or more",
        "owner": "420106-cdc", "level": "IV", "measures": ["gates", "household_rounds"],
    }  # fmt: skip


class PlanStepIn(Sent):
    """A step of a draft: once within hours, or again every so many days; by a unit, or in each place of a level."""

    text: str
    level: Literal["nation", "province", "prefecture", "county", "township", "village", "cell"]
    capability: str
    within_hours: int = 0
    every_days: int = 0
    unit: str = ""
    example: ClassVar[Mapping[str, Any]] = {
        "text": "open the isolation site", "level": "county", "capability": "supervise", "within_hours": 12,
    }  # fmt: skip


class PlanStepOut(Schema):
    """A step."""

    id: int
    n: int
    text: str
    within_hours: int
    every_days: int


class PlanStockIn(Sent):
    """What has to lie ready, and how much of it does."""

    item: str
    unit: str
    needed: int
    held: int | None = None
    example: ClassVar[Mapping[str, Any]] = {
        "item": "thermometers",
        "unit": "420106-depot",
        "needed": 200,
        "held": 80,
    }


class PlanStockOut(Schema):
    """What has to lie ready."""

    id: int
    item: str
    needed: int
    held: int | None


class PlanActIn(Sent):
    """What is done with a plan: approved, found to hold, revised (the answer is the new draft)."""

    act: Literal["approve", "confirm", "revise"]
    reason: str = ""
    example: ClassVar[Mapping[str, Any]] = {"act": "confirm", "reason": "gone through"}


class DrillIn(Sent):
    """A drill on invented data."""

    seed: int = 1
    example: ClassVar[Mapping[str, Any]] = {"seed": 1}


class DrillOut(Schema):
    """A drill and what it showed."""

    id: int
    status: str
    seed: int
    version: str
    result: dict[str, Any]


class ActivationIn(Sent):
    """Switching a plan on in its area, or in one below."""

    reason: str
    place: str = ""
    example: ClassVar[Mapping[str, Any]] = {"reason": "three cases in one market"}


class EndIn(Sent):
    """Switching a plan off."""

    reason: str
    example: ClassVar[Mapping[str, Any]] = {"reason": "14 days without a case"}


class ActivationOut(Schema):
    """A plan that is or was switched on."""

    id: int
    plan: int
    place: str
    from_at: datetime
    until_at: datetime | None

    @staticmethod
    def resolve_plan(row: Any) -> int:
        """The number of the plan."""
        return int(row.plan_id)

    @staticmethod
    def resolve_place(row: Any) -> str:
        """The code of the area."""
        return str(row.place.code)


@endpoint("GET", "/measures", P.AREA_VIEW, response=list[MeasureOut])
def list_measures(request: Any, area: str = "", limit: int = 100) -> Any:
    """List the measures in force in an area and below."""
    return selectors.measures_in(request.actor, area_path(area))[: page_size(limit)]


@endpoint("POST", "/measures", P.MEASURE_DECIDE, response=MeasureOut)
def begin(request: Any, body: MeasureIn) -> Any:
    """Put a measure in force."""
    place = place_where(request.actor, P.MEASURE_DECIDE, body.place)
    told = body.dict(exclude={"place"})
    return services.begin_measure(place=place, **told, by=request.actor, at=request.at)


@endpoint("POST", "/measures/{pk}/reviews", P.MEASURE_DECIDE, response=MeasureOut)
def review(request: Any, pk: int, body: MeasureReviewIn) -> Any:
    """Look at a measure again: keep it until a later day, or end it."""
    rows = Measure.objects.select_related("place", "recorded_by")
    row = rows.get_visible(request.actor, P.MEASURE_DECIDE, pk=pk)
    who: dict[str, Any] = {"measure": row, "reason": body.reason, "by": request.actor, "at": request.at}
    if body.decision == "ended":
        services.end_measure(**who)
    else:
        services.keep_measure(review_on=body.review_on or row.review_on, **who)
    row.refresh_from_db()
    return row


@endpoint("GET", "/measure-proposals", P.MEASURE_DECIDE, response=list[SwitchOut])
def proposals(request: Any, area: str = "", limit: int = 100) -> Any:
    """List what confirmed grades ask for and nobody has decided on."""
    seen = selectors.waiting_switches(request.actor, area_path(area))
    return [row for row in seen if request.actor.may(P.MEASURE_DECIDE, row.path)][: page_size(limit)]


@endpoint("POST", "/measure-proposals/{pk}/decision", P.MEASURE_DECIDE, response=list[MeasureOut])
def decide(request: Any, pk: int, body: SwitchDecisionIn) -> Any:
    """Decide which proposed measures begin and which end; the answer holds the new ones."""
    row = selectors.get_switch(request.actor, pk)
    return services.decide_switch(finding=row, **body.dict(), by=request.actor, at=request.at)


@endpoint("POST", "/measure-work/{pk}/reports", P.TASK_DO, response=WorkReportOut)
def report(request: Any, pk: int, body: WorkReportIn) -> Any:
    """Report that a piece of work was done: it proves the duty."""
    row = Work.objects.get_visible(request.actor, P.TASK_DO, pk=pk)
    return services.report_work(work=row, **body.dict(), by=request.actor, at=request.at)


@endpoint("GET", "/response-levels", P.AREA_VIEW, response=list[ResponseLevelOut])
def levels(request: Any, area: str = "", limit: int = 100) -> Any:
    """List the response levels in force in an area and below."""
    return selectors.response_in(request.actor, area_path(area))[: page_size(limit)]


@endpoint("POST", "/response-levels", P.PLAN_SWITCH, response=list[ResponseLevelOut])
def set_level(request: Any, body: ResponseLevelIn) -> Any:
    """Set the response level of an area, or end the response."""
    place = place_where(request.actor, P.PLAN_SWITCH, body.place)
    told = body.dict(exclude={"place"})
    row = services.set_response_level(place=place, **told, by=request.actor, at=request.at)
    return [row] if row else []


@endpoint("GET", "/plans", P.AREA_VIEW, response=list[PlanOut])
def list_plans(request: Any, area: str = "", limit: int = 100) -> Any:
    """List the response plans that can be used in an area."""
    return selectors.plans_in(request.actor, area_path(area))[: page_size(limit)]


@endpoint("POST", "/plans", P.PLAN_EDIT, response=PlanOut)
def write(request: Any, body: PlanIn) -> Any:
    """Write the draft of a plan."""
    place = place_where(request.actor, P.PLAN_EDIT, body.place)
    owner = unit_where(request.actor, P.PLAN_EDIT, body.owner)
    told = body.dict(exclude={"place", "owner"})
    return services.write_plan(place=place, owner=owner, **told, by=request.actor, at=request.at)


@endpoint("POST", "/plans/{pk}/steps", P.PLAN_EDIT, response=PlanStepOut)
def add_step(request: Any, pk: int, body: PlanStepIn) -> Any:
    """Add a step to a draft."""
    row = _plan(request, pk, P.PLAN_EDIT)
    told = body.dict(exclude={"level", "capability", "unit"})
    return services.add_step(
        plan=row, level=Level[body.level.upper()], capability=_capability(body.capability),
        unit=get_unit(body.unit) if body.unit else None, **told, by=request.actor, at=request.at,
    )  # fmt: skip


@endpoint("POST", "/plans/{pk}/stocks", P.PLAN_EDIT, response=PlanStockOut)
def count(request: Any, pk: int, body: PlanStockIn) -> Any:
    """Say what has to lie ready for a plan, and how much of it does."""
    row = _plan(request, pk, P.PLAN_EDIT)
    unit = unit_where(request.actor, P.PLAN_EDIT, body.unit)
    told = body.dict(exclude={"unit"})
    return services.count_stock(plan=row, unit=unit, **told, by=request.actor, at=request.at)


@endpoint("POST", "/plans/{pk}/acts", P.PLAN_EDIT, response=PlanOut)
def act(request: Any, pk: int, body: PlanActIn) -> Any:
    """Approve a plan, find that it still holds, or begin a revision."""
    row = _plan(request, pk, P.PLAN_EDIT)
    who: dict[str, Any] = {"plan": row, "by": request.actor, "at": request.at}
    if body.act == "approve":
        return services.approve_plan(**who)
    if body.act == "revise":
        return services.revise_plan(**who)
    services.confirm_plan(reason=body.reason, **who)
    return _plan(request, pk, P.PLAN_EDIT)


@endpoint("POST", "/plans/{pk}/drills", P.PLAN_EDIT, response=DrillOut)
def ask_drill(request: Any, pk: int, body: DrillIn) -> Any:
    """Ask for a drill on invented data; the worker makes it."""
    row = _plan(request, pk, P.PLAN_EDIT)
    return services.ask_drill(plan=row, seed=body.seed, by=request.actor, at=request.at)


@endpoint("GET", "/drills/{pk}", P.AREA_VIEW, response=DrillOut)
def drill(request: Any, pk: int) -> Any:
    """Return a drill and what it showed."""
    return Drill.objects.get_visible(request.actor, pk=pk)


@endpoint("POST", "/plans/{pk}/activations", P.PLAN_SWITCH, response=ActivationOut)
def switch_on(request: Any, pk: int, body: ActivationIn) -> Any:
    """Switch a plan on."""
    row = _plan(request, pk, P.PLAN_SWITCH)
    place = place_where(request.actor, P.PLAN_SWITCH, body.place) if body.place else None
    return services.switch_on(plan=row, place=place, reason=body.reason, by=request.actor, at=request.at)


@endpoint("GET", "/activations", P.AREA_VIEW, response=list[ActivationOut])
def activations(request: Any, area: str = "", limit: int = 100) -> Any:
    """List the plans that are switched on in an area."""
    return selectors.activations_in(request.actor, area_path(area))[: page_size(limit)]


@endpoint("POST", "/activations/{pk}/end", P.PLAN_SWITCH, response=ActivationOut)
def switch_off(request: Any, pk: int, body: EndIn) -> Any:
    """Switch a plan off."""
    rows = Activation.objects.select_related("place")
    row = rows.get_visible(request.actor, P.PLAN_SWITCH, pk=pk)
    services.switch_off(activation=row, reason=body.reason, by=request.actor, at=request.at)
    row.refresh_from_db()
    return row


def _plan(request: Any, pk: int, permission: Permission) -> Plan:
    rows = Plan.objects.select_related("place", "owner")
    found: Plan = rows.get_visible(request.actor, permission, pk=pk)
    return found


def _capability(word: str) -> str:
    if word not in Capability.values:
        raise Refused(reason=gettext("there is no capability {word}").format(word=repr(word)))
    return word
