"""Collect once: two measures that ask the same round in one place owe it once; work ends with its place; the command."""

import json
from collections import Counter

import numpy as np
import pytest
from tests.apps.measures.test_measures import BY, DAY, DISEASE, HOUR, MARCH, begun, open_tasks
from tests.apps.measures.test_plans import ready
from tests.world import World, build_world
from typer.testing import CliRunner

from lianfang.cli import main
from lianfang.common.clock import local_day
from lianfang.core.registry.models import Place
from lianfang.loop.duty import duties
from lianfang.loop.models import Status, Task
from lianfang.loop.reconcile import reconcile
from lianfang.loop.worker import sweep, turn
from lianfang.measures import services
from lianfang.measures.duties import CODES
from lianfang.measures.models import Activation, Measure, Work
from lianfang.measures.selectors import progress_of, units_at_work

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return build_world(MARCH)


def test_a_round_that_two_measures_ask_for_is_owed_once_and_goes_on_when_the_first_ends(world: World) -> None:
    first = begun(world, "gates")
    sweep(at=MARCH + DAY)
    alone = open_tasks("measures.keep_up")
    second = begun(world, "strict_control", at=MARCH + DAY)
    turn(at=MARCH + DAY)
    assert {work.code for work in second.works.all()} == {"gate_check"}
    assert open_tasks("measures.keep_up") == alone
    day = MARCH + 2 * DAY
    sweep(at=day)
    place = world.places["420106001"]
    of_day = Task.objects.filter(duty="measures.keep_up", occasion=local_day(day).isoformat())
    assert sorted(of_day.values_list("path", flat=True)) == sorted(
        world.places[code].path for code in ("420106001", "420106002")
    )
    # Reported where the second measure asks for it, it is the one round that was owed.
    report = services.report_work(
        work=second.works.get(place=place), n_done=40, n_found=2, by=BY, at=day + HOUR
    )
    turn(at=day + HOUR)
    assert report.work.measure == first
    assert of_day.get(path=place.path).status == Status.DONE
    for row in (first, second):
        (line,) = progress_of(row.works.all(), day + HOUR)
        assert (line.n_places, line.n_done, line.n_found) == (2, 1, 2)
    assert sum(unit["done"] for unit in units_at_work(second.works.all(), day + HOUR)) == 1
    services.end_measure(measure=first, reason="one is enough", by=BY, at=day + HOUR)
    turn(at=day + HOUR)
    after = day + DAY
    sweep(at=after)
    now = Task.objects.filter(duty="measures.keep_up", occasion=local_day(after).isoformat())
    assert set(now.values_list("subject_id", flat=True)) == set(second.works.values_list("pk", flat=True))


def test_what_was_done_once_while_both_hold_is_not_asked_again_and_is_when_it_was_done_before(
    world: World,
) -> None:
    first = begun(world, "remove_road_limits")
    services.report_work(work=first.works.get(), by=BY, at=MARCH + HOUR)
    other = begun(world, "remove_road_limits", county="420106001", at=MARCH + 2 * HOUR)
    sweep(at=MARCH + 2 * HOUR)
    # The township has work of its own: the county's was done in the county's place.
    assert len(open_tasks("measures.do")) == 1
    services.end_measure(measure=other, reason="over", by=BY, at=MARCH + 3 * HOUR)
    services.end_measure(measure=first, reason="over", by=BY, at=MARCH + 3 * HOUR)
    begun(world, "remove_road_limits", at=MARCH + DAY)
    sweep(at=MARCH + DAY)
    assert len(open_tasks("measures.do")) == 1, (
        "what was done for a measure that is over does not count for a new one"
    )


@pytest.mark.parametrize("seed", range(4))
def test_short_passes_and_full_ones_agree_and_no_round_is_owed_twice(world: World, seed: int) -> None:
    """Measures that ask the same rounds begin and end in any order, in county and township; reports come and go."""
    rng = np.random.default_rng(seed)
    kinds = ("gates", "strict_control", "household_rounds", "guard_spread_and_export")
    at = MARCH
    for _ in range(14):
        at += int(rng.integers(3, 20)) * HOUR
        held = list(Measure.objects.in_force().order_by("pk"))
        if held and rng.random() < 0.4:
            services.end_measure(measure=held[rng.integers(len(held))], reason="over", by=BY, at=at)
        else:
            kind, county = str(rng.choice(kinds)), str(rng.choice(["420106", "420106001"]))
            if not any(row.kind == kind and row.place.code == county for row in held):
                begun(world, kind, county, at=at)
        works = list(Work.objects.filter(until_at__isnull=True, from_at__lte=at).order_by("pk"))
        if works and rng.random() < 0.6:
            services.report_work(work=works[rng.integers(len(works))], by=BY, at=at)
        turn(at=at)
    sweep(at=at)
    left = [reconcile(duties.get(code), at=at).written for code in CODES]
    assert left == [0, 0]
    rows = Task.objects.filter(duty__in=CODES).exclude(status=Status.VOID)
    of_work = dict(Work.objects.values_list("pk", "code"))
    owed = Counter((of_work[task.subject_id], task.path, task.occasion) for task in rows)
    ends = {local_day(one.until_at).isoformat() for one in Measure.objects.filter(until_at__isnull=False)}
    assert [key for key, n in owed.items() if n > 1 and key[2] not in ends] == []


def test_work_ends_with_its_place(world: World) -> None:
    row = begun(world, "gates")
    sweep(at=MARCH + DAY)
    place = world.places["420106002"]
    on = local_day(MARCH + 2 * DAY)
    Place.objects.filter(pk=place.pk).update(abolished_on=on)
    sweep(at=MARCH + 4 * DAY)
    work = row.works.get(place=place)
    assert work.until_on == on
    days = Task.objects.filter(subject_id=work.pk, duty="measures.keep_up").exclude(status=Status.VOID)
    assert max(days.values_list("occasion", flat=True)) < on.isoformat()
    assert row.works.get(place=world.places["420106001"]).until_at is None


def run(*words: object) -> list[dict[str, object]]:
    done = CliRunner().invoke(main.app, [*map(str, words), "--json"])
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_measures_and_plans_by_command(world: World) -> None:
    main.assemble()
    at = ("--at", "2020-03-01T18:00")
    (made,) = run("measures", "begin", "420106", "gates", "--disease", DISEASE, "--reason", "a cluster", *at)
    assert made["works"] == 2
    (listed,) = run("measures", "list", "--area", "4201", *at)
    assert (listed["id"], listed["kind"], listed["place"]) == (made["id"], "gates", "420106")
    run("measures", "end", made["id"], "--reason", "over", *at)
    assert run("measures", "list", *at) == []
    plan = ready(world)
    (row,) = run("plans", "list", *at)
    assert (row["id"], row["status"], row["on"]) == (plan.pk, "approved", 0)
    (on,) = run("plans", "switch-on", plan.pk, "--reason", "as drawn up", *at)
    assert Activation.objects.get(pk=on["id"]).until_at is None
    run("plans", "switch-off", on["id"], "--reason", "over", *at)
    assert Activation.objects.get(pk=on["id"]).until_at is not None
