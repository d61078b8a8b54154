"""Isolation: sites and their free places, stays of people in them and at home, their care, and release by rule."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal

from ninja import Schema
from pydantic import AwareDatetime

from lianfang.api.door import Sent, area_path, endpoint
from lianfang.contacts import services
from lianfang.contacts.occupancy import get_room, get_site, list_sites, rooms_of
from lianfang.contacts.release import release_verdict
from lianfang.contacts.selectors import get_contact, get_stay, stays_of
from lianfang.core.access.permissions import Permission


class SiteOut(Schema):
    """An isolation site, and how full it is now."""

    id: int
    name: str
    kind: str
    place: str
    n_beds: int
    n_taken: int
    n_free: int

    @staticmethod
    def resolve_place(site: Any) -> str:
        """The code of the place."""
        return str(site.place.code)


class RoomOut(Schema):
    """A room of a site with its places, and the stays in them now."""

    label: str
    n_beds: int
    stays: Sequence[int]

    @staticmethod
    def resolve_stays(room: Any) -> list[int]:
        """The ids of the stays."""
        return [stay.pk for stay in room.people]


class StayOut(Schema):
    """A person is isolated in a site (`site`, `room`) or at home, until `until_at`; `released_by` is the edition."""

    id: int
    person: str
    contact: int | None
    kind: str
    site: int | None
    room: str
    from_at: datetime
    until_at: datetime | None
    needs: Sequence[str]
    released_by: str
    reason: str

    @staticmethod
    def resolve_person(stay: Any) -> str:
        """The person's public id."""
        return str(stay.person.uid)

    @staticmethod
    def resolve_contact(stay: Any) -> int | None:
        """The contact by which the person was placed."""
        found: int | None = stay.contact_id
        return found

    @staticmethod
    def resolve_site(stay: Any) -> int | None:
        """The site; none at home."""
        return stay.bed.room.site_id if stay.bed else None

    @staticmethod
    def resolve_room(stay: Any) -> str:
        """The label of the room."""
        return str(stay.bed.room.label) if stay.bed else ""

    @staticmethod
    def resolve_from_at(stay: Any) -> Any:
        """When it began."""
        return stay.occurred_at

    @staticmethod
    def resolve_released_by(stay: Any) -> str:
        """The edition by whose rule it ended."""
        return str(stay.released_by_rule)


class StayIn(Sent):
    """Where a contact is placed: in a free place of `site` (and of `room`), or at home where no site is given."""

    site: int | None = None
    room: str = ""
    from_at: AwareDatetime | None = None
    needs: list[Literal["elder", "child", "disabled", "poor", "alone"]] = []
    example: ClassVar[Mapping[str, Any]] = {"needs": ["alone"]}


class ReleaseIn(Sent):
    """A release; `decides_otherwise` where a condition is missing, and then with the reason."""

    reason: str = ""
    decides_otherwise: bool = False
    example: ClassVar[Mapping[str, Any]] = {"reason": "14 days without signs"}


class StayWithdrawalIn(Sent):
    """Why a stay was entered wrongly."""

    reason: str
    example: ClassVar[Mapping[str, Any]] = {"reason": "another person of that name"}


class LiaisonIn(Sent):
    """Who looks after the person."""

    name: str
    phone: str = ""
    example: ClassVar[Mapping[str, Any]] = {"name": "周敏", "phone": "13900000002"}


class AttendanceIn(Sent):
    """A visit or call, and whether the person was reached."""

    how: Literal["visit", "call"]
    seen_at: AwareDatetime
    reached: bool = True
    note: str = ""
    example: ClassVar[Mapping[str, Any]] = {"how": "call", "seen_at": "2020-02-12T10:00:00+08:00"}


class SupplyIn(Sent):
    """What was brought, and when."""

    brought_at: AwareDatetime
    what: str = ""
    example: ClassVar[Mapping[str, Any]] = {
        "brought_at": "2020-02-12T10:00:00+08:00",
        "what": "rice, medicine",
    }


class ConditionOut(Schema):
    """One condition of release in both languages."""

    en: str
    zh: str


class VerdictOut(Schema):
    """Whether a contact may be released by the edition in force; `judged`: a person gives the reason."""

    edition: str
    ready: bool
    judged: bool
    met: Sequence[ConditionOut]
    missing: Sequence[ConditionOut]


@endpoint("GET", "/isolation-sites", Permission.CONTACT_VIEW, response=list[SiteOut])
def isolation_sites(request: Any, area: str = "") -> Any:
    """List the isolation sites that you may see, with their free places."""
    return list_sites(request.actor, path=area_path(area), at=request.at)


@endpoint("GET", "/isolation-sites/{pk}/rooms", Permission.CONTACT_VIEW, response=list[RoomOut])
def rooms(request: Any, pk: int) -> Any:
    """List the rooms of a site with their places and the stays in them now."""
    return rooms_of(get_site(request.actor, pk), at=request.at)


@endpoint("GET", "/contacts/{pk}/stays", Permission.CONTACT_VIEW, response=list[StayOut])
def stays(request: Any, pk: int) -> Any:
    """List the stays of a contact that you may see, the latest first."""
    return stays_of(request.actor, get_contact(request.actor, pk))


@endpoint("POST", "/contacts/{pk}/stays", Permission.CONTACT_EDIT, response=StayOut)
def place(request: Any, pk: int, body: StayIn) -> Any:
    """Place a contact in isolation, or move one who is; 409 where the site is full or another stay lies in the way."""
    contact = get_contact(request.actor, pk)
    site = room = None
    if body.site is not None:
        site = get_site(request.actor, body.site, Permission.CONTACT_EDIT)
        room = get_room(site, body.room) if body.room else None
    return services.place_contact(
        contact=contact,
        site=site,
        room=room,
        from_at=body.from_at,
        needs=body.needs,
        by=request.actor,
        at=request.at,
    )


@endpoint("GET", "/contacts/{pk}/release", Permission.CONTACT_VIEW, response=VerdictOut)
def verdict(request: Any, pk: int) -> Any:
    """Return what the edition in force asks for before a contact is released, and what of it is missing."""
    found = release_verdict(get_contact(request.actor, pk), at=request.at)
    if found is None:
        return {"edition": "", "ready": True, "judged": False, "met": [], "missing": []}
    return {
        "edition": found.edition.edition_id,
        "ready": found.ready,
        "judged": found.is_judged,
        "met": [{"en": item.text.en, "zh": item.text.zh} for item in found.met],
        "missing": [{"en": item.text.en, "zh": item.text.zh} for item in found.missing],
    }


@endpoint("POST", "/stays/{pk}/release", Permission.CONTACT_EDIT, response=StayOut)
def release(request: Any, pk: int, body: ReleaseIn) -> Any:
    """Release a person from isolation; 409 says which condition of the edition is missing."""
    stay = get_stay(request.actor, pk)
    return services.release(stay=stay, **body.dict(), by=request.actor, at=request.at)


@endpoint("POST", "/stays/{pk}/withdrawal", Permission.CONTACT_EDIT, response=StayOut)
def withdraw(request: Any, pk: int, body: StayWithdrawalIn) -> Any:
    """Withdraw a stay that was entered wrongly: its place is free for that time."""
    stay = get_stay(request.actor, pk)
    services.withdraw_stay(stay=stay, reason=body.reason, by=request.actor, at=request.at)
    return stay


@endpoint("POST", "/stays/{pk}/liaison", Permission.OBSERVATION_RECORD, response=StayOut)
def liaison(request: Any, pk: int, body: LiaisonIn) -> Any:
    """Name the person who looks after somebody in isolation."""
    stay = get_stay(request.actor, pk)
    services.name_liaison(stay=stay, **body.dict(), by=request.actor, at=request.at)
    return stay


@endpoint("POST", "/stays/{pk}/attendance", Permission.OBSERVATION_RECORD, response=StayOut)
def attend(request: Any, pk: int, body: AttendanceIn) -> Any:
    """Record that somebody in isolation was visited or called."""
    stay = get_stay(request.actor, pk)
    services.attend(stay=stay, **body.dict(), by=request.actor, at=request.at)
    return stay


@endpoint("POST", "/stays/{pk}/supplies", Permission.OBSERVATION_RECORD, response=StayOut)
def supply(request: Any, pk: int, body: SupplyIn) -> Any:
    """Record that necessities were brought to somebody in isolation."""
    stay = get_stay(request.actor, pk)
    services.supply(stay=stay, **body.dict(), by=request.actor, at=request.at)
    return stay
