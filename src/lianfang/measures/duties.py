"""What measures and plans make owed: their work in every place, the look on the review date, plans kept and drilled."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import BigIntegerField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField
from lianfang.core.registry.calendar import day_ends_at, day_on, day_starts_at, day_text, each_day
from lianfang.core.registry.models import Capability
from lianfang.loop.duty import Check, Duty, answerable, duties, first_of, last_of, owing
from lianfang.measures.models import Review, Work, WorkReport

_HOUR, _DAY = 3600, 86_400
_RISK = 40


def _whole(expression: Any) -> "ExpressionWrapper[Any]":
    return ExpressionWrapper(expression, output_field=BigIntegerField())


def _moment(expression: Any) -> "ExpressionWrapper[Any]":
    return ExpressionWrapper(expression, output_field=MomentField())


def _doer() -> Combinable:
    """Return the unit that the plan names, else the one that answers for such work in the place."""
    return Coalesce(F("unit_id"), answerable(OuterRef("capability")))


def _twins(ids: Any) -> QuerySet[Any]:
    """Return the pieces of work that ask for the same in the same place as the given ones, these included."""
    given = Work.objects.filter(pk__in=ids, place_id=OuterRef("place_id"), code=OuterRef("code"))
    return Work.objects.filter(Exists(given)).values("pk")


def _earlier_twins() -> QuerySet[Any]:
    """Return, for a piece of work, those that measures asked for before: the same, as often, in the same place."""
    same = {name: OuterRef(name) for name in ("place_id", "code", "every_days", "within_hours")}
    return Work.objects.filter(measure__isnull=False, pk__lt=OuterRef("pk"), **same)


_TWINS: Mapping[str, Any] = {"measures.Work": _twins}


@duties.add
class DoWork(Duty):
    """Every step of a measure or of a plan that was switched on is done by its unit within its hours."""

    code = "measures.do"
    subject = Work
    capability = Capability.SUPERVISE
    title: ClassVar[Any] = _("Do the step of the measure or plan")
    watches: ClassVar[Any] = _TWINS

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        done = WorkReport.objects.filter(work_id=OuterRef("pk"), superseded_at__isnull=True)
        # Collect once: what an earlier measure has had done there while this one held, or still asks for, is not asked again.
        standing = Q(until_at__isnull=True) | Q(Exists(done), until_at__gt=OuterRef("from_at"))
        rows = among.filter(within_hours__gt=0).exclude(Exists(_earlier_twins().filter(standing)))
        rows = rows.annotate(found_at=first_of(done, "occurred_at"))
        # What was never done before the measure ended has no sense any more.
        return owing(
            rows.filter(Q(until_at__isnull=True) | Q(found_at__isnull=False)),
            by=_doer(),
            since="from_at",
            due=_moment(F("from_at") + _whole(F("within_hours") * Value(_HOUR))),
            met="found_at",
            risk=Value(_RISK),
        )


@duties.add
class KeepUpWork(Duty):
    """Every round, check or registration of a measure in force is done in each place as often as it asks."""

    code = "measures.keep_up"
    subject = Work
    capability = Capability.SCREEN
    title: ClassVar[Any] = _("Do the round of the measure")
    watches: ClassVar[Any] = _TWINS
    check = Check.BY_SAMPLE
    sheddable = True
    lapses = True

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        days = each_day(
            among.filter(every_days__gt=0), first="from_on", last="until_on", until=at, is_open=True
        )
        # The half day keeps the number whole where a day has 23 or 25 hours.
        number = _whole((day_starts_at() - F("from_at") + Value(_DAY // 2)) / Value(_DAY))
        due = _moment(day_ends_at() + _whole((F("every_days") - Value(1)) * Value(_DAY)))
        done = WorkReport.objects.filter(
            work_id=OuterRef("pk"),
            superseded_at__isnull=True,
            occurred_at__gte=day_starts_at(),
            occurred_at__lte=_moment(
                day_ends_at() + _whole((OuterRef("every_days") - Value(1)) * Value(_DAY))
            ),
        )
        rows = days.annotate(
            turn=_whole(number % F("every_days")), due_at=due, found_at=first_of(done, "occurred_at")
        ).filter(turn=0)
        # Collect once: the day of a round that an earlier measure asks for in the place is asked for by that one alone.
        holds = Q(until_on__isnull=True) | Q(until_on__gt=day_on())
        rows = rows.exclude(Exists(_earlier_twins().filter(holds, from_on__lte=day_on())))
        # A stretch that was cut short by the end of the measure is owed only as far as it was done.
        whole = Q(until_at__isnull=True) | Q(until_at__gte=F("due_at")) | Q(found_at__isnull=False)
        return owing(
            rows.filter(whole),
            by=_doer(),
            occasion=day_text(),
            since=day_starts_at(),
            due="due_at",
            met="found_at",
            again=last_of(done, "occurred_at"),
            risk=Value(_RISK // 2),
        )


CODES = (DoWork.code, KeepUpWork.code)


@duties.add
class ReviewMeasure(Duty):
    """Every measure is looked at again by its review date, and kept with a reason or ended."""

    code = "measures.review"
    subject = Review
    capability = Capability.SUPERVISE
    title: ClassVar[Any] = _("Look at the measure again")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among.filter(kind=Review.Kind.MEASURE),
            by=answerable(self.capability),
            since="since_at",
            due="due_at",
            met="done_at",
            risk=Value(_RISK),
        )


@duties.add
class RevisePlan(Duty):
    """Every approved response plan is gone through again in time, and confirmed or replaced."""

    code = "measures.revise_plan"
    subject = Review
    capability = Capability.SUPERVISE
    title: ClassVar[Any] = _("Go through the response plan again")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among.filter(kind=Review.Kind.PLAN),
            by=F("plan__owner_id"),
            since="since_at",
            due="due_at",
            met="done_at",
        )


@duties.add
class DrillPlan(Duty):
    """Every approved response plan is drilled in time, so that it is known to work before it is needed."""

    code = "measures.drill"
    subject = Review
    capability = Capability.SUPERVISE
    title: ClassVar[Any] = _("Drill the response plan")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among.filter(kind=Review.Kind.DRILL),
            by=F("plan__owner_id"),
            since="since_at",
            due="due_at",
            met="done_at",
        )
