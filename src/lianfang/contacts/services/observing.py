"""Observing contacts: telling them, seeing them, ending early, withdrawing what was entered wrongly."""

from datetime import datetime
from typing import Any

from django.db import transaction

from lianfang.common.clock import local_day
from lianfang.contacts.derive import derive_contacts
from lianfang.contacts.errors import ObservationClosed
from lianfang.contacts.events import ContactEvent
from lianfang.contacts.models import Closing, Contact, Exposure, FollowUp, Observation
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.loop.touch import touch


@transaction.atomic
def notify_contact(*, contact: Contact, notified_at: datetime, by: Actor, at: datetime) -> Contact:
    """Record that the person was told and placed under observation."""
    by.require(Permission.OBSERVATION_RECORD, contact.path)
    Contact.objects.filter(pk=contact.pk, notified_at__isnull=True).update(notified_at=notified_at)
    record(
        ContactEvent.NOTIFIED, subject=contact, by=by, at=at, after={"notified_at": notified_at.isoformat()}
    )
    return _derived(contact, at=at, by=by)


@transaction.atomic
def record_observation(
    *, contact: Contact, seen: str, seen_at: datetime, by: Actor, at: datetime, key: str = "", **fields: Any
) -> Observation:
    """Record a visit of a day of observation: seen well, seen with signs (which is then to be followed up), or not found.

    The same `key` again (a phone that sends twice) is the same visit.
    """
    by.require(Permission.OBSERVATION_RECORD, contact.path)
    if contact.status in {FollowUp.CANCELLED, FollowUp.NONE}:
        raise ObservationClosed(status=contact.get_status_display())
    if key:
        standing = Observation.objects.current().filter(contact=contact, key=key).first()
        if standing is not None:
            return standing  # type: ignore[no-any-return]
    row = Observation.objects.create(
        contact=contact,
        on=local_day(seen_at),
        seen=seen,
        occurred_at=seen_at,
        recorded_at=at,
        recorded_by_id=by.user_id,
        key=key,
        **fields,
    )
    record(
        ContactEvent.OBSERVED, subject=contact, by=by, at=at, after={"on": row.on.isoformat(), "seen": seen}
    )
    touch(Observation, [row.pk], at=at)
    _derived(contact, at=at, by=by)
    return row


@transaction.atomic
def close_observation(*, contact: Contact, status: str, reason: str, by: Actor, at: datetime) -> Closing:
    """End an observation early (lost, cancelled, not needed) with a reason."""
    by.require(Permission.CONTACT_EDIT, contact.path)
    row = Closing.objects.create(
        contact=contact,
        status=status,
        reason=reason,
        occurred_at=at,
        recorded_at=at,
        recorded_by_id=by.user_id,
    )
    record(ContactEvent.CLOSED, subject=contact, by=by, at=at, reason=reason, after={"status": status})
    _derived(contact, at=at, by=by)
    return row


@transaction.atomic
def withdraw_entry(*, entry: Observation | Closing | Exposure, reason: str, by: Actor, at: datetime) -> None:
    """Withdraw a wrong visit, closing or meeting: it stays on file, says why, and no longer counts."""
    contact = entry.contact
    by.require(Permission.CONTACT_EDIT, contact.path)
    type(entry).objects.filter(pk=entry.pk, superseded_at__isnull=True).update(
        superseded_at=at, withdrawn_because=reason
    )
    record(ContactEvent.WITHDRAWN, subject=contact, by=by, at=at, reason=reason, before={"entry": entry.pk})
    if isinstance(entry, Observation):
        touch(Observation, [entry.pk], at=at)
    _derived(contact, at=at, by=by)


def _derived(contact: Contact, *, at: datetime, by: Actor) -> Contact:
    derive_contacts([contact.pk], at=at, by=by)
    contact.refresh_from_db()
    return contact
