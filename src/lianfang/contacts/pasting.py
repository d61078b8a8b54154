"""Reading what was pasted from a chat or a notebook: one person on a line, in any order, with any separator. Pure."""

import re
from dataclasses import dataclass
from datetime import date

_SPLIT = re.compile(r"[\t,，;；|、]+|\s{2,}|\s+(?=\d)|(?<=\d)\s+")
_BULLET = re.compile(r"^\s*(?:[-*•·]|\(?\d{1,3}[.)、）:：])\s*")
_PHONE = re.compile(r"(?:\+?86[- ]?)?(1[3-9]\d[- ]?\d{4}[- ]?\d{4})\b|\b(0\d{2,3}-\d{7,8})\b")
_DATES = (
    re.compile(r"(?P<y>20\d{2})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?"),
    re.compile(r"(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号]?"),
    re.compile(r"(?<![\d/.-])(?P<m>\d{1,2})[/.-](?P<d>\d{1,2})(?![\d/.-])"),
)
_CODE = re.compile(r"(?<!\d)(\d{6}|\d{9}|\d{12})(?!\d)")
# What follows a name and ends in a word for a kind of place is where the person lives.
_PLACE = re.compile(r"(?:[省市区县旗镇乡村]|街道|社区|网格)$")
# Words for how somebody belongs to the case, both languages; the value is what is kept.
_RELATIONS = {
    "妻子": "spouse", "丈夫": "spouse", "爱人": "spouse", "配偶": "spouse", "wife": "spouse", "husband": "spouse",
    "spouse": "spouse", "父亲": "parent", "母亲": "parent", "爸爸": "parent", "妈妈": "parent", "father": "parent",
    "mother": "parent", "儿子": "child", "女儿": "child", "孩子": "child", "son": "child", "daughter": "child",
    "哥哥": "sibling", "弟弟": "sibling", "姐姐": "sibling", "妹妹": "sibling", "brother": "sibling",
    "sister": "sibling", "同事": "colleague", "colleague": "colleague", "同学": "classmate", "classmate": "classmate",
    "邻居": "neighbour", "neighbour": "neighbour", "neighbor": "neighbour", "朋友": "friend", "friend": "friend",
    "亲戚": "relative", "relative": "relative", "司机": "driver", "driver": "driver", "护工": "carer", "carer": "carer",
    "医生": "health_worker", "护士": "health_worker", "doctor": "health_worker", "nurse": "health_worker",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pasted:
    """One person as a line tells it; what could not be read is empty. `line` is the line as it stood.

    `place` is the code or the name of where they live.
    """

    line: str
    name: str = ""
    phone: str = ""
    relation: str = ""
    place: str = ""
    last_contact_on: date | None = None


def read_paste(text: str, *, on: date) -> list[Pasted]:
    """Return a person per line that is not empty; a day without a year is the last such day up to `on`."""
    return [_read(line, on) for line in text.splitlines() if line.strip()]


def _read(line: str, on: date) -> Pasted:
    rest = _BULLET.sub("", line.strip())
    rest, phone = _take_phone(rest)
    rest, day = _take_day(rest, on)
    rest, code = _take(rest, _CODE)
    names: list[str] = []
    relation, place = "", ""
    for part in (p.strip(" :：()（）") for p in _SPLIT.split(rest)):
        word = part.lower()
        if not part:
            continue
        if word in _RELATIONS and not relation:
            relation = _RELATIONS[word]
        elif names and _PLACE.search(part):
            place = f"{place} {part}".strip()
        elif not part.isdigit():
            names.append(part)
    name, told = _name(names)
    return Pasted(line.strip(), name, phone, relation or told, code or place, day)


def _name(parts: list[str]) -> tuple[str, str]:
    """Return the name, and the relation that stands beside it within the same words ("wife Li Na", "妻子李娜")."""
    if not parts:
        return "", ""
    name = parts[0]
    for word, relation in _RELATIONS.items():
        if name.lower().startswith(word) and len(name) > len(word):
            return name[len(word) :].strip(" :："), relation
        if name.lower().endswith(f" {word}"):
            return name[: -len(word)].strip(), relation
    return name, ""


def _take_phone(text: str) -> tuple[str, str]:
    found = _PHONE.search(text)
    if found is None:
        return text, ""
    digits = re.sub(r"[- ]", "", found.group(1)) if found.group(1) else found.group(2)
    return f"{text[: found.start()]}\t{text[found.end() :]}", digits


def _take_day(text: str, on: date) -> tuple[str, date | None]:
    for form in _DATES:
        found = form.search(text)
        if found is None:
            continue
        parts = {name: int(value) for name, value in found.groupdict().items() if value}
        try:
            day = date(parts.get("y", on.year), parts["m"], parts["d"])
            if "y" not in parts and day > on:
                day = day.replace(year=on.year - 1)
        except ValueError:
            continue
        return f"{text[: found.start()]}\t{text[found.end() :]}", day
    return text, None


def _take(text: str, form: re.Pattern[str]) -> tuple[str, str]:
    found = form.search(text)
    if found is None:
        return text, ""
    return f"{text[: found.start()]}\t{text[found.end() :]}", found.group(0)
