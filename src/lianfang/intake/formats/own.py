"""Lianfang's own exchange form: a first column `lianfang` that names the record and its version, then field codes."""

import re

from lianfang.intake.formats.base import Recognised
from lianfang.intake.records import RECORDS
from lianfang.intake.table import Table

MARK = "lianfang"
VERSION = 1


def mark_of(record: str) -> str:
    """Return what stands in the first column of every exported row: `case/1`."""
    return f"{record}/{VERSION}"


def recognise_own(table: Table) -> Recognised | None:
    """Return the mapping of an export of ours, also where columns were left out or moved."""
    if MARK not in table.columns or not table.rows:
        return None
    marks = {str(cell) for cell in table.column(MARK) if cell is not None}
    match = re.fullmatch(r"([a-z_]+)/(\d+)", next(iter(marks), ""))
    if len(marks) != 1 or match is None or match[1] not in RECORDS:
        return None
    if int(match[2]) > VERSION:
        return Recognised(
            format="lianfang",
            title="Lianfang export",
            record="",
            advice=f"The file is of version {match[2]} and this site reads version {VERSION}. Update the site first.",
        )
    record = RECORDS[match[1]]
    columns = {column: column for column in table.columns if record.knows(column)}
    return Recognised(
        format="lianfang", title="Lianfang export", record=match[1], columns=columns, system="lianfang"
    )
