"""Who answers for what where: worked out from units and places whenever either changes.

A place's own unit answers; where there is none, the nearest ancestor's. Being answered for from above the level that
`EXPECTED_LEVEL` names is a gap: work still has an owner, and appointing one is itself a duty of that owner.
"""

from datetime import datetime

from lianfang.core.registry.models import EXPECTED_LEVEL, Jurisdiction, Place, Unit

_BATCH = 5000


def refresh_jurisdictions(*, at: datetime) -> int:
    """Bring the `Jurisdiction` table in line with places and units; return how many rows were written.

    Cost: one read of both tables and one upsert per 5,000 changed rows; a township-level nation (45,000 places) is
    some 600,000 rows.
    """
    own = _own_units()
    existing = {(row.place_id, row.capability): row for row in Jurisdiction.objects.all()}
    above: dict[int, dict[str, int]] = {}
    changed: list[Jurisdiction] = []
    for place in Place.objects.order_by("path").values("pk", "path", "level", "parent_id"):
        inherited = above.get(place["parent_id"], {})
        mine = own.get(place["pk"], {})
        above[place["pk"]] = answering = {**inherited, **mine}
        for capability, level in EXPECTED_LEVEL.items():
            row = existing.get((place["pk"], capability))
            is_gap = place["level"] == level and capability not in mine
            new = _row(place, capability, answering.get(capability), is_gap, row, at)
            if new is not None:
                changed.append(new)
    Jurisdiction.objects.bulk_create(
        changed,
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["place", "capability"],
        update_fields=["unit", "path", "gap_since", "filled_at"],
    )
    return len(changed)


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


def _row(
    place: dict[str, int],
    capability: str,
    unit: int | None,
    is_gap: bool,
    row: Jurisdiction | None,
    at: datetime,
) -> Jurisdiction | None:
    """Return the row to be written, or None where it is right already."""
    gap_since = (
        (row.gap_since if row and row.gap_since else at) if is_gap else (row.gap_since if row else None)
    )
    filled_at = None if is_gap else (row.filled_at or at if row and row.gap_since else None)
    new = Jurisdiction(
        place_id=place["pk"],
        capability=capability,
        unit_id=unit,
        path=place["path"],
        gap_since=gap_since,
        filled_at=filled_at,
    )
    if row is not None and all(
        getattr(row, name) == getattr(new, name) for name in ("unit_id", "path", "gap_since", "filled_at")
    ):
        return None
    return new
