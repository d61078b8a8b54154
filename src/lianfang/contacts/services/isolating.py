"""Isolation: sites and their places, stays, and what people in isolation are brought."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from lianfang.common.clock import local_day
from lianfang.common.paths import code_of
from lianfang.contacts.errors import AlreadyIsolated, BedInUse, NoFreeBed, StayOver
from lianfang.contacts.events import ContactEvent
from lianfang.contacts.models import (
    Attendance,
    Bed,
    Contact,
    IsolationSite,
    Liaison,
    Need,
    Room,
    SiteKind,
    Stay,
    StayKind,
    Supply,
)
from lianfang.contacts.rules import confinement
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.intervals import refused_by
from lianfang.core.registry.models import Person, Place, Unit
from lianfang.loop.touch import touch

_PERSON_TWICE = "stay_person_once"


@transaction.atomic
def open_site(
    *,
    name: str,
    place: Place,
    by: Actor,
    at: datetime,
    kind: str = SiteKind.CENTRE,
    unit: Unit | None = None,
    name_en: str = "",
) -> IsolationSite:
    """Open a site of isolation in a place."""
    by.require(Permission.CONTACT_EDIT, place.path)
    site: IsolationSite = IsolationSite.objects.create(
        name=name, name_en=name_en, kind=kind, place=place, path=place.path, unit=unit
    )
    record(ContactEvent.SITE_OPENED, subject=site, by=by, at=at, after={"name": name})
    return site


@transaction.atomic
def add_beds(
    *, site: IsolationSite, room: str, n: int, from_at: datetime, by: Actor, at: datetime
) -> list[Bed]:
    """Add `n` places to a room from a moment on; the room is made where it is new."""
    by.require(Permission.CONTACT_EDIT, site.path)
    where, _created = Room.objects.get_or_create(site=site, label=room)
    beds = Bed.objects.bulk_create(Bed(room=where, from_at=from_at) for _ in range(n))
    after = {"room": room, "added": n, "from_at": from_at.isoformat()}
    record(ContactEvent.BEDS_CHANGED, subject=site, by=by, at=at, after=after)
    return beds


@transaction.atomic
def close_beds(*, room: Room, n: int, until_at: datetime, by: Actor, at: datetime) -> int:
    """Close `n` places of a room from a moment on: those that nobody has beyond it; BedInUse where there are too few."""
    by.require(Permission.CONTACT_EDIT, room.site.path)
    taken = Stay.objects.current().filter(bed=OuterRef("pk")).filter(_beyond(until_at))
    open_ = Bed.objects.filter(room=room, from_at__lt=until_at).filter(
        Q(until_at__isnull=True) | Q(until_at__gt=until_at)
    )
    free = list(open_.exclude(Exists(taken)).order_by("-pk").values_list("pk", flat=True)[:n])
    if len(free) < n:
        raise BedInUse(n=n - len(free), where=room.label)
    Bed.objects.filter(pk__in=free).update(until_at=until_at)
    after = {"room": room.label, "closed": n, "until_at": until_at.isoformat()}
    record(ContactEvent.BEDS_CHANGED, subject=room.site, by=by, at=at, after=after)
    return n


def _beyond(moment: datetime) -> Q:
    return Q(until_at__isnull=True) | Q(until_at__gt=moment)


@transaction.atomic
def place_contact(
    *,
    contact: Contact,
    by: Actor,
    at: datetime,
    from_at: datetime | None = None,
    site: IsolationSite | None = None,
    room: Room | None = None,
    needs: Sequence[str] = (),
) -> Stay:
    """Place a contact in a free bed of the room or site, or, where neither is given, at home.

    A stay that is running ends at `from_at`: that is a move. NoFreeBed where the site is full, whoever asks at the
    same moment; AlreadyIsolated where another stay lies in the way.
    """
    by.require(Permission.CONTACT_EDIT, contact.path)
    begins = from_at or at
    standing = Stay.objects.current().filter(person=contact.person, until_at__isnull=True).first()
    if standing is not None and standing.occurred_at < begins:
        _end(standing, begins, reason="moved", edition="", by=by, at=at)
    stay = new_stay(contact, begins, needs, by=by, at=at)
    if site is None and room is None:
        _insert(stay)
    else:
        _take_bed(stay, site or room.site, room)  # type: ignore[union-attr]
    after = {"kind": stay.kind, "from_at": begins.isoformat(), "bed": stay.bed_id}
    record(ContactEvent.PLACED, subject=stay, by=by, at=at, after=after)
    _touch(stay, at)
    return stay


def new_stay(contact: Contact, begins: datetime, needs: Sequence[str], *, by: Actor, at: datetime) -> Stay:
    """Return a stay at home that is not written yet, with what the edition in force asks for."""
    edition, rule = confinement(local_day(begins), code_of(contact.path))
    told = sorted({*needs, *needs_by_age(contact.person, begins)} & set(Need.values))
    return Stay(
        person=contact.person,
        contact=contact,
        kind=StayKind.HOME,
        place=contact.place,
        path=contact.path,
        residence_path=contact.person.path,
        occurred_at=begins,
        recorded_at=at,
        recorded_by_id=by.user_id,
        from_on=local_day(begins),
        needs=told,
        is_vulnerable=bool(told),
        edition=edition,
        attend_every=rule.attend_every_days,
        supply_every=rule.supply_every_days,
    )


def needs_by_age(person: Person, on: datetime) -> list[str]:
    """Return the needs that follow from the year of birth, by the edition in force."""
    if person.birth_year is None:
        return []
    _edition, rule = confinement(local_day(on))
    age = local_day(on).year - person.birth_year
    if age >= rule.elder_from_age:
        return [Need.ELDER]
    return [Need.CHILD] if age < rule.child_below_age else []


def _insert(stay: Stay) -> None:
    try:
        with transaction.atomic():
            stay.save()
    except IntegrityError as error:
        if refused_by(error) == _PERSON_TWICE:
            raise AlreadyIsolated from error
        raise


def _take_bed(stay: Stay, site: IsolationSite, room: Room | None) -> None:
    """Take the first free bed; one that somebody else took meanwhile is passed over, as the database says."""
    taken = Stay.objects.current().filter(bed=OuterRef("pk")).filter(_beyond(stay.occurred_at))
    beds = Bed.objects.filter(room__site=site, from_at__lte=stay.occurred_at, until_at__isnull=True)
    if room is not None:
        beds = beds.filter(room=room)
    stay.kind, stay.place, stay.path = StayKind.CENTRE, site.place, site.path
    for bed in beds.exclude(Exists(taken)).order_by("room__label", "pk"):
        stay.bed = bed
        try:
            with transaction.atomic():
                stay.save(force_insert=True)
        except IntegrityError as error:
            if refused_by(error) == _PERSON_TWICE:
                raise AlreadyIsolated from error
            continue
        else:
            return
    raise NoFreeBed(where=room.label if room else site.name)


def _end(stay: Stay, until_at: datetime, *, reason: str, edition: str, by: Actor, at: datetime) -> None:
    ended = Stay.objects.filter(pk=stay.pk, until_at__isnull=True).update(
        until_at=until_at, until_on=local_day(until_at), reason=reason, released_by_rule=edition
    )
    if not ended:
        raise StayOver
    after = {"until_at": until_at.isoformat(), "edition": edition}
    record(ContactEvent.RELEASED, subject=stay, by=by, at=at, reason=reason, after=after)
    _touch(stay, at)


@transaction.atomic
def end_stay(
    *, stay: Stay, until_at: datetime, reason: str, by: Actor, at: datetime, edition: str = ""
) -> Stay:
    """End a stay: the person was released by `edition`, moved, or left, as the reason says."""
    by.require(Permission.CONTACT_EDIT, _side(stay, by, Permission.CONTACT_EDIT))
    _end(stay, until_at, reason=reason, edition=edition, by=by, at=at)
    stay.refresh_from_db()
    return stay


@transaction.atomic
def withdraw_stay(*, stay: Stay, reason: str, by: Actor, at: datetime) -> None:
    """Withdraw a stay that was entered wrongly: its bed is free for that time."""
    by.require(Permission.CONTACT_EDIT, _side(stay, by, Permission.CONTACT_EDIT))
    Stay.objects.filter(pk=stay.pk, superseded_at__isnull=True).update(
        superseded_at=at, withdrawn_because=reason
    )
    record(ContactEvent.WITHDRAWN, subject=stay, by=by, at=at, reason=reason)
    _touch(stay, at)


@transaction.atomic
def name_liaison(
    *, stay: Stay, name: str, by: Actor, at: datetime, phone: str = "", unit: Unit | None = None
) -> Liaison:
    """Name the person who looks after somebody in isolation; the one named before no longer does."""
    by.require(Permission.OBSERVATION_RECORD, _side(stay, by, Permission.OBSERVATION_RECORD))
    row = Liaison.objects.create(stay=stay, name=name, phone=phone, unit=unit, **_known(at, by))
    before = Liaison.objects.current().filter(stay=stay).exclude(pk=row.pk)
    before.update(superseded_at=at, superseded_by=row)
    record(
        ContactEvent.LIAISON_NAMED, subject=stay, by=by, at=at, after={"unit": unit.code if unit else None}
    )
    _touch(stay, at)
    return row


@transaction.atomic
def attend(
    *, stay: Stay, how: str, seen_at: datetime, by: Actor, at: datetime, reached: bool = True, note: str = ""
) -> Attendance:
    """Record that somebody in isolation was visited or called."""
    by.require(Permission.OBSERVATION_RECORD, _side(stay, by, Permission.OBSERVATION_RECORD))
    row = Attendance.objects.create(
        stay=stay, on=local_day(seen_at), how=how, reached=reached, note=note, **_known(at, by, seen_at)
    )
    record(ContactEvent.ATTENDED, subject=stay, by=by, at=at, after={"how": how, "reached": reached})
    _touch(stay, at)
    return row


@transaction.atomic
def supply(*, stay: Stay, brought_at: datetime, by: Actor, at: datetime, what: str = "") -> Supply:
    """Record that necessities were brought to somebody in isolation."""
    by.require(Permission.OBSERVATION_RECORD, _side(stay, by, Permission.OBSERVATION_RECORD))
    row = Supply.objects.create(stay=stay, on=local_day(brought_at), what=what, **_known(at, by, brought_at))
    record(ContactEvent.SUPPLIED, subject=stay, by=by, at=at, after={"on": row.on.isoformat()})
    _touch(stay, at)
    return row


@transaction.atomic
def withdraw_care(*, entry: Liaison | Attendance | Supply, reason: str, by: Actor, at: datetime) -> None:
    """Withdraw a wrong entry of care: it stays on file and no longer counts."""
    by.require(Permission.OBSERVATION_RECORD, _side(entry.stay, by, Permission.OBSERVATION_RECORD))
    type(entry).objects.filter(pk=entry.pk, superseded_at__isnull=True).update(
        superseded_at=at, withdrawn_because=reason
    )
    record(ContactEvent.WITHDRAWN, subject=entry.stay, by=by, at=at, reason=reason)
    _touch(entry.stay, at)


def _known(at: datetime, by: Actor, occurred_at: datetime | None = None) -> dict[str, Any]:
    return {"occurred_at": occurred_at or at, "recorded_at": at, "recorded_by_id": by.user_id}


def _side(stay: Stay, by: Actor, permission: Permission) -> str:
    """Return the area in which the actor may act on the stay: where the person is, or where they live."""
    home = str(stay.residence_path)
    return home if home and by.may(permission, home) else str(stay.path)


def _touch(stay: Stay, at: datetime) -> None:
    touch(Stay, [stay.pk], at=at)
    touch(Contact, Contact.objects.filter(person_id=stay.person_id).values_list("pk", flat=True), at=at)
