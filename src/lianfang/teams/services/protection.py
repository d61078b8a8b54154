"""Exposures and infections of health workers, their return to work, and the allowances paid to them."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction

from lianfang.common.clock import start_of
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.intervals import refused_by
from lianfang.loop.touch import touch
from lianfang.teams.errors import AmountNeedsReason, NothingToPay, NotInfected, PaidAlready, StillPatient
from lianfang.teams.events import TeamEvent
from lianfang.teams.health import ailing
from lianfang.teams.models import Allowance, Deployment, Exposure, Rate, Worker
from lianfang.teams.selectors import allowance_due


@transaction.atomic
def report_exposure(
    *, worker: Worker, hazard: str, happened_at: datetime, by: Actor, at: datetime, note: str = ""
) -> Exposure:
    """Report that a health worker was exposed at work."""
    by.require(Permission.CARE_EDIT, worker.path)
    deployment = (
        Deployment.objects.current()
        .at(happened_at)
        .filter(team=worker.team_id)
        .select_related("unit")
        .first()
    )
    place = deployment.place if deployment else worker.team.home.place
    row: Exposure = Exposure.objects.create(
        worker=worker, unit=deployment.unit if deployment else None, place=place, hazard=hazard, note=note,
        path=worker.path, source_path=worker.source_path,
        occurred_at=happened_at, recorded_at=at, recorded_by_id=by.user_id,
    )  # fmt: skip
    record(TeamEvent.EXPOSED, subject=row, by=by, at=at, after={"hazard": hazard})
    touch(Exposure, [row.pk], at=at)
    return row


@transaction.atomic
def assess_exposure(
    *, exposure: Exposure, is_infected: bool | None, measures: str, by: Actor, at: datetime
) -> None:
    """Record what the assessment of an exposure found and what is done."""
    by.require(Permission.CARE_EDIT, exposure.path)
    Exposure.objects.filter(pk=exposure.pk).update(assessed_at=at, is_infected=is_infected, measures=measures)
    record(TeamEvent.ASSESSED, subject=exposure, by=by, at=at, after={"is_infected": is_infected})
    touch(Exposure, [exposure.pk], at=at)


@transaction.atomic
def reopen_exposure(*, exposure: Exposure, reason: str, by: Actor, at: datetime) -> None:
    """Withdraw an assessment: it is owed again."""
    by.require(Permission.CARE_EDIT, exposure.path)
    Exposure.objects.filter(pk=exposure.pk).update(assessed_at=None, is_infected=None)
    record(TeamEvent.ASSESSED, subject=exposure, by=by, at=at, reason=reason, after={"withdrawn": True})
    touch(Exposure, [exposure.pk], at=at)


@transaction.atomic
def return_to_work(*, worker: Worker, from_at: datetime, reason: str, by: Actor, at: datetime) -> int:
    """Let an infected health worker work again from a moment on: a person's judgement; return how many infections it ends.

    StillPatient while the worker's own case is treated or observed; NotInfected where nothing is to be ended.
    """
    by.require(Permission.CARE_EDIT, worker.path)
    rows = Exposure.objects.current().filter(worker=worker, is_infected=True, back_at__isnull=True)
    if worker.pk in ailing([worker.pk], cases_only=True):
        raise StillPatient
    ended = list(rows)
    if not ended:
        raise NotInfected
    rows.update(back_at=from_at, back_because=reason)
    for row in ended:
        record(TeamEvent.BACK, subject=row, by=by, at=at, reason=reason, after={"from": from_at.isoformat()})
    touch(Exposure, [row.pk for row in ended], at=at)
    return len(ended)


@transaction.atomic
def pay_allowance(
    *,
    worker: Worker,
    from_on: date,
    until_on: date,
    by: Actor,
    at: datetime,
    rate: str = Rate.DIRECT,
    amount: Decimal | None = None,
    reason: str = "",
) -> Allowance:
    """Record an allowance for the days from `from_on` to `until_on` (both count) on which a shift is on file.

    The amount is that of the rule of each day where the work was done, unless another is given with its reason.
    PaidAlready where one of the days was paid; NothingToPay without a shift.
    """
    by.require(Permission.TEAM_EDIT, worker.source_path)
    due = allowance_due(worker, from_on, until_on, rate=rate)
    if not due.days:
        raise NothingToPay(worker=worker.code)
    paid = due.amount if amount is None else amount
    if paid is None or (paid != due.amount and not reason):
        raise AmountNeedsReason(amount="–" if due.amount is None else f"{due.amount} {due.currency}")
    row = Allowance(
        worker=worker, from_on=from_on, until_on=until_on, days=due.days, rate=rate, by_rule=due.amount,
        amount=paid, edition=", ".join(due.editions)[:80], reason=reason,
        path=worker.path, source_path=worker.source_path, until_at=start_of(until_on + timedelta(days=1)),
        occurred_at=start_of(from_on), recorded_at=at, recorded_by_id=by.user_id,
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if refused_by(error) != "day_paid_once":
            raise
        raise PaidAlready(worker=worker.code) from error
    after = {"days": row.days, "amount": str(row.amount), "edition": row.edition}
    record(TeamEvent.PAID, subject=row, by=by, at=at, reason=reason, after=after)
    return row


@transaction.atomic
def withdraw_allowance(*, allowance: Allowance, reason: str, by: Actor, at: datetime) -> None:
    """Withdraw an allowance that was not paid after all: its days can be paid again."""
    by.require(Permission.TEAM_EDIT, allowance.source_path)
    Allowance.objects.filter(pk=allowance.pk, superseded_at__isnull=True).update(
        superseded_at=at, withdrawn_because=reason
    )
    record(TeamEvent.PAID, subject=allowance, by=by, at=at, reason=reason, after={"withdrawn": True})
