"""Whether intervals hold what they promise: each module here checks those of one topic against known truth.

A check is a generator of units (an epidemic, a date, a place); a unit is the array that says, for each truth, whether
it lay inside the 50, 90 and 95 % interval. `benchmarks/calibration.py` runs them all and writes the page.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NOMINAL = (0.5, 0.9, 0.95)
LEVELS = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
REAL, SIMULATED = "real", "simulated"

Unit = NDArray[np.bool_]


@dataclass(frozen=True)
class Check:
    """One interval on one kind of truth; `note` says what the truth is, or why it should or should not hold.

    `warned`: shown to fail, as the docstring warns of this use or the method is a yardstick.
    """

    interval: str
    truth: str
    kind: str
    note: str
    run: Callable[[bool], Iterator[Unit]]
    warned: bool = False

    @property
    def name(self) -> str:
        return f"{self.interval}: {self.truth}"


CHECKS: list[Check] = []


def check(
    interval: str, truth: str, *, kind: str = SIMULATED, note: str = "", warned: bool = False
) -> Callable[[Any], Any]:
    """Register a generator function `run(quick)` as a check."""

    def register(run: Callable[[bool], Iterator[Unit]]) -> Callable[[bool], Iterator[Unit]]:
        CHECKS.append(Check(interval, truth, kind, note, run, warned))
        return run

    return register


def inside(truth: Any, limits: Mapping[float, tuple[Any, Any]]) -> Unit:
    """Return, for each truth, whether it lies within the limits of each nominal coverage; NaN limits are left out."""
    true = np.atleast_1d(np.asarray(truth, dtype=float))
    columns = []
    known = np.isfinite(true)
    for nominal in NOMINAL:
        low, high = (np.broadcast_to(np.asarray(side, dtype=float), true.shape) for side in limits[nominal])
        known = known & np.isfinite(low) & np.isfinite(high)
        columns.append((low - 1e-9 <= true) & (true <= high + 1e-9))
    return np.stack(columns, axis=1)[known]


def inside_quantiles(truth: Any, at: Callable[[float], Any]) -> Unit:
    """Return `inside` for limits that are the quantiles `at(level)`."""
    return inside(truth, {p: (at(round((1 - p) / 2, 4)), at(round((1 + p) / 2, 4))) for p in NOMINAL})


def inside_levels(truth: Any, limits_at: Callable[[float], tuple[Any, Any]]) -> Unit:
    """Return `inside` for a method that is asked for each coverage by itself."""
    return inside(truth, {p: limits_at(p) for p in NOMINAL})
