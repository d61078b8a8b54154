"""Small worlds of stays for the tests of visits: how they are drawn and put into a store."""

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

from lianfang.visits.ingest import Assumptions, take
from lianfang.visits.record import PlaceKind, start_of_day
from lianfang.visits.store import VisitStore
from lianfang.visits.windows import Windows

OFFSET = 8 * 3600
DAY0 = 18_300  # 8 February 2020
T0 = start_of_day(DAY0, OFFSET)
NOW = T0 + 40 * 86_400
HOW = Assumptions(open_stay={PlaceKind.OTHER: 3600, PlaceKind.VEHICLE: 1800}, longest_stay=7 * 86_400)
MINUTE = 60

moments = st.integers(0, 4 * 24 * 12).map(
    lambda n: T0 + n * 300
)  # five-minute steps of four days: ties are common
lengths = st.one_of(st.integers(1, 24).map(lambda n: n * 300), st.integers(1, 3 * 86_400))
stays = st.lists(
    st.tuples(st.integers(1, 5), st.integers(1, 3), st.sampled_from([0, 1, 8]), moments, lengths).map(
        lambda row: (*row[:4], row[3] + row[4])
    ),
    max_size=14,
)
windows = st.lists(
    st.tuples(st.integers(1, 6), moments, st.integers(1, 4 * 86_400)).map(
        lambda row: (row[0], row[1], row[1] + row[2])
    ),
    max_size=3,
    unique_by=lambda row: row[0],
)


def records(rows, keys=None):
    """Return (person, place, kind, arrive, leave) rows as a source would send them; leave may be None."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    names = ("person", "place", "kind", "arrive", "leave")
    types = (pa.int64(), pa.int64(), pa.int8(), pa.int64(), pa.int64())
    table = {n: pa.array(c, t) for n, c, t in zip(names, columns, types, strict=True)}
    given = keys or [f"k{n}" for n in range(len(rows))]
    return pa.table({"key": pa.array(given, pa.string()), **table})


def a_store(folder, rows, source="gate"):
    store = VisitStore(folder, utc_offset=OFFSET)
    taken = take(records(rows), source=source, store=store, how=HOW, at=NOW)
    assert taken.new + taken.known == len(rows)
    return store


def frame(rows):
    return pd.DataFrame(rows, columns=["person", "place", "kind", "arrive", "leave"]).astype(np.int64)


def window_frame(windows: Windows):
    return windows.to_arrow().to_pandas()


def drawn(n_stays, *, n_persons, n_places, seed):
    """Return random stays of a week with a busy place, some over midnight."""
    rng = np.random.default_rng(seed)
    weight = np.arange(1, n_places + 1) ** -0.9
    arrive = T0 + rng.integers(0, 7 * 86_400, n_stays)
    length = np.minimum(rng.lognormal(np.log(40 * 60), 1.0, n_stays), 20 * 3600).astype(np.int64) + 1
    columns = (
        rng.integers(1, n_persons + 1, n_stays),
        rng.choice(n_places, n_stays, p=weight / weight.sum()),
        rng.integers(0, 10, n_stays),
        arrive,
        arrive + length,
    )
    return [tuple(int(v) for v in row) for row in zip(*columns, strict=True)]
