"""What the sources of case signals hear: confirmed or excluded, investigated; what became of a reading, and of a result."""

from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Case, CharField, F, OuterRef, QuerySet, Subquery, Value, When

from lianfang.cases.models import Report, Result, Screening
from lianfang.intake.models import Signal, Trace
from lianfang.loop.feedback import FeedbackRule, feedback_rules, telling


def _unit_of(signal: str) -> Any:
    """Return the unit that hears about a signal: the one its source belongs to."""
    return Subquery(
        Signal.objects.filter(pk=OuterRef(signal)).values("source__unit_id")[:1],
        output_field=BigIntegerField(),
    )


def _reports_of_cases(ids: Any) -> QuerySet[Any]:
    return Report.objects.filter(case_id__in=ids).values("pk")


def _decided(rows: QuerySet[Any], *, signal: str, at: datetime) -> QuerySet[Any]:
    """Return as news those of the rows of a case, each with its signal, whose case was decided."""
    decided = rows.filter(case__classification__in=("confirmed", "asymptomatic", "excluded"))
    stage = Case(
        When(case__classification="excluded", then=Value("excluded")),
        default=Value("confirmed"),
        output_field=CharField(),
    )
    body = {"case": F("case__number"), "classification": F("case__classification")}
    return telling(decided, signal=signal, unit=_unit_of(signal), stage=stage, at=at, body=body)


@feedback_rules.add
class CaseDecided(FeedbackRule):
    """A reported case was confirmed or excluded."""

    code = "cases.decided"
    subject = Report
    watches = {"cases.Case": _reports_of_cases}

    def told(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        return _decided(among.filter(signal_id__isnull=False), signal="signal_id", at=at)


@feedback_rules.add
class ResultDecided(FeedbackRule):
    """The case of which a laboratory sent a result was confirmed or excluded."""

    code = "cases.result_decided"
    subject = Result
    watches = {"cases.Case": lambda ids: Result.objects.filter(case_id__in=ids).values("pk")}

    def told(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        sent = Trace.objects.filter(record=Result._meta.label, record_id=OuterRef("pk"), created=True)  # noqa: SLF001
        rows = among.filter(superseded_at__isnull=True).annotate(
            sent_by=Subquery(sent.values("signal_id")[:1])
        )
        return _decided(rows.filter(sent_by__isnull=False), signal="sent_by", at=at)


@feedback_rules.add
class CaseInvestigated(FeedbackRule):
    """A reported case has been investigated."""

    code = "cases.investigated"
    subject = Report
    watches = {"cases.Case": _reports_of_cases}

    def told(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        done = among.filter(signal_id__isnull=False, case__investigated_at__isnull=False)
        body = {"case": F("case__number")}
        return telling(done, signal="signal_id", unit=_unit_of("signal_id"), stage="done", at=at, body=body)


@feedback_rules.add
class ReadingLookedAt(FeedbackRule):
    """Somebody looked at the person whose reading was sent."""

    code = "cases.looked_at"
    subject = Screening

    def told(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        looked = among.filter(signal_id__isnull=False, looked_at__isnull=False)
        body = {"conclusion": F("conclusion")}
        return telling(
            looked, signal="signal_id", unit=_unit_of("signal_id"), stage="judged", at=at, body=body
        )
