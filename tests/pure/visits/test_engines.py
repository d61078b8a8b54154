"""All ways of searching give the same rows, and the rows are right: brute force, symmetry, boundary, midnight."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from benchmarks.visits_peers import by_brute_force, by_pandas
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.pure.visits.stays import (
    DAY0,
    MINUTE,
    OFFSET,
    T0,
    a_store,
    drawn,
    frame,
    stays,
    window_frame,
    windows,
)

from lianfang.visits.engines import native_copy, over_parquet, windows_of
from lianfang.visits.shared import crowded_stays, shared_pairs, shared_stays
from lianfang.visits.windows import Windows
from lianfang.visits.working_set import build_working_set

# Ibis 12 calls DuckDB 2 by a name that DuckDB has given up; the call still works.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")
PHASES = [Phase.explicit, Phase.generate]  # shrinking through two engines takes minutes
FEW = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    phases=PHASES,
    suppress_health_check=[HealthCheck.too_slow],
)
MANY = settings(max_examples=30, deadline=None, derandomize=True)
CAPS = {0: 1, 8: 2}


def plain(table: pa.Table) -> list[tuple[int, ...]]:
    return [tuple(int(value) for value in row.values()) for row in table.to_pylist()]


def by_kernel(store, asked, folder, **how):
    return build_working_set(store, folder).search(asked, **how)


def by_ibis(engine, asked, store, *, min_seconds, most_present=None):
    """Return (pairs, crowded stays) by the expression on an engine."""
    _connection, visits = engine
    cut = asked.within(*store.span())
    found = shared_stays(visits, windows_of(cut), min_seconds=min_seconds, utc_offset=store.utc_offset)
    crowd = crowded_stays(found, most_present or {}).to_pyarrow()
    return shared_pairs(found, most_present).to_pyarrow(), crowd


@FEW
@given(stays, windows, st.sampled_from([1, 300, 900]), st.sampled_from([None, CAPS]))
def test_every_engine_gives_the_same_rows(rows, asked, min_seconds, most_present):
    asked = Windows.of(asked)
    how = {"min_seconds": min_seconds, "most_present": most_present}
    with tempfile.TemporaryDirectory() as folder:
        store = a_store(Path(folder) / "lake", rows)
        expected, crowded = by_pandas(frame(rows), window_frame(asked), **how)
        expected = [tuple(row) for row in expected.itertuples(index=False)]
        found = by_kernel(store, asked, Path(folder) / "set", **how)
        assert plain(found.pairs().to_arrow()) == expected
        assert len(found.crowd()) >= len(crowded)  # stays of two records at one time are one crowd in a group
        assert {
            tuple(r)
            for r in zip(found.crowd().index_person, found.crowd().place, found.crowd().present, strict=True)
        } == {(r.index_person, r.place, r.present) for r in crowded.itertuples()}
        if rows:
            for engine in (over_parquet(store), native_copy(store, Path(folder) / "copy.duckdb")):
                pairs, crowd = by_ibis(engine, asked, store, **how)
                assert plain(pairs) == expected
                assert len(crowd) == len(crowded)
                engine[0].disconnect()


@MANY
@given(stays, windows, st.sampled_from([1, 300, 900]))
def test_the_rows_are_those_of_looking_at_every_two_stays(rows, asked, min_seconds):
    with tempfile.TemporaryDirectory() as folder:
        store = a_store(Path(folder) / "lake", rows)
        found = by_kernel(store, Windows.of(asked), Path(folder) / "set", min_seconds=min_seconds)
        expected = by_brute_force(rows, asked, min_seconds=min_seconds)
        assert plain(found.pairs().to_arrow()) == [tuple(row) for row in expected.itertuples(index=False)]


@MANY
@given(stays)
def test_overlap_is_symmetric(rows):
    """In one window for all, what A shared with B is what B shared with A."""
    everyone = Windows.of((person, T0, T0 + 9 * 86_400) for person in range(1, 6))
    with tempfile.TemporaryDirectory() as folder:
        found = by_kernel(a_store(Path(folder) / "lake", rows), everyone, Path(folder) / "set", min_seconds=1)
    pairs = {row[:2]: row[2:] for row in plain(found.pairs().to_arrow())}
    assert all(pairs[b, a] == values for (a, b), values in pairs.items())


@pytest.mark.parametrize(("seconds", "is_found"), [(899, False), (900, True), (901, True)])
@pytest.mark.parametrize("offset", [0, -450, 86_400 - 450])
def test_exactly_the_least_minutes_count(tmp_path, seconds, is_found, offset):
    """Fifteen minutes are long enough, one second less is not; at noon and over midnight alike."""
    start = T0 + 86_400 + offset
    rows = [(1, 7, 0, start - 3600, start + seconds), (2, 7, 0, start, start + 7200)]
    store = a_store(tmp_path / "lake", rows)
    asked = Windows.of([(1, T0, T0 + 5 * 86_400)])
    expected = [(1, 2, 1, seconds, start, start + seconds)] if is_found else []
    assert plain(by_kernel(store, asked, tmp_path / "set", min_seconds=900).pairs().to_arrow()) == expected
    assert plain(by_ibis(over_parquet(store), asked, store, min_seconds=900)[0]) == expected


def test_the_window_is_a_wall(tmp_path):
    """Only the part inside the window counts, and a stay that merely touches it does not."""
    rows = [(1, 7, 0, T0, T0 + 7200), (2, 7, 0, T0, T0 + 7200), (3, 7, 0, T0, T0 + 3600)]
    store = a_store(tmp_path / "lake", rows)
    asked = Windows.of([(1, T0 + 3600, T0 + 5400)])
    expected = [(1, 2, 1, 1800, T0 + 3600, T0 + 5400)]
    assert plain(by_kernel(store, asked, tmp_path / "set", min_seconds=900).pairs().to_arrow()) == expected
    assert plain(by_ibis(over_parquet(store), asked, store, min_seconds=900)[0]) == expected


@FEW
@given(stays, windows, st.integers(0, 4))
def test_cutting_days_off_is_cutting_the_window(rows, asked, days):
    """After days are dropped, the rest is found as if the windows had begun with the first day that is left."""
    cut = DAY0 + days
    begins = T0 + days * 86_400
    asked = [(person, max(opens, begins), max(closes, begins)) for person, opens, closes in asked]
    with tempfile.TemporaryDirectory() as folder:
        store = a_store(Path(folder) / "lake", rows)
        store.drop_before(cut)
        found = by_kernel(store, Windows.of(asked), Path(folder) / "set", min_seconds=300)
        assert plain(found.pairs().to_arrow()) == [
            tuple(row) for row in by_brute_force(rows, asked, min_seconds=300).itertuples(index=False)
        ]
        if store.days():
            pairs, _crowd = by_ibis(over_parquet(store), Windows.of(asked), store, min_seconds=300)
            assert plain(pairs) == plain(found.pairs().to_arrow())


def test_a_town_of_twenty_thousand_stays(tmp_path):
    """A busy place, stays over midnight, two deliveries on the same days: pandas, DuckDB and the columns agree."""
    rows = drawn(20_000, n_persons=2_000, n_places=300, seed=3)
    store = a_store(tmp_path / "lake", rows[:12_000], "one")
    store = a_store(tmp_path / "lake", rows[12_000:], "two")
    asked = Windows.of((person, T0 + 86_400, T0 + 6 * 86_400) for person in range(1, 21))
    how = {"min_seconds": 15 * MINUTE, "most_present": dict.fromkeys(range(10), 8)}
    expected, crowded = by_pandas(frame(rows), window_frame(asked), **how)
    assert len(expected) > 100
    assert len(crowded) > 0
    found = by_kernel(store, asked, tmp_path / "set", **how)
    expected = [tuple(row) for row in expected.itertuples(index=False)]
    assert plain(found.pairs().to_arrow()) == expected
    assert len(found.crowd()) == len(crowded)
    pairs, crowd = by_ibis(over_parquet(store), asked, store, **how)
    assert plain(pairs) == expected
    assert sorted(crowd["present"].to_pylist()) == sorted(found.crowd().present.tolist())
    stays_found = found.stays()
    assert stays_found.seconds.sum() == sum(row[3] for row in expected)
    assert len(stays_found) == sum(row[2] for row in expected)


def test_nobody_asked_and_nothing_held(tmp_path):
    store = a_store(tmp_path / "lake", [])
    empty = build_working_set(store, tmp_path / "set")
    assert len(empty.search(Windows.of([]), min_seconds=900).pairs()) == 0
    assert len(empty.search(Windows.of([(1, T0, T0 + 86_400)]), min_seconds=900).pairs()) == 0
    with pytest.raises(ValueError, match="at least 1"):
        empty.search(Windows.of([]), min_seconds=0)
    with pytest.raises(ValueError, match="distinct"):
        Windows.of([(1, 0, 1), (1, 2, 3)])
    assert np.array_equal(Windows.of([(1, 0, 10)]).within(20, 30).opens, [20])
    assert store.utc_offset == OFFSET
