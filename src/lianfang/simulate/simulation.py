"""Running a scenario in a city: from parameters to arrays, through the kernels, to an `Outcome`."""

import math
from datetime import date

import numpy as np
from numpy.typing import NDArray

from lianfang.simulate.checks import complain
from lianfang.simulate.city import City
from lianfang.simulate.disease import LONGEST_INFECTIOUS_DAYS, Disease
from lianfang.simulate.draws import key_of
from lianfang.simulate.engine import FINISHED, run
from lianfang.simulate.memory import LOGS, Memory
from lianfang.simulate.outcome import Outcome
from lianfang.simulate.response import LAYERS, Capacity, Response, Scenario
from lianfang.simulate.state import EVENT_ROOM, MINUTES, NEVER, ROOM, STATUS
from lianfang.simulate.theory import calibrate

START = date(2020, 1, 6)
UNLIMITED = 1 << 40


def simulate(
    city: City,
    scenario: Scenario | None = None,
    *,
    seed: int = 0,
    start: date = START,
    time_zone: str = "Asia/Shanghai",
    hazard: float | None = None,
) -> Outcome:
    """Run a scenario in a city and return what happened.

    The same city, scenario, start and seed give the same result, whatever runs beside it. Two scenarios with one
    seed share the draws that mean the same in both. `hazard` skips the fit to `Disease.r0` (see `calibrate`).

    >>> from lianfang.simulate import Scenario, build_city, simulate
    >>> outcome = simulate(build_city(3000, seed=1), Scenario(days=60), seed=4)
    >>> outcome.infections["generation"].min(), outcome.n_infections == len(outcome.infections)
    (0, True)
    """
    scenario = scenario or Scenario()
    key = key_of(seed)
    if hazard is None:
        hazard = fitted_hazard(city, scenario, start)
    memory = new_memory(city, scenario, start, hazard)
    while run(memory.world, key) != FINISHED:
        memory.grow()
    return Outcome.from_memory(
        memory, city=city, scenario=scenario, seed=seed, start=start, time_zone=time_zone, hazard=hazard
    )


def fitted_hazard(city: City, scenario: Scenario, start: date = START) -> float:
    """Return the hazard of a contact that gives the scenario's R0 in the city; one value serves all seeds."""
    weekdays = [(start.weekday() + day) % 7 for day in range(7)]
    weekend = sum(day >= 5 for day in weekdays) / 7
    school = 1 - weekend * (1 - scenario.weekend_school)
    work = 1 - weekend * (1 - scenario.weekend_work)
    return calibrate(city, scenario.disease, school=school, work=work)


def new_memory(city: City, scenario: Scenario, start: date, hazard: float) -> Memory:
    """Return the arrays of a run that has not begun."""
    disease = scenario.disease
    response = scenario.response or Response(other_illness=0)
    n_counties = len(city.counties)
    residents = np.bincount(city.residents["county"], minlength=n_counties)
    capacity, beds = _capacity(response.capacity, residents)
    imports = np.zeros(scenario.days, dtype=np.int64)
    for day, number in scenario.imports().items():
        imports[day] = number
    if imports.sum() > len(city):
        raise complain("imported", f"at most the {len(city)} residents", int(imports.sum()))
    horizon = scenario.days + 60
    values = _parameters(city, scenario, response, hazard)
    values["horizon"] = horizon
    values["event_room"] = EVENT_ROOM + 4 * int(imports.max()) + 2 * int(values["other_illness"]) + 1000
    memory = Memory(
        arrays={
            "residents": city.residents,
            "cells": city.cells,
            "townships": city.townships,
            "counties": city.counties,
            "group_spans": city.groups.spans,
            "group_members": city.groups.members,
            "scales": contact_scale(city, scenario, start),
            "imports": imports,
            "capacities": capacity,
            "states": _states(city, disease),
            "active": np.zeros(len(city), dtype=np.int32),
            "events": np.zeros(4 * int(values["event_room"]), dtype=np.int64),
            **{name: np.zeros(4 * ROOM[name], dtype=kind) for name, kind in LOGS.items()},
            "used": np.zeros((3, n_counties, horizon), dtype=np.int32),
            "first_free": np.zeros((3, n_counties), dtype=np.int32),
            "beds": beds,
            "queues": np.full((n_counties, 2, 2), NEVER, dtype=np.int32),
        }
    )
    for name, value in (*values.items(), *_tables(city, disease, response).items()):
        memory.world[name] = value
    return memory


def _tables(city: City, disease: Disease, response: Response) -> dict[str, NDArray[np.generic]]:
    """Return the small tables that the kernels read."""
    durations = (*disease.durations(), *response.clocks.durations())
    profile = np.zeros(LONGEST_INFECTIOUS_DAYS)
    profile[: len(disease.profile)] = disease.profile
    by_age = (disease.asymptomatic_share, disease.severe_share, disease.critical_share, disease.death_share)
    return {
        "shares": np.cumsum(city.mixing.shares),
        "layer_weights": np.array(disease.layer_weights),
        "recall": np.array(response.recall),
        "profile": profile,
        "by_age": np.array(by_age),
        "lags": np.array([duration.log_parameters() for duration in durations]),
        "community_counts": city.mixing.counts(),
    }


def contact_scale(city: City, scenario: Scenario, start: date) -> NDArray[np.float32]:
    """Return the share of contacts left by weekends and measures: day, layer, cell."""
    scale = np.ones((scenario.days, len(LAYERS), len(city.cells)), dtype=np.float32)
    weekend = np.array([(start.weekday() + day) % 7 >= 5 for day in range(scenario.days)])
    scale[weekend, LAYERS.index("school")] *= scenario.weekend_school
    scale[weekend, LAYERS.index("work")] *= scenario.weekend_work
    for measure in scenario.measures:
        inside = np.array([code.startswith(measure.place) for code in city.cell_codes])
        if not inside.any():
            raise complain("place of a measure", "the beginning of a place code of the city", measure.place)
        days = slice(measure.from_day, measure.until_day)
        scale[days, LAYERS.index(measure.layer)] *= np.where(inside, measure.factor, 1.0).astype(np.float32)
    return scale


def _capacity(
    capacity: Capacity, residents: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return what each county can do in a day (kind, county), and its beds."""

    def of(rate: float) -> NDArray[np.int64]:
        if rate == 0:
            return np.zeros(len(residents), dtype=np.int64)
        if math.isinf(rate):
            return np.full(len(residents), UNLIMITED)
        return np.maximum(np.rint(rate * residents / 100_000), 1).astype(np.int64)

    kinds = (capacity.laboratory_tests, capacity.investigations, capacity.tracings)
    return np.stack([of(rate) for rate in kinds]), of(capacity.beds)


def _parameters(city: City, scenario: Scenario, response: Response, hazard: float) -> dict[str, float]:
    """Return the scalars that the kernels read."""
    disease = scenario.disease
    values: dict[str, float] = {
        "is_responding": scenario.response is not None,
        "is_central": response.central_quarantine,
        "investigates_suspects": response.investigates_suspects,
        "max_generation": NEVER if scenario.max_generation is None else scenario.max_generation,
        "days": scenario.days,
        "school_contacts": city.mixing.school,
        "work_contacts": city.mixing.work,
        "presymptomatic": round(disease.presymptomatic_days * MINUTES),
        "look_back": round(response.look_back_days * MINUTES),
        "observation": round(response.observation_days * MINUTES),
        "discharge": round(response.discharge_days * MINUTES),
        "n_profile": len(disease.profile),
        "hazard": hazard,
        "noticed_at_gate": response.gate_coverage * response.gate_sensitivity,
        "other_illness": response.other_illness * len(city) / 100_000,
    }
    for name in ("dispersion", "asymptomatic_infectiousness", "no_bed_factor", "fever_share"):
        values[name] = getattr(disease, name)
    for name in (
        "seeks_care",
        "sensitivity",
        "early_sensitivity",
        "specificity",
        "adherence",
        "follow_up_coverage",
        "tests_contacts",
    ):
        values[name] = getattr(response, name)
    return values


def _states(city: City, disease: Disease) -> NDArray[np.void]:
    """Return the state of all residents before the outbreak."""
    status = np.zeros(len(city), dtype=STATUS)
    for name in (
        "infected_at",
        "infector",
        "infectious_day",
        "onset_at",
        "severe_at",
        "critical_at",
        "outcome_at",
        "report",
        "stay",
        "confirmed_at",
        "named_by",
    ):
        status[name] = NEVER
    band = np.minimum(city.residents["age"] // 10, 8)
    status["susceptibility"] = np.asarray(disease.susceptibility)[band]
    return status
