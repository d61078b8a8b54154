"""Writing the record: always in the writer's own transaction, always with an explicit actor."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import models

from lianfang.core.access.actor import Actor
from lianfang.core.audit.models import Event


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One event to be written by `record_many`."""

    subject: models.Model | None = None
    path: str = ""
    reason: str = ""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def record(tag: StrEnum, *, by: Actor, at: datetime, act: str = "", **entry: Any) -> Event:
    """Write one audit event; `entry` takes the fields of `Entry`."""
    return record_many(tag, [Entry(**entry)], by=by, at=at, act=act)[0]


def record_many(
    tag: StrEnum, entries: Iterable[Entry], *, by: Actor, at: datetime, act: str = ""
) -> list[Event]:
    """Write one audit event per entry in one statement; `act` ties several events of one act together."""
    events = [
        Event(
            at=at,
            actor=by.name,
            user_id=by.user_id,
            unit_id=by.unit_id,
            tag=str(tag),
            subject=entry.subject._meta.label if entry.subject else "",  # noqa: SLF001 - Django's Meta API
            subject_id=entry.subject.pk if entry.subject else None,
            path=entry.path or getattr(entry.subject, "path", "") or "",
            reason=entry.reason,
            before=entry.before,
            after=entry.after,
            act=act,
        )
        for entry in entries
    ]
    return Event.objects.bulk_create(events, batch_size=500)
