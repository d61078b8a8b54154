"""The database refuses a stay that overlaps another or reaches beyond its bed, whatever writes it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from tests.world import NOON, a_person, build_world

from lianfang.contacts.models import Bed, IsolationSite, Room, Stay
from lianfang.core.intervals import refused_by

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def stage():
    world = build_world()
    place = world.places["420106"]
    site = IsolationSite.objects.create(name="东山宾馆", place=place, path=place.path)
    room = Room.objects.create(site=site, label="101")
    bed = Bed.objects.create(room=room, from_at=NOON - 5 * DAY)
    return world, place, bed


def stay(stage, person, start, end=None, *, bed=None, **more):
    _, place, default = stage
    return Stay.objects.create(
        person=person,
        kind="central",
        bed=bed or default,
        place=place,
        path=place.path,
        from_on=start.date(),
        occurred_at=start,
        until_at=end,
        recorded_at=start,
        **more,
    )


def refusal(act):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        act()
    return refused_by(caught.value)


def test_one_person_a_bed_at_a_time(stage):
    first, second = a_person(stage[0]), a_person(stage[0])
    stay(stage, first, NOON, NOON + DAY)
    assert refusal(lambda: stay(stage, second, NOON + DAY / 2, NOON + 2 * DAY)) == "stay_bed_once"
    assert refusal(lambda: stay(stage, second, NOON - DAY)) == "stay_bed_once"
    stay(stage, second, NOON + DAY)  # from the very moment at which the other leaves


def test_one_bed_a_person_at_a_time(stage):
    other = Bed.objects.create(room=stage[2].room, from_at=NOON - 5 * DAY)
    person = a_person(stage[0])
    stay(stage, person, NOON)
    assert refusal(lambda: stay(stage, person, NOON + DAY, bed=other)) == "stay_person_once"


def test_what_was_superseded_takes_no_room(stage):
    person = a_person(stage[0])
    stay(stage, person, NOON, superseded_at=NOON)
    row = stay(stage, person, NOON)
    late = stay(stage, a_person(stage[0]), NOON + DAY, superseded_at=NOON)
    assert refusal(lambda: Stay.objects.filter(pk=late.pk).update(superseded_at=None)) == "stay_bed_once"
    Stay.objects.filter(pk=row.pk).update(until_at=NOON + DAY)
    Stay.objects.filter(pk=late.pk).update(superseded_at=None)


def test_a_bed_holds_nobody_outside_its_time(stage):
    bed = stage[2]
    person = a_person(stage[0])
    assert refusal(lambda: stay(stage, person, NOON - 6 * DAY, NOON)) == "stay_within_bed"
    stay(stage, person, NOON, NOON + DAY)
    shorten = Bed.objects.filter(pk=bed.pk)
    assert refusal(lambda: shorten.update(until_at=NOON + DAY / 2)) == "stay_within_bed"
    shorten.update(until_at=NOON + DAY)
    assert refusal(lambda: stay(stage, a_person(stage[0]), NOON + DAY)) == "stay_within_bed"
