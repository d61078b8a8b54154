"""What others read of teams: who is where, who has not rested, what an area needs, who asked for advice."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Unit
from lianfang.teams.models import Consultation, Deployment, Exposure, Pairing, Roster, Team, Worker
from lianfang.teams.rosters import Hours, hours_of

_FORTNIGHT = timedelta(days=14)


@dataclass(frozen=True, kw_only=True)
class FacilityHours:
    """Hours needed and there a day at one facility."""

    unit: Unit
    hours: list[Hours]


@dataclass(frozen=True, kw_only=True)
class Protection:
    """Health workers of an area: how many, exposures of the last two weeks, not yet assessed, infected."""

    workers: int
    exposures: int
    open: int
    infected: int


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


def facility_hours(actor: Actor, path: str, at: datetime) -> list[FacilityHours]:
    """Return the hours needed and there at every facility of the area where a team works."""
    ids = deployments(actor, path, at).order_by().values_list("unit_id", flat=True).distinct()
    units = Unit.objects.filter(pk__in=ids).select_related("place").order_by("name")
    return [FacilityHours(unit=unit, hours=hours_of(unit, at)) for unit in units]


def protection(actor: Actor, path: str, at: datetime) -> Protection:
    """Return how well the health workers of an area are protected."""
    seen = Exposure.objects.visible_in(actor, path).current()
    counted: dict[str, Any] = seen.aggregate(
        exposures=Count("pk", filter=Q(occurred_at__gte=at - _FORTNIGHT)),
        open=Count("pk", filter=Q(assessed_at__isnull=True)),
        infected=Count("worker_id", filter=Q(is_infected=True), distinct=True),
    )
    return Protection(workers=Worker.objects.visible_in(actor, path).count(), **counted)


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
