"""Plans: written in peace, approved, drilled on invented data that leaves nothing, switched on and off by a named person."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connections
from django.test import Client
from tests.apps.measures.test_measures import BY, DAY, DISEASE, HOUR, MARCH
from tests.world import World, build_world

from lianfang.core.registry.models import Capability, Level, Unit
from lianfang.loop.models import Task
from lianfang.loop.worker import sweep, turn
from lianfang.measures import drilling, services
from lianfang.measures.errors import AlreadyOn, EmptyPlan, OutsidePlan, WrongState
from lianfang.measures.models import Activation, Drill, Measure, Plan, Response, Work

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return build_world(MARCH)


def written(world: World, **more) -> Plan:
    told = {"level": "IV", "measures": ["gates"], "title": "cluster", **more}
    plan = services.write_plan(
        place=world.places["420106"], disease=DISEASE, situation="two cases", owner=world.units["420106-cdc"],
        by=BY, at=MARCH, **told,
    )  # fmt: skip
    step = {"plan": plan, "by": BY, "at": MARCH}
    services.add_step(
        text="open the isolation site",
        level=Level.COUNTY,
        capability=Capability.SUPERVISE,
        within_hours=6,
        **step,
    )
    services.add_step(
        text="bring the stocks", level=Level.COUNTY, capability=Capability.SUPPLY, within_hours=12,
        unit=world.units["420106-depot"], **step,
    )  # fmt: skip
    services.add_step(
        text="telephone round", level=Level.TOWNSHIP, capability=Capability.OBSERVE, every_days=1, **step
    )
    return plan


def ready(world: World, **more) -> Plan:
    return services.approve_plan(plan=written(world, **more), by=BY, at=MARCH)


def open_of(duty: str) -> list[str]:
    rows = Task.objects.open().filter(duty=duty).order_by("unit__code")
    return list(rows.values_list("unit__code", flat=True))


def test_an_approved_plan_is_drilled_and_gone_through_in_time(world: World) -> None:
    plan = ready(world)
    assert plan.editions[0] == "measure_catalogue@default"
    sweep(at=MARCH)
    assert open_of("measures.drill") == open_of("measures.revise_plan") == ["420106-cdc"]
    services.confirm_plan(plan=plan, reason="holds", by=BY, at=MARCH + 300 * DAY)
    turn(at=MARCH + 300 * DAY)
    due = Task.objects.open().get(duty="measures.revise_plan").due_at
    assert due == MARCH + (300 + 365) * DAY


def test_a_revision_leaves_the_old_plan_usable_until_it_is_approved(world: World) -> None:
    old = ready(world)
    new = services.revise_plan(plan=old, by=BY, at=MARCH)
    assert services.revise_plan(plan=old, by=BY, at=MARCH) == new, "one draft at a time"
    assert (new.version, new.steps.count(), old.steps.count()) == (2, 3, 3)
    services.drop_step(step=new.steps.last(), by=BY, at=MARCH)
    assert Plan.objects.get(pk=old.pk).status == "approved"
    services.approve_plan(plan=new, by=BY, at=MARCH + DAY)
    assert Plan.objects.get(pk=old.pk).status == "retired"
    with pytest.raises(WrongState):
        services.switch_on(plan=old, reason="x", by=BY, at=MARCH + DAY)
    assert old.reviews.filter(done_at=None).count() == 0


def test_a_plan_is_switched_on_by_a_named_person_and_its_duties_arrive_at_units(world: World) -> None:
    plan = ready(world)
    chen = world.actor("chen", MARCH)
    made = services.switch_on(plan=plan, reason="three cases in a market", by=chen, at=MARCH)
    turn(at=MARCH)
    assert made.by == world.users["chen"]
    assert open_of("measures.do") == ["420106-cdc", "420106-depot"]
    assert Measure.objects.in_force().get().activation == made
    assert Response.objects.in_force().get().level == "IV"
    turn(at=MARCH + DAY)
    sweep(at=MARCH + DAY)
    # Two townships each have the gates and the telephone round; Hekou's go to the units above.
    assert sorted(open_of("measures.keep_up")) == ["4201-cdc", "4201-cdc", "420106001-com", "420106001-com"]
    with pytest.raises(AlreadyOn):
        services.switch_on(plan=plan, place=world.places["420106001"], reason="x", by=chen, at=MARCH + DAY)
    work = Work.objects.get(activation=made, step__n=1)
    services.report_work(work=work, by=world.actor("alice", MARCH + DAY), at=MARCH + DAY)
    services.switch_off(activation=made, reason="over", by=chen, at=MARCH + DAY + HOUR)
    turn(at=MARCH + DAY + HOUR)
    assert not Task.objects.open().filter(duty__startswith="measures.", subject_id__in=Work.objects.values("pk")).exclude(duty__in=("measures.drill", "measures.revise_plan")).exists()  # fmt: skip
    assert not Measure.objects.in_force().exists()
    assert not Response.objects.in_force().exists()
    assert Task.objects.get(duty="measures.do", subject_id=work.pk).status == "done"


def test_what_was_in_force_before_the_plan_stays_after_it(world: World) -> None:
    own = services.begin_measure(
        place=world.places["420106"], disease=DISEASE, kind="gates", reason="mine", by=BY, at=MARCH
    )
    made = services.switch_on(plan=ready(world), reason="cases", by=BY, at=MARCH + HOUR)
    services.switch_off(activation=made, reason="over", by=BY, at=MARCH + DAY)
    assert list(Measure.objects.in_force()) == [own]


def test_a_plan_is_for_its_area_and_asks_something(world: World) -> None:
    with pytest.raises(EmptyPlan):
        empty = services.write_plan(
            place=world.places["420106"], disease=DISEASE, title="t", situation="s",
            owner=world.units["420106-cdc"], by=BY, at=MARCH,
        )  # fmt: skip
        services.approve_plan(plan=empty, by=BY, at=MARCH)
    with pytest.raises(OutsidePlan):
        services.switch_on(plan=ready(world), place=world.places["420107"], reason="x", by=BY, at=MARCH)


def counts() -> dict[str, int]:
    left_out = {"measures.Drill", "audit.Event", "loop.Touched", "measures.Review"}
    ours = [m for m in apps.get_models() if m.__module__.startswith("lianfang.")]
    return {m._meta.label: m._default_manager.count() for m in ours if m._meta.label not in left_out}


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[float]]:
    """The hours of the invented service, so that a test need not simulate a county."""
    import numpy as np

    hours = {"investigate": [5.0], "report": [2.0], "trace": [30.0], "test": [9.0], "admit": [4.0]}
    arrays = {kind: np.array(values) for kind, values in hours.items()}
    monkeypatch.setattr(
        drilling, "invented_durations", lambda seed: (arrays, {"residents": 1, "cases": seed})
    )
    return hours


def test_a_drill_says_how_long_each_step_takes_and_leaves_nothing(world: World, hands: object) -> None:
    plan = ready(world)
    services.count_stock(
        plan=plan, item="masks", unit=world.units["420106-depot"], needed=100, held=40, by=BY, at=MARCH
    )
    sweep(at=MARCH)
    before = counts()
    drill = services.ask_drill(plan=plan, by=BY, at=MARCH)
    assert drilling.run_drill(drill, at=MARCH)
    drill.refresh_from_db()
    assert drill.status == "done"
    assert counts() == before, "nothing of it is left"
    assert not Activation.objects.exists()
    steps = {step["code"]: step for step in drill.result["steps"]}
    assert steps["step_1"]["median_hours"] == 5.0
    assert (steps["step_1"]["n_late"], steps["step_2"]["n_late"]) == (0, 0)
    assert steps["step_3"] | {"median_hours": 30.0, "n_late": 2} == steps["step_3"], "30 h is more than a day"
    assert (steps["gate_check"]["n_places"], steps["gate_check"]["n_late"]) == (2, 0)
    assert drill.result["n_duties"] == 6
    assert drill.result["left_open"] == 0
    assert {row["place"]["zh"] for row in drill.result["inherited"]} == {"河口镇"}
    assert drill.result["short"] == [
        {"item": "masks", "unit": {"zh": "东山县物资库", "en": "420106-depot"}, "needed": 100, "held": 40}
    ]
    turn(at=MARCH + HOUR)
    assert Task.objects.open().get(duty="measures.drill").due_at == MARCH + 180 * DAY


def test_a_unit_does_no_more_in_a_day_than_it_can(world: World, hands: object) -> None:
    Unit.objects.filter(code="4201-cdc").update(daily_capacity=1)
    drill = services.ask_drill(plan=written(world), by=BY, at=MARCH)
    turn(at=MARCH)
    drill.refresh_from_db()
    steps = {step["code"]: step for step in drill.result["steps"]}
    assert (steps["gate_check"]["n_done"], steps["gate_check"]["longest_hours"]) == (2, 2.0)
    assert (steps["step_3"]["n_done"], steps["step_3"]["n_late"]) == (1, 2), "the second piece waits a day"


def test_a_drill_runs_beside_the_real_thing(world: World, hands: object) -> None:
    plan = ready(world)
    made = services.switch_on(plan=plan, reason="cases", by=BY, at=MARCH)
    turn(at=MARCH)
    before = sorted(Task.objects.values_list("pk", "status", "met_at", "due_at"))
    services.ask_drill(plan=plan, by=BY, at=MARCH + HOUR)
    turn(at=MARCH + HOUR)
    assert Drill.objects.get().status == "done"
    after = Task.objects.exclude(duty="measures.drill").values_list("pk", "status", "met_at", "due_at")
    assert sorted(after) == [row for row in before if row[0] in {one[0] for one in after}]
    made.refresh_from_db()
    assert made.until_at is None


@pytest.mark.django_db(transaction=True)
def test_others_write_while_a_drill_plays(
    world: World, hands: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of the play another row is written, which SQLite allows to none beside a transaction that writes."""
    plan = ready(world)
    drill = services.ask_drill(plan=plan, by=BY, at=MARCH)
    other = connections["default"].copy()
    works = drilling._works
    beside = []

    def written_beside(activation: Activation) -> object:
        with other.cursor() as cursor:
            cursor.execute("UPDATE registry_unit SET name_en = 'beside' WHERE code = '4201-cdc'")
        beside.append(Activation.objects.count())
        return works(activation)

    monkeypatch.setattr(drilling, "_works", written_beside)
    try:
        assert drilling.run_drill(drill, at=MARCH)
    finally:
        other.close()
    assert beside == [1], "the play is going on"
    assert not Activation.objects.exists()
    assert Unit.objects.get(code="4201-cdc").name_en == "beside"
    drill.refresh_from_db()
    assert drill.status == "done"


@pytest.mark.slow
def test_the_invented_county_has_an_outbreak_and_the_same_one_for_a_seed() -> None:
    first, size = drilling.invented_durations(1)
    again, _ = drilling.invented_durations(1)
    assert set(first) == {"report", "test", "investigate", "trace", "admit"}
    assert size["cases"] > 0
    assert all((first[kind] == again[kind]).all() for kind in first)


def test_the_pages_of_a_plan(world: World, client: Client) -> None:
    client.force_login(world.users["chen"])
    plan = ready(world)
    for address in ("/plans?area=420106", f"/plans/{plan.pk}", f"/plans/{plan.pk}/switch"):
        assert client.get(address).status_code == 200, address
    sent = {"place": "420106", "reason": "three cases", "sure": "on"}
    refused = client.post(f"/plans/{plan.pk}/switch", {**sent, "sure": ""})
    assert refused.status_code == 422
    assert not Activation.objects.exists()
    done = client.post(f"/plans/{plan.pk}/switch", sent, follow=True)
    assert done.status_code == 200
    assert Activation.objects.get().by == world.users["chen"]
    off = client.post(f"/activations/{Activation.objects.get().pk}", {"reason": "over"}, follow=True)
    assert off.status_code == 200
    assert Activation.objects.get().ended_because == "over"
    assert timedelta(0) <= Activation.objects.get().until_at - Activation.objects.get().from_at
