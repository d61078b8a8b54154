"""A file arrives: every row is kept as a signal, exactly once; then a person says which column is which field."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext

from lianfang.common.bulk import insert_rows
from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.intake.errors import BadMapping, BatchUndone, NotTakenIn, Unreadable, WrongFormat
from lianfang.intake.events import IntakeEvent
from lianfang.intake.formats import plan, recognise
from lianfang.intake.mapping import Proposal, fingerprint
from lianfang.intake.models import Batch, Signal, SignalStatus, Source, Trace
from lianfang.intake.models import Mapping as SavedMapping
from lianfang.intake.reading import ReadingError, digest_of, read_bytes
from lianfang.intake.rows import OWN_COLUMNS, SIGNAL_COLUMN, as_text, row_keys, seal_row, table_of
from lianfang.intake.table import Table
from lianfang.intake.target import targets

_CHUNK = 2000
_SAMPLE = 2000  # rows that a mapping is proposed from
# What may stand in the options of a mapping.
OPTIONS = frozenset(
    {
        "date_orders",
        "codings",
        "tolerate",
        "assumed_order",
        "strict",
        "defaults",
        "required",
        "system",
        "unknown_place",
        "undecided",
    }
)


@dataclass(frozen=True)
class Received:
    """What became of an arriving file: its batch, and how many of its rows are new or were taken in before."""

    batch: Batch
    is_known: bool
    n_new: int
    n_known: int


@dataclass(frozen=True)
class Plan:
    """What a file is thought to be: the target, a proposal for each column, options, and the format's code if known."""

    target: str
    proposals: Sequence[Proposal]
    options: Mapping[str, Any]
    format: str

    @property
    def columns(self) -> dict[str, str]:
        """The mapping as proposed: column -> field."""
        return {one.column: one.field for one in self.proposals if one.field}


@transaction.atomic
def receive_file(
    *,
    content: bytes,
    name: str,
    source: Source,
    by: Actor,
    at: datetime,
    target: str = "",
    sheet: str = "",
    form: str = "",
) -> Received:
    """Keep every row of a file as a signal; the same file again is the same batch, a row known already is not kept twice.

    Raises Unreadable where there is no table in it, NotTakenIn where the format is known and belongs elsewhere,
    WrongFormat where `form` (`sormas`, `godata`, ...) names another one than the columns show.
    A corrected error file is recognised by its column `lianfang_signal`: its rows replace the parked ones.
    """
    by.require(Permission.IMPORT_RUN, source.unit.path)
    digest = digest_of(content)
    standing = Batch.objects.filter(source=source, digest=digest, undone_at__isnull=True).first()
    if standing is not None:
        return Received(standing, is_known=True, n_new=0, n_known=standing.n_rows)
    try:
        table = read_bytes(content, sheet=sheet or None)
    except ReadingError as trouble:
        raise Unreadable(reason=str(trouble), advice=trouble.hint) from trouble
    found = recognise(table)
    shown_form = found.format if found is not None else ""
    if form and not shown_form.startswith(form):
        raise WrongFormat(wanted=form, found=shown_form or gettext("none that is known"))
    if found is not None and not found.record and not target:
        raise NotTakenIn(title=found.title, advice=found.advice)
    code = targets.get(target or plan(_head(table), today=local_day(at))[0]).code
    batch = Batch.objects.create(
        source=source,
        target=code,
        name=name[:200],
        digest=digest,
        n_rows=len(table.rows),
        received_at=at,
        by_id=by.user_id,
        path=source.unit.path,
        report={"columns": list(table.columns), "groups": list(table.groups), "reading": table.reading},
    )
    n_new = sum(_keep(batch, chunk) for chunk in _chunks(table))
    after = {"name": batch.name, "rows": batch.n_rows, "new": n_new, "target": code}
    record(IntakeEvent.FILE_RECEIVED, subject=batch, by=by, at=at, after=after)
    return Received(batch, is_known=False, n_new=n_new, n_known=batch.n_rows - n_new)


def _head(table: Table) -> Table:
    return Table(
        columns=table.columns, rows=table.rows[:_SAMPLE], numbers=table.numbers[:_SAMPLE], groups=table.groups
    )


def _chunks(table: Table) -> Iterator[list[tuple[int, dict[str, Any], str]]]:
    """Yield (number, cells, key suffix) in chunks; a row that is in the file twice is told apart by its turn."""
    turns: Counter[str] = Counter()
    chunk: list[tuple[int, dict[str, Any], str]] = []
    for number, cells in zip(table.numbers, table.as_dicts(), strict=True):
        text = as_text(cells)
        turns[text] += 1
        chunk.append((number, cells, "" if turns[text] == 1 else f"#{turns[text]}"))
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _keep(batch: Batch, chunk: list[tuple[int, dict[str, Any], str]]) -> int:
    """Keep the rows that are not known; those of an undone import are taken up again. Return how many wait now."""
    texts = [as_text(cells) for _, cells, _ in chunk]
    keys = [
        [f"{key}{turn}" for key in row_keys(text)] for text, (_, _, turn) in zip(texts, chunk, strict=True)
    ]
    known = _known(batch, {key for several in keys for key in several})
    replaced = _replaced(batch, [cells.get(SIGNAL_COLUMN) for _, cells, _ in chunk])
    fresh: list[Signal] = []
    again: list[int] = []
    for (number, cells, _), text, several in zip(chunk, texts, keys, strict=True):
        standing = next((known[key] for key in several if key in known), None)
        if standing is not None and standing[1] == SignalStatus.UNDONE:
            again.append(standing[0])
            continue
        if standing is not None and not standing[2]:
            continue
        # A row that came before and was overtaken by a later one says something new when it comes again.
        key = several[0] if standing is None else f"{several[0]}@{batch.pk}"
        fresh.append(
            Signal(
                source_id=batch.source_id,
                key=key,
                target=batch.target,
                batch=batch,
                row=number,
                sealed_content=seal_row(text),
                received_at=batch.received_at,
                status=SignalStatus.RECEIVED,
                replaces_id=replaced.get(str(cells.get(SIGNAL_COLUMN, ""))),
                path=batch.path,
            )
        )
    insert_rows(fresh)
    Signal.objects.filter(pk__in=again).update(
        batch=batch, status=SignalStatus.RECEIVED, problems=[], parked_at=None
    )
    return len(fresh) + len(again)


def _known(batch: Batch, keys: set[str]) -> dict[str, tuple[int, str, bool]]:
    """Return key -> (signal, status, whether a later signal has spoken about one of its records)."""
    later = Trace.objects.filter(
        record=OuterRef("record"), record_id=OuterRef("record_id"), signal_id__gt=OuterRef("signal_id")
    )
    rows = Signal.objects.filter(source_id=batch.source_id, target=batch.target, key__in=keys)
    overtaken = set(
        Trace.objects.filter(
            signal__in=rows.filter(status=SignalStatus.ACCEPTED).values("pk"), record__endswith=".Case"
        )
        .filter(Exists(later))
        .values_list("signal_id", flat=True)
    )
    return {key: (pk, status, pk in overtaken) for key, pk, status in rows.values_list("key", "pk", "status")}


def _replaced(batch: Batch, marks: Sequence[Any]) -> dict[str, int]:
    """Return mark -> id of the parked signals of the same source that the rows of a corrected error file replace."""
    wanted = {str(mark) for mark in marks if mark is not None and str(mark).isdigit()}
    if not wanted:
        return {}
    rows = Signal.objects.filter(pk__in=wanted, source_id=batch.source_id, status=SignalStatus.PARKED)
    return {str(pk): pk for pk in rows.values_list("pk", flat=True)}


def signals_of(batch: Batch) -> list[Signal]:
    """Return the signals of the batch in the order of the file."""
    return list(batch.signals.order_by("row", "pk"))


def whole_table(batch: Batch, signals: Sequence[Signal]) -> Table:
    """Return the file again from its signals."""
    table = table_of(signals, batch.report["columns"])
    return Table(
        columns=table.columns,
        rows=table.rows,
        numbers=table.numbers,
        groups=tuple(batch.report.get("groups", ())),
    )


def propose_mapping(*, batch: Batch, by: Actor, at: datetime, target: str = "") -> Plan:
    """Return what the columns probably are: as remembered, else as the format says, else from names and cells."""
    by.require(Permission.IMPORT_RUN, batch.path)
    wanted = target or batch.target
    table = whole_table(batch, signals_of(batch)[:_SAMPLE])
    remembered = (
        SavedMapping.objects.filter(fingerprint=fingerprint(table.columns), target=wanted)
        .order_by("-pk")
        .first()
    )
    found = recognise(table)
    if remembered is None:
        code, proposals, options, form = plan(table, today=local_day(at), record=wanted)
        kept = [one for one in proposals if one.column not in OWN_COLUMNS]
        return Plan(code, kept, options, form)
    proposals = [
        Proposal(
            column=column,
            field=remembered.columns.get(column, ""),
            score=1.0 if column in remembered.columns else 0.0,
            reason="remembered",
        )
        for column in table.columns
        if column not in OWN_COLUMNS
    ]
    return Plan(wanted, proposals, remembered.options, found.format if found else "")


@transaction.atomic
def confirm_mapping(
    *,
    batch: Batch,
    columns: Mapping[str, str],
    by: Actor,
    at: datetime,
    options: Mapping[str, Any] | None = None,
    target: str = "",
) -> SavedMapping:
    """Record which column is which field, for this file and for the next one with the same columns."""
    by.require(Permission.IMPORT_RUN, batch.path)
    if batch.undone_at is not None:
        raise BatchUndone(name=batch.name)
    code = targets.get(target or batch.target).code
    _check(batch, columns, options or {}, code)
    saved, _ = SavedMapping.objects.update_or_create(
        fingerprint=fingerprint(batch.report["columns"]),
        target=code,
        columns=dict(columns),
        options=dict(options or {}),
        defaults={"name": batch.name[:120], "confirmed_by_id": by.user_id, "confirmed_at": at},
    )
    batch.mapping, batch.target = saved, code
    batch.save(update_fields=["mapping", "target"])
    batch.signals.filter(status=SignalStatus.RECEIVED).exclude(target=code).update(target=code)
    after = {"columns": dict(columns), "options": sorted(options or {})}
    record(IntakeEvent.MAPPING_CONFIRMED, subject=batch, by=by, at=at, after=after)
    return saved


def _check(batch: Batch, columns: Mapping[str, str], options: Mapping[str, Any], code: str) -> None:
    known = targets.get(code).record
    missing = sorted(set(columns) - set(batch.report["columns"]))
    unknown = sorted({field for field in columns.values() if not known.knows(field)})
    double = sorted(field for field, times in Counter(columns.values()).items() if times > 1)
    strange = sorted(set(options) - OPTIONS)
    for names, words in (
        (missing, "the file has no column {}"),
        (unknown, "{} is no field"),
        (double, "{} is given to two columns"),
        (strange, "{} is no option"),
    ):
        if names:
            raise BadMapping(reason=words.format(", ".join(names)))
