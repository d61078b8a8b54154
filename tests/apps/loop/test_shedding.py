"""When duties exceed hands, a recorded policy sets part of them apart: still owed, shown, never silent."""

from datetime import timedelta

import pytest
from tests.apps.loop.play import confirmed, contacts, forget
from tests.world import NOON, World

from lianfang.common.errors import NotPermitted
from lianfang.loop import errors
from lianfang.loop.escalation import escalate
from lianfang.loop.models import Escalation, Message, SheddingPolicy, Task
from lianfang.loop.selectors import shedding_policies
from lianfang.loop.services import adopt_shedding_policy, end_shedding_policy
from lianfang.loop.shedding import apply_shedding
from lianfang.loop.worker import sweep, turn

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def adopt(world: World, **changes: object) -> SheddingPolicy:
    given = {
        "duty": "contacts.observe",
        "place": world.places["420106"],
        "mode": "ranked",
        "keep": 2,
        "from_at": NOON,
        "until_at": NOON + 3 * DAY,
        "reason": "forty visits a day and two people",
        "by": world.actor("chen"),
        "at": NOON,
    }
    return adopt_shedding_policy(**{**given, **changes})


def observed(world: World, n: int = 6) -> list[Task]:
    case = confirmed(world)
    contacts(world, case, n - 1)
    contacts(world, case, 1, is_high_risk=True)
    turn(at=NOON)
    return list(Task.objects.filter(duty="contacts.observe").order_by("pk"))


def test_the_most_at_risk_stay_by_hand(world: World) -> None:
    tasks = observed(world)
    assert len(tasks) == 6
    adopt(world)
    by_hand = Task.objects.filter(duty="contacts.observe", shed_by__isnull=True)
    assert by_hand.count() == 2
    assert by_hand.filter(risk=80).count() == 1
    assert not Task.objects.filter(duty="contacts.notify", shed_by__isnull=False).exists()
    assert apply_shedding(at=NOON) == 0  # the same again changes nothing


def test_shed_tasks_stay_owed_and_do_not_climb(world: World) -> None:
    observed(world)
    adopt(world)
    assert Task.objects.filter(duty="contacts.observe", status="open").count() == 6
    forget(Task.objects.exclude(duty="contacts.observe"))
    escalate(at=NOON + 12 * timedelta(hours=1))
    assert Escalation.objects.values("task").distinct().count() == 2


def test_new_days_are_shed_as_they_come(world: World) -> None:
    observed(world)
    adopt(world)
    sweep(at=NOON + DAY)
    for day in ("2020-02-12", "2020-02-13"):
        of_day = Task.objects.filter(duty="contacts.observe", occasion=day)
        assert of_day.filter(shed_by__isnull=True).count() == 2
        assert of_day.count() == 6


def test_the_end_gives_back_what_is_still_to_come(world: World) -> None:
    observed(world)
    policy = adopt(world)
    sweep(at=NOON + DAY)
    ended = NOON + DAY + timedelta(hours=1)
    end_shedding_policy(policy=policy, reason="ten volunteers came", by=world.actor("chen"), at=ended)
    today = Task.objects.filter(duty="contacts.observe", occasion="2020-02-13")
    assert not today.filter(shed_by__isnull=False).exists()
    # It was decided that four visits of yesterday would not be made; they do not come back as failures.
    yesterday = Task.objects.filter(duty="contacts.observe", occasion="2020-02-12")
    assert yesterday.filter(shed_by=policy).count() == 4
    with pytest.raises(errors.PolicyOver):
        end_shedding_policy(policy=policy, reason="again", by=world.actor("chen"), at=ended)


def test_a_share_is_drawn_and_stays_drawn(world: World) -> None:
    observed(world, n=40)
    policy = adopt(world, mode="sampled", keep=50)
    kept = set(
        Task.objects.filter(duty="contacts.observe", shed_by__isnull=True).values_list("pk", flat=True)
    )
    assert 8 <= len(kept) <= 32
    assert apply_shedding(at=NOON + timedelta(hours=2)) == 0
    SheddingPolicy.objects.filter(pk=policy.pk).update(keep=100)
    apply_shedding(at=NOON)
    assert not Task.objects.filter(shed_by__isnull=False).exists()


def test_the_smaller_area_decides(world: World) -> None:
    observed(world)
    adopt(world, keep=0)
    narrow = adopt(world, place=world.places["420106001"], keep=5)
    shed = Task.objects.filter(shed_by__isnull=False)
    assert set(shed.values_list("shed_by", flat=True)) == {narrow.pk}
    assert shed.count() == 1


def test_what_is_late_already_stays_late(world: World) -> None:
    observed(world)
    sweep(at=NOON + DAY)
    adopt(world, at=NOON + DAY, from_at=NOON, keep=0)
    visits = Task.objects.filter(duty="contacts.observe", shed_by__isnull=True)
    assert visits.filter(occasion="2020-02-12").count() == 6
    assert visits.filter(occasion="2020-02-13").count() == 0


def test_the_unit_above_is_told_and_sees_it(world: World) -> None:
    observed(world)
    policy = adopt(world)
    assert Message.objects.get(kind="shedding").unit == world.units["4201-cdc"]
    for name in ("alice", "bao", "chen", "hana"):
        assert list(shedding_policies(world.actor(name), at=NOON)) == [policy], name
    assert not shedding_policies(world.actor("stranger"), at=NOON)
    assert not shedding_policies(world.actor("nobody"), at=NOON)
    assert not shedding_policies(world.actor("alice"), at=NOON + 3 * DAY)


def test_what_cannot_be_decided(world: World) -> None:
    with pytest.raises(NotPermitted):
        adopt(world, by=world.actor("alice"))
    with pytest.raises(errors.NotSheddable) as caught:
        adopt(world, duty="cases.investigate")
    assert "contacts.observe" in caught.value.advice
    with pytest.raises(errors.PolicyNotPossible):
        adopt(world, until_at=NOON)
    with pytest.raises(errors.PolicyNotPossible):
        adopt(world, mode="sampled", keep=101)
    with pytest.raises(errors.ReasonMissing):
        adopt(world, reason="")
