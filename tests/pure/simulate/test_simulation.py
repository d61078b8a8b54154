"""A run keeps its own rules: order of events, beds, capacities, isolation, measures; and it is reproducible."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from lianfang.simulate import (
    Capacity,
    Clocks,
    Disease,
    Duration,
    Measure,
    Response,
    Scenario,
    build_city,
    compare,
    simulate,
)
from lianfang.simulate.draws import key_of
from lianfang.simulate.engine import FINISHED, run
from lianfang.simulate.memory import LOGS
from lianfang.simulate.simulation import START, fitted_hazard, new_memory

TABLES = ("infections", "reports", "tests", "contacts", "followups", "tasks", "stays", "daily")
PLENTY = Capacity(laboratory_tests=1e5, investigations=1e5, tracings=1e5, beds=1e5)


@pytest.fixture(scope="module")
def city():
    return build_city(8000, counties=3, seed=4)


@pytest.fixture(scope="module")
def outcome(city):
    return simulate(city, Scenario(days=80, imported={0: 8, 3: 4}), seed=2)


def test_same_seed_same_tables(city, outcome):
    again = simulate(city, outcome.scenario, seed=2)
    for name in TABLES:
        assert getattr(outcome, name).equals(getattr(again, name)), name
    other = simulate(city, outcome.scenario, seed=3)
    assert not outcome.infections.equals(other.infections)


def test_result_does_not_depend_on_the_number_of_threads(city):
    scenarios = {"a": Scenario(days=40), "b": Scenario(days=40, response=None)}
    one = compare(scenarios, 3, city=city, workers=1)
    many = compare(scenarios, 3, city=city, workers=4)
    assert one.runs.equals(many.runs)


def test_result_does_not_depend_on_when_logs_grow(city, outcome):
    hazard = fitted_hazard(city, outcome.scenario)
    memory = new_memory(city, outcome.scenario, START, hazard)
    for name in (*LOGS, "events"):
        memory.arrays[name] = np.zeros(200_000, dtype=memory.arrays[name].dtype)
        memory._point(name)
    assert run(memory.world, key_of(2)) == FINISHED
    for name in LOGS:
        assert len(memory.log(name)) > 0
        assert (memory.log(name) == outcome.records[name]).all()


def test_the_tree_is_a_tree_in_time(outcome):
    tree = outcome.infections
    infectors = tree.select(
        infector="person", their_generation="generation", their_start="infectious_on", their_day="infected_at"
    )
    pairs = tree.filter(pl.col("infector").is_not_null()).join(infectors, on="infector", how="left")
    assert len(pairs) > 100
    assert tree["person"].is_unique().all()
    assert (pairs["generation"] == pairs["their_generation"] + 1).all()
    assert (pairs["infected_at"].dt.date() >= pairs["their_start"]).all()
    assert (pairs["infected_at"].dt.date() > pairs["their_day"].dt.date()).all()
    assert tree.filter(pl.col("infector").is_null()).height == 12
    assert tree.filter((pl.col("layer") == "imported") != pl.col("infector").is_null()).is_empty()


def test_layers_are_where_the_pair_can_meet(city, outcome):
    rows = city.residents
    pairs = outcome.infections.filter(pl.col("infector").is_not_null())
    a, b = rows[pairs["person"].to_numpy()], rows[pairs["infector"].to_numpy()]
    layer = pairs["layer"].to_numpy()
    assert (a["house_start"] == b["house_start"])[layer == "household"].all()
    same_group = (a["group"] == b["group"]) & (a["group"] >= 0)
    assert same_group[(layer == "school") | (layer == "work")].all()
    assert set(layer) == {"household", "school", "work", "community"}


def test_dates_of_the_course_are_in_order(outcome):
    tree = outcome.infections
    for earlier, later in (
        ("infected_at", "onset_at"),
        ("onset_at", "severe_at"),
        ("severe_at", "critical_at"),
        ("critical_at", "outcome_at"),
        ("onset_at", "outcome_at"),
    ):
        both = tree.drop_nulls([earlier, later])
        assert (both[earlier] < both[later]).all(), (earlier, later)
    assert (
        tree.filter(pl.col("severity") == "asymptomatic")["onset_at"].null_count()
        == (tree["severity"] == "asymptomatic").sum()
    )
    assert tree.filter((pl.col("outcome") == "died") & (pl.col("severity") != "critical")).is_empty()


def test_reports_tests_and_contacts_are_in_order(outcome):
    reports = outcome.reports
    assert (
        reports["visited_at"] < reports["reported_at"].fill_null(reports["visited_at"] + timedelta(1))
    ).all()
    confirmed = reports.filter(pl.col("confirmed_at").is_not_null())
    assert (confirmed["confirmed_at"] >= confirmed["visited_at"]).all()
    assert reports.filter(
        pl.col("confirmed_at").is_not_null() & pl.col("excluded_at").is_not_null()
    ).is_empty()
    tests = outcome.tests.drop_nulls("resulted_at")
    assert (tests["sampled_at"] < tests["received_at"]).all()
    assert (tests["received_at"] < tests["resulted_at"]).all()
    contacts = outcome.contacts
    assert (contacts["last_contact_on"] <= contacts["named_at"].dt.date()).all()
    reached = contacts.drop_nulls("reached_at")
    assert (reached["reached_at"] > reached["named_at"]).all()
    observed = reached.drop_nulls("observed_until")
    assert (observed["observed_until"] == observed["last_contact_on"] + timedelta(days=14)).all()
    assert (contacts["case"] != contacts["contact"]).all()
    assert contacts.select("case", "contact", "report").is_duplicated().sum() == 0


def test_a_suspected_case_is_excluded_by_two_negatives_a_day_apart(outcome):
    excluded = outcome.reports.filter(pl.col("classification") == "excluded")
    assert len(excluded) > 0
    negative = outcome.tests.filter(pl.col("reason") != "contact").join(
        excluded.select("report"), on="report"
    )
    gaps = negative.group_by("report").agg(
        pl.len(),
        (pl.col("result") == "negative").all(),
        gap=pl.col("sampled_at").max() - pl.col("sampled_at").min(),
    )
    assert (gaps["len"] == 2).all()
    assert gaps["result"].all()
    assert (gaps["gap"] >= timedelta(hours=24)).all()


def test_tests_err_as_often_as_they_should(city):
    response = Response(capacity=PLENTY, other_illness=400, sensitivity=0.7, specificity=0.95)
    outcome = simulate(city, Scenario(days=90, imported=60, response=response), seed=1)
    course = outcome.infections.select("person", "infectious_on", "infected_at", "outcome_at")
    tests = outcome.tests.drop_nulls("result").join(course, on="person", how="left")
    never = tests.filter(pl.col("infected_at").is_null())
    since, over = (
        pl.col("sampled_at").dt.date() >= pl.col("infectious_on"),
        pl.col("sampled_at") >= pl.col("outcome_at"),
    )
    ill = tests.filter(since & ~over.fill_null(value=False))
    assert len(never) > 500
    assert len(ill) > 200
    assert (never["result"] == "positive").mean() == pytest.approx(0.05, abs=0.025)
    assert (ill["result"] == "positive").mean() == pytest.approx(0.7, abs=0.06)


def test_beds_are_never_more_than_there_are_and_never_idle_while_someone_waits(city):
    response = Response(capacity=replace(PLENTY, beds=400))
    outcome = simulate(city, Scenario(days=100, imported=30, response=response), seed=5)
    residents = np.bincount(city.residents["county"])
    for county, people in enumerate(residents):
        stays = outcome.records["stays"]
        stays = stays[stays["county"] == county]
        beds = max(round(people * 400 / 1e5), 1)
        ends = np.where(stays["left_at"] < 0, outcome.end, stays["left_at"])
        for minute in range(0, outcome.end, 700):
            inside = (stays["admitted_at"] >= 0) & (stays["admitted_at"] <= minute) & (minute < ends)
            waits = (stays["queued_at"] <= minute) & (
                minute < np.where(stays["admitted_at"] < 0, ends, stays["admitted_at"])
            )
            assert inside.sum() <= beds
            assert not (waits.any() and inside.sum() < beds)
    waited = outcome.stays.filter(pl.col("admitted_at") > pl.col("queued_at"))
    assert len(waited) > 5


def test_work_of_a_county_stays_within_its_capacity(city):
    capacity = Capacity(laboratory_tests=400, investigations=80, tracings=700, beds=300)
    outcome = simulate(city, Scenario(days=100, imported=30, response=Response(capacity=capacity)), seed=5)
    people = dict(city.persons.group_by("county").len().rows())
    for kind, rate in (("investigate", 80), ("trace", 700)):
        done = outcome.tasks.filter((pl.col("kind") == kind) & pl.col("done_at").is_not_null())
        per_day = (
            done.with_columns(day=pl.col("done_at").dt.date(), county=pl.col("unit").str.slice(0, 6))
            .group_by("county", "day")
            .len()
        )
        limits = per_day["county"].replace_strict(
            {code: max(round(n * rate / 1e5), 1) for code, n in people.items()}
        )
        assert len(per_day) > 20
        assert (per_day["len"] <= limits).all()
        hours = done["done_at"].dt.hour()
        assert hours.min() >= 8
        assert hours.max() < 20


def test_nobody_transmits_from_a_bed_or_from_central_quarantine(city):
    response = Response(capacity=PLENTY, central_quarantine=True, adherence=1.0)
    outcome = simulate(city, Scenario(days=90, imported=40, response=response), seed=7)
    stays = outcome.stays.select(infector="person", admitted_at="admitted_at", left_at="left_at").drop_nulls(
        "admitted_at"
    )
    pairs = outcome.infections.drop_nulls("infector").join(stays, on="infector")
    end = pl.col("left_at").fill_null(pairs["infected_at"].max() + timedelta(days=1))
    assert len(pairs) > 20
    assert pairs.filter(
        (pl.col("infected_at") >= pl.col("admitted_at")) & (pl.col("infected_at") < end)
    ).is_empty()
    held = outcome.contacts.filter(pl.col("is_adherent") & pl.col("observed_until").is_not_null()).select(
        infector="contact", reached_at="reached_at", observed_until="observed_until"
    )
    pairs = outcome.infections.drop_nulls("infector").join(held, on="infector")
    inside = (pl.col("infected_at") >= pl.col("reached_at")) & (
        pl.col("infected_at").dt.date() < pl.col("observed_until")
    )
    excluded = outcome.reports.filter(pl.col("excluded_at").is_not_null())["person"]
    assert pairs.filter(inside & ~pl.col("infector").is_in(excluded.implode())).is_empty()


def test_with_full_recall_the_interview_finds_everyone_infected_in_the_window(city):
    clocks = Clocks(investigation=Duration(6.0, 1.0))
    response = Response(capacity=PLENTY, recall=(1.0, 1.0, 1.0, 1.0), adherence=0.0, clocks=clocks)
    outcome = simulate(city, Scenario(days=60, imported=20, response=response), seed=3)
    cases = outcome.reports.drop_nulls(["investigated_at", "onset_on"]).select(
        infector="person", investigated_at="investigated_at", report="report"
    )
    onset = outcome.infections.select(infector="person", their_onset="onset_at")
    pairs = outcome.infections.drop_nulls("infector").join(cases, on="infector").join(onset, on="infector")
    inside = pairs.filter(
        (pl.col("infected_at") >= pl.col("their_onset") - timedelta(days=2))
        & (pl.col("infected_at") < pl.col("investigated_at"))
        & (pl.col("their_onset") < pl.col("investigated_at"))
    )
    named = outcome.contacts.select(infector="case", person="contact", report="report").with_columns(
        is_named=True
    )
    found = inside.join(named, on=["infector", "person", "report"], how="left")
    assert len(found) > 100
    assert found["is_named"].null_count() == 0


def test_a_closed_layer_infects_nobody_from_that_day_and_only_there(city):
    measures = (
        Measure(layer="school", factor=0, from_day=0),
        Measure(layer="community", factor=0, from_day=20, place=city.county_codes[0]),
    )
    outcome = simulate(city, Scenario(days=60, imported=60, response=None, measures=measures), seed=3)
    tree = outcome.infections.join(outcome.persons.select("person", "county"), on="person")
    later = tree.filter((pl.col("day") >= 20) & (pl.col("layer") == "community"))
    assert tree.filter(pl.col("layer") == "school").is_empty()
    assert later.filter(pl.col("county") == city.county_codes[0]).is_empty()
    assert len(later) > 100
    assert (
        tree.filter(
            (pl.col("day") < 20)
            & (pl.col("layer") == "community")
            & (pl.col("county") == city.county_codes[0])
        ).height
        > 0
    )


def test_no_school_on_weekends(city):
    outcome = simulate(city, Scenario(days=70, imported=80, response=None), seed=3, start=date(2020, 1, 6))
    weekday = outcome.infections.filter(pl.col("layer") == "school")["infected_at"].dt.weekday()
    assert len(weekday) > 50
    assert weekday.max() <= 5


def test_follow_ups_are_twice_a_day_until_release_or_report(outcome):
    followups = outcome.followups
    assert set(followups["due_at"].dt.hour().unique()) == {8, 20}
    assert followups.select("contact", "due_at").is_duplicated().sum() == 0
    assert followups["is_made"].mean() == pytest.approx(0.93, abs=0.02)
    assert (
        followups.filter(~pl.col("is_made"))["temperature"].null_count()
        == followups.filter(~pl.col("is_made")).height
    )
    found = outcome.reports.filter(pl.col("source") == "observation").select(
        contact="person", visited_at="visited_at"
    )
    after = followups.join(found, on="contact").filter(pl.col("due_at") > pl.col("visited_at"))
    assert len(found) > 5
    assert after.is_empty()
    febrile = followups.filter(pl.col("has_signs"))
    assert febrile["temperature"].min() >= 37.3


def test_observed_contacts_are_seen_at_the_first_reading_made_after_onset(outcome):
    seen = outcome.reports.filter(pl.col("source") == "observation").join(
        outcome.infections.select("person", "onset_at"), on="person"
    )
    at_reading = seen.filter(
        pl.col("visited_at").dt.minute().eq(0) & pl.col("visited_at").dt.hour().is_in([8, 20])
    )
    assert len(at_reading) > 5
    assert (at_reading["visited_at"] > at_reading["onset_at"]).all()


def test_laboratory_messages_twice_on_request(outcome):
    once = outcome.laboratory_messages()
    twice = outcome.laboratory_messages(duplicate_share=0.3)
    assert once["message"].is_unique().all()
    assert len(twice) == pytest.approx(1.3 * len(once), rel=0.15)
    assert twice["arrived_at"].is_sorted()
    assert twice.group_by("message").agg(pl.col("result").n_unique())["result"].max() == 1
    assert outcome.laboratory_messages(duplicate_share=1.0).height == 2 * len(once)


def test_daily_counts_add_up(outcome):
    daily = outcome.daily
    assert daily["infections"].sum() == outcome.n_infections
    assert daily["deaths"].sum() == outcome.n_deaths == (outcome.infections["outcome"] == "died").sum()
    assert daily["confirmed"].sum() == outcome.n_confirmed
    last = outcome.stays.filter(pl.col("admitted_at").is_not_null() & pl.col("left_at").is_null()).height
    assert daily["in_bed"][-1] == last
    assert daily["in_bed"].min() >= 0
    assert daily["waiting_for_bed"].min() >= 0
    assert daily["date"][0] == outcome.start


def test_tasks_without_hands_stay_open(city):
    none = Capacity(laboratory_tests=1e5, investigations=0, tracings=0, beds=1e5)
    outcome = simulate(city, Scenario(days=50, imported=30, response=Response(capacity=none)), seed=2)
    investigations = outcome.tasks.filter(pl.col("kind") == "investigate")
    assert len(investigations) > 10
    assert investigations["done_at"].null_count() == len(investigations)
    assert outcome.contacts.is_empty()
    assert outcome.followups.is_empty()


def test_an_outbreak_of_nobody(city):
    outcome = simulate(city, Scenario(days=20, imported=0, response=Response(other_illness=0)), seed=2)
    for name in TABLES[:-1]:
        assert getattr(outcome, name).is_empty(), name
    assert outcome.daily["infections"].sum() == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Scenario(days=0), "days must be from 1 to 1000"),
        (lambda: Scenario(days=10, imported={12: 1}), "imported day must be from 0 to 9"),
        (lambda: Measure(layer="market", factor=0.5), "layer must be one of household"),
        (lambda: Measure(layer="work", factor=1.5), "factor must be from 0 to 1"),
        (lambda: Response(adherence=2), "adherence must be from 0 to 1"),
        (lambda: Response(recall=(1, 1)), "recall must be four numbers"),
        (lambda: Duration(0), "mean must be greater than 0"),
        (lambda: Disease(dispersion=0), "dispersion must be greater than 0"),
        (lambda: Disease(susceptibility=(1.0,)), "susceptibility must be 9 numbers"),
        (lambda: Response().faster(0), "factor must be greater than 0"),
    ],
)
def test_wrong_parameters_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_wrong_runs_are_named(city, outcome):
    with pytest.raises(ValueError, match="place of a measure must be the beginning of a place code"):
        simulate(city, Scenario(measures=(Measure(layer="work", factor=0, place="11"),)))
    with pytest.raises(ValueError, match="imported must be at most the 8000 residents"):
        simulate(city, Scenario(imported=9000))
    with pytest.raises(ValueError, match="duplicate_share must be from 0 to 1"):
        outcome.laboratory_messages(duplicate_share=2)
