"""Reading tables of units: one line a unit, with what it answers for."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lianfang.core.registry.errors import BadUnitTable
from lianfang.core.registry.models import Capability, UnitKind

_NEEDED = ("code", "name", "kind", "place")


@dataclass(frozen=True, kw_only=True)
class UnitRow:
    """One line of a table of units; `place` and `parent` are codes, `parent` "" for the unit above all others."""

    code: str
    name: str
    kind: UnitKind
    place: str
    parent: str = ""
    capabilities: tuple[Capability, ...] = ()
    name_en: str = ""
    email: str = ""
    webhook: str = ""
    daily_capacity: int | None = None


def read_unit_table(path: Path) -> list[UnitRow]:
    """Read a CSV with the columns code, name, kind, place.

    If present also parent, capabilities, name_en, email, webhook and daily_capacity. Capabilities are separated by spaces or semicolons; `all` stands for every one. Parents come before their children.
    """
    return [_row(path.name, line, cells) for line, cells in _lines(path)]


def _row(file: str, line: int, cells: dict[str, str]) -> UnitRow:
    words = cells.get("capabilities", "").replace(";", " ").split()
    try:
        return UnitRow(
            code=cells["code"],
            name=cells["name"],
            kind=UnitKind(cells["kind"]),
            place=cells["place"],
            parent=cells.get("parent", ""),
            capabilities=tuple(Capability) if words == ["all"] else tuple(Capability(word) for word in words),
            name_en=cells.get("name_en", ""),
            email=cells.get("email", ""),
            webhook=cells.get("webhook", ""),
            daily_capacity=int(cells["daily_capacity"]) if cells.get("daily_capacity") else None,
        )
    except ValueError as problem:
        raise BadUnitTable(reason=f"{file}, line {line}: {problem}.") from None


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadUnitTable(reason=f"{path.name} cannot be read: {problem}.") from None
    reader = csv.DictReader(text.splitlines())
    missing = set(_NEEDED) - set(reader.fieldnames or ())
    if missing:
        raise BadUnitTable(reason=f"{path.name} has no column {', '.join(sorted(missing))}.")
    for line, cells in enumerate(reader, 2):
        yield line, {name: (text or "").strip() for name, text in cells.items() if name}
