"""The epidemic curve by day of onset, with the last days completed for reports still to come."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from lianfang.analytics.nowcast import Nowcast, nowcast, triangle_from_line_list
from lianfang.report.left_out import LeftOut
from lianfang.report.line_list import Line, LineList

Floats = NDArray[np.float64]
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
FEWEST_CASES = 20
FEWEST_DAYS = 14
_LONGEST = 42  # days of delay that a nowcast looks back
_SHORTEST = 7


@dataclass(frozen=True, kw_only=True)
class Completed:
    """Nowcast of the last days. `position` is their place in the curve; counts include cases without a day of report.

    `share` is the part of each day's cases that is estimated to be in the data.
    """

    position: NDArray[np.int64]
    median: Floats
    low: Floats
    high: Floats
    share: Floats
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
        unsure = self.completed.position[self.completed.share < 0.9]
        return int(unsure.min()) if unsure.size else len(self.counts)


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
        share=np.asarray(result.share, dtype=np.float64),
        max_delay=longest,
        n_pairs=len(pairs),
        result=result,
    )


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
