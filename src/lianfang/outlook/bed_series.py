"""Beds occupied day by day, and beds there will be, by area, kind and level: what the outlook of beds is computed from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from django.conf import settings
from django.db.models import BigIntegerField, Count, Exists, ExpressionWrapper, F, OuterRef, Q, Value
from numpy.typing import NDArray

from lianfang.care.models import Bed, BedTally, Departure, Stay
from lianfang.cases.models import Case, StatusChange

StayRow = tuple[str, str, int, int, int | None]  # path, kind, level, begun, ended
Key = tuple[str, str, int | None]  # path of the area, kind of bed, level of care
_DAY = timedelta(days=1)
_SECONDS = 86_400
_COUNTY = 3


@dataclass
class BedSeries:
    """Census at the same hour of each day up to now, beds usable now and on the days to come, new confirmed cases.

    `leaves` are the areas that hold no other area of the study: what is learnt is learnt from each bed once.
    """

    days: int
    ahead: int
    areas_of: Callable[[str], list[str]]
    census: dict[Key, NDArray[np.float64]] = field(default_factory=dict)
    capacity: dict[Key, NDArray[np.float64]] = field(default_factory=dict)
    cases: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    leaves: set[str] = field(default_factory=set)
    n_stays: int = 0
    n_tallies: int = 0
    n_old: int = 0  # tallies in use that are more than three days old
    told_from: int = 0  # the first day of which anything is on file

    def others(self, keys: Sequence[Key]) -> NDArray[np.float64]:
        """Return for each key the census of all other beds of its area, (days, keys): what fills them may come here next, or the reverse."""
        whole: dict[str, NDArray[np.float64]] = {}
        for (path, _, _), series in self.census.items():
            whole[path] = whole[path] + series if path in whole else series
        return np.stack([whole[key[0]] - self.census[key] for key in keys], axis=1)


def read_series(
    path: str,
    at: datetime,
    *,
    days: int,
    ahead: int,
    areas: Callable[[str], list[str]] | None = None,
    known_by: datetime | None = None,
) -> BedSeries:
    """Return the series of an area and of the areas in it; seven queries, however many beds.

    With `known_by` as the system knew then: a stay or its end that was told later does not count, nor what was withdrawn since
    is missing. Beds themselves are as they are now. `areas` gives the areas that are told apart and in which a path counts, the smallest last; by default those of the
    study of `path`.
    """
    made = BedSeries(days=days, ahead=ahead, areas_of=areas or partial(areas_of, path))
    moments = np.array([(at - (days - 1 - n) * _DAY).timestamp() for n in range(days)])
    stays = _stays(path, at, known_by, days)
    tallies = BedTally.objects.current() if known_by is None else BedTally.objects.as_known(known_by)
    first = [_from_stays(made, stays, moments), _from_tallies(made, tallies, path, moments, at)]
    told = [day for day in first if day is not None]
    made.told_from = min(told, default=days)
    _capacity_of_beds(made, path, at)
    _cases(made, path, moments, at, known_by)
    return made


def areas_of(study_path: str, path: str) -> list[str]:
    """Return the areas of a study in which a path counts: the study's own, and those that it tells apart.

    A study at the site's level tells its parts apart down to the county; one above it, its direct parts.
    """
    parts = path.rstrip(".").split(".")
    level = len(study_path.rstrip(".").split(".")) - 1
    deepest = _COUNTY if level >= settings.OUTLOOK_LEVEL else level + 1
    return [".".join(parts[: n + 1]) + "." for n in range(level, min(deepest, len(parts) - 1) + 1)]


def _add(
    table: dict[Key, NDArray[np.float64]], made: BedSeries, path: str, bed: tuple[str, int], row: Any
) -> None:
    """Add a series of a bed of (kind, level) to every area in which its place lies."""
    areas = made.areas_of(path)
    made.leaves.add(areas[-1])
    for area in areas:
        key = (area, *bed)
        table[key] = table[key] + row if key in table else np.asarray(row, dtype=np.float64).copy()


def _stays(path: str, at: datetime, known_by: datetime | None, days: int) -> list[StayRow]:
    """Return the stays that lay in the days, each with its end, as they were known.

    A stay's end is a column of it, told by a departure or by the stay that follows: it was known since that was recorded.
    """
    stays = Stay.objects.current() if known_by is None else Stay.objects.as_known(known_by)
    told_later, gone_since = (set(), {}) if known_by is None else _ends(known_by)
    since = at - days * _DAY
    lying = stays.filter(path__within=path, occurred_at__lte=at)
    if not told_later:
        lying = lying.exclude(until_at__lte=since)
    rows = lying.order_by().values_list(
        "case_id",
        _seconds("until_at"),
        "path",
        "bed__ward__kind",
        "bed__ward__level",
        _seconds("occurred_at"),
    )
    found = []
    for case, until, where, kind, level, begun in rows:
        ended = None if (case, until) in told_later else until
        left = [moment for moment in gone_since.get(case, ()) if begun <= moment]
        ended = min(left) if ended is None and left else ended
        if ended is None or ended > since.timestamp():
            found.append((where, kind, level, begun, ended))
    return found


def _ends(known_by: datetime) -> tuple[set[tuple[int, int]], dict[int, list[int]]]:
    """Return (case, moment) of ends that were told after `known_by` only, and by case the departures that were withdrawn since."""
    told: dict[bool, set[tuple[int, int]]] = {True: set(), False: set()}
    late = [model.objects.filter(recorded_at__gt=known_by).values("case") for model in (Departure, Stay)]
    for model in (Departure, Stay):
        rows = model.objects.filter(Q(case__in=late[0]) | Q(case__in=late[1]))
        for case, moment, known in rows.values_list("case_id", _seconds("occurred_at"), "recorded_at"):
            told[known > known_by].add((case, moment))
    withdrawn: dict[int, list[int]] = {}
    rows = Departure.objects.filter(recorded_at__lte=known_by, superseded_at__gt=known_by)
    for case, moment in rows.values_list("case_id", _seconds("occurred_at")):
        withdrawn.setdefault(case, []).append(moment)
    return told[True] - told[False], withdrawn


def _from_stays(made: BedSeries, found: list[StayRow], moments: NDArray[np.float64]) -> int | None:
    made.n_stays = len(found)
    changes: dict[tuple[str, str, int], NDArray[np.float64]] = {}
    first = made.days
    for where, kind, level, begun, ended in found:
        change = changes.setdefault((where, kind, level), np.zeros(made.days + 1))
        start = int(np.searchsorted(moments, begun))
        change[start] += 1
        change[made.days if ended is None else int(np.searchsorted(moments, ended))] -= 1
        first = min(first, start)
    for (where, kind, level), change in changes.items():
        _add(made.census, made, where, (kind, level), np.cumsum(change[:-1]))
    return first if found else None


def _from_tallies(
    made: BedSeries, tallies: Any, path: str, moments: NDArray[np.float64], at: datetime
) -> int | None:
    """Carry each facility's last tally on, and its first one back: that it began to tell is not that patients came."""
    rows = (
        tallies.filter(path__within=path, occurred_at__lte=at)
        .order_by("occurred_at", "pk")
        .values_list(
            "path", "unit_id", "place_id", "kind", "level", "usable", "occupied", _seconds("occurred_at")
        )
    )
    told: dict[Any, list[tuple[float, int | None, int]]] = {}
    for where, unit, place, kind, level, usable, occupied, moment in rows:
        told.setdefault((where, unit or -place, kind, level), []).append((moment, usable, occupied))
    made.n_tallies = sum(map(len, told.values()))
    first, old = made.days, 0
    for (where, _, kind, level), counted in told.items():
        when, usable, occupied = (np.array(column) for column in zip(*counted, strict=True))
        latest = np.maximum(np.searchsorted(when, moments, side="right") - 1, 0)
        _add(made.census, made, where, (kind, level), occupied[latest])
        if usable[-1] is not None:
            _add(made.capacity, made, where, (kind, level), np.full(made.ahead + 1, float(usable[-1])))
        first = min(first, int(np.searchsorted(moments, when[0])))
        old += bool(moments[-1] - when[-1] > 3 * _DAY.total_seconds())
    made.n_old = old
    return first if told else None


def _capacity_of_beds(made: BedSeries, path: str, at: datetime) -> None:
    days = np.array([(at + n * _DAY).timestamp() for n in range(made.ahead + 1)])
    rows = (
        Bed.objects.filter(
            ward__path__within=path, ward__closed_at__isnull=True, from_at__lte=at + made.ahead * _DAY
        )
        .exclude(until_at__lte=at)
        .order_by()
        .values_list("ward__path", "ward__kind", "ward__level", "from_at", "until_at")
    )
    open_beds: dict[tuple[str, str, int], NDArray[np.float64]] = {}
    for where, kind, level, begun, ended in rows:
        is_open = days >= begun.timestamp()
        if ended is not None:
            is_open &= days < ended.timestamp()
        open_beds[where, kind, level] = open_beds.get((where, kind, level), np.zeros(len(days))) + is_open
    for (where, kind, level), count in open_beds.items():
        _add(made.capacity, made, where, (kind, level), count)
        _add(made.census, made, where, (kind, level), np.zeros(made.days))


def _cases(
    made: BedSeries, path: str, moments: NDArray[np.float64], at: datetime, known_by: datetime | None
) -> None:
    since = at - made.days * _DAY
    rows = Case.objects.filter(path__within=path, confirmed_at__gt=since, confirmed_at__lte=at).order_by()
    if known_by is not None:
        told = StatusChange.objects.filter(case=OuterRef("pk"), after="confirmed", at__lte=known_by)
        rows = rows.filter(Exists(told))
    second = _seconds("confirmed_at") - Value(int(moments[0])) + Value(_SECONDS - 1)
    day = ExpressionWrapper(second / Value(_SECONDS), output_field=BigIntegerField())
    for where, n, count in rows.annotate(_n=day).values_list("path", "_n").annotate(Count("pk")):
        for area in made.areas_of(where):
            made.cases.setdefault(area, np.zeros(made.days))[n] += count


def _seconds(name: str) -> Any:
    """Return a moment as the epoch seconds that the column holds: making dates of them would cost more than the query."""
    return ExpressionWrapper(F(name), output_field=BigIntegerField())
