"""Health workers protected: days off, hours needed and there, exposures and infections, return to work, allowances."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal

from ninja import Schema
from pydantic import AwareDatetime

from lianfang.api.beds import MadeOut, WhyIn
from lianfang.api.door import Sent, area_path, endpoint, page_size
from lianfang.common.errors import NotVisible
from lianfang.core.access.permissions import Permission
from lianfang.teams import selectors, services
from lianfang.teams.models import Allowance, DayOff, Exposure, Worker

P = Permission
WHEN = "2020-02-12T10:00:00+08:00"


class InfectionsOverOut(Schema):
    """How many infections are over."""

    n: int


class DayOffIn(Sent):
    """A whole day off of a health worker."""

    worker: str
    on: date
    example: ClassVar[Mapping[str, Any]] = {"worker": "W-1", "on": "2020-02-12"}


class HoursOut(Schema):
    """Hours a day of one profession at a facility: needed by the occupied beds, and there."""

    unit: str
    profession: str
    needed: float
    there: float
    workers: int
    is_short: bool


class ProtectionOut(Schema):
    """Health workers of an area: exposures of two weeks, not yet assessed, infected, ill and not back at work."""

    workers: int
    exposures: int
    open: int
    infected: int
    ailing: int


class WorkerExposureOut(Schema):
    """An exposure of a health worker and what came of it; `is_infected` null: not known yet."""

    id: int
    worker: str
    hazard: str
    occurred_at: datetime
    note: str
    assessed_at: datetime | None
    is_infected: bool | None
    measures: str
    back_at: datetime | None

    @staticmethod
    def resolve_worker(row: Any) -> str:
        """The code of the health worker."""
        return str(row.worker.code)


class WorkerAssessmentIn(Sent):
    """What the assessment of an exposure found."""

    is_infected: bool | None
    measures: str
    example: ClassVar[Mapping[str, Any]] = {"is_infected": False, "measures": "observed for 14 days"}


class BackIn(Sent):
    """From when an infected health worker works again, and on what grounds."""

    from_at: AwareDatetime
    reason: str
    example: ClassVar[Mapping[str, Any]] = {"from_at": WHEN, "reason": "two negatives, well"}


class AllowanceIn(Sent):
    """An allowance for days with a shift; without `amount` it is that of the rule, another one needs a reason."""

    worker: str
    from_on: date
    until_on: date
    rate: Literal["direct", "other"] = "direct"
    amount: Decimal | None = None
    reason: str = ""
    example: ClassVar[Mapping[str, Any]] = {
        "worker": "W-1",
        "from_on": "2020-02-01",
        "until_on": "2020-02-10",
    }


class AllowanceOut(Schema):
    """An allowance that was paid: for how many days with a shift, by which editions, and the amount of the rule."""

    id: int
    worker: str
    from_on: date
    until_on: date
    days: int
    rate: str
    by_rule: Decimal | None
    amount: Decimal
    edition: str
    reason: str

    @staticmethod
    def resolve_worker(row: Any) -> str:
        """The code of the health worker."""
        return str(row.worker.code)


class WorkerExposureIn(Sent):
    """An exposure of a health worker at work."""

    worker: str
    hazard: Literal["no_protection", "needle", "splash", "unknown"]
    happened_at: AwareDatetime
    note: str = ""
    example: ClassVar[Mapping[str, Any]] = {"worker": "W-1", "hazard": "splash", "happened_at": WHEN}


@endpoint("POST", "/days-off", P.TEAM_EDIT, response=MadeOut)
def rest(request: Any, body: DayOffIn) -> Any:
    """Record that a health worker had a whole day off."""
    worker = _worker(request, body.worker, P.TEAM_EDIT)
    return services.record_day_off(worker=worker, on=body.on, by=request.actor, at=request.at)


@endpoint("POST", "/days-off/{pk}/withdrawal", P.TEAM_EDIT, response=MadeOut)
def no_rest(request: Any, pk: int, body: WhyIn) -> Any:
    """Withdraw a day off that was none."""
    row = DayOff.objects.get_visible(request.actor, P.TEAM_EDIT, pk=pk)
    services.withdraw_day_off(day_off=row, reason=body.reason, by=request.actor, at=request.at)
    return row


@endpoint("GET", "/staff-hours", P.TEAM_VIEW, response=list[HoursOut])
def hours(request: Any, area: str = "") -> Any:
    """Return the hours a day needed and there at each facility of an area where a team works."""
    return [
        {"unit": one.unit.code, "is_short": each.is_short, **asdict(each)}
        for one in selectors.facility_hours(request.actor, area_path(area), request.at)
        for each in one.hours
    ]


@endpoint("GET", "/staff-protection", P.TEAM_VIEW, response=ProtectionOut)
def protected(request: Any, area: str = "") -> Any:
    """Return exposures and infections among the health workers of an area."""
    return selectors.protection(request.actor, area_path(area), request.at)


@endpoint("GET", "/worker-exposures", P.CARE_VIEW, response=list[WorkerExposureOut])
def exposures(request: Any, area: str = "", limit: int = 100) -> Any:
    """List exposures of health workers, the newest first."""
    rows = Exposure.objects.visible_in(request.actor, area_path(area), P.CARE_VIEW).current()
    return rows.select_related("worker").order_by("-occurred_at", "-pk")[: page_size(limit)]


@endpoint("POST", "/worker-exposures", P.CARE_EDIT, response=MadeOut)
def expose(request: Any, body: WorkerExposureIn) -> Any:
    """Report that a health worker was exposed; the assessment is owed within a day."""
    worker = _worker(request, body.worker, P.CARE_VIEW)
    told = body.dict(exclude={"worker"})
    return services.report_exposure(worker=worker, **told, by=request.actor, at=request.at)


@endpoint("POST", "/worker-exposures/{pk}/assessment", P.CARE_EDIT, response=WorkerExposureOut)
def assess(request: Any, pk: int, body: WorkerAssessmentIn) -> Any:
    """Record what the assessment of an exposure found."""
    row = Exposure.objects.select_related("worker").get_visible(request.actor, P.CARE_VIEW, pk=pk)
    services.assess_exposure(exposure=row, **body.dict(), by=request.actor, at=request.at)
    row.refresh_from_db()
    return row


@endpoint("POST", "/worker-exposures/{pk}/assessment/withdrawal", P.CARE_EDIT, response=WorkerExposureOut)
def reassess(request: Any, pk: int, body: WhyIn) -> Any:
    """Withdraw an assessment: it is owed again."""
    row = Exposure.objects.select_related("worker").get_visible(request.actor, P.CARE_VIEW, pk=pk)
    services.reopen_exposure(exposure=row, reason=body.reason, by=request.actor, at=request.at)
    row.refresh_from_db()
    return row


@endpoint("POST", "/workers/{code}/return", P.CARE_EDIT, response=InfectionsOverOut)
def back(request: Any, code: str, body: BackIn) -> Any:
    """Let an infected health worker work again; `n` infections are over."""
    worker = _worker(request, code, P.CARE_VIEW)
    return {"n": services.return_to_work(worker=worker, **body.dict(), by=request.actor, at=request.at)}


@endpoint("GET", "/allowances", P.TEAM_VIEW, response=list[AllowanceOut])
def paid(request: Any, area: str = "", limit: int = 100) -> Any:
    """List the allowances that were paid, the latest days first."""
    rows = Allowance.objects.visible_in(request.actor, area_path(area)).current()
    return rows.select_related("worker").order_by("-from_on", "-pk")[: page_size(limit)]


@endpoint("POST", "/allowances", P.TEAM_EDIT, response=AllowanceOut)
def pay(request: Any, body: AllowanceIn) -> Any:
    """Record an allowance; a day is paid once."""
    worker = _worker(request, body.worker, P.TEAM_EDIT)
    told = body.dict(exclude={"worker"})
    return services.pay_allowance(worker=worker, **told, by=request.actor, at=request.at)


@endpoint("POST", "/allowances/{pk}/withdrawal", P.TEAM_EDIT, response=MadeOut)
def unpay(request: Any, pk: int, body: WhyIn) -> Any:
    """Withdraw an allowance that was not paid after all."""
    row = Allowance.objects.get_visible(request.actor, P.TEAM_EDIT, pk=pk)
    services.withdraw_allowance(allowance=row, reason=body.reason, by=request.actor, at=request.at)
    return row


def _worker(request: Any, code: str, permission: P) -> Worker:
    seen = Worker.objects.visible_to(request.actor, permission)
    found: Worker | None = seen.select_related("team__home__place").filter(code=code).first()
    if found is None:
        raise NotVisible(thing="health worker")
    return found
