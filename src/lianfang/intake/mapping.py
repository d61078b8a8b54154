"""Which column is which field: proposed from names in two languages and from what the cells hold, with the reason.

A proposal is for a person to correct; what was confirmed is found again by the fingerprint of the columns.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from functools import lru_cache

from lianfang.intake.cleaning.dates import DateRules, read_date, study
from lianfang.intake.cleaning.outcome import Read
from lianfang.intake.cleaning.values import (
    read_age,
    read_code,
    read_name,
    read_number,
    read_sex,
    read_yes_no,
)
from lianfang.intake.cleaning.words import folded, is_missing
from lianfang.intake.fields import Field, Kind, Record, plain
from lianfang.intake.table import Cell, Table, shown

_SAMPLE = 150  # distinct cells that are looked at
_ENOUGH = 0.5  # below this score nothing is proposed
_REPEAT = re.compile(r"^(?P<base>.*?)\s*\[(?P<n>\d+)\](?P<rest>.*)$")
_NOISE = frozenset({"the", "of", "a", "case", "patient", "person", "date", "dt", "is", "no", "nr", "num"})
_PHONE = re.compile(r"^(\+?86)?1[3-9]\d{9}$|^\+?\d{7,15}$")
_KEY_LIKE = re.compile(r"^[A-Za-z]{0,12}[-_/ ]?[\w-]*\d[\w-]*$|^[0-9a-f]{5,40}$")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a column probably is. `field` is empty where nothing fits; `reason` says why in one of the REASONS."""

    column: str
    field: str
    score: float
    reason: str
    alternatives: tuple[tuple[str, float], ...] = ()


REASONS: dict[str, str] = {
    "remembered": "a person mapped a file with these columns before",
    "format": "the column of a known format",
    "name": "the name of the field",
    "synonym": "a known name of the field",
    "part": "the last part of the name is a known name",
    "similar": "the name is similar",
    "content": "the cells look like it",
    "not_taken": "the format has this column, and it is not taken over",
    "nothing": "neither name nor cells say what it is",
}


def fingerprint(columns: Sequence[str]) -> str:
    """Return a digest of the ordered column names, by which a confirmed mapping is found again."""
    return hashlib.sha256("\n".join(plain(name) for name in columns).encode()).hexdigest()


def propose(table: Table, record: Record, *, today: date) -> list[Proposal]:
    """Return one proposal per column, each field given to the column that fits it best."""
    candidates: dict[str, list[tuple[float, str, str]]] = {}
    for column in table.columns:
        cells = _sample(table.column(column))
        candidates[column] = _candidates(column, cells, record, today)
    chosen = _assign(candidates)
    proposals = []
    for column in table.columns:
        scored = candidates[column]
        field, score, reason = chosen.get(column, ("", 0.0, "nothing"))
        others = tuple((code, round(s, 2)) for s, code, _ in scored[:4] if code != field)
        proposals.append(
            Proposal(column=column, field=field, score=round(score, 2), reason=reason, alternatives=others)
        )
    return proposals


def _sample(cells: Iterable[Cell]) -> list[Cell]:
    found: dict[str, Cell] = {}
    for cell in cells:
        text = folded(shown(cell))
        if text and not is_missing(text):
            found.setdefault(text, cell)
            if len(found) >= _SAMPLE:
                break
    return list(found.values())


def _candidates(column: str, cells: list[Cell], record: Record, today: date) -> list[tuple[float, str, str]]:
    """Return (score, field, reason) of the fields that the column may be, best first."""
    repeat = _REPEAT.match(column)
    base = f"{repeat['base']}{repeat['rest']}" if repeat else column
    suffix = repeat["n"] if repeat else "1"
    scored = []
    for field in record.fields:
        by_name, reason = _by_name(base, field)
        if by_name < _ENOUGH and not _told_by_content(field):
            continue
        share = readable(cells, field, today) if cells else 0.5
        score, reason = _weigh(by_name, reason, share, field, cells)
        if score >= _ENOUGH:
            scored.append((score, f"{field.code}#{suffix}" if field.repeats else field.code, reason))
    if repeat and repeat["n"] != "1":
        scored = [one for one in scored if "#" in one[1]]
    return sorted(scored, reverse=True)


def _weigh(by_name: float, reason: str, share: float, field: Field, cells: list[Cell]) -> tuple[float, str]:
    if by_name >= _ENOUGH:
        # A known name is believed whatever the cells hold, so that they are looked at; a similar one needs its cells.
        if by_name >= 0.95:
            return by_name * max(0.55, 0.3 + 0.7 * share), reason
        return (by_name * (0.3 + 0.7 * share) if share > 0.1 else 0.0), reason
    if share >= 0.9 and len(cells) >= 2:
        return (0.55 if field.kind == Kind.SEX or field.code == "national_id" else 0.5), "content"
    return 0.0, reason


def _told_by_content(field: Field) -> bool:
    """Return whether the cells alone can say that a column is this field."""
    return field.kind == Kind.SEX or field.code in {
        "national_id",
        "classification",
        "outcome",
        "result.finding",
        "seen",
    }


def _by_name(column: str, field: Field) -> tuple[float, str]:
    name = plain(column)
    names = _names(field)
    if name in (plain(field.code), plain(field.en), plain(field.zh)):
        return 1.0, "name"
    if name in names:
        return 0.98, "synonym"
    tail = plain(re.split(r"[.:/|]", column)[-1]) if re.search(r"[.:/|]", column) else ""
    if tail and tail in names:
        return 0.9, "part"
    bare = plain(re.sub(r"[(（\[].*?[)）\]]", "", column))
    if bare in names:
        return 0.93, "synonym"
    return _similar(bare, names), "similar"


@lru_cache(maxsize=2000)
def _names(field: Field) -> frozenset[str]:
    return frozenset(plain(one) for one in (field.code, field.en, field.zh, *field.synonyms))


def _similar(name: str, names: frozenset[str]) -> float:
    """Return how alike the name is to the nearest of `names`: same words in another order, or nearly the same letters."""
    words = frozenset(name.split("_"))
    best = 0.0
    for other in names:
        theirs = frozenset(other.split("_"))
        if words == theirs or (words - _NOISE and words - _NOISE == theirs - _NOISE):
            best = max(best, 0.85)
        elif len(name) > 5 and len(other) > 5 and abs(len(name) - len(other)) <= 3 and name[0] == other[0]:
            ratio = SequenceMatcher(None, name, other).ratio()
            best = max(best, 0.75 if ratio >= 0.88 else 0.0)
        elif (
            len(other) >= 2
            and "\u4e00" <= other[0] <= "\u9fff"
            and other in name
            and len(other) * 2 > len(name)
        ):
            best = max(best, 0.7)
    return best


def readable(cells: Sequence[Cell], field: Field, today: date) -> float:
    """Return the share of the cells that can be read as the field; of free text it is one half."""
    if not cells:
        return 0.0
    if field.code == "national_id":
        return sum(bool(re.fullmatch(r"\d{17}[\dXx]|\d{15}", folded(shown(c)))) for c in cells) / len(cells)
    if field.code == "phone":
        return sum(bool(_PHONE.match(re.sub(r"[\s()-]", "", folded(shown(c))))) for c in cells) / len(cells)
    if field.code == "number":
        return 0.5 + 0.5 * sum(bool(_KEY_LIKE.match(folded(shown(c)))) for c in cells) / len(cells)
    reader = _reader(cells, field, today)
    if reader is None:
        return 0.8
    return sum(isinstance(reader(cell), Read) for cell in cells) / len(cells)


def _reader(cells: Sequence[Cell], field: Field, today: date) -> Callable[[Cell], object] | None:
    if field.kind in (Kind.DATE, Kind.MOMENT):
        rules, _ = study(
            field.code, cells, rules=DateRules(today=today, is_birth="birth" in field.code, partial=True)
        )
        return lambda cell: read_date(cell, rules)
    if field.kind == Kind.CODE:
        return lambda cell: read_code(cell, field, {})
    if field.kind in (Kind.NUMBER, Kind.INTEGER):
        return lambda cell: read_number(cell, field)
    readers: Mapping[Kind, Callable[[Cell], object]] = {
        Kind.AGE: read_age,
        Kind.NAME: read_name,
        Kind.SEX: lambda cell: read_sex(cell, figures=True),
        Kind.YES_NO: lambda cell: read_yes_no(cell, two_is_no=True),
    }
    return readers.get(field.kind)


def _assign(candidates: Mapping[str, list[tuple[float, str, str]]]) -> dict[str, tuple[str, float, str]]:
    """Give each field to one column: best scores first, the earlier column where they are equal."""
    order = {column: at for at, column in enumerate(candidates)}
    flat = sorted(
        (
            (score, column, code, reason)
            for column, scored in candidates.items()
            for score, code, reason in scored
        ),
        key=lambda one: (-one[0], order[one[1]]),
    )
    taken: set[str] = set()
    chosen: dict[str, tuple[str, float, str]] = {}
    for score, column, code, reason in flat:
        if column not in chosen and code not in taken:
            chosen[column] = (code, score, reason)
            taken.add(code)
    return chosen
