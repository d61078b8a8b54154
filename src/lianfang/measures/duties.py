"""What measures and plans make owed: their work in every place, the look on the review date, plans kept and drilled."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import BigIntegerField, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField
from lianfang.core.registry.calendar import day_ends_at, day_starts_at, day_text, each_day
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


@duties.add
class DoWork(Duty):
    """Every step of a measure or of a plan that was switched on is done by its unit within its hours."""

    code = "measures.do"
    subject = Work
    capability = Capability.SUPERVISE
    title: ClassVar[Any] = _("Do the step of the measure or plan")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        done = WorkReport.objects.filter(work_id=OuterRef("pk"), superseded_at__isnull=True)
        rows = among.filter(within_hours__gt=0).annotate(found_at=first_of(done, "occurred_at"))
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
