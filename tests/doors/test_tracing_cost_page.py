"""The sentence about slow tracing, for every state of the records: measured, nobody reached, nobody known, too few."""

from typing import Any

import pytest
from django.test import Client
from tests.world import NOON, World, build_world

from lianfang.outlook.models import Run, Study

pytestmark = pytest.mark.django_db
DONE = {
    "reached": [0.8, 0.7, 0.9], "r_now": [1.1, 1.0, 1.2], "r_target": [1.02, 0.9, 1.1], "difference": [0.08, 0.03, 0.14],
    "median_hours": 31.0, "days_median": 3,
}  # fmt: skip
INPUTS = {
    "n_known": 6, "n_cases": 20, "since": "2020-01-15", "n_diagnosis_delays": 20, "n_contacts": 40, "n_index_cases": 15,
    "n_reached": 30, "fewest": 10,
}  # fmt: skip


@pytest.fixture
def world() -> World:
    return build_world()


def a_run(world: World, code: str = "420106", status: str = "done", **more: Any) -> None:
    place = world.places[code]
    study = Study.objects.create(method="clocks", disease="covid_19_cn_2020", place=place, path=place.path)
    inputs = INPUTS | more.pop("inputs", {})
    result = DONE | more if status == "done" else {}
    run = Run.objects.create(
        study=study,
        path=place.path,
        at=NOON,
        version="t",
        status=status,
        inputs=inputs,
        result=result,
        digest="d",
    )
    Study.objects.filter(pk=study.pk).update(latest=run)


def said(world: World, name: str, url: str) -> str:
    client = Client(headers={"accept-language": "en"})
    client.force_login(world.users[name])
    answer = client.get(url)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_what_it_would_be_with_its_range(world: World) -> None:
    a_run(world)
    page = said(world, "alice", "/")
    assert "Tracing takes <strong>31 h</strong> here (median)." in page
    assert "R would be lower by <strong>0.08</strong> (95 % range 0.03–0.14)." in page


def test_of_those_never_reached_it_says_nothing(world: World) -> None:
    a_run(world, median_hours=None, reached=[0.2, 0.1, 0.3], difference=[0.0, 0.0, 0.01])
    page = said(world, "alice", "/")
    assert (
        "Tracing has reached only 20 % of the contacts here; this figure leaves the others unreached." in page
    )
    assert "Tracing takes" not in page


def test_where_no_case_was_known_speed_changes_nothing(world: World) -> None:
    a_run(world, inputs={"n_known": 0}, difference=[0.0, 0.0, 0.02])
    assert "where tracing finds nobody who is infected, its speed changes nothing" in said(
        world, "alice", "/"
    )


@pytest.mark.parametrize(("status", "words"), [("too_few", "Too few cases"), ("no_model", "not worked out")])
def test_it_is_silent_where_the_records_are(world: World, status: str, words: str) -> None:
    a_run(world, status=status)
    page = said(world, "alice", "/")
    assert words in page
    assert "R would be lower" not in page


def test_each_area_below_has_its_own(world: World) -> None:
    a_run(world, "4201")
    a_run(world, "420106", difference=[0.11, 0.05, 0.2])
    a_run(world, "420107", status="too_few")
    page = said(world, "chen", "/figures/tracing-cost?area=4201")
    assert "0.11 (0.05–0.20)" in page
    assert "too few data" in page
    assert "0.11 (0.05" not in said(world, "dina", "/figures/tracing-cost?area=420107")
