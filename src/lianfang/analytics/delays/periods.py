"""Serial intervals by period of the infector's onset: they shorten when cases are isolated sooner."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lianfang.analytics.delays.fitting import DelayFit, fit_delay
from lianfang.analytics.delays.likelihood import FEWEST_RECORDS
from lianfang.analytics.inputs import Floats, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class SerialIntervalByPeriod(Result):
    """Observed and fitted serial intervals by period; `fits` holds None where a period has too few pairs."""

    period_from: np.ndarray[Any, np.dtype[np.datetime64]]
    period_to: np.ndarray[Any, np.dtype[np.datetime64]]
    n: np.ndarray[Any, np.dtype[np.intp]]
    mean: Floats
    sd: Floats
    median: Floats
    share_negative: Floats
    fits: tuple[DelayFit | None, ...]

    def table(self) -> dict[str, Any]:
        """Return one row a period; the limits are those of the fitted mean, missing where there is no fit."""
        limits = [(np.nan,) * 3 if fit is None else fit.estimate("mean") for fit in self.fits]
        return {
            "from": self.period_from,
            "to": self.period_to,
            "n": self.n,
            "mean": self.mean,
            "low": [one[1] for one in limits],
            "high": [one[2] for one in limits],
            "sd": self.sd,
            "median": self.median,
            "share_negative": self.share_negative,
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the mean with its interval at the middle of each period."""
        ax = new_axes(ax)
        rows = self.table()
        low, high = np.array(rows["low"]), np.array(rows["high"])
        middle = self.period_from + (self.period_to - self.period_from) / 2
        ax.vlines(middle, low, high)
        ax.plot(middle, self.mean, "o")
        ax.set_ylabel("Serial interval, days")
        return ax


def serial_interval_by_period(
    infector_onset: Any,
    infectee_onset: Any,
    *,
    periods: Any,
    family: str = "normal",
    last_onset: Any = None,
    level: float = 0.95,
) -> SerialIntervalByPeriod:
    """Return serial intervals of transmission pairs, grouped by the infector's day of onset.

    `periods` are (first day, last day) pairs, both included; pairs outside all of them, or without one of the
    onsets (missing), are left out. Each period is fitted as doubly interval-censored by day; "normal" admits
    negative intervals (Ali et al. 2020, Science 369:1106). `last_onset`: the last day that could enter the data,
    for right truncation: without it the latest period looks too short, because its long intervals are still to come.
    Assumes that pairs are known in the right direction and entered the data whatever their interval. Do not use it to
    compare periods of which one is truncated and the other not.
    Periods with fewer than three pairs get no fit, and their empirical figures NaN where there is no pair.

    >>> result = serial_interval_by_period(
    ...     ["2020-01-10", "2020-01-11", "2020-01-12", "2020-01-25"],
    ...     ["2020-01-16", "2020-01-15", "2020-01-20", "2020-01-24"],
    ...     periods=[("2020-01-09", "2020-01-22"), ("2020-01-23", "2020-01-29")],
    ... )
    >>> result.mean, result.share_negative
    (array([ 6., -1.]), array([0., 1.]))
    """
    first, second = (
        _days(name, v) for name, v in (("infector_onset", infector_onset), ("infectee_onset", infectee_onset))
    )
    if first.shape != second.shape:
        raise complain("infectee_onset", f"as many days as infector_onset, {first.size}", second.size)
    bounds = np.asarray(periods, dtype="datetime64[D]")
    if bounds.ndim != 2 or bounds.shape[1] != 2 or np.any(bounds[:, 1] < bounds[:, 0]):
        raise complain("periods", "pairs of a first and a last day", periods)
    known = ~np.isnat(first) & ~np.isnat(second)
    limit = None if last_onset is None else _number(np.datetime64(last_onset, "D")) + 1
    rows: list[tuple[int, float, float, float, float]] = []
    fits: list[DelayFit | None] = []
    for start, end in bounds:
        chosen = known & (first >= start) & (first <= end)
        x, y = _number(first[chosen]), _number(second[chosen])
        rows.append(_summary(y - x))
        enough = len(x) >= FEWEST_RECORDS and np.ptp(y - x) > 0
        fits.append(
            fit_delay(
                x, x + 1, y, y + 1, family=family, truncated_at=limit, level=level, probabilities=(0.5, 0.95)
            )
            if enough
            else None
        )
        if fits[-1] is not None and "mean" not in fits[-1].names:
            raise complain("family", "one with a mean", family)
    n, mean, sd, median, negative = (np.array(column) for column in zip(*rows, strict=True))
    return SerialIntervalByPeriod(
        provenance=Provenance(
            method="serial intervals by period of the infector's onset",
            source="Ali et al. 2020, doi:10.1126/science.abc9004",
            parameters={"family": family, "last_onset": str(last_onset), "level": level},
            inputs={"pairs": digest(np.stack([first, second]).astype(np.int64))},
        ),
        period_from=bounds[:, 0],
        period_to=bounds[:, 1],
        n=n.astype(np.intp),
        mean=mean,
        sd=sd,
        median=median,
        share_negative=negative,
        fits=tuple(fits),
    )


def _days(name: str, values: Any) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    try:
        return np.asarray(values, dtype="datetime64[D]").ravel()
    except (TypeError, ValueError) as error:
        raise complain(name, "dates", values) from error


def _number(days: Any) -> Any:
    return (days - np.datetime64("2000-01-01", "D")) / np.timedelta64(1, "D")


def _summary(intervals: Floats) -> tuple[int, float, float, float, float]:
    n = len(intervals)
    if n == 0:
        return 0, np.nan, np.nan, np.nan, np.nan
    sd = float(intervals.std(ddof=1)) if n > 1 else float("nan")
    return n, float(intervals.mean()), sd, float(np.median(intervals)), float((intervals < 0).mean())
