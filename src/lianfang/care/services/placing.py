"""From a request to a bed: asked, given, on the way, laid down. The database lets one patient have a bed."""

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from lianfang.care.derive import derive_pathways
from lianfang.care.errors import (
    BedNotFree,
    BedTaken,
    NoBedFree,
    NoBedGiven,
    OutsideBedTime,
    PatientElsewhere,
    RequestClosed,
    StepOutOfOrder,
    WardDoesNotSuit,
)
from lianfang.care.events import CareEvent
from lianfang.care.models import Bed, BedRequest, Direction, Journey, Stay, Upkeep, Ward
from lianfang.care.selectors import why_unsuitable
from lianfang.cases.models import Case
from lianfang.common.clock import local_day
from lianfang.common.errors import LianfangError
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.intervals import refused_by
from lianfang.core.registry.models import Unit
from lianfang.loop.touch import touch

_TRIES = 5  # beds tried in a ward while others take them


@transaction.atomic
def request_bed(
    *,
    case: Case,
    level: int,
    by: Actor,
    at: datetime,
    direction: str = "",
    from_unit: Unit | None = None,
    note: str = "",
) -> BedRequest:
    """Ask for a bed. A request while one is open joins it: the higher level counts, and the clock of the first runs on."""
    by.require(Permission.CARE_EDIT, case.path)
    standing = BedRequest.objects.open().filter(case=case).select_for_update().first()
    if standing is not None:
        changes: dict[str, Any] = {"level": max(level, standing.level)}
        if note and note not in standing.note:
            changes["note"] = f"{standing.note}\n{note}".strip()
        BedRequest.objects.filter(pk=standing.pk).update(**changes)
        record(CareEvent.ASKED, subject=standing, by=by, at=at, after={"joined": True, **changes})
        return _settled(standing, by=by, at=at)
    stay = Stay.objects.current().at(at).filter(case=case).select_related("bed__ward__unit").first()
    unit = from_unit or (stay.bed.ward.unit if stay else None)
    row = BedRequest.objects.create(
        case=case,
        level=level,
        direction=direction or _direction(stay, level),
        from_unit=unit,
        place_id=unit.place_id if unit else case.place_id,
        path=unit.path if unit else case.path,
        source_path=case.path,
        asked_at=at,
        asked_by_id=by.user_id,
        note=note,
    )
    record(CareEvent.ASKED, subject=row, by=by, at=at, after={"level": level, "direction": row.direction})
    return _settled(row, by=by, at=at)


def _direction(stay: Stay | None, level: int) -> str:
    if stay is None:
        return Direction.IN
    here = stay.bed.ward.level
    return Direction.UP if level > here else Direction.DOWN if level < here else Direction.ACROSS


@transaction.atomic
def withdraw_request(*, request: BedRequest, reason: str, by: Actor, at: datetime) -> BedRequest:
    """Withdraw a request, as when the patient died or was sent elsewhere; a bed kept for it is free again."""
    by.require(Permission.CARE_EDIT, request.path)
    _require_open(request)
    BedRequest.objects.filter(pk=request.pk).update(withdrawn_at=at, withdrawn_because=reason)
    _release(request, at)
    record(CareEvent.ASKED_NO_MORE, subject=request, by=by, at=at, reason=reason)
    return _settled(request, by=by, at=at)


@transaction.atomic
def give_bed(
    *, request: BedRequest, ward: Ward, by: Actor, at: datetime, bed: Bed | None = None
) -> BedRequest:
    """Give a request a bed of a ward and keep it: a person's decision. NoBedFree where none is left.

    Whoever comes second to the last bed is refused by the database, not by a look beforehand.
    """
    by.require(Permission.BED_ASSIGN, ward.path)
    _require_open(request)
    reason = why_unsuitable(ward, request.case)
    if reason:
        raise WardDoesNotSuit(ward=ward.name, reason=reason)
    _release(request, at)
    free = (
        [bed] if bed is not None else list(Bed.objects.free_at(at).filter(ward=ward).order_by("pk")[:_TRIES])
    )
    kept = next((one for one in free if _keep(one, request, by=by, at=at)), None)
    if kept is None:
        raise NoBedFree(ward=ward.name)
    BedRequest.objects.filter(pk=request.pk).update(ward=ward, placed_at=at)
    after = {"ward": ward.pk, "bed": kept.pk}
    record(CareEvent.PLACED, subject=request, by=by, at=at, after=after)
    return _settled(request, by=by, at=at)


@transaction.atomic
def take_bed_back(*, request: BedRequest, reason: str, by: Actor, at: datetime) -> BedRequest:
    """Take back a bed that was given and not yet reached: the request waits again, and its first clock runs on."""
    by.require(Permission.BED_ASSIGN, request.ward.path if request.ward else request.path)
    _require_open(request)
    _release(request, at)
    BedRequest.objects.filter(pk=request.pk).update(ward=None, placed_at=None)
    record(CareEvent.TAKEN_BACK, subject=request, by=by, at=at, reason=reason)
    return _settled(request, by=by, at=at)


def _keep(bed: Bed, request: BedRequest, *, by: Actor, at: datetime) -> bool:
    if Stay.objects.current().at(at).filter(bed=bed).exists():
        return False
    try:
        with transaction.atomic():
            Upkeep.objects.create(
                bed=bed,
                why=Upkeep.Why.RESERVED,
                request=request,
                occurred_at=at,
                recorded_at=at,
                recorded_by_id=by.user_id,
            )
    except IntegrityError as error:
        if refused_by(error) in {"upkeep_once", "upkeep_within_bed"}:
            return False
        raise
    return True


def _release(request: BedRequest, at: datetime) -> None:
    Upkeep.objects.current().filter(request=request, until_at__isnull=True).update(until_at=at)


@transaction.atomic
def report_step(
    *, request: BedRequest, step: str, happened_at: datetime, by: Actor, at: datetime, vehicle: str = ""
) -> Journey:
    """Report that transport set out, took the patient over, or arrived; the same step again changes nothing.

    The side that sends and the side that receives may both report. NoBedGiven before a bed was given, StepOutOfOrder
    where the moment is before that of an earlier step or lies ahead.
    """
    if not (request.ward and by.may(Permission.CARE_EDIT, request.ward.path)):
        by.require(Permission.CARE_EDIT, request.path)
    if request.placed_at is None:
        raise NoBedGiven
    _require_order(request, step, happened_at, at)
    row, created = Journey.objects.get_or_create(
        request=request,
        step=step,
        defaults={"at": happened_at, "recorded_at": at, "by_id": by.user_id, "vehicle": vehicle},
    )
    if created:
        record(CareEvent.MOVED_ON, subject=request, by=by, at=at, after={"step": step})
        touch(Journey, [row.pk], at=at)
        _settled(request, by=by, at=at)
    return row


def _require_order(request: BedRequest, step: str, happened_at: datetime, at: datetime) -> None:
    order = list(Journey.Step.values)
    known = dict(request.journey.values_list("step", "at"))
    earlier = [known[one] for one in order[: order.index(step)] if one in known]
    later = [known[one] for one in order[order.index(step) + 1 :] if one in known]
    if (
        happened_at > at
        or any(happened_at < one for one in earlier)
        or any(happened_at > one for one in later)
    ):
        raise StepOutOfOrder


@transaction.atomic
def lay_down(*, case: Case, bed: Bed, lies_from: datetime, by: Actor, at: datetime) -> Stay:
    """Lay a patient in a bed: ends the stay before, cleans the bed left behind, and meets the open request.

    BedTaken, BedNotFree, PatientElsewhere or OutsideBedTime where the database refuses it.
    """
    by.require(Permission.CARE_EDIT, bed.ward.path)
    reason = why_unsuitable(bed.ward, case)
    if reason:
        raise WardDoesNotSuit(ward=bed.ward.name, reason=reason)
    request = BedRequest.objects.open().filter(case=case).first()
    kept_for_others = Upkeep.objects.current().at(lies_from).filter(bed=bed)
    if request is not None:
        kept_for_others = kept_for_others.exclude(request=request)
    if kept_for_others.exists():
        raise BedNotFree
    for before in Stay.objects.current().at(lies_from).filter(case=case).exclude(bed=bed):
        end_stay(before, ended_at=lies_from, by=by, at=at)
    try:
        with transaction.atomic():
            stay = Stay.objects.create(
                case=case,
                person_id=case.person_id,
                bed=bed,
                request=request,
                path=bed.ward.path,
                source_path=case.path,
                first_round_on=local_day(lies_from),
                occurred_at=lies_from,
                recorded_at=at,
                recorded_by_id=by.user_id,
            )
    except IntegrityError as error:
        refusal = _REFUSED.get(refused_by(error))
        if refusal is None:
            raise
        raise refusal from error
    if request is not None:
        _release(request, at)
        BedRequest.objects.filter(pk=request.pk).update(met_at=lies_from, ward=bed.ward)
        touch(BedRequest, [request.pk], at=at)
    record(CareEvent.LAY_DOWN, subject=stay, by=by, at=at, after={"bed": bed.pk, "case": case.number})
    touch(Stay, [stay.pk], at=at)
    derive_pathways([case.pk], at=at, by=by)
    return stay


_REFUSED: dict[str, type[LianfangError]] = {
    "patient_bed_once": BedTaken,
    "patient_once": PatientElsewhere,
    "patient_within_bed": OutsideBedTime,
}


def end_stay(stay: Stay, *, ended_at: datetime, by: Actor, at: datetime) -> None:
    """End a stay and put the bed to be cleaned; part of laying down elsewhere and of leaving."""
    last_round_on = local_day(ended_at) - timedelta(days=1)
    Stay.objects.filter(pk=stay.pk).update(until_at=ended_at, last_round_on=last_round_on)
    if Bed.objects.open_at(ended_at).filter(pk=stay.bed_id).exists():
        Upkeep.objects.create(
            bed_id=stay.bed_id,
            why=Upkeep.Why.CLEANING,
            occurred_at=ended_at,
            recorded_at=at,
            recorded_by_id=by.user_id,
        )
    touch(Stay, [stay.pk], at=at)


def _require_open(request: BedRequest) -> None:
    request.refresh_from_db()
    if request.met_at is not None or request.withdrawn_at is not None:
        raise RequestClosed


def _settled(request: BedRequest, *, by: Actor, at: datetime) -> BedRequest:
    touch(BedRequest, [request.pk], at=at)
    derive_pathways([request.case_id], at=at, by=by)
    request.refresh_from_db()
    return request
