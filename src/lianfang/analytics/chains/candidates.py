"""From what investigators wrote down to scored candidate infectors: the sparse table the sampler works on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lianfang.analytics.chains.course import Course, course_of, lag_density, share_passed
from lianfang.analytics.chains.evidence import Exposure, Interval, Ints
from lianfang.analytics.inputs import Floats, as_whole

FLOOR = 1e-300


@dataclass(frozen=True)
class Candidates:
    """Possible infectors, case after case: those of case j stand at `start[j]:start[j + 1]`, ascending.

    `direct` is the density of the lag without, `indirect` the log density with one unseen case between. `flags` says, per kind of yes/no evidence, whether the pair has it; `shared` the same per
    setting to which both belong, and `at_risk` the time that cases spent at risk from others of their setting, in whole infectious
    periods; `snps` the genetic distance (-1 unknown). `n_possible` and `n_flagged` count the pairs that the lag allows, also those left out to bound memory. `log_window` is, per case, the log
    probability of its window of exposure for an unknown source.
    """

    start: Ints
    infector: Ints
    direct: Floats
    indirect: Floats
    flags: NDArray[np.uint8]
    shared: NDArray[np.uint8]
    at_risk: Floats
    snps: Floats
    n_possible: int
    n_flagged: Floats
    log_window: Floats
    course: Course


class _Scored(NamedTuple):
    """The part of `Candidates` that belongs to one case."""

    infector: Ints
    direct: Floats
    indirect: Floats
    flags: NDArray[np.uint8]
    shared: NDArray[np.uint8]
    at_risk: Floats
    snps: Floats
    n_possible: int
    n_flagged: NDArray[np.int64]


def find_candidates(
    onset: Floats,
    interval: Interval,
    exposure: Exposure,
    evidence: Sequence[set[int]],
    settings: Sequence[set[int]],
    *,
    snps: Floats | None,
    fixed: Mapping[int, int],
    barred: set[int],
    max_candidates: int,
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
    course = course_of(onset, interval, exposure)
    marked, near_by = ([_by_infectee(codes, n) for codes in kinds] for kinds in (evidence, settings))
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
                course,
                j,
                near,
                is_fixed=j in fixed,
                marked=marked,
                near_by=near_by,
                snps=snps,
                top=top,
            )
        )
    counts = [len(part.infector) for part in parts]
    return Candidates(
        start=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        infector=np.concatenate([part.infector for part in parts]),
        direct=np.concatenate([part.direct for part in parts]),
        indirect=np.concatenate([part.indirect for part in parts]),
        flags=np.concatenate([part.flags for part in parts]),
        shared=np.concatenate([part.shared for part in parts]),
        at_risk=np.sum([part.at_risk for part in parts], axis=0, dtype=np.float64).reshape(len(settings)),
        snps=np.concatenate([part.snps for part in parts]),
        n_possible=sum(part.n_possible for part in parts),
        n_flagged=np.sum([part.n_flagged for part in parts], axis=0, dtype=np.float64).reshape(len(evidence)),
        log_window=np.log(np.maximum(course.window, FLOOR)),
        course=course,
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
    course: Course,
    j: int,
    near: Ints,
    *,
    is_fixed: bool,
    marked: Sequence[dict[int, Ints]],
    near_by: Sequence[dict[int, Ints]],
    snps: Floats | None,
    top: int,
) -> _Scored:
    direct, indirect = lag_density(onset, interval, course, j, near)
    flags, shared = _flags(near, marked, j), _flags(near, near_by, j)
    at_risk = np.zeros(len(near_by))
    for kind, groups in enumerate(near_by):
        if j in groups:
            at_risk[kind] = share_passed(onset, interval, course, j, groups[j]).sum()
    possible = (direct > 0) | (indirect > 0) | is_fixed
    rank = np.where(possible, (flags.sum(axis=1) + shared.sum(axis=1)) * 10 + direct + 0.1 * indirect, -1.0)
    kept = np.flatnonzero(possible)
    n_possible, n_flagged = len(kept), flags[kept].sum(axis=0, dtype=np.int64)
    if len(kept) > top:
        kept = np.sort(np.argpartition(rank, -top)[-top:])
    distance = np.full(len(kept), -1.0) if snps is None else np.nan_to_num(snps[near[kept], j], nan=-1.0)
    return _Scored(
        near[kept],
        np.maximum(direct[kept], FLOOR),
        np.log(np.maximum(indirect[kept], FLOOR)),
        flags[kept],
        shared[kept],
        at_risk,
        distance,
        n_possible,
        n_flagged,
    )


def _flags(near: Ints, kinds: Sequence[dict[int, Ints]], j: int) -> NDArray[np.uint8]:
    flags = np.zeros((len(near), len(kinds)), dtype=np.uint8)
    for kind, groups in enumerate(kinds):
        if j in groups:
            flags[:, kind] = np.isin(near, groups[j])
    return flags
