"""The code of the country down to the counties, loaded once: found by what people write."""

from datetime import date

import pytest
from tests.keeping import kept
from tests.world import NOON

from lianfang.core.access.actor import Actor
from lianfang.core.registry.errors import AmbiguousPlace, UnknownPlace
from lianfang.core.registry.models import Level, Place
from lianfang.core.registry.place_names import PlaceFinder, find_place
from lianfang.core.registry.place_tables import read_gb2260
from lianfang.core.registry.services import load_places

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("registry")


@pytest.fixture(scope="module", autouse=True)
def china(shared_data, django_db_setup, django_db_blocker):
    with kept(django_db_blocker):
        load_places(read_gb2260(shared_data / "china_admin"), by=SYSTEM, at=NOON)
        yield


def test_the_code_of_the_country_loads_as_it_is():
    assert Place.objects.count() == 1 + 34 + 342 + 2978
    wuchang = Place.objects.get(code="420106")
    assert (wuchang.name, wuchang.path, wuchang.level) == ("武昌区", "CN.42.4201.420106.", Level.COUNTY)
    assert Place.objects.within("CN.42.4201.").filter(level=Level.COUNTY).count() == 13


def test_loading_the_same_table_again_changes_nothing(shared_data):
    again = load_places(
        read_gb2260(shared_data / "china_admin"), by=SYSTEM, at=NOON, abolished_on=date(2023, 1, 1)
    )
    assert not any(again.counts().values())


WRITTEN = {
    "420106": "420106",
    "420000": "42",
    "武昌区": "420106",
    "武昌": "420106",
    "湖北": "42",
    "湖北省武汉市武昌区": "420106",
    "湖北 武汉 武昌": "420106",
    "武汉市武昌区中南路街道12号": "420106",
    "北京市东城区": "110101",
    "恩施州恩施市": "422801",
    "广西": "45",
    "仙桃市": "429004",
}


def test_a_place_is_found_by_what_people_write():
    assert {text: find_place(text).code for text in WRITTEN} == WRITTEN


def test_an_ambiguous_name_asks_and_is_settled_by_the_area():
    with pytest.raises(AmbiguousPlace) as caught:
        find_place("鼓楼区")
    assert "320106" in caught.value.fields["codes"]
    assert find_place("鼓楼区", within="CN.32.3201.").code == "320106"
    with pytest.raises(UnknownPlace):
        find_place("不存在的地方")


def test_a_finder_reads_the_table_once(django_assert_num_queries):
    with django_assert_num_queries(1):
        finder = PlaceFinder(within="CN.42.")
        for text in ("武昌区", "江岸区", "宜昌市"):
            finder.find(text)


def test_the_districts_of_cities_are_told_by_their_code():
    """All districts of the country: not development zones (71 to 79), forest and special zones, nor cities of prefectures and leagues."""
    urban = set(Place.objects.filter(is_urban=True).values_list("code", flat=True))
    assert len(urban) == 975  # 967 that end in 01 to 20, and eight that were counties until lately
    assert {"110101", "420106", "310151", "500154"} <= urban  # 崇明、开州 were counties until 2016
    assert not urban & {"130171", "429021", "520203", "152201", "232761"}
    assert Place.objects.filter(code__in=["429021", "520203"], name__endswith="区").count() == 2
