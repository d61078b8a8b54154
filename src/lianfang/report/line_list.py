"""The line list as the report uses it: one line a case, without names, cut to what was known on a day."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

LONGEST_DELAY = (
    60  # days from onset after which a date of report does not decide what the last day of the file is
)
LONGEST_FOLLOW_UP = 180  # days after the last case within which outcomes are believed
LONGEST_SERIES = 730  # days before the last one that curves go back


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One case. `known` is the day on which the case entered the data, by the column that `LineList.known_by` names.

    `source` is the number of the case that infected it, `linked` are numbers of cases it met, whoever infected whom.
    """

    row: int
    number: str = ""
    other_number: str = ""
    onset: date | None = None
    known: date | None = None
    reported: date | None = None
    confirmed: date | None = None
    admitted: date | None = None
    discharged: date | None = None
    died: date | None = None
    outcome: str = ""
    classification: str = ""
    sex: str = ""
    age: float | None = None
    place: str = ""
    source: str = ""
    linked: tuple[str, ...] = ()

    @property
    def is_dead(self) -> bool:
        """Whether the case is recorded as dead, with or without a date."""
        return self.outcome == "died" or self.died is not None

    @property
    def starts(self) -> date | None:
        """Day of onset, else the day on which the case became known."""
        return self.onset or self.known


@dataclass(frozen=True, kw_only=True)
class LineList:
    """Cases as known on `as_of`, with outcomes until `followed_until` (the same day, or later). `known_by` and `place_by` are field codes, empty where the file has no such column.

    `is_whole` says that nothing was cut: `as_of` is the last day of the file. `n_excluded` cases were discarded by their classification, `n_later` became known after `as_of`, `n_early` have an
    onset so long before that curves leave them out.
    """

    lines: tuple[Line, ...]
    as_of: date | None
    followed_until: date | None = None
    known_by: str = ""
    place_by: str = ""
    n_excluded: int = 0
    n_later: int = 0
    is_whole: bool = True

    def __len__(self) -> int:
        return len(self.lines)

    @cached_property
    def first_day(self) -> date | None:
        """First day of all curves: the first onset (or first day known), not more than two years before `as_of`."""
        if self.as_of is None:
            return None
        earliest = self.as_of - timedelta(days=LONGEST_SERIES)
        days = [d for line in self.lines if (d := line.starts) is not None and earliest <= d <= self.as_of]
        return min(days, default=None)

    @cached_property
    def n_early(self) -> int:
        """Cases whose onset lies before the first day of the curves."""
        first = self.first_day
        return sum(line.onset is not None and first is not None and line.onset < first for line in self.lines)

    @property
    def days(self) -> list[date]:
        """Every day from `first_day` to `as_of`; empty where the file has no usable dates."""
        if self.as_of is None or self.first_day is None:
            return []
        return [self.first_day + timedelta(days=n) for n in range((self.as_of - self.first_day).days + 1)]

    @property
    def followed_days(self) -> list[date]:
        """`days`, and those after them on which outcomes are known."""
        if not self.days or self.as_of is None or self.followed_until is None:
            return self.days
        later = (self.followed_until - self.as_of).days
        return [*self.days, *(self.as_of + timedelta(days=n + 1) for n in range(later))]

    def daily(
        self, day_of: Callable[[Line], date | None], *, n_days: int | None = None
    ) -> NDArray[np.float64]:
        """Return how many cases have `day_of` on each of `days` (or `n_days` from the first); others are left out."""
        counts = np.zeros(len(self.days) if n_days is None else n_days)
        for line in self.lines:
            day = day_of(line)
            if day is not None and self.first_day is not None:
                at = (day - self.first_day).days
                if 0 <= at < len(counts):
                    counts[at] += 1
        return counts

    def count(self, holds: Callable[[Line], bool]) -> int:
        """Return how many cases fulfil a condition."""
        return sum(1 for line in self.lines if holds(line))


def last_day(lines: Iterable[Line]) -> date | None:
    """Return the last day of the file: the latest onset, or the latest day of a case becoming known.

    A day more than two months after the case's onset, or after every onset, does not count: such a date is mostly a
    slip, and one slip would add empty months to every curve.
    """
    cases = list(lines)
    last_onset = max((line.onset for line in cases if line.onset is not None), default=None)
    days = [] if last_onset is None else [last_onset]
    for line in cases:
        start = line.onset or last_onset
        if line.known is not None and (start is None or (line.known - start).days <= LONGEST_DELAY):
            days.append(line.known)
    return max(days, default=None)


def last_outcome(lines: Iterable[Line], as_of: date) -> date:
    """Return the last day of an outcome within half a year after `as_of`, or `as_of`: later dates are slips."""
    latest = as_of + timedelta(days=LONGEST_FOLLOW_UP)
    days = [d for line in lines for d in (line.died, line.discharged) if d is not None and d <= latest]
    return max([as_of, *days])


def as_known_on(lines: Sequence[Line], as_of: date, followed_until: date) -> tuple[list[Line], int]:
    """Return the cases known by the end of `as_of`, with later events taken out, and how many came later.

    Deaths and discharges are kept until `followed_until`.

    A case without any date is kept: nothing says that it was not known.
    """
    kept, n_later = [], 0
    for line in lines:
        if _entered_after(line, as_of):
            n_later += 1
            continue
        kept.append(_cut(line, as_of, followed_until))
    return kept, n_later


def _entered_after(line: Line, as_of: date) -> bool:
    """Return whether the case was not known on `as_of`; a day of report that is a slip (see `last_day`) does not say so."""
    entered = line.known or line.onset
    if entered is None or entered <= as_of:
        return False
    is_slip = (
        line.onset is not None and line.known is not None and (line.known - line.onset).days > LONGEST_DELAY
    )
    return not is_slip or line.onset is None or line.onset > as_of


def _cut(line: Line, as_of: date, followed_until: date) -> Line:
    def until(day: date | None) -> date | None:
        return day if day is None or day <= as_of else None

    died = line.died if line.died is None or line.died <= followed_until else None
    discharged = line.discharged if line.discharged is None or line.discharged <= followed_until else None
    undone = (line.died is not None and died is None) or (line.discharged is not None and discharged is None)
    return replace(
        line,
        onset=until(line.onset),
        known=until(line.known),
        reported=until(line.reported),
        confirmed=until(line.confirmed),
        admitted=until(line.admitted),
        died=died,
        discharged=discharged,
        outcome="ill" if undone else line.outcome,
    )
