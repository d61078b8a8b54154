"""What is read together: the facts of one county, or those that stand at an area above it. Parts of the mart are provinces."""

from collections.abc import Callable, Collection

from django.db.models import Q

DEPTH = 4  # steps of the path of a county: nation, province, prefecture, county
Where = Callable[[str], Q]  # the facts whose path, a column of the name given, lies there


def steps_of(path: str) -> list[str]:
    """Return the codes of a path from the nation down."""
    return path.rstrip(".").split(".")


def part_of(path: str) -> str:
    """Return the part in which an area lies: the province, or the whole."""
    return ".".join(steps_of(path)[:2]) + "."


def unit_of(path: str) -> str:
    """Return the county in which a place lies, or the place itself where it lies above."""
    return ".".join(steps_of(path)[:DEPTH]) + "."


def whole(path: str) -> Where:
    """Return the condition of everything in an area."""
    return lambda column: Q(**{f"{column}__within": path})


def below(names: Collection[str]) -> Where:
    """Return the condition of everything in any of some areas."""

    def where(column: str) -> Q:
        found = Q(**{f"{column}__in": ()})
        for name in names:
            found |= Q(**{f"{column}__within": name})
        return found

    return where


def units(names: Collection[str]) -> Where:
    """Return the condition of the facts of some units: all in a county, only its own of an area above."""
    counties = [name for name in names if len(steps_of(name)) >= DEPTH]
    above = [name for name in names if len(steps_of(name)) < DEPTH]

    def where(column: str) -> Q:
        found = Q(**{f"{column}__in": above})
        for county in counties:
            found |= Q(**{f"{column}__within": county})
        return found

    return where
