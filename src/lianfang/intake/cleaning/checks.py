"""What is checked when all cells of a row are read: what must be there, what cannot be true together, numbers used twice."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from lianfang.intake.fields import Record
from lianfang.intake.table import Hint, Problem, Severity, shown

if TYPE_CHECKING:
    from lianfang.intake.cleaning.columns import CleanRow

# (earlier, later): where the later comes first, both stand as they are and the row is listed.
_IN_ORDER: Mapping[str, Sequence[tuple[str, str]]] = {
    "case": (
        ("birth_date", "onset_on"),
        ("infected_on", "onset_on"),
        ("exposed_from_on", "exposed_to_on"),
        ("onset_on", "outcome_on"),
        ("onset_on", "died_on"),
        ("admitted_on", "discharged_on"),
        ("admitted_on", "outcome_on"),
    ),
    "contact": (("first_contact_on", "last_contact_on"), ("birth_date", "last_contact_on")),
    "lab_result": (("sampled_at", "received_at"), ("sampled_at", "resulted_at")),
}
# The field that names the record, by which a row of the same file is taken for the same record.
_NAMED_BY: Mapping[str, Sequence[str]] = {"case": ("external_id", "number")}
# Facts of which there can be several.
_MANY = ("sign.", "sample.", "result.")
_ENOUGH_TO_COMPARE = 4
_AGES_APART = 1.0


def check_rows(
    rows: Sequence["CleanRow"], columns: Mapping[str, str], record: Record, *, required: Sequence[str] = ()
) -> None:
    """Add to each row the problems that no single cell shows. `columns` is the mapping, to name the columns."""
    column_of = {code: column for column, code in columns.items()}
    demanded = dict.fromkeys([*(f.code for f in record.fields if f.required), *required])
    said = {code for row in rows for code in row.values}
    ordered = [pair for pair in _IN_ORDER.get(record.code, ()) if said.issuperset(pair)]
    for row in rows:
        for code in demanded:
            _check_required(row, code, column_of)
        for pair in ordered:
            _check_order(row, pair, column_of)
        _check_age(row, column_of)
    for code in _NAMED_BY.get(record.code, ()):
        if code in column_of:
            _check_double_use(rows, code, column_of[code])
            break
    if record.code in _NAMED_BY:
        _check_look_alikes(rows)


def _check_required(row: "CleanRow", code: str, column_of: Mapping[str, str]) -> None:
    column = column_of.get(code, "")
    if code in row.values or any(p.column == column and column for p in row.problems):
        return
    hint = (
        Hint("Fill in the column {column}.", column=column)
        if column
        else Hint("Map a column to {field}, or set a value for all rows.", field=code)
    )
    row.problems.append(Problem(row=row.number, column=column, value="", rule="required.missing", hint=hint))


def _check_order(row: "CleanRow", pair: tuple[str, str], column_of: Mapping[str, str]) -> None:
    earlier, later = (_day(row.values.get(code)) for code in pair)
    if earlier is None or later is None or earlier <= later:
        return
    first, second = (column_of.get(code, code) for code in pair)
    row.problems.append(
        Problem(
            row=row.number,
            column=second,
            value=later.isoformat(),
            rule="dates.order",
            hint=Hint(
                "This lies before {first}, {day}. Check both dates.", first=first, day=earlier.isoformat()
            ),
            severity=Severity.WARNING,
        )
    )


def _day(value: Any) -> date | None:
    return value.date() if isinstance(value, datetime) else value


def _check_age(row: "CleanRow", column_of: Mapping[str, str]) -> None:
    """List an age that the date of birth contradicts by more than a year."""
    born, age = row.values.get("birth_date"), row.values.get("age")
    on = _day(
        row.values.get("onset_on") or row.values.get("reported_at") or row.values.get("last_contact_on")
    )
    if not isinstance(born, date) or not isinstance(age, float) or on is None or "age_unit" in row.values:
        return
    by_birth = (on - born).days / 365.25
    if abs(by_birth - age) > _AGES_APART + 1:
        row.problems.append(
            Problem(
                row=row.number,
                column=column_of.get("age", "age"),
                value=shown(age),
                rule="age.contradicts_birth",
                hint=Hint(
                    "By the date of birth the age is {by_birth}. Check both.", by_birth=f"{by_birth:.0f}"
                ),
                severity=Severity.WARNING,
            )
        )


def _check_double_use(rows: Sequence["CleanRow"], code: str, column: str) -> None:
    """Park the later of two rows that use one number for what cannot be the same record."""
    first_with: dict[str, CleanRow] = {}
    for row in rows:
        key = row.values.get(code)
        if key is None:
            continue
        first = first_with.setdefault(key, row)
        differing = [] if first is row else _contradictions(first.values, row.values, code)
        if differing:
            row.problems.append(
                Problem(
                    row=row.number,
                    column=column,
                    value=shown(key),
                    rule="number.used_twice",
                    hint=Hint(
                        "Row {row} has the same number and differs in {fields}. Give this record its own number, or correct the values.",
                        row=first.number,
                        fields=", ".join(differing[:4]),
                    ),
                )
            )


def _contradictions(one: Mapping[str, Any], other: Mapping[str, Any], key: str) -> list[str]:
    found = []
    for code, value in other.items():
        if code == key or code not in one or code.startswith(_MANY) or one[code] == value:
            continue
        if code == "age" and abs(one[code] - value) <= _AGES_APART:
            continue
        if code == "sex" and "unknown" in {one[code], value}:
            continue
        found.append(code)
    return found


def _check_look_alikes(rows: Sequence["CleanRow"]) -> None:
    """List rows that say the same in everything but their number."""
    seen: dict[tuple[Any, ...], CleanRow] = {}
    for row in rows:
        said = row.values.copy()
        if said.pop("number", None) is None and said.get("external_id") is None:
            continue
        said.pop("external_id", None)
        said.pop("disease", None)
        rest = tuple(said.items())
        if len(rest) < _ENOUGH_TO_COMPARE:
            continue
        first = seen.setdefault(rest, row)
        if first is not row and first.values != row.values:
            row.problems.append(
                Problem(
                    row=row.number,
                    column="",
                    value="",
                    rule="row.looks_like",
                    hint=Hint(
                        "Row {row} says the same in everything but its number. Is it entered twice?",
                        row=first.number,
                    ),
                    severity=Severity.WARNING,
                )
            )
