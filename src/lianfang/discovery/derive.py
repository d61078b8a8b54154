"""What the clock or a judgement given elsewhere brings about: contacts are named, results and days are deleted."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db.models import OuterRef, QuerySet, Subquery

from lianfang.core.access.actor import Actor
from lianfang.discovery.models import Found, Search, VisitDay
from lianfang.discovery.services import drop_days, drop_results, name_confirmed
from lianfang.loop.derivation import Derivation, derivations
from lianfang.loop.models import Decision, Judgement

_BY = Actor.system("discovery")


def to_be_named(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Keep the found people whose finding was confirmed, by the newest judgement, and who are not named."""
    of_finding = Judgement.objects.filter(finding_id=OuterRef("finding_id")).order_by("-pk")
    unnamed: QuerySet[Any] = rows.filter(contact=None, finding__withdrawn_at=None)
    decided: QuerySet[Any] = unnamed.alias(_decision=Subquery(of_finding.values("decision")[:1]))
    confirmed: QuerySet[Any] = decided.filter(_decision__in=(Decision.CONFIRMED, Decision.CORRECTED))
    return confirmed


@derivations.add
class FoundContact(Derivation):
    """A found person whose finding was confirmed, on whichever page, is named as a contact."""

    model = Found
    watches: ClassVar[Any] = {
        "loop.Finding": lambda ids: Found.objects.filter(finding_id__in=ids).values_list("pk", flat=True)
    }

    def stale(self, at: datetime) -> QuerySet[Any]:  # noqa: ARG002
        return to_be_named(Found.objects.all()).values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        rows: Collection[int] = list(
            to_be_named(Found.objects.filter(pk__in=list(ids))).values_list("pk", flat=True)
        )
        return name_confirmed(rows, by=_BY, at=at) if rows else 0


@derivations.add
class ResultsKept(Derivation):
    """What a search found is deleted when its time is over."""

    model = Search

    def stale(self, at: datetime) -> QuerySet[Any]:
        return Search.objects.filter(drop_at__lt=at, dropped_at=None).values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        over = Search.objects.filter(pk__in=list(ids), drop_at__lt=at, dropped_at=None)
        return drop_results(searches=list(over.values_list("pk", flat=True)), by=_BY, at=at)


@derivations.add
class DaysKept(Derivation):
    """A day of visits is deleted when its time is over."""

    model = VisitDay

    def stale(self, at: datetime) -> QuerySet[Any]:
        return VisitDay.objects.filter(drop_at__lt=at, dropped_at=None).values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        last = (
            VisitDay.objects.filter(pk__in=list(ids), drop_at__lt=at, dropped_at=None).order_by("-on").first()
        )
        return 0 if last is None else len(drop_days(before=last.on + timedelta(days=1), by=_BY, at=at))
