"""What waits is answered once, and an answer that was wrong is taken back: one shape for permits, help, receipts and people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.loop.touch import touch
from lianfang.resumption.errors import GroundsNeeded, NothingOpen
from lianfang.resumption.events import ResumptionEvent


def reason_of(text: str) -> str:
    """Return the reason without blanks around it; there must be one."""
    if not text.strip():
        raise GroundsNeeded
    return text.strip()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How rows of a model are answered: the columns of the moment and the person, and which rows can be answered at all."""

    model: type[Model]
    event: ResumptionEvent
    permission: Permission
    moment: str
    person: str
    among: Mapping[str, Any] = field(default_factory=dict)
    empty: Mapping[str, Any] = field(
        default_factory=dict
    )  # what further columns hold while nothing is answered


@transaction.atomic
def give_answer(
    kind: Answer, row: Any, *, says: Mapping[str, Any], by: Actor, at: datetime,
    reason: str = "", after: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Answer a row that waits, with the columns in `says`; NothingOpen where it does not wait."""
    by.require(kind.permission, row.path)
    waiting = _rows(kind).filter(pk=row.pk, **{f"{kind.moment}__isnull": True})
    if not waiting.update(**says, **{kind.moment: at, f"{kind.person}_id": by.user_id}):
        raise NothingOpen
    record(kind.event, subject=row, by=by, at=at, reason=reason, after=dict(after or {}))
    touch(kind.model, [row.pk], at=at)


@transaction.atomic
def take_back(kind: Answer, row: Any, *, reason: str, by: Actor, at: datetime) -> None:
    """Take an answer back, with the reason: the row waits again. What was said stays in the record of acts."""
    by.require(kind.permission, row.path)
    text = reason_of(reason)
    given = _rows(kind).filter(pk=row.pk, **{f"{kind.moment}__isnull": False})
    if not given.update(**{kind.moment: None, f"{kind.person}_id": None, **kind.empty}):
        raise NothingOpen
    record(kind.event, subject=row, by=by, at=at, reason=text, after={"taken_back": True})
    touch(kind.model, [row.pk], at=at)


def _rows(kind: Answer) -> Any:
    return kind.model._default_manager.filter(**kind.among)  # noqa: SLF001 - Django's own name for it
