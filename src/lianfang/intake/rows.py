"""Raw rows as they are kept: sealed like an identity, told apart by a keyed hash."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from lianfang.common.sealing import digests, seal, unseal
from lianfang.intake.models import Signal
from lianfang.intake.table import Cell, Table

_CONTEXT = "signal"
# Columns that our own files for correction carry; they are about the row and no part of it.
SIGNAL_COLUMN = "lianfang_signal"
PROBLEM_COLUMN = "lianfang_problems"
OWN_COLUMNS = (SIGNAL_COLUMN, PROBLEM_COLUMN)


def as_text(cells: Mapping[str, Cell]) -> str:
    """Return the filled cells as JSON, the same for the same content whatever the order of columns."""
    filled = {
        name: _plain(cell) for name, cell in cells.items() if cell is not None and name not in OWN_COLUMNS
    }
    return json.dumps(filled, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _plain(cell: Cell) -> Any:
    return cell.isoformat() if isinstance(cell, (date, datetime)) else cell


def seal_row(text: str) -> bytes:
    """Return the row sealed."""
    return seal(text, context=_CONTEXT)


def open_row(signal: Signal) -> dict[str, Cell]:
    """Return the cells of a signal; only services and people who may see the signal get here."""
    cells: dict[str, Cell] = json.loads(unseal(signal.sealed_content, context=_CONTEXT))
    return cells


def row_keys(text: str) -> list[str]:
    """Return the keyed hashes by which the row is recognised, under the newest key of the site first."""
    return [digest.hex() for digest in digests(_CONTEXT, text)]


def table_of(signals: Iterable[Signal], columns: Sequence[str]) -> Table:
    """Return the table that the signals came from, with their numbers in the file."""
    rows, numbers = [], []
    for at, signal in enumerate(signals, start=1):
        cells = open_row(signal)
        rows.append([cells.get(name) for name in columns])
        numbers.append(signal.row or at)
    return Table(columns=tuple(columns), rows=rows, numbers=numbers)
