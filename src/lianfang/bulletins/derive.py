"""What the loop does for bulletins: where one is issued each day, the next is drawn up once the night's figures are there."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from lianfang.bulletins.errors import TooFewLive
from lianfang.bulletins.selectors import diseases_told, waiting_drafts
from lianfang.bulletins.services import draft_bulletin
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Place
from lianfang.loop.derivation import Derivation, derivations


@derivations.add
class NextBulletins(Derivation):
    """An area that issues bulletins finds the draft of the last day each morning."""

    model = Place

    def stale(self, at: datetime) -> QuerySet[Any]:  # noqa: ARG002 - the mart says which day is the last
        waiting = [place.pk for disease in diseases_told() for place, _ in waiting_drafts(disease)]
        return Place.objects.filter(pk__in=waiting).values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        wanted = set(ids)
        by = Actor.system("bulletins.drafts")
        written = 0
        for disease in diseases_told():
            for place, on in waiting_drafts(disease):
                if place.pk not in wanted:
                    continue
                # Where residents were counted anew and are few, the others get theirs; who draws it up is told why not.
                with suppress(TooFewLive):
                    draft_bulletin(disease=disease, place=place, on=on, by=by, at=at)
                    written += 1
        return written
