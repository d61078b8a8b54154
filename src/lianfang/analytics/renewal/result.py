"""What the delay-aware estimator returns."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lianfang.analytics.drawing import name_series, name_steps
from lianfang.analytics.inputs import Floats, complain
from lianfang.analytics.result import Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUANTITIES = ("r", "infections", "growth_rate", "expected", "counts", "nowcast")


@dataclass(frozen=True, kw_only=True)
class RenewalDraws:
    """Joint draws (draw x day [x series]): R as realised, infections in counted units, complete counts."""

    r: Floats
    infections: Floats
    counts: Floats


@dataclass(frozen=True, kw_only=True)
class RenewalEstimate(Result):
    """Quantiles (probability x day [x series]) by day of infection or of count.

    By day of infection: `r`, `infections` (those that will be counted: divide by the ascertainment for all),
    `growth_rate` a day. By day of count, complete and with weekday effect: `expected` mean; `counts`, what a day
    like this one would bring; `nowcast`, what the day itself will have when complete, given what has arrived.
    `growing` is the probability that R exceeds 1. `status` by day: "estimate"; "partial" where less than
    90 % of that day's infections can have been counted; "forecast". `weekday` holds seven factors counted from the
    first day of the data, `dispersion` the k of the variance m + k m^2.
    """

    probabilities: tuple[float, ...]
    r: Floats
    infections: Floats
    growth_rate: Floats
    expected: Floats
    counts: Floats
    nowcast: Floats
    growing: Floats
    weekday: Floats
    dispersion: Floats
    status: NDArray[np.str_]
    days: NDArray[np.datetime64] | None
    series: tuple[str, ...]
    draws: RenewalDraws | None = None

    def quantile(self, quantity: str, probability: float) -> Floats:
        """Return a quantile by day [x series] of one of r, infections, growth_rate, expected, counts, nowcast."""
        if quantity not in QUANTITIES:
            raise complain("quantity", f"one of {QUANTITIES}", quantity)
        if probability not in self.probabilities:
            raise complain("probability", f"one of {self.probabilities}", probability)
        return np.asarray(getattr(self, quantity)[self.probabilities.index(probability)])

    def doubling_time(self, probability: float = 0.5) -> Floats:
        """Return log 2 / growth rate in days: negative is the time to halve, infinite where growth is nil."""
        growth = self.quantile("growth_rate", probability)
        return np.divide(np.log(2), growth, out=np.full_like(growth, np.inf), where=growth != 0)

    def table(self) -> dict[str, Any]:
        """Return one row a series and day, with a column for each quantity and probability."""
        n_days, n = len(self.status), len(self.series)
        day: Any = np.arange(n_days) if self.days is None else self.days
        columns: dict[str, Any] = {
            "series": np.repeat(np.asarray(self.series), n_days),
            "day": np.tile(day, n),
            "status": np.tile(self.status, n),
            "growing": self.growing.T.ravel(),
        }
        for quantity in QUANTITIES:
            for probability, values in zip(self.probabilities, getattr(self, quantity), strict=True):
                columns[f"{quantity}_q{probability:g}"] = values.T.ravel()
        return columns

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the median of R and its widest interval for each series; what rests on partial data is dashed."""
        ax = new_axes(ax)
        x: Any = np.arange(len(self.status)) if self.days is None else self.days
        flat = self.r.reshape(len(self.probabilities), len(self.status), -1)
        middle = flat[np.argmin(np.abs(np.array(self.probabilities) - 0.5))]
        sure = self.status == "estimate"
        for i, name in enumerate(self.series):
            (line,) = ax.plot(x[sure], middle[sure, i], label=name)
            ax.plot(x[~sure], middle[~sure, i], linestyle="--", color=line.get_color())
            ax.fill_between(x, flat[0, :, i], flat[-1, :, i], alpha=0.2, color=line.get_color(), linewidth=0)
        ax.axhline(1, color="0.5", linewidth=0.8)
        ax.set_ylabel("reproduction number")
        name_steps(ax, self.days)
        name_series(ax, self.series)
        return ax
