"""The loop: what is owed, what the machine found and people decided, what was verified and climbed, and the figures."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from ninja import Schema
from pydantic import AwareDatetime

from lianfang.api.door import Sent, area_path, endpoint, page_size
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.selectors import get_unit
from lianfang.loop import services
from lianfang.loop.coverage import coverage_in
from lianfang.loop.desk import (
    TaskFilter,
    get_finding,
    get_task,
    get_verification,
    list_findings,
    list_steps,
    list_tasks,
    list_verifications,
)
from lianfang.loop.metrics import loop_metrics
from lianfang.loop.selectors import owed_at
from lianfang.loop.timeliness import seven_one_seven

_PERIOD = timedelta(days=28)


class TaskOut(Schema):
    """One thing owed; `rung` says how far it has climbed, `shed_because` by which policy it is not done by hand."""

    id: int
    duty: str
    subject_id: int
    occasion: str
    unit: str
    since_at: datetime
    due_at: datetime
    met_at: datetime | None
    status: str
    rung: int
    risk: int
    shed_because: str

    @staticmethod
    def resolve_shed_because(task: Any) -> str:
        """The reason of the policy."""
        return str(task.shed_by.reason) if task.shed_by else ""

    @staticmethod
    def resolve_unit(task: Any) -> str:
        """The code of the answerable unit."""
        return str(task.unit.code)


class DoneIn(Sent):
    """The word of the one who did it, and when it was done; else now."""

    note: str = ""
    done_at: AwareDatetime | None = None
    example: ClassVar[Mapping[str, Any]] = {"note": "filed under 2020-17"}


class FindingOut(Schema):
    """What the machine proposes, with its evidence and the edition of the rule."""

    id: int
    kind: str
    subject: str
    subject_id: int
    place: str
    evidence: dict[str, Any]
    edition: str
    found_at: datetime
    due_at: datetime
    withdrawn_at: datetime | None

    @staticmethod
    def resolve_place(finding: Any) -> str:
        """The code of the area."""
        return str(finding.place.code)


class JudgementIn(Sent):
    """What an answerable person decides, and why."""

    decision: Literal["confirmed", "corrected", "watched", "dismissed"]
    reason: str
    example: ClassVar[Mapping[str, Any]] = {"decision": "confirmed", "reason": "seen and examined"}


class JudgementOut(Schema):
    """A decision on a finding."""

    id: int
    finding: int
    decision: str
    reason: str
    at: datetime

    @staticmethod
    def resolve_finding(judgement: Any) -> int:
        """The finding that was decided on."""
        return int(judgement.finding_id)


class VerificationOut(Schema):
    """A done task that a second unit is to verify; `accepted` is null until it has."""

    id: int
    task: TaskOut
    kind: str
    unit: str
    met_at: datetime
    due_at: datetime
    accepted: bool | None

    @staticmethod
    def resolve_unit(verification: Any) -> str:
        """The code of the unit that verifies."""
        return str(verification.unit.code)


class DecisionIn(Sent):
    """Whether the task was really done; a rejection needs its reason."""

    accepted: bool
    reason: str = ""
    example: ClassVar[Mapping[str, Any]] = {"accepted": False, "reason": "by telephone: nobody came"}


class StepOut(Schema):
    """One step by which an undone task climbed."""

    task: int
    duty: str
    answers: str
    due_at: datetime
    rung: int
    told: str
    at: datetime


class MetricsOut(Schema):
    """The figures of the tasks whose clock started in the period; hours from the start of the clock to the evidence."""

    duty: str | None
    unit_id: int | None
    area: str | None
    created: int
    open: int
    on_time: int
    late: int
    overdue: int
    verified: int
    rejected: int
    escalated: int
    shed: int
    withdrawn: int
    usable: int
    median_hours: float | None
    p90_hours: float | None
    share_on_time: float | None


class CoverageOut(Schema):
    """Who should be covered and is, beside the twin from the side of the cases."""

    code: str
    sentence: str
    should: int
    covered: int
    share: float | None
    twin: str
    twin_share: float | None


class EventOut(Schema):
    """One event of 7-1-7: days to detection, notification and response, and whether all targets were met."""

    kind: str
    name: str
    path: str
    detect_days: float | None
    notify_days: float | None
    respond_days: float | None
    on_target: bool | None


class OwedOut(Schema):
    """One task as it was known at the moment asked about."""

    task_id: int
    duty: str
    subject_id: int
    occasion: str
    path: str
    unit_id: int
    due_at: datetime
    was_late: bool


# ---- tasks


@endpoint("GET", "/tasks", Permission.TASK_VIEW, response=list[TaskOut])
def list_all(
    request: Any,
    area: str = "",
    duty: str = "",
    state: str = "open",
    unit: str = "",
    mine: bool = False,
    limit: int = 100,
) -> Any:
    """List tasks, the most overdue first; state is open, late, missed, shed, done, void or all."""
    unit_id = request.actor.unit_id if mine else (get_unit(unit).pk if unit else None)
    wanted = TaskFilter(path=area_path(area), unit_id=unit_id, duty=duty, state=state)
    return list_tasks(request.actor, wanted, at=request.at, limit=page_size(limit))


@endpoint("GET", "/tasks/{pk}", Permission.TASK_VIEW, response=TaskOut)
def one(request: Any, pk: int) -> Any:
    """Return one task."""
    return get_task(request.actor, pk)


@endpoint("POST", "/tasks/{pk}/completion", Permission.TASK_DO, response=TaskOut)
def complete(request: Any, pk: int, body: DoneIn) -> Any:
    """Say that a task was done, where the duty accepts a word; it closes with the loop's next turn."""
    task = get_task(request.actor, pk)
    services.complete_task(task=task, **body.dict(), by=request.actor, at=request.at)
    return task


# ---- findings and verifications


@endpoint("GET", "/findings", Permission.FINDING_JUDGE, response=list[FindingOut])
def findings(request: Any, area: str = "", state: Literal["open", "all"] = "open", limit: int = 100) -> Any:
    """List the findings on which nobody has decided, or all that stand, the most urgent first."""
    open_only = state == "open"
    return list_findings(request.actor, path=area_path(area), open_only=open_only, limit=page_size(limit))


@endpoint("GET", "/findings/{pk}", Permission.FINDING_JUDGE, response=FindingOut)
def one_finding(request: Any, pk: int) -> Any:
    """Return one finding with its evidence."""
    return get_finding(request.actor, pk)


@endpoint("POST", "/findings/{pk}/judgements", Permission.FINDING_JUDGE, response=JudgementOut)
def judge(request: Any, pk: int, body: JudgementIn) -> Any:
    """Decide on a finding, with a reason; the newest judgement holds."""
    finding = get_finding(request.actor, pk)
    return services.judge_finding(finding=finding, **body.dict(), by=request.actor, at=request.at)


@endpoint("GET", "/verifications", Permission.TASK_VERIFY, response=list[VerificationOut])
def verifications(request: Any, limit: int = 100) -> Any:
    """List the done tasks that your unit is to verify."""
    return list_verifications(request.actor, limit=page_size(limit))


@endpoint("POST", "/verifications/{pk}/decision", Permission.TASK_VERIFY, response=VerificationOut)
def verify(request: Any, pk: int, body: DecisionIn) -> Any:
    """Accept or reject the doing of a task; a rejection lets its clock run on."""
    found = get_verification(request.actor, pk)
    act = services.accept_verification if body.accepted else services.reject_verification
    act(verification=found, reason=body.reason, by=request.actor, at=request.at)
    return found


@endpoint("GET", "/escalations", Permission.TASK_VIEW, response=list[StepOut])
def escalations(request: Any, area: str = "", limit: int = 100) -> Any:
    """List the steps by which undone tasks climbed, the newest first."""
    return [
        {
            "task": one.task_id,
            "duty": one.task.duty,
            "answers": one.task.unit.code,
            "due_at": one.due_at,
            "rung": one.rung,
            "told": one.unit.code,
            "at": one.at,
        }
        for one in list_steps(request.actor, path=area_path(area), limit=page_size(limit))
    ]


# ---- figures


@endpoint("GET", "/figures/loop", Permission.METRICS_VIEW, response=list[MetricsOut])
def metrics(
    request: Any,
    area: str = "",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    by: str = "duty",
) -> Any:
    """Return the figures of the loop in a period (else the last 28 days); `by` is duty, unit, area, comma-separated."""
    end = until or request.at
    lines = loop_metrics(
        request.actor,
        at=request.at,
        since=since or end - _PERIOD,
        until=end,
        path=area_path(area),
        by=[word.strip() for word in by.split(",")],
    )
    return [{**asdict(line), "share_on_time": line.share_on_time} for line in lines]


@endpoint("GET", "/figures/coverage", Permission.METRICS_VIEW, response=list[CoverageOut])
def coverage(request: Any, area: str = "") -> Any:
    """Return who should be tested, listed, observed ... and is: each beside its twin from the side of the cases."""
    return [
        {
            "code": one.coverage.code,
            "sentence": one.coverage.sentence,
            "should": one.n_should,
            "covered": one.n_covered,
            "share": one.share,
            "twin": one.twin.coverage.code if one.twin else "",
            "twin_share": one.twin.share if one.twin else None,
        }
        for one in coverage_in(request.actor, at=request.at, path=area_path(area))
    ]


@endpoint("GET", "/figures/7-1-7", Permission.METRICS_VIEW, response=list[EventOut])
def timeliness(request: Any, area: str = "") -> Any:
    """Return each event's days to detection, notification and response against the targets of 7, 1 and 7."""
    return [
        {
            "kind": one.kind,
            "name": one.name,
            "path": one.path,
            **{f"{part}_days": getattr(one, part).days for part in ("detect", "notify", "respond")},
            "on_target": one.all_on_target,
        }
        for one in seven_one_seven(request.actor, at=request.at, path=area_path(area))
    ]


@endpoint("GET", "/owed", Permission.TASK_VIEW, response=list[OwedOut])
def owed(
    request: Any, moment: AwareDatetime | None = None, area: str = "", late: bool = False, limit: int = 500
) -> Any:
    """Return what was owed at a moment (else now) as it was known then, the latest first."""
    found = owed_at(request.actor, moment or request.at, path=area_path(area), late_only=late)
    return [asdict(one) for one in found[: page_size(limit)]]
