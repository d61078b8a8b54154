"""Workers return point to point: a bus with half its seats, a list of names, a check before boarding, a receipt at the end."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.models import Place
from lianfang.core.registry.services import resolve_people
from lianfang.loop.touch import touch
from lianfang.resumption.errors import BadJourney, NobodyNamed, NothingOpen, NotReady, TooFull
from lianfang.resumption.events import ResumptionEvent
from lianfang.resumption.models import Charter, Traveller
from lianfang.resumption.rules import fever_at, seats_allowed
from lianfang.resumption.services.answering import Answer, give_answer, reason_of, take_back

RECEIPT = Answer(
    model=Charter, event=ResumptionEvent.RECEIVED, permission=Permission.CHARTER_EDIT, moment="received_at",
    person="received_by", among={"departed_at__isnull": False}, empty={"n_received": None},
)  # fmt: skip


@transaction.atomic
def plan_charter(
    *,
    from_place: Place,
    to_place: Place,
    vehicle: str,
    seats: int,
    departs_at: datetime,
    arrives_at: datetime,
    by: Actor,
    at: datetime,
) -> Charter:
    """Plan a bus from one place to another; it may carry what the edition allows of its seats."""
    by.require(Permission.CHARTER_EDIT, from_place.path)
    if from_place == to_place or arrives_at <= departs_at or departs_at < at:
        raise BadJourney(reason=f"{departs_at.isoformat()} – {arrives_at.isoformat()}")
    most, edition = seats_allowed(seats, from_place.path, departs_at)
    row = Charter.objects.create(
        from_place=from_place, to_place=to_place, path=to_place.path, source_path=from_place.path,
        vehicle=vehicle.strip(), seats=seats, most=most, edition=edition, departs_at=departs_at,
        arrives_at=arrives_at, planned_at=at,
    )  # fmt: skip
    after = {"vehicle": row.vehicle, "seats": seats, "most": most, "edition": edition}
    record(ResumptionEvent.PLANNED, subject=row, by=by, at=at, after=after)
    return row


@transaction.atomic
def list_travellers(
    *, charter: Charter, people: Sequence[PersonCandidate], by: Actor, at: datetime
) -> list[Traveller]:
    """Put people on the list of a charter that has not departed; who is known is recognised, nobody stands there twice."""
    row = _before_departure(charter, by)
    named = [one for one in people if one.name.strip()]
    if not named:
        raise NobodyNamed
    found = [one.person for one in resolve_people(named, by=by, at=at)]
    held = set(row.travellers.values_list("person_id", flat=True))
    fresh = {person.pk: person for person in found if person.pk not in held}
    n = row.travellers.exclude(is_fit=False).count() + len(fresh)
    if n > row.most:
        raise TooFull(n=n, most=row.most)
    rows = [
        Traveller(
            charter=row, person=person, place=row.from_place, path=row.path, source_path=row.source_path,
            due_at=row.departs_at, listed_at=at,
        )
        for person in fresh.values()
    ]  # fmt: skip
    Traveller.objects.bulk_create(rows)
    record(ResumptionEvent.LISTED, subject=row, by=by, at=at, after={"listed": len(rows)})
    touch(Traveller, [one.pk for one in rows], at=at)
    return rows


@transaction.atomic
def check_traveller(
    *, traveller: Traveller, temperature: Decimal, by: Actor, at: datetime, checked_at: datetime | None = None
) -> bool:
    """Record the temperature of a traveller before boarding; return whether they may travel."""
    by.require(Permission.CHARTER_EDIT, traveller.source_path)
    _before_departure(traveller.charter, by)
    is_fit = not fever_at(traveller.source_path, at).holds(float(temperature))
    Traveller.objects.filter(pk=traveller.pk).update(
        temperature=temperature, is_fit=is_fit, checked_at=checked_at or at
    )
    record(ResumptionEvent.CHECKED, subject=traveller, by=by, at=at, after={"is_fit": is_fit})
    touch(Traveller, [traveller.pk], at=at)
    return is_fit


@transaction.atomic
def withdraw_check(*, traveller: Traveller, reason: str, by: Actor, at: datetime) -> None:
    """Take a check back: it is owed again."""
    by.require(Permission.CHARTER_EDIT, traveller.source_path)
    text = reason_of(reason)
    checked = Traveller.objects.filter(pk=traveller.pk, checked_at__isnull=False)
    if not checked.update(temperature=None, is_fit=None, checked_at=None):
        raise NothingOpen
    record(ResumptionEvent.CHECKED, subject=traveller, by=by, at=at, reason=text, after={"taken_back": True})
    touch(Traveller, [traveller.pk], at=at)


@transaction.atomic
def call_off(*, charter: Charter, reason: str, by: Actor, at: datetime) -> None:
    """Call a charter off that has not departed: nobody is checked for it any more."""
    row = _before_departure(charter, by)
    text = reason_of(reason)
    Charter.objects.filter(pk=row.pk).update(
        called_off_at=at, called_off_by_id=by.user_id, called_off_because=text
    )
    record(ResumptionEvent.CALLED_OFF, subject=row, by=by, at=at, reason=text)
    touch(Charter, [row.pk], at=at)
    touch(Traveller, list(row.travellers.values_list("pk", flat=True)), at=at)


@transaction.atomic
def depart(*, charter: Charter, by: Actor, at: datetime) -> int:
    """Let a charter depart with everybody checked; return how many travel. The list is then at the receiving side."""
    row = _before_departure(charter, by)
    states = list(row.travellers.values_list("is_fit", flat=True))
    if None in states:
        raise NotReady(reason=f"{states.count(None)} not checked")
    n = states.count(True)
    if not n:
        raise NotReady(reason="nobody travels")
    Charter.objects.filter(pk=row.pk).update(departed_at=at)
    record(ResumptionEvent.DEPARTED, subject=row, by=by, at=at, after={"travellers": n})
    touch(Charter, [row.pk], at=at)
    return n


def receive_charter(*, charter: Charter, n_received: int, by: Actor, at: datetime, note: str = "") -> None:
    """Take a charter over where it arrives: how many came. Who is missing is said in the note."""
    expected = charter.travellers.filter(is_fit=True).count()
    if n_received != expected and not note.strip():
        raise NotReady(reason=f"{n_received} / {expected}")
    says = {"n_received": n_received, "note": note.strip()}
    after = {"n_received": n_received, "expected": expected}
    give_answer(RECEIPT, charter, says=says, reason=note, after=after, by=by, at=at)


def withdraw_receipt(*, charter: Charter, reason: str, by: Actor, at: datetime) -> None:
    """Take the receipt of a charter back: it is owed again."""
    take_back(RECEIPT, charter, reason=reason, by=by, at=at)


def _before_departure(charter: Charter, by: Actor) -> Charter:
    by.require(Permission.CHARTER_EDIT, charter.source_path)
    rows = Charter.objects.select_for_update(of=("self",)).select_related("from_place")
    row: Charter | None = rows.filter(
        pk=charter.pk, departed_at__isnull=True, called_off_at__isnull=True
    ).first()
    if row is None:
        raise NothingOpen
    return row
