"""How each duty towards health workers comes to be owed, is proved, and is not proved after all."""

from datetime import date, timedelta
from typing import Any

from tests.conformance.histories.stage import Stage, Story
from tests.world import a_person

from lianfang.common.clock import local_day, start_of
from lianfang.teams import services as teams
from lianfang.teams.models import Consultation, DayOff, Deployment, Exposure, RestDue, Team, Worker


def _deployed(stage: Stage) -> Deployment:
    n = Team.objects.count() + 1
    team = teams.form_team(home=stage.world.units["42-nha"], name=f"team {n}", by=stage.by, at=stage.at)
    teams.add_worker(
        team=team, person=a_person(stage.world), code=f"W-{n}", skill="nurse", by=stage.by, at=stage.at
    )
    hospital = stage.world.units["420106-hosp"]
    return teams.deploy_team(team=team, unit=hospital, from_at=stage.at, by=stage.by, at=stage.at)


def _relieve(stage: Stage, pk: int) -> None:
    row = Deployment.objects.select_related("team").get(pk=pk)
    teams.end_deployment(deployment=row, ended_at=stage.at, by=stage.by, at=stage.at)


def _resume(stage: Stage, pk: int) -> None:
    row = Deployment.objects.select_related("team").get(pk=pk)
    teams.resume_deployment(deployment=row, reason="another team", by=stage.by, at=stage.at)


def _rest_due(stage: Stage) -> int:
    """The first stretch of a worker whose team works where two days in ten are to be free, once that is the rule."""
    stage.at = max(stage.at, start_of(date(2020, 2, 22)))  # the edition is of the day before
    row = _deployed(stage)
    RestDue.objects.filter(deployment=row).exclude(n=1).delete()
    (due,) = RestDue.objects.filter(deployment=row)
    return stage.noted(RestDue, due.pk)


def _rest(stage: Stage, pk: int) -> None:
    due = RestDue.objects.get(pk=pk)
    for n in range(due.days):
        on = local_day(due.opens_at) + timedelta(days=n)
        teams.record_day_off(worker=due.worker, on=on, by=stage.by, at=stage.at)


def _unrest(stage: Stage, pk: int) -> None:
    row = DayOff.objects.current().filter(worker=RestDue.objects.get(pk=pk).worker).latest("pk")
    teams.withdraw_day_off(day_off=row, reason="worked after all", by=stage.by, at=stage.at)


def _exposed(stage: Stage) -> int:
    _deployed(stage)
    worker = Worker.objects.select_related("team__home__place").latest("pk")
    row = teams.report_exposure(
        worker=worker, hazard="splash", happened_at=stage.at, by=stage.by, at=stage.at
    )
    return int(row.pk)


def _assess(stage: Stage, pk: int) -> None:
    row = Exposure.objects.get(pk=pk)
    teams.assess_exposure(exposure=row, is_infected=False, measures="observed", by=stage.by, at=stage.at)


def _unassess(stage: Stage, pk: int) -> None:
    teams.reopen_exposure(exposure=Exposure.objects.get(pk=pk), reason="another", by=stage.by, at=stage.at)


def _asked(stage: Stage) -> int:
    units = stage.world.units
    row = teams.ask_advice(
        form="remote", from_unit=units["420106-hosp"], to_unit=units["4201-cdc"], question="ECMO?",
        by=stage.by, at=stage.at,
    )  # fmt: skip
    return int(row.pk)


def _answer(stage: Stage, pk: int) -> None:
    row: Any = Consultation.objects.get(pk=pk)
    teams.answer_consultation(consultation=row, answer="not yet", by=stage.by, at=stage.at)


def _reopen(stage: Stage, pk: int) -> None:
    row: Any = Consultation.objects.get(pk=pk)
    teams.reopen_consultation(consultation=row, reason="another patient", by=stage.by, at=stage.at)


STORIES: dict[str, Story] = {
    "teams.relieve": Story(lambda stage: int(_deployed(stage).pk), _relieve, _resume, ""),
    "teams.days_off": Story(_rest_due, _rest, _unrest, ""),
    "teams.exposure": Story(_exposed, _assess, _unassess, ""),
    "teams.consult": Story(_asked, _answer, _reopen, ""),
}
