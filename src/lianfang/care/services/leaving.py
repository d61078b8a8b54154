"""How a patient leaves: a discharge is a person's judgement on the criteria of the edition in force."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from lianfang.care.derive import derive_pathways, explain_discharge
from lianfang.care.errors import BedTaken, CriteriaMissing, LayElsewhereLater, NotInside
from lianfang.care.events import CareEvent
from lianfang.care.models import BedRequest, Departure, How, Stay, Upkeep, VisitDue
from lianfang.care.models.stay import FAR_AHEAD
from lianfang.care.services.placing import end_stay, withdraw_request
from lianfang.cases.models import Case, Outcome
from lianfang.cases.services import record_outcome, withdraw_fact
from lianfang.common.clock import local_day
from lianfang.common.naming import is_chinese, listed
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.intervals import refused_by
from lianfang.loop.touch import touch


@transaction.atomic
def discharge_patient(
    *, case: Case, left_at: datetime, by: Actor, at: datetime, reason: str = ""
) -> Departure:
    """Discharge a patient. Where a criterion is missing, CriteriaMissing unless a reason is given, which is kept.

    What follows (nothing, self monitoring, isolation) is that of the edition in force when the patient leaves.
    """
    found = explain_discharge(case, at=left_at)
    missing = [item for item in found.findings if not item.met] if found else []
    if missing and not reason:
        raise CriteriaMissing(
            missing=listed(item.text.zh if is_chinese() else item.text.en for item in missing)
        )
    follow = found.follow_on if found else None
    departure = _leave(
        Departure(
            case=case,
            how=How.DISCHARGED,
            edition=found.edition.edition_id if found else "",
            regime=follow.regime if follow else "",
            follow_days=follow.days if follow else 0,
            visit_weeks=list(follow.visit_weeks) if follow else [],
            criteria=[{"item": item.item, "met": item.met} for item in found.findings] if found else [],
            reason=reason,
        ),
        left_at=left_at,
        by=by,
        at=at,
    )
    VisitDue.objects.bulk_create(
        VisitDue(
            departure=departure,
            week=week,
            opens_at=left_at + timedelta(weeks=week - 1),
            due_at=left_at + timedelta(weeks=week),
        )
        for week in departure.visit_weeks
    )
    record_outcome(case=case, kind="recovered", on=local_day(left_at), by=by, at=at)
    derive_pathways([case.pk], at=at, by=by)
    return departure


@transaction.atomic
def record_departure(
    *, case: Case, how: str, left_at: datetime, by: Actor, at: datetime, reason: str = ""
) -> Departure:
    """Record that a patient died or left against advice."""
    departure = _leave(Departure(case=case, how=how, reason=reason), left_at=left_at, by=by, at=at)
    if how == How.DIED:
        record_outcome(case=case, kind="died", on=local_day(left_at), by=by, at=at)
    derive_pathways([case.pk], at=at, by=by)
    return departure


def _leave(departure: Departure, *, left_at: datetime, by: Actor, at: datetime) -> Departure:
    case = departure.case
    stays = list(Stay.objects.current().at(left_at).filter(case=case).select_related("bed"))
    if not stays:
        raise NotInside
    by.require(Permission.CARE_EDIT, stays[0].path)
    if Stay.objects.current().filter(case=case, occurred_at__gt=left_at).exists():
        raise LayElsewhereLater
    for stay in stays:
        end_stay(stay, ended_at=left_at, by=by, at=at)
    for request in BedRequest.objects.open().filter(case=case):
        withdraw_request(request=request, reason=departure.how, by=by, at=at)
    departure.path, departure.source_path = stays[0].path, case.path
    departure.occurred_at, departure.recorded_at, departure.recorded_by_id = left_at, at, by.user_id
    departure.save(force_insert=True)
    after = {"how": departure.how, "edition": departure.edition, "regime": departure.regime}
    record(CareEvent.LEFT, subject=departure, by=by, at=at, reason=departure.reason, after=after)
    touch(Departure, [departure.pk], at=at)
    return departure


@transaction.atomic
def withdraw_departure(*, departure: Departure, reason: str, by: Actor, at: datetime) -> None:
    """Withdraw a departure entered by mistake: the patient lies where they lay, and the visits it asked for are owed no more.

    BedTaken where the bed has been given to somebody else since.
    """
    by.require(Permission.CARE_EDIT, departure.path)
    case, left_at = departure.case, departure.occurred_at
    Departure.objects.filter(pk=departure.pk, superseded_at__isnull=True).update(
        superseded_at=at, withdrawn_because=reason
    )
    ended = Stay.objects.current().filter(case=case, until_at=left_at)
    beds = list(ended.values_list("bed_id", flat=True))
    kept = Upkeep.objects.current().filter(bed_id__in=beds, occurred_at=left_at, why=Upkeep.Why.CLEANING)
    kept.update(superseded_at=at, withdrawn_because=reason)
    touched = list(ended.values_list("pk", flat=True))
    try:
        with transaction.atomic():
            Stay.objects.filter(pk__in=touched).update(until_at=None, last_round_on=FAR_AHEAD)
    except IntegrityError as error:
        if refused_by(error) not in {"patient_bed_once", "patient_once"}:
            raise
        raise BedTaken from error
    for outcome in Outcome.objects.current().filter(case=case, on=local_day(left_at)):
        withdraw_fact(fact=outcome, reason=reason, by=by, at=at)
    record(CareEvent.WITHDRAWN, subject=departure, by=by, at=at, reason=reason)
    touch(Departure, [departure.pk], at=at)
    touch(Stay, touched, at=at)
    derive_pathways([case.pk], at=at, by=by, because="withdrawal")
