"""What is wrong with the data, as a list that somebody can act on: unreadable cells, orders of dates, gaps, heaps."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from lianfang.intake.table import Decision
from lianfang.report.line_list import LONGEST_DELAY, Line, LineList
from lianfang.report.reading import CaseFile

_ROWS_NAMED = 5
_HEAP = 0.25
_FEWEST_FOR_HEAP = 20


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing found: a rule (a key of `words.toml` under `rule.`), how often, where, and what it does to the report.

    `rows` are the first rows of the file concerned, as a spreadsheet numbers them; values are not repeated.
    """

    rule: str
    column: str
    n: int
    rows: tuple[int, ...] = ()
    is_left_out: bool = False
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Findings, most rows first; decisions taken for whole columns; how many cells were put right in cleaning."""

    findings: tuple[Finding, ...]
    decisions: tuple[Decision, ...]
    n_changed: int
    completeness: tuple[tuple[str, int, int], ...]


_ORDERS: Sequence[tuple[str, Callable[[Line], date | None], Callable[[Line], date | None]]] = (
    ("report_before_onset", lambda line: line.onset, lambda line: line.reported),
    ("confirmation_before_onset", lambda line: line.onset, lambda line: line.confirmed),
    ("admission_before_onset", lambda line: line.onset, lambda line: line.admitted),
    ("report_after_death", lambda line: line.reported, lambda line: line.died),
)
_FIELDS: Sequence[tuple[str, Callable[[Line], object]]] = (
    ("onset", lambda line: line.onset),
    ("known", lambda line: line.known),
    ("outcome", lambda line: line.outcome or line.died),
    ("classification", lambda line: line.classification),
    ("sex", lambda line: line.sex if line.sex != "unknown" else ""),
    ("age", lambda line: line.age is not None),
    ("place", lambda line: line.place),
)


def quality_of(file: CaseFile, cases: LineList) -> Quality:
    """Return the findings of reading and cleaning, and those of the dates among each other."""
    findings = [*_of_cleaning(file), *_of_rows(file), *_of_orders(file), *_of_heaps(file), *_of_cut(cases)]
    findings.sort(key=lambda one: (-one.n, one.rule, one.column))
    counts = tuple((code, sum(1 for line in cases.lines if has(line)), len(cases)) for code, has in _FIELDS)
    return Quality(
        findings=tuple(findings),
        decisions=tuple(file.cleaned.decisions),
        n_changed=sum(len(change.rows) for change in file.cleaned.changes),
        completeness=counts,
    )


def _of_cleaning(file: CaseFile) -> list[Finding]:
    where: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in file.cleaned.rows:
        for problem in row.problems:
            where[problem.rule, problem.column].append(row.number)
    return [
        Finding(
            rule=rule,
            column=column,
            n=len(rows),
            rows=tuple(rows[:_ROWS_NAMED]),
            is_left_out=rule in {"number.used_twice", "row.too_many_cells"},
        )
        for (rule, column), rows in where.items()
    ]


def _of_rows(file: CaseFile) -> list[Finding]:
    found = []
    if file.n_repeated:
        found.append(Finding(rule="row.repeated", column="", n=file.n_repeated, is_left_out=True))
    if file.n_excluded:
        found.append(Finding(rule="row.not_a_case", column="", n=file.n_excluded, is_left_out=True))
    return found


def _of_orders(file: CaseFile) -> list[Finding]:
    found = []
    for rule, start, end in _ORDERS:
        rows = [
            line.row
            for line in file.lines
            if (a := start(line)) is not None and (b := end(line)) is not None and b < a
        ]
        if rows:
            found.append(
                Finding(rule=f"order.{rule}", column="", n=len(rows), rows=tuple(rows[:_ROWS_NAMED]))
            )
    late = [
        line.row
        for line in file.lines
        if line.onset and line.known and (line.known - line.onset).days > LONGEST_DELAY
    ]
    if late:
        found.append(
            Finding(
                rule="order.very_late",
                column="",
                n=len(late),
                rows=tuple(late[:_ROWS_NAMED]),
                values={"days": LONGEST_DELAY},
            )
        )
    return found


def _of_heaps(file: CaseFile) -> list[Finding]:
    """Name a day on which suspiciously many onsets lie: mostly a default of a form, or the day of a mass entry."""
    onsets = Counter(line.onset for line in file.lines if line.onset is not None)
    total = sum(onsets.values())
    if total < _FEWEST_FOR_HEAP:
        return []
    day, n = max(onsets.items(), key=lambda one: (one[1], one[0]))
    if n < _HEAP * total:
        return []
    return [Finding(rule="heap.onset", column="", n=n, values={"day": day.isoformat(), "total": total})]


def _of_cut(cases: LineList) -> list[Finding]:
    found = []
    if cases.n_later:
        found.append(Finding(rule="cut.later", column="", n=cases.n_later, is_left_out=True))
    if cases.n_early:
        found.append(Finding(rule="cut.early", column="", n=cases.n_early))
    return found
