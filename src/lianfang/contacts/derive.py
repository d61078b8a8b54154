"""How long a contact is observed and where that stands: worked out from facts, the edition in force and the clock.

The only writer of the derived columns of `Contact`. A person's closing stands above the rule; becoming a case ends
the observation; else it runs to the last day and is then complete.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet

from lianfang.cases.models import Case
from lianfang.common.bulk import write_columns
from lianfang.common.clock import end_of, local_day
from lianfang.contacts.events import ContactEvent
from lianfang.contacts.models import Closing, Contact, FollowUp
from lianfang.core.access.actor import Actor
from lianfang.core.audit.services import Entry, record_many
from lianfang.core.rules import site_rules
from lianfang.loop.derivation import Derivation, derivations
from lianfang.loop.touch import touch
from lianfang.rulebook.book import NoEditionError
from lianfang.rulebook.kinds.care import ObservationParameters

_BATCH = 2000
_COLUMNS = ("observe_from_on", "observe_until_on", "edition", "status", "status_at", "case_later_id")
_FIELDS = ("observe_from_on", "observe_until_on", "edition", "status", "status_at", "case_later")
_IS_CASE = ("suspected", "probable", "confirmed", "asymptomatic")


def observation_rule(disease: str, on: date) -> tuple[int, str]:
    """Return (days of observation, edition id) for a last contact on `on`; (0, "") where no rule is in force.

    Before the first edition the first one counts, so that an old outbreak that is entered today is observed by it.
    """
    book = site_rules()
    if disease not in book.diseases() or not book.pack(disease).has("observation"):
        return 0, ""
    name = f"{disease}/observation"
    try:
        edition = book.rule(name, at=on)
    except NoEditionError:
        edition = book.editions(name)[0]
    rule = edition.of(ObservationParameters)
    return rule.days - rule.first_day_number, edition.edition_id


def derive_contacts(contact_ids: Iterable[int], *, at: datetime, by: Actor | None = None) -> int:
    """Bring the derived columns of the contacts in line with their facts; return how many statuses changed.

    A constant number of statements per 2,000 contacts; every contact given is touched for the loop.
    """
    ids = sorted(set(contact_ids))
    actor = by or Actor.system("contacts.derive")
    return sum(_derive_batch(ids[n : n + _BATCH], at=at, by=actor) for n in range(0, len(ids), _BATCH))


@transaction.atomic
def _derive_batch(ids: list[int], *, at: datetime, by: Actor) -> int:
    contacts = list(Contact.objects.filter(pk__in=ids).order_by("pk"))
    closings = {
        c.contact_id: c
        for c in Closing.objects.current().filter(contact_id__in=ids).order_by("recorded_at", "pk")
    }
    cases: dict[tuple[int, str], list[Case]] = defaultdict(list)
    people = {contact.person_id for contact in contacts}
    for case in Case.objects.filter(person_id__in=people, classification__in=_IS_CASE).order_by(
        "opened_at", "pk"
    ):
        cases[case.person_id, case.disease].append(case)
    rules: dict[tuple[str, date], tuple[int, str]] = {}
    written, entries = [], []
    for contact in contacts:
        key = (contact.disease, contact.last_contact_on)
        if key not in rules:
            rules[key] = observation_rule(*key)
        before = tuple(getattr(contact, name) for name in _COLUMNS)
        was = contact.status
        _fill(contact, rules[key], closings.get(contact.pk), cases[contact.person_id, contact.disease], at)
        if before == tuple(getattr(contact, name) for name in _COLUMNS):
            continue
        written.append(contact)
        if contact.status != was:
            entries.append(Entry(subject=contact, before={"status": was}, after={"status": contact.status}))
    write_columns(written, _FIELDS)
    record_many(ContactEvent.STATUS, entries, by=by, at=at)
    touch(Contact, ids, at=at)
    return len(entries)


def _fill(
    contact: Contact, rule: tuple[int, str], closing: Closing | None, cases: list[Case], at: datetime
) -> None:
    days, contact.edition = rule
    until = contact.last_contact_on + timedelta(days=days) if days else None
    begins = max(local_day(contact.named_at), contact.last_contact_on)
    contact.observe_until_on = until
    contact.observe_from_on = begins if until is not None and begins <= until else None
    later = next(
        (case for case in cases if case.pk != contact.case_id and _after_contact(case, contact)), None
    )
    contact.case_later_id = later.pk if later else None
    status, since = _status(contact, closing, later, at)
    contact.status, contact.status_at = status, since


def _after_contact(case: Case, contact: Contact) -> bool:
    first = contact.first_contact_on or contact.last_contact_on
    return (case.onset_on or local_day(case.diagnosed_at or case.opened_at)) >= first


def _status(contact: Contact, closing: Closing | None, later: Case | None, at: datetime) -> tuple[str, Any]:
    if closing is not None:
        return closing.status, closing.occurred_at
    if later is not None:
        return FollowUp.BECAME_CASE, later.diagnosed_at or later.opened_at
    if contact.observe_from_on is None or contact.observe_until_on is None:
        return FollowUp.NONE, contact.named_at
    if at > end_of(contact.observe_until_on):
        return FollowUp.COMPLETED, end_of(contact.observe_until_on)
    return FollowUp.UNDER, contact.named_at


@derivations.add
class ContactStatus(Derivation):
    """A contact whose person became a case, or whose last day has passed."""

    model = Contact
    watches: ClassVar[Any] = {
        "cases.Case": lambda ids: Contact.objects.filter(person__cases__in=ids).values_list("pk", flat=True),
        "registry.Person": lambda ids: Contact.objects.filter(person_id__in=ids).values_list("pk", flat=True),
    }

    def stale(self, at: datetime) -> QuerySet[Any]:
        over = Contact.objects.filter(status=FollowUp.UNDER, observe_until_on__lt=local_day(at))
        return over.values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        return derive_contacts(ids, at=at)
