"""The plain tables of R users: one row a case with `case_id` and dated columns, and the from-to lists of contacts."""

from lianfang.intake.fields import plain
from lianfang.intake.formats.base import Recognised
from lianfang.intake.table import Table

_NUMBERS = frozenset({"id", "case_id", "caseid", "case", "patient_id", "linelist_id"})
_FROM = frozenset({"from", "infector", "infector_id", "source"})
_TO = frozenset({"to", "infectee", "infectee_id", "case_id", "target"})
_WIDEST_PAIRS = 8
_DATED = ("date_", "dt_", "onset")


def recognise_line_list(table: Table) -> Recognised | None:
    """Return the record of a plain table of pairs or cases; which column is what is left to the proposal."""
    names = {plain(column) for column in table.columns}
    pairs = names & _FROM and names & _TO and len(names) <= _WIDEST_PAIRS
    if pairs:
        return _of_pairs(table)
    if names & _NUMBERS and any(name.startswith(_DATED) for name in names):
        return Recognised(format="r_line_list", title="Plain line list", record="case")
    return None


def _of_pairs(table: Table) -> Recognised:
    source = next(c for c in table.columns if plain(c) in _FROM)
    target = next(c for c in table.columns if plain(c) in _TO and c != source)
    columns = {source: "source_number", target: "target_number"}
    for column in table.columns:
        name = plain(column)
        if column in columns:
            continue
        if name in {"exposure", "setting", "source", "context"} and "setting" not in columns.values():
            columns[column] = "setting"
        elif name in {"date", "date_of_last_contact", "contact_date"}:
            columns[column] = "last_contact_on"
    return Recognised(
        format="r_pairs",
        title="Pairs of infector and infected",
        record="relationship",
        columns=columns,
    )
