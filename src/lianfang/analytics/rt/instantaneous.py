"""The instantaneous reproduction number of Cori et al. (2013): many regions, many windows, one closed form."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lianfang.analytics.drawing import name_series, name_steps
from lianfang.analytics.inputs import Floats, as_counts, as_days, as_floats, as_number, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes
from lianfang.analytics.rt.gamma_quantiles import gamma_quantiles, mixture_quantiles
from lianfang.analytics.rt.serial_interval import (
    Interval,
    ParametricInterval,
    UncertainInterval,
    interval_draws,
    lag_matrix,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PROBABILITIES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
_LONGEST_PRODUCT = 1500


@dataclass(frozen=True, kw_only=True)
class ReproductionNumber(Result):
    """Posterior of R by window (first axis) and series (second axis, absent if the input had one axis).

    `start` and `end` are positions in the input, both included. `quantiles` has the probabilities as first axis.
    `cases` are the local cases of the window, `infectivity` the sum over the window of past cases weighted by the
    serial interval. `status` says how each number came about: "estimated"; "prior" where no case precedes the
    window's last day, so that the posterior is the prior and nothing else; "too early" where the window ends
    within one mean serial interval of the first day, and mean, sd and quantiles are NaN (as in EpiEstim).
    """

    start: NDArray[np.intp]
    end: NDArray[np.intp]
    mean: Floats
    sd: Floats
    quantiles: Floats
    probabilities: tuple[float, ...]
    cases: Floats
    infectivity: Floats
    status: NDArray[np.str_]
    days: NDArray[np.datetime64] | None
    series: tuple[str, ...]

    def quantile(self, probability: float) -> Floats:
        """Return the quantile of one of the probabilities asked for."""
        if probability not in self.probabilities:
            raise complain("probability", f"one of {self.probabilities}", probability)
        return np.asarray(self.quantiles[self.probabilities.index(probability)])

    def table(self) -> dict[str, Any]:
        """Return one row a window and series: where, from, to, cases, status, mean, sd, quantiles."""
        n = len(self.series)
        columns: dict[str, Any] = {
            "series": np.repeat(np.asarray(self.series), len(self.end)),
            "start": np.tile(self.start if self.days is None else self.days[self.start], n),
            "end": np.tile(self.end if self.days is None else self.days[self.end], n),
            "cases": self.cases.T.ravel(),
            "status": self.status.T.ravel(),
            "mean": self.mean.T.ravel(),
            "sd": self.sd.T.ravel(),
        }
        for probability, values in zip(self.probabilities, self.quantiles, strict=True):
            columns[f"q{probability:g}"] = values.T.ravel()
        return columns

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the mean and the widest interval of each series at the last day of each window."""
        ax = new_axes(ax)
        x: Any = self.end if self.days is None else self.days[self.end]
        n = len(self.series)
        mean = self.mean.reshape(-1, n)
        low, high = self.quantiles[0].reshape(-1, n), self.quantiles[-1].reshape(-1, n)
        for i, name in enumerate(self.series):
            (line,) = ax.plot(x, mean[:, i], label=name)
            ax.fill_between(x, low[:, i], high[:, i], alpha=0.2, color=line.get_color(), linewidth=0)
        ax.axhline(1, color="0.5", linewidth=0.8)
        ax.set_ylabel("reproduction number")
        name_steps(ax, self.days)
        name_series(ax, self.series)
        return ax


def infectivity(cases: Floats, interval: Floats) -> Floats:
    """Return for each day the past cases weighted by the serial interval, sum over s of I[t-s] w[s].

    `cases` has time first and any number of series; day 0 is 0. Costs one matrix product up to 1500 days and a
    Fourier convolution beyond. Source: Cori et al. 2013, there called total infectiousness. Assumes that all cases are
    counted. Not for counts with gaps.

    >>> infectivity(np.array([1.0, 2.0, 4.0]), np.array([0, 0.5, 0.5]))
    array([0. , 0.5, 1.5])
    """
    if not np.isfinite(cases := as_floats("cases", cases)).all():
        raise complain("cases", "finite numbers", cases.tolist())
    interval = as_counts("interval", interval, n_axes=(1,))
    n = len(cases)
    if n <= _LONGEST_PRODUCT:
        return np.asarray(lag_matrix(interval, n) @ cases)
    columns, length = cases.reshape(n, -1), 2 * n
    spectrum = np.fft.rfft(columns, length, axis=0) * np.fft.rfft(interval[:n], length)[:, None]
    return np.maximum(np.fft.irfft(spectrum, length, axis=0)[:n], 0.0).reshape(cases.shape)


def reproduction_number(
    cases: Any,
    *,
    serial_interval: Interval,
    imported: Any = None,
    window: int = 7,
    windows: tuple[Any, Any] | None = None,
    prior_mean: float = 5.0,
    prior_sd: float = 5.0,
    offspring_k: float | None = None,
    probabilities: tuple[float, ...] = PROBABILITIES,
    days: Any = None,
    at: date | None = None,
    series: Any = None,
) -> ReproductionNumber:
    """Return the instantaneous reproduction number of each window and series.

    Within a window local cases are Poisson with mean R times the infectivity, the sum over s of w[s] I[t-s]; with
    a gamma prior the posterior of R is gamma with shape a + local cases and rate 1/b + infectivity of the window
    (Cori et al. 2013, Am J Epidemiol 178:1505; Thompson et al. 2019, Epidemics 29 for imported cases and uncertain
    intervals). Equal to EpiEstim to 1e-6.

    Parameters
    ----------
    cases
        Counts by day (time, or time x series), imported ones included, of any array kind; no gaps.
    serial_interval
        `ParametricInterval(mean, sd)`; probabilities by lag from 0; a lags x draws array of equally likely ones;
        or `UncertainInterval`. With more than one, the result is the mixture, with exact quantiles.
    imported
        Those of `cases` infected elsewhere: they infect but are not infected here. Left out, only the first day's.
    window, windows
        Length in days, sliding by a day from day 1; or explicit (starts, ends), positions from 1, both included.
    prior_mean, prior_sd
        Gamma prior of R.
    offspring_k
        Dispersion of the number of infectees a case (`priors.find_priors(disease, "offspring distribution")`). Left
        out, chance is Poisson, as in EpiEstim, and with super-spreading intervals are far too narrow. Given, the
        variance is m (1 + c R / k), c the share of its infectees that a mean infector has in the window, and the
        likelihood is tempered by it.
    days, at, series
        Dates of the rows, today (later dates are refused), and names of the series.

    Assumes that all cases are reported with the same probability and without delay. Not for reporting that changes,
    delays, or weekday rhythms without a window of whole weeks, which bias it: use `renewal.estimate_renewal` then, or read the result as R some days ago. A constant
    reporting probability cancels.

    Raises ValueError for negative, missing or non-numeric counts, for more imported cases than cases, and for
    windows outside the data. Series without any case are no error: their status is "prior".

    >>> result = reproduction_number([1, 2, 3, 5, 8, 12, 18, 27, 40], serial_interval=[0, 0.5, 0.5], window=3)
    >>> result.mean.round(2)
    array([2.34, 2.07, 1.97, 1.88, 1.83, 1.8 ])
    >>> float(result.quantile(0.025)[-1].round(2))
    1.44
    """
    counts = as_counts("cases", cases)
    n_days = len(counts)
    local = counts - _imported_counts(imported, counts)
    start, end = _windows(window, windows, n_days)
    if not (prior_mean > 0 and prior_sd > 0):
        raise complain("prior_mean, prior_sd", "greater than 0", (prior_mean, prior_sd))
    if not all(0 < p < 1 for p in probabilities) or list(probabilities) != sorted(probabilities):
        raise complain("probabilities", "between 0 and 1, rising", probabilities)
    intervals, weights = interval_draws(serial_interval, n_days)
    posterior = _posterior(counts, local, intervals, (start, end), (prior_mean, prior_sd))
    if offspring_k is not None:
        k = as_number("offspring_k", offspring_k, low=0.01)
        posterior = _tempered(posterior, counts, intervals, (start, end), (prior_mean, prior_sd, k))
    mean, sd, quantiles, n_parts = _summary(*posterior[:2], posterior[3], weights, probabilities)
    load = np.tensordot(weights, posterior[2], axes=1)
    status = np.where(n_parts == 0, "too early", np.where(load > 0, "estimated", "prior"))
    return ReproductionNumber(
        provenance=_provenance(serial_interval, counts, local, (prior_mean, prior_sd, offspring_k)),
        start=start,
        end=end,
        mean=mean,
        sd=sd,
        quantiles=quantiles,
        probabilities=tuple(probabilities),
        cases=window_sums(local, start, end),
        infectivity=load,
        status=status,
        days=None if days is None else as_days("days", days, n=n_days, at=at),
        series=series_names(series, counts),
    )


def series_names(series: Any, counts: Floats) -> tuple[str, ...]:
    """Return one name for each series, numbered from 1 where none are given."""
    n = 1 if counts.ndim == 1 else counts.shape[1]
    if series is None:
        return tuple(str(i + 1) for i in range(n))
    names = (str(series),) if isinstance(series, str) else tuple(str(name) for name in series)
    if len(names) != n or len(set(names)) != n:
        raise complain("series", f"{n} different names", names)
    return names


def window_sums(values: Floats, start: NDArray[np.intp], end: NDArray[np.intp]) -> Floats:
    """Return the sum over each window, both ends included."""
    totals = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    return np.asarray(totals[end + 1] - totals[start])


def _imported_counts(imported: Any, counts: Floats) -> Floats:
    if imported is None:
        given = np.zeros_like(counts)
    else:
        given = as_counts("imported", imported)
        if given.shape != counts.shape:
            raise complain("imported", f"of the shape of cases, {counts.shape}", given.shape)
        if np.any(given > counts):
            where = tuple(int(i) for i in np.argwhere(given > counts)[0])
            raise complain(
                f"imported at {where}", f"at most the cases, {counts[where]:g}", float(given[where])
            )
        given = given.copy()
    given[0] = counts[0]
    return given


def _windows(
    window: int, windows: tuple[Any, Any] | None, n_days: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    if windows is None:
        if not 1 <= window <= n_days - 1:
            raise complain("window", f"from 1 to {n_days - 1}, the days after the first", window)
        start = np.arange(1, n_days - window + 1)
        return start, start + window - 1
    start, end = (np.asarray(side, dtype=np.intp) for side in windows)
    if start.ndim != 1 or start.shape != end.shape or start.size == 0:
        raise complain("windows", "two equally long lists of positions", (start.shape, end.shape))
    if np.any(start < 1) or np.any(end < start) or np.any(end >= n_days):
        raise complain("windows", f"within 1 to {n_days - 1} with start <= end", windows)
    return start, end


def _posterior(
    counts: Floats,
    local: Floats,
    intervals: Floats,
    windows: tuple[NDArray[np.intp], NDArray[np.intp]],
    prior: tuple[float, float],
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Return shape, scale and infectivity (draws x windows [x series]), and which windows each draw can serve."""
    start, end = windows
    mean, sd = prior
    shape = (mean / sd) ** 2 + window_sums(local, start, end)
    loads = np.stack([window_sums(infectivity(counts, w), start, end) for w in intervals.T])
    scale = 1 / (mean / sd**2 + loads)
    means = np.arange(len(intervals)) @ intervals
    late = end[None, :] + 1 > means[:, None]
    late = np.broadcast_to(late.reshape(late.shape + (1,) * (counts.ndim - 1)), loads.shape)
    return np.broadcast_to(shape, loads.shape), scale, loads, late


def _tempered(
    posterior: tuple[Floats, Floats, Floats, NDArray[np.bool_]],
    counts: Floats,
    intervals: Floats,
    windows: tuple[NDArray[np.intp], NDArray[np.intp]],
    settings: tuple[float, float, float],
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Return the posterior with the likelihood to the power 1 / phi, phi = 1 + c R / k at the mean of R."""
    shape, scale, loads, late = posterior
    mean, sd, k = settings
    share = np.stack([_share_in_window(counts, w, windows) for w in intervals.T])
    phi = 1 + shape * scale * np.divide(share, loads, out=np.zeros_like(loads), where=loads > 0) / k
    prior_shape, prior_rate = (mean / sd) ** 2, mean / sd**2
    return prior_shape + (shape - prior_shape) / phi, 1 / (prior_rate + loads / phi), loads, late


def _share_in_window(
    counts: Floats, interval: Floats, windows: tuple[NDArray[np.intp], NDArray[np.intp]]
) -> Floats:
    """Return sum over past days of cases times (weight that falls into the window) squared, for each window."""
    start, end = windows
    total = np.concatenate([[0.0], np.cumsum(interval)])
    squares = np.empty((len(end), *counts.shape[1:]))
    for length in np.unique(end - start + 1):
        lags = np.arange(len(counts))
        upper = total[np.minimum(lags + 1, len(interval))]
        weight = upper - total[np.minimum(np.maximum(lags + 1 - length, 0), len(interval))]
        chosen = end - start + 1 == length
        squares[chosen] = infectivity(counts, weight**2)[end[chosen]]
    return squares


def _summary(
    shape: Floats, scale: Floats, late: NDArray[np.bool_], weights: Floats, probabilities: tuple[float, ...]
) -> tuple[Floats, Floats, Floats, NDArray[np.intp]]:
    """Return mean, sd, quantiles and number of usable draws of the mixture over draws."""
    n_parts = late.sum(axis=0)
    if len(weights) == 1:
        a, b = np.where(late[0], shape[0], np.nan), scale[0]
        return a * b, np.sqrt(a) * b, gamma_quantiles(a, b, probabilities), n_parts
    weight = late * weights.reshape((-1,) + (1,) * (shape.ndim - 1))
    total = weight.sum(axis=0)
    weight = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    mean = np.where(total > 0, (weight * shape * scale).sum(axis=0), np.nan)
    square = (weight * shape * (shape + 1) * scale**2).sum(axis=0)
    sd = np.sqrt(np.maximum(square - mean**2, 0))
    return mean, sd, mixture_quantiles(shape, scale, weight, probabilities), n_parts


def _provenance(
    interval: Interval, counts: Floats, local: Floats, prior: tuple[float, float, float | None]
) -> Provenance:
    named = isinstance(interval, ParametricInterval | UncertainInterval)
    inputs = {"cases": digest(counts), "local": digest(local)}
    if not named:
        inputs["serial_interval"] = digest(np.asarray(interval, dtype=float))
    return Provenance(
        method="instantaneous reproduction number, Poisson renewal with gamma prior",
        source="Cori et al. 2013, doi:10.1093/aje/kwt133; Thompson et al. 2019, doi:10.1016/j.epidem.2019.100356",
        parameters={
            "serial_interval": repr(interval) if named else "given",
            "prior": prior[:2],
            "offspring_k": prior[2],
        },
        inputs=inputs,
        seed=interval.seed if isinstance(interval, UncertainInterval) and interval.draws else None,
    )
