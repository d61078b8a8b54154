"""Advice from afar or by a round of experts: asked, scheduled, answered."""

from datetime import datetime

from django.db import transaction

from lianfang.cases.models import Case
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Unit
from lianfang.loop.touch import touch
from lianfang.teams.errors import AlreadyAnswered
from lianfang.teams.events import TeamEvent
from lianfang.teams.models import Consultation


@transaction.atomic
def ask_advice(
    *,
    form: str,
    from_unit: Unit,
    to_unit: Unit,
    question: str,
    by: Actor,
    at: datetime,
    case: Case | None = None,
) -> Consultation:
    """Ask another unit for advice, from afar or by a round of its experts."""
    by.require(Permission.CARE_EDIT, from_unit.path)
    row = Consultation.objects.create(
        form=form, from_unit=from_unit, to_unit=to_unit, question=question, case=case, path=from_unit.path,
        source_path=to_unit.path, asked_at=at, asked_by_id=by.user_id,
    )  # fmt: skip
    record(TeamEvent.ASKED, subject=row, by=by, at=at, after={"to": to_unit.code, "form": form})
    touch(Consultation, [row.pk], at=at)
    return row


@transaction.atomic
def schedule_consultation(
    *, consultation: Consultation, scheduled_for: datetime, by: Actor, at: datetime
) -> None:
    """Set when a consultation takes place."""
    by.require(Permission.CARE_EDIT, consultation.source_path)
    done = Consultation.objects.filter(pk=consultation.pk, answered_at__isnull=True).update(
        scheduled_for=scheduled_for
    )
    if not done:
        raise AlreadyAnswered
    record(TeamEvent.SCHEDULED, subject=consultation, by=by, at=at, after={"for": scheduled_for.isoformat()})
    touch(Consultation, [consultation.pk], at=at)


@transaction.atomic
def answer_consultation(*, consultation: Consultation, answer: str, by: Actor, at: datetime) -> None:
    """Answer a consultation."""
    by.require(Permission.CARE_EDIT, consultation.source_path)
    done = Consultation.objects.filter(pk=consultation.pk, answered_at__isnull=True).update(
        answered_at=at, answer=answer, answered_by_id=by.user_id
    )
    if not done:
        raise AlreadyAnswered
    record(TeamEvent.ANSWERED, subject=consultation, by=by, at=at)
    touch(Consultation, [consultation.pk], at=at)


@transaction.atomic
def reopen_consultation(*, consultation: Consultation, reason: str, by: Actor, at: datetime) -> None:
    """Reopen a consultation whose answer was for another: it is owed again."""
    by.require(Permission.CARE_EDIT, consultation.source_path)
    Consultation.objects.filter(pk=consultation.pk).update(answered_at=None)
    record(TeamEvent.ANSWERED, subject=consultation, by=by, at=at, reason=reason, after={"reopened": True})
    touch(Consultation, [consultation.pk], at=at)
