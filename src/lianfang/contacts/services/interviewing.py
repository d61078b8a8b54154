"""The list of an interview: each person is brought to a known one or registered, and named where they live."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from lianfang.cases.models import Case
from lianfang.contacts.models import Contact
from lianfang.contacts.services.naming import name_contact
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.matching import PersonCandidate, Verdict
from lianfang.core.registry.models import Place
from lianfang.core.registry.services import resolve_people


@dataclass(frozen=True, kw_only=True)
class Told:
    """One person as the interview tells it; `place` None means that nobody said where they live."""

    name: str
    phone: str = ""
    place: Place | None = None
    last_contact_on: date
    fields: dict[str, Any] = field(default_factory=dict)  # as `name_contact` takes them


@dataclass(frozen=True)
class Listed:
    """What became of one person: the contact, and whether the person was known or may be one on file."""

    contact: Contact
    is_known: bool
    is_undecided: bool


@transaction.atomic
def list_from_interview(
    *, case: Case, people: Sequence[Told], by: Actor, at: datetime, via: Contact | None = None
) -> list[Listed]:
    """Name everybody an interview told of; who may be somebody on file gets a record and goes to the review queue.

    A known person is observed where they live, whatever the interview says; a new one where it says, else where the
    case is answered for. With `via` it is that contact who told of them: they are contacts of a contact.
    """
    by.require(Permission.CONTACT_EDIT, case.path)
    candidates = []
    for told in people:
        place = told.place or case.place
        candidates.append(
            PersonCandidate(name=told.name, phone=told.phone, place_id=place.pk, path=place.path)
        )
    listed = []
    for told, found in zip(people, resolve_people(candidates, by=by, at=at), strict=True):
        contact = name_contact(
            person=found.person,
            case=case,
            via=via,
            place=found.person.place or told.place,
            last_contact_on=told.last_contact_on,
            by=by,
            at=at,
            **told.fields,
        )
        listed.append(Listed(contact, not found.is_new, found.match.verdict is Verdict.UNDECIDED))
    return listed
