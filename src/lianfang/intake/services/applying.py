"""One chunk of rows: given to its target, its signals settled, its problems written down. Used by every way in."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lianfang.common.bulk import among, insert_values, write_columns
from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.intake.cleaning import Cleaned, CleanRow, Options, clean_table
from lianfang.intake.errors import NoMapping
from lianfang.intake.fields import Record
from lianfang.intake.models import Batch, Signal, SignalStatus, Source, Trace
from lianfang.intake.places import PlaceFinders
from lianfang.intake.table import Problem, Table
from lianfang.intake.target import Context, Outcome, Row, Target, Word, targets

_SHOWN = 500  # problems kept with the batch's report; all of them are kept with their signals


@dataclass
class Report:
    """What an import did, or would do."""

    n_rows: int = 0
    words: Counter[str] = field(default_factory=Counter)
    matched: int = 0  # rows whose person was known
    undecided: int = 0  # rows whose person may be known: taken as a new person, with a review
    warnings: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    problems: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)

    def add(self, outcome: Outcome, problems: Iterable[dict[str, Any]]) -> None:
        """Count one row."""
        self.words[outcome.word] += 1
        self.matched += outcome.is_known_person
        self.undecided += outcome.is_undecided
        for problem in problems:
            self.rules[problem["rule"]] += 1
            self.warnings += problem["severity"] == "warning"
            if len(self.problems) < _SHOWN:
                self.problems.append(problem)

    def merge(self, other: "Report") -> None:
        """Add what another part of the same import did; changes and decisions are those of the whole file already."""
        self.words.update(other.words)
        self.matched += other.matched
        self.undecided += other.undecided
        self.warnings += other.warnings
        self.rules.update(other.rules)
        self.problems += other.problems[: _SHOWN - len(self.problems)]

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> "Report":
        """Return the report that is kept with a batch; of a batch that nothing was done with yet an empty one."""
        return cls(
            words=Counter({word: kept.get("counts", {}).get(str(word), 0) for word in Word}),
            matched=kept.get("matched", 0),
            undecided=kept.get("undecided", 0),
            warnings=kept.get("warnings", 0),
            rules=Counter(kept.get("rules", {})),
            problems=list(kept.get("problems", ())),
            changes=list(kept.get("changes", ())),
            decisions=list(kept.get("decisions", ())),
        )

    @property
    def created(self) -> int:
        """Rows of which a new record was made."""
        return self.words[Word.CREATED]

    @property
    def changed(self) -> int:
        """Rows that added to or corrected a record."""
        return self.words[Word.CHANGED]

    @property
    def unchanged(self) -> int:
        """Rows that said nothing new."""
        return self.words[Word.UNCHANGED]

    @property
    def parked(self) -> int:
        """Rows that wait for a person."""
        return self.words[Word.PARKED]

    def as_json(self) -> dict[str, Any]:
        """Return the report as it is kept with the batch."""
        return {
            **{str(word): self.words[word] for word in Word},
            "matched": self.matched,
            "undecided": self.undecided,
            "warnings": self.warnings,
            "rules": dict(self.rules),
            "problems": self.problems,
            "changes": self.changes,
            "decisions": self.decisions,
        }


def clean_batch(batch: Batch, table: Table, *, at: datetime) -> Cleaned:
    """Return the rows of the batch as typed values, by its confirmed mapping; raises NoMapping without one."""
    if batch.mapping is None:
        raise NoMapping
    return clean_table(
        table, batch.mapping.columns, targets.get(batch.target).record, options_of(batch, at=at)
    )


def options_of(batch: Batch, *, at: datetime) -> Options:
    """Return what a person said about the file."""
    said: Mapping[str, Any] = batch.mapping.options if batch.mapping else {}
    return Options(
        today=local_day(at),
        date_orders=said.get("date_orders", {}),
        codings=said.get("codings", {}),
        tolerate=frozenset(said.get("tolerate", ())),
        strict=bool(said.get("strict", False)),
        defaults=said.get("defaults", {}),
        required=tuple(said.get("required", ())),
        assumed_order=said.get("assumed_order", "dmy"),
    )


def context_of(
    source: Source, said: Mapping[str, Any], *, by: Actor, at: datetime, finders: PlaceFinders | None = None
) -> Context:
    """Return in whose name, where and how rows of a source are taken in; `said` are the options of the mapping."""
    unit = source.unit
    system = said.get("system") or source.code
    places = (PlaceFinders() if finders is None else finders)[system]
    return Context(by=by, at=at, place=unit.place, unit=unit, system=system, places=places, options=said)


@dataclass
class Part:
    """A chunk of signals with what became of each."""

    signals: list[Signal]
    rows: list[CleanRow]
    outcomes: list[Outcome]
    record: Record
    columns: Mapping[str, str]


def apply_rows(
    target: Target, pairs: Sequence[tuple[Signal, CleanRow]], context: Context, columns: Mapping[str, str]
) -> Part:
    """Give the readable rows to the target; return the outcome of all."""
    good = [(signal, row) for signal, row in pairs if not row.is_parked]
    rows = [Row(signal_id=signal.id, number=row.number, values=row.values) for signal, row in good]
    outcomes = dict(zip([s.id for s, _ in good], target.apply(rows, context) if rows else [], strict=True))
    return Part(
        signals=[signal for signal, _ in pairs],
        rows=[row for _, row in pairs],
        outcomes=[outcomes.get(signal.id) or Outcome(word=Word.PARKED) for signal, _ in pairs],
        record=target.record,
        columns=columns,
    )


def settle(part: Part, *, at: datetime, report: Report) -> None:
    """Write the status, the problems and the traces of a chunk."""
    accepted: list[int] = []
    parked: list[int] = []
    noted: list[Signal] = []
    traces: list[_Trace] = []
    for signal, row, outcome in zip(part.signals, part.rows, part.outcomes, strict=True):
        problems = [shown_problem(p, part.record, part.columns) for p in (*row.problems, *outcome.problems)]
        report.add(outcome, problems)
        (parked if outcome.word == Word.PARKED else accepted).append(signal.id)
        if problems:
            signal.problems = problems
            noted.append(signal)
        traces += [(signal.id, label, pk, new) for label, pk, new in outcome.records]
    Signal.objects.filter(pk__in=accepted).update(status=SignalStatus.ACCEPTED)
    Signal.objects.filter(pk__in=parked).update(status=SignalStatus.PARKED, parked_at=at)
    write_columns(noted, ["problems"])
    _trace(traces)
    replaced = [s.replaces_id for s in part.signals if s.replaces_id and s.id in set(accepted)]
    Signal.objects.filter(pk__in=replaced, status=SignalStatus.PARKED).update(
        status=SignalStatus.REPLACED, settled_at=at
    )


_Trace = tuple[int, str, int, bool]  # signal, label and key of the record, whether it was made


def _trace(traces: Sequence[_Trace]) -> None:
    """Write the traces that are not on file: a row that is replayed leads to the same records again."""
    signals = {trace[0] for trace in traces}
    known = set(among(Trace, ("signal_id", "record", "record_id"), "signal_id", signals))
    fresh = {trace[:3]: trace for trace in reversed(traces) if trace[:3] not in known}
    insert_values(Trace, ("signal_id", "record", "record_id", "created"), list(reversed(fresh.values())))


def shown_problem(problem: Problem, record: Record, columns: Mapping[str, str]) -> dict[str, Any]:
    """Return the problem without the cell where that may name a person; the whole row stays sealed in the signal."""
    kept = problem.as_json()
    code = columns.get(problem.column, problem.column)
    if not record.knows(code) or record.field_of(code).personal:
        kept["value"] = ""
    return kept


def settle_replayed(part: Part, *, at: datetime) -> None:
    """Close the wait of signals that were parked and are accepted now."""
    done = [s.id for s, o in zip(part.signals, part.outcomes, strict=True) if o.word != Word.PARKED]
    Signal.objects.filter(pk__in=done).update(settled_at=at)
