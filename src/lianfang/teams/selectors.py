"""What others read of teams: who is where, who has not rested, what an area needs, who asked for advice."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from lianfang.common.clock import local_day
from lianfang.common.paths import lineage
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Unit, UnitKind
from lianfang.teams.health import ailing, infected
from lianfang.teams.hours import Hours, hours_of
from lianfang.teams.models import (
    Consultation,
    Deployment,
    Exposure,
    Pairing,
    Rate,
    Roster,
    Shift,
    Team,
    Worker,
)
from lianfang.teams.rules import AllowanceDue, allowance_for

_FORTNIGHT = timedelta(days=14)


@dataclass(frozen=True, kw_only=True)
class FacilityHours:
    """Hours needed and there a day at one facility."""

    unit: Unit
    hours: list[Hours]


@dataclass(frozen=True, kw_only=True)
class Protection:
    """Health workers of an area: how many, exposures of the last two weeks, not yet assessed, infected, not back yet."""

    workers: int
    exposures: int
    open: int
    infected: int
    ailing: int


def teams(actor: Actor, path: str = "") -> QuerySet[Team]:
    """Return the teams that work in an area, with how many they are."""
    rows: QuerySet[Team] = Team.objects.visible_in(actor, path)
    return rows.select_related("home__place").annotate(n_workers=Count("workers")).order_by("name", "pk")


def deployments(actor: Actor, path: str, at: datetime) -> QuerySet[Deployment]:
    """Return who works where now, those to be relieved first at the top."""
    rows: QuerySet[Deployment] = Deployment.objects.visible_in(actor, path).current().at(at)
    return rows.select_related("team__home__place", "unit", "place").order_by("relief_at", "pk")


def pairings(actor: Actor, path: str, at: datetime) -> QuerySet[Pairing]:
    """Return the pairings that hold in an area today."""
    today = local_day(at)
    rows: QuerySet[Pairing] = Pairing.objects.visible_in(actor, path)
    holds = Q(until_on__isnull=True) | Q(until_on__gt=today)
    return (
        rows.filter(holds, from_on__lte=today)
        .select_related("helper", "helped")
        .order_by("helped__code", "pk")
    )


def facilities_for(actor: Actor, team: Team, at: datetime) -> QuerySet[Unit]:
    """Return the hospitals to which the actor may send a team: of the own areas, and where a pairing sends its help."""
    own = actor.paths(Permission.TEAM_EDIT)
    where = Q(pk__in=[]) if "" not in own else Q()
    for path in own:
        if path:
            where |= Q(path__within=path)
    if actor.may(Permission.TEAM_EDIT, team.source_path):
        today = local_day(at)
        helped = Pairing.objects.filter(
            Q(until_on__isnull=True) | Q(until_on__gt=today),
            from_on__lte=today,
            source_path__in=lineage(team.source_path),
        )
        for path in helped.values_list("path", flat=True):
            where |= Q(path__within=path)
    rows: QuerySet[Unit] = Unit.objects.open().filter(where, kind=UnitKind.HOSPITAL)
    return rows.select_related("place").order_by("name", "pk")


def facility_hours(actor: Actor, path: str, at: datetime) -> list[FacilityHours]:
    """Return the hours needed and there at every facility of the area where a team works."""
    ids = deployments(actor, path, at).order_by().values_list("unit_id", flat=True).distinct()
    units = Unit.objects.filter(pk__in=ids).select_related("place").order_by("name")
    return [FacilityHours(unit=unit, hours=hours_of(unit, at)) for unit in units]


def protection(actor: Actor, path: str, at: datetime) -> Protection:
    """Return how well the health workers of an area are protected.

    Infected are those whose assessed exposure says so and those who are a confirmed case themselves.
    """
    seen = Exposure.objects.visible_in(actor, path).current()
    counted: dict[str, Any] = seen.aggregate(
        exposures=Count("pk", filter=Q(occurred_at__gte=at - _FORTNIGHT)),
        open=Count("pk", filter=Q(assessed_at__isnull=True)),
    )
    workers = Worker.objects.visible_in(actor, path)
    ids = list(workers.values_list("pk", flat=True))
    return Protection(workers=len(ids), infected=len(infected(ids)), ailing=len(ailing(ids)), **counted)


def allowance_due(worker: Worker, from_on: date, until_on: date, *, rate: str = Rate.DIRECT) -> AllowanceDue:
    """Return what is due to a worker for the days with a shift on file."""
    shifts = Shift.objects.current().filter(worker=worker, on__range=(from_on, until_on))
    where = {
        shift.on: shift.unit.place for shift in shifts.select_related("unit__place").order_by("on", "pk")
    }
    return allowance_for(where.items(), is_direct=rate == Rate.DIRECT)


def consultations(actor: Actor, path: str) -> QuerySet[Consultation]:
    """Return the requests for advice of an area, the unanswered first."""
    rows: QuerySet[Consultation] = Consultation.objects.visible_to(actor)
    if path:
        rows = rows.filter(Q(path__within=path) | Q(source_path__within=path))
    return rows.select_related("from_unit", "to_unit", "case").order_by("answered_at", "asked_at", "pk")


def workers_of(team: Team, at: datetime) -> list[Worker]:
    """Return the workers of a team with the shifts of the last ten days and the days off of the deployment."""
    today = local_day(at)
    rows = team.workers.annotate(
        n_shifts=Count(
            "shifts__on",
            distinct=True,
            filter=Q(
                shifts__superseded_at__isnull=True, shifts__on__range=(today - timedelta(days=9), today)
            ),
        ),
        n_off=Count(
            "days_off",
            distinct=True,
            filter=Q(
                days_off__superseded_at__isnull=True, days_off__on__range=(today - timedelta(days=9), today)
            ),
        ),
    )
    return list(rows.order_by("code"))


def roster_lines(roster: Roster) -> list[tuple[Worker, list[int]]]:
    """Return for each worker the shift of each day of a roster, -1 for none."""
    table = {worker.pk: (worker, [-1] * roster.days) for worker in roster.team.workers.order_by("code")}
    for line in roster.plan:
        if line["worker"] in table:
            table[line["worker"]][1][line["day"]] = line["shift"]
    return list(table.values())
