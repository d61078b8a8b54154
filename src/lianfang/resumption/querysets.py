"""Who sees firms, and who sees travellers: both sides of a journey."""

from typing import ClassVar

from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet
from lianfang.core.facts import FactQuerySet


class FirmQuerySet(VisibleQuerySet):
    """Firms are no secret to those who work in the area."""

    view_permission: ClassVar[Permission] = Permission.AREA_VIEW


class FirmFactQuerySet(FactQuerySet, FirmQuerySet):  # type: ignore[override]
    """What firms declared and asked for."""


class JourneyQuerySet(VisibleQuerySet):
    """A journey is seen where it ends and where it begins."""

    area_fields: ClassVar[tuple[str, ...]] = ("path", "source_path")
    view_permission: ClassVar[Permission] = Permission.PERSON_VIEW


class StrandedQuerySet(VisibleQuerySet):
    """A stranded person is seen where they are."""

    view_permission: ClassVar[Permission] = Permission.PERSON_VIEW
