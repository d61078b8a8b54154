"""Artefacts of reporting: what in a series is the work of desks, not of the disease."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lianfang.analytics.drawing import name_series, name_steps

from .aberration import Aberration
from .inputs import Floats, as_floats, complain, digest
from .result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "Artefact",
    "Artefacts",
    "reporting_artefacts",
    "set_aside",
]

Flags = NDArray[np.bool_]

_SOURCE = "rules of this package, tried on the Chinese cumulative counts of 2020 (13 February Wuhan, 17 April deaths)"
_WEEK = 7


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """One suspect step: `kind` is missing, fall, repeated, catch-up or jump; `size` in counts; `note` in words."""

    series: str
    step: int
    on: date | None
    kind: str
    size: float
    note: str


@dataclass(frozen=True, kw_only=True)
class Artefacts(Result):
    """Suspect steps of cumulative counts, and the daily counts they leave.

    `increments` (T, N) are the new counts of each step (NaN at missing steps, negative at falls), `usable` (T, N) is
    false at every flagged step: give its inverse to `farrington(leave_out=...)` and mask alarms with `set_aside`.
    """

    found: tuple[Artefact, ...]
    increments: Floats
    usable: Flags
    series: tuple[str, ...]
    dates: list[date] | None

    def table(self) -> Mapping[str, Any]:
        """Return one row an artefact, in order of series and step."""
        rows = self.found
        columns: dict[str, Any] = {
            "series": [a.series for a in rows],
            "step": [a.step for a in rows],
        }
        if self.dates is not None:
            columns["on"] = [a.on for a in rows]
        columns |= {
            "kind": [a.kind for a in rows],
            "size": [a.size for a in rows],
            "note": [a.note for a in rows],
        }
        return columns

    def plot(self, ax: "Axes | None" = None, *, series: int = 0) -> "Axes":
        """Draw the increments of one series, flagged steps in red."""
        axes = new_axes(ax)
        heights = np.nan_to_num(self.increments[:, series])
        colours = np.where(self.usable[:, series], "0.7", "C3")
        axes.bar(np.arange(heights.size), heights, color=colours.tolist())
        axes.plot([], [], linestyle="none", marker="s", color="C3", label="flagged")
        name_steps(axes, None, "step")
        axes.set_ylabel("new cases")
        axes.legend(frameon=False)
        name_series(axes, self.series[series : series + 1])
        return axes


def reporting_artefacts(
    cumulative: Any,
    *,
    dates: Sequence[Any] | None = None,
    jump: float = 4.0,
    established: float = 100.0,
    names: Sequence[str] | None = None,
) -> Artefacts:
    """Flag missing days, falls, repeated values, catch-ups and jumps in cumulative counts.

    With x the cumulative count, y_t = x_t - x_{t-1} and M the median of y over the 7 usable steps before::

        missing   no value, or a day left out of `dates`
        fall      y_t < 0
        repeated  y_t = 0 where M >= 7 (a Poisson mean of 7 gives none once in a thousand days)
        catch-up  the first value after missing or repeated steps, if y_t > 2 M
        jump      y_t > `jump` times the largest y of the 7 steps before, y_t >= 50, x_{t-1} >= `established`, and the
                  next step, where there is one, is below y_t / 2: it does not go on, as an epidemic would

    Parameters
    ----------
    cumulative : array of shape (T,) or (T, N)
        NaN or None where nothing was published.
    dates : sequence of dates, optional
        Strictly rising; left-out days are put in as missing. Without dates steps are taken as consecutive.
    jump : float
        How many times the largest recent increment.
    established : float
        Cumulative count above which a jump is judged; below it a real start cannot be told from a backlog.

    Notes
    -----
    Source: this project's own rules, from the Chinese counts of 2020. Assumes that a total never falls and that a place
    with many cases has some every day. A jump on the last step is flagged and its note says that the next day has to confirm it. Increments are
    never changed: whether a jump is spread over the past or left out is for a person to decide. Series that start
    with NaN are taken to start at the first value. Not for weekly counts. Cost: linear.

    Examples
    --------
    >>> total = [100, 120, 145, 165, 190, 210, 235, 260, 280, 900, 925, 950]
    >>> [(a.step, a.kind, a.size) for a in reporting_artefacts(total).found]
    [(9, 'jump', 620.0)]
    """
    if not jump > 1:
        raise complain("jump", "above 1", jump)
    table, labels = _checked(cumulative, names)
    days: list[date] | None = None
    if dates is not None:
        table, days = _with_left_out_days(table, dates)
    increments = np.full(table.shape, np.nan)
    usable = np.ones(table.shape, dtype=bool)
    found: list[Artefact] = []
    for i, label in enumerate(labels):
        for step, kind, size, note in _of_series(table[:, i], increments[:, i], jump, established):
            usable[step, i] = False
            on = None if days is None else days[step]
            found.append(Artefact(series=label, step=step, on=on, kind=kind, size=size, note=note))
    return Artefacts(
        found=tuple(found),
        increments=increments,
        usable=usable,
        series=labels,
        dates=days,
        provenance=Provenance(
            method="artefacts of reporting",
            source=_SOURCE,
            parameters={"jump": jump, "established": established},
            inputs={"cumulative": digest(table)},
        ),
    )


def set_aside(alarms: Aberration, artefacts: Artefacts) -> Aberration:
    """Return `alarms` without those at flagged steps, which become unassessed; `advice` counts them.

    Both must describe the same steps and as many series. Source: as `reporting_artefacts`. Assumes that a flagged step
    says nothing about the epidemic. Not for alarms computed on corrected counts.

    Examples
    --------
    >>> from lianfang.analytics.aberration import ears
    >>> total = [100, 120, 145, 165, 190, 210, 235, 260, 280, 900, 925, 950]
    >>> flagged = reporting_artefacts(total)
    >>> raw = ears([20, 20, 25, 20, 25, 20, 25, 25, 20, 620, 25, 25])
    >>> raw.alarm.sum(), set_aside(raw, flagged).alarm.sum()
    (np.int64(1), np.int64(0))
    """
    if alarms.observed.shape != artefacts.usable.shape:
        raise complain("artefacts", f"of shape {alarms.observed.shape}", artefacts.usable.shape)
    dropped = int((alarms.alarm & ~artefacts.usable).sum())
    blank = np.where(artefacts.usable, 0.0, np.nan)
    advice = alarms.advice
    if dropped:
        advice += (f"{dropped} alarms set aside: artefacts of reporting, see the table of artefacts.",)
    return replace(
        alarms,
        alarm=alarms.alarm & artefacts.usable,
        assessed=alarms.assessed & artefacts.usable,
        expected=alarms.expected + blank,
        upperbound=alarms.upperbound + blank,
        score=alarms.score + blank,
        advice=advice,
    )


def _checked(cumulative: Any, names: Sequence[str] | None) -> tuple[Floats, tuple[str, ...]]:
    array = as_floats("cumulative", cumulative)
    if array.ndim not in (1, 2) or array.size == 0:
        raise complain("cumulative", "a non-empty array of 1 or 2 axes", array.shape)
    table = array[:, None] if array.ndim == 1 else array
    if np.isinf(table).any() or (table < 0).any():
        raise complain("cumulative", "0 or more, or missing", float(table[np.isinf(table) | (table < 0)][0]))
    labels = tuple(f"series {i}" for i in range(table.shape[1])) if names is None else tuple(names)
    if len(labels) != table.shape[1]:
        raise complain("names", f"{table.shape[1]} names, one a series", labels)
    return table, labels


def _with_left_out_days(table: Floats, dates: Sequence[Any]) -> tuple[Floats, list[date]]:
    try:
        days = np.asarray(list(dates), dtype="datetime64[D]")
    except (TypeError, ValueError) as error:
        raise complain("dates", "dates, for example 2020-02-13", list(dates)[:3]) from error
    if days.shape != (len(table),) or np.isnat(days).any():
        raise complain("dates", f"{len(table)} dates, one a row", days.shape)
    back = np.flatnonzero(np.diff(days).astype(np.int64) <= 0)
    if back.size:
        raise complain(f"dates[{int(back[0]) + 1}]", "after the day before it", str(days[back[0] + 1]))
    all_days = np.arange(days[0], days[-1] + 1)
    full = np.full((all_days.size, table.shape[1]), np.nan)
    full[(days - days[0]).astype(np.int64)] = table
    return full, all_days.astype(object).tolist()


Suspect = tuple[int, str, float, str]


def _of_series(total: Floats, increments: Floats, jump: float, established: float) -> list[Suspect]:
    """Walk one series; fill `increments` and return its suspects in order."""
    found: list[Suspect] = []
    known = np.flatnonzero(np.isfinite(total))
    if known.size == 0:
        return [(0, "missing", float(len(total)), "no value in the whole series")]
    last_value, held_back = 0.0, False
    normal: list[float] = []
    for step in range(int(known[0]), len(total)):
        if not np.isfinite(total[step]):
            found.append((step, "missing", 0.0, "no value published"))
            held_back = True
            continue
        new = total[step] - last_value if step > known[0] else 0.0
        increments[step] = new
        recent = normal[-_WEEK:]
        suspect = _judge(step, new, last_value, recent, held_back=held_back)
        if suspect is None and step > known[0] and _is_jump(new, recent, last_value, jump, established):
            suspect = _confirmed(step, new, total)
        if suspect is not None:
            found.append(suspect)
        elif step > known[0]:
            normal.append(new)
        held_back = suspect is not None and suspect[1] == "repeated"
        last_value = total[step]
    return found


def _judge(step: int, new: float, before: float, recent: list[float], *, held_back: bool) -> Suspect | None:
    if new < 0:
        return step, "fall", float(new), f"the cumulative count fell from {before:g} by {-new:g}"
    if new and not held_back:
        return None
    usual = float(median(recent)) if len(recent) >= 3 else 0.0
    if new == 0 and usual >= 7:
        return step, "repeated", 0.0, f"same value as the day before, about {usual:g} new were usual"
    if held_back and new > 2 * max(usual, 1):
        return step, "catch-up", float(new), "first value after days without: holds the cases of several days"
    return None


def _is_jump(new: float, recent: list[float], before: float, jump: float, established: float) -> bool:
    if len(recent) < _WEEK or before < established or new < 50:
        return False
    return new > jump * max(*recent, 1.0)


def _confirmed(step: int, new: float, total: Floats) -> Suspect | None:
    """Return the jump unless the next step goes on as high."""
    later = total[step + 1 :]
    later = later[np.isfinite(later)]
    if later.size == 0:
        return (
            step,
            "jump",
            float(new),
            "far above the week before; wait for the next day before acting on it",
        )
    if later[0] - total[step] > new / 2:
        return None
    return (
        step,
        "jump",
        float(new),
        "far above the week before and not continued: backlog or change of definition",
    )
