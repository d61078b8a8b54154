"""Rows of visits become observations of contacts, one a visit: the same visit again changes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from lianfang.cases.targets.numbers import case_ids
from lianfang.cases.targets.reading import as_day, as_moment, midday
from lianfang.common.bulk import insert_rows, write_columns
from lianfang.common.clock import site_zone
from lianfang.contacts.derive import derive_contacts
from lianfang.contacts.events import ContactEvent
from lianfang.contacts.models import Contact, Observation
from lianfang.contacts.targets.known import KnownContacts
from lianfang.contacts.targets.undoing import undo_contacts
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import Entry, record_many
from lianfang.intake.records import FOLLOW_UP
from lianfang.intake.table import Hint, Problem, Severity
from lianfang.intake.target import Context, Outcome, Row, Target, Undone, Word
from lianfang.loop.touch import touch

_CHUNK = 1000
_COLUMNS = ("external_id", "contact_id", "case_number", "on", "seen", "temperature", "signs", "by_self")


@dataclass
class _Draft:
    """One visit on its way."""

    row: Row
    outcome: Outcome
    contact: Contact
    on: date
    visit: Observation | None = None
    corrects: Observation | None = None


class FollowUpTarget(Target):
    """Visits of people under observation."""

    record = FOLLOW_UP
    title: ClassVar[Any] = _("Follow-up visits")
    export_permission = Permission.EXPORT_RUN
    waits_for = frozenset({"contact.unknown"})
    kept_in_signal = frozenset({"note"})

    def apply(self, rows: Sequence[Row], context: Context) -> list[Outcome]:
        """Record the visits; one with a known number and another result corrects it."""
        outcomes = [Outcome() for _ in rows]
        drafts = _drafts(list(zip(rows, outcomes, strict=True)), context)
        held: dict[int, list[Observation]] = {}
        for visit in (
            Observation.objects.current().filter(contact__in={d.contact.pk for d in drafts}).order_by("pk")
        ):
            held.setdefault(visit.contact_id, []).append(visit)
        for draft in drafts:
            _compare(draft, held.setdefault(draft.contact.pk, []), context)
        _write([draft for draft in drafts if draft.visit is not None], context)
        for draft in drafts:
            draft.outcome.records.append(("contacts.Contact", draft.contact.pk, False))
        return outcomes

    def undo(self, records: Mapping[str, Sequence[int]], *, by: Actor, at: datetime, reason: str) -> Undone:
        return undo_contacts(records, by=by, at=at, reason=reason)

    def export(self, actor: Actor, *, path: str, at: datetime, purpose: str) -> Iterator[Mapping[str, Any]]:  # noqa: ARG002
        """Yield the visits of the visible contacts."""
        contacts = Contact.objects.visible_to(actor)
        if path:
            contacts = contacts.filter(path__within=path)
        rows = Observation.objects.current().filter(contact__in=contacts).order_by("pk")
        for visit in rows.select_related("contact__person", "contact__case").iterator(_CHUNK):
            case = visit.contact.case
            yield {
                "external_id": visit.key or None,
                "contact_id": str(visit.contact.person.uid),
                "case_number": case.number if case else None,
                "on": visit.occurred_at.astimezone(site_zone()),
                "seen": visit.seen,
                "temperature": visit.temperature,
                "signs": ",".join(visit.signs),
                "by_self": True if visit.by_self else None,
            }

    def columns(self) -> Sequence[str]:
        return _COLUMNS


def _text(row: Row, name: str) -> str:
    return str(row.values.get(name) or "")


def _drafts(pairs: Sequence[tuple[Row, Outcome]], context: Context) -> list[_Draft]:
    known = KnownContacts(
        (_text(row, n) for row, _ in pairs for n in ("contact_id", "contact_number")), context
    )
    ids = case_ids({text for row, _ in pairs if (text := _text(row, "case_number"))}, context.system)
    drafts = []
    for row, outcome in pairs:
        case = ids.get(_text(row, "case_number"))
        contact = known.one(_text(row, "contact_id"), _text(row, "contact_number"), case_id=case)
        if contact is None:
            outcome.park(
                row,
                column="contact_number",
                value=_text(row, "contact_number") or _text(row, "contact_id"),
                rule="contact.unknown",
                hint=Hint(
                    "No contact has this number yet. The visit is tried again when the contact arrives."
                ),
            )
            continue
        on = as_day(row.values["on"])
        assert on is not None
        drafts.append(_Draft(row, outcome, contact, on))
    return drafts


def _compare(draft: _Draft, held: list[Observation], context: Context) -> None:
    """Decide whether the visit is known, corrects a known one, or is new; add it to `held` where it is written."""
    values = draft.row.values
    key = _text(draft.row, "external_id")[:120]
    moment = as_moment(values["on"]) if isinstance(values["on"], datetime) else midday(draft.on)
    said = {"seen": values["seen"], "on": draft.on}
    if values.get("temperature") is not None:
        said["temperature"] = float(values["temperature"])
    standing = [v for v in held if v.key == key] if key else [v for v in held if v.on == draft.on]
    if any(all(getattr(v, name) == value for name, value in said.items()) for v in standing):
        return
    if draft.on < draft.contact.last_contact_on:
        last = draft.contact.last_contact_on.isoformat()
        hint = Hint("The visit lies before the last contact, {last}. Check both days.", last=last)
        problem = Problem(
            row=draft.row.number,
            column="on",
            value=draft.on.isoformat(),
            rule="visit.before_contact",
            hint=hint,
            severity=Severity.WARNING,
        )
        draft.outcome.problems.append(problem)
    draft.corrects = standing[-1] if key and standing else None
    draft.visit = Observation(
        contact=draft.contact,
        on=draft.on,
        seen=values["seen"],
        temperature=said.get("temperature"),
        signs=[
            word.strip() for word in _text(draft.row, "signs").replace("，", ",").split(",") if word.strip()
        ],
        by_self=bool(values.get("by_self")),
        key=key,
        occurred_at=moment,
        recorded_at=context.at,
        recorded_by_id=context.by.user_id,
    )
    held.append(draft.visit)
    if draft.corrects is not None:
        held.remove(draft.corrects)


def _write(drafts: Sequence[_Draft], context: Context) -> None:
    visits = [draft.visit for draft in drafts if draft.visit is not None]
    insert_rows(visits)
    corrected = []
    for draft in drafts:
        assert draft.visit is not None
        draft.outcome.word = Word.CREATED if draft.corrects is None else Word.CHANGED
        draft.outcome.records.append(("contacts.Observation", draft.visit.pk, True))
        if draft.corrects is not None:
            draft.corrects.superseded_at, draft.corrects.superseded_by = context.at, draft.visit
            corrected.append(draft.corrects)
    write_columns(corrected, ["superseded_at", "superseded_by"])
    entries = [
        Entry(
            subject=d.contact,
            after={"on": d.on.isoformat(), "seen": d.row.values["seen"], "signal": d.row.signal_id},
        )
        for d in drafts
    ]
    record_many(ContactEvent.OBSERVED, entries, by=context.by, at=context.at)
    touch(Observation, [visit.pk for visit in visits], at=context.at)
    derive_contacts({draft.contact.pk for draft in drafts}, at=context.at, by=context.by)
