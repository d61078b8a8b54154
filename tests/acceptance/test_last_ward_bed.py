"""Fifty processes want the last bed of a hospital ward, eight lay one patient down: one succeeds, by the database."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_one_of_fifty_gets_the_last_bed_and_one_patient_lies_in_one(databases: Callable[[], str]) -> None:
    environment = {
        **os.environ,
        "LIANFANG_DATABASE_URL": databases(),
        "DJANGO_SETTINGS_MODULE": "lianfang.project.settings",
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "src")]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.acceptance.racing_wards"],
        env=environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["last_bed"] == ["NoBedFree"] * 49 + ["given"]
    assert set(told["patient"]) <= {"lies", "PatientElsewhere", "BedTaken", "BedNotFree"}
    assert "lies" in told["patient"]
    assert (told["kept"], told["lying"]) == (1, 1), (
        "whoever came last moved the patient; nobody lies in two beds"
    )
