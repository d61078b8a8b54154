"""The case reproduction number of Wallinga and Teunis (2004): how many did the cases of a window infect."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from lianfang.analytics.drawing import name_series, name_steps
from lianfang.analytics.inputs import Floats, as_counts, as_days, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes
from lianfang.analytics.rt.instantaneous import series_names, window_sums
from lianfang.analytics.rt.serial_interval import Interval, UncertainInterval, interval_draws, lag_matrix

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class CaseReproductionNumber(Result):
    """Mean number of cases infected by the cases of a window (first axis), by series (second axis, if any).

    `low` and `high` are the exact `level` interval over all transmission trees that the serial interval allows.
    `completeness` is the share of the cohort's serial interval that lies within the data: below 1 the mean is too
    low, because infectees are still to come. `cases` counts the cohort; without any, mean, sd and interval are NaN.
    """

    start: NDArray[np.intp]
    end: NDArray[np.intp]
    mean: Floats
    sd: Floats
    low: Floats
    high: Floats
    level: float
    cases: Floats
    completeness: Floats
    days: NDArray[np.datetime64] | None
    series: tuple[str, ...]

    def table(self) -> dict[str, Any]:
        """Return one row a window and series."""
        n = len(self.series)
        return {
            "series": np.repeat(np.asarray(self.series), len(self.end)),
            "start": np.tile(self.start if self.days is None else self.days[self.start], n),
            "end": np.tile(self.end if self.days is None else self.days[self.end], n),
            **{
                name: getattr(self, name).T.ravel()
                for name in ("cases", "completeness", "mean", "sd", "low", "high")
            },
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw mean and interval of each series at the last day of each window."""
        ax = new_axes(ax)
        x: Any = self.end if self.days is None else self.days[self.end]
        shape = (-1, len(self.series))
        for i, name in enumerate(self.series):
            (line,) = ax.plot(x, self.mean.reshape(shape)[:, i], label=name)
            low, high = self.low.reshape(shape)[:, i], self.high.reshape(shape)[:, i]
            ax.fill_between(x, low, high, alpha=0.2, color=line.get_color(), linewidth=0)
        ax.axhline(1, color="0.5", linewidth=0.8)
        ax.set_ylabel("case reproduction number")
        name_steps(ax, self.days)
        name_series(ax, self.series)
        return ax


def case_reproduction_number(
    cases: Any,
    *,
    serial_interval: Interval,
    window: int = 7,
    windows: tuple[Any, Any] | None = None,
    level: float = 0.95,
    days: Any = None,
    at: date | None = None,
    series: Any = None,
) -> CaseReproductionNumber:
    """Return the mean number of infectees of the cases whose onset lies in each window.

    A case on day u was infected by a given case on day t with probability w[u-t] / sum_j I[j] w[u-j]; the mean is
    the sum of these over all later cases, averaged over the cohort (source: Wallinga and Teunis 2004, Am J
    Epidemiol 160:509). Means equal EpiEstim's. EpiEstim simulates transmission trees for sd and interval; here they are
    exact, as the number of a cohort's infectees is a sum of independent binomials. Its limits are whole infectees
    divided by the size of the cohort.

    Assumes that all cases are observed, and none imported after the first. Do not use it for the last weeks: see
    `completeness`. Counts must be whole numbers.

    >>> result = case_reproduction_number([1, 2, 4, 8], serial_interval=[0, 1.0], window=1)
    >>> result.mean
    array([2., 2., 0.])
    >>> result.completeness
    array([1., 1., 0.])
    """
    counts = as_counts("cases", cases)
    if np.any(counts != np.round(counts)):
        raise complain("cases", "whole numbers", float(counts[counts != np.round(counts)][0]))
    if not 0 < level < 1:
        raise complain("level", "between 0 and 1", level)
    if isinstance(serial_interval, UncertainInterval) or len(interval_draws(serial_interval, 1)[1]) > 1:
        raise complain("serial_interval", "a single one for case reproduction numbers", serial_interval)
    start, end = _cohorts(window, windows, len(counts))
    interval = interval_draws(serial_interval, len(counts))[0][:, 0]
    columns = counts.reshape(len(counts), -1)
    parts = [_one_series(one, interval, start, end, level) for one in columns.T]
    mean, sd, low, high = (np.stack(side, axis=1) for side in zip(*parts, strict=True))
    size = window_sums(columns, start, end)
    lags = np.minimum(len(counts) - 1 - np.arange(len(counts)), len(interval) - 1)
    seen = (np.cumsum(interval)[lags] / interval.sum())[:, None]
    complete = window_sums(columns * seen, start, end) / np.where(size > 0, size, np.nan)
    tail = counts.shape[1:]
    return CaseReproductionNumber(
        provenance=Provenance(
            method="case reproduction number by cohort, exact interval over transmission trees",
            source="Wallinga and Teunis 2004, doi:10.1093/aje/kwh255",
            parameters={"level": level},
            inputs={"cases": digest(counts), "serial_interval": digest(interval)},
        ),
        start=start,
        end=end,
        **{
            name: value.reshape((len(start), *tail))
            for name, value in {
                "mean": mean, "sd": sd, "low": low, "high": high, "cases": size, "completeness": complete,
            }.items()
        },
        level=level,
        days=None if days is None else as_days("days", days, n=len(counts), at=at),
        series=series_names(series, counts),
    )  # fmt: skip


def _cohorts(
    window: int, windows: tuple[Any, Any] | None, n: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    if windows is None:
        if not 1 <= window <= n - 1:
            raise complain("window", f"from 1 to {n - 1}, the days after the first", window)
        start = np.arange(1, n - window + 1)
        return start, start + window - 1
    start, end = (np.asarray(side, dtype=np.intp) for side in windows)
    if start.ndim != 1 or start.shape != end.shape or start.size == 0:
        raise complain("windows", "two equally long lists of positions", (start.shape, end.shape))
    if np.any(start < 0) or np.any(end < start) or np.any(end >= n):
        raise complain("windows", f"within 0 to {n - 1} with start <= end", windows)
    return start, end


def _one_series(
    counts: Floats, interval: Floats, start: NDArray[np.intp], end: NDArray[np.intp], level: float
) -> tuple[Floats, Floats, Floats, Floats]:
    pressure = lag_matrix(interval, len(counts)) * counts
    total = pressure.sum(axis=1, keepdims=True)
    by_day = np.divide(pressure, total, out=np.zeros_like(pressure), where=total > 0)
    in_cohort = np.minimum(window_sums(by_day.T, start, end), 1.0)
    size = window_sums(counts, start, end)
    expected = in_cohort @ counts
    variance = (in_cohort * (1 - in_cohort)) @ counts
    limits = np.stack([_binomial_sum_limits(counts, p, level) for p in in_cohort])
    divisor = np.where(size > 0, size, np.nan)
    return (
        expected / divisor,
        np.sqrt(variance) / divisor,
        limits[:, 0] / divisor,
        limits[:, 1] / divisor,
    )


def _binomial_sum_limits(trials: Floats, chances: Floats, level: float) -> Floats:
    """Return the central `level` limits of a sum of independent binomials, from its exact distribution.

    Days whose infector certainly is, or is not, in the cohort add a constant. The others are convolved day by day,
    each binomial cut nine standard deviations from its mean, so the cost stays near the spread, not the size.
    """
    offset = float(trials[chances > 1 - 1e-12].sum())
    pmf = np.ones(1)
    for n, p in zip(trials, chances, strict=True):
        if n == 0 or p <= 1e-12 or p > 1 - 1e-12:
            continue
        reach = 9 * np.sqrt(n * p * (1 - p)) + 12
        low, high = max(0.0, np.floor(n * p - reach)), min(n, np.ceil(n * p + reach))
        pmf = np.convolve(pmf, _binomial_pmf(np.arange(low, high + 1), n, p))
        offset += low
    cumulative = np.cumsum(pmf)
    tail = (1 - level) / 2
    low_at, high_at = np.searchsorted(cumulative, [tail, 1 - tail])
    return offset + np.array([low_at, min(high_at, len(pmf) - 1)], dtype=float)


def _binomial_pmf(k: Floats, n: float, p: float) -> Floats:
    choices = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.asarray(np.exp(choices + k * np.log(p) + (n - k) * np.log1p(-p)))
