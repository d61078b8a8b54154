"""The published calibration: every interval has a check, and the page shows every check."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks"))
import calibration
from calibrating import inside

# modules of lianfang.analytics whose results carry an interval
WITH_INTERVALS = {
    "rt",
    "renewal",
    "delays",
    "nowcast",
    "forecast",
    "forecast_renewal",
    "chains",
    "severity",
    "severity_records",
    "beds",
}


def test_every_interval_has_checks_and_the_page_shows_them():
    checks = calibration.chosen([])
    assert {one.interval.split(".")[0] for one in checks} >= WITH_INTERVALS | {"beds_outlook"}
    page = calibration.PAGE.read_text(encoding="utf-8")
    missing = [one.name for one in checks if f"| `{one.interval}` | {one.truth}" not in page]
    assert not missing, f"not on the page: {missing}; python benchmarks/calibration.py --write"


def test_coverage_is_counted():
    limits = {0.5: ([2.0, 0.0, np.nan], [3.0, 0.5, 1.0]), 0.9: (0.0, 3.0), 0.95: (0.0, 5.0)}
    assert inside([1.0, 4.0, 1.0], limits).tolist() == [[False, True, True], [False, False, True]]
    one = next(one for one in calibration.chosen([]) if one.name.endswith("imported cases a day, told apart"))
    row = calibration.assess(one, quick=True)
    assert row["n"] == 415
    assert 0.85 < row["cover"][2] <= 1
    assert calibration.verdict({"cover": [0.5, 0.8, 0.74], "spread": 0.02}) == "**too narrow**"
    assert calibration.verdict({"cover": [0.5, 0.8, 0.89], "spread": 0.02}) == "narrow?"


def test_rows_that_were_not_counted_anew_stay_as_they_stand():
    checks, standing = calibration.chosen([]), calibration.PAGE.read_text(encoding="utf-8")
    assert calibration.page({}, standing) == standing, "python benchmarks/calibration.py WORD --write"
    one = next(one for one in checks if one.name.endswith("imported cases a day, told apart"))
    row = {"cover": [0.1, 0.2, 0.3], "n": 7, "units": 1, "spread": None, "quick": False}
    changed = calibration.page({one.name: row}, standing)
    assert f"| `{one.interval}` | {one.truth} | 7 (1) | 10 | 20 | 30 | **too narrow** |" in changed
