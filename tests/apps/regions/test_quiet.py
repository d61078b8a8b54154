"""How many findings quiet counties get: grouped alarms and the silence between them keep it to far fewer than two a week."""

from datetime import date

import numpy as np
import pytest

from lianfang.regions import early_warning
from lianfang.regions.outlooks import look_ahead
from lianfang.regions.panel import Panel

FIRST, DAYS, COUNTIES, WEEKS = date(2020, 3, 1), 168, 300, 16


@pytest.mark.parametrize("level", [0.02, 0.3, 1.0, 5.0, 20.0])
def test_in_quiet_times_a_county_gets_far_fewer_than_two_findings_a_week(level, world):
    """A steady level with nothing behind it but chance: whatever is found there is a false alarm."""
    rng = np.random.default_rng(int(100 * level))
    new = rng.poisson(level, (DAYS, COUNTIES)).astype(np.int32)
    total = np.cumsum(new, axis=0, dtype=np.int32)
    died = np.zeros_like(new)
    columns = {"confirmed": new, "total": total, "died": died, "total_died": died}
    panel = Panel(areas=tuple(f"CN.42.42{n:03}." for n in range(COUNTIES)), first=FIRST, columns=columns)
    weights = np.diff(np.exp(-(np.arange(16) / 6)), prepend=0)
    interval = np.abs(weights) / np.abs(weights).sum()
    interval[0] = 0
    rule = early_warning.warning_rule(panel.last)
    usable = early_warning.usable_of(panel, early_warning.artefacts_of(panel)["total"])
    rising = look_ahead(panel, interval / interval.sum(), usable).rising
    found = early_warning.episodes(
        panel, early_warning.alarms_of(panel, rising, usable, rule), rule.silence_days
    )
    late = [one for one in found if (one.first - FIRST).days >= DAYS - 7 * WEEKS]
    rate = len(late) / COUNTIES / WEEKS
    assert rate <= 0.25, rate
