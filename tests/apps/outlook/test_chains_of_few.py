"""Chains of a handful of cases."""

import pytest
from tests.apps.outlook.story import a_case, latest, named, settle
from tests.world import build_world

pytestmark = pytest.mark.django_db


def test_few_cases_are_shown_as_recorded() -> None:
    world = build_world()
    first, second = a_case(world, 0), a_case(world, 4)
    named(world, first, second)
    settle()
    run = latest("chains")
    assert run.status == "too_few"
    row = next(row for row in run.result["cases"] if row["id"] == second.pk)
    assert (row["source"], row["p"]) == (first.pk, None)
