"""An import of contacts is taken back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from lianfang.cases.models import Case
from lianfang.cases.targets.undoing import undo_cases, undo_people
from lianfang.contacts.derive import derive_contacts
from lianfang.contacts.events import ContactEvent
from lianfang.contacts.models import Closing, Contact, Exposure, Observation, Stay, Swab
from lianfang.core.access.actor import Actor
from lianfang.core.audit.services import Entry, record_many
from lianfang.core.registry.models import ExternalNumber
from lianfang.intake.target import Undone
from lianfang.loop.touch import touch

# The mark of a contact that was there, and was tied to its case by the import.
TIED = "contacts.Contact#case"
# The mark of a stay that was there, and was ended by the import.
ENDED = "contacts.Stay#end"
_CHUNK = 500


def undo_contacts(records: Mapping[str, Sequence[int]], *, by: Actor, at: datetime, reason: str) -> Undone:
    """Withdraw visits, closings, meetings, stays and links, reopen stays, untie and remove contacts, then people.

    A person goes where nothing else is tied to them.
    """
    facts = {label: ids for label, ids in records.items() if label.startswith("cases.")}
    done = undo_cases(facts, by=by, at=at, reason=reason)
    touched: set[int] = set()
    for model in (Observation, Closing, Exposure, Stay):
        touched |= _withdraw(
            model, records.get(f"contacts.{model.__name__}", ()), at=at, reason=reason, done=done
        )
    touched |= _reopen(records.get(ENDED, ()), at=at, by=by, done=done)
    touched |= _untie(records.get(TIED, ()), at=at, done=done)
    gone = _remove(records.get("contacts.Contact", ()), at=at, done=done)
    derive_contacts(touched - gone, at=at, by=by)
    undo_people(records.get("registry.Person", ()), done)
    return done


def _withdraw(model: Any, ids: Sequence[int], *, at: datetime, reason: str, done: Undone) -> set[int]:
    touched: set[int] = set()
    for start in range(0, len(ids), _CHUNK):
        rows = model.objects.current().filter(pk__in=ids[start : start + _CHUNK])
        held = dict(rows.values_list("pk", "contact_id"))
        touched |= set(held.values())
        done.withdrawn += rows.update(superseded_at=at, withdrawn_because=reason[:500])
        before = model.objects.filter(superseded_by__in=held, withdrawn_because="")
        done.reinstated += before.update(superseded_at=None, superseded_by=None)
        if model in {Observation, Stay}:
            touch(model, held, at=at)
    return touched


def _reopen(ids: Sequence[int], *, at: datetime, by: Actor, done: Undone) -> set[int]:
    """Take the end from stays that the import ended, unless the person or the bed has been in another one since."""
    later = Stay.objects.current().filter(
        Q(person_id=OuterRef("person_id")) | Q(bed_id=OuterRef("bed_id")),
        Q(until_at__isnull=True) | Q(until_at__gt=OuterRef("occurred_at")),
    )
    touched: set[int] = set()
    n_open = 0
    for start in range(0, len(ids), _CHUNK):
        rows = Stay.objects.current().filter(pk__in=ids[start : start + _CHUNK], until_at__isnull=False)
        free = rows.exclude(Exists(later.exclude(pk=OuterRef("pk"))))
        open_again = dict(free.values_list("pk", "contact_id"))
        Stay.objects.filter(pk__in=open_again).update(
            until_at=None, until_on=None, reason="", released_by_rule=""
        )
        entries = [Entry(subject=stay) for stay in Stay.objects.filter(pk__in=open_again).order_by("pk")]
        record_many(ContactEvent.STAY_REOPENED, entries, by=by, at=at)
        touch(Stay, open_again, at=at)
        touched |= {pk for pk in open_again.values() if pk is not None}
        n_open += len(open_again)
    done.reinstated += n_open
    done.kept += len(ids) - n_open
    return touched


def _untie(ids: Sequence[int], *, at: datetime, done: Undone) -> set[int]:
    rows = Contact.objects.filter(pk__in=ids)
    touch(Case, {pk for pk in rows.values_list("case_id", flat=True) if pk}, at=at)
    done.withdrawn += rows.update(case=None, source_path="")
    return set(ids)


def _remove(ids: Sequence[int], *, at: datetime, done: Undone) -> set[int]:
    """Delete contacts without a visit, closing, stay or specimen that holds; return their ids."""
    gone: set[int] = set()
    for start in range(0, len(ids), _CHUNK):
        chunk = set(ids[start : start + _CHUNK])
        for model in (Observation, Closing, Stay, Swab):
            held = model.objects.current().filter(contact_id__in=chunk)
            chunk -= set(held.values_list("contact_id", flat=True))
        rows = Contact.objects.filter(pk__in=chunk)
        touch(Case, {pk for pk in rows.values_list("case_id", flat=True) if pk}, at=at)
        ExternalNumber.objects.filter(record="contacts.Contact", record_id__in=chunk).delete()
        rows.delete()
        touch(Contact, chunk, at=at)
        gone |= chunk
    done.removed += len(gone)
    done.kept += len(ids) - len(gone)
    return gone
