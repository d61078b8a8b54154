"""Reads of searches and of what they found, for doors."""

from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast

from lianfang.cases.models import Case
from lianfang.contacts.models import Contact
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.discovery.models import Found, Search
from lianfang.discovery.services import KIND
from lianfang.loop.models import Decision, Finding, Judgement


def searches_of(actor: Actor, case: Case) -> list[Search]:
    """Return the searches around a case, the newest first."""
    rows = Search.objects.visible_to(actor).filter(case=case).select_related("asked_by")
    return list(rows.order_by("-searched_at", "-pk"))


def found_in(actor: Actor, search: Search) -> list[Found]:
    """Return whom a search found, the strongest first, each with the newest `decision` on it."""
    latest = (
        Judgement.objects.filter(finding_id=OuterRef("finding_id")).order_by("-pk").values("decision")[:1]
    )
    rows: QuerySet[Any] = Found.objects.filter(
        search__in=Search.objects.visible_to(actor).filter(pk=search.pk)
    )
    return list(
        rows.annotate(decision=Subquery(latest))
        .select_related("person", "person__place", "finding")
        .order_by("-score", "pk")
    )


def get_search(actor: Actor, pk: int) -> Search:
    """Return a search that the actor may see, or raise NotVisible."""
    row: Search = Search.objects.select_related("case").get_visible(actor, pk=pk)
    return row


def found_of(actor: Actor, pk: int) -> Found:
    """Return one person whom a search found, with the newest `decision`; NotVisible where the search is not theirs to see."""
    held = Found.objects.filter(pk=pk).values_list("search_id", flat=True).first()
    rows = found_in(actor, get_search(actor, held or 0))
    return next(row for row in rows if row.pk == pk)


@dataclass(frozen=True, kw_only=True)
class HitRate:
    """How often what was put before people was confirmed, and how many of the confirmed became cases."""

    n_judged: int
    n_confirmed: int
    n_dismissed: int
    n_became_case: int

    @property
    def share(self) -> float | None:
        """Confirmed of the judged; None where nothing was judged."""
        return self.n_confirmed / self.n_judged if self.n_judged else None


def hit_rate(actor: Actor, *, path: str = "") -> HitRate:
    """Return the hit rate of the search in the area; it outlives the deletion of what was found."""
    findings = Finding.objects.visible_to(actor, Permission.FINDING_JUDGE).filter(kind=KIND)
    if path:
        findings = findings.filter(path__within=path)
    latest = Judgement.objects.filter(finding_id=OuterRef("pk")).order_by("-pk").values("decision")[:1]
    judged = findings.annotate(decision=Subquery(latest)).filter(decision__isnull=False)
    confirmed = Q(decision__in=(Decision.CONFIRMED, Decision.CORRECTED))
    counted = judged.aggregate(
        n=Count("pk"),
        confirmed=Count("pk", filter=confirmed),
        dismissed=Count("pk", filter=Q(decision=Decision.DISMISSED)),
    )
    later = Contact.objects.filter(
        case_later__isnull=False,
        case_id=OuterRef("subject_id"),
        person_id=Cast(OuterRef("key"), BigIntegerField()),
    )
    became = judged.filter(confirmed).filter(Exists(later)).count()
    return HitRate(
        n_judged=counted["n"],
        n_confirmed=counted["confirmed"],
        n_dismissed=counted["dismissed"],
        n_became_case=became,
    )
