"""Reporting triangles: how many cases of each reference day (onset, admission) were reported with which delay."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lianfang.analytics.drawing import name_steps
from lianfang.analytics.inputs import Floats, as_floats, complain
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Days = NDArray[np.datetime64]


@dataclass(frozen=True, kw_only=True)
class ReportingTriangle(Result):
    """Counts by reference step (rows) and delay in steps (columns), as known at the last row.

    `counts` is (T, D + 1); cells whose report step lies after row T - 1 are NaN. Counts may be negative where a
    register takes cases back. `start` is the first day of row 0, None where rows have no date; a step is `step_days`
    days. `last_step_partial` says that the last report step was still running when the triangle was drawn.
    `n_beyond` cases had a delay above D, `n_missing` had no date, `n_later` were reported after the day of knowledge
    or their reference day came before `start`; they are not in `counts`.
    """

    counts: Floats
    start: date | None
    step_days: int
    last_step_partial: bool
    n_beyond: float = 0
    n_missing: float = 0
    n_later: float = 0

    @property
    def n_steps(self) -> int:
        """Number of rows."""
        return int(self.counts.shape[0])

    @property
    def max_delay(self) -> int:
        """Longest delay, in steps, that a cell can hold."""
        return int(self.counts.shape[1]) - 1

    @property
    def reported(self) -> Floats:
        """Cases of each reference step reported so far."""
        return np.asarray(np.nansum(self.counts, axis=1))

    @property
    def dates(self) -> list[date] | None:
        """First day of each row; None where the triangle has no dates."""
        if self.start is None:
            return None
        return [self.start + timedelta(days=self.step_days * t) for t in range(self.n_steps)]

    def as_known_at(self, row: int) -> "ReportingTriangle":
        """Return the triangle as it stood at the end of step `row`: what a nowcast of that day could see."""
        if not 0 <= row < self.n_steps:
            raise complain("row", f"between 0 and {self.n_steps - 1}", row)
        return ReportingTriangle(
            counts=_blank_future(self.counts[: row + 1]),
            start=self.start,
            step_days=self.step_days,
            last_step_partial=self.last_step_partial and row == self.n_steps - 1,
            provenance=self.provenance,
        )

    def table(self) -> Mapping[str, Any]:
        """Return one row a known cell: reference step (and day), delay, count."""
        t, d = np.nonzero(np.isfinite(self.counts))
        columns: dict[str, Any] = {"step": t, "delay": d, "count": self.counts[t, d]}
        dates = self.dates
        if dates is not None:
            columns = {"reference": [dates[i] for i in t], **columns}
        return columns

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the share reported within each delay, over the rows that are complete."""
        axes = new_axes(ax)
        complete = self.counts[np.isfinite(self.counts).all(axis=1)]
        shown = complete if len(complete) else np.nan_to_num(self.counts)
        total = shown.sum()
        axes.step(np.arange(self.max_delay + 1), shown.sum(axis=0).cumsum() / (total or 1), where="post")
        name_steps(axes, None, "delay, weeks" if self.step_days == 7 else "delay, days")
        axes.set_ylabel("share reported")
        axes.set_ylim(0, 1.03)
        return axes


def _blank_future(counts: Floats) -> Floats:
    rows, columns = counts.shape
    future = np.add.outer(np.arange(rows), np.arange(columns)) > rows - 1
    return np.where(future, np.nan, counts)


def as_days(parameter: str, values: Any) -> Days:
    """Return dates (date, ISO text, NumPy, pandas, Polars) as datetime64[D]; missing ones become NaT."""
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    try:
        return np.asarray(values, dtype="datetime64[D]").reshape(-1)
    except (TypeError, ValueError) as error:
        raise complain(parameter, "dates, for example 2020-02-13", values) from error


def _one_day(parameter: str, value: Any) -> np.datetime64:
    days = as_days(parameter, [value])
    if np.isnat(days[0]):
        raise complain(parameter, "a date", value)
    return np.datetime64(days[0], "D")


def _checked_grid(max_delay: int, step_days: int) -> None:
    if not isinstance(max_delay, int | np.integer) or max_delay < 1:
        raise complain("max_delay", "a whole number of steps, 1 or more", max_delay)
    if step_days not in (1, 7):
        raise complain("step_days", "1 (days) or 7 (weeks)", step_days)


def triangle_from_counts(
    reference: Any,
    report: Any,
    count: Any,
    *,
    as_of: Any,
    max_delay: int,
    step_days: int = 1,
    start: Any = None,
    last_step_partial: bool = False,
) -> ReportingTriangle:
    """Build the triangle from a long table: reference day, report day, number of cases (may be negative).

    Order does not matter, rows of the same two days add up. What was reported after `as_of` is left out, so the same
    table gives the triangle of any past day. Rows with a missing day are counted in `n_missing`.

    Parameters
    ----------
    reference, report : arrays of dates
        Onset (or admission, sampling) and report; a report before its reference is an error.
    count : array
        Cases of that pair; negative for cases taken back.
    as_of : date
        Last day (or a day of the last week) of knowledge; it is the last row.
    max_delay : int
        Longest delay in steps; choose it so that little comes later, `n_beyond` counts what does.
    step_days : int
        1 for days, 7 for weeks (weeks begin on the weekday of `start`).
    start : date, optional
        First day of row 0; by default the first reference day.
    last_step_partial : bool
        True when the last step was still running, e.g. the extract was drawn at noon.

    Notes
    -----
    Source: the reporting triangle of Lawless 1994. Assumes that reference days do not move when records are corrected.
    Not for tables that hold only the latest total of each day: the days of report are needed. Cost: linear in the rows.

    Examples
    --------
    >>> days = ["2020-02-01", "2020-02-01", "2020-02-02"]
    >>> triangle = triangle_from_counts(
    ...     days, ["2020-02-01", "2020-02-03", "2020-02-03"], [3, 2, 4], as_of="2020-02-02", max_delay=1
    ... )
    >>> triangle.reported.tolist()
    [3.0, 0.0]
    """
    _checked_grid(max_delay, step_days)
    known_until = _one_day("as_of", as_of)
    onset, seen = as_days("reference", reference), as_days("report", report)
    cases = as_floats("count", count).reshape(-1)
    if not onset.shape == seen.shape == cases.shape:
        raise complain("reference, report and count", "equally long", (onset.size, seen.size, cases.size))
    present = ~(np.isnat(onset) | np.isnat(seen))
    if not np.isfinite(cases).all():
        where = int(np.flatnonzero(~np.isfinite(cases))[0])
        raise complain(f"count[{where}]", "a finite number", float(cases[where]))
    backwards = np.flatnonzero(present & (seen < onset))
    if backwards.size:
        worst = int(backwards[0])
        raise complain(f"report[{worst}]", f"on or after its reference day {onset[worst]}", str(seen[worst]))
    if start is None and not (present & (seen <= known_until)).any():
        raise complain(
            "report", f"on or before as_of {known_until} at least once, or start must be given", None
        )
    first = _one_day("start", start) if start is not None else onset[present].min()
    if known_until < first:
        raise complain("as_of", f"on or after the first row {first}", str(known_until))
    row = ((onset - first).astype(np.int64)) // step_days
    column = ((seen - first).astype(np.int64)) // step_days - row
    n_rows = int((known_until - first).astype(np.int64)) // step_days + 1
    in_time = present & (seen <= known_until) & (onset >= first)
    kept = in_time & (column <= max_delay)
    counts = np.zeros((n_rows, int(max_delay) + 1))
    np.add.at(counts, (row[kept], column[kept]), cases[kept])
    return ReportingTriangle(
        counts=_blank_future(counts),
        start=first.astype(object),
        step_days=step_days,
        last_step_partial=last_step_partial,
        n_beyond=float(cases[in_time & ~kept].sum()),
        n_missing=float(cases[~present].sum()),
        n_later=float(cases[present & ~in_time].sum()),
        provenance=_provenance(
            {"as_of": str(known_until), "max_delay": int(max_delay), "step_days": step_days}
        ),
    )


def triangle_from_line_list(
    reference: Any,
    report: Any,
    *,
    as_of: Any,
    max_delay: int,
    step_days: int = 1,
    start: Any = None,
    last_step_partial: bool = False,
) -> ReportingTriangle:
    """Build the triangle of a line list, one entry a case, as it was known at `as_of`.

    Parameters, source, assumptions and limits are those of `triangle_from_counts`, each case counting 1.

    Examples
    --------
    >>> onset = ["2020-02-01", "2020-02-01", "2020-02-02", None]
    >>> report = ["2020-02-02", "2020-02-04", "2020-02-03", "2020-02-03"]
    >>> triangle = triangle_from_line_list(onset, report, as_of="2020-02-03", max_delay=2)
    >>> triangle.reported.tolist(), triangle.n_later, triangle.n_missing
    ([1.0, 1.0, 0.0], 1.0, 1.0)
    """
    onset = as_days("reference", reference)
    return triangle_from_counts(
        onset,
        report,
        np.ones(onset.size),
        as_of=as_of,
        max_delay=max_delay,
        step_days=step_days,
        start=start,
        last_step_partial=last_step_partial,
    )


def triangle_from_matrix(
    counts: Any, *, start: Any = None, step_days: int = 1, last_step_partial: bool = False
) -> ReportingTriangle:
    """Build the triangle from a matrix: rows are consecutive reference steps, columns delays 0, 1, ...

    Source, assumptions and limits are those of `triangle_from_counts`. The last row is the day of knowledge; cells that lie after it are set to NaN, whatever they hold. A missing value
    in a cell that must be known is an error: a reported zero is 0.

    Examples
    --------
    >>> triangle_from_matrix([[5, 3], [4, 9]]).reported.tolist()
    [8.0, 4.0]
    """
    matrix = as_floats("counts", counts)
    if matrix.ndim != 2 or matrix.shape[0] < 1:
        raise complain("counts", "a matrix of reference steps by delays", matrix.shape)
    _checked_grid(matrix.shape[1] - 1, step_days)
    blanked = _blank_future(matrix)
    known = np.add.outer(np.arange(matrix.shape[0]), np.arange(matrix.shape[1])) <= matrix.shape[0] - 1
    bad = np.argwhere(known & ~np.isfinite(matrix))
    if bad.size:
        place = (int(bad[0][0]), int(bad[0][1]))
        raise complain(f"counts{list(place)}", "a number: this cell is already known", float(matrix[place]))
    first = None if start is None else _one_day("start", start).astype(object)
    return ReportingTriangle(
        counts=blanked,
        start=first,
        step_days=step_days,
        last_step_partial=last_step_partial,
        provenance=_provenance({"start": str(first), "step_days": step_days}),
    )


def _provenance(parameters: Mapping[str, Any]) -> Provenance:
    return Provenance(
        method="reporting triangle",
        source="Kalbfleisch & Lawless 1989, JASA 84:360",
        parameters=parameters,
    )
