"""Short ways to a case and its contacts, for the tests of this folder."""

from datetime import date, datetime, timedelta
from typing import Any

from tests.world import NOON, World, a_person

from lianfang.cases import services as cases
from lianfang.cases.models import Case
from lianfang.common.clock import start_of
from lianfang.contacts import services as contacts
from lianfang.contacts.models import Contact
from lianfang.core.access.actor import Actor

DISEASE = "covid_19_cn_2020"
BY = Actor.system("test")
DAY = timedelta(days=1)


def a_case(world: World, *, onset_on: date | None, at: datetime = NOON, diagnosis: str = "confirmed") -> Case:
    case = cases.open_case(
        person=a_person(world, at=at),
        disease=DISEASE,
        place=world.places["420106"],
        diagnosis=diagnosis,
        by=BY,
        at=at,
    )
    if onset_on is not None:
        told_at = max(at, start_of(onset_on))
        cases.record_signs(
            case=case, signs={"fever": True}, seen_at=start_of(onset_on), onset_on=onset_on, by=BY, at=told_at
        )
        case.refresh_from_db()
    return case


def named(world: World, case: Case, on: date, at: datetime = NOON, **fields: Any) -> Contact:
    person = fields.pop("person", None) or a_person(world, at=at)
    return contacts.name_contact(person=person, case=case, last_contact_on=on, by=BY, at=at, **fields)


def a_contact(world: World, at: datetime = NOON, **fields: Any) -> Contact:
    return named(world, a_case(world, onset_on=date(2020, 2, 1), at=at), date(2020, 2, 10), at, **fields)


def at_noon(on: date) -> datetime:
    return start_of(on) + timedelta(hours=12)
