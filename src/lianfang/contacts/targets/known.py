"""Contacts by the numbers of other systems, and by the person's own id in our exports."""

import uuid
from collections.abc import Iterable, Mapping, Sequence

from lianfang.contacts.models import Contact
from lianfang.core.registry.models import ExternalNumber
from lianfang.intake.target import Context

LABEL = "contacts.Contact"
# In our exports, whatever their form, a contact is named by the uid of its person; with the case that is one row.
OWN_SYSTEM = "lianfang"
_CHARS = 120


class KnownContacts:
    """The contacts that some numbers may name: all rows of a person, whichever case named them. Three queries."""

    def __init__(self, numbers: Iterable[str], context: Context) -> None:
        wanted = {number[:_CHARS] for number in numbers if number}
        self._by_number: dict[str, list[Contact]] = {}
        foreign = ExternalNumber.objects.filter(system=context.system, record=LABEL, number__in=wanted)
        found = dict(foreign.values_list("number", "record_id"))
        named = Contact.objects.in_bulk(set(found.values()))
        people = {number: named[pk].person_id for number, pk in found.items() if pk in named}
        first = {number: pk for number, pk in found.items() if pk in named}
        rows = Contact.objects.filter(person_id__in=set(people.values()), via__isnull=True).select_related(
            "person", "case", "place"
        )
        of_person: dict[int, list[Contact]] = {}
        for contact in rows.order_by("pk"):
            of_person.setdefault(contact.person_id, []).append(contact)
        for number, person in people.items():
            # The row that the number was given to comes first.
            self._by_number[number] = sorted(
                of_person.get(person, ()), key=lambda c, n=number: (c.pk != first[n], c.pk)
            )
        self._read_own(wanted)

    def _read_own(self, wanted: set[str]) -> None:
        uids = {number: uid for number in wanted if (uid := _uid(number)) is not None}
        rows = Contact.objects.filter(person__uid__in=set(uids.values()), via__isnull=True).select_related(
            "person", "case", "place"
        )
        by_uid: dict[uuid.UUID, list[Contact]] = {}
        for contact in rows.order_by("pk"):
            by_uid.setdefault(contact.person.uid, []).append(contact)
        for number, uid in uids.items():
            if uid in by_uid:
                self._by_number.setdefault(number, by_uid[uid])

    def of(self, *numbers: str) -> list[Contact]:
        """Return the rows of the person whom the first known of the numbers names."""
        return next((self._by_number[n[:_CHARS]] for n in numbers if n and n[:_CHARS] in self._by_number), [])

    def one(self, *numbers: str, case_id: int | None = None) -> Contact | None:
        """Return the row for that case; without a case, the row to which the number was given."""
        rows = self.of(*numbers)
        if case_id is None:
            return rows[0] if rows else None
        return next((row for row in rows if row.case_id == case_id), None)


def remember(pairs: Sequence[tuple[Contact, Mapping[str, object]]], context: Context) -> None:
    """Keep the other system's numbers of new contacts."""
    if context.system == OWN_SYSTEM:
        return
    rows = [
        ExternalNumber(system=context.system, number=str(number)[:_CHARS], record=LABEL, record_id=contact.pk)
        for contact, values in pairs
        for number in (values.get("external_id"), values.get("number"))
        if number
    ]
    ExternalNumber.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)


def _uid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def people_with_ids(people: set[int], system: str) -> set[int]:
    """Return which of the people have a contact record with a number of that system."""
    if not people:
        return set()
    contacts = dict(Contact.objects.filter(person_id__in=people).values_list("pk", "person_id"))
    foreign = ExternalNumber.objects.filter(system=system, record=LABEL, record_id__in=contacts)
    return {contacts[pk] for pk in foreign.values_list("record_id", flat=True)}
