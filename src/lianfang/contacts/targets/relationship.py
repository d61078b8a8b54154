"""Rows that say who was in contact with whom: a case and its contact, or a case and the case that infected it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from lianfang.cases.derive import derive_cases
from lianfang.cases.events import CaseEvent
from lianfang.cases.models import Case, EpiLink
from lianfang.cases.targets.numbers import case_ids
from lianfang.cases.targets.reading import as_day
from lianfang.cases.targets.wanted import Wanted, contact_kind
from lianfang.cases.targets.writing import FactWriter
from lianfang.common.bulk import insert_rows, write_columns
from lianfang.common.clock import start_of
from lianfang.contacts.derive import derive_contacts
from lianfang.contacts.events import ContactEvent
from lianfang.contacts.models import Contact
from lianfang.contacts.targets.columns import WIDENED, texts_of, widen
from lianfang.contacts.targets.known import KnownContacts
from lianfang.contacts.targets.meeting import MeetingWriter
from lianfang.contacts.targets.undoing import TIED, undo_contacts
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import Entry, record_many
from lianfang.intake.records import RELATIONSHIP
from lianfang.intake.table import Hint
from lianfang.intake.target import Context, Outcome, Row, Target, Undone, Word
from lianfang.loop.touch import touch

CLUSTER = "clustered_illness"
_CHUNK = 1000
_COLUMNS = (
    "source_number", "target_number", "target_id", "first_contact_on", "last_contact_on", "setting", "relation",
    "proximity", "certainty",
)  # fmt: skip
_CHARS = 200


@dataclass
class _Tie:
    """One row with its two ends as found on file."""

    row: Row
    outcome: Outcome
    source: Case | None
    target: Case | None
    contacts: list[Contact]
    is_event: bool = False

    @property
    def case(self) -> Case:
        """The case that the tie is a fact of: the exposed one, or the one that met an event."""
        found = self.target or self.source
        assert found is not None
        return found


class RelationshipTarget(Target):
    """Who was in contact with whom."""

    record = RELATIONSHIP
    title: ClassVar[Any] = _("Relationships")
    export_permission = Permission.EXPORT_RUN
    waits_for = frozenset({"person.unknown"})
    kept_in_signal = frozenset({"duration", "frequency", "disease"})

    def apply(self, rows: Sequence[Row], context: Context) -> list[Outcome]:
        """Tie contacts to the case that named them, and cases to the case that infected them."""
        outcomes = [Outcome() for _ in rows]
        ties = _ends(list(zip(rows, outcomes, strict=True)), context)
        _tie_contacts([tie for tie in ties if tie.source and tie.contacts], context)
        _tie_cases([tie for tie in ties if not (tie.source and tie.contacts)], context)
        return outcomes

    def undo(self, records: Mapping[str, Sequence[int]], *, by: Actor, at: datetime, reason: str) -> Undone:
        return undo_contacts(records, by=by, at=at, reason=reason)

    def export(self, actor: Actor, *, path: str, at: datetime, purpose: str) -> Iterator[Mapping[str, Any]]:  # noqa: ARG002
        """Yield the ties of visible cases: to their contacts, then to the cases that they infected."""
        cases = Case.objects.visible_to(actor)
        if path:
            cases = cases.filter(path__within=path)
        contacts = Contact.objects.visible_to(actor).filter(case__in=cases).select_related("person", "case")
        for contact in contacts.order_by("pk").iterator(_CHUNK):
            texts = {
                name: getattr(contact, name) or None
                for name in ("setting", "relation", "proximity", "certainty")
            }
            days = {"first_contact_on": contact.first_contact_on, "last_contact_on": contact.last_contact_on}
            yield {
                "source_number": contact.case.number,
                "target_id": str(contact.person.uid),
                **days,
                **texts,
            }
        links = EpiLink.objects.current().filter(case__in=cases, source_case__isnull=False)
        for link in links.select_related("case", "source_case").order_by("pk").iterator(_CHUNK):
            yield {
                "source_number": link.source_case.number,
                "target_number": link.case.number,
                "first_contact_on": link.from_on,
                "last_contact_on": link.to_on,
            }

    def columns(self) -> Sequence[str]:
        return _COLUMNS


def _text(row: Row, name: str) -> str:
    return str(row.values.get(name) or "")


def _ends(pairs: Sequence[tuple[Row, Outcome]], context: Context) -> list[_Tie]:
    """Find both ends of each row; park the rows of which an end is not on file."""
    names = {
        _text(row, name)
        for row, _ in pairs
        for name in ("source_id", "source_number", "target_id", "target_number")
    }
    ids = case_ids(names - {""}, context.system)
    cases = Case.objects.select_related("place").in_bulk(set(ids.values()))
    known = KnownContacts(
        (_text(row, n) for row, _ in pairs for n in ("target_id", "target_number")), context
    )
    ties = []
    for row, outcome in pairs:
        source, target = (_case(row, end, ids, cases) for end in ("source", "target"))
        contacts = [] if target else known.of(_text(row, "target_id"), _text(row, "target_number"))
        tie = _Tie(row, outcome, source, target, contacts)
        missing = [
            end for end, is_there in (("source", source), ("target", target or contacts)) if not is_there
        ]
        if len(missing) == 1 and _is_event(row, missing[0]) and (source or target):
            tie.is_event = True
        elif missing:
            _park(row, outcome, missing[0])
            continue
        ties.append(tie)
    return ties


def _case(row: Row, end: str, ids: Mapping[str, int], cases: Mapping[int, Case]) -> Case | None:
    pk = ids.get(_text(row, f"{end}_id")) or ids.get(_text(row, f"{end}_number"))
    return cases.get(pk or 0)


def _is_event(row: Row, end: str) -> bool:
    """Return whether the unknown end is a gathering: Go.Data gives it an id, and no number, sex or age as to people."""
    return bool(_text(row, f"{end}_id")) and not any(
        _text(row, f"{end}_{n}") for n in ("number", "sex", "age")
    )


def _park(row: Row, outcome: Outcome, end: str) -> None:
    outcome.park(
        row,
        column=f"{end}_number",
        value=_text(row, f"{end}_number") or _text(row, f"{end}_id"),
        rule="person.unknown",
        hint=Hint(
            "Nobody on file has this number. Import the cases and contacts first; the row is then tried again."
        ),
    )


def _tie_contacts(ties: Sequence[_Tie], context: Context) -> None:
    """Give the contact its case; a contact that has another case gets a row for this one too."""
    fresh: dict[tuple[int, int], Contact] = {}
    tied: dict[int, Contact] = {}
    for tie in ties:
        assert tie.source is not None
        standing = next((c for c in tie.contacts if c.case_id == tie.source.pk), None)
        standing = standing or fresh.get((tie.contacts[0].person_id, tie.source.pk))
        free = next((c for c in tie.contacts if c.case_id is None), None)
        if standing is not None:
            if widen(standing, tie.row.values):
                tie.outcome.word = Word.CHANGED
        elif free is not None:
            widen(free, tie.row.values)
            free.case, free.source_path = tie.source, tie.source.path
            tie.outcome.word = Word.CREATED
            tie.outcome.records.append((TIED, free.pk, True))
            standing = free
        else:
            standing = fresh[tie.contacts[0].person_id, tie.source.pk] = _another(tie, context)
            tie.outcome.word = Word.CREATED
        tie.contacts = [standing]
        if standing.pk and tie.outcome.word != Word.UNCHANGED:
            tied[standing.pk] = standing
    insert_rows(fresh.values())
    write_columns(tied.values(), ["case", "source_path", *WIDENED])
    made = {contact.pk for contact in fresh.values()}
    _state_meetings(ties, context)
    entries = []
    for tie in ties:
        contact = tie.contacts[0]
        is_made = contact.pk in made and tie.outcome.word == Word.CREATED
        tie.outcome.records.append(("contacts.Contact", contact.pk, is_made))
        if tie.outcome.word != Word.UNCHANGED:
            entries.append(
                Entry(subject=contact, after={"case": contact.case_id, "signal": tie.row.signal_id})
            )
    record_many(ContactEvent.CHANGED, entries, by=context.by, at=context.at)
    changed = [tie for tie in ties if tie.outcome.word != Word.UNCHANGED]
    touch(Case, {tie.source.pk for tie in changed if tie.source}, at=context.at)
    derive_contacts({tie.contacts[0].pk for tie in changed}, at=context.at, by=context.by)


def _state_meetings(ties: Sequence[_Tie], context: Context) -> None:
    writer = MeetingWriter([tie.contacts[0] for tie in ties], context)
    for tie in ties:
        says_more = writer.state(tie.contacts[0], tie.row, tie.outcome)
        if says_more and tie.outcome.word == Word.UNCHANGED:
            tie.outcome.word = Word.CHANGED
    writer.write()


def _another(tie: _Tie, context: Context) -> Contact:
    """Return a further row of the same person for another case, with the days of this tie."""
    first = tie.contacts[0]
    assert tie.source is not None
    return Contact(
        person=first.person,
        case=tie.source,
        disease=tie.source.disease,
        place=first.place,
        path=first.path,
        source_path=tie.source.path,
        last_contact_on=as_day(tie.row.values.get("last_contact_on")) or first.last_contact_on,
        is_high_risk=first.is_high_risk,
        named_at=context.at,
        notified_at=first.notified_at,
        **texts_of(tie.row.values),
    )


def _tie_cases(ties: Sequence[_Tie], context: Context) -> None:
    """Record on the exposed case its contact with the other case, or with a gathering."""
    writer = FactWriter(by=context.by, at=context.at)
    for position, tie in enumerate(ties):
        writer.state(position, tie.case, [_link(tie, context)])
    written = writer.write(sorted({tie.case.pk for tie in ties}))
    entries = []
    for position, tie in enumerate(ties):
        tie.outcome.records += [("cases.EpiLink", link.pk, True) for link in written.made[position]]
        tie.outcome.records.append(("cases.Case", tie.case.pk, False))
        if position in written.changed:
            tie.outcome.word = Word.CREATED
            entries.append(Entry(subject=tie.case, after={"signal": tie.row.signal_id}))
    record_many(CaseEvent.LINKED, entries, by=context.by, at=context.at)
    changed = {tie.case.pk for tie in ties if tie.outcome.word != Word.UNCHANGED}
    derive_cases(changed, at=context.at, by=context.by, because="import")


def _link(tie: _Tie, context: Context) -> Wanted:
    values = tie.row.values
    first, last = as_day(values.get("first_contact_on")), as_day(values.get("last_contact_on"))
    columns: dict[str, Any] = {
        "kind": CLUSTER if tie.is_event else contact_kind(tie.case.disease),
        "from_on": first,
        "to_on": last,
        "place_text": "",
        "source_case_id": tie.source.pk if tie.source and not tie.is_event else None,
        "occurred_at": start_of(last or first) if last or first else context.at,  # type: ignore[arg-type]
    }
    if tie.is_event:
        end = "source" if tie.target else "target"
        columns["place_text"] = f"{context.system}:{_text(tie.row, f'{end}_id')}"[:_CHARS]
    said = frozenset(name for name in ("from_on", "to_on", "place_text") if columns[name])
    return Wanted(
        model="EpiLink", slot=(columns["kind"],), columns=columns, said=said, corrects=not tie.is_event
    )
