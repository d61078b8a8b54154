"""Stated facts are compared with what is on file and written in bulk: nothing twice, corrections supersede.

A chunk of 1,000 rows costs one read per fact table, one insert per fact table and one update per table with
corrections, however many cases and facts it has.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lianfang.cases.facts import Known, known_from
from lianfang.cases.models import Case, EpiLink, Outcome, Report, Result, Sample, Sign
from lianfang.cases.targets.reading import UnitFinder
from lianfang.cases.targets.wanted import Wanted
from lianfang.common.bulk import insert_rows, make, write_columns
from lianfang.common.clock import local_day, start_of
from lianfang.core.access.actor import Actor
from lianfang.core.facts import Fact
from lianfang.intake.models import Trace

MODELS: dict[str, Any] = {
    "Report": Report,
    "Sign": Sign,
    "EpiLink": EpiLink,
    "Sample": Sample,
    "Result": Result,
    "Outcome": Outcome,
}
FACTS = tuple(MODELS)
# Facts of which a case has one per slot, so that another value is a correction.
_SINGLE = frozenset({"Sign", "Outcome"})
_COMPLETED = ("received_at", "shipped_at", "condition", "specimen", "laboratory_id")


@dataclass
class Written:
    """What writing did: model -> new rows, and which cases changed; `of` tells which facts a case's row brought."""

    made: dict[int, list[Fact]] = field(
        default_factory=lambda: defaultdict(list)
    )  # by position of the stated row
    changed: set[int] = field(default_factory=set)  # positions of the stated rows that changed something
    conflicts: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))


_Place = tuple[str, int, tuple[Any, ...]]  # model, case, slot


class FactWriter:
    """Writes the facts of one call: state them all with `state`, then `write`."""

    def __init__(self, *, by: Actor, at: datetime) -> None:
        self._by, self._at = by, at
        self._stated: list[tuple[int, Case, Wanted]] = []
        self._held: dict[_Place, list[Any]] = defaultdict(list)  # what holds, by its place, the oldest first
        self._imported: set[tuple[str, int]] = set()
        self._fresh: dict[str, list[Any]] = defaultdict(list)
        self._replaced: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
        self._completed: dict[int, Any] = {}
        self._written = Written()

    def state(self, position: int, case: Case, facts: Iterable[Wanted]) -> None:
        """Take the facts that row `position` states about the case."""
        self._stated += [(position, case, fact) for fact in facts]

    def write(self, known: Sequence[int]) -> Written:
        """Write what is new; `known` are the ids of the cases that have facts already."""
        self._find_laboratories()
        self._read(known)
        for position, case, fact in self._stated:
            if fact.model != "Result":
                self._one(position, case, fact)
        self._insert([name for name in FACTS if name != "Result"])
        for position, case, fact in self._stated:
            if fact.model == "Result":
                self._one(position, case, fact)
        self._insert(["Result"])
        self._supersede()
        rows = list(self._completed.values())
        write_columns(rows, [*_COMPLETED, "occurred_at"])
        return self._written

    def known(self) -> dict[int, Known]:
        """Return what was written, as it is known of its cases."""
        return known_from(row for rows in self._fresh.values() for row in rows)

    def _find_laboratories(self) -> None:
        words = {str(f.columns["laboratory"]) for _, _, f in self._stated if f.columns.get("laboratory")}
        finder = UnitFinder(words) if words else None
        for _, _, fact in self._stated:
            if "laboratory" in fact.columns:
                unit = finder.find(fact.columns.pop("laboratory")) if finder else None
                fact.columns.pop("laboratory", None)
                fact.columns["laboratory_id"] = unit.pk if unit else None

    def _read(self, known: Sequence[int]) -> None:
        if not known:
            return
        for name in {fact.model for _, _, fact in self._stated} | {"Sample"}:
            rows = MODELS[name].objects.current().filter(case_id__in=known).order_by("occurred_at", "pk")
            for row in rows.select_related("sample") if name == "Result" else rows:
                self._held[name, row.case_id, _slot(name, row)].append(row)
        for name in ("EpiLink", "Report"):
            ids = [row.id for place, rows in self._held.items() if place[0] == name for row in rows]
            traced = Trace.objects.filter(record=f"cases.{name}", record_id__in=ids, created=True)
            self._imported |= {(name, pk) for pk in traced.values_list("record_id", flat=True)}

    def _one(self, position: int, case: Case, fact: Wanted) -> None:
        standing = self._held[fact.model, case.id, fact.slot]
        agreeing = next((row for row in standing if _agrees(row, fact)), None)
        if agreeing is not None:
            fact.row = agreeing
            return
        if fact.model == "Sample" and standing:
            self._complete(position, standing[-1], fact)
            return
        if fact.model == "Result" and standing and fact.columns["occurred_at"] < standing[-1].occurred_at:
            return  # an older message than the one that is known: it says nothing new
        old = self._corrected(fact, standing)
        if fact.model == "Report" and standing and not fact.said:
            return  # the row says nothing about the report
        row = self._make(case, fact)
        self._fresh[fact.model].append(row)
        standing.append(row)
        self._written.made[position].append(row)
        self._written.changed.add(position)
        if old is not None:
            self._replaced[fact.model].append((old, row))
            standing.remove(old)

    def _corrected(self, fact: Wanted, standing: list[Any]) -> Any:
        """Return the fact that this one corrects: of links and reports only one that an import brought."""
        if not standing or not fact.corrects:
            return None
        if fact.model in _SINGLE or fact.model == "Result":
            return standing[-1]
        ours = [row for row in standing if (fact.model, row.id) in self._imported]
        if fact.model == "EpiLink":  # a link to another source is another link
            ours = [row for row in ours if row.source_case_id in {None, fact.columns["source_case_id"]}]
        return ours[-1] if ours else None

    def _make(self, case: Case, fact: Wanted) -> Any:
        columns = {
            **fact.columns,
            "case_id": case.id,
            "recorded_at": self._at,
            "recorded_by_id": self._by.user_id,
        }
        fact.row = make(MODELS[fact.model], columns)
        if fact.sample is not None:
            fact.row.sample = fact.sample.row
        return fact.row

    def _complete(self, position: int, sample: Any, fact: Wanted) -> None:
        """Fill in what was not known of the sample (receipt, specimen); what contradicts is listed and left."""
        fact.row = sample
        for name in ("specimen", "received_at", "shipped_at", "condition"):
            new, old = fact.columns[name], getattr(sample, name)
            if new and not old:
                setattr(sample, name, new)
                self._written.changed.add(position)
                if sample.id:
                    self._completed[sample.id] = sample
            elif new and name in fact.said and not _same(old, new):
                self._written.conflicts[position].append(f"{name} of sample {sample.number}")
        taken = fact.columns["occurred_at"]
        if "occurred_at" in fact.said and not _same(sample.occurred_at, taken):
            if taken < sample.occurred_at:  # the result came first and stood in for the day of sampling
                sample.occurred_at = taken
                self._written.changed.add(position)
                if sample.id:
                    self._completed[sample.id] = sample
            else:
                self._written.conflicts[position].append(f"time of sample {sample.number}")

    def _insert(self, names: Sequence[str]) -> None:
        for name in names:
            if self._fresh[name]:
                # A corrected sample or result frees its place under the constraint before the new one takes it.
                self._free(name)
                insert_rows(self._fresh[name])

    def _free(self, name: str) -> None:
        old = [row.id for row, _ in self._replaced[name] if row.id]
        if old:
            MODELS[name].objects.filter(pk__in=old).update(superseded_at=self._at)

    def _supersede(self) -> None:
        for pairs in self._replaced.values():
            rows = []
            for old, new in pairs:
                old.superseded_at, old.superseded_by = self._at, new
                rows.append(old)
            write_columns(rows, ["superseded_at", "superseded_by"])


def _slot(name: str, row: Any) -> tuple[Any, ...]:
    if name == "Sign":
        return ("onset",) if row.is_onset else (row.code,)
    if name == "EpiLink":
        return (row.kind,)
    if name == "Sample":
        return (row.number,)
    if name == "Result":
        return (row.sample.number, row.key)
    return ("report",) if name == "Report" else ("outcome",)


def _agrees(row: Any, fact: Wanted) -> bool:
    """Return whether the fact on file says all that the row says."""
    if fact.model == "EpiLink" and fact.columns["source_case_id"] not in {None, row.source_case_id}:
        return False
    if fact.model == "Report" and not fact.said:
        return True
    return all(_same(getattr(row, name), fact.columns[name]) for name in fact.said)


def _same(held: Any, said: Any) -> bool:
    """Return whether the row says what is on file; midnight is how a bare day arrives, and agrees with its every hour."""
    if held == said or not isinstance(held, datetime) or not isinstance(said, datetime):
        return bool(held == said)
    return said == start_of(local_day(said)) and local_day(held) == local_day(said)
