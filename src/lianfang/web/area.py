"""Which area a page is about: chosen by the reader among the areas of their roles, and below."""

from dataclasses import dataclass
from typing import Any

from lianfang.common.paths import lineage
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Place


@dataclass(frozen=True)
class Area:
    """The chosen place, the way up to the reader's own area, and the places one step down."""

    place: Place | None
    above: list[Place]
    below: list[Place]

    @property
    def path(self) -> str:
        """The path to filter by; "" where the reader has no area (and then sees nothing anyway)."""
        return self.place.path if self.place else ""


def chosen_area(request: Any, permission: Permission = Permission.TASK_VIEW) -> Area:
    """Return the area of `?area=CODE` if it lies in one of the actor's areas, else the first of these."""
    paths = request.actor.paths(permission)
    place = None
    code = request.GET.get("area", "")
    if code:
        place = next(
            (p for p in Place.objects.filter(code=code) if any(p.path.startswith(own) for own in paths)), None
        )
    if place is None and paths:
        place = _of_the_unit(request, paths)
        place = (
            place or Place.objects.filter(path__in=[path for path in paths if path]).order_by("path").first()
        )
        place = place or Place.objects.order_by("path").first()
    if place is None:
        return Area(None, [], [])
    seen = [path for path in lineage(place.path)[:-1] if any(path.startswith(own) for own in paths)]
    return Area(
        place, list(Place.objects.filter(path__in=seen)), list(Place.objects.filter(parent=place)[:200])
    )


def _of_the_unit(request: Any, paths: tuple[str, ...]) -> Place | None:
    """Return the area of the reader's roles in which the own unit lies: emergency access must not move the start page."""
    unit = getattr(request.user, "unit", None)
    own = [path for path in paths if path and unit is not None and unit.path.startswith(path)]
    found: Place | None = Place.objects.filter(path=own[0]).first() if own else None
    return found
