"""Which areas are told together, because so few live in one of them that its counts would tell of persons.

Who is joined follows from the number of residents alone, never from counts. What is told over all levels, days, columns and
versions are sums of the same areas, none of which has few residents: there is nothing to take off from one another.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from lianfang.core.registry.models import Level, Place

Few = Callable[[str], int]  # code of an area -> fewer residents than this are few among its parts


class Area(Protocol):
    """What joining reads of a place."""

    code: Any
    level: Any
    population: Any


def is_small(area: Area, few: int) -> bool:
    """Return whether persons could be told by a count: few live there, or nobody knows how many and it is below the county."""
    if area.population is None:
        return bool(area.level > Level.COUNTY)
    return bool(area.population < few)


A = TypeVar("A", bound=Area)


def joined(parts: Iterable[A], few: int) -> list[tuple[A, ...]]:
    """Return the parts of an area as they are told: alone, or with others; [] where they are told as the whole area only.

    In the order of their codes, which is that of the map in most places: small ones are joined until they are no longer
    small together; those that are left over join what stands before them.
    """
    found: list[list[A]] = []
    waiting: list[A] = []
    for part in sorted(parts, key=lambda one: one.code):
        if not is_small(part, few):
            found.append([part])
            continue
        waiting.append(part)
        if sum(one.population or 0 for one in waiting) >= few:
            found.append(waiting)
            waiting = []
    if waiting and found:
        before = [group for group in found if group[0].code < waiting[0].code]
        (before or found)[-1 if before else 0].extend(waiting)
    return [tuple(sorted(group, key=lambda one: one.code)) for group in found]


def told_as(place: Place, few: Few) -> tuple[Place, ...]:
    """Return the places whose counts are told as those of a place: itself, some with it, or the one above; () for nothing.

    From the top down: what is below areas that are joined is told with them.
    """
    steps = place.path.rstrip(".").split(".")
    lineage = [".".join(steps[:n]) + "." for n in range(1, len(steps) + 1)]
    rows = Place.objects.filter(parent__path__in=lineage[:-1], abolished_on__isnull=True)
    parts: dict[int | None, list[Place]] = {}
    for row in rows:
        parts.setdefault(row.parent_id, []).append(row)
    above, *below = Place.objects.filter(path__in=lineage).order_by("path")
    if is_small(above, few(above.code)):
        return ()
    for one in below:
        groups = joined(parts.get(above.pk, []), few(above.code))
        group = next((group for group in groups if one in group), (above,))
        if group != (one,):
            return group
        above = one
    return (above,)


def key_of(group: Sequence[Area]) -> str:
    """Return the key of a row of a table: the codes of what it counts."""
    return "+".join(one.code for one in group)
