"""The epidemic curve by day of onset, with the last days completed for reports still to come."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from lianfang.analytics.nowcast import Nowcast, nowcast, triangle_from_line_list
from lianfang.report.left_out import LeftOut
from lianfang.report.line_list import Line, LineList

Floats = NDArray[np.float64]
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
FEWEST_CASES = 20
FEWEST_DAYS = 14
_LONGEST = 42  # days of delay that a nowcast looks back
_SHORTEST = 7
_RECENT = 42
_COMPLETE = 0.9
_FEWEST_TO_TUNE = 5.0
_POWERS = (0.2, 5.0)


@dataclass(frozen=True, kw_only=True)
class Completed:
    """Nowcast of the last days. `position` is their place in the curve; counts include cases without a day of report.

    `within` is the share of cases reported within 0, 1, ... days of onset, as the nowcast sees it now.
    """

    position: NDArray[np.int64]
    median: Floats
    low: Floats
    high: Floats
    within: Floats
    max_delay: int
    n_pairs: int
    result: Nowcast


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Cases by day. `by` is "onset", or "known" where too few onsets are on file. `completed` may be left out."""

    days: tuple[date, ...]
    counts: Floats
    by: str
    n_undated: int
    completed: Completed | LeftOut

    @property
    def expected(self) -> Floats:
        """Counts with the median of the nowcast in the last days."""
        values = self.counts.copy()
        if isinstance(self.completed, Completed):
            values[self.completed.position] = self.completed.median
        return values

    @property
    def n_complete(self) -> int:
        """Number of days from the first one of which at least nine in ten cases are estimated to be in the data."""
        if isinstance(self.completed, LeftOut):
            return len(self.counts)
        return max(0, len(self.counts) - int((self.completed.within < _COMPLETE).sum()))


def curve_of(cases: LineList) -> Curve | LeftOut:
    """Return the curve, by onset where at least half of the dated cases have one, else by the day of becoming known."""
    n_onset = cases.count(lambda line: line.onset is not None)
    n_dated = cases.count(lambda line: line.starts is not None)
    if not cases.days or not n_dated:
        return LeftOut(reason="left.no_dates")
    by = "onset" if 2 * n_onset >= n_dated else "known"
    counts = cases.daily(_onset if by == "onset" else _known)
    return Curve(
        days=tuple(cases.days),
        counts=counts,
        by=by,
        n_undated=len(cases) - int(counts.sum()),
        completed=_completed(cases, counts) if by == "onset" else LeftOut(reason="left.nowcast_by_report"),
    )


def _onset(line: Line) -> date | None:
    return line.onset


def _known(line: Line) -> date | None:
    return line.known


def _completed(cases: LineList, counts: Floats) -> Completed | LeftOut:
    first, last = cases.first_day, cases.as_of
    if not cases.known_by or first is None or last is None:
        return LeftOut(reason="left.nowcast_no_report")
    pairs = [
        (line.onset, line.known)
        for line in cases.lines
        if line.onset is not None and line.known is not None and first <= line.onset <= line.known <= last
    ]
    if len(pairs) < FEWEST_CASES or len(counts) < FEWEST_DAYS:
        return LeftOut(
            reason="left.nowcast_few",
            values={"n": len(pairs), "days": len(counts), "least": FEWEST_CASES, "least_days": FEWEST_DAYS},
        )
    delays = np.array([(known - onset).days for onset, known in pairs])
    ages = np.array([(last - onset).days for onset, _ in pairs])
    longest = int(np.clip(np.quantile(delays, 0.99), _SHORTEST, min(_LONGEST, len(counts) - 3)))
    triangle = triangle_from_line_list(
        [onset for onset, _ in pairs],
        [known for _, known in pairs],
        as_of=last,
        max_delay=longest,
        start=first,
    )
    try:
        result = nowcast(triangle, levels=LEVELS)
    except ValueError as trouble:
        return LeftOut(reason="left.estimator", detail=str(trouble))
    position = np.asarray(result.step, dtype=np.int64)
    rest = counts[position] - result.reported  # cases whose day of report is not on file
    low, high = result.interval(0.9)
    return Completed(
        position=position,
        median=result.median + rest,
        low=low + rest,
        high=high + rest,
        within=in_tune(arrived_by_age(delays, ages, longest), result.reported[::-1], result.mean[::-1]),
        max_delay=longest,
        n_pairs=len(pairs),
        result=result,
    )


def arrived_by_age(delays: NDArray[np.int64], ages: NDArray[np.int64], longest: int) -> Floats:
    """Return the share of cases reported within 0, 1, ..., `longest` days of onset, allowing for reports still to come.

    `ages` are the days since the onset of each case. With g(d) the cases reported after d days among those reported
    within d days whose onset lies at least d days back, the share within d days is the product of 1 - g over longer
    delays (Kalbfleisch and Lawless 1989, J Am Stat Assoc 84:360). Onsets of the last six weeks count, or all where
    those are fewer than 20: delays change.

    >>> arrived_by_age(np.array([0, 1, 0, 0]), np.array([5, 4, 3, 0]), 2).round(3)
    array([0.667, 1.   , 1.   ])
    """
    recent = ages <= longest + _RECENT
    if recent.sum() >= FEWEST_CASES:
        delays, ages = delays[recent], ages[recent]
    kept = np.ones(longest + 1)
    for d in range(1, longest + 1):
        seen = delays[(ages >= d) & (delays <= d)]
        kept[d] = 1 - (seen == d).mean() if seen.size else 1.0
    # From the longest delay down: the share within d is the share within d + 1 times what was not new at d + 1.
    return np.concatenate((np.cumprod(kept[:0:-1])[::-1], [1.0]))


def in_tune(within: Floats, reported: Floats, expected: Floats) -> Floats:
    """Return the shares raised to the power with which they give as many reported cases as there are.

    `reported` and `expected` (complete) counts are by age, youngest first. The shares know the delays of weeks; the
    nowcast notices when reporting has become quicker or slower since. The power makes both agree on the last days.

    >>> in_tune(np.array([0.25, 1.0]), np.array([5.0, 10.0]), np.array([10.0, 10.0])).round(3)
    array([0.5, 1. ])
    """
    n = min(len(within), len(reported))
    known, complete, share = float(reported[:n].sum()), expected[:n], np.maximum(within[:n], 1e-6)
    if complete.sum() < _FEWEST_TO_TUNE or not (complete * share).any():
        return within

    def too_many(power: float) -> float:
        return float((complete * share**power).sum()) - known

    low, high = _POWERS
    if too_many(low) <= 0 or too_many(high) >= 0:
        return np.asarray(within ** (low if too_many(low) <= 0 else high))
    power = brentq(too_many, low, high)  # type: ignore[no-untyped-call]
    return np.asarray(within**power)


def week_before(days: tuple[date, ...], counts: Floats, *, back: int) -> float:
    """Return the sum of the seven days that end `back` days before the last one."""
    end = len(days) - back
    return float(counts[max(0, end - 7) : max(0, end)].sum())


def weeks_of(days: tuple[date, ...], counts: Floats) -> tuple[list[date], Floats]:
    """Return sums by seven days counted back from the last one; a first week that is not full is left out."""
    n = len(days) // 7
    tail = counts[len(counts) - 7 * n :].reshape(n, 7).sum(axis=1)
    starts = [days[-1] - timedelta(days=7 * (n - at) - 1) for at in range(n)]
    return starts, tail
