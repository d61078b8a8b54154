"""Release from isolation: what the edition asks for, and what an answerable person decides."""

from datetime import datetime

from django.db import transaction

from lianfang.contacts.errors import NotYetReleasable, ReasonNeeded
from lianfang.contacts.models import Contact, FollowUp, Stay
from lianfang.contacts.release import release_verdict
from lianfang.contacts.services.isolating import end_stay
from lianfang.core.access.actor import Actor


@transaction.atomic
def release(
    *, stay: Stay, by: Actor, at: datetime, reason: str = "", decides_otherwise: bool = False
) -> Stay:
    """Release a person from isolation when the edition's conditions hold.

    Where the edition wants a person's judgement, who releases gives the reason. With
    `decides_otherwise` that person releases although a condition is missing.
    """
    contact = _last_row(stay)
    verdict = release_verdict(contact, at=at) if contact else None
    edition = verdict.edition.edition_id if verdict else ""
    missing = [str(item.text) for item in verdict.missing] if verdict and contact and _holds(contact) else []
    needs_judgement = decides_otherwise or (verdict is not None and verdict.is_judged)
    if missing and not decides_otherwise:
        raise NotYetReleasable(edition=edition, missing="; ".join(missing))
    if needs_judgement and not reason.strip():
        raise ReasonNeeded
    return end_stay(stay=stay, until_at=at, reason=reason, edition=edition, by=by, at=at)


def _last_row(stay: Stay) -> Contact | None:
    rows = Contact.objects.filter(person=stay.person_id).exclude(
        status__in=(FollowUp.CANCELLED, FollowUp.NONE)
    )
    return rows.order_by("observe_until_on", "pk").last()


def _holds(contact: Contact) -> bool:
    """Return whether the observation is one that the edition's conditions hold for."""
    return contact.status in (FollowUp.UNDER, FollowUp.COMPLETED)
