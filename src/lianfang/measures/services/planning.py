"""Response plans are written, approved, revised and their stocks counted, in peace."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max

from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Place, Unit
from lianfang.core.rules import site_rules
from lianfang.loop.touch import touch
from lianfang.measures.errors import BadDates, EmptyPlan, WrongState
from lianfang.measures.events import MeasureEvent
from lianfang.measures.models import Drill, Plan, PlanStep, PlanStock, Review
from lianfang.measures.rules import catalogue, known_measure, upkeep

_RULES = ("measure_catalogue", "measures", "response_levels", "risk_grade")


@transaction.atomic
def write_plan(
    *,
    place: Place,
    disease: str,
    title: str,
    situation: str,
    owner: Unit,
    by: Actor,
    at: datetime,
    level: str = "",
    measures: Sequence[str] = (),
) -> Plan:
    """Write the draft of a plan for an area: for which situation, who owns it, which level and measures it brings."""
    by.require(Permission.PLAN_EDIT, place.path)
    for kind in measures:
        known_measure(kind, place.path, at)
    plan = Plan.objects.create(
        place=place,
        path=place.path,
        disease=disease,
        title=title.strip(),
        situation=situation.strip(),
        owner=owner,
        level=level,
        measures=list(dict.fromkeys(measures)),
        written_at=at,
        written_by_id=by.user_id,
    )
    record(MeasureEvent.PLANNED, subject=plan, by=by, at=at, after={"title": plan.title, "level": level})
    return plan


@transaction.atomic
def add_step(
    *,
    plan: Plan,
    text: str,
    level: int,
    capability: str,
    by: Actor,
    at: datetime,
    within_hours: int = 0,
    every_days: int = 0,
    unit: Unit | None = None,
) -> PlanStep:
    """Add a step to a draft: once within hours, or again every so many days; by a named unit, or in every place."""
    _require(plan, by, Plan.Status.DRAFT)
    if (within_hours > 0) == (every_days > 0):
        raise BadDates(reason="a step has either hours or days")
    n = (plan.steps.aggregate(last=Max("n"))["last"] or 0) + 1
    step = PlanStep.objects.create(
        plan=plan, n=n, text=text.strip(), level=level, capability=capability, unit=unit,
        within_hours=within_hours, every_days=every_days,
    )  # fmt: skip
    record(MeasureEvent.PLANNED, subject=plan, by=by, at=at, after={"step": n, "text": step.text})
    return step


@transaction.atomic
def drop_step(*, step: PlanStep, by: Actor, at: datetime) -> None:
    """Take a step out of a draft."""
    plan = step.plan
    _require(plan, by, Plan.Status.DRAFT)
    record(MeasureEvent.PLANNED, subject=plan, by=by, at=at, before={"step": step.n, "text": step.text})
    step.delete()


@transaction.atomic
def count_stock(
    *,
    plan: Plan,
    item: str,
    unit: Unit,
    needed: int,
    by: Actor,
    at: datetime,
    held: int | None = None,
    counted_on: date | None = None,
) -> PlanStock:
    """Say what has to lie ready for a plan at a unit and, where it was counted, how much is there; of any plan not retired."""
    _require(plan, by, Plan.Status.DRAFT, Plan.Status.APPROVED)
    row, _made = PlanStock.objects.update_or_create(
        plan=plan,
        item=item.strip(),
        unit=unit,
        defaults={
            "needed": needed,
            "held": held,
            "counted_on": None if held is None else (counted_on or local_day(at)),
        },
    )
    after = {"item": row.item, "unit": unit.code, "needed": needed, "held": held}
    record(MeasureEvent.PLANNED, subject=plan, by=by, at=at, after=after)
    return row


@transaction.atomic
def approve_plan(*, plan: Plan, by: Actor, at: datetime) -> Plan:
    """Approve a draft: it can be switched on from now on, is drilled and gone through again in time, and replaces the old."""
    by.require(Permission.PLAN_SWITCH, plan.path)
    row = _require(plan, by, Plan.Status.DRAFT)
    if not row.measures and not row.steps.exists():
        raise EmptyPlan
    Plan.objects.filter(pk=row.pk).update(
        status=Plan.Status.APPROVED, approved_at=at, approved_by_id=by.user_id, editions=editions_now(row, at)
    )
    row.refresh_from_db()
    if row.replaces_id:
        Plan.objects.filter(pk=row.replaces_id).update(status=Plan.Status.RETIRED)
        owed = Review.objects.filter(plan_id=row.replaces_id, done_at__isnull=True)
        _met(owed, result="revised", by=by, at=at)
    _owe(row, at=at)
    after = {"version": row.version, "editions": row.editions}
    record(MeasureEvent.APPROVED, subject=row, by=by, at=at, after=after)
    return row


@transaction.atomic
def confirm_plan(*, plan: Plan, reason: str, by: Actor, at: datetime) -> None:
    """Go through an approved plan again and find that it still holds, with the editions in force now."""
    row = _require(plan, by, Plan.Status.APPROVED)
    Plan.objects.filter(pk=row.pk).update(editions=editions_now(row, at))
    _met(row.reviews.filter(kind=Review.Kind.PLAN, done_at__isnull=True), result="kept", by=by, at=at)
    _owe(row, Review.Kind.PLAN, at=at)
    record(MeasureEvent.REVIEWED, subject=row, by=by, at=at, reason=reason, after={"result": "kept"})


@transaction.atomic
def revise_plan(*, plan: Plan, by: Actor, at: datetime) -> Plan:
    """Begin a revision: a draft with the same content. The old plan can be switched on until the draft is approved."""
    old = _require(plan, by, Plan.Status.APPROVED)
    standing = old.revisions.filter(status=Plan.Status.DRAFT).first()
    if standing is not None:
        return standing  # type: ignore[no-any-return]
    new = Plan.objects.create(
        place=old.place, path=old.path, disease=old.disease, title=old.title, situation=old.situation,
        owner=old.owner, level=old.level, measures=old.measures, version=old.version + 1, replaces=old,
        written_at=at, written_by_id=by.user_id,
    )  # fmt: skip
    for step in old.steps.order_by("n"):
        step.pk, step.plan, step._state.adding = None, new, True  # noqa: SLF001 - Django's way to copy a row
        step.save()
    for stock in old.stocks.order_by("pk"):
        stock.pk, stock.plan, stock._state.adding = None, new, True  # noqa: SLF001
        stock.save()
    record(MeasureEvent.PLANNED, subject=new, by=by, at=at, after={"revises": old.pk, "version": new.version})
    return new


@transaction.atomic
def ask_drill(*, plan: Plan, by: Actor, at: datetime, seed: int = 1) -> Drill:
    """Ask for a drill of a plan on invented data; the worker makes it, and it leaves nothing owed."""
    row = _require(plan, by, Plan.Status.DRAFT, Plan.Status.APPROVED)
    if not row.measures and not row.steps.exists():
        raise EmptyPlan
    drill = Drill.objects.create(
        plan=row, place=row.place, path=row.path, asked_at=at, by_id=by.user_id, seed=seed
    )
    record(MeasureEvent.DRILLED, subject=drill, by=by, at=at, after={"plan": row.pk, "seed": seed})
    touch(Drill, [drill.pk], at=at)
    return drill


@transaction.atomic
def keep_drill(*, drill: Drill, result: dict[str, Any], version: str, by: Actor, at: datetime) -> None:
    """Keep what a drill showed; where the plan owed one, it is owed no longer, and the next one is.

    Of two who played it at once the first is kept.
    """
    status = Drill.Status.FAILED if "failure" in result else Drill.Status.DONE
    waiting = Drill.objects.filter(pk=drill.pk, status=Drill.Status.WAITING)
    if not waiting.update(status=status, result=result, done_at=at, version=version):
        return
    record(MeasureEvent.DRILLED, subject=drill, by=by, at=at, after={"status": status})
    owed = drill.plan.reviews.filter(kind=Review.Kind.DRILL, done_at__isnull=True)
    if status == Drill.Status.DONE and owed.exists():
        _met(owed, result="drilled", by=by, at=at)
        _owe(drill.plan, Review.Kind.DRILL, at=at)


def editions_now(plan: Plan, at: datetime) -> list[str]:
    """Return the editions on which a plan rests, as they are in force at a moment."""
    day, book = local_day(at), site_rules()
    catalogue(plan.path, at)
    found = (book.find(rule, at=day, place=plan.place.code) for rule in _RULES)
    return [edition.edition_id for edition in found if edition is not None]


def _require(plan: Plan, by: Actor, *states: str) -> Plan:
    by.require(Permission.PLAN_EDIT, plan.path)
    row: Plan = Plan.objects.select_for_update(of=("self",)).select_related("place", "owner").get(pk=plan.pk)
    if row.status not in states:
        raise WrongState(status=row.get_status_display())
    return row


def _owe(plan: Plan, *kinds: str, at: datetime) -> None:
    says = upkeep(plan.path, at)
    days = {Review.Kind.PLAN: says.review_days, Review.Kind.DRILL: says.drill_days}
    rows = [
        Review(
            kind=kind, plan=plan, place=plan.place, path=plan.path, since_at=at, due_at=at + timedelta(days=n)
        )
        for kind, n in days.items()
        if not kinds or kind in kinds
    ]
    Review.objects.bulk_create(rows)
    touch(Review, [row.pk for row in rows], at=at)


def _met(owed: Any, *, result: str, by: Actor, at: datetime) -> None:
    ids = list(owed.values_list("pk", flat=True))
    Review.objects.filter(pk__in=ids).update(done_at=at, by_id=by.user_id, result=result)
    touch(Review, ids, at=at)
