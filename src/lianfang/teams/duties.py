"""What is owed to health workers and by those whom others ask for advice."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Case, Count, F, Max, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils.translation import gettext_lazy as _

from lianfang.common.fields import MomentField
from lianfang.core.registry.models import Capability
from lianfang.core.rules import deadline
from lianfang.loop.duty import Duty, answerable, duties, owing
from lianfang.teams.models import Consultation, DayOff, Deployment, Exposure, RestDue


@duties.add
class RelieveTeam(Duty):
    """Every team is relieved before it has worked as long as the rules allow."""

    code = "teams.relieve"
    subject = Deployment
    capability = Capability.PLACE
    title: ClassVar[Any] = _("Relieve the team")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among.filter(superseded_at__isnull=True),
            by=answerable(self.capability),
            since="occurred_at",
            due="relief_at",
            met="until_at",
            risk=Value(60),
        )


@duties.add
class GiveDaysOff(Duty):
    """Every health worker at the front has the days off of the rules in each stretch of days."""

    code = "teams.days_off"
    subject = RestDue
    capability = Capability.ADMIT
    title: ClassVar[Any] = _("Give days off")
    watches: ClassVar[Any] = {
        "teams.DayOff": lambda ids: RestDue.objects.filter(
            worker_id__in=DayOff.objects.filter(pk__in=ids).values("worker_id")
        ).values("pk"),
        "teams.Deployment": lambda ids: RestDue.objects.filter(deployment_id__in=ids).values("pk"),
    }

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        had = (
            DayOff.objects.current()
            .filter(
                worker_id=OuterRef("worker_id"),
                occurred_at__gte=OuterRef("opens_at"),
                occurred_at__lt=OuterRef("due_at"),
            )
            .order_by()
            .values("worker_id")
            .annotate(n=Count("pk"), last=Max("occurred_at"))
        )
        moment: MomentField = MomentField(null=True)
        rows = among.annotate(
            n_off=Subquery(had.values("n")), last_off=Subquery(had.values("last"), output_field=moment)
        )
        # A stretch that ended before its days were full, because the team went home, is not owed.
        stayed = Q(deployment__until_at__isnull=True) | Q(deployment__until_at__gte=F("due_at"))
        return owing(
            rows.filter(stayed, deployment__superseded_at__isnull=True),
            by=F("deployment__unit_id"),
            since="opens_at",
            due="due_at",
            met=Case(
                When(n_off__gte=F("days"), then=F("last_off")), default=Value(None), output_field=moment
            ),
            path="deployment__path",
        )


@duties.add
class AssessExposure(Duty):
    """Every exposure of a health worker is assessed within a day."""

    code = "teams.exposure"
    subject = Exposure
    capability = Capability.ADMIT
    title: ClassVar[Any] = _("Assess the exposure of a health worker")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among.filter(superseded_at__isnull=True),
            by=answerable(self.capability),
            since="occurred_at",
            due=deadline("clock.exposure_assessment", "occurred_at"),
            met="assessed_at",
            risk=Value(80),
        )


@duties.add
class AnswerConsultation(Duty):
    """Every request for advice is answered within a day."""

    code = "teams.consult"
    subject = Consultation
    capability = Capability.ADMIT
    title: ClassVar[Any] = _("Give the advice asked for")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among,
            by=F("to_unit_id"),
            since="asked_at",
            due=deadline("clock.consultation", "asked_at"),
            met="answered_at",
            path="source_path",
            risk=Value(50),
        )
