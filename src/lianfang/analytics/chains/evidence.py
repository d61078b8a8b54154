"""From what investigators wrote down to scored candidate infectors: the sparse table the sampler works on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from lianfang.analytics.inputs import Floats, as_floats, as_number, as_rows, as_times, as_whole, complain

Ints = NDArray[np.int64]
_special: Any = special  # scipy carries no types
FLOOR = 1e-300
DAY_SD = 12**-0.5  # a day is known to the day
LATENT_SHARE = 0.3  # of the mean incubation, in which nobody infects yet (COVID-19 1 day, MERS 2, measles 3)
STILL_INFECTS = 0.02  # infectiousness left after isolation or diagnosis, for errors in the recorded day


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

    def score(self, lags: Any, sd: float = DAY_SD) -> Floats:
        """Return normal scores of lags known to `sd` days, and their variances: how early or late, in standard deviations."""
        density = self.at(lags)
        z = _special.ndtri(np.clip(self.up_to(lags) - density / 2, 1e-15, 1 - 1e-15))
        return np.stack([z, (density * sd * np.sqrt(2 * np.pi) * np.exp(z * z / 2)) ** 2])

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


@dataclass(frozen=True)
class Candidates:
    """Possible infectors, case after case: those of case j stand at `start[j]:start[j + 1]`, ascending.

    `direct` and `indirect` are log densities of the lag without and with one unseen case between; `timing` holds normal scores of
    the day of transmission (of the lag, where that is all there is) in the infector's course, and their variances. `flags` says, per kind of yes/no evidence, whether the pair has it; `snps` the genetic distance (-1 unknown). `n_possible` and
    `n_flagged` count the pairs that the lag allows, also those left out to bound memory. `log_window` is, per case, the log
    probability of its window of exposure for an unknown source.
    """

    start: Ints
    infector: Ints
    direct: Floats
    indirect: Floats
    timing: Floats
    flags: NDArray[np.uint8]
    snps: Floats
    n_possible: int
    n_flagged: Floats
    log_window: Floats


class _Scored(NamedTuple):
    """The part of `Candidates` that belongs to one case."""

    infector: Ints
    direct: Floats
    indirect: Floats
    timing: Floats
    flags: NDArray[np.uint8]
    snps: Floats
    n_possible: int
    n_flagged: NDArray[np.int64]
    log_window: float


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


def lag_density(
    onset: Floats, interval: Interval, exposure: Exposure, j: int, near: Ints
) -> tuple[Floats, Floats, Floats, float]:
    """Return P(onset of j | infected by each of `near`), the same with one unseen case between, `timing`, P(window | j).

    The last is what the stated window of exposure says by itself, about a source that nobody knows.
    """
    lags = onset[j] - onset[near]
    indirect = interval.twice().at(lags)
    if exposure.incubation is None or exposure.infectiousness is None:
        return interval.at(lags), indirect, interval.score(lags), 1.0
    incubation, infectious = exposure.incubation, exposure.infectiousness
    start, end, removed = (_column(exposure, name, len(onset)) for name in ("start", "end", "removed"))
    first = np.floor(onset[j]) - incubation.last if np.isnan(start[j]) else start[j]
    last = np.floor(onset[j]) - incubation.first if np.isnan(end[j]) else end[j]
    if last < first:
        return interval.at(lags), indirect, interval.score(lags), 1.0
    days = np.arange(first, last + 1)
    by_day = infectious.at(days[None, :] - onset[near][:, None])
    until = removed[near]
    at_large = np.isnan(until)[:, None] | (days[None, :] <= until[:, None])
    known = not (np.isnan(start[j]) and np.isnan(end[j]))
    # a stated window is trusted over the incubation law, whose far tails it may reach
    later = (
        np.maximum(incubation.at(onset[j] - days), 1e-3 / len(days))
        if known
        else incubation.at(onset[j] - days)
    )
    window = float(later.sum())
    by_day = (
        by_day
        * np.where(at_large, 1.0, STILL_INFECTS)
        * _already(days, onset[near], start[near], end[near], incubation)
    )
    direct = by_day @ later
    # the middle of the window, the same for all infectors: a middle that leans to each would flatter the unlikely ones
    middle = float(later @ days) / window
    sd = float(np.sqrt(later @ (days - middle) ** 2 / window + DAY_SD**2))
    return direct, indirect * window, infectious.score(middle - onset[near], sd), window


def _already(days: Floats, onset: Floats, start: Floats, end: Floats, incubation: Interval) -> Floats:
    """Return how probable it is that each infector was infected long enough before each day to infect on it.

    By its own window of exposure, or by its onset and the incubation law alone: who was exposed on the same days cannot
    be the source. Nobody infects within `LATENT_SHARE` of the mean incubation.
    """
    mean = float(incubation.pmf @ np.arange(incubation.first, incubation.last + 1))
    ready = days[None, :] - np.floor(LATENT_SHARE * mean)
    onset, start, end = onset[:, None], start[:, None], end[:, None]
    start = np.where(np.isnan(start), np.floor(onset) - incubation.last, start)
    end = np.where(np.isnan(end), np.floor(onset) - incubation.first, end)
    later = incubation.up_to(onset - end - 1)
    total = incubation.up_to(onset - start) - later
    passed = incubation.up_to(onset - start) - incubation.up_to(onset - np.minimum(end, ready) - 1)
    even = (np.minimum(end, ready) - start + 1) / np.maximum(end - start + 1, 1.0)
    return np.clip(np.where(total > 1e-3, passed / np.maximum(total, 1e-3), even), 0.0, 1.0)


def _column(exposure: Exposure, name: str, n: int) -> Floats:
    value = getattr(exposure, name)
    if value is None:
        return np.full(n, np.nan)
    column = as_times(f"exposure.{name}", value)
    if column.shape != (n,):
        raise complain(f"exposure.{name}", f"one value for each of {n} cases", column.shape)
    return column


def find_candidates(
    onset: Floats,
    interval: Interval,
    exposure: Exposure,
    evidence: Sequence[set[int]],
    snps: Floats | None,
    *,
    fixed: Mapping[int, int],
    barred: set[int],
    max_candidates: int,
    genome_length: float,
) -> Candidates:
    """Return the scored candidates of every case; memory is bounded by n x `max_candidates`.

    Where more are possible, the pairs with yes/no evidence and then those with the highest lag density are kept. A case of
    `fixed` has its one source, however improbable; `barred` pairs (infector * n + infectee) are left out.
    """
    n = len(onset)
    top = as_whole("max_candidates", max_candidates, low=2)
    order = np.argsort(onset, kind="stable")
    sorted_onset = onset[order]
    reach = _reach(interval, exposure)
    marked = [_by_infectee(codes, n) for codes in evidence]
    not_by = _by_infectee(barred, n)
    parts: list[_Scored] = []
    for j in range(n):
        low = np.searchsorted(sorted_onset, onset[j] - reach[1] - 1)
        high = np.searchsorted(sorted_onset, onset[j] - reach[0], side="right")
        near = np.sort(order[low:high])
        near = near[(near != j) & ~np.isin(near, not_by.get(j, []))]
        if j in fixed:
            near = np.array([fixed[j]])
        parts.append(
            _score(
                onset,
                interval,
                exposure,
                j,
                near,
                is_fixed=j in fixed,
                marked=marked,
                snps=snps,
                top=top,
                genome_length=genome_length,
            )
        )
    counts = [len(part.infector) for part in parts]
    return Candidates(
        start=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        infector=np.concatenate([part.infector for part in parts]),
        direct=np.concatenate([part.direct for part in parts]),
        indirect=np.concatenate([part.indirect for part in parts]),
        timing=np.concatenate([part.timing for part in parts], axis=1),
        flags=np.concatenate([part.flags for part in parts]),
        snps=np.concatenate([part.snps for part in parts]),
        n_possible=sum(part.n_possible for part in parts),
        n_flagged=np.sum([part.n_flagged for part in parts], axis=0, dtype=np.float64).reshape(len(evidence)),
        log_window=np.array([part.log_window for part in parts]),
    )


def _reach(interval: Interval, exposure: Exposure) -> tuple[int, int]:
    both = interval.twice()
    low, high = min(interval.first, both.first), both.last
    if exposure.incubation is not None and exposure.infectiousness is not None:
        low = min(low, exposure.infectiousness.first + exposure.incubation.first)
        high = max(high, exposure.infectiousness.last + exposure.incubation.last)
    return low, high


def _by_infectee(codes: set[int], n: int) -> dict[int, Ints]:
    grouped: dict[int, list[int]] = {}
    for code in codes:
        grouped.setdefault(code % n, []).append(code // n)
    return {j: np.array(sorted(members), dtype=np.int64) for j, members in grouped.items()}


def _score(
    onset: Floats,
    interval: Interval,
    exposure: Exposure,
    j: int,
    near: Ints,
    *,
    is_fixed: bool,
    marked: Sequence[dict[int, Ints]],
    snps: Floats | None,
    top: int,
    genome_length: float,
) -> _Scored:
    direct, indirect, timing, window = lag_density(onset, interval, exposure, j, near)
    flags = np.zeros((len(near), len(marked)), dtype=np.uint8)
    for kind, groups in enumerate(marked):
        if j in groups:
            flags[:, kind] = np.isin(near, groups[j])
    possible = (direct > 0) | (indirect > 0) | is_fixed
    rank = np.where(possible, flags.sum(axis=1) * 10 + direct + 0.1 * indirect, -1.0)
    kept = np.flatnonzero(possible)
    n_possible, n_flagged = len(kept), flags[kept].sum(axis=0, dtype=np.int64)
    if len(kept) > top:
        kept = np.sort(np.argpartition(rank, -top)[-top:])
    distance = np.full(len(kept), -1.0) if snps is None else np.nan_to_num(snps[near[kept], j], nan=-1.0)
    # probability of this very genome, not of any genome so far away: every site differs with mutations / length
    fixed = np.maximum(distance, 0) * np.log(genome_length)
    return _Scored(
        near[kept],
        np.log(np.maximum(direct[kept], FLOOR)) - fixed,
        np.log(np.maximum(indirect[kept], FLOOR)) - fixed,
        timing[:, kept],
        flags[kept],
        distance,
        n_possible,
        n_flagged,
        float(np.log(max(window, FLOOR))),
    )
