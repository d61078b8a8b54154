"""Poverty, inequality and targeting: how many are poor, how deeply, how unequal, and whom a programme misses."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lianfang.analytics.inputs import Floats, as_counts, as_floats, as_number, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "PovertyIndices",
    "TargetingErrors",
    "gini",
    "poverty_indices",
    "targeting_errors",
]

SOURCE = (
    "Foster, Greer & Thorbecke, Econometrica 1984;52:761-766; Watts 1968; Sen, Econometrica 1976;44:219-231; "
    "Shorrocks, Econometrica 1995;63:1225-1230"
)


@dataclass(frozen=True, kw_only=True)
class PovertyIndices(Result):
    """Income poverty at one line; all shares are of persons (weights), not of households.

    `headcount` P0, `gap` P1, `severity` P2, `watts` (infinite when a poor person has nothing, and None is given then),
    `gini` of all, `gini_poor` among the poor, `sen`, `sen_shorrocks_thon`, `mean_income_poor` (None without poor).
    """

    line: float
    headcount: float
    gap: float
    severity: float
    watts: float | None
    gini: float
    gini_poor: float
    sen: float
    sen_shorrocks_thon: float
    mean_income_poor: float | None
    weight_total: float

    def table(self) -> dict[str, list[Any]]:
        """Return one row an index."""
        names = (
            "line",
            "headcount",
            "gap",
            "severity",
            "watts",
            "gini",
            "gini_poor",
            "sen",
            "sen_shorrocks_thon",
            "mean_income_poor",
        )
        return {"index": list(names), "value": [getattr(self, name) for name in names]}

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the three indices of Foster, Greer and Thorbecke as bars."""
        ax = new_axes(ax)
        ax.bar(["headcount", "gap", "severity"], [self.headcount, self.gap, self.severity])
        ax.set_ylabel(f"poverty at a line of {self.line:g}")
        return ax


def poverty_indices(
    income: Any, line: float, *, weights: Any = None, inclusive: bool = False
) -> PovertyIndices:
    """Return the usual indices of income poverty and inequality at a poverty line.

    Formula: P_a = sum over poor of w ((line - y) / line)^a / sum of w, a = 0, 1, 2; Watts = sum over poor of
    w log(line / y) / sum of w; Gini from the Lorenz curve; Sen = P0 (I + (1 - I) G_poor), I = P1 / P0;
    Sen-Shorrocks-Thon = P1 (1 + G of the gaps, zero for the non-poor).

    Parameters
    ----------
    income
        Per person or household, >= 0 (set losses to 0 knowingly, and say so).
    line
        Poverty line, above 0, in the unit of income.
    weights
        Persons that each row stands for (household size x survey weight); 1 for all when left out. Poverty of persons
        from household rows needs household sizes here.
    inclusive
        Whether an income exactly at the line is poor. Rules differ ("below" excludes it): it moves only P0 and Sen.

    Raises
    ------
    ValueError
        Missing or negative incomes, a line of 0 or less, weights that are negative or all 0.

    Notes
    -----
    Sources: see `SOURCE`; checked against the World Bank Handbook on Poverty and Inequality and wbpip. Standard errors
    need the survey design and are not given. Assumes that incomes are known without error. Not for comparing years without one price level.

    Examples
    --------
    >>> result = poverty_indices([100, 110, 150, 160], 125)
    >>> result.headcount, round(result.gap, 4), round(result.severity, 4)
    (0.5, 0.08, 0.0136)
    """
    y = as_counts("income", income, n_axes=(1,))
    z = as_number("line", line, low=1e-12)
    w = _weights(weights, len(y))
    poor = y <= z if inclusive else y < z
    share = w / w.sum()
    gaps = np.where(poor, (z - y) / z, 0.0)
    p0, p1, p2 = float(share[poor].sum()), float(share @ gaps), float(share @ gaps**2)
    gini_poor = gini(y[poor], weights=w[poor]) if p0 > 0 and y[poor] @ w[poor] > 0 else 0.0
    nothing = bool((y[poor] == 0).any() and w[poor][y[poor] == 0].sum() > 0)
    watts = None if nothing else float(share[poor] @ np.log(z / np.where(y[poor] > 0, y[poor], z)))
    ratio = p1 / p0 if p0 else 0.0
    return PovertyIndices(
        line=z,
        headcount=p0,
        gap=p1,
        severity=p2,
        watts=watts,
        gini=gini(y, weights=w) if y @ w > 0 else 0.0,
        gini_poor=gini_poor,
        sen=p0 * (ratio + (1 - ratio) * gini_poor),
        sen_shorrocks_thon=p1 * (1 + (gini(gaps, weights=w) if p1 else 0.0)),
        mean_income_poor=float(y[poor] @ share[poor] / p0) if p0 else None,
        weight_total=float(w.sum()),
        provenance=Provenance(
            method="income poverty indices",
            source=SOURCE,
            parameters={"line": z, "inclusive": inclusive},
            inputs={"income": digest(y), "weights": digest(w)},
        ),
    )


def _weights(weights: Any, n: int) -> Floats:
    if weights is None:
        return np.ones(n)
    w = as_counts("weights", weights, n_axes=(1,))
    if len(w) != n:
        raise complain("weights", f"one for each of {n} rows", len(w))
    if w.sum() == 0:
        raise complain("weights", "above 0 somewhere", 0)
    return w


def gini(values: Any, *, weights: Any = None) -> float:
    """Return the Gini coefficient: twice the area between the Lorenz curve and the diagonal, 0 to 1.

    Source: Gini 1912, as in the World Bank Handbook. Assumes comparable values. Formula: 1 - sum of w_i (L_i + L_(i-1)) / W with L the cumulated share of the total, rows sorted by value; without
    small-sample correction, as wbpip has it. `values` >= 0 with a sum above 0, else ValueError.
    Not for comparing groups of very different size: its largest value is 1 - 1/n.

    >>> round(gini([0] * 99 + [100]), 6), round(gini([5, 5, 5]), 6)
    (0.99, 0.0)
    """
    y = as_counts("values", values, n_axes=(1,))
    w = _weights(weights, len(y))
    if y @ w == 0:
        raise complain("values", "above 0 somewhere", 0)
    order = np.argsort(y, kind="stable")
    total = np.concatenate(([0.0], np.cumsum((y * w)[order])))
    curve = total / total[-1]
    return max(float(1 - (w[order] / w.sum()) @ (curve[1:] + curve[:-1])), 0.0)


@dataclass(frozen=True, kw_only=True)
class TargetingErrors(Result):
    """How well a selection meets the poor; weights are those of the rows.

    `inclusion_error`: non-poor among the selected. `exclusion_error`: poor who are not selected (under-coverage).
    `coverage_poor`, `coverage_nonpoor`, and their difference `differential`.
    """

    n_poor: float
    n_selected: float
    inclusion_error: float | None
    exclusion_error: float | None
    coverage_poor: float | None
    coverage_nonpoor: float | None
    differential: float | None

    def table(self) -> dict[str, list[Any]]:
        """Return one row a measure; None where nobody is poor, or nobody selected."""
        names = (
            "n_poor",
            "n_selected",
            "inclusion_error",
            "exclusion_error",
            "coverage_poor",
            "coverage_nonpoor",
        )
        rows = (*names, "differential")
        return {"measure": list(rows), "value": [getattr(self, name) for name in rows]}

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw both errors as bars."""
        ax = new_axes(ax)
        ax.bar(["inclusion error", "exclusion error"], [self.inclusion_error or 0, self.exclusion_error or 0])
        ax.set_ylabel("share in error")
        ax.set_ylim(0, 1)
        return ax


def targeting_errors(poor: Any, selected: Any, *, weights: Any = None) -> TargetingErrors:
    """Return inclusion and exclusion error of a selection against the truth.

    Formula: IE = weight of selected non-poor / weight of selected; EE = weight of poor not selected / weight of poor;
    differential = coverage of the poor - coverage of the non-poor. Sources: Coady, Grosh & Hoddinott 2004;
    Ravallion 2009 (differential).
    `poor` and `selected` are yes/no per row (True/False or 1/0). When as many are selected as are poor, IE = EE.
    Raises ValueError for other values or unequal lengths. Assumes that the truth comes from elsewhere than the rule
    that selected. Not for a rule judged by itself; poverty itself is measured with error, so both are upper bounds.

    >>> result = targeting_errors([1, 1, 0, 0], [1, 0, 1, 0])
    >>> result.inclusion_error, result.exclusion_error, result.differential
    (0.5, 0.5, 0.0)
    """
    p, s = _yes_no("poor", poor), _yes_no("selected", selected)
    if len(p) != len(s):
        raise complain("selected", f"as long as poor ({len(p)})", len(s))
    w = _weights(weights, len(p))

    def share(part: Any, whole: Any) -> float | None:
        total = float(w[whole].sum())
        return float(w[part & whole].sum()) / total if total else None

    reached, leaked = share(s, p), share(s, ~p)
    return TargetingErrors(
        n_poor=float(w[p].sum()),
        n_selected=float(w[s].sum()),
        inclusion_error=share(~p, s),
        exclusion_error=share(~s, p),
        coverage_poor=reached,
        coverage_nonpoor=leaked,
        differential=reached - leaked if reached is not None and leaked is not None else None,
        provenance=Provenance(
            method="targeting errors",
            source="Coady, Grosh & Hoddinott, World Bank 2004; Ravallion, World Bank Econ Rev 2009;23:1-25",
            inputs={"poor": digest(p), "selected": digest(s)},
        ),
    )


def _yes_no(parameter: str, values: Any) -> Any:
    array = as_floats(parameter, values)
    if array.ndim != 1 or array.size == 0 or not np.isin(array, (0.0, 1.0)).all():
        raise complain(parameter, "yes or no (1 or 0) for every row", values)
    return array == 1
