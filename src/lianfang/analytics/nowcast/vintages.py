"""How much of a day's count is in after so many days, learnt from the same curve as it was published several times."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lianfang.analytics.inputs import Floats, as_floats, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes

from .triangle import as_days

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class ReportedShare(Result):
    """Share of a day's final count that stands in a series published so many days later.

    `share[a]` is for a day that is `a` days old on the day of publication and ends at 1; `cases[a]` is the count it
    was learnt from, 0 where no pair of publications says anything and the share of the next age is taken.
    """

    share: Floats
    cases: Floats

    @property
    def delay(self) -> Floats:
        """Probability of each reporting delay in days: the `reporting_delay` of `estimate_renewal`."""
        return np.asarray(np.diff(self.share, prepend=0))

    def table(self) -> Mapping[str, Any]:
        """Return one row an age: age, share, cases."""
        return {"age": np.arange(len(self.share)), "share": self.share, "cases": self.cases}

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the share by age."""
        axes = new_axes(ax)
        axes.step(np.arange(len(self.share)), self.share, where="mid")
        axes.set_xlabel("age of the day at publication, days")
        axes.set_ylabel("share reported")
        return axes


def reported_share(reference: Any, published: Any, count: Any, *, max_delay: int) -> ReportedShare:
    """Learn the share reported by age from several publications of one daily series.

    With C_u(t) the count of day t in publication u, w the next publication, a = u - t the age of the day, and F(a) the
    share reported by then, from the oldest age down::

        F(a) = sum C_u(t) / sum (C_w(t) / F(a + w - u)),   F(a) = 1 for a >= max_delay

    over all pairs (u, w) of neighbouring publications, and never above F(a + 1).

    Parameters
    ----------
    reference, published : columns of dates
        Day that a count is of, and day of the publication in which it stands; any order, any gaps between publications.
    count : column
        Cases of that day in that publication, not negative.
    max_delay : int
        Age in days from which a count is taken as final.

    Notes
    -----
    Source: chain ladder (Mack 1993, ASTIN Bulletin 23:213) on publications that lie days apart; the task of
    `estimate_truncation` in EpiNow2. Assumes that the share by age was the same in all publications. It has no interval:
    give `delay` to `estimate_renewal`, whose interval then leaves out the doubt about it. Do not use it where single
    reports are known by day: `nowcast` learns weekdays and the width, too.

    Examples
    --------
    >>> days, issue = ["2020-03-01", "2020-03-02"], ["2020-03-02"] * 2
    >>> found = reported_share(days * 2, issue + ["2020-03-04"] * 2, [40, 20, 40, 50], max_delay=1)
    >>> found.share.tolist(), found.delay.tolist()
    ([0.4, 1.0], [0.4, 0.6])
    """
    if not isinstance(max_delay, int | np.integer) or max_delay < 1:
        raise complain("max_delay", "a whole number of days, 1 or more", max_delay)
    days, issues = as_days("reference", reference), as_days("published", published)
    counts = as_floats("count", count).reshape(-1)
    _check(days, issues, counts)
    ordinals, dated = issues.astype(int), days.astype(int)
    curves = {
        issue: dict(zip(dated[ordinals == issue].tolist(), counts[ordinals == issue].tolist(), strict=True))
        for issue in np.unique(ordinals).tolist()
    }
    share, cases = np.ones(max_delay + 1), np.zeros(max_delay + 1)
    order = sorted(curves)
    for age in range(max_delay - 1, -1, -1):
        seen = final = 0.0
        for issue, later in itertools.pairwise(order):
            before, after = curves[issue].get(issue - age), curves[later].get(issue - age)
            if before is not None and after is not None:
                seen += before
                final += after / share[min(age + later - issue, max_delay)]
        share[age] = min(seen / final, share[age + 1]) if final > 0 else share[age + 1]
        cases[age] = seen
    if not cases.any() or share[0] == 0 == share[-2]:
        raise complain("published", "two or more publications that share recent days with cases", len(order))
    return ReportedShare(
        share=share,
        cases=cases,
        provenance=Provenance(
            method="reported share by age, from publications",
            source="Mack 1993, ASTIN Bulletin 23:213 (chain ladder)",
            parameters={"max_delay": int(max_delay), "publications": len(order)},
            inputs={"count": digest(counts)},
        ),
    )


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
