"""What people do in the loop: words, checks, judgements, policies."""

from datetime import timedelta

import pytest
from tests.apps.loop.play import confirmed
from tests.world import NOON, World

from lianfang.common.errors import NotPermitted, NotYet
from lianfang.core.audit.models import Event
from lianfang.loop import errors
from lianfang.loop.models import Completion, Task, Verification
from lianfang.loop.services import (
    accept_verification,
    complete_task,
    reject_verification,
    withdraw_completion,
)
from lianfang.loop.worker import turn

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def event_task(world: World) -> Task:
    confirmed(world)
    turn(at=NOON)
    return Task.objects.get(duty="cases.report_event")


def reported(world: World) -> Task:
    task = event_task(world)
    complete_task(task=task, by=world.actor("alice"), at=NOON + HOUR, note="receipt 7731")
    turn(at=NOON + HOUR)
    task.refresh_from_db()
    return task


def test_a_word_closes_a_task_where_the_duty_says_so(world: World) -> None:
    task = reported(world)
    assert (task.status, task.met_at) == ("done", NOON + HOUR)
    assert Event.objects.filter(tag="loop.task:completed", subject_id=task.pk).get().actor == "Alice"
    with pytest.raises(errors.TaskNotOpen):
        complete_task(task=task, by=world.actor("alice"), at=NOON + HOUR)


def test_a_word_does_not_close_what_a_record_proves(world: World) -> None:
    confirmed(world)
    turn(at=NOON)
    task = Task.objects.get(duty="cases.investigate")
    with pytest.raises(errors.ProvedByRecord) as caught:
        complete_task(task=task, by=world.actor("alice"), at=NOON)
    assert "investigated within 24 hours" in str(caught.value)
    assert "case" in caught.value.advice


def test_strangers_give_no_word(world: World) -> None:
    task = event_task(world)
    with pytest.raises(errors.NotYours) as caught:
        complete_task(task=task, by=world.actor("stranger"), at=NOON)
    assert "东山县疾控中心" in str(caught.value)
    with pytest.raises(NotPermitted):
        complete_task(task=task, by=world.actor("nobody"), at=NOON)


def test_nothing_is_done_in_the_future(world: World) -> None:
    task = event_task(world)
    with pytest.raises(NotYet):
        complete_task(task=task, by=world.actor("alice"), at=NOON, done_at=NOON + HOUR)


def test_a_word_taken_back_opens_the_task_again(world: World) -> None:
    task = reported(world)
    word = Completion.objects.get()
    withdraw_completion(completion=word, reason="wrong county", by=world.actor("alice"), at=NOON + 2 * HOUR)
    turn(at=NOON + 2 * HOUR)
    task.refresh_from_db()
    assert (task.status, task.met_at) == ("open", None)
    # The check of the word has nothing left to check.
    assert Task.objects.get(duty="loop.verify").status == "void"
    with pytest.raises(errors.CompletionGone):
        withdraw_completion(completion=word, reason="again", by=world.actor("alice"), at=NOON)


def test_the_supervising_unit_checks_and_never_the_doer(world: World) -> None:
    reported(world)
    check = Verification.objects.get()
    # Dongshan's CDC supervises Dongshan, but it did this itself: its parent looks.
    assert check.unit == world.units["4201-cdc"]
    task = Task.objects.get(duty="loop.verify")
    assert (task.unit, task.status) == (world.units["4201-cdc"], "open")
    with pytest.raises(errors.OwnWork):
        accept_verification(verification=check, by=world.actor("alice"), at=NOON + 2 * HOUR)
    with pytest.raises(NotPermitted):
        accept_verification(verification=check, by=world.actor("dina"), at=NOON + 2 * HOUR)
    accept_verification(verification=check, by=world.actor("chen"), at=NOON + 2 * HOUR)
    turn(at=NOON + 2 * HOUR)
    task.refresh_from_db()
    assert task.met_at == NOON + 2 * HOUR
    with pytest.raises(errors.AlreadyDecided):
        accept_verification(verification=check, by=world.actor("chen"), at=NOON + 3 * HOUR)


def test_a_rejected_doing_runs_the_clock_on(world: World) -> None:
    task = reported(world)
    check = Verification.objects.get()
    with pytest.raises(errors.ReasonMissing):
        reject_verification(verification=check, reason=" ", by=world.actor("chen"), at=NOON + 2 * HOUR)
    reject_verification(
        verification=check, reason="no such receipt", by=world.actor("chen"), at=NOON + 2 * HOUR
    )
    turn(at=NOON + 2 * HOUR)
    due = task.due_at
    task.refresh_from_db()
    assert (task.status, task.met_at, task.due_at) == ("open", None, due)

    # Newer evidence counts, and what was done again is always looked at again.
    complete_task(task=task, by=world.actor("alice"), at=NOON + 3 * HOUR)
    turn(at=NOON + 3 * HOUR)
    task.refresh_from_db()
    assert task.met_at == NOON + 3 * HOUR
    assert Verification.objects.filter(decided_at__isnull=True).count() == 1


def test_a_rejection_can_be_taken_back(world: World) -> None:
    task = reported(world)
    check = Verification.objects.get()
    reject_verification(verification=check, reason="no receipt", by=world.actor("chen"), at=NOON + 2 * HOUR)
    turn(at=NOON + 2 * HOUR)
    accept_verification(verification=check, reason="found it", by=world.actor("chen"), at=NOON + 3 * HOUR)
    turn(at=NOON + 3 * HOUR)
    task.refresh_from_db()
    assert (task.status, task.met_at) == ("done", NOON + HOUR)


def test_gone_evidence_cannot_be_checked(world: World) -> None:
    reported(world)
    check = Verification.objects.get()
    withdraw_completion(
        completion=Completion.objects.get(), reason="typo", by=world.actor("alice"), at=NOON + 2 * HOUR
    )
    turn(at=NOON + 2 * HOUR)
    with pytest.raises(errors.EvidenceGone):
        accept_verification(verification=check, by=world.actor("chen"), at=NOON + 2 * HOUR)
