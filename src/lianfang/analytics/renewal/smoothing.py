"""How smooth R is, and how over-dispersed the counts are: chosen from the data and integrated over.

Changes of log R from knot to knot follow a stationary first-order autoregression, so R is a random walk whose
slope persists for some days and then forgets. Two unknowns remain: the spread of those changes and the
dispersion of the counts. Their posterior is the Laplace approximation to the marginal likelihood times a weak
prior; a 3 x 3 grid around its mode, in its principal axes, carries that uncertainty into every interval (the idea
of integrated nested Laplace approximations, Rue, Martino and Chopin 2009).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lianfang.analytics.inputs import Floats
from lianfang.analytics.renewal.cholesky import inverse, product
from lianfang.analytics.renewal.likelihood import Problem, infections, log_posterior

CHANGE_PRIOR = (np.log(0.02), 0.7)  # log spread of log R a root day: median 0.02, factor 2 either side
DISPERSION_PRIOR = (np.log(0.02), 1.5)
WEEKDAY_SD = 0.3
LEVEL_SD = 3.0
RATE_SD = 0.5
PERSISTENCE = 0.8  # of the slope of log R over three days
_GRID = (-1.3, 0.0, 1.3)


@dataclass(frozen=True)
class Smoothness:
    """What is fixed before the data: knot spacing in days, where R and the level start, and chance in infection.

    `chance` is the variance that the play of chance among finitely many infections adds to log R around each knot.
    """

    spacing: int
    start_r: tuple[float, float]  # mean and spread of log R at the seed
    start_level: float  # log infections at the seed
    chance: Floats


class Part(NamedTuple):
    """One point of the grid: its log weight, the mode, its covariance, and what turns it into smooth log R."""

    log_weight: float
    dispersion: float
    theta: Floats
    covariance: Floats
    smooth_mean: Floats
    smooth_covariance: Floats


class _Search:
    """Evaluates hyperparameters, each search starting from the mode found before."""

    def __init__(self, problem: Problem, smoothness: Smoothness) -> None:
        self.problem, self.smoothness = problem, smoothness
        self.theta = np.zeros(2 + problem.n_knots + 7 * problem.weekdays)
        self.theta[0] = smoothness.start_level
        self.theta[2 : 2 + problem.n_knots] = smoothness.start_r[0]

    def evaluate(self, hyper: Floats) -> tuple[float, Floats, Floats, Floats, Floats]:
        """Return log posterior of log change and log dispersion, mode, factor, smooth covariance, knot precision."""
        fixed = self.smoothness
        prior = (*fixed.start_r, fixed.start_level, LEVEL_SD, RATE_SD, WEEKDAY_SD, fixed.chance)
        persistence = PERSISTENCE ** (fixed.spacing / 3)
        change, dispersion = (float(np.exp(h)) for h in hyper)
        value, theta, *rest = log_posterior(
            self.theta, self.problem, (change, dispersion, persistence), prior
        )
        self.theta = theta
        centre = CHANGE_PRIOR[0] + 0.5 * np.log(fixed.spacing)
        weak = ((hyper[0] - centre) / CHANGE_PRIOR[1]) ** 2
        weak += ((hyper[1] - DISPERSION_PRIOR[0]) / DISPERSION_PRIOR[1]) ** 2
        return float(value - 0.5 * weak), theta, rest[0], rest[1], rest[2]

    def part(self, hyper: Floats, log_volume: float) -> Part:
        """Return the posterior at one point of the grid."""
        value, theta, root, smooth, knots = self.evaluate(hyper)
        covariance = inverse(root)
        at = slice(2, 2 + self.problem.n_knots)
        pull = product(smooth, knots)
        centre = self.smoothness.start_r[0]
        return Part(
            log_weight=value + log_volume,
            dispersion=float(np.exp(hyper[1])),
            theta=theta,
            covariance=covariance,
            smooth_mean=centre + pull @ (theta[at] - centre),
            smooth_covariance=smooth
            - product(pull, smooth)
            + product(product(pull, covariance[at, at]), pull.T),
        )


def integrate(problem: Problem, smoothness: Smoothness) -> list[Part]:
    """Return the grid of fits whose weighted mixture is the posterior."""
    search = _Search(problem, smoothness)
    start = np.array([CHANGE_PRIOR[0] + 0.5 * np.log(smoothness.spacing) + 0.5, DISPERSION_PRIOR[0]])
    centre, spreads, axes = _mode_and_axes(search, start)
    log_volume = float(np.log(spreads).sum())
    points = [centre + axes @ (spreads * np.array([a, b])) for a in _GRID for b in _GRID]
    return [search.part(point, log_volume) for point in points]


def _mode_and_axes(search: _Search, start: Floats) -> tuple[Floats, Floats, Floats]:
    """Return mode, spreads and principal axes of the posterior of the hyperparameters.

    Newton steps on differences over 0.4, none longer than 1.2, until one is shorter than 0.25: the grid around the
    result, weighted by the posterior itself, takes up what is left.
    """
    centre = start
    for _ in range(8):
        slope, curvature = _quadratic(search, centre)
        values, axes = np.linalg.eigh(-curvature)
        values = np.clip(values, 1 / 1.5**2, 1e4)
        step = axes @ ((axes.T @ slope) / values)
        length = float(np.hypot(*step))
        centre = centre + step * min(1.0, 1.2 / max(length, 1e-12))
        if length < 0.25:
            break
    return centre, 1 / np.sqrt(values), axes


def _quadratic(search: _Search, centre: Floats) -> tuple[Floats, Floats]:
    """Return gradient and second derivatives of the log posterior by differences."""
    d = 0.4
    offsets = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1))
    here, right, left, up, down, across = (
        search.evaluate(centre + d * np.array(offset))[0] for offset in offsets
    )
    mixed = across - right - up + here
    slope = np.array([right - left, up - down]) / (2 * d)
    second = np.array([[right + left - 2 * here, mixed], [mixed, up + down - 2 * here]])
    return slope, second / d**2


def chance_variance(problem: Problem, smoothness: Smoothness, chance: float) -> Floats:
    """Return the variance that chance adds to log R around each knot: `chance` over infections counted.

    With Poisson offspring the share of realised to expected infections among n has variance 1/n, so `chance` is 1 (less
    where infections are counted in part, more with super-spreading). The numbers come from a first fit without chance; fewer
    than half an infection a knot are taken as half.
    """
    search = _Search(problem, smoothness)
    search.evaluate(np.array([np.log(0.1), np.log(0.02)]))
    level = infections(search.theta, problem)[0][problem.n_seed :]
    edges = smoothness.spacing * np.arange(problem.n_knots)[:, None] + np.arange(smoothness.spacing)
    block = np.clip(edges - smoothness.spacing // 2, 0, len(level) - 1)
    return np.asarray(chance / np.maximum(level[block].sum(axis=1), 0.5))
