"""What is owed in the loop itself, and about the core, which stands below and can declare nothing."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Case, F, Min, OuterRef, Q, QuerySet, Subquery, When
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField
from lianfang.core.access.models import BreakGlass
from lianfang.core.registry.models import Capability, Jurisdiction, MatchReview
from lianfang.core.rules import deadline
from lianfang.loop.duty import Duty, answerable, duties, owing
from lianfang.loop.models import Finding, Judgement, Verification

_MOMENT: MomentField = MomentField(null=True)


@duties.add
class Verify(Duty):
    """Every doing that was chosen for a check is checked by a second unit within a day."""

    code = "loop.verify"
    subject = Verification
    capability = Capability.SUPERVISE
    title: ClassVar[Any] = _("Check whether it was done")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002 - not a matter of the clock
        # Where the evidence went or was replaced there is nothing left to check; what was checked stays.
        stands = Q(decided_at__isnull=False) | Q(task__status="done", task__met_at=F("met_at"))
        return owing(among.filter(stands), by=F("unit_id"), since="drawn_at", due="due_at", met="decided_at")


@duties.add
class Appoint(Duty):
    """Every place without a unit of its own for a kind of work gets one within three days."""

    code = "loop.appoint"
    subject = Jurisdiction
    capability = Capability.SUPERVISE
    title: ClassVar[Any] = _("Name a unit that answers")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among.filter(gap_since__isnull=False),
            by=F("unit_id"),  # the unit above that has inherited the work
            since="gap_since",
            due=deadline("clock.appointment", "gap_since"),
            met="filled_at",
        )


@duties.add
class Judge(Duty):
    """Every finding of the machine is confirmed, corrected or dismissed by an answerable person in time."""

    code = "loop.judge"
    subject = Finding
    capability = Capability.ASSESS
    title: ClassVar[Any] = _("Decide on the finding")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        # A finding whose grounds went and came again asks for a new decision.
        judged = Judgement.objects.filter(finding_id=OuterRef("pk"), at__gte=OuterRef("found_at"))
        first = judged.order_by().values("finding_id").annotate(first=Min("at")).values("first")
        return owing(
            among.filter(withdrawn_at__isnull=True),
            by=answerable(OuterRef("capability")),
            since="found_at",
            due="due_at",
            met=Subquery(first, output_field=_MOMENT),
        )


@duties.add
class DecideMatch(Duty):
    """Every pair of records that may be one person is decided on within three days."""

    code = "registry.decide_match"
    subject = MatchReview
    capability = Capability.RECORDS
    title: ClassVar[Any] = _("Decide whether two records are one person")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        decided = Case(When(~Q(decision="open"), then=F("decided_at")), default=None, output_field=_MOMENT)
        return owing(
            among,
            by=answerable(self.capability),
            since="found_at",
            due=deadline("clock.match_decision", "found_at"),
            met=decided,
        )


@duties.add
class ReviewEmergency(Duty):
    """Every emergency access to records is looked at by the area's supervisor within 24 hours."""

    code = "access.review_emergency"
    subject = BreakGlass
    capability = Capability.SUPERVISE
    title: ClassVar[Any] = _("Review the emergency access")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among,
            by=answerable(self.capability),
            since="from_at",
            due=deadline("clock.emergency_review", "from_at"),
            met="reviewed_at",
        )
