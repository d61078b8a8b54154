"""Who answers for what where: worked out from units and places whenever either changes.

A place's own unit answers; where there is none, the nearest ancestor's. Being answered for from above the level that
`EXPECTED_LEVEL` names is a gap: work still has an owner, and appointing one is itself a duty of that owner.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from lianfang.core.registry.models import EXPECTED_LEVEL, Jurisdiction, Place, Unit

_BATCH = 5000


class _Answer(NamedTuple):
    """What the table says, or should say, of one kind of work in one place."""

    unit: int | None
    path: str
    gap_since: datetime | None
    filled_at: datetime | None


@transaction.atomic
def refresh_jurisdictions(*, at: datetime, within: str = "") -> int:
    """Bring the `Jurisdiction` table in line with places and units, under the path `within`; return how many rows changed.

    Cost: one read of places and of the table, and one upsert per 5,000 changed rows. A nation down to its townships is
    45,000 places and 585,000 rows; a change in one county reads and writes that county only.
    """
    existing = _existing(within)
    changed: list[Jurisdiction] = []
    for place, path, capability, unit, is_gap in _answers(within):
        old = existing.pop((place, capability), None)
        new = _answer(unit, path, old, is_gap=is_gap, at=at)
        if new != old:
            changed.append(
                Jurisdiction(
                    place_id=place,
                    capability=capability,
                    unit_id=new.unit,
                    path=path,
                    gap_since=new.gap_since,
                    filled_at=new.filled_at,
                )
            )
    gone = {place for place, _capability in existing}  # abolished places
    if gone:
        Jurisdiction.objects.filter(place__in=gone).delete()
    Jurisdiction.objects.bulk_create(
        changed,
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["place", "capability"],
        update_fields=["unit", "path", "gap_since", "filled_at"],
    )
    return len(changed) + len(existing)


def _existing(within: str) -> dict[tuple[int, str], _Answer]:
    under: dict[str, Any] = {"path__within": within}
    rows = Jurisdiction.objects.filter(**under).values_list(
        "place_id", "capability", "unit_id", "path", "gap_since", "filled_at"
    )
    return {
        (place, capability): _Answer(unit, path, gap_since, filled_at)
        for place, capability, unit, path, gap_since, filled_at in rows.iterator(chunk_size=20_000)
    }


def _answers(within: str) -> Iterator[tuple[int, str, str, int | None, bool]]:
    """Yield (place, path, capability, unit that answers, whether that is a gap), parents before their children."""
    own = _own_units()
    answering: dict[int, dict[str, int]] = {}
    rows = Place.objects.filter(abolished_on__isnull=True).order_by("path")
    columns = ("pk", "path", "level", "parent_id")
    if within:
        parts = within.split(".")
        above = [".".join(parts[:n]) + "." for n in range(1, len(parts) - 1)]
        for pk, _path, _level, parent in rows.filter(path__in=above).values_list(*columns):
            answering[pk] = answering.get(parent or 0, {}) | own.get(pk, {})
    for pk, path, level, parent in rows.filter(path__within=within).values_list(*columns):
        mine = own.get(pk)
        inherited = answering.get(parent or 0, {})
        answering[pk] = answers = inherited | mine if mine else inherited
        for capability, expected in EXPECTED_LEVEL.items():
            is_gap = level == expected and capability not in (mine or ())
            yield pk, path, capability, answers.get(capability), is_gap


def _own_units() -> dict[int, dict[str, int]]:
    """Return place id -> capability -> unit id; of several units of one place the first by name answers."""
    own: dict[int, dict[str, int]] = {}
    rows = (
        Unit.objects.open().order_by("name", "pk").values_list("place_id", "capabilities__capability", "pk")
    )
    for place, capability, unit in rows:
        if capability is not None:
            own.setdefault(place, {}).setdefault(capability, unit)
    return own


def _answer(unit: int | None, path: str, old: _Answer | None, *, is_gap: bool, at: datetime) -> _Answer:
    """Return what the table should say: a gap keeps the moment it began, and one that was filled when it was."""
    gap_since = old.gap_since if old else None
    if is_gap:
        return _Answer(unit, path, gap_since or at, None)
    filled_at = (old.filled_at or at) if old is not None and gap_since is not None else None
    return _Answer(unit, path, gap_since, filled_at)
