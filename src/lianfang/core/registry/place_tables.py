"""Reading tables of places: GB/T 2260 in its common forms, and any hierarchy as code, name, level, parent."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lianfang.core.registry.errors import BadPlaceTable
from lianfang.core.registry.models import Level

# What GB/T 2260 calls the collecting codes between a province and the counties that it governs directly.
_COLLECTING = {"01": "市辖区", "02": "县", "90": "直辖县级行政区划"}
_UNDIVIDED = {"71": "台湾省", "81": "香港特别行政区", "82": "澳门特别行政区"}


@dataclass(frozen=True, kw_only=True)
class PlaceRow:
    """One line of a table of places; `parent` is a code, "" for the root."""

    code: str
    name: str
    level: int
    parent: str = ""
    name_en: str = ""
    population: int | None = None
    longitude: float | None = None
    latitude: float | None = None
    number: str = ""  # in another system
    is_urban: bool | None = None  # a district of its city; None where the table does not say


def read_place_table(path: Path) -> list[PlaceRow]:
    """Read a CSV with the columns code, name, level, parent.

    If present also name_en, population, longitude, latitude, external_id (its number in another system) and urban (yes for a county that is a district of its
    city, no for one that is not). The level is a number (0 nation ... 6 grid cell) or its English word.
    """
    rows: list[PlaceRow] = []
    for line, cells in _lines(path, {"code", "name", "level", "parent"}):
        try:
            rows.append(
                PlaceRow(
                    code=cells["code"],
                    name=cells["name"],
                    level=_level(cells["level"]),
                    parent=cells["parent"],
                    name_en=cells.get("name_en", ""),
                    population=int(cells["population"]) if cells.get("population") else None,
                    longitude=float(cells["longitude"]) if cells.get("longitude") else None,
                    latitude=float(cells["latitude"]) if cells.get("latitude") else None,
                    number=cells.get("external_id", ""),
                    is_urban=_yes_or_no(cells.get("urban", "")),
                )
            )
        except ValueError as problem:
            raise BadPlaceTable(reason=f"{path.name}, line {line}: {problem}") from None
    return rows


def read_gb2260(folder: Path, *, nation: tuple[str, str] = ("CN", "中国")) -> list[PlaceRow]:
    """Read `provinces.csv`, `cities.csv` and `areas.csv` (codes of 2, 4 and 6 digits) below one nation.

    The three province-level codes without subdivisions of their own are added where the tables leave them out.
    """
    codes = dict(_UNDIVIDED)
    codes |= {
        cells["code"]: cells["name"]
        for name in ("provinces.csv", "cities.csv", "areas.csv")
        for _line, cells in _lines(folder / name, {"code", "name"})
    }
    return list(_hierarchy(codes, nation))


def read_gb2260_codes(path: Path, *, nation: tuple[str, str] = ("CN", "中国")) -> list[PlaceRow]:
    """Read one table of six-digit codes, in which `420000` is a province and `420100` a prefecture."""
    codes = {}
    for line, cells in _lines(path, {"code", "name"}):
        code = cells["code"]
        if len(code) != 6 or not code.isdigit():
            raise BadPlaceTable(reason=f"{path.name}, line {line}: {code!r} is not a code of six digits")
        codes[code.removesuffix("00").removesuffix("00")] = cells["name"]
    return list(_hierarchy(codes, nation))


def _hierarchy(codes: dict[str, str], nation: tuple[str, str]) -> Iterator[PlaceRow]:
    """Yield the nation and its places, parents first; a missing prefecture becomes its collecting code."""
    yield PlaceRow(code=nation[0], name=nation[1], level=Level.NATION)
    complete = dict(codes)
    for code in codes:
        if len(code) == 6 and code[:4] not in complete:
            complete[code[:4]] = _COLLECTING.get(code[2:4], code[:4])
    levels = {2: Level.PROVINCE, 4: Level.PREFECTURE, 6: Level.COUNTY, 9: Level.TOWNSHIP, 12: Level.VILLAGE}
    for code in sorted(complete, key=lambda code: (len(code), code)):
        parent = {2: nation[0], 4: code[:2], 6: code[:4], 9: code[:6], 12: code[:9]}.get(len(code))
        if parent is None:
            raise BadPlaceTable(reason=f"{code!r} has none of 2, 4, 6, 9 or 12 digits")
        yield PlaceRow(code=code, name=complete[code], level=levels[len(code)], parent=parent)


def columns_of(path: Path) -> set[str]:
    """Return the names of the columns of a table, by which its form is told."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return set(next(csv.reader(file), ()))
    except (OSError, UnicodeDecodeError) as problem:
        raise BadPlaceTable(reason=f"{path.name} cannot be read: {problem}") from None


def _lines(path: Path, needed: set[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadPlaceTable(reason=f"{path.name} cannot be read: {problem}") from None
    reader = csv.DictReader(text.splitlines())
    missing = needed - set(reader.fieldnames or ())
    if missing:
        raise BadPlaceTable(reason=f"{path.name} has no column {', '.join(sorted(missing))}")
    for line, cells in enumerate(reader, 2):
        yield line, {name: (text or "").strip() for name, text in cells.items() if name}


def _level(text: str) -> int:
    if text.isdigit() and int(text) in Level.values:
        return int(text)
    if text.upper() in Level.__members__:
        return Level[text.upper()].value
    raise ValueError(f"level {text!r} is neither 0 to 6 nor one of {', '.join(Level.__members__).lower()}")


def _yes_or_no(text: str) -> bool | None:
    if text.lower() not in {"", "yes", "no"}:
        raise ValueError(f"urban {text!r} is neither yes nor no")
    return text.lower() == "yes" if text else None


def looks_urban(code: str, name: str, parent: str) -> bool:
    """Return whether a code of GB/T 2260 says that a county is a district of its city (市辖区).

    Its last two digits are 01 to 20 or 51 to 70, its prefecture is a city (third and fourth digit not 21 to 50: prefectures,
    leagues, autonomous prefectures), and its name ends in 区; 特区 is a kind of county. What it misses a person marks.
    """
    if len(code) != 6 or not code.isdigit() or parent != code[:4]:
        return False
    county, city = int(code[4:]), int(code[2:4])
    is_district = 1 <= county <= 20 or 51 <= county <= 70
    return is_district and not 21 <= city <= 50 and name.endswith("区") and not name.endswith("特区")


def parents_first(rows: Iterable[PlaceRow], known: Iterable[str]) -> list[PlaceRow]:
    """Return the rows with every parent before its children; raise where a parent is missing, or is its own descendant."""
    waiting = {row.code: row for row in rows}
    placed = set(known) - set(waiting)
    ordered: list[PlaceRow] = []
    while waiting:
        ready = [row for row in waiting.values() if not row.parent or row.parent in placed]
        if not ready:
            stuck = next(iter(waiting.values()))
            raise BadPlaceTable(
                reason=f"{stuck.code}: its parent {stuck.parent!r} is missing or below itself"
            )
        for row in ready:
            del waiting[row.code]
        placed.update(row.code for row in ready)
        ordered += ready
    return ordered
