"""Rows of stays in isolation: each is taken where no other stay of the person or the bed lies in its way.

What overlaps is found before anything is written, so that the row is parked with the stay that lies in the way; what
somebody else writes meanwhile is refused by the database, and parked as well.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from lianfang.cases.targets.numbers import case_ids
from lianfang.cases.targets.reading import as_moment
from lianfang.common.clock import local_day, site_zone
from lianfang.contacts.events import ContactEvent
from lianfang.contacts.models import Bed, Contact, IsolationSite, Stay, StayKind
from lianfang.contacts.services.isolating import new_stay
from lianfang.contacts.targets.known import KnownContacts
from lianfang.contacts.targets.undoing import ENDED, undo_contacts
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import Entry, record_many
from lianfang.core.intervals import refused_by
from lianfang.intake.records import STAY
from lianfang.intake.target import Context, Outcome, Row, Target, Undone, Word
from lianfang.loop.touch import touch

LABEL = "contacts.Stay"
_CHUNK = 1000
_COLUMNS = (
    "contact_id", "case_number", "kind", "site", "room", "stay_from", "stay_until", "needs", "released_by", "reason",
)  # fmt: skip


@dataclass
class _Draft:
    """One row on its way; `ended` is a stay on file that the row says the end of."""

    row: Row
    outcome: Outcome
    contact: Contact
    begins: datetime
    ends: datetime | None
    stay: Stay | None = None
    ended: Stay | None = None


class StayTarget(Target):
    """Stays in isolation."""

    record = STAY
    title: ClassVar[Any] = _("Stays in isolation")
    export_permission = Permission.EXPORT_RUN
    waits_for = frozenset({"contact.unknown"})

    def apply(self, rows: Sequence[Row], context: Context) -> list[Outcome]:
        """Take stays in; one on file is completed by its end, one that overlaps another is parked."""
        outcomes = [Outcome() for _ in rows]
        drafts = _drafts(list(zip(rows, outcomes, strict=True)), context)
        room = _Room(drafts, context)
        for draft in drafts:
            room.take(draft)
        _write([draft for draft in drafts if draft.stay or draft.ended], context)
        for draft in drafts:
            draft.outcome.records.append(("contacts.Contact", draft.contact.pk, False))
        return outcomes

    def undo(self, records: Mapping[str, Sequence[int]], *, by: Actor, at: datetime, reason: str) -> Undone:
        return undo_contacts(records, by=by, at=at, reason=reason)

    def export(self, actor: Actor, *, path: str, at: datetime, purpose: str) -> Iterator[Mapping[str, Any]]:  # noqa: ARG002
        """Yield the visible stays."""
        rows = Stay.objects.visible_to(actor).filter(superseded_at__isnull=True)
        if path:
            rows = rows.filter(path__within=path)
        for stay in (
            rows.select_related("person", "contact__case", "bed__room__site").order_by("pk").iterator(_CHUNK)
        ):
            case = stay.contact.case if stay.contact else None
            yield {
                "contact_id": str(stay.person.uid),
                "case_number": case.number if case else None,
                "kind": stay.kind,
                "site": stay.bed.room.site.name if stay.bed else None,
                "room": stay.bed.room.label if stay.bed else None,
                "stay_from": stay.occurred_at.astimezone(site_zone()),
                "stay_until": stay.until_at.astimezone(site_zone()) if stay.until_at else None,
                "needs": ",".join(stay.needs) or None,
                "released_by": stay.released_by_rule or None,
                "reason": stay.reason or None,
            }

    def columns(self) -> Sequence[str]:
        return _COLUMNS


def _text(row: Row, name: str) -> str:
    return str(row.values.get(name) or "").strip()


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
                hint="No contact has this number yet. The stay is tried again when the contact arrives.",
            )
            continue
        begins, ends = as_moment(row.values["stay_from"]), as_moment(row.values.get("stay_until"))
        assert begins is not None
        if begins > context.at or (ends is not None and ends < begins):
            outcome.park(
                row,
                column="stay_until" if ends is not None and ends < begins else "stay_from",
                value=ends or begins,
                rule="stay.out_of_order",
                hint="A stay ends after it begins, and has begun. Check both moments.",
            )
            continue
        drafts.append(_Draft(row, outcome, contact, begins, ends))
    return drafts


def _overlaps(stay: Stay, begins: datetime, ends: datetime | None) -> bool:
    began: datetime = stay.occurred_at
    return (ends is None or began < ends) and (stay.until_at is None or begins < stay.until_at)


class _Room:
    """The stays on file of the people and sites of some rows, and the beds: three queries."""

    def __init__(self, drafts: Sequence[_Draft], context: Context) -> None:
        self._context = context
        self._of_person: dict[int, list[Stay]] = defaultdict(list)
        self._of_bed: dict[int, list[Stay]] = defaultdict(list)
        self._beds: dict[str, list[Bed]] = defaultdict(list)
        names = {_text(draft.row, "site") for draft in drafts} - {""}
        sites = IsolationSite.objects.filter(name__in=names, path__within=context.place.path)
        beds = Bed.objects.filter(room__site__in=sites).select_related("room__site__place")
        for bed in beds.order_by("room__label", "pk"):
            self._beds[bed.room.site.name].append(bed)
        people = {draft.contact.person_id for draft in drafts}
        held = Stay.objects.current().select_related("bed__room__site")
        mine = held.filter(person_id__in=people)
        theirs = held.filter(bed__in=[bed.pk for several in self._beds.values() for bed in several])
        for stay in (mine | theirs).order_by("occurred_at", "pk"):
            self._add(stay)

    def _add(self, stay: Stay) -> None:
        self._of_person[stay.person_id].append(stay)
        if stay.bed_id is not None:
            self._of_bed[stay.bed_id].append(stay)

    def take(self, draft: _Draft) -> None:
        """Decide what becomes of a row: known, an end, a new stay, or parked with what lies in its way."""
        site = _text(draft.row, "site")
        if bool(site) != (draft.row.values.get("kind", "central" if site else "home") == StayKind.CENTRE):
            draft.outcome.park(
                draft.row,
                column="site",
                value=site,
                rule="stay.site_or_home",
                hint="A stay in a centre names the site, and one at home names none. Correct the kind or the site.",
            )
            return
        for stay in self._of_person[draft.contact.person_id]:
            if stay.occurred_at == draft.begins and _where(stay) == site and self._agrees(stay, draft):
                if stay.until_at is None and draft.ends is not None:
                    draft.ended = stay
                    _end(stay, draft)
                return
        in_way = next(
            (s for s in self._of_person[draft.contact.person_id] if _overlaps(s, draft.begins, draft.ends)),
            None,
        )
        if in_way is not None:
            _park_overlap(draft, in_way)
            return
        stay = new_stay(
            draft.contact, draft.begins, _needs(draft.row), by=self._context.by, at=self._context.at
        )
        if site and not self._give_bed(stay, draft, site):
            return
        if draft.ends is not None:
            _end(stay, draft)
        draft.stay = stay
        self._add(stay)

    def _agrees(self, stay: Stay, draft: _Draft) -> bool:
        """Return whether the row says nothing else than the stay on file: only an end that is not known yet may be new."""
        if draft.ends is None or stay.until_at == draft.ends:
            return True
        others = (s for s in self._of_person[draft.contact.person_id] if s is not stay)
        return stay.until_at is None and not any(_overlaps(s, draft.begins, draft.ends) for s in others)

    def _give_bed(self, stay: Stay, draft: _Draft, site: str) -> bool:
        room = _text(draft.row, "room")
        beds = [bed for bed in self._beds.get(site, ()) if not room or bed.room.label == room]
        if not beds:
            draft.outcome.park(
                draft.row,
                column="site",
                value=f"{site} {room}".strip(),
                rule="site.unknown",
                hint="No isolation site of this name, with this room, is open here. Open it, then try the row again.",
            )
            return False
        free = next((bed for bed in beds if self._is_free(bed, draft)), None)
        if free is None:
            draft.outcome.park(
                draft.row,
                column="site",
                value=f"{site} {room}".strip(),
                rule="stay.no_free_bed",
                hint="Every place there is taken for this time, or was not open. Check the days, or add places.",
            )
            return False
        stay.kind, stay.bed, stay.place, stay.path = (
            StayKind.CENTRE, free, free.room.site.place, free.room.site.path,
        )  # fmt: skip
        return True

    def _is_free(self, bed: Bed, draft: _Draft) -> bool:
        assert bed.from_at is not None
        if bed.from_at > draft.begins:
            return False
        if bed.until_at is not None and (draft.ends is None or draft.ends > bed.until_at):
            return False
        return not any(_overlaps(stay, draft.begins, draft.ends) for stay in self._of_bed[bed.pk])


def _where(stay: Stay) -> str:
    return stay.bed.room.site.name if stay.bed else ""


def _needs(row: Row) -> list[str]:
    return [word.strip() for word in _text(row, "needs").replace("，", ",").split(",") if word.strip()]


def _end(stay: Stay, draft: _Draft) -> None:
    assert draft.ends is not None
    stay.until_at, stay.until_on = draft.ends, local_day(draft.ends)
    stay.reason, stay.released_by_rule = _text(draft.row, "reason"), _text(draft.row, "released_by")[:80]


def _park_overlap(draft: _Draft, in_way: Stay | None) -> None:
    hint = (
        "The database refused the stay: another one of the person or the bed overlaps it. Try the row again."
    )
    if in_way is not None:
        began = in_way.occurred_at.astimezone(site_zone()) if in_way.occurred_at else None
        ended = in_way.until_at.astimezone(site_zone()) if in_way.until_at else None
        where = _where(in_way) or "at home"
        hint = (
            f"The person is in isolation from {began:%Y-%m-%d %H:%M} to {f'{ended:%Y-%m-%d %H:%M}' if ended else 'today'} "
            f"({where}). End or withdraw that stay, or correct the moments of this row."
        )
    draft.outcome.park(draft.row, column="stay_from", value=draft.begins, rule="stay.overlaps", hint=hint)


def _write(drafts: Sequence[_Draft], context: Context) -> None:
    ended = [draft.ended for draft in drafts if draft.ended is not None and draft.ended.pk is not None]
    Stay.objects.bulk_update(ended, ["until_at", "until_on", "reason", "released_by_rule"], batch_size=200)
    made = [draft for draft in drafts if draft.stay is not None]
    try:
        with transaction.atomic():
            Stay.objects.bulk_create([draft.stay for draft in made if draft.stay], batch_size=500)
    except IntegrityError as error:
        if not refused_by(error):
            raise
        made = [draft for draft in made if _insert(draft)]
    entries: dict[ContactEvent, list[Entry]] = {ContactEvent.PLACED: [], ContactEvent.RELEASED: []}
    for draft in drafts:
        stay = draft.stay or draft.ended
        if stay is None or draft.outcome.word == Word.PARKED:
            continue
        is_made = draft.stay is not None
        draft.outcome.word = Word.CREATED if is_made else Word.CHANGED
        draft.outcome.records.append((LABEL, stay.pk, is_made))
        if not is_made:
            draft.outcome.records.append((ENDED, stay.pk, True))
        after = {"kind": stay.kind, "from_at": draft.begins.isoformat(), "signal": draft.row.signal_id}
        entries[ContactEvent.PLACED if is_made else ContactEvent.RELEASED].append(
            Entry(subject=stay, after=after)
        )
    for tag, several in entries.items():
        record_many(tag, several, by=context.by, at=context.at)
    touched = [draft for draft in drafts if draft.outcome.word in (Word.CREATED, Word.CHANGED)]
    touch(Stay, {stay.pk for d in touched if (stay := d.stay or d.ended) is not None}, at=context.at)
    rows = Contact.objects.filter(person_id__in={draft.contact.person_id for draft in touched})
    touch(Contact, rows.values_list("pk", flat=True), at=context.at)


def _insert(draft: _Draft) -> bool:
    """Write one stay by itself; park it where the database refuses it."""
    assert draft.stay is not None
    try:
        with transaction.atomic():
            draft.stay.pk = None
            draft.stay.save(force_insert=True)
    except IntegrityError as error:
        if not refused_by(error):
            raise
        _park_overlap(draft, None)
        return False
    return True
