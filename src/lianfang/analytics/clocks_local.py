"""What slow tracing costs in one area, from the area's own records: R as it is, and as it were within a target, with intervals."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from lianfang.analytics.clocks import KRETZSCHMAR_2020, SOURCE, TracingModel, effect_of_delays
from lianfang.analytics.inputs import Floats, as_floats, as_number, as_whole, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HOURS = 21 * 24  # later than this a traced contact prevents nothing any more in the model
_DAYS = 22
Three = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class TracingCost(Result):
    """R with the measured clocks, and with every traced contact reached within `target_hours`; each (estimate, low, high).

    `median_hours` is None where fewer than half of the contacts have been reached. `reached` is the share of contacts
    reached within 21 days, `difference` what R would be lower by (never negative).
    """

    median_hours: float | None
    target_hours: float
    reached: Three
    r_now: Three
    r_target: Three
    difference: Three

    def table(self) -> dict[str, list[Any]]:
        """Return one row per quantity with estimate and central 95 %."""
        rows = {name: getattr(self, name) for name in ("reached", "r_now", "r_target", "difference")}
        columns = list(zip(*rows.values(), strict=True))
        return {
            "quantity": list(rows),
            "estimate": list(columns[0]),
            "low": list(columns[1]),
            "high": list(columns[2]),
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw R now and within the target, with their intervals."""
        ax = new_axes(ax)
        for x, (mid, low, high) in enumerate((self.r_now, self.r_target)):
            ax.errorbar([x], [mid], yerr=[[max(mid - low, 0)], [max(high - mid, 0)]], fmt="o", capsize=4)
        ax.set_xticks([0, 1], ["as measured", f"within {self.target_hours:g} h"])
        ax.axhline(1, linestyle="--", color="black", linewidth=1)
        ax.set_ylabel("reproduction number")
        return ax


def cost_of_tracing_delay(
    diagnosis_days: Any,
    hours: Any,
    traced: Any,
    index_case: Any,
    *,
    n_known: int,
    n_cases: int,
    target_hours: float = 24.0,
    fraction_tested: float = 0.8,
    n_draws: int = 500,
    seed: int = 1,
    model: TracingModel = KRETZSCHMAR_2020,
) -> TracingCost:
    """Return what the measured tracing delay of an area costs in R.

    Formula: R = sum over d1, d2 of P(d1) P(d2) x R(d1, d2) of `effect_of_delays`. P(d1) is empirical in whole days.
    P(d2) is Kaplan-Meier in hours, so that contacts still open count as "at least so long"; an hour between two whole
    days is shared between both in proportion. What is never reached within 21 days is not traced. The target moves
    every later tracing to `target_hours` and leaves the untraced untraced.

    Parameters
    ----------
    diagnosis_days
        Onset to diagnosis of each case, in days (rounded down), 0 or more.
    hours, traced, index_case
        For each contact: hours from the diagnosis of its index case until it was reached (or until now), whether it
        was reached, and any label of its index case. Contacts of one case are drawn together: they are not independent.
    n_known, n_cases
        How many of the new cases had been known contacts: the share of infected contacts that tracing finds.

    Raises
    ------
    ValueError
        No cases or contacts, negative delays, unequal lengths, more known than cases.

    Notes
    -----
    Source: Kretzschmar et al. 2020 (see `effect_of_delays`, whose assumptions hold here too); the intervals are this
    project's own: bootstrap over cases, index cases and the share known. They hold sampling error only, not that of
    the model. Not for a disease with another natural history, nor for fewer than about ten index cases.

    Examples
    --------
    >>> slow = cost_of_tracing_delay([2] * 20, [60.0] * 20, [True] * 20, range(20), n_known=16, n_cases=20)
    >>> slow.median_hours, bool(slow.difference[0] > 0)
    (60.0, True)
    """
    diagnosis = np.floor(_delays("diagnosis_days", diagnosis_days)).astype(np.int64)
    when, done, case = _contacts(hours, traced, index_case)
    known, n = as_whole("n_known", n_known), as_whole("n_cases", n_cases, low=1)
    if known > n:
        raise complain("n_known", f"at most n_cases ({n})", known)
    target = as_number("target_hours", target_hours, low=0, high=_HOURS - 1)
    draws = as_whole("n_draws", n_draws, low=50)
    rng = np.random.default_rng(seed)
    isolation, gain = _tables(as_number("fraction_tested", fraction_tested, low=0, high=1), model)
    weights = np.vstack((np.ones(case.max() + 1), _resampled(case.max() + 1, draws, rng)))
    law = _kaplan_meier(weights, when, done, case)
    counts = np.bincount(np.minimum(diagnosis, len(isolation) - 1), minlength=len(isolation))
    drawn = np.vstack((counts, rng.multinomial(len(diagnosis), counts / counts.sum(), size=draws)))
    first = drawn / len(diagnosis)
    share = np.concatenate(([known / n], rng.beta(known + 0.5, n - known + 0.5, size=draws)))
    to_days = _to_days()
    capped = law.copy()
    last = int(target)
    capped[:, last] += capped[:, last + 1 :].sum(axis=1)
    capped[:, last + 1 :] = 0
    without = first @ isolation
    now = without - share * np.einsum("bi,ij,bj->b", first, gain, law @ to_days)
    then = without - share * np.einsum("bi,ij,bj->b", first, gain, capped @ to_days)
    reached = law.sum(axis=1)
    half = np.flatnonzero(np.cumsum(law[0]) >= 0.5)
    return TracingCost(
        median_hours=float(half[0]) if half.size else None,
        target_hours=target,
        reached=_three(reached),
        r_now=_three(now),
        r_target=_three(then),
        difference=_three(now - then),
        provenance=Provenance(
            method="isolation and tracing with measured clocks, bootstrap",
            source=SOURCE,
            parameters={"fraction_tested": fraction_tested, "n_draws": draws, "target_hours": target},
            inputs={"diagnosis_days": digest(diagnosis.astype(float)), "hours": digest(when.astype(float))},
            seed=seed,
        ),
    )


def _delays(parameter: str, values: Any) -> Floats:
    array = as_floats(parameter, values)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all() or (array < 0).any():
        raise complain(parameter, "one or more finite delays of 0 or more", array.tolist()[:5])
    return array


def _contacts(hours: Any, traced: Any, index_case: Any) -> tuple[Any, Any, Any]:
    when = np.minimum(np.floor(_delays("hours", hours)), _HOURS).astype(np.int64)
    done = np.asarray(list(traced), dtype=bool)
    _, case = np.unique(np.asarray(list(index_case)), return_inverse=True)
    if not len(when) == len(done) == len(case):
        raise complain("traced", f"one value for each of {len(when)} contacts", (len(done), len(case)))
    return when, done, case


def _resampled(n: int, draws: int, rng: np.random.Generator) -> Floats:
    return rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)


def _kaplan_meier(weights: Floats, when: Any, done: Any, case: Any) -> Floats:
    """Return P(reached in hour h) for each row of weights; rows sum to less than 1 where some are never reached."""
    shape = (weights.shape[1], _HOURS + 1)
    ended, events = np.zeros(shape), np.zeros(shape)
    np.add.at(ended, (case, when), 1)
    np.add.at(events, (case[done], when[done]), 1)
    at_risk = weights @ np.cumsum(ended[:, ::-1], axis=1)[:, ::-1]
    hazard = np.divide(weights @ events, at_risk, out=np.zeros_like(at_risk), where=at_risk > 0)[:, :_HOURS]
    alive = np.cumprod(1 - hazard, axis=1)
    before = np.hstack((np.ones((len(weights), 1)), alive[:, :-1]))
    return np.asarray(before * hazard)


def _to_days() -> Floats:
    """Return hours x days: how an hour is shared between the whole days around it."""
    days = np.arange(_HOURS) / 24
    low = np.floor(days).astype(np.int64)
    matrix = np.zeros((_HOURS, _DAYS))
    matrix[np.arange(_HOURS), low] = 1 - (days - low)
    matrix[np.arange(_HOURS), low + 1] += days - low
    return matrix


@lru_cache(maxsize=8)
def _tables(fraction_tested: float, model: TracingModel) -> tuple[Floats, Floats]:
    """Return R with isolation alone by testing delay, and what full tracing takes off it by both delays."""
    n = len(model.transmission_profile) + 1
    isolation, gain = np.zeros(n), np.zeros((n, _DAYS))
    for d1 in range(n):
        for d2 in range(_DAYS):
            effect = effect_of_delays(
                d1, d2, coverage_close=1, fraction_tested=fraction_tested, tracing_share=1, model=model
            )
            isolation[d1] = effect.r_isolation
            gain[d1, d2] = effect.r_isolation - effect.r_tracing
    return isolation, gain


def _three(values: Floats) -> Three:
    """Return the estimate (the first value, from the data as they are) and the central 95 % of the draws."""
    low, high = np.quantile(values[1:], [0.025, 0.975]).tolist()
    return float(values[0]), float(low), float(high)
