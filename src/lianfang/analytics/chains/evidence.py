"""What investigators may know of cases: intervals, windows of exposure, places, pairs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from lianfang.analytics.inputs import Floats, as_floats, as_number, as_rows, complain

Ints = NDArray[np.int64]
_special: Any = special  # scipy carries no types
HALVES_SD, HALVES_FAR = (
    0.3,
    0.1,
)  # an interval is split into halves of at least this spread, and only if the parts make it again


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A distribution over whole days that may be negative: `pmf[d]` is the probability of `first + d` days."""

    pmf: Floats
    first: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no distribution."""
        values = as_floats("interval", self.pmf)
        if (
            values.ndim != 1
            or not np.isfinite(values).all()
            or (values < 0).any()
            or abs(values.sum() - 1) > 1e-6
        ):
            raise complain("interval", "probabilities that sum to 1", values.tolist())
        object.__setattr__(self, "pmf", values)

    @classmethod
    def gamma(cls, mean: float, sd: float) -> "Interval":
        """Return a gamma law of positive days, cut into days (day d holds d - 1/2 to d + 1/2; day 0 is left out)."""
        mean, sd = as_number("mean", mean, low=0.1), as_number("sd", sd, low=0.1)
        last = int(np.ceil(mean + 8 * sd)) + 2
        edges = np.arange(0, last + 1) + 0.5
        weights = np.diff(_special.gammainc((mean / sd) ** 2, edges * mean / sd**2))
        return cls(pmf=weights / weights.sum(), first=1)

    @classmethod
    def normal(cls, mean: float, sd: float) -> "Interval":
        """Return a normal law cut into days; lags below 0 stand for transmission before symptoms."""
        mean, sd = as_number("mean", mean), as_number("sd", sd, low=0.1)
        first, last = int(np.floor(mean - 5 * sd)), int(np.ceil(mean + 5 * sd))
        weights = np.diff(_special.ndtr((np.arange(first, last + 2) - 0.5 - mean) / sd))
        return cls(pmf=weights / weights.sum(), first=first)

    @property
    def last(self) -> int:
        """Largest lag with a probability."""
        return self.first + len(self.pmf) - 1

    def at(self, lags: Any) -> Floats:
        """Return the probability at each lag (rounded down to whole days)."""
        index = np.floor(np.asarray(lags)).astype(np.int64) - self.first
        inside = (index >= 0) & (index < len(self.pmf))
        return np.where(inside, self.pmf[np.clip(index, 0, len(self.pmf) - 1)], 0.0)

    def up_to(self, lags: Any) -> Floats:
        """Return the cumulated probability at each lag."""
        index = np.floor(np.asarray(lags)).astype(np.int64) - self.first
        total = np.cumsum(self.pmf)
        return np.where(index < 0, 0.0, total[np.clip(index, 0, len(total) - 1)])

    def halves(self) -> "Interval | None":
        """Return the law of which two independent ones make this interval, None where no gamma or normal does so nearly."""
        days = np.arange(self.first, self.last + 1)
        mean = float(self.pmf @ days)
        sd = float(np.sqrt(self.pmf @ (days - mean) ** 2 / 2))
        if sd < HALVES_SD or (self.first >= 1 and mean < 1):
            return None
        half = Interval.gamma(mean / 2, sd) if self.first >= 1 else Interval.normal(mean / 2, sd)
        both = half.twice()
        far = np.abs(both.at(days) - self.pmf).sum() + 1 - both.at(days).sum()
        return half if far < 2 * HALVES_FAR else None

    def twice(self) -> "Interval":
        """Return the law of the sum of two independent intervals: one case between that nobody saw."""
        return Interval(pmf=np.convolve(self.pmf, self.pmf), first=2 * self.first)


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """When and where each case may have been infected, and until when it could infect; all optional, one entry a case.

    `start`, `end`: first and last possible day of infection (NaN unknown). `place`: label of where (None unknown).
    `removed`: last day at large (isolation, diagnosis, death; NaN unknown). `incubation`: infection to onset.
    `infectiousness`: onset of the infector to transmission. The last two are needed to read `start`, `end`, `removed`.
    """

    start: Any = None
    end: Any = None
    place: Sequence[Any] | None = None
    also_at: Sequence[Iterable[Any]] | None = None
    removed: Any = None
    incubation: Interval | None = None
    infectiousness: Interval | None = None


def pair_set(
    parameter: str, pairs: Iterable[Sequence[Any]], index: dict[Any, int], *, directed: bool
) -> set[int]:
    """Return pairs of ids as numbers infector * n + infectee; both ways round unless `directed`."""
    n = len(index)
    codes: set[int] = set()
    for row, pair in enumerate(as_rows(pairs)):
        for end in (0, 1):
            if pair[end] not in index:
                raise complain(f"{parameter}[{row}]", "two ids of cases", tuple(pair[:2]))
        i, j = index[pair[0]], index[pair[1]]
        if i == j:
            raise complain(f"{parameter}[{row}]", "two different cases", tuple(pair[:2]))
        codes.add(i * n + j)
        if not directed:
            codes.add(j * n + i)
    return codes
