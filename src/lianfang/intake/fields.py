"""What a column can mean: kinds of value, choices with their codings, fields with their names in two languages.

Pure: no Django, no database. Formats, mapping and cleaning speak in these; targets of the domain apps take what
comes out.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache


class Kind(StrEnum):
    """How the cells of a column are read."""

    TEXT = "text"
    IDENTIFIER = "identifier"  # a number or code that names the record: kept as it is, but for outer spaces
    NAME = "name"  # of a person
    PHONE = "phone"
    SEX = "sex"
    DATE = "date"
    MOMENT = "moment"  # a date that may carry a time of day
    AGE = "age"  # in years
    YES_NO = "yes_no"  # true, false, or nothing where it is not known
    NUMBER = "number"
    INTEGER = "integer"
    CODE = "code"  # one of the field's choices


@dataclass(frozen=True)
class Choice:
    """One value of a coded field and the spellings by which it arrives, in any letter case."""

    code: str
    spellings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Field:
    """One thing that a row can say about its record.

    `en` and `zh` are its names for people and, with `synonyms`, the column names it is known by. `lowest` and
    `highest` bound numbers. `partial` dates may lack the day or month (a birth year is worth keeping). `repeats`
    fields may stand several times in a row: `sample.number#2`. An `open` code may be a word outside the choices, which
    the target then judges.
    """

    code: str
    kind: Kind
    en: str
    zh: str
    synonyms: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    open: bool = False
    required: bool = False
    partial: bool = False
    repeats: bool = False
    lowest: float | None = None
    highest: float | None = None
    personal: bool = False  # goes to the sealed identity, never to a plain column


@dataclass(frozen=True, kw_only=True)
class Record:
    """A kind of row, with everything that it can say; a target of a domain app takes rows of one record."""

    code: str
    en: str
    zh: str
    fields: tuple[Field, ...]
    by_code: dict[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the fields; a code used twice is an error of the programmer."""
        index = {one.code: one for one in self.fields}
        if len(index) != len(self.fields):
            raise ValueError(f"fields must have distinct codes. Got {[f.code for f in self.fields]!r}.")
        object.__setattr__(self, "by_code", index)

    def field_of(self, code: str) -> Field:
        """Return the field of `code`, which may carry a repetition, `sample.number#2`."""
        return self.by_code[code.partition("#")[0]]

    def knows(self, code: str) -> bool:
        """Return whether `code` (with or without a repetition) is a field of the record."""
        return code.partition("#")[0] in self.by_code


_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_APART = re.compile(r"[^0-9a-z\u4e00-\u9fff]+")


@lru_cache(maxsize=20_000)
def plain(text: str) -> str:
    """Return `text` in the form in which names are compared: width and case folded, camelCase apart, `_` between.

    >>> plain("dateOfOnset"), plain(" Date of onset: "), plain("发病日期（年月日）")
    ('date_of_onset', 'date_of_onset', '发病日期_年月日')
    """
    folded = unicodedata.normalize("NFKC", text)
    apart = _CAMEL.sub("_", folded).lower()
    accents_off = "".join(c for c in unicodedata.normalize("NFKD", apart) if not unicodedata.combining(c))
    return _APART.sub("_", accents_off).strip("_")
