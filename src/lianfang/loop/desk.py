"""What lies on a desk: the owed and late of an area or a unit, counted and listed. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet

from lianfang.common.errors import NotVisible
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.loop.duty import Duty, duties
from lianfang.loop.models import Escalation, Finding, Message, Task, Verification

# What is due within so long is shown as due soon.
SOON = timedelta(hours=4)


@dataclass(frozen=True, kw_only=True)
class TaskFilter:
    """What a list of tasks can be narrowed to; empty fields narrow nothing."""

    path: str = ""
    unit_id: int | None = None
    duty: str = ""
    state: str = "open"  # open, late, soon, missed, done, void, shed, all
    subject_ids: Sequence[int] | None = None


@dataclass(frozen=True, kw_only=True)
class DutyLine:
    """How one duty stands in an area."""

    duty: Duty
    n_open: int
    n_missed: int
    n_late: int
    n_soon: int
    n_shed: int
    oldest_due_at: datetime | None


def narrow(rows: QuerySet[Any], wanted: TaskFilter, at: datetime) -> QuerySet[Any]:
    """Return the rows that `wanted` describes."""
    if wanted.path:
        rows = rows.filter(path__within=wanted.path)
    if wanted.unit_id is not None:
        rows = rows.filter(unit_id=wanted.unit_id)
    if wanted.duty:
        rows = rows.filter(duty=wanted.duty)
    if wanted.subject_ids is not None:
        rows = rows.filter(subject_id__in=wanted.subject_ids)
    by_hand, over = Q(status="open", shed_by__isnull=True), Q(due_at__lt=at)
    states = {
        "open": by_hand & ~(over & _lapsed()),
        "late": by_hand & over & ~_lapsed(),
        "soon": by_hand & Q(due_at__gte=at, due_at__lt=at + SOON),
        "missed": by_hand & over & _lapsed(),
        "shed": Q(status="open", shed_by__isnull=False),
        "done": Q(status="done"),
        "void": Q(status="void"),
    }
    return rows.filter(states[wanted.state]) if wanted.state in states else rows


def _lapsed(duty: str = "duty") -> Q:
    """Return the condition of duties that cannot be done after their deadline: what is over is missed, not late."""
    return Q(**{f"{duty}__in": [each.code for each in duties if each.lapses]})


def by_duty(actor: Actor, *, at: datetime, path: str = "", unit_id: int | None = None) -> list[DutyLine]:
    """Return how each duty stands, the latest first: one query."""
    rows = narrow(
        Task.objects.visible_to(actor), TaskFilter(path=path, unit_id=unit_id, state="all"), at
    ).filter(status="open")
    by_hand, over = Q(shed_by__isnull=True), Q(due_at__lt=at)
    counted = (
        rows.order_by()
        .values("duty")
        .annotate(
            n_open=Count("pk", filter=by_hand & ~(over & _lapsed())),
            n_missed=Count("pk", filter=by_hand & over & _lapsed()),
            n_late=Count("pk", filter=by_hand & over & ~_lapsed()),
            n_soon=Count("pk", filter=by_hand & Q(due_at__gte=at, due_at__lt=at + SOON)),
            n_shed=Count("pk", filter=~by_hand),
            oldest_due_at=Min("due_at", filter=by_hand),
        )
    )
    lines = [DutyLine(duty=duties.get(row.pop("duty")), **row) for row in counted]
    return sorted(lines, key=lambda line: (-line.n_late, -line.n_soon, -line.n_open, line.duty.code))


def list_tasks(
    actor: Actor, wanted: TaskFilter, *, at: datetime, after: tuple[int, int] | None = None, limit: int = 50
) -> list[Task]:
    """Return one page of tasks, the most overdue first; `after` is (due second, id) of the last row before."""
    rows = narrow(Task.objects.visible_to(actor), wanted, at)
    if after is not None:
        due, pk = after
        rows = rows.filter(due_at__gte=due).filter(Q(due_at__gt=due) | Q(pk__gt=pk))
    return list(rows.select_related("unit", "shed_by").order_by("due_at", "pk")[:limit])


def list_steps(actor: Actor, *, path: str = "", limit: int = 200) -> list[Escalation]:
    """Return the newest steps by which the tasks of the actor's areas climbed, each with its task and the unit told."""
    tasks = Task.objects.visible_to(actor).filter(path__within=path)
    rows = Escalation.objects.filter(task__in=tasks.order_by().values("pk"))
    return list(rows.select_related("task__unit", "unit").order_by("-pk")[:limit])


def climbed(actor: Actor, *, missed: bool = False) -> QuerySet[Any]:
    """Return the steps by which undone tasks climbed to the actor's unit: those that can still be done, or the missed."""
    lapsed = _lapsed("task__duty")
    rows = Escalation.objects.filter(unit_id=actor.unit_id or 0, task__status="open")
    return rows.filter(lapsed if missed else ~lapsed)


def get_task(actor: Actor, pk: int) -> Task:
    """Return the task, or raise NotVisible."""
    task: Task = Task.objects.select_related("unit", "unit__place", "shed_by").get_visible(actor, pk=pk)
    return task


def list_findings(actor: Actor, *, path: str = "", open_only: bool = True, limit: int = 100) -> list[Finding]:
    """Return the findings of the area, the most urgent first: those on which nobody has decided, or all that stand."""
    rows = Finding.objects.visible_to(actor).filter(path__within=path)
    rows = rows.unjudged() if open_only else rows.standing()
    return list(rows.select_related("place").order_by("due_at", "pk")[:limit])


def get_finding(actor: Actor, pk: int) -> Finding:
    """Return the finding, or raise NotVisible."""
    finding: Finding = Finding.objects.select_related("place").get_visible(actor, pk=pk)
    return finding


def list_verifications(actor: Actor, *, limit: int = 100) -> list[Verification]:
    """Return the done tasks that the actor's own unit is to verify, the most urgent first."""
    rows = Verification.objects.filter(unit_id=actor.unit_id or 0, accepted__isnull=True)
    return list(rows.select_related("task__unit", "unit").order_by("due_at", "pk")[:limit])


def get_verification(actor: Actor, pk: int) -> Verification:
    """Return a verification of the actor's own unit, or raise NotVisible."""
    rows = Verification.objects.filter(pk=pk, unit_id=actor.unit_id or 0).select_related("task__unit", "unit")
    found = rows.first()
    if found is None:
        raise NotVisible(thing=Verification._meta.verbose_name)  # noqa: SLF001 - Django's documented Meta API
    return found


def tasks_about(subjects: Sequence[tuple[str, Sequence[int]]]) -> list[Task]:
    """Return the tasks of all duties about the given rows, (model label, ids) each, in order of their deadline."""
    wanted = Q(pk__in=[])
    for label, ids in subjects:
        codes = [duty.code for duty in duties if duty.subject._meta.label == label]  # noqa: SLF001 - Meta API
        wanted |= Q(duty__in=codes, subject_id__in=ids)
    return list(Task.objects.filter(wanted).select_related("unit").order_by("due_at", "pk"))


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What waits for a decision of the actor, counted."""

    findings: int
    verifications: int
    messages: int
    escalated: int


def waiting(actor: Actor, *, at: datetime, path: str = "") -> Waiting:
    """Return what waits for the actor's decision in the area: four counts."""
    findings = Finding.objects.visible_to(actor).unjudged()
    if path:
        findings = findings.filter(path__within=path)
    verifications = escalated = messages = 0
    if actor.unit_id is not None:
        if actor.may(Permission.TASK_VERIFY):
            verifications = Verification.objects.filter(unit_id=actor.unit_id, accepted__isnull=True).count()
        escalated = climbed(actor).order_by().values("task").distinct().count()
        messages = n_unread(actor, at)
    return Waiting(
        findings=findings.count(), verifications=verifications, messages=messages, escalated=escalated
    )


def n_unread(actor: Actor, at: datetime) -> int:
    """Return how many messages to the actor's unit nobody has read."""
    if actor.unit_id is None:
        return 0
    return Message.objects.filter(
        unit_id=actor.unit_id, channel="in_app", read_at__isnull=True, send_after__lte=at
    ).count()
