"""A file of any format that the intake knows, as cases, as links between cases, and as what was found wrong in it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from lianfang.intake.cleaning import Cleaned, CleanRow, Options, clean_table
from lianfang.intake.fields import plain
from lianfang.intake.formats import plan, recognise
from lianfang.intake.reading import ReadingError, digest_of, read_bytes
from lianfang.intake.records import CASE, RECORDS
from lianfang.intake.table import Table
from lianfang.report.line_list import Line, LineList, as_known_on, last_day, last_outcome

# Which column says when a case became known: the first that most cases have.
_KNOWN_BY = ("reported_at", "confirmed_at", "diagnosed_at", "admitted_on", "sample.taken_at#1")
_PLACES = ("county", "prefecture", "province", "township", "city")
_MOST = 0.6
# At least one of these makes a table a line list.
_TELLING = frozenset(
    {
        "onset_on", "reported_at", "confirmed_at", "diagnosed_at", "admitted_on", "outcome", "outcome_on", "died_on",
        "classification", "number", "external_id", "infected_on", "sample.taken_at#1", "disease", "severity",
    }
)  # fmt: skip
_BETWEEN = re.compile(r"[\s,;/|，、；]+")  # case numbers in one cell
_YEARS = {"months": 1 / 12, "days": 1 / 365.25, "years": 1.0}


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """A line list as read: the cases, and what cleaning said. `n_left_out` rows could not be used at all."""

    format: str
    digest: str
    columns: Mapping[str, str]
    unread_columns: tuple[str, ...]
    cleaned: Cleaned
    lines: tuple[Line, ...]
    known_by: str
    place_by: str
    n_rows: int
    n_left_out: int
    n_repeated: int
    n_excluded: int
    diseases: tuple[str, ...]

    @property
    def disease(self) -> str:
        """The disease of the list; "" where it names none, or several."""
        return self.diseases[0] if len(self.diseases) == 1 else ""

    @property
    def n_dropped(self) -> int:
        """Rows that are not among the cases: unusable, repeated, or of persons who are none."""
        return self.n_left_out + self.n_repeated + self.n_excluded

    def at(self, as_of: date | None) -> LineList:
        """Return the cases as known on `as_of`.

        By default that is the last day on which a case fell ill or became known; outcomes of later days are kept then.
        """
        last = last_day(self.lines)
        day = as_of or last
        lines, n_later, followed = list(self.lines), 0, day
        if day is not None:
            followed = day if as_of is not None else last_outcome(self.lines, day)
            lines, n_later = as_known_on(self.lines, day, followed)
        return LineList(
            lines=tuple(lines),
            as_of=day,
            followed_until=followed,
            known_by=self.known_by,
            place_by=self.place_by,
            n_excluded=self.n_excluded,
            n_later=n_later,
            is_whole=last is None or day is None or day >= last,
        )


@dataclass(frozen=True, kw_only=True)
class LinkFile:
    """Pairs of case numbers. `directed` ones name the source first; the others only say that two persons met."""

    format: str
    digest: str
    pairs: tuple[tuple[str, str], ...]
    directed: bool
    n_rows: int


def read_line_list(content: bytes, *, today: date) -> CaseFile:
    """Return the cases of a line list in any known format.

    Raises ReadingError, with a hint, where the content is no table, no list of cases, or has no rows. Cells that
    cannot be read are left out and listed; a row goes only where its number belongs to another case, or where it has more
    cells than columns.
    """
    table = read_bytes(content)
    _check_is_case_list(table)
    _, proposals, _, name = plan(table, today=today, record="case")
    columns = {p.column: p.field for p in proposals if p.field}
    if not _TELLING & set(columns.values()):
        raise ReadingError(
            "No column of a line list was recognised.",
            hint="Name the columns in the first line, for instance case_id, date_onset, date_report, outcome.",
        )
    if not table.rows:
        raise ReadingError("The file has column names and no rows.", hint="Check that the export finished.")
    options = Options(today=today, tolerate=frozenset(columns), defaults={"disease": ""})
    cleaned = clean_table(table, columns, CASE, options)
    usable = [row for row in cleaned.rows if not row.is_parked]
    known_by = next((code for code in _KNOWN_BY if _filled(usable, code) >= _MOST), "")
    place_by = next((code for code in _PLACES if _filled(usable, code) >= _MOST / 2), "")
    first = _first_of_each(usable)
    lines = [_line(row, known_by, place_by) for row in first]
    kept = [line for line in lines if line.classification != "excluded"]
    return CaseFile(
        format=name,
        digest=digest_of(content),
        columns=columns,
        unread_columns=tuple(column for column in table.columns if column not in columns),
        cleaned=cleaned,
        lines=tuple(kept),
        known_by=known_by,
        place_by=place_by,
        n_rows=len(table.rows),
        n_left_out=len(cleaned.rows) - len(usable),
        n_repeated=len(usable) - len(first),
        n_excluded=len(lines) - len(kept),
        diseases=tuple(sorted({str(row.values["disease"]) for row in first if row.values.get("disease")})),
    )


def _check_is_case_list(table: Table) -> None:
    found = recognise(table)
    if found is None or found.record == "case":
        return
    if not found.record:
        raise ReadingError(f"This is no list of cases ({found.title}).", hint=found.advice)
    names = {plain(column) for column in table.columns}
    if any(name.startswith(("date_onset", "onset", "date_of_onset")) for name in names):
        return
    raise ReadingError(
        f"This is no list of cases ({found.title}).",
        hint="Give the line list first, and this file with --contacts.",
    )


def _filled(rows: Sequence[CleanRow], code: str) -> float:
    return sum(code in row.values for row in rows) / max(1, len(rows))


def _first_of_each(rows: Iterable[CleanRow]) -> list[CleanRow]:
    """Return the rows without those that use a number again; without a number every row is a case."""
    seen: set[tuple[str, str]] = set()
    kept = []
    for row in rows:
        keys = {(code, str(row.values[code])) for code in ("external_id", "number") if code in row.values}
        if keys & seen:
            continue
        seen |= keys
        kept.append(row)
    return kept


def _line(row: CleanRow, known_by: str, place_by: str) -> Line:
    values = row.values
    outcome = str(values.get("outcome", ""))
    ended = _day(values.get("outcome_on"))
    return Line(
        row=row.number,
        number=str(values.get("number", "")),
        other_number=str(values.get("external_id", "")),
        onset=_day(values.get("onset_on")),
        known=_day(values.get(known_by)) if known_by else None,
        reported=_day(values.get("reported_at")),
        confirmed=_day(values.get("confirmed_at")) or _day(values.get("diagnosed_at")),
        admitted=_day(values.get("admitted_on")),
        discharged=_day(values.get("discharged_on")) or (ended if outcome == "recovered" else None),
        died=_day(values.get("died_on")) or (ended if outcome == "died" else None),
        outcome=outcome,
        classification=str(values.get("classification", "")),
        sex=str(values.get("sex", "")),
        age=_age(values),
        place=str(values.get(place_by, "")) if place_by else "",
        source=str(values.get("source_number", "")),
        linked=tuple(one for one in _BETWEEN.split(str(values.get("linked_numbers", ""))) if one),
    )


def _day(value: Any) -> date | None:
    return value.date() if isinstance(value, datetime) else value


def _age(values: Mapping[str, Any]) -> float | None:
    if "age" in values:
        return float(values["age"]) * _YEARS.get(str(values.get("age_unit", "years")), 1.0)
    if "age_months" in values:
        return float(values["age_months"]) / 12
    onset, born = _day(values.get("onset_on") or values.get("reported_at")), values.get("birth_date")
    if onset is None or not isinstance(born, date):
        return None
    return max(0.0, (onset - born).days / 365.25)


def read_links(content: bytes, *, today: date) -> LinkFile:
    """Return who was in contact with whom, from pairs, relationships, a list of contacts or a column of sources.

    Raises ReadingError where the table names no pairs.
    """
    table = read_bytes(content)
    record, proposals, options, name = plan(table, today=today)
    columns = {p.column: p.field for p in proposals if p.field}
    rows = clean_table(
        table,
        columns,
        RECORDS.get(record, CASE),
        Options(
            today=today, tolerate=frozenset(columns), defaults={"disease": "", **options.get("defaults", {})}
        ),
    ).rows
    ends = {
        "relationship": (("source_number", "source_id"), ("target_number", "target_id")),
        "contact": (("case_number",), ("number", "external_id")),
        "case": (("source_number",), ("number", "external_id")),
    }.get(record)
    pairs = [] if ends is None else [pair for row in rows if (pair := _pair(row.values, ends)) is not None]
    if (
        not pairs and len(table.columns) == 2
    ):  # i and j of outbreaker2: who met whom, whatever the columns are called
        pairs = list(_two_columns(table))
    if not pairs:
        raise ReadingError(
            "The file of contacts names no pairs.",
            hint="Give a table with the number of the source case and that of the exposed person, "
            "for instance the columns from and to.",
        )
    return LinkFile(
        format=name,
        digest=digest_of(content),
        pairs=tuple(dict.fromkeys(pairs)),
        directed=record == "case" or name == "r_pairs",
        n_rows=len(rows),
    )


def _pair(values: Mapping[str, Any], ends: tuple[tuple[str, ...], tuple[str, ...]]) -> tuple[str, str] | None:
    one, other = (next((str(values[code]) for code in codes if code in values), "") for codes in ends)
    return (one, other) if one and other and one != other else None


def _two_columns(table: Table) -> Iterable[tuple[str, str]]:
    for cells in zip(*map(table.column, table.columns), strict=True):
        one, other = ("" if cell is None else str(cell).strip().removesuffix(".0") for cell in cells)
        if one != other and all(any(sign.isdigit() for sign in cell) for cell in (one, other)):
            yield one, other
