"""Reads of the record."""

from dataclasses import dataclass
from datetime import datetime

from lianfang.core.access.actor import Actor
from lianfang.core.audit.models import Event, EventQuerySet


@dataclass(frozen=True, kw_only=True)
class EventFilter:
    """What a reader of the record asks for; empty fields do not filter."""

    tag: str = ""  # a tag, or the beginning of one: "registry."
    subject: str = ""
    subject_id: int | None = None
    user_id: int | None = None
    path: str = ""
    act: str = ""
    from_at: datetime | None = None
    until_at: datetime | None = None


def events(actor: Actor, asked: EventFilter | None = None) -> EventQuerySet:
    """Return the events that `actor` may see, the newest first."""
    asked = asked or EventFilter()
    rows = Event.objects.visible_to(actor).select_related("user", "unit").order_by("-id")
    if asked.path:
        rows = rows.filter(path__within=asked.path)
    conditions = {
        "tag__startswith": asked.tag,
        "subject": asked.subject,
        "subject_id": asked.subject_id,
        "user": asked.user_id,
        "act": asked.act,
        "at__gte": asked.from_at,
        "at__lte": asked.until_at,
    }
    given = {name: value for name, value in conditions.items() if value not in {"", None}}
    return rows.filter(**given)


def events_about(actor: Actor, *, subject: str, subject_id: int) -> EventQuerySet:
    """Return what was done to one row, the newest first: who read or changed it, when, and why."""
    return events(actor, EventFilter(subject=subject, subject_id=subject_id))
