"""Who sees bulletins: those who may see the figures of the area."""

from typing import ClassVar, Self

from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet


class BulletinQuerySet(VisibleQuerySet):
    """Drafts and issued bulletins."""

    view_permission: ClassVar[Permission] = Permission.AREA_VIEW

    def drafts(self) -> Self:
        """Keep what nobody has issued."""
        return self.filter(issued_at__isnull=True)

    def issued(self) -> Self:
        """Keep what was issued, corrected or not."""
        return self.filter(issued_at__isnull=False)

    def current(self) -> Self:
        """Keep what was issued and has not been corrected."""
        return self.issued().filter(superseded_at__isnull=True)
