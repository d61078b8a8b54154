"""Short-term forecasts of counts with quantiles, and the baseline every forecast has to beat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit
from scipy.stats import nbinom  # type: ignore[attr-defined]  # made at import time, mypy cannot see it

from lianfang.analytics.drawing import name_series, name_steps

from .forecast_trends import LARGEST_ERROR, trend_forecasts, with_leading
from .inputs import Floats, as_counts, as_whole, complain, digest
from .result import Provenance, Result, new_axes
from .scoring import HUB_LEVELS, checked_levels

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "Forecast",
    "baseline_forecast",
    "forecast",
]

_SOURCE = (
    "damped trends on the log scale: Gardner & McKenzie 1985, Manage Sci 31:1237; equal-weight combination: Claeskens "
    "et al. 2016, Int J Forecast 32:754; spread from past errors"
)
_DEGREES = 5.0
_LEVEL_VARIANCE = 0.1
_INFORMATIVE = 50.0  # counts below this teach less about the spread of larger ones


@dataclass(frozen=True, kw_only=True)
class Forecast(Result):
    """Quantiles of the next steps: `quantiles` is (N series, H steps, number of levels).

    `dates` are the first days of the forecast steps (None without a start). `n_past` is the number of past forecasts
    whose errors set the width at the first step; with few the prior spread decides.
    """

    series: tuple[str, ...]
    observed: Floats
    dates: list[date] | None
    levels: Floats
    quantiles: Floats
    n_past: int

    @property
    def median(self) -> Floats:
        """Median, (N, H)."""
        return np.asarray(self.quantiles[..., self.levels.size // 2])

    def table(self) -> Mapping[str, Any]:
        """Return one row a series and step ahead."""
        n, ahead, _ = self.quantiles.shape
        columns: dict[str, Any] = {
            "series": np.repeat(np.asarray(self.series, dtype=object), ahead),
            "ahead": np.tile(np.arange(1, ahead + 1), n),
        }
        if self.dates is not None:
            columns["date"] = self.dates * n
        for k, level in enumerate(self.levels):
            columns[f"q{level:g}"] = self.quantiles[..., k].ravel()
        return columns

    def plot(self, ax: "Axes | None" = None, *, series: int = 0) -> "Axes":
        """Draw what was observed, the median of what is to come and all central intervals."""
        axes = new_axes(ax)
        steps = np.arange(len(self.observed))
        ahead = np.arange(len(self.observed), len(self.observed) + self.quantiles.shape[1])
        axes.plot(steps, self.observed[:, series], color="0.3", label="observed")
        for k in range(self.levels.size // 2):
            low, high = self.quantiles[series, :, k], self.quantiles[series, :, -1 - k]
            axes.fill_between(ahead, low, high, color="C0", alpha=0.08, linewidth=0)
        axes.plot(ahead, self.median[series], color="C0", label="median")
        axes.set_ylabel("cases")
        name_steps(axes, None, "step")
        axes.legend(frameon=False)
        name_series(axes, self.series[series : series + 1])
        return axes


def forecast(
    counts: Any,
    *,
    horizon: int = 4,
    step_days: int = 7,
    leading: Any = None,
    levels: Sequence[float] = HUB_LEVELS,
    prior_sd: float | None = None,
    start: date | None = None,
    names: Sequence[str] | None = None,
) -> Forecast:
    r"""Forecast the next steps of one or many series of counts.

    On the scale L = log(1 + y) the median is the mean of seven damped trends, level + slope (phi + ... + phi^h), with
    slopes over 1 to 3 weeks and phi from 0 (no change) to 1 (as before). With a `leading` series x (cases, for deaths)
    six more are averaged in: log(1 + x) at t + h - lag plus the present distance, with and without its drift, for lags
    of 1 to 3 weeks. Equal weights: weighing by past success did worse on every series tried. The width is Student's t
    with 5 degrees of freedom whose scale at each h comes from the errors of all past forecasts, the larger of a long
    and a short memory, drawn to a prior. Below 50 expected cases it passes over into a negative binomial, and the level
    follows single counts the less the fewer there are. So do the slopes: each is multiplied by v / (v + chance), chance the
    Poisson variance of the slope and v, between 0.001 and 0.15, weighed by how well each of five values forecast the series so far.

    Parameters
    ----------
    counts : array of shape (T,) or (T, N)
        Complete counts, time first: nowcast first where late reports are missing. At least 4 weeks.
    horizon : int
        Steps ahead; up to 4 weeks is what the method is made for.
    step_days : int
        7 for weekly counts; 1 for daily ones, whose weekday pattern is then estimated and put back.
    leading : array of the shape of counts, optional
        A series that runs ahead by one to three weeks.
    prior_sd : float, optional
        Expected error on the log scale one week ahead; 0.33 by default, 0.15 with a leading series.
    start : date, optional
        First day of the first step, for labels.

    Notes
    -----
    Source: see `provenance.source`. Assumes that the near future changes as quickly as the past did; a change of
    policy, of testing or of the case definition is not foreseen: mark the latter by `reporting_artefacts` first. Not
    for more than a month ahead, nor as a scenario. Series are forecast one by one; quantiles of sums are not sums
    of quantiles. Cost: about 1 ms a series of 60 weeks.

    Examples
    --------
    >>> result = forecast([100, 120, 144, 173, 207, 249], horizon=2, levels=[0.25, 0.5, 0.75])
    >>> result.median.round().tolist()
    [[272.0, 295.0]]
    """
    observed, series = as_series(counts, names)
    tau = checked_levels(levels)
    _check_steps(horizon, step_days)
    week = 7 // step_days
    if len(observed) < 4 * week:
        raise complain("counts", f"at least 4 weeks ({4 * week} steps)", len(observed))
    if prior_sd is None:
        prior_sd = 0.33 if leading is None else 0.15
    if not prior_sd > 0:
        raise complain("prior_sd", "above 0", prior_sd)
    level, effect = _level(observed, week)
    actual = _without_season(observed, effect)
    ahead = trend_forecasts(level, actual, horizon, week)
    if leading is not None:
        ahead = with_leading(ahead, level, *_leading_level(leading, observed, week), week=week)
    scale, n_past = _scale(ahead, observed, actual, prior_sd, week)
    quantiles = count_quantiles(ahead[-1], scale, effect, len(observed), tau)
    return Forecast(
        series=series,
        observed=observed,
        dates=first_days(start, len(observed), horizon, step_days),
        levels=tau,
        quantiles=quantiles,
        n_past=n_past,
        provenance=Provenance(
            method="mean of damped trends" + ("" if leading is None else " and of a leading series"),
            source=_SOURCE,
            parameters={
                "horizon": horizon,
                "step_days": step_days,
                "prior_sd": prior_sd,
                "levels": tau.tolist(),
            },
            inputs={"counts": digest(observed)} | ({} if leading is None else {"leading": digest(leading)}),
        ),
    )


def baseline_forecast(
    counts: Any,
    *,
    horizon: int = 4,
    step_days: int = 7,
    levels: Sequence[float] = HUB_LEVELS,
    seed: int,
    n_draws: int = 20_000,
    start: date | None = None,
    names: Sequence[str] | None = None,
) -> Forecast:
    """Forecast "as it is now", with the width of past changes: the baseline of the forecast hubs.

    The median of every step ahead is the last count; the distribution h steps ahead is that of the sum of h
    independent draws from all past one-step differences and their mirror images, cut at 0 (Cramer et al. 2022, PNAS).

    Notes
    -----
    Assumes that changes to come are as large as changes were. Not for decisions: it is the yardstick of
    `relative_skill`, knows no trend and is too narrow where growth goes on. With daily
    counts of a strong weekday pattern the differences are those between weekdays.

    Examples
    --------
    >>> flat = baseline_forecast([50, 52, 49, 51, 50], horizon=2, levels=[0.25, 0.5, 0.75], seed=1)
    >>> flat.quantiles.tolist()
    [[[48.0, 50.0, 52.0], [48.0, 50.0, 52.0]]]
    """
    observed, series = as_series(counts, names)
    tau = checked_levels(levels)
    _check_steps(horizon, step_days)
    if len(observed) < 2:
        raise complain("counts", "at least 2 steps", len(observed))
    rng = np.random.default_rng(seed)
    quantiles = np.empty((observed.shape[1], horizon, tau.size))
    for i in range(observed.shape[1]):
        change = np.diff(observed[:, i])
        mirrored = np.concatenate([change, -change])
        total = np.cumsum(rng.choice(mirrored, size=(horizon, n_draws)), axis=0)
        raw = np.quantile(total, tau, axis=1).T
        spread = (raw - raw[:, ::-1]) / 2  # the mirror images make it symmetric, the draws only nearly
        quantiles[i] = np.maximum(observed[-1, i] + spread, 0.0)
    return Forecast(
        series=series,
        observed=observed,
        dates=first_days(start, len(observed), horizon, step_days),
        levels=tau,
        quantiles=quantiles,
        n_past=len(observed) - 1,
        provenance=Provenance(
            method="hub baseline",
            source="Cramer et al. 2022, PNAS 119(15): e2113561119",
            parameters={"horizon": horizon, "n_draws": n_draws},
            inputs={"counts": digest(observed)},
            seed=seed,
        ),
    )


def as_series(counts: Any, names: Sequence[str] | None) -> tuple[Floats, tuple[str, ...]]:
    """Return counts as (T, N), and the names of the N series."""
    array = as_counts("counts", counts)
    table = array[:, None] if array.ndim == 1 else array
    labels = tuple(f"series {i}" for i in range(table.shape[1])) if names is None else tuple(names)
    if len(labels) != table.shape[1]:
        raise complain("names", f"{table.shape[1]} names, one a series", labels)
    return table, labels


def _check_steps(horizon: int, step_days: int) -> None:
    if step_days not in (1, 7):
        raise complain("step_days", "1 (days) or 7 (weeks)", step_days)
    if not 1 <= as_whole("horizon", horizon) * step_days <= 56:
        raise complain("horizon", "between 1 step and 8 weeks", horizon)


def first_days(start: date | None, steps: int, horizon: int, step_days: int) -> list[date] | None:
    """Return the first day of each step ahead: `start` is that of the first of `steps` observed ones."""
    if start is None:
        return None
    return [start + timedelta(days=step_days * (steps + h)) for h in range(horizon)]


def _level(observed: Floats, week: int) -> tuple[Floats, Floats]:
    """Log level of each step (T, N) and effect of the weekday on the log scale (week, N), 0 for weekly counts."""
    if week == 1:
        return np.log1p(_smoothed(observed, 1)), np.zeros((1, observed.shape[1]))
    steps = len(observed)
    mean = _trailing_mean(observed, week)
    centred = np.concatenate(
        [mean[3:], np.repeat(mean[-1:], 3, axis=0)]
    )  # a trailing week is centred 3 days back
    recent = np.arange(max(0, steps - 8 * week), steps - 3)
    effect = np.zeros((week, observed.shape[1]))
    for w in range(week):
        rows = recent[recent % week == w]
        effect[w] = np.log((observed[rows].sum(axis=0) + 10) / (centred[rows].sum(axis=0) + 10))
    return np.log1p(_smoothed(mean, week)), effect - np.log(np.exp(effect).mean(axis=0))


def _smoothed(counts: Floats, week: int) -> Floats:
    """Follow the counts with the gain of a local level whose weekly change has variance 0.1 on the log scale.

    Large counts are taken nearly as they are; of few cases a week a single one says little.
    """
    level = np.empty_like(counts)
    level[0] = counts[: 4 * week].mean(axis=0)
    for t in range(1, len(counts)):
        before = level[t - 1]
        gain = 1 - (1 - _gain(before * week)) ** (1 / week)
        level[t] = before + gain * (counts[t] - before)
    return level


def _gain(weekly: Floats) -> Floats:
    """Weight of this week's count in the level, for `weekly` expected cases."""
    ratio = _LEVEL_VARIANCE * (weekly + 0.5)
    return np.asarray((np.sqrt(ratio**2 + 4 * ratio) - ratio) / 2)


def _trailing_mean(observed: Floats, width: int) -> Floats:
    total = np.cumsum(np.concatenate([np.zeros((1, observed.shape[1])), observed]), axis=0)
    last = np.arange(1, len(observed) + 1)
    first = np.maximum(last - width, 0)
    return np.asarray((total[last] - total[first]) / (last - first)[:, None])


def _without_season(observed: Floats, effect: Floats) -> Floats:
    return np.asarray(np.log1p(observed) - effect[np.arange(len(observed)) % len(effect)])


def _leading_level(leading: Any, observed: Floats, week: int) -> tuple[Floats, Floats]:
    table = as_counts("leading", leading)
    table = table[:, None] if table.ndim == 1 else table
    if table.shape != observed.shape:
        raise complain("leading", f"of the shape of counts {observed.shape}", table.shape)
    level, effect = _level(table, week)
    return level, _without_season(table, effect)


def _scale(ahead: Floats, observed: Floats, actual: Floats, prior_sd: float, week: int) -> tuple[Floats, int]:
    """Return the scale of the log error by step ahead, (H, N), and how many past errors the first step rests on."""
    steps, horizon, n = ahead.shape
    scale = np.empty((horizon, n))
    for h in range(1, horizon + 1):
        weeks = max(h / week, 0.5)
        prior = (prior_sd * weeks**0.8) ** 2
        origin = np.arange(0, max(steps - h, 0))
        error = np.clip(actual[origin + h] - ahead[origin, h - 1], -LARGEST_ERROR, LARGEST_ERROR)
        informed = np.minimum(1.0, observed[origin] / _INFORMATIVE)
        age = ((steps - 1 - h - origin) / week)[:, None]
        pseudo = 4.0 if prior_sd < 0.25 else 10.0
        long = _weighted(error, informed * 0.93**age, prior, pseudo * week)
        short = _weighted(error, informed * 0.7**age, prior, 1.0 * week)
        scale[h - 1] = np.sqrt(np.maximum(long, short))
    return scale, max(steps - 1, 0)


def _weighted(error: Floats, weight: Floats, prior: float, pseudo: float) -> Floats:
    return np.asarray(((weight * error**2).sum(axis=0) + pseudo * prior) / (weight.sum(axis=0) + pseudo))


def count_quantiles(median: Floats, scale: Floats, effect: Floats, steps: int, levels: Floats) -> Floats:
    """Quantiles on the count scale, (N, H, levels)."""
    horizon = len(median)
    centre = median + effect[(steps + np.arange(horizon)) % len(effect)]
    expected = np.expm1(np.maximum(centre, 0.0))
    width = scale * np.sqrt((_DEGREES - 2) / _DEGREES)
    z = stdtrit(_DEGREES, levels)
    log_quantile = centre.T[..., None] + width.T[..., None] * z
    large = np.maximum(np.expm1(np.minimum(log_quantile, 30.0)), 0.0)
    mean = np.maximum(expected, 0.05).T[..., None]
    unsure_level = _gain(mean) / (mean + 0.5)
    size = 1 / (np.expm1(np.minimum(scale.T[..., None], 1.0) ** 2) + unsure_level)
    small = nbinom.ppf(levels, size, size / (size + mean))
    share = np.minimum(mean / _INFORMATIVE, 1.0)
    return np.asarray(share * large + (1 - share) * small)
