"""A named person switches a plan on in an area, and off again."""

from datetime import datetime

from django.db import transaction

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Place
from lianfang.loop.touch import touch
from lianfang.measures.errors import AlreadyOn, NotInForce, OutsidePlan, WrongState
from lianfang.measures.events import MeasureEvent
from lianfang.measures.laying import end_work, lay_out_steps
from lianfang.measures.models import Activation, Measure, Plan, Response, Work
from lianfang.measures.services.deciding import begin_measure, end_measure, reason_of, set_response_level


@transaction.atomic
def switch_on(*, plan: Plan, reason: str, by: Actor, at: datetime, place: Place | None = None) -> Activation:
    """Switch an approved plan on in its area or one below: its level, measures and steps hold from this moment.

    Measures that are in force there already stay as they are, and stay when the plan is switched off.
    """
    row: Plan = Plan.objects.select_for_update(of=("self",)).select_related("place").get(pk=plan.pk)
    area = place or row.place
    by.require(Permission.PLAN_SWITCH, area.path)
    if row.status != Plan.Status.APPROVED:
        raise WrongState(status=row.get_status_display())
    return put_on(plan=row, place=area, reason=reason, by=by, at=at)


@transaction.atomic
def put_on(*, plan: Plan, place: Place, reason: str, by: Actor, at: datetime) -> Activation:
    """Write what switching a plan on brings; drills do the same and take it back."""
    if not place.path.startswith(plan.path):
        raise OutsidePlan
    running = Activation.objects.filter(plan=plan, until_at__isnull=True)
    if any(a.path.startswith(place.path) or place.path.startswith(a.path) for a in running):
        raise AlreadyOn
    row = Activation.objects.create(
        plan=plan, place=place, path=place.path, from_at=at, by_id=by.user_id, reason=reason_of(reason)
    )
    if plan.level:
        set_response_level(
            place=place, disease=plan.disease, level=plan.level, reason=reason, by=by, at=at, activation=row
        )
    held = Measure.objects.in_force().filter(place=place, disease=plan.disease)
    standing = set(held.values_list("kind", flat=True))
    for kind in plan.measures:
        if kind not in standing:
            begin_measure(
                place=place, disease=plan.disease, kind=kind, reason=reason, by=by, at=at, activation=row
            )
    works = lay_out_steps(row, plan.steps.select_related("unit__place"), at=at)
    record(
        MeasureEvent.ACTIVATED, subject=row, by=by, at=at, reason=reason,
        after={"plan": plan.pk, "version": plan.version, "steps": len(works), "measures": plan.measures},
    )  # fmt: skip
    touch(Activation, [row.pk], at=at)
    return row


@transaction.atomic
def switch_off(*, activation: Activation, reason: str, by: Actor, at: datetime) -> None:
    """Switch a plan off: its steps, and the measures and the level that it brought, end now."""
    by.require(Permission.PLAN_SWITCH, activation.path)
    text = reason_of(reason)
    changed = Activation.objects.filter(pk=activation.pk, until_at__isnull=True).update(
        until_at=at, ended_by_id=by.user_id, ended_because=text
    )
    if not changed:
        raise NotInForce
    for row in Measure.objects.in_force().filter(activation=activation).order_by("pk"):
        end_measure(measure=row, reason=text, by=by, at=at)
    for level in Response.objects.in_force().filter(activation=activation).select_related("place"):
        set_response_level(place=level.place, disease=level.disease, level="", reason=text, by=by, at=at)
    end_work(Work.objects.filter(activation=activation), ended_at=at, at=at)
    record(MeasureEvent.DEACTIVATED, subject=activation, by=by, at=at, reason=text)
    touch(Activation, [activation.pk], at=at)
