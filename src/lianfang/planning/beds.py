"""From the waiting list and the free beds of an area to a proposal: what the optimiser is given."""

from collections.abc import Collection, Iterator
from datetime import datetime
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lianfang.care.models import Bed, BedRequest, Ward
from lianfang.care.selectors import why_unsuitable
from lianfang.common.paths import code_of
from lianfang.core.registry.models import Level, Place
from lianfang.core.rules import site_rules
from lianfang.optimise import (
    BedPlan,
    BedPools,
    Limit,
    PlacementRules,
    Waiting,
    WhyNot,
    WhyPlaced,
    assign_beds,
)
from lianfang.rulebook.kinds.care import BedLevelParameters

_EARTH_KM = 6371.0
# Kilometres where places have no coordinates: between two places that share a county, prefecture, province, nation.
_BY_SHARED_LEVEL = {Level.COUNTY: 15.0, Level.PREFECTURE: 60.0, Level.PROVINCE: 250.0, Level.NATION: 900.0}


def plan_beds(
    path: str, at: datetime, *, at_most: int | None = None, without: Collection[int] = ()
) -> tuple[list[BedRequest], list[Ward], BedPlan]:
    """Return the open requests of an area, its wards with a free bed, and who should go where. Nothing is written.

    `without` are ids of requests that are left out: a person refused what was proposed for them.
    """
    requests = list(
        BedRequest.objects.open()
        .filter(path__within=path, ward__isnull=True)
        .exclude(pk__in=without)
        .select_related("case__person", "case__place", "place")
        .order_by("pk")
    )
    free: dict[int, int] = {}
    usable: dict[int, int] = {}
    beds = Bed.objects.open_at(at).filter(ward__path__within=path).with_state(at)
    for ward_id, is_occupied, is_kept in beds.values_list("ward_id", "is_occupied", "is_kept"):
        usable[ward_id] = usable.get(ward_id, 0) + 1
        free[ward_id] = free.get(ward_id, 0) + (not is_occupied and not is_kept)
    wards = list(Ward.objects.filter(pk__in=usable).select_related("unit", "place").order_by("pk"))
    # Who may lie where depends on class and sex alone: one look per kind of patient, not per patient.
    cohorts = {_cohort(request): request.case for request in requests}
    takes = [
        frozenset(kind for kind, case in cohorts.items() if not why_unsuitable(ward, case))
        or frozenset({"nobody"})
        for ward in wards
    ]
    rule = site_rules().resolve("bed_levels", at=at, place=code_of(path)).of(BedLevelParameters)
    plan = assign_beds(
        Waiting(
            id=[f"{request.pk:012d}" for request in requests],
            level=[request.level for request in requests],
            area=[_county(request.source_path) for request in requests],
            waited=[(at - request.asked_at).total_seconds() / 3600 for request in requests],
            cohort=[_cohort(request) for request in requests],
        ),
        BedPools(
            id=[f"{ward.pk:012d}" for ward in wards],
            facility=list(range(len(wards))),
            level=[ward.level for ward in wards],
            free=[free[ward.pk] for ward in wards],
            usable=[usable[ward.pk] for ward in wards],
            takes=takes,
        ),
        distances([request.place for request in requests], [ward.place for ward in wards]),
        rules=PlacementRules(levels_up=rule.levels_up),
        limits=() if at_most is None else (Limit(name="transport", at_most=at_most),),
    )
    return requests, wards, plan


def told_of(requests: list[BedRequest], wards: list[Ward], plan: BedPlan) -> Iterator[dict[str, Any]]:
    """Yield for each request what its line says of the plan, in columns of `Line`."""
    for i, request in enumerate(requests):
        why = plan.why(i)
        others = why.instead if isinstance(why, WhyPlaced) else why.people if isinstance(why, WhyNot) else ()
        is_placed = plan.pool[i] >= 0
        yield {
            "request": request,
            "ward": wards[int(plan.pool[i])] if is_placed else None,
            "rank": int(plan.rank[i]) + 1,
            "km": float(plan.km[i]) if is_placed else None,
            "levels_up": int(plan.up[i]),
            "reason": str(why.reason),
            "others": [requests[k].pk for k in others[:20]],
        }


def optimiser_version() -> str:
    """Return the version by which a proposal was made."""
    return version("lianfang")


def distances(from_places: list[Place], to_places: list[Place]) -> NDArray[np.float64]:
    """Return kilometres as the crow flies; by the smallest area that two places share where one has no coordinates."""
    once = {place.pk: place for place in from_places}
    row = {pk: number for number, pk in enumerate(once)}
    return _between(list(once.values()), to_places)[[row[place.pk] for place in from_places]]


def _between(from_places: list[Place], to_places: list[Place]) -> NDArray[np.float64]:
    here, there = _coordinates(from_places), _coordinates(to_places)
    between = np.sin((there[None] - here[:, None]) / 2) ** 2
    lengths = between[..., 0] + np.cos(here[:, None, 0]) * np.cos(there[None, :, 0]) * between[..., 1]
    table = np.asarray(2 * _EARTH_KM * np.arcsin(np.sqrt(np.clip(lengths, 0, 1))))
    unknown = np.isnan(table)
    if unknown.any():
        table[unknown] = _by_shared_area(from_places, to_places)[unknown]
    return table


def _by_shared_area(from_places: list[Place], to_places: list[Place]) -> NDArray[np.float64]:
    """Return the kilometres that stand for the smallest area two places share."""
    table = np.full((len(from_places), len(to_places)), _BY_SHARED_LEVEL[Level.NATION])
    for steps, level in ((2, Level.PROVINCE), (3, Level.PREFECTURE), (4, Level.COUNTY)):
        here, there = (
            np.array([_first(place.path, steps) for place in places], dtype=object)
            for places in (from_places, to_places)
        )
        table[(here[:, None] == there[None]) & (here != "")[:, None]] = _BY_SHARED_LEVEL[level]
    return table


def _first(path: str, steps: int) -> str:
    """Return the area `steps` below the top in which a path lies, "" where the path is shorter."""
    parts = path.rstrip(".").split(".")
    return ".".join(parts[:steps]) if len(parts) >= steps else ""


def _coordinates(places: list[Place]) -> NDArray[np.float64]:
    """Return latitude and longitude in radians, NaN where a place has none."""
    found = [[p.latitude, p.longitude] for p in places]
    return np.radians(np.array(found, dtype=np.float64).reshape(-1, 2))


def _county(path: str) -> str:
    return _first(path, 4) or path


def _cohort(request: BedRequest) -> str:
    return f"{request.case.classification}/{request.case.person.sex}"
