"""One pass of one duty, on a real database."""

from datetime import timedelta

import pytest
from tests.world import NOON, World, a_person

from lianfang.cases.duties import Investigate
from lianfang.cases.models import Case
from lianfang.loop.models import Task, Transition
from lianfang.loop.reconcile import reconcile

pytestmark = pytest.mark.django_db


def a_case(world: World, number: str, **fields: object) -> Case:
    place = world.places["420106"]
    return Case.objects.create(
        number=number,
        person=a_person(world),
        disease="covid_19_cn_2020",
        place=place,
        path=place.path,
        opened_at=NOON,
        reported_at=NOON,
        **fields,
    )


def test_a_confirmed_case_is_owed_to_its_county(world: World) -> None:
    case = a_case(world, "1", confirmed_at=NOON)
    assert reconcile(Investigate(), at=NOON).opened == 1
    task = Task.objects.get()
    assert task.unit == world.units["420106-cdc"]
    assert task.due_at == NOON + timedelta(hours=24)
    assert reconcile(Investigate(), at=NOON).written == 0

    Case.objects.filter(pk=case.pk).update(investigated_at=NOON + timedelta(hours=5))
    assert reconcile(Investigate(), at=NOON + timedelta(hours=6), subjects=[case.pk]).met == 1
    Case.objects.filter(pk=case.pk).update(investigated_at=None)
    assert reconcile(Investigate(), at=NOON + timedelta(hours=7)).reopened == 1
    Case.objects.filter(pk=case.pk).update(confirmed_at=None)
    assert (
        reconcile(Investigate(), at=NOON + timedelta(hours=8), subjects=Case.objects.values("pk")).withdrawn
        == 1
    )
    Case.objects.filter(pk=case.pk).update(confirmed_at=NOON)
    assert reconcile(Investigate(), at=NOON + timedelta(hours=9)).reopened == 1
    assert list(Transition.objects.order_by("id").values_list("word", flat=True)) == [
        "opened",
        "met",
        "reopened",
        "withdrawn",
        "reopened",
    ]
