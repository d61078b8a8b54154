"""What every detector of this package returns, and the checks of their common input."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lianfang.analytics.drawing import name_series, name_steps
from lianfang.analytics.inputs import Floats, as_counts, complain
from lianfang.analytics.result import Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Aberration(Result):
    """Alarms of one detector over (T steps, N series).

    `alarm` is only ever true where `assessed`; elsewhere `expected`, `upperbound` and `score` are NaN and `advice`
    says why in plain words. `upperbound` is the largest count that is still unremarkable; `score` grows with the
    surprise and passes 1 at an alarm.
    """

    series: tuple[str, ...]
    observed: Floats
    expected: Floats
    upperbound: Floats
    score: Floats
    alarm: Flags
    assessed: Flags
    advice: tuple[str, ...]

    def table(self) -> Mapping[str, Any]:
        """Return one row a series and step, series by series; steps count from 0."""
        steps, n = self.observed.shape
        columns: dict[str, Any] = {
            "series": np.repeat(np.asarray(self.series, dtype=object), steps),
            "step": np.tile(np.arange(steps), n),
        }
        for name in ("observed", "expected", "upperbound", "score", "alarm", "assessed"):
            columns[name] = getattr(self, name).T.ravel()
        return columns

    def statements(self, last: int) -> tuple[str, ...]:
        """Return one line a series with alarms in the `last` steps, the most alarms first; then one for the rest."""
        if last < 1:
            raise complain("last", "1 step or more", last)
        recent = self.alarm[-last:]
        judged = self.assessed[-last:].sum(axis=0)
        order = np.argsort(-recent.sum(axis=0), kind="stable")
        lines = []
        for i in order:
            hits = np.flatnonzero(recent[:, i])
            if hits.size == 0:
                continue
            newest = len(self.observed) - len(recent) + int(hits[-1])
            lines.append(
                f"{self.series[i]}: last {judged[i]} steps, {hits.size} alarms; newest at step {newest}: "
                f"{self.observed[newest, i]:g} cases, up to {self.upperbound[newest, i]:.1f} expected"
            )
        quiet = int((~recent.any(axis=0) & (judged > 0)).sum())
        unjudged = int((judged == 0).sum())
        if quiet:
            lines.append(f"{quiet} series: no alarm in the last {last} steps")
        if unjudged:
            lines.append(f"{unjudged} series: not assessed in the last {last} steps, see advice")
        return tuple(lines)

    def plot(self, ax: "Axes | None" = None, *, series: int | str = 0) -> "Axes":
        """Draw one series: counts as bars, the upper bound as a line, alarms as marks."""
        axes = new_axes(ax)
        i = self.series.index(series) if isinstance(series, str) else series
        steps = np.arange(len(self.observed))
        axes.bar(steps, self.observed[:, i], color="0.8")
        axes.plot(steps, self.upperbound[:, i], color="C1", marker=".", markersize=3, label="upper bound")
        hits = np.flatnonzero(self.alarm[:, i])
        axes.plot(hits, self.observed[hits, i], linestyle="none", marker="v", color="C3", label="alarm")
        name_steps(axes, None, "step")
        axes.set_ylabel("cases")
        axes.legend(frameon=False)
        name_series(axes, self.series[i : i + 1])
        return axes


def as_series(counts: Any, names: Sequence[str] | None) -> tuple[Floats, tuple[str, ...]]:
    """Return counts as (T, N) and one name a series."""
    array = as_counts("counts", counts)
    table = array[:, None] if array.ndim == 1 else array
    if names is None:
        names = [f"series {i}" for i in range(table.shape[1])]
    if len(names) != table.shape[1]:
        raise complain("names", f"{table.shape[1]} names, one a series", list(names))
    return table, tuple(names)


def unassessed(observed: Floats) -> tuple[Floats, Flags]:
    """Return an all-NaN float table and an all-false flag table of the shape of `observed`."""
    return np.full(observed.shape, np.nan), np.zeros(observed.shape, dtype=bool)


def checked_probability(parameter: str, value: float) -> float:
    """Return a probability strictly between 0 and 0.5."""
    if not 0 < value < 0.5:
        raise complain(parameter, "a probability above 0 and below 0.5", value)
    return float(value)
