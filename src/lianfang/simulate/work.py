"""Work that is owed: tasks with a due time, units with a capacity a day, and how long a step takes."""

import numpy as np

from lianfang.simulate.draws import Word, compiled, normal
from lianfang.simulate.memory import World, capacities, first_free, tasks, used
from lianfang.simulate.state import LABORATORY, MINUTES, N_TASKS, NEVER, consecutive

TASK_REPORT, TASK_TEST, TASK_INVESTIGATE, TASK_TRACE, TASK_ADMIT = consecutive(5)
HOSPITAL, LABORATORY_UNIT, CDC = consecutive(
    3
)  # units of a county; clinics of townships follow those of all counties
OPENS, CLOSES = 8 * 60, 20 * 60  # when field work starts and ends


@compiled
def delay(world: World, draws: Word, lag: int) -> int:
    """Return a drawn delay of the health service in minutes, at least one."""
    logarithm = world.lags[lag, 0] + world.lags[lag, 1] * normal(draws, 2 * lag)
    return max(1, int(np.exp(logarithm) * 60))


@compiled
def unit_of(county: int, kind: int) -> int:
    """Return the number of a unit of a county."""
    return 3 * county + kind


@compiled
def within_hours(at: int) -> int:
    """Return `at`, or the next opening where it falls into the night."""
    day, clock = at // MINUTES, at % MINUTES
    if clock < OPENS:
        return day * MINUTES + OPENS + clock % 60
    return (day + 1) * MINUTES + OPENS + clock % 60 if clock >= CLOSES else at


@compiled
def booked(world: World, kind: int, county: int, ready: int) -> int:
    """Take the first free turn of a county's capacity for work that is ready at a minute; return its start.

    First come, first served; a laboratory works round the clock, field work from 08:00 to 20:00. NEVER where there is no
    capacity or no free turn before the run ends.
    """
    limit = capacities(world)[kind, county]
    if limit <= 0:
        return NEVER
    ready = ready if kind == LABORATORY else within_hours(ready)
    day = max(ready // MINUTES, first_free(world)[kind, county])
    while day < world.horizon and used(world)[kind, county, day] >= limit:
        day += 1
    if day >= world.horizon:
        return NEVER
    turn = used(world)[kind, county, day]
    used(world)[kind, county, day] += 1
    while (
        first_free(world)[kind, county] < day
        and used(world)[kind, county, first_free(world)[kind, county]] >= limit
    ):
        first_free(world)[kind, county] += 1
    if day == ready // MINUTES:
        return ready
    return int(day * MINUTES + OPENS + turn * (CLOSES - OPENS) // limit)


@compiled
def add_task(world: World, what: tuple[int, int, int, int], created: int, allowed: int) -> int:
    """Append a task (kind, unit, person, record) that is due `allowed` minutes after it was created; return its row."""
    row = world.tally[N_TASKS]
    world.tally[N_TASKS] += 1
    task = tasks(world)[row]
    task.kind, task.unit, task.person, task.record = what
    task.created_at = created
    task.due_at = created + allowed
    task.done_at = NEVER
    return int(row)
