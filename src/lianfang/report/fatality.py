"""Case fatality: deaths over cases, corrected for deaths still to come, and from the courses of single cases."""

from dataclasses import dataclass

import numpy as np

from lianfang.analytics.delays import DelayDistribution
from lianfang.analytics.severity import SeverityEstimates, case_fatality_uncertain
from lianfang.analytics.severity_counts import exact_interval
from lianfang.analytics.severity_records import CumulativeIncidence, cumulative_incidence
from lianfang.report.delays import Delay
from lianfang.report.left_out import LeftOut
from lianfang.report.line_list import LineList
from lianfang.report.natural_history import NaturalHistory

FEWEST_CASES = 5
FEWEST_OUTCOMES = 20
_DATED = 0.9  # share of deaths that must have a date
_LONGEST = 90
_MOST_DOUBT = 1.0


@dataclass(frozen=True, kw_only=True)
class Fatality:
    """Estimates with 95 % limits; `delay_source` says which delay to death the corrected one rests on."""

    n_cases: int
    n_deaths: int
    n_undated_deaths: int
    naive: tuple[float, float, float]
    corrected: SeverityEstimates | LeftOut
    delay_source: str
    courses: CumulativeIncidence | LeftOut


def fatality_of(cases: LineList, known: NaturalHistory | None, delays: list[Delay]) -> Fatality | LeftOut:
    """Return case fatality where deaths are recorded; a file that says nothing of outcomes gives no zero."""
    says = cases.count(lambda line: bool(line.outcome) or line.died is not None)
    if len(cases) < FEWEST_CASES:
        return LeftOut(reason="left.cfr_few", values={"n": len(cases), "least": FEWEST_CASES})
    if not says:
        return LeftOut(reason="left.cfr_no_outcome")
    n_deaths = cases.count(lambda line: line.is_dead)
    dated = cases.count(lambda line: line.died is not None)
    low, high = exact_interval(np.array([float(n_deaths)]), np.array([float(len(cases))]))
    corrected, source = _corrected(cases, known, delays, (n_deaths, dated))
    return Fatality(
        n_cases=len(cases),
        n_deaths=n_deaths,
        n_undated_deaths=n_deaths - dated,
        naive=(n_deaths / len(cases), float(low[0]), float(high[0])),
        corrected=corrected,
        delay_source=source,
        courses=_courses(cases),
    )


def _corrected(
    cases: LineList, known: NaturalHistory | None, delays: list[Delay], deaths: tuple[int, int]
) -> tuple[SeverityEstimates | LeftOut, str]:
    n_deaths, _ = deaths
    why = _why_not(cases, *deaths)
    if why is not None:
        return why, ""
    laws, source = _delays_to_death(known, delays)
    if not laws:
        return LeftOut(reason="left.cfr_no_delay"), ""
    dates = cases.followed_days
    starts = cases.daily(lambda line: line.starts, n_days=len(dates))
    died = cases.daily(lambda line: line.died, n_days=len(dates))
    # The estimate rests on the number of deaths by the last day, so a death without a usable date counts on that day.
    died[-1] += n_deaths - died.sum()
    try:
        n_days = min(_LONGEST, max(2, len(dates)))
        found = case_fatality_uncertain(
            starts, died, [law.pmf(n_days) for law in laws], dates=dates, likelihood="by-case"
        )
    except ValueError as trouble:
        return LeftOut(reason="left.estimator", detail=str(trouble)), ""
    if not np.isfinite(found.estimate[0]):
        return LeftOut(reason="left.estimator", detail=found.status[0]), ""
    return found, source


def _why_not(cases: LineList, n_deaths: int, dated: int) -> LeftOut | None:
    if not n_deaths:
        return LeftOut(reason="left.cfr_no_deaths")
    if not cases.days:
        return LeftOut(reason="left.cfr_no_dates")
    if dated < _DATED * n_deaths and not cases.is_whole:
        return LeftOut(reason="left.cfr_undated", values={"n": n_deaths - dated, "deaths": n_deaths})
    return None


def _delays_to_death(
    known: NaturalHistory | None, delays: list[Delay]
) -> tuple[tuple[DelayDistribution, ...], str]:
    """Return equally likely delays: about the published one of the disease, else about the one fitted to this file."""
    if known is not None and known.onset_to_death is not None:
        published = known.onset_to_death
        return published.distribution.in_doubt(min(published.log_sd, _MOST_DOUBT)), published.source
    own = next((delay for delay in delays if delay.code == "onset_to_death"), None)
    if own is not None and not isinstance(own.fit, LeftOut):
        return own.fit.in_doubt(), "own"
    return (), ""


def _courses(cases: LineList) -> CumulativeIncidence | LeftOut:
    """Return the competing risks of death and recovery since onset; who has no dated outcome is still followed."""
    times, outcomes = [], []
    for line in cases.lines:
        ended = line.died or line.discharged
        if line.onset is None or cases.followed_until is None or line.onset > cases.followed_until:
            continue
        if ended is None and line.outcome in {"died", "recovered"}:
            continue  # ended, nobody knows when
        if ended is not None and ended < line.onset:
            continue
        times.append(float(((ended or cases.followed_until) - line.onset).days))
        outcomes.append("death" if line.died else "discharge" if line.discharged else None)
    n_deaths, n_recovered = outcomes.count("death"), outcomes.count("discharge")
    if n_deaths + n_recovered < FEWEST_OUTCOMES or not n_recovered:
        return LeftOut(reason="left.courses", values={"n": n_deaths + n_recovered, "least": FEWEST_OUTCOMES})
    try:
        return cumulative_incidence(times, outcomes)
    except ValueError as trouble:
        return LeftOut(reason="left.estimator", detail=str(trouble))
