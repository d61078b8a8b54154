"""Loading, moving, renaming and abolishing places; every row that carries a path follows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.apps import apps
from django.db import models, transaction
from django.db.models import F, Max, Value
from django.db.models.functions import Concat, Substr

from lianfang.common.fields import PathField
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.append_only import is_append_only
from lianfang.core.audit.services import record
from lianfang.core.registry.errors import BadPlaceTable, NotACounty, PlaceCannotMove
from lianfang.core.registry.events import RegistryEvent
from lianfang.core.registry.jurisdiction import refresh_jurisdictions
from lianfang.core.registry.models import ExternalNumber, Jurisdiction, Level, Place
from lianfang.core.registry.place_names import short_name
from lianfang.core.registry.place_tables import PlaceRow, looks_urban, parents_first
from lianfang.core.registry.ties import references_to

_PLAIN = ("name", "name_en", "level", "population", "longitude", "latitude", "is_urban")
_LONGEST_PATH = 200


@dataclass
class PlaceLoad:
    """What loading a table did, as codes."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    abolished: list[str] = field(default_factory=list)
    revived: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return how many places there are of each."""
        return {name: len(codes) for name, codes in vars(self).items()}


@dataclass(frozen=True)
class Succession:
    """A proposal that one place stands where an abolished one stood, and what it rests on."""

    old: Place
    new: Place
    why: str


@transaction.atomic
def load_places(
    rows: Sequence[PlaceRow], *, by: Actor, at: datetime, abolished_on: date | None = None, system: str = ""
) -> PlaceLoad:
    """Add and change places as the table says; nothing is ever deleted.

    With `abolished_on` the table is a complete edition: places of the levels that it has and that it does not name
    are marked abolished on that day. A changed parent moves the place with everything below it. Empty population and
    coordinates of the table leave what is known. The rows' numbers are remembered as those of `system`. Whether a county is a
    district of its city is taken from the table where it says so, and at first sight of a code of GB/T 2260 from the code.
    """
    by.require(Permission.REGISTRY_EDIT)
    codes = [row.code for row in rows]
    if len(set(codes)) != len(codes):
        twice = next(code for code in codes if codes.count(code) > 1)
        raise BadPlaceTable(reason=f"{twice} stands twice")
    known = {place.code: place for place in Place.objects.all()}
    load = PlaceLoad()
    _put_rows(parents_first(rows, known), known, load)
    if abolished_on is not None:
        _abolish_missing(set(codes), {row.level for row in rows}, known, abolished_on, load)
    _put_numbers(rows, known, system)
    record(RegistryEvent.PLACES_LOADED, by=by, at=at, after=load.counts())
    refresh_jurisdictions(at=at)
    return load


def _put_rows(ordered: list[PlaceRow], known: dict[str, Place], load: PlaceLoad) -> None:
    """Write rows whose parents come first; new places are inserted generation by generation."""
    changed: list[Place] = []
    new: list[Place] = []
    for row in ordered:
        parent = known[row.parent] if row.parent else None
        place = known.get(row.code)
        if place is None:
            if parent is not None and parent._state.adding:  # noqa: SLF001 - Django's own way to ask
                _insert(new)
            place = Place(code=row.code, parent=parent, path=_path_of(row.code, parent))
            place.is_urban = row.level == Level.COUNTY and looks_urban(row.code, row.name, row.parent)
            _set_plain(place, row)
            new.append(place)
            known[row.code] = place
            load.added.append(row.code)
            continue
        if place.parent_id != (parent.pk if parent else None) and place.pk is not None:
            _insert(new)
            _move(place, parent, place.code, known.values())
            load.moved.append(row.code)
        revived = place.abolished_on is not None
        if revived:
            place.abolished_on, place.succeeded_by = None, None
            load.revived.append(row.code)
        if _set_plain(place, row) or revived:
            changed.append(place)
            load.changed.append(row.code)
    _insert(new)
    Place.objects.bulk_update(changed, [*_PLAIN, "abolished_on", "succeeded_by"], batch_size=500)


def _put_numbers(rows: Sequence[PlaceRow], known: dict[str, Place], system: str) -> None:
    """Remember under what numbers another system knows the places; a number that is given anew goes over."""
    numbers = {row.number: known[row.code].pk for row in rows if row.number}
    if numbers and not system:
        raise BadPlaceTable(reason="it has external_id, and nobody said of which system")
    ExternalNumber.objects.bulk_create(
        [
            ExternalNumber(system=system, record=Place._meta.label, number=number, record_id=pk)  # noqa: SLF001
            for number, pk in numbers.items()
        ],
        batch_size=500,
        update_conflicts=True,
        unique_fields=["system", "record", "number"],
        update_fields=["record_id"],
    )


def _insert(new: list[Place]) -> None:
    for place in new:
        place.parent_id = place.parent.pk if place.parent else None
    Place.objects.bulk_create(new, batch_size=1000)
    new.clear()


def _set_plain(place: Place, row: PlaceRow) -> bool:
    changed = False
    for name in _PLAIN:
        value = getattr(row, name)
        if value not in {None, ""} and getattr(place, name) != value:
            setattr(place, name, value)
            changed = True
    return changed


def _path_of(code: str, parent: Place | None) -> str:
    path = f"{parent.path if parent else ''}{code}."
    if len(path) > _LONGEST_PATH or "." in code or not code:
        raise BadPlaceTable(reason=f"the code {code!r} is empty, has a dot, or makes too long a path")
    return path


def _abolish_missing(
    codes: set[str], levels: set[int], known: dict[str, Place], on: date, load: PlaceLoad
) -> None:
    gone = [
        place
        for place in known.values()
        if place.level in levels and place.code not in codes and place.abolished_on is None
    ]
    load.abolished += [place.code for place in gone]
    Place.objects.filter(pk__in=[place.pk for place in gone]).update(abolished_on=on)


@transaction.atomic
def move_place(
    *,
    place: Place,
    by: Actor,
    at: datetime,
    parent: Place | None = None,
    code: str = "",
    name: str = "",
    reason: str = "",
) -> Place:
    """Rename a place, give it another code, or put it under another parent; every path below it follows.

    Cost: one statement per column that holds paths. Events already recorded keep the path of their time.
    """
    by.require(Permission.REGISTRY_EDIT, place.path)
    above = parent or place.parent
    if parent is not None:
        by.require(Permission.REGISTRY_EDIT, parent.path)
        if parent.path.startswith(place.path):
            raise PlaceCannotMove(place=place.name, parent=parent.name, reason="that lies inside it")
    code = code or place.code
    if Place.objects.filter(code=code).exclude(pk=place.pk).exists():
        raise PlaceCannotMove(place=place.name, parent=above.name if above else "", reason=f"{code} is taken")
    before = {"code": place.code, "name": place.name, "path": place.path}
    place.name = name or place.name
    _move(place, above, code, ())
    place.save(update_fields=["name"])
    after = {"code": place.code, "name": place.name, "path": place.path}
    record(RegistryEvent.PLACE_MOVED, by=by, at=at, subject=place, reason=reason, before=before, after=after)
    refresh_jurisdictions(at=at, within=place.path)
    return place


@transaction.atomic
def mark_urban(*, place: Place, is_urban: bool, reason: str, by: Actor, at: datetime) -> Place:
    """Say that a county is a district of its city (市辖区), or is not: what the grade of the city's urban area rests on."""
    by.require(Permission.REGISTRY_EDIT, place.path)
    if place.level != Level.COUNTY:
        raise NotACounty(place=place.name)
    if place.is_urban != is_urban:
        before, place.is_urban = {"urban": place.is_urban}, is_urban
        place.save(update_fields=["is_urban"])
        after = {"urban": is_urban}
        record(RegistryEvent.PLACE_MARKED, by=by, at=at, subject=place, path=place.path, reason=reason, before=before, after=after)  # fmt: skip
    return place


def _move(place: Place, parent: Place | None, code: str, others: Iterable[Place]) -> None:
    """Put the place under a parent and a code, and rewrite every path at and below it, in memory as well."""
    old, new = place.path, _path_of(code, parent)
    place.parent, place.code = parent, code
    place.save(update_fields=["parent", "code"])
    if new != old:
        rewrite_paths(old, new)
        place.path = new
        for other in others:
            if other.path.startswith(old):
                other.path = new + other.path[len(old) :]


def rewrite_paths(old: str, new: str, *, but: type[models.Model] | None = None) -> int:
    """Replace the beginning `old` of every path in the database by `new`; return how many rows were written."""
    written = 0
    for model, column in path_columns():
        if model is not but:
            rows = model._base_manager.filter(**{f"{column}__within": old})  # noqa: SLF001 - Django's documented API
            written += rows.update(**{column: Concat(Value(new), Substr(F(column), len(old) + 1))})
    return written


def path_columns() -> Iterator[tuple[type[models.Model], str]]:
    """Yield (model, column) of every path that may be rewritten; tables that only grow keep theirs."""
    for model in apps.get_models():
        if not is_append_only(model):
            for column in model._meta.concrete_fields:  # noqa: SLF001
                if isinstance(column, PathField):
                    yield model, column.name


@transaction.atomic
def succeed_place(
    *, old: Place, new: Place, on: date, by: Actor, at: datetime, move_rows: bool = True, reason: str = ""
) -> int:
    """Let `new` stand where `old` stood; return how many rows were moved.

    With `move_rows` everything that is at `old` or below it is at `new` from now on: people, units, cases, and the
    places below. Without it (a place that was split) only new rows go there.
    """
    by.require(Permission.REGISTRY_EDIT, old.path)
    by.require(Permission.REGISTRY_EDIT, new.path)
    if new.path.startswith(old.path):
        raise PlaceCannotMove(place=old.name, parent=new.name, reason="that lies inside it")
    moved = 0
    Jurisdiction.objects.filter(place=old).delete()
    if move_rows:
        for child in old.children.all():
            _move(child, new, child.code, ())
        for model, column in references_to(Place):
            if model not in {Place, Jurisdiction} and not is_append_only(model):
                moved += model._base_manager.filter(**{column: old}).update(**{column: new})  # noqa: SLF001
        rewrite_paths(old.path, new.path, but=Place)
    old.abolished_on, old.succeeded_by = on, new
    old.save(update_fields=["abolished_on", "succeeded_by"])
    after = {"new": new.code, "rows": moved}
    record(RegistryEvent.PLACE_SUCCEEDED, by=by, at=at, subject=old, reason=reason, after=after)
    refresh_jurisdictions(at=at, within=new.path)
    return moved


def propose_successions() -> list[Succession]:
    """Return for each abolished place without a successor the living place that has taken its name, where one has.

    Nothing is written: a person confirms by `succeed_place`. The nearest match counts: the same prefecture before the
    same province; the same name before the same short name (章丘市 became 章丘区).
    """
    last = Place.objects.aggregate(last=Max("level"))["last"] or 0
    living: dict[tuple[int, str], list[Place]] = {}
    for place in Place.objects.filter(abolished_on__isnull=True, level__lte=last):
        for name in {place.name, short_name(place.name)}:
            living.setdefault((place.level, name), []).append(place)
    proposals = []
    for old in Place.objects.filter(abolished_on__isnull=False, succeeded_by__isnull=True).order_by("path"):
        found = _nearest(old, living)
        if found is not None:
            proposals.append(found)
    return proposals


def _nearest(old: Place, living: dict[tuple[int, str], list[Place]]) -> Succession | None:
    for levels_up, where in ((1, "in the same area"), (2, "in the area above")):
        area = ".".join(old.path.split(".")[: -1 - levels_up]) + "."
        for name, what in ((old.name, "the same name"), (short_name(old.name), "the same short name")):
            found = [place for place in living.get((old.level, name), []) if place.path.startswith(area)]
            if len(found) == 1:
                return Succession(old, found[0], f"{what} {where}")
    return None
