"""Re-emergence: the first cases after a stretch without any. A matter of counting, not of a baseline."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lianfang.analytics.inputs import Floats, complain, digest
from lianfang.analytics.result import Provenance

from .findings import Aberration, as_series, unassessed

_SOURCE = (
    "rule of this package, tried on Chinese cities May-December 2020: all six outbreaks found on day 0 to 2"
)


def re_emergence(
    counts: Any,
    *,
    quiet: int = 11,
    window: int = 3,
    cases: int = 3,
    tolerated: int = 0,
    names: Sequence[str] | None = None,
) -> Aberration:
    """Flag `cases` cases or more within `window` steps after `quiet` steps with no more than `tolerated`.

    Parameters
    ----------
    counts : array of shape (T,) or (T, N)
        Local cases, imports taken out where they are known: time first.
    quiet, window, cases : int
        11, 3, 3 by default. `window=1, cases=1, quiet=14` is the sharpest rule ("first case after two weeks").

    Notes
    -----
    Source: the rule of "no new case for 14 days" of the Chinese guidelines of 2020, turned into a detector. Assumes that
    the place does report while it is quiet. `expected` is 0, `upperbound` the largest count of the step that stays below the rule, `score` the cases of the
    window over `cases`. An outbreak is flagged from the step the rule is met until the quiet steps no longer lie
    directly before the window, so it needs no reset. Not for places with steady cases: there nothing is
    assessed, and that is said. Imported cases break a silence: on Chinese provincial counts of 2020 that include them the
    rule finds Urumqi, Kashgar and Qingdao within days and misses Shulan and Xinfadi, so take local cases. A silence may also be a desk that does not report: see `reporting_artefacts`.

    Examples
    --------
    >>> counts = [2] + [0] * 12 + [1, 2, 5, 9]
    >>> re_emergence(counts).alarm[:, 0].nonzero()[0].tolist()
    [14, 15]
    """
    observed, series = as_series(counts, names)
    for name, value, least in (
        ("quiet", quiet, 1),
        ("window", window, 1),
        ("cases", cases, 1),
        ("tolerated", tolerated, 0),
    ):
        if value < least:
            raise complain(name, f"{least} or more", value)
    expected, assessed = unassessed(observed)
    upperbound, score = expected.copy(), expected.copy()
    need = quiet + window
    advice: tuple[str, ...] = ()
    if len(observed) < need:
        advice = (f"The rule needs {need} steps, there are {len(observed)}: wait, or shorten `quiet`.",)
    else:
        recent = _moving_sum(observed, window)
        before = _moving_sum(observed, quiet)[:-window] if window < len(observed) else recent[:0]
        silent = before[quiet - 1 :] <= tolerated
        assessed[need - 1 :] = silent
        found = recent[need - 1 :]
        expected[need - 1 :] = np.where(silent, 0.0, np.nan)
        others = found - observed[need - 1 :]
        upperbound[need - 1 :] = np.where(silent, np.maximum(cases - 1 - others, 0), np.nan)
        score[need - 1 :] = np.where(silent, found / cases, np.nan)
        busy = int((~silent.any(axis=0)).sum())
        if busy:
            advice = (f"{busy} series never fell silent for {quiet} steps: use another detector there.",)
    alarm = assessed & (np.nan_to_num(score) >= 1) & (observed > 0)
    return Aberration(
        series=series,
        observed=observed,
        expected=expected,
        upperbound=upperbound,
        score=score,
        alarm=np.asarray(alarm),
        assessed=assessed,
        advice=advice,
        provenance=Provenance(
            method="first cases after silence",
            source=_SOURCE,
            parameters={"quiet": quiet, "window": window, "cases": cases, "tolerated": tolerated},
            inputs={"counts": digest(observed)},
        ),
    )


def _moving_sum(observed: Floats, width: int) -> Floats:
    """Sum of the last `width` steps; of fewer at the start."""
    total = np.cumsum(observed, axis=0)
    earlier = np.zeros_like(total)
    earlier[width:] = total[:-width]
    return np.asarray(total - earlier)
