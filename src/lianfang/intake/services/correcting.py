"""Parked rows are repaired, set aside, or given out for correction; an import is undone."""

import csv
import io
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.intake.errors import BatchUndone, NoReason, NotParked
from lianfang.intake.events import IntakeEvent
from lianfang.intake.models import Batch, Signal, SignalStatus, Trace
from lianfang.intake.rows import OWN_COLUMNS, as_text, open_row, row_keys, seal_row
from lianfang.intake.services.accepting import replay
from lianfang.intake.services.streaming import read_message
from lianfang.intake.table import Cell, shown
from lianfang.intake.target import Undone, targets

_CHUNK = 1000


def open_signal(*, signal: Signal, purpose: str, by: Actor, at: datetime) -> dict[str, Cell]:
    """Return every cell of a signal as it was received, names and numbers too; the opening is recorded with its purpose."""
    by.require(Permission.IDENTITY_REVEAL, signal.path)
    if not purpose.strip():
        raise NoReason
    record(IntakeEvent.SIGNAL_OPENED, subject=signal, by=by, at=at, reason=purpose)
    return open_row(signal)


@transaction.atomic
def repair_signal(*, signal: Signal, values: Mapping[str, Cell], by: Actor, at: datetime) -> Signal:
    """Correct cells of a parked row and try it again; return the new signal, whose status says what became of it.

    What arrived stays as it arrived: the repaired row is a signal of its own that replaces the parked one. Where it
    is parked again, the first one stays parked, and the repair is kept as tried and set aside.
    """
    by.require(Permission.IMPORT_RUN, signal.path)
    if signal.status != SignalStatus.PARKED:
        raise NotParked(status=signal.get_status_display())
    text = as_text({**open_row(signal), **values})
    repaired = Signal.objects.create(
        source_id=signal.source_id,
        key=f"{row_keys(text)[0]}>{signal.pk}.{signal.replaced_by.count() + 1}",
        target=signal.target,
        batch_id=signal.batch_id,
        row=signal.row,
        sealed_content=seal_row(text),
        received_at=at,
        status=SignalStatus.RECEIVED,
        replaces=signal,
        path=signal.path,
    )
    if signal.batch is None:
        read_message(repaired, by=by, at=at)
    else:
        replay([repaired], by=by, at=at)
    repaired.refresh_from_db()
    if repaired.status == SignalStatus.PARKED:
        Signal.objects.filter(pk=repaired.pk).update(status=SignalStatus.SET_ASIDE, settled_at=at)
        Signal.objects.filter(pk=signal.pk).update(problems=repaired.problems)
        repaired.status = SignalStatus.SET_ASIDE
    record(
        IntakeEvent.SIGNAL_REPAIRED,
        subject=signal,
        by=by,
        at=at,
        after={"columns": sorted(values), "by_signal": repaired.pk, "status": repaired.status},
    )
    return repaired


@transaction.atomic
def set_aside_signal(*, signal: Signal, reason: str, by: Actor, at: datetime) -> None:
    """Leave a parked row out for good, with the reason: it stays on file and is owed no longer."""
    by.require(Permission.IMPORT_RUN, signal.path)
    if not reason.strip():
        raise NoReason
    if signal.status != SignalStatus.PARKED:
        raise NotParked(status=signal.get_status_display())
    Signal.objects.filter(pk=signal.pk).update(status=SignalStatus.SET_ASIDE, settled_at=at)
    record(IntakeEvent.SIGNAL_SET_ASIDE, subject=signal, by=by, at=at, reason=reason)


def error_file(*, batch: Batch, by: Actor, at: datetime) -> bytes:
    """Return the parked rows of an import as CSV, as they came, with what is wrong beside them, to correct and send again.

    The columns `lianfang_signal` and `lianfang_problems` say which row it is and why it was parked; leave the first as
    it is. Giving out whole rows is recorded.
    """
    by.require(Permission.IMPORT_RUN, batch.path)
    by.require(Permission.IDENTITY_REVEAL, batch.path)
    columns: list[str] = [name for name in batch.report["columns"] if name not in OWN_COLUMNS]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*columns, *OWN_COLUMNS])
    n = 0
    for signal in batch.signals.filter(status=SignalStatus.PARKED).order_by("row", "pk").iterator(_CHUNK):
        cells = open_row(signal)
        said = "; ".join(f"{p['column'] or 'row'}: {p['rule']}: {p['hint']}" for p in signal.problems)
        writer.writerow([*(shown(cells.get(name)) for name in columns), signal.pk, said])
        n += 1
    record(IntakeEvent.PROBLEMS_EXPORTED, subject=batch, by=by, at=at, after={"rows": n})
    return out.getvalue().encode("utf-8-sig")


@transaction.atomic
def undo_batch(*, batch: Batch, reason: str, by: Actor, at: datetime) -> Undone:
    """Take an import back: its facts are withdrawn, what they replaced holds again, records nothing else hangs on are gone.

    Records that others have built on stay, without the facts of this import. The file can then be sent again.
    """
    by.require(Permission.IMPORT_RUN, batch.path)
    if not reason.strip():
        raise NoReason
    if batch.undone_at is not None:
        raise BatchUndone(name=batch.name)
    records: dict[str, list[int]] = defaultdict(list)
    made = Trace.objects.filter(signal__batch=batch, created=True).order_by("pk")
    for label, pk in made.values_list("record", "record_id"):
        records[label].append(pk)
    undone = targets.get(batch.target).undo(records, by=by, at=at, reason=reason)
    Trace.objects.filter(signal__batch=batch).delete()
    batch.signals.filter(status=SignalStatus.PARKED).update(settled_at=at)
    batch.signals.exclude(status=SignalStatus.SET_ASIDE).update(status=SignalStatus.UNDONE)
    batch.undone_at = at
    batch.save(update_fields=["undone_at"])
    after = {
        "removed": undone.removed,
        "emptied": undone.emptied,
        "withdrawn": undone.withdrawn,
        "kept": undone.kept,
    }
    record(IntakeEvent.BATCH_UNDONE, subject=batch, by=by, at=at, reason=reason, after=after)
    return undone
