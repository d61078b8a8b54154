"""Writing the record: always in the writer's own transaction, always with an explicit actor."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from django.db import models

from lianfang.common.bulk import insert_values
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


_COLUMNS = ("at", "actor", "user_id", "unit_id", "tag", "act", "subject", "subject_id", "path", "reason", "before", "after")  # fmt: skip


def record(tag: StrEnum, *, by: Actor, at: datetime, act: str = "", **entry: Any) -> None:
    """Write one audit event; `entry` takes the fields of `Entry`."""
    record_many(tag, [Entry(**entry)], by=by, at=at, act=act)


def record_many(tag: StrEnum, entries: Iterable[Entry], *, by: Actor, at: datetime, act: str = "") -> None:
    """Write one audit event per entry in one statement; `act` ties several events of one act together."""
    common = at, by.name, by.user_id, by.unit_id, str(tag), act
    insert_values(Event, _COLUMNS, [(*common, *_columns(entry)) for entry in entries])


def _columns(entry: Entry) -> tuple[Any, ...]:
    subject = entry.subject
    return (
        _label(type(subject)) if subject else "",
        subject.pk if subject else None,
        entry.path or getattr(subject, "path", "") or "",
        entry.reason,
        entry.before,
        entry.after,
    )


@cache
def _label(model: type[models.Model]) -> str:
    return str(model._meta.label)  # noqa: SLF001 - Django's Meta API
