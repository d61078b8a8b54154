"""The course of an infection in one person, drawn at the moment of infection, and its transmission day by day."""

import numpy as np

from lianfang.simulate.agenda import ONSET, OUTCOME, TURNS_CRITICAL, WORSENS, schedule
from lianfang.simulate.draws import Word, compiled, gamma, normal, stream, uniform
from lianfang.simulate.meeting import (
    COMMUNITY,
    TRANSMISSION,
    day_stream,
    is_allowed,
    is_apart,
    meeting,
    n_meetings,
)
from lianfang.simulate.memory import World, active, residents, states
from lianfang.simulate.state import (
    COURSE,
    CRITICAL,
    FOREVER,
    INCUBATION,
    MILD,
    MINUTES,
    N_ACTIVE,
    N_INFECTED,
    NEVER,
    POTENCY,
    SEVERE,
    SEVERITY,
    TO_CRITICAL,
    TO_DEATH,
    TO_SEVERE,
    consecutive,
)

ASYMPTOMATIC, MILDLY_ILL, SEVERELY_ILL, CRITICALLY_ILL = consecutive(4)
ASYMPTOMATIC_SHARE, SEVERE_SHARE, CRITICAL_SHARE, DEATH_SHARE = consecutive(4)  # rows of `by_age`


@compiled
def lasting(world: World, draws: Word, lag: int) -> int:
    """Return a drawn duration of the course in minutes, at least one."""
    logarithm = world.lags[lag, 0] + world.lags[lag, 1] * normal(draws, 2 * lag)
    return max(1, int(np.exp(logarithm) * MINUTES))


@compiled
def severity_of(world: World, key: Word, person: int) -> int:
    """Return how ill the person would become: 0 asymptomatic to 3 critical."""
    draws = stream(key, person, SEVERITY)
    band = min(residents(world)[person].age // 10, 8)
    if uniform(draws, 0) < world.by_age[SEVERE_SHARE, band]:
        return CRITICALLY_ILL if uniform(draws, 1) < world.by_age[CRITICAL_SHARE, band] else SEVERELY_ILL
    return ASYMPTOMATIC if uniform(draws, 2) < world.by_age[ASYMPTOMATIC_SHARE, band] else MILDLY_ILL


@compiled
def potency_of(world: World, key: Word, person: int, severity: int) -> float:
    """Return the infectiousness of the person relative to the mean of symptomatic persons."""
    rules = world
    level = 1.0 if np.isinf(rules.dispersion) else gamma(stream(key, person, POTENCY), rules.dispersion)
    return float(level * rules.asymptomatic_infectiousness if severity == ASYMPTOMATIC else level)


@compiled
def infect(world: World, key: Word, pair: tuple[int, int], layer: int, at: int) -> None:
    """Infect a person (pair: person, infector or -1) and schedule the course.

    Onset is at least a day after infection, and infectiousness begins on the next day at the earliest.
    """
    person, infector = pair
    rules = world
    s = states(world)[person]
    draws = stream(key, person, COURSE)
    onset = at + max(MINUTES, lasting(world, draws, INCUBATION))
    s.infected_at = at
    s.infector = infector
    s.layer = layer
    s.generation = 0 if infector < 0 else states(world)[infector].generation + 1
    s.severity = severity_of(world, key, person)
    s.potency = potency_of(world, key, person, s.severity)
    s.infectious_day = max(at // MINUTES + 1, (onset - rules.presymptomatic) // MINUTES)
    world.tally[N_INFECTED] += 1
    if rules.max_generation < 0 or s.generation <= rules.max_generation:
        active(world)[world.tally[N_ACTIVE]] = person
        world.tally[N_ACTIVE] += 1
    if s.severity == ASYMPTOMATIC:
        s.outcome_at = (s.infectious_day + world.n_profile) * MINUTES
    else:
        s.onset_at = onset
        schedule(world, onset, ONSET, person)
        worsen(world, draws, person)
    if s.severity < CRITICALLY_ILL:
        schedule(world, s.outcome_at, OUTCOME, person)


@compiled
def worsen(world: World, draws: Word, person: int) -> None:
    """Set when a symptomatic person worsens or recovers; the outcome of critical illness waits for the bed."""
    s = states(world)[person]
    if s.severity == MILDLY_ILL:
        s.outcome_at = s.onset_at + max(3 * MINUTES, lasting(world, draws, MILD))
        return
    s.severe_at = s.onset_at + lasting(world, draws, TO_SEVERE)
    schedule(world, s.severe_at, WORSENS, person)
    if s.severity == SEVERELY_ILL:
        s.outcome_at = s.severe_at + lasting(world, draws, SEVERE)
        return
    s.critical_at = s.severe_at + lasting(world, draws, TO_CRITICAL)
    s.outcome_at = FOREVER
    schedule(world, s.critical_at, TURNS_CRITICAL, person)


@compiled
def decide_critical(world: World, key: Word, person: int) -> None:
    """Decide, when illness turns critical, between death and recovery; without a bed death is likelier."""
    s = states(world)[person]
    risk = world.by_age[DEATH_SHARE, min(residents(world)[person].age // 10, 8)]
    if s.in_bed == 0 and world.is_responding:
        risk = min(1.0, risk * world.no_bed_factor)
    s.died = uniform(stream(key, person, SEVERITY), 3) < risk
    draws = stream(key, person, COURSE)
    s.outcome_at = s.critical_at + lasting(world, draws, TO_DEATH if s.died else CRITICAL)
    schedule(world, s.outcome_at, OUTCOME, person)


@compiled
def transmit(world: World, key: Word, person: int, day: int) -> None:
    """Let an infectious person meet others for a day."""
    s = states(world)[person]
    if s.bed_from <= day * MINUTES and s.bed_until >= (day + 1) * MINUTES:
        return
    if s.died and s.outcome_at <= day * MINUTES:
        return
    strength = world.hazard * s.potency * world.profile[day - s.infectious_day]
    for layer in range(COMMUNITY + 1):
        hazard = strength * world.layer_weights[layer]
        if hazard > 0.0:
            expose(world, key, (person, day, layer), hazard)


@compiled
def expose(world: World, key: Word, who: tuple[int, int, int], hazard: float) -> None:
    """Let the contacts of (person, day, layer) take place, each with a hazard of infection."""
    person, day, layer = who
    start = day_stream(key, person, day, layer)
    certain = 1.0 - np.exp(-hazard)
    for number in range(n_meetings(world, start, person, layer)):
        # Most contacts would not infect whoever is met, and are dropped before anyone's record is read.
        chance = uniform(start, TRANSMISSION + number)
        if chance >= certain:
            continue
        other, minute, _ = meeting(world, start, person, layer, number)
        s = states(world)[other]
        if s.infected_at != NEVER or chance >= 1.0 - np.exp(-hazard * s.susceptibility):
            continue
        at = day * MINUTES + minute
        if not is_allowed(world, start, day, layer, (person, other, number)):
            continue
        if not (is_apart(world, person, at, layer) or is_apart(world, other, at, layer)):
            infect(world, key, (other, person), layer, at)
