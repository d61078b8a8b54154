"""Intake: files with their columns and parked rows, streams of messages, signals and what became of them, exports."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Literal

from django.http import StreamingHttpResponse
from ninja import File, Form, Schema
from ninja.files import UploadedFile
from pydantic import Field

from lianfang.api.door import Sent, area_path, endpoint, page_size
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.selectors import get_unit, unit_of
from lianfang.intake import services
from lianfang.intake.errors import NoUnit
from lianfang.intake.selectors import (
    SignalFilter,
    fields_of,
    get_batch,
    get_signal,
    get_source,
    list_batches,
    list_parked,
    list_signals,
    records_of,
    sources_for,
)
from lianfang.intake.target import targets

RUN, SEE = Permission.IMPORT_RUN, Permission.SIGNAL_VIEW
# As many messages as may come in one request: it is one transaction, and other writers wait for it.
MOST_MESSAGES = 500


class ProblemOut(Schema):
    """What is wrong with one cell, or with the row where `column` is empty."""

    row: int
    column: str
    value: str
    rule: str
    hint: str
    severity: str


class BatchOut(Schema):
    """One import with how far it is; state is unmapped, waiting, halfway, parked, done or undone."""

    id: int
    name: str
    source: str
    target: str
    state: str
    received_at: datetime
    rows: int
    accepted: int
    parked: int
    waiting: int
    counts: dict[str, int]
    rules: dict[str, int]


class ReceivedOut(Schema):
    """What became of an arriving file: `is_known` where this very file came before."""

    batch: BatchOut
    is_known: bool
    new: int
    known: int


class ColumnOut(Schema):
    """What one column probably is, and why."""

    column: str
    field: str
    score: float
    reason: str


class PlanOut(Schema):
    """What the columns of a file probably are."""

    target: str
    format: str
    columns: list[ColumnOut]
    options: dict[str, Any]


class MappingIn(Sent):
    """Which column is which field; options as in the page of the mapping."""

    columns: dict[str, str]
    options: dict[str, Any] = {}
    target: str = ""
    example: ClassVar[Mapping[str, Any]] = {
        "columns": {"case_id": "number", "sex": "sex", "date_onset": "onset_on"},
        "options": {"defaults": {"disease": "covid_19_cn_2020"}},
    }


class TrialOut(Schema):
    """What accepting would do; nothing of it is kept."""

    created: int
    changed: int
    unchanged: int
    parked: int
    matched: int
    undecided: int
    rules: dict[str, int]
    problems: list[ProblemOut]
    changes: list[dict[str, Any]]
    decisions: list[dict[str, Any]]


class ReasonIn(Sent):
    """Why; is kept in the record."""

    reason: str
    example: ClassVar[Mapping[str, Any]] = {"reason": "the wrong file"}


class UndoneOut(Schema):
    """What undoing did."""

    removed: int
    emptied: int
    withdrawn: int
    reinstated: int
    kept: int


class SignalOut(Schema):
    """A signal without its content; status is received, accepted, parked, replaced, set_aside or undone."""

    id: int
    source: str
    target: str
    status: str
    received_at: datetime
    batch: int | None
    row: int | None
    problems: list[ProblemOut]

    @staticmethod
    def resolve_source(signal: Any) -> str:
        """The code of the source."""
        return str(signal.source.code)

    @staticmethod
    def resolve_batch(signal: Any) -> int | None:
        """The import that it came with."""
        return signal.batch_id  # type: ignore[no-any-return]


class FieldOut(Schema):
    """One field as it was received; `value` is null where it may name somebody."""

    column: str
    field: str
    value: str | None
    problems: list[dict[str, Any]]


class RecordOut(Schema):
    """A record that came of a signal."""

    record: str
    record_id: int
    created: bool


class SignalDetail(Schema):
    """A signal with its fields and what came of it."""

    signal: SignalOut
    fields: list[FieldOut]
    records: list[RecordOut]


class RepairIn(Sent):
    """Cells to be corrected; the others stay as they came."""

    values: dict[str, str | int | float | bool | None]
    example: ClassVar[Mapping[str, Any]] = {"values": {"resulted_at": "2020-02-11"}}


class MessageIn(Sent):
    """One message; `key` is the sender's own id of it."""

    fields: dict[str, str | int | float | bool | date | None]
    key: str = ""


class MessagesIn(Sent):
    """Messages of one source, taken in in their order; sent twice, or out of order, each counts once."""

    source: str
    target: Literal["lab_result", "screening", "case", "contact", "follow_up", "relationship"]
    messages: list[MessageIn] = Field(max_length=MOST_MESSAGES)
    example: ClassVar[Mapping[str, Any]] = {
        "source": "lab",
        "target": "lab_result",
        "messages": [
            {
                "key": "LIS-20200212-0007",
                "fields": {
                    "case_number": "420106-2020-0001",
                    "sample_number": "S-1",
                    "specimen": "nasopharyngeal_swab",
                    "test": "rt_pcr",
                    "finding": "positive",
                    "resulted_at": "2020-02-12T10:00:00+08:00",
                },
            }
        ],
    }


class TakenOut(Schema):
    """What became of one message: `outcome` is created, changed, unchanged, parked, or known where it came before."""

    key: str
    signal: int
    status: str
    outcome: str
    problems: list[ProblemOut]


class ExportIn(Sent):
    """What is given out, and what for."""

    target: str
    purpose: str
    area: str = ""
    shape: str = "lianfang"
    example: ClassVar[Mapping[str, Any]] = {"target": "case", "purpose": "a copy for the archive"}


# ---- imports


@endpoint("GET", "/imports", RUN, response=list[BatchOut])
def imports(request: Any, area: str = "", after: int | None = None, limit: int = 50) -> Any:
    """List the imports of the area, the newest first; `after` is the id of the last one of the page before."""
    lines = list_batches(request.actor, path=area_path(area), after=after, limit=page_size(limit))
    return [_batch(line) for line in lines]


def _batch(line: Any) -> dict[str, Any]:
    batch = line.batch
    return {
        **{name: getattr(batch, name) for name in ("id", "name", "target", "received_at")},
        **{name: getattr(line, name) for name in ("state", "accepted", "parked", "waiting")},
        "source": batch.source.code,
        "rows": batch.n_rows,
        "counts": batch.report.get("counts", {}),
        "rules": batch.report.get("rules", {}),
    }


@endpoint("POST", "/imports", RUN, response=ReceivedOut)
def send_file(
    request: Any,
    file: File[UploadedFile],
    source: Form[str],
    unit: Form[str] = "",
    target: Form[str] = "",
    sheet: Form[str] = "",
    format: Form[str] = "",  # noqa: A002 - the name that senders see
) -> Any:
    """Keep every row of a file (CSV, Excel or JSON) as a signal; a source that is not there yet is made for your unit."""
    known = sources_for(request.actor, RUN).filter(code=source).first()
    received = services.receive_file(
        content=file.read(),
        name=file.name or "",
        source=known or _new_source(request, source, unit),
        target=target,
        sheet=sheet,
        form=format,
        by=request.actor,
        at=request.at,
    )
    line = get_batch(request.actor, received.batch.pk)
    return {
        "batch": _batch(line),
        "is_known": received.is_known,
        "new": received.n_new,
        "known": received.n_known,
    }


def _new_source(request: Any, code: str, unit: str) -> Any:
    owner = get_unit(unit) if unit else unit_of(request.actor)
    if owner is None:
        raise NoUnit
    return services.ensure_source(code=code, unit=owner, by=request.actor, at=request.at)


@endpoint("GET", "/imports/{pk}", RUN, response=BatchOut)
def one_import(request: Any, pk: int) -> Any:
    """Return one import."""
    return _batch(get_batch(request.actor, pk))


@endpoint("GET", "/imports/{pk}/mapping", RUN, response=PlanOut)
def columns(request: Any, pk: int, target: str = "") -> Any:
    """Return what each column probably is: as remembered, else as the format says, else from names and cells."""
    batch = get_batch(request.actor, pk).batch
    wanted = targets.get(target).code if target else ""
    plan = services.propose_mapping(batch=batch, by=request.actor, at=request.at, target=wanted)
    return {
        "target": plan.target,
        "format": plan.format,
        "columns": plan.proposals,
        "options": dict(plan.options),
    }


@endpoint("POST", "/imports/{pk}/mapping", RUN, response=BatchOut)
def confirm(request: Any, pk: int, body: MappingIn) -> Any:
    """Confirm which column is which field, for this file and for the next one with the same columns."""
    batch = get_batch(request.actor, pk).batch
    services.confirm_mapping(batch=batch, **body.dict(), by=request.actor, at=request.at)
    return _batch(get_batch(request.actor, pk))


@endpoint("POST", "/imports/{pk}/trial", RUN, response=TrialOut)
def trial(request: Any, pk: int) -> Any:
    """Say what accepting would do, cell by cell; nothing of it is kept."""
    batch = get_batch(request.actor, pk).batch
    return services.dry_run(batch=batch, by=request.actor, at=request.at).as_json()


@endpoint("POST", "/imports/{pk}/acceptance", RUN, by_parts=True, response=BatchOut)
def accept(request: Any, pk: int) -> Any:
    """Take the readable rows in and park the rest; sent again it goes on where it stopped."""
    batch = get_batch(request.actor, pk).batch
    services.accept_batch(batch=batch, by=request.actor, at=request.at)
    return _batch(get_batch(request.actor, pk))


@endpoint("POST", "/imports/{pk}/undoing", RUN, response=UndoneOut)
def undo(request: Any, pk: int, body: ReasonIn) -> Any:
    """Take an import back; what others have built on stays."""
    batch = get_batch(request.actor, pk).batch
    return services.undo_batch(batch=batch, reason=body.reason, by=request.actor, at=request.at)


@endpoint("GET", "/imports/{pk}/errors.csv", RUN)
def errors(request: Any, pk: int) -> Any:
    """Give out the parked rows with what is wrong beside them; corrected and sent again they replace the parked ones."""
    batch = get_batch(request.actor, pk).batch
    return _csv([services.error_file(batch=batch, by=request.actor, at=request.at)], f"import-{pk}-errors")


def _csv(parts: Iterable[bytes], name: str) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


# ---- parked rows and signals


@endpoint("GET", "/parked", SEE, response=list[SignalOut])
def parked(
    request: Any, area: str = "", batch: int | None = None, after: int | None = None, limit: int = 50
) -> Any:
    """List the rows and messages that wait for a person, the longest waiting first."""
    return list_parked(
        request.actor, path=area_path(area), batch_id=batch, after=after, limit=page_size(limit)
    )


@endpoint("POST", "/parked/{pk}/repair", RUN, response=SignalOut)
def repair(request: Any, pk: int, body: RepairIn) -> Any:
    """Correct cells of a parked row and try it again; returns the new signal, whose status says what became of it."""
    signal = get_signal(request.actor, pk)
    return services.repair_signal(signal=signal, values=body.values, by=request.actor, at=request.at)


@endpoint("POST", "/parked/{pk}/setting-aside", RUN, response=SignalOut)
def set_aside(request: Any, pk: int, body: ReasonIn) -> Any:
    """Leave a parked row out for good; it stays on file."""
    signal = get_signal(request.actor, pk)
    services.set_aside_signal(signal=signal, reason=body.reason, by=request.actor, at=request.at)
    return get_signal(request.actor, pk)


@endpoint("GET", "/signals", SEE, response=list[SignalOut])
def signals(
    request: Any,
    area: str = "",
    status: str = "",
    target: str = "",
    source: str = "",
    batch: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> Any:
    """List what arrived, the newest first; `after` is the id of the last one of the page before."""
    wanted = SignalFilter(path=area_path(area), status=status, target=target, source=source, batch_id=batch)
    return list_signals(request.actor, wanted, after=after, limit=page_size(limit))


@endpoint("GET", "/signals/{pk}", SEE, response=SignalDetail)
def one_signal(request: Any, pk: int) -> Any:
    """Return one signal: its fields, those that name nobody, and the records that came of it."""
    signal = get_signal(request.actor, pk)
    return {"signal": signal, "fields": fields_of(signal), "records": records_of(signal)}


@endpoint("POST", "/messages", Permission.SIGNAL_RECORD, response=list[TakenOut])
def messages(request: Any, body: MessagesIn) -> Any:
    """Take in the messages of a laboratory, a checkpoint or another system; what cannot be read is parked, never refused."""
    source = get_source(request.actor, body.source, Permission.SIGNAL_RECORD)
    taken = services.receive_messages(
        source=source,
        target=body.target,
        messages=[(message.key, message.fields) for message in body.messages],
        by=request.actor,
        at=request.at,
    )
    return [
        {
            "key": message.key,
            "signal": signal.pk,
            "status": signal.status,
            "outcome": "known" if outcome is None else str(outcome.word),
            "problems": signal.problems,
        }
        for message, (signal, outcome) in zip(body.messages, taken, strict=True)
    ]


@endpoint("POST", "/exports", Permission.EXPORT_RUN)
def export(request: Any, body: ExportIn) -> Any:
    """Give records out as CSV: in Lianfang's own form, which comes back unchanged, or as sormas, sormas_line_list, godata."""
    code = targets.get(body.target).code
    parts = services.export_csv(
        target=code,
        shape=body.shape,
        path=area_path(body.area),
        purpose=body.purpose,
        by=request.actor,
        at=request.at,
    )
    return _csv(parts, f"{body.shape}-{code}")
