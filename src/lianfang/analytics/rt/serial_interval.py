"""Serial intervals as Rt estimators want them: a probability for each whole day since the infector's onset."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import gammainc, ndtr, ndtri

from lianfang.analytics.inputs import Floats, as_counts, as_floats, as_whole, complain

_SUM_TOLERANCE = 0.01


@dataclass(frozen=True)
class ParametricInterval:
    """A serial interval known up to `mean` and `sd` (days): a gamma distribution shifted by one day."""

    mean: float
    sd: float

    def __post_init__(self) -> None:
        _check_moments(self.mean, self.sd)


@dataclass(frozen=True)
class UncertainInterval:
    """A serial interval whose mean and standard deviation are themselves uncertain.

    Both are normal, cut to a range: the mean about `mean` with spread `mean_sd` within `mean_range`, the standard
    deviation about `sd` with spread `sd_sd` within `sd_range` (days). This is the `uncertain_si` of EpiEstim.
    `draws` = None integrates by Gauss-Legendre quadrature with 15 x 15 nodes, the same answer every time;
    a number draws that many pairs with `seed`.
    """

    mean: float
    mean_sd: float
    mean_range: tuple[float, float]
    sd: float
    sd_sd: float
    sd_range: tuple[float, float]
    draws: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name, (low, high), centre in (
            ("mean_range", self.mean_range, self.mean),
            ("sd_range", self.sd_range, self.sd),
        ):
            if not low <= centre <= high:
                raise complain(name, f"a range that holds {centre}", (low, high))
        if self.mean_range[0] < 1:
            raise complain("mean_range", "from 1 day upwards", self.mean_range)
        _check_moments(self.mean, self.sd_range[0])
        if not (0 < self.mean_sd < np.inf and 0 < self.sd_sd < np.inf):
            raise complain("mean_sd, sd_sd", "greater than 0 and finite", (self.mean_sd, self.sd_sd))
        if self.draws is not None and self.draws < 1:
            raise complain("draws", "None, or 1 or more", self.draws)

    def moments(self) -> tuple[Floats, Floats, Floats]:
        """Return means, standard deviations and weights (sum 1) of the serial intervals to mix."""
        if self.draws is not None:
            rng = np.random.default_rng(self.seed)
            means = _cut_normal(self.mean, self.mean_sd, self.mean_range, rng.random(self.draws))
            sds = _cut_normal(self.sd, self.sd_sd, self.sd_range, rng.random(self.draws))
            return means, sds, np.full(self.draws, 1 / self.draws)
        means, mean_weights = _nodes(self.mean, self.mean_sd, self.mean_range)
        sds, sd_weights = _nodes(self.sd, self.sd_sd, self.sd_range)
        grid = np.meshgrid(means, sds, indexing="ij")
        return grid[0].ravel(), grid[1].ravel(), np.outer(mean_weights, sd_weights).ravel()


def _check_moments(mean: float, sd: float) -> None:
    if not (np.isfinite(mean) and mean > 1):
        raise complain("mean of the serial interval", "greater than 1 day", mean)
    if not (np.isfinite(sd) and sd > 0):
        raise complain("standard deviation of the serial interval", "greater than 0 days", sd)


def _cut_normal(mean: float, sd: float, within: tuple[float, float], uniform: Floats) -> Floats:
    low, high = (ndtr((side - mean) / sd) for side in within)
    return np.asarray(mean + sd * ndtri(low + (high - low) * uniform))


def _nodes(mean: float, sd: float, within: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return 15 Gauss-Legendre nodes and their weights under a normal cut to `within`."""
    x, w = np.polynomial.legendre.leggauss(15)
    low, high = max(within[0], mean - 6 * sd), min(within[1], mean + 6 * sd)
    points = (high + low) / 2 + (high - low) / 2 * x
    weights = w * np.exp(-0.5 * ((points - mean) / sd) ** 2)
    return np.asarray(points), np.asarray(weights / weights.sum())


def discretise_serial_interval(mean: Any, sd: Any, n_days: int) -> Floats:
    """Return the probabilities of lags 0 to n_days - 1 of a shifted gamma serial interval.

    The gamma has mean `mean` - 1 and standard deviation `sd` and is shifted by one day; infection within a day is
    spread evenly, which makes the weight of lag k the triangular average of the density over k - 1 to k + 1
    (Cori et al. 2013, Am J Epidemiol 178, web appendix 11; `discr_si` of EpiEstim, equal to 1e-12). Lag 0 is 0.
    The tail beyond the last day is not moved in, so the sum is below 1 by just that tail.
    Arrays of `mean` and `sd` give one column each.

    Assumes a gamma shape. Do not use it for intervals that can be negative or shorter than a day: pass a distribution instead.

    >>> discretise_serial_interval(2.6, 1.5, 5).round(4)
    array([0.    , 0.2332, 0.3586, 0.1981, 0.1033])
    """
    # `as_floats` gives a number an axis; a pair of numbers gives one interval, not a table of one.
    means, sds = np.broadcast_arrays(
        as_floats("mean", mean).reshape(np.shape(mean)), as_floats("sd", sd).reshape(np.shape(sd))
    )
    for one_mean, one_sd in zip(means.ravel(), sds.ravel(), strict=True):
        _check_moments(float(one_mean), float(one_sd))
    n_days = as_whole("n_days", n_days, low=1)
    shape, scale = ((means - 1) / sds) ** 2, sds**2 / (means - 1)
    lags = np.arange(-2, n_days).reshape((-1,) + (1,) * means.ndim)
    x = np.maximum(lags, 0) / scale
    whole = lags * gammainc(shape, x) - shape * scale * gammainc(shape + 1, x)
    # `whole` is the integral of (lag - x) f(x) up to the lag; its second difference is the triangular average.
    return np.asarray(np.maximum(whole[2:] - 2 * whole[1:-1] + whole[:-2], 0.0))


def checked_interval(values: Any, parameter: str = "serial_interval") -> Floats:
    """Return a serial interval (lags from 0; a second axis holds draws) after the checks every estimator needs.

    Lag 0 must be 0 (the renewal equation has no same-day offspring) and the sum 1 within 0.01, as published
    tables are rounded; it is used as given, not rescaled.
    """
    array = as_counts(parameter, values)
    if np.any(array[0] != 0):
        raise complain(f"{parameter}[0]", "0, because nobody infects on the day of the own onset", array[0])
    sums = np.atleast_1d(array.sum(axis=0))
    if np.any(np.abs(sums - 1) > _SUM_TOLERANCE):
        raise complain(parameter, "probabilities that sum to 1", float(sums[np.abs(sums - 1).argmax()]))
    return array


Interval = ParametricInterval | UncertainInterval | Any


def interval_draws(interval: Interval, n_days: int) -> tuple[Floats, Floats]:
    """Return serial intervals as columns (n_days x draws) and the weight of each."""
    if isinstance(interval, UncertainInterval):
        means, sds, weights = interval.moments()
        return discretise_serial_interval(means, sds, n_days), weights
    if isinstance(interval, ParametricInterval):
        pmf = discretise_serial_interval(interval.mean, interval.sd, n_days)
        return pmf[:, None], np.ones(1)
    given = checked_interval(interval)
    columns = given if given.ndim == 2 else given[:, None]
    return columns, np.full(columns.shape[1], 1 / columns.shape[1])


def lag_matrix(interval: Floats, n_days: int) -> Floats:
    """Return the n_days x n_days matrix that turns counts by day into weighted past counts by day."""
    weights = np.zeros(n_days)
    weights[: min(n_days, len(interval))] = interval[:n_days]
    lag = np.subtract.outer(np.arange(n_days), np.arange(n_days))
    return np.where(lag >= 0, weights[lag], 0.0)
