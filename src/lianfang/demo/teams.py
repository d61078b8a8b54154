"""Teams of the demo world: one from another county at each hospital with patients, some tired, one exposed, advice asked for."""

from datetime import datetime, timedelta

from lianfang.care.models import Stay, Treatment
from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Person, Unit, UnitKind
from lianfang.teams.models import Skill, Team, Worker
from lianfang.teams.rosters import propose_shifts
from lianfang.teams.services import (
    add_worker,
    ask_advice,
    deploy_team,
    form_team,
    record_day_off,
    report_exposure,
    start_round,
)

_BY = Actor.system("demo")
_DEPLOYED_DAYS = 9
_CREW = (
    *[Skill.NURSE] * 8,
    *[Skill.INTENSIVE_NURSE] * 3,
    *[Skill.DOCTOR] * 3,
    Skill.INTENSIVE_DOCTOR,
    Skill.INFECTION_CONTROL,
)
_TIRED = 5  # of so many health workers one has had no day off yet


def send_teams(*, at: datetime) -> int:
    """Send a team to every hospital in which patients lie; return how many teams."""
    busy = set(Stay.objects.current().at(at).values_list("bed__ward__unit_id", flat=True))
    hospitals = list(
        Unit.objects.filter(kind=UnitKind.HOSPITAL).select_related("place__parent").order_by("pk")
    )
    begun = at - timedelta(days=_DEPLOYED_DAYS)
    teams = []
    for n, hospital in enumerate(hospitals):
        if hospital.pk not in busy or len(hospitals) < 2:
            continue
        home = hospitals[(n + 1) % len(hospitals)]
        teams.append((_team(home, hospital, n, begun), home, hospital))
    for team, home, hospital in teams:
        _days(team, at)
        propose_shifts(team=team, from_on=local_day(at) + timedelta(days=1), days=7, by=_BY, at=at)
        ask_advice(
            form="remote", from_unit=hospital, to_unit=home, by=_BY, at=at - timedelta(hours=20),
            question="重症患者俯卧位通气时机？ When to turn a severe patient prone?",
        )  # fmt: skip
    if teams:
        worker = Worker.objects.select_related("team__home__place").filter(team=teams[0][0]).earliest("pk")
        report_exposure(
            worker=worker, hazard="no_protection", happened_at=at - timedelta(hours=5), by=_BY, at=at,
            note="手套破损 torn glove",
        )  # fmt: skip
        above = teams[0][2].place.parent or teams[0][2].place
        pairs = [(home.place, hospital.place) for _, home, hospital in teams]
        start_round(pairs=dict.fromkeys(pairs), within=above, from_on=local_day(begun), by=_BY, at=begun)
    _treat(at)
    return len(teams)


def _team(home: Unit, hospital: Unit, n: int, begun: datetime) -> Team:
    team = form_team(
        home=home, name=f"{home.place.name}支援队", name_en=f"{home.place.name_en} team", by=_BY, at=begun
    )
    for k, skill in enumerate(_CREW):
        person = Person.objects.create(
            sex="female" if k % 4 else "male", birth_year=1965 + (7 * k) % 30, place=home.place, path=home.path,
            recorded_at=begun,
        )  # fmt: skip
        add_worker(team=team, person=person, code=f"T{n + 1:02d}-{k + 1:02d}", skill=skill, by=_BY, at=begun)
    deploy_team(team=team, unit=hospital, from_at=begun, by=_BY, at=begun)
    return team


def _days(team: Team, at: datetime) -> None:
    today = local_day(at)
    for k, worker in enumerate(team.workers.order_by("pk")):
        if k % _TIRED:
            for back in (2 + k % 3, 6 + k % 3):
                record_day_off(worker=worker, on=today - timedelta(days=back), by=_BY, at=at)


def _treat(at: datetime) -> None:
    """Oxygen for every third patient, a herbal decoction for every second, some days after admission."""
    rows = []
    for n, stay in enumerate(Stay.objects.current().at(at).select_related("case").order_by("pk")):
        for every, what, days in ((3, "氧疗 (oxygen)", 1), (2, "清肺排毒汤 (a herbal decoction)", 2)):
            begun = stay.occurred_at + timedelta(days=days)
            if n % every == 0 and begun < at:
                rows.append(
                    Treatment(
                        case=stay.case, what=what, path=stay.path, source_path=stay.source_path,
                        occurred_at=begun, recorded_at=begun,
                    )
                )  # fmt: skip
    Treatment.objects.bulk_create(rows, batch_size=500)
