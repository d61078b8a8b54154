"""How long after diagnosis people die, by the records of the area itself where they are enough, for all areas at once.

A case stands on the day of its diagnosis, so the delay from there to death is what a fatality adjusted for delay needs.
Log-normal delays on a grid of mean and spread are weighed by the likelihood of the records: what is known of a death is its
day, and that it had to happen by now to be known (truncation, without which delays are too short while an outbreak grows).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from lianfang.analytics.delays import DelayDistribution
from lianfang.cases.models import Outcome
from lianfang.common.clock import site_zone, start_of
from lianfang.common.paths import lineage
from lianfang.regions.flows import day_of, number_of
from lianfang.regions.reading import DEPTH

ENOUGH = 30  # deaths, from which an area has a delay of its own
LONGEST = 91  # days from 0 on
_MEANS = np.geomspace(3.0, 45.0, 80)
_SPREADS = np.arange(0.1, 1.3, 0.05)  # standard deviation over mean
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class DeathDelay:
    """The delay of an area: on how many deaths it rests, its mean in days, and the chance of each day from 0."""

    n: int
    mean: float
    law: Floats


def measured_delays(disease: str, last: int) -> dict[str, DeathDelay]:
    """Return area -> its delay, of those with enough deaths up to the day, as known at its end; one query.

    So all that is computed on the day after rests on the same, and can be had again later.
    """
    zone, known_by = site_zone(), start_of(day_of(last + 1))
    stood = Q(superseded_at__isnull=True) | Q(superseded_at__gt=known_by)
    deaths = Outcome.objects.filter(
        stood,
        recorded_at__lte=known_by,
        case__disease=disease,
        case__classification="confirmed",
        case__confirmed_at__isnull=False,
        kind="died",
    )
    days, seen = _Histogram(), _Histogram()
    for path, confirmed_at, on, at in deaths.values_list(
        "case__path", "case__confirmed_at", "on", "occurred_at"
    ).iterator(chunk_size=10_000):
        start = number_of(confirmed_at.astimezone(zone).date())
        delay = number_of(on or at.astimezone(zone).date()) - start
        if delay < 0 or start + delay > last:
            continue  # found after death; or not yet, as of the day
        for area in lineage(path)[:DEPTH]:
            days.add(area, delay)
            seen.add(area, last - start)
    areas = [area for area, counts in days.rows.items() if counts.sum() >= ENOUGH]
    if not areas:
        return {}
    laws = delay_laws(
        np.array([days.rows[one] for one in areas]), np.array([seen.rows[one] for one in areas])
    )
    return {
        area: DeathDelay(n=int(days.rows[area].sum()), mean=float(law @ np.arange(LONGEST)), law=law)
        for area, law in zip(areas, laws, strict=True)
    }


class _Histogram:
    def __init__(self) -> None:
        self.rows: dict[str, NDArray[np.int64]] = {}

    def add(self, area: str, value: int) -> None:
        self.rows.setdefault(area, np.zeros(LONGEST, dtype=np.int64))[min(value, LONGEST - 1)] += 1


def delay_laws(days: NDArray[np.int64], seen: NDArray[np.int64]) -> Floats:
    """Return the delay of each area, (areas, days): `days` counts deaths by delay, `seen` the same deaths by the longest that could be known."""
    grid = _grid()
    known = np.log(np.maximum(np.cumsum(grid, axis=1), 1e-12))
    likelihood = days @ np.log(np.maximum(grid, 1e-12)).T - seen @ known.T
    weight = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    return np.asarray((weight / weight.sum(axis=1, keepdims=True)) @ grid)


@lru_cache
def _grid() -> Floats:
    """Return the chance of each day by each delay of the grid."""
    laws = [
        DelayDistribution.from_moments("lognormal", mean, mean * spread).pmf(LONGEST)
        for mean in _MEANS
        for spread in _SPREADS
    ]
    table = np.array(laws)
    return np.asarray(table / table.sum(axis=1, keepdims=True))


def law_for(area: str, delays: Mapping[str, DeathDelay]) -> DeathDelay | None:
    """Return the delay of the area, or of the nearest one above that has its own."""
    return next((delays[one] for one in reversed(lineage(area)) if one in delays), None)


def laws_for(
    areas: Sequence[str], delays: Mapping[str, DeathDelay], published: Floats | None
) -> list[tuple[Floats | None, list[int]]]:
    """Return each law (cumulative, None where nothing is known) with the positions of the areas to which it applies."""
    by_law: dict[int, tuple[Floats | None, list[int]]] = {}
    for place, area in enumerate(areas):
        own = law_for(area, delays)
        law = published if own is None else np.cumsum(own.law)
        by_law.setdefault(0 if own is None else id(own), (law, []))[1].append(place)
    return list(by_law.values())
