"""Files of other systems, told by their columns and mapped without asking. Pure.

The order matters: our own form first, then the systems, from the most particular to the plain line list.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from lianfang.intake.formats.base import Recognised
from lianfang.intake.formats.godata import recognise_godata
from lianfang.intake.formats.line_list import recognise_line_list
from lianfang.intake.formats.own import recognise_own
from lianfang.intake.formats.sormas import recognise_sormas
from lianfang.intake.formats.who_crf import recognise_who_crf
from lianfang.intake.mapping import Proposal, propose
from lianfang.intake.records import RECORDS
from lianfang.intake.table import Table

# What a list of samples or visits does not say: with one of these a table is rather a line list.
_OF_A_PATIENT = frozenset({"onset_on", "name", "given_name", "sex", "age", "outcome", "classification"})
RECOGNISERS = (recognise_own, recognise_sormas, recognise_godata, recognise_who_crf, recognise_line_list)

__all__ = ["RECOGNISERS", "Recognised", "plan", "recognise"]


def recognise(table: Table) -> Recognised | None:
    """Return the known format of the table, or None."""
    for recogniser in RECOGNISERS:
        found = recogniser(table)
        if found is not None:
            return found
    return None


def plan(
    table: Table, *, today: date, record: str = ""
) -> tuple[str, list[Proposal], Mapping[str, Any], str]:
    """Return (record, proposals, options, format) for a table; `record` overrules what the format would say.

    Without a known format the record is the one whose fields explain most columns.
    """
    found = recognise(table)
    if found is not None and found.columns and record in {"", found.record}:
        proposals = [
            Proposal(
                column=column,
                field=found.columns.get(column, ""),
                score=1.0 if column in found.columns else 0.0,
                reason="format" if column in found.columns else "not_taken",
            )
            for column in table.columns
        ]
        return found.record, proposals, found.as_options(), found.format
    wanted = record or (found.record if found is not None else "")
    if wanted:
        options = found.as_options() if found is not None and found.record == wanted else {}
        return wanted, propose(table, RECORDS[wanted], today=today), options, found.format if found else ""
    best: tuple[float, str, list[Proposal]] = (-1000.0, "case", [])
    for code, kind in RECORDS.items():
        proposals = propose(table, kind, today=today)
        required = {f.code for f in kind.fields if f.required and f.code != "disease"}
        named = {p.field.partition("#")[0] for p in proposals}
        score = sum(p.score for p in proposals) - 2.0 * len(required - named)
        if code == "case":
            score += 0.5 if named & _OF_A_PATIENT else -0.5
        if score > best[0]:
            best = (score, code, proposals)
    return best[1], best[2], {}, ""
