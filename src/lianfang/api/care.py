"""Wards and beds, requests, what is seen of patients, how they leave, and the outlook of beds."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Literal

from ninja import Schema
from pydantic import AwareDatetime

from lianfang.api.door import Sent, area_path, endpoint, page_size, place_where, unit_where
from lianfang.care import services
from lianfang.care.derive import explain_discharge
from lianfang.care.models import Bed, BedRequest, Pathway, Ward
from lianfang.care.selectors import bed_board, waiting_list, wards
from lianfang.cases.selectors import get_case
from lianfang.common.errors import NotVisible
from lianfang.core.access.permissions import Permission
from lianfang.outlook.selectors import bed_outlook

P = Permission
WHEN = "2020-02-12T10:00:00+08:00"


class BedCountOut(Schema):
    """Beds of one kind and level: usable = occupied + kept + free; `target` is how many should be free."""

    kind: str
    level: int | None
    usable: int
    occupied: int
    kept: int
    free: int
    target: int


class BedOutlookOut(Schema):
    """Beds occupied by day from today to two weeks ahead, with the 95 % range; `full_in` days, null: not by then."""

    kind: str
    level: int | None
    way: str
    now: int
    low: list[float]
    middle: list[float]
    high: list[float]
    capacity: list[int] | None
    full_in: int | None
    full_early: int | None
    target_percent: float


class WardOut(Schema):
    """A ward."""

    id: int
    unit: str
    name: str
    kind: str
    level: int
    rooms_shared: bool
    cohort: str
    sex: str

    @staticmethod
    def resolve_unit(ward: Any) -> str:
        """The code of the facility."""
        return str(ward.unit.code)


class WardIn(Sent):
    """A ward to be set up or changed."""

    unit: str
    name: str
    level: Literal[0, 1, 2, 3]
    kind: Literal["hospital", "cabin", "point"] = "hospital"
    rooms_shared: bool = False
    cohort: Literal["", "suspected", "confirmed"] = ""
    sex: Literal["", "female", "male"] = ""
    example: ClassVar[Mapping[str, Any]] = {"unit": "420106-hosp", "name": "二病区", "level": 1}


class BedNumberIn(Sent):
    """How many beds a ward has from a moment on."""

    n: int
    from_at: AwareDatetime
    example: ClassVar[Mapping[str, Any]] = {"n": 20, "from_at": WHEN}


class BedNumberOut(Schema):
    """How many beds the ward has from then on: fewer cannot be closed than lie empty."""

    n: int


class TallyIn(Sent):
    """Beds told by number, of a facility or of a place; `usable` is left out where nobody told it."""

    place: str
    kind: Literal["hospital", "cabin", "point"]
    occupied: int
    usable: int | None = None
    level: Literal[0, 1, 2, 3] | None = None
    counted_at: AwareDatetime
    example: ClassVar[Mapping[str, Any]] = {
        "place": "420106", "kind": "cabin", "usable": 400, "occupied": 120, "counted_at": WHEN,
    }  # fmt: skip


class MadeOut(Schema):
    """The number of what was recorded."""

    id: int


class BedRequestOut(Schema):
    """Somebody needs a bed of a level."""

    id: int
    case: str
    direction: str
    level: int
    asked_at: datetime
    ward: int | None
    placed_at: datetime | None
    met_at: datetime | None
    withdrawn_at: datetime | None

    @staticmethod
    def resolve_case(row: Any) -> str:
        """The number of the case."""
        return str(row.case.number)

    @staticmethod
    def resolve_ward(row: Any) -> int | None:
        """The ward that was given."""
        return row.ward_id  # type: ignore[no-any-return]


class BedRequestIn(Sent):
    """Asking for a bed; a request while one is open joins it."""

    level: Literal[0, 1, 2, 3]
    note: str = ""
    example: ClassVar[Mapping[str, Any]] = {"level": 2, "note": "oxygen"}


class GivenIn(Sent):
    """The ward whose bed is given."""

    ward: int
    example: ClassVar[Mapping[str, Any]] = {"ward": 1}


class WhyIn(Sent):
    """A reason."""

    reason: str
    example: ClassVar[Mapping[str, Any]] = {"reason": "sent to another province"}


class StepIn(Sent):
    """A step of the way to a bed."""

    step: Literal["set_out", "taken_over", "arrived"]
    happened_at: AwareDatetime
    vehicle: str = ""
    example: ClassVar[Mapping[str, Any]] = {"step": "set_out", "happened_at": WHEN}


class BedStayIn(Sent):
    """Laying a patient in a bed."""

    bed: int
    lies_from: AwareDatetime
    example: ClassVar[Mapping[str, Any]] = {"bed": 1, "lies_from": WHEN}


class RoundIn(Sent):
    """What was seen of a patient on a round; leave out what was not measured."""

    seen_at: AwareDatetime
    temperature: float | None = None
    respiratory_rate: float | None = None
    spo2: float | None = None
    pao2_fio2: float | None = None
    respiratory: Literal["", "worse", "unchanged", "improved", "clearly_improved", "resolved"] = ""
    imaging: list[str] = []
    ventilated: bool = False
    shock: bool = False
    organ_failure: bool = False
    example: ClassVar[Mapping[str, Any]] = {"seen_at": WHEN, "temperature": 36.7, "spo2": 97}


class TreatmentIn(Sent):
    """A treatment that was begun."""

    what: str
    from_at: AwareDatetime
    dose: str = ""
    example: ClassVar[Mapping[str, Any]] = {"what": "oxygen", "from_at": WHEN}


class DepartureIn(Sent):
    """How a patient leaves; a discharge with a criterion missing needs a reason."""

    how: Literal["discharged", "died", "against_advice"]
    left_at: AwareDatetime
    reason: str = ""
    example: ClassVar[Mapping[str, Any]] = {"how": "discharged", "left_at": WHEN, "reason": "two negatives"}


class PatientVisitIn(Sent):
    """What was seen of a discharged patient; `week` is the visit that it answers."""

    seen_at: AwareDatetime
    week: int | None = None
    temperature: float | None = None
    needs_rehabilitation: bool = False
    needs_counselling: bool = False
    note: str = ""
    example: ClassVar[Mapping[str, Any]] = {"seen_at": WHEN, "week": 2, "temperature": 36.5}


class CriterionOut(Schema):
    """One criterion of discharge."""

    item: str
    met: bool


class PatientOut(Schema):
    """Where a patient stands, by which editions, and what discharge still needs."""

    case: str
    stage: str
    severity: str
    severity_edition: str
    needs: int | None
    waits_since: datetime | None
    admitted_at: datetime | None
    ready_at: datetime | None
    left_at: datetime | None
    regime: str
    observe_until_on: date | None
    positive_again_at: datetime | None
    discharge_edition: str
    criteria: list[CriterionOut]


@endpoint("GET", "/beds", P.BED_VIEW, response=list[BedCountOut])
def board(request: Any, area: str = "") -> Any:
    """Return the beds of an area by kind and level."""
    return bed_board(request.actor, at=request.at, path=area_path(area))


@endpoint("GET", "/beds/outlook", P.BED_VIEW, response=list[BedOutlookOut])
def outlook(request: Any, area: str = "") -> Any:
    """Return the beds occupied in the coming two weeks, as last worked out."""
    return bed_outlook(request.actor, area_path(area))[1]


@endpoint("POST", "/beds/tallies", P.BED_EDIT, response=MadeOut)
def tally(request: Any, body: TallyIn) -> Any:
    """Record beds by number; a later tally takes the place of this one."""
    told = body.dict(exclude={"place"})
    place = place_where(request.actor, P.BED_EDIT, body.place)
    return services.tally_beds(place=place, **told, by=request.actor, at=request.at)


@endpoint("GET", "/wards", P.BED_VIEW, response=list[WardOut])
def list_wards(request: Any, area: str = "", limit: int = 100) -> Any:
    """List the wards that you may see."""
    return wards(request.actor, area_path(area)).select_related("unit").order_by("pk")[: page_size(limit)]


@endpoint("POST", "/wards", P.BED_EDIT, response=WardOut)
def set_up(request: Any, body: WardIn) -> Any:
    """Set up a ward of a facility, or change what it takes."""
    told = body.dict(exclude={"unit"})
    unit = unit_where(request.actor, P.BED_EDIT, body.unit)
    return services.set_up_ward(unit=unit, **told, by=request.actor, at=request.at)


@endpoint("POST", "/wards/{pk}/beds", P.BED_EDIT, response=BedNumberOut)
def change(request: Any, pk: int, body: BedNumberIn) -> Any:
    """Open or close beds of a ward from a moment on."""
    ward = Ward.objects.get_visible(request.actor, pk=pk)
    return {"n": services.change_beds(ward=ward, **body.dict(), by=request.actor, at=request.at)}


@endpoint("GET", "/bed-requests", P.CARE_VIEW, response=list[BedRequestOut])
def waiting(request: Any, area: str = "", limit: int = 100) -> Any:
    """List who waits for a bed, the most severe first, then the longest waiting."""
    return waiting_list(request.actor, path=area_path(area))[: page_size(limit)]


@endpoint("POST", "/cases/{number}/bed-requests", P.CARE_EDIT, response=BedRequestOut)
def ask(request: Any, number: str, body: BedRequestIn) -> Any:
    """Ask for a bed."""
    case = _patient(request, number)
    return services.request_bed(case=case, **body.dict(), by=request.actor, at=request.at)


@endpoint("POST", "/bed-requests/{pk}/bed", P.BED_ASSIGN, response=BedRequestOut)
def give(request: Any, pk: int, body: GivenIn) -> Any:
    """Give a request a bed of a ward; whoever comes second to the last bed is refused."""
    ward = Ward.objects.select_related("unit").get_visible(request.actor, pk=body.ward)
    row = BedRequest.objects.select_related("case__person").get_visible(request.actor, pk=pk)
    return services.give_bed(request=row, ward=ward, by=request.actor, at=request.at)


@endpoint("POST", "/bed-requests/{pk}/withdrawal", P.CARE_EDIT, response=BedRequestOut)
def withdraw(request: Any, pk: int, body: WhyIn) -> Any:
    """Withdraw a request; a bed kept for it is free again."""
    row = BedRequest.objects.select_related("case").get_visible(request.actor, pk=pk)
    return services.withdraw_request(request=row, reason=body.reason, by=request.actor, at=request.at)


@endpoint("POST", "/bed-requests/{pk}/steps", P.CARE_EDIT, response=MadeOut)
def step(request: Any, pk: int, body: StepIn) -> Any:
    """Report that transport set out, took the patient over, or arrived; the same step again changes nothing."""
    row = BedRequest.objects.select_related("case").get_visible(request.actor, pk=pk)
    return services.report_step(request=row, **body.dict(), by=request.actor, at=request.at)


@endpoint("GET", "/cases/{number}/care", P.CARE_VIEW, response=PatientOut)
def patient(request: Any, number: str) -> Any:
    """Return where a patient stands and which criteria of discharge are missing."""
    case = _patient(request, number)
    row = Pathway.objects.filter(case=case).first()
    if row is None:
        raise NotVisible(thing="pathway")
    found = explain_discharge(case, at=request.at)
    criteria = [{"item": each.item, "met": each.met} for each in found.findings] if found else []
    names = set(PatientOut.model_fields) - {"case", "criteria"}
    return {"case": case.number, "criteria": criteria, **{name: getattr(row, name) for name in names}}


@endpoint("POST", "/cases/{number}/stays", P.CARE_EDIT, response=MadeOut)
def lay(request: Any, number: str, body: BedStayIn) -> Any:
    """Lay a patient in a bed: ends the stay before and meets the open request."""
    case = _patient(request, number)
    seen = Ward.objects.visible_to(request.actor)
    bed = Bed.objects.filter(pk=body.bed, ward__in=seen).select_related("ward").first()
    if bed is None:
        raise NotVisible(thing="bed")
    return services.lay_down(case=case, bed=bed, lies_from=body.lies_from, by=request.actor, at=request.at)


@endpoint("POST", "/cases/{number}/rounds", P.CARE_EDIT, response=MadeOut)
def see(request: Any, number: str, body: RoundIn) -> Any:
    """Record what was seen of a patient on a round; severity and discharge are judged anew."""
    case = _patient(request, number)
    return services.record_round(case=case, **body.dict(), by=request.actor, at=request.at)


@endpoint("POST", "/cases/{number}/treatments", P.CARE_EDIT, response=MadeOut)
def treat(request: Any, number: str, body: TreatmentIn) -> Any:
    """Record that a treatment was begun."""
    case = _patient(request, number)
    return services.start_treatment(case=case, **body.dict(), by=request.actor, at=request.at)


@endpoint("POST", "/cases/{number}/departures", P.CARE_EDIT, response=MadeOut)
def leave(request: Any, number: str, body: DepartureIn) -> Any:
    """Record how a patient leaves; what follows is that of the edition in force then."""
    case = _patient(request, number)
    told: dict[str, Any] = {"left_at": body.left_at, "reason": body.reason}
    if body.how == "discharged":
        return services.discharge_patient(case=case, **told, by=request.actor, at=request.at)
    return services.record_departure(case=case, how=body.how, **told, by=request.actor, at=request.at)


@endpoint("POST", "/cases/{number}/follow-ups", P.CARE_EDIT, response=MadeOut)
def follow(request: Any, number: str, body: PatientVisitIn) -> Any:
    """Record that a discharged patient was looked at."""
    case = _patient(request, number)
    return services.follow_up(case=case, **body.dict(), by=request.actor, at=request.at)


def _patient(request: Any, number: str) -> Any:
    return get_case(request.actor, number, P.CARE_VIEW)
