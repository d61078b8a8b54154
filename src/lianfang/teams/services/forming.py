"""Pairings; teams formed, deployed and relieved; their people and the days off these had."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from lianfang.common.clock import local_day, start_of
from lianfang.common.paths import lineage
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.intervals import refused_by
from lianfang.core.registry.models import Person, Place, Unit
from lianfang.loop.touch import touch
from lianfang.teams.errors import CodeTaken, NotHelped, TeamElsewhere, TeamOnceOnly
from lianfang.teams.events import TeamEvent
from lianfang.teams.models import DayOff, Deployment, Pairing, RestDue, Team, Worker
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
    pairs = list(dict.fromkeys(pairs))
    for _, helped in pairs:
        if not helped.path.startswith(within.path):
            raise NotHelped(place=helped.name, area=within.name)
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
    if Team.objects.filter(home=home, name=name).exists():
        raise TeamOnceOnly(unit=home.name, name=name)
    team = Team.objects.create(home=home, name=name, name_en=name_en, path=home.path, source_path=home.path)
    record(TeamEvent.FORMED, subject=team, by=by, at=at, after={"name": name})
    return team


@transaction.atomic
def add_worker(*, team: Team, person: Person, code: str, skill: str, by: Actor, at: datetime) -> Worker:
    """Take a health worker into a team; where it is deployed, rest is owed from now on."""
    by.require(Permission.TEAM_EDIT, team.source_path)
    if Worker.objects.filter(code=code).exists():
        raise CodeTaken(worker=code)
    worker = Worker.objects.create(
        team=team, person=person, code=code, skill=skill, path=team.path, source_path=team.source_path
    )
    record(TeamEvent.JOINED, subject=worker, by=by, at=at, after={"code": code, "skill": skill})
    for deployment in Deployment.objects.current().at(at).filter(team=team).select_related("place"):
        _owe_rest(deployment, [worker], rest_rules(deployment.place, deployment.occurred_at), at=at)
    return worker


@transaction.atomic
def deploy_team(*, team: Team, unit: Unit, from_at: datetime, by: Actor, at: datetime) -> Deployment:
    """Send a team to a facility: relief and days off are owed by the rules in force there when it begins.

    Whoever decides on teams there may do it, and whoever decides on the team at home where a pairing sends it there.
    """
    if not (
        by.may(Permission.TEAM_EDIT, team.source_path) and is_paired(team.source_path, unit.path, from_at)
    ):
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


def is_paired(helper_path: str, helped_path: str, at: datetime) -> bool:
    """Return whether a pairing sends help from the one place, or one above it, to the other on the day."""
    today = local_day(at)
    return Pairing.objects.filter(
        Q(until_on__isnull=True) | Q(until_on__gt=today),
        from_on__lte=today,
        source_path__in=lineage(helper_path),
        path__in=lineage(helped_path),
    ).exists()


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
