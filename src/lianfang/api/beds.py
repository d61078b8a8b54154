"""Wards and beds, the board of an area, requests for a bed and the way to it, and the outlook of beds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal

from ninja import Schema
from pydantic import AwareDatetime

from lianfang.api.door import Sent, area_path, endpoint, page_size, place_where, unit_where
from lianfang.care import services
from lianfang.care.models import Bed, BedRequest, Ward
from lianfang.care.selectors import bed_board, beds_of, capacity_ahead, waiting_list, wards
from lianfang.cases.selectors import get_case
from lianfang.common.errors import NotVisible
from lianfang.core.access.permissions import Permission
from lianfang.outlook.selectors import bed_outlook

P = Permission
WHEN = "2020-02-12T10:00:00+08:00"


class MadeOut(Schema):
    """The number of what was recorded."""

    id: int


class BedCountOut(Schema):
    """Beds of one kind and level: usable = occupied + reserved + cleaning + repair + free; `target` should be free."""

    kind: str
    level: int | None
    usable: int
    occupied: int
    reserved: int
    cleaning: int
    repair: int
    free: int
    target: int
    spare_percent: float | None
    target_percent: float | None


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


class BedOut(Schema):
    """One bed in use: `state` is free, occupied, or why it is kept (cleaning, repair, reserved)."""

    id: int
    label: str
    state: str

    @staticmethod
    def resolve_state(bed: Any) -> str:
        """What the bed is now."""
        return "occupied" if bed.is_occupied else bed.why or "free"


class CapacityOut(Schema):
    """How many beds a ward has from a moment on."""

    from_at: datetime
    n: int


class WardDetailOut(Schema):
    """A ward with its beds now, and how many there will be."""

    ward: WardOut
    beds: list[BedOut]
    ahead: list[CapacityOut]


class UpkeepIn(Sent):
    """A bed is out of use from a moment on, until it is given back or until another moment."""

    why: Literal["cleaning", "repair"]
    from_at: AwareDatetime
    until_at: AwareDatetime | None = None
    example: ClassVar[Mapping[str, Any]] = {"why": "repair", "from_at": WHEN}


class EndedOut(Schema):
    """How many entries of upkeep ended."""

    n: int


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


@endpoint("GET", "/wards/{pk}", P.BED_VIEW, response=WardDetailOut)
def one_ward(request: Any, pk: int) -> Any:
    """Return a ward with the state of its beds, and its capacity ahead."""
    ward = Ward.objects.select_related("unit").get_visible(request.actor, pk=pk)
    ahead = [{"from_at": moment, "n": n} for moment, n in capacity_ahead(ward, request.at)]
    return {"ward": ward, "beds": beds_of(ward, request.at), "ahead": ahead}


@endpoint("POST", "/wards/{pk}/closing", P.BED_EDIT, response=WardOut)
def close(request: Any, pk: int, body: WhyIn) -> Any:
    """Close a ward in which nobody lies."""
    ward = Ward.objects.select_related("unit").get_visible(request.actor, P.BED_EDIT, pk=pk)
    services.close_ward(ward=ward, reason=body.reason, by=request.actor, at=request.at)
    return ward


@endpoint("POST", "/single-beds/{pk}/upkeep", P.BED_EDIT, response=MadeOut)
def keep(request: Any, pk: int, body: UpkeepIn) -> Any:
    """Take a bed out of use to be cleaned or repaired."""
    bed = _bed(request, pk)
    return services.take_out_of_use(bed=bed, **body.dict(), by=request.actor, at=request.at)


@endpoint("POST", "/single-beds/{pk}/upkeep/end", P.BED_EDIT, response=EndedOut)
def give_back(request: Any, pk: int) -> Any:
    """Give a bed back that was cleaned or repaired."""
    return {"n": services.end_upkeep(bed=_bed(request, pk), by=request.actor, at=request.at)}


def _bed(request: Any, pk: int) -> Bed:
    seen = Ward.objects.visible_to(request.actor, P.BED_EDIT)
    found: Bed | None = Bed.objects.filter(pk=pk, ward__in=seen).select_related("ward").first()
    if found is None:
        raise NotVisible(thing="bed")
    return found


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
    case = get_case(request.actor, number, P.CARE_VIEW)
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


@endpoint("POST", "/bed-requests/{pk}/bed/withdrawal", P.BED_ASSIGN, response=BedRequestOut)
def take_back(request: Any, pk: int, body: WhyIn) -> Any:
    """Take back a bed that was given and not yet reached; the request waits again."""
    row = BedRequest.objects.select_related("case", "ward").get_visible(request.actor, pk=pk)
    return services.take_bed_back(request=row, reason=body.reason, by=request.actor, at=request.at)


@endpoint("POST", "/bed-requests/{pk}/steps", P.CARE_EDIT, response=MadeOut)
def step(request: Any, pk: int, body: StepIn) -> Any:
    """Report that transport set out, took the patient over, or arrived; the same step again changes nothing."""
    row = BedRequest.objects.select_related("case", "ward").get_visible(request.actor, pk=pk)
    return services.report_step(request=row, **body.dict(), by=request.actor, at=request.at)
