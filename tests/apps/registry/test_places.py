"""Places: loaded, recoded, moved, found by what people write."""

from datetime import date, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from tests.world import NOON, World, a_person, build_world

from lianfang.common.errors import NotPermitted
from lianfang.core.access.actor import Actor
from lianfang.core.audit.models import Event
from lianfang.core.registry.errors import BadPlaceTable, NotACounty, PlaceCannotMove
from lianfang.core.registry.jurisdiction import refresh_jurisdictions
from lianfang.core.registry.models import Capability, Jurisdiction, Level, Place, Unit
from lianfang.core.registry.place_names import find_place, short_name
from lianfang.core.registry.place_tables import PlaceRow, read_gb2260, read_gb2260_codes, read_place_table
from lianfang.core.registry.services import (
    load_places,
    mark_urban,
    move_place,
    propose_successions,
    succeed_place,
)
from lianfang.core.registry.services.places import path_columns

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("registry")


@pytest.fixture
def world() -> World:
    return build_world()


def test_the_edition_of_2019_becomes_that_of_2023(shared_data):
    folder = shared_data / "china_admin"
    load_places(read_gb2260_codes(folder / "area_codes_2019.csv"), by=SYSTEM, at=NOON)
    assert Place.objects.get(code="110101").path == "CN.11.1101.110101."
    load = load_places(read_gb2260(folder), by=SYSTEM, at=NOON, abolished_on=date(2023, 1, 1))
    assert (len(load.abolished), load.moved) == (49, [])
    assert Place.objects.filter(abolished_on__isnull=True).count() == 1 + 34 + 342 + 2978
    proposals = {p.old.code: p for p in propose_successions()}
    assert len(proposals) == 37  # the other twelve were joined to a neighbour or have a new name
    expected = {
        "320602": "320613",
        "220381": "220184",
        "350427": "350405",
        "421023": "421088",
        "652923": "652902",
    }
    assert {old: proposals[old].new.code for old in expected} == expected
    for undecidable in (
        "130526",
        "370634",
        "320611",
        "340208",
        "330103",
        "360105",
    ):  # 任县, 长岛县, 港闸区 ...
        assert undecidable not in proposals
    proposal = proposals["320602"]
    succeed_place(
        old=proposal.old, new=proposal.new, on=date(2020, 7, 1), by=SYSTEM, at=NOON, reason=proposal.why
    )
    assert find_place("320602").code == "320613"
    assert len(propose_successions()) == 36


def test_a_table_of_any_hierarchy_loads(tmp_path, world):
    table = tmp_path / "places.csv"
    table.write_text(
        "code,name,level,parent,name_en,population\nNG-KD,Kaduna,2,NG,Kaduna,8252366\nNG,Nigeria,nation,,,\n",
        encoding="utf-8",
    )
    load_places(read_place_table(table), by=SYSTEM, at=NOON)
    assert Place.objects.get(code="NG-KD").path == "NG.NG-KD."
    assert Place.objects.get(code="NG-KD").population == 8252366


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("code,name,level\n", "parent"),
        ("code,name,level,parent\nA,A,galaxy,\n", "line 2"),
        ("code,name,level,parent\nA,A,0,B\nB,B,0,A\n", "below itself"),
        ("code,name,level,parent\nA,A,0,\nA,A,0,\n", "twice"),
        ("code,name,level,parent\nA.B,A,0,\n", "dot"),
    ],
)
def test_a_bad_table_is_refused_with_its_line(tmp_path, text, said):
    table = tmp_path / "places.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(BadPlaceTable, match=said):
        load_places(read_place_table(table), by=SYSTEM, at=NOON)
    assert not Place.objects.exists()


def test_moving_a_place_takes_every_path_with_it(world):
    someone = a_person(world)
    town = world.places["420106001"]
    moved = move_place(place=town, parent=world.places["420107"], by=SYSTEM, at=NOON, reason="区划调整")
    someone.refresh_from_db()
    assert moved.path == "CN.42.4201.420107.420106001."
    assert someone.path == "CN.42.4201.420107.420106001.420106001001."
    for model, column in path_columns():
        assert not model._base_manager.filter(
            **{f"{column}__within": town.path.replace("420107", "420106")}
        ).exists()
    assert Unit.objects.get(code="420106-gate").path == someone.path
    assert Jurisdiction.objects.get(place=town, capability=Capability.REVIEW).unit.code == "420107-cdc"
    event = Event.objects.get(tag="registry.place_moved")
    assert event.before["path"].startswith("CN.42.4201.420106.")


def test_a_place_is_not_put_inside_itself_nor_under_a_taken_code(world):
    with pytest.raises(PlaceCannotMove):
        move_place(place=world.places["420106"], parent=world.places["420106001"], by=SYSTEM, at=NOON)
    with pytest.raises(PlaceCannotMove):
        move_place(place=world.places["420106"], code="420107", by=SYSTEM, at=NOON)
    with pytest.raises(NotPermitted):
        move_place(place=world.places["420106"], parent=world.places["4202"], by=world.actor("gao"), at=NOON)


def test_a_new_code_of_the_same_area_takes_everything_over(world):
    someone = a_person(world, place="420106001")
    new = Place.objects.create(
        code="420116",
        name="东山区",
        level=Level.COUNTY,
        parent=world.places["4201"],
        path="CN.42.4201.420116.",
    )
    moved = succeed_place(old=world.places["420106"], new=new, on=date(2020, 2, 1), by=SYSTEM, at=NOON)
    someone.refresh_from_db()
    assert moved > 0
    assert someone.path == "CN.42.4201.420116.420106001."
    assert Unit.objects.get(code="420106-cdc").place == new
    assert find_place("东山县") == new
    assert not Place.objects.filter(path__within="CN.42.4201.420106.").exclude(code="420106").exists()
    assert not Jurisdiction.objects.filter(path__within="CN.42.4201.420106.").exists()


def test_short_names_keep_two_characters():
    names = [
        "东城区",
        "和县",
        "恩施土家族苗族自治州",
        "内蒙古自治区",
        "新疆维吾尔自治区",
        "城关镇",
        "南门社区",
        "Kaduna",
    ]
    assert [short_name(name) for name in names] == [
        "东城",
        "和县",
        "恩施",
        "内蒙古",
        "新疆",
        "城关",
        "南门",
        "Kaduna",
    ]


def test_refreshing_a_county_gives_what_refreshing_all_gives(world):
    Unit.objects.filter(code="420106-cdc").update(closed_at=NOON)
    later = NOON + timedelta(hours=1)
    refresh_jurisdictions(at=later, within=world.places["420106"].path)
    assert refresh_jurisdictions(at=later) == 0
    row = Jurisdiction.objects.get(place=world.places["420106"], capability=Capability.REVIEW)
    assert (row.unit.code, row.gap_since) == ("4201-cdc", later)
    Unit.objects.filter(code="420106-cdc").update(closed_at=None)
    refresh_jurisdictions(at=later + timedelta(hours=1), within=world.places["420106"].path)
    row.refresh_from_db()
    assert (row.unit.code, row.filled_at) == ("420106-cdc", later + timedelta(hours=1))


def test_loading_needs_the_right_to_edit_places(world):
    with pytest.raises(NotPermitted):
        load_places([PlaceRow(code="X", name="X", level=0)], by=world.actor("alice"), at=NOON)


def test_a_district_is_marked_by_code_by_table_and_by_a_person(world, tmp_path):
    """A code of GB/T 2260 marks at first sight; a column `urban` and a person always; loading again keeps what a person said."""
    table = tmp_path / "places.csv"
    rows = ["code,name,level,parent,urban", "420108,南山区,county,4201,", "420109,东湖区,county,4201,no", "x1,Old Town,county,4202,yes"]  # fmt: skip
    table.write_text("\n".join(rows), encoding="utf-8")
    load_places(read_place_table(table), by=SYSTEM, at=NOON)
    marked = dict(Place.objects.filter(code__in=["420108", "420109", "x1"]).values_list("code", "is_urban"))
    assert marked == {"420108": True, "420109": False, "x1": True}
    south = Place.objects.get(code="420108")
    mark_urban(place=south, is_urban=False, reason="a scenic area", by=SYSTEM, at=NOON)
    again = load_places(read_place_table(table), by=SYSTEM, at=NOON)
    assert not again.changed
    south.refresh_from_db()
    assert not south.is_urban
    event = Event.objects.get(tag="registry.place_marked")
    assert (event.before, event.after, event.reason) == ({"urban": True}, {"urban": False}, "a scenic area")
    with pytest.raises(NotACounty):
        mark_urban(place=world.places["4201"], is_urban=True, reason="-", by=SYSTEM, at=NOON)
    with pytest.raises(NotPermitted):
        mark_urban(place=south, is_urban=True, reason="-", by=world.actor("alice"), at=NOON)
    table.write_text("\n".join([rows[0], "420110,x,county,4201,maybe"]), encoding="utf-8")
    with pytest.raises(BadPlaceTable, match="neither yes nor no"):
        read_place_table(table)


def test_places_on_file_are_marked_when_the_column_comes(world):
    migration = import_module("lianfang.core.registry.migrations.0005_urban_districts")
    for code, name, parent in (("420108", "南山区", "4201"), ("420171", "光谷开发区", "4201"), ("y1", "老城区", "4202")):  # fmt: skip
        above = world.places[parent]
        Place.objects.create(
            code=code, name=name, level=Level.COUNTY, parent=above, path=f"{above.path}{code}."
        )
    migration.mark(apps, None)
    assert set(Place.objects.filter(is_urban=True).values_list("code", flat=True)) == {"420108", "y1"}
