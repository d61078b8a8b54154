"""The one door to rows about people: `visible_to(actor)` and `get_visible()`."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from lianfang.common.errors import NotVisible
from lianfang.common.listing import area_lookup
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission


class VisibleQuerySet(models.QuerySet[Any]):
    """Rows with one or more area columns; a row is seen by those who hold the permission in any of its areas.

    Several area columns are the normal case: a contact who lives elsewhere is visible to both sides.
    """

    area_fields: ClassVar[tuple[str, ...]] = ("path",)
    view_permission: ClassVar[Permission] = Permission.PERSON_VIEW

    def visible_to(self, actor: Actor, permission: Permission | None = None, *, of_few: bool = False) -> Self:
        """Keep the rows that `actor` may see; without an area there are none.

        `of_few` says that another condition leaves fewer rows than a large area holds, such as those of a fortnight: SQLite
        then reads by the index of that.
        """
        paths = actor.paths(permission or self.view_permission)
        if not paths:
            return self.none()
        if "" in paths:
            return self.all()
        lookup = "within"
        if of_few and "path__inside" in {area_lookup(self.model, path) for path in paths}:
            lookup = "inside"
        return self.filter(self.seen_from(actor, paths, lookup))

    def visible_in(self, actor: Actor, path: str, permission: Permission | None = None) -> Self:
        """Keep the rows that `actor` may see and whose first area column lies in `path` ("" is everywhere).

        Within the actor's own areas that is one range and nothing else: `seen_from` only ever adds to them.
        """
        inside = self.filter(**{f"{self.area_fields[0]}__within": path})
        return inside if self.is_own(actor, path, permission) else inside.visible_to(actor, permission)

    def is_own(self, actor: Actor, path: str, permission: Permission | None = None) -> bool:
        """Return whether the area `path` lies in one of those in which `actor` holds the permission."""
        return any(path.startswith(own) for own in actor.paths(permission or self.view_permission))

    def seen_from(self, actor: Actor, paths: tuple[str, ...], lookup: str = "within") -> Q:  # noqa: ARG002 - for those who override it
        """Return the condition under which a row is seen by `actor` from the areas `paths`; see `Inside` for `lookup`."""
        areas = Q()
        for field in self.area_fields:
            for path in paths:
                areas |= Q(**{f"{field}__{lookup}": path})
        return areas

    def get_visible(self, actor: Actor, permission: Permission | None = None, **lookup: Any) -> Any:
        """Return the one row, or raise NotVisible: a stranger cannot tell "not yours" from "not there"."""
        row = self.visible_to(actor, permission).filter(**lookup).first()
        if row is None:
            raise NotVisible(thing=self.model._meta.verbose_name)  # noqa: SLF001 - Django's documented Meta API
        return row
