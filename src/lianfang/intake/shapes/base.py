"""What a form is: for each kind of record the lines of the head, and how a row is written."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from lianfang.common.paths import lineage
from lianfang.core.registry.matching.names import COMPOUND
from lianfang.core.registry.models import Level, Place
from lianfang.intake.fields import Choice

Values = Mapping[str, Any]


class Places:
    """The names above each place by its code, for forms that name region, district and community: one query."""

    @cached_property
    def _rows(self) -> tuple[dict[str, tuple[str, int]], dict[str, str]]:
        rows = Place.objects.values_list("path", "code", "name", "level")
        by_path = {path: (name, level) for path, _code, name, level in rows}
        return by_path, {code: path for path, code, _name, _level in rows}

    def above(self, code: str | None) -> dict[int, str]:
        """Return level -> name of the place and of those above it."""
        by_path, paths = self._rows
        line = lineage(paths[code]) if code in paths else []
        return {by_path[path][1]: by_path[path][0] for path in line if path in by_path}


class Sheet(ABC):
    """One kind of record in one form."""

    @abstractmethod
    def head(self) -> Sequence[Sequence[str]]:
        """Return the lines above the rows; the last one names the columns."""

    @abstractmethod
    def cells(self, row: Values, places: Places) -> list[str]:
        """Return the cells of one row."""


@dataclass(frozen=True)
class Column:
    """A column: its name, what stands in it, and the entity that SORMAS writes above it."""

    name: str
    write: Callable[[Values], str]
    entity: str = ""


@dataclass(frozen=True)
class Columns(Sheet):
    """A sheet of independent columns; names of places and parts of names are put into the row before."""

    columns: Sequence[Column]
    with_entities: bool = False

    def head(self) -> Sequence[Sequence[str]]:
        names = [column.name for column in self.columns]
        return [[column.entity for column in self.columns], names] if self.with_entities else [names]

    def cells(self, row: Values, places: Places) -> list[str]:
        above = places.above(row.get("place_code"))
        family, given = parts_of(str(row.get("name") or ""))
        full = {
            **row,
            "family_name": family,
            "given_name": given,
            "region": above.get(Level.PROVINCE, ""),
            "district": above.get(Level.COUNTY, "") or above.get(Level.PREFECTURE, ""),
            "community": above.get(Level.TOWNSHIP, ""),
        }
        return [column.write(full) for column in self.columns]


@dataclass(frozen=True)
class Shape:
    """A form: its code, its title, and a sheet for each kind of record that it has."""

    code: str
    title: Any  # translated
    sheets: Mapping[str, Sheet] = field(default_factory=dict)
    with_mark: bool = (
        False  # spreadsheets need the byte order mark for Chinese; importers of others may not bear it
    )


def parts_of(name: str) -> tuple[str, str]:
    """Return family and given name: of Chinese names the first character or a compound surname, else the last word."""
    name = name.strip()
    if name and "\u4e00" <= name[0] <= "\u9fff" and " " not in name:
        size = 2 if len(name) > 2 and name[:2] in COMPOUND else 1
        return name[:size], name[size:]
    given, _space, family = name.rpartition(" ")
    return family, given


def text(code: str) -> Callable[[Values], str]:
    """Write the field as text."""
    return lambda row: "" if row.get(code) is None else str(row[code])


def fixed(value: str) -> Callable[[Values], str]:
    """Write the same in each row."""
    return lambda _row: value


def token(code: str, words: Mapping[str, str], *, prefix: str = "") -> Callable[[Values], str]:
    """Write the other system's word for a code of ours; nothing where it has none."""

    def write(row: Values) -> str:
        word = words.get(str(row.get(code) or ""), "")
        return f"{prefix}{word}" if word else ""

    return write


def upper(code: str, *, prefix: str = "") -> Callable[[Values], str]:
    """Write our own code in capitals, for lists that a site of the other system keeps itself."""
    return lambda row: f"{prefix}{str(row[code]).upper()}" if row.get(code) else ""


def first_words(choices: Sequence[Choice], **others: str) -> dict[str, str]:
    """Return code -> the first spelling of each choice, which is SORMAS's, but for `others`."""
    return {choice.code: choice.spellings[0] for choice in choices} | others


def day_of(value: Any) -> date | None:
    """Return the local day of a date or a moment."""
    return value.date() if isinstance(value, datetime) else value


def born(row: Values) -> tuple[int | None, int | None, int | None]:
    """Return year, month and day of birth as far as they are known."""
    full = str(row.get("birth_date") or "")
    if full:
        try:
            on = date.fromisoformat(full)
        except ValueError:
            pass
        else:
            return on.year, on.month, on.day
    return row.get("birth_year"), None, None


def is_midnight(moment: datetime) -> bool:
    """Return whether a moment is the start of its day: how a bare day is kept."""
    return moment - moment.replace(hour=0, minute=0, second=0, microsecond=0) == timedelta(0)
