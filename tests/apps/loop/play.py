"""Short scenes for the tests of the loop: a confirmed case, contacts under observation."""

from datetime import datetime, timedelta
from typing import Any

from tests.world import NOON, World, a_person

from lianfang.cases.models import Case
from lianfang.cases.services import open_case
from lianfang.contacts.models import Contact
from lianfang.contacts.services import name_contact
from lianfang.loop.models import Completion, Escalation, Verification

DISEASE = "covid_19_cn_2020"


def confirmed(world: World, at: datetime = NOON, place: str = "420106", by: str = "alice") -> Case:
    return open_case(
        person=a_person(world),
        disease=DISEASE,
        place=world.places[place],
        diagnosis="confirmed",
        by=world.actor(by),
        at=at,
    )


def suspected(world: World, at: datetime = NOON) -> Case:
    """A case that brings no finding of its own: nobody has to judge what a clinician merely suspects."""
    return open_case(
        person=a_person(world), disease=DISEASE, place=world.places["420106"], by=world.actor("alice"), at=at
    )


def contacts(world: World, case: Case, n: int, at: datetime = NOON, **fields: object) -> list[Contact]:
    return [
        name_contact(
            person=a_person(world),
            case=case,
            last_contact_on=(at - timedelta(days=1)).date(),
            by=world.actor("alice"),
            at=at,
            **fields,
        )
        for _ in range(n)
    ]


def forget(tasks: Any) -> None:
    """Take tasks off the books as if no pass had ever run; what was logged of them stays, for that table only grows."""
    for model in (Verification, Completion, Escalation):
        model.objects.filter(task__in=tasks).delete()
    tasks._raw_delete(tasks.db)
