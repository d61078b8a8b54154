"""Wards, their beds, and what keeps a bed from being given."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from lianfang.care.errors import BedNotFree, OutsideBedTime, SharedWithSuspected, WardInUse
from lianfang.care.events import CareEvent
from lianfang.care.models import Bed, BedTally, Upkeep, Ward
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.intervals import refused_by
from lianfang.core.registry.models import Place, Unit
from lianfang.loop.touch import touch


@transaction.atomic
def set_up_ward(*, unit: Unit, name: str, by: Actor, at: datetime, **fields: Any) -> Ward:
    """Set up a ward of a facility, or change what it takes."""
    by.require(Permission.BED_EDIT, unit.path)
    told = {"place_id": unit.place_id, "path": unit.path, "closed_at": None, **fields}
    try:
        with transaction.atomic():
            ward, _ = Ward.objects.update_or_create(unit=unit, name=name, defaults=told)
    except IntegrityError as error:
        if "suspected_lie_alone" not in str(error):
            raise
        raise SharedWithSuspected from error
    record(CareEvent.WARD_SET_UP, subject=ward, by=by, at=at, after={"name": name, **fields})
    return ward


@transaction.atomic
def change_beds(*, ward: Ward, n: int, from_at: datetime, by: Actor, at: datetime) -> int:
    """Bring the number of beds of a ward to `n` from a moment on: opens new ones, or closes those that are empty then.

    Return how many there are from then on: fewer cannot be closed than lie empty.
    """
    by.require(Permission.BED_EDIT, ward.path)
    open_now = list(Bed.objects.open_at(from_at).filter(ward=ward).order_by("pk"))
    before = len(open_now)
    if n > before:
        highest = Bed.objects.filter(ward=ward).count()
        Bed.objects.bulk_create(
            Bed(ward=ward, label=f"{highest + k:02d}", from_at=from_at) for k in range(1, n - before + 1)
        )
    else:
        held = set(Bed.objects.filter(ward=ward).held_from(from_at).values_list("pk", flat=True))
        closing = [bed.pk for bed in reversed(open_now) if bed.pk not in held][: before - n]
        Bed.objects.filter(pk__in=closing).update(until_at=from_at)
    touch(Bed, Bed.objects.filter(ward=ward).values_list("pk", flat=True)[:1], at=at)
    after = Bed.objects.open_at(from_at).filter(ward=ward).count()
    record(CareEvent.BEDS_CHANGED, subject=ward, by=by, at=at, before={"beds": before}, after={"beds": after})
    return after


@transaction.atomic
def close_ward(*, ward: Ward, by: Actor, at: datetime, reason: str) -> None:
    """Close a ward: its beds end now. WardInUse while somebody lies there or a bed is kept for somebody."""
    by.require(Permission.BED_EDIT, ward.path)
    beds = Bed.objects.open_at(at).filter(ward=ward)
    lying = beds.with_state(at).filter(is_occupied=True).count()
    awaited = Upkeep.objects.current().at(at).filter(bed__ward=ward, why=Upkeep.Why.RESERVED).count()
    if lying or awaited:
        raise WardInUse(ward=ward.name, n=lying + awaited)
    Upkeep.objects.current().at(at).filter(bed__ward=ward).update(until_at=at)
    ids = list(beds.values_list("pk", flat=True))
    Bed.objects.filter(pk__in=ids, from_at__lt=at).update(until_at=at)
    Ward.objects.filter(pk=ward.pk).update(closed_at=at)
    record(CareEvent.WARD_SET_UP, subject=ward, by=by, at=at, reason=reason, after={"closed": True})
    touch(Bed, ids[:1], at=at)


@transaction.atomic
def tally_beds(
    *,
    place: Place,
    kind: str,
    usable: int,
    occupied: int,
    counted_at: datetime,
    by: Actor,
    at: datetime,
    **fields: Any,
) -> BedTally:
    """Record what a facility or an area told by number; a later tally takes the place of this one."""
    by.require(Permission.BED_EDIT, place.path)
    row = BedTally.objects.create(
        place=place,
        path=place.path,
        kind=kind,
        usable=usable,
        occupied=occupied,
        occurred_at=counted_at,
        recorded_at=at,
        recorded_by_id=by.user_id,
        **fields,
    )
    record(
        CareEvent.TALLIED,
        subject=row,
        by=by,
        at=at,
        after={"kind": kind, "usable": usable, "occupied": occupied},
    )
    touch(BedTally, [row.pk], at=at)
    return row


@transaction.atomic
def take_out_of_use(
    *,
    bed: Bed,
    why: str,
    from_at: datetime,
    by: Actor,
    at: datetime,
    until_at: datetime | None = None,
    **fields: Any,
) -> Upkeep:
    """Keep a bed from being given: it is cleaned, repaired, or reserved for a request."""
    by.require(Permission.BED_EDIT, bed.ward.path)
    try:
        with transaction.atomic():
            row = Upkeep.objects.create(
                bed=bed,
                why=why,
                occurred_at=from_at,
                until_at=until_at,
                recorded_at=at,
                recorded_by_id=by.user_id,
                **fields,
            )
    except IntegrityError as error:
        refused = refused_by(error)
        if refused == "upkeep_once":
            raise BedNotFree from error
        if refused == "upkeep_within_bed":
            raise OutsideBedTime from error
        raise
    record(CareEvent.KEPT, subject=row, by=by, at=at, after={"bed": bed.pk, "why": why})
    touch(Bed, [bed.pk], at=at)
    return row


@transaction.atomic
def end_upkeep(*, bed: Bed, by: Actor, at: datetime) -> int:
    """Give a bed back, as when it has been cleaned; return how many entries ended. What is kept for somebody stays so."""
    by.require(Permission.BED_EDIT, bed.ward.path)
    standing = Upkeep.objects.current().filter(bed=bed, until_at__isnull=True, occurred_at__lte=at)
    standing = standing.exclude(why=Upkeep.Why.RESERVED)
    ended = list(standing)
    standing.update(until_at=at)
    for row in ended:
        record(CareEvent.KEPT, subject=row, by=by, at=at, after={"bed": bed.pk, "ended": row.why})
    touch(Bed, [bed.pk], at=at)
    return len(ended)
