"""What pages, the interface and commands read of bulletins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from lianfang.bulletins.figures import digest_of, reproduced
from lianfang.bulletins.models import Bulletin
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Place
from lianfang.regions.mart import Mart

STANDING_DAYS = 7  # an area that issued a bulletin within so many days has the next one drawn up each night


def bulletins_in(actor: Actor, path: str) -> QuerySet[Bulletin]:
    """Return drafts and bulletins of an area and below, the newest day first, of a day the newest version."""
    rows: QuerySet[Bulletin] = Bulletin.objects.visible_in(actor, path)
    return rows.select_related("place", "issued_by").order_by("-on", "path", "disease", "-version")


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Whether a bulletin is what it was: its digest, and what today's facts, as known then, say otherwise."""

    is_whole: bool
    differs: dict[str, tuple[int, int]]


def proof_of(row: Bulletin) -> Proof:
    """Return the proof of a bulletin; a fact whose day was corrected since shows as a difference."""
    return Proof(is_whole=digest_of(row.figures) == row.digest, differs=reproduced(row.figures, row.known_at))


def waiting_drafts(disease: str) -> list[tuple[Place, date]]:
    """Return areas that issue bulletins and have none, nor a draft, for the last day of which figures are held."""
    span = Mart(disease).span
    if span is None:
        return []
    last = span[1]
    of_last = Bulletin.objects.filter(disease=disease, place=OuterRef("place"), on=last)
    rows = Bulletin.objects.current().filter(
        disease=disease, on__lt=last, on__gte=last - timedelta(days=STANDING_DAYS)
    )
    places = rows.filter(~Exists(of_last)).order_by().values_list("place_id", flat=True).distinct()
    return [(place, last) for place in Place.objects.filter(pk__in=places).order_by("path")]


def diseases_told() -> Iterable[str]:
    """Return the diseases of which bulletins are issued."""
    return sorted(Bulletin.objects.current().order_by().values_list("disease", flat=True).distinct())
