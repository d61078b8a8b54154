"""What gates and venues of the demo world recorded: true meetings of the outbreak, and everyday coming and going.

Each named contact and each infection was a meeting; both people stand in the records of the place and hour of it. So
a search finds those whom nobody named, too. Around them residents go to market and pass the station.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from django.conf import settings

from lianfang.common.clock import start_of
from lianfang.core.access.actor import Actor
from lianfang.demo.story import Story
from lianfang.discovery.reading import as_records
from lianfang.discovery.services import take_visits

_DAYS = 27
_SHOPPERS = 240  # residents who are seen somewhere on a day
_MEAN_MINUTES = {"home": 240, "work": 120, "class": 90, "shop": 35, "station": 25, "gate": 6, "other": 60}
_NAMES = {
    "shop": "集贸市场",
    "station": "汽车站",
    "gate": "小区出入口",
    "work": "单位",
    "class": "班级",
    "home": "住户",
    "other": "其他场所",
}


def send_visits(story: Story, *, at: datetime) -> int:
    """Write the visits of the last four weeks of the story into the site's store, emptied before; return how many."""
    folder = Path(settings.VISITS_DIR)
    for each in (folder, folder.with_name(f"{folder.name}-columns")):
        shutil.rmtree(each, ignore_errors=True)
    rng = np.random.default_rng(story.seed + 1)
    rows = [*_meetings(story, rng, at), *_errands(story, rng, at)]
    for n, row in enumerate(rows):
        row["key"] = str(n)
    taken = take_visits(
        records=as_records(pl.DataFrame(rows).cast(pl.String)),
        source="demo-venues",
        by=Actor.system("demo world"),
        at=at,
    )
    return taken.new


def _meetings(story: Story, rng: np.random.Generator, at: datetime) -> Iterator[dict[str, Any]]:
    """Yield two stays for each meeting that the outbreak tells of."""
    o = story.outbreak
    persons = {row["person"]: row for row in o.persons.iter_rows(named=True)}
    for row in o.contacts.iter_rows(named=True):
        begins = start_of(row["last_contact_on"]) + timedelta(minutes=int(rng.integers(480, 1260)))
        yield from _meeting(story, rng, at, (row["case"], row["contact"]), (row["venue"], begins))
    for row in o.infections.filter(pl.col("infector").is_not_null()).iter_rows(named=True):
        venue = _venue_of(row["layer"], persons[row["infector"]])
        begins = row["infected_at"] - timedelta(minutes=int(rng.integers(5, 30)))
        yield from _meeting(story, rng, at, (row["infector"], row["person"]), (venue, begins))


def _venue_of(layer: str, person: dict[str, Any]) -> str:
    if layer == "household":
        return f"home {person['household']}"
    if layer in {"school", "work"}:
        return f"group {person['group']}"
    return f"market {person['place'][:9]}"


def _meeting(
    story: Story, rng: np.random.Generator, at: datetime, who: tuple[int, int], where: tuple[str, datetime]
) -> Iterator[dict[str, Any]]:
    venue, begins = where
    if not at - timedelta(days=_DAYS) < begins < at - timedelta(hours=6):
        return
    pupils = {row for row in who if story.outbreak.persons["occupation"][row] in {"pupil", "teacher"}}
    kind = _kind(venue, is_class=len(pupils) == len(who))
    minutes = max(4.0, float(rng.gamma(2, _MEAN_MINUTES[kind] / 2)))
    for person in who:
        arrive = begins - timedelta(minutes=float(rng.uniform(0, 10)))
        yield _row(story, person, (venue, kind), (arrive, begins + timedelta(minutes=minutes)))


def _kind(venue: str, *, is_class: bool) -> str:
    word = venue.partition(" ")[0]
    if word == "group":
        return "class" if is_class else "work"
    return {"market": "shop", "home": "home", "station": "station", "gate": "gate"}.get(word, "other")


def _errands(story: Story, rng: np.random.Generator, at: datetime) -> Iterator[dict[str, Any]]:
    """Yield the everyday stays of residents at market and station."""
    persons = story.outbreak.persons
    for day in range(1, _DAYS):
        for person in rng.choice(len(persons), size=_SHOPPERS, replace=False):
            place = persons["place"][int(person)]
            venue, kind = (
                ("market " + place[:9], "shop") if rng.random() < 0.7 else ("station " + place[:6], "station")
            )
            arrive = at - timedelta(days=day) + timedelta(minutes=float(rng.uniform(0, 600)))
            leave = arrive + timedelta(minutes=max(3.0, float(rng.gamma(2, _MEAN_MINUTES[kind] / 2))))
            if leave < at:
                yield _row(story, int(person), (venue, kind), (arrive, leave))


def _row(
    story: Story, person: int, where: tuple[str, str], times: tuple[datetime, datetime]
) -> dict[str, Any]:
    """Return a stay as a venue sends it: the register's id of those it knows, a telephone number of others."""
    known = story.people.get(person)
    venue, kind = where
    home = story.outbreak.persons["place"][person]
    number = venue.partition(" ")[2]
    area = number if number in story.ground.places else home
    return {
        "key": "",
        "person": str(known.uid) if known else "",
        "phone": "" if known else f"1390000{person:04d}",
        "place": venue,
        "place_name": f"{_NAMES.get(kind, '场所')} {number}",
        "kind": kind,
        "area": area,
        "arrive": times[0].isoformat(timespec="seconds"),
        "leave": times[1].isoformat(timespec="seconds"),
    }
