"""Who shared a place with an index person, long enough, inside the window: one expression for DuckDB and for Spark.

Equal keys and filters only, no window functions: what both engines and Ibis agree on. Times are integers, so the rows
are the same to the last second.
"""

from collections.abc import Mapping
from typing import Any

import ibis

from lianfang.visits.record import DAY_SECONDS


def shared_stays(visits: Any, windows: Any, *, min_seconds: int, utc_offset: int) -> Any:
    """Return one row for each pair of stays that overlap for `min_seconds` or longer inside the index person's window.

    `visits` is a table like `VISITS`, `windows` one of person, opens, closes, cut to the days of `visits`
    (`Windows.within`). Columns: index_person, person, place, kind, arrive and leave of the index person's stay, start,
    seconds. A stay over midnight stands in each of its days: the pair counts in the day in which it begins.
    """
    asked = windows.select(index_person="person", opens="opens", closes="closes")
    own = visits.select("person", "place", "kind", "day", "arrive", "leave").join(
        asked, visits.person == asked.index_person
    )
    own = own.filter(own.leave > own.opens, own.arrive < own.closes)
    own = own.select(
        "index_person",
        "kind",
        "arrive",
        "leave",
        at_place="place",
        on_day="day",
        since=ibis.greatest(own.arrive, own.opens),
        until=ibis.least(own.leave, own.closes),
    )
    others = visits.select("person", "place", "day", came="arrive", went="leave")
    both = own.join(
        others,
        [
            own.at_place == others.place,
            own.on_day == others.day,
            own.index_person != others.person,
            others.came < own.until,
            others.went > own.since,
        ],
    )
    start = ibis.greatest(both.since, both.came)
    seconds = ibis.least(both.until, both.went) - start
    begins = both.on_day.cast("int64") * DAY_SECONDS - utc_offset
    both = both.mutate(start=start, seconds=seconds, begins=begins)
    both = both.filter(
        both.seconds >= min_seconds, both.start >= both.begins, both.start < both.begins + DAY_SECONDS
    )
    return both.select("index_person", "person", "place", "kind", "arrive", "leave", "start", "seconds")


def crowded_stays(stays: Any, most_present: Mapping[int, int]) -> Any:
    """Return the index persons' stays at which more people were present long enough than the cap of the kind allows.

    Columns: index_person, place, kind, arrive, leave, present (distinct people). What is left out of the pairs for
    its crowd is here, so that it is reported.
    """
    present = _present(stays)
    return present.filter(present.present > _cap(present.kind, most_present))


def shared_pairs(stays: Any, most_present: Mapping[int, int] | None = None) -> Any:
    """Return one row for each index person and other person: number of shared stays, seconds, first and last second.

    With `most_present` (kind of place -> most people) the stays in a crowd are left out; see `crowded_stays`.
    """
    if most_present is not None:
        present = _present(stays)
        calm = present.filter(present.present <= _cap(present.kind, most_present)).drop("present")
        stays = stays.semi_join(calm, ["index_person", "place", "kind", "arrive", "leave"])
    pairs = stays.group_by("index_person", "person").aggregate(
        n_stays=stays.count(),
        seconds=stays.seconds.sum(),
        first=stays.start.min(),
        last=(stays.start + stays.seconds).max(),
    )
    return pairs.order_by("index_person", "person")


def _present(stays: Any) -> Any:
    by = ["index_person", "place", "kind", "arrive", "leave"]
    return stays.group_by(by).aggregate(present=stays.person.nunique())


def _cap(kind: Any, most_present: Mapping[int, int]) -> Any:
    """Return the cap of a kind as an expression; a kind without one has none."""
    branches = [
        (kind == int(number), ibis.literal(int(most), "int64")) for number, most in most_present.items()
    ]
    never = ibis.literal(2**62, "int64")
    return ibis.cases(*branches, else_=never) if branches else never
