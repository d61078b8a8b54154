"""Rt from weekly or otherwise aggregated counts: days are reconstructed first, by expectation maximisation."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expm1

from lianfang.analytics.drawing import name_series, name_steps
from lianfang.analytics.inputs import Floats, as_counts, as_floats, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes
from lianfang.analytics.rt.instantaneous import ReproductionNumber, reproduction_number, series_names
from lianfang.analytics.rt.serial_interval import (
    ParametricInterval,
    UncertainInterval,
    checked_interval,
    discretise_serial_interval,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class DailyCounts(Result):
    """Days reconstructed from aggregated counts.

    `counts` (days, or days x series) add up to the aggregates. `first_day` is the first reconstructed day of each
    series: before it the aggregate was merely split evenly. `converged` says whether the last iteration moved no
    day by more than the tolerance.
    """

    counts: Floats
    first_day: tuple[int, ...]
    converged: tuple[bool, ...]
    series: tuple[str, ...]

    def table(self) -> dict[str, Any]:
        """Return one row a series and day."""
        n = len(self.counts)
        return {
            "series": np.repeat(np.asarray(self.series), n),
            "day": np.tile(np.arange(n), len(self.series)),
            "count": self.counts.T.ravel(),
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the reconstructed counts by day."""
        ax = new_axes(ax)
        ax.step(np.arange(len(self.counts)), self.counts, where="mid", label=self.series)
        ax.set_ylabel("cases a day, reconstructed")
        name_steps(ax, None)
        name_series(ax, self.series)
        return ax


def reproduction_number_of_growth(growth: Any, serial_interval: Any) -> Floats:
    """Return the reproduction number that goes with growth rates by day.

    R = r / sum_k w[k] (exp(-r a[k]) - exp(-r b[k])) / (b[k] - a[k]), lag k filling the day from a = k - 1/2 to
    b = k + 1/2 (Wallinga and Lipsitch 2007, Proc R Soc B 274:599, for histograms). 1 at r = 0.
    Source as cited. Assumes exponential growth for longer than the longest interval. Not for the first or last days.

    >>> reproduction_number_of_growth([0.0, 0.1], [0, 0.5, 0.5]).round(4)
    array([1.    , 1.1599])
    """
    rates = np.asarray(as_floats("growth", growth)).reshape(np.shape(growth))
    if rates.ndim > 1 or not np.isfinite(rates).all():
        raise complain("growth", "finite rates a day, one or a column", rates.tolist())
    weights = checked_interval(serial_interval)
    weights = weights / weights.sum()
    edges = np.concatenate([[0.0], np.arange(len(weights)) + 0.5])
    r = np.atleast_1d(rates)[:, None]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        falls = -np.exp(-r * edges[:-1]) * expm1(-r * np.diff(edges)) / (r * np.diff(edges))
        value = 1 / (np.where(weights > 0, falls, 0.0) @ weights)
    value = np.where(np.abs(r[:, 0]) < 1e-14, 1.0, value)
    if not np.isfinite(value).all():
        raise complain("growth", "rates a day that leave R finite", rates.tolist())
    return np.asarray(value.reshape(rates.shape))


def growth_of_reproduction_number(numbers: Floats, weights: Floats, step: float | None) -> Floats:
    """Return the growth rates of reproduction numbers, exactly or (step) nearest on a grid as EpiEstim takes them."""
    low, high = np.full(len(numbers), -1.0), np.full(len(numbers), 1.0)
    while np.any(reproduction_number_of_growth(low, weights) > numbers):
        low *= 2
    while np.any(reproduction_number_of_growth(high, weights) < numbers):
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        above = reproduction_number_of_growth(middle, weights) > numbers
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    exact = (low + high) / 2
    if step is None:
        return np.asarray(exact)
    floor = np.floor(exact / step) * step
    pair = np.stack([floor, floor + step])
    distance = np.abs(reproduction_number_of_growth(pair.ravel(), weights).reshape(2, -1) - numbers)
    return np.asarray(np.where(distance[0] <= distance[1], pair[0], pair[1]))


def daily_counts(
    counts: Any,
    *,
    serial_interval: Any,
    days_per_count: Any = 7,
    iterations: int = 10,
    tolerance: float = 1e-6,
    growth_step: float | None = 0.001,
    series: Any = None,
) -> DailyCounts:
    """Return counts by day that add up to counts by week (or any `days_per_count`) and follow the renewal equation.

    Starts from an even split; then, for each aggregate after the first, takes R of its days, turns it into a growth
    rate, and spreads the aggregate exponentially at that rate; repeats (Nash et al. 2023, PLoS Comput Biol
    19:e1011439; `estimate_R_agg` of EpiEstim 2.4). The first aggregate, and those that end within a mean serial
    interval, stay evenly split. `days_per_count` is one number, or one for each count, or a pattern to repeat.
    `growth_step` is EpiEstim's grid of growth rates; None solves exactly.

    Assumes that growth is steady within an aggregate. Not for aggregates much longer than the serial interval: R within the aggregate is then barely identified.

    >>> result = daily_counts([7, 14, 28, 56], serial_interval=[0, 0, 0.3, 0.4, 0.3], growth_step=None)
    >>> result.counts[7:14].round(2)
    array([1.18, 1.38, 1.62, 1.9 , 2.23, 2.61, 3.07])
    """
    aggregates = as_counts("counts", counts)
    if len(aggregates) < 2:
        raise complain("counts", "two aggregates or more", len(aggregates))
    if iterations < 2:
        raise complain("iterations", "2 or more", iterations)
    lengths = _lengths(days_per_count, len(aggregates))
    weights = _one_interval(serial_interval, int(lengths.sum()))
    columns = aggregates.reshape(len(aggregates), -1)
    done = [
        _reconstruct(one, lengths, serial_interval, weights, iterations=iterations, step=growth_step)
        for one in columns.T
    ]
    daily = np.stack([days for days, _, _ in done], axis=1)
    return DailyCounts(
        provenance=Provenance(
            method="daily reconstruction of aggregated counts by expectation maximisation",
            source="Nash et al. 2023, doi:10.1371/journal.pcbi.1011439",
            parameters={"iterations": iterations, "growth_step": growth_step, "tolerance": tolerance},
            inputs={"counts": digest(aggregates), "serial_interval": digest(weights)},
        ),
        counts=daily if aggregates.ndim == 2 else daily[:, 0],
        first_day=tuple(first for _, first, _ in done),
        converged=tuple(bool(moved <= tolerance) for _, _, moved in done),
        series=series_names(series, aggregates),
    )


def reproduction_number_from_aggregates(
    counts: Any,
    *,
    serial_interval: Any,
    days_per_count: Any = 7,
    window: int = 7,
    growth_step: float | None = 0.001,
    series: Any = None,
    **options: Any,
) -> tuple[ReproductionNumber, DailyCounts]:
    """Return R by sliding day windows from counts by week, and the days it was computed on.

    `daily_counts` followed by `reproduction_number`, windows starting no earlier than the second aggregate, as
    EpiEstim 2.4 does. The interval treats the reconstructed days as if they had been counted, so it is somewhat too
    narrow. Not for single weeks of a few cases. `window` should be at least the longest aggregate. `options` go to `reproduction_number`.

    >>> number, days = reproduction_number_from_aggregates(
    ...     [7, 14, 28, 56], serial_interval=[0, 0, 0.3, 0.4, 0.3], growth_step=None
    ... )
    >>> int(number.start[0]), float(number.mean[-1].round(2))
    (7, 1.37)
    """
    days = daily_counts(
        counts,
        serial_interval=serial_interval,
        days_per_count=days_per_count,
        growth_step=growth_step,
        series=series,
    )
    first = int(_lengths(days_per_count, len(as_counts("counts", counts)))[0])
    n_days = len(days.counts)
    if not 1 <= window <= n_days - first:
        raise complain("window", f"from 1 to {n_days - first}, the days after the first aggregate", window)
    start = np.arange(first, n_days - window + 1)
    number = reproduction_number(
        days.counts,
        serial_interval=serial_interval,
        windows=(start, start + window - 1),
        series=days.series,
        **options,
    )
    return number, days


def _lengths(days_per_count: Any, n: int) -> NDArray[np.intp]:
    pattern = np.atleast_1d(np.asarray(days_per_count))
    if pattern.dtype.kind not in "iu" or pattern.ndim != 1 or not 0 < pattern.size <= n or pattern.min() < 1:
        raise complain("days_per_count", f"one to {n} whole numbers of 1 or more", days_per_count)
    return np.resize(pattern, n).astype(np.intp)


def _one_interval(interval: Any, n_days: int) -> Floats:
    if isinstance(interval, UncertainInterval):
        raise complain("serial_interval", "a single one for aggregated counts", interval)
    if isinstance(interval, ParametricInterval):
        # One lag more than days, as EpiEstim has it, for the same growth rates.
        return discretise_serial_interval(interval.mean, interval.sd, n_days + 1)
    weights = checked_interval(interval)
    if weights.ndim != 1:
        raise complain("serial_interval", "a single one for aggregated counts", weights.shape)
    return weights


def _reconstruct(
    aggregates: Floats,
    lengths: NDArray[np.intp],
    interval: Any,
    weights: Floats,
    *,
    iterations: int,
    step: float | None,
) -> tuple[Floats, int, float]:
    """Return the days, the first reconstructed day and the largest change in the last iteration, for one series."""
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    ends = starts + lengths - 1
    group = np.repeat(np.arange(len(lengths)), lengths)
    place = np.arange(len(group)) - starts[group]
    even = aggregates[group] / lengths[group]
    daily, moved, first = even, np.inf, len(even)
    for _ in range(iterations):
        estimate = reproduction_number(
            daily, serial_interval=interval, windows=(starts[1:], ends[1:]), probabilities=(0.5,)
        )
        usable = np.concatenate([[False], estimate.status != "too early"])
        if not usable.any():
            return even, len(even), 0.0
        growth = np.zeros(len(lengths))
        growth[usable] = growth_of_reproduction_number(estimate.mean[usable[1:]], weights, step)
        raw = np.exp(growth[group] * place)
        share = raw / np.bincount(group, raw)[group]
        renewed = np.where(usable[group], aggregates[group] * share, even)
        moved, daily, first = float(np.abs(renewed - daily).max()), renewed, int(starts[usable.argmax()])
    return daily, first, moved
