"""What has happened in an area, as flows (`vocabulary.FLOWS`) read from the facts: who came, who left, on which day, known when.

A confirmed case stands on the day of its diagnosis, whenever the system heard of it. It counts where it is managed, and
below that where the person lives if they live there: so a township has the cases that its county works on. Figures that an area published
(`Published`) stand in where no case of the area is on file: so history without line lists runs through the same sums.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from django.db.models import BigIntegerField, Exists, ExpressionWrapper, F, OuterRef, Q, When
from django.db.models import Case as Either

from lianfang.care.models import Departure, PathwayChange, Stay
from lianfang.cases.models import Case, Outcome, StatusChange
from lianfang.common.clock import site_zone
from lianfang.contacts.models import Contact
from lianfang.contacts.models import FollowUp as Following
from lianfang.loop.models import Decision, Judgement
from lianfang.outlook.clusters import FINDING as CLUSTER
from lianfang.outlook.models import Focus
from lianfang.regions.covered import covered_flows, first_beds, latest
from lianfang.regions.models import Published
from lianfang.regions.reading import Where, below, units, whole
from lianfang.regions.vocabulary import FLOWS

Flow = tuple[str, int, str, int, int]  # in the order of FLOWS
Stated = tuple[int, int, int, int | None]  # day, count, known, superseded
_EPOCH = date(1970, 1, 1).toordinal()
_SUSPECTED = {"suspected", "probable"}
_LEFT = {"observed", "released", "died", "excluded"}
_SERIOUS = {"severe", "critical"}
_CUMULATIVE = ("confirmed", "cured", "died")


def number_of(day: date) -> int:
    """Return a day as days since 1970."""
    return day.toordinal() - _EPOCH


def day_of(number: int) -> date:
    """Return the day of a number of days since 1970."""
    return date.fromordinal(number + _EPOCH)


def flows_of(disease: str, path: str, only: Collection[str] = ()) -> pa.Table:
    """Return all flows of a disease in an area, added up over equal (path, day, measure, known); a dozen queries.

    With `only`, those of these units of it (`reading.unit_of`). All flows of a unit come from it, and lie in it.
    """
    summed: dict[tuple[str, int, str, int], int] = defaultdict(int)
    where = units(only) if only else whole(path)
    plain, others = _published(disease, where, below(only) if only else where)
    for place, day, measure, n, known in (*_all(disease, where), *others):
        summed[place, day, measure, known] += n
    rows = [(*key, n) for key, n in sorted(summed.items()) if n]
    columns = list(zip(*rows, strict=True)) or [()] * 5
    by_name = dict(zip(("path", "day", "measure", "known", "n"), columns, strict=True))
    table = pa.table({field.name: pa.array(by_name[field.name], field.type) for field in FLOWS}, schema=FLOWS)
    return pa.concat_tables([table, *plain])


def _all(disease: str, where: Where) -> Iterator[Flow]:
    yield from _classified(disease, where)
    yield from _outcomes(disease, where)
    yield from _hospital(disease, where)
    yield from _severity(disease, where)
    yield from _observation(disease, where)
    yield from _clusters(disease, where)
    yield from covered_flows(disease, where, _stands_at("case__"), _stands_at("case_later__"))


def _stands_at(case: str = "") -> Either:
    """Return where a case counts: its home where that lies in the area that manages it, else that area."""
    home, path = F(f"{case}residence_path"), F(f"{case}path")
    return Either(When(**{f"{case}residence_path__startswith": path}, then=home), default=path)


def _classified(disease: str, where: Where) -> Iterator[Flow]:
    zone = site_zone()
    rows = StatusChange.objects.filter(where("case__path"), case__disease=disease).order_by("case_id", "pk")
    stood: dict[tuple[int, str], int] = {}
    columns = rows.values_list(
        "case_id", _stands_at("case__"), "case__confirmed_at", "case__onset_on", "before", "after", "at"
    )
    for case, place, confirmed_at, onset_on, before, after, at in columns.iterator(chunk_size=10_000):
        known = int(at.timestamp())
        today = _day(at, zone)
        for measure in ("confirmed", "asymptomatic"):
            if after == measure != before:
                stood[case, measure] = _day(confirmed_at, zone) if confirmed_at else today
                yield place, stood[case, measure], measure, 1, known
            elif before == measure != after:
                yield place, stood.pop((case, measure), today), measure, -1, known
        if onset_on is not None and (after == "confirmed") != (before == "confirmed"):
            yield place, number_of(onset_on), "onset", 1 if after == "confirmed" else -1, known
        entered, left = after in _SUSPECTED, before in _SUSPECTED
        if entered != left:
            yield place, today, "suspected", int(entered) - int(left), known


def _outcomes(disease: str, where: Where) -> Iterator[Flow]:
    zone = site_zone()
    rows = Outcome.objects.filter(
        where("case__path"),
        case__disease=disease,
        case__classification="confirmed",
        kind__in=("recovered", "died"),
    )
    measures = {"recovered": "cured", "died": "died"}
    columns = (_stands_at("case__"), "kind", "on", "occurred_at", "recorded_at", "superseded_at")
    for place, kind, on, occurred_at, recorded_at, gone_at in rows.values_list(*columns).iterator():
        day = number_of(on) if on else _day(occurred_at, zone)
        yield from _while(place, day, measures[kind], recorded_at, gone_at)


def _hospital(disease: str, where: Where) -> Iterator[Flow]:
    """Yield admissions (the first bed of a case) and discharges, in the area of the case."""
    zone = site_zone()
    in_area = where("case__path") & Q(case__disease=disease)
    stays = Stay.objects.filter(in_area, superseded_at=None).order_by("case_id", "occurred_at")
    seen = set()
    for case, place, at, known in stays.values_list(
        "case_id", _stands_at("case__"), "occurred_at", "recorded_at"
    ).iterator():
        if case not in seen:
            seen.add(case)
            yield place, _day(at, zone), "admitted", 1, int(known.timestamp())
    gone = Departure.objects.filter(in_area, how="discharged")
    for place, at, known, ended in gone.values_list(
        _stands_at("case__"), "occurred_at", "recorded_at", "superseded_at"
    ).iterator():
        yield from _while(place, _day(at, zone), "discharged", known, ended)


def _severity(disease: str, where: Where) -> Iterator[Flow]:
    """Yield who became severe or critical and who no longer is, by the changes of each pathway."""
    zone = site_zone()
    rows = PathwayChange.objects.filter(where("case__path"), case__disease=disease).order_by("case_id", "pk")
    level: dict[int, str] = {}
    # How ill, by the last change; what is told of one who has left, as of an archive, counts for no day.
    told: dict[int, str] = {}
    gone: set[int] = set()
    beds = first_beds(disease, where)
    serious: dict[int, tuple[int, int]] = {}  # since when a case that got a bed counts as treated
    for case, place, what, after, at in rows.values_list(
        "case_id", _stands_at("case__"), "what", "after", "at"
    ).iterator():
        if what == "severity":
            told[case] = after
        elif after in _LEFT:
            gone.add(case)
        else:
            gone.discard(case)
        now = "" if case in gone else told.get(case, "")
        before = level.get(case, "")
        level[case] = now
        for measure in ("severe", "critical"):
            if (now == measure) != (before == measure):
                yield place, _day(at, zone), measure, 1 if now == measure else -1, int(at.timestamp())
        here = (_day(at, zone), int(at.timestamp()))
        if now in _SERIOUS and before not in _SERIOUS and case in beds:
            serious[case] = latest(here, beds[case])
            yield place, serious[case][0], "treated", 1, serious[case][1]
        elif before in _SERIOUS and now not in _SERIOUS and case in serious:
            since = serious.pop(case)
            yield place, max(here[0], since[0]), "treated", -1, max(here[1], since[1])


def _observation(disease: str, where: Where) -> Iterator[Flow]:
    """Yield who came under observation and who left it; a person observed for several cases counts once."""
    zone = site_zone()
    rows = Contact.objects.filter(
        where("path"), disease=disease, visit_until_on__isnull=False, observe_from_on__isnull=False
    )
    columns = ("path", "observe_from_on", "visit_until_on", "named_at", "status", "status_at")
    for place, from_on, until_on, named_at, status, status_at in rows.values_list(*columns).iterator():
        known = int(named_at.timestamp())
        first = max(number_of(from_on), _day(named_at, zone))
        last = number_of(until_on) + 1
        closed = status != Following.UNDER and status_at is not None
        if closed:
            last = min(last, _day(status_at, zone))
        if last > first:
            yield place, first, "observed", 1, known
            yield place, last, "observed", -1, int(status_at.timestamp()) if closed else known


def _clusters(disease: str, where: Where) -> Iterator[Flow]:
    """Yield each confirmed case of a cluster on its day, once, as far as no person dismissed the cluster."""
    zone = site_zone()
    newest = Judgement.objects.filter(
        finding__kind=CLUSTER, finding__subject="outlook.Focus", finding__subject_id=OuterRef("pk")
    ).order_by("-pk")
    dismissed = newest.filter(decision=Decision.DISMISSED)
    rows = Focus.objects.filter(
        where("cases__path"),
        ~Q(Exists(dismissed)),
        disease=disease,
        is_cluster=True,
        cases__classification="confirmed",
        cases__confirmed_at__isnull=False,
    )
    seen = set()
    columns = ("cases__pk", _stands_at("cases__"), "cases__confirmed_at", "identified_at", "gone_at")
    for case, place, confirmed_at, known, gone_at in rows.order_by("identified_at", "pk").values_list(
        *columns
    ):
        if case not in seen:
            seen.add(case)
            yield from _while(place, _day(confirmed_at, zone), "cluster", known, gone_at)


def _published(disease: str, where: Where, counted_in: Where) -> tuple[list[pa.Table], list[Flow]]:
    """Return the steps of published cumulative counts, from one stated day to the next, where no case is on file.

    Counts of an area that came day by day and were never corrected are taken off each other as arrays, all others by
    `steps`: both give the same.
    """
    stated = (*_CUMULATIVE, "suspected")
    rows = Published.objects.filter(where("path"), disease=disease).order_by("path", "on", "recorded_at")
    columns = list(
        zip(
            *rows.values_list(
                "path", "on", _seconds("recorded_at"), _seconds("superseded_at"), *stated
            ).iterator(chunk_size=10_000),
            strict=True,
        )
    )
    plain: list[pa.Table] = []
    others: list[Flow] = []
    if not columns:
        return plain, others
    day = np.array([on.toordinal() for on in columns[1]], dtype=np.int64) - _EPOCH
    known, gone = np.array(columns[2], dtype=np.int64), np.array(columns[3], dtype=np.float64)
    values = np.array(columns[4:], dtype=np.float64)
    places = pa.array(columns[0]).dictionary_encode()
    starts = np.searchsorted(places.indices.to_numpy(), np.arange(len(places.dictionary) + 1))
    cases = Case.objects.filter(counted_in("path"), disease=disease)
    counted = set(cases.values_list(_stands_at(), flat=True).distinct())
    for place, start, stop in zip(places.dictionary.to_pylist(), starts, starts[1:], strict=False):
        if any(one.startswith(place) for one in counted):
            continue
        here = slice(start, stop)
        is_plain = (
            np.isnan(gone[here]).all()
            and (np.diff(day[here]) > 0).all()
            and (np.diff(known[here]) >= 0).all()
        )
        for measure, series in zip(stated, values[:, here], strict=True):
            is_said = ~np.isnan(series)
            when, counts, moments = day[here][is_said], series[is_said].astype(np.int64), known[here][is_said]
            if is_plain:
                plain.append(_table_of(place, measure, when, np.diff(counts, prepend=0), moments))
            else:
                ends = [None if np.isnan(one) else int(one) for one in gone[here][is_said]]
                told = list(zip(when.tolist(), counts.tolist(), moments.tolist(), ends, strict=True))
                others += [(place, on, measure, n, moment) for on, n, moment in steps(told)]
    return plain, others


def _table_of(place: str, measure: str, day: Any, change: Any, known: Any) -> pa.Table:
    some = change != 0
    n = int(some.sum())
    columns = (
        pa.repeat(pa.scalar(place), n),
        pa.array(day[some], pa.int32()),
        pa.repeat(pa.scalar(measure), n),
        pa.array(change[some], pa.int64()),
        pa.array(known[some], pa.int64()),
    )
    return pa.table(dict(zip(FLOWS.names, columns, strict=True)), schema=FLOWS)


def _seconds(name: str) -> Any:
    """Return a moment as the epoch seconds that the column holds: a million dates would cost more than their sums."""
    return ExpressionWrapper(F(name), output_field=BigIntegerField())


def steps(stated: Sequence[Stated]) -> Iterator[tuple[int, int, int]]:
    """Yield (day, change, known) of one cumulative count from what was stated for days, with corrections, in any order.

    What is stated for a day holds until the next stated day. So the sum of the changes up to a day that were known at a
    moment is the count that stood then, also where a day was filled in late, corrected or withdrawn.
    """
    acts = [(known, 1, day, value) for day, value, known, _ in stated]
    acts += [(gone, 0, day, value) for day, value, _, gone in stated if gone is not None]
    days: list[int] = []
    values: dict[int, int] = {}
    for known, is_said, day, value in sorted(acts):
        if not is_said and values.get(day) != value:
            continue  # replaced at the same moment
        at = bisect_left(days, day)
        below = values[days[at - 1]] if at else 0
        before = values.get(day, below)
        if is_said:
            if day not in values:
                days.insert(at, day)
            values[day] = after = value
        else:
            del values[day]
            days.remove(day)
            after = below
        following = bisect_right(days, day)
        if after != before:
            yield day, after - before, known
            if following < len(days):
                yield days[following], before - after, known


def _while(place: str, day: int, measure: str, known: datetime, gone: datetime | None) -> Iterable[Flow]:
    yield place, day, measure, 1, int(known.timestamp())
    if gone is not None:
        yield place, day, measure, -1, int(gone.timestamp())


def _day(at: datetime, zone: Any) -> int:
    return at.astimezone(zone).toordinal() - _EPOCH
