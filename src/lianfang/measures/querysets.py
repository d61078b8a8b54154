"""Who sees measures and plans: those who may see the figures of the area."""

from datetime import datetime
from typing import ClassVar, Self

from django.db.models import Q

from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet
from lianfang.core.facts import FactQuerySet


class MeasureQuerySet(VisibleQuerySet):
    """What is in force in an area is no secret to those who work in it."""

    view_permission: ClassVar[Permission] = Permission.AREA_VIEW


class MeasureFactQuerySet(FactQuerySet, MeasureQuerySet):  # type: ignore[override]
    """Facts that last from `occurred_at` until `until_at`."""

    def in_force(self) -> Self:
        """Keep what holds and has not been ended, begun or about to begin."""
        return self.current().filter(until_at__isnull=True)

    def at(self, at: datetime) -> Self:
        """Keep what was in force at a moment."""
        return self.filter(Q(until_at__isnull=True) | Q(until_at__gt=at), occurred_at__lte=at)
