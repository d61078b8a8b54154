"""The maximum of a delay likelihood, and intervals around it: profile, asymptotic, bootstrap."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import chdtri, ndtri

from lianfang.analytics.delays.families import Family
from lianfang.analytics.delays.likelihood import Records, log_likelihood
from lianfang.analytics.inputs import Floats, complain

Target = tuple[str, Callable[[float, float], float]]
Best = tuple[float, float]


class Surface(NamedTuple):
    """The log likelihood of records under a family, over two unbounded numbers."""

    records: Records
    family: Family

    def at(self, free: Floats) -> float:
        """Return the log likelihood at a point of the unbounded scale."""
        return log_likelihood(self.records, self.family, *self.usual(free))

    def free(self, best: Best) -> Floats:
        """Return the unbounded numbers of usual parameters."""
        pairs = zip(best, self.family.logged, strict=True)
        return np.array([np.log(v) if logged else v for v, logged in pairs])

    def usual(self, free: Floats) -> Best:
        """Return the usual parameters of unbounded numbers."""
        pairs = zip(np.clip(free, -1e3, 1e3), self.family.logged, strict=True)
        a, b = (float(np.exp(np.clip(v, -50.0, 50.0))) if logged else float(v) for v, logged in pairs)
        return a, b

    def maximum(self) -> tuple[Best, float]:
        """Return the best parameters and their log likelihood; refuse records that fit any small spread."""
        r = self.records
        middle = (r.onset_from + r.onset_to - r.exposed_from - r.exposed_to) / 2
        if self.family.positive:
            middle = np.maximum(middle, 0.5)
        centre = float(np.median(middle))
        start = self.family.from_moments(centre, max(float(middle.std()), 0.3 * abs(centre), 0.5))
        found = minimize(  # type: ignore[no-untyped-call]
            lambda free: -self.at(free),
            self.free(start),
            method="Nelder-Mead",
            options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 2000},
        )
        best = self.usual(found.x)
        mean, sd = self.family.moments(*best)
        if not np.isfinite([mean, sd]).all():
            raise complain("records", "precise enough to bound the spread of delays", f"spread {sd:g} days")
        if not sd > 1e-3 * max(abs(mean), 1e-3):
            raise complain("records", "precise enough to show a spread of delays", f"spread {sd:g} days")
        return best, -float(found.fun)

    def covariance(self, best: Best) -> Floats:
        """Return the asymptotic covariance of the unbounded numbers."""
        centre, steps = self.free(best), np.eye(2) * 1e-3
        hessian = np.empty((2, 2))
        for i in range(2):
            for j in range(2):
                same = self.at(centre + steps[i] + steps[j]) + self.at(centre - steps[i] - steps[j])
                mixed = self.at(centre + steps[i] - steps[j]) + self.at(centre - steps[i] + steps[j])
                hessian[i, j] = -(same - mixed) / 4e-6
        if np.linalg.eigvalsh(hessian)[0] <= 0:
            raise complain("records", "informative about both parameters", "a flat likelihood")
        return np.asarray(np.linalg.inv(hessian))


def targets_of(family: Family, probabilities: tuple[float, ...]) -> list[Target]:
    """Return what is estimated: the parameters, mean, sd and quantiles, each a function of the parameters."""
    targets: list[Target] = [
        (family.parameters[0], lambda a, _: a),
        (family.parameters[1], lambda _, b: b),
    ]
    if family.name != "normal":
        targets += [
            ("mean", lambda a, b: family.moments(a, b)[0]),
            ("sd", lambda a, b: family.moments(a, b)[1]),
        ]
    return targets + [(f"q{p:g}", _quantile_of(family, p)) for p in probabilities]


def _quantile_of(family: Family, probability: float) -> Callable[[float, float], float]:
    return lambda a, b: float(family.quantile(probability, a, b))


def asymptotic_limits(surface: Surface, best: Best, targets: list[Target], level: float) -> Floats:
    """Return limits by the delta method, on the log scale for what is positive."""
    covariance, centre = surface.covariance(best), surface.free(best)
    z = ndtri((1 + level) / 2)
    out = np.empty((len(targets), 2))
    for row, (name, of) in enumerate(targets):
        positive = (surface.family.positive and name != "meanlog") or name == "sd"
        scale = np.log if positive else np.asarray
        steps = 1e-4 * np.eye(2)
        rises = [
            scale(of(*surface.usual(centre + step))) - scale(of(*surface.usual(centre - step)))
            for step in steps
        ]
        slope = np.array(rises) / 2e-4
        reach = z * np.sqrt(slope @ covariance @ slope)
        limits = scale(of(*best)) + np.array([-reach, reach])
        out[row] = np.exp(limits) if positive else limits
    return out


def profile_limits(surface: Surface, best: Best, targets: list[Target], level: float) -> Floats:
    """Return limits where the profile log likelihood has fallen by half a chi-squared quantile.

    They are the extremes of each target over the curve on which the log likelihood has fallen that far. The curve
    is found in 32 directions, scaled by the asymptotic covariance so that it is close to a circle; a parabola
    through the three best points refines each extreme.
    """
    target = surface.at(surface.free(best)) - 0.5 * float(chdtri(1, 1 - level))
    root = np.linalg.cholesky(surface.covariance(best))
    angles = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    rays = root @ np.stack([np.cos(angles), np.sin(angles)])
    points = [surface.usual(_edge(surface, surface.free(best), ray, target)) for ray in rays.T]
    out = np.empty((len(targets), 2))
    for row, (_, of) in enumerate(targets):
        values = np.array([of(*point) for point in points])
        out[row] = _extreme(values, int(values.argmin())), _extreme(values, int(values.argmax()))
    return out


def _edge(surface: Surface, centre: Floats, ray: Floats, target: float) -> Floats:
    """Return the point along a ray where the log likelihood has fallen to `target`."""

    def above(distance: float) -> float:
        return surface.at(centre + distance * ray) - target

    high = 3.0
    while above(high) > 0 and high < 100:
        high *= 2
    if above(high) < 0:
        high = brentq(above, 0.0, high, xtol=1e-4)  # type: ignore[no-untyped-call]
    return np.asarray(centre + high * ray)


def _extreme(values: Floats, at: int) -> float:
    """Return the extreme of a smooth function of the angle from its values on the grid."""
    left, middle, right = values[at - 1], values[at], values[(at + 1) % len(values)]
    bend = left - 2 * middle + right
    return float(middle if bend == 0 else middle - (right - left) ** 2 / (8 * bend))


def bootstrap_limits(surface: Surface, targets: list[Target], level: float, *, n: int, seed: int) -> Floats:
    """Return percentile limits over refits to records drawn with replacement."""
    rng = np.random.default_rng(seed)
    r, size = surface.records, len(surface.records.onset_to)
    rows: list[list[float]] = []
    for _ in range(n):
        pick = rng.integers(0, size, size)
        sample = Records(
            r.exposed_from[pick],
            r.exposed_to[pick],
            r.onset_from[pick],
            r.onset_to[pick],
            r.truncated_at[pick],
            r.growth_rate,
        )
        best, _ = surface._replace(records=sample).maximum()
        rows.append([of(*best) for _, of in targets])
    tail = (1 - level) / 2
    return np.asarray(np.quantile(np.array(rows), [tail, 1 - tail], axis=0).T)
