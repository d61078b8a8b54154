"""Tables of facilities, tallies and stays become what they say; what cannot be is parked with the reason."""

import io
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from tests.apps.intake.importing import Desk, desk_of, grant_everywhere
from tests.world import NOON, a_person

from lianfang.care.models import BedKind, BedTally, CareLevel, Stay
from lianfang.care.selectors import bed_board
from lianfang.cases import services as case_services
from lianfang.core.access.actor import Actor
from lianfang.core.access.models import Grant
from lianfang.core.access.permissions import Role
from lianfang.core.registry.models import Level, Place, Unit
from lianfang.core.registry.place_tables import read_gb2260
from lianfang.core.registry.services.places import load_places
from lianfang.intake.models import Signal
from lianfang.outlook.bed_series import read_series

from .conftest import COVID, Hospital

HEAD = "case_number,facility,ward,bed,lies_from,lies_until\n"


@pytest.fixture
def desk(hospital: Hospital) -> Desk:
    return desk_of(hospital.world)


def csv_of(*lines: str, head: str = HEAD) -> bytes:
    return (head + "\n".join(lines) + "\n").encode()


def rules(desk: Desk) -> list[tuple[int, str]]:
    parked = Signal.objects.filter(status="parked").order_by("row")
    return [(signal.row, problem["rule"]) for signal in parked for problem in signal.problems]


def test_stays_that_overlap_are_parked_with_the_reason_whatever_the_file_says(hospital, desk) -> None:
    ward = hospital.ward("一病区", n=2)
    hospital.ward("二病区", CareLevel.SEVERE, n=1)
    ward.beds.update(from_at=NOON - timedelta(days=30))
    hospital.wards["二病区"].beds.update(from_at=NOON - timedelta(days=30))
    one, two, three = (hospital.case().number for _ in range(3))
    content = csv_of(
        f"{one},420106-hosp,一病区,01,2020-02-01 08:00,2020-02-05 08:00",
        f"{one},420106-hosp,二病区,,2020-02-05 08:00,",  # moves on
        f"{two},东山县人民医院,一病区,01,2020-02-04 08:00,2020-02-06 08:00",  # bed is taken
        f"{one},420106-hosp,一病区,02,2020-02-07 08:00,2020-02-08 08:00",  # lies elsewhere
        f"{two},420106-hosp,一病区,,2020-02-01 08:00,2020-02-03 08:00",  # any bed: the second
        f"{three},420106-hosp,一病区,,2020-02-02 08:00,",  # none is free throughout
        f"{three},420106-hosp,三病区,,2020-02-02 08:00,",
        f"{three},420106-hosp,一病区,02,2020-02-03 08:00,2020-02-02 08:00",
    )
    _, report = desk.take(content, target="bed_stay")
    assert (report.created, report.parked) == (3, 5)
    assert rules(desk) == [
        (4, "stay.bed_taken"),
        (5, "stay.patient_elsewhere"),
        (7, "stay.no_bed_free"),
        (8, "ward.unknown"),
        (9, "stay.ends_before_it_begins"),
    ]
    assert [(s.case.number, s.bed.label) for s in Stay.objects.current().order_by("pk")] == [
        (one, "01"),
        (one, "01"),
        (two, "02"),
    ]
    _, again = desk.take(content + b" \n", target="bed_stay")
    assert again.created == 0


def test_an_import_of_stays_can_be_taken_back(hospital, desk) -> None:
    from lianfang.intake.services import undo_batch

    ward = hospital.ward("一病区", n=1)
    ward.beds.update(from_at=NOON - timedelta(days=30))
    case = hospital.case()
    batch, _ = desk.take(csv_of(f"{case.number},420106-hosp,一病区,01,2020-02-01 08:00,"), target="bed_stay")
    assert hospital.pathway(case).stage == "treated"
    undo_batch(batch=batch, reason="wrong file", by=desk.actor, at=NOON)
    assert not Stay.objects.current().exists()
    assert hospital.pathway(case).stage == "waiting"


def test_wuhan_by_table(hospital, desk) -> None:
    """29 February 2020: the three kinds apart, usable and empty as published."""
    head = "日期,床位类别,开放床位,空床\n"
    content = csv_of(
        "2020-02-12,定点医院,26911,6704",
        "2020-02-12,方舱医院,13467,7255",
        "2020-02-12,隔离点,11172,7482",
        head=head,
    )
    _, report = desk.take(content, target="bed_tally")
    assert (report.created, report.parked) == (3, 0), report.problems
    board = bed_board(hospital.world.actor("alice"), at=NOON)
    assert {c.kind: (c.usable, c.free) for c in board} == {
        BedKind.HOSPITAL: (26911, 6704),
        BedKind.CABIN: (13467, 7255),
        BedKind.POINT: (11172, 7482),
    }
    assert (sum(c.usable for c in board), sum(c.free for c in board)) == (51550, 21441)
    corrected = csv_of("2020-02-12,定点医院,26911,6700", "2020-02-12,方舱医院,100,7255", head=head)
    _, report = desk.take(corrected, target="bed_tally")
    assert (report.changed, report.parked) == (1, 1)
    assert BedTally.objects.current().filter(kind="hospital").get().occupied == 26911 - 6700


def test_the_italian_regions_load(hospital, shared_data: Path) -> None:
    """Every region of the last four weeks: ward and intensive care apart; nobody told how many beds there are."""
    desk = wide(hospital)
    frame = pl.read_csv(shared_data / "beds_italy_2020_2021" / "regions_daily.csv")
    last = frame.filter(pl.col("date") >= "2021-06-03")
    nation = hospital.world.places["CN"]
    for code, name in last.select("region_code", "region").unique().sort("region_code").iter_rows():
        Place.objects.create(
            code=f"IT{code}", name=name, level=Level.PROVINCE, parent=nation, path=f"CN.IT{code}."
        )
    later = NOON.replace(year=2022)
    text = io.BytesIO()
    last.write_csv(text)
    _, report = desk.take(text.getvalue(), target="bed_tally", at=later)
    assert (report.created, report.parked) == (len(last), 0), report.problems[:3]
    assert BedTally.objects.count() == 2 * len(last)
    day = last.filter(pl.col("date") == last["date"].max())
    board = {c.level: c for c in bed_board(desk.actor, at=later)}
    assert board[CareLevel.ORDINARY].occupied == day["hospital_ward"].sum()
    assert board[CareLevel.CRITICAL].occupied == day["icu"].sum()
    series = read_series("CN.", NOON.replace(year=2021, month=7, day=1), days=30, ahead=14)
    assert series.census["CN.", "hospital", CareLevel.CRITICAL][-1] == day["icu"].sum()
    assert not series.capacity


@pytest.mark.slow
def test_the_hospitals_of_2020_load(hospital, shared_data: Path) -> None:
    """6,753 fever clinics and hospitals by the names of their counties; what is not a county of 2019 is parked."""
    by = Actor.system("test")
    load_places(read_gb2260(shared_data / "china_admin"), by=by, at=NOON)
    desk = wide(hospital)
    file = shared_data / "china_hospitals_2020" / "fever_clinics_and_designated.csv"
    _, report = desk.take(file, target="facility")
    assert report.created + report.unchanged + report.parked == 6753
    assert report.parked < 0.02 * 6753, [report.parked, *report.problems[:20]]
    assert set(report.rules) <= {"place.unknown"}
    union = Unit.objects.get(name="中国医学科学院北京协和医院")
    assert union.place.name == "东城区"
    _, again = desk.take(file.read_bytes() + b"\n", target="facility")
    assert again.created == 0


def wide(hospital: Hospital) -> Desk:
    grant_everywhere(hospital.world, "alice")
    Grant.objects.create(
        user=hospital.world.users["alice"], role=Role.REGISTRAR, place=hospital.world.places["CN"], path="CN.",
        from_at=NOON.replace(year=2000),
    )  # fmt: skip
    desk = desk_of(hospital.world)
    desk.source.unit = hospital.world.units["cn-nha"]
    desk.source.save()
    desk.actor = hospital.world.actor("alice")
    return desk


def test_a_stay_of_another_area_is_not_ours_to_enter(hospital, desk) -> None:
    ward = hospital.ward("一病区", n=1)
    ward.beds.update(from_at=NOON - timedelta(days=30))
    case = case_services.open_case(
        person=a_person(hospital.world, "420205"), disease=COVID, place=hospital.world.places["420205"],
        by=Actor.system("test"), at=NOON, diagnosis="confirmed",
    )  # fmt: skip
    desk.actor = hospital.world.actor("dina")
    desk.source.unit = hospital.world.units["420107-cdc"]
    desk.source.save()
    _, report = desk.take(csv_of(f"{case.number},420106-hosp,一病区,01,2020-02-01 08:00,"), target="bed_stay")
    assert (report.created, report.parked) == (0, 1)
    assert rules(desk) == [(2, "stay.not_yours")]
