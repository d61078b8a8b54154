"""Classes of schools and teams at work: the fixed groups in which people meet by day."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int32]

SCHOOL, WORK = 1, 2  # numbers of the layers
PUPIL, TEACHER, WORKER, HEALTH_WORKER, RETIRED = 1, 2, 3, 4, 5  # numbers in city.OCCUPATIONS
CLASS_SIZE = 42
ENROLLED = 0.97
EMPLOYED = 0.72
HEALTH_WORKERS = 0.012  # of the workers of a county
COMMUTES = (0.7, 0.95)  # own township; same county (cumulative); the rest anywhere
LARGEST_TEAM = 120


@dataclass(frozen=True, kw_only=True, eq=False)
class Groups:
    """Members of each group: rows `members[start : start + size]` of the residents, with `spans` (start, size)."""

    spans: Numbers = field(repr=False)
    members: Numbers = field(repr=False)

    @classmethod
    def none(cls) -> "Groups":
        """Return groups for people who have none."""
        return cls(spans=np.zeros((0, 2), dtype=np.int32), members=np.zeros(0, dtype=np.int32))


def assign_groups(residents: NDArray[np.void], generator: np.random.Generator) -> Groups:
    """Set group, layer and occupation of the residents and return the groups.

    Kindergarten and primary classes (3 to 11) are of one township and year, middle and high school classes (12 to
    17) of one county and year. Workers (19 to 60) work in the own township, the county, or anywhere; each county has
    a hospital staff; one worker of the township joins each class as its teacher.
    """
    ages = residents["age"]
    residents["group"] = -1
    residents["occupation"][ages > 60] = RETIRED
    n_classes = _classes(residents, generator)
    working = np.flatnonzero((ages >= 19) & (ages <= 60) & (generator.random(len(residents)) < EMPLOYED))
    residents["occupation"][working] = WORKER
    residents["layer"][working] = WORK
    teaching = _teachers(residents, working, n_classes, generator)
    _teams(residents, working[~np.isin(working, teaching)], n_classes, generator)
    return _grouped(residents["group"])


def _classes(residents: NDArray[np.void], generator: np.random.Generator) -> int:
    """Put pupils in classes numbered from 0; return how many there are."""
    ages = residents["age"]
    pupils = np.flatnonzero((ages >= 3) & (ages <= 17) & (generator.random(len(residents)) < ENROLLED))
    if len(pupils) == 0:
        return 0
    small = ages[pupils] < 12
    area = np.where(small, residents["township"][pupils], residents["county"][pupils])
    key = (area.astype(np.int64) * 100 + ages[pupils]) * 2 + small
    order = np.lexsort((generator.random(len(pupils)), key))
    new_year = np.flatnonzero(np.diff(key[order], prepend=-1))
    sizes = np.diff(np.append(new_year, len(pupils)))
    classes = -(-sizes // CLASS_SIZE)
    rank = np.arange(len(pupils)) - np.repeat(new_year, sizes)
    first = np.cumsum(classes) - classes
    residents["group"][pupils[order]] = np.repeat(first, sizes) + rank % np.repeat(classes, sizes)
    residents["layer"][pupils] = SCHOOL
    residents["occupation"][pupils] = PUPIL
    return int(classes.sum())


def _teachers(
    residents: NDArray[np.void], working: NDArray[np.int64], n_classes: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Give each class a teacher from the workers near it; return the teachers."""
    if n_classes == 0 or len(working) <= n_classes:
        return np.zeros(0, dtype=np.int64)
    placed = np.flatnonzero(residents["group"] >= 0)
    home = np.zeros(n_classes, dtype=np.int64)
    home[residents["group"][placed]] = placed
    # Residents are ordered by place, so the worker nearest in the row order is a neighbour of a pupil.
    nearest = np.searchsorted(working, home) + generator.integers(-30, 30, n_classes)
    chosen, classes = np.unique(working[np.clip(nearest, 0, len(working) - 1)], return_index=True)
    residents["group"][chosen] = classes
    residents["layer"][chosen] = SCHOOL
    residents["occupation"][chosen] = TEACHER
    return chosen


def _teams(
    residents: NDArray[np.void], workers: NDArray[np.int64], first: int, generator: np.random.Generator
) -> None:
    """Put workers in teams numbered from `first`: one hospital a county, others of power-law sizes in a township."""
    if len(workers) == 0:
        return
    destination = _destinations(residents, workers, generator)
    county_of = np.zeros(int(residents["township"].max()) + 1, dtype=np.int64)
    county_of[residents["township"]] = residents["county"]
    hospital = generator.random(len(workers)) < HEALTH_WORKERS
    medical = workers[hospital]
    residents["occupation"][medical] = HEALTH_WORKER
    counties = county_of[destination[hospital]]
    wards = _numbered(counties * 1000 + generator.integers(0, 1000, len(medical)) % _wards(counties))
    residents["group"][medical] = first + wards
    first += int(wards.max(initial=-1)) + 1
    others, destination = workers[~hospital], destination[~hospital]
    order = np.lexsort((generator.random(len(others)), destination))
    sizes = np.ceil(2 / (1 - generator.random(len(others) // 2 + 1)) ** 0.8)
    ends = np.cumsum(np.minimum(sizes, LARGEST_TEAM))
    slot = np.searchsorted(ends, np.arange(len(others)), side="right")
    residents["group"][others[order]] = first + _numbered(destination[order] * (len(others) + 1) + slot)


def _wards(counties: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, for each health worker, the number of wards of the hospital: teams of about 25."""
    staff = np.bincount(counties, minlength=1)
    return np.maximum(staff[counties] // 25, 1)


def _destinations(
    residents: NDArray[np.void], workers: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Return the township in which each worker works."""
    townships = residents["township"]
    counties = residents["county"]
    starts = np.searchsorted(counties, np.arange(int(counties.max()) + 2))
    county = counties[workers]
    low, high = starts[county], starts[county + 1]
    in_county = townships[low + (generator.random(len(workers)) * (high - low)).astype(np.int64)]
    anywhere = townships[generator.integers(0, len(residents), len(workers))]
    choice = generator.random(len(workers))
    chosen = np.select(
        [choice < COMMUTES[0], choice < COMMUTES[1]], [townships[workers], in_county], anywhere
    )
    return np.asarray(chosen, dtype=np.int64)


def _numbered(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return keys renumbered 0, 1, 2, ... in their order."""
    return np.asarray(np.unique(keys, return_inverse=True)[1], dtype=np.int64)


def _grouped(group: Numbers) -> Groups:
    """Return members by group from the group of each person."""
    placed = np.flatnonzero(group >= 0)
    order = placed[np.argsort(group[placed], kind="stable")]
    sizes = np.bincount(group[placed]) if len(placed) else np.zeros(0, dtype=np.int64)
    spans = np.stack([np.cumsum(sizes) - sizes, sizes], axis=1).astype(np.int32)
    return Groups(spans=spans, members=order.astype(np.int32))
