"""What the health service of the demo world came to know, in the order in which it came to know it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from lianfang.common.clock import local_day, start_of
from lianfang.core.access.actor import Actor
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.models import Person
from lianfang.core.registry.services import register_people
from lianfang.demo.ground import Ground
from lianfang.demo.writing import CASES, CONTACTS, Known, Writer
from lianfang.simulate.identities import identities
from lianfang.simulate.outcome import Outcome as Outbreak

BY = Actor.system("demo world")
# Shares that make the response a good one that is late here and there.
_REVIEWED = 0.9  # of the reports, in time; the others one to three days later
_VISITED = 0.975  # of the days on which a contact sent no reading
_MEASURED_AGAIN = 0.975  # of the days with one reading, those with the second
_APART = timedelta(hours=2, minutes=5)  # two readings that are nearer count once
_LOOKED_AT = 0.85  # of the contacts with signs, within the two hours
_SCREENED = 0.9  # of those with fever at a gate
_FEVERS = 24
_SETTLED = timedelta(days=2)  # what is older has been caught up with

Fact = tuple[datetime, str, dict[str, Any]]  # when it becomes known, of what kind, what it says


@dataclass
class Story:
    """The outbreak, told fact by fact; `tell(until)` writes everything that was known by a moment and not yet told."""

    outbreak: Outbreak
    ground: Ground
    seed: int
    told_until: datetime
    days: int
    people: dict[int, Person] = field(default_factory=dict)
    _queue: list[Fact] = field(default_factory=list)

    def prepare(self) -> None:
        """Register everybody who will be seen, and put all facts in the order in which they become known."""
        o = self.outbreak
        rng = np.random.default_rng(self.seed)
        feverish = rng.choice(o.persons["person"].to_numpy(), size=_FEVERS, replace=False)
        end = start_of(o.start + timedelta(days=self.days))
        facts = [fact for fact in self._facts(rng, feverish, end) if fact[0] <= end]
        seen = {int(row["person"]) for _at, kind, row in facts if kind in ("report", "fever")}
        seen |= {int(row["contact"]) for _at, kind, row in facts if kind == "contact"}
        self._register(sorted(seen))
        self._queue = sorted(facts, key=lambda fact: fact[0])
        self._writer = Writer(Known(self.ground, self.people), by=BY)

    def _register(self, wanted: list[int]) -> None:
        frame = identities(self.outbreak.city, np.asarray(wanted), at=self.outbreak.start, seed=self.seed)
        place_of = dict(zip(self.outbreak.persons["person"], self.outbreak.persons["place"], strict=True))
        rows = []
        for row in frame.iter_rows(named=True):
            place = self.ground.places[place_of[row["person"]]]
            rows.append(
                PersonCandidate(
                    name=row["name"],
                    sex=row["sex"],
                    birth_date=row["birth_date"],
                    phone=row["phone"],
                    address=row["address"],
                    place_id=place.pk,
                    path=place.path,
                )
            )
        people = register_people(rows, by=BY, at=self.told_until)
        self.people.update(zip(frame["person"].to_list(), people, strict=True))

    def _facts(self, rng: np.random.Generator, feverish: Any, end: datetime) -> Iterator[Fact]:
        """Yield everything that becomes known."""
        o = self.outbreak
        yield from _dated(
            o.reports, reported_at="report", excluded_at="ruling", investigated_at="investigation"
        )
        yield from _dated(o.tests, sampled_at="sample", received_at="received", resulted_at="resulted")
        yield from _dated(o.contacts, named_at="contact", reached_at="reached")
        yield from self._told_as_patients(rng, end)
        yield from self._visits(rng)
        yield from _dated(o.infections.filter(o.infections["outcome"].is_not_null()), outcome_at="outcome")
        for row in o.reports.filter(o.reports["reported_at"].is_not_null()).iter_rows(named=True):
            in_time = rng.random() < _REVIEWED
            minutes = rng.gamma(2, 40) if in_time else rng.uniform(24 * 60, 72 * 60)
            yield utc(row["reported_at"]) + timedelta(minutes=int(minutes)), "review", row
        for person in feverish:
            at = (end - timedelta(hours=float(rng.uniform(1, 12 * 24)))).replace(microsecond=0)
            row = {
                "person": int(person),
                "temperature": round(float(rng.normal(38.2, 0.4)), 1),
                "read_at": at,
            }
            yield at, "fever", row
            if rng.random() < _SCREENED:
                yield at + timedelta(minutes=50 + 7 * (row["person"] % 20)), "looked", row

    def _told_as_patients(self, rng: np.random.Generator, end: datetime) -> Iterator[Fact]:
        """Yield the telling of those whom no tracer went to see, because they were patients already."""
        contacts = self.outbreak.contacts
        unseen = contacts.filter(contacts["reached_at"].is_null() & contacts["named_at"].is_not_null())
        for row in unseen.iter_rows(named=True):
            named_at = utc(row["named_at"])
            if named_at < end - _SETTLED:
                yield named_at + timedelta(minutes=int(rng.integers(60, 480))), "reached", row

    def _visits(self, rng: np.random.Generator) -> Iterator[Fact]:
        """Yield the readings that contacts send, the visits of a township clinic to most others, and the second readings."""
        made: dict[tuple[int, int, date], datetime] = {}
        followups = self.outbreak.followups.filter(self.outbreak.followups["is_made"])
        for sent_at, kind, row in _dated(followups, due_at="reading"):
            made[row["case"], row["contact"], local_day(sent_at)] = sent_at
            yield sent_at, kind, row
            if row["has_signs"] and rng.random() < _LOOKED_AT:
                yield sent_at + timedelta(minutes=int(rng.integers(20, 110))), "signs_looked", row
        at: datetime | None
        for row in self.outbreak.contacts.iter_rows(named=True):
            if row["reached_at"] is None or row["observed_until"] is None:
                continue
            reached = utc(row["reached_at"])
            first = local_day(reached)
            for n in range((row["observed_until"] - first).days + 1):
                day = first + timedelta(days=n)
                at = made.get((row["case"], row["contact"], day))
                if at is None and rng.random() < _VISITED:
                    at = max(_hour(day, 9, rng), reached + timedelta(minutes=5))
                    yield at, "reading", _well(row, rng)
                if at is not None and rng.random() < _MEASURED_AGAIN:
                    yield max(_hour(day, 17, rng), at + _APART), "reading", _well(row, rng)

    def tell(self, until: datetime) -> int:
        """Write the facts known by `until`, grouped by kind; return how many."""
        n = next((n for n, fact in enumerate(self._queue) if fact[0] > until), len(self._queue))
        due, self._queue = self._queue[:n], self._queue[n:]
        groups: dict[str, list[tuple[datetime, dict[str, Any]]]] = defaultdict(list)
        for moment, kind, row in due:
            groups[kind].append((moment, row))
        self._writer.write(CASES, groups, until)
        self._writer.write(CONTACTS, groups, until)
        self.told_until = until
        return len(due)


def _hour(day: Any, hour: int, rng: np.random.Generator) -> datetime:
    return start_of(day) + timedelta(hours=hour, minutes=int(rng.integers(90)))


def _well(row: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    return {**row, "temperature": round(float(rng.normal(36.5, 0.2)), 1), "has_signs": False}


def _dated(frame: pl.DataFrame, **kinds: str) -> Iterator[Fact]:
    """Yield each row once for each of the named moments that it has."""
    rows: Iterable[dict[str, Any]] = frame.iter_rows(named=True)
    for row in rows:
        for column, kind in kinds.items():
            if row[column] is not None:  # what lies after the last day is not known yet
                yield utc(row[column]), kind, row


def utc(moment: datetime) -> datetime:
    """Return a moment of the simulation in UTC, to the second."""
    return moment.astimezone(UTC).replace(microsecond=0)
