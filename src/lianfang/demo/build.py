"""Puts the demo world together: the ground, the story day by day, the loop turning with it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from lianfang.common.clock import local_day, start_of
from lianfang.core.access.selectors import actor_for
from lianfang.demo.arrivals import arrive
from lianfang.demo.bulletin import issue_bulletins
from lianfang.demo.desk import attend
from lianfang.demo.earlier import tell_earlier
from lianfang.demo.ground import lay_ground
from lianfang.demo.isolation import isolate
from lianfang.demo.measures import confirm_grades, prepare_measures
from lianfang.demo.nights import NIGHTS, spend_night
from lianfang.demo.resumption import resume
from lianfang.demo.story import Story
from lianfang.demo.swabs import take_swabs
from lianfang.demo.teams import send_teams
from lianfang.demo.visits import send_visits
from lianfang.demo.wards import fill_wards
from lianfang.loop.worker import sweep, turn
from lianfang.simulate.city import City, build_city
from lianfang.simulate.demonstration import DEMO_START, demo_scenario
from lianfang.simulate.disease import Duration
from lianfang.simulate.outcome import Outcome
from lianfang.simulate.places import generate_places
from lianfang.simulate.response import Capacity, Clocks, Response
from lianfang.simulate.simulation import simulate

# Of the six weeks of the outbreak the first thirty days are told: it is at its height when the reader comes in.
TOLD_DAYS = 30
RESIDENTS = 24_000
# With this seed some hundred and forty reports, and most of them in the county of the reader.
SEED = 26
# Rates per 100,000 are high because a county of this world has four thousand residents.
_CAPACITY = Capacity(laboratory_tests=1000, investigations=75, tracings=1500, beds=375)
_OTHER_ILLNESS = 8.0
# A contact is told within the day, most of them on the day on which they were named.
_CLOCKS = Clocks(tracing=Duration(4.0, 3.0))
# The loop turns on every third day of the story, and twice a day on the last ones; in life, every few seconds.
_FINE_DAYS = 5
_EVERY = 3
# What is told at the end only (isolation, tests, wards, chains) is owed, and met, in the sweep at the end.
_LEFT = frozenset(
    {
        "StudyRuns", "contacts.place", "contacts.liaison", "contacts.attend", "contacts.supply", "contacts.release",
        "contacts.measure", "contacts.swab", "care.admit", "care.answer", "care.bring", "care.round",
        "care.decide_discharge", "care.positive_again", "care.follow_up",
    }
)  # fmt: skip


def build(
    *,
    at: datetime,
    seed: int = SEED,
    days: int = TOLD_DAYS,
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> int:
    """Make the world as of `at` and return the number of facts told; `tell(done, of)` hears of the progress in days.

    The outbreak is the same for the same seed, shifted so that its last told day (of `days`) ends at `at`.
    """
    start = local_day(at) - timedelta(days=days)
    city = a_city()
    story = Story(
        outbreak=an_outbreak(city, seed=seed, start=start),
        ground=lay_ground(city, at=start_of(start)),
        seed=seed,
        told_until=start_of(start),
        days=days,
    )
    tell_earlier(story.ground, at=at, known_at=start_of(start), seed=seed)
    story.prepare()
    told = 0
    for n in range(days):
        for after in _turns(n, days):
            until = min(start_of(start + timedelta(days=n)) + timedelta(hours=after), at)
            told += story.tell(until)
            turn(at=until, leave=_LEFT)
            attend(actor_for(story.ground.users["lin"], until), at=until)
        if days - n in NIGHTS:
            spend_night(story.ground, at=start_of(start + timedelta(days=n + 1)))
        tell(n + 1, days)
    told += story.tell(at)
    isolate(at=at)
    take_swabs(at=at, seed=seed)
    arrive(story.ground, at=at)
    send_visits(story, at=at)
    fill_wards(at=at)
    send_teams(at=at)
    prepare_measures(story.ground, at=at)
    resume(story.ground, at=at)
    sweep(at=at)
    confirm_grades(story.ground, at=at)
    issue_bulletins(story.ground, at=at)
    attend(actor_for(story.ground.users["lin"], at), at=at)
    turn(at=at)
    return told


def a_city() -> City:
    """Return a prefecture of six counties and tens of thousands of residents."""
    places = generate_places(
        RESIDENTS, counties=6, cell_size=320, cells_per_village=3, villages_per_township=3, seed=1
    )
    return build_city(places=places, seed=1)


def an_outbreak(city: City, *, seed: int, start: date) -> Outcome:
    """Return its outbreak: eight imported infections, schools and gatherings closed from the third week on.

    It is lived through from the same Monday and then moved to `start`, since weekends are quieter.
    """
    scenario = demo_scenario()
    response = replace(
        scenario.response or Response(), capacity=_CAPACITY, clocks=_CLOCKS, other_illness=_OTHER_ILLNESS
    )
    lived = simulate(city, replace(scenario, response=response), seed=seed, start=DEMO_START)
    return replace(lived, start=start)


def _turns(n: int, days: int) -> tuple[int, ...]:
    """Return the hours of the n-th day at which the loop turns."""
    if n >= days - _FINE_DAYS:
        return (12, 24)
    return (24,) if (days - n) % _EVERY == 0 else ()
