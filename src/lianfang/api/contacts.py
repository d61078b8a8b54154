"""Contacts and their visits."""

from datetime import date
from typing import Any

from ninja import Schema
from pydantic import AwareDatetime

from lianfang.api.door import endpoint
from lianfang.contacts import services
from lianfang.contacts.selectors import ContactFilter, get_contact, list_contacts
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.selectors import get_place


class ContactOut(Schema):
    """A contact, without name."""

    id: int
    person: str
    case: str
    place: str
    last_contact_on: date
    observe_until_on: date | None
    status: str

    @staticmethod
    def resolve_person(contact: Any) -> str:
        """The person's public id."""
        return str(contact.person.uid)

    @staticmethod
    def resolve_case(contact: Any) -> str:
        """The number of the case that named the contact."""
        return contact.case.number if contact.case else ""

    @staticmethod
    def resolve_place(contact: Any) -> str:
        """The code of the place where the contact is observed."""
        return str(contact.place.code)


class VisitIn(Schema):
    """A visit; `key` makes sending it twice harmless."""

    seen: str
    seen_at: AwareDatetime
    temperature: float | None = None
    signs: list[str] = []
    key: str = ""


@endpoint("GET", "/contacts", Permission.CONTACT_VIEW, response=list[ContactOut])
def list_all(request: Any, area: str = "", status: str = "", limit: int = 100) -> Any:
    """List the contacts that you may see, the newest named first."""
    wanted = ContactFilter(path=get_place(area).path if area else "", status=status)
    return list_contacts(request.actor, wanted, limit=max(1, min(limit, 500)))


@endpoint("GET", "/contacts/{pk}", Permission.CONTACT_VIEW, response=ContactOut)
def one(request: Any, pk: int) -> Any:
    """Return one contact."""
    return get_contact(request.actor, pk)


@endpoint("POST", "/contacts/{pk}/visits", Permission.OBSERVATION_RECORD, response=ContactOut)
def visit(request: Any, pk: int, body: VisitIn) -> Any:
    """Record a visit of a contact under observation."""
    contact = get_contact(request.actor, pk)
    services.record_observation(contact=contact, **body.dict(), by=request.actor, at=request.at)
    return contact
