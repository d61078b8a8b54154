"""Reports of the people themselves, through a link that is signed, ends, and can be revoked.

The link shows nothing about the person. Whoever has it can only add readings; each is audited, and as what it counts is
said by the edition (`self_reports`).
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from lianfang.common.clock import end_of, local_day
from lianfang.common.paths import code_of
from lianfang.contacts.errors import LinkUnknown, TooManyReports
from lianfang.contacts.events import ContactEvent
from lianfang.contacts.models import Contact, FollowUp, Observation, Seen, SelfLink, SelfLinkUse
from lianfang.contacts.rules import Rules
from lianfang.contacts.self_links import open_self_link, token_of
from lianfang.contacts.services.observing import record_observation
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record

# A person measures twice a day; a dozen an hour leaves room for mistakes and none for a flood.
PER_HOUR = 12


@transaction.atomic
def make_self_link(*, contact: Contact, by: Actor, at: datetime) -> str:
    """Make a link for a person under observation and return its token; links made before end.

    It runs to the last day of observation. The token is not kept: a lost one is replaced.
    """
    by.require(Permission.OBSERVATION_RECORD, contact.path)
    until = contact.observe_until_on
    if until is None or contact.status != FollowUp.UNDER:
        raise LinkUnknown
    SelfLink.objects.filter(contact__person_id=contact.person_id, revoked_at__isnull=True).update(
        revoked_at=at
    )
    link = SelfLink.objects.create(
        contact=contact, uid=uuid.uuid4(), made_at=at, made_by_id=by.user_id, expires_at=end_of(until)
    )
    record(ContactEvent.LINK_MADE, subject=contact, by=by, at=at, after={"until": until.isoformat()})
    return token_of(link)


@transaction.atomic
def revoke_self_links(*, contact: Contact, reason: str, by: Actor, at: datetime) -> int:
    """Revoke the links of the person; return how many were running."""
    by.require(Permission.OBSERVATION_RECORD, contact.path)
    rows = SelfLink.objects.filter(contact__person_id=contact.person_id, revoked_at__isnull=True)
    n = rows.update(revoked_at=at)
    record(ContactEvent.LINK_REVOKED, subject=contact, by=by, at=at, reason=reason, after={"n": n})
    return n


@transaction.atomic
def report_self(
    *,
    token: str,
    key: str,
    by: Actor,
    at: datetime,
    temperature: float | None = None,
    signs: Sequence[str] = (),
) -> Observation:
    """Take what a person says of themselves; the same `key` again is the same report. TooManyReports above 12 an hour."""
    link = open_self_link(token, at=at)
    full_key = f"self:{link.pk}:{key}"[:120]
    standing = Observation.objects.current().filter(contact=link.contact, key=full_key).first()
    if standing is not None:
        return standing  # type: ignore[no-any-return]
    # The row of the link is locked, so that reports sent at one moment are counted one after the other.
    SelfLink.objects.select_for_update().get(pk=link.pk)
    if SelfLinkUse.objects.filter(link=link, at__gt=at - timedelta(hours=1)).count() >= PER_HOUR:
        raise TooManyReports
    SelfLinkUse.objects.create(link=link, at=at)
    row = record_observation(
        contact=link.contact,
        seen=Seen.SEEN_NOT_OK if signs or _is_fever(link.contact, temperature, at) else Seen.SEEN_OK,
        seen_at=at,
        temperature=temperature,
        signs=list(signs),
        by_self=True,
        key=full_key,
        by=by,
        at=at,
    )
    record(
        ContactEvent.SELF_REPORTED,
        subject=link.contact,
        by=by,
        at=at,
        after={"link": link.pk, "observation": row.pk},
    )
    return row


def _is_fever(contact: Contact, temperature: float | None, at: datetime) -> bool:
    rule = Rules().observing(contact.disease, local_day(at), code_of(contact.path)).rule
    return bool(rule and rule.fever and temperature is not None and rule.fever.holds(temperature))
