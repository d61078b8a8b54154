"""From a platform's own clocks to what they cost: measured delays, and the infections a faster clock averts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lianfang.analytics.beds_stay import StayDistribution, length_of_stay
from lianfang.analytics.inputs import (
    Floats,
    as_counts,
    as_floats,
    as_number,
    as_pmf,
    as_whole,
    complain,
    digest,
)
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "AvertedInfections",
    "empirical_delay",
    "infections_averted",
]


def empirical_delay(days: Any, done: Any = None, *, n_days: int | None = None) -> StayDistribution:
    """Return the distribution of a measured delay in whole days, counting tasks that are still open.

    Formula and cautions are those of `length_of_stay` (Kaplan-Meier): an open task is a delay of "at least so long".
    `days` may be fractions of days and are rounded down; `done` is False where the task is still open. A negative
    delay (the end recorded before the start) raises ValueError: it is a data error to be repaired first.
    Do not use it where tasks were cancelled because they were late: then being open is not independent of the delay.

    >>> empirical_delay([0.4, 1.2, 2.9, 1.1]).pmf.tolist()
    [0.25, 0.5, 0.25]
    """
    exact = as_floats("days", days)
    bad = ~np.isfinite(exact) | (exact < 0)
    if bad.any():
        raise complain("days", "finite delays of 0 or more", float(exact[bad][0]))
    return length_of_stay(np.floor(exact), done, n_days=n_days)


@dataclass(frozen=True, kw_only=True)
class AvertedInfections(Result):
    """New infections each day ahead with the present clock and with the faster one."""

    current: Floats
    faster: Floats

    @property
    def averted(self) -> float:
        """Infections that the faster clock averts over the whole horizon (negative if it is no better)."""
        return float(self.current.sum() - self.faster.sum())

    def table(self) -> dict[str, list[Any]]:
        """Return one row a day ahead."""
        gain = np.cumsum(self.current - self.faster)
        return {
            "day": list(range(1, len(self.current) + 1)),
            "current": self.current.tolist(),
            "faster": self.faster.tolist(),
            "averted_so_far": gain.tolist(),
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw both curves; the area between them is what is averted."""
        ax = new_axes(ax)
        days = np.arange(1, len(self.current) + 1)
        ax.plot(days, self.current, label="present clock")
        ax.plot(days, self.faster, label="faster clock")
        ax.fill_between(days, self.faster, self.current, alpha=0.2)
        ax.set_xlabel("days ahead")
        ax.set_ylabel("new infections")
        ax.legend(frameon=False)
        return ax


def infections_averted(
    infections: Any,
    generation_time: Any,
    *,
    r_current: float,
    r_faster: float,
    n_days: int,
    population: float = np.inf,
) -> AvertedInfections:
    """Return what a lower reproduction number saves over `n_days`, by the renewal equation.

    Formula: I(t) = R x S(t)/N x sum over s of w(s) I(t - s), with w the generation time and S what is left of
    `population` (infinite: no depletion). Source: Fraser, PLoS ONE 2007;2:e758. Take R from `effect_of_delays`.

    Parameters
    ----------
    infections
        Recent new infections by day, oldest first; at least one is above 0.
    generation_time
        Probability of each generation time from day 0; day 0 must be 0.
    r_current, r_faster
        Reproduction numbers under the two clocks, both constant over the horizon.

    Raises
    ------
    ValueError
        No infections, a generation time of 0 days, R below 0, a population smaller than the infections.

    Notes
    -----
    Assumes a constant R and no chance (mean field): say "about". Not for more than some generations.

    Examples
    --------
    >>> infections_averted([10, 10], [0, 1], r_current=1, r_faster=0.5, n_days=3).averted
    21.25
    """
    past = as_counts("infections", infections, n_axes=(1,))
    w = as_pmf("generation_time", generation_time)
    if past.sum() == 0:
        raise complain("infections", "above 0 on at least one day", past.tolist())
    if w[0] != 0:
        raise complain("generation_time[0]", "0", float(w[0]))
    if not population >= past.sum():
        raise complain("population", "at least the infections so far", population)
    r = {"r_current": r_current, "r_faster": r_faster}
    for name, value in r.items():
        as_number(name, value, low=0)
    ahead = as_whole("n_days", n_days, low=1)
    return AvertedInfections(
        current=_project(past, w, r_current, ahead, population),
        faster=_project(past, w, r_faster, ahead, population),
        provenance=Provenance(
            method="renewal projection with two reproduction numbers",
            source="Fraser, PLoS ONE 2007;2:e758",
            parameters={**r, "n_days": ahead, "population": population},
            inputs={"infections": digest(past), "generation_time": digest(w)},
        ),
    )


def _project(past: Floats, w: Floats, r: float, n_days: int, population: float) -> Floats:
    series = np.concatenate((past, np.zeros(n_days)))
    start = len(past)
    total = float(past.sum())
    for day in range(start, len(series)):
        reach = min(day, len(w) - 1)
        force = r * float(series[day - reach : day] @ w[1 : reach + 1][::-1])
        left = population - total
        series[day] = force if np.isinf(population) else min(force * left / population, left)
        total += series[day]
    return series[start:]
