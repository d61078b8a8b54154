"""Published counts become flows: read as arrays where nothing was corrected, one by one elsewhere, and the same comes out."""

from collections import defaultdict
from datetime import date, timedelta

import numpy as np
import pytest
from tests.apps.regions.test_history import DISEASE, morning_after

from lianfang.core.access.actor import Actor
from lianfang.regions.flows import flows_of, number_of, steps
from lianfang.regions.models import Published
from lianfang.regions.services import COUNTS, take_published

pytestmark = pytest.mark.django_db
FIRST = date(2020, 1, 20)


@pytest.mark.parametrize("seed", range(6))
def test_as_arrays_and_one_by_one_the_same_comes_out(world, seed):
    """Counts with gaps, falls, days filled in late and corrections, of four areas: against `steps` on what the table holds."""
    rng = np.random.default_rng(seed)
    by = Actor.system("test")
    for n in range(25):
        day = FIRST + timedelta(days=n)
        rows = []
        for code in ("420106", "420107", "420205", "31"):
            late = code == "420107" and n > 5 and rng.random() < 0.3
            on = day - timedelta(days=int(rng.integers(1, 5))) if late else day
            said = {name: int(rng.integers(0, 40)) if rng.random() < 0.8 else None for name in COUNTS}
            if code != "31" and rng.random() < 0.9:
                rows.append({"place": code, "on": on, **said})
        take_published(disease=DISEASE, rows=rows, source="test", by=by, at=morning_after(day))
    assert Published.objects.filter(superseded_at__isnull=False).exists()
    stated = defaultdict(list)
    for row in Published.objects.order_by("path", "on", "recorded_at"):
        known, gone = int(row.recorded_at.timestamp()), row.superseded_at
        for name in COUNTS:
            if getattr(row, name) is not None:
                end = None if gone is None else int(gone.timestamp())
                stated[row.path, name].append((number_of(row.on), getattr(row, name), known, end))
    wanted = defaultdict(int)
    for (path, name), series in stated.items():
        for day, n, known in steps(series):
            wanted[path, day, name, known] += n
    found = flows_of(DISEASE, "CN.").to_pylist()
    got = {(row["path"], row["day"], row["measure"], row["known"]): row["n"] for row in found}
    assert len(got) == len(found)
    assert got == {key: n for key, n in wanted.items() if n}
