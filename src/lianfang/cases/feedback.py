"""What the sources of case signals hear: taken up, confirmed or excluded, investigated; and what became of a reading."""

from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Case, CharField, F, OuterRef, QuerySet, Subquery, Value, When

from lianfang.cases.models import Report, Screening
from lianfang.intake.models import Signal
from lianfang.loop.feedback import FeedbackRule, feedback_rules, telling


def _unit_of(signal: str) -> Any:
    """Return the unit that hears about a signal: the one its source belongs to."""
    return Subquery(
        Signal.objects.filter(pk=OuterRef(signal)).values("source__unit_id")[:1],
        output_field=BigIntegerField(),
    )


def _reports_of_cases(ids: Any) -> QuerySet[Any]:
    return Report.objects.filter(case_id__in=ids).values("pk")


@feedback_rules.add
class CaseDecided(FeedbackRule):
    """A reported case was confirmed or excluded."""

    code = "cases.decided"
    subject = Report
    watches = {"cases.Case": _reports_of_cases}

    def told(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        decided = among.filter(
            signal_id__isnull=False, case__classification__in=("confirmed", "asymptomatic", "excluded")
        )
        stage = Case(
            When(case__classification="excluded", then=Value("excluded")),
            default=Value("confirmed"),
            output_field=CharField(),
        )
        body = {"case": F("case__number"), "classification": F("case__classification")}
        return telling(decided, signal="signal_id", unit=_unit_of("signal_id"), stage=stage, at=at, body=body)


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
