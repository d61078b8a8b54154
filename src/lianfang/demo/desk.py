"""What people at their desks decide in the demo world: most findings and checks in time, some not."""

from datetime import datetime, timedelta

from django.db.models import F

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.loop.models import Decision, Finding, Task, Verification
from lianfang.loop.services import accept_verification, complete_task, judge_finding, reject_verification

_THINKS = timedelta(hours=2)
_LEFT_LYING = timedelta(days=2)
_SYSTEM = Actor.system("demo world")


def attend(supervisor: Actor, *, at: datetime) -> None:
    """Let the supervisor judge and verify what has lain for two hours; every ninth or so is left lying for two days."""
    mine = Finding.objects.visible_to(supervisor).standing().unjudged()
    for finding in mine.filter(found_at__lte=at - _THINKS):
        if finding.pk % 9 or finding.found_at <= at - _LEFT_LYING:
            judge_finding(
                finding=finding,
                decision=Decision.CONFIRMED,
                reason="符合标准 (meets the criteria)",
                by=supervisor,
                at=at,
            )
    (area,) = supervisor.paths(Permission.TASK_VERIFY)
    # What was corrected since has other evidence, which is checked anew.
    waiting = Verification.objects.filter(
        accepted__isnull=True,
        drawn_at__lte=at - _THINKS,
        task__status="done",
        task__met_at=F("met_at"),
        task__path__within=area,
    )
    for verification in waiting.select_related("task"):
        if verification.pk % 41 == 0:
            reject_verification(
                verification=verification,
                reason="电话核实未见面 (by telephone: nobody came)",
                by=supervisor,
                at=at,
            )
        elif verification.pk % 9 or verification.drawn_at <= at - _LEFT_LYING:
            accept_verification(verification=verification, by=supervisor, at=at)
    filed = ("cases.report_event", "outlook.report_cluster")
    for task in Task.objects.open().filter(duty__in=filed, since_at__lte=at - _THINKS):
        if task.pk % 4:
            minutes = 30 + 17 * (task.pk % 7)  # the last of them after the two hours that the rule gives
            done_at = min(task.since_at + timedelta(minutes=minutes), at)
            complete_task(task=task, by=_SYSTEM, at=at, done_at=done_at, note="已网络直报 (filed)")
