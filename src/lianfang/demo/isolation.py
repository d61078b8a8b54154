"""Where the contacts of the demo world are isolated: a hotel in each county, else at home, with what they are brought."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from lianfang.common.clock import local_day
from lianfang.contacts.models import (
    Attendance,
    Bed,
    Contact,
    FollowUp,
    IsolationSite,
    Liaison,
    Room,
    Stay,
    Supply,
)
from lianfang.contacts.rules import confinement
from lianfang.contacts.services.isolating import needs_by_age
from lianfang.core.registry.models import Level, Place
from lianfang.loop.touch import touch

_DAY = timedelta(days=1)
_ROOMS = 10
# Of every five people two go to the hotel. What is missing is of the last day and a half: of every seven people one is
# not placed yet, one in four who need it has nobody named, and one delivery or call in eight has not come.
_CENTRAL, _UNPLACED, _UNNAMED, _MISSED = (0, 1), 6, 3, 7
_LATELY = timedelta(hours=36)


def isolate(*, at: datetime) -> int:
    """Place the people who were told, in the order in which they were; return how many. Bulk writes, then one touch."""
    rows = Contact.objects.filter(
        notified_at__isnull=False, visit_until_on__isnull=False, is_confined=True
    ).select_related("person", "place")
    contacts = sorted(rows, key=lambda c: (c.notified_at, c.pk))
    beds = _hotels(min((c.notified_at for c in contacts), default=at) - _DAY)
    held: set[int] = set()
    stays = []
    for n, contact in enumerate(contacts):
        lately = contact.notified_at > at - _LATELY
        if (lately and n % 7 == _UNPLACED) or contact.person_id in held:
            continue
        held.add(contact.person_id)
        county = contact.path.split(".")[3]
        bed = beds[county].pop() if n % 5 in _CENTRAL and beds.get(county) else None
        stays.append(_stay(contact, bed))
    Stay.objects.bulk_create(stays, batch_size=500)
    Liaison.objects.bulk_create(_liaisons(stays, at), batch_size=500)
    Supply.objects.bulk_create(_supplies(stays, at), batch_size=500)
    Attendance.objects.bulk_create(_attendances(stays, at), batch_size=500)
    touch(Stay, [stay.pk for stay in stays], at=at)
    touch(Contact, [contact.pk for contact in contacts], at=at)
    return len(stays)


def _hotels(from_at: datetime) -> dict[str, list[Bed]]:
    free = {}
    for county in Place.objects.filter(level=Level.COUNTY):
        site = IsolationSite.objects.create(
            name=f"{county.name}集中隔离点", kind="hotel", place=county, path=county.path
        )
        rooms = Room.objects.bulk_create(Room(site=site, label=f"{301 + n}") for n in range(_ROOMS))
        free[county.code] = Bed.objects.bulk_create(Bed(room=room, from_at=from_at) for room in rooms)
    return free


def _stay(contact: Any, bed: Bed | None) -> Stay:
    begins = contact.notified_at
    edition, rule = confinement(local_day(begins))
    needs = [str(need) for need in needs_by_age(contact.person, begins)]
    over = contact.status in (FollowUp.COMPLETED, FollowUp.BECAME_CASE) and contact.status_at > begins
    ends = contact.status_at if over else None
    place = bed.room.site.place if bed else contact.place
    return Stay(
        person=contact.person, contact=contact, kind="central" if bed else "home", bed=bed, place=place,
        path=place.path, residence_path=contact.person.path, occurred_at=begins, recorded_at=begins,
        from_on=local_day(begins), until_at=ends, until_on=local_day(ends) if ends else None, needs=needs,
        is_vulnerable=bool(needs), edition=edition, attend_every=rule.attend_every_days,
        supply_every=rule.supply_every_days,
    )  # fmt: skip


def _liaisons(stays: list[Stay], at: datetime) -> Iterator[Liaison]:
    for n, stay in enumerate(s for s in stays if s.is_vulnerable):
        if n % 4 != _UNNAMED or stay.occurred_at < at - _LATELY:
            begins = stay.occurred_at + timedelta(hours=3)
            yield Liaison(stay=stay, name=f"网格员{n + 1}", occurred_at=begins, recorded_at=begins)


def _days(stay: Stay, every: int, at: datetime) -> Iterator[datetime]:
    moment = stay.occurred_at + _DAY
    while moment < min(stay.until_at or at, at):
        yield moment
        moment += every * _DAY


def _supplies(stays: list[Stay], at: datetime) -> Iterator[Supply]:
    for n, stay in enumerate(s for s in stays if s.kind == "home"):
        for k, moment in enumerate(_days(stay, stay.supply_every, at)):
            if (n + k) % 8 != _MISSED or moment < at - _LATELY:
                yield Supply(
                    stay=stay,
                    on=local_day(moment),
                    what="蔬菜、米面、药品",
                    occurred_at=moment,
                    recorded_at=moment,
                )


def _attendances(stays: list[Stay], at: datetime) -> Iterator[Attendance]:
    for n, stay in enumerate(s for s in stays if s.is_vulnerable):
        for k, moment in enumerate(_days(stay, stay.attend_every, at)):
            if (n + k) % 8 != _MISSED or moment < at - _LATELY:
                yield Attendance(
                    stay=stay, on=local_day(moment), how="call", occurred_at=moment, recorded_at=moment
                )
