"""Silence climbs, from state alone, told in one digest per unit, at night only what cannot wait."""

from datetime import timedelta

import pytest
from tests.apps.loop.play import confirmed, contacts, forget
from tests.world import NOON, World

from lianfang.loop.escalation import escalate, send_digests
from lianfang.loop.models import Escalation, Message, Task
from lianfang.loop.worker import turn

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def steps() -> set[tuple[str, int, str]]:
    return set(Escalation.objects.values_list("task__duty", "rung", "unit__code"))


def test_an_undone_task_climbs_from_level_to_level(world: World) -> None:
    case = confirmed(world)
    turn(at=NOON)
    task = Task.objects.get(duty="cases.investigate")
    contacts(world, case, 1)
    forget(Task.objects.exclude(pk=task.pk))
    assert escalate(at=task.due_at) == 0  # to the minute is in time
    late = task.due_at + timedelta(seconds=1)
    assert escalate(at=late) == 1
    assert steps() == set()  # the county step is the unit itself: it is late, nobody above is told yet
    escalate(at=late + 6 * HOUR)
    escalate(at=late + 24 * HOUR)
    escalate(at=late + 24 * HOUR)
    assert steps() == {("cases.investigate", 2, "4201-cdc"), ("cases.investigate", 3, "42-nha")}
    escalate(at=late + 72 * HOUR)
    assert ("cases.investigate", 4, "cn-nha") in steps()


def test_a_township_climbs_to_its_county_first(world: World) -> None:
    contacts(world, confirmed(world), 1)
    turn(at=NOON)
    forget(Task.objects.exclude(duty="contacts.notify"))
    escalate(at=NOON + 25 * HOUR)
    assert steps() == {("contacts.notify", 1, "420106-cdc")}


def test_an_outage_leaves_the_same_steps(world: World) -> None:
    confirmed(world)
    turn(at=NOON)
    for minutes in range(0, 60 * 60, 20):
        escalate(at=NOON + timedelta(minutes=minutes))
    watched = steps()
    Escalation.objects.all().delete()
    Task.objects.update(rung=0)
    for minutes in [*range(0, 20 * 60, 20), *range(22 * 60, 60 * 60, 20)]:  # two hours without a scheduler
        escalate(at=NOON + timedelta(minutes=minutes))
    assert steps() == watched
    Escalation.objects.all().delete()
    Task.objects.update(rung=0)
    escalate(at=NOON + 60 * HOUR - timedelta(minutes=20))  # all at once, at the end
    assert steps() == watched


def test_a_new_deadline_starts_a_new_ladder(world: World) -> None:
    case = confirmed(world)
    turn(at=NOON)
    turn(at=NOON + 31 * HOUR)
    task = Task.objects.get(duty="cases.investigate")
    assert task.rung == 2
    type(case).objects.filter(pk=case.pk).update(confirmed_at=NOON + 30 * HOUR)
    from lianfang.loop.touch import touch

    touch(type(case), [case.pk], at=NOON + 31 * HOUR)
    turn(at=NOON + 31 * HOUR)
    task.refresh_from_db()
    assert (task.rung, task.due_at) == (0, NOON + 54 * HOUR)


def test_one_digest_per_unit_and_window(world: World) -> None:
    case = confirmed(world)
    contacts(world, case, 3)
    turn(at=NOON)
    # 13 February, 19:00 at the site: three contacts were not told, and nobody listed or investigated
    turn(at=NOON + 25 * HOUR)
    digests = Message.objects.filter(kind="escalation", channel="in_app")
    county = digests.get(unit=world.units["420106-cdc"])
    assert county.body["by_duty"]["contacts.notify"] == 3
    n_digests = digests.count()
    contacts(world, case, 1, at=NOON + HOUR)
    turn(at=NOON + HOUR + 24 * HOUR + timedelta(minutes=30))
    assert digests.filter(unit=world.units["420106-cdc"]).count() == 1  # within the hour: no second one
    assert Escalation.objects.filter(digest__isnull=True).exists()
    turn(at=NOON + 26 * HOUR + timedelta(minutes=1))
    assert digests.filter(unit=world.units["420106-cdc"]).count() == 2
    assert digests.count() > n_digests


def test_at_night_only_what_cannot_wait_is_told(world: World) -> None:
    case = confirmed(world)
    contacts(world, case, 1)
    turn(at=NOON)
    Message.objects.all().delete()
    # The event report (2 hours) is long late, the contact's notification (24 hours) newly so: 23:00 at the site.
    Escalation.objects.all().delete()
    Task.objects.update(rung=0)
    night = NOON + 29 * HOUR
    escalate(at=night)
    assert send_digests(at=night) > 0
    told = set(Escalation.objects.filter(digest__isnull=False).values_list("task__duty", flat=True))
    waiting = set(Escalation.objects.filter(digest__isnull=True).values_list("task__duty", flat=True))
    assert "cases.report_event" in told
    assert "contacts.notify" in waiting
    assert not told & waiting
    morning = NOON + 37 * HOUR  # 07:00
    send_digests(at=morning)
    assert not Escalation.objects.filter(digest__isnull=True, task__status="open").exists()


def test_nothing_is_told_of_what_was_done_meanwhile(world: World) -> None:
    contacts(world, confirmed(world), 1)
    turn(at=NOON)
    escalate(at=NOON + 25 * HOUR)
    Task.objects.update(status="done", met_at=NOON + 25 * HOUR)
    assert send_digests(at=NOON + 25 * HOUR) == 0
