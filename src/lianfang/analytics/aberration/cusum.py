"""CUSUM: small, lasting rises add up until they pass a limit."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lianfang.analytics.inputs import Floats, as_whole, complain, digest
from lianfang.analytics.result import Provenance

from .findings import Aberration, as_series, unassessed

_SOURCE = "Rossi, Lampugnani, Marchi 1999, Stat Med 18:2111"


def cusum(
    counts: Any,
    *,
    baseline: int,
    reference_value: float = 1.04,
    limit: float = 2.26,
    transformation: str = "standard",
    mean: Any = None,
    reset: bool = False,
    names: Sequence[str] | None = None,
) -> Aberration:
    """Flag a lasting shift of the level by the cumulative sum of standardised counts.

    S_t = max(0, S_{t-1} + z_t - k), alarm where S_t >= h, with k = `reference_value`, h = `limit` and ::

        standard: z = (y - m) / sqrt(m)
        rossi:    z = (y - 3 m + 2 sqrt(y m)) / (2 sqrt(m))

    Parameters
    ----------
    counts : array of shape (T,) or (T, N)
        Time first.
    baseline : int
        Steps at the start that give m (their mean) and are not judged.
    mean : float or array of shape (N,), optional
        The level in control, where it is known better than by the baseline.
    reset : bool
        Start again from 0 after an alarm; without it a long outbreak alarms to its end and somewhat beyond.

    Notes
    -----
    Source: Rossi 1999; the defaults k = 1.04, h = 2.26 are those common for weekly counts. Assumes a constant
    level without season or trend. Not for seasonal series: it alarms all winter. A series whose baseline holds no case has
    m = 0 and is not assessed. `score` is S_t / h.

    Examples
    --------
    >>> result = cusum([4, 5, 3, 4, 4, 8, 9, 9], baseline=5)
    >>> result.alarm[:, 0].nonzero()[0].tolist(), round(float(result.score[6, 0]), 2)
    ([6, 7], 1.07)
    """
    observed, series = as_series(counts, names)
    if transformation not in {"standard", "rossi"}:
        raise complain("transformation", "'standard' or 'rossi'", transformation)
    if not 1 <= as_whole("baseline", baseline) < len(observed):
        raise complain("baseline", f"between 1 and {len(observed) - 1} steps", baseline)
    if not (reference_value >= 0 and limit > 0):
        raise complain("reference_value and limit", "0 or more, and above 0", (reference_value, limit))
    level = _level(observed, baseline, mean)
    judged = level > 0
    expected, assessed = unassessed(observed)
    upperbound, score = expected.copy(), expected.copy()
    alarm = assessed.copy()
    root = np.sqrt(np.where(judged, level, 1.0))
    total = np.zeros(level.size)
    for t in range(baseline, len(observed)):
        room = limit + reference_value - total
        upperbound[t] = _largest_quiet(root, room, transformation)
        total = np.maximum(0.0, total + _standardised(observed[t], root, transformation) - reference_value)
        score[t] = total / limit
        alarm[t] = judged & (total >= limit)
        if reset:
            total = np.where(alarm[t], 0.0, total)
    expected[baseline:] = level
    assessed[baseline:] = judged
    for column in (expected, upperbound, score):
        column[:, ~judged] = np.nan
    silent = [name for name, ok in zip(series, judged, strict=True) if not ok]
    advice = (f"No case in the baseline of {', '.join(silent)}: use re_emergence there.",) if silent else ()
    return Aberration(
        series=series,
        observed=observed,
        expected=expected,
        upperbound=upperbound,
        score=score,
        alarm=alarm,
        assessed=assessed,
        advice=advice,
        provenance=Provenance(
            method=f"CUSUM, {transformation}",
            source=_SOURCE,
            parameters={"baseline": baseline, "k": reference_value, "h": limit, "reset": reset},
            inputs={"counts": digest(observed)},
        ),
    )


def _level(observed: Floats, baseline: int, mean: Any) -> Floats:
    if mean is None:
        return np.asarray(observed[:baseline].mean(axis=0))
    level = np.broadcast_to(np.asarray(mean, dtype=np.float64), (observed.shape[1],))
    if not (np.isfinite(level).all() and (level >= 0).all()):
        raise complain("mean", "finite and 0 or more", level.tolist())
    return np.array(level)


def _standardised(y: Floats, root: Floats, transformation: str) -> Floats:
    if transformation == "standard":
        return np.asarray((y - root**2) / root)
    return np.asarray((y - 3 * root**2 + 2 * np.sqrt(y) * root) / (2 * root))


def _largest_quiet(root: Floats, room: Floats, transformation: str) -> Floats:
    """Return the count at which the sum just reaches its limit; never below 0."""
    if transformation == "standard":
        return np.asarray(np.maximum(room * root + root**2, 0.0))
    inner = np.sqrt(np.maximum(2 * room * root + 4 * root**2, 0.0)) - root
    return np.asarray(np.maximum(inner, 0.0) ** 2)
