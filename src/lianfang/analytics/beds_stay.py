"""Length-of-stay distributions from finished and still running stays."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import optimize, stats

from lianfang.analytics.inputs import Floats, as_counts, as_whole, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "StayDistribution",
    "length_of_stay",
    "resampled_stays",
]

_stats: Any = stats  # scipy carries no types
_optimize: Any = optimize

Family = Literal["kaplan-meier", "gamma", "lognormal", "weibull"]
SOURCE_KM = "Kaplan & Meier, J Am Stat Assoc 1958;53:457-481"
SOURCE_ML = "maximum likelihood for interval- and right-censored durations (Kalbfleisch & Prentice 2002)"
LONGEST_STAY = 36_500  # days; a larger number is a date
TAIL = 1e-6  # where an endless tail is cut; the rest goes to the last day


@dataclass(frozen=True, kw_only=True)
class StayDistribution(Result):
    """Probability of each whole number of days; `pmf[d]` is P(d <= duration < d + 1), summing to 1.

    `n_ended` and `n_running` count the stays it rests on; `extrapolated` is the share of probability that lies beyond
    the longest observed ending and was added with a constant hazard (0 for parametric families).
    """

    pmf: Floats
    n_ended: int
    n_running: int
    extrapolated: float
    parameters: tuple[float, ...] = ()

    @property
    def mean(self) -> float:
        """Mean number of whole days."""
        return float(self.pmf @ np.arange(len(self.pmf)))

    def present(self) -> Floats:
        """Return P(still there on day d after the start), d = 0, 1, ...: 1 minus the cumulated probability before d."""
        return np.asarray(np.concatenate(([1.0], 1 - np.cumsum(self.pmf)[:-1])))

    def table(self) -> dict[str, list[Any]]:
        """Return one row a day: probability of ending, probability of being present."""
        return {
            "day": list(range(len(self.pmf))),
            "probability": self.pmf.tolist(),
            "present": self.present().tolist(),
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the probability of being present by day."""
        ax = new_axes(ax)
        present = self.present()
        ax.step(range(len(present)), present, where="post")
        ax.set_xlabel("days since the start")
        ax.set_ylabel("share still there")
        ax.set_ylim(0, 1.03)
        return ax


def length_of_stay(
    days: Any, ended: Any = None, *, family: Family = "kaplan-meier", n_days: int | None = None
) -> StayDistribution:
    """Return the distribution of whole days stayed, using stays that still run as "at least this long".

    Formula: Kaplan-Meier, hazard(d) = endings on day d / stays that reached day d; parametric families maximise
    sum over ended of log(F(d + 1) - F(d)) + sum over running of log(1 - F(d)).

    Parameters
    ----------
    days
        Whole days so far or in total (floors of exact times), each >= 0.
    ended
        True where the stay has ended; all ended when left out. Leaving running stays out instead would bias the
        distribution short.
    family
        "kaplan-meier" needs no assumption of shape; "gamma", "lognormal" and "weibull" need fewer stays.
    n_days
        Length of the probability vector; by default as long as needed to leave out less than 1e-6.

    Raises
    ------
    ValueError
        No stay has ended, or arrays differ in length.

    Notes
    -----
    Source: Kaplan & Meier 1958; Lawless 2003 for the censored likelihood. Beyond the longest ending the
    Kaplan-Meier curve is continued with the overall hazard (endings / days at risk); how much probability that concerns is told in `extrapolated`.
    Assumption: whether a stay still runs says nothing else about its length (independent censoring).
    Not for stays that end in two ways of interest - use `severity.cumulative_incidence` for those.

    Examples
    --------
    >>> stay = length_of_stay([2, 3, 3, 5], [True, True, False, True])
    >>> [round(p, 3) for p in stay.pmf.tolist()]
    [0.0, 0.0, 0.25, 0.25, 0.0, 0.5]
    """
    whole = as_counts("days", days, n_axes=(1,))
    if (whole != np.floor(whole)).any():
        raise complain("days", "whole days", float(whole[whole != np.floor(whole)][0]))
    over = np.ones(len(whole), dtype=bool) if ended is None else np.asarray(ended, dtype=bool)
    if over.shape != whole.shape:
        raise complain("ended", f"as long as days ({len(whole)})", over.shape)
    if not over.any():
        raise complain("ended", "true for at least one stay", int(over.sum()))
    if family == "kaplan-meier":
        pmf, beyond = _kaplan_meier(whole.astype(int), over)
        fitted: tuple[float, ...] = ()
    elif family in _FAMILIES:
        pmf, fitted = _parametric(whole, over, family)
        beyond = 0.0
    else:
        raise complain("family", "kaplan-meier, gamma, lognormal or weibull", family)
    return StayDistribution(
        pmf=_cut(pmf, n_days),
        n_ended=int(over.sum()),
        n_running=int((~over).sum()),
        extrapolated=beyond,
        parameters=fitted,
        provenance=Provenance(
            method=f"length of stay, {family}",
            source=SOURCE_KM if family == "kaplan-meier" else SOURCE_ML,
            parameters={"family": family, "n_days": n_days},
            inputs={"days": digest(whole), "ended": digest(over)},
        ),
    )


def resampled_stays(
    days: Any,
    ended: Any = None,
    *,
    n_draws: int = 100,
    seed: int,
    family: Family = "kaplan-meier",
    n_days: int | None = None,
) -> tuple[StayDistribution, ...]:
    """Return `length_of_stay` of `n_draws` lists of patients drawn again from the given ones (bootstrap).

    Equally likely answers to "how long do they stay", for `project_census`: with few patients the doubt about stays is the
    larger part of the doubt about the census. Source: Efron 1979. Assumptions, limits and errors are those of
    `length_of_stay`; not for fewer than about twenty ended stays.

    >>> some = resampled_stays([2, 3, 3, 5, 8, 1, 4], n_draws=3, seed=1)
    >>> [round(one.mean, 2) for one in some]
    [3.0, 3.0, 3.86]
    """
    whole = as_counts("days", days, n_axes=(1,))
    over = np.ones(len(whole), dtype=bool) if ended is None else np.asarray(ended, dtype=bool)
    length_of_stay(
        whole, over, family=family, n_days=n_days
    )  # complains about what is wrong with the records
    rng = np.random.default_rng(seed)
    drawn: list[StayDistribution] = []
    while len(drawn) < as_whole("n_draws", n_draws, low=1):
        chosen = rng.integers(0, len(whole), len(whole))
        if over[chosen].any():
            one = length_of_stay(whole[chosen], over[chosen], family=family, n_days=n_days)
            drawn.append(replace(one, provenance=replace(one.provenance, seed=seed)))
    return tuple(drawn)


def _cut(pmf: Floats, n_days: int | None) -> Floats:
    if n_days is None:
        return pmf
    n = as_whole("n_days", n_days, low=1)
    if len(pmf) <= n:
        return np.concatenate((pmf, np.zeros(n - len(pmf))))
    return np.concatenate((pmf[: n - 1], [pmf[n - 1 :].sum()]))


def _kaplan_meier(days: Any, over: Any) -> tuple[Floats, float]:
    last = int(days[over].max())
    if last > LONGEST_STAY:
        raise complain("days", f"at most {LONGEST_STAY} (is it a date?)", last)
    ends = np.bincount(days[over], minlength=last + 1)[: last + 1].astype(float)
    at_risk = np.array([(days >= day).sum() for day in range(last + 1)], dtype=float)
    hazard = ends / at_risk
    present = np.cumprod(1 - hazard)
    pmf = np.concatenate(([1.0], present[:-1])) * hazard
    left = float(present[-1])
    if left < TAIL:
        pmf[-1] += left
        return pmf, 0.0
    steady = over.sum() / (days + 1).sum()
    n_more = int(np.ceil(np.log(TAIL / left) / np.log1p(-steady)))
    tail = left * steady * (1 - steady) ** np.arange(n_more)
    tail[-1] += left - tail.sum()
    return np.concatenate((pmf, tail)), left


_FAMILIES: dict[str, Callable[[Floats], Any]] = {
    "gamma": lambda p: _stats.gamma(np.exp(p[0]), scale=np.exp(p[1])),
    "lognormal": lambda p: _stats.lognorm(np.exp(p[0]), scale=np.exp(p[1])),
    "weibull": lambda p: _stats.weibull_min(np.exp(p[0]), scale=np.exp(p[1])),
}


def _parametric(days: Floats, over: Any, family: str) -> tuple[Floats, tuple[float, ...]]:
    build = _FAMILIES[family]

    def cost(p: Floats) -> float:
        law = build(p)
        inside = law.cdf(days[over] + 1) - law.cdf(days[over])
        outside = law.sf(days[~over])
        return -float(np.log(np.maximum(inside, 1e-300)).sum() + np.log(np.maximum(outside, 1e-300)).sum())

    start = np.array([0.3, np.log(days.mean() + 0.5)])
    best = _optimize.minimize(
        cost, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 4000}
    )
    law = build(best.x)
    top = min(int(np.ceil(law.isf(TAIL))) + 1, 3660)
    pmf = np.diff(law.cdf(np.arange(top + 1)))
    pmf[-1] += 1 - pmf.sum()
    return np.asarray(pmf), (float(np.exp(best.x[0])), float(np.exp(best.x[1])))
