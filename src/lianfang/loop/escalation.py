"""Silence climbs: what is late is told to the levels above, computed from state alone.

A task stands on a rung of the ladder for its present deadline. Whoever comes back after an outage finds which rungs
were passed meanwhile and writes the same rows. Each step is a row; the telling is one digest per unit and window.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable

from lianfang.common.fields import MomentField
from lianfang.core.registry.models import Unit
from lianfang.loop.clocks import LEVELS, ladder, next_waking, quiet_hours
from lianfang.loop.models import Channel, Escalation, Message, Status, Task
from lianfang.loop.outbox import enqueue
from lianfang.loop.reconcile import insert_select, take_turn

KIND = "escalation"
# Units above a unit that are looked at: there are seven levels of places.
_DEPTH = 6
_SIDES = {"at_most": "lte", "below": "lt", "at_least": "gte", "above": "gt"}


def escalate(*, at: datetime) -> int:
    """Let every late task climb to the rung that its lateness has reached; return how many steps were taken.

    A few statements for each rung and each duty that has newly late tasks; one query per rung where there are none.
    """
    steps = 0
    for rung, step in enumerate(ladder(at), start=1):
        late = Task.objects.filter(
            status=Status.OPEN,
            shed_by__isnull=True,
            rung=rung - 1,
            due_at__lt=at - timedelta(hours=step.after_hours),
        ).order_by()
        for code in sorted(set(late.values_list("duty", flat=True).distinct())):
            steps += _climb(late.filter(duty=code), code, rung, LEVELS[step.level], at)
    return steps


@transaction.atomic
def _climb(late: QuerySet[Any], code: str, rung: int, level: int, at: datetime) -> int:
    take_turn(code)
    above = late.annotate(told=_unit_at(level)).filter(told__isnull=False).exclude(told=F("unit_id"))
    moment: MomentField = MomentField()
    insert_select(
        Escalation,
        ("task", "due_at", "rung", "unit", "at"),
        above.values_list(
            F("pk"), F("due_at"), Value(rung), F("told"), Value(int(at.timestamp()), output_field=moment)
        ),
    )
    return late.update(rung=rung)


def _unit_at(level: int) -> Case:
    """Return the nearest unit in the line of parents whose place stands at `level` or above; the unit itself may be it."""
    lines = ["unit" + "__parent" * n for n in range(_DEPTH + 1)]
    return Case(
        *(When(**{f"{line}__place__level__lte": level}, then=F(f"{line}_id")) for line in lines),
        default=None,
        output_field=BigIntegerField(null=True),
    )


@transaction.atomic
def send_digests(*, at: datetime) -> int:
    """Tell each unit once per window what has climbed to it; in quiet hours only of duties whose clock is short.

    Returns how many units are told. What is not told now is told with the next digest.
    """
    untold = Escalation.objects.filter(digest__isnull=True)
    if next_waking(at) != at:
        untold = untold.annotate(_clock=_clock_seconds()).filter(_breaks_quiet(at))
    window = at - timedelta(minutes=settings.LOOP_DIGEST_MINUTES)
    told_lately = Message.objects.filter(kind=KIND, queued_at__gt=window, queued_at__lt=at).values("unit_id")
    due = untold.exclude(unit_id__in=told_lately)
    bodies: dict[int, dict[str, Any]] = {}
    counted = due.filter(task__status=Status.OPEN).order_by().values_list("unit_id", "task__duty")
    for unit, duty, n in counted.annotate(n=Count("task", distinct=True)):
        body = bodies.setdefault(unit, {"n_late": 0, "by_duty": {}})
        body["n_late"] += n
        body["by_duty"][duty] = n
    if not bodies:
        return 0
    for unit in Unit.objects.filter(pk__in=bodies):
        enqueue([unit], kind=KIND, key=f"{KIND}:{unit.pk}:{int(at.timestamp())}", body=bodies[unit.pk], at=at)
    digest = Message.objects.filter(
        unit_id=OuterRef("unit_id"), kind=KIND, queued_at=at, channel=Channel.IN_APP
    ).values("pk")[:1]
    Escalation.objects.filter(pk__in=due.filter(unit_id__in=bodies).values("pk")).update(
        digest=Subquery(digest)
    )
    return len(bodies)


def _clock_seconds() -> Combinable:
    return ExpressionWrapper(F("task__due_at") - F("task__since_at"), output_field=BigIntegerField())


def _breaks_quiet(at: datetime) -> Q:
    limit = quiet_hours(at).broken_by_clock_hours
    return Q(**{f"_clock__{_SIDES[limit.side]}": int(limit.value * 3600)})
