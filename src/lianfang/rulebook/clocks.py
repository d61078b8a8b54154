"""Deadlines: how long a duty has, from which event, how it climbs when late, and when nobody is woken."""

import calendar
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lianfang.rulebook.edition import RuleEdition
from lianfang.rulebook.kinds.surveillance import (
    ClockParameters,
    LadderParameters,
    Level,
    QuietHoursParameters,
)
from lianfang.rulebook.terms import Text, complain


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline: `within` units after the moment called `starts_at`."""

    within: int
    unit: str
    starts_at: str
    owed: Text
    edition: RuleEdition

    @property
    def hours(self) -> float:
        """Return the length in hours; only clocks in hours or days have a fixed one."""
        if self.unit not in ("hours", "days"):
            raise complain(
                f"clock {self.edition.rule_id}", "in hours or days to have a length in hours", self.unit
            )
        return float(self.within if self.unit == "hours" else self.within * 24)

    def due(self, started_at: datetime, holidays: AbstractSet[date] = frozenset()) -> datetime:
        """Return the deadline of a clock that started at `started_at`.

        Working days leave out Saturdays, Sundays and `holidays`; a month ends on the same day of the month, or on
        the last one where there is none.
        """
        if self.unit == "working_days":
            return _after_working_days(started_at, self.within, holidays)
        if self.unit == "months":
            return _after_months(started_at, self.within)
        return started_at + timedelta(hours=self.hours)


def clock_of(edition: RuleEdition) -> Clock:
    """Return the clock that an edition of kind `clock` states."""
    rule = edition.of(ClockParameters)
    return Clock(rule.within, rule.unit, rule.starts_at, rule.owed, edition)


def _after_working_days(started_at: datetime, days: int, holidays: AbstractSet[date]) -> datetime:
    due, left = started_at, days
    while left:
        due += timedelta(days=1)
        if due.weekday() < 5 and due.date() not in holidays:
            left -= 1
    return due


def _after_months(started_at: datetime, months: int) -> datetime:
    years, month0 = divmod(started_at.month - 1 + months, 12)
    year, month = started_at.year + years, month0 + 1
    return started_at.replace(
        year=year, month=month, day=min(started_at.day, calendar.monthrange(year, month)[1])
    )


def level_reached(ladder: LadderParameters, overdue_hours: float) -> Level | None:
    """Return the highest level that an unmet duty has climbed to; None while it is not late enough for any."""
    reached = [step.level for step in ladder.steps if overdue_hours >= step.after_hours]
    return reached[-1] if reached else None


def is_quiet(quiet: QuietHoursParameters, at: datetime, clock_hours: float | None = None) -> bool:
    """Return whether nobody should be woken at `at` (local time) for a duty whose whole clock is `clock_hours`.

    The start of the quiet hours belongs to them, their end does not. None: the duty has no clock in hours.
    """
    if clock_hours is not None and quiet.broken_by_clock_hours.holds(clock_hours):
        return False
    now = at.time()
    if quiet.starts <= quiet.ends:
        return quiet.starts <= now < quiet.ends
    return now >= quiet.starts or now < quiet.ends


def quiet_until(quiet: QuietHoursParameters, at: datetime) -> datetime:
    """Return the next moment, not before `at`, that is not in the quiet hours."""
    if not is_quiet(quiet, at):
        return at
    end = at.replace(hour=quiet.ends.hour, minute=quiet.ends.minute, second=0, microsecond=0)
    return end if end >= at else end + timedelta(days=1)
