"""What a run left behind: who infected whom, and what the health service saw and did. Tables are made when asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lianfang.simulate import tables
from lianfang.simulate.checks import within
from lianfang.simulate.city import City
from lianfang.simulate.draws import key_of
from lianfang.simulate.memory import LOGS, Memory
from lianfang.simulate.response import Scenario
from lianfang.simulate.state import MINUTES, NEVER

RECORDS = tuple(LOGS)


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """The result of one run. All tables are Polars frames; times carry the zone, dates are local, absent is null.

    What lies after the last day of the run is null, so a table shows what was known at its end. `records` holds the
    logs behind the tables, `infected` the rows of the infected residents and `states` what became of them.
    """

    city: City = field(repr=False)
    scenario: Scenario = field(repr=False)
    seed: int
    start: date
    time_zone: str
    hazard: float
    infected: NDArray[np.int64] = field(repr=False)
    states: NDArray[np.void] = field(repr=False)
    records: Mapping[str, NDArray[np.void]] = field(repr=False)

    @classmethod
    def from_memory(
        cls,
        memory: Memory,
        *,
        city: City,
        scenario: Scenario,
        seed: int,
        start: date,
        time_zone: str,
        hazard: float,
    ) -> "Outcome":
        """Return the outcome of a finished run."""
        states = memory.arrays["states"]
        infected = np.flatnonzero(states["infected_at"] != NEVER)
        order = np.argsort(states["infected_at"][infected], kind="stable")
        return cls(
            city=city,
            scenario=scenario,
            seed=seed,
            start=start,
            time_zone=time_zone,
            hazard=hazard,
            infected=infected[order],
            states=states[infected[order]],
            records={name: memory.log(name).copy() for name in RECORDS},
        )

    @property
    def end(self) -> int:
        """The minute at which the run ended."""
        return int(self.scenario.days * MINUTES)

    @property
    def n_infections(self) -> int:
        """All infections, imported ones included."""
        return len(self.infected)

    @property
    def n_transmissions(self) -> int:
        """Infections within the city."""
        return int((self.states["infector"] != NEVER).sum())

    @property
    def n_deaths(self) -> int:
        """Deaths before the end of the run."""
        return int((self.states["died"].astype(bool) & (self.states["outcome_at"] < self.end)).sum())

    @property
    def n_confirmed(self) -> int:
        """Case reports confirmed before the end of the run."""
        return int((self.records["reports"]["confirmed_at"] != NEVER).sum())

    def moments(self, minutes: NDArray[np.int32], *, planned: bool = False) -> pl.Series:
        """Return minutes of the run as times in the zone of the city; null for never and, unless planned, after the end."""
        midnight = datetime.combine(self.start, datetime.min.time(), ZoneInfo(self.time_zone))
        known = (minutes >= 0) & ((minutes < self.end) | planned)
        stamps = int(midnight.timestamp()) * 1000 + minutes.astype(np.int64) * 60_000
        series = pl.Series(stamps).cast(pl.Datetime("ms", "UTC")).dt.convert_time_zone(self.time_zone)
        return series.set(pl.Series(~known), None)

    def dates(self, minutes: NDArray[np.int32], *, planned: bool = False) -> pl.Series:
        """Return minutes of the run as local dates; null as in `moments`."""
        return self.moments(minutes, planned=planned).dt.date()

    def last_day(self) -> date:
        """Return the date of the last day of the run."""
        return self.start + timedelta(days=self.scenario.days - 1)

    @property
    def persons(self) -> pl.DataFrame:
        """The residents (see `City.persons`)."""
        return self.city.persons

    @cached_property
    def infections(self) -> pl.DataFrame:
        """The transmission tree in order of time: person, infector, layer, generation, day, and the course."""
        return tables.infections(self)

    @cached_property
    def reports(self) -> pl.DataFrame:
        """Case reports as the health service has them: source, onset as told, visit, report, signs, classification."""
        return tables.reports(self)

    @cached_property
    def tests(self) -> pl.DataFrame:
        """Tests: person, reason, laboratory, sampled, received, resulted, result (false ones included)."""
        return tables.tests(self)

    @cached_property
    def contacts(self) -> pl.DataFrame:
        """Named contacts: case, contact, layer, venue, last contact, named, reached, end of observation."""
        return tables.contacts(self)

    @cached_property
    def followups(self) -> pl.DataFrame:
        """Readings due for contacts under observation, 08:00 and 20:00, with the temperature where it was taken."""
        return tables.followups(self, key_of(self.seed))

    @cached_property
    def tasks(self) -> pl.DataFrame:
        """Tasks: kind, unit, person, created, due, done, withdrawn."""
        return tables.tasks(self)

    @cached_property
    def stays(self) -> pl.DataFrame:
        """Stays in hospital: person, hospital, queued, admitted, left; admitted is null while waiting."""
        return tables.stays(self)

    @cached_property
    def units(self) -> pl.DataFrame:
        """Hospitals, laboratories and CDCs of the counties, clinics of the townships: unit, kind, place."""
        return tables.units(self.city)

    @cached_property
    def daily(self) -> pl.DataFrame:
        """Counts by day: infections, onsets, reports, confirmed, tests, deaths, in quarantine, in bed, waiting."""
        return tables.daily(self)

    def laboratory_messages(self, *, duplicate_share: float = 0.0, seed: int = 0) -> pl.DataFrame:
        """Return the messages that a laboratory system would send, in order of arrival; some arrive twice.

        Each result is sent within 30 minutes; a `duplicate_share` of them comes again up to two days later with the
        same message number, so out of order among the others.
        """
        within("duplicate_share", duplicate_share, 0, 1)
        return tables.laboratory_messages(self, duplicate_share, seed)
