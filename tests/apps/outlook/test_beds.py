"""The outlook of beds: computed when facts change, kept with its inputs, better than two simple guesses on real wards."""

import csv
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from tests.apps.care.conftest import Hospital
from tests.apps.outlook.story import settle
from tests.world import NOON, build_world

from lianfang.care import services as care
from lianfang.care.models import BedTally, CareLevel, Departure
from lianfang.cases.models import Case
from lianfang.core.registry.models import Level, Place
from lianfang.outlook.bed_series import BedSeries, read_series
from lianfang.outlook.beds import AHEAD, DAYS, outlook_rows
from lianfang.outlook.models import Run, Study
from lianfang.outlook.selectors import bed_outlook, beds_of_areas

pytestmark = pytest.mark.django_db

DONGSHAN = "CN.42.4201.420106."
DAY = timedelta(days=1)


@pytest.fixture
def hospital() -> Hospital:
    return Hospital(build_world())


def test_the_census_and_the_beds_there_will_be_are_counted_from_stays(hospital: Hospital) -> None:
    hospital.fill(12, n_beds=20)
    ward = hospital.wards["ordinary"]
    care.change_beds(ward=ward, n=25, from_at=NOON + 3 * DAY, by=hospital.fang, at=NOON)
    settle()
    run, rows = bed_outlook(hospital.fang, DONGSHAN)
    assert run is not None
    assert (run.inputs["n_stays"], run.inputs["days"]) == (12, 12)
    row = rows[0]
    assert (row.kind, row.level, row.now, row.way) == ("hospital", CareLevel.ORDINARY, 12, "slope")
    assert row.past[-12:] == tuple(range(1, 13))
    assert row.capacity[:5] == (20, 20, 20, 25, 25)
    assert row.low[7] < row.middle[7] < row.high[7]
    assert 17 < row.middle[7] < 19, "one more a day, damped"
    assert (row.full_in, row.full_early) == (None, 2), (
        "if things go badly the twenty are full before the others open"
    )
    assert row.target_percent > 0


def test_it_is_made_again_when_facts_change_and_read_without_computing(
    hospital: Hospital, django_assert_num_queries
) -> None:
    hospital.fill(5, n_beds=20)
    settle()
    study = Study.objects.get(method="beds", path="CN.42.4201.")
    assert study.due_at == NOON + DAY, "the clock asks for the next one tomorrow"
    before = study.latest_id
    chen = hospital.chen
    with django_assert_num_queries(1):
        bed_outlook(chen, "CN.42.4201.")
    hospital.at = NOON + timedelta(hours=3)
    hospital.lay(hospital.case(), hospital.bed("ordinary", 9))
    settle(hospital.at)
    study.refresh_from_db()
    assert study.latest_id != before
    assert bed_outlook(hospital.chen, DONGSHAN)[1][0].now == 6
    n_runs = Run.objects.filter(study=study).count()
    settle(hospital.at + timedelta(minutes=1))
    assert Run.objects.filter(study=study).count() == n_runs, "nothing changed, nothing is computed"


def test_who_sees_no_beds_of_an_area_reads_no_outlook_of_it(hospital: Hospital) -> None:
    hospital.fill(4, n_beds=20)
    settle()
    assert bed_outlook(hospital.world.actor("stranger"), DONGSHAN) == (None, [])
    assert bed_outlook(hospital.world.actor("bao"), DONGSHAN) == (None, [])
    assert {row.path for row in beds_of_areas(hospital.chen, "CN.42.4201.")} == {"CN.42.4201.", DONGSHAN}
    assert {row.path for row in beds_of_areas(hospital.fang, "CN.42.4201.")} == {DONGSHAN}


def test_a_facility_that_begins_to_tell_is_not_growth(hospital: Hospital) -> None:
    place = hospital.world.places["420106"]
    for n in range(10):
        BedTally.objects.create(
            place=place, path=place.path, kind="hospital", level=1, usable=100, occupied=50,
            occurred_at=NOON - (9 - n) * DAY, recorded_at=NOON,
        )  # fmt: skip
    other = hospital.world.places["420107"]
    BedTally.objects.create(
        place=other, path=other.path, kind="hospital", level=1, usable=40, occupied=30,
        occurred_at=NOON, recorded_at=NOON,
    )  # fmt: skip
    series = read_series("CN.42.4201.", NOON, days=DAYS, ahead=AHEAD)
    assert set(series.census["CN.42.4201.", "hospital", 1]) == {80.0}
    rows = {row["path"]: row for row in outlook_rows(series, NOON)}
    assert rows["CN.42.4201."]["quantiles"][14][2] == 80.0


def test_what_was_known_on_an_evening_can_be_read_again_later(hospital: Hospital) -> None:
    """Patients lie down, move, leave, come late on file, are taken back: each evening's series, read again at the end."""
    hospital.fill(6, n_beds=30)
    hospital.ward("critical", CareLevel.CRITICAL, n=10)
    place = hospital.world.places["420106"]
    cases = list(Case.objects.order_by("pk"))
    read: dict[datetime, BedSeries] = {}
    left: list[Departure] = []
    for n in range(8):
        hospital.at = NOON + n * DAY
        fang, at = hospital.fang, hospital.at
        if n < 3:
            hospital.lay(
                cases[n], hospital.bed("critical", n)
            )  # a transfer ends one stay and begins the next
        if n in {3, 4, 5}:  # told a day and a half later
            died = care.record_departure(case=cases[n], how="died", left_at=at - 1.5 * DAY, by=fang, at=at)
            left.append(died)
        if n == 6:
            care.withdraw_departure(departure=left[-1], reason="another patient", by=fang, at=at)
        BedTally.objects.current().filter(kind="isolation").update(superseded_at=at)
        BedTally.objects.create(
            place=place, path=place.path, kind="isolation", level=1, usable=50, occupied=10 + n, occurred_at=at - DAY / 4, recorded_at=at,
        )  # fmt: skip
        read[at] = read_series(DONGSHAN, at, days=14, ahead=AHEAD)
    late = 0
    for at, then in read.items():
        again = read_series(DONGSHAN, at, days=14, ahead=AHEAD, known_by=at)
        assert (again.n_stays, again.n_tallies) == (then.n_stays, then.n_tallies), at
        assert set(again.census) == set(then.census)
        for key, census in then.census.items():
            np.testing.assert_array_equal(again.census[key], census, err_msg=f"{key} {at}")
        now = read_series(DONGSHAN, at, days=14, ahead=AHEAD).census
        late += any((now[key] != then.census[key]).any() for key in then.census if key in now)
    assert late >= 3, "what holds now is something else on these evenings"


def italian_tallies(shared: Path) -> tuple[dict[str, dict[str, list[int]]], list[datetime]]:
    """Return beds occupied by region and level, day by day."""
    text = (shared / "beds_italy_2020_2021" / "regions_daily.csv").read_text()
    rows = list(csv.DictReader(text.splitlines()))
    days = sorted({row["date"] for row in rows})
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: {"hospital_ward": [], "icu": []})
    for row in sorted(rows, key=lambda row: row["date"]):
        for name in ("hospital_ward", "icu"):
            found[row["region"]][name].append(int(row[name]))
    return found, [datetime.fromisoformat(day).replace(hour=16, tzinfo=UTC) for day in days]


@pytest.mark.slow
@pytest.mark.parametrize("every", [14])
def test_on_the_italian_regions_it_beats_stays_as_it_is_and_last_weeks_slope(
    shared_data: Path, every: int
) -> None:
    """The site as it would have been: tallies up to the day, then the outlook; days of the second half, every fortnight."""
    nation = Place.objects.create(code="IT", name="Italia", level=Level.NATION, path="IT.")
    found, days = italian_tallies(shared_data)
    levels = {"hospital_ward": CareLevel.ORDINARY, "icu": CareLevel.CRITICAL}
    for n, (region, by_level) in enumerate(sorted(found.items())):
        place = Place.objects.create(
            code=f"R{n:02d}", name=region, level=Level.PROVINCE, parent=nation, path=f"IT.R{n:02d}."
        )
        BedTally.objects.bulk_create(
            BedTally(
                place=place, path=place.path, kind="hospital", level=levels[name], usable=30000,
                occupied=occupied, occurred_at=moment, recorded_at=moment,
            )
            for name, counts in by_level.items()
            for moment, occupied in zip(days, counts, strict=True)
        )  # fmt: skip
    errors: dict[tuple[str, int], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for day in range(len(days) // 2, len(days) - AHEAD, every):
        rows = outlook_rows(read_series("IT.", days[day], days=DAYS, ahead=AHEAD), days[day])
        told = {(row["path"], row["level"]): row for row in rows}
        for n, (_, by_level) in enumerate(sorted(found.items())):
            for name, counts in by_level.items():
                row = told[f"IT.R{n:02d}.", levels[name]]
                assert row["way"] == "learnt"
                for h in (7, 14):
                    truth, now, slope = counts[day + h], counts[day], counts[day] - counts[day - 7]
                    error = errors[name, h]
                    error["outlook"].append(abs(row["quantiles"][h][2] - truth))
                    error["stays"].append(abs(now - truth))
                    error["slope"].append(abs(max(now + h / 7 * slope, 0) - truth))
                    error["covered"].append(row["quantiles"][h][0] <= truth <= row["quantiles"][h][4])
    means = {key: {name: float(np.mean(v)) for name, v in told.items()} for key, told in errors.items()}
    for key, mean in means.items():
        assert mean["outlook"] < 0.95 * min(mean["stays"], mean["slope"]), (key, means)
        assert 0.9 <= mean["covered"] <= 1.0, (key, means)


@pytest.mark.parametrize(("language", "words"), [("en", "The coming two weeks"), ("zh-hans", "未来两周")])
def test_the_board_shows_it(hospital: Hospital, language: str, words: str) -> None:
    hospital.fill(5, n_beds=20)
    settle()
    client = Client(headers={"accept-language": language})
    client.force_login(hospital.world.users["fang"])
    page = client.get("/beds").content.decode()
    assert words in page
    assert f"{bed_outlook(hospital.fang, DONGSHAN)[1][0].middle[7]:.0f}</strong>" in page
