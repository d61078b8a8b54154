"""Visits and reports, beds, specimens and results: what happens to one patient. One kernel an event."""

from lianfang.simulate.agenda import (
    DISCHARGE,
    INVESTIGATED,
    RESULT,
    VISITS_CARE,
    VISITS_GATE,
    VISITS_WATCH,
    schedule,
)
from lianfang.simulate.course import SEVERELY_ILL
from lianfang.simulate.draws import Word, compiled, stream, uniform
from lianfang.simulate.memory import (
    World,
    beds,
    county_of,
    queues,
    reports,
    residents,
    states,
    stays,
    tasks,
    tests,
    wide,
)
from lianfang.simulate.state import (
    ADHERENCE,
    ANALYSIS,
    CARE,
    CASE,
    FOLLOW_UP,
    FOREVER,
    GATE,
    INVESTIGATING,
    INVESTIGATION,
    LABORATORY,
    MINUTES,
    N_REPORTS,
    N_STAYS,
    N_TESTS,
    NEVER,
    REPORTING,
    RETEST,
    SAMPLE,
    SAMPLING,
    SIGNS,
    TRANSPORT,
    VISIT,
    consecutive,
    constants,
)
from lianfang.simulate.work import (
    CDC,
    HOSPITAL,
    LABORATORY_UNIT,
    TASK_ADMIT,
    TASK_INVESTIGATE,
    TASK_REPORT,
    TASK_TEST,
    add_task,
    booked,
    delay,
    unit_of,
    within_hours,
)

FROM_CARE, FROM_GATE, FROM_OBSERVATION, FROM_CONTACT_TEST = consecutive(4)  # sources of reports
SUSPECT, RETESTED, CONTACT_TESTED = consecutive(3)  # reasons of tests
REPORT_CLOCK, LABORATORY_CLOCK, DAY_CLOCK = constants(120, 720, 1440)  # minutes allowed until a task is due
READINGS = (8 * 60, 20 * 60)  # minutes of the day of the temperature readings
GATE_DAYS = 8  # days after onset on which a fever can be noticed


@compiled
def fall_ill(world: World, key: Word, person: int, at: int) -> None:
    """Onset: noticed at the next reading of an observed contact; else the person may seek care or pass a gate."""
    s = states(world)[person]
    if s.watch_from <= at < s.watch_until:
        schedule(world, next_reading(world, key, person, at), VISITS_WATCH, person)
        return
    draws = stream(key, person, CARE)
    if uniform(draws, 0) < world.seeks_care:
        schedule(world, within_hours(at + delay(world, draws, VISIT)), VISITS_CARE, person)
    if uniform(stream(key, person, SIGNS), 0) >= world.fever_share:
        return
    draws = stream(key, person, GATE)
    for day in range(1, GATE_DAYS + 1):
        if uniform(draws, day) < world.noticed_at_gate:
            minute = 420 + int(uniform(draws, 0) * 780)
            schedule(world, (at // MINUTES + day) * MINUTES + minute, VISITS_GATE, person)
            return


@compiled
def next_reading(world: World, key: Word, person: int, at: int) -> int:
    """Return the minute of the first temperature reading after `at` that is made."""
    draws = stream(key, person, FOLLOW_UP)
    slot = 2 * (at // MINUTES)
    while True:
        minute = slot // 2 * MINUTES + (READINGS[0] if slot % 2 == 0 else READINGS[1])
        if minute > at and uniform(draws, slot) < world.follow_up_coverage:
            return minute
        slot += 1


@compiled
def visit(world: World, key: Word, person: int, at: int, source: int) -> None:
    """Let a person with signs be seen: reported as a suspected case, put in bed or isolated at home, sampled."""
    s = states(world)[person]
    if s.report != NEVER or (s.infected_at != NEVER and at >= s.outcome_at != NEVER):
        return
    if source == FROM_GATE and is_away(world, person, at):
        return
    report = add_report(world, key, person, at, source)
    isolate(world, key, person, at)
    draws = stream(key, person, CASE)
    sample(world, key, (person, report, SUSPECT), at + delay(world, draws, SAMPLING))
    if world.investigates_suspects:
        ask_investigation(world, key, report, at)


@compiled
def is_away(world: World, person: int, at: int) -> bool:
    """Return whether the person is in bed, isolated or in quarantine, and so passes no gate."""
    s = states(world)[person]
    return bool(
        s.bed_from <= at < s.bed_until
        or s.home_from <= at < s.home_until
        or s.quarantine_from <= at < s.quarantine_until
    )


@compiled
def add_report(world: World, key: Word, person: int, at: int, source: int) -> int:
    """Append a case report, and the task to send it; return its row."""
    row = world.tally[N_REPORTS]
    world.tally[N_REPORTS] += 1
    resident = residents(world)[person]
    s = states(world)[person]
    s.report = row
    r = reports(world)[row]
    r.person = person
    r.source = source
    r.facility = unit_of(county_of(world, person), HOSPITAL)
    is_light = s.infected_at == NEVER or s.severity < SEVERELY_ILL
    if is_light and uniform(stream(key, person, CARE), 1) < 0.5:
        r.facility = 3 * world.n_counties + resident.township
    r.visited_at = at
    r.reported_at = at + delay(world, stream(key, person, CASE), REPORTING)
    r.sampled_at, r.confirmed_at, r.excluded_at, r.investigated_at = NEVER, NEVER, NEVER, NEVER
    r.n_negative, r.is_asked = 0, 0
    task = add_task(world, (TASK_REPORT, wide(r.facility), person, row), at, REPORT_CLOCK)
    tasks(world)[task].done_at = r.reported_at
    return wide(row)


@compiled
def isolate(world: World, key: Word, person: int, at: int) -> None:
    """Put a patient in a free bed of the county; else isolate at home and queue, severe patients first."""
    s = states(world)[person]
    if s.in_bed:
        return
    county = county_of(world, person)
    is_severe = wide(s.severe_at != NEVER and s.severe_at <= at)
    task = NEVER
    if s.stay != NEVER:
        if not is_severe or stays(world)[s.stay].is_severe:
            return
        stays(world)[s.stay].left_at = at  # leaves the ordinary queue for that of the severely ill
        task = wide(stays(world)[s.stay].task)
    row = add_stay(world, (person, is_severe, task), at)
    if beds(world)[county] > 0:
        admit(world, row, at)
        return
    if uniform(stream(key, person, ADHERENCE), 1) < world.adherence and not s.home_from <= at < s.home_until:
        s.home_from, s.home_until = at, FOREVER
    tail = queues(world)[county, is_severe, 1]
    if tail == NEVER:
        queues(world)[county, is_severe, 0] = row
    else:
        stays(world)[tail].next = row
    queues(world)[county, is_severe, 1] = row


@compiled
def add_stay(world: World, what: tuple[int, int, int], at: int) -> int:
    """Append a stay (person, is severe, its task or -1 for a new one) that waits for a bed; return its row."""
    person, is_severe, task = what
    county = county_of(world, person)
    row = world.tally[N_STAYS]
    world.tally[N_STAYS] += 1
    stay = stays(world)[row]
    stay.person, stay.county, stay.is_severe, stay.queued_at = person, county, is_severe, at
    stay.admitted_at, stay.left_at, stay.next = NEVER, NEVER, NEVER
    if task == NEVER:
        task = add_task(world, (TASK_ADMIT, unit_of(county, HOSPITAL), person, row), at, DAY_CLOCK)
    stay.task = task
    tasks(world)[task].record = row
    states(world)[person].stay = row
    return wide(row)


@compiled
def admit(world: World, row: int, at: int) -> None:
    """Give the bed of the county to a stay."""
    stay = stays(world)[row]
    s = states(world)[stay.person]
    beds(world)[stay.county] -= 1
    stay.admitted_at = at
    tasks(world)[stay.task].done_at = at
    s.in_bed, s.bed_from, s.bed_until = 1, at, FOREVER


@compiled
def release(world: World, person: int, at: int) -> None:
    """End bed or isolation of a person, and give a bed that becomes free to the next in the queue."""
    s = states(world)[person]
    s.home_until = min(s.home_until, at)
    if s.stay == NEVER:
        return
    stays(world)[s.stay].left_at = at
    s.stay = NEVER
    if not s.in_bed:
        return
    county = county_of(world, person)
    s.in_bed, s.bed_until = 0, at
    beds(world)[county] += 1
    row = next_waiting(world, county)
    if row != NEVER:
        admit(world, row, at)


@compiled
def next_waiting(world: World, county: int) -> int:
    """Take the next stay that still waits in a county from its queues, or NEVER."""
    for severity in range(1, -1, -1):
        while queues(world)[county, severity, 0] != NEVER:
            row = queues(world)[county, severity, 0]
            queues(world)[county, severity, 0] = stays(world)[row].next
            if stays(world)[row].next == NEVER:
                queues(world)[county, severity, 1] = NEVER
            if stays(world)[row].left_at == NEVER:
                return wide(row)
    return NEVER


@compiled
def sample(world: World, key: Word, what: tuple[int, int, int], at: int) -> None:
    """Take a specimen for (person, report or -1, reason) and send it to the laboratory of the county."""
    person, report, reason = what
    s = states(world)[person]
    draws = stream(key, person, SAMPLE + 64 * (1 + s.n_samples))
    s.n_samples += 1
    row = world.tally[N_TESTS]
    world.tally[N_TESTS] += 1
    test = tests(world)[row]
    county = county_of(world, person)
    test.person, test.report, test.reason, test.laboratory = (
        person,
        report,
        reason,
        unit_of(county, LABORATORY_UNIT),
    )
    test.sampled_at = at
    received = at + delay(world, draws, TRANSPORT)
    test.received_at = received
    test.is_positive = uniform(draws, 99) < positivity(world, person, at)
    task = add_task(
        world, (TASK_TEST, unit_of(county, LABORATORY_UNIT), person, row), received, LABORATORY_CLOCK
    )
    begins = booked(world, LABORATORY, county, received)
    resulted = NEVER if begins == NEVER else begins + delay(world, draws, ANALYSIS)
    test.resulted_at = resulted
    tasks(world)[task].done_at = resulted
    if begins != NEVER:
        schedule(world, resulted, RESULT, row)


@compiled
def positivity(world: World, person: int, at: int) -> float:
    """Return the probability that a specimen of a person taken at a minute is positive."""
    s = states(world)[person]
    rules = world
    if s.infected_at == NEVER or at < s.infected_at or (s.outcome_at != NEVER and at >= s.outcome_at):
        return float(1.0 - rules.specificity)
    return float(rules.early_sensitivity if at < s.infectious_day * MINUTES else rules.sensitivity)


@compiled
def receive_result(world: World, key: Word, row: int, at: int) -> None:
    """Act on a result: positive confirms; a suspected case with two negatives, a day apart, is excluded."""
    test = tests(world)[row]
    person = wide(test.person)
    s = states(world)[person]
    if test.is_positive:
        confirm(world, key, row, at)
        return
    if test.report == NEVER or s.report != test.report or s.confirmed_at != NEVER:
        return
    r = reports(world)[test.report]
    r.n_negative += 1
    if r.n_negative == 1:
        draws = stream(key, person, SAMPLE + 64 * (1 + s.n_samples))
        again = max(at, wide(test.sampled_at) + max(MINUTES, delay(world, draws, RETEST)))
        sample(world, key, (person, wide(test.report), RETESTED), again)
        return
    r.excluded_at = at
    s.report = NEVER
    release(world, person, at)


@compiled
def confirm(world: World, key: Word, row: int, at: int) -> None:
    """Confirm a case from a positive test: isolate, investigate; a contact without a report gets one."""
    test = tests(world)[row]
    person = wide(test.person)
    s = states(world)[person]
    if s.confirmed_at != NEVER or (s.outcome_at != NEVER and s.died and at >= s.outcome_at):
        return
    if s.report == NEVER:
        add_report(world, key, person, at, FROM_CONTACT_TEST)
    r = reports(world)[s.report]
    r.confirmed_at = at
    r.sampled_at = test.sampled_at
    s.confirmed_at = at
    isolate(world, key, person, at)
    if s.infected_at == NEVER or (s.outcome_at != NEVER and at >= s.outcome_at):
        schedule(world, at + 14 * MINUTES, DISCHARGE, person)  # not ill (any more): kept for observation
    ask_investigation(world, key, wide(s.report), at)


@compiled
def ask_investigation(world: World, key: Word, report: int, at: int) -> None:
    """Create the task to investigate a case, once, and book the county's investigators."""
    r = reports(world)[report]
    if r.is_asked:
        return
    r.is_asked = 1
    person = wide(r.person)
    county = county_of(world, person)
    task = add_task(world, (TASK_INVESTIGATE, unit_of(county, CDC), person, report), at, DAY_CLOCK)
    ready = at + delay(world, stream(key, person, CASE), INVESTIGATING)
    done = booked(world, INVESTIGATION, county, ready)
    tasks(world)[task].done_at = done
    if done != NEVER:
        schedule(world, done, INVESTIGATED, report)


@compiled
def worsen_now(world: World, key: Word, person: int, at: int) -> None:
    """Send a person who turns severely ill to hospital at once, or up in the queue for a bed."""
    if states(world)[person].report == NEVER:
        visit(world, key, person, at, FROM_CARE)
    else:
        isolate(world, key, person, at)


@compiled
def end_illness(world: World, person: int, at: int) -> None:
    """Recovery or death: the dead leave their bed at once, the recovered after the days before discharge."""
    s = states(world)[person]
    if s.died:
        release(world, person, at)
        s.home_from, s.home_until, s.bed_from, s.bed_until = at, FOREVER, at, FOREVER
    elif s.report != NEVER:
        schedule(world, at + world.discharge, DISCHARGE, person)
