"""How people really fill in a line list: typing errors, other spellings, mixed dates, gaps, the same case twice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime

import numpy as np
import polars as pl

from lianfang.simulate.checks import within
from lianfang.simulate.identities import check_digit
from lianfang.simulate.names import FEMALE_SYLLABLES, MALE_SYLLABLES, SURNAMES, pairs

Draw = np.random.Generator
EXCEL_DAY_ZERO = date(1899, 12, 30)
DATE_FIELDS = ("birth_date", "onset_on", "outcome_on")
TIME_FIELDS = ("visited_at", "reported_at")
MAY_BE_MISSING = (
    "birth_date",
    "id_number",
    "phone",
    "address",
    "occupation",
    "onset_on",
    "age",
    "sex",
    "temperature",
)
SEX_CODES = {
    "女": ("F", "女性", "2", "female"),
    "female": ("F", "f", "2", "女"),
    "男": ("M", "男性", "1", "male"),
    "male": ("M", "m", "1", "男"),
}
WIDE_DIGITS = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True, kw_only=True)
class Mess:
    """How often each disturbance befalls a field that it can befall (`duplicate`: a row), from 0 to 1.

    `name_typo`: a character of the same sound, or of two characters one lost. `name_form`: pinyin, or a space inside.
    `date_format`: another way to write a date or time. `date_swapped`: day and month exchanged where both can be.
    `missing`: empty, or a word for it. `sex_code`, `unit`, `place_form`: other codings. `phone_typo`,
    `id_typo`: two digits exchanged, or spaces. `blanks`: spaces around. `duplicate`: the row comes again later with
    a new case number and disturbances of its own.
    """

    name_typo: float = 0.02
    name_form: float = 0.04
    date_format: float = 0.25
    date_swapped: float = 0.0
    missing: float = 0.04
    sex_code: float = 0.15
    unit: float = 0.1
    place_form: float = 0.1
    phone_typo: float = 0.02
    id_typo: float = 0.02
    blanks: float = 0.03
    duplicate: float = 0.04

    def __post_init__(self) -> None:
        for rate in fields(self):
            within(rate.name, getattr(self, rate.name), 0, 1)

    @classmethod
    def none(cls) -> "Mess":
        """Return the absence of any."""
        return cls(**{rate.name: 0.0 for rate in fields(cls)})


def disturb(rows: pl.DataFrame, mess: Mess, generator: Draw) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows disturbed, and the truth: row, field, kind, true and shown text of each disturbance.

    A field is disturbed once at most. Rows are numbered from 0 as shown.
    """
    table = rows.to_dicts()
    repeated = np.flatnonzero(generator.random(len(table)) < mess.duplicate)
    # A repeated row comes after one that is not before its original.
    after = [int(generator.integers(row, len(table))) for row in repeated.tolist()]
    keyed = [(row, 0, row) for row in range(len(table))]
    keyed += [(place, 1, row) for place, row in zip(after, repeated.tolist(), strict=True)]
    order = [(row, again == 1) for _, again, row in sorted(keyed)]
    shown_at = {row: place for place, (row, again) in enumerate(order) if not again}
    shown, truth = [], []
    for place, (row, again) in enumerate(order):
        record = dict(table[row])
        for name, value in table[row].items():
            kind, text = _disturbed(record, name, mess, generator)
            if kind:
                truth.append((place, name, kind, value, text))
                record[name] = text
        if again:
            truth.append((place, "case_no", "duplicate", str(shown_at[row]), f"{record['case_no']}A"))
            record["case_no"] = f"{record['case_no']}A"
        shown.append(record)
    schema = {"row": pl.Int64, "field": pl.String, "kind": pl.String, "true": pl.String, "shown": pl.String}
    return pl.DataFrame(shown, schema=rows.schema), pl.DataFrame(truth, schema=schema, orient="row")


def _disturbed(
    record: Mapping[str, str | None], name: str, mess: Mess, generator: Draw
) -> tuple[str, str | None]:
    """Return the kind of disturbance of a field and its text; an empty kind where it stays."""
    value = record[name]
    if value is None or name in ("case_no", "pinyin", "contact_of"):
        return "", value
    for kind, change in CHANGES.get(name, ()):
        if generator.random() < getattr(mess, kind):
            text = change(value, record, generator)
            if text != value:
                return kind, text
    if name in MAY_BE_MISSING and generator.random() < mess.missing:
        return "missing", (None, "", "不详", "/", "N/A")[int(generator.integers(5))]
    if generator.random() < mess.blanks:
        return "blanks", (f" {value}", f"{value} ", f"\u3000{value}")[int(generator.integers(3))]
    return "", value


def _homophones() -> dict[str, tuple[str, ...]]:
    """Return the other characters that sound like a character of the name tables."""
    sounds: dict[str, set[str]] = {}
    for table in (SURNAMES, FEMALE_SYLLABLES, MALE_SYLLABLES):
        for character, sound in zip(*pairs(table), strict=True):
            sounds.setdefault(str(sound).lower(), set()).add(str(character))
    return {
        character: tuple(sorted(same - {character}))
        for same in sounds.values()
        for character in same
        if len(same) > 1
    }


HOMOPHONES = _homophones()


def _name_typo(value: str, _: Mapping[str, str | None], generator: Draw) -> str:
    """Return a name with a character of the same sound, else with its last character lost."""
    places = [place for place, character in enumerate(value) if character in HOMOPHONES]
    if places:
        place = places[int(generator.integers(len(places)))]
        others = HOMOPHONES[value[place]]
        return value[:place] + others[int(generator.integers(len(others)))] + value[place + 1 :]
    return value[:-1] if len(value) > 2 else value


def _name_form(value: str, record: Mapping[str, str | None], generator: Draw) -> str:
    """Return a name in pinyin (either order, capitals) or with a space."""
    sound = record.get("pinyin") or value
    family, _, given = sound.partition(" ")
    forms = (sound, sound.upper(), f"{given} {family}", f"{value[0]} {value[1:]}")
    return forms[int(generator.integers(len(forms)))]


def _date_format(value: str, _: Mapping[str, str | None], generator: Draw) -> str:
    """Return a date (and time) written in another way."""
    moment = datetime.fromisoformat(value)
    clock = f" {moment:%H:%M}" if len(value) > 10 else ""
    y, m, d = moment.year, moment.month, moment.day
    forms = (
        f"{y}/{m}/{d}{clock}",
        f"{y}.{m:02d}.{d:02d}{clock}",
        f"{y}年{m}月{d}日{clock}",
        f"{y}{m:02d}{d:02d}{clock}",
        f"{d:02d}/{m:02d}/{y}{clock}",
        f"{m}月{d}日{clock}" if y == 2020 else f"{y}-{m}-{d}{clock}",
        str((moment.date() - EXCEL_DAY_ZERO).days) if not clock else f"{y}-{m}-{d}T{moment:%H:%M}:00",
    )
    return forms[int(generator.integers(len(forms)))]


def _date_swapped(value: str, _: Mapping[str, str | None], __: Draw) -> str:
    """Return a date with day and month exchanged; a day after the 12th cannot be."""
    moment = datetime.fromisoformat(value)
    if moment.day > 12 or moment.day == moment.month:
        return value
    return f"{moment.year}-{moment.day:02d}-{moment.month:02d}{value[10:]}"


def _sex_code(value: str, _: Mapping[str, str | None], generator: Draw) -> str:
    """Return another code for the sex."""
    codes = SEX_CODES[value]
    return codes[int(generator.integers(len(codes)))]


def _age_unit(value: str, _: Mapping[str, str | None], generator: Draw) -> str:
    """Return an age with its unit or in wide digits."""
    return (f"{value}岁", f"{value} 岁", value.translate(WIDE_DIGITS), f"{value}y")[
        int(generator.integers(4))
    ]


def _place_form(value: str, _: Mapping[str, str | None], generator: Draw) -> str:
    """Return an address without the words for county or town, or without the cell."""
    forms = (
        value.replace("县", "", 1),
        value.replace("镇", "", 1),
        value.replace("网格", ""),
        value.replace("号", ""),
    )
    return forms[int(generator.integers(len(forms)))]


def _digits_swapped(value: str, _: Mapping[str, str | None], generator: Draw) -> str:
    """Return a number with two neighbouring digits exchanged."""
    place = int(generator.integers(3, len(value) - 2))
    return value[:place] + value[place + 1] + value[place] + value[place + 2 :]


def _id_typo(value: str, record: Mapping[str, str | None], generator: Draw) -> str:
    """Return an identity number with two digits exchanged, unless that would happen to be a valid one."""
    text = _digits_swapped(value, record, generator)
    return value if text[:17].isdigit() and check_digit(text[:17]) == text[17] else text


def _temperature_form(value: str, _: Mapping[str, str | None], generator: Draw) -> str:
    """Return a temperature with a unit or a comma."""
    return (f"{value}℃", value.replace(".", ","), f"{value}度")[int(generator.integers(3))]


Change = Callable[[str, Mapping[str, str | None], Draw], str]
_DATES: tuple[tuple[str, Change], ...] = (("date_swapped", _date_swapped), ("date_format", _date_format))
CHANGES: dict[str, tuple[tuple[str, Change], ...]] = {
    "name": (("name_typo", _name_typo), ("name_form", _name_form)),
    **dict.fromkeys((*DATE_FIELDS, *TIME_FIELDS), _DATES),
    "sex": (("sex_code", _sex_code),),
    "age": (("unit", _age_unit),),
    "address": (("place_form", _place_form),),
    "phone": (("phone_typo", _digits_swapped),),
    "id_number": (("id_typo", _id_typo),),
    "temperature": (("unit", _temperature_form),),
}
