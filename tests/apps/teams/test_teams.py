"""Teams: a round ends the one before, rest is owed by the rules of the place, rosters keep it, a person decides."""

from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from tests.apps.care.conftest import Hospital
from tests.world import NOON, a_person, build_world

from lianfang.care.derive import derive_pathways
from lianfang.care.models import CareLevel
from lianfang.common.clock import local_day, start_of
from lianfang.common.errors import LianfangError
from lianfang.core.access.actor import Actor
from lianfang.core.access.models import Grant
from lianfang.core.access.permissions import Role
from lianfang.core.registry.models import Level, Place
from lianfang.loop.models import Task
from lianfang.loop.worker import sweep
from lianfang.teams import services
from lianfang.teams.errors import (
    AlreadyAnswered,
    AmountNeedsReason,
    NotDeployed,
    NotHelped,
    NothingToPay,
    NotInfected,
    PaidAlready,
    RosterDecided,
    StillPatient,
    TeamElsewhere,
    WorkerBusy,
)
from lianfang.teams.hours import hours_of
from lianfang.teams.models import Deployment, Pairing, RestDue, Shift, Team, Worker
from lianfang.teams.rosters import accept_roster, propose_shifts, refuse_roster
from lianfang.teams.rules import rest_rules
from lianfang.teams.selectors import consultations, facilities_for, facility_hours, pairings, protection

pytestmark = pytest.mark.django_db

BY = Actor.system("test")
DAY = timedelta(days=1)
# 21 February 2020, when both rules of rest hold in Wuhan (4201).
MARCH = datetime(2020, 3, 2, 2, 0, tzinfo=NOON.tzinfo)


@pytest.fixture
def hospital() -> Hospital:
    return Hospital(build_world(MARCH), at=MARCH)


def a_team(hospital: Hospital, nurses: int = 5, doctors: int = 1, name: str = "江苏一队") -> Team:
    team = services.form_team(home=hospital.world.units["42-nha"], name=name, by=BY, at=hospital.at)
    for n in range(nurses + doctors):
        services.add_worker(
            team=team, person=a_person(hospital.world), code=f"{name}-{n}",
            skill="nurse" if n < nurses else "doctor", by=BY, at=hospital.at,
        )  # fmt: skip
    return team


def sent(hospital: Hospital, team: Team) -> Deployment:
    unit = hospital.world.units["420106-hosp"]
    return services.deploy_team(team=team, unit=unit, from_at=hospital.at, by=BY, at=hospital.at)


def test_the_round_of_10_february_ends_that_of_7_february(hospital: Hospital) -> None:
    places = hospital.world.places
    nation, helped = places["CN"], places["4201"]
    helpers = [
        Place.objects.create(code=code, name=name, level=Level.PROVINCE, parent=nation, path=f"CN.{code}.")
        for code, name in (("32", "江苏"), ("35", "福建"), ("37", "山东"))
    ]
    first = [(helpers[0], helped), (helpers[1], places["4202"])]
    second = [(helpers[1], helped), (helpers[2], helped)]
    at = hospital.at
    services.start_round(pairs=first, within=places["42"], from_on=date(2020, 2, 7), by=BY, at=at)
    services.start_round(pairs=second, within=places["42"], from_on=date(2020, 2, 10), by=BY, at=at)
    ninth, tenth = (start_of(date(2020, 2, d)) for d in (9, 10))
    names = lambda at: sorted(p.helper.name for p in pairings(BY, "CN.42.", at))  # noqa: E731
    assert names(ninth) == ["江苏", "福建"]
    assert names(tenth) == ["山东", "福建"]
    assert Pairing.objects.filter(until_on=date(2020, 2, 10)).count() == 2


def test_rest_by_the_rules_of_the_place(hospital: Hospital) -> None:
    wuhan = rest_rules(hospital.world.places["420106"], MARCH)
    assert (wuhan.days_off, wuhan.within_days, wuhan.longest_days) == (2, 10, 30)
    assert wuhan.editions == ("team_rest@hubei", "team_rest@wuhan")
    elsewhere = rest_rules(hospital.world.places["420205"], MARCH)
    assert (elsewhere.days_off, elsewhere.longest_days) == (0, 30)
    chongqing = Place(code="500101", path="CN.50.5001.500101.")
    fortnight = rest_rules(chongqing, MARCH)
    assert (fortnight.days_off, fortnight.within_days) == (4, 14)


def test_days_off_and_relief_are_owed_and_late_when_they_do_not_come(hospital: Hospital) -> None:
    team = a_team(hospital, nurses=1, doctors=0)
    row = sent(hospital, team)
    assert row.relief_at == MARCH + 30 * DAY
    assert team.path == hospital.world.units["420106-hosp"].path
    worker = team.workers.get()
    first = RestDue.objects.get(worker=worker, n=1)
    services.record_day_off(worker=worker, on=local_day(MARCH) + DAY, by=BY, at=MARCH)
    sweep(at=MARCH + 11 * DAY)
    task = Task.objects.get(duty="teams.days_off", subject_id=first.pk)
    assert task.status == "open", "one of two days"
    assert task.due_at < MARCH + 11 * DAY
    assert task.unit_id == row.unit_id
    services.record_day_off(worker=worker, on=local_day(MARCH) + 5 * DAY, by=BY, at=MARCH + 11 * DAY)
    sweep(at=MARCH + 11 * DAY)
    task.refresh_from_db()
    assert task.status == "done"
    sweep(at=MARCH + 31 * DAY)
    assert Task.objects.get(duty="teams.relieve").status == "open"
    services.end_deployment(deployment=row, ended_at=MARCH + 31 * DAY, by=BY, at=MARCH + 31 * DAY)
    sweep(at=MARCH + 31 * DAY)
    assert Task.objects.get(duty="teams.relieve").status == "done"


def test_a_team_is_at_one_place(hospital: Hospital) -> None:
    team = a_team(hospital, nurses=1)
    sent(hospital, team)
    with pytest.raises(TeamElsewhere):
        services.deploy_team(
            team=team, unit=hospital.world.units["420106-cdc"], from_at=MARCH + DAY, by=BY, at=MARCH + DAY
        )


def filled(hospital: Hospital, n: int = 4) -> None:
    hospital.ward("ordinary", n=n)
    for k in range(n):
        hospital.lay(hospital.case(), hospital.bed("ordinary", k))


def test_hours_needed_by_the_occupied_beds_against_hours_there(hospital: Hospital) -> None:
    filled(hospital)
    hospital.ward("icu", CareLevel.CRITICAL, n=1)
    hospital.lay(hospital.case(), hospital.bed("icu"))
    sent(hospital, a_team(hospital, nurses=5))
    hours = {one.profession: one for one in hours_of(hospital.world.units["420106-hosp"], MARCH)}
    assert hours["nurse"].needed == 4 * 4.0
    assert hours["nurse"].there == 5 * 8 * 0.8
    assert not hours["nurse"].is_short
    assert hours["intensive_nurse"].needed > 0
    assert hours["intensive_nurse"].is_short
    assert len(facility_hours(hospital.world.actor("chen", MARCH), "CN.42.4201.", MARCH)) == 1


def test_a_roster_keeps_rest_and_is_decided_by_a_person(hospital: Hospital) -> None:
    filled(hospital)
    team = a_team(hospital, nurses=5, doctors=4)
    with pytest.raises(NotDeployed):
        propose_shifts(team=team, from_on=local_day(MARCH), days=10, by=BY, at=MARCH)
    sent(hospital, team)
    roster = propose_shifts(team=team, from_on=local_day(MARCH) + DAY, days=10, by=BY, at=MARCH)
    worked = Counter(line["worker"] for line in roster.plan)
    assert max(worked.values()) <= 8, "two days off in ten"
    assert not Shift.objects.exists(), "a proposal writes no shift"
    assert all(line["why"] in {"nobody_can", "all_work", "rest"} for line in roster.missing)
    n = accept_roster(roster=roster, by=hospital.world.actor("chen", MARCH), at=MARCH)
    assert n == len(roster.plan) == Shift.objects.current().count()
    with pytest.raises(RosterDecided):
        refuse_roster(roster=roster, reason="late", by=BY, at=MARCH)
    again = propose_shifts(team=team, from_on=local_day(MARCH) + DAY, days=10, by=BY, at=MARCH)
    assert not any(
        Shift.objects.filter(worker_id=line["worker"], on=again.from_on + line["day"] * DAY).exists()
        for line in again.plan
    ), "who has a shift that day gets no second one"
    with pytest.raises(LianfangError):
        propose_shifts(
            team=team, from_on=local_day(MARCH), days=1, by=hospital.world.actor("stranger", MARCH), at=MARCH
        )


def test_who_worked_before_the_roster_rests_first(hospital: Hospital) -> None:
    filled(hospital, n=2)
    team = a_team(hospital, nurses=1, doctors=0)
    sent(hospital, team)
    worker = team.workers.get()
    for k in range(8):
        on = local_day(MARCH) - (7 - k) * DAY
        Shift.objects.create(
            worker=worker, unit=hospital.world.units["420106-hosp"], on=on, path=worker.path,
            source_path=worker.source_path, occurred_at=start_of(on), until_at=start_of(on) + 8 * timedelta(hours=1),
            recorded_at=MARCH,
        )  # fmt: skip
    roster = propose_shifts(team=team, from_on=local_day(MARCH) + DAY, days=3, by=BY, at=MARCH)
    assert sorted(line["day"] for line in roster.plan) == [2]
    assert {(m["day"], m["why"]) for m in roster.missing if m["profession"] == "nurse"} >= {
        (0, "rest"),
        (1, "rest"),
    }


def test_two_rosters_cannot_give_one_worker_two_shifts_at_once(hospital: Hospital) -> None:
    filled(hospital)
    team = a_team(hospital)
    sent(hospital, team)
    one, two = (
        propose_shifts(team=team, from_on=local_day(MARCH) + DAY, days=3, by=BY, at=MARCH) for _ in range(2)
    )
    accept_roster(roster=one, by=BY, at=MARCH)
    with pytest.raises(WorkerBusy):
        accept_roster(roster=two, by=BY, at=MARCH)


def test_protection_exposure_infection_and_allowance(hospital: Hospital) -> None:
    filled(hospital)
    team = a_team(hospital, nurses=2, doctors=0)
    sent(hospital, team)
    worker = Worker.objects.select_related("team__home__place").filter(team=team).first()
    row = services.report_exposure(
        worker=worker, hazard="needle", happened_at=MARCH, by=hospital.fang, at=MARCH
    )
    sweep(at=MARCH)
    assert Task.objects.get(duty="teams.exposure").due_at == MARCH + DAY
    services.assess_exposure(exposure=row, is_infected=True, measures="isolated", by=hospital.fang, at=MARCH)
    seen = protection(hospital.world.actor("chen", MARCH), "CN.42.4201.", MARCH)
    assert (seen.workers, seen.exposures, seen.open, seen.infected) == (2, 1, 0, 1)
    roster = propose_shifts(team=team, from_on=local_day(MARCH) + DAY, days=5, by=BY, at=MARCH)
    assert worker.pk not in {line["worker"] for line in roster.plan}, "the infected do not work"
    accept_roster(roster=roster, by=BY, at=MARCH)
    other = team.workers.exclude(pk=worker.pk).get()
    span = {"worker": other, "from_on": local_day(MARCH), "until_on": local_day(MARCH) + 9 * DAY}
    who = {"by": BY, "at": MARCH + 10 * DAY}
    with pytest.raises(AmountNeedsReason):
        services.pay_allowance(**span, amount=Decimal(1501), **who)
    paid = services.pay_allowance(**span, **who)
    days = Shift.objects.filter(worker=other).values("on").distinct().count()
    assert (paid.days, paid.amount, paid.by_rule) == (days, 300 * days, 300 * days)
    assert paid.edition == "allowance@2020-01"
    with pytest.raises(PaidAlready):
        services.pay_allowance(**span, amount=Decimal(1), reason="more", **who)
    services.withdraw_allowance(allowance=paid, reason="not sent", **who)
    less = services.pay_allowance(**span, rate="other", amount=Decimal(1), reason="rest later", **who)
    assert (less.by_rule, less.amount) == (200 * days, 1)
    with pytest.raises(NothingToPay):
        services.pay_allowance(**{**span, "worker": worker}, **who)


def test_back_to_work_after_an_infection_by_a_persons_judgement(hospital: Hospital) -> None:
    filled(hospital)
    team = a_team(hospital, nurses=2, doctors=0)
    sent(hospital, team)
    worker, other = Worker.objects.select_related("team__home__place").filter(team=team)
    who = {"by": hospital.fang, "at": MARCH}
    row = services.report_exposure(worker=worker, hazard="splash", happened_at=MARCH, **who)
    services.assess_exposure(exposure=row, is_infected=True, measures="isolated", **who)
    unit = hospital.world.units["420106-hosp"]
    assert {h.profession: h.workers for h in hours_of(unit, MARCH)}["nurse"] == 1, "the ill are not there"
    with pytest.raises(NotInfected):
        services.return_to_work(worker=other, from_at=MARCH, reason="well", **who)
    assert services.return_to_work(worker=worker, from_at=MARCH, reason="two negatives", **who) == 1
    seen = protection(hospital.world.actor("chen", MARCH), "CN.42.4201.", MARCH)
    assert (seen.infected, seen.ailing) == (1, 0)
    # a worker who is a case oneself is infected without any exposure, and a patient does not go back
    case = hospital.case()
    Worker.objects.filter(pk=other.pk).update(person=case.person)
    other.refresh_from_db()
    derive_pathways([case.pk], at=MARCH)
    row = services.report_exposure(worker=other, hazard="unknown", happened_at=MARCH, **who)
    services.assess_exposure(exposure=row, is_infected=True, measures="in hospital", **who)
    with pytest.raises(StillPatient):
        services.return_to_work(worker=other, from_at=MARCH, reason="well", **who)
    seen = protection(hospital.world.actor("chen", MARCH), "CN.42.4201.", MARCH)
    assert (seen.infected, seen.ailing) == (2, 1)


def test_a_pairing_lets_the_helper_send_its_team(hospital: Hospital) -> None:
    """Whoever decides on teams at home sends them where a pairing says, and nowhere else."""
    world = hospital.world
    neighbour, there = world.places["420107"], world.units["420106-hosp"]
    Grant.objects.create(
        user=world.users["dina"],
        role=Role.SUPERVISOR,
        place=neighbour,
        path=neighbour.path,
        from_at=MARCH - DAY,
    )
    dina = world.actor("dina", MARCH)
    team = services.form_team(home=world.units["420107-cdc"], name="西河队", by=dina, at=MARCH)
    assert not facilities_for(dina, team, MARCH).filter(pk=there.pk).exists()
    with pytest.raises(LianfangError):
        services.deploy_team(team=team, unit=there, from_at=MARCH, by=dina, at=MARCH)
    pair = [(neighbour, world.places["420106"])]
    services.start_round(pairs=pair, within=world.places["4201"], from_on=local_day(MARCH), by=BY, at=MARCH)
    assert facilities_for(dina, team, MARCH).filter(pk=there.pk).exists()
    services.deploy_team(team=team, unit=there, from_at=MARCH, by=dina, at=MARCH)
    with pytest.raises(NotHelped):
        services.start_round(
            pairs=pair, within=world.places["420107"], from_on=local_day(MARCH), by=BY, at=MARCH
        )


def test_a_team_is_formed_filled_and_sent_by_the_pages(hospital: Hospital) -> None:
    filled(hospital, n=2)
    world = hospital.world
    client = Client(headers={"accept-language": "en"})
    client.force_login(world.users["chen"])
    unit = world.units["420106-hosp"]
    client.post("/teams?area=4201", {"home": unit.pk, "name": "本院队"})
    team = Team.objects.get(name="本院队")
    person = {"name": "周护", "sex": "female", "birth_date": "1990-01-02"}
    client.post(f"/teams/{team.pk}/worker", {"code": "N-1", "skill": "nurse", **person})
    assert (
        client.post(f"/teams/{team.pk}/worker", {"code": "N-1", "skill": "nurse", **person}).status_code
        == 422
    )
    worker = team.workers.get()
    assert worker.person.label
    client.post(f"/teams/{team.pk}/deploy", {"unit": unit.pk})
    assert Deployment.objects.get(team=team).unit == unit
    client.post(f"/teams/{team.pk}/day_off", {"worker": worker.pk, "on": "2020-03-01"})
    assert worker.days_off.exists()
    client.post(f"/teams/{team.pk}/roster", {"days": 3})
    assert team.rosters.exists()
    assert (
        client.post("/pairings?area=4201", {"from_on": "2020-02-10", "pairs": "西河县 → 火星"}).status_code
        == 422
    )
    assert (
        client.post("/pairings?area=4201", {"from_on": "2020-02-10", "pairs": "42 → 420106"}).status_code
        == 302
    )
    assert Pairing.objects.get().helped.code == "420106"
    client.force_login(world.users["fang"])
    assert client.post(f"/teams/{team.pk}/deploy", {"unit": unit.pk}).status_code in {403, 422}
    client.post(f"/teams/{team.pk}/exposure", {"worker": worker.pk, "hazard": "needle"})
    exposure = worker.exposures.get()
    client.post(
        f"/teams/{team.pk}/assess", {"exposure": exposure.pk, "is_infected": "true", "measures": "isolated"}
    )
    client.post(f"/teams/{team.pk}/back", {"worker": worker.pk, "reason": "two negatives"})
    exposure.refresh_from_db()
    assert exposure.back_because == "two negatives"
    shown = client.get(f"/teams/{team.pk}").content.decode()
    assert "back at work" in shown


def test_advice_is_asked_scheduled_and_answered_once(hospital: Hospital) -> None:
    units = hospital.world.units
    row = services.ask_advice(
        form="remote", from_unit=units["420106-hosp"], to_unit=units["4201-cdc"], question="ECMO?",
        by=hospital.fang, at=MARCH,
    )  # fmt: skip
    sweep(at=MARCH)
    task = Task.objects.get(duty="teams.consult")
    assert (task.unit_id, task.due_at) == (units["4201-cdc"].pk, MARCH + DAY)
    services.schedule_consultation(
        consultation=row, scheduled_for=MARCH + timedelta(hours=3), by=BY, at=MARCH
    )
    services.answer_consultation(consultation=row, answer="prone first", by=BY, at=MARCH + timedelta(hours=4))
    with pytest.raises(AlreadyAnswered):
        services.answer_consultation(consultation=row, answer="again", by=BY, at=MARCH)
    sweep(at=MARCH + timedelta(hours=4))
    task.refresh_from_db()
    assert task.status == "done"
    assert not consultations(hospital.world.actor("stranger", MARCH), "").exists()


@pytest.mark.parametrize(("language", "words"), [("en", "Missing hands"), ("zh-hans", "缺少人手")])
def test_the_pages(hospital: Hospital, language: str, words: str) -> None:
    filled(hospital)
    team = a_team(hospital, nurses=1)
    sent(hospital, team)
    propose_shifts(team=team, from_on=local_day(MARCH) + DAY, days=3, by=BY, at=MARCH)
    client = Client(headers={"accept-language": language})
    client.force_login(hospital.world.users["fang"])
    assert "江苏一队" in client.get("/teams").content.decode()
    assert words in client.get(f"/teams/{team.pk}").content.decode()


def test_the_demo_teams(hospital: Hospital) -> None:
    """Two hospitals, patients in one: a team of the other works there, has a roster, and one of it is exposed."""
    from lianfang.core.registry.models import Unit
    from lianfang.demo.teams import send_teams

    filled(hospital)
    place = hospital.world.places["420107"]
    Unit.objects.create(code="420107-hosp", name="西河医院", kind="hospital", place=place, path=place.path)
    assert send_teams(at=MARCH) == 1
    team = Team.objects.get()
    assert (team.path, team.source_path) == (hospital.world.units["420106-hosp"].path, place.path)
    assert team.rosters.get().plan
    assert protection(hospital.world.actor("chen", MARCH), "CN.42.4201.", MARCH).open == 1
    assert Pairing.objects.get().helped.code == "420106"
