"""Reads of intake for doors and for the apps above: imports, signals, what came of them, what waits for repair."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from lianfang.common.errors import NotVisible
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.intake.errors import UnknownMapping
from lianfang.intake.models import Batch, Signal, SignalStatus, Source, Trace
from lianfang.intake.models import Mapping as SavedMapping
from lianfang.intake.rows import OWN_COLUMNS, open_row
from lianfang.intake.table import Cell, shown
from lianfang.intake.target import targets

_EXAMPLES = 3
_LOOKED_AT = 200  # rows that examples of cells are taken from


@dataclass(frozen=True, kw_only=True)
class SignalFilter:
    """What a list of signals can be narrowed to; empty fields narrow nothing."""

    path: str = ""
    status: str = ""
    target: str = ""
    source: str = ""
    batch_id: int | None = None
    record: tuple[str, int] | None = None  # model label and id of something that came of the signals


@dataclass(frozen=True, kw_only=True)
class BatchLine:
    """One import with how many of its signals are in which state."""

    batch: Batch
    counts: Mapping[str, int]

    @property
    def waiting(self) -> int:
        """Rows that are kept and not yet taken in."""
        return self.counts.get(SignalStatus.RECEIVED, 0)

    @property
    def accepted(self) -> int:
        """Rows that were taken in."""
        return self.counts.get(SignalStatus.ACCEPTED, 0)

    @property
    def parked(self) -> int:
        """Rows that wait for a person."""
        return self.counts.get(SignalStatus.PARKED, 0)

    @property
    def settled(self) -> int:
        """Rows that are no longer waiting to be taken in."""
        return sum(self.counts.values()) - self.waiting

    @property
    def state(self) -> str:
        """The state in one word: undone, unmapped, waiting, halfway, parked or done."""
        if self.batch.undone_at is not None:
            return "undone"
        if self.waiting:
            if self.batch.mapping_id is None:
                return "unmapped"
            return "halfway" if self.settled else "waiting"
        return "parked" if self.parked else "done"


def list_batches(
    actor: Actor, *, path: str = "", after: int | None = None, limit: int = 50
) -> list[BatchLine]:
    """Return one page of the imports that `actor` may run, the newest first; `after` is the id of the last one before."""
    rows = Batch.objects.visible_to(actor, Permission.IMPORT_RUN)
    if path:
        rows = rows.filter(path__within=path)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    found = list(rows.select_related("source__unit", "by").order_by("-pk")[:limit])
    counts = _counts([batch.pk for batch in found])
    return [BatchLine(batch=batch, counts=counts.get(batch.pk, {})) for batch in found]


def get_batch(actor: Actor, pk: int) -> BatchLine:
    """Return the import with its counts, or raise NotVisible."""
    rows = Batch.objects.select_related("source__unit", "by", "mapping")
    batch = rows.get_visible(actor, Permission.IMPORT_RUN, pk=pk)
    return BatchLine(batch=batch, counts=_counts([batch.pk]).get(batch.pk, {}))


def _counts(batches: Sequence[int]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    rows = Signal.objects.filter(batch__in=batches).order_by().values_list("batch_id", "status")
    for batch, status, n in rows.annotate(n=Count("pk")):
        found.setdefault(batch, {})[status] = n
    return found


def list_mappings(target: str = "") -> list[SavedMapping]:
    """Return the remembered mappings (of one target), the newest first; they name columns and nobody."""
    rows = SavedMapping.objects.filter(target=target) if target else SavedMapping.objects.all()
    return list(rows.order_by("-pk"))


def get_mapping(name: str) -> SavedMapping:
    """Return the newest mapping remembered under this name, or raise UnknownMapping."""
    saved: SavedMapping | None = SavedMapping.objects.filter(name=name).order_by("-pk").first()
    if saved is None:
        raise UnknownMapping(name=name)
    return saved


def sources_for(actor: Actor, permission: Permission) -> QuerySet[Source]:
    """Return the sources of the units in whose area the actor holds `permission`."""
    areas = Q(pk__in=[])
    for path in actor.paths(permission):
        areas |= Q(unit__path__within=path)
    return Source.objects.filter(areas).select_related("unit__place").order_by("name", "pk")


def get_source(actor: Actor, code: str, permission: Permission) -> Source:
    """Return the source of this code, or raise NotVisible."""
    source = sources_for(actor, permission).filter(code=code).first()
    if source is None:
        raise NotVisible(thing=Source._meta.verbose_name)  # noqa: SLF001 - Django's documented Meta API
    return source


def list_signals(
    actor: Actor,
    wanted: SignalFilter,
    *,
    after: int | None = None,
    limit: int = 50,
    among: QuerySet[Any] | None = None,
) -> list[Signal]:
    """Return one page of the signals (`among` some) that `actor` may see, the newest first.

    `after` is the id of the last one of the page before.
    """
    rows = _narrow(Signal.objects.visible_to(actor), wanted)
    if among is not None:
        rows = rows.filter(pk__in=among.order_by().values("pk"))
    if after is not None:
        rows = rows.filter(pk__lt=after)
    return list(rows.select_related("source", "batch").order_by("-pk")[:limit])


def list_parked(
    actor: Actor, *, path: str = "", batch_id: int | None = None, after: int | None = None, limit: int = 50
) -> list[Signal]:
    """Return one page of the parked signals (of one import) that `actor` may see, the longest waiting first."""
    rows = Signal.objects.visible_to(actor, Permission.SIGNAL_VIEW).filter(status=SignalStatus.PARKED)
    if path:
        rows = rows.filter(path__within=path)
    if batch_id is not None:
        rows = rows.filter(batch=batch_id)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return list(rows.select_related("source", "batch").order_by("pk")[:limit])


def count_parked(actor: Actor, path: str = "") -> Counter[str]:
    """Return rule -> how many parked signals of the area it keeps out; `""` counts the signals themselves."""
    rows = Signal.objects.visible_to(actor).filter(Q(path__within=path), status=SignalStatus.PARKED)
    counts: Counter[str] = Counter()
    for problems in rows.values_list("problems", flat=True).iterator(2000):
        counts[""] += 1
        counts.update({p["rule"] for p in problems if p["severity"] == "error"})
    return counts


def n_parked(actor: Actor, path: str = "") -> int:
    """Return how many parked signals wait in the area."""
    waiting: int = (
        Signal.objects.visible_to(actor).filter(Q(path__within=path), status=SignalStatus.PARKED).count()
    )
    return waiting


def _narrow(rows: QuerySet[Any], wanted: SignalFilter) -> QuerySet[Any]:
    if wanted.path:
        rows = rows.filter(path__within=wanted.path)
    if wanted.source:
        rows = rows.filter(source__code=wanted.source)
    if wanted.batch_id is not None:
        rows = rows.filter(batch=wanted.batch_id)
    if wanted.record is not None:
        label, pk = wanted.record
        rows = rows.filter(pk__in=Trace.objects.filter(record=label, record_id=pk).values("signal_id"))
    exact = {name: value for name in ("status", "target") if (value := getattr(wanted, name))}
    return rows.filter(**exact)


def get_signal(actor: Actor, pk: int, permission: Permission | None = None) -> Signal:
    """Return the signal, or raise NotVisible."""
    rows = Signal.objects.select_related("source__unit", "batch__mapping", "batch__by", "replaces", "place")
    signal: Signal = rows.get_visible(actor, permission, pk=pk)
    return signal


def records_of(signal: Signal) -> list[Trace]:
    """Return what came of the signal, in the order in which it was made; of a repaired one, what came of the repair."""
    last = signal
    while (
        repaired := last.replaced_by.filter(status=SignalStatus.ACCEPTED).order_by("pk").last()
    ) is not None:
        last = repaired
    return list(Trace.objects.filter(signal__in={signal.pk, last.pk}).order_by("pk"))


def signals_behind(records: Mapping[str, Sequence[int]]) -> QuerySet[Any]:
    """Return the signals that any of the records (model label -> ids) came of; the caller narrows to what may be seen."""
    about = Q(pk__in=[])
    for label, ids in records.items():
        about |= Q(record=label, record_id__in=ids)
    return Signal.objects.filter(pk__in=Trace.objects.filter(about).values("signal_id"))


# ---- cells, shown only as far as they name nobody


@dataclass(frozen=True, kw_only=True)
class ReceivedField:
    """One field of a signal as it was received, with what is wrong about it; `value` is None while it is sealed."""

    column: str
    field: str
    value: str | None
    problems: Sequence[Mapping[str, Any]] = ()


def mapping_of(signal: Signal) -> dict[str, str]:
    """Return column -> field as the signal was read; of a message, whose names are fields, the names themselves."""
    if signal.batch is not None and signal.batch.mapping is not None:
        return dict(signal.batch.mapping.columns)
    known = targets.get(signal.target).record
    return {name: name for name in open_row(signal) if known.knows(name)}


def names_nobody(target: str, code: str) -> bool:
    """Return whether cells of this field may be shown to all who may see the signal: known, and not particulars of a person."""
    record = targets.get(target).record
    return bool(code) and record.knows(code) and not record.field_of(code).personal


def fields_of(signal: Signal, *, opened: Mapping[str, Cell] | None = None) -> list[ReceivedField]:
    """Return the fields as received, those with errors first; `opened` are all cells after the recorded opening."""
    cells = open_row(signal)
    columns = mapping_of(signal)
    names = list(signal.batch.report["columns"]) if signal.batch is not None else list(cells)
    known = {*names, *columns.values()}
    if signal.batch is None:
        names += [p["column"] for p in signal.problems if p["column"] and p["column"] not in known]
    found = []
    for name in dict.fromkeys(names):
        if name in OWN_COLUMNS:
            continue
        code = columns.get(name, name if signal.batch is None else "")
        problems = [p for p in signal.problems if p["column"] and p["column"] in {name, code}]
        is_open = opened is not None or names_nobody(signal.target, code) or cells.get(name) is None
        value = shown(cells.get(name)) if is_open else None
        found.append(ReceivedField(column=name, field=code, value=value, problems=problems))
    return sorted(found, key=lambda one: (not one.problems, not one.field))


def problems_of_row(signal: Signal) -> list[Mapping[str, Any]]:
    """Return the problems that no received column bears."""
    shown_with = {p["rule"] + p["column"] for one in fields_of(signal) for p in one.problems}
    return [p for p in signal.problems if p["rule"] + p["column"] not in shown_with]


def example_cells(batch: Batch, columns: Mapping[str, str], *, all_of: bool) -> dict[str, list[str]]:
    """Return column -> up to three different cells; those that may name somebody only with `all_of`.

    `all_of` is for the one who sent the file and has it at hand. Reads the first 200 rows.
    """
    found: dict[str, list[str]] = {name: [] for name in batch.report["columns"]}
    for signal in batch.signals.order_by("row", "pk")[:_LOOKED_AT]:
        for name, cell in open_row(signal).items():
            seen = found.get(name)
            if seen is None or len(seen) >= _EXAMPLES:
                continue
            text = shown(cell)[:60]
            if text and text not in seen and (all_of or names_nobody(batch.target, columns.get(name, ""))):
                seen.append(text)
    return found
