"""The forms of particulars under which a keyed hash is stored and looked up: the blocking keys of matching.

A pair is compared only if it shares one of these. Numbers are keys by themselves. A name is one only together with
something of the birth (year, day, or the whole date with one of its words), so that the people to compare with hardly
grow with the register; alone it is looked up where one side knows nothing of the birth, and counted, to tell how common
it is. The year before and after is looked up as well, since years worked out from an age may be one off (for the folded
sound only where the arriving year is such a one: that key is the widest).
"""

from collections.abc import Iterable, Sequence
from datetime import date

from lianfang.core.registry.matching.names import Name, read_name
from lianfang.core.registry.matching.particulars import (
    normal_email,
    normal_national_id,
    normal_number,
    normal_phone,
)

Form = tuple[str, str]

NUMBERS = {
    "national_id": normal_national_id,
    "passport": normal_number,
    "phone": normal_phone,
    "email": normal_email,
    "external": normal_number,
}


def forms_of_particular(kind: str, text: str) -> list[Form]:
    """Return the forms under which one particular is found by itself; none for births, addresses and guardians."""
    if kind == "name":
        name = read_name(text)
        return [] if name is None else _of_name(name)
    normal = NUMBERS[kind](text) if kind in NUMBERS else ""
    return [(str(kind), normal)] if normal else []


def kept_forms(
    names: Sequence[Name], births: Sequence[date], year: int | None, numbers: Iterable[Form]
) -> list[Form]:
    """Return the forms under which a person is kept, from all that is known of him."""
    forms: dict[Form, None] = {}
    for name in names:
        forms.update(dict.fromkeys(_of_name(name)))
        if year is None:
            forms.update(dict.fromkeys(("pinyin_no_year", reading) for reading in name.readings))
        else:
            forms["pinyin_year", f"{name.readings[0]}|{year}"] = None
            forms["sound_year", f"{name.sound}|{year}"] = None
        forms.update(dict.fromkeys(_with_births(name, births)))
    forms.update(dict.fromkeys(numbers))
    return list(forms)


def looked_up_forms(
    names: Sequence[Name],
    births: Sequence[date],
    year: int | None,
    numbers: Iterable[Form],
    *,
    year_is_estimated: bool,
) -> list[Form]:
    """Return the forms under which the person of a row may already be on file."""
    forms: dict[Form, None] = {}
    for name in names:
        if year is None:
            forms.update(dict.fromkeys(_of_name(name)))
            continue
        forms.update(dict.fromkeys(("pinyin_no_year", reading) for reading in name.readings))
        years = [year - 1, year, year + 1]
        forms.update(dict.fromkeys(("pinyin_year", f"{name.readings[0]}|{near}") for near in years))
        if births or not year_is_estimated:
            years = [year]
        forms.update(dict.fromkeys(("sound_year", f"{name.sound}|{near}") for near in years))
        forms.update(dict.fromkeys(_with_births(name, births)))
    forms.update(dict.fromkeys(numbers))
    return list(forms)


def counted_forms(names: Sequence[Name]) -> list[Form]:
    """Return the forms by which it is told how many people carry these names."""
    return [form for name in names for form in _of_name(name)]


def _of_name(name: Name) -> list[Form]:
    return [("name", name.normal), *(("pinyin", reading) for reading in name.readings)]


def _with_births(name: Name, births: Sequence[date]) -> Iterable[Form]:
    """Yield the whole date with each word of the name, for names misspelt; the day with the sound, for years mistyped."""
    for born in births:
        yield "pinyin_day", f"{name.readings[0]}|{born:%m%d}"
        for word in name.skeletons:
            yield "word_birth", f"{word}|{born.isoformat()}"
