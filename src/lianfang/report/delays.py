"""How long things take: onset to report, to admission, to confirmation, to death; counted and fitted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from lianfang.analytics.delays import DelayFit, compare_delays
from lianfang.report.left_out import LeftOut
from lianfang.report.line_list import Line, LineList

FEWEST = 5  # below this the delays of single persons could be read off
FEWEST_TO_FIT = 20
_MANY = 400  # records from which the quicker intervals are as good
_MOST_TO_FIT = 2000
_OPEN = 4.0  # times the observed mean: a fitted mean that may lie beyond says only that most delays still run


@dataclass(frozen=True, kw_only=True)
class Delay:
    """One delay in days. `n_negative` pairs in the wrong order were not used; `fit` allows for delays still running."""

    code: str
    days: NDArray[np.float64]
    n_negative: int
    fit: DelayFit | LeftOut

    def quantile(self, probability: float) -> float:
        """Return an observed quantile."""
        return float(np.quantile(self.days, probability))


_PAIRS: Sequence[tuple[str, Callable[[Line], date | None], Callable[[Line], date | None]]] = (
    ("onset_to_known", lambda line: line.onset, lambda line: line.known),
    ("onset_to_report", lambda line: line.onset, lambda line: line.reported),
    ("onset_to_admission", lambda line: line.onset, lambda line: line.admitted),
    ("onset_to_confirmation", lambda line: line.onset, lambda line: line.confirmed),
    ("onset_to_death", lambda line: line.onset, lambda line: line.died),
    ("admission_to_discharge", lambda line: line.admitted, lambda line: line.discharged),
)

_OUTCOMES = frozenset({"onset_to_death", "admission_to_discharge"})


def delays_of(cases: LineList) -> tuple[list[Delay], LeftOut | None]:
    """Return the delays of which at least five pairs of dates are on file, or why there is none.

    "onset_to_known" is that of the column by which cases became known, mostly the same as one of the others.
    """
    found: list[Delay] = []
    for code, start, end in _PAIRS:
        delay = _delay(cases, (code, start, end), found)
        if delay is not None:
            found.append(delay)
    return found, None if found else LeftOut(reason="left.delays", values={"least": FEWEST})


def _delay(
    cases: LineList,
    what: tuple[str, Callable[[Line], date | None], Callable[[Line], date | None]],
    before: Sequence[Delay],
) -> Delay | None:
    code, start, end = what
    pairs = [
        (a, b) for line in cases.lines if (a := start(line)) is not None and (b := end(line)) is not None
    ]
    right = [(a, b) for a, b in pairs if a <= b]
    last = cases.followed_until if code in _OUTCOMES else cases.as_of
    if len(right) < FEWEST or last is None:
        return None
    days = np.array([(b - a).days for a, b in right], dtype=np.float64)
    same = next(
        (one for one in before if one.code == "onset_to_known" and np.array_equal(one.days, days)), None
    )
    return Delay(
        code=code,
        days=days,
        n_negative=len(pairs) - len(right),
        fit=_fit(right, last) if same is None else same.fit,
    )


def _fit(pairs: Sequence[tuple[date, date]], as_of: date) -> DelayFit | LeftOut:
    if len(pairs) < FEWEST_TO_FIT:
        return LeftOut(reason="left.fit_few", values={"n": len(pairs), "least": FEWEST_TO_FIT})
    # The latest records: they speak of the present delay, and a fit to more would show nothing finer.
    latest = sorted(pairs)[-_MOST_TO_FIT:]
    zero = min(a for a, _ in latest)
    start = np.array([(a - zero).days for a, _ in latest], dtype=np.float64)
    end = np.array([(b - zero).days for _, b in latest], dtype=np.float64)
    try:
        best = compare_delays(
            start,
            start + 1,
            end,
            end + 1,
            truncated_at=float((as_of - zero).days + 1),
            intervals="asymptotic" if len(latest) > _MANY else "profile",
        ).best
    except ValueError as trouble:
        return LeftOut(reason="left.estimator", detail=str(trouble))
    if best.estimate("mean")[2] > _OPEN * max(1.0, float((end - start).mean())):
        return LeftOut(reason="left.fit_open")
    return best
