"""Processes race for the last bed, and for one person, with the real databases: one succeeds, the database refuses the others."""

from collections.abc import Callable

import pytest

from tests.acceptance.race import told_by

pytestmark = pytest.mark.slow


def test_one_of_fifty_gets_the_last_bed_and_one_person_one_place(databases: Callable[[], str]) -> None:
    told = told_by("racing", databases())
    assert told["last_bed"] == ["NoFreeBed"] * 49 + ["placed"]
    assert told["person"] == ["AlreadyIsolated"] * 7 + ["placed"]
    assert told["stays"] == 2


def test_one_of_fifty_gets_the_last_bed_of_a_ward_and_one_patient_lies_in_one(
    databases: Callable[[], str],
) -> None:
    told = told_by("racing_wards", databases())
    assert told["last_bed"] == ["NoBedFree"] * 49 + ["given"]
    assert set(told["patient"]) <= {"lies", "PatientElsewhere", "BedTaken", "BedNotFree"}
    assert "lies" in told["patient"]
    assert (told["kept"], told["lying"]) == (1, 1), (
        "whoever came last moved the patient; nobody lies in two beds"
    )
    assert told["by_table"] == ["parked"] * 7 + ["written"], "of eight tables one lays its patient down"
    assert told["lying_by_table"] == 1
