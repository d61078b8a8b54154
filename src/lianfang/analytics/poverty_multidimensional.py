"""Multidimensional poverty after Alkire and Foster: who is deprived in how much at once, and in what."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lianfang.analytics.inputs import Floats, as_counts, as_floats, as_number, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "MultidimensionalPoverty",
    "multidimensional_poverty",
    "multidimensional_poverty_from_deprivations",
]

SOURCE = "Alkire & Foster, J Public Econ 2011;95:476-487"
TIE = 1e-9  # a weighted score so close to the cut-off is at it: weights such as 1/18 do not add up exactly


@dataclass(frozen=True, kw_only=True)
class MultidimensionalPoverty(Result):
    """Alkire-Foster measures, weighted by persons.

    `H` share of poor, `A` mean deprivation share among the poor, `M0` = H x A; `M1`, `M2` adjusted gap and severity (None
    when only yes/no deprivations are given). `censored` is the share of all who are poor and deprived, per indicator,
    `uncensored` the share deprived at all, `contribution` each indicator's part of M0 (sums to 1). `groups` holds, per
    group, share of persons, H, A, M0 and contribution to M0.
    """

    cutoff: float
    H: float
    A: float
    M0: float
    M1: float | None
    M2: float | None
    indicators: tuple[str, ...]
    weights: Floats
    uncensored: Floats
    censored: Floats
    contribution: Floats
    groups: dict[Any, dict[str, float]]
    poor: tuple[bool, ...]

    def table(self) -> dict[str, list[Any]]:
        """Return one row an indicator."""
        return {
            "indicator": list(self.indicators),
            "weight": self.weights.tolist(),
            "uncensored": self.uncensored.tolist(),
            "censored": self.censored.tolist(),
            "contribution": self.contribution.tolist(),
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw what each indicator contributes to M0."""
        ax = new_axes(ax)
        ax.barh(list(self.indicators), self.contribution)
        ax.set_xlabel(f"contribution to M0 = {self.M0:.3f}")
        return ax


def multidimensional_poverty(
    achievements: Any,
    cutoffs: Any,
    *,
    k: float,
    weights: Any = None,
    persons: Any = None,
    groups: Any = None,
    indicators: tuple[str, ...] | None = None,
) -> MultidimensionalPoverty:
    """Return the Alkire-Foster measures from achievements and their cut-offs.

    Formula: deprived in j if achievement < cutoff_j; score c_i = sum of weights of deprivations; poor if c_i >= k;
    H = poor / all, A = mean score of the poor, M0 = H A; M1, M2 put ((cutoff - x) / cutoff)^1 or ^2 for each deprivation.

    Parameters
    ----------
    achievements
        Rows (persons or households) x indicators; higher is better. No missing values: decide about them first.
    cutoffs
        Deprivation cut-off per indicator; an achievement exactly at it is not deprived.
    k
        Poverty cut-off as a share of the total weight, above 0 to 1 (1/3 in the global index). "At least two of four
        equally weighted" is k = 0.5.
    weights
        Per indicator, above 0; equal when left out. They are scaled to sum to 1.
    persons
        Persons each row stands for (household size x survey weight). Without it a household index results, which
        understates poverty where poor households are large.
    groups
        Label per row for the decomposition.
    indicators
        Names.

    Raises
    ------
    ValueError
        Missing values, wrong shapes, weights of 0 or less, k outside (0, 1].

    Notes
    -----
    Source: Alkire & Foster 2011. M1 and M2 need cardinal achievements with cut-offs above 0, otherwise they are None.
    Assumes that each deprivation is observed in every row. Not for comparing countries or years with other indicators. No standard errors: they need the survey design.

    Examples
    --------
    >>> rows = [[13.1, 14, 4, 1], [15.2, 7, 5, 0], [12.5, 10, 1, 0], [20, 11, 3, 1]]
    >>> result = multidimensional_poverty(rows, [13, 12, 3, 1], k=0.5)
    >>> result.H, result.A, result.M0, round(result.M1, 6)
    (0.5, 0.75, 0.375, 0.205529)
    """
    x = as_floats("achievements", achievements)
    if x.ndim != 2 or x.size == 0:
        raise complain("achievements", "rows x indicators", x.shape)
    if not np.isfinite(x).all():
        raise complain(
            "achievements", "without missing values (drop or fill them knowingly)", "missing values"
        )
    z = as_floats("cutoffs", cutoffs)
    if z.shape != (x.shape[1],) or not np.isfinite(z).all():
        raise complain("cutoffs", f"one number for each of {x.shape[1]} indicators", z.tolist())
    cardinal = bool((z > 0).all() and (x >= 0).all())
    gaps = np.where(x < z, (z - x) / np.where(z > 0, z, 1), 0.0) if cardinal else None
    return _measure(x < z, gaps, k=k, weights=weights, persons=persons, groups=groups, indicators=indicators)


def multidimensional_poverty_from_deprivations(
    deprived: Any,
    *,
    k: float,
    weights: Any = None,
    persons: Any = None,
    groups: Any = None,
    indicators: tuple[str, ...] | None = None,
) -> MultidimensionalPoverty:
    """Return H, A and M0 from yes/no deprivations (rows x indicators of 1 and 0).

    Formula, parameters, errors and cautions are those of `multidimensional_poverty`; M1 and M2 are None.

    >>> result = multidimensional_poverty_from_deprivations([[1, 1], [1, 0]], k=1, persons=[3, 1])
    >>> result.H, result.M0
    (0.75, 0.75)
    """
    array = as_floats("deprived", deprived)
    if array.ndim != 2 or array.size == 0 or not np.isin(array, (0.0, 1.0)).all():
        raise complain("deprived", "rows x indicators of 1 and 0, none missing", array.tolist())
    return _measure(
        array == 1, None, k=k, weights=weights, persons=persons, groups=groups, indicators=indicators
    )


def _measure(
    deprived: Any,
    gaps: Floats | None,
    *,
    k: float,
    weights: Any,
    persons: Any,
    groups: Any,
    indicators: tuple[str, ...] | None,
) -> MultidimensionalPoverty:
    n, d = deprived.shape
    cut = as_number("k", k, low=TIE, high=1)
    w = _normalised("weights", weights, d)
    share = _normalised("persons", persons, n)
    names = indicators or tuple(f"indicator {j + 1}" for j in range(d))
    if len(names) != d:
        raise complain("indicators", f"{d} names", names)
    score = deprived @ w
    poor = score >= cut - TIE
    censored_score = np.where(poor, score, 0.0)
    h, m0 = float(share[poor].sum()), float(share @ censored_score)
    censored = share @ (deprived & poor[:, None])

    def adjusted(power: int) -> float | None:
        return None if gaps is None else float(share @ np.where(poor, gaps**power @ w, 0.0))

    return MultidimensionalPoverty(
        cutoff=cut,
        H=h,
        A=m0 / h if h else 0.0,
        M0=m0,
        M1=adjusted(1),
        M2=adjusted(2),
        indicators=tuple(names),
        weights=w,
        uncensored=np.asarray(share @ deprived),
        censored=np.asarray(censored),
        contribution=np.asarray(w * censored / m0 if m0 else np.zeros(d)),
        groups=_by_group(groups, share, poor, censored_score, m0),
        poor=tuple(poor.tolist()),
        provenance=Provenance(
            method="Alkire-Foster multidimensional poverty",
            source=SOURCE,
            parameters={"k": cut, "weights": w.tolist()},
            inputs={"deprived": digest(deprived), "persons": digest(share)},
        ),
    )


def _normalised(parameter: str, values: Any, n: int) -> Floats:
    if values is None:
        return np.full(n, 1 / n)
    array = as_counts(parameter, values, n_axes=(1,))
    if len(array) != n or array.sum() == 0 or (parameter == "weights" and (array == 0).any()):
        raise complain(parameter, f"{n} numbers above 0", array.tolist())
    return np.asarray(array / array.sum())


def _by_group(groups: Any, share: Floats, poor: Any, score: Floats, m0: float) -> dict[Any, dict[str, float]]:
    if groups is None:
        return {}
    labels = list(groups)
    if len(labels) != len(share):
        raise complain("groups", f"one label for each of {len(share)} rows", len(labels))
    found = {}
    for label in dict.fromkeys(labels):
        inside = np.array([one == label for one in labels])
        size = float(share[inside].sum())
        if size == 0:
            raise complain("persons", f"above 0 in group {label!r}", 0)
        own_h, own_m0 = float(share[inside & poor].sum()) / size, float(share[inside] @ score[inside]) / size
        found[label] = {
            "share": size,
            "H": own_h,
            "A": own_m0 / own_h if own_h else 0.0,
            "M0": own_m0,
            "contribution": size * own_m0 / m0 if m0 else 0.0,
        }
    return found
