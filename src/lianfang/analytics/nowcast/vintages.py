"""How much of a day's count is in after so many days, learnt from the same curve as it was published several times."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lianfang.analytics.inputs import Floats, as_floats, as_number, as_whole, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes

from .triangle import as_days

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PRIOR_SPREAD, PRIOR_PAIRS = 0.02, 2.0  # of the difference between days: two pairs' worth, until pairs tell


@dataclass(frozen=True, kw_only=True)
class ReportedShare(Result):
    """Share of a day's final count that stands in a series published so many days later.

    `share[a]` is for a day that is `a` days old on the day of publication and ends at 1; `cases[a]` is the count it
    was learnt from, 0 where no pair of publications says anything and the share of the next age is taken (its interval
    reaches to 0 then). `draws` (draw x age) are equally likely shares; `spread` is how far days differ, as the variance
    of a single day's share about f, spread / (1 + spread) f (1 - f).
    """

    share: Floats
    cases: Floats
    draws: Floats
    spread: float

    @property
    def delay(self) -> Floats:
        """Probability of each reporting delay in days: the `reporting_delay` of `estimate_renewal`."""
        return np.asarray(np.diff(self.share, prepend=0))

    def delays(self, n: int = 10) -> Floats:
        """Return n equally likely reporting delays (lag x n), for a `reporting_delay` with the doubt about it."""
        taken = self.draws[: as_whole("n", n, low=1)]
        if len(taken) < n:
            raise complain("n", f"at most the {len(taken)} draws made", n)
        return np.ascontiguousarray(np.diff(taken, prepend=0).T)

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return the lower and upper limit of the share at each age."""
        tail = (1 - as_number("level", level, low=0.01, high=0.999)) / 2
        low, high = np.quantile(self.draws, [tail, 1 - tail], axis=0)
        return low, high

    def table(self) -> Mapping[str, Any]:
        """Return one row an age: age, share, its 95 % interval, cases."""
        low, high = self.interval()
        age = np.arange(len(self.share))
        return {"age": age, "share": self.share, "low": low, "high": high, "cases": self.cases}

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the share by age with its 95 % interval."""
        axes = new_axes(ax)
        age, (low, high) = np.arange(len(self.share)), self.interval()
        axes.fill_between(age, low, high, step="mid", alpha=0.25, linewidth=0, label="95 %")
        axes.step(age, self.share, where="mid", label="share")
        axes.set_xlabel("age of the day at publication, days")
        axes.set_ylabel("share reported")
        axes.set_ylim(0, 1.03)
        axes.legend(loc="lower right", frameon=False)
        return axes


class _Pairs(NamedTuple):
    """Counts of the same days in neighbouring publications: age in the first, age (at most the last) in the second."""

    age: NDArray[np.intp]
    later_age: NDArray[np.intp]
    before: Floats
    after: Floats


def reported_share(
    reference: Any, published: Any, count: Any, *, max_delay: int, n_draws: int = 1000, seed: int = 1
) -> ReportedShare:
    """Learn the share reported by age, with its interval, from several publications of one daily series.

    With C_u(t) the count of day t in publication u, w the next publication, a = u - t the age of the day, and F(a) the
    share reported by then, from the oldest age down::

        F(a) = sum C_u(t) / sum (C_w(t) / F(a + w - u)),   F(a) = 1 for a >= max_delay

    over all pairs (u, w) of neighbouring publications, and never above F(a + 1). The interval comes from draws: what of
    the later counts was in before is a beta with Jeffreys' prior, on as many counts as would say the same if days did
    not differ. That they do is one number, learnt from all ages together (each day draws its delays from a Dirichlet
    distribution about F) and itself drawn.

    Parameters
    ----------
    reference, published : columns of dates
        Day that a count is of, and day of the publication in which it stands; any order, any gaps between publications.
    count : column
        Cases of that day in that publication, not negative.
    max_delay : int
        Age in days from which a count is taken as final.
    n_draws, seed : int
        Draws of the interval, and their seed.

    Notes
    -----
    Source: chain ladder (Mack 1993, ASTIN Bulletin 23:213) on publications that lie days apart; the task of
    `estimate_truncation` in EpiNow2. Assumes that the share by age was the same in all publications. `delay` in
    `estimate_renewal` leaves the doubt about it out, `delays(10)` takes it in, at ten times the cost. Do not use it where
    single reports are known by day: `nowcast` learns weekdays and the width, too.

    Examples
    --------
    >>> days, issue = ["2020-03-01", "2020-03-02"], ["2020-03-02"] * 2
    >>> found = reported_share(days * 2, issue + ["2020-03-04"] * 2, [40, 20, 40, 50], max_delay=1)
    >>> found.share.tolist(), found.delay.tolist()
    ([0.4, 1.0], [0.4, 0.6])
    >>> [round(float(limit[0]), 1) for limit in found.interval()]
    [0.2, 0.7]
    """
    if not isinstance(max_delay, int | np.integer) or max_delay < 1:
        raise complain("max_delay", "a whole number of days, 1 or more", max_delay)
    n_draws = as_whole("n_draws", n_draws, low=20)
    days, issues = as_days("reference", reference), as_days("published", published)
    counts = as_floats("count", count).reshape(-1)
    _check(days, issues, counts)
    pairs = _pairs(days.astype(int), issues.astype(int), counts, max_delay)
    share, cases = _chain(pairs, max_delay)
    if not cases.any() or share[0] == 0 == share[-2]:
        n = len(np.unique(issues))
        raise complain("published", "two or more publications that share recent days with cases", n)
    spread, freedom = _spread(pairs, share)
    return ReportedShare(
        share=share,
        cases=cases,
        draws=_drawn(pairs, spread, freedom, max_delay, (n_draws, np.random.default_rng(seed))),
        spread=spread,
        provenance=Provenance(
            method="reported share by age, from publications",
            source="Mack 1993, ASTIN Bulletin 23:213 (chain ladder)",
            parameters={
                "max_delay": int(max_delay),
                "n_draws": n_draws,
                "publications": len(np.unique(issues)),
            },
            inputs={"count": digest(counts)},
            seed=seed,
        ),
    )


def _pairs(days: NDArray[np.int_], issues: NDArray[np.int_], counts: Floats, max_delay: int) -> _Pairs:
    curves = {
        issue: dict(zip(days[issues == issue].tolist(), counts[issues == issue].tolist(), strict=True))
        for issue in np.unique(issues).tolist()
    }
    found = [
        (age, min(age + later - issue, max_delay), before, curves[later][issue - age])
        for issue, later in itertools.pairwise(sorted(curves))
        for age in range(max_delay)
        if (before := curves[issue].get(issue - age)) is not None and issue - age in curves[later]
    ]
    table = np.array(found, dtype=float).reshape(-1, 4)
    return _Pairs(table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2], table[:, 3])


def _chain(pairs: _Pairs, max_delay: int) -> tuple[Floats, Floats]:
    """Return the share and the counts it was learnt from, by age."""
    share, cases = np.ones(max_delay + 1), np.zeros(max_delay + 1)
    for age in range(max_delay - 1, -1, -1):
        at = pairs.age == age
        cases[age] = pairs.before[at].sum()
        final = (pairs.after[at] / np.maximum(share[pairs.later_age[at]], 1e-12)).sum()
        share[age] = min(cases[age] / final, share[age + 1]) if final > 0 else share[age + 1]
    return share, cases


def _spread(pairs: _Pairs, share: Floats) -> tuple[float, float]:
    """Return how far days differ (`ReportedShare.spread`) and how many pairs say so, those of the prior among them.

    A pair's squared distance from its mean is that of a binomial times 1 + (n - 1) r, r = spread / (spread + F) with F
    the share in by the later publication; pairs are weighed by what they can tell, so that small counts tell little.
    """
    n = pairs.after
    expected = np.clip(share[pairs.age] / np.maximum(share[pairs.later_age], 1e-12), 0, 1)
    chance = n * expected * (1 - expected)
    alone = np.bincount(pairs.age[chance > 0], minlength=len(share))[pairs.age]
    use = (chance > 0) & (alone > 1) & (n > 1)
    if not use.any():
        return PRIOR_SPREAD, PRIOR_PAIRS
    lost = alone[use] / (alone[use] - 1)  # one parameter an age was fitted to these pairs
    excess = (pairs.before[use] - n[use] * expected[use]) ** 2 / chance[use] * lost - 1
    reach, size = share[pairs.later_age[use]], n[use] - 1
    spread = PRIOR_SPREAD
    for _ in range(40):
        slope = size / (reach + spread)  # (n - 1) r = slope * spread
        weight = (slope / (1 + slope * spread)) ** 2
        told = (weight * excess / slope).sum() + PRIOR_PAIRS * PRIOR_SPREAD / spread**2
        best = max(told / (weight.sum() + PRIOR_PAIRS / spread**2), 1e-6)
        spread = np.sqrt(spread * best)  # half the way on the log scale: the weights follow
    information = (spread**2 * weight).clip(max=1)  # near 1 where days differ, near 0 where it is all chance
    return float(spread), float((information / lost).sum() + PRIOR_PAIRS)


def _drawn(
    pairs: _Pairs, spread: float, freedom: float, max_delay: int, draw: tuple[int, np.random.Generator]
) -> Floats:
    n_draws, rng = draw
    spreads = spread * freedom / rng.chisquare(freedom, n_draws)
    drawn = np.ones((n_draws, max_delay + 1))
    for age in range(max_delay - 1, -1, -1):
        at = pairs.age == age
        before, after = pairs.before[at], pairs.after[at]
        reach = np.maximum(drawn[:, pairs.later_age[at]], 1e-12)
        total = after.sum()
        alike = (
            after * (1 + np.maximum(after - 1, 0) * (spreads[:, None] / (spreads[:, None] + reach)))
        ).sum(axis=1)
        size = total**2 / np.maximum(alike, 1e-12) if total else np.zeros(n_draws)
        ratio = min(before.sum() / total, 1.0) if total else 0.5
        prior = 1 / (max_delay + 1)
        step = rng.beta(ratio * size + (age + 1) * prior, (1 - ratio) * size + prior)
        level = total / (after / reach).sum(axis=1) if total else drawn[:, age + 1]
        drawn[:, age] = np.minimum(step * level, drawn[:, age + 1])
    return drawn


def _check(days: NDArray[np.datetime64], issues: NDArray[np.datetime64], counts: Floats) -> None:
    if not len(days) == len(issues) == len(counts):
        raise complain("count", "as long as reference and published", (len(days), len(issues), len(counts)))
    wrong = np.flatnonzero(np.isnat(days) | np.isnat(issues))
    if len(wrong):
        raise complain("reference", f"a date in every row, row {wrong[0]} has none", None)
    wrong = np.flatnonzero(~np.isfinite(counts) | (counts < 0))
    if len(wrong):
        raise complain(f"count[{wrong[0]}]", "a count, 0 or more", counts[wrong[0]])
    wrong = np.flatnonzero(days > issues)
    if len(wrong):
        raise complain(f"reference[{wrong[0]}]", "no later than its publication", str(days[wrong[0]]))
    if len(np.unique(np.stack([days.astype(int), issues.astype(int)]), axis=1).T) < len(days):
        raise complain("reference", "one count for each day of a publication", "a day stands twice")
