"""The four "alls" as flows: who should be tested, in a bed, seen and treated, who is, and which cases had been known contacts.

A case is owed a test and a bed from the day it is suspected or confirmed until it is excluded, discharged or over
(应检尽检、应收尽收). A severe or critical patient is owed a bed as treatment (应治尽治); a contact under observation is owed
a look each day (应隔尽隔). What is done stays done until the case leaves. From the side of the cases: who among the newly
confirmed had been a contact before.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import F, Q

from lianfang.care.models import Departure, Stay
from lianfang.cases.models import Outcome, Sample, StatusChange
from lianfang.common.clock import site_zone
from lianfang.contacts.models import Contact, Observation, Seen
from lianfang.contacts.models import FollowUp as Following
from lianfang.regions.reading import Where, unit_of

Flow = tuple[str, int, str, int, int]  # in the order of vocabulary.FLOWS
Since = tuple[int, int]  # the day, and since when it is known
_EPOCH = date(1970, 1, 1).toordinal()
_OWED = {"suspected", "probable", "confirmed", "asymptomatic"}
_OVER = ("recovered", "died")
_NEVER: Since = (1 << 30, 1 << 40)


@dataclass(kw_only=True)
class Owed:
    """One stretch of a case: from when and to when it is owed a test and a bed."""

    place: str
    since: Since
    until: Since = _NEVER


def covered_flows(disease: str, where: Where, stands_at: Any, later_stands_at: Any) -> Iterator[Flow]:
    """Yield the flows of coverage of an area; the expressions say where a case counts, and where a contact's later case does."""
    in_area = where("case__path") & Q(case__disease=disease)
    stretches = _stretches(in_area, stands_at)
    for measure, done in (("tested", _first(Sample, in_area)), ("in_bed", _first(Stay, in_area))):
        yield from _met(stretches, measure, done)
    yield from _owed(stretches)
    yield from _seen(disease, where)
    yield from _listed_contacts(disease, where, later_stands_at)


def first_beds(disease: str, where: Where) -> dict[int, Since]:
    """Return since when each case has had a bed."""
    return _first(Stay, where("case__path") & Q(case__disease=disease))


def _stretches(in_area: Q, stands_at: Any) -> dict[int, list[Owed]]:
    zone = site_zone()
    found: dict[int, list[Owed]] = defaultdict(list)
    rows = StatusChange.objects.filter(in_area).order_by("case_id", "pk")
    for case, place, before, after, at in rows.values_list(
        "case_id", stands_at, "before", "after", "at"
    ).iterator(chunk_size=10_000):
        now = (_day(at, zone), int(at.timestamp()))
        if after in _OWED and before not in _OWED:
            found[case].append(Owed(place=place, since=now))
        elif before in _OWED and after not in _OWED and found[case]:
            found[case][-1].until = now
    for case, left in _left(in_area).items():
        for one in found.get(case, ()):
            if one.since[0] <= left[0] < one.until[0]:
                one.until = left
    return found


def _left(in_area: Q) -> dict[int, Since]:
    """Return when each case was discharged or over, whichever came first, by what holds now."""
    zone = site_zone()
    found: dict[int, Since] = {}
    outcomes = Outcome.objects.current().filter(in_area, kind__in=_OVER)
    for case, on, at, known in outcomes.values_list("case_id", "on", "occurred_at", "recorded_at").iterator():
        day = on.toordinal() - _EPOCH if on else _day(at, zone)
        found[case] = min(found.get(case, _NEVER), (day, int(known.timestamp())))
    gone = Departure.objects.current().filter(in_area, how__in=("discharged", "died"))
    for case, at, known in gone.values_list("case_id", "occurred_at", "recorded_at").iterator():
        found[case] = min(found.get(case, _NEVER), (_day(at, zone), int(known.timestamp())))
    return found


def _first(model: Any, in_area: Q) -> dict[int, Since]:
    zone = site_zone()
    found: dict[int, Since] = {}
    rows = model.objects.current().filter(in_area)
    for case, at, known in rows.values_list("case_id", "occurred_at", "recorded_at").iterator():
        found[case] = min(found.get(case, _NEVER), (_day(at, zone), int(known.timestamp())))
    return found


def _owed(stretches: dict[int, list[Owed]]) -> Iterator[Flow]:
    for case in stretches.values():
        for one in case:
            yield from _between(one.place, "owed", one.since, one.until)


def _met(stretches: dict[int, list[Owed]], measure: str, done: dict[int, Since]) -> Iterator[Flow]:
    for number, case in stretches.items():
        first = done.get(number)
        for one in case if first is not None else ():
            yield from _between(one.place, measure, latest(one.since, first or _NEVER), one.until)


def latest(one: Since, other: Since) -> Since:
    """Return the day from which both hold, and since when that is known."""
    return max(one[0], other[0]), max(one[1], other[1])


def _between(place: str, measure: str, since: Since, until: Since) -> Iterator[Flow]:
    if since[0] < until[0]:
        yield place, since[0], measure, 1, since[1]
        if until != _NEVER:
            yield place, until[0], measure, -1, max(since[1], until[1])


def _seen(disease: str, where: Where) -> Iterator[Flow]:
    """Yield each contact under observation on each day on which somebody saw them, known since the first look.

    Only days on which they are counted as under observation: who was seen and released on one day left on it.
    """
    zone = site_zone()
    first: dict[
        tuple[str, int, date], tuple[str, int]
    ] = {}  # a person who is observed for several cases counts once in a county
    rows = Observation.objects.current().filter(
        where("contact__path"),
        contact__disease=disease,
        contact__visit_until_on__gte=F("on"),
        contact__observe_from_on__lte=F("on"),
        seen__in=(Seen.SEEN_OK, Seen.SEEN_NOT_OK),
    )
    columns = ("contact__person_id", "on", "contact__path", "recorded_at", "contact__named_at", "contact__status", "contact__status_at")  # fmt: skip
    ordered = rows.order_by("recorded_at", "pk").values_list(*columns)
    for person, on, place, at, named_at, status, status_at in ordered.iterator(chunk_size=10_000):
        closed = status != Following.UNDER and status_at is not None
        if on < named_at.astimezone(zone).date() or (closed and on >= status_at.astimezone(zone).date()):
            continue
        known = int(at.timestamp())
        key = (unit_of(place), person, on)
        if key not in first or known < first[key][1]:
            first[key] = (place, known)
    for (_, _, on), (place, known) in first.items():
        yield place, on.toordinal() - _EPOCH, "seen", 1, known


def _listed_contacts(disease: str, where: Where, stands_at: Any) -> Iterator[Flow]:
    """Yield each confirmed case that had been a contact, on the day of its diagnosis."""
    zone = site_zone()
    rows = Contact.objects.filter(
        where("case_later__path"),
        disease=disease,
        case_later__disease=disease,
        case_later__classification="confirmed",
        case_later__confirmed_at__isnull=False,
        named_at__lte=F("case_later__confirmed_at"),
    )
    seen = set()
    for case, place, confirmed_at in rows.order_by("named_at", "pk").values_list(
        "case_later_id", stands_at, "case_later__confirmed_at"
    ):
        if case not in seen:
            seen.add(case)
            yield place, _day(confirmed_at, zone), "listed", 1, int(confirmed_at.timestamp())


def _day(at: datetime, zone: Any) -> int:
    return at.astimezone(zone).toordinal() - _EPOCH
