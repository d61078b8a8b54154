"""Puts the demo world together: the ground, the story day by day, the loop turning with it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from lianfang.common.clock import local_day, start_of
from lianfang.core.access.selectors import actor_for
from lianfang.demo.arrivals import arrive
from lianfang.demo.desk import attend
from lianfang.demo.ground import lay_ground
from lianfang.demo.isolation import isolate
from lianfang.demo.story import Story
from lianfang.demo.visits import send_visits
from lianfang.demo.wards import fill_wards
from lianfang.loop.worker import sweep, turn
from lianfang.simulate.demonstration import demo_city, demo_outbreak

# Of the six weeks of the outbreak the first thirty days are told: it is at its height when the reader comes in.
TOLD_DAYS = 30
# The loop turns on every second day of the story, and twice a day on the last ones; in life, every few seconds.
_FINE_DAYS = 7


def build(
    *,
    at: datetime,
    seed: int,
    days: int = TOLD_DAYS,
    tell: Callable[[int, int], None] = lambda _done, _of: None,
) -> int:
    """Make the world as of `at` and return the number of facts told; `tell(done, of)` hears of the progress in days.

    The outbreak is the same for the same seed, shifted so that its last told day (of `days`) ends at `at`.
    """
    start = local_day(at) - timedelta(days=days)
    city = demo_city()
    story = Story(
        outbreak=demo_outbreak(city=city, seed=seed, start=start),
        ground=lay_ground(city, at=start_of(start)),
        seed=seed,
        told_until=start_of(start),
        days=days,
    )
    story.prepare()
    told = 0
    for n in range(days):
        for after in _turns(n, days):
            until = min(start_of(start + timedelta(days=n)) + timedelta(hours=after), at)
            told += story.tell(until)
            turn(at=until)
            attend(actor_for(story.ground.users["lin"], until), at=until)
        tell(n + 1, days)
    told += story.tell(at)
    isolate(at=at)
    arrive(story.ground, at=at)
    send_visits(story, at=at)
    fill_wards(at=at)
    sweep(at=at)
    return told


def _turns(n: int, days: int) -> tuple[int, ...]:
    """Return the hours of the n-th day at which the loop turns."""
    if n >= days - _FINE_DAYS:
        return (12, 24)
    return (24,) if (days - n) % 2 == 0 else ()
