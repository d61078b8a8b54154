"""Contacts: named, met, told, seen, tested, suspected; the round of a day and the link of the person."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Literal

from ninja import Field, Schema
from pydantic import AwareDatetime

from lianfang.api.door import Sent, area_path, endpoint, page_size
from lianfang.api.registry import SomebodyIn, person_told_of
from lianfang.cases.selectors import get_case
from lianfang.common.clock import local_day
from lianfang.contacts import services
from lianfang.contacts.selectors import (
    ContactFilter,
    exposures_of,
    get_contact,
    get_exposure,
    get_teller,
    list_contacts,
    round_of,
    swabs_of,
)
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.selectors import get_place


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
    """A meeting of a contact with the case; `place` is the code of a place of the register, `place_text` its words."""

    id: int
    place: str
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

    @staticmethod
    def resolve_place(exposure: Any) -> str:
        """The code of the place."""
        return str(exposure.place.code) if exposure.place else ""


class ExposureIn(Sent):
    """A further meeting."""

    to_on: date
    from_on: date | None = None
    setting: str = ""
    proximity: str = ""
    distance_m: float | None = None
    protection: Literal["unknown", "none", "partial", "full"] = "unknown"
    minutes: int | None = None
    place_text: str = ""
    place: str = ""
    counts_because: str = ""
    example: ClassVar[Mapping[str, Any]] = {"to_on": "2020-02-11", "setting": "meal", "minutes": 40}


@endpoint("GET", "/contacts/{pk}/exposures", Permission.CONTACT_VIEW, response=list[ExposureOut])
def exposures(request: Any, pk: int) -> Any:
    """List the meetings of a contact that hold, the latest first."""
    return list(exposures_of(get_contact(request.actor, pk)))


@endpoint("POST", "/contacts/{pk}/exposures", Permission.CONTACT_EDIT, response=ContactOut)
def expose(request: Any, pk: int, body: ExposureIn) -> Any:
    """Record a further meeting; what is on file already changes nothing."""
    contact = get_contact(request.actor, pk)
    met_in = get_place(body.place) if body.place else None
    return services.record_exposure(
        contact=contact, **body.dict(exclude={"place"}), met_in=met_in, by=request.actor, at=request.at
    )


class ToldIn(Sent):
    """One person of an interview; `place` is the code of where they live, empty where nobody said."""

    name: str
    phone: str = ""
    place: str = ""
    last_contact_on: date
    first_contact_on: date | None = None
    relation: str = ""
    setting: str = ""
    protection: Literal["unknown", "none", "partial", "full"] = "unknown"
    distance_m: float | None = None
    place_text: str = ""


class InterviewIn(Sent):
    """Everybody whom a case named, at most 500 at once; `via` is the contact who told of them, in place of the case."""

    people: list[ToldIn] = Field(min_length=1, max_length=500)
    via: int | None = None
    example: ClassVar[Mapping[str, Any]] = {
        "people": [
            {"name": "赵磊", "phone": "13900000001", "last_contact_on": "2020-02-11", "setting": "household"}
        ]
    }


class ListedOut(Schema):
    """What became of one person: the contact, whether the person was known, and whether a person must decide so."""

    contact: ContactOut
    known: bool
    undecided: bool


class SwabOut(Schema):
    """A specimen of a contact; `case` is the number of the case that a positive one opened."""

    number: str
    specimen: str
    kind: str
    taken_at: datetime
    finding: str
    resulted_at: datetime | None
    case: str

    @staticmethod
    def resolve_taken_at(swab: Any) -> Any:
        """When it was taken."""
        return swab.occurred_at

    @staticmethod
    def resolve_case(swab: Any) -> str:
        """The number of the case."""
        return str(swab.case.number) if swab.case else ""


class SwabIn(Sent):
    """A specimen, or its result: the same number again completes it."""

    number: str
    taken_at: AwareDatetime
    specimen: str = "oropharyngeal_swab"
    kind: str = "rt_pcr"
    finding: Literal["positive", "negative", "indeterminate", "pending", "not_done"] = "pending"
    resulted_at: AwareDatetime | None = None
    example: ClassVar[Mapping[str, Any]] = {"number": "C-1", "taken_at": "2020-02-12T10:00:00+08:00"}


class SuspicionIn(Sent):
    """Why a contact is suspected to be a case."""

    reason: str
    example: ClassVar[Mapping[str, Any]] = {"reason": "fever of 38.2 since the morning"}


class SuspectedOut(Schema):
    """The case that was opened or joined."""

    case: str


class SelfLinkOut(Schema):
    """A link for reporting oneself; it is shown once and not kept."""

    token: str
    address: str


class RevocationIn(Sent):
    """Why the links of a person are revoked."""

    reason: str
    example: ClassVar[Mapping[str, Any]] = {"reason": "telephone lost"}


class RevokedOut(Schema):
    """How many links were running."""

    revoked: int


class RoundOut(Schema):
    """Today's visits that are still to be done by hand, the most at risk first; `shed` were set apart by a policy."""

    contacts: list[ContactOut]
    shed: int


class WithdrawnIn(Sent):
    """Why an entry was wrong."""

    reason: str
    example: ClassVar[Mapping[str, Any]] = {"reason": "another person of that name"}


@endpoint("POST", "/exposures/{pk}/withdrawal", Permission.CONTACT_EDIT, response=ContactOut)
def withdraw_exposure(request: Any, pk: int, body: WithdrawnIn) -> Any:
    """Withdraw a meeting that was entered wrongly: it stays on file and no longer counts."""
    entry = get_exposure(request.actor, pk)
    services.withdraw_entry(entry=entry, reason=body.reason, by=request.actor, at=request.at)
    entry.contact.refresh_from_db()
    return entry.contact


@endpoint("POST", "/cases/{number}/interview", Permission.CONTACT_EDIT, response=list[ListedOut])
def interview(request: Any, number: str, body: InterviewIn) -> Any:
    """Name everybody an interview told of, each matched to known people and observed where they live."""
    case = get_case(request.actor, number, Permission.CONTACT_EDIT)
    people = [
        services.Told(
            name=one.name,
            phone=one.phone,
            place=get_place(one.place) if one.place else None,
            last_contact_on=one.last_contact_on,
            fields=one.dict(exclude={"name", "phone", "place", "last_contact_on"}),
        )
        for one in body.people
    ]
    via = get_teller(request.actor, case, body.via) if body.via is not None else None
    listed = services.list_from_interview(case=case, people=people, via=via, by=request.actor, at=request.at)
    return [{"contact": one.contact, "known": one.is_known, "undecided": one.is_undecided} for one in listed]


@endpoint("GET", "/round", Permission.OBSERVATION_RECORD, response=RoundOut)
def round_today(request: Any, area: str = "", limit: int = 100) -> Any:
    """Return whom you are still to see today, ranked by risk, and how many a recorded policy set apart."""
    found = round_of(request.actor, path=area_path(area), on=local_day(request.at), limit=page_size(limit))
    return {"contacts": found.contacts, "shed": found.n_shed}


@endpoint("GET", "/contacts/{pk}/swabs", Permission.CONTACT_VIEW, response=list[SwabOut])
def swabs(request: Any, pk: int) -> Any:
    """List the specimens of a contact, the latest first."""
    return list(swabs_of(get_contact(request.actor, pk)))


@endpoint("POST", "/contacts/{pk}/swabs", Permission.OBSERVATION_RECORD, response=SwabOut)
def swab(request: Any, pk: int, body: SwabIn) -> Any:
    """Record a specimen of a contact or its result; a positive one opens a case."""
    contact = get_contact(request.actor, pk)
    made = services.record_swab(contact=contact, **body.dict(), by=request.actor, at=request.at)
    made.refresh_from_db()
    return made


@endpoint("POST", "/contacts/{pk}/suspicion", Permission.TASK_DO, response=SuspectedOut)
def suspect(request: Any, pk: int, body: SuspicionIn) -> Any:
    """Open a case of a contact, or join the open one, because an answerable person judges that the signs ask for it."""
    contact = get_contact(request.actor, pk)
    case = services.suspect_contact(contact=contact, reason=body.reason, by=request.actor, at=request.at)
    return {"case": case.number}


@endpoint(
    "POST", "/contacts/{pk}/self-link", Permission.OBSERVATION_RECORD, response=SelfLinkOut, shown_once=True
)
def self_link(request: Any, pk: int) -> Any:
    """Make a link by which the person reports; links made before end."""
    contact = get_contact(request.actor, pk, Permission.OBSERVATION_RECORD)
    token = services.make_self_link(contact=contact, by=request.actor, at=request.at)
    return {"token": token, "address": request.build_absolute_uri(f"/s/{token}")}


@endpoint("POST", "/contacts/{pk}/self-link/revocation", Permission.OBSERVATION_RECORD, response=RevokedOut)
def revoke(request: Any, pk: int, body: RevocationIn) -> Any:
    """Revoke the running links of a person."""
    contact = get_contact(request.actor, pk, Permission.OBSERVATION_RECORD)
    n = services.revoke_self_links(contact=contact, reason=body.reason, by=request.actor, at=request.at)
    return {"revoked": n}
