"""The isolation of the demo world is true to the rules that the database holds, and its duties are met, late and open."""

from datetime import date, timedelta

import pytest
from tests.apps.contacts.play import BY, a_case, named
from tests.world import NOON, build_world

from lianfang.contacts import services as contacts
from lianfang.contacts.models import IsolationSite, Stay
from lianfang.demo.isolation import isolate
from lianfang.loop.models import Task
from lianfang.loop.worker import sweep

pytestmark = pytest.mark.django_db


def test_people_are_placed_in_hotels_and_at_home() -> None:
    world = build_world()
    later = NOON + timedelta(days=4)
    case = a_case(world, onset_on=date(2020, 2, 1))
    for n in range(18):
        contact = named(world, case, date(2020, 2, 10))
        contact.person.birth_year = 1940 + 5 * n
        contact.person.save()
        told = NOON + timedelta(days=3 if n > 8 else 0, minutes=n)  # the last nine within the day before
        contacts.notify_contact(contact=contact, notified_at=told, by=BY, at=told)
    assert isolate(at=later) == 17
    assert IsolationSite.objects.count() == 3
    assert {stay.kind for stay in Stay.objects.all()} == {"central", "home"}
    sweep(at=later)
    for duty in ("place", "supply", "attend"):
        found = set(Task.objects.filter(duty=f"contacts.{duty}").values_list("status", flat=True))
        assert found == {"open", "done"}, duty
