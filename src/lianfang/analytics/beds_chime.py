"""The CHIME model of hospital demand: its printed tables, and the nested census that it lacks."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lianfang.analytics.inputs import Floats, as_number, as_whole, complain
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "ChimeProjection",
    "Disposition",
    "chime_projection",
]

SOURCE = "Weissman et al., Ann Intern Med 2020;173:21-28 (CHIME, Penn Medicine)"


@dataclass(frozen=True, kw_only=True)
class Disposition:
    """One kind of care: share of the infected who need it, and days of it."""

    rate: float
    days: int


@dataclass(frozen=True, kw_only=True)
class ChimeProjection(Result):
    """Daily compartments, admissions and census; row 0 is the first day, `day` counts from today.

    `admissions` and `census` are days x (hospitalised, ICU, ventilated), admissions NaN on row 0 as there is no day
    before. `nested` is the census of the hospital, the ICU and ventilators in which every ventilated patient is also in
    intensive care and every ICU patient also in hospital, for as long as that lasts.
    """

    day: Floats
    susceptible: Floats
    infected: Floats
    recovered: Floats
    admissions: Floats
    census: Floats
    nested: Floats

    def table(self) -> dict[str, list[Any]]:
        """Return one row a day."""
        columns: dict[str, list[Any]] = {"day": self.day.tolist()}
        columns |= {name: getattr(self, name).tolist() for name in ("susceptible", "infected", "recovered")}
        for k, kind in enumerate(("hospitalized", "icu", "ventilated")):
            columns[f"admits_{kind}"] = self.admissions[:, k].tolist()
            columns[f"census_{kind}"] = self.census[:, k].tolist()
            columns[f"nested_{kind}"] = self.nested[:, k].tolist()
        return columns

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the nested census."""
        ax = new_axes(ax)
        for k, kind in enumerate(("hospital", "ICU", "ventilated")):
            ax.plot(self.day, self.nested[:, k], label=kind)
        ax.set_xlabel("days from today")
        ax.set_ylabel("beds")
        ax.legend(frameon=False)
        return ax


def chime_projection(
    *,
    population: float,
    current_hospitalized: float,
    doubling_time: float,
    relative_contact_rate: float,
    infectious_days: float,
    hospitalized: Disposition,
    icu: Disposition,
    ventilated: Disposition,
    market_share: float = 1.0,
    n_days: int = 60,
    days_before: int = 0,
) -> ChimeProjection:
    """Return the CHIME projection from a doubling time.

    Formula: discrete SIR with beta = (g + 1 / infectious days) / S0 x (1 - contact reduction), g = 2^(1 / doubling) - 1,
    I0 = current hospitalised / market share / hospitalisation rate; admissions = new (infected + recovered) x rate x market
    share; census = admissions of the last `days`. `nested` splits patients into ward only, ICU without and with
    ventilation, each staying as long as the longest care it gets.

    Parameters
    ----------
    population, current_hospitalized, market_share
        Catchment, patients in hospital now, share of the catchment that comes here (0-1).
    doubling_time, relative_contact_rate, infectious_days
        Days; reduction of contacts 0-1; days.
    hospitalized, icu, ventilated
        Rates of the infected, ICU within hospitalised, ventilated within ICU.
    n_days, days_before
        Days ahead, and days before today at which the curve starts.

    Raises
    ------
    ValueError
        Values outside their range, or rates that are not nested.

    Notes
    -----
    Source: Weissman et al. 2020; equal to the tables shipped with CHIME. Their census is the rounded-up `census` here; in
    it an ICU patient of 9 days leaves the hospital count after 7 (chime issue 385), which `nested` repairs.
    Assumes one wave, no import, fixed stays. Not for decisions, as it has no uncertainty: use it to compare with others, and `project_census` for decisions.

    Examples
    --------
    >>> given = {"hospitalized": Disposition(rate=0.025, days=7), "icu": Disposition(rate=0.0075, days=9)}
    >>> result = chime_projection(population=4119405, current_hospitalized=14, doubling_time=4, relative_contact_rate=0.3,
    ...     infectious_days=14, ventilated=Disposition(rate=0.005, days=10), market_share=0.15, **given)
    >>> float(np.ceil(result.census[1, 0])), bool((result.nested[:, 0] >= result.nested[:, 1]).all())
    (3.0, True)
    """
    rates = {"hospitalized": hospitalized, "icu": icu, "ventilated": ventilated}
    if not 1 >= hospitalized.rate >= icu.rate >= ventilated.rate >= 0 or hospitalized.rate == 0:
        raise complain(
            "rates", "1 >= hospitalised >= ICU >= ventilated >= 0", {k: d.rate for k, d in rates.items()}
        )
    share = as_number("market_share", market_share, low=1e-9, high=1)
    curve = _sir(
        as_number("population", population, low=1),
        as_number("current_hospitalized", current_hospitalized, low=0) / share / hospitalized.rate,
        2 ** (1 / as_number("doubling_time", doubling_time, low=1e-6)) - 1,
        1 / as_number("infectious_days", infectious_days, low=1),
        (
            1 - as_number("relative_contact_rate", relative_contact_rate, low=0, high=1),
            as_whole("n_days", n_days, low=1) + as_whole("days_before", days_before),
        ),
    )
    new = np.diff(curve[:, 1] + curve[:, 2]) * share
    days = [as_whole(f"{name}.days", care.days, low=1) for name, care in rates.items()]
    admissions = np.stack([new * care.rate for care in rates.values()], axis=1)
    census = np.stack([_last(admissions[:, k], days[k]) for k in range(3)], axis=1)
    on_ventilator = _last(new * ventilated.rate, days[2])
    in_icu = _last(new * (icu.rate - ventilated.rate), days[1]) + _last(new * ventilated.rate, max(days[1:]))
    in_hospital = (
        _last(new * (hospitalized.rate - icu.rate), days[0])
        + _last(new * (icu.rate - ventilated.rate), max(days[:2]))
        + _last(new * ventilated.rate, max(days))
    )
    return ChimeProjection(
        day=np.arange(len(curve), dtype=np.float64) - days_before,
        susceptible=curve[:, 0],
        infected=curve[:, 1],
        recovered=curve[:, 2],
        admissions=np.vstack([np.full(3, np.nan), admissions]),
        census=np.vstack([np.zeros(3), census]),
        nested=np.vstack([np.zeros(3), np.stack([in_hospital, in_icu, on_ventilator], axis=1)]),
        provenance=Provenance(
            method="CHIME SIR projection",
            source=SOURCE,
            parameters={
                "doubling_time": doubling_time,
                "relative_contact_rate": relative_contact_rate,
                "rates": {name: (care.rate, care.days) for name, care in rates.items()},
            },
        ),
    )


def _sir(
    population: float, infected: float, growth: float, gamma: float, course: tuple[float, int]
) -> Floats:
    kept_contacts, n_steps = course
    if infected >= population:
        raise complain("current_hospitalized", "such that fewer are infected than live there", infected)
    s, i, r = population - infected, infected, 0.0
    beta = (growth + gamma) / s * kept_contacts
    rows = [(s, i, r)]
    for _ in range(n_steps):
        new = beta * s * i
        s, i, r = s - new, i + new - gamma * i, r + gamma * i
        if s < 0:
            raise complain("doubling_time", "long enough for a daily step", growth)
        rows.append((s, i, r))
    return np.array(rows)


def _last(flow: Floats, days: int) -> Floats:
    total = np.concatenate((np.zeros(days), np.cumsum(flow)))
    return np.asarray(total[days:] - total[:-days])
