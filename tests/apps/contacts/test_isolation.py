"""Stays never overlap and never exceed the beds, whoever writes at the same moment; release is by rule and judged."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from tests.apps.contacts.play import BY, a_contact, at_noon
from tests.world import NOON, World, build_world

from lianfang.contacts import services as contacts
from lianfang.contacts.errors import (
    AlreadyIsolated,
    BedInUse,
    NoFreeBed,
    NotYetReleasable,
    ReasonNeeded,
    StayOver,
)
from lianfang.contacts.models import Bed, IsolationSite, Room, Stay
from lianfang.loop.worker import sweep

HOUR = timedelta(hours=1)


@pytest.fixture
def world(db: None) -> World:
    return build_world()


def a_site(world: World, **rooms: int) -> IsolationSite:
    site = contacts.open_site(name="东山宾馆", place=world.places["420106001"], by=BY, at=NOON)
    for room, n in rooms.items():
        contacts.add_beds(site=site, room=room, n=n, from_at=NOON, by=BY, at=NOON)
    return site


@pytest.mark.django_db
def test_a_full_site_takes_nobody_and_a_bed_is_free_again_after_release(world: World) -> None:
    site = a_site(world, a=1, b=1)
    first, second, third = (a_contact(world) for _ in range(3))
    stays = [contacts.place_contact(contact=c, site=site, by=BY, at=NOON) for c in (first, second)]
    assert len({stay.bed_id for stay in stays}) == 2
    with pytest.raises(NoFreeBed):
        contacts.place_contact(contact=third, site=site, by=BY, at=NOON)
    later = NOON + HOUR
    contacts.end_stay(stay=stays[0], until_at=later, reason="moved on", by=BY, at=later)
    again = contacts.place_contact(contact=third, site=site, by=BY, at=later)
    assert again.bed_id == stays[0].bed_id
    with pytest.raises(StayOver):
        contacts.end_stay(stay=stays[0], until_at=later, reason="twice", by=BY, at=later)


@pytest.mark.django_db
def test_placing_somebody_again_is_a_move(world: World) -> None:
    site, contact = a_site(world, a=1), a_contact(world)
    home = contacts.place_contact(contact=contact, by=BY, at=NOON)
    with pytest.raises(AlreadyIsolated):
        contacts.place_contact(contact=contact, by=BY, at=NOON)
    moved = contacts.place_contact(contact=contact, site=site, by=BY, at=NOON + HOUR)
    home.refresh_from_db()
    assert home.until_at == moved.occurred_at == NOON + HOUR


@pytest.mark.django_db
def test_the_database_itself_refuses(world: World) -> None:
    """Whatever writes: overlap of a person, overlap of a bed, a stay beyond its bed, a bed shortened under a stay."""
    site = a_site(world, a=1)
    stay = contacts.place_contact(contact=a_contact(world), site=site, by=BY, at=NOON)
    values = {f.attname: getattr(stay, f.attname) for f in Stay._meta.concrete_fields if f.attname != "id"}
    other = a_contact(world)
    wrong = [
        {"kind": "home", "bed_id": None},  # the same person again
        {"person_id": other.person_id},  # the same bed
        {
            "person_id": other.person_id,
            "occurred_at": NOON - 2 * HOUR,
            "until_at": NOON - HOUR,
        },  # before it was
    ]
    for change in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            Stay.objects.create(**{**values, **change})
    with pytest.raises(IntegrityError), transaction.atomic():
        Bed.objects.filter(pk=stay.bed_id).update(until_at=NOON + HOUR)
    with pytest.raises(BedInUse):
        contacts.close_beds(room=Room.objects.get(), n=1, until_at=NOON + HOUR, by=BY, at=NOON)
    Stay.objects.create(
        **{**values, "kind": "home", "bed_id": None, "superseded_at": NOON}
    )  # withdrawn: no matter


@pytest.mark.django_db
def test_release_when_the_days_are_over_and_somebody_says_why(world: World) -> None:
    contact = a_contact(world)  # last contact on the 10th: to the 24th
    stay = contacts.place_contact(contact=contact, by=BY, at=NOON)
    early = at_noon(date(2020, 2, 23))
    with pytest.raises(NotYetReleasable, match="14 days"):
        contacts.release(stay=stay, reason="asked to", by=BY, at=early)
    over = at_noon(date(2020, 2, 25))
    sweep(at=over)
    with pytest.raises(ReasonNeeded):
        contacts.release(stay=stay, by=BY, at=over)
    stay = contacts.release(stay=stay, reason="14 days, well", by=BY, at=over)
    assert (stay.until_at, stay.released_by_rule) == (over, "covid_19_cn_2020/observation@2020")


@pytest.mark.django_db
def test_signs_that_nobody_looked_at_stand_against_release(world: World) -> None:
    contact = a_contact(world)
    stay = contacts.place_contact(contact=contact, by=BY, at=NOON)
    contacts.record_observation(
        contact=contact, seen="seen_not_ok", seen_at=NOON, signs=["cough"], by=BY, at=NOON
    )
    over = at_noon(date(2020, 2, 25))
    sweep(at=over)
    with pytest.raises(NotYetReleasable, match="no signs"):
        contacts.release(stay=stay, reason="days over", by=BY, at=over)
    freed = contacts.release(
        stay=stay, reason="smoker's cough, seen by a doctor", decides_otherwise=True, by=BY, at=over
    )
    assert freed.until_at == over


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("year", "told", "needs"),
    [(1950, [], ["elder"]), (2012, [], ["child"]), (1980, [], []), (1980, ["poor"], ["poor"])],
)
def test_who_needs_somebody_to_look_after_them(world: World, year: int, told: list, needs: list) -> None:
    contact = a_contact(world)
    contact.person.birth_year = year
    contact.person.save()
    stay = contacts.place_contact(contact=contact, needs=told, by=BY, at=NOON)
    assert (stay.needs, stay.is_vulnerable) == (needs, bool(needs))
