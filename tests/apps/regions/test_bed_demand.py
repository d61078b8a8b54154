"""The demand for beds of every area in the night's run: real wards of Italy as tallies, a ward of stays, scores, doors."""

import csv
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pytest
from django.test import Client
from tests.apps.care.conftest import Hospital
from tests.apps.regions.test_history import DISEASE
from tests.world import NOON

from lianfang.care.models import BedTally, CareLevel
from lianfang.core.registry.models import Level, Place
from lianfang.outlook.models import Run
from lianfang.regions.bed_demand import bed_rows, beds_are_due, compute_beds, latest_bed_run
from lianfang.regions.derive import Nights
from lianfang.regions.night import compute

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
DONGSHAN = "CN.42.4201.420106."


def test_every_area_down_to_the_county_has_its_beds_each_night_and_a_score(world, settings):
    settings.REGIONS_HOUR = 2
    hospital = Hospital(world)
    hospital.fill(24, n_beds=30)
    nights = Nights()
    for ago in (14, 7, 0):
        at = NOON - ago * DAY
        assert beds_are_due(at=at, hour=2)
        assert nights.derive(list(nights.stale(at)), at) > 0
        assert not beds_are_due(at=at, hour=2)
    run = latest_bed_run()
    areas = ("CN.", "CN.42.", "CN.42.4201.", DONGSHAN, "CN.42.4202.")
    said = bed_rows(run, areas)
    assert {row["area"] for row in said} == set(areas[:4])
    assert {row["now"] for row in said} == {23}, "to 24:00 of the day before: whoever came today is not in it"
    row = said[0]
    assert row["in7_0.025"] < row["in7_0.5"] < row["in7_0.975"]
    assert (row["beds"], row["full_in"]) == (30, 10), "one a day, damped"
    assert (run.seed, run.inputs["n_stays"], run.inputs["last"]) == (1, 23, "2020-02-11")
    assert [(one["days"], one["n"]) for one in run.result["scores"]] == [(7, 4), (14, 4)]
    assert all(one["ratio"] < 0.5 for one in run.result["scores"]), "stays-as-it-is is wrong by one a day"
    board = Client(headers={"accept-language": "en"})
    board.force_login(world.users["chen"])
    compute(DISEASE, at=NOON)
    page = board.get("/areas?area=420106").content.decode()
    assert "Beds occupied" in page
    assert "in 10 days" in page
    assert "Error against" in page
    told = board.get("/api/areas/420106/outlook").json()
    assert told["beds"][0]["now"] == 23
    assert told["bed_run"]["scores"][0]["days"] == 7


def test_who_sees_no_beds_of_an_area_gets_none(world):
    Hospital(world).fill(8, n_beds=30)
    compute_beds(at=NOON)
    compute(DISEASE, at=NOON)
    board = Client(headers={"accept-language": "en"})
    board.force_login(world.users["hana"])
    answer = board.get("/areas?area=420106")
    assert answer.status_code == 200
    assert answer.context["bed_run"] is None
    assert "Beds occupied" not in answer.content.decode()


def test_two_days_on_file_say_nothing_and_are_not_asked_again(world):
    hospital = Hospital(world)
    hospital.fill(2, n_beds=30)
    assert compute_beds(at=NOON).status == "too_few"
    assert bed_rows(latest_bed_run(), [DONGSHAN]) == []
    assert not beds_are_due(at=NOON, hour=0)


def test_it_is_scored_on_the_italian_regions(shared_data):
    """Ward and intensive care of 18 regions, real counts of 2020 to 2021: nights of the second year, each scored two weeks on."""
    text = (shared_data / "beds_italy_2020_2021" / "regions_daily.csv").read_text()
    nation = Place.objects.create(code="IT", name="Italia", level=Level.NATION, path="IT.")
    rows = list(csv.DictReader(text.splitlines()))
    places = {
        name: Place.objects.create(
            code=f"R{n:02d}", name=name, level=Level.PROVINCE, parent=nation, path=f"IT.R{n:02d}."
        )
        for n, name in enumerate(sorted({row["region"] for row in rows}))
    }
    levels = {"hospital_ward": CareLevel.ORDINARY, "icu": CareLevel.CRITICAL}
    moments = {row["date"]: datetime.combine(date.fromisoformat(row["date"]), time(12), UTC) for row in rows}
    BedTally.objects.bulk_create(
        (
            BedTally(
                place=places[row["region"]], path=places[row["region"]].path, kind="hospital", level=level,
                usable=30000, occupied=int(row[name]), occurred_at=moments[row["date"]],
                recorded_at=moments[row["date"]],
            )
            for row in rows
            for name, level in levels.items()
        ),
        batch_size=2000,
    )  # fmt: skip
    ratios = {7: [], 14: []}
    inside = []
    for n in range(16):
        run = compute_beds(at=datetime(2020, 11, 20, 3, tzinfo=UTC) + 7 * n * DAY)
        for score in run.result["scores"]:
            ratios[score["days"]].append((score["wis"], score["baseline_wis"]))
            inside.append(score["inside_95"])
    for days, pairs in ratios.items():
        own, flat = np.array(pairs).sum(axis=0)
        assert len(pairs) == 16 - days // 7
        assert own < 0.6 * flat, (days, own / flat)
    assert np.mean(inside) > 0.85
    assert Run.objects.filter(study__method="area_beds").count() == 16
