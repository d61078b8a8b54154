"""Naming contacts, and what is known of how they met the case."""

from datetime import date, datetime
from typing import Any

from django.db import transaction

from lianfang.cases.models import Case
from lianfang.common.clock import local_day, start_of
from lianfang.contacts.derive import derive_contacts
from lianfang.contacts.errors import ExposureOutOfOrder
from lianfang.contacts.events import ContactEvent
from lianfang.contacts.meetings import absorb
from lianfang.contacts.models import Contact, Exposure
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Person, Place
from lianfang.loop.touch import touch

# What a caller may say of the contact itself; everything else is of the meeting.
_OF_CONTACT = ("relation", "certainty", "is_high_risk", "notified_at")


@transaction.atomic
def name_contact(
    *,
    person: Person,
    case: Case,
    last_contact_on: date,
    by: Actor,
    at: datetime,
    place: Place | None = None,
    via: Contact | None = None,
    **fields: Any,
) -> Contact:
    """Record that a case named a person as a contact; where the person lives is where the observation is owed.

    `fields` say more of the contact (relation, certainty, is_high_risk) and of the meeting (first_contact_on, setting,
    proximity, distance_m, protection, minutes, met_in, place_text, origin, counts_because). The same person named again
    by the same case adds a meeting. `via` is the contact through whom a contact of a contact met the case.
    """
    by.require(Permission.CONTACT_EDIT, case.path)
    of_contact = {name: fields.pop(name) for name in _OF_CONTACT if name in fields}
    where = place or person.place or case.place
    contact, created = Contact.objects.get_or_create(
        person=person,
        case=case,
        disease=case.disease,
        via=via,
        defaults={
            "place": where,
            "path": where.path,
            "source_path": case.path,
            "last_contact_on": last_contact_on,
            "named_at": at,
            **of_contact,
        },
    )
    more = {n: v for n, v in of_contact.items() if v not in (None, "", False) and getattr(contact, n) != v}
    if more and not created:
        Contact.objects.filter(pk=contact.pk).update(**more)
    meeting = _meeting(contact, last_contact_on, fields, by=by, at=at)
    if not (_put(meeting, at=at) or created or more):
        return contact
    tag = ContactEvent.NAMED if created else ContactEvent.CHANGED
    after = {"case": case.number, "last_contact_on": last_contact_on.isoformat()}
    record(tag, subject=contact, by=by, at=at, after=after)
    touch(Case, [case.pk], at=at)
    return _derived(contact, at=at, by=by)


@transaction.atomic
def record_exposure(
    *, contact: Contact, to_on: date, by: Actor, at: datetime, from_on: date | None = None, **fields: Any
) -> Contact:
    """Record a further meeting of a contact with the case."""
    by.require(Permission.CONTACT_EDIT, _edit_path(contact, by))
    meeting = _meeting(contact, to_on, {"first_contact_on": from_on, **fields}, by=by, at=at)
    if not _put(meeting, at=at):
        return contact
    record(
        ContactEvent.EXPOSED,
        subject=contact,
        by=by,
        at=at,
        after={"to_on": to_on.isoformat(), **_told(fields)},
    )
    return _derived(contact, at=at, by=by)


@transaction.atomic
def correct_exposure(
    *, exposure: Exposure, changes: dict[str, Any], reason: str, by: Actor, at: datetime
) -> Exposure:
    """Correct a meeting: the wrong entry stays on file and says why, the new one counts."""
    contact = exposure.contact
    by.require(Permission.CONTACT_EDIT, _edit_path(contact, by))
    values = {
        field.attname: getattr(exposure, field.attname)
        for field in Exposure._meta.concrete_fields  # noqa: SLF001 - Django's documented Meta API
        if field.attname not in {"id", "superseded_at", "superseded_by_id", "withdrawn_because"}
    }
    made = Exposure(**{**values, **changes, "recorded_at": at, "recorded_by_id": by.user_id})
    _check_days(made, at)
    made.occurred_at = start_of(made.to_on)
    made.save()
    Exposure.objects.filter(pk=exposure.pk).update(
        superseded_at=at, superseded_by=made, withdrawn_because=reason
    )
    record(
        ContactEvent.EXPOSED,
        subject=contact,
        by=by,
        at=at,
        reason=reason,
        before={name: _plain(values.get(name)) for name in changes},
        after={name: _plain(value) for name, value in changes.items()},
    )
    _derived(contact, at=at, by=by)
    return made


def _meeting(contact: Contact, to_on: date, fields: dict[str, Any], *, by: Actor, at: datetime) -> Exposure:
    given = {name: value for name, value in fields.items() if value is not None}
    met_in = given.pop("met_in", None)
    row = Exposure(
        contact=contact,
        to_on=to_on,
        from_on=given.pop("first_contact_on", None),
        place=met_in,
        occurred_at=start_of(to_on),
        recorded_at=at,
        recorded_by_id=by.user_id,
        **given,
    )
    _check_days(row, at)
    return row


def _check_days(row: Exposure, at: datetime) -> None:
    first = row.from_on or row.to_on
    if first > row.to_on or row.to_on > local_day(at):
        raise ExposureOutOfOrder(first=first.isoformat(), last=row.to_on.isoformat())


def _put(meeting: Exposure, *, at: datetime) -> bool:
    """Write the meeting where it says anything new; return whether it did."""
    standing = list(Exposure.objects.current().filter(contact_id=meeting.contact_id).order_by("pk"))
    absorbed = absorb(meeting, standing)
    if not absorbed.is_written:
        return False
    meeting.save()
    if absorbed.corrects is not None:
        Exposure.objects.filter(pk=absorbed.corrects.pk).update(superseded_at=at, superseded_by=meeting)
    return True


def _edit_path(contact: Contact, by: Actor) -> str:
    """Return the side on which the actor may change the contact: where it is observed, or the area of the case."""
    source = str(contact.source_path)
    return source if source and by.may(Permission.CONTACT_EDIT, source) else str(contact.path)


def _told(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in fields.items() if value not in (None, "")}


def _plain(value: object) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _derived(contact: Contact, *, at: datetime, by: Actor) -> Contact:
    derive_contacts([contact.pk], at=at, by=by)
    contact.refresh_from_db()
    return contact
