"""Case fatality while an outbreak runs: corrected for deaths still to come, static, rolling, varying in time.

Anything counted as cases and later outcome works the same way (for instance admissions and deaths in hospital).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lianfang.analytics.drawing import name_steps
from lianfang.analytics.inputs import Floats, as_floats, as_labels, as_number, as_whole, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes
from lianfang.analytics.severity_counts import (
    STEP,
    Delay,
    Likelihood,
    daily_counts,
    delay_values,
    exact_interval,
    expected_outcomes,
    log_likelihood,
    outcome_share,
    profile,
    running_median,
    severity_grid,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "Ascertainment",
    "SeverityEstimates",
    "UncertainSeverity",
    "ascertainment",
    "case_fatality",
    "case_fatality_uncertain",
    "rolling_case_fatality",
    "time_varying_case_fatality",
]

SOURCE = "Nishiura et al., PLoS ONE 2009;4:e6852"
OK = "ok"
NOTHING_YET = "no cases or no outcomes expected yet"
EXCESS = "deaths exceed expected outcomes: delay too long, cases missed, or deaths of earlier cases"
NOT_ESTIMATED = "burn-in or smoothing edge"


@dataclass(frozen=True, kw_only=True)
class SeverityEstimates(Result):
    """Case fatality for each day estimated, with its interval and a `status` that says why a number is missing.

    `naive` is deaths / cases with its exact binomial interval. `outcomes` is the expected number of cases whose
    outcome is known. Where `status` is not "ok" the estimate is NaN, except when deaths exceed expected outcomes: then
    it is 1 with the lower limit that the deaths alone support.
    """

    when: tuple[Any, ...]
    estimate: Floats
    low: Floats
    high: Floats
    naive: Floats
    naive_low: Floats
    naive_high: Floats
    outcomes: Floats
    status: tuple[str, ...]

    def table(self) -> dict[str, list[Any]]:
        """Return one row a day estimated."""
        columns = ("estimate", "low", "high", "naive", "naive_low", "naive_high", "outcomes")
        numbers = {name: getattr(self, name).tolist() for name in columns}
        return {"when": list(self.when), **numbers, "status": list(self.status)}

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the corrected estimate with its interval and the naive ratio."""
        ax = new_axes(ax)
        ax.set_ylabel("case fatality")
        days = np.arange(len(self.when))
        if len(days) == 1:
            shown = [(self.estimate, self.low, self.high), (self.naive, self.naive_low, self.naive_high)]
            for at, (middle, low, high) in enumerate(shown):
                ax.errorbar([at], middle, yerr=[middle - low, high - middle], fmt="o", capsize=3)
            ax.set_xticks([0, 1], ["corrected for delay", "deaths / cases"])
            ax.set_xlim(-0.6, 1.6)
            ax.set_ylim(bottom=0)
            return ax
        ax.plot(days, self.estimate, label="corrected for delay")
        ax.fill_between(days, self.low, self.high, alpha=0.2)
        ax.plot(days, self.naive, linestyle="--", label="deaths / cases")
        name_steps(ax, None, "days since the first")
        ax.legend(frameon=False)
        return ax


def _one(
    cases: float,
    deaths: float,
    outcomes: float,
    share: float,
    *,
    how: Likelihood,
    threshold: int,
    level: float,
) -> tuple[Any, ...]:
    if cases == 0 or (outcomes <= 0 and deaths == 0):
        return np.nan, np.nan, np.nan, NOTHING_YET
    if how == "by-case" and deaths <= outcomes / share:
        found = log_likelihood(cases, deaths, outcomes, how=how, threshold=threshold, share=share)
        return (*profile(found, level), EXCESS if deaths > outcomes else OK)
    if deaths > outcomes:
        low = profile(log_likelihood(cases, deaths, deaths, how="binomial", threshold=threshold), level)[1]
        return 1.0, low, 1.0, EXCESS
    return (*profile(log_likelihood(cases, deaths, outcomes, how=how, threshold=threshold), level), OK)


def _collect(
    rows: list[tuple[Any, ...]], when: tuple[Any, ...], parts: dict[str, Floats], level: float
) -> dict[str, Any]:
    numbers = np.array([row[:3] for row in rows], dtype=np.float64)
    has_cases = parts["cases"] > 0
    safe = np.where(has_cases, parts["cases"], 1)
    naive = np.where(has_cases & (parts["deaths"] <= safe), parts["deaths"] / safe, np.nan)
    low, high = exact_interval(np.minimum(parts["deaths"], safe), safe, level)
    return {
        "when": when,
        "estimate": numbers[:, 0],
        "low": numbers[:, 1],
        "high": numbers[:, 2],
        "naive": naive,
        "naive_low": np.where(np.isnan(naive), np.nan, low),
        "naive_high": np.where(np.isnan(naive), np.nan, high),
        "outcomes": parts["outcomes"],
        "status": tuple(row[3] for row in rows),
    }


def _provenance(method: str, arrays: dict[str, Floats], **parameters: Any) -> Provenance:
    return Provenance(
        method=method,
        source=SOURCE,
        parameters=parameters,
        inputs={name: digest(array) for name, array in arrays.items()},
    )


def case_fatality(
    cases: Any,
    deaths: Any,
    delay: Delay,
    *,
    dates: Any = None,
    likelihood: Likelihood = "by-size",
    poisson_threshold: int = 100,
    level: float = 0.95,
) -> SeverityEstimates:
    """Return the case fatality of the whole series, corrected for outcomes that cannot be known yet.

    Formula: u = sum over t and s of cases(t) f(s), t + s at most today, is the number of cases with known outcome if
    all died; the estimate maximises the likelihood of the deaths among u, and the interval holds all severities within
    1.92 of it, on a grid of 0.0001.

    Parameters
    ----------
    cases, deaths
        Daily new counts, by onset (or report) and by death, every day once.
    delay
        Density of the days from onset (report) to death: a function of days, or its values at days 0, 1, 2, ...
    dates
        Checked to be every day once, in order; the missing day is named otherwise.
    likelihood
        "by-size" as in cfr 0.2.0 (Poisson for large outbreaks of low severity), "binomial", or "by-case", which also
        counts the chance of when each case dies: deaths have the mean and variance of a sum over cases of chances
        p F(age). Take it where most die: the other two are then too narrow.
    poisson_threshold
        Cases from which "by-size" may use the Poisson form.
    level
        Coverage of the interval.

    Raises
    ------
    ValueError
        Missing days, negative or missing counts, more deaths than cases, an unusable delay.

    Notes
    -----
    Source: Nishiura et al. 2009; equal to cfr 0.2.0 in R. Assumes one severity throughout, all cases and deaths
    reported, and the delay known: see `case_fatality_uncertain` for the last. Not for comparing groups whose cases are
    found at different rates.

    Examples
    --------
    >>> result = case_fatality([20] * 10, [0] * 5 + [4] * 5, [0, 0, 0, 0, 0, 1])
    >>> float(result.estimate[0]), float(result.naive[0])
    (0.2, 0.1)
    """
    return _expanding(
        cases, deaths, delay, dates, how=likelihood, threshold=poisson_threshold, last_only=True, level=level
    )


def rolling_case_fatality(
    cases: Any,
    deaths: Any,
    delay: Delay,
    *,
    dates: Any = None,
    likelihood: Likelihood = "by-size",
    poisson_threshold: int = 100,
    level: float = 0.95,
) -> SeverityEstimates:
    """Return `case_fatality` as it stood at the end of each day, using the data up to that day.

    Formula, source, assumptions and errors are those of `case_fatality`. It shows how an estimate settles; for change
    of severity itself use `time_varying_case_fatality`. Days without a possible estimate say so in `status`.

    >>> rolling_case_fatality([20] * 10, [0] * 5 + [4] * 5, [0, 0, 0, 0, 0, 1]).status[0]
    'no cases or no outcomes expected yet'
    """
    return _expanding(
        cases, deaths, delay, dates, how=likelihood, threshold=poisson_threshold, last_only=False, level=level
    )


def _expanding(
    cases: Any,
    deaths: Any,
    delay: Delay,
    dates: Any,
    *,
    how: Likelihood,
    threshold: int,
    last_only: bool,
    level: float,
) -> SeverityEstimates:
    c, d = daily_counts(cases, deaths, dates)
    if how not in {"by-size", "binomial", "by-case"}:
        raise complain("likelihood", "by-size, binomial or by-case", how)
    threshold = as_whole("poisson_threshold", threshold, low=1)
    f = delay_values(delay, len(c))
    chosen = slice(len(c) - 1, None) if last_only else slice(None)
    parts = {
        "cases": np.cumsum(c)[chosen],
        "deaths": np.cumsum(d)[chosen],
        "outcomes": np.cumsum(expected_outcomes(c, f))[chosen],
    }
    shares = outcome_share(c, f)[chosen].tolist()
    rows = [
        _one(n, x, u, share, how=how, threshold=threshold, level=level)
        for n, x, u, share in zip(*(parts[k].tolist() for k in parts), shares, strict=True)
    ]
    when = tuple(as_labels(dates))[chosen] if dates is not None else tuple(range(len(c)))[chosen]
    return SeverityEstimates(
        **_collect(rows, when, parts, level),
        provenance=_provenance(
            "delay-corrected case fatality",
            {"cases": c, "deaths": d, "delay": f},
            likelihood=how,
            threshold=threshold,
            level=level,
        ),
    )


def time_varying_case_fatality(
    cases: Any,
    deaths: Any,
    delay: Delay,
    *,
    dates: Any = None,
    burn_in: int = 7,
    smoothing_window: int = 1,
    level: float = 0.95,
) -> SeverityEstimates:
    """Return the case fatality of the deaths of each day among the outcomes expected on that day.

    Formula: k(t) = round(sum over s of cases(t - s) f(s)); deaths(t) ~ binomial(k(t), severity(t)), with the exact
    (Clopper-Pearson) interval. Cases and deaths are first smoothed by a centred running median if asked for.

    Parameters
    ----------
    cases, deaths, delay, dates
        As in `case_fatality`.
    burn_in
        Days at the start without estimate.
    smoothing_window
        Odd length of the running median; 1 for none. As in the reference, as many days at the end stay without estimate.

    Raises
    ------
    ValueError
        As `case_fatality`; an even window; a series no longer than the burn-in.

    Notes
    -----
    Source: as cfr 0.2.0 (Nishiura et al. 2009), equal to it. The estimate of a day concerns cases of weeks before.
    Weekday patterns of reporting go straight into it: smooth with 7. Not for small counts.

    Examples
    --------
    >>> r = time_varying_case_fatality([50] * 12, [0] * 3 + [5] * 9, [0, 0, 0, 1], burn_in=3)
    >>> float(r.estimate[-1]), r.status[0]
    (0.1, 'burn-in or smoothing edge')
    """
    c, d = daily_counts(cases, deaths, dates)
    skip = as_whole("burn_in", burn_in)
    window = as_whole("smoothing_window", smoothing_window, low=1)
    if window % 2 == 0:
        raise complain("smoothing_window", "odd", window)
    edge = window if window > 1 else 0
    if len(c) <= skip + edge:
        raise complain("cases", f"longer than burn-in and smoothing together ({skip + edge} days)", len(c))
    f = delay_values(delay, len(c))
    smooth_c, smooth_d = running_median(c, window), running_median(d, window)
    k = np.round(expected_outcomes(smooth_c, f))
    safe = np.maximum(k, 1)
    low, high = exact_interval(np.minimum(smooth_d, safe), safe, as_number("level", level, low=0, high=1))
    rows = []
    for day in range(len(c)):
        if not skip <= day < len(c) - edge:
            rows.append((np.nan, np.nan, np.nan, NOT_ESTIMATED))
        elif k[day] == 0 and smooth_d[day] == 0:
            rows.append((np.nan, np.nan, np.nan, NOTHING_YET))
        elif smooth_d[day] > k[day]:
            rows.append((1.0, float(low[day]) if k[day] else 0.0, 1.0, EXCESS))
        else:
            rows.append((smooth_d[day] / k[day], low[day], high[day], OK))
    parts = {"cases": smooth_c, "deaths": smooth_d, "outcomes": k}
    return SeverityEstimates(
        **_collect(
            rows, tuple(as_labels(dates)) if dates is not None else tuple(range(len(c))), parts, level
        ),
        provenance=_provenance(
            "time-varying case fatality",
            {"cases": c, "deaths": d, "delay": f},
            burn_in=skip,
            smoothing_window=window,
            level=level,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Ascertainment(Result):
    """Share of true cases that was reported, with 95% interval; `capped` where the ratio exceeded 1."""

    estimate: float
    low: float
    high: float
    capped: bool

    def table(self) -> dict[str, list[Any]]:
        """Return one row."""
        return {"estimate": [self.estimate], "low": [self.low], "high": [self.high], "capped": [self.capped]}

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the estimate with its interval."""
        ax = new_axes(ax)
        ax.errorbar(
            [0], [self.estimate], yerr=[[self.estimate - self.low], [self.high - self.estimate]], fmt="o"
        )
        ax.set_ylim(0, 1.05)
        ax.set_xticks([])
        ax.set_ylabel("share of cases reported")
        return ax


@dataclass(frozen=True, kw_only=True)
class UncertainSeverity(SeverityEstimates):
    """One case fatality with its posterior: `chance` of each severity on the grid 0.0001, 0.0002, ..., 1."""

    chance: Floats


def case_fatality_uncertain(
    cases: Any,
    deaths: Any,
    delays: Any,
    *,
    dates: Any = None,
    likelihood: Likelihood = "by-size",
    level: float = 0.95,
) -> UncertainSeverity:
    """Return the case fatality when the delay itself is uncertain, with its probability over the severity grid.

    Formula: the likelihood of `case_fatality` under each delay of `delays`, normalised over the grid (a uniform prior on
    severity), averaged over the delays with equal weight; reported are the median and the central 95%.

    `delays` are equally plausible delays (draws from a posterior, the fits of several studies, or the `in_doubt` of a fit or of
    a published delay), each in the form of `case_fatality`. Delays under which deaths exceed the expected outcomes enter with outcomes set to the deaths.
    Source: Nishiura et al. 2009 with model averaging. Assumes the deaths do not by themselves inform the delay.
    Errors are those of `case_fatality`, and an empty `delays`. The grid is 0.0001, 0.0002, ..., 1.

    >>> result = case_fatality_uncertain([20] * 10, [0] * 5 + [4] * 5, [[0, 0, 0, 0, 0, 1], [0, 0, 0, 1]])
    >>> bool(result.low[0] < result.estimate[0] < result.high[0]), round(float(result.chance.sum()), 6)
    (True, 1.0)
    """
    options = list(delays)
    if not options:
        raise complain("delays", "at least one delay", options)
    c, d = daily_counts(cases, deaths, dates)
    total = np.zeros(round(1 / STEP))
    outcomes = []
    for delay in options:
        f = delay_values(delay, len(c))
        u, share = float(expected_outcomes(c, f).sum()), float(outcome_share(c, f)[-1])
        outcomes.append(u)
        # a binomial of u outcomes cannot hold more deaths; that of the cases one by one often can
        size = u if likelihood == "by-case" else max(u, d.sum())
        log_lik = log_likelihood(c.sum(), d.sum(), size, how=likelihood, threshold=100, share=share)
        weight = np.exp(log_lik - log_lik.max())
        total += weight / weight.sum() / len(options)
    low, middle, high = np.interp(
        [(1 - level) / 2, 0.5, (1 + level) / 2], np.cumsum(total), severity_grid()
    ).tolist()
    mean_outcomes = float(np.mean(outcomes))
    status = EXCESS if d.sum() > mean_outcomes else OK if c.sum() else NOTHING_YET
    parts = {
        "cases": c.sum(keepdims=True),
        "deaths": d.sum(keepdims=True),
        "outcomes": np.array([mean_outcomes]),
    }
    return UncertainSeverity(
        chance=total,
        **_collect(
            [(middle, low, high, status)],
            (len(c) - 1 if dates is None else as_labels(dates)[-1],),
            parts,
            level,
        ),
        provenance=_provenance(
            "case fatality averaged over delays",
            {"cases": c, "deaths": d},
            n_delays=len(options),
            likelihood=likelihood,
            level=level,
        ),
    )


def ascertainment(
    cases: Any,
    deaths: Any,
    delay: Delay,
    *,
    baseline: Any,
    dates: Any = None,
    likelihood: Likelihood = "by-size",
    level: float = 0.95,
) -> Ascertainment:
    """Return the share of cases reported, if the true severity is `baseline`: baseline / corrected case fatality.

    Parameters
    ----------
    cases, deaths, delay, dates, likelihood
        As in `case_fatality`; with an uncertain baseline `delay` may be a list of plausible delays.
    baseline
        The true severity: one number above 0, or draws of it (then medians and central 95% of the ratio over all pairs
        of baseline and severity are returned, so that the doubt about both enters).

    Raises
    ------
    ValueError
        As `case_fatality`, a baseline outside (0, 1], no deaths.

    Notes
    -----
    Source: Russell et al., BMC Med 2020;18:332; equal to cfr 0.2.0 for one baseline. Ratios above 1 are set to 1 and
    `capped` tells. It assumes that deaths are reported completely and that the baseline holds for the age structure at
    hand: where these fail it measures something else.

    Examples
    --------
    >>> ascertainment([20] * 10, [0] * 5 + [4] * 5, [0, 0, 0, 0, 0, 1], baseline=0.05).estimate
    0.25
    """
    draws = np.atleast_1d(as_floats("baseline", baseline))
    for value in (float(draws.min()), float(draws.max())):
        as_number("baseline", value, low=STEP, high=1)
    if draws.size == 1:
        severity = case_fatality(cases, deaths, delay, dates=dates, likelihood=likelihood, level=level)
        estimates = [severity.estimate[0], severity.high[0], severity.low[0]]
        if np.isnan(estimates[0]):
            raise complain("deaths and cases", "such that an outcome is expected", severity.status[0])
        ratios = [float(draws[0] / value) for value in estimates]
    else:
        several = isinstance(delay, list | tuple) and all(callable(one) or np.ndim(one) == 1 for one in delay)
        chance = case_fatality_uncertain(
            cases, deaths, delay if several else [delay], dates=dates, likelihood=likelihood
        ).chance
        levels = np.interp((np.arange(500) + 0.5) / 500, np.cumsum(chance), severity_grid())
        middle, low, high = np.quantile(
            draws[:, None] / levels[None, :], [0.5, (1 - level) / 2, (1 + level) / 2]
        ).tolist()
        ratios = [middle, low, high]
    return Ascertainment(
        estimate=min(ratios[0], 1.0),
        low=min(ratios[1], 1.0),
        high=min(ratios[2], 1.0),
        capped=max(ratios) > 1,
        provenance=Provenance(
            method="ascertainment from severity",
            source="Russell et al., BMC Med 2020;18:332",
            parameters={"likelihood": likelihood},
            inputs={"cases": digest(cases), "deaths": digest(deaths), "baseline": digest(draws)},
        ),
    )
