"""A county manages its cases; the townships below it have those of the people who live there."""

from datetime import timedelta

import pytest
from tests.world import NOON, a_person

from lianfang.cases.models import Case, StatusChange
from lianfang.regions.flows import flows_of
from lianfang.regions.mart import Mart

pytestmark = pytest.mark.django_db
DISEASE = "covid_19_cn_2020"


def a_case(world, home, n):
    person, county = a_person(world, home), world.places["420106"]
    case = Case.objects.create(
        number=f"420106-2020-{n:04d}", person=person, disease=DISEASE, place=county, path=county.path,
        residence_path=person.path, opened_at=NOON, reported_at=NOON, confirmed_at=NOON, classification="confirmed",
    )  # fmt: skip
    StatusChange.objects.create(case=case, before="", after="confirmed", edition="test", at=NOON)
    return case


def test_a_case_counts_where_it_is_managed_and_below_that_at_home(world):
    a_case(world, "42010600100101", 1)  # a grid cell of the county
    a_case(world, "420106002", 2)  # a township of the county
    a_case(
        world, "420107001", 3
    )  # lives elsewhere: counts in the county that manages the case, and in none of its townships
    Mart(DISEASE).refresh(at=NOON + timedelta(days=2))
    areas = ("42", "420106", "420106001", "42010600100101", "420106002", "420107", "420107001")
    panel = Mart(DISEASE).compute([world.places[code].path for code in areas])
    assert dict(zip(areas, panel["total"][-1].tolist(), strict=True)) == {
        "42": 3, "420106": 3, "420106001": 1, "42010600100101": 1, "420106002": 1, "420107": 0, "420107001": 0,
    }  # fmt: skip
    paths = set(flows_of(DISEASE, "CN.42.")["path"].to_pylist())
    assert world.places["420106"].path in paths
