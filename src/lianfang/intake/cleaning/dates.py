"""Dates as people and programs write them.

A form whose parts can be swapped (`03/04/2020`) is never read cell by cell: all cells of the column that are written
in the same way are looked at together, and the order that fits them is taken and reported. Where nothing decides, the
order is assumed and said to be.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from lianfang.intake.cleaning.outcome import NOTHING, Outcome, Read, Unreadable
from lianfang.intake.cleaning.words import MONTHS, folded, is_missing, number_of_words
from lianfang.intake.table import Cell, Decision, Hint

EXCEL_EPOCH = date(1899, 12, 30)  # of the 1900 system, its invented 29 February 1900 included
EXCEL_1904_EPOCH = date(1904, 1, 1)
UNIX_EPOCH = date(1970, 1, 1)
# Day numbers are told apart by the years that they would mean.
_PLAUSIBLE = (date(1990, 1, 1), date(2060, 1, 1))
_EARLIEST = date(1880, 1, 1)
ORDERS = ("dmy", "mdy", "ymd")
# A day without a year is one of the column's year where its whole dates, with a month around them, span less than a year.
_AROUND = timedelta(days=31)
_LONGEST_SPAN = timedelta(days=300)
_FEWEST_WHOLE = 3
# At most this share of the decisive cells may contradict the order, else the swappable ones cannot be decided.
_TOLERATED = 0.05

_TIME = r"(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp][Mm])?\s*(Z|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(rf"^(\d{{4}})\s*[-/.]\s*(\d{{1,2}})\s*[-/.]\s*(\d{{1,2}}){_TIME}$")
_TRIPLE = re.compile(rf"^(\d{{1,2}})(\s*)([-/.])\s*(\d{{1,2}})(\s*)\3\s*(\d{{4}}|\d{{2}}){_TIME}$")
_COMPACT = re.compile(rf"^(19|20)(\d{{2}})(\d{{2}})(\d{{2}}){_TIME}$")
_CHINESE = re.compile(
    r"^(?:([\d〇零一二三四五六七八九]{2,4})年)?(?:([\d一二三四五六七八九十]{1,3})月)?(?:([\d一二三四五六七八九十]{1,3})[日号])?"
    r"(?:\s*(\d{1,2})[:时点](?:(\d{1,2})分?)?)?$"
)
_DAY_MONTH_NAME = re.compile(
    r"^(\d{1,2})(?:st|nd|rd|th)?[\s/.,-]*([A-Za-zéûÉÛ]{3,10})\.?[\s/.,-]*(\d{4}|\d{2}|[A-Za-z])?$"
)
_MONTH_NAME_DAY = re.compile(
    r"^([A-Za-zéûÉÛ]{3,10})\.?[\s/.,-]*(\d{1,2})(?:st|nd|rd|th)?[\s/.,-]*(\d{4}|\d{2}|[A-Za-z])?$"
)
_MONTH_YEAR = re.compile(r"^(?:(\d{4})[-/.](\d{1,2})|(\d{1,2})[-/.](\d{4}))$")
_YEAR = re.compile(r"^(?:19|20)\d{2}$")
# Rules of dates of which only a part is known.
PARTIAL = frozenset({"date.year_only", "date.month_only"})
_DIGITS_ONLY = re.compile(r"^-?\d{1,13}(?:\.\d+)?$")


@dataclass(frozen=True, kw_only=True)
class DateRules:
    """How one column of dates is to be read.

    `orders` gives the order of a way of writing (`/`, `/ 4`, ...), `contested` the ways whose swappable cells cannot be
    decided, `numbers` the epoch of day numbers. `today` bounds the future; `is_birth` lets two-digit years mean the
    last century; `partial` accepts a date without a day. `span` are the first and last day between which a day without a
    year is looked for, None where more than one year could be meant. `assumed` is the order where no cell decides.
    """

    today: date
    assumed: str = "dmy"
    orders: Mapping[str, str] = field(default_factory=dict)
    contested: frozenset[str] = frozenset()
    numbers: str = ""  # excel, excel_1904, r, unix, unix_ms, or "" where numbers are no dates
    is_birth: bool = False
    partial: bool = False
    span: tuple[date, date] | None = None


def way_of(text: str) -> str:
    """Return how a swappable date is written (separator, inner blanks, digits of the year), or "" for other forms."""
    match = _TRIPLE.match(text)
    if not match:
        return ""
    return f"{match[3]}{'_' if match[2] or match[5] else ''}{len(match[6])}"


def study(
    column: str,
    cells: Iterable[Cell],
    *,
    rules: DateRules,
    order: str = "",
    elsewhere: Sequence[Decision] = (),
) -> tuple[DateRules, list[Decision]]:
    """Return the rules for a column, and the decisions to be reported.

    `order` is what a person said (it wins). `elsewhere` are decisions made for other columns of the file: where a
    column's own cells decide nothing, a certain one for the same way of writing is followed.
    """
    texts = Counter(folded(str(cell)) for cell in cells if cell is not None and not isinstance(cell, date))
    by_way: dict[str, Counter[str]] = {}
    for text, times in texts.items():
        way = way_of(text)
        if way:
            by_way.setdefault(way, Counter())[text] += times
    decisions, orders, contested = [], {}, set()
    for way, found in sorted(by_way.items()):
        decision, is_contested = _decide(column, way, found, order, elsewhere, assumed=rules.assumed)
        decisions.append(decision)
        orders[way] = decision.chosen
        if is_contested:
            contested.add(way)
    numbers, numbering = _numbering(column, texts, is_birth=rules.is_birth)
    if numbering:
        decisions.append(numbering)
    learnt = replace(rules, orders=orders, contested=frozenset(contested), numbers=numbers)
    span, year = _year_of_column(column, texts, learnt)
    if year:
        decisions.append(year)
    return replace(learnt, span=span), decisions


def _year_of_column(
    column: str, texts: Mapping[str, int], rules: DateRules
) -> tuple[tuple[date, date] | None, Decision | None]:
    """Return where days without a year are looked for: around the column's whole dates, if these lie close together."""
    read = {text: read_date(text, rules) for text in texts} if any(map(_lacks_year, texts)) else {}
    whole = [
        value.date() if isinstance(value, datetime) else value
        for one in read.values()
        if isinstance(one, Read) and one.rule not in PARTIAL and isinstance(value := one.value, date)
    ]
    lacking = sum(isinstance(one, Unreadable) and one.rule == "date.no_year" for one in read.values())
    if not lacking or rules.is_birth or len(whole) < max(_FEWEST_WHOLE, lacking + 1):
        return None, None
    first, last = min(whole), max(whole)
    if last - first > _LONGEST_SPAN:
        return None, None
    grounds = f"{len(whole)} whole dates lie from {first.isoformat()} to {last.isoformat()}"
    decision = Decision(
        column=column, rule="date.year_of_column", chosen=str(last.year), grounds=grounds, certain=True
    )
    return (first - _AROUND, last + _AROUND), decision


def _lacks_year(text: str) -> bool:
    return "年" not in text and ("月" in text or any(letter.isalpha() for letter in text))


def _in_year_of_column(
    month: int | None, day: int | None, time: Sequence[str | None], rules: DateRules
) -> Outcome:
    """Return the one day of this month and day within the column's span, or what is missing."""
    years = range(rules.span[0].year, rules.span[1].year + 1) if rules.span and month and day else ()
    for year in years:
        made = _made((year, month or 0, day or 0), time, rules, "date.year_of_column")
        value = made.value if isinstance(made, Read) else None
        on = value.date() if isinstance(value, datetime) else value
        if rules.span and isinstance(on, date) and rules.span[0] <= on <= rules.span[1]:
            return made
    return Unreadable("date.no_year", Hint("The year is missing. Write the whole date as 2020-02-12."))


def _decide(
    column: str,
    way: str,
    found: Mapping[str, int],
    order: str,
    elsewhere: Sequence[Decision],
    *,
    assumed: str,
) -> tuple[Decision, bool]:
    votes = {"dmy": 0, "mdy": 0}
    for text, times in found.items():
        match = _TRIPLE.match(text)
        assert match is not None
        first, second = int(match[1]), int(match[4])
        if first > 12 >= second:
            votes["dmy"] += times
        elif second > 12 >= first:
            votes["mdy"] += times
    rule = f"date.order:{way}"
    if order in ORDERS:
        return Decision(
            column=column, rule=rule, chosen=order, grounds="said by a person", certain=True
        ), False
    decisive = votes["dmy"] + votes["mdy"]
    if decisive:
        best = max(votes, key=lambda name: votes[name])
        against = decisive - votes[best]
        grounds = f"{votes[best]} cells allow only {best}, {against} only the other order"
        is_contested = against > decisive * _TOLERATED
        return Decision(
            column=column, rule=rule, chosen=best, grounds=grounds, certain=not is_contested
        ), is_contested
    for other in elsewhere:
        if other.rule == rule and other.certain:
            grounds = f"as in column {other.column}"
            return Decision(
                column=column, rule=rule, chosen=other.chosen, grounds=grounds, certain=True
            ), False
    usual = "month before day" if assumed == "mdy" else "day before month"
    grounds = f"no cell decides; {usual} is assumed"
    return Decision(column=column, rule=rule, chosen=assumed, grounds=grounds, certain=False), False


def _numbering(column: str, texts: Mapping[str, int], *, is_birth: bool) -> tuple[str, Decision | None]:
    """Return the epoch of the column's day numbers: the one that puts most of them into plausible years."""
    figures = [
        (float(text), times)
        for text, times in texts.items()
        if _DIGITS_ONLY.match(text) and not _COMPACT.match(text) and not _YEAR.match(text)
    ]
    if not figures:
        return "", None
    low = date(1900, 1, 1) if is_birth else _PLAUSIBLE[0]
    fits: dict[str, int] = {}
    for name in ("excel", "r", "unix", "unix_ms"):
        fits[name] = sum(t for n, t in figures if (d := _of_number(n, name)) and low <= d <= _PLAUSIBLE[1])
    best = max(fits, key=lambda name: fits[name])
    total = sum(times for _, times in figures)
    if fits[best] * 2 <= total:
        return "", None
    grounds = f"{fits[best]} of {total} numbers fall between {low.year} and {_PLAUSIBLE[1].year}"
    return best, Decision(column=column, rule="date.numbers", chosen=best, grounds=grounds, certain=True)


def _of_number(number: float, epoch: str) -> date | None:
    try:
        if epoch == "excel":
            return EXCEL_EPOCH + timedelta(days=int(number))
        if epoch == "excel_1904":
            return EXCEL_1904_EPOCH + timedelta(days=int(number))
        if epoch == "r":
            return UNIX_EPOCH + timedelta(days=int(number))
        seconds = number / 1000 if epoch == "unix_ms" else number
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).date()
    except OverflowError:
        return None


def read_date(cell: Cell, rules: DateRules) -> Outcome:
    """Return the date (or the datetime where a time of day is given) that the cell says."""
    if isinstance(cell, datetime):
        return _bounded(cell.date(), cell, rules, "")
    if isinstance(cell, date):
        return _bounded(cell, cell, rules, "")
    if cell is None or isinstance(cell, bool):
        return NOTHING if cell is None else Unreadable("date.form", Hint("Write the date as 2020-02-12."))
    text = folded(str(cell))
    if is_missing(text) or text in {"0000-00-00", "00/00/0000"}:
        return Read(None, "missing.word") if text else NOTHING
    for reader in (
        _read_iso,
        _read_triple,
        _read_compact,
        _read_chinese,
        _read_named,
        _read_partial,
        _read_number,
    ):
        outcome = reader(text, rules)
        if outcome is not None:
            return outcome
    return Unreadable("date.form", Hint("This is not a date in any known form. Write it as 2020-02-12."))


def _read_iso(text: str, rules: DateRules) -> Outcome | None:
    match = _ISO.match(text)
    if not match:
        return None
    return _made((int(match[1]), int(match[2]), int(match[3])), match.groups()[3:], rules, "")


def _read_triple(text: str, rules: DateRules) -> Outcome | None:
    match = _TRIPLE.match(text)
    if not match:
        return None
    first, second, last = int(match[1]), int(match[4]), int(match[6])
    way = way_of(text)
    order = rules.orders.get(way, "dmy")
    rule = f"date.{order}"
    if order == "ymd":
        return _made((_century(first, rules), second, last), match.groups()[6:], rules, rule)
    day, month = (first, second) if order == "dmy" else (second, first)
    if month > 12 >= day:
        day, month, rule = month, day, "date.other_order"
    elif way in rules.contested and day != month and max(day, month) <= 12:
        return Unreadable(
            "date.ambiguous",
            Hint("Day and month can be swapped, and the column holds both orders. Write it as 2020-02-12."),
        )
    year = last if len(match[6]) == 4 else _century(last, rules)
    return _made((year, month, day), match.groups()[6:], rules, rule)


def _read_compact(text: str, rules: DateRules) -> Outcome | None:
    match = _COMPACT.match(text.removesuffix(".0"))
    if not match:
        return None
    parts = int(match[1] + match[2]), int(match[3]), int(match[4])
    made = _made(parts, match.groups()[4:], rules, "date.compact")
    return None if isinstance(made, Unreadable) and made.rule == "date.impossible" and rules.numbers else made


def _read_chinese(text: str, rules: DateRules) -> Outcome | None:
    match = _CHINESE.match(text.replace(" ", ""))
    if not match or not (match[1] or match[2]):
        return None
    year, month, day = (None if part is None else _figure(part) for part in match.groups()[:3])
    if year is not None and year < 100:
        year = _century(year, rules)
    time = (match[4], match[5] or "00", None, None, None) if match[4] else ()
    if year is None:
        return _in_year_of_column(month, day, time, rules)
    if month is None or day is None:
        return _partial(year, month, rules)
    return _made((year, month, day), time, rules, "date.chinese")


def _figure(text: str) -> int | None:
    return int(text) if text.isascii() else number_of_words(text)


def _read_named(text: str, rules: DateRules) -> Outcome | None:
    match = _DAY_MONTH_NAME.match(text)
    day, name, year = match.groups() if match else (None, None, None)
    if not match:
        match = _MONTH_NAME_DAY.match(text)
        name, day, year = match.groups() if match else (None, None, None)
    month = MONTHS.get(_unaccented(name)) if name else None
    if month is None or day is None:
        return None
    if year is None or not year.isdigit():
        return _in_year_of_column(month, int(day), (), rules)
    number = int(year) if len(year) == 4 else _century(int(year), rules)
    return _made((number, month, int(day)), (), rules, "date.month_name")


def _unaccented(name: str) -> str:
    return name.lower().replace("é", "e").replace("û", "u")


def _read_partial(text: str, rules: DateRules) -> Outcome | None:
    match = _MONTH_YEAR.match(text)
    if match:
        year, month = (match[1], match[2]) if match[1] else (match[4], match[3])
        return _partial(int(year), int(month), rules)
    return _partial(int(text), None, rules) if _YEAR.match(text) else None


def _partial(year: int, month: int | None, rules: DateRules) -> Outcome:
    """Return the first day of what is known where partial dates are accepted; the rule says what is missing."""
    if not rules.partial:
        return Unreadable(
            "date.partial", Hint("Only part of the date is given. Write the whole date as 2020-02-12.")
        )
    if month is not None and not 1 <= month <= 12:
        return Unreadable("date.impossible", Hint("There is no such month."))
    return _bounded(
        date(year, month or 1, 1),
        date(year, month or 1, 1),
        rules,
        "date.month_only" if month else "date.year_only",
    )


def _read_number(text: str, rules: DateRules) -> Outcome | None:
    if not rules.numbers or not _DIGITS_ONLY.match(text):
        return None
    number = float(text)
    day = _of_number(number, rules.numbers)
    if day is None or not date(1880, 1, 1) <= day <= _PLAUSIBLE[1]:
        return Unreadable(
            "date.number", Hint("The number is no day between 1880 and 2060. Write the date as 2020-02-12.")
        )
    value: date = day
    share = number % 1
    if rules.numbers.startswith("unix"):
        seconds = number / 1000 if rules.numbers == "unix_ms" else number
        value = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    elif share:
        value = datetime(day.year, day.month, day.day) + timedelta(seconds=round(share * 86400))  # noqa: DTZ001 - the file says no zone
    return _bounded(day, value, rules, f"date.number_{rules.numbers}")


def _century(two: int, rules: DateRules) -> int:
    """Return the year of two digits: not in the future; of a birth, not later than today's year."""
    year = 2000 + two
    ahead = 0 if rules.is_birth else 1
    return year if year <= rules.today.year + ahead else year - 100


def _made(parts: tuple[int, int, int], time: Sequence[str | None], rules: DateRules, rule: str) -> Outcome:
    try:
        day = date(*parts)
    except ValueError:
        return Unreadable("date.impossible", Hint("There is no such day in the calendar."))
    return _bounded(day, _with_time(day, time), rules, rule)


def _with_time(day: date, time: Sequence[str | None]) -> date:
    """Return the day, or the moment where a time is given; a zone given is kept.

    Midnight without a zone, or at Z, is how programs write a day; midnight at any other offset is a moment.
    """
    if not time or time[0] is None:
        return day
    hour, minute, second = int(time[0]), int(time[1] or 0), int(time[2] or 0)
    if time[3]:
        hour = hour % 12 + (12 if time[3].lower() == "pm" else 0)
    midnight = (hour, minute, second) == (0, 0, 0) and time[4] in {None, "Z"}
    if hour > 23 or minute > 59 or second > 59 or midnight:
        return day
    zone = _zone(time[4])
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=zone)


@lru_cache(maxsize=64)
def _zone(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    return UTC if text == "Z" else datetime.strptime(text.replace(":", ""), "%z").tzinfo


def _bounded(day: date, value: date, rules: DateRules, rule: str) -> Outcome:
    if day > rules.today + timedelta(days=1):  # a day ahead is another time zone, not an error
        return Unreadable(
            "date.future", Hint("The date lies after today, {today}.", today=rules.today.isoformat())
        )
    if day < _EARLIEST:
        return Unreadable("date.too_early", Hint("The date lies before 1880."))
    return Read(value, rule)
