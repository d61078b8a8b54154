"""Work of measures and plans is reported by those who did it."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.loop.models import Task
from lianfang.loop.touch import touch
from lianfang.measures.duties import CODES
from lianfang.measures.errors import BadDates, NoSuchReport, NotYourWork
from lianfang.measures.events import MeasureEvent
from lianfang.measures.models import Work, WorkReport
from lianfang.measures.services.deciding import reason_of


@transaction.atomic
def report_work(
    *,
    work: Work,
    by: Actor,
    at: datetime,
    done_at: datetime | None = None,
    n_done: int | None = None,
    n_found: int | None = None,
    note: str = "",
) -> WorkReport:
    """Report that a piece of work was done, with how many were seen and what was found; it proves the duty."""
    _require_doer(work, by)
    moment = done_at or at
    if moment > at or moment < work.from_at:
        raise BadDates(reason=moment.isoformat())
    row = WorkReport.objects.create(
        work=_owing(work, moment),
        unit_id=by.unit_id,
        n_done=n_done,
        n_found=n_found,
        note=note.strip(),
        occurred_at=moment,
        recorded_at=at,
        recorded_by_id=by.user_id,
    )
    after = {"done_at": moment.isoformat(), "n_done": n_done, "n_found": n_found}
    record(MeasureEvent.WORKED, subject=row.work, by=by, at=at, after=after)
    touch(Work, [row.work_id], at=at)
    return row


def _owing(work: Work, moment: datetime) -> Work:
    """Return the piece of work that owes the round at a moment: where several measures ask for it, the earliest."""
    if work.measure_id is None:
        return work
    same = {name: getattr(work, name) for name in ("place_id", "code", "every_days", "within_hours")}
    rows = Work.objects.filter(measure__isnull=False, pk__lte=work.pk, from_at__lte=moment, **same)
    return rows.filter(Q(until_at__isnull=True) | Q(until_at__gt=moment)).order_by("pk").first() or work


@transaction.atomic
def withdraw_report(*, report: WorkReport, reason: str, by: Actor, at: datetime) -> None:
    """Take back a report: the work is owed again."""
    _require_doer(report.work, by)
    changed = WorkReport.objects.current().filter(pk=report.pk)
    if not changed.update(superseded_at=at, withdrawn_because=reason_of(reason)):
        raise NoSuchReport
    record(MeasureEvent.WORKED, subject=report.work, by=by, at=at, reason=reason, after={"withdrawn": True})
    touch(Work, [report.work_id], at=at)


def _require_doer(work: Work, by: Actor) -> None:
    """Let the unit that answers report wherever the place is; others need the permission in the area."""
    by.require(Permission.TASK_DO)
    if by.may(Permission.TASK_DO, work.path):
        return
    own = Task.objects.filter(duty__in=CODES, subject_id=work.pk, unit_id=by.unit_id or 0)
    if not own.exists():
        raise NotYourWork
