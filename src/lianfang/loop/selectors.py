"""Reads of the loop for doors and for the apps above: replay, the loop's half of a trace, and how the worker does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext

from lianfang.common.errors import NotVisible
from lianfang.common.paths import lineage
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.loop.duty import duties
from lianfang.loop.models import (
    Feedback,
    Finding,
    Judgement,
    Message,
    Pass,
    SheddingPolicy,
    Task,
    Touched,
    Transition,
    Verification,
    Word,
)
from lianfang.loop.outbox import MOST_ATTEMPTS


@dataclass(frozen=True, kw_only=True)
class Owed:
    """One task as the system knew it at a moment."""

    task_id: int
    duty: str
    subject_id: int
    occasion: str
    path: str
    unit_id: int
    due_at: datetime
    was_late: bool


def owed_at(actor: Actor, moment: datetime, *, path: str = "", late_only: bool = False) -> list[Owed]:
    """Return what was owed at `moment` as known then, with unit and deadline as they stood; the latest first.

    Read from the log of transitions alone, so that what was learnt later does not show. The area is the one the task
    has now.
    """
    tasks = Task.objects.visible_to(actor).filter(opened_at__lte=moment)
    if path:
        tasks = tasks.filter(path__within=path)
    rows = as_logged(moment).filter(task__in=tasks.order_by().values("pk"))
    if late_only:
        rows = rows.filter(due_at__lt=moment)
    taken = rows.order_by("due_at", "task_id").values_list(
        "task_id", "task__duty", "task__subject_id", "task__occasion", "task__path", "unit_id", "due_at"
    )
    return [
        Owed(
            task_id=task,
            duty=duty,
            subject_id=subject,
            occasion=occasion,
            path=area,
            unit_id=unit,
            due_at=due,
            was_late=due < moment,
        )
        for task, duty, subject, occasion, area, unit, due in taken
    ]


def as_logged(moment: datetime) -> QuerySet[Any]:
    """Return the transition by which each task stood open at `moment`: the last one up to then, unless it closed it."""
    later = Transition.objects.filter(task_id=OuterRef("task_id"), pk__gt=OuterRef("pk"), at__lte=moment)
    return (
        Transition.objects.filter(Q(at__lte=moment) & ~Exists(later))
        .exclude(word__in=(Word.MET, Word.WITHDRAWN))
        .exclude(word=Word.CHANGED, met_at__isnull=False)
    )


@dataclass(frozen=True, kw_only=True)
class LoopTrace:
    """The stages of a signal that the loop knows: findings, judgements, tasks, verifications, feedback, each by moment."""

    findings: Sequence[Finding]
    judgements: Sequence[Judgement]
    tasks: Sequence[Task]
    verifications: Sequence[Verification]
    feedback: Sequence[Feedback]


def trace_of(actor: Actor, records: Sequence[tuple[str, int]], *, signal_id: int | None = None) -> LoopTrace:
    """Return what the loop made of the records (model label, id) that came of a signal, as far as `actor` may see it.

    Five queries. The findings are those about the records and those that name the signal; the tasks those about the
    records and those about the findings (to judge them).
    """
    about = Q(pk__in=[])
    for label, ids in _by_label(records).items():
        about |= Q(subject=label, subject_id__in=ids)
    if signal_id is not None:
        about |= Q(signal_id=signal_id)
    findings = list(Finding.objects.visible_to(actor).filter(about).order_by("found_at", "pk"))
    subjects = _by_label([*records, *((Finding._meta.label, row.pk) for row in findings)])  # noqa: SLF001
    wanted = Q(pk__in=[])
    for duty in duties:
        about_it = subjects.get(duty.subject._meta.label)  # noqa: SLF001
        if about_it:
            wanted |= Q(duty=duty.code, subject_id__in=about_it)
    tasks = list(
        Task.objects.visible_to(actor).filter(wanted).select_related("unit").order_by("since_at", "pk")
    )
    feedback = (
        Feedback.objects.filter(signal_id=signal_id) if signal_id is not None else Feedback.objects.none()
    )
    return LoopTrace(
        findings=findings,
        judgements=list(
            Judgement.objects.filter(finding__in=findings)
            .select_related("finding", "by")
            .order_by("at", "pk")
        ),
        tasks=tasks,
        verifications=list(
            Verification.objects.filter(task__in=tasks)
            .select_related("unit", "by")
            .order_by("drawn_at", "pk")
        ),
        feedback=list(feedback.select_related("unit").order_by("at", "pk")),
    )


def _by_label(records: Sequence[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for label, pk in records:
        found.setdefault(label, []).append(pk)
    return found


@dataclass(frozen=True, kw_only=True)
class DutyRun:
    """How the passes of one duty (or of another step of the worker) have gone."""

    name: str
    last_full_at: datetime | None
    last_change_at: datetime | None
    seconds: float | None  # of the last full pass
    failed_at: datetime | None  # since when it has failed; None where the last full pass went well
    failure: str


@dataclass(frozen=True, kw_only=True)
class WorkerState:
    """Whether the loop turns, how far it lags behind, and what fails."""

    last_sweep_at: datetime | None
    n_waiting: int
    lag: timedelta  # age of the oldest touched row
    runs: Sequence[DutyRun]
    n_unsent: int
    n_given_up: int

    is_alive: bool = False

    @property
    def failing(self) -> list[DutyRun]:
        """What has failed and not gone well since."""
        return [run for run in self.runs if run.failed_at is not None]


def worker_state(*, at: datetime) -> WorkerState:
    """Return how the worker does, from the database alone: right whichever process asks (5 queries)."""
    waiting = Touched.objects.aggregate(oldest=Min("at"))
    runs = _runs()
    last = max((run.last_full_at for run in runs if run.last_full_at is not None), default=None)
    patience = timedelta(seconds=2 * settings.LOOP_SWEEP_SECONDS)
    unsent = Message.objects.filter(sent_at__isnull=True, send_after__lte=at)
    return WorkerState(
        last_sweep_at=last,
        n_waiting=Touched.objects.count(),
        lag=max(at - waiting["oldest"], timedelta()) if waiting["oldest"] else timedelta(),
        runs=runs,
        n_unsent=unsent.count(),
        n_given_up=Message.objects.filter(sent_at__isnull=True, attempts__gte=MOST_ATTEMPTS).count(),
        is_alive=last is not None and at - last <= patience,
    )


def _runs() -> list[DutyRun]:
    well = Q(failure="")
    wrote = Q(opened__gt=0) | Q(changed__gt=0) | Q(met__gt=0) | Q(reopened__gt=0) | Q(withdrawn__gt=0)
    of_name = Pass.objects.filter(duty=OuterRef("duty")).order_by("-pk")
    rows = (
        Pass.objects.order_by()
        .values("duty")
        .annotate(
            last_full_at=Max("at", filter=well & Q(full=True)),
            last_change_at=Max("at", filter=well & wrote),
            last_full=Max("pk", filter=well & Q(full=True)),
            failed=Max("pk", filter=~well),
            failed_at=Max("at", filter=~well),
            seconds=Subquery(of_name.filter(full=True, failure="").values("seconds")[:1]),
            failure=Subquery(of_name.exclude(failure="").values("failure")[:1]),
        )
    )
    runs = []
    for row in rows:
        fails = row["failed"] is not None and row["failed"] > (row["last_full"] or 0)
        runs.append(
            DutyRun(
                name=row["duty"],
                last_full_at=row["last_full_at"],
                last_change_at=row["last_change_at"],
                seconds=row["seconds"],
                failed_at=row["failed_at"] if fails else None,
                failure=row["failure"] if fails else "",
            )
        )
    return sorted(runs, key=lambda run: (run.failed_at is None, run.name))


def failing_messages() -> QuerySet[Any]:
    """Return the messages that could not be sent yet, those given up first."""
    rows = Message.objects.filter(sent_at__isnull=True).exclude(failure="")
    return rows.select_related("unit").order_by("-attempts", "pk")


def shedding_policies(actor: Actor, *, at: datetime, path: str = "") -> QuerySet[Any]:
    """Return the policies in force that bear on the area: those within it and those of the areas around it."""
    rows = SheddingPolicy.objects.filter(from_at__lte=at, until_at__gt=at)
    areas = actor.paths(Permission.TASK_VIEW)
    around = Q(pk__in=[])
    for area in areas:
        own = path if path and path.startswith(area) else area
        around |= Q(path__within=own) | Q(path__in=lineage(own))
    return rows.filter(around).select_related("place", "decided_by").order_by(F("until_at"), "pk")


def get_policy(actor: Actor, pk: int) -> SheddingPolicy:
    """Return a policy of an area in which the actor sheds load, or raise NotVisible."""
    policy = SheddingPolicy.objects.filter(pk=pk).select_related("place", "decided_by").first()
    if policy is None or not actor.may(Permission.POLICY_SHED, policy.path):
        raise NotVisible(thing=gettext("policy"))
    return policy


def feedback_to(unit_id: int, *, limit: int = 100) -> list[Feedback]:
    """Return the newest news for a source's unit."""
    return list(Feedback.objects.filter(unit_id=unit_id).order_by("-pk")[:limit])
