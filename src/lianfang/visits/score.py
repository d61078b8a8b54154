"""How strong an exposure is: by duration, kind of place, days since onset, and how crowded it was.

A number from 0 to 1 that ranks; it is not a probability of infection, and its weights are rulebook data. For one stay

    p = weight(kind) * infectiousness(day since onset) * (1 - 2 ** (-seconds / half)) * min(1, near(kind) / present)

where `near` is how many people one is near to at one time in such a place: among 2,000 people in a station hall, a
given one was near with a chance of about near / 2,000 if nobody is there for anybody else. Several stays add up as if
they were independent: score = 1 - product(1 - p).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lianfang.visits.record import PlaceKind, day_of
from lianfang.visits.working_set import Crowd, SharedStays

Numbers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ExposureWeights:
    """The parameters of the formula; kinds that are not named weigh as `OTHER`.

    `by_day` are (first day since onset, weight), rising in days; before the first of them the weight is 0.
    """

    half_seconds: float
    by_kind: Mapping[PlaceKind, float]
    near: Mapping[PlaceKind, float]
    by_day: tuple[tuple[int, float], ...]

    def __post_init__(self) -> None:
        if self.half_seconds <= 0:
            raise ValueError(f"half_seconds must be positive. Got {self.half_seconds!r}.")
        days = [day for day, _ in self.by_day]
        if not days or days != sorted(set(days)):
            raise ValueError(f"by_day must name rising days. Got {days!r}.")
        for name in ("by_kind", "near"):
            if PlaceKind.OTHER not in getattr(self, name):
                raise ValueError(f"{name} must name OTHER.")

    def infectiousness(self, days: Numbers) -> NDArray[np.float64]:
        """Return the weight of days since onset."""
        weights = np.array([0.0, *(weight for _, weight in self.by_day)])
        found: NDArray[np.float64] = weights[
            np.searchsorted([day for day, _ in self.by_day], days, side="right")
        ]
        return found


@dataclass(frozen=True, eq=False)
class Scored:
    """Pairs by falling score: index person, person, score, and the rows of the stays behind each."""

    index_person: Numbers
    person: Numbers
    score: NDArray[np.float64]
    stays: tuple[Numbers, ...]

    def __len__(self) -> int:
        return len(self.person)


def score_stays(
    stays: SharedStays, onset_day: Mapping[int, int], weights: ExposureWeights, *, utc_offset: int
) -> NDArray[np.float64]:
    """Return p of each shared stay; `onset_day` is the day of onset (or sampling) of each index person."""
    onset = np.array([onset_day[int(person)] for person in stays.index_person], dtype=np.int64)
    since = day_of(stays.start, utc_offset) - onset
    lasting = -np.expm1(-np.log(2) * stays.seconds / weights.half_seconds)
    near = _of_kind(weights.near, stays.kind) / np.maximum(stays.present, 1)
    strength = _of_kind(weights.by_kind, stays.kind) * weights.infectiousness(since) * lasting
    p: NDArray[np.float64] = np.clip(strength * np.minimum(near, 1.0), 0.0, 1.0)
    return p


def score_pairs(
    stays: SharedStays, onset_day: Mapping[int, int], weights: ExposureWeights, *, utc_offset: int
) -> Scored:
    """Return the pairs by falling score, with the rows of `stays` behind each, strongest first."""
    p = score_stays(stays, onset_day, weights, utc_offset=utc_offset)
    order = np.lexsort((-p, stays.person, stays.index_person))
    index, person = stays.index_person[order], stays.person[order]
    starts = np.flatnonzero(
        np.concatenate([np.ones(min(len(order), 1), bool), (np.diff(index) != 0) | (np.diff(person) != 0)])
    )
    apart = (
        np.add.reduceat(np.log1p(-np.minimum(p[order], 1 - 1e-12)), starts) if len(starts) else np.empty(0)
    )
    score = -np.expm1(apart)
    rows = np.split(order, starts[1:]) if len(starts) else []
    ranked = np.lexsort((person[starts], index[starts], -score))
    return Scored(
        index[starts][ranked], person[starts][ranked], score[ranked], tuple(rows[n] for n in ranked)
    )


def expected_near(crowd: Crowd, weights: ExposureWeights) -> NDArray[np.float64]:
    """Return for each stay in a crowd how many people were near by chance: as many as such a place holds near."""
    return np.minimum(_of_kind(weights.near, crowd.kind), crowd.present.astype(np.float64))


def _of_kind(values: Mapping[PlaceKind, float], kind: NDArray[np.int8]) -> NDArray[np.float64]:
    other = values[PlaceKind.OTHER]
    return np.array([values.get(one, other) for one in PlaceKind])[kind.astype(np.int64)]
