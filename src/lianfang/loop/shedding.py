"""Applying recorded policies when duties exceed hands: part of the tasks is set apart, and stays owed and visible.

A policy covers the tasks that fall due while it runs. When it ends, what is still due later is by hand again; a task of
one day (a visit of yesterday) that fell due under the policy stays with it, since it was decided that it would not be
done, while a task that is owed once comes back.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import BigIntegerField, ExpressionWrapper, F, Q, QuerySet, Value, Window
from django.db.models.functions import Length, RowNumber

from lianfang.common.clock import site_zone
from lianfang.loop.models import SheddingMode, SheddingPolicy, Status, Task
from lianfang.loop.reconcile import drawn, take_turn

_DAY = 86400


def apply_shedding(*, at: datetime, codes: Iterable[str] | None = None) -> int:
    """Bring what is shed in line with the policies in force; return how many tasks changed.

    Two queries where there is no policy. Every policy in force is one or two statements; of two that cover a task the
    one of the smaller area counts, and of two of the same area the newer.
    """
    in_force = SheddingPolicy.objects.filter(from_at__lte=at, until_at__gt=at)
    over = SheddingPolicy.objects.filter(until_at__lte=at)
    affected = set(in_force.values_list("duty", flat=True))
    affected |= set(
        Task.objects.filter(shed_by__in=over, status=Status.OPEN)
        .exclude(_stays())
        .values_list("duty", flat=True)
    )
    wanted = affected if codes is None else affected & set(codes)
    return sum(_apply(code, in_force, over, at) for code in sorted(wanted))


@transaction.atomic
def _apply(code: str, in_force: QuerySet[Any], over: QuerySet[Any], at: datetime) -> int:
    take_turn(code)
    of_duty = Task.objects.filter(duty=code, status=Status.OPEN)
    changed = of_duty.filter(shed_by__in=over).exclude(_stays()).update(shed_by=None)
    policies = list(in_force.filter(duty=code).order_by(Length("path"), "pk"))
    for n, policy in enumerate(policies):
        # What a narrower or newer policy decides is left to it.
        covered = _covered(policy, at).exclude(_inside(policies[n + 1 :]))
        shed = _shed(covered, policy)
        open_ = of_duty.filter(pk__in=covered.values("pk"))
        changed += open_.filter(pk__in=shed).exclude(_already(policy)).update(shed_by=policy)
        changed += open_.filter(shed_by__isnull=False).exclude(pk__in=shed).update(shed_by=None)
    return changed


def _stays() -> Q:
    """Return the condition: a task of one day that fell due while the policy ran."""
    return ~Q(occasion="") & Q(due_at__lte=F("shed_by__until_at"))


def _already(policy: SheddingPolicy) -> Q:
    return Q(shed_by__isnull=False) & Q(shed_by=policy)


def _covered(policy: SheddingPolicy, at: datetime) -> QuerySet[Any]:  # noqa: ARG001 - a policy in force at `at`
    return Task.objects.filter(
        duty=policy.duty,
        path__within=policy.path,
        due_at__gte=policy.from_at,
        due_at__lt=policy.until_at,
    ).exclude(status=Status.VOID)


def _inside(policies: list[SheddingPolicy]) -> Q:
    narrower = Q(pk__in=[])
    for policy in policies:
        narrower |= Q(path__within=policy.path, due_at__gte=policy.from_at, due_at__lt=policy.until_at)
    return narrower


def _shed(covered: QuerySet[Any], policy: Any) -> Any:
    """Return the ids of the tasks that are not done by hand; done ones count among those that were."""
    if policy.mode != SheddingMode.RANKED:
        draw = drawn("id", "since_at", percent=policy.keep, purpose=f"shed:{policy.pk}")
        return covered.annotate(_draw=draw).filter(_draw__gte=policy.keep).values("pk")
    offset = policy.from_at.astimezone(site_zone()).utcoffset()
    seconds = int(offset.total_seconds()) if offset else 0
    due = ExpressionWrapper(F("due_at"), output_field=BigIntegerField())
    day = ExpressionWrapper((due + Value(seconds)) / Value(_DAY), output_field=BigIntegerField())
    place_in_line = Window(
        RowNumber(), partition_by=[F("unit_id"), day], order_by=[F("risk").desc(), F("due_at"), F("pk")]
    )
    return covered.annotate(_line=place_in_line).filter(_line__gt=policy.keep).values("pk")
