"""Beds told by number: each row one or several tallies; told again it changes nothing, told otherwise it corrects."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from lianfang.care.events import CareEvent
from lianfang.care.models import BedKind, BedTally, CareLevel
from lianfang.cases.targets.reading import UnitFinder, as_moment, place_of
from lianfang.common.bulk import write_columns
from lianfang.common.clock import site_zone
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import Entry, record_many
from lianfang.core.registry.models import Place, Unit
from lianfang.intake.records import BED_TALLY
from lianfang.intake.target import Context, Outcome, Row, Target, Undone, Word
from lianfang.loop.touch import touch

_LABEL = "care.BedTally"
_COLUMNS = ("facility", "place_code", "counted_at", "bed_kind", "bed_level", "usable", "occupied")
Slot = tuple[int, int, str, int | None, datetime]


class TallyTarget(Target):
    """Tallies of beds."""

    record = BED_TALLY
    title: ClassVar[Any] = _("Beds by number")
    export_permission = Permission.EXPORT_RUN

    def apply(self, rows: Sequence[Row], context: Context) -> list[Outcome]:
        """Record the tallies; one of the same beds at the same moment with other numbers corrects it."""
        outcomes = [Outcome() for _ in rows]
        units = UnitFinder({str(row.values["facility"]) for row in rows if row.values.get("facility")})
        drafts: list[tuple[Outcome, BedTally, Row]] = []
        for row, outcome in zip(rows, outcomes, strict=True):
            place = place_of(row, outcome, context)
            unit = units.find(row.values.get("facility"))
            if place is None or not _is_ours(row, outcome, unit or place, context):
                continue
            drafts += [(outcome, tally, row) for tally in _tallies(row, outcome, unit, place, context)]
        self._write(drafts, context)
        return outcomes

    def _write(self, drafts: Sequence[tuple[Outcome, BedTally, Row]], context: Context) -> None:
        moments = {tally.occurred_at for _, tally, _ in drafts}
        standing: dict[Slot, BedTally] = {}
        if moments:
            told = BedTally.objects.current().filter(occurred_at__range=(min(moments), max(moments)))
            standing = {_slot(tally): tally for tally in told}
        new: list[tuple[Outcome, BedTally, Row]] = []
        corrected: list[tuple[BedTally, BedTally]] = []
        for outcome, tally, row in drafts:
            before = standing.get(_slot(tally))
            if before is not None and (before.usable, before.occupied) == (tally.usable, tally.occupied):
                continue
            if before is not None and before.pk:
                corrected.append((before, tally))
            standing[_slot(tally)] = tally
            new.append((outcome, tally, row))
        BedTally.objects.bulk_create([tally for _, tally, _ in new], batch_size=500)
        for before, tally in corrected:
            before.superseded_at, before.superseded_by = context.at, tally
        write_columns([before for before, _ in corrected], ["superseded_at", "superseded_by"])
        changed = {id(tally) for _, tally in corrected}
        for outcome, tally, _row in new:
            if outcome.word != Word.CHANGED:
                outcome.word = Word.CHANGED if id(tally) in changed else Word.CREATED
            outcome.records.append((_LABEL, tally.pk, True))
        entries = [
            Entry(
                subject=tally, after={"kind": tally.kind, "usable": tally.usable, "occupied": tally.occupied}
            )
            for _, tally, _ in new
        ]
        record_many(CareEvent.TALLIED, entries, by=context.by, at=context.at)
        touch(BedTally, [tally.pk for _, tally, _ in new], at=context.at)

    def undo(self, records: Mapping[str, Sequence[int]], *, by: Actor, at: datetime, reason: str) -> Undone:  # noqa: ARG002
        ids = list(records.get(_LABEL, ()))
        done = Undone()
        done.withdrawn = (
            BedTally.objects.current()
            .filter(pk__in=ids)
            .update(superseded_at=at, withdrawn_because=reason[:500])
        )
        before = BedTally.objects.filter(superseded_by__in=ids, withdrawn_because="")
        done.reinstated = before.update(superseded_at=None, superseded_by=None)
        touch(BedTally, ids, at=at)
        return done

    def export(self, actor: Actor, *, path: str, at: datetime, purpose: str) -> Iterator[Mapping[str, Any]]:  # noqa: ARG002
        rows = (
            BedTally.objects.visible_in(actor, path).current().select_related("unit", "place").order_by("pk")
        )
        for tally in rows.iterator(1000):
            yield {
                "facility": tally.unit.code if tally.unit else None,
                "place_code": tally.place.code,
                "counted_at": tally.occurred_at.astimezone(site_zone()),
                "bed_kind": tally.kind,
                "bed_level": None if tally.level is None else str(tally.level),
                "usable": tally.usable,
                "occupied": tally.occupied,
            }

    def columns(self) -> Sequence[str]:
        return _COLUMNS


def _slot(tally: BedTally) -> Slot:
    return (tally.unit_id or 0, tally.place_id, tally.kind, tally.level, tally.occurred_at)


def _is_ours(row: Row, outcome: Outcome, where: Unit | Place, context: Context) -> bool:
    if context.by.may(Permission.IMPORT_RUN, where.path):
        return True
    outcome.park(
        row, column="facility", value=row.values.get("facility") or where, rule="tally.not_yours",
        hint="The beds are those of another area. Send the row to that area.",
    )  # fmt: skip
    return False


def _tallies(
    row: Row, outcome: Outcome, unit: Unit | None, place: Place, context: Context
) -> Iterator[BedTally]:
    """Yield the tallies of one row, or park it where its numbers cannot be."""
    values = row.values
    if values.get("facility") and unit is None:
        outcome.park(
            row, column="facility", value=values["facility"], rule="facility.unknown",
            hint="No unit has this name or code. Load the list of facilities first, or correct the name.",
        )  # fmt: skip
        return
    usable, occupied, empty = (values.get(name) for name in ("usable", "occupied", "empty"))
    if occupied is None and usable is not None and empty is not None:
        occupied = usable - empty
    told: list[tuple[int | None, int | None, int]] = []
    if occupied is not None:
        level = values.get("bed_level")
        total = occupied + empty if usable is None and empty is not None else usable
        told.append((None if level is None else int(level), total, int(occupied)))
    for name, at_level in (
        ("ordinary_occupied", CareLevel.ORDINARY),
        ("critical_occupied", CareLevel.CRITICAL),
    ):
        if values.get(name) is not None:
            told.append((at_level, None, int(values[name])))
    if not told or any(beds is not None and not 0 <= lying <= beds for _, beds, lying in told):
        outcome.park(
            row, column="occupied", value=values.get("occupied", ""), rule="tally.impossible",
            hint="Say how many beds are occupied, or usable and empty; not more can be occupied than are usable.",
        )  # fmt: skip
        return
    for tally_level, beds, lying in told:
        where = unit.place if unit is not None else place
        yield BedTally(
            unit=unit, place=where, path=where.path, kind=values.get("bed_kind") or BedKind.HOSPITAL,
            level=tally_level, usable=None if beds is None else int(beds), occupied=lying,
            occurred_at=as_moment(values["counted_at"]), recorded_at=context.at,
            recorded_by_id=context.by.user_id, source=context.system,
        )  # fmt: skip
