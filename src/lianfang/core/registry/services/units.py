"""Units and what they answer for; who answers where is worked out anew in the same transaction."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.errors import BadUnitTable, LastUnit
from lianfang.core.registry.events import RegistryEvent
from lianfang.core.registry.jurisdiction import refresh_jurisdictions
from lianfang.core.registry.models import Capability, Place, Unit, UnitCapability, UnitKind
from lianfang.core.registry.selectors import get_place, get_unit
from lianfang.core.registry.unit_tables import UnitRow

_DETAILS = ("name_en", "email", "webhook", "daily_capacity")
_CHANGEABLE = frozenset({"name", "name_en", "kind", "parent", "email", "webhook", "daily_capacity"})


@transaction.atomic
def create_unit(
    *,
    code: str,
    name: str,
    kind: UnitKind,
    place: Place,
    by: Actor,
    at: datetime,
    capabilities: Collection[Capability] = (),
    **details: Any,
) -> Unit:
    """Create a unit that answers for `capabilities` in its place and wherever below nobody nearer does.

    `details` are parent, name_en, email, webhook, daily_capacity.
    """
    by.require(Permission.REGISTRY_EDIT, place.path)
    unit = Unit.objects.create(code=code, name=name, kind=kind, place=place, path=place.path, **details)
    UnitCapability.objects.bulk_create(
        UnitCapability(unit=unit, capability=capability) for capability in capabilities
    )
    after = {"code": code, "kind": str(kind), "capabilities": sorted(map(str, capabilities))}
    record(RegistryEvent.UNIT_CREATED, by=by, at=at, subject=unit, after=after)
    refresh_jurisdictions(at=at, within=place.path)
    return unit


@transaction.atomic
def load_units(rows: Sequence[UnitRow], *, by: Actor, at: datetime) -> Counter[str]:
    """Create and change units as the table says, parents before children; return how many of each.

    A unit that the table does not name stays as it is, and so do empty cells. The same table again changes nothing.
    """
    done: Counter[str] = Counter({"created": 0, "changed": 0, "unchanged": 0})
    for row in rows:
        standing = Unit.objects.filter(code=row.code).prefetch_related("capabilities").first()
        parent = get_unit(row.parent) if row.parent else None
        if standing is None:
            create_unit(
                code=row.code,
                name=row.name,
                kind=row.kind,
                place=get_place(row.place),
                capabilities=row.capabilities,
                by=by,
                at=at,
                **{name: getattr(row, name) for name in _DETAILS},
                parent=parent,
            )
            done["created"] += 1
            continue
        changes = _differences(standing, row, parent)
        done["changed" if changes else "unchanged"] += 1
        if changes:
            change_unit(unit=standing, by=by, at=at, **changes)
    return done


def _differences(unit: Unit, row: UnitRow, parent: Unit | None) -> dict[str, Any]:
    """Return what the row says otherwise than the unit is; empty cells say nothing."""
    if row.place != unit.place.code:
        raise BadUnitTable(
            reason=f"{row.code} is at {unit.place.code}; close it and create one at {row.place}."
        )
    said = {"name": row.name, "kind": row.kind, "parent": parent, **{n: getattr(row, n) for n in _DETAILS}}
    changes = {n: value for n, value in said.items() if value not in {None, ""} and getattr(unit, n) != value}
    held = {one.capability for one in unit.capabilities.all()}
    if row.capabilities and set(row.capabilities) != held:
        changes["capabilities"] = row.capabilities
    return changes


@transaction.atomic
def change_unit(
    *,
    unit: Unit,
    by: Actor,
    at: datetime,
    capabilities: Collection[Capability] | None = None,
    reason: str = "",
    **changes: Any,
) -> Unit:
    """Set columns of a unit (name, name_en, kind, parent, email, webhook, daily_capacity) or what it answers for."""
    by.require(Permission.REGISTRY_EDIT, unit.path)
    unknown = set(changes) - _CHANGEABLE
    if unknown:
        raise ValueError(f"changes must be among {sorted(_CHANGEABLE)}. Got {sorted(unknown)}.")
    for name, value in changes.items():
        setattr(unit, name, value)
    if changes:
        unit.save(update_fields=list(changes))
    after: dict[str, Any] = {name: str(value) for name, value in changes.items()}
    if capabilities is not None:
        held = unit.capabilities.exclude(capability__in=list(capabilities))
        after["ended"] = sorted(held.values_list("capability", flat=True))
        held.delete()
        UnitCapability.objects.bulk_create(
            [UnitCapability(unit=unit, capability=capability) for capability in capabilities],
            ignore_conflicts=True,
        )
        after["capabilities"] = sorted(map(str, capabilities))
        refresh_jurisdictions(at=at, within=unit.path)
    record(RegistryEvent.UNIT_CHANGED, by=by, at=at, subject=unit, reason=reason, after=after)
    return unit


@transaction.atomic
def close_unit(*, unit: Unit, by: Actor, at: datetime, reason: str = "") -> Unit:
    """Close a unit: its duties go to the nearest unit above that answers, its subordinate units to its parent."""
    by.require(Permission.REGISTRY_EDIT, unit.path)
    if unit.parent_id is None and not Unit.objects.open().filter(parent=None).exclude(pk=unit.pk).exists():
        raise LastUnit(unit=unit.name)
    unit.closed_at = at
    unit.save(update_fields=["closed_at"])
    Unit.objects.filter(parent=unit).update(parent=unit.parent)
    record(RegistryEvent.UNIT_CLOSED, by=by, at=at, subject=unit, reason=reason)
    refresh_jurisdictions(at=at, within=unit.path)
    return unit
