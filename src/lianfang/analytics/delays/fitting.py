"""Fits of delay distributions to records that know only windows of exposure and of onset."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from scipy.special import ndtri

from lianfang.analytics.delays.families import DelayDistribution, family_named
from lianfang.analytics.delays.likelihood import check_possible, checked_records
from lianfang.analytics.delays.uncertainty import (
    Surface,
    asymptotic_limits,
    bootstrap_limits,
    profile_limits,
    targets_of,
)
from lianfang.analytics.inputs import Floats, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PROBABILITIES = (0.025, 0.05, 0.5, 0.95, 0.975, 0.99)
IntervalMethod = Literal["profile", "asymptotic", "bootstrap"]


@dataclass(frozen=True, kw_only=True)
class DelayFit(Result):
    """A maximum-likelihood fit: the distribution, and intervals of parameters, mean, sd and quantiles.

    `estimates` has one row for each name in `names`: value, lower and upper limit at `level`. `log_likelihood` is
    that of coarseDataTools (windows not divided by their width), so it can be positive; differences between
    families of the same records are what counts.
    """

    distribution: DelayDistribution
    names: tuple[str, ...]
    estimates: Floats
    level: float
    log_likelihood: float
    n: int

    @property
    def aic(self) -> float:
        """Akaike's criterion: 4 - 2 log likelihood."""
        return 4 - 2 * self.log_likelihood

    def estimate(self, name: str) -> tuple[float, float, float]:
        """Return value, lower and upper limit of a parameter, "mean", "sd" or a quantile such as "q0.95"."""
        if name not in self.names:
            raise complain("name", f"one of {self.names}", name)
        value, low, high = (float(x) for x in self.estimates[self.names.index(name)])
        return value, low, high

    def in_doubt(self, n: int = 9) -> tuple[DelayDistribution, ...]:
        """Return n equally likely delays about the fit, their means spread as the interval of the mean says."""
        value, low, high = self.estimate("mean")
        if not 0 < low <= value <= high:
            raise complain("the mean", "above 0 with its whole interval", (value, low, high))
        z = float(ndtri((1 + self.level) / 2))
        return self.distribution.in_doubt(min(np.log(high / low) / (2 * z), 2.0), n)

    def table(self) -> dict[str, Any]:
        """Return one row a parameter, moment or quantile."""
        return {
            "family": [self.distribution.family] * len(self.names),
            "name": list(self.names),
            "estimate": self.estimates[:, 0],
            "low": self.estimates[:, 1],
            "high": self.estimates[:, 2],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the distribution function with the intervals of its quantiles."""
        ax = new_axes(ax)
        low, high = (float(self.distribution.quantile(p)) for p in (0.001, 0.995))
        x = np.linspace(min(low, 0), high, 300)
        (line,) = ax.plot(x, self.distribution.cdf(x), label=self.distribution.family)
        for name, row in zip(self.names, self.estimates, strict=True):
            if name.startswith("q"):
                ax.plot(row[1:], [float(name[1:])] * 2, color=line.get_color(), alpha=0.5)
        ax.set_xlabel("Days")
        ax.set_ylabel("Share of delays over")
        ax.legend(frameon=False)
        return ax


@dataclass(frozen=True, kw_only=True)
class DelayComparison(Result):
    """Fits of several families to the same records, best Akaike criterion first."""

    fits: tuple[DelayFit, ...]

    @property
    def best(self) -> DelayFit:
        """The fit with the lowest Akaike criterion."""
        return self.fits[0]

    def table(self) -> dict[str, Any]:
        """Return one row a family: criterion, difference to the best, Akaike weight, mean, median, 95 % quantile."""
        aic = np.array([fit.aic for fit in self.fits])
        weight = np.exp(-0.5 * (aic - aic[0]))
        return {
            "family": [fit.distribution.family for fit in self.fits],
            "log_likelihood": [fit.log_likelihood for fit in self.fits],
            "aic": aic,
            "delta": aic - aic[0],
            "weight": weight / weight.sum(),
            "mean": [fit.distribution.mean for fit in self.fits],
            "median": [float(fit.distribution.quantile(0.5)) for fit in self.fits],
            "q0.95": [float(fit.distribution.quantile(0.95)) for fit in self.fits],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw every fitted distribution function."""
        ax = new_axes(ax)
        for fit in self.fits:
            fit.plot(ax)
        return ax


def fit_delay(
    exposed_from: Any,
    exposed_to: Any,
    onset_from: Any,
    onset_to: Any,
    *,
    family: str = "lognormal",
    truncated_at: Any = None,
    growth_rate: float = 0.0,
    probabilities: tuple[float, ...] = PROBABILITIES,
    level: float = 0.95,
    intervals: IntervalMethod = "profile",
    n_bootstrap: int = 200,
    seed: int | None = None,
) -> DelayFit:
    """Return the maximum-likelihood delay between two events of which only windows (days) are known.

    The likelihood of a record is the probability that an exposure spread evenly over its window leads to an onset
    in its window (Reich et al. 2009, Stat Med 28:2769; Lauer et al. 2020, Ann Intern Med 172:577, is reproduced).
    Windows of width 0 are exact times. Family "normal" serves serial intervals, which can be negative.

    `truncated_at`: the last time at which an onset could have entered the data, one for all or one a record; the
    likelihood is then divided by the probability of an onset before it. Without it delays measured while an
    outbreak grows are too short, by most of a day. `growth_rate`: exposures within a window grow by so much a day
    instead of being even. Truncation by onset needs no further correction for growth; if instead records were
    selected by onset alone (every onset of some days, whenever exposed), exposures long ago are under-represented in
    growth: pass the growth rate.

    `intervals`: "profile" likelihood (default), "asymptotic" (normal on the log scale, faster), or "bootstrap"
    of records (needs a seed). Three families with profile intervals take well below a second for 200 records.

    Assumes independent records, and exposure equally likely within its window (or growing at `growth_rate`). Do not
    use it without `truncated_at` while an outbreak grows, nor on delays that a rule cuts off (quarantine ends on day 14).

    Raises ValueError for windows that end before they begin, an onset before any exposure (positive families),
    onsets after their truncation, fewer than three records, and windows so wide that any spread fits.

    >>> fit = fit_delay([0, 0, 0, 2, 1], [1, 2, 1, 3, 4], [4, 6, 3, 9, 5], [5, 7, 4, 10, 6])
    >>> [round(x, 1) for x in fit.estimate("q0.5")]
    [4.3, 2.9, 6.2]
    """
    records = checked_records(
        exposed_from, exposed_to, onset_from, onset_to, truncated_at=truncated_at, growth_rate=growth_rate
    )
    formulas = family_named(family)
    check_possible(records, formulas)
    if not 0 < level < 1 or not all(0 < p < 1 for p in probabilities):
        raise complain("level, probabilities", "between 0 and 1", (level, probabilities))
    if intervals not in get_args(IntervalMethod):
        raise complain("intervals", "profile, asymptotic or bootstrap", intervals)
    if intervals == "bootstrap" and (seed is None or n_bootstrap < 20):
        raise complain("seed, n_bootstrap", "a seed and 20 or more", (seed, n_bootstrap))
    surface = Surface(records, formulas)
    best, value = surface.maximum()
    targets = targets_of(formulas, probabilities)
    estimates = np.array([[of(*best), np.nan, np.nan] for _, of in targets])
    if intervals == "profile":
        with np.errstate(over="ignore", invalid="ignore"):
            estimates[:, 1:] = profile_limits(surface, best, targets, level)
    elif intervals == "asymptotic":
        estimates[:, 1:] = asymptotic_limits(surface, best, targets, level)
    else:
        estimates[:, 1:] = bootstrap_limits(surface, targets, level, n=n_bootstrap, seed=seed or 0)
    if not np.isfinite(estimates).all():
        open_one = targets[int(np.argmin(np.isfinite(estimates).all(axis=1)))][0]
        raise complain(
            "records", f"precise enough to bound the {open_one}", f"{len(records.onset_to)} windows too wide"
        )
    return DelayFit(
        provenance=Provenance(
            method=f"doubly interval-censored maximum likelihood, {intervals} intervals",
            source="Reich et al. 2009, doi:10.1002/sim.3659",
            parameters={"family": family, "growth_rate": growth_rate, "level": level},
            inputs={"records": digest(np.stack(records[:5]))},
            seed=seed,
        ),
        distribution=DelayDistribution(family, *best),
        names=tuple(name for name, _ in targets),
        estimates=estimates,
        level=level,
        log_likelihood=value,
        n=len(records.onset_to),
    )


def compare_delays(
    exposed_from: Any,
    exposed_to: Any,
    onset_from: Any,
    onset_to: Any,
    *,
    families: Sequence[str] = ("lognormal", "gamma", "weibull"),
    **options: Any,
) -> DelayComparison:
    """Return fits of several families, best first by Akaike's criterion; `options` go to `fit_delay`.

    Source: Akaike 1974; assumptions and limits are those of `fit_delay`.

    A difference below 2 says nothing; report the tail (95 % quantile) of each family then, for it decides how
    long contacts are observed.

    >>> comparison = compare_delays([0, 0, 0, 2, 1], [1, 2, 1, 3, 4], [4, 6, 3, 9, 5], [5, 7, 4, 10, 6])
    >>> sorted(fit.distribution.family for fit in comparison.fits)
    ['gamma', 'lognormal', 'weibull']
    """
    if not families:
        raise complain("families", "one or more", families)
    fits = [
        fit_delay(exposed_from, exposed_to, onset_from, onset_to, family=name, **options) for name in families
    ]
    fits.sort(key=lambda fit: fit.aic)
    return DelayComparison(
        provenance=Provenance(
            method="comparison of delay families by Akaike's criterion",
            source="Akaike 1974, doi:10.1109/TAC.1974.1100705",
            parameters={"families": tuple(families)},
            inputs=fits[0].provenance.inputs,
        ),
        fits=tuple(fits),
    )
