"""Scores of probabilistic forecasts given as quantiles: interval score, coverage, bias, PIT, relative skill.

Who calls it: whoever keeps forecasts or nowcasts and later learns what happened. Lower scores are better; scores
carry the unit of the counts, so compare forecasts of the same targets only, or use `relative_skill`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .inputs import Floats, as_floats, complain, digest
from .result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "QuantileScores",
    "RelativeSkill",
    "pit_values",
    "relative_skill",
    "score_quantiles",
]

HUB_LEVELS: tuple[float, ...] = (0.01, 0.025, *(round(0.05 * k, 2) for k in range(1, 20)), 0.975, 0.99)
"""The 23 quantile levels of the US and European forecast hubs."""

_SOURCE_WIS = "Bracher, Ray, Gneiting, Reich 2021, PLoS Comput Biol 17(2): e1008618"
_SOURCE_PAIRS = "Cramer et al. 2022, PNAS 119(15): e2113561119"


@dataclass(frozen=True, kw_only=True)
class QuantileScores(Result):
    """Scores of n forecasts, each a set of quantiles.

    `wis` = `overprediction` + `underprediction` + `dispersion`, all of shape (n,), in the unit of the counts.
    `bias` (n,) runs from -1 (all quantiles below the truth) to 1 (all above). `rank` (n,) is the probability level
    at which the truth fell, the PIT value read from the quantiles. `inside` (n, k) tells whether the central
    interval of nominal coverage `nominal[k]` holds the truth.
    """

    observed: Floats
    wis: Floats
    overprediction: Floats
    underprediction: Floats
    dispersion: Floats
    bias: Floats
    rank: Floats
    nominal: Floats
    inside: np.ndarray[Any, np.dtype[np.bool_]]

    @property
    def mean_wis(self) -> float:
        """Mean weighted interval score over all forecasts."""
        return float(self.wis.mean())

    def coverage(self, nominal: float) -> float:
        """Return the share of truths inside the central interval of `nominal` coverage (0.9 for 5 % to 95 %)."""
        where = np.flatnonzero(np.isclose(self.nominal, nominal, atol=1e-9))
        if where.size == 0:
            raise complain("nominal", f"one of {self.nominal.tolist()}", nominal)
        return float(self.inside[:, where[0]].mean())

    def table(self) -> Mapping[str, Any]:
        """Return one row a forecast."""
        columns: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("observed", "wis", "overprediction", "underprediction", "dispersion", "bias", "rank")
        }
        for k, level in enumerate(self.nominal):
            columns[f"inside_{100 * level:g}"] = self.inside[:, k]
        return columns

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw empirical against nominal coverage; on the diagonal the intervals are as wide as they claim."""
        axes = new_axes(ax)
        axes.plot([0, 1], [0, 1], color="0.6", linewidth=1)
        axes.plot(self.nominal, self.inside.mean(axis=0), marker="o")
        axes.set_xlabel("nominal coverage")
        axes.set_ylabel("share of truths inside")
        return axes


@dataclass(frozen=True, kw_only=True)
class RelativeSkill(Result):
    """Pairwise relative scores: below 1 is better than the baseline on the targets both forecast."""

    models: tuple[str, ...]
    ratios: Floats
    relative: Floats
    scaled: Floats
    n_scored: Floats
    baseline: str

    def table(self) -> Mapping[str, Any]:
        """Return one row a model, the best first."""
        order = np.argsort(np.nan_to_num(self.scaled, nan=np.inf), kind="stable")
        return {
            "model": [self.models[i] for i in order],
            "n_scored": self.n_scored[order],
            "relative": self.relative[order],
            "scaled_to_baseline": self.scaled[order],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw scaled relative skill, one bar a model."""
        axes = new_axes(ax)
        rows = self.table()
        axes.barh(rows["model"], rows["scaled_to_baseline"])
        axes.axvline(1.0, color="0.4", linewidth=1)
        axes.set_xlabel(f"relative score ({self.baseline} = 1)")
        return axes


def checked_levels(levels: Sequence[float] | Floats) -> Floats:
    """Return quantile levels as an array; they must rise strictly, be symmetric about 0.5 and contain it."""
    array = as_floats("levels", levels)
    ascending = array.ndim == 1 and array.size > 0 and bool(np.all(np.diff(array) > 0))
    if not ascending or array[0] <= 0 or array[-1] >= 1:
        raise complain("levels", "strictly rising numbers between 0 and 1", array.tolist())
    if not np.allclose(array + array[::-1], 1.0, atol=1e-9):
        raise complain("levels", "symmetric about 0.5 and including it", array.tolist())
    if array.size % 2 == 0:
        raise complain("levels", "an odd number of levels that includes 0.5", array.tolist())
    return array


def _checked_forecasts(observed: Any, predicted: Any, levels: Sequence[float] | Floats) -> tuple[Floats, ...]:
    truth = np.atleast_1d(as_floats("observed", observed))
    quantiles = np.atleast_2d(as_floats("predicted", predicted))
    tau = checked_levels(levels)
    if truth.ndim != 1 or truth.size == 0 or quantiles.shape != (truth.size, tau.size):
        raise complain("predicted", f"of shape ({truth.size}, {tau.size})", quantiles.shape)
    for name, values in (("observed", truth), ("predicted", quantiles)):
        if not np.isfinite(values).all():
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
            raise complain(f"{name}{list(where)}", "a finite number", float(values[where]))
    falls = np.argwhere(np.diff(quantiles, axis=1) < -1e-9)
    if falls.size:
        row = int(falls[0][0])
        raise complain(f"predicted[{row}]", "quantiles that never fall", quantiles[row].tolist())
    return truth, quantiles, tau


def score_quantiles(observed: Any, predicted: Any, levels: Sequence[float] = HUB_LEVELS) -> QuantileScores:
    """Score quantile forecasts by the weighted interval score and its three parts.

    With quantiles q at levels t (2K + 1 of them, symmetric, with the median m) and truth y::

        WIS = (|y - m| / 2 + sum_k (a_k / 2) * IS_k) / (K + 1/2)
        IS_k = (u_k - l_k) + (2 / a_k) (l_k - y)+ + (2 / a_k) (y - u_k)+,   a_k = 2 t_k

    The same number is the mean of twice the pinball losses. Width gives `dispersion`; truth below the interval
    (forecast too high) gives `overprediction`, truth above it `underprediction`; the median's error is split by sign.
    With the median alone it is the absolute error.

    Parameters
    ----------
    observed : array of shape (n,)
        What happened.
    predicted : array of shape (n, number of levels)
        Quantiles that never fall along a row.
    levels : sequence of float
        Strictly rising, symmetric, with 0.5; by default the 23 of the forecast hubs.

    Notes
    -----
    Source: Bracher et al. 2021. Assumes that truth and forecast speak of the same count; corrections of the truth
    after the fact change scores, so record the vintage. Not for comparing places of different size: take
    `relative_skill` there, or score on the log scale.

    Examples
    --------
    >>> scores = score_quantiles([10.0], [[6.0, 8.0, 9.0]], levels=[0.25, 0.5, 0.75])
    >>> [round(float(part[0]), 4) for part in (scores.wis, scores.dispersion, scores.underprediction)]
    [1.8333, 0.5, 1.3333]
    """
    truth, quantiles, tau = _checked_forecasts(observed, predicted, levels)
    pairs = tau.size // 2
    lower, middle, upper = quantiles[:, :pairs], quantiles[:, pairs], quantiles[:, :pairs:-1]
    alpha = 2 * tau[:pairs]
    share = pairs + 0.5
    y = truth[:, None]
    dispersion = (alpha / 2 * (upper - lower)).sum(axis=1) / share
    over = (np.maximum(lower - y, 0).sum(axis=1) + np.maximum(middle - truth, 0) / 2) / share
    under = (np.maximum(y - upper, 0).sum(axis=1) + np.maximum(truth - middle, 0) / 2) / share
    order = np.argsort(1 - alpha, kind="stable")
    return QuantileScores(
        observed=truth,
        wis=dispersion + over + under,
        overprediction=over,
        underprediction=under,
        dispersion=dispersion,
        bias=_bias(truth, quantiles, tau),
        rank=_rank(truth, quantiles, tau),
        nominal=np.round(1 - alpha, 10)[order],
        inside=((lower <= y) & (y <= upper))[:, order],
        provenance=Provenance(
            method="weighted interval score",
            source=_SOURCE_WIS,
            parameters={"levels": tau.tolist()},
            inputs={"observed": digest(truth), "predicted": digest(quantiles)},
        ),
    )


def _bias(truth: Floats, quantiles: Floats, tau: Floats) -> Floats:
    """Bias of each forecast: 1 - 2 t, with t the outermost level between which and the median the truth lies."""
    y = truth[:, None]
    below = np.where(quantiles <= y, tau, 0.0).max(axis=1)
    above = np.where(quantiles >= y, tau, 1.0).min(axis=1)
    middle = quantiles[:, tau.size // 2]
    return np.where(truth < middle, 1 - 2 * below, np.where(truth > middle, 1 - 2 * above, 0.0))


def _rank(truth: Floats, quantiles: Floats, tau: Floats) -> Floats:
    """Level at which the truth falls, linear between quantiles; outside, half of the outer level."""
    ranks = np.empty(truth.size)
    for i, (y, row) in enumerate(zip(truth, quantiles, strict=True)):
        if y < row[0]:
            ranks[i] = tau[0] / 2
        elif y > row[-1]:
            ranks[i] = (1 + tau[-1]) / 2
        else:
            ties = np.flatnonzero(row == y)
            ranks[i] = tau[ties].mean() if ties.size else np.interp(y, row, tau)
    return ranks


def pit_values(observed: Any, samples: Any, *, seed: int) -> Floats:
    """Return randomised probability integral transform values of sample forecasts of counts.

    `u = F(y - 1) + v (F(y) - F(y - 1))` with v uniform: uniform on (0, 1) where the forecasts are calibrated, U-shaped
    where they are too narrow, humped where too wide. Source: Czado, Gneiting, Held 2009, Biometrics 65:1254.

    Parameters
    ----------
    observed : array of shape (n,)
        Counts that happened.
    samples : array of shape (n, draws)
        Draws of each forecast; about 100 or more make the steps of F small.
    seed : int
        Seed of v.

    Notes
    -----
    Assumes independent targets. Not for a verdict alone: uniformity is necessary, not sufficient: a forecast of the climate alone is uniform too. Look at WIS as well.

    Examples
    --------
    >>> pit_values([3], [[1, 2, 3, 4]], seed=1).round(3)
    array([0.628])
    """
    truth = np.atleast_1d(as_floats("observed", observed))
    draws = np.atleast_2d(as_floats("samples", samples))
    if truth.ndim != 1 or draws.ndim != 2 or draws.shape[0] != truth.size or draws.size == 0:
        raise complain("samples", f"of shape ({truth.size}, draws)", draws.shape)
    if not (np.isfinite(truth).all() and np.isfinite(draws).all()):
        raise complain("observed and samples", "finite", "a missing value")
    below = (draws < truth[:, None]).mean(axis=1)
    at_most = (draws <= truth[:, None]).mean(axis=1)
    uniform: Floats = np.random.default_rng(seed).random(truth.size)
    return np.asarray(below + uniform * (at_most - below))


def relative_skill(scores: Mapping[str, Any], *, baseline: str) -> RelativeSkill:
    """Compare models by pairwise score ratios on the targets that both forecast.

    For models i and j let r_ij be the ratio of their mean scores over the targets both cover; the relative skill of i
    is the geometric mean of r_ij over all j with common targets (itself included, r_ii = 1), then divided by that of
    the baseline. So a model that left out the hard weeks gains nothing. Source: Cramer et al. 2022.

    Parameters
    ----------
    scores : mapping of model name to array of shape (n,)
        One score a target, in the same order for every model; NaN where the model made no forecast.
    baseline : str
        The model set to 1.

    Notes
    -----
    Assumes that scores are positive on average and that one score means the same on all targets. Not for models without any common target: their ratio is left out, and a model
    that shares none with anybody gets NaN.

    Examples
    --------
    >>> skill = relative_skill({"ours": [1.0, 2.0], "naive": [2.0, 4.0]}, baseline="naive")
    >>> dict(zip(skill.models, skill.scaled.round(3).tolist(), strict=True))
    {'ours': 0.5, 'naive': 1.0}
    """
    names = tuple(scores)
    if baseline not in names:
        raise complain("baseline", f"one of {list(names)}", baseline)
    columns = [as_floats(f"scores[{name!r}]", scores[name]) for name in names]
    if any(column.shape != columns[0].shape or column.ndim != 1 for column in columns):
        raise complain("scores", "arrays of one axis and equal length", [c.shape for c in columns])
    table = np.vstack(columns)
    known = np.isfinite(table)
    if (table[known] < 0).any():
        raise complain("scores", "0 or more", float(table[known].min()))
    ratios = np.full((len(names), len(names)), np.nan)
    for i in range(len(names)):
        for j in range(len(names)):
            both = known[i] & known[j]
            if both.any() and table[j, both].mean() > 0:
                ratios[i, j] = table[i, both].mean() / table[j, both].mean()
    relative = _geometric_means(ratios)
    reference = relative[names.index(baseline)]
    return RelativeSkill(
        models=names,
        ratios=ratios,
        relative=relative,
        scaled=relative / reference,
        n_scored=known.sum(axis=1).astype(np.float64),
        baseline=baseline,
        provenance=Provenance(
            method="pairwise relative skill",
            source=_SOURCE_PAIRS,
            parameters={"baseline": baseline},
            inputs={name: digest(column) for name, column in zip(names, columns, strict=True)},
        ),
    )


def _geometric_means(ratios: Floats) -> Floats:
    """Geometric mean of each row over its finite positive entries; NaN for a row that has only itself."""
    means = np.full(len(ratios), np.nan)
    for i, row in enumerate(ratios):
        usable = np.isfinite(row) & (row > 0)
        if usable.sum() > 1 or len(ratios) == 1:
            means[i] = np.exp(np.log(row[usable]).mean())
    return means
