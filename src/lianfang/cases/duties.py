"""What is owed about cases. Deadlines are the rulebook's clocks, edition by edition."""

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_lazy as _

from lianfang.cases.models import Case, Report, Result, Review, Sample, Screening
from lianfang.common.fields import MomentField
from lianfang.core.registry.models import Capability
from lianfang.core.rules import deadline
from lianfang.loop.duty import Check, Duty, Evidence, answerable, duties, first_of, owing

_MOMENT: MomentField = MomentField(null=True)


def _of_cases(model: Any) -> Any:
    return lambda ids: model.objects.filter(case_id__in=ids).values("pk")


@duties.add
class ReportCase(Duty):
    """Every suspected, confirmed or asymptomatic case is reported within 2 hours of the diagnosis."""

    code = "cases.report"
    subject = Report
    capability = Capability.REPORT
    title: ClassVar[Any] = _("Report the case")
    watches: ClassVar[Any] = {"cases.Case": _of_cases(Report)}

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among.filter(superseded_at__isnull=True),
            by=Coalesce(F("unit_id"), answerable(self.capability, "case__place_id")),
            since="occurred_at",
            due=deadline("clock.report", "occurred_at", disease="case__disease"),
            met="received_at",
            path="case__path",
        )


@duties.add
class ReviewReport(Duty):
    """Every case report is checked and completed by the county within 2 hours of its arrival."""

    code = "cases.review"
    subject = Report
    capability = Capability.REVIEW
    title: ClassVar[Any] = _("Review the report")
    watches: ClassVar[Any] = {"cases.Case": _of_cases(Report)}

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        reviews = Review.objects.filter(
            case_id=OuterRef("case_id"), superseded_at__isnull=True, occurred_at__gte=OuterRef("received_at")
        )
        return owing(
            among.filter(superseded_at__isnull=True),
            by=answerable(self.capability, "case__place_id"),
            since="received_at",
            due=deadline("clock.review", "received_at", disease="case__disease"),
            met=first_of(reviews, "occurred_at"),
            path="case__path",
        )


@duties.add
class TestSample(Duty):
    """Every sample is answered by the laboratory within 12 hours of receiving it."""

    code = "cases.test"
    subject = Sample
    capability = Capability.TEST
    title: ClassVar[Any] = _("Test the sample")
    watches: ClassVar[Any] = {"cases.Case": _of_cases(Sample)}

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        results = Result.objects.filter(sample_id=OuterRef("pk"), superseded_at__isnull=True).exclude(
            finding="pending"
        )
        return owing(
            among.filter(superseded_at__isnull=True, received_at__isnull=False),
            by=Coalesce(F("laboratory_id"), answerable(self.capability, "case__place_id")),
            since="received_at",
            due=deadline("clock.laboratory", "received_at", disease="case__disease"),
            met=first_of(results, "occurred_at"),
            path="case__path",
        )


@duties.add
class SampleSuspect(Duty):
    """Every suspected case is sampled within a day of the diagnosis."""

    code = "cases.sample"
    subject = Case
    capability = Capability.SAMPLE
    title: ClassVar[Any] = _("Take a sample")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        samples = Sample.objects.filter(case_id=OuterRef("pk"), superseded_at__isnull=True)
        # What the sample proved, that the person is a case or is none, does not undo that it was owed and taken.
        since = Coalesce("diagnosed_at", "reported_at", output_field=_MOMENT)
        return owing(
            among.filter(Q(classification__in=("suspected", "probable")) | Exists(samples)),
            by=answerable(self.capability),
            since=since,
            due=deadline("clock.sampling", since, disease="disease"),
            met=first_of(samples, "occurred_at"),
        )


@duties.add
class Investigate(Duty):
    """Every newly confirmed case is investigated within 24 hours of the report."""

    code = "cases.investigate"
    subject = Case
    capability = Capability.INVESTIGATE
    title: ClassVar[Any] = _("Investigate the case")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        # A case that is confirmed after its report could not be investigated as confirmed before.
        since = Greatest("reported_at", "confirmed_at", output_field=_MOMENT)
        return owing(
            among.filter(confirmed_at__isnull=False),
            by=answerable(self.capability),
            since=since,
            due=deadline("clock.investigation", since, disease="disease"),
            met="investigated_at",
        )


@duties.add
class ReportEvent(Duty):
    """The first confirmed case of a county is reported as a public-health event within 2 hours."""

    code = "cases.report_event"
    subject = Case
    capability = Capability.REVIEW
    title: ClassVar[Any] = _("Report the event")
    evidence = (
        Evidence.CLICK
    )  # the event system is another system: its receipt is the word of the one who filed it
    check = Check.BY_SECOND_UNIT
    # Which case is the first may change with any case of the place.
    watches: ClassVar[Any] = {
        "cases.Case": lambda ids: Case.objects.filter(
            Exists(
                Case.objects.filter(pk__in=ids, place_id=OuterRef("place_id"), disease=OuterRef("disease"))
            )
        ).values("pk")
    }

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        earlier = Case.objects.filter(
            place_id=OuterRef("place_id"),
            disease=OuterRef("disease"),
            confirmed_at__lte=OuterRef("confirmed_at"),
        ).filter(Q(confirmed_at__lt=OuterRef("confirmed_at")) | Q(pk__lt=OuterRef("pk")))
        return owing(
            among.filter(~Exists(earlier), confirmed_at__isnull=False),
            by=answerable(self.capability),
            since="confirmed_at",
            due=deadline("clock.event_report", "confirmed_at", disease="disease"),
            met=None,
        )


@duties.add
class Screen(Duty):
    """Everyone with a fever reading or signs at a gate, a round or a clinic is looked at within 2 hours."""

    code = "cases.screen"
    subject = Screening
    capability = Capability.SCREEN
    title: ClassVar[Any] = _("Look at the person with fever")

    def owed(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return owing(
            among,
            by=answerable(self.capability),
            since="read_at",
            due=deadline("clock.screening", "read_at"),
            met="looked_at",
        )
