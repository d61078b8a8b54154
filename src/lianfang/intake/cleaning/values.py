"""Ages, sexes, answers, numbers, names, telephones, codes: one cell at a time."""

import math
import re
from collections.abc import Mapping
from functools import lru_cache

from lianfang.intake.cleaning.outcome import NOTHING, Outcome, Read, Unreadable
from lianfang.intake.cleaning.words import MISSING_FIGURES, folded, is_missing, number_of_words
from lianfang.intake.fields import Field, plain
from lianfang.intake.table import Cell, Hint, shown

_SEXES = {
    **dict.fromkeys(("f", "female", "femme", "mujer", "feminin", "femenino", "femelle", "woman", "girl", "fem", "女", "女性", "女士"), "female"),
    **dict.fromkeys(("m", "male", "homme", "hombre", "masculin", "masculino", "man", "boy", "男", "男性", "先生"), "male"),
    **dict.fromkeys(("other", "diverse", "x", "intersex", "其他", "非二元"), "other"),
    **dict.fromkeys(("u", "unknown", "unk", "不详", "未知", "未说明", "未知的性别"), "unknown"),
}  # fmt: skip
# ISO/IEC 5218 and GB/T 2261.1 agree on these.
_SEX_FIGURES = {"0": "unknown", "1": "male", "2": "female", "9": "unknown"}

_YES = frozenset(
    ["yes", "y", "true", "t", "oui", "si", "ja", "1", "是", "有", "阳性", "positive", "present", "+"]
)
_NO = frozenset(
    ["no", "n", "false", "f", "non", "nein", "0", "否", "无", "没有", "阴性", "negative", "absent"]
)
_UNKNOWN = frozenset(
    {"unknown", "unk", "u", "dk", "don't know", "dont know", "not asked", "不详", "未知", "不清楚", "未询问"}
)

# In years; a month is 1/12 and a week 7/365.25 of one.
_SPANS = {
    **dict.fromkeys(("y", "yr", "yrs", "year", "years", "ans", "岁", "周岁", "年"), 1.0),
    **dict.fromkeys(
        ("m", "mo", "mos", "mth", "mths", "month", "months", "mois", "月", "个月", "月龄"), 1 / 12
    ),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks", "周"), 7 / 365.25),
    **dict.fromkeys(("d", "day", "days", "天", "日"), 1 / 365.25),
}
_SPAN = re.compile(
    r"(\d+(?:[.,]\d+)?)\s*([a-z]+|岁半|周岁|岁|个半月|个月|月龄|月|周|天|日|年)?\s*(?:old|and|,)?\s*"
)
_AGE_RANGE = re.compile(r"^\d{1,3}\s*(?:[-~–至到]\s*\d{1,3}|\+|岁?以上)$")
_OLDEST = 125.0
# Words for nothing that are names where they are written as names: 娜 in pinyin, and the surname 无.
_NAMES_TOO = frozenset({"无", "Na"})
_NUMBER = re.compile(r"^([<>≤≥~]?)\s*([-+]?\d[\d  ,']*(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(.*)$")
_UNITS = frozenset(
    {
        "",
        "c",
        "℃",
        "°c",
        "度",
        "摄氏度",
        "%",
        "kg",
        "cm",
        "celsius",
        "例",
        "人",
        "次",
        "天",
        "岁",
        "mmhg",
        "g/l",
        "10^9/l",
    }
)


def read_sex(cell: Cell, *, figures: bool) -> Outcome:
    """Return male, female, other or unknown; `figures` says that 1 and 2 are codes in this column."""
    text = folded(shown(cell)).lower().rstrip(".")
    if not text:
        return NOTHING
    known = _SEXES.get(text) or _SEXES.get(plain(text)) or _SEXES.get(coded(text))
    if known:
        return Read(known, "" if known == text else "sex.spelling")
    if figures and text in _SEX_FIGURES:
        return Read(_SEX_FIGURES[text], "sex.code_1_2")
    if is_missing(text):
        return Read("unknown", "missing.word")
    return Unreadable("sex.unknown_word", Hint("Write male, female, other or unknown (or 男, 女)."))


def read_yes_no(cell: Cell, *, two_is_no: bool) -> Outcome:
    """Return True, False, or None for not known; `two_is_no` says that the column answers 1 yes, 2 no."""
    if isinstance(cell, bool):
        return Read(cell)
    text = folded(shown(cell)).lower()
    if not text:
        return NOTHING
    text = plain(text).rpartition("answer_")[2] or text
    if text in _YES:
        return Read(value=True)
    if text in _NO or (two_is_no and text == "2"):
        return Read(False, "yes_no.code_1_2" if text == "2" else "")  # noqa: FBT003
    if text in _UNKNOWN or text in {"9", "99"} or is_missing(text):
        return Read(None)
    return Unreadable("yes_no.unknown_word", Hint("Write yes, no or unknown (or 是, 否, 不详)."))


def read_age(cell: Cell) -> Outcome:
    """Return the age in years: 37, "37 years", "6 months", "3个月", "seventy-four", "1 year 6 months"."""
    text = folded(shown(cell)).lower()
    if not text:
        return NOTHING
    if is_missing(text) or text in MISSING_FIGURES:
        return Read(None, "missing.word")
    if _AGE_RANGE.match(text):
        return Unreadable(
            "age.range", Hint("An age group is given. Write the age in years, or leave this column out.")
        )
    said = number_of_words(text.removesuffix(" years").removesuffix("岁"))
    if said is not None:
        return _age(float(said), "age.words")
    half = text.replace("岁半", ".5岁").replace("个半月", ".5个月")
    if half in {"newborn", "新生儿", "<1", "< 1", "不满1岁", "infant"}:
        return Read(0.0, "age.infant")
    return _age_of_spans(half)


def _age_of_spans(text: str) -> Outcome:
    total, at, spoken = 0.0, 0, False
    for match in _SPAN.finditer(text):
        if match.start() != at:
            break
        at = match.end()
        unit = match[2] or "years"
        if unit not in _SPANS:
            break
        spoken = spoken or unit not in {"y", "years", "岁"}
        total += float(match[1].replace(",", ".")) * _SPANS[unit]
    else:
        if at == len(text) and at:
            return _age(
                total, "age.unit" if spoken else ("" if text.replace(".", "").isdigit() else "age.spelling")
            )
    if text.startswith("-"):
        return Unreadable("age.out_of_range", Hint("An age cannot be negative."))
    return Unreadable(
        "age.form", Hint("Write the age in years, such as 37, or with its unit, such as 6 months.")
    )


def _age(years: float, rule: str) -> Outcome:
    if 1880 <= years <= 2100:
        return Unreadable(
            "age.is_a_year", Hint("This looks like a year of birth. Map the column to the year of birth.")
        )
    if years > _OLDEST:
        return Unreadable(
            "age.out_of_range", Hint("An age above {oldest} years is not accepted.", oldest=f"{_OLDEST:g}")
        )
    return Read(round(years, 4), rule)


def read_number(cell: Cell, field: Field) -> Outcome:
    """Return the number within the field's bounds; a decimal comma, digit groups and a unit are understood."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return _bounded_number(float(cell), field, "")
    text = folded(shown(cell))
    if not text:
        return NOTHING
    if is_missing(text) or text in MISSING_FIGURES:
        return Read(None, "missing.word")
    match = _NUMBER.match(text)
    if not match or match[3].lower() not in _UNITS:
        return Unreadable("number.form", Hint("Write a number, such as 38.5."))
    if match[1] not in {"", "~"}:
        return Unreadable(
            "number.bound", Hint("A bound is given instead of a value. Write the value, or leave it empty.")
        )
    figures = match[2].replace(" ", "").replace(" ", "").replace("'", "")
    if re.fullmatch(r"[-+]?\d+,\d{1,2}", figures):
        figures = figures.replace(",", ".")
    value = float(figures.replace(",", ""))
    return _bounded_number(value, field, "" if figures == text else "number.spelling")


def _bounded_number(value: float, field: Field, rule: str) -> Outcome:
    low, high = field.lowest, field.highest
    if math.isnan(value) or (low is not None and value < low) or (high is not None and value > high):
        bounds = f"{'' if low is None else f'{low:g}'} … {'' if high is None else f'{high:g}'}"
        return Unreadable("number.out_of_range", Hint("The number must lie in {bounds}.", bounds=bounds))
    if field.kind == "integer":
        if not value.is_integer():
            return Unreadable("number.not_whole", Hint("Write a whole number."))
        return Read(int(value), rule)
    return Read(value, rule)


def read_name(cell: Cell) -> Outcome:
    """Return the name with widths, blanks and stray punctuation put right; the letters are left as they are."""
    raw = shown(cell)
    text = folded(raw).strip(",;_\"'")
    if not text:
        return NOTHING
    if is_missing(text) and text not in _NAMES_TOO:
        return Read(None, "missing.word")
    if any(c.isdigit() for c in text) and not any(c.isalpha() for c in text):
        return Unreadable(
            "name.is_a_number", Hint("A number stands in the place of a name. Check the column's mapping.")
        )
    return Read(text, "" if text == raw else "name.spaces")


def read_phone(cell: Cell) -> Outcome:
    """Return the telephone number as digits with a leading `+` where one was given."""
    raw = shown(cell)
    text = folded(raw)
    if not text:
        return NOTHING
    if is_missing(text):
        return Read(None, "missing.word")
    digits = re.sub(r"\D", "", text)
    if not 4 <= len(digits) <= 17:
        return Unreadable("phone.form", Hint("Write the telephone number in digits, such as 13812345678."))
    number = f"+{digits}" if text.startswith("+") or digits.startswith("00") else digits
    return Read(number, "" if number == raw else "phone.spelling")


def read_text(cell: Cell, *, identifier: bool) -> Outcome:
    """Return the text without outer blanks; of identifiers also without a `.0` that a spreadsheet added."""
    raw = shown(cell)
    text = folded(raw)
    if not text or is_missing(text):
        return Read(None, "missing.word") if text else NOTHING
    if identifier:
        text = re.sub(r"^(\d+)\.0$", r"\1", text)
    return Read(text, "" if text == raw else "text.spaces")


def read_code(cell: Cell, field: Field, local: Mapping[str, str]) -> Outcome:
    """Return the choice that the cell spells; `local` holds codings that a person gave for this file."""
    raw = shown(cell)
    text = folded(raw)
    if not text:
        return NOTHING
    known = local.get(text) or spellings(field).get(coded(text))
    if known is not None:
        return Read(known, "" if known == raw else "code.spelling")
    if is_missing(text):
        return Read(None, "missing.word")
    if field.open:
        return Read(text)
    nearest = ", ".join(choice.code for choice in field.choices[:12])
    return Unreadable(
        "code.unknown",
        Hint("Write one of: {nearest}; or say which of them this word means.", nearest=nearest),
    )


@lru_cache(maxsize=512)
def spellings(field: Field) -> Mapping[str, str]:
    """Return spelling -> code of the field's choices, in the form of `coded`."""
    known: dict[str, str] = {}
    for choice in field.choices:
        for one in (choice.code, *choice.spellings):
            known.setdefault(coded(one), choice.code)
    return known


def coded(text: str) -> str:
    """Return the form in which codes are compared: Go.Data's tokens without their category, plain letters.

    >>> coded("LNG_REFERENCE_DATA_CATEGORY_OUTCOME_DECEASED"), coded("Not a case (discarded)")
    ('deceased', 'not_a_case_discarded')
    """
    form = plain(text)
    if form.startswith("lng_reference_data_"):  # the states of follow-up have no `category` in their tokens
        rest = form.removeprefix("lng_reference_data_").removeprefix("category_")
        for category in CATEGORIES:
            if rest.startswith(f"{category}_"):
                return rest.removeprefix(f"{category}_")
        return rest
    return form


# The categories of Go.Data's tokens that we read, longest first.
CATEGORIES = tuple(
    sorted(
        (
            "case_classification", "gender", "outcome", "occupation", "risk_level", "pregnancy_status", "lab_test_result",
            "lab_test_result_status", "type_of_sample", "type_of_lab_test", "lab_name", "person_type",
            "person_date_type", "certainty_level", "exposure_type", "exposure_frequency", "exposure_duration",
            "context_of_transmission", "contact_daily_follow_up_status_type", "contact_final_follow_up_status_type",
            "centre_name", "address_type", "document_type", "investigation_status", "vaccine", "vaccine_status",
        ),
        key=len,
        reverse=True,
    )
)  # fmt: skip
