"""Reads of the registry."""

from collections.abc import Collection, Sequence

from django.db.models import Exists, OuterRef, Q

from lianfang.common.errors import NotVisible
from lianfang.common.paths import lineage
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.errors import UnknownPlace, UnknownUnit
from lianfang.core.registry.models import (
    Jurisdiction,
    Level,
    MatchDecision,
    MatchReview,
    Merge,
    Person,
    Place,
    Unit,
)
from lianfang.core.registry.querysets import MatchReviewQuerySet
from lianfang.core.registry.ties import reachable

_MOST_MEANT = 20  # places of one name that are offered
_MOST_ENDINGS = 2000  # places whose name ends a chain of names, looked at


def get_place(code: str) -> Place:
    """Return the place of this code, or raise UnknownPlace; places are no secret."""
    place: Place | None = Place.objects.filter(code=code).first()
    if place is None:
        raise UnknownPlace(place=code)
    return place


def places_meant(text: str, *, within: str) -> list[Place]:
    """Return the place of this code, else those of this name: within the area, or where it has none, anywhere.

    Names of places above may stand before it, apart or not ("江北省 东山县 西河镇", "武汉市江岸区"). None is a secret.
    """
    by_code = Place.objects.filter(code=text).first()
    if by_code is not None:
        return [by_code]
    found = _named(text, within) or _named(text, "")
    return found or _of_chain("".join(text.split()), text.split())


def _named(text: str, within: str) -> list[Place]:
    rows = Place.objects.filter(Q(name=text) | Q(name_en__iexact=text), abolished_on__isnull=True)
    rows = rows.filter(path__within=within) if within else rows
    return list(rows.order_by("path")[:_MOST_MEANT])


def _of_chain(joined: str, apart: list[str]) -> list[Place]:
    """Return the places whose name ends the text, and before whose name those of places above them stand."""
    names = {joined[n:] for n in range(1, len(joined) - 1)} | {
        " ".join(apart[n:]) for n in range(1, len(apart))
    }
    rows = Place.objects.filter(Q(name__in=names) | Q(name_en__in=names), abolished_on__isnull=True)
    found = list(rows.order_by("path")[:_MOST_ENDINGS])
    above = Place.objects.filter(path__in={path for place in found for path in lineage(place.path)})
    called = {place.path: (place.name, place.name_en) for place in above}
    return [place for place in found if _fits(joined, place, called)][:_MOST_MEANT]


def _fits(joined: str, place: Place, called: dict[str, tuple[str, str]]) -> bool:
    """Return whether the text is the names of the place and of some above it, one after another."""
    rests = {joined.removesuffix(name) for name in _together(called[place.path]) if joined.endswith(name)}
    for path in lineage(place.path)[-2::-1]:
        names = _together(called.get(path, ("", "")))
        rests |= {rest.removesuffix(name) for rest in rests for name in names if rest.endswith(name)}
    return "" in rests


def _together(names: tuple[str, str]) -> set[str]:
    return {"".join(name.split()) for name in names if name}


def whole_names(places: Sequence[Place]) -> list[tuple[Place, str]]:
    """Return each place with its name after those of the prefecture and the county that it lies in: one query."""
    above = {path for place in places for path in lineage(place.path)[2:]}
    names = dict(Place.objects.filter(path__in=above).values_list("path", "name"))
    return [
        (place, " ".join(names[path] for path in lineage(place.path)[2:] if path in names) or place.name)
        for place in places
    ]


def small_places(area: Place, *, limit: int = 600) -> list[Place]:
    """Return the townships, villages and cells of a county, the larger first, for choosing from."""
    county = ".".join(area.path.rstrip(".").split(".")[: Level.COUNTY + 1]) + "."
    rows = Place.objects.filter(abolished_on__isnull=True, path__within=county, level__gt=Level.COUNTY)
    return list(rows.select_related("parent").order_by("level", "path")[:limit])


def get_unit(code: str) -> Unit:
    """Return the open unit of this code, or raise UnknownUnit; units are no secret."""
    unit: Unit | None = Unit.objects.open().filter(code=code).select_related("place", "parent").first()
    if unit is None:
        raise UnknownUnit(unit=code)
    return unit


def unit_of(actor: Actor) -> Unit | None:
    """Return the unit that the actor belongs to, None where it belongs to none."""
    return Unit.objects.filter(pk=actor.unit_id or 0).select_related("place").first()


def list_places(
    *, path: str = "", level: int | None = None, after: str = "", limit: int = 200
) -> list[Place]:
    """Return one page of the places in force within `path`, in the order of their paths; `after` is the last path before."""
    rows = Place.objects.filter(abolished_on__isnull=True, path__within=path, path__gt=after)
    if level is not None:
        rows = rows.filter(level=level)
    return list(rows.select_related("parent").order_by("path")[:limit])


def list_units(*, path: str = "", capability: str = "") -> list[Unit]:
    """Return the open units of the area in the order of places, each with what it answers for."""
    rows = Unit.objects.open().filter(path__within=path)
    if capability:
        rows = rows.filter(capabilities__capability=capability)
    return list(
        rows.select_related("place", "parent").prefetch_related("capabilities").order_by("path", "code")
    )


def capability_gaps(path: str = "") -> list[Jurisdiction]:
    """Return the kinds of work in the area that no unit of their own answers for yet."""
    rows = Jurisdiction.objects.filter(path__within=path, gap_since__isnull=False, filled_at__isnull=True)
    return list(rows.select_related("place", "unit").order_by("path", "capability"))


def surviving_ids(people: Collection[int]) -> dict[int, int]:
    """Return person id -> id of the record that stands for that person now (one query)."""
    rows = Person.objects.filter(pk__in=people).values_list("pk", "merged_into_id")
    return {pk: merged_into or pk for pk, merged_into in rows}


def survivor_of(person: Person) -> Person:
    """Return the record that stands for this person now."""
    return person.merged_into or person


def get_person(actor: Actor, **lookup: object) -> Person:
    """Return a person whom `actor` may reach, through the area or a tie; the survivor where the record was merged."""
    person = Person.objects.filter(**lookup).select_related("merged_into").first()
    if person is None:
        raise NotVisible(thing=Person._meta.verbose_name)  # noqa: SLF001 - Django's documented Meta API
    found = survivor_of(person)
    if not reachable(actor, [found.pk], Permission.PERSON_VIEW):
        raise NotVisible(thing=Person._meta.verbose_name)  # noqa: SLF001
    return found


def open_reviews(actor: Actor) -> MatchReviewQuerySet:
    """Return the pairs on which `actor` may decide, the most likely first; pairs with a merged record are left out.

    Looked up from the pairs, which are few: joined, SQLite begins with all people who are not merged.
    """
    merged = Person.objects.filter(merged_into__isnull=False)
    return (
        MatchReview.objects.visible_to(actor)
        .filter(decision=MatchDecision.OPEN)
        .exclude(Exists(merged.filter(pk=OuterRef("first_id"))))
        .exclude(Exists(merged.filter(pk=OuterRef("second_id"))))
        .select_related("first", "second", "place")
        .order_by("-score", "pk")
    )


def merges_of(person: Person) -> list[Merge]:
    """Return the merges into this person that hold, the newest first: the order in which they can be undone."""
    return list(
        Merge.objects.filter(kept=person, undone_at__isnull=True)
        .select_related("merged", "by")
        .order_by("-pk")
    )
