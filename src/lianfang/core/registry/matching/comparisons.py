"""How two people are compared: each comparison returns the level of agreement, or None where one side is silent.

The levels of a comparison are ordered from the strongest agreement to disagreement, and the first that applies counts.
A missing particular is no evidence, neither for nor against.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import product
from typing import TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, JaroWinkler

from lianfang.core.registry.matching.candidate import Profile
from lianfang.core.registry.matching.names import Name

Levels = Mapping[str, str]
_Value = TypeVar("_Value")

# comparison -> level -> the sentence that a reviewer reads
LEVELS: dict[str, dict[str, str | Promise]] = {
    "name": {
        "exact": _("the names are the same"),
        "same_sound": _("the names sound the same, but are written differently"),
        "swapped": _("the names are the same with family and given name exchanged"),
        "variant": _("the names are spelling variants of each other"),
        "one_edit": _("the names differ by one character"),
        "partial": _("one name is part of the other"),
        "family": _("only one part of the names is the same"),
        "different": _("the names differ"),
    },
    "birth": {
        "date_same": _("the dates of birth are the same"),
        "date_near": _("the dates of birth differ by one digit, or day and month are exchanged"),
        "year_same": _("the years of birth are the same, the days differ"),
        "different": _("the dates of birth differ"),
        "year_only_same": _("the years of birth are the same"),
        "year_only_near": _("the years of birth are one apart"),
        "year_only_different": _("the years of birth differ"),
    },
    "sex": {"same": _("the sex is the same"), "different": _("the sex differs")},
    "phone": {
        "same": _("the telephone numbers are the same"),
        "near": _("the telephone numbers differ by one digit"),
        "different": _("the telephone numbers differ"),
    },
    "national_id": {
        "same": _("the identity numbers are the same"),
        "near": _("the identity numbers differ by one digit"),
        "different": _("the identity numbers differ"),
    },
    "passport": {
        "same": _("the passport numbers are the same"),
        "different": _("the passport numbers differ"),
    },
    "email": {"same": _("the e-mail addresses are the same"), "different": _("the e-mail addresses differ")},
    "address": {
        "same": _("the addresses are the same"),
        "similar": _("the addresses are similar"),
        "different": _("the addresses differ"),
    },
    "place": {
        "township": _("both live in one township or village"),
        "county": _("both live in one county, in different townships"),
        "prefecture": _("both live in one prefecture, in different counties"),
        "elsewhere": _("they live in different prefectures"),
    },
}

# The lines of an account that are no comparison.
OTHER_LINES: dict[str, str | Promise] = {
    "prior": _("before anything is compared: one of all people on record, or somebody new"),
    "household": _(
        "people who live together share telephone, address and place: that part does not count twice"
    ),
}


def sentence_of_line(what: str, level: str) -> str:
    """Return the sentence of one line of an account, for those who decide."""
    return str(OTHER_LINES.get(what) or LEVELS[what][level])


_SIMILAR_ADDRESS = 80.0  # percent of the indel similarity
_SIMILAR_NAME = 0.93  # Jaro-Winkler


def compare(first: Profile, second: Profile) -> dict[str, str]:
    """Return comparison -> level for all that both sides know; the order of the two does not matter."""
    found: dict[str, str] = {}
    for what, comparison in spoken_of(first):
        level = comparison(first, second)
        if level is not None:
            found[what] = level
    return found


def _best(
    what: str, compare_two: Callable[[_Value, _Value], str], mine: Sequence[_Value], theirs: Sequence[_Value]
) -> str | None:
    """Return the strongest of the levels found between several values on both sides."""
    if len(mine) == len(theirs) == 1:
        return compare_two(mine[0], theirs[0])
    found = {compare_two(a, b) for a, b in product(mine, theirs)}
    return next((level for level in LEVELS[what] if level in found), None)


def _name(first: Profile, second: Profile) -> str | None:
    mine = first.read_names
    return _best("name", compare_names, mine, second.read_names) if mine else None


def compare_names(a: Name, b: Name) -> str:
    """Return the level of agreement of two names; the order of the two does not matter."""
    if a.normal == b.normal:
        return "exact"
    if not set(a.readings).isdisjoint(b.readings):
        in_order = "".join(a.tokens) == "".join(b.tokens) or (a.is_han and b.is_han)
        return "same_sound" if in_order or sorted(a.tokens) != sorted(b.tokens) else "swapped"
    if a.is_han and b.is_han:
        return _compare_han(a, b)
    return _compare_latin(a, b)


def _compare_han(a: Name, b: Name) -> str:
    if a.sound == b.sound:
        return "variant"
    if max(len(a.normal), len(b.normal)) >= 3 and OSA.distance(a.normal, b.normal, score_cutoff=1) <= 1:
        return "one_edit"
    return "family" if a.tokens[0] == b.tokens[0] else "different"


def _compare_latin(a: Name, b: Name) -> str:
    if a.sound == b.sound:
        return "variant"
    first, second = " ".join(sorted(a.tokens)), " ".join(sorted(b.tokens))
    if min(len(first), len(second)) >= 5 and OSA.distance(first, second, score_cutoff=1) <= 1:
        return "one_edit"
    if JaroWinkler.similarity(first, second) >= _SIMILAR_NAME:
        return "variant"
    common = set(a.tokens) & set(b.tokens)
    if not common:
        return "different"
    shorter = min(set(a.tokens), set(b.tokens), key=lambda tokens: (len(tokens), sorted(tokens)))
    return "partial" if common == shorter else "family"


def _birth(first: Profile, second: Profile) -> str | None:
    if first.births and second.births:
        return _best("birth", _compare_dates, first.births, second.births)
    if first.birth_year is None or second.birth_year is None:
        return None
    apart = abs(first.birth_year - second.birth_year)
    if apart == 0:
        return "year_only_same"
    return "year_only_near" if apart == 1 else "year_only_different"


def _compare_dates(a: date, b: date) -> str:
    if a == b:
        return "date_same"
    swapped = (a.year, a.month, a.day) == (b.year, b.day, b.month)
    if swapped or OSA.distance(_digits(a), _digits(b), score_cutoff=1) <= 1:
        return "date_near"
    return "year_same" if a.year == b.year else "different"


@lru_cache(maxsize=50_000)
def _digits(day: date) -> str:
    return f"{day:%Y%m%d}"


def _sex(first: Profile, second: Profile) -> str | None:
    if first.sex == "unknown" or second.sex == "unknown":
        return None
    return "same" if first.sex == second.sex else "different"


def _numbers(what: str, *, near: bool) -> Callable[[Profile, Profile], str | None]:
    """Compare sets of numbers: same where they share one, near where two differ by one edit."""

    def compared(first: Profile, second: Profile) -> str | None:
        mine: frozenset[str] = getattr(first, what)
        theirs: frozenset[str] = getattr(second, what) if mine else mine
        if not mine or not theirs:
            return None
        if not mine.isdisjoint(theirs):
            return "same"
        if near and any(OSA.distance(a, b, score_cutoff=1) <= 1 for a, b in product(mine, theirs)):
            return "near"
        return "different"

    return compared


def _address(first: Profile, second: Profile) -> str | None:
    mine = first.address
    theirs = second.address if mine else mine
    if not mine or not theirs:
        return None
    if not mine.isdisjoint(theirs):
        return "same"
    similar = any(fuzz.ratio(a, b) >= _SIMILAR_ADDRESS for a, b in product(mine, theirs))
    return "similar" if similar else "different"


def _place(first: Profile, second: Profile) -> str | None:
    return _compare_places(first.path, second.path)


@lru_cache(maxsize=100_000)
def _compare_places(one: str, other: str) -> str | None:
    """Compare where they live by how many levels of the path they share; a province alone tells nothing."""
    mine, theirs = one.split(".")[:-1], other.split(".")[:-1]
    shared = 0
    for a, b in zip(mine, theirs, strict=False):
        if a != b:
            break
        shared += 1
    if shared == min(len(mine), len(theirs)) and shared < 5:
        return None  # one is known less finely than the other, and inside it
    return ("elsewhere", "prefecture", "county", "township")[min(max(shared, 2), 5) - 2]


_COMPARISONS: dict[str, Callable[[Profile, Profile], str | None]] = {
    "name": _name,
    "birth": _birth,
    "sex": _sex,
    "phone": _numbers("phone", near=True),
    "national_id": _numbers("national_id", near=True),
    "passport": _numbers("passport", near=False),
    "email": _numbers("email", near=False),
    "address": _address,
    "place": _place,
}


def spoken_of(profile: Profile) -> tuple[tuple[str, Callable[[Profile, Profile], str | None]], ...]:
    """Return the comparisons about which the profile says anything at all."""
    if profile.spoken_of is None:
        says = {
            "name": bool(profile.read_names),
            "birth": bool(profile.births) or profile.birth_year is not None,
            "sex": profile.sex != "unknown",
            "phone": bool(profile.phone),
            "national_id": bool(profile.national_id),
            "passport": bool(profile.passport),
            "email": bool(profile.email),
            "address": bool(profile.address),
            "place": True,
        }
        profile.spoken_of = tuple((what, _COMPARISONS[what]) for what, is_said in says.items() if is_said)
    return profile.spoken_of
