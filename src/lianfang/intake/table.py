"""A file as rows and columns, and what was said about its cells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self

Cell = str | int | float | bool | date | datetime | None


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under named columns, with the number of each row as a person sees it in the file.

    `columns` are distinct: a repeated name has ` [2]`, ` [3]` added. `groups` is the line above the header where there
    was one (SORMAS writes the entity there). `overlong` lists the rows with more cells than columns.
    """

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    numbers: Sequence[int]
    groups: tuple[str, ...] = ()
    overlong: frozenset[int] = frozenset()
    reading: dict[str, str] = field(default_factory=dict)  # encoding, delimiter, sheet, header line

    def column(self, name: str) -> list[Cell]:
        """Return the cells of one column, from the first row to the last."""
        at = self.columns.index(name)
        return [row[at] for row in self.rows]

    def as_dicts(self) -> Iterator[dict[str, Cell]]:
        """Yield each row as column -> cell, without the empty cells."""
        for row in self.rows:
            yield {c: v for c, v in zip(self.columns, row, strict=True) if v is not None and v != ""}


class Severity(StrEnum):
    """Whether a problem keeps the row out."""

    ERROR = "error"  # the row is parked
    WARNING = "warning"  # the row is accepted, the problem is listed


class Hint(str):  # noqa: SLOT000 - it carries two values more
    """What to do about a cell, in English; it keeps the sentence without its values, so that it can be said in Chinese."""

    sentence: str
    values: dict[str, str]

    def __new__(cls, sentence: str, **values: object) -> Self:
        """Fill `values` into the places of the sentence."""
        shown_values = {name: str(value) for name, value in values.items()}
        made = super().__new__(cls, sentence.format(**shown_values))
        made.sentence, made.values = sentence, shown_values
        return made


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What is wrong with one cell (or, with `column` empty, with the row), and what to do about it.

    `rule` is a stable code such as `date.impossible`; `hint` is the English sentence, with its values already filled.
    """

    row: int
    column: str
    value: str
    rule: str
    hint: str
    severity: Severity = Severity.ERROR

    def as_json(self) -> dict[str, Any]:
        """Return the problem as it is kept with a signal."""
        kept = {
            "row": self.row,
            "column": self.column,
            "value": self.value,
            "rule": self.rule,
            "hint": str(self.hint),
            "severity": str(self.severity),
        }
        if isinstance(self.hint, Hint) and self.hint.values:
            kept["hint_of"] = {"sentence": self.hint.sentence, "values": self.hint.values}
        return kept


class Changed(NamedTuple):
    """One cell that was changed in cleaning."""

    row: int
    column: str
    before: str
    after: str
    rule: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """All cells of a column that held the same text and were changed in the same way."""

    column: str
    before: str
    after: str
    rule: str
    rows: tuple[int, ...]

    def each(self) -> Iterator[Changed]:
        """Yield one entry per cell."""
        for row in self.rows:
            yield Changed(row, self.column, self.before, self.after, self.rule)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Something decided for a whole column: the order of day and month, the epoch of numbers, what 1 and 2 mean."""

    column: str
    rule: str
    chosen: str
    grounds: str
    certain: bool


def shown(value: Cell) -> str:
    """Return a cell as text for people: dates in ISO form, whole numbers without `.0`."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return (
            value.isoformat(sep=" ")
            if (value.hour or value.minute or value.second)
            else value.date().isoformat()
        )
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
