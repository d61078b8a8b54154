"""Named filters of the registry."""

from typing import Any, ClassVar

from django.db import models

from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet


class PlaceQuerySet(models.QuerySet[Any]):
    """Places are no secret: everyone may read them."""

    def within(self, path: str) -> "PlaceQuerySet":
        """Keep the place at `path` and all below it."""
        return self.filter(path__within=path)


class UnitQuerySet(models.QuerySet[Any]):
    """Units are no secret: everyone may read them."""

    def open(self) -> "UnitQuerySet":
        """Keep the units that have not been closed."""
        return self.filter(closed_at__isnull=True)


class PersonQuerySet(VisibleQuerySet):
    """People are seen by those who work in their area."""

    def surviving(self) -> "PersonQuerySet":
        """Leave out the records that were merged into another."""
        return self.filter(merged_into__isnull=True)


class HouseholdQuerySet(VisibleQuerySet):
    """Households are seen by those who work in their area."""


class MatchReviewQuerySet(VisibleQuerySet):
    """Pairs that may be one person are seen by those who may merge in their area."""

    view_permission: ClassVar[Permission] = Permission.PERSON_MERGE
