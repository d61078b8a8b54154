"""What an area's own records say about its response: how long each step took, how many are followed, how many beds there are.

Steps that are not done yet count as "at least so long" (Kaplan-Meier). Where fewer than `FEWEST` records are on file the
default of `lianfang.simulate` stands in and is named as assumed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import F, Min, OuterRef, Q, Subquery
from numpy.typing import NDArray

from lianfang.analytics.clocks_measured import empirical_delay
from lianfang.care.models import Bed
from lianfang.cases.models import Case, Investigation, Result
from lianfang.common.clock import local_day, start_of
from lianfang.common.fields import MomentField
from lianfang.contacts.models import Contact
from lianfang.core.registry.models import Level, Place
from lianfang.loop.models import Status, Task
from lianfang.simulate import Clocks, Duration

DAYS = 28
RECENT = timedelta(days=14)
FEWEST = 10
_LONGEST_HOURS = 24 * 30
Measured = tuple[NDArray[np.float64], NDArray[np.bool_]]


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The records of an area: clock -> (hours, whether done), share of visits made, beds, recent cases, residents."""

    clocks: Mapping[str, Measured]
    follow_up: tuple[int, int]  # done, due
    beds: int
    recent_cases: int
    residents: int

    def duration(self, clock: str, rng: np.random.Generator | None = None) -> Duration:
        """Return how long a step takes: as measured, or with `rng` as one resample of the records has it."""
        hours, done = self.clocks[clock]
        if not self.is_measured(clock):
            assumed: Duration = getattr(Clocks(), clock)
            return assumed
        if rng is not None:
            chosen = rng.integers(0, len(hours), len(hours))
            hours, done = hours[chosen], done[chosen]
            if not done.any():
                hours, done = self.clocks[clock]
        pmf = empirical_delay(hours, done).pmf
        at = np.arange(len(pmf)) + 0.5
        mean = float(pmf @ at)
        sd = max(float(pmf @ (at - mean) ** 2), 0.0) ** 0.5
        return Duration(mean, sd)

    def is_measured(self, clock: str) -> bool:
        """Return whether enough records say how long a step takes."""
        return int(self.clocks[clock][1].sum()) >= FEWEST

    @property
    def follow_up_coverage(self) -> float | None:
        """The share of due visits to contacts that were made; None where too few were due."""
        done, due = self.follow_up
        return max(done / due, 0.05) if due >= FEWEST else None

    def told(self) -> dict[str, Any]:
        """Return the inputs as they are kept and shown: each with how many records it rests on."""
        clocks = {}
        for name, (hours, done) in self.clocks.items():
            found = self.duration(name)
            clocks[name] = {
                "mean": round(found.mean, 1),
                "sd": round(found.sd, 1),
                "n": len(hours),
                "n_done": int(done.sum()),
                "is_measured": self.is_measured(name),
            }
        return {
            "days": DAYS,
            "clocks": clocks,
            "follow_up": {"done": self.follow_up[0], "due": self.follow_up[1]},
            "beds": self.beds,
            "recent_cases": self.recent_cases,
            "residents": self.residents,
        }


def measure(place: Place, disease: str, at: datetime) -> Inputs:
    """Read the inputs of an area from the records of the last `DAYS` days."""
    since = start_of(local_day(at) - timedelta(days=DAYS))
    cases = Case.objects.filter(disease=disease, path__within=place.path)
    confirmed = cases.filter(confirmed_at__gte=since, confirmed_at__lte=at)
    due = Task.objects.filter(
        duty="contacts.observe", path__within=place.path, due_at__gte=at - RECENT, due_at__lte=at
    ).exclude(status=Status.VOID)
    beds = Bed.objects.filter(
        Q(until_at__isnull=True) | Q(until_at__gt=at), ward__path__within=place.path, from_at__lte=at
    )
    return Inputs(
        clocks={
            "visit": _hours(_to_report(confirmed), at),
            "laboratory": _hours(_to_result(place, disease, since, at), at),
            "investigation": _hours(_to_investigation(confirmed), at),
            "tracing": _hours(_to_contact(place, disease, since), at),
        },
        follow_up=(due.filter(status=Status.DONE).count(), due.count()),
        beds=beds.count(),
        recent_cases=cases.filter(confirmed_at__gte=at - RECENT, confirmed_at__lte=at).count(),
        residents=residents_of(place),
    )


def residents_of(place: Place) -> int:
    """Return the residents of a place: its own number, else the sum of the next level below that has one; 0 if none has."""
    if place.population:
        return int(place.population)
    for level in range(place.level + 1, Level.CELL + 1):
        rows = Place.objects.filter(path__within=place.path, level=level, population__isnull=False)
        total = sum(rows.values_list("population", flat=True))
        if total:
            return int(total)
    return 0


def _to_report(cases: Any) -> list[tuple[datetime, datetime | None]]:
    rows = cases.filter(onset_on__isnull=False, reported_at__isnull=False)
    noon = timedelta(hours=12)
    return [(start_of(on) + noon, at) for on, at in rows.values_list("onset_on", "reported_at")]


def _to_result(
    place: Place, disease: str, since: datetime, at: datetime
) -> list[tuple[datetime, datetime | None]]:
    rows = Result.objects.current().filter(
        case__disease=disease,
        case__path__within=place.path,
        sample__received_at__gte=since,
        occurred_at__lte=at,
    )
    return list(rows.values_list("sample__received_at", "occurred_at"))


def _to_investigation(cases: Any) -> list[tuple[datetime, datetime | None]]:
    first = (
        Investigation.objects.filter(case_id=OuterRef("pk"), superseded_at__isnull=True)
        .order_by()
        .values(_one=F("pk") * 0)
        .annotate(first=Min("occurred_at"))
        .values("first")
    )
    rows = cases.annotate(done=Subquery(first, output_field=MomentField(null=True)))
    return list(rows.values_list("confirmed_at", "done"))


def _to_contact(place: Place, disease: str, since: datetime) -> list[tuple[datetime, datetime | None]]:
    rows = Contact.objects.filter(disease=disease, path__within=place.path, named_at__gte=since)
    return list(rows.exclude(status="cancelled").values_list("named_at", "notified_at"))


def _hours(rows: Sequence[tuple[datetime, datetime | None]], at: datetime) -> Measured:
    """Return the hours from begin to end of each, up to now where there is no end; impossible ones are left out."""
    spans = [((end or at) - begin).total_seconds() / 3600 for begin, end in rows]
    done = np.array([end is not None for _, end in rows], dtype=np.bool_)
    hours = np.array(spans, dtype=np.float64)
    kept = (hours >= 0) & (hours <= _LONGEST_HOURS)
    return hours[kept], done[kept]
