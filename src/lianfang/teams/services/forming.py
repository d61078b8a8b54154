"""What can be done with teams. Each act writes its facts and records who did it."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction

from lianfang.cases.models import Case
from lianfang.common.clock import local_day, start_of
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.intervals import refused_by
from lianfang.core.registry.models import Person, Place, Unit
from lianfang.loop.touch import touch
from lianfang.teams.errors import AlreadyAnswered, TeamElsewhere
from lianfang.teams.events import TeamEvent
from lianfang.teams.models import (
    Allowance,
    Consultation,
    DayOff,
    Deployment,
    Exposure,
    Pairing,
    RestDue,
    Shift,
    Team,
    Worker,
)
from lianfang.teams.rules import RestRules, rest_rules


@transaction.atomic
def start_round(
    *,
    pairs: Iterable[tuple[Place, Place]],
    within: Place,
    from_on: date,
    by: Actor,
    at: datetime,
    edition: str = "",
) -> int:
    """Begin a new round of pairings (helper, helped) for an area: all that stand in it end on the day it begins."""
    by.require(Permission.TEAM_EDIT, within.path)
    standing = Pairing.objects.filter(path__within=within.path, until_on__isnull=True)
    standing.filter(from_on__gte=from_on).delete()  # a round that is replaced before it began was never one
    ended = standing.update(until_on=from_on)
    rows = [
        Pairing(
            helper=helper,
            helped=helped,
            path=helped.path,
            source_path=helper.path,
            from_on=from_on,
            edition=edition,
        )
        for helper, helped in pairs
    ]
    Pairing.objects.bulk_create(rows)
    after = {"from_on": from_on.isoformat(), "pairs": len(rows), "ended": ended, "edition": edition}
    record(TeamEvent.PAIRED, subject=within, by=by, at=at, after=after)
    return len(rows)


@transaction.atomic
def form_team(*, home: Unit, name: str, by: Actor, at: datetime, name_en: str = "") -> Team:
    """Form a team of a unit."""
    by.require(Permission.TEAM_EDIT, home.path)
    team = Team.objects.create(home=home, name=name, name_en=name_en, path=home.path, source_path=home.path)
    record(TeamEvent.FORMED, subject=team, by=by, at=at, after={"name": name})
    return team


@transaction.atomic
def add_worker(*, team: Team, person: Person, code: str, skill: str, by: Actor, at: datetime) -> Worker:
    """Take a health worker into a team; where it is deployed, rest is owed from now on."""
    by.require(Permission.TEAM_EDIT, team.source_path)
    worker = Worker.objects.create(
        team=team, person=person, code=code, skill=skill, path=team.path, source_path=team.source_path
    )
    record(TeamEvent.JOINED, subject=worker, by=by, at=at, after={"code": code, "skill": skill})
    for deployment in Deployment.objects.current().at(at).filter(team=team).select_related("place"):
        _owe_rest(deployment, [worker], rest_rules(deployment.place, deployment.occurred_at), at=at)
    return worker


@transaction.atomic
def deploy_team(*, team: Team, unit: Unit, from_at: datetime, by: Actor, at: datetime) -> Deployment:
    """Send a team to a facility: relief and days off are owed by the rules in force there when it begins."""
    by.require(Permission.TEAM_EDIT, unit.path)
    rules = rest_rules(unit.place, from_at)
    try:
        with transaction.atomic():
            row = Deployment.objects.create(
                team=team, unit=unit, place=unit.place, path=unit.path, source_path=team.source_path,
                relief_at=from_at + timedelta(days=rules.longest_days), edition=", ".join(rules.editions)[:80],
                occurred_at=from_at, recorded_at=at, recorded_by_id=by.user_id,
            )  # fmt: skip
    except IntegrityError as error:
        if refused_by(error) != "team_at_one_place":
            raise
        standing = Deployment.objects.current().filter(team=team).order_by("-occurred_at").first()
        raise TeamElsewhere(unit=standing.unit.name if standing else "?") from error
    _move(team, unit.path)
    _owe_rest(row, list(team.workers.all()), rules, at=at)
    after = {"unit": unit.code, "relief_at": row.relief_at.isoformat(), "edition": row.edition}
    record(TeamEvent.DEPLOYED, subject=row, by=by, at=at, after=after)
    touch(Deployment, [row.pk], at=at)
    return row


def _move(team: Team, path: str) -> None:
    Team.objects.filter(pk=team.pk).update(path=path)
    Worker.objects.filter(team=team).update(path=path)
    team.path = path


def _owe_rest(deployment: Deployment, workers: list[Worker], rules: RestRules, *, at: datetime) -> None:
    if not rules.days_off:
        return
    first = start_of(local_day(deployment.occurred_at))
    stretch = timedelta(days=rules.within_days)
    rows = [
        RestDue(
            deployment=deployment, worker=worker, n=n + 1, days=rules.days_off,
            opens_at=first + n * stretch, due_at=first + (n + 1) * stretch,
        )
        for worker in workers
        for n in range(rules.longest_days // rules.within_days)
    ]  # fmt: skip
    RestDue.objects.bulk_create(rows, batch_size=500)
    touch(RestDue, [row.pk for row in rows], at=at)


@transaction.atomic
def end_deployment(*, deployment: Deployment, ended_at: datetime, by: Actor, at: datetime) -> None:
    """End a deployment: the team has been relieved and is on its way home."""
    by.require(Permission.TEAM_EDIT, deployment.path)
    Deployment.objects.filter(pk=deployment.pk).update(until_at=ended_at)
    _move(deployment.team, deployment.source_path)
    record(TeamEvent.RELIEVED, subject=deployment, by=by, at=at, after={"ended_at": ended_at.isoformat()})
    _touched(deployment, at)


@transaction.atomic
def resume_deployment(*, deployment: Deployment, reason: str, by: Actor, at: datetime) -> None:
    """Withdraw an end that was entered by mistake: the team still works there."""
    by.require(Permission.TEAM_EDIT, deployment.path)
    Deployment.objects.filter(pk=deployment.pk).update(until_at=None)
    _move(deployment.team, deployment.path)
    record(TeamEvent.RESUMED, subject=deployment, by=by, at=at, reason=reason)
    _touched(deployment, at)


def _touched(deployment: Deployment, at: datetime) -> None:
    touch(Deployment, [deployment.pk], at=at)
    touch(RestDue, RestDue.objects.filter(deployment=deployment).values_list("pk", flat=True), at=at)


@transaction.atomic
def record_day_off(*, worker: Worker, on: date, by: Actor, at: datetime) -> DayOff:
    """Record that a worker had a whole day off; one that is on file already is returned as it is."""
    by.require(Permission.TEAM_EDIT, worker.path)
    row, is_new = DayOff.objects.get_or_create(
        worker=worker, on=on, superseded_at=None,
        defaults={
            "path": worker.path, "source_path": worker.source_path,
            "occurred_at": start_of(on), "recorded_at": at, "recorded_by_id": by.user_id,
        },
    )  # fmt: skip
    if not is_new:
        return row
    record(TeamEvent.RESTED, subject=row, by=by, at=at, after={"on": on.isoformat()})
    touch(DayOff, [row.pk], at=at)
    return row


@transaction.atomic
def withdraw_day_off(*, day_off: DayOff, reason: str, by: Actor, at: datetime) -> None:
    """Withdraw a day off that was none."""
    by.require(Permission.TEAM_EDIT, day_off.path)
    DayOff.objects.filter(pk=day_off.pk, superseded_at__isnull=True).update(
        superseded_at=at, withdrawn_because=reason
    )
    record(TeamEvent.RESTED, subject=day_off, by=by, at=at, reason=reason, after={"withdrawn": True})
    touch(DayOff, [day_off.pk], at=at)


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
def pay_allowance(
    *, worker: Worker, from_on: date, until_on: date, amount: Decimal, by: Actor, at: datetime
) -> Allowance:
    """Record an allowance for the days from `from_on` to `until_on`; the days with a shift on file are counted."""
    by.require(Permission.TEAM_EDIT, worker.source_path)
    worked = Shift.objects.current().filter(worker=worker, on__range=(from_on, until_on))
    row: Allowance = Allowance.objects.create(
        worker=worker, from_on=from_on, until_on=until_on, amount=amount,
        days=worked.order_by().values("on").distinct().count(),
        path=worker.path, source_path=worker.source_path,
        occurred_at=at, recorded_at=at, recorded_by_id=by.user_id,
    )  # fmt: skip
    record(TeamEvent.PAID, subject=row, by=by, at=at, after={"days": row.days, "amount": str(amount)})
    return row


@transaction.atomic
def ask_advice(
    *,
    form: str,
    from_unit: Unit,
    to_unit: Unit,
    question: str,
    by: Actor,
    at: datetime,
    case: Case | None = None,
) -> Consultation:
    """Ask another unit for advice, from afar or by a round of its experts."""
    by.require(Permission.CARE_EDIT, from_unit.path)
    row = Consultation.objects.create(
        form=form, from_unit=from_unit, to_unit=to_unit, question=question, case=case, path=from_unit.path,
        source_path=to_unit.path, asked_at=at, asked_by_id=by.user_id,
    )  # fmt: skip
    record(TeamEvent.ASKED, subject=row, by=by, at=at, after={"to": to_unit.code, "form": form})
    touch(Consultation, [row.pk], at=at)
    return row


@transaction.atomic
def schedule_consultation(
    *, consultation: Consultation, scheduled_for: datetime, by: Actor, at: datetime
) -> None:
    """Set when a consultation takes place."""
    by.require(Permission.CARE_EDIT, consultation.source_path)
    Consultation.objects.filter(pk=consultation.pk).update(scheduled_for=scheduled_for)
    record(TeamEvent.SCHEDULED, subject=consultation, by=by, at=at, after={"for": scheduled_for.isoformat()})
    touch(Consultation, [consultation.pk], at=at)


@transaction.atomic
def answer_consultation(*, consultation: Consultation, answer: str, by: Actor, at: datetime) -> None:
    """Answer a consultation."""
    by.require(Permission.CARE_EDIT, consultation.source_path)
    done = Consultation.objects.filter(pk=consultation.pk, answered_at__isnull=True).update(
        answered_at=at, answer=answer, answered_by_id=by.user_id
    )
    if not done:
        raise AlreadyAnswered
    record(TeamEvent.ANSWERED, subject=consultation, by=by, at=at)
    touch(Consultation, [consultation.pk], at=at)


@transaction.atomic
def reopen_consultation(*, consultation: Consultation, reason: str, by: Actor, at: datetime) -> None:
    """Reopen a consultation whose answer was for another: it is owed again."""
    by.require(Permission.CARE_EDIT, consultation.source_path)
    Consultation.objects.filter(pk=consultation.pk).update(answered_at=None)
    record(TeamEvent.ANSWERED, subject=consultation, by=by, at=at, reason=reason, after={"reopened": True})
    touch(Consultation, [consultation.pk], at=at)
