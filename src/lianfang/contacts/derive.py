"""Who is a contact, how long they are observed and where that stands: from exposures, case, edition and clock.

The only writer of the derived columns of `Contact` and of `SwabDay`. A person's closing stands above the rule; becoming
a case ends the observation; else it runs to the last day and is then complete. The edition that counts is the one in
force now, as long as the observation could still run; after that the last one that did, so that history stays.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Min, Q, QuerySet

from lianfang.cases.models import Case, Result, Sign
from lianfang.common.bulk import insert_rows, write_columns
from lianfang.common.clock import end_of, local_day, start_of
from lianfang.common.paths import code_of
from lianfang.contacts.events import ContactEvent
from lianfang.contacts.exposed import count, visits_until, window_of
from lianfang.contacts.models import Closing, Contact, Exposure, FollowUp, SelfReports, SwabDay
from lianfang.contacts.rules import Defining, Observing, Rules
from lianfang.core.access.actor import Actor
from lianfang.core.audit.services import Entry, record_many
from lianfang.core.rules import site_rules
from lianfang.loop.derivation import Derivation, derivations
from lianfang.loop.touch import touch

_BATCH = 2000
FIELDS = (
    "first_contact_on", "last_contact_on", "setting", "proximity", "window_from_on", "window_edition",
    "observe_from_on", "observe_until_on", "edition", "visit_until_on", "n_readings", "self_reports", "is_confined",
    "status", "status_at", "case_later",
)  # fmt: skip
_COLUMNS = (*FIELDS[:-1], "case_later_id")
_IS_CASE = ("suspected", "probable", "confirmed", "asymptomatic")
_NOT_VISITED = (FollowUp.CANCELLED, FollowUp.NONE)


@dataclass(slots=True)
class _Facts:
    """What is on file about some contacts, read in a constant number of queries."""

    exposures: dict[int, list[Exposure]] = field(default_factory=lambda: defaultdict(list))
    closings: dict[int, Closing] = field(default_factory=dict)
    cases: dict[tuple[int, str], list[Case]] = field(default_factory=lambda: defaultdict(list))
    named_by: dict[int, Case] = field(default_factory=dict)
    sampled_on: dict[int, date] = field(default_factory=dict)
    signs_on: dict[tuple[int, str], date] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)


def derive_contacts(contact_ids: Iterable[int], *, at: datetime, by: Actor | None = None) -> int:
    """Bring the derived columns of the contacts in line with their facts; return how many statuses changed.

    A constant number of statements per 2,000 contacts; every contact given is touched for the loop. The other rows of
    the same people are derived with them, since a person is visited once a day whoever named them.
    """
    ids = sorted(set(contact_ids))
    actor = by or Actor.system("contacts.derive")
    return sum(_derive_batch(ids[n : n + _BATCH], at=at, by=actor) for n in range(0, len(ids), _BATCH))


@transaction.atomic
def _derive_batch(ids: list[int], *, at: datetime, by: Actor) -> int:
    people = set(Contact.objects.filter(pk__in=ids).values_list("person_id", flat=True))
    # Held before the facts are read: of two who derive one contact, the second sees what the first has written.
    contacts = list(
        Contact.objects.select_for_update(no_key=True).filter(person_id__in=people).order_by("pk")
    )
    facts = _read(contacts, people)
    before = {contact.pk: tuple(getattr(contact, name) for name in _COLUMNS) for contact in contacts}
    was = {contact.pk: contact.status for contact in contacts}
    rules = {contact.pk: _work_out(contact, facts, at) for contact in contacts}
    _share_visits(contacts)
    written = [c for c in contacts if before[c.pk] != tuple(getattr(c, name) for name in _COLUMNS)]
    write_columns(written, FIELDS)
    _write_swab_days(contacts, rules)
    entries = [
        Entry(subject=c, before={"status": was[c.pk]}, after={"status": c.status})
        for c in written
        if c.status != was[c.pk]
    ]
    record_many(ContactEvent.STATUS, entries, by=by, at=at)
    touch(Contact, {*ids, *(contact.pk for contact in written)}, at=at)
    return len(entries)


def _read(contacts: list[Contact], people: set[int]) -> _Facts:
    facts, ids = _Facts(), [contact.pk for contact in contacts]
    for exposure in Exposure.objects.current().filter(contact_id__in=ids).order_by("pk"):
        facts.exposures[exposure.contact_id].append(exposure)
    for closing in Closing.objects.current().filter(contact_id__in=ids).order_by("recorded_at", "pk"):
        facts.closings[closing.contact_id] = closing
    of_people = Case.objects.filter(person_id__in=people, classification__in=_IS_CASE)
    for case in of_people.order_by("opened_at", "pk"):
        facts.cases[case.person_id, case.disease].append(case)
    facts.named_by = Case.objects.in_bulk({c.case_id for c in contacts if c.case_id is not None})
    silent = [pk for pk, case in facts.named_by.items() if case.onset_on is None]
    positive = Result.objects.current().filter(case_id__in=silent, finding="positive")
    for case_id, moment in positive.order_by().values_list("case_id").annotate(Min("sample__occurred_at")):
        facts.sampled_on[case_id] = local_day(moment)
    codes = _anchor_signs({contact.disease for contact in contacts})
    if codes:
        signs = Sign.objects.current().filter(case_id__in=facts.named_by, code__in=codes, present=True)
        for case_id, code, moment in (
            signs.order_by().values_list("case_id", "code").annotate(Min("occurred_at"))
        ):
            facts.signs_on[case_id, code] = local_day(moment)
    return facts


def _anchor_signs(diseases: set[str]) -> set[str]:
    """Return the signs, other than onset, from which the window of one of the diseases counts."""
    book, rules = site_rules(), Rules()
    days = {
        (d, e.effective_from)
        for d in diseases
        if d in book.diseases() and book.pack(d).has("contact_definition")
        for e in book.editions(f"{d}/contact_definition")
    }
    found = (rules.defining(disease, day, "").rule for disease, day in days)
    return {rule.anchor for rule in found if rule is not None} - {"onset"}


def _work_out(contact: Contact, facts: _Facts, at: datetime) -> Observing:
    """Fill the derived columns of one contact, but for what its person's other rows decide; return the rule."""
    exposures = facts.exposures[contact.pk]
    observing, defining = _editions(contact, exposures, facts.rules, at)
    window = window_of(defining.rule, _anchor(contact, defining, facts))
    counted = count(exposures, window, defining.rule)
    contact.window_from_on, contact.window_edition = window.opens_on, defining.edition
    contact.first_contact_on, contact.setting, contact.proximity = (
        counted.first_on,
        counted.setting,
        counted.proximity,
    )
    contact.last_contact_on = (
        counted.last_on or max((e.to_on for e in exposures), default=None) or contact.last_contact_on
    )
    rule = observing.rule if counted.last_on is not None else None
    contact.edition = observing.edition
    contact.n_readings = rule.temperature_readings_per_day if rule else 0
    contact.self_reports = rule.self_reports if rule else SelfReports.NONE
    contact.is_confined = bool(rule and rule.where)
    until = contact.last_contact_on + timedelta(days=observing.days) if rule else None
    begins = max(local_day(contact.named_at), contact.last_contact_on)
    contact.observe_until_on = until
    contact.observe_from_on = begins if until is not None and begins <= until else None
    cases = facts.cases[contact.person_id, contact.disease]
    later = next((c for c in cases if c.pk != contact.case_id and _after_contact(c, contact)), None)
    contact.case_later_id = later.pk if later else None
    contact.status, contact.status_at = _status(contact, facts.closings.get(contact.pk), later, at)
    return observing


def _editions(
    contact: Contact, exposures: list[Exposure], rules: Rules, at: datetime
) -> tuple[Observing, Defining]:
    """Return the rules in force now, or on the last day on which the observation could have run."""
    here, of_case = code_of(contact.path), code_of(contact.source_path or contact.path)
    last = max((each.to_on for each in exposures), default=contact.last_contact_on)
    is_of_contact = contact.via_id is not None
    then = rules.observing(contact.disease, last, here, is_of_contact=is_of_contact)
    on = min(local_day(at), last + timedelta(days=then.days))
    return (
        rules.observing(contact.disease, on, here, is_of_contact=is_of_contact),
        rules.defining(contact.disease, on, of_case),
    )


def _anchor(contact: Contact, defining: Defining, facts: _Facts) -> date | None:
    """Return the day from which the case's window counts; None where it is not known, and then everything counts."""
    if contact.case_id is None or contact.via_id is not None or defining.rule is None:
        return None
    case = facts.named_by[contact.case_id]
    if defining.rule.anchor != "onset":
        return facts.signs_on.get((case.pk, defining.rule.anchor), case.onset_on)
    if case.onset_on is None and case.classification == "asymptomatic":
        return facts.sampled_on.get(case.pk)
    return case.onset_on


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


def _share_visits(contacts: list[Contact]) -> None:
    """Say until when each row owes the visits: every day of a person and disease is owed by one row."""
    rows: dict[tuple[int, str], list[tuple[int, date, date]]] = defaultdict(list)
    for contact in contacts:
        first, last = contact.observe_from_on, contact.observe_until_on
        if first is None or last is None or contact.status in _NOT_VISITED:
            continue
        if contact.status not in (FollowUp.UNDER, FollowUp.COMPLETED) and contact.status_at is not None:
            last = min(last, local_day(contact.status_at))
        if last >= first:
            rows[contact.person_id, contact.disease].append((contact.pk, first, last))
    until = {pk: day for group in rows.values() for pk, day in visits_until(group).items()}
    for contact in contacts:
        contact.visit_until_on = until.get(contact.pk)


def _write_swab_days(contacts: list[Contact], rules: dict[int, Observing]) -> None:
    """Bring the days of testing in line; two statements where nothing changed and nobody is tested."""
    ids = [contact.pk for contact in contacts]
    wanted = {row for contact in contacts for row in _swab_days(contact, rules[contact.pk])}
    held = {
        (row.contact_id, row.on, row.number, row.since_at, row.due_at, row.until_at): row.pk
        for row in SwabDay.objects.filter(contact_id__in=ids)
    }
    gone = [pk for key, pk in held.items() if key not in wanted]
    if gone:
        SwabDay.objects.filter(pk__in=gone).delete()
    names = ("contact_id", "on", "number", "since_at", "due_at", "until_at")
    fresh = [SwabDay(**dict(zip(names, key, strict=True))) for key in sorted(wanted - set(held), key=str)]
    insert_rows(fresh)


def _swab_days(contact: Contact, observing: Observing) -> list[tuple[Any, ...]]:
    rule, first, last = observing.rule, contact.observe_from_on, contact.visit_until_on
    if rule is None or not rule.tests_on_days or first is None or last is None:
        return []
    numbers: dict[date, int] = {}
    for number in rule.tests_on_days:
        on = max(first, contact.last_contact_on + timedelta(days=number - rule.first_day_number))
        if on <= last:
            numbers[on] = number  # of the days that passed before the person was named, one test remains
    days = sorted(numbers)
    ends = [*(start_of(day) for day in days[1:]), None][: len(days)]  # of no day there is no end
    return [
        (contact.pk, day, numbers[day], start_of(day), end_of(day), end)
        for day, end in zip(days, ends, strict=True)
    ]


@derivations.add
class ContactStatus(Derivation):
    """A contact whose case or person changed, whose last day has passed, or whose edition is no longer in force."""

    model = Contact
    watches: ClassVar[Any] = {
        "cases.Case": lambda ids: Contact.objects.filter(
            Q(person__cases__in=ids) | Q(case__in=ids)
        ).values_list("pk", flat=True),
        "registry.Person": lambda ids: Contact.objects.filter(person_id__in=ids).values_list("pk", flat=True),
    }

    def stale(self, at: datetime) -> QuerySet[Any]:
        today = local_day(at)
        over = Q(status=FollowUp.UNDER, observe_until_on__lt=today)
        book = site_rules()
        for disease in book.diseases():
            pack = book.pack(disease)
            if not pack.has("observation"):
                continue
            days = Rules().observing(disease, today, "").days
            running = Q(disease=disease, last_contact_on__gte=today - timedelta(days=days), via__isnull=True)
            outdated = ~Q(edition__in=_standing(f"{disease}/observation", today))
            if pack.has("contact_definition"):
                outdated |= ~Q(window_edition__in=_standing(f"{disease}/contact_definition", today))
            over |= running & outdated
        return Contact.objects.filter(over).values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        return derive_contacts(ids, at=at)


def _standing(rule_id: str, on: date) -> list[str]:
    """Return the ids of the editions in force; before the first one, the first."""
    editions = site_rules().editions(rule_id)
    return [e.edition_id for e in editions if e.in_force(on)] or [editions[0].edition_id]
