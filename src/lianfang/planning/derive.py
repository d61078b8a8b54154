"""Open lines of a proposal follow the facts: planned anew when requests, beds or stays of the area change, for a day."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet

from lianfang.care.models import Bed, BedRequest, Stay
from lianfang.loop.derivation import Derivation, derivations
from lianfang.planning.models import Line, Proposal

_FRESH = timedelta(days=1)


def standing() -> QuerySet[Proposal]:
    """Return the newest proposal of each area, where a line is open."""
    newer = Proposal.objects.filter(place=OuterRef("place"), pk__gt=OuterRef("pk"))
    still_open = Line.objects.filter(proposal=OuterRef("pk"), decision__in=("", "overtaken"))
    rows: QuerySet[Proposal] = Proposal.objects.filter(~Exists(newer), Exists(still_open))
    return rows


def _near(model: Any, path: str) -> Any:
    """Return the query of the standing proposals in whose area touched rows lie."""

    def watch(ids: Any) -> QuerySet[Any]:
        here = model.objects.filter(pk__in=ids, **{f"{path}__startswith": OuterRef("path")})
        return standing().filter(Exists(here)).values("pk")

    return watch


@derivations.add
class OpenLines(Derivation):
    """The open lines of the newest proposal of an area."""

    model = Proposal
    watches: ClassVar[Any] = {
        "care.BedRequest": _near(BedRequest, "path"),
        "care.Stay": _near(Stay, "path"),
        "care.Bed": _near(Bed, "ward__path"),
    }

    def stale(self, at: datetime) -> QuerySet[Any]:
        """Return the standing proposals of the last day: a bed may have opened by the clock."""
        return standing().filter(at__gt=at - _FRESH).values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        """Plan the open lines anew."""
        rows = list(Proposal.objects.filter(pk__in=list(ids), at__gt=at - _FRESH).order_by("pk"))
        # The optimiser takes seconds to load and is loaded when a proposal stands.
        return sum(import_module("lianfang.planning.replan").plan_anew(row, at) for row in rows)
