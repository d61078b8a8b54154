"""Which exposures count, and from when to when somebody is observed: pure, for the same facts the same answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from lianfang.contacts.models import Exposure, Protection
from lianfang.rulebook.kinds.care import ContactDefinitionParameters


@dataclass(frozen=True, slots=True)
class Window:
    """The days on which meeting the case makes a contact; `opens_on` None where the case has no day to count from."""

    opens_on: date | None = None
    closes_on: date | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """What the exposures amount to. `last_on` is the last unprotected day that counts, None where none does."""

    first_on: date | None
    last_on: date | None
    setting: str = ""
    proximity: str = ""


def window_of(rule: ContactDefinitionParameters | None, anchor: date | None) -> Window:
    """Return the window of a case that counts from `anchor` (onset, or sampling of a person without symptoms)."""
    if rule is None or anchor is None:
        return Window()
    closes = None if rule.days_after is None else anchor + timedelta(days=rule.days_after)
    return Window(anchor - timedelta(days=rule.days_before), closes)


def why_not(exposure: Exposure, window: Window, rule: ContactDefinitionParameters | None) -> str:
    """Return why the exposure does not count: protected, too_far, too_early, too_late; "" where it counts."""
    if exposure.counts_because:
        return ""
    if exposure.protection == Protection.FULL:
        return "protected"
    limit = rule.distance_m if rule else None
    if limit is not None and exposure.distance_m is not None and not limit.holds(exposure.distance_m):
        return "too_far"
    if window.opens_on is not None and exposure.to_on < window.opens_on:
        return "too_early"
    if window.closes_on is not None and (exposure.from_on or exposure.to_on) > window.closes_on:
        return "too_late"
    return ""


def count(exposures: Sequence[Exposure], window: Window, rule: ContactDefinitionParameters | None) -> Counted:
    """Return what the exposures that hold amount to; a run of days counts up to the end of the window."""
    counting = [each for each in exposures if not why_not(each, window, rule)]
    if not counting:
        return Counted(None, None)
    latest = max(counting, key=lambda each: (each.to_on, each.pk or 0))
    first = min((each.from_on for each in counting if each.from_on is not None), default=None)
    last = max(_last_day(each, window) for each in counting)
    return Counted(first, last, latest.setting, latest.proximity)


def _last_day(exposure: Exposure, window: Window) -> date:
    if exposure.counts_because or window.closes_on is None:
        return exposure.to_on
    return min(exposure.to_on, window.closes_on)


def visits_until(intervals: Sequence[tuple[int, date, date]]) -> dict[int, date]:
    """Return until when each row owes the visits, so that every day of a person is owed once.

    `intervals` are (row, first day, last day) of one person and disease. The row whose observation ends last has all
    its days; one that ends before has those before the later one begins, and none where nothing is left.
    """
    until: dict[int, date] = {}
    later_begins: date | None = None
    for row, first, last in sorted(intervals, key=lambda each: (each[2], each[0]), reverse=True):
        end = last if later_begins is None else min(last, later_begins - timedelta(days=1))
        if end >= first:
            until[row] = end
        later_begins = first if later_begins is None else min(later_begins, first)
    return until
