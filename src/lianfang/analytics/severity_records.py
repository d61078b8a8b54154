"""Fatality from individual records: dying and being discharged compete, and some patients are still ill."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from lianfang.analytics.inputs import Floats, as_counts, as_labels, as_number, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "CumulativeIncidence",
    "cumulative_incidence",
    "resolved_fatality",
]

SOURCE = "Aalen & Johansen, Scand J Stat 1978;5:141-150; Ghani et al., Am J Epidemiol 2005;162:479-486"
_special: Any = special  # scipy carries no types


@dataclass(frozen=True, kw_only=True)
class CumulativeIncidence(Result):
    """Probability of each outcome by each time; arrays are times x outcomes, with limits.

    `final` gives, per outcome, the last value with its limits. The rest, `unresolved`, is the probability of neither by
    the last time: where it is large, the final values are lower bounds.
    """

    times: Floats
    outcomes: tuple[str, ...]
    incidence: Floats
    low: Floats
    high: Floats
    at_risk: Floats
    n_censored: int

    @property
    def final(self) -> dict[str, tuple[float, float, float]]:
        """Probability, lower and upper limit of each outcome at the last event time."""
        last = (self.incidence[-1], self.low[-1], self.high[-1])
        return {
            name: (float(last[0][k]), float(last[1][k]), float(last[2][k]))
            for k, name in enumerate(self.outcomes)
        }

    @property
    def unresolved(self) -> float:
        """Probability of no outcome by the last event time."""
        return float(max(1 - self.incidence[-1].sum(), 0.0))

    @property
    def relative_fatality(self) -> float:
        """First outcome / (first + second) at the end: the share of the resolved (Ghani et al. 2005)."""
        return float(self.incidence[-1, 0] / self.incidence[-1].sum())

    def table(self) -> dict[str, list[Any]]:
        """Return one row a time, with the columns of each outcome."""
        columns: dict[str, list[Any]] = {"time": self.times.tolist(), "at_risk": self.at_risk.tolist()}
        for k, name in enumerate(self.outcomes):
            columns[name] = self.incidence[:, k].tolist()
            columns[f"{name}_low"] = self.low[:, k].tolist()
            columns[f"{name}_high"] = self.high[:, k].tolist()
        return columns

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the step curves with their limits."""
        ax = new_axes(ax)
        for k, name in enumerate(self.outcomes):
            ax.step(self.times, self.incidence[:, k], where="post", label=name)
            ax.fill_between(self.times, self.low[:, k], self.high[:, k], step="post", alpha=0.2)
        ax.set_xlabel("time since onset")
        ax.set_ylabel("cumulative probability")
        ax.set_ylim(0, 1)
        ax.legend(frameon=False)
        return ax


def cumulative_incidence(
    times: Any, outcome: Any, *, outcomes: tuple[str, ...] = ("death", "discharge"), level: float = 0.95
) -> CumulativeIncidence:
    """Return the probability to have died, or to have been discharged, by each time since onset (or admission).

    Formula: Aalen-Johansen, I_k(t) = sum over event times s <= t of S(s-) d_k(s) / n(s), S the Kaplan-Meier probability
    of no event; variance of Aalen (delta method), limits on the complementary log-log scale.

    Parameters
    ----------
    times
        Time from the start to outcome, or to the last day seen for those without one; >= 0.
    outcome
        One of `outcomes`, or None (or "") for a patient without outcome yet.
    outcomes
        Names of the competing outcomes, the fatal one first.
    level
        Coverage of the limits.

    Raises
    ------
    ValueError
        A negative or missing time, an unknown outcome, no outcome at all.

    Notes
    -----
    Source: Aalen & Johansen 1978; for outbreaks Ghani et al. 2005. Assumes that being still under care says nothing
    about the outcome. Treating discharge as censoring (one minus Kaplan-Meier) would overstate fatality; counting only
    the resolved would overstate it too while deaths come sooner than recoveries.
    Not for records entered only once the outcome is known: there nobody is censored and the bias is out of reach.

    Examples
    --------
    >>> result = cumulative_incidence([2, 3, 5, 6], ["death", "discharge", None, "discharge"])
    >>> round(result.final["death"][0], 6)
    0.25
    """
    t = as_counts("times", times, n_axes=(1,))
    code = _codes(outcome, outcomes, len(t))
    if (code < 0).all():
        raise complain("outcome", "known for at least one patient", None)
    at = np.unique(t[code >= 0])
    n = np.array([(t >= s).sum() for s in at], dtype=np.float64)
    d = np.array(
        [[((t == s) & (code == k)).sum() for k in range(len(outcomes))] for s in at], dtype=np.float64
    )
    free = np.cumprod(1 - d.sum(axis=1) / n)
    before = np.concatenate(([1.0], free[:-1]))
    incidence = np.minimum(np.cumsum(before[:, None] * d / n[:, None], axis=0), 1.0)
    error = np.sqrt(_variance(incidence, before, d, n))
    tail = (1 - as_number("level", level, low=0, high=0.9999)) / 2
    known = np.cumsum(d.sum(axis=1))
    low, high = _limits(incidence, float(_special.ndtri(1 - tail)) * error, known, tail)
    return CumulativeIncidence(
        times=at,
        outcomes=tuple(outcomes),
        incidence=incidence,
        low=low,
        high=high,
        at_risk=n,
        n_censored=int((code < 0).sum()),
        provenance=Provenance(
            method="Aalen-Johansen cumulative incidence",
            source=SOURCE,
            parameters={"outcomes": tuple(outcomes), "level": level},
            inputs={"times": digest(t), "outcome": digest(code)},
        ),
    )


def _codes(outcome: Any, outcomes: tuple[str, ...], n: int) -> Any:
    given = as_labels(outcome)
    if len(given) != n:
        raise complain("outcome", f"as long as times ({n})", len(given))
    if len(outcomes) < 2 or len(set(outcomes)) < len(outcomes):
        raise complain("outcomes", "two or more different names", outcomes)
    known = {name: k for k, name in enumerate(outcomes)}
    codes = np.full(n, -1)
    for i, value in enumerate(given):
        if value is None or value == "":
            continue
        if value not in known:
            raise complain(f"outcome[{i}]", f"one of {', '.join(outcomes)}, or None", value)
        codes[i] = known[value]
    return codes


def _variance(incidence: Floats, before: Floats, d: Floats, n: Floats) -> Floats:
    """Return Aalen's variance of each cumulative incidence at each event time."""
    total = d.sum(axis=1)
    left = np.maximum(n - total, 1e-300)
    hazard = np.where(n > total, total / (n * left), 0.0)
    variance = np.zeros_like(incidence)
    for k in range(d.shape[1]):
        own = before**2 * d[:, k] * (n - d[:, k]) / n**3
        cross = before * d[:, k] / n**2
        for j in range(len(n)):
            gap = incidence[j, k] - incidence[: j + 1, k]
            variance[j, k] = (
                (gap**2 * hazard[: j + 1]).sum() + own[: j + 1].sum() - 2 * (gap * cross[: j + 1]).sum()
            )
    return np.maximum(variance, 0)


def _limits(value: Floats, error: Floats, known: Floats, tail: float) -> tuple[Floats, Floats]:
    """Return limits on the log-log scale; where none or all of the known fates are of a kind, the exact binomial ones."""
    inner = np.clip(value, 1e-12, 1 - 1e-12)
    spread = np.minimum(error / np.abs(inner * np.log(inner)), 50.0)  # beyond it the limits are 0 and 1
    low, high = inner ** np.exp(spread), inner ** np.exp(-spread)
    # Nobody of m: 1 - (alpha/2)^(1/m) (Clopper and Pearson 1934); nothing is known before the first fate.
    exact = np.where(known > 0, 1 - tail ** (1 / np.maximum(known, 1)), 1.0)[:, None]
    low, high = np.where(value > 0, low, 0.0), np.where(value > 0, high, exact)
    low = np.where(value >= 1 - 1e-12, 1 - exact, low)
    return np.minimum(low, value), np.maximum(high, value)


def resolved_fatality(n_deaths: Any, n_discharged: Any) -> float:
    """Return deaths / (deaths + discharges) of finished cases, the crude ratio that `cumulative_incidence` improves on.

    Source: Ghani et al. 2005. Assumes that the unresolved will fare alike. Use it only for a closed outbreak; ValueError when nobody has an outcome.

    >>> resolved_fatality(3, 9)
    0.25
    """
    died = as_number("n_deaths", n_deaths, low=0)
    well = as_number("n_discharged", n_discharged, low=0)
    if died + well == 0:
        raise complain("n_deaths + n_discharged", "above 0", 0)
    return died / (died + well)
