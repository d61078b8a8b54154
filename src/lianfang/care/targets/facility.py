"""Lists of hospitals become units: known by name in their place, or by the sender's number; nothing is made twice."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from lianfang.cases.targets.reading import place_of
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import Entry, record_many
from lianfang.core.registry.events import RegistryEvent
from lianfang.core.registry.jurisdiction import refresh_jurisdictions
from lianfang.core.registry.models import Capability, Place, Unit, UnitCapability, UnitKind
from lianfang.intake.records import FACILITY
from lianfang.intake.target import Context, Outcome, Row, Target, Undone, Word

_LABEL = "registry.Unit"
# What a designated hospital answers for; a fever clinic reports.
_DESIGNATED = (Capability.REPORT, Capability.ADMIT)
_CLINIC = (Capability.REPORT,)


class FacilityTarget(Target):
    """Hospitals, clinics, mobile cabins."""

    record = FACILITY
    title: ClassVar[Any] = _("Hospitals and clinics")
    export_permission = Permission.EXPORT_RUN
    kept_in_signal = frozenset({"facility_level", "facility_address", "external_id"})

    def apply(self, rows: Sequence[Row], context: Context) -> list[Outcome]:
        """Make a unit of every facility that is not on file in its place; a known one changes nothing."""
        outcomes = [Outcome() for _ in rows]
        placed = [
            (row, outcome, place)
            for row, outcome in zip(rows, outcomes, strict=True)
            if (place := place_of(row, outcome, context)) is not None and _may(row, outcome, place, context)
        ]
        names = {str(row.values["facility"])[:200] for row, _, _ in placed}
        known = {
            (unit.name, unit.place_id): unit
            for unit in Unit.objects.filter(name__in=names, closed_at__isnull=True)
        }
        made: list[tuple[Outcome, Unit, Row]] = []
        for row, outcome, place in placed:
            name = str(row.values["facility"])[:200]
            unit = known.get((name, place.pk))
            if unit is None:
                unit = known[name, place.pk] = Unit(
                    code=code_of(name, place), name=name, kind=UnitKind.HOSPITAL, place=place, path=place.path
                )
                made.append((outcome, unit, row))
            elif unit.pk:
                outcome.records.append((_LABEL, unit.pk, False))
        _write(made, context)
        return outcomes

    def undo(self, records: Mapping[str, Sequence[int]], *, by: Actor, at: datetime, reason: str) -> Undone:  # noqa: ARG002
        """Close the units that an import made; what hangs on them stays."""
        done = Undone()
        done.emptied = Unit.objects.filter(pk__in=records.get(_LABEL, ()), closed_at__isnull=True).update(
            closed_at=at
        )
        refresh_jurisdictions(at=at)
        return done

    def export(self, actor: Actor, *, path: str, at: datetime, purpose: str) -> Iterator[Mapping[str, Any]]:  # noqa: ARG002
        """Yield the hospitals of the area."""
        rows = Unit.objects.filter(
            kind=UnitKind.HOSPITAL, path__within=path, closed_at__isnull=True
        ).select_related("place")
        for unit in rows.order_by("pk"):
            if actor.may(Permission.EXPORT_RUN, unit.path):
                yield {"facility": unit.name, "place_code": unit.place.code}

    def columns(self) -> Sequence[str]:
        return ("facility", "place_code")


def code_of(name: str, place: Place) -> str:
    """Return a short code for a unit that came without one: the same for the same name in the same place."""
    return f"{place.code}-{hashlib.blake2s(name.encode(), digest_size=4).hexdigest()}"


def _may(row: Row, outcome: Outcome, place: Place, context: Context) -> bool:
    if context.by.may(Permission.REGISTRY_EDIT, place.path):
        return True
    outcome.park(
        row,
        column="facility",
        value=row.values["facility"],
        rule="facility.not_yours",
        hint="Units of this place are set up by whoever keeps its registry. Send the row to them.",
    )
    return False


def _write(made: Sequence[tuple[Outcome, Unit, Row]], context: Context) -> None:
    if not made:
        return
    Unit.objects.bulk_create([unit for _, unit, _ in made], batch_size=500)
    UnitCapability.objects.bulk_create(
        [
            UnitCapability(unit=unit, capability=capability)
            for _, unit, row in made
            for capability in (_DESIGNATED if row.values.get("designated") else _CLINIC)
        ],
        batch_size=1000,
    )
    for outcome, unit, _row in made:
        outcome.word = Word.CREATED
        outcome.records.append((_LABEL, unit.pk, True))
    entries = [
        Entry(subject=unit, after={"code": unit.code, "signal": row.signal_id}) for _, unit, row in made
    ]
    record_many(RegistryEvent.UNIT_CREATED, entries, by=context.by, at=context.at)
    refresh_jurisdictions(at=context.at)
