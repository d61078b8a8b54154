"""Contacts and their visits."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Literal

from ninja import Schema
from pydantic import AwareDatetime

from lianfang.api.door import Sent, area_path, endpoint, page_size
from lianfang.api.registry import SomebodyIn, person_told_of
from lianfang.cases.selectors import get_case
from lianfang.contacts import services
from lianfang.contacts.occupancy import list_sites
from lianfang.contacts.selectors import ContactFilter, exposures_of, get_contact, list_contacts
from lianfang.core.access.permissions import Permission


class ContactOut(Schema):
    """A contact, without name."""

    id: int
    person: str
    case: str
    place: str
    last_contact_on: date
    observe_until_on: date | None
    status: str

    @staticmethod
    def resolve_person(contact: Any) -> str:
        """The person's public id."""
        return str(contact.person.uid)

    @staticmethod
    def resolve_case(contact: Any) -> str:
        """The number of the case that named the contact."""
        return contact.case.number if contact.case else ""

    @staticmethod
    def resolve_place(contact: Any) -> str:
        """The code of the place where the contact is observed."""
        return str(contact.place.code)


class NamedIn(SomebodyIn):
    """A person whom a case named; `setting` is household, workplace ..."""

    last_contact_on: date
    setting: str = ""
    example: ClassVar[Mapping[str, Any]] = {
        "who": {"place": "420106", "name": "赵磊", "sex": "male", "phone": "13900000001"},
        "last_contact_on": "2020-02-11",
        "setting": "household",
    }


class VisitIn(Sent):
    """A visit; `key` makes sending it twice harmless."""

    seen: Literal["seen_ok", "seen_not_ok", "missed", "not_attempted", "not_performed"]
    seen_at: AwareDatetime
    temperature: float | None = None
    signs: list[str] = []
    key: str = ""
    example: ClassVar[Mapping[str, Any]] = {
        "seen": "seen_ok",
        "seen_at": "2020-02-12T10:00:00+08:00",
        "temperature": 36.6,
    }


class NotifiedIn(Sent):
    """When the person was told and placed under observation."""

    notified_at: AwareDatetime
    example: ClassVar[Mapping[str, Any]] = {"notified_at": "2020-02-12T10:00:00+08:00"}


class ClosingIn(Sent):
    """Why the observation ends early."""

    status: Literal["lost", "cancelled", "no_follow_up"]
    reason: str
    example: ClassVar[Mapping[str, Any]] = {"status": "lost", "reason": "moved away, address unknown"}


@endpoint("GET", "/contacts", Permission.CONTACT_VIEW, response=list[ContactOut])
def list_all(request: Any, area: str = "", status: str = "", limit: int = 100) -> Any:
    """List the contacts that you may see, the newest named first."""
    wanted = ContactFilter(path=area_path(area), status=status)
    return list_contacts(request.actor, wanted, limit=page_size(limit))


@endpoint("GET", "/contacts/{pk}", Permission.CONTACT_VIEW, response=ContactOut)
def one(request: Any, pk: int) -> Any:
    """Return one contact."""
    return get_contact(request.actor, pk)


@endpoint("POST", "/contacts/{pk}/visits", Permission.OBSERVATION_RECORD, response=ContactOut)
def visit(request: Any, pk: int, body: VisitIn) -> Any:
    """Record a visit of a contact under observation."""
    contact = get_contact(request.actor, pk)
    services.record_observation(contact=contact, **body.dict(), by=request.actor, at=request.at)
    return contact


@endpoint("POST", "/cases/{number}/contacts", Permission.CONTACT_EDIT, response=ContactOut)
def name(request: Any, number: str, body: NamedIn) -> Any:
    """Record that a case named a person as a contact; named again, the days of contact widen."""
    case = get_case(request.actor, number)
    person = person_told_of(request, body)
    told = body.dict(exclude={"person", "who"})
    return services.name_contact(person=person, case=case, **told, by=request.actor, at=request.at)


@endpoint("POST", "/contacts/{pk}/notification", Permission.OBSERVATION_RECORD, response=ContactOut)
def notify(request: Any, pk: int, body: NotifiedIn) -> Any:
    """Record that the person was told and placed under observation."""
    contact = get_contact(request.actor, pk)
    return services.notify_contact(
        contact=contact, notified_at=body.notified_at, by=request.actor, at=request.at
    )


@endpoint("POST", "/contacts/{pk}/closing", Permission.CONTACT_EDIT, response=ContactOut)
def close(request: Any, pk: int, body: ClosingIn) -> Any:
    """End an observation early, with a reason."""
    contact = get_contact(request.actor, pk)
    services.close_observation(contact=contact, **body.dict(), by=request.actor, at=request.at)
    contact.refresh_from_db()
    return contact


class ExposureOut(Schema):
    """A meeting of a contact with the case."""

    from_on: date | None
    to_on: date
    setting: str
    proximity: str
    distance_m: float | None
    protection: str
    minutes: int | None
    place_text: str
    origin: str
    counts_because: str


class ExposureIn(Sent):
    """A further meeting."""

    to_on: date
    from_on: date | None = None
    setting: str = ""
    proximity: str = ""
    distance_m: float | None = None
    protection: str = "unknown"
    minutes: int | None = None
    place_text: str = ""
    example: ClassVar[Mapping[str, Any]] = {"to_on": "2020-02-11", "setting": "meal", "minutes": 40}


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


@endpoint("GET", "/contacts/{pk}/exposures", Permission.CONTACT_VIEW, response=list[ExposureOut])
def exposures(request: Any, pk: int) -> Any:
    """List the meetings of a contact that hold, the latest first."""
    return list(exposures_of(get_contact(request.actor, pk)))


@endpoint("POST", "/contacts/{pk}/exposures", Permission.CONTACT_EDIT, response=ContactOut)
def expose(request: Any, pk: int, body: ExposureIn) -> Any:
    """Record a further meeting; what is on file already changes nothing."""
    contact = get_contact(request.actor, pk)
    return services.record_exposure(contact=contact, **body.dict(), by=request.actor, at=request.at)


@endpoint("GET", "/isolation-sites", Permission.CONTACT_VIEW, response=list[SiteOut])
def isolation_sites(request: Any, area: str = "") -> Any:
    """List the isolation sites that you may see, with their free places."""
    return list_sites(request.actor, path=area_path(area), at=request.at)
