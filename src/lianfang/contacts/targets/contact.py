"""Rows of contacts become people under observation, tied to the case that named them where the row says which."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from lianfang.cases.models import Case
from lianfang.cases.targets.diseases import disease_codes, disease_of
from lianfang.cases.targets.exporting import names_of
from lianfang.cases.targets.numbers import case_ids
from lianfang.cases.targets.reading import as_day, as_moment, candidate_of, complete_people, place_of, resolve
from lianfang.common.bulk import insert_rows, write_columns
from lianfang.common.clock import local_day, site_zone
from lianfang.contacts.derive import derive_contacts
from lianfang.contacts.events import ContactEvent
from lianfang.contacts.models import Closing, Contact, FollowUp
from lianfang.contacts.targets.columns import MEETING_TEXTS, TEXTS, WIDENED, is_high_risk, texts_of, widen
from lianfang.contacts.targets.known import KnownContacts, people_with_ids, remember
from lianfang.contacts.targets.meeting import MeetingWriter
from lianfang.contacts.targets.undoing import undo_contacts
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import Entry, record_many
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.models import Person, Place
from lianfang.intake.records import CONTACT
from lianfang.intake.table import Hint, Problem, Severity
from lianfang.intake.target import Context, Outcome, Row, Target, Undone, Word
from lianfang.loop.touch import touch

_CHUNK = 1000
_COLUMNS = (
    "external_id", "case_number", "disease", "name", "sex", "birth_date", "birth_year", "occupation", "phone",
    "national_id", "address", "place_code", "first_contact_on", "last_contact_on", "setting", "relation", "proximity",
    "certainty", "high_risk", "named_at", "notified_at", "status",
)  # fmt: skip
# What a file can say that the rule does not find by itself.
_CLOSINGS = {"lost": FollowUp.LOST, "cancelled": FollowUp.CANCELLED, "no_follow_up": FollowUp.NONE}

# What the rule finds by itself: told to other systems, and taken from none.
_FOUND = (FollowUp.UNDER, FollowUp.COMPLETED, FollowUp.BECAME_CASE)


@dataclass
class Draft:
    """One row on its way."""

    row: Row
    outcome: Outcome
    place: Place
    candidate: PersonCandidate
    disease: str
    case: Case | None
    contact: Contact | None = None
    person: Person | None = None
    is_new: bool = False


class ContactTarget(Target):
    """Lists of contacts."""

    record = CONTACT
    title: ClassVar[Any] = _("Contacts")
    export_permission = Permission.EXPORT_RUN
    waits_for = frozenset({"case.unknown", "place.unknown"})
    kept_in_signal = frozenset({"note", "latitude", "longitude"})

    def apply(self, rows: Sequence[Row], context: Context) -> list[Outcome]:
        """Take contacts in; the same person named again by the same case widens the days of contact."""
        outcomes = [Outcome() for _ in rows]
        drafts = self._drafts(list(zip(rows, outcomes, strict=True)), context)
        strangers = [draft for draft in drafts if draft.contact is None]
        found = resolve(
            [(d.row, d.outcome, d.candidate) for d in strangers],
            context,
            lambda people: people_with_ids(people, context.system),
        )
        for draft, resolved in zip(strangers, found, strict=True):
            draft.person = resolved.person if resolved else None
        drafts = [draft for draft in drafts if draft.person is not None]
        _find_standing(drafts)
        _write(drafts, context)
        return outcomes

    def _drafts(self, pairs: Sequence[tuple[Row, Outcome]], context: Context) -> list[Draft]:
        numbers = {str(row.values["case_number"]) for row, _ in pairs if row.values.get("case_number")}
        ids = case_ids(numbers, context.system)
        cases = Case.objects.select_related("place").in_bulk(set(ids.values()))
        names = (str(row.values.get(n) or "") for row, _ in pairs for n in ("external_id", "number"))
        known = KnownContacts(names, context)
        words = disease_codes()
        drafts = []
        for row, outcome in pairs:
            number = str(row.values.get("case_number") or "")
            case = cases.get(ids.get(number, 0))
            if number and case is None:
                _park_for_case(row, outcome, number)
                continue
            disease = case.disease if case else disease_of(row, outcome, words)
            place = place_of(row, outcome, context) if disease else None
            if place is None:
                continue
            on = as_day(row.values.get("last_contact_on")) or local_day(context.at)
            draft = Draft(row, outcome, place, candidate_of(row.values, place, on), disease, case)
            standing = known.one(
                _text(row, "external_id"), _text(row, "number"), case_id=case.pk if case else None
            )
            if standing is not None:
                draft.contact, draft.person = standing, standing.person
                outcome.is_known_person = True
            drafts.append(draft)
        return drafts

    def undo(self, records: Mapping[str, Sequence[int]], *, by: Actor, at: datetime, reason: str) -> Undone:
        return undo_contacts(records, by=by, at=at, reason=reason)

    def export(self, actor: Actor, *, path: str, at: datetime, purpose: str) -> Iterator[Mapping[str, Any]]:
        """Yield the visible contacts within `path`; names for those who may reveal them."""
        rows = (
            Contact.objects.visible_to(actor)
            .select_related("person", "person__place", "case", "place")
            .order_by("pk")
        )
        if path:
            rows = rows.filter(path__within=path)
        last = 0
        while chunk := list(rows.filter(pk__gt=last)[:_CHUNK]):
            last = chunk[-1].pk
            names = names_of(actor, [contact.person_id for contact in chunk], at=at, purpose=purpose)
            closings = (
                Closing.objects.current()
                .filter(contact__in=[c.pk for c in chunk])
                .order_by("recorded_at", "pk")
            )
            closed = {closing.contact_id: closing.status for closing in closings}
            for contact in chunk:
                yield {
                    **names.get(contact.person_id, {}),
                    **_exported(contact),
                    "status": closed.get(contact.pk)
                    or (contact.status if contact.status in _FOUND else None),
                }

    def columns(self) -> Sequence[str]:
        return _COLUMNS


def _text(row: Row, name: str) -> str:
    return str(row.values.get(name) or "")


def _park_for_case(row: Row, outcome: Outcome, number: str) -> None:
    outcome.park(
        row,
        column="case_number",
        value=number,
        rule="case.unknown",
        hint=Hint(
            "No case has this number yet. The row is tried again when the case arrives; or correct the number."
        ),
    )


def _find_standing(drafts: Sequence[Draft]) -> None:
    """Find the contact of the same person and case that is on file."""
    people = {
        d.person.pk
        for d in drafts
        if d.contact is None and d.person is not None and d.outcome.is_known_person
    }
    if not people:
        return
    on_file = Contact.objects.filter(person_id__in=people, via__isnull=True)
    standing = {(c.person_id, c.case_id, c.disease): c for c in on_file}
    for draft in drafts:
        if draft.contact is None and draft.person is not None:
            draft.contact = standing.get(
                (draft.person.pk, draft.case.pk if draft.case else None, draft.disease)
            )


def _write(drafts: Sequence[Draft], context: Context) -> None:
    fresh: dict[tuple[int, int | None, str], Contact] = {}
    changed: dict[int, Contact] = {}
    for draft in drafts:
        assert draft.person is not None
        key = (draft.person.pk, draft.case.pk if draft.case else None, draft.disease)
        if draft.contact is None and key in fresh:
            draft.contact = fresh[key]
        if draft.contact is None:
            draft.contact = fresh[key] = _contact(draft, context)
            draft.is_new = True
            draft.outcome.word = Word.CREATED
        elif widen(draft.contact, draft.row.values):
            draft.outcome.word = Word.CHANGED if not draft.is_new else draft.outcome.word
            if draft.contact.pk:
                changed[draft.contact.pk] = draft.contact
    insert_rows(fresh.values())
    write_columns(changed.values(), WIDENED)
    _state_meetings(drafts, context)
    remember([(d.contact, d.row.values) for d in drafts if d.contact and d.is_new], context)
    completed = complete_people(
        [(d.contact.person, d.candidate) for d in drafts if d.contact and not d.is_new], context
    )
    _close(drafts, context)
    _account(drafts, completed, context)


def _state_meetings(drafts: Sequence[Draft], context: Context) -> None:
    writer = MeetingWriter([draft.contact for draft in drafts if draft.contact], context)
    for draft in drafts:
        assert draft.contact is not None
        says_more = writer.state(draft.contact, draft.row, draft.outcome)
        if says_more and draft.outcome.word == Word.UNCHANGED:
            draft.outcome.word = Word.CHANGED
    writer.write()


def _contact(draft: Draft, context: Context) -> Contact:
    values = draft.row.values
    named = as_moment(values.get("named_at")) or context.at
    last = as_day(values.get("last_contact_on"))
    if last is None:
        last = local_day(named)
        hint = Hint(
            "No day of last contact is given; the day on which the contact was named stands in for it."
        )
        draft.outcome.problems.append(
            Problem(
                row=draft.row.number,
                column="last_contact_on",
                value="",
                rule="last_contact.assumed",
                hint=hint,
                severity=Severity.WARNING,
            )
        )
    assert draft.person is not None
    return Contact(
        person=draft.person,
        case=draft.case,
        disease=draft.disease,
        place=draft.place,
        path=draft.place.path,
        source_path=draft.case.path if draft.case else "",
        last_contact_on=last,
        is_high_risk=is_high_risk(values),
        named_at=named,
        notified_at=as_moment(values.get("notified_at")),
        **texts_of(values),
    )


def _close(drafts: Sequence[Draft], context: Context) -> None:
    """Record the ends of observation that the rows report, unless that end is on file."""
    wanted = [
        (d, _CLOSINGS[d.row.values["status"]]) for d in drafts if d.row.values.get("status") in _CLOSINGS
    ]
    ids = [d.contact.pk for d, _ in wanted if d.contact is not None]
    held = {(c.contact_id, c.status) for c in Closing.objects.current().filter(contact__in=ids)}
    made = []
    for draft, status in wanted:
        assert draft.contact is not None
        if (draft.contact.pk, status) in held:
            continue
        held.add((draft.contact.pk, status))
        closing = Closing(
            contact=draft.contact,
            status=status,
            reason=f"as reported by {context.system}",
            occurred_at=context.at,
            recorded_at=context.at,
            recorded_by_id=context.by.user_id,
        )
        made.append((draft, closing))
    insert_rows([closing for _, closing in made])
    for draft, closing in made:
        draft.outcome.records.append(("contacts.Closing", closing.pk, True))
        if draft.outcome.word == Word.UNCHANGED:
            draft.outcome.word = Word.CHANGED


def _account(drafts: Sequence[Draft], completed: set[int], context: Context) -> None:
    entries: dict[ContactEvent, list[Entry]] = {ContactEvent.NAMED: [], ContactEvent.CHANGED: []}
    for draft in drafts:
        assert draft.contact is not None
        if draft.outcome.word == Word.UNCHANGED and draft.contact.person_id in completed:
            draft.outcome.word = Word.CHANGED
        draft.outcome.records.append(("contacts.Contact", draft.contact.pk, draft.is_new))
        tag = {Word.CREATED: ContactEvent.NAMED, Word.CHANGED: ContactEvent.CHANGED}.get(draft.outcome.word)
        if tag is not None:
            entries[tag].append(Entry(subject=draft.contact, after={"signal": draft.row.signal_id}))
    for tag, several in entries.items():
        record_many(tag, several, by=context.by, at=context.at)
    touched = [d for d in drafts if d.contact is not None and d.outcome.word != Word.UNCHANGED]
    touch(Case, {d.case.pk for d in touched if d.case is not None}, at=context.at)
    derive_contacts({d.contact.pk for d in touched if d.contact is not None}, at=context.at, by=context.by)


def _exported(contact: Contact) -> dict[str, Any]:
    person, named = contact.person, contact.named_at
    assert named is not None
    days: dict[str, date | None] = {
        "first_contact_on": contact.first_contact_on,
        "last_contact_on": contact.last_contact_on,
    }
    return {
        "external_id": str(person.uid),
        "case_number": contact.case.number if contact.case else None,
        "disease": contact.disease,
        "sex": person.sex if person.sex != "unknown" else None,
        "birth_year": person.birth_year,
        "occupation": person.occupation,
        "place_code": contact.place.code,
        **days,
        **{name: getattr(contact, name) or None for name in (*MEETING_TEXTS, *TEXTS)},
        "high_risk": True if contact.is_high_risk else None,
        "named_at": named.astimezone(site_zone()),
        "notified_at": contact.notified_at.astimezone(site_zone()) if contact.notified_at else None,
    }
