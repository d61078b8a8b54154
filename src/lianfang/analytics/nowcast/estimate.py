"""Nowcast: what the last days will turn out to be once late reports are in, with honest width."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import gammaln
from scipy.stats import nbinom  # type: ignore[attr-defined]  # made at import time, mypy cannot see it

from lianfang.analytics.drawing import name_steps
from lianfang.analytics.inputs import Floats, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes
from lianfang.analytics.scoring import HUB_LEVELS, checked_levels

from .delay_shape import guessed_factors, known_by_age
from .kernels import delay_sums, growth_factors, retrospect
from .triangle import ReportingTriangle

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SOURCE = (
    "chain ladder: Mack 1993, ASTIN Bull. 23:213; discounted gamma-Poisson level: West & Harrison 1997, ch. 14; "
    "spread from past errors: Wolffram et al. 2023, PLoS Comput Biol 19(8): e1011394"
)
_DISPERSIONS = np.exp(np.linspace(np.log(0.004), np.log(2.0), 22))
_PRIOR_DISPERSION = 0.15  # typical squared coefficient of variation of what is still to come; log-sd 1
_RECENCY = 0.93  # weight of a retrospective nowcast per step of age
_AGES_SCORED = 14


@dataclass(frozen=True, kw_only=True)
class _Grid:
    """The settings tried at each past step; `log_prior` is flat but for discount and trend."""

    decays: tuple[float, ...]
    strengths: tuple[float, ...]
    discounts: tuple[float, ...]
    trends: tuple[float, ...]
    centre: float
    spread: float
    temper: float
    steps_back: int
    growth_per_day: float  # steps of growth_sd: 1 for days, 4 for weeks (growth of weeks adds up, not fully)

    @property
    def arrays(self) -> tuple[Floats, Floats, Floats, Floats]:
        """The four axes as arrays, in the order the kernel walks them."""
        return (
            np.asarray(self.decays),
            np.asarray(self.strengths),
            np.asarray(self.discounts),
            np.asarray(self.trends),
        )

    @property
    def log_prior(self) -> Floats:
        """Log prior weight of each setting."""
        _, _, discount, trend = np.meshgrid(*self.arrays, indexing="ij")
        return np.asarray(-0.5 * ((discount - self.centre) / self.spread) ** 2 - 0.5 * (trend > 0)).ravel()


_DAYS = _Grid(
    decays=(0.9, 0.96, 0.99),
    strengths=(60.0,),
    discounts=(0.0, 0.2, 0.4, 0.55, 0.7, 0.85),
    trends=(0.0, 0.4),
    centre=0.45,
    spread=0.2,
    temper=1.5,
    steps_back=28,
    growth_per_day=1.0,
)
_WEEKS = _Grid(
    decays=(0.96, 0.985),
    strengths=(60.0,),
    discounts=(0.0, 0.15, 0.3, 0.45, 0.6),
    trends=(0.0, 0.4, 0.8),
    centre=0.3,
    spread=0.2,
    temper=0.5,
    steps_back=20,
    growth_per_day=4.0,
)


@dataclass(frozen=True, kw_only=True)
class Nowcast(Result):
    """Expected final counts of the last reference steps, oldest first.

    `step` is the row of the triangle, `dates` its first day (None where the triangle has no dates), `reported` what
    is in so far, `mean` and `quantiles` (n, number of levels) the final count within the triangle's longest delay,
    `share` the estimated share reported, `dispersion` the squared coefficient of variation (beyond Poisson) of what
    is still to come. `n_past` past nowcasts were compared with what came; few of them mean that the width rests on
    the prior.
    """

    step: np.ndarray[Any, np.dtype[np.int64]]
    dates: list[date] | None
    reported: Floats
    mean: Floats
    levels: Floats
    quantiles: Floats
    share: Floats
    dispersion: Floats
    n_past: int

    @property
    def median(self) -> Floats:
        """Median final count."""
        return np.asarray(self.quantiles[:, self.levels.size // 2])

    def interval(self, coverage: float) -> tuple[Floats, Floats]:
        """Return lower and upper end of the central interval of `coverage`, which must be among the levels."""
        ends = []
        for level in ((1 - coverage) / 2, (1 + coverage) / 2):
            where = np.flatnonzero(np.isclose(self.levels, level, atol=1e-9))
            if where.size == 0:
                raise complain(
                    "coverage", f"one whose ends are among the levels {self.levels.tolist()}", coverage
                )
            ends.append(np.asarray(self.quantiles[:, where[0]]))
        return ends[0], ends[1]

    def table(self) -> Mapping[str, Any]:
        """Return one row a reference step."""
        columns: dict[str, Any] = {} if self.dates is None else {"reference": self.dates}
        columns |= {"step": self.step, "reported": self.reported, "mean": self.mean, "share": self.share}
        for k, level in enumerate(self.levels):
            columns[f"q{level:g}"] = self.quantiles[:, k]
        return columns

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw reported counts as bars, the median as a line, all central intervals as bands."""
        axes = new_axes(ax)
        where = self.step if self.dates is None else np.asarray(self.dates)
        axes.bar(where, self.reported, color="0.8", label="reported so far")
        for k in range(self.levels.size // 2):
            axes.fill_between(
                where, self.quantiles[:, k], self.quantiles[:, -1 - k], color="C0", alpha=0.08, linewidth=0
            )
        axes.plot(where, self.median, color="C0", label="nowcast")
        axes.set_ylim(bottom=0)
        axes.set_ylabel("cases")
        name_steps(axes, self.dates, "step")
        axes.legend(frameon=False)
        return axes


def nowcast(
    triangle: ReportingTriangle,
    *,
    levels: Sequence[float] = HUB_LEVELS,
    borrow: ReportingTriangle | None = None,
    growth_sd: float = 0.05,
) -> Nowcast:
    r"""Nowcast the last reference steps of a reporting triangle.

    For a row of age h with C reports known, of which a share p is expected to be in by now::

        level_t  = (C_t + delta a_{t-1}) / (p_t s_t + delta b_{t-1} e^{-r})      (discount delta; 0: chain ladder)
        to come  ~ negative binomial, mean level_t s_t (1 - p_t), size 1 / alpha_h

    p comes from a chain ladder with recency weights, a season of the report weekday and of the reference weekday (days
    only, each shrunk by credibility), backed by a smooth guess where reports are few. Decay, delta and trend r are
    weighed by how well they would have nowcast the last 28 days (20 weeks), and alpha_h is estimated from the errors
    of just those nowcasts, by age, pooled over neighbouring ages.

    Parameters
    ----------
    triangle : ReportingTriangle
        At least 3 rows. Where `last_step_partial`, reports of the running step count as known but teach nothing,
        and the row of that step is not nowcast.
    levels : sequence of float
        Quantile levels, symmetric with 0.5.
    borrow : ReportingTriangle, optional
        A larger triangle of the same grid and last day (the province, all ages) whose delays are the starting point.
    growth_sd : float
        Prior standard deviation of growth per day; it matters only in the first days, when delay and growth cannot
        be told apart. 0.05 expects doubling times above a week or so; raise it for a faster start.

    Notes
    -----
    Source: see `provenance.source`. Assumes that delays change slowly, and that the final count is what comes within
    the triangle's longest delay (later reports: choose a longer one). Cases taken back (negative cells) widen the
    range downwards. Not for series where whole days were not entered yet (mark `last_step_partial`), nor after a
    change of the reporting rule, until some weeks of it are in the triangle. About 20 ms for 120 days and 40 delays.

    Examples
    --------
    >>> triangle = triangle_from_matrix([[50, 30, 20]] * 40)
    >>> result = nowcast(triangle)
    >>> result.reported.tolist(), [round(x) for x in result.mean]
    ([80.0, 50.0], [100, 100])
    """
    tau = checked_levels(levels)
    if not growth_sd > 0:
        raise complain("growth_sd", "above 0", growth_sd)
    counts = np.nan_to_num(triangle.counts)
    last = triangle.n_steps - 1 - int(triangle.last_step_partial)
    if last < 2:
        raise complain("triangle", "at least 3 complete rows", triangle.n_steps)
    _check_borrow(triangle, borrow)
    calendar = _calendar(triangle, counts, last)
    grid = _DAYS if calendar[0] == 7 else _WEEKS
    guesses = _guesses(triangle, last, grid, growth_sd=growth_sd, borrow=borrow)
    to_come, by_now, came = retrospect(counts, last, calendar, guesses, grid.arrays)
    ages = min(triangle.max_delay, last + 1)
    known = known_by_age(counts, last, ages)
    to_come, by_now = np.maximum(to_come, 1e-6), np.maximum(by_now, 1e-6)
    taken_back = _taken_back(counts, last, calendar, known)
    mean, alpha = _combine(
        (to_come, by_now, came), known, grid, last=last, growth_sd=growth_sd * grid.growth_per_day
    )
    quantiles = _quantiles(known, mean, alpha, taken_back, tau)
    if triangle.last_step_partial:
        seen = triangle.reported[last - np.arange(ages)]
        quantiles = np.maximum(quantiles, np.where(taken_back > 0, 0.0, seen)[:, None])
    rows = np.arange(last, last - ages, -1)[::-1]
    dates = triangle.dates
    return Nowcast(
        step=rows,
        dates=None if dates is None else [dates[i] for i in rows],
        reported=triangle.reported[rows],
        mean=(known + mean - taken_back)[::-1],
        levels=tau,
        quantiles=quantiles[::-1],
        share=(known / np.maximum(known + mean, 1e-9))[::-1],
        dispersion=alpha[::-1],
        n_past=len(guesses) - 1,
        provenance=Provenance(
            method="chain ladder with weekday, discounted level and spread from past errors",
            source=_SOURCE,
            parameters={
                "levels": tau.tolist(),
                "max_delay": triangle.max_delay,
                "step_days": triangle.step_days,
                "growth_sd": growth_sd,
                "borrowed": borrow is not None,
            },
            inputs={"triangle": digest(triangle.counts)},
        ),
    )


def nowcast_strata(
    triangles: Mapping[str, ReportingTriangle],
    *,
    levels: Sequence[float] = HUB_LEVELS,
    growth_sd: float = 0.05,
) -> dict[str, Nowcast]:
    """Nowcast several places or groups whose delays resemble each other: each borrows from the sum of all.

    All triangles must have the same rows, longest delay and step. A stratum with many reports keeps its own delays.
    Source, assumptions and limits are those of `nowcast`. The strata are nowcast one by one: their sum is not the nowcast of the sum, whose range is narrower.

    Examples
    --------
    >>> big, small = triangle_from_matrix([[50, 50]] * 30), triangle_from_matrix([[1, 1]] * 30)
    >>> {name: round(float(r.mean[-1])) for name, r in nowcast_strata({"a": big, "b": small}).items()}
    {'a': 100, 'b': 2}
    """
    if not triangles:
        raise complain("triangles", "at least one triangle", triangles)
    first = next(iter(triangles.values()))
    for name, triangle in triangles.items():
        if triangle.counts.shape != first.counts.shape or triangle.start != first.start:
            raise complain(
                f"triangles[{name!r}]", "of the same rows and delays as the first", triangle.counts.shape
            )
    total = ReportingTriangle(
        counts=np.sum([t.counts for t in triangles.values()], axis=0),
        start=first.start,
        step_days=first.step_days,
        last_step_partial=first.last_step_partial,
        provenance=first.provenance,
    )
    return {
        name: nowcast(triangle, levels=levels, borrow=total, growth_sd=growth_sd)
        for name, triangle in triangles.items()
    }


def _check_borrow(triangle: ReportingTriangle, borrow: ReportingTriangle | None) -> None:
    if borrow is None:
        return
    same = (borrow.counts.shape, borrow.step_days, borrow.start) == (
        triangle.counts.shape,
        triangle.step_days,
        triangle.start,
    )
    if not same:
        raise complain("borrow", "of the same rows, delays and step as triangle", borrow.counts.shape)


def _calendar(triangle: ReportingTriangle, counts: Floats, last: int) -> tuple[int, int, int]:
    """Length of the week in steps, season of row 0, first report step."""
    season = 7 if triangle.step_days == 1 else 1
    offset = 0 if triangle.start is None else triangle.start.weekday() % season
    return season, offset, _first_report(counts, last)


def _first_report(counts: Floats, last: int) -> int:
    """First report step with any report: what arrives on it may have waited for the desk to open."""
    report = np.add.outer(np.arange(last + 1), np.arange(counts.shape[1]))
    active = (counts[: last + 1] != 0) & (report <= last)
    return int(report[active].min()) if active.any() else 0


def _guesses(
    triangle: ReportingTriangle,
    last: int,
    grid: _Grid,
    *,
    growth_sd: float,
    borrow: ReportingTriangle | None,
) -> Floats:
    """Return the starting delay factors at each past step, (steps back + 1, D, season)."""
    season = 7 if triangle.step_days == 1 else 1
    block = max(season, 3)
    back = min(grid.steps_back, max(0, last - 2))
    source = np.nan_to_num((borrow or triangle).counts)
    calendar = _calendar(borrow or triangle, source, last)
    stack = []
    for k in range(back + 1):
        guess = guessed_factors(
            source, last - k, opened=calendar[2], block=block, growth_sd=growth_sd * grid.growth_per_day
        )
        factors = np.repeat(guess[:, None], season, axis=1)
        if borrow is not None:
            new, known, _ = delay_sums(source, last - k, calendar, 0.97)
            factors = growth_factors(new, known, factors, grid.strengths[0])
        stack.append(factors)
    return np.stack(stack)


def _taken_back(counts: Floats, last: int, calendar: tuple[int, int, int], known: Floats) -> Floats:
    """Return the cases expected still to be taken back, by age."""
    _, base, removed = delay_sums(counts, last, calendar, 0.98)
    rate = removed / np.maximum(base.sum(axis=1), 1.0)
    still = np.cumsum(rate[::-1])[::-1][: known.size]
    return np.asarray(known * still)


def _log_nb(count: Floats, mean: Floats, alpha: Floats | float) -> Floats:
    size = 1.0 / np.asarray(alpha)
    log_total = np.log(size + mean)
    return np.asarray(
        gammaln(count + size)
        - gammaln(size)
        - gammaln(count + 1)
        + size * (np.log(size) - log_total)
        + count * (np.log(mean) - log_total)
    )


def _combine(
    past: tuple[Floats, Floats, Floats], known: Floats, grid: _Grid, *, last: int, growth_sd: float
) -> tuple[Floats, Floats]:
    """Weigh the settings by their past nowcasts; return expected reports to come and their dispersion, by age."""
    to_come, by_now, came = past
    back, _, n_ages = to_come.shape
    steps, ages = np.arange(back), np.arange(n_ages)
    valid = (last - steps)[:, None] >= ages[None]
    valid[0] = False
    came = np.maximum(came, 0.0)
    checkable = np.minimum((by_now / to_come).mean(axis=1), 1.0)
    weight = np.where(valid, checkable, 0.0) * _RECENCY ** steps[:, None]
    first = _softmax(grid.log_prior)
    alpha = _dispersion(came, _geometric(first, by_now), weight)
    scored = weight * (ages < _AGES_SCORED)
    fit = _log_nb(came[:, None], np.maximum(by_now, 0.05), np.maximum(alpha, 0.1)) * scored[:, None]
    score = 3.0 * fit.sum(axis=(0, 2)) / max(1, min(n_ages, _AGES_SCORED))
    score -= 0.5 * (_settings_growth(to_come[0], known, grid) / growth_sd) ** 2
    posterior = _softmax(grid.log_prior + grid.temper * score)
    expected = _geometric(posterior, to_come)
    alpha = _dispersion(came, _geometric(posterior, by_now), weight)
    mean = expected[0, : known.size]
    spread = posterior @ (np.log(to_come[0, :, : known.size]) - np.log(mean)) ** 2
    return mean, alpha[: known.size] + 0.5 * np.minimum(spread, 1.0)


def _settings_growth(to_come: Floats, known: Floats, grid: _Grid) -> Floats:
    """Log growth per step, between the last two blocks of rows, that each setting's nowcast implies."""
    half = min(7 if grid is _DAYS else 3, known.size // 2)
    if half < 2:
        return np.zeros(len(to_come))
    final = to_come[:, : known.size] + known
    late, early = final[:, :half].sum(axis=1) + 1, final[:, half : 2 * half].sum(axis=1) + 1
    return np.asarray(np.log(late / early) / half)


def _softmax(log_weight: Floats) -> Floats:
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(weight / weight.sum())


def _geometric(weight: Floats, values: Floats) -> Floats:
    """Weighted geometric mean over the settings axis: one setting that runs away does not carry the others."""
    return np.asarray(np.exp(np.einsum("i,kih->kh", weight, np.log(values))))


def _dispersion(came: Floats, expected: Floats, weight: Floats) -> Floats:
    """Posterior mean of the dispersion by age from past errors, pooled over neighbouring ages."""
    expected = np.maximum(expected, 0.05)
    fit = (_log_nb(came[..., None], expected[..., None], _DISPERSIONS) * weight[..., None]).sum(axis=0)
    ages = np.arange(fit.shape[0])
    nearness = np.exp(-np.abs(ages[:, None] - ages) / 1.5)
    log_post = 0.5 * nearness @ fit - 0.5 * np.log(_DISPERSIONS / _PRIOR_DISPERSION) ** 2
    post = np.exp(log_post - log_post.max(axis=1, keepdims=True))
    return np.asarray(post @ _DISPERSIONS / post.sum(axis=1))


def _quantiles(known: Floats, mean: Floats, alpha: Floats, taken_back: Floats, levels: Floats) -> Floats:
    """Quantiles of the final count; where cases are taken back the range reaches below what is known now."""
    shift = np.minimum(np.ceil(2 * taken_back), known)
    centre = np.maximum(mean + shift - taken_back, 1e-6)
    excess = np.maximum(alpha * mean**2 + taken_back, 1e-9) / centre**2
    size = 1.0 / excess
    draws = nbinom.ppf(levels[None, :], size[:, None], (size / (size + centre))[:, None])
    return np.asarray(np.maximum(known[:, None] - shift[:, None] + draws, 0.0))
