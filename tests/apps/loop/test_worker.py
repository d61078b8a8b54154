"""A turn works off what was touched; a sweep catches the rest; what fails is seen and does not stop the others."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from tests.world import NOON, World, a_person

from lianfang.cases.models import Case, Screening
from lianfang.cases.services import open_case, record_screening
from lianfang.loop import worker
from lianfang.loop.duty import duties
from lianfang.loop.models import Pass, Task, Touched
from lianfang.loop.touch import touch
from lianfang.loop.worker import RETRY_AFTER, Worker, sweep, turn

pytestmark = pytest.mark.django_db


def a_confirmed_case(world: World, at=NOON) -> Case:
    return open_case(
        person=a_person(world),
        disease="covid_19_cn_2020",
        place=world.places["420106"],
        diagnosis="confirmed",
        by=world.actor("alice"),
        at=at,
    )


def test_a_turn_works_off_what_was_touched(world: World) -> None:
    case = a_confirmed_case(world)
    done = turn(at=NOON)
    assert done.touched
    assert not done.failed
    assert Task.objects.filter(duty="cases.investigate", subject_id=case.pk, status="open").exists()
    assert not Touched.objects.exists()
    assert turn(at=NOON).written == 0


def test_what_is_written_while_a_turn_runs_waits_for_the_next(world: World) -> None:
    """At the moment of the turn the new fact does not hold yet: taken now, it would be lost until the next sweep."""
    case = a_confirmed_case(world)
    turn(at=NOON)
    later = NOON + timedelta(seconds=5)
    touch(Case, [case.pk], at=later)
    assert turn(at=NOON).touched == 0
    assert Touched.objects.count() == 1
    assert turn(at=later).touched >= 1
    assert not Touched.objects.exists()


def test_a_sweep_finds_what_nobody_touched(world: World) -> None:
    a_confirmed_case(world)
    Touched.objects.all().delete()
    assert turn(at=NOON).written == 0
    assert sweep(at=NOON).written
    assert sweep(at=NOON).written == 0


def test_turn_and_sweep_give_the_same_tasks(world: World) -> None:
    a_confirmed_case(world)
    columns = ("duty", "subject_id", "occasion", "unit_id", "path", "due_at", "met_at", "status")
    turn(at=NOON)
    # Gaps in the jurisdictions are found by the sweep alone: the registry stands below and touches nothing.
    by_turn = set(Task.objects.values_list(*columns))
    sweep(at=NOON)
    assert by_turn == set(Task.objects.exclude(duty="loop.appoint").values_list(*columns))


def test_a_subject_that_is_gone_loses_its_tasks(world: World) -> None:
    reading = record_screening(
        person=a_person(world),
        place=world.places["420106"],
        read_at=NOON,
        temperature=38.4,
        by=world.actor("alice"),
        at=NOON,
    )
    turn(at=NOON)
    pk = reading.pk
    reading.delete()
    touch(Screening, [pk], at=NOON)
    turn(at=NOON)
    assert set(Task.objects.filter(duty="cases.screen").values_list("status", flat=True)) == {"void"}


def test_a_broken_duty_is_seen_and_stops_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = a_confirmed_case(world)
    broken = duties.get("cases.investigate")

    def fail(among, at):
        raise IntegrityError("two rows of one occasion")

    monkeypatch.setattr(broken, "owed", fail)
    done = turn(at=NOON)
    assert set(done.failed) == {"cases.investigate"}
    failures = Pass.objects.exclude(failure="").values_list("failure", flat=True)
    assert set(failures) == {"IntegrityError: two rows of one occasion"}
    assert Task.objects.filter(duty="contacts.list", subject_id=case.pk).exists()
    assert not Task.objects.filter(duty="cases.investigate").exists()

    monkeypatch.undo()
    assert turn(at=NOON + RETRY_AFTER / 2).written == 0  # not at once again
    turn(at=NOON + RETRY_AFTER)
    assert Task.objects.filter(duty="cases.investigate", subject_id=case.pk).exists()
    assert turn(at=NOON + 2 * RETRY_AFTER).written == 0


def test_a_crash_in_the_middle_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    a_confirmed_case(world)
    touched = set(Touched.objects.values_list("pk", flat=True))

    def crash(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(duties.get("cases.investigate"), "owed", crash)
    with pytest.raises(KeyboardInterrupt):
        turn(at=NOON)
    assert touched <= set(Touched.objects.values_list("pk", flat=True))
    monkeypatch.undo()
    turn(at=NOON)
    assert Task.objects.filter(duty="cases.investigate").exists()


def test_idle_passes_are_forgotten_after_a_week(world: World) -> None:
    sweep(at=NOON)
    sweep(at=NOON + timedelta(minutes=5))
    n_passes = Pass.objects.count()
    sweep(at=NOON + timedelta(days=8))
    assert Pass.objects.filter(at__lt=NOON + timedelta(days=1)).count() < n_passes


def test_a_worker_sweeps_the_whole_at_first_and_every_hour(monkeypatch: pytest.MonkeyPatch, settings) -> None:
    """Between two whole sweeps it makes short ones; after the clock was set back, a whole one."""
    settings.LOOP_SWEEP_SECONDS, settings.LOOP_WHOLE_SECONDS = 0, 3600
    swept: list[tuple] = []
    monkeypatch.setattr(worker, "sweep", lambda *, at, whole_at=None: swept.append((at, whole_at)))
    monkeypatch.setattr(worker, "turn", lambda *, at: None)
    moments = [NOON + timedelta(minutes=n) for n in (0, 5, 59, 60, 65, 30)]
    at = NOON
    process = Worker(lambda: at)
    for moment in moments:
        at = moment
        process._once()
    hour = NOON + timedelta(hours=1)
    assert swept == list(zip(moments, (None, NOON, NOON, None, hour, None), strict=True))
