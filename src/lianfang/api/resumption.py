"""Firms that reopen and are helped; charters of returning workers; stranded people."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal

from ninja import Schema
from pydantic import AwareDatetime

from lianfang.api.door import Sent, area_path, endpoint, page_size, place_where
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.selectors import get_place
from lianfang.resumption import selectors, services
from lianfang.resumption.models import Arrival, Charter, Firm, HelpRequest, Reopening, Stranded, Traveller

P = Permission


class FirmIn(Sent):
    """A firm of an area."""

    place: str
    name: str
    trade: Literal[
        "essential", "food", "farming", "industry", "building", "transport", "trade", "catering", "services"
    ]
    n_workers: int
    example: ClassVar[Mapping[str, Any]] = {
        "place": "420106", "name": "东山口罩厂", "trade": "essential", "n_workers": 120,
    }  # fmt: skip


class FirmOut(Schema):
    """A firm and how it stands; `is_open` is null while it declared nothing or waits for a permit."""

    id: int
    name: str
    trade: str
    n_workers: int
    n_back: int | None = None
    is_open: bool | None = None
    needs_permit: bool | None = None


class ReopeningIn(Sent):
    """A firm declares that it reopens."""

    n_back: int
    example: ClassVar[Mapping[str, Any]] = {"n_back": 80}


class ReopeningOut(Schema):
    """What a firm declared, and whether it is open: null while it waits for a permit."""

    id: int
    n_back: int
    grade: str
    edition: str
    needs_permit: bool
    is_open: bool | None
    closed_at: datetime | None


class PermitIn(Sent):
    """The decision on a firm that needs a permit."""

    is_open: bool
    reason: str
    example: ClassVar[Mapping[str, Any]] = {"is_open": True, "reason": "makes masks"}


class FirmClosingIn(Sent):
    """Why a firm closes again."""

    reason: str
    example: ClassVar[Mapping[str, Any]] = {"reason": "a case among the workers"}


class FirmHelpIn(Sent):
    """What a firm needs to reopen."""

    kind: Literal["protection", "workers", "transport", "material", "credit", "other"]
    text: str = ""
    example: ClassVar[Mapping[str, Any]] = {"kind": "workers", "text": "20 hands from Xihe"}


class FirmHelpOut(Schema):
    """What a firm needs, and the answer."""

    id: int
    kind: str
    text: str
    asked_at: datetime
    answered_at: datetime | None
    answer: str


class HelpAnswerIn(Sent):
    """What was done."""

    answer: str
    example: ClassVar[Mapping[str, Any]] = {"answer": "a charter comes on Monday"}


class CharterIn(Sent):
    """A bus from one place to another."""

    from_place: str
    to_place: str
    vehicle: str
    seats: int
    departs_at: AwareDatetime
    arrives_at: AwareDatetime
    example: ClassVar[Mapping[str, Any]] = {
        "from_place": "420106", "to_place": "420107", "vehicle": "A-1", "seats": 40,
        "departs_at": "2020-03-02T08:00:00+08:00", "arrives_at": "2020-03-02T20:00:00+08:00",
    }  # fmt: skip


class CharterOut(Schema):
    """A journey."""

    id: int
    from_place: str
    to_place: str
    vehicle: str
    seats: int
    most: int
    departs_at: datetime
    departed_at: datetime | None
    called_off_at: datetime | None
    received_at: datetime | None
    n_received: int | None

    @staticmethod
    def resolve_from_place(row: Any) -> str:
        """The code of the place of departure."""
        return str(row.from_place.code)

    @staticmethod
    def resolve_to_place(row: Any) -> str:
        """The code of the place of arrival."""
        return str(row.to_place.code)


class CallOffIn(Sent):
    """Why a journey is called off."""

    reason: str
    example: ClassVar[Mapping[str, Any]] = {"reason": "the road is closed"}


class TravellerIn(Sent):
    """A person on the list."""

    name: str
    phone: str = ""
    example: ClassVar[Mapping[str, Any]] = {"name": "赵磊", "phone": "10012345678"}


class TravellersIn(Sent):
    """A list of names."""

    people: list[TravellerIn]
    example: ClassVar[Mapping[str, Any]] = {"people": [{"name": "赵磊"}]}


class TravellerOut(Schema):
    """A traveller, by number and not by name."""

    id: int
    is_fit: bool | None


class BoardingIn(Sent):
    """A temperature before boarding."""

    temperature: Decimal
    example: ClassVar[Mapping[str, Any]] = {"temperature": 36.5}


class ReceiptIn(Sent):
    """What the receiving side confirms; who is missing is said in the note."""

    n_received: int
    note: str = ""
    example: ClassVar[Mapping[str, Any]] = {"n_received": 18}


class ArrivalIn(Sent):
    """A person who comes alone."""

    from_place: str
    to_place: str
    name: str
    phone: str = ""
    expected_at: AwareDatetime
    example: ClassVar[Mapping[str, Any]] = {
        "from_place": "420107", "to_place": "420106", "name": "吴敏", "expected_at": "2020-03-02T20:00:00+08:00",
    }  # fmt: skip


class ArrivalOut(Schema):
    """A person who was announced, by number and not by name; `observe_days` is what the edition asks of where they come from."""

    id: int
    from_place: str
    to_place: str
    expected_at: datetime
    grade: str
    edition: str
    observe_days: int
    met_at: datetime | None
    came: bool | None
    observe_until_on: date | None

    @staticmethod
    def resolve_from_place(row: Any) -> str:
        """The code of the place that they leave."""
        return str(row.from_place.code)

    @staticmethod
    def resolve_to_place(row: Any) -> str:
        """The code of the place where they arrive."""
        return str(row.place.code)


class MeetingIn(Sent):
    """Whether the person came, and what whoever met them decides."""

    came: bool
    temperature: Decimal | None = None
    observe_until_on: date | None = None
    note: str = ""
    example: ClassVar[Mapping[str, Any]] = {"came": True, "temperature": 36.4}


class StrandedIn(Sent):
    """A person who cannot go on or home."""

    place: str
    name: str
    phone: str = ""
    need: str
    example: ClassVar[Mapping[str, Any]] = {"place": "420106", "name": "钱芳", "need": "a bed for the night"}


class StrandedOut(Schema):
    """A stranded person, by number and not by name."""

    id: int
    need: str
    found_at: datetime
    settled_at: datetime | None
    how: str


class SettlingIn(Sent):
    """How a stranded person was looked after."""

    how: str
    example: ClassVar[Mapping[str, Any]] = {"how": "a room in the guest house"}


@endpoint("GET", "/firms", P.AREA_VIEW, response=list[FirmOut])
def list_firms(request: Any, area: str = "", limit: int = 100) -> Any:
    """List the firms of an area."""
    return selectors.firms(request.actor, area_path(area))[: page_size(limit)]


@endpoint("POST", "/firms", P.FIRM_EDIT, response=FirmOut)
def enter(request: Any, body: FirmIn) -> Any:
    """Enter a firm."""
    place = place_where(request.actor, P.FIRM_EDIT, body.place)
    told = body.dict(exclude={"place"})
    return services.enter_firm(place=place, **told, by=request.actor, at=request.at)


@endpoint("POST", "/firms/{pk}/reopenings", P.FIRM_EDIT, response=ReopeningOut)
def declare(request: Any, pk: int, body: ReopeningIn) -> Any:
    """Declare that a firm reopens: open at once where the grade needs no permit."""
    row = Firm.objects.select_related("place").get_visible(request.actor, P.FIRM_EDIT, pk=pk)
    return services.declare_reopening(firm=row, n_back=body.n_back, by=request.actor, at=request.at)


@endpoint("POST", "/firms/{pk}/closing", P.FIRM_EDIT, response=FirmOut)
def close(request: Any, pk: int, body: FirmClosingIn) -> Any:
    """Say that a firm closes again."""
    row = Firm.objects.get_visible(request.actor, P.FIRM_EDIT, pk=pk)
    services.close_firm(firm=row, reason=body.reason, by=request.actor, at=request.at)
    return selectors.firms(request.actor, "").get(pk=pk)


@endpoint("POST", "/reopenings/{pk}/decision", P.MEASURE_DECIDE, response=ReopeningOut)
def decide(request: Any, pk: int, body: PermitIn) -> Any:
    """Decide whether a firm may reopen."""
    row = Reopening.objects.get_visible(request.actor, P.MEASURE_DECIDE, pk=pk)
    services.decide_reopening(reopening=row, **body.dict(), by=request.actor, at=request.at)
    row.refresh_from_db()
    return row


@endpoint("POST", "/firms/{pk}/help-requests", P.FIRM_EDIT, response=FirmHelpOut)
def ask_help(request: Any, pk: int, body: FirmHelpIn) -> Any:
    """Say what a firm needs."""
    row = Firm.objects.select_related("place").get_visible(request.actor, P.FIRM_EDIT, pk=pk)
    return services.ask_help(firm=row, **body.dict(), by=request.actor, at=request.at)


@endpoint("POST", "/help-requests/{pk}/answer", P.FIRM_EDIT, response=FirmHelpOut)
def answer(request: Any, pk: int, body: HelpAnswerIn) -> Any:
    """Say what help was given."""
    row = HelpRequest.objects.get_visible(request.actor, P.FIRM_EDIT, pk=pk)
    services.answer_help(request=row, answer=body.answer, by=request.actor, at=request.at)
    row.refresh_from_db()
    return row


@endpoint("GET", "/charters", P.PERSON_VIEW, response=list[CharterOut])
def list_charters(request: Any, area: str = "", limit: int = 100) -> Any:
    """List the journeys that begin or end in an area."""
    return selectors.charters(request.actor, area_path(area), request.at)[: page_size(limit)]


@endpoint("POST", "/charters", P.CHARTER_EDIT, response=CharterOut)
def plan(request: Any, body: CharterIn) -> Any:
    """Plan a bus."""
    here = place_where(request.actor, P.CHARTER_EDIT, body.from_place)
    told = body.dict(exclude={"from_place", "to_place"})
    there = get_place(body.to_place)
    return services.plan_charter(from_place=here, to_place=there, **told, by=request.actor, at=request.at)


@endpoint("POST", "/charters/{pk}/travellers", P.CHARTER_EDIT, response=list[TravellerOut])
def put_on_list(request: Any, pk: int, body: TravellersIn) -> Any:
    """Put people on the list; the answer holds those who are new on it."""
    row = _charter(request, pk)
    place = row.from_place
    people = [
        PersonCandidate(name=one.name, phone=one.phone, place_id=place.pk, path=place.path)
        for one in body.people
    ]
    return services.list_travellers(charter=row, people=people, by=request.actor, at=request.at)


@endpoint("POST", "/travellers/{pk}/check", P.CHARTER_EDIT, response=TravellerOut)
def check(request: Any, pk: int, body: BoardingIn) -> Any:
    """Record a temperature before boarding."""
    rows = Traveller.objects.select_related("charter")
    row = rows.get_visible(request.actor, P.CHARTER_EDIT, pk=pk)
    services.check_traveller(traveller=row, temperature=body.temperature, by=request.actor, at=request.at)
    row.refresh_from_db()
    return row


@endpoint("POST", "/charters/{pk}/departure", P.CHARTER_EDIT, response=CharterOut)
def depart(request: Any, pk: int) -> Any:
    """Let a bus depart with everybody checked."""
    row = _charter(request, pk)
    services.depart(charter=row, by=request.actor, at=request.at)
    row.refresh_from_db()
    return row


@endpoint("POST", "/charters/{pk}/receipt", P.CHARTER_EDIT, response=CharterOut)
def receive(request: Any, pk: int, body: ReceiptIn) -> Any:
    """Take a bus over where it arrives."""
    row = _charter(request, pk)
    services.receive_charter(charter=row, **body.dict(), by=request.actor, at=request.at)
    row.refresh_from_db()
    return row


@endpoint("POST", "/charters/{pk}/call-off", P.CHARTER_EDIT, response=CharterOut)
def call_off(request: Any, pk: int, body: CallOffIn) -> Any:
    """Call a journey off that has not begun."""
    row = Charter.objects.select_related("from_place", "to_place").get_visible(
        request.actor, P.CHARTER_EDIT, pk=pk
    )
    services.call_off(charter=row, reason=body.reason, by=request.actor, at=request.at)
    row.refresh_from_db()
    return row


@endpoint("GET", "/arrivals", P.PERSON_VIEW, response=list[ArrivalOut])
def list_arrivals(request: Any, area: str = "", limit: int = 100) -> Any:
    """List the people who come to an area or leave it alone."""
    return selectors.arrivals(request.actor, area_path(area), request.at)[: page_size(limit)]


@endpoint("POST", "/arrivals", P.CHARTER_EDIT, response=ArrivalOut)
def announce(request: Any, body: ArrivalIn) -> Any:
    """Announce a person who comes alone; the receiving side is owed to meet them."""
    there = place_where(request.actor, P.CHARTER_EDIT, body.to_place)
    who = PersonCandidate(name=body.name, phone=body.phone, place_id=there.pk, path=there.path)
    return services.announce_arrival(
        who=who, from_place=get_place(body.from_place), to_place=there, expected_at=body.expected_at,
        by=request.actor, at=request.at,
    )  # fmt: skip


@endpoint("POST", "/arrivals/{pk}/meeting", P.CHARTER_EDIT, response=ArrivalOut)
def meet(request: Any, pk: int, body: MeetingIn) -> Any:
    """Say that a person came, or was looked for and did not."""
    rows = Arrival.objects.select_related("person", "place", "from_place")
    row = rows.get_visible(request.actor, P.CHARTER_EDIT, pk=pk)
    services.meet_arrival(arrival=row, **body.dict(), by=request.actor, at=request.at)
    row.refresh_from_db()
    return row


@endpoint("GET", "/stranded", P.PERSON_VIEW, response=list[StrandedOut])
def list_stranded(request: Any, area: str = "", limit: int = 100) -> Any:
    """List the stranded people of an area whom nobody has looked after."""
    return selectors.stranded_in(request.actor, area_path(area))[: page_size(limit)]


@endpoint("POST", "/stranded", P.CHARTER_EDIT, response=StrandedOut)
def report(request: Any, body: StrandedIn) -> Any:
    """Report a stranded person."""
    place = place_where(request.actor, P.CHARTER_EDIT, body.place)
    who = PersonCandidate(name=body.name, phone=body.phone, place_id=place.pk, path=place.path)
    return services.report_stranded(who=who, place=place, need=body.need, by=request.actor, at=request.at)


@endpoint("POST", "/stranded/{pk}/settling", P.CHARTER_EDIT, response=StrandedOut)
def settle(request: Any, pk: int, body: SettlingIn) -> Any:
    """Say how a stranded person was looked after."""
    row = Stranded.objects.get_visible(request.actor, P.CHARTER_EDIT, pk=pk)
    services.settle_stranded(stranded=row, how=body.how, by=request.actor, at=request.at)
    row.refresh_from_db()
    return row


def _charter(request: Any, pk: int) -> Charter:
    rows = Charter.objects.select_related("from_place", "to_place")
    found: Charter = rows.get_visible(request.actor, P.CHARTER_EDIT, pk=pk)
    return found
