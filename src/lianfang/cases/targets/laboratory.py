"""Laboratory messages become samples and results of known cases: twice or out of order, one sample and one result."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from lianfang.cases.derive import derive_cases
from lianfang.cases.events import CaseEvent
from lianfang.cases.models import Case, Result, Sample
from lianfang.cases.targets.numbers import case_ids
from lianfang.cases.targets.reading import as_moment
from lianfang.cases.targets.undoing import undo_cases
from lianfang.cases.targets.wanted import Wanted, result_of
from lianfang.cases.targets.writing import FactWriter
from lianfang.common.clock import site_zone
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import Entry, record_many
from lianfang.intake.records import LAB_RESULT
from lianfang.intake.table import Hint, Problem, Severity
from lianfang.intake.target import Context, Outcome, Row, Target, Undone, Word

_CHUNK = 1000
_COLUMNS = (
    "case_number", "sample_number", "specimen", "sampled_at", "shipped_at", "received_at", "test", "finding", "value",
    "resulted_at", "laboratory", "result_key",
)  # fmt: skip


class LabResultTarget(Target):
    """Laboratory messages and lists of results."""

    record = LAB_RESULT
    title: ClassVar[Any] = _("Laboratory results")
    export_permission = Permission.EXPORT_RUN
    waits_for = frozenset({"case.unknown"})
    kept_in_signal = frozenset({"status", "disease"})

    def apply(self, rows: Sequence[Row], context: Context) -> list[Outcome]:
        """Take messages in; a message whose case or sample is not on file is parked and tried again when it arrives."""
        outcomes = [Outcome() for _ in rows]
        found = _cases(rows, context)
        writer = FactWriter(by=context.by, at=context.at)
        taken: list[tuple[int, Row, Outcome, Case]] = []
        for position, (row, outcome) in enumerate(zip(rows, outcomes, strict=True)):
            case = found[position]
            if case is None or not context.by.may(Permission.SIGNAL_RECORD, context.place.path):
                _park(row, outcome)
                continue
            sample, result = _facts(row.values, row.signal_id, context.at)
            writer.state(position, case, [sample, *([result] if result else [])])
            taken.append((position, row, outcome, case))
        written = writer.write(sorted({case.pk for _, _, _, case in taken}))
        _account(taken, written, context)
        return outcomes

    def undo(self, records: Mapping[str, Sequence[int]], *, by: Actor, at: datetime, reason: str) -> Undone:
        return undo_cases(records, by=by, at=at, reason=reason)

    def export(self, actor: Actor, *, path: str, at: datetime, purpose: str) -> Iterator[Mapping[str, Any]]:  # noqa: ARG002
        """Yield one row per sample and result of the visible cases."""
        cases = Case.objects.visible_to(actor)
        if path:
            cases = cases.filter(path__within=path)
        rows = (
            Sample.objects.current()
            .filter(case__in=cases)
            .select_related("case", "laboratory")
            .order_by("pk")
        )
        last = 0
        while chunk := list(rows.filter(pk__gt=last)[:_CHUNK]):
            last = chunk[-1].pk
            results: dict[int, list[Result]] = {}
            ids = [sample.pk for sample in chunk]
            for result in (
                Result.objects.current().filter(sample__in=ids).select_related("laboratory").order_by("pk")
            ):
                results.setdefault(result.sample_id, []).append(result)
            for sample in chunk:
                for one in results.get(sample.pk) or [None]:  # type: ignore[list-item]
                    yield _exported(sample, one)

    def columns(self) -> Sequence[str]:
        return _COLUMNS


def _cases(rows: Sequence[Row], context: Context) -> list[Case | None]:
    """Return the case of each message: by the other system's id, the case number, or the number of a sample on file."""
    texts = [(str(r.values.get("case_id") or ""), str(r.values.get("case_number") or "")) for r in rows]
    ids = case_ids({text for pair in texts for text in pair if text}, context.system)
    samples = {str(r.values.get("sample_number") or "") for r in rows} - {""}
    by_sample: dict[str, set[int]] = {}
    for number, case in Sample.objects.current().filter(number__in=samples).values_list("number", "case_id"):
        by_sample.setdefault(number, set()).add(case)
    wanted = []
    for (external, number), row in zip(texts, rows, strict=True):
        pk = ids.get(external) or ids.get(number)
        if pk is None and not external and not number:
            several = by_sample.get(str(row.values.get("sample_number") or ""), set())
            pk = next(iter(several)) if len(several) == 1 else None
        wanted.append(pk)
    cases = Case.objects.in_bulk({pk for pk in wanted if pk is not None})
    return [cases.get(pk) if pk is not None else None for pk in wanted]


def _park(row: Row, outcome: Outcome) -> None:
    number = (
        row.values.get("case_number") or row.values.get("case_id") or row.values.get("sample_number") or ""
    )
    outcome.park(
        row,
        column="case_number",
        value=number,
        rule="case.unknown",
        hint=Hint(
            "No case has this number yet. The message is tried again when the case arrives; or correct the number."
        ),
    )


def _facts(values: Mapping[str, Any], signal_id: int, at: datetime) -> tuple[Wanted, Wanted | None]:
    resulted = as_moment(values.get("resulted_at"))
    received = as_moment(values.get("received_at"))
    sampled = as_moment(values.get("sampled_at"))
    given = str(values.get("result_key") or values.get("external_id") or "")
    number = str(values.get("sample_number") or f"M-{given or signal_id}")[:80]
    columns = {
        "number": number,
        "specimen": values.get("specimen") or "",
        "occurred_at": sampled or received or resulted or at,
        "received_at": received,
        "shipped_at": as_moment(values.get("shipped_at")),
        "condition": str(values.get("condition") or "")[:20],
        "laboratory": values.get("laboratory"),
    }
    said = {name for name in ("specimen", "received_at", "shipped_at", "condition") if columns[name]}
    said |= {"occurred_at"} if sampled else set()
    sample = Wanted(model="Sample", slot=(number,), columns=columns, said=frozenset(said))
    if not values.get("finding"):
        return sample, None
    told = {
        "kind": values.get("test"),
        "at": resulted,
        "finding": values["finding"],
        "value": values.get("value"),
        "key": given,
    }
    return sample, result_of(told, sample)


def _account(taken: Sequence[tuple[int, Row, Outcome, Case]], written: Any, context: Context) -> None:
    """Say what became of each message, record it, and derive the cases."""
    entries = []
    for position, row, outcome, case in taken:
        made = written.made[position]
        outcome.records += [(fact._meta.label, fact.pk, True) for fact in made]  # noqa: SLF001
        outcome.records.append(("cases.Case", case.pk, False))
        if made:
            outcome.word = Word.CREATED
            after = {"signal": row.signal_id, "facts": [fact._meta.model_name for fact in made]}  # noqa: SLF001
            entries.append(Entry(subject=case, after=after))
        elif position in written.changed:
            outcome.word = Word.CHANGED
            entries.append(Entry(subject=case, after={"signal": row.signal_id, "facts": ["completed"]}))
        outcome.problems += [_differs(row, what) for what in written.conflicts[position]]
    record_many(CaseEvent.RESULT_RECORDED, entries, by=context.by, at=context.at)
    ids = {case.pk for _, _, outcome, case in taken if outcome.word != Word.UNCHANGED}
    derive_cases(ids, at=context.at, by=context.by, because="import")


def _differs(row: Row, what: str) -> Problem:
    hint = Hint("The message contradicts what is on file: {what}. It was left as it is.", what=what)
    return Problem(
        row=row.number, column="", value="", rule="sample.differs", hint=hint, severity=Severity.WARNING
    )


def _exported(sample: Sample, result: Result | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "case_number": sample.case.number,
        "sample_number": sample.number,
        "specimen": sample.specimen,
        "sampled_at": _at(sample.occurred_at),
        "shipped_at": _at(sample.shipped_at),
        "received_at": _at(sample.received_at),
        "laboratory": sample.laboratory.code if sample.laboratory else None,
    }
    if result is not None:
        row |= {"test": result.kind, "finding": result.finding, "value": result.value}
        row |= {"resulted_at": _at(result.occurred_at), "result_key": result.key}
    return row


def _at(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(site_zone())
