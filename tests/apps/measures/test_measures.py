"""Measures: a confirmed grade proposes, a person decides; work arises in every place; a look is owed; levels have launchers."""

from datetime import timedelta

import pytest
from django.test import Client
from tests.world import NOON, World, build_world

from lianfang.common.clock import local_day
from lianfang.common.errors import LianfangError
from lianfang.core.access.actor import Actor
from lianfang.core.access.models import Grant
from lianfang.core.access.permissions import Role
from lianfang.core.registry.models import Capability, Level, Place
from lianfang.core.rules import site_rules
from lianfang.loop.models import Finding, Task
from lianfang.loop.services import judge_finding
from lianfang.loop.worker import sweep, turn
from lianfang.measures import services
from lianfang.measures.errors import AlreadyInForce, BadDates, NotASwitch, UnknownMeasure, WhyNeeded
from lianfang.measures.models import Measure, Response, Review, Work
from lianfang.measures.rules import by_grade, catalogue
from lianfang.measures.selectors import measures_holding, progress_of, waiting_switches
from lianfang.regions.models import Grade

pytestmark = pytest.mark.django_db

BY = Actor.system("test")
DISEASE = "covid_19_cn_2020"
# 1 March 2020, 18:00: the grades and their measures are in force.
MARCH = NOON + timedelta(days=18)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def world() -> World:
    return build_world(MARCH)


def graded(world: World, level: str, at=MARCH, county: str = "420106") -> Grade:
    place = world.places[county]
    Grade.objects.current().filter(disease=DISEASE, place=place).update(superseded_at=at)
    return Grade.objects.create(
        disease=DISEASE, place=place, path=place.path, level=level, data_to=local_day(at), edition="x",
        reason="figures", occurred_at=at, recorded_at=at,
    )  # fmt: skip


def begun(world: World, kind: str = "gates", county: str = "420106", at=MARCH, **more) -> Measure:
    return services.begin_measure(
        place=world.places[county], disease=DISEASE, kind=kind, reason="a cluster", by=BY, at=at, **more
    )


def switch_of(world: World) -> Finding:
    return Finding.objects.standing().get(kind="measures.switch", subject_id=world.places["420106"].pk)


def open_tasks(duty: str) -> list[tuple[str, str]]:
    rows = Task.objects.open().filter(duty=duty).select_related("unit").order_by("pk")
    return [(task.unit.code, task.occasion) for task in rows]


def test_the_catalogue_knows_every_measure_of_every_grade_and_names_real_work() -> None:
    for edition in site_rules().editions("measures"):
        _, says = catalogue("CN.", MARCH)
        asked = {one.measure_id for row in edition.parameters.by_grade.values() for one in row}
        assert asked <= set(says.measures)
        for row in edition.parameters.by_grade.values():
            assert all(says.measures[one.measure_id].text == one.text for one in row), (
                "one name for one thing"
            )
    assert {work.capability for work in says.works.values()} <= set(Capability.values)


def test_a_confirmed_grade_proposes_and_nothing_changes_until_a_person_decides(world: World) -> None:
    graded(world, "medium")
    sweep(at=MARCH)
    finding = switch_of(world)
    assert finding.evidence["on"] == [one.measure_id for one in by_grade("CN.", MARCH)[1].by_grade["medium"]]
    assert finding.evidence["restricts"] == ["orderly_reopening", "lower_density"]
    assert finding.place == world.places["420106"]
    assert not Measure.objects.exists()
    assert open_tasks("loop.judge") == [("420106-cdc", "")]


def test_the_supervisor_decides_on_a_part_and_it_is_a_correction(world: World) -> None:
    graded(world, "medium")
    sweep(at=MARCH)
    chen = world.actor("chen", MARCH)
    who = {"reason": "as the text says", "by": chen, "at": MARCH + HOUR}
    rows = services.decide_switch(finding=switch_of(world), on=["lower_density"], off=[], **who)
    assert [(row.kind, row.review_on) for row in rows] == [("lower_density", local_day(MARCH) + 14 * DAY)]
    assert rows[0].recorded_by == world.users["chen"]
    left = switch_of(world)
    assert left.judgements.get().decision == "corrected"
    assert "lower_density" not in left.evidence["on"]
    sweep(at=MARCH + 2 * HOUR)
    assert waiting_switches(chen, "CN.") == [], "what was decided is not asked again"
    assert Measure.objects.in_force().count() == 1


def test_a_lower_grade_lifts_what_the_higher_brought_and_leaves_what_a_person_decided(world: World) -> None:
    graded(world, "medium")
    own = begun(world, "household_rounds")
    sweep(at=MARCH)
    first = switch_of(world)
    who = {"reason": "text", "by": world.actor("chen", MARCH)}
    services.decide_switch(finding=first, on=first.evidence["on"], off=[], at=MARCH, **who)
    assert first.judgements.get().decision == "confirmed"
    assert not Finding.objects.standing().filter(kind="measures.switch").exists()
    graded(world, "low", at=MARCH + 15 * DAY)
    sweep(at=MARCH + 15 * DAY)
    second = switch_of(world)
    assert set(second.evidence["off"]) == set(first.evidence["on"])
    services.decide_switch(
        finding=second, on=second.evidence["on"], off=second.evidence["off"], at=MARCH + 15 * DAY, **who
    )
    held = set(Measure.objects.in_force().values_list("kind", flat=True))
    assert held == {"guard_import", "restore_life", "remove_road_limits", "no_reopening_conditions", own.kind}
    with pytest.raises(NotASwitch):
        services.decide_switch(finding=first, on=["lower_density"], off=[], at=MARCH + 15 * DAY, **who)


def test_confirmed_among_the_findings_counts_only_from_one_who_may_decide_on_measures(world: World) -> None:
    graded(world, "high")
    sweep(at=MARCH)
    alice, chen = world.actor("alice", MARCH), world.actor("chen", MARCH)
    judge_finding(finding=switch_of(world), decision="confirmed", reason="yes", by=alice, at=MARCH + HOUR)
    turn(at=MARCH + HOUR)
    assert not Measure.objects.exists()
    assert len(waiting_switches(chen, "CN.")) == 1
    judge_finding(finding=switch_of(world), decision="confirmed", reason="yes", by=chen, at=MARCH + 2 * HOUR)
    turn(at=MARCH + 2 * HOUR)
    assert set(Measure.objects.values_list("recorded_by__login", "reason")) == {("chen", "yes")}
    assert Measure.objects.in_force().count() == 3


def test_rounds_arise_in_every_township_every_day_and_end_with_the_measure(world: World) -> None:
    morning = MARCH - 9 * HOUR  # 9:00, early enough to begin today
    row = begun(world, at=morning)
    assert list(row.works.values_list("place__code", flat=True)) == ["420106001", "420106002"]
    sweep(at=morning)
    today, next_day = local_day(morning).isoformat(), (local_day(morning) + DAY).isoformat()
    # Hekou has no unit that screens: the work climbs to the nearest above that does.
    assert set(open_tasks("measures.keep_up")) == {("420106001-com", today), ("4201-cdc", today)}
    work = row.works.get(place__code="420106001")
    bao = world.actor("bao", morning)
    services.report_work(work=work, n_done=340, n_found=2, by=bao, at=morning + HOUR)
    sweep(at=morning + DAY)
    assert ("420106001-com", today) not in open_tasks("measures.keep_up")
    assert ("4201-cdc", today) in open_tasks("measures.keep_up"), "yesterday's miss is not forgotten"
    assert ("420106001-com", next_day) in open_tasks("measures.keep_up")
    (line,) = progress_of(row.works.all(), morning + DAY)
    assert (line.n_places, line.n_done, line.n_open, line.n_late, line.n_found) == (2, 1, 2, 1, 2)
    services.end_measure(measure=row, reason="over", by=BY, at=morning + DAY)
    sweep(at=morning + 2 * DAY)
    assert open_tasks("measures.keep_up") == [("4201-cdc", today)], "only the missed day stays on the record"


def test_rounds_every_three_days_are_owed_at_the_end_of_the_third(world: World) -> None:
    morning = MARCH - 9 * HOUR
    row = begun(world, "household_rounds", at=morning)
    sweep(at=morning + 4 * DAY)
    due = Task.objects.filter(duty="measures.keep_up", subject_id=row.works.first().pk).order_by("since_at")
    assert [(local_day(t.since_at) - local_day(morning)).days for t in due] == [0, 3]
    assert [(local_day(t.due_at) - local_day(morning)).days for t in due] == [2, 5]


def test_a_place_that_comes_later_gets_its_work(world: World) -> None:
    row = begun(world)
    county = world.places["420106"]
    Place.objects.create(
        code="420106003", name="新镇", level=Level.TOWNSHIP, parent=county, path=f"{county.path}420106003."
    )
    sweep(at=MARCH + DAY)
    assert row.works.count() == 3
    assert row.works.get(place__code="420106003").from_at > MARCH


def test_a_measure_past_its_review_date_is_late_until_kept_or_ended(world: World) -> None:
    row = begun(world, review_on=local_day(MARCH) + 3 * DAY)
    sweep(at=MARCH + 4 * DAY)
    (task,) = Task.objects.open().filter(duty="measures.review")
    assert task.unit.code == "420106-cdc"
    assert local_day(task.due_at) == local_day(MARCH) + 3 * DAY
    assert task.due_at < MARCH + 4 * DAY
    later = local_day(MARCH) + 20 * DAY
    services.keep_measure(measure=row, review_on=later, reason="still", by=BY, at=MARCH + 4 * DAY)
    turn(at=MARCH + 4 * DAY)
    (task,) = Task.objects.open().filter(duty="measures.review")
    assert local_day(task.due_at) == later
    services.end_measure(measure=row, reason="over", by=BY, at=MARCH + 5 * DAY)
    turn(at=MARCH + 5 * DAY)
    assert not Task.objects.open().filter(duty="measures.review").exists()
    assert set(Review.objects.values_list("result", flat=True)) == {"kept", "ended"}


def test_what_a_measure_needs_is_asked_for(world: World) -> None:
    begun(world)
    with pytest.raises(AlreadyInForce):
        begun(world)
    with pytest.raises(UnknownMeasure, match="curfew"):
        begun(world, "curfew")
    with pytest.raises(BadDates):
        begun(world, "household_rounds", review_on=local_day(MARCH))
    with pytest.raises(WhyNeeded):
        services.end_measure(measure=Measure.objects.get(), reason=" ", by=BY, at=MARCH)
    with pytest.raises(BadDates):
        services.end_measure(measure=Measure.objects.get(), reason="x", by=BY, at=MARCH, ended_at=MARCH + DAY)


def test_a_measure_of_the_county_holds_in_its_villages_and_not_beside(world: World) -> None:
    begun(world)
    assert measures_holding(world.places["420106001001"].path, MARCH).count() == 1
    assert measures_holding(world.places["420107"].path, MARCH).count() == 0
    assert measures_holding(world.places["420106001001"].path, MARCH - DAY).count() == 0


def test_a_response_level_is_set_by_the_level_that_launches_it(world: World) -> None:
    county = world.places["420106"]
    chen = world.actor("chen", MARCH)  # of the prefecture
    who = {"place": county, "disease": DISEASE, "reason": "first case", "by": chen}
    services.set_response_level(level="IV", at=MARCH, **who)
    services.set_response_level(level="III", at=MARCH + HOUR, **who)
    with pytest.raises(LianfangError):  # the province launches it
        services.set_response_level(level="II", at=MARCH + HOUR, **who)
    assert Response.objects.in_force().get().level == "III"
    assert services.set_response_level(level="", at=MARCH + DAY, **who) is None
    assert list(Response.objects.order_by("pk").values_list("level", "until_at")) == [
        ("IV", MARCH + HOUR),
        ("III", MARCH + DAY),
    ]


def test_the_unit_reports_its_work_and_a_stranger_does_not(world: World) -> None:
    row = begun(world)
    turn(at=MARCH + DAY)
    hekou = row.works.get(place__code="420106002")
    dina = world.actor("dina", MARCH + DAY)
    with pytest.raises(LianfangError):
        services.report_work(work=hekou, by=dina, at=MARCH + DAY)
    user = world.users["dina"]
    Grant.objects.create(
        user=user, role=Role.FIELD_WORKER, place=world.places["4202"], path=world.places["4202"].path,
        from_at=MARCH,
    )  # fmt: skip
    user.unit = world.units["4201-cdc"]  # which answers for Hekou
    user.save()
    report = services.report_work(work=hekou, by=world.actor("dina", MARCH + DAY), at=MARCH + DAY)
    assert report.unit == world.units["4201-cdc"]


def test_the_pages_say_what_is_proposed_in_force_and_late(world: World, client: Client) -> None:
    chen = world.users["chen"]
    client.force_login(chen)
    graded(world, "medium")
    row = begun(world, review_on=local_day(MARCH) + DAY)
    sweep(at=MARCH + DAY)
    page = client.get("/measures?area=420106", headers={"accept-language": "en"}).content.decode()
    assert "the grade “medium risk” was confirmed" in page
    assert "lower density" in page
    assert "overdue" in page  # the clock of the page is years later
    work = Work.objects.filter(measure=row).first()
    assert client.get(f"/measures/{row.pk}").status_code == 200
    assert client.get(f"/measures/assignments/{work.pk}").status_code == 200
    zh = client.get("/measures?area=420106", headers={"accept-language": "zh-hans"}).content.decode()
    assert "降低人员密度" in zh
