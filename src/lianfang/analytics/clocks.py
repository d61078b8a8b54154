"""What slow testing and tracing cost: the reproduction number as a function of the two delays, and infections averted.

The model is Kretzschmar et al. 2020. It takes assumed delays or the *measured* delay distributions of a platform.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize

from lianfang.analytics.inputs import (
    Floats,
    as_counts,
    as_number,
    as_pmf,
    as_whole,
    complain,
    digest,
)
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "ClockEffect",
    "TracingModel",
    "effect_of_delays",
]

_optimize: Any = optimize  # scipy carries no types

LONGEST_DELAY = 1000  # days
SOURCE = "Kretzschmar et al., Lancet Public Health 2020;5:e452-e459"


@dataclass(frozen=True, kw_only=True)
class TracingModel:
    """The parameters of the discrete-day model; defaults are those published for COVID-19 in 2020.

    `latent` is the probability to become infectious on each latent day, given that it has not happened before.
    `transmission_profile` x `transmissibility` is the probability to infect a close contact on each infectious day;
    casual contacts have `casual_ratio` of it. `symptom_hazard` is scaled until `fraction_symptomatic` of the infected
    develop symptoms within the infectious period. Contacts are per day after distancing; each stays infected once
    (saturation). `tracing_window` days of contacts before the diagnosis are traced.
    """

    latent: tuple[float, ...] = (0.5, 0.7, 1.0)
    transmission_profile: tuple[float, ...] = (
        0.348446,
        0.531887,
        0.634637,
        0.6393,
        0.560803,
        0.434692,
        0.299959,
        0.184989,
        0.10216,
        0.0505619,
    )
    transmissibility: float = 0.1211
    casual_ratio: float = 0.25
    symptom_hazard: tuple[float, ...] = (
        0.0209371,
        0.0461089,
        0.0813067,
        0.122817,
        0.165713,
        0.202934,
        0.224878,
        0.220575,
        0.183746,
        0.123545,
    )
    fraction_symptomatic: float = 0.8
    close_contacts: float = 4.0 * 0.6
    casual_contacts: float = 1.6 * (1 - 0.15) / 0.15 * 0.3
    tracing_window: int = 7

    def __post_init__(self) -> None:
        """Refuse what would give a silent nonsense number."""
        if len(self.transmission_profile) != len(self.symptom_hazard):
            raise complain(
                "symptom_hazard",
                "as long as transmission_profile",
                (len(self.symptom_hazard), len(self.transmission_profile)),
            )
        as_number(
            "transmissibility x profile",
            self.transmissibility * max(self.transmission_profile),
            low=0,
            high=1,
        )
        for name in ("latent", "transmission_profile", "symptom_hazard"):
            as_counts(name, getattr(self, name), n_axes=(1,))
        for name in ("casual_ratio", "fraction_symptomatic"):
            as_number(name, getattr(self, name), low=0, high=1)
        for name in ("close_contacts", "casual_contacts"):
            as_number(name, getattr(self, name), low=0)
        as_whole("tracing_window", self.tracing_window)


KRETZSCHMAR_2020 = TracingModel()


@dataclass(frozen=True, kw_only=True)
class ClockEffect(Result):
    """The reproduction number without any response, with isolation only, and with isolation and tracing."""

    r_without: float
    r_isolation: float
    r_tracing: float

    @property
    def prevented(self) -> float:
        """Share of onward transmission that isolation and tracing prevent together."""
        return 1 - self.r_tracing / self.r_without

    def table(self) -> dict[str, list[Any]]:
        """Return one row per situation: what is done, R, and R as a share of R without response."""
        values = [self.r_without, self.r_isolation, self.r_tracing]
        return {
            "response": ["none", "isolation", "isolation and tracing"],
            "R": values,
            "share_of_R": [value / self.r_without for value in values],
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the three numbers as bars against the threshold 1."""
        ax = new_axes(ax)
        columns = self.table()
        ax.bar(columns["response"], columns["R"])
        ax.axhline(1, linestyle="--", color="black", linewidth=1)
        ax.set_ylabel("reproduction number")
        return ax


@dataclass(frozen=True)
class _Tables:
    """What the sums need: infections by infectious day and ring, symptom hazard, onward share still to come."""

    close: Floats
    casual: Floats
    hazard: Floats
    to_come: Floats


def _tables(model: TracingModel) -> _Tables:
    by_day = np.asarray(model.transmission_profile) * model.transmissibility

    def infections(probability: Floats, contacts: float) -> Floats:
        escaped = np.cumprod(np.concatenate(([1.0], 1 - probability)))[:-1]
        return np.asarray(contacts * probability * escaped, dtype=np.float64)

    close = infections(by_day, model.close_contacts)
    casual = infections(by_day * model.casual_ratio, model.casual_contacts)
    total = close + casual
    if total.sum() == 0:
        raise complain("model", "one in which somebody is infected", model)
    n = len(by_day)
    waiting = np.cumprod(np.concatenate(([1.0], 1 - np.asarray(model.latent))))
    latent_days = waiting[:-1] - waiting[1:]
    done = np.cumsum(total) / total.sum()
    passed = np.zeros(n)
    for days, probability in enumerate(latent_days, start=1):
        passed[days:] += probability * done[: max(n - days, 0)]
    return _Tables(close=close, casual=casual, hazard=_scaled_hazard(model), to_come=1 - passed)


def _scaled_hazard(model: TracingModel) -> Floats:
    shape = np.asarray(model.symptom_hazard)
    if model.fraction_symptomatic == 0 or shape.sum() == 0:
        return np.zeros_like(shape)
    top = 1 / shape.max()

    def missing(scale: float) -> float:
        return float(1 - np.prod(1 - scale * shape) - model.fraction_symptomatic)

    return np.asarray(_optimize.brentq(missing, 0, top, xtol=1e-16, rtol=1e-15) * shape)


def _diagnosis(tables: _Tables, fraction: float, testing_delay: int) -> Floats:
    """Probability to be diagnosed on each infectious day, given not before."""
    n = len(tables.hazard)
    shifted = np.zeros(n)
    if testing_delay < n:
        shifted[testing_delay:] = fraction * tables.hazard[: n - testing_delay]
    return shifted


def _still_free(diagnosis: Floats) -> Floats:
    return np.asarray(np.cumprod(np.concatenate(([1.0], 1 - diagnosis)))[:-1])


def _traced_share(tables: _Tables, diagnosis: Floats, tracing_delay: int, model: TracingModel) -> Floats:
    """Share of onward transmission prevented in a contact infected on each infectious day, at full coverage."""
    n = len(diagnosis)
    to_come = np.concatenate((tables.to_come, np.zeros(tracing_delay + 1)))
    share = np.zeros(n)
    for day in range(n - 1):
        ahead = diagnosis[day + 1 : day + 2 + model.tracing_window]
        when = ahead * _still_free(ahead)
        first = day + tracing_delay
        weights = np.zeros(len(ahead))
        seen = to_come[first : first + len(ahead)]
        weights[: len(seen)] = seen
        share[day] = when @ weights
    return share


def _as_delay(parameter: str, delay: Any) -> Floats:
    """Return a point mass for a whole number of days; a sequence must be a distribution from day 0."""
    if np.ndim(delay) == 0:
        point = np.zeros(as_whole(parameter, as_number(parameter, delay, low=0, high=LONGEST_DELAY)) + 1)
        point[-1] = 1
        return point
    return as_pmf(parameter, delay)


def effect_of_delays(
    testing_delay: Any,
    tracing_delay: Any,
    *,
    coverage_close: float = 0.8,
    coverage_casual: float | None = None,
    fraction_tested: float = 0.8,
    tracing_share: float = 0.8,
    tracing_table_fraction: float | None = None,
    model: TracingModel = KRETZSCHMAR_2020,
) -> ClockEffect:
    """Return the reproduction number that a pair of clocks leaves: onset to diagnosis, diagnosis to contact traced.

    Formula: R = sum over rings and infectious days i of infections(i) x P(not diagnosed before i) x
    (1 - tracing_share x coverage x T(i)), where T(i) sums, over the days j of a diagnosis within the tracing window,
    P(diagnosed on j) x the share of a generation's transmission still to come at j + tracing delay.

    Parameters
    ----------
    testing_delay, tracing_delay
        Whole days, or a probability mass function of days from day 0 (for instance `empirical_delay(...)` of a
        platform's own records). Distributions are mixed: each index case draws its delays independently.
    coverage_close, coverage_casual
        Share of close and casual contacts that is found; `coverage_casual` defaults to `coverage_close`.
    fraction_tested
        Share of symptomatic cases that is tested.
    tracing_share
        Share of diagnosed cases whose contacts are traced at all (0.8 in the publication; app use in app scenarios).
    tracing_table_fraction
        Fraction tested used *inside* T(i) only. The published "only app users are tested" percentages (94.3, 87.3,
        79.0, 69.6, 59.0) come out with 0.8 here, a table left over from an earlier run of the notebook; the consistent
        values, and the default, are 94.95, 88.87, 80.66, 69.60, 55.27.

    Raises
    ------
    ValueError
        A share outside 0-1, a negative delay, a delay that is neither whole nor a distribution.

    Notes
    -----
    Source: Kretzschmar et al. 2020 and its public notebook, reproduced to 1e-12 (one printed value, everybody tested
    with app use 1.0, differs by 4e-4 from the notebook's own formula and is taken to be stale too).
    Assumptions: infectious days are independent of severity, isolation is perfect, contacts quarantined are perfectly
    isolated; "still to come" is read at the infectious day of the index case, as in the notebook.
    Do not use it for diseases with another natural history without a `model` of their own, nor for a day-by-day
    forecast: R here is an average of a whole generation. Cost: about a millisecond for each pair of delays.

    Examples
    --------
    >>> slow = effect_of_delays(4, 3, coverage_close=0.8, coverage_casual=0.5)
    >>> round(100 * slow.r_tracing / slow.r_without, 1)
    97.5
    >>> fast = effect_of_delays([0.5, 0.3, 0.2], 0, coverage_close=1)
    >>> bool(fast.r_tracing < 1)
    True
    """
    testing, tracing = _as_delay("testing_delay", testing_delay), _as_delay("tracing_delay", tracing_delay)
    casual = coverage_close if coverage_casual is None else coverage_casual
    shares = {
        "coverage_close": coverage_close,
        "coverage_casual": casual,
        "fraction_tested": fraction_tested,
        "tracing_share": tracing_share,
        "tracing_table_fraction": fraction_tested
        if tracing_table_fraction is None
        else tracing_table_fraction,
    }
    for name, value in shares.items():
        as_number(name, value, low=0, high=1)
    tables = _tables(model)
    traced = 0.0
    isolated = 0.0
    reached = tables.close * coverage_close + tables.casual * casual
    for d1 in np.flatnonzero(testing):
        free = _still_free(_diagnosis(tables, fraction_tested, int(d1)))
        in_table = _diagnosis(tables, shares["tracing_table_fraction"], int(d1))
        isolated += testing[d1] * float((tables.close + tables.casual) @ free)
        for d2 in np.flatnonzero(tracing):
            share = _traced_share(tables, in_table, int(d2), model)
            traced += testing[d1] * tracing[d2] * float((reached * free) @ share)
    return ClockEffect(
        r_without=float((tables.close + tables.casual).sum()),
        r_isolation=float(isolated),
        r_tracing=float(isolated - tracing_share * traced),
        provenance=Provenance(
            method="discrete-day isolation and tracing",
            source=SOURCE,
            parameters={**shares, "model": repr(model)},
            inputs={"testing_delay": digest(testing), "tracing_delay": digest(tracing)},
        ),
    )
