"""The meetings that rows tell of, written in bulk beside those on file."""

from collections.abc import Iterable, Mapping
from typing import Any

from lianfang.cases.targets.reading import as_day
from lianfang.common.bulk import insert_rows, write_columns
from lianfang.common.clock import start_of
from lianfang.contacts.meetings import absorb
from lianfang.contacts.models import Contact, Exposure, Origin
from lianfang.contacts.targets.columns import MEETING_TEXTS, text_of
from lianfang.intake.target import Context, Outcome, Row

LABEL = "contacts.Exposure"


class MeetingWriter:
    """Takes the rows one by one and writes their meetings at the end: a query, and two statements a thousand."""

    def __init__(self, contacts: Iterable[Contact], context: Context) -> None:
        self._context = context
        self._held: dict[int, list[Exposure]] = {}
        ids = {contact.pk for contact in contacts}
        for each in Exposure.objects.current().filter(contact_id__in=ids).order_by("pk"):
            self._held.setdefault(each.contact_id, []).append(each)
        self._made: list[tuple[Exposure, Exposure | None, Outcome]] = []

    def state(self, contact: Contact, row: Row, outcome: Outcome) -> bool:
        """Note the meeting of the row; return whether it says anything that is not on file."""
        meeting = self._meeting(contact, row.values)
        if meeting is None:
            return False
        held = self._held.setdefault(contact.pk, [])
        if held and _is_summary(contact, row.values):
            return False
        absorbed = absorb(meeting, held)
        if not absorbed.is_written:
            return False
        if absorbed.corrects is not None:
            held.remove(absorbed.corrects)
        held.append(meeting)
        self._made.append((meeting, absorbed.corrects, outcome))
        return True

    def write(self) -> None:
        """Write the meetings, and what they correct; the outcomes tell which rows were made."""
        insert_rows([meeting for meeting, _, _ in self._made])
        corrected = []
        for meeting, before, outcome in self._made:
            outcome.records.append((LABEL, meeting.pk, True))
            if before is not None:
                before.superseded_at, before.superseded_by = self._context.at, meeting
                corrected.append(before)
        write_columns(corrected, ["superseded_at", "superseded_by"])

    def _meeting(self, contact: Contact, values: Mapping[str, Any]) -> Exposure | None:
        first, last = as_day(values.get("first_contact_on")), as_day(values.get("last_contact_on"))
        texts = {name: text_of(values, name) for name in MEETING_TEXTS}
        if contact.pk in self._held and last is None and not any(texts.values()):
            return None
        to_on = last or contact.last_contact_on
        return Exposure(
            contact=contact,
            from_on=first if first is not None and first <= to_on else None,
            to_on=to_on,
            origin=Origin.FILE,
            occurred_at=start_of(to_on),
            recorded_at=self._context.at,
            recorded_by_id=self._context.by.user_id,
            **texts,
        )


def _is_summary(contact: Contact, values: Mapping[str, Any]) -> bool:
    """Return whether the row says of the meetings just what the contact's own columns sum up, as our exports do."""
    said = {
        **{name: as_day(values.get(name)) for name in ("first_contact_on", "last_contact_on")},
        **{name: text_of(values, name) for name in MEETING_TEXTS},
    }
    return all(not value or getattr(contact, name) == value for name, value in said.items())
