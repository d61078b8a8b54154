"""Stays come in by file like everything else, leave by it unchanged, and never overlap through that door either."""

import csv
import io
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from tests.apps.contacts.play import BY, a_contact
from tests.apps.intake.importing import Desk, desk_of
from tests.world import NOON, World, build_world

from lianfang.common.clock import site_zone
from lianfang.contacts import services as contacts
from lianfang.contacts.models import Contact, Stay
from lianfang.contacts.targets import stay as target
from lianfang.core.audit.models import Event
from lianfang.intake.models import Source
from lianfang.intake.services import export_csv, undo_batch
from lianfang.loop.models import Task
from lianfang.loop.worker import sweep, turn

pytestmark = pytest.mark.django_db
AT = NOON + timedelta(days=3)


@pytest.fixture
def world() -> World:
    return build_world()


@pytest.fixture
def desk(world: World) -> Desk:
    """The own exports of this site name a contact by the uid of its person."""
    desk = desk_of(world)
    desk.source = Source.objects.create(code="lianfang", name="Own", unit=world.units["420106-cdc"])
    desk.actor = world.actor("alice", AT)
    return desk


def rows(*stays: tuple[Contact, str, str, str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["contact_id", "site", "room", "stay_from", "stay_until"])
    for contact, *more in stays:
        writer.writerow([str(contact.person.uid), *more])
    return out.getvalue().encode()


def take(desk: Desk, *stays: tuple[Contact, str, str, str, str]) -> Any:
    return desk.take(rows(*stays), target="stay", at=AT)


def a_site(world: World, n: int = 1) -> None:
    site = contacts.open_site(name="东山宾馆", place=world.places["420106001"], by=BY, at=NOON)
    contacts.add_beds(site=site, room="101", n=n, from_at=NOON - timedelta(days=9), by=BY, at=NOON)


def test_what_overlaps_is_parked_with_the_stay_that_lies_in_its_way(world: World, desk: Desk) -> None:
    a_site(world)
    first, second, third = (a_contact(world) for _ in range(3))
    batch, report = take(
        desk,
        (first, "东山宾馆", "101", "2020-02-12 08:00", "2020-02-13 08:00"),
        (second, "东山宾馆", "", "2020-02-13 08:00", ""),  # from the very moment at which the other leaves
        (third, "东山宾馆", "101", "2020-02-12 20:00", ""),  # the only bed is taken
        (first, "", "", "2020-02-12 20:00", "2020-02-14 08:00"),  # the person is in the site
        (third, "西河旅馆", "", "2020-02-12 08:00", ""),  # no such site
        (third, "", "", "2020-02-14 08:00", "2020-02-13 08:00"),
    )  # fmt: skip
    assert (report.created, report.parked) == (2, 4)
    assert [(problem["row"], problem["rule"]) for problem in report.problems] == [
        (4, "stay.no_free_bed"), (5, "stay.overlaps"), (6, "site.unknown"), (7, "stay.out_of_order"),
    ]  # fmt: skip
    assert "2020-02-12 08:00 to 2020-02-13 08:00 (东山宾馆)" in report.problems[1]["hint"]
    held = Stay.objects.current().order_by("occurred_at")
    assert [(s.person_id, s.kind, s.place.code) for s in held] == [
        (first.person_id, "central", "420106001"), (second.person_id, "central", "420106001"),
    ]  # fmt: skip
    assert batch.pk


def test_a_file_that_knows_the_end_completes_the_stay_and_the_same_file_changes_nothing(
    world: World, desk: Desk
) -> None:
    contact = a_contact(world)
    take(desk, (contact, "", "", "2020-02-12 08:00", ""))
    _, report = take(desk, (contact, "", "", "2020-02-12 08:00", "2020-02-14 09:30"))
    assert report.words == {"changed": 1}
    [stay] = Stay.objects.all()
    assert (stay.until_at - stay.occurred_at) == timedelta(days=2, hours=1, minutes=30)
    _, report = take(desk, (contact, "", "", "2020-02-12 08:00", ""))
    assert set(report.words) <= {"unchanged"}


def test_an_export_comes_in_unchanged_and_an_import_is_undone(world: World, desk: Desk) -> None:
    a_site(world, n=2)
    people = [a_contact(world) for _ in range(3)]
    batch, _ = take(
        desk,
        (people[0], "东山宾馆", "101", "2020-02-12 08:00", "2020-02-13 08:00"),
        (people[1], "东山宾馆", "101", "2020-02-12 09:15", ""),
        (people[2], "", "", "2020-02-12 10:00", ""),
    )  # fmt: skip
    before = list(Stay.objects.order_by("pk").values())
    text = b"".join(export_csv(target="stay", purpose="a copy", by=world.actor("chen", AT), at=AT))
    _, report = desk.take(text, target="stay", at=AT)
    assert report.words == {"unchanged": 3}
    assert list(Stay.objects.order_by("pk").values()) == before
    undo_batch(batch=batch, reason="wrong file", by=desk.actor, at=AT)
    assert not Stay.objects.current().exists()


def test_an_import_that_is_taken_back_opens_the_stays_again_that_it_ended(world: World, desk: Desk) -> None:
    """Unless the person has been elsewhere since: what is true now is not overwritten."""
    back, moved = a_contact(world), a_contact(world)
    for contact in (back, moved):
        contacts.place_contact(contact=contact, by=BY, at=NOON)
    begun = NOON.astimezone(site_zone()).strftime("%Y-%m-%d %H:%M")
    ended = (NOON + timedelta(days=1)).astimezone(site_zone()).strftime("%Y-%m-%d %H:%M")
    batch, report = take(desk, (back, "", "", begun, ended), (moved, "", "", begun, ended))
    assert report.words == {"changed": 2}
    contacts.place_contact(contact=moved, by=BY, at=AT)
    sweep(at=AT)
    undone = undo_batch(batch=batch, reason="another house", by=desk.actor, at=AT)
    assert (undone.reinstated, undone.kept) == (1, 1)
    [stay] = Stay.objects.filter(person=back.person)
    assert (stay.until_at, stay.until_on, stay.reason) == (None, None, "")
    assert Stay.objects.current().filter(person=moved.person, until_at__isnull=False).count() == 1
    assert Event.objects.filter(tag="contacts.stay_reopened").count() == 1
    turn(at=AT)
    sweep(at=AT)
    assert Task.objects.get(duty="contacts.place", subject_id=back.pk).status == "done"


def test_what_the_database_refuses_at_the_last_moment_is_parked_too(world: World, desk: Desk) -> None:
    """Somebody places the person between the look and the write: the look is made blind here."""
    one, other = a_contact(world), a_contact(world)
    contacts.place_contact(contact=one, by=BY, at=NOON)
    with mock.patch.object(target, "_overlaps", return_value=False):
        _, report = take(desk, (one, "", "", "2020-02-12 21:00", ""), (other, "", "", "2020-02-12 21:00", ""))
    assert (report.created, report.parked) == (1, 1)
    assert [problem["rule"] for problem in report.problems] == ["stay.overlaps"]


def test_a_stay_by_file_is_owed_what_every_stay_is(world: World, desk: Desk) -> None:
    contact = a_contact(world)
    sweep(at=NOON)
    take(desk, (contact, "", "", "2020-02-12 20:00", ""))
    sweep(at=AT)
    owed = set(Task.objects.filter(subject_id__in=[Stay.objects.get().pk]).values_list("duty", flat=True))
    assert "contacts.supply" in owed
    assert Task.objects.get(duty="contacts.place", subject_id=contact.pk).status == "done"
