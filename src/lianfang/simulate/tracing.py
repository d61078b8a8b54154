"""Investigation of cases and tracing of their contacts."""

from lianfang.simulate.agenda import TRACED, VISITS_WATCH, schedule
from lianfang.simulate.clinic import CONTACT_TESTED, DAY_CLOCK, sample
from lianfang.simulate.draws import Word, compiled, stream, uniform
from lianfang.simulate.meeting import COMMUNITY, day_stream, is_allowed, is_apart, meeting, n_meetings
from lianfang.simulate.memory import World, contacts, county_of, reports, states, tasks, wide
from lianfang.simulate.state import (
    ADHERENCE,
    MINUTES,
    N_CONTACTS,
    NEVER,
    REACH,
    REACHING,
    RECALL,
    ROOM,
    TRACING,
)
from lianfang.simulate.work import CDC, TASK_TRACE, add_task, booked, delay, unit_of

MOST_NAMED = ROOM["contacts"] - 8


@compiled
def investigate(world: World, key: Word, report: int, at: int) -> None:
    """Name the contacts of a case from the look-back before onset (or sampling) to now, latest contact first."""
    r = reports(world)[report]
    s = states(world)[r.person]
    r.investigated_at = at
    has_onset = s.onset_at != NEVER and s.onset_at <= at
    begins = s.onset_at if has_onset else (r.visited_at if r.sampled_at == NEVER else r.sampled_at)
    first = max(0, begins - world.look_back)
    most = world.tally[N_CONTACTS] + MOST_NAMED
    for day in range(at // MINUTES, first // MINUTES - 1, -1):
        if day >= world.days:
            continue
        for layer in range(COMMUNITY + 1):
            name_contacts(world, key, (report, day, layer), (first, at, most))


@compiled
def name_contacts(world: World, key: Word, what: tuple[int, int, int], span: tuple[int, int, int]) -> None:
    """Name those whom the case of (report, day, layer) met within (first minute, now, most rows of the log)."""
    report, day, layer = what
    first, now, most = span
    person = wide(reports(world)[report].person)
    start = day_stream(key, person, day, layer)
    memory = stream(key, person, RECALL)
    for number in range(n_meetings(world, start, person, layer)):
        other, minute, scope = meeting(world, start, person, layer, number)
        at = day * MINUTES + minute
        if other == person or at < first or at >= now or states(world)[other].named_by == report:
            continue
        if is_apart(world, person, at, layer) or is_apart(world, other, at, layer):
            continue
        if not is_allowed(world, start, day, layer, (person, other, number)):
            continue
        if uniform(memory, other) < world.recall[layer] and world.tally[N_CONTACTS] < most:
            add_contact(world, key, (report, other, layer, scope), (at, now))


@compiled
def add_contact(world: World, key: Word, what: tuple[int, int, int, int], times: tuple[int, int]) -> None:
    """Append a contact (report, contact, layer, scope) with (last contact, now); create the task to trace it."""
    report, other, layer, scope = what
    met_at, now = times
    case = wide(reports(world)[report].person)
    row = world.tally[N_CONTACTS]
    world.tally[N_CONTACTS] += 1
    c = contacts(world)[row]
    c.case, c.contact, c.report, c.layer, c.venue = case, other, report, layer, scope
    c.last_contact_at, c.named_at = met_at, now
    c.reached_at, c.observed_until, c.is_adherent = NEVER, NEVER, 0
    s = states(world)[other]
    s.named_by = report
    if s.confirmed_at != NEVER or (s.died and s.outcome_at <= now):
        return
    county = county_of(world, other)
    task = add_task(world, (TASK_TRACE, unit_of(county, CDC), other, row), now, DAY_CLOCK)
    ready = now + delay(world, stream(key, other, REACH + 64 * (1 + case)), REACHING)
    done = booked(world, TRACING, county, ready)
    tasks(world)[task].done_at = done
    if done != NEVER:
        schedule(world, done, TRACED, row)


@compiled
def reach(world: World, key: Word, row: int, at: int) -> None:
    """Reach a contact: observe, ask to stay in quarantine, sample if ill, else perhaps."""
    c = contacts(world)[row]
    person = wide(c.contact)
    s = states(world)[person]
    c.reached_at = at
    until = c.last_contact_at + world.observation
    if until <= at or s.confirmed_at != NEVER or (s.died and s.outcome_at <= at):
        return
    c.observed_until = until
    if s.watch_until <= at:
        s.watch_from = at
    s.watch_until = max(s.watch_until, until)
    c.is_adherent = uniform(stream(key, person, ADHERENCE), 0) < world.adherence
    if c.is_adherent:
        if s.quarantine_until <= at:
            s.quarantine_from = at
        s.quarantine_until = max(s.quarantine_until, until)
    if s.report != NEVER:
        return
    if s.onset_at != NEVER and s.onset_at <= at < s.outcome_at:
        schedule(world, at + 60, VISITS_WATCH, person)
    elif uniform(stream(key, person, REACH), 0) < world.tests_contacts:
        sample(world, key, (person, NEVER, CONTACT_TESTED), at + 90)
