"""From evidence on file to `analytics.chains` and back; imported only where something is computed."""

from collections import Counter
from datetime import date
from typing import Any

import numpy as np
from scipy import special, stats

from lianfang.analytics.chains import ChainPosterior, Exposure, Interval, infer_chains, review_links
from lianfang.analytics.chains import links as words
from lianfang.outlook.chains import case_rows
from lianfang.outlook.evidence import CaseFacts, Evidence, fold
from lianfang.rulebook.kinds.care import NaturalHistoryParameters

_special: Any = special  # scipy carries no types
_stats: Any = stats
_TAIL = 0.001
LEAST_SPREAD = 4.0  # days, standard deviation of onset to transmission
# Candidates below this are not kept; never more than so many of a case.
_LEAST, _KEPT = 0.01, 8
_TOP = 0.2
_SHOWN_OFFSPRING = 40
PROBLEMS = {
    words.ONSET_ORDER: "onset_order",
    words.TOO_LONG: "too_long",
    words.CIRCLE: "circle",
    words.TWO_SOURCES: "two_sources",
}


def inferred(evidence: Evidence, history: NaturalHistoryParameters, seed: int) -> dict[str, Any]:
    """Return the result of a run: candidates, consensus, super-spreading, problems."""
    posterior = posterior_of(evidence, history, seed)
    ids = posterior.ids
    source, _ = posterior.best()
    best = {pk: None if i < 0 else ids[i] for pk, i in zip(ids, source.tolist(), strict=True)}
    candidates = {pk: _kept(posterior, pk, best[pk]) for pk in ids}
    return {
        "cases": case_rows(evidence, candidates, best),
        **reviewed(evidence, history),
        **_spread(posterior, best),
        "sensitivity": {kind: round(value, 3) for kind, value in posterior.sensitivity.items()},
        "n_unknown": round(float(posterior.unknown.sum()), 2),
        "disagreement": round(posterior.disagreement, 3),
    }


def posterior_of(evidence: Evidence, history: NaturalHistoryParameters, seed: int) -> ChainPosterior:
    """Run the library on the evidence; what persons decided holds in every tree it draws."""
    cases = evidence.cases
    return infer_chains(
        [case.pk for case in cases],
        days_of(evidence),
        interval_of(history.serial_interval),
        traced=sorted(evidence.traced - evidence.rejected) or None,
        contacts=sorted(evidence.contacts - evidence.rejected) or None,
        household=[evidence.household.get(case.pk) for case in cases] if evidence.household else None,
        exposure=exposure_of(evidence, history),
        source_outside=[True if case.pk in evidence.outside else None for case in cases],
        fixed=evidence.confirmed | dict.fromkeys(evidence.ruled_outside),
        barred=sorted(evidence.rejected - {(source, case) for case, source in evidence.confirmed.items()}),
        seed=seed,
    )


def days_of(evidence: Evidence) -> list[float]:
    """Return the day of onset of each case; where none is on file, the day of diagnosis less the usual delay."""
    return [
        float(case.on.toordinal() - (0 if case.is_onset else evidence.report_delay))
        for case in evidence.cases
    ]


def interval_of(law: Any) -> Interval:
    """Return a delay of the disease pack as probabilities of whole days."""
    if law.family == "gamma":
        return Interval.gamma(law.mean, law.sd)
    frozen = _stats.lognorm(law.sdlog, scale=np.exp(law.meanlog))
    last = int(np.ceil(frozen.ppf(1 - 1e-6)))
    weights = np.diff(frozen.cdf(np.arange(0, last + 1) + 0.5))
    return Interval(pmf=weights / weights.sum(), first=1)


def moments(law: Any) -> tuple[float, float]:
    """Return mean and standard deviation of a delay of the disease pack, in days."""
    if law.family == "gamma":
        return float(law.mean), float(law.sd)
    mean = float(np.exp(law.meanlog + law.sdlog**2 / 2))
    return mean, float(mean * np.sqrt(np.expm1(law.sdlog**2)))


def infectiousness(history: NaturalHistoryParameters) -> Interval:
    """Return onset of the infector to transmission: what the serial interval has beyond the incubation period.

    Means subtract; variances too, where they can. The spread is never below `LEAST_SPREAD`: a pack does not say how
    long people infect others, and a profile that is too narrow throws out links that investigators have seen. Where the
    mean lies beyond the spread, as in MERS, nobody infects before symptoms.
    """
    serial, incubation = moments(history.serial_interval), moments(history.incubation)
    spread = max(np.sqrt(max(serial[1] ** 2 - incubation[1] ** 2, 0.0)), LEAST_SPREAD)
    mean = serial[0] - incubation[0]
    return Interval.gamma(mean, float(spread)) if mean > spread else Interval.normal(mean, float(spread))


def exposure_of(evidence: Evidence, history: NaturalHistoryParameters) -> Exposure:
    """Return windows, places and last days at large of all cases."""
    cases = evidence.cases
    spans = [evidence.windows.get(case.pk, (None, None)) for case in cases]
    return Exposure(
        start=[_day(first) for first, _ in spans],
        end=[_day(last) for _, last in spans],
        removed=[_day(case.removed_on) for case in cases],
        place=[infected_at(evidence, case) for case in cases],
        also_at=[sorted({fold(v.text) for v in evidence.venues.get(case.pk, ())}) for case in cases],
        incubation=interval_of(history.incubation),
        infectiousness=infectiousness(history),
    )


def infected_at(evidence: Evidence, case: CaseFacts) -> str | None:
    """Return the place where the case may have been infected, None where none is named before its onset.

    A stay in hospital that began before comes first, then what the case's own investigation or its contact's named.
    """
    venues = [v for v in evidence.venues.get(case.pk, ()) if not v.infects]
    stays = [v for v in venues if v.is_stay and (v.from_on is None or v.from_on < case.on)]
    named = [v for v in venues if not v.is_stay]
    return fold((stays or named)[0].text) if stays or named else None


def _day(value: date | None) -> float:
    return float("nan") if value is None else float(value.toordinal())


def _kept(posterior: ChainPosterior, pk: int, best: int | None) -> list[tuple[int | None, float | None]]:
    rows = [
        (source, round(p, 4))
        for source, p in posterior.candidates(pk, 10_000)
        if p >= _LEAST or source is None or source == best
    ]
    named = [row for row in rows if row[0] is not None]
    return [*named[:_KEPT], *(row for row in rows if row[0] is None)]


def _spread(posterior: ChainPosterior, best: dict[int, int | None]) -> dict[str, Any]:
    """Return how unequally cases infect others: R and k, and the share of transmission from the top fifth.

    Given k, individual reproduction numbers are gamma distributed with shape k, and the share of the top fifth is
    1 - F(k + 1) at the 80 % point of F(k), whatever R is (Lloyd-Smith et al., Nature 2005;438:355-359).
    """
    k = posterior.k
    share = 1 - _special.gammainc(k + 1, _special.gammaincinv(k, 1 - _TOP))
    children = Counter(source for source in best.values() if source is not None)
    counts = sorted((children[pk] for pk in best), reverse=True)
    top, total = counts[: max(round(_TOP * len(counts)), 1)], sum(counts)
    spread = {
        "offspring_mean": _three(posterior.reproduction),
        "dispersion_k": _three(k),
        "top_fifth": _three(share),
    }
    return {
        "spread": spread,
        "offspring_share": [round(float(v), 4) for v in posterior.offspring_share[:_SHOWN_OFFSPRING]],
        "top_fifth_counted": round(sum(top) / total, 3) if total else None,
    }


def _three(draws: Any) -> list[float]:
    """Return median and central 95 % of draws."""
    return [round(float(value), 3) for value in np.quantile(draws, [0.5, 0.025, 0.975])]


def reviewed(evidence: Evidence, history: NaturalHistoryParameters) -> dict[str, Any]:
    """Return the recorded links that cannot be, each with the rule that it breaks, and the limits used."""
    law = history.serial_interval
    frozen = (
        _stats.gamma((law.mean / law.sd) ** 2, scale=law.sd**2 / law.mean)
        if law.family == "gamma"
        else _stats.lognorm(law.sdlog, scale=np.exp(law.meanlog))
    )
    limits = [int(np.floor(frozen.ppf(_TAIL))), int(np.ceil(frozen.ppf(1 - _TAIL)))]
    review = review_links(
        sorted(evidence.traced),
        [case.pk for case in evidence.cases],
        [float(c.on.toordinal()) if c.is_onset else float("nan") for c in evidence.cases],
        shortest=limits[0],
        longest=limits[1],
    )
    rows = zip(review.infector, review.infectee, review.lag_days, review.problem, strict=True)
    problems = [
        {"source": source, "case": case, "lag": lag, "problem": PROBLEMS[problem]}
        for source, case, lag, problem in rows
        if problem in PROBLEMS
    ]
    return {"problems": problems, "limits": limits}
