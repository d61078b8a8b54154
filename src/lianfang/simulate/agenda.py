"""What is to happen and when: a binary heap of events, each one packed into an integer."""

from lianfang.simulate.draws import compiled
from lianfang.simulate.memory import World, events
from lianfang.simulate.state import N_EVENTS, consecutive

# Kinds of events, in the order in which those of one minute happen.
ONSET, WORSENS, TURNS_CRITICAL, OUTCOME, RESULT, INVESTIGATED, TRACED = consecutive(7)
VISITS_CARE, VISITS_GATE, VISITS_WATCH, VISITS_OTHER, DISCHARGE = consecutive(7, 12)

KIND_BITS = 5
SUBJECT_BITS = 31


@compiled
def schedule(world: World, at: int, kind: int, subject: int) -> None:
    """Add an event: minute, kind, and the row it concerns (a person, test, report or contact by kind)."""
    heap = events(world)
    event = (((at << KIND_BITS) | kind) << SUBJECT_BITS) | subject
    place = world.tally[N_EVENTS]
    world.tally[N_EVENTS] += 1
    while place > 0:
        parent = (place - 1) >> 1
        if heap[parent] <= event:
            break
        heap[place] = heap[parent]
        place = parent
    heap[place] = event


@compiled
def next_minute(world: World) -> int:
    """Return the minute of the next event; there must be one."""
    return int(events(world)[0] >> (KIND_BITS + SUBJECT_BITS))


@compiled
def take(world: World) -> tuple[int, int, int]:
    """Remove the next event and return minute, kind and subject."""
    heap = events(world)
    event = heap[0]
    world.tally[N_EVENTS] -= 1
    size = world.tally[N_EVENTS]
    last = heap[size]
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if last <= heap[child]:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = last
    subject = event & ((1 << SUBJECT_BITS) - 1)
    kind = (event >> SUBJECT_BITS) & ((1 << KIND_BITS) - 1)
    return int(event >> (KIND_BITS + SUBJECT_BITS)), int(kind), int(subject)
