"""The indicators from flows: against a slow count of the same, as known at any moment, and on any engine."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.regions.flows import steps
from lianfang.regions.panel import panel_of
from lianfang.regions.vocabulary import FLOWS, LEVEL_BAND, LEVEL_LEAST, MEASURES, NEW, STOCKS, TALLIED

PATHS = [
    "CN.42.4201.420106.",
    "CN.42.4201.420106.420106001.",
    "CN.42.4201.420107.",
    "CN.42.4202.420205.",
    "CN.31.",
]
AREAS = ["CN.", "CN.42.", "CN.42.4201.", "CN.42.4201.420106.", "CN.42.4201.420107.", "CN.31.", "CN.11."]
FIRST, LAST = 18_290, 18_330


def a_table(rows):
    return pa.table(
        {
            field.name: pa.array(list(column), field.type)
            for field, column in zip(FLOWS, zip(*rows, strict=True), strict=True)
        }
    )


def drawn(seed, n=1000):
    rng = np.random.default_rng(seed)
    return [
        (
            PATHS[rng.integers(len(PATHS))],
            int(rng.integers(FIRST - 5, LAST + 4)),
            MEASURES[rng.integers(len(MEASURES))],
            int(rng.integers(-1, 9)),
            int(rng.integers(0, 1000)),
        )
        for _ in range(n)
    ]


def slowly(rows, area, known_by):
    """Every indicator of one area, day by day, as the sentences say."""
    days = range(FIRST, LAST + 1)

    def on(measure, day):
        return sum(
            n
            for path, d, m, n, known in rows
            if m == measure
            and path.startswith(area)
            and max(d, FIRST) == day
            and (known_by is None or known <= known_by)
        )

    table = {name: [on(name, day) for day in days] for name in MEASURES}
    new, cured = table["confirmed"], table["cured"]
    found = {name: table[name] for name in NEW}
    found |= {name: list(np.cumsum(table[name])) for name in STOCKS}
    for name, of in (("total", new), ("total_cured", cured), ("total_died", table["died"])):
        found[name] = list(np.cumsum(of))
    found["existing"] = [
        a - b - c for a, b, c in zip(found["total"], found["total_cured"], found["total_died"], strict=True)
    ]
    found["new_7d"] = [sum(new[max(0, t - 6) : t + 1]) for t in range(len(days))]
    found["new_14d"] = [sum(new[max(0, t - 13) : t + 1]) for t in range(len(days))]
    found["listed_14d"] = [sum(table["listed"][max(0, t - 13) : t + 1]) for t in range(len(days))]
    found["serious"] = [a + b for a, b in zip(found["severe"], found["critical"], strict=True)]
    found["before_7d"] = [b - a for a, b in zip(found["new_7d"], found["new_14d"], strict=True)]
    quiet, over, level = [], [], []
    for t in range(len(days)):
        seen = [s for s in range(t + 1) if new[s] > 0]
        quiet.append(t - seen[-1] if seen else -1)
        over.append((over[-1] + 1 if over else 1) if cured[t] > new[t] else 0)
        a, b = found["new_7d"][t], found["before_7d"][t]
        is_level = abs(a - b) <= LEVEL_BAND * b and a >= LEVEL_LEAST and b >= LEVEL_LEAST
        level.append((level[-1] + 1 if level else 1) if is_level else 0)
    return found | {"quiet_days": quiet, "cured_over_days": over, "level_days": level}


@pytest.mark.parametrize("known_by", [None, 400])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_indicator_is_the_slow_count(seed, known_by):
    rows = drawn(seed)
    panel = panel_of(a_table(rows), AREAS, first=FIRST, last=LAST, known_by=known_by)
    for n, area in enumerate(AREAS):
        expected = slowly(rows, area, known_by)
        for name in TALLIED:
            assert panel[name][:, n].tolist() == expected[name], (area, name)
    assert panel["level_days"].max() > 0
    assert panel["cured_over_days"].max() > 1


def test_an_area_below_the_county_counts_its_own(tmp_path):
    rows = [(PATHS[1], FIRST + 1, "confirmed", 2, 0), (PATHS[0], FIRST + 1, "confirmed", 1, 0)]
    panel = panel_of(a_table(rows), [PATHS[1], PATHS[0]], first=FIRST, last=FIRST + 2)
    assert panel["total"].tolist() == [[0, 0], [2, 3], [2, 3]]
    assert panel.last == date(2020, 1, 31)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 6),
            st.integers(0, 50),
            st.integers(0, 20),
            st.one_of(st.none(), st.integers(1, 20)),
        ),
        max_size=12,
    )
)
@settings(max_examples=150, deadline=None)
def test_what_was_published_is_what_was_known(draws):
    """A count holds from its day to the next stated one, at every moment, whatever is corrected in between."""
    held = {}
    for day, value, known, lasts in draws:
        rows = held.setdefault(day, [])
        if not rows or (rows[-1][2] is not None and rows[-1][2] <= known):
            rows.append((value, known, known + lasts if lasts else None))
    stated = [(day, *row) for day in sorted(held) for row in held[day]]
    changes = list(steps(stated))
    for moment in range(45):
        for day in range(9):
            counted = sum(n for d, n, known in changes if d <= day and known <= moment)
            assert counted == _stated_then(held, day, moment)


def _stated_then(held, day, moment):
    for one in sorted((d for d in held if d <= day), reverse=True):
        begun = [row for row in held[one] if row[1] <= moment]
        if begun:
            standing = [value for value, _, gone in begun if gone is None or gone > moment]
            if standing:
                return standing[-1]
    return 0
