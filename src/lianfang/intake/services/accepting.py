"""Rows are tried out, then taken in chunk by chunk; a crash at any moment leaves what is done and takes up the rest."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.intake.cleaning import Cleaned, CleanRow
from lianfang.intake.errors import BatchUndone
from lianfang.intake.events import IntakeEvent
from lianfang.intake.fields import Record
from lianfang.intake.models import Batch, Signal, SignalStatus
from lianfang.intake.places import PlaceFinders
from lianfang.intake.services.applying import (
    Part,
    Report,
    apply_rows,
    clean_batch,
    context_of,
    settle,
    settle_replayed,
)
from lianfang.intake.services.receiving import signals_of, whole_table
from lianfang.intake.services.streaming import read_message
from lianfang.intake.target import Context, Target, Word, targets

CHUNK = 1000
_EXAMPLES = 3  # of each kind of change
_CONTEXT_ROWS = 300  # rows of the same file that help to read one repaired row


@contextmanager
def _collector_rests() -> Iterator[None]:
    """Keep Python's collector from walking over all rows at every turn, a fifth of an import; `chunks` calls it.

    What nobody refers to any more is freed all the same: the collector is for what refers to itself.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_collector_rests()
@transaction.atomic
def dry_run(*, batch: Batch, by: Actor, at: datetime) -> Report:
    """Return what accepting the batch would do, to the row: it is done and rolled back, so nothing is left behind.

    On SQLite other writers wait meanwhile; 10,000 rows take some seconds.
    """
    by.require(Permission.IMPORT_RUN, batch.path)
    run = _Run.prepare(batch, by=by, at=at)
    savepoint = transaction.savepoint()
    for pairs in run.chunks(CHUNK):
        settle(run.apply(pairs), at=at, report=run.report)
    transaction.savepoint_rollback(savepoint)
    return run.report


@_collector_rests()
def accept_batch(
    *,
    batch: Batch,
    by: Actor,
    at: datetime,
    chunk: int = CHUNK,
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> Report:
    """Take in the good rows, park the rest with the reason; return what was done by this call.

    Each chunk is one transaction that holds its records and the status of its signals: killed at any moment, the same
    call again goes on where it stopped, and a batch that is done is left as it is. `tell(done, of)` hears of the
    progress in rows.
    """
    by.require(Permission.IMPORT_RUN, batch.path)
    if batch.undone_at is not None:
        raise BatchUndone(name=batch.name)
    run = _Run.prepare(batch, by=by, at=at)
    n = len(run.waiting)
    for pairs in run.chunks(chunk):
        part = Report()
        with transaction.atomic():
            settle(run.apply(_still_waiting(pairs)), at=at, report=part)
            _note(batch, part)
        run.report.merge(part)
        tell(min(sum(run.report.words.values()), n), n)
    _finish(batch, run.report, by=by, at=at)
    return run.report


_Pairs = Sequence[tuple[Signal, CleanRow]]


@dataclass
class _Run:
    """The whole file, cleaned once, with what still waits to be applied."""

    batch: Batch
    target: Target
    context: Context
    waiting: _Pairs
    report: Report

    @classmethod
    def prepare(cls, batch: Batch, *, by: Actor, at: datetime) -> "_Run":
        """Read and clean the file; no transaction is held meanwhile."""
        signals = signals_of(batch)
        cleaned = clean_batch(batch, whole_table(batch, signals), at=at)
        assert batch.mapping is not None
        changes = _counted(cleaned, targets.get(batch.target).record, batch.mapping.columns)
        report = Report(n_rows=batch.n_rows, changes=changes, decisions=_decided(cleaned))
        pairs = zip(signals, cleaned.rows, strict=True)
        waiting = [pair for pair in pairs if pair[0].status == SignalStatus.RECEIVED]
        context = context_of(batch.source, batch.mapping.options, by=by, at=at)
        return cls(batch, targets.get(batch.target), context, waiting, report)

    def chunks(self, size: int) -> Iterator[_Pairs]:
        """Yield what waits, `size` rows at a time, and let go of it: what is applied need not be kept in memory."""
        gc.freeze()
        try:
            while self.waiting:
                part, self.waiting = self.waiting[:size], self.waiting[size:]
                yield part
                gc.collect(0)
        finally:
            gc.unfreeze()

    def apply(self, pairs: _Pairs) -> Part:
        """Give a chunk to the target; the caller holds the transaction."""
        assert self.batch.mapping is not None
        return apply_rows(self.target, pairs, self.context, self.batch.mapping.columns)


def _still_waiting(pairs: _Pairs) -> list[tuple[Signal, CleanRow]]:
    """Lock the signals, and leave out those that another run has settled meanwhile."""
    ids = [signal.id for signal, _ in pairs]
    locked = (
        Signal.objects.select_for_update().filter(pk__in=ids, status=SignalStatus.RECEIVED).order_by("pk")
    )
    waiting = set(locked.values_list("pk", flat=True))
    return [pair for pair in pairs if pair[0].id in waiting]


def _counted(cleaned: Cleaned, record: Record, columns: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the changes by column and rule, as counts, with a few examples where the cells name nobody."""
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], list[list[str]]] = {}
    for change in cleaned.changes:
        key = change.column, change.rule
        counts[key] += len(change.rows)
        kept = examples.setdefault(key, [])
        if len(kept) < _EXAMPLES and not record.field_of(columns[change.column]).personal:
            kept.append([change.before[:60], change.after[:60]])
    return [
        {"column": key[0], "rule": key[1], "cells": n, "examples": examples[key]}
        for key, n in sorted(counts.items())
    ]


def _decided(cleaned: Cleaned) -> list[dict[str, Any]]:
    return [
        {"column": d.column, "rule": d.rule, "chosen": d.chosen, "grounds": d.grounds, "certain": d.certain}
        for d in cleaned.decisions
    ]


def _note(batch: Batch, part: Report) -> None:
    """Add what a chunk did to the batch's own report, in the chunk's transaction: a killed run is counted, too."""
    held = Batch.objects.select_for_update().get(pk=batch.pk)
    total = Report.of_json(held.report)
    total.merge(part)
    batch.report = {
        **held.report,
        **total.as_json(),
        "counts": {str(word): total.words[word] for word in Word},
    }
    Batch.objects.filter(pk=batch.pk).update(report=batch.report)


@transaction.atomic
def _finish(batch: Batch, report: Report, *, by: Actor, at: datetime) -> None:
    if not sum(report.words.values()) and batch.finished_at is not None:
        return
    batch.refresh_from_db(fields=["report"])
    batch.report = {"counts": {str(word): 0 for word in Word}, **batch.report}
    batch.report |= {"changes": report.changes, "decisions": report.decisions}
    batch.finished_at = at
    batch.save(update_fields=["report", "finished_at"])
    record(IntakeEvent.BATCH_ACCEPTED, subject=batch, by=by, at=at, after=batch.report["counts"])
    replay_waiting(by=by, at=at, within=batch.path)


def replay_waiting(*, by: Actor, at: datetime, within: str = "", limit: int = 5000) -> int:
    """Try parked rows again whose only problem was that something had not arrived yet; return how many were accepted."""
    by.require(Permission.IMPORT_RUN, within)
    done = 0
    for target in targets:
        if not target.waits_for:
            continue
        rows = Signal.objects.filter(Q(path__within=within), status=SignalStatus.PARKED, target=target.code)
        parked = rows.order_by("pk").values_list("pk", "batch_id", "problems")[:limit]
        by_batch: dict[int | None, list[int]] = {}
        for pk, batch, problems in parked:
            if _wait(problems, target):
                by_batch.setdefault(batch, []).append(pk)
        for batch, waiting in by_batch.items():
            done += replay(_with_batch(batch, waiting), by=by, at=at)
    return done


def _wait(problems: Sequence[Mapping[str, Any]], target: Target) -> bool:
    errors = {problem["rule"] for problem in problems if problem["severity"] == "error"}
    return bool(errors) and errors <= target.waits_for


def _with_batch(batch_id: int | None, waiting: Sequence[int]) -> list[Signal]:
    """Return the signals with their one batch, whose report of the whole file is read once and not for each."""
    signals = list(Signal.objects.filter(pk__in=waiting).select_related("source__unit__place").order_by("pk"))
    if batch_id is not None:
        batch = Batch.objects.select_related("mapping", "source__unit__place").get(pk=batch_id)
        for signal in signals:
            signal.batch = batch
    return signals


@transaction.atomic
def replay(signals: Sequence[Signal], *, by: Actor, at: datetime) -> int:
    """Apply signals of one batch again as they are; return how many were accepted this time."""
    batch = signals[0].batch
    if batch is None:
        finders = PlaceFinders()
        read = (read_message(signal, by=by, at=at, finders=finders) for signal in signals)
        return sum(outcome.word != Word.PARKED for outcome in read)
    company = _with_company(batch, signals)
    cleaned = clean_batch(batch, whole_table(batch, company), at=at)
    rows = dict(zip([signal.id for signal in company], cleaned.rows, strict=True))
    assert batch.mapping is not None
    context = context_of(batch.source, batch.mapping.options, by=by, at=at)
    report = Report()
    pairs = [(signal, rows[signal.id]) for signal in signals]
    part = apply_rows(targets.get(batch.target), pairs, context, batch.mapping.columns)
    settle(part, at=at, report=report)
    settle_replayed(part, at=at)
    accepted = report.created + report.changed + report.unchanged
    if accepted:
        record(IntakeEvent.SIGNALS_REPLAYED, subject=batch, by=by, at=at, after={"accepted": accepted})
    return accepted


def _with_company(batch: Batch, signals: Sequence[Signal]) -> list[Signal]:
    """Return the signals with some rows of the same file, whose columns help to read them."""
    ids = {signal.id for signal in signals}
    others = batch.signals.exclude(pk__in=ids).order_by("row", "pk")[:_CONTEXT_ROWS]
    return sorted([*signals, *others], key=lambda s: (s.row or 0, s.pk))
