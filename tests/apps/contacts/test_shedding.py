"""More visits than hands: the most at risk stay on the list, the rest is set apart by a policy that the parent unit sees."""

from datetime import timedelta

import pytest
from tests.apps.contacts.play import a_contact
from tests.world import NOON, build_world

from lianfang.common.clock import local_day
from lianfang.contacts.selectors import round_of
from lianfang.loop.desk import TaskFilter, by_duty, list_tasks
from lianfang.loop.models import SheddingPolicy
from lianfang.loop.shedding import apply_shedding
from lianfang.loop.worker import turn

pytestmark = pytest.mark.django_db


def test_the_list_is_ranked_by_risk_and_the_shed_part_is_seen_above() -> None:
    world = build_world()
    plain, house, risky = (
        a_contact(world),
        a_contact(world, setting="household"),
        a_contact(world, is_high_risk=True),
    )
    turn(at=NOON)
    place = world.places["420106001"]
    SheddingPolicy.objects.create(
        duty="contacts.observe", place=place, path=place.path, mode="ranked", keep=2, from_at=NOON,
        until_at=NOON + timedelta(days=1), reason="two visitors are ill",
    )  # fmt: skip
    apply_shedding(at=NOON)
    found = round_of(world.actor("bao"), path=place.path, on=local_day(NOON))
    assert [contact.pk for contact in found.contacts] == [risky.pk, house.pk]
    assert found.n_shed == 1
    above = world.actor("chen")  # the prefecture, two steps above the township
    [line] = [each for each in by_duty(above, at=NOON) if each.duty.code == "contacts.observe"]
    assert (line.n_open, line.n_shed) == (2, 1)
    shed = list_tasks(above, TaskFilter(state="shed"), at=NOON)
    assert [task.subject_id for task in shed] == [plain.pk]
    assert shed[0].shed_by.reason == "two visitors are ill"
