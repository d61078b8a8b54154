"""The loop of a run: imports, events of the day in order, then a day of transmission."""

import numpy as np

from lianfang.simulate.agenda import (
    DISCHARGE,
    INVESTIGATED,
    ONSET,
    OUTCOME,
    RESULT,
    TURNS_CRITICAL,
    VISITS_CARE,
    VISITS_GATE,
    VISITS_OTHER,
    VISITS_WATCH,
    WORSENS,
    next_minute,
    schedule,
    take,
)
from lianfang.simulate.clinic import (
    FROM_CARE,
    FROM_GATE,
    FROM_OBSERVATION,
    end_illness,
    fall_ill,
    receive_result,
    release,
    visit,
    worsen_now,
)
from lianfang.simulate.course import decide_critical, infect, transmit
from lianfang.simulate.draws import Word, bits, compiled, normal, stream, uniform
from lianfang.simulate.meeting import HOUSEHOLD, pick
from lianfang.simulate.memory import Array, World, active, imports, states, wide
from lianfang.simulate.state import (
    CURSOR,
    DAY,
    IMPORT,
    MINUTES,
    N_ACTIVE,
    N_CONTACTS,
    N_EVENTS,
    N_REPORTS,
    N_STAYS,
    N_TASKS,
    N_TESTS,
    NEVER,
    OTHER,
    ROOM,
    STEP,
    consecutive,
)
from lianfang.simulate.tracing import investigate, reach

BEGIN, HAPPEN, SPREAD = consecutive(3)  # steps of a day
FINISHED, NEEDS_ROOM = consecutive(2)
ROOM_REPORTS, ROOM_TESTS, ROOM_CONTACTS = ROOM["reports"], ROOM["tests"], ROOM["contacts"]
ROOM_TASKS, ROOM_STAYS = ROOM["tasks"], ROOM["stays"]


@compiled
def run(memory: Array, key: Word) -> int:
    """Go on from where the run stands until it is finished or a log needs room; call again after making room.

    `memory` is the array of one record of a `Memory`.
    """
    world = memory[0]
    tally = world.tally
    while tally[DAY] < world.days:
        day = int(tally[DAY])
        if not has_room(world):
            return NEEDS_ROOM
        if tally[STEP] == BEGIN:
            begin_day(world, key, day)
            tally[STEP] = HAPPEN
        if tally[STEP] == HAPPEN:
            if not happen(world, key, (day + 1) * MINUTES):
                return NEEDS_ROOM
            tally[STEP], tally[CURSOR] = SPREAD, 0
        if not spread(world, key, day):
            return NEEDS_ROOM
        tally[STEP] = BEGIN
        tally[DAY] += 1
    return FINISHED


@compiled
def has_room(world: World) -> bool:
    """Return whether every log has room for whatever one event or one infectious person can add."""
    tally = world.tally
    return bool(
        world.n_reports - tally[N_REPORTS] >= ROOM_REPORTS
        and world.n_tests - tally[N_TESTS] >= ROOM_TESTS
        and world.n_contacts - tally[N_CONTACTS] >= ROOM_CONTACTS
        and world.n_tasks - tally[N_TASKS] >= ROOM_TASKS
        and world.n_stays - tally[N_STAYS] >= ROOM_STAYS
        and world.n_events - tally[N_EVENTS] >= world.event_room
    )


@compiled
def begin_day(world: World, key: Word, day: int) -> None:
    """Infect the imported cases of the day, and let people with other illnesses decide on a visit."""
    size = world.n_residents
    draws = stream(key, day, IMPORT)
    number, wanted = 0, imports(world)[day]
    while wanted > 0 and number < 100 * size:
        person = pick(bits(draws, number), 0, size)
        number += 1
        if states(world)[person].infected_at == NEVER:
            infect(
                world, key, (person, NEVER), HOUSEHOLD, day * MINUTES + int(uniform(draws, number) * MINUTES)
            )
            wanted -= 1
    if not world.is_responding:
        return
    draws = stream(key, day, OTHER)
    for visitor in range(poisson(draws, world.other_illness)):
        person = pick(bits(draws, 1_000_000 + 2 * visitor), 0, size)
        minute = 480 + int(uniform(draws, 1_000_001 + 2 * visitor) * 600)
        schedule(world, day * MINUTES + minute, VISITS_OTHER, person)


@compiled
def poisson(draws: Word, mean: float) -> int:
    """Return a Poisson draw (Knuth's product below a mean of 50, the rounded normal approximation above)."""
    if mean >= 50.0:
        return max(0, int(np.rint(mean + np.sqrt(mean) * normal(draws, 0))))
    floor, product, number = np.exp(-mean), 1.0, 0
    while True:
        product *= 1.0 - uniform(draws, number)
        if product <= floor:
            return number
        number += 1


@compiled
def happen(world: World, key: Word, until: int) -> bool:
    """Let all events before a minute happen; return False to be called again with more room."""
    while world.tally[N_EVENTS] > 0 and next_minute(world) < until:
        if not has_room(world):
            return False
        at, kind, subject = take(world)
        if kind == TURNS_CRITICAL:
            decide_critical(world, key, subject)
        elif world.is_responding:
            respond(world, key, (kind, subject), at)
        elif kind == OUTCOME:
            end_illness(world, subject, at)
    return True


@compiled
def respond(world: World, key: Word, event: tuple[int, int], at: int) -> None:
    """Let an event (kind, subject) reach the health service."""
    kind, subject = event
    if kind >= VISITS_CARE and kind <= VISITS_OTHER:
        call(world, key, event, at)
    elif kind == RESULT:
        receive_result(world, key, subject, at)
    elif kind == INVESTIGATED:
        investigate(world, key, subject, at)
    elif kind == ONSET:
        fall_ill(world, key, subject, at)
    elif kind == WORSENS:
        worsen_now(world, key, subject, at)
    elif kind == OUTCOME:
        end_illness(world, subject, at)
    elif kind == DISCHARGE:
        release(world, subject, at)
    else:
        reach(world, key, subject, at)


@compiled
def call(world: World, key: Word, event: tuple[int, int], at: int) -> None:
    """Let a person with signs be seen, by way of (kind, person)."""
    kind, person = event
    if kind == VISITS_GATE:
        visit(world, key, person, at, FROM_GATE)
    elif kind == VISITS_WATCH:
        visit(world, key, person, at, FROM_OBSERVATION)
    elif kind == VISITS_CARE or states(world)[person].infected_at == NEVER:
        visit(world, key, person, at, FROM_CARE)


@compiled
def spread(world: World, key: Word, day: int) -> bool:
    """Let every infectious person meet others; return False to be called again with more room."""
    tally = world.tally
    while tally[CURSOR] < tally[N_ACTIVE]:
        if world.n_events - tally[N_EVENTS] < world.event_room:
            return False
        person = wide(active(world)[tally[CURSOR]])
        age = day - states(world)[person].infectious_day
        if age >= world.n_profile:
            tally[N_ACTIVE] -= 1
            active(world)[tally[CURSOR]] = active(world)[tally[N_ACTIVE]]
            continue
        if age >= 0:
            transmit(world, key, person, day)
        tally[CURSOR] += 1
    return True
