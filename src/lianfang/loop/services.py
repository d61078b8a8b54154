"""What people can do in the loop. Each act writes, queues what is affected, and records who did it, in one transaction."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext

from lianfang.common.errors import NotYet
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Place
from lianfang.loop.duty import Evidence, duties
from lianfang.loop.errors import (
    AlreadyDecided,
    CompletionGone,
    EvidenceGone,
    FindingGone,
    NotSheddable,
    NotYours,
    OwnWork,
    PolicyNotPossible,
    PolicyOver,
    ProvedByRecord,
    ReasonMissing,
    TaskNotOpen,
)
from lianfang.loop.events import LoopEvent
from lianfang.loop.models import (
    Completion,
    Finding,
    Judgement,
    Message,
    SheddingMode,
    SheddingPolicy,
    Status,
    Task,
    Verification,
)
from lianfang.loop.outbox import enqueue
from lianfang.loop.shedding import apply_shedding
from lianfang.loop.touch import touch


@transaction.atomic
def complete_task(
    *, task: Task, by: Actor, at: datetime, note: str = "", done_at: datetime | None = None
) -> Completion:
    """Take the word of the one who did it; only where the duty accepts a word (ProvedByRecord names the record else).

    The task closes with the next pass. The word is open to verification like any evidence.
    """
    duty = duties.get(task.duty)
    _require_doer(task, by)
    if duty.evidence is not Evidence.CLICK:
        raise ProvedByRecord(sentence=duty.sentence, subject=str(duty.subject._meta.verbose_name))  # noqa: SLF001
    if task.status != Status.OPEN:
        raise TaskNotOpen(status=task.get_status_display())
    moment = done_at or at
    if moment > at:
        raise NotYet(moment=moment.isoformat())
    word = Completion.objects.create(
        task=task, done_at=moment, recorded_at=at, by_id=by.user_id, note=note.strip()
    )
    record(
        LoopEvent.COMPLETED, subject=task, by=by, at=at, reason=note, after={"done_at": moment.isoformat()}
    )
    _touch_subject(task, at)
    return word


@transaction.atomic
def withdraw_completion(*, completion: Completion, reason: str, by: Actor, at: datetime) -> None:
    """Take back the word that a task was done: it stays on file and no longer counts."""
    task = completion.task
    _require_doer(task, by)
    _need(reason)
    changed = Completion.objects.filter(pk=completion.pk, withdrawn_at__isnull=True).update(withdrawn_at=at)
    if not changed:
        raise CompletionGone
    record(LoopEvent.COMPLETION_WITHDRAWN, subject=task, by=by, at=at, reason=reason)
    _touch_subject(task, at)


def _require_doer(task: Task, by: Actor) -> None:
    """Let the unit that answers do its tasks wherever the subject is; others need the permission in the area."""
    if by.unit_id is not None and by.unit_id == task.unit_id and by.may(Permission.TASK_DO):
        return
    by.require(Permission.TASK_DO)
    if not by.may(Permission.TASK_DO, task.path):
        raise NotYours(unit=str(task.unit))


@transaction.atomic
def accept_verification(*, verification: Verification, by: Actor, at: datetime, reason: str = "") -> None:
    """Say, for a second unit, that a task was really done; takes back an earlier rejection of the same evidence."""
    _decide(verification, accepted=True, reason=reason, by=by, at=at)


@transaction.atomic
def reject_verification(*, verification: Verification, reason: str, by: Actor, at: datetime) -> None:
    """Say, for a second unit, that a task was not done: all evidence up to now no longer counts, and its clock runs on."""
    _need(reason)
    _decide(verification, accepted=False, reason=reason, by=by, at=at)


def _decide(verification: Verification, *, accepted: bool, reason: str, by: Actor, at: datetime) -> None:
    task = Task.objects.get(pk=verification.task_id)
    if by.unit_id != verification.unit_id:
        by.require(Permission.TASK_VERIFY, verification.path)
    if by.unit_id is not None and by.unit_id == task.unit_id:
        raise OwnWork(unit=str(verification.unit))
    before = Verification.objects.get(pk=verification.pk).accepted
    if before is accepted:
        raise AlreadyDecided
    if before is None and (task.met_at != verification.met_at or task.status != Status.DONE):
        raise EvidenceGone
    Verification.objects.filter(pk=verification.pk).update(
        accepted=accepted, decided_at=at, by_id=by.user_id, reason=reason.strip()
    )
    verification.refresh_from_db()
    tag = LoopEvent.ACCEPTED if accepted else LoopEvent.REJECTED
    after = {"accepted": accepted, "task": task.pk}
    record(tag, subject=verification, by=by, at=at, reason=reason, before={"accepted": before}, after=after)
    touch(Verification, [verification.pk], at=at)
    _touch_subject(task, at)
    # Last of all: a row lock on a task that waits for nothing can block no pass for good.
    rejected = Verification.objects.filter(task=task, accepted=False).aggregate(last=Max("decided_at"))
    Task.objects.filter(pk=task.pk).update(rejected_at=rejected["last"])


@transaction.atomic
def judge_finding(*, finding: Finding, decision: str, reason: str, by: Actor, at: datetime) -> Judgement:
    """Decide on a finding, with a reason; the newest judgement holds and none is overwritten.

    What follows from it is worked out by the app whose finding it is, which watches `loop.Finding`.
    """
    by.require(Permission.FINDING_JUDGE, finding.path)
    _need(reason)
    if Finding.objects.filter(pk=finding.pk, withdrawn_at__isnull=False).exists():
        raise FindingGone
    judgement = Judgement.objects.create(
        finding=finding, decision=decision, reason=reason.strip(), by_id=by.user_id, at=at
    )
    after = {"decision": decision, "kind": finding.kind, "edition": finding.edition}
    record(LoopEvent.JUDGED, subject=finding, by=by, at=at, reason=reason, after=after)
    touch(Finding, [finding.pk], at=at)
    return judgement


@transaction.atomic
def adopt_shedding_policy(
    *,
    duty: str,
    place: Place,
    mode: str,
    keep: int,
    from_at: datetime,
    until_at: datetime,
    reason: str,
    by: Actor,
    at: datetime,
) -> SheddingPolicy:
    """Decide that part of a duty in an area is not done by hand for a time; the unit above the area is told.

    `keep` is a number of tasks per unit and day for `ranked`, a share in percent for `sampled` and `self_check`.
    Nothing that is due before now is shed: what is late stays late.
    """
    by.require(Permission.POLICY_SHED, place.path)
    _need(reason)
    if not duties.get(duty).sheddable:
        raise NotSheddable(duty=duty, sheddable=", ".join(d.code for d in duties if d.sheddable))
    if until_at <= max(from_at, at):
        raise PolicyNotPossible(reason=gettext("it would end before it begins"))
    if mode not in SheddingMode.values or keep < 0 or (mode != SheddingMode.RANKED and keep > 100):
        raise PolicyNotPossible(reason=gettext("{mode} does not go with {keep}").format(mode=mode, keep=keep))
    policy = SheddingPolicy.objects.create(
        duty=duty,
        place=place,
        path=place.path,
        mode=mode,
        keep=keep,
        from_at=max(from_at, at),
        until_at=until_at,
        reason=reason.strip(),
        decided_by_id=by.user_id,
    )
    after = {"duty": duty, "mode": mode, "keep": keep, "until_at": until_at.isoformat()}
    record(LoopEvent.POLICY_ADOPTED, subject=policy, by=by, at=at, reason=reason, after=after)
    _tell_above(policy, at)
    apply_shedding(at=at, codes=[duty])
    return policy


@transaction.atomic
def end_shedding_policy(*, policy: SheddingPolicy, reason: str, by: Actor, at: datetime) -> None:
    """End a policy before its time; what it has not yet let pass is by hand again at once."""
    by.require(Permission.POLICY_SHED, policy.path)
    _need(reason)
    if not SheddingPolicy.objects.filter(pk=policy.pk, until_at__gt=at).update(until_at=at):
        raise PolicyOver
    record(LoopEvent.POLICY_ENDED, subject=policy, by=by, at=at, reason=reason)
    apply_shedding(at=at, codes=[policy.duty])


@transaction.atomic
def read_messages(*, messages: list[int], by: Actor, at: datetime) -> int:
    """Mark messages of the actor's own unit as read; return how many were unread."""
    unread = Message.objects.filter(pk__in=messages, unit_id=by.unit_id or 0, read_at__isnull=True)
    n_read = unread.update(read_at=at)
    if n_read:
        record(LoopEvent.MESSAGE_READ, by=by, at=at, after={"messages": sorted(messages)})
    return n_read


def _tell_above(policy: SheddingPolicy, at: datetime) -> None:
    above = policy.place.parent or policy.place
    supervisors = above.units.filter(closed_at__isnull=True, capabilities__capability="supervise")
    body = {"policy": policy.pk, "duty": policy.duty, "place": policy.place.code, "reason": policy.reason}
    enqueue(supervisors.order_by("pk")[:1], kind="shedding", key=f"shedding:{policy.pk}", body=body, at=at)


def _touch_subject(task: Task, at: datetime) -> None:
    touch(duties.get(task.duty).subject, [task.subject_id], at=at)


def _need(reason: str) -> None:
    if not reason.strip():
        raise ReasonMissing
