"""Messages of laboratories and checkpoints: one at a time, twice or out of order, each taken in once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.intake.cleaning import Options, clean_table
from lianfang.intake.events import IntakeEvent
from lianfang.intake.formats import recognise
from lianfang.intake.mapping import fingerprint, propose
from lianfang.intake.models import Mapping as SavedMapping
from lianfang.intake.models import Signal, SignalStatus, Source
from lianfang.intake.places import PlaceFinders
from lianfang.intake.rows import as_text, open_row, row_keys, seal_row
from lianfang.intake.services.applying import Report, apply_rows, context_of, settle, settle_replayed
from lianfang.intake.table import Cell, Table
from lianfang.intake.target import Outcome, targets

_KEY_CHARS = 80


@transaction.atomic
def receive_messages(
    *,
    source: Source,
    target: str,
    messages: Sequence[tuple[str, Mapping[str, Cell]]],
    by: Actor,
    at: datetime,
) -> list[tuple[Signal, Outcome | None]]:
    """Take (key, fields) of one source in, in their order, as `receive_message` does; places are read once for all."""
    finders = PlaceFinders()
    taken = [
        receive_message(source=source, target=target, message=fields, key=key, by=by, at=at, finders=finders)
        for key, fields in messages
    ]
    settled = Signal.objects.in_bulk([signal.pk for signal, _outcome in taken])
    return [(settled[signal.pk], outcome) for signal, outcome in taken]


@transaction.atomic
def receive_message(
    *,
    source: Source,
    target: str,
    message: Mapping[str, Cell],
    by: Actor,
    at: datetime,
    key: str = "",
    finders: PlaceFinders | None = None,
) -> tuple[Signal, Outcome | None]:
    """Keep a message as a signal and take it in at once; the same message again gives (the first signal, None).

    `key` is the sender's id of the message. The same id with another content is a correction, and taken in as one.
    What cannot be read is parked, never refused: a stream has nobody who would send it again.
    """
    by.require(Permission.SIGNAL_RECORD, source.unit.path)
    code = targets.get(target).code
    text = as_text(message)
    # The same message sent twice at one moment: the second waits, and finds the first.
    Source.objects.select_for_update(no_key=True).get(pk=source.pk)
    keys = [f"{key[:_KEY_CHARS]}:{one}" if key else one for one in row_keys(text)]
    standing = Signal.objects.filter(source=source, target=code, key__in=keys).first()
    if standing is not None and standing.status != SignalStatus.UNDONE:
        return standing, None
    if standing is None:
        standing = Signal.objects.create(
            source=source,
            key=keys[0],
            target=code,
            sealed_content=seal_row(text),
            received_at=at,
            status=SignalStatus.RECEIVED,
            path=source.unit.path,
        )
        record(IntakeEvent.SIGNAL_RECEIVED, subject=standing, by=by, at=at, after={"target": code})
    return standing, read_message(standing, by=by, at=at, finders=finders)


@transaction.atomic
def read_message(
    signal: Signal,
    *,
    by: Actor,
    at: datetime,
    columns: Mapping[str, str] | None = None,
    finders: PlaceFinders | None = None,
) -> Outcome:
    """Take in one kept message by its own words; settle its signal and return what became of it."""
    target = targets.get(signal.target)
    cells = open_row(signal)
    table = Table(columns=tuple(cells), rows=[list(cells.values())], numbers=[1])
    mapping, said = _mapping_of(table, target.code, at) if columns is None else (columns, {})
    options = Options(
        today=local_day(at),
        codings=said.get("codings", {}),
        date_orders=said.get("date_orders", {}),
        defaults=said.get("defaults", {}),
        assumed_order=said.get("assumed_order", "dmy"),
    )
    row = clean_table(table, mapping, target.record, options).rows[0]
    context = context_of(signal.source, said, by=by, at=at, finders=finders)
    part = apply_rows(target, [(signal, row)], context, mapping)
    settle(part, at=at, report=Report())
    if signal.parked_at is not None:
        settle_replayed(part, at=at)
    return part.outcomes[0]


def _mapping_of(table: Table, target: str, at: datetime) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    """Return the mapping of a message: remembered, else of a known format, else where names are fields, else proposed."""
    saved = (
        SavedMapping.objects.filter(fingerprint=fingerprint(table.columns), target=target)
        .order_by("-pk")
        .first()
    )
    if saved is not None:
        return saved.columns, saved.options
    record = targets.get(target).record
    if all(record.knows(name) for name in table.columns):
        return {name: name for name in table.columns}, {}
    found = recognise(table)
    if found is not None and found.record == target and found.columns:
        return found.columns, found.as_options()
    proposals = propose(table, record, today=local_day(at))
    return {one.column: one.field for one in proposals if one.field}, {}
