"""The delay distributions: log-normal, gamma, Weibull, and normal for serial intervals that can be negative.

Each is described by two numbers on an unbounded scale, `place` and log `shape`, and knows in closed form the
integral of its distribution function. That integral is all that interval censoring needs: exposure spread evenly
over a window and onset within a window have probability Q(SR-EL) - Q(SR-ER) - Q(SL-EL) + Q(SL-ER).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import gamma as gamma_function
from scipy.special import gammainc, gammaincinv, gammaln, log_ndtr, ndtr, ndtri

from lianfang.analytics.inputs import Floats, as_number, as_whole, complain

TwoNumbers = tuple[float, float]


@dataclass(frozen=True)
class Family:
    """Formulas of one family for its usual parameters (a, b)."""

    name: str
    parameters: tuple[str, str]
    positive: bool
    cdf: Callable[[Floats, float, float], Floats]
    integral: Callable[[Floats, float, float], Floats]  # of the cdf, up to a point
    log_density: Callable[[Floats, float, float], Floats]
    quantile: Callable[[Any, float, float], Any]
    moments: Callable[[float, float], TwoNumbers]  # mean, sd
    from_moments: Callable[[float, float], TwoNumbers]
    from_quantile: Callable[[float, float, float], TwoNumbers]  # quantile, its probability, shape parameter
    shape_first: bool  # is the parameter that is no location or scale the first one?
    logged: tuple[bool, bool]  # is the parameter searched on the log scale?


def _lognormal_cdf(x: Floats, a: float, b: float) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(ndtr((np.log(np.maximum(x, 0)) - a) / b))


def _lognormal_integral(x: Floats, a: float, b: float) -> Floats:
    with np.errstate(divide="ignore"):
        z = (np.log(np.maximum(x, 0)) - a) / b
    below = np.exp(
        a + b * b / 2 + log_ndtr(z - b)
    )  # mean of the delays below x: never above x, however wide the spread
    return np.asarray(np.where(x > 0, x * ndtr(z) - below, 0.0))


def _lognormal_moments(a: float, b: float) -> TwoNumbers:
    with np.errstate(over="ignore"):
        mean = np.exp(a + b * b / 2)
        return float(mean), float(mean * np.sqrt(np.expm1(b * b)))


def _lognormal_log_density(x: Floats, a: float, b: float) -> Floats:
    log = np.log(np.maximum(x, 1e-300))
    return np.where(x > 0, -log - np.log(b) - 0.5 * np.log(2 * np.pi) - 0.5 * ((log - a) / b) ** 2, -np.inf)


def _lognormal_from_moments(mean: float, sd: float) -> TwoNumbers:
    spread = np.log1p((sd / mean) ** 2)
    return float(np.log(mean) - spread / 2), float(np.sqrt(spread))


def _gamma_integral(x: Floats, a: float, b: float) -> Floats:
    z = np.maximum(x, 0) / b
    return np.asarray(np.maximum(x, 0) * gammainc(a, z) - a * b * gammainc(a + 1, z))


def _gamma_log_density(x: Floats, a: float, b: float) -> Floats:
    safe = np.maximum(x, 1e-300)
    return np.where(x > 0, (a - 1) * np.log(safe / b) - safe / b - np.log(b) - gammaln(a), -np.inf)


def _weibull_cdf(x: Floats, a: float, b: float) -> Floats:
    return np.asarray(-np.expm1(-((np.maximum(x, 0) / b) ** a)))


def _weibull_integral(x: Floats, a: float, b: float) -> Floats:
    z = (np.maximum(x, 0) / b) ** a
    part = b * gamma_function(1 + 1 / a) * gammainc(1 + 1 / a, z)
    return np.asarray(np.maximum(x, 0) * -np.expm1(-z) - part)


def _weibull_log_density(x: Floats, a: float, b: float) -> Floats:
    safe = np.maximum(x, 1e-300) / b
    return np.where(x > 0, np.log(a / b) + (a - 1) * np.log(safe) - safe**a, -np.inf)


def _weibull_moments(a: float, b: float) -> TwoNumbers:
    mean = b * gamma_function(1 + 1 / a)
    return float(mean), float(np.sqrt(max(b * b * gamma_function(1 + 2 / a) - mean**2, 0.0)))


def _weibull_from_moments(mean: float, sd: float) -> TwoNumbers:
    low, high = 0.05, 200.0
    for _ in range(100):
        middle = np.sqrt(low * high)
        m, s = _weibull_moments(middle, 1.0)
        low, high = (middle, high) if s / m > sd / mean else (low, middle)
    return float(low), float(mean / gamma_function(1 + 1 / low))


def _normal_integral(x: Floats, a: float, b: float) -> Floats:
    z = (x - a) / b
    return np.asarray(b * (z * ndtr(z) + np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)))


FAMILIES = {
    "lognormal": Family(
        name="lognormal",
        parameters=("meanlog", "sdlog"),
        positive=True,
        cdf=_lognormal_cdf,
        integral=_lognormal_integral,
        log_density=_lognormal_log_density,
        quantile=lambda p, a, b: np.exp(a + b * ndtri(p)),
        moments=_lognormal_moments,
        from_moments=_lognormal_from_moments,
        from_quantile=lambda q, p, b: (float(np.log(q) - b * ndtri(p)), b),
        shape_first=False,
        logged=(False, True),
    ),
    "gamma": Family(
        name="gamma",
        parameters=("shape", "scale"),
        positive=True,
        cdf=lambda x, a, b: np.asarray(gammainc(a, np.maximum(x, 0) / b)),
        integral=_gamma_integral,
        log_density=_gamma_log_density,
        quantile=lambda p, a, b: b * gammaincinv(a, p),
        moments=lambda a, b: (a * b, float(np.sqrt(a) * b)),
        from_moments=lambda mean, sd: ((mean / sd) ** 2, sd**2 / mean),
        from_quantile=lambda q, p, a: (a, float(q / gammaincinv(a, p))),
        shape_first=True,
        logged=(True, True),
    ),
    "weibull": Family(
        name="weibull",
        parameters=("shape", "scale"),
        positive=True,
        cdf=_weibull_cdf,
        integral=_weibull_integral,
        log_density=_weibull_log_density,
        quantile=lambda p, a, b: b * (-np.log1p(-np.asarray(p))) ** (1 / a),
        moments=_weibull_moments,
        from_moments=_weibull_from_moments,
        from_quantile=lambda q, p, a: (a, float(q / (-np.log1p(-p)) ** (1 / a))),
        shape_first=True,
        logged=(True, True),
    ),
    "normal": Family(
        name="normal",
        parameters=("mean", "sd"),
        positive=False,
        cdf=lambda x, a, b: np.asarray(ndtr((x - a) / b)),
        integral=_normal_integral,
        log_density=lambda x, a, b: -np.log(b) - 0.5 * np.log(2 * np.pi) - 0.5 * ((x - a) / b) ** 2,
        quantile=lambda p, a, b: a + b * ndtri(p),
        moments=lambda a, b: (a, b),
        from_moments=lambda mean, sd: (mean, sd),
        from_quantile=lambda q, p, b: (float(q - b * ndtri(p)), b),
        shape_first=False,
        logged=(False, True),
    ),
}


def family_named(name: str) -> Family:
    """Return a family, or say which there are."""
    if name not in FAMILIES:
        raise complain("family", f"one of {', '.join(FAMILIES)}", name)
    return FAMILIES[name]


@dataclass(frozen=True)
class DelayDistribution:
    """A delay distribution by family and its two usual parameters, in days.

    >>> delay = DelayDistribution("lognormal", 1.621, 0.418)
    >>> round(delay.mean, 2), round(float(delay.quantile(0.5)), 2)
    (5.52, 5.06)
    >>> delay.pmf(15)[:4].round(4)
    array([0.    , 0.0034, 0.0474, 0.142 ])
    """

    family: str
    a: float
    b: float

    def __post_init__(self) -> None:
        family = family_named(self.family)
        if not (np.isfinite(self.a) and np.isfinite(self.b) and self.b > 0):
            raise complain(", ".join(family.parameters), "finite, the second above 0", (self.a, self.b))
        if family.shape_first and self.a <= 0:
            raise complain(family.parameters[0], "above 0", self.a)

    @classmethod
    def from_moments(cls, family: str, mean: float, sd: float) -> "DelayDistribution":
        """Return the member of a family with this mean and standard deviation."""
        formulas = family_named(family)
        if not (sd > 0 and (mean > 0 or not formulas.positive)):
            raise complain("mean, sd", "above 0", (mean, sd))
        return cls(family, *formulas.from_moments(mean, sd))

    @property
    def mean(self) -> float:
        """Mean in days."""
        return family_named(self.family).moments(self.a, self.b)[0]

    @property
    def sd(self) -> float:
        """Standard deviation in days."""
        return family_named(self.family).moments(self.a, self.b)[1]

    def in_doubt(self, log_sd: float, n: int = 9) -> tuple["DelayDistribution", ...]:
        """Return n equally likely delays of the same shape, the logarithm of their mean spread by `log_sd`.

        For functions that take several delays, as a delay is mostly known from few records.

        >>> [round(delay.mean, 1) for delay in DelayDistribution("gamma", 2.4, 3.33).in_doubt(0.1, 3)]
        [7.3, 8.0, 8.8]
        """
        spread = as_number("log_sd", log_sd, low=0, high=2)
        middles = (np.arange(as_whole("n", n, low=1)) + 0.5) / n
        factors = np.exp(spread * ndtri(middles))
        return tuple(self.from_moments(self.family, self.mean * f, self.sd * f) for f in factors.tolist())

    def quantile(self, probability: Any) -> Any:
        """Return the day before which this share of delays is over."""
        return family_named(self.family).quantile(probability, self.a, self.b)

    def cdf(self, x: Any) -> Floats:
        """Return the share of delays of at most x days."""
        return family_named(self.family).cdf(np.asarray(x, dtype=float), self.a, self.b)

    def pmf(self, n_days: int, *, generation: bool = False) -> Floats:
        """Return probabilities of lags 0 to n_days - 1 between calendar days, made to sum to 1.

        The first event is spread evenly over its day, so lag k has the triangular weight Q(k+1) - 2 Q(k) + Q(k-1)
        with Q the integral of the distribution function; cutting the density at whole days instead shifts the
        delay by half a day (Park et al. 2024, doi:10.1101/2024.01.12.24301247). `generation` sets lag 0 to 0, as
        generation and serial intervals in renewal equations require; a normal loses what lies below 0.
        """
        if n_days < 1 + generation:
            raise complain("n_days", f"{1 + generation} or more", n_days)
        family = family_named(self.family)
        points = np.arange(-1.0, n_days + 1)
        total = family.integral(points, self.a, self.b)
        weights = np.maximum(total[2:] - 2 * total[1:-1] + total[:-2], 0.0)
        if generation:
            weights[0] = 0.0
        if weights.sum() <= 0:
            raise complain("n_days", "long enough to hold some of the delay", n_days)
        return np.asarray(weights / weights.sum())
