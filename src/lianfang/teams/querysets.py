"""Who sees teams and health workers: the area they come from and the area they work in."""

from datetime import datetime
from typing import ClassVar, Self

from django.db.models import Q

from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet
from lianfang.core.facts import FactQuerySet


class TeamQuerySet(VisibleQuerySet):
    """Rows with the area where the work is and the area that sent the team."""

    area_fields: ClassVar[tuple[str, ...]] = ("path", "source_path")
    view_permission: ClassVar[Permission] = Permission.TEAM_VIEW


class TeamFactQuerySet(FactQuerySet, TeamQuerySet):  # type: ignore[override]
    """Facts about teams and health workers, some of which last from `occurred_at` until `until_at`."""

    def at(self, at: datetime) -> Self:
        """Keep those that run at a moment."""
        return self.filter(Q(until_at__isnull=True) | Q(until_at__gt=at), occurred_at__lte=at)
