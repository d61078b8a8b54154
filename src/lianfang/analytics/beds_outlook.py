"""Census of the coming weeks straight from what was seen so far: many places, one regression, honest intervals.

The direct method needs no admissions and no stays; `beds.project_census` is the one to use where those are known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lianfang.analytics.inputs import Floats, as_counts, as_number, as_whole, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "CensusOutlook",
    "OutlookModel",
    "census_outlook",
    "learn_outlook",
]

LEVELS = (0.025, 0.25, 0.5, 0.75, 0.975)
HISTORY = 22  # days of history that the features of one day need
SOURCE = "direct multi-step regression of log growth (Marcellino, Stock & Watson, J Econom 2006;135:499-526)"


@dataclass(frozen=True, kw_only=True)
class OutlookModel(Result):
    """Coefficients learnt for one horizon, and the spread of the errors by size of the census."""

    horizon: int
    n_drivers: int
    coefficients: Floats
    noise: tuple[float, float]
    residuals: Floats
    n_examples: int

    def table(self) -> dict[str, list[Any]]:
        """Return one row a feature: what the log census gains for each unit of it."""
        names = ["census, 3 days", "census, 7 days", "census, the 7 days before"]
        for i in range(self.n_drivers):
            names += [f"driver {i + 1}, week", f"driver {i + 1}, week before"]
        return {"growth of": names, "coefficient": self.coefficients.tolist()}

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the distribution of the standardised errors on the examples."""
        ax = new_axes(ax)
        ax.hist(self.residuals, bins=40)
        ax.set_xlabel(f"standardised error of log census in {self.horizon} days")
        ax.set_ylabel("examples")
        return ax


@dataclass(frozen=True, kw_only=True)
class CensusOutlook(Result):
    """Census `horizon` days ahead for each place; `quantiles` are places x levels."""

    horizon: int
    levels: tuple[float, ...]
    now: Floats
    median: Floats
    quantiles: Floats

    def table(self) -> dict[str, list[Any]]:
        """Return one row a place."""
        columns: dict[str, list[Any]] = {
            "place": list(range(len(self.now))),
            "now": self.now.tolist(),
            "median": self.median.tolist(),
        }
        for i, level in enumerate(self.levels):
            columns[f"q{level:g}"] = self.quantiles[:, i].tolist()
        return columns

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw now against then, with the widest interval."""
        ax = new_axes(ax)
        spread = [self.median - self.quantiles[:, 0], self.quantiles[:, -1] - self.median]
        ax.errorbar(self.now, self.median, yerr=np.maximum(spread, 0), fmt="o")
        top = float(max(self.now.max(), self.median.max(), 1))
        ax.plot([0, top], [0, top], linestyle="--", color="black", linewidth=1)
        ax.set_xlabel("beds occupied now")
        ax.set_ylabel(f"in {self.horizon} days")
        return ax


def _growth(series: Floats, lag: int) -> Floats:
    """Log growth over `lag` days, shrunk towards 0 for small numbers."""
    grown = np.zeros_like(series)
    grown[lag:] = np.log((series[lag:] + 5) / (series[:-lag] + 5))
    return grown


def _week(series: Floats) -> Floats:
    total = np.cumsum(np.vstack([np.zeros((7, series.shape[1])), series]), axis=0)
    return np.asarray(total[7:] - total[:-7])


def _features(census: Floats, drivers: Sequence[Floats]) -> Floats:
    """Return days x places x features: growth of the census in three days and by week, growth of drivers.

    There is no constant: it would carry the rise or fall of the learning period into the next.
    """
    week = _growth(census, 7)
    before = np.vstack([np.zeros((7, census.shape[1])), week[:-7]])
    columns = [_growth(census, 3), week, before]
    for driver in drivers:
        smooth = _week(driver)
        grown = _growth(smooth, 7)
        earlier = np.vstack([np.zeros((7, driver.shape[1])), grown[:-7]])
        # the level of cases against beds is left out: it moves with testing, not with need
        columns += [grown, earlier]
    return np.stack(columns, axis=2)


def _check(census: Any, drivers: Sequence[Any]) -> tuple[Floats, list[Floats]]:
    c = as_counts("census", census)
    series = c[:, None] if c.ndim == 1 else c
    others = []
    for i, driver in enumerate(drivers):
        d = as_counts(f"drivers[{i}]", driver)
        d = d[:, None] if d.ndim == 1 else d
        if d.shape != series.shape:
            raise complain(f"drivers[{i}]", f"of the shape of census {series.shape}", d.shape)
        others.append(d)
    if len(series) < HISTORY:
        raise complain("census", f"at least {HISTORY} days", len(series))
    return series, others


def learn_outlook(
    census: Any, horizon: int, *, drivers: Sequence[Any] = (), ridge: float = 1.0
) -> OutlookModel:
    """Return a model of the census `horizon` days ahead, learnt from all places and days given.

    Formula: log((C(t+h) + 5) / (C(t) + 5)) = b x(t) + error, least squares with weights C + 5 and a ridge penalty; x(t)
    holds the growth of the census over the last 3 and 7 days and the 7 before, and for each driver (cases, admissions,
    ward census) its weekly growth and that of the week before. The variance of the error is
    a + b / (C + 5).

    Parameters
    ----------
    census
        Beds occupied, days x places.
    horizon
        Days ahead.
    drivers
        Daily series of the same shape that run ahead of the census.
    ridge
        Penalty; larger trusts the last value more.

    Raises
    ------
    ValueError
        Missing or negative numbers, unequal shapes, fewer days than features and horizon need.

    Notes
    -----
    Source: see `SOURCE`. Assumes that growth is followed by what followed it before. Learns what growth was followed by: it cannot foresee a lock-down. Learn it on a period that
    has both rise and fall, and not on the period that is judged. Not for a single small ward.

    Examples
    --------
    >>> days = np.arange(120)
    >>> census = (200 + 150 * np.sin(days / 15))[:, None]
    >>> learn_outlook(census, 7).n_examples
    92
    """
    series, others = _check(census, drivers)
    h = as_whole("horizon", horizon, low=1)
    penalty = as_number("ridge", ridge, low=0)
    first, last = HISTORY - 1, len(series) - h
    if last - first < 30:
        raise complain("census", f"at least {HISTORY + h + 30} days for this horizon", len(series))
    x = _features(series, others)[first:last].reshape(-1, 3 + 2 * len(others))
    size = series[first:last].ravel() + 5
    y = np.log((series[first + h :].ravel() + 5) / size)
    scaled = x * size[:, None]
    identity = np.eye(x.shape[1]) * penalty * float(size.mean())
    coefficients: Floats = np.asarray(
        np.linalg.solve(scaled.T @ x + identity, scaled.T @ y), dtype=np.float64
    )
    error = y - x @ coefficients
    noise = _fit_noise(error, size)
    standard = error / np.sqrt(noise[0] + noise[1] / size)
    return OutlookModel(
        horizon=h,
        n_drivers=len(others),
        coefficients=coefficients,
        noise=noise,
        residuals=np.sort(standard),
        n_examples=len(y),
        provenance=Provenance(
            method="weighted ridge regression of census growth",
            source=SOURCE,
            parameters={"horizon": h, "ridge": penalty},
            inputs={"census": digest(series), **{f"drivers[{i}]": digest(d) for i, d in enumerate(others)}},
        ),
    )


def _fit_noise(error: Floats, size: Floats) -> tuple[float, float]:
    """Return a, b > 0 of variance a + b / size, by least squares on the squares, kept positive."""
    design = np.stack([np.ones_like(size), 1 / size], axis=1)
    a, b = np.linalg.lstsq(design * size[:, None], error**2 * size, rcond=None)[0]
    floor = max(float(np.mean(error**2)) * 0.05, 1e-8)
    return max(float(a), floor), max(float(b), floor)


def census_outlook(
    model: OutlookModel, census: Any, *, drivers: Sequence[Any] = (), levels: Sequence[float] = LEVELS
) -> CensusOutlook:
    """Return the census `model.horizon` days after the last day given, for every place.

    Formula, source and cautions are those of `learn_outlook`; the quantiles are those of the model's own past errors,
    scaled to the size of the place. Assumptions as in `learn_outlook`. `census` and `drivers` are days x places up to today (at least 22 days), in the
    order used for learning; ValueError otherwise.

    >>> days = np.arange(150)
    >>> census = (300 + 200 * np.sin(days / 15))[:, None]
    >>> model = learn_outlook(census[:110], 7)
    >>> ahead = census_outlook(model, census[:131])
    >>> bool(abs(ahead.median[0] - census[137, 0]) < abs(census[130, 0] - census[137, 0]))
    True
    """
    series, others = _check(census, drivers)
    if len(others) != model.n_drivers:
        raise complain("drivers", f"the {model.n_drivers} used for learning", len(others))
    wanted = as_counts("levels", list(levels), n_axes=(1,))
    x = _features(series[-HISTORY:], [driver[-HISTORY:] for driver in others])[-1]
    size = series[-1] + 5
    spread = np.sqrt(model.noise[0] + model.noise[1] / size)
    at = np.quantile(model.residuals, wanted)
    growth = (x @ model.coefficients)[:, None] + spread[:, None] * at[None, :]
    quantiles = np.maximum(size[:, None] * np.exp(growth) - 5, 0)
    centre = np.maximum(size * np.exp(x @ model.coefficients) - 5, 0)
    return CensusOutlook(
        horizon=model.horizon,
        levels=tuple(wanted.tolist()),
        now=series[-1],
        median=centre,
        quantiles=quantiles,
        provenance=Provenance(
            method="direct regression of census growth",
            source=SOURCE,
            parameters={"horizon": model.horizon, "n_examples": model.n_examples},
            inputs={"census": digest(series)},
        ),
    )
