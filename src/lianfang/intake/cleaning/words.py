"""Words for nothing, for numbers, for units of age, for months: English and Chinese."""

import re
import unicodedata

MISSING = frozenset(
    {
        "", "na", "n/a", "#n/a", "n.a.", "nan", "null", "none", "nil", "-", "--", "---", ".", "..", "?", "??", "missing",
        "not available", "not known", "unk", "unknown", "unspecified", "not stated", "not recorded", "nd", "n.d.",
        "不详", "未知", "不明", "缺失", "未填", "空", "/", "\\",
    }
)  # fmt: skip
# Figures that stand for "missing" where they cannot be a value.
MISSING_FIGURES = frozenset({"-1", "-9", "-99", "-999", "999", "9999", "99999", "999.0", "-99.0"})

_UNITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_DIGITS = {
    "〇": 0,
    "零": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_PLACES = {"十": 10, "百": 100}

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january janvier enero", "feb february fevrier febrero", "mar march mars marzo",
            "apr april avril abril", "may mai mayo", "jun june juin junio", "jul july juillet julio",
            "aug august aout agosto", "sep sept september septembre septiembre", "oct october octobre octubre",
            "nov november novembre noviembre", "dec december decembre diciembre",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip


def folded(text: str) -> str:
    """Return the text with full-width forms narrowed and outer and double spaces removed."""
    return " ".join(unicodedata.normalize("NFKC", text).strip("\ufeff \t\r\n").split())


def is_missing(text: str) -> bool:
    """Return whether the (folded) text is a word for nothing."""
    return text.lower() in MISSING


def number_of_words(text: str) -> int | None:
    """Return the number that the words say, up to 999, or None.

    >>> number_of_words("seventy-four"), number_of_words("one hundred and two"), number_of_words("二十三")
    (74, 102, 23)
    """
    if text and all(c in _DIGITS or c in _PLACES for c in text):
        return _chinese(text)
    parts = [p for p in re.split(r"[\s-]+", text.lower()) if p and p != "and"]
    if not parts or any(p not in _UNITS and p not in _TENS and p != "hundred" for p in parts):
        return None
    total = 0
    for part in parts:
        total = max(total, 1) * 100 if part == "hundred" else total + _UNITS.get(part, _TENS.get(part, 0))
    return total


def _chinese(text: str) -> int:
    if not any(c in _PLACES for c in text):  # digit by digit, as years are written: 二〇二〇
        return int("".join(str(_DIGITS[c]) for c in text))
    total, digit = 0, 0
    for c in text:
        if c in _DIGITS:
            digit = _DIGITS[c]
        else:
            total += (digit or 1) * _PLACES[c]
            digit = 0
    return total + digit
