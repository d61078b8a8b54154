"""What if: the area's own clocks where there are records, named assumptions where not, and the same outbreaks on both sides."""

from datetime import timedelta

import numpy as np
import pytest
from django.test import Client
from tests.apps.measures.test_measures import BY, DAY, DISEASE, HOUR, MARCH
from tests.world import World, a_person, build_world

from lianfang.cases import services as cases
from lianfang.core.registry.models import Place
from lianfang.measures import scenarios, services
from lianfang.measures.errors import NothingAsked
from lianfang.measures.models import Scenario
from lianfang.measures.scenario_inputs import Inputs, measure
from lianfang.simulate import Clocks

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = build_world(MARCH)
    Place.objects.filter(code="420106").update(population=9000)
    world.places["420106"].refresh_from_db()
    return world


def investigated(world: World, n: int, hours: float, at=MARCH) -> None:
    """So many confirmed cases of the last days, each investigated after so many hours."""
    for k in range(n):
        confirmed_at = at - 5 * DAY - k * HOUR
        case = cases.open_case(
            person=a_person(world, at=confirmed_at), disease=DISEASE, place=world.places["420106"],
            diagnosis="confirmed", by=BY, at=confirmed_at,
        )  # fmt: skip
        cases.complete_investigation(
            case=case,
            completed_at=confirmed_at + timedelta(hours=hours),
            by=BY,
            at=at,
            onset_asked=True,
            exposures_asked=True,
            places_asked=True,
            contacts_asked=True,
        )


def inputs(**clocks: tuple[float, int]) -> Inputs:
    """Inputs of an area of 4,000 residents: clock -> (hours, records)."""
    held = {
        name: (np.full(clocks.get(name, (1.0, 0))[1], clocks.get(name, (1.0, 0))[0]), np.ones(clocks.get(name, (1.0, 0))[1], bool))
        for name in ("visit", "laboratory", "investigation", "tracing")
    }  # fmt: skip
    return Inputs(clocks=held, follow_up=(90, 100), beds=6, recent_cases=8, residents=4000)


def test_a_clock_is_measured_where_ten_records_say_so_and_assumed_else(world: World) -> None:
    investigated(world, 9, 40)
    place = world.places["420106"]
    few = measure(place, DISEASE, MARCH)
    assert not few.is_measured("investigation")
    assert few.duration("investigation") == Clocks().investigation
    investigated(world, 3, 40)
    found = measure(place, DISEASE, MARCH)
    assert found.told()["clocks"]["investigation"] == {
        "mean": 40.5, "sd": 0.0, "n": 12, "n_done": 12, "is_measured": True,
    }  # fmt: skip
    assert (found.residents, found.recent_cases) == (9000, 12)


def test_what_is_not_done_yet_counts_as_at_least_so_long() -> None:
    hours, done = np.array([10.0] * 10 + [50.0] * 10), np.array([True] * 10 + [False] * 10)
    row = Inputs(
        clocks={"investigation": (hours, done)}, follow_up=(0, 0), beds=0, recent_cases=0, residents=1
    )
    assert row.duration("investigation").mean > 30, "left out, the mean would be 10"


def test_each_resample_of_few_records_is_another_clock_and_the_same_for_a_seed() -> None:
    hours = np.arange(12.0) * 5
    row = Inputs(
        clocks={"investigation": (hours, np.ones(12, bool))},
        follow_up=(0, 0),
        beds=0,
        recent_cases=0,
        residents=1,
    )
    drawn = [row.duration("investigation", np.random.default_rng(n)).mean for n in (1, 2, 1)]
    assert drawn[0] == drawn[2] != drawn[1]


def test_a_question_changes_something_within_its_limits(world: World) -> None:
    place = world.places["420106"]
    for choices in ({}, {"contacts_left": 40}, {"investigation": 5000}, {"ended": 10}):
        with pytest.raises(NothingAsked):
            services.ask_scenario(place=place, disease=DISEASE, choices=choices, by=BY, at=MARCH)
    assert scenarios.changes({"tracing": 6, "ward": 20}) == ["tracing", "ward", "together"]


@pytest.mark.slow
def test_a_faster_investigation_averts_infections_in_the_same_outbreaks() -> None:
    slow = inputs(investigation=(90.0, 20), tracing=(40.0, 20))
    found = scenarios.compute(slow, {"investigation": 6, "tracing": 4}, seed=1, seeds=10, days=50)
    again = scenarios.compute(slow, {"investigation": 6, "tracing": 4}, seed=1, seeds=10, days=50)
    assert found == again, "equal inputs and seed give equal results"
    assert found["names"] == ["as_it_is", "investigation", "tracing", "together"]
    saved = {row["scenario"]: row for row in found["averted"]["infections"]}
    assert saved["together"]["low"] > 0
    assert saved["together"]["mean"] > saved["tracing"]["mean"]
    assert all(row["low"] <= row["mean"] <= row["high"] for row in saved.values())


@pytest.mark.slow
def test_measures_that_end_cost_infections_and_a_ward_leaves_nobody_worse() -> None:
    found = scenarios.compute(
        inputs(), {"ended": 10, "contacts_left": 30, "ward": 40}, seed=2, seeds=8, days=50
    )
    saved = {row["scenario"]: row for row in found["averted"]["infections"]}
    assert saved["ended"]["high"] < 0, "it costs, in every interval"
    assert found["figures"]["peak_in_bed"][0]["scenario"] == "as_it_is"


@pytest.mark.slow
def test_the_worker_computes_it_and_the_page_shows_what_is_assumed(world: World, client: Client) -> None:
    investigated(world, 12, 60)
    row = services.ask_scenario(
        place=world.places["420106"], disease=DISEASE, choices={"investigation": 12}, by=BY, at=MARCH
    )
    assert scenarios.run_scenario(row, at=MARCH)
    row.refresh_from_db()
    assert row.status == "done"
    assert len(row.digest) == 64
    client.force_login(world.users["alice"])
    page = client.get(f"/scenarios/{row.pk}", headers={"accept-language": "en"}).content.decode()
    assert "a faster investigation" in page
    assert "measured here" in page
    assert "assumed" in page
    assert page.count("Averted on average</th>") == 2, "of infections and deaths; beds that are opened fill"


def test_what_cannot_be_computed_says_why(world: World, client: Client) -> None:
    row = services.ask_scenario(
        place=world.places["420107"], disease=DISEASE, choices={"investigation": 12}, by=BY, at=MARCH
    )
    assert not scenarios.run_scenario(row, at=MARCH)
    assert Scenario.objects.get().result == {"why_not": "no_residents"}
    client.force_login(world.users["dina"])
    page = client.get(f"/scenarios/{row.pk}", headers={"accept-language": "en"}).content.decode()
    assert "does not say how many people live here" in page
