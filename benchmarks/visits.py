"""Searching for contacts in 1, 10 and 100 million visits: the working set beside plain Ibis/DuckDB, pandas and a bound.

    python benchmarks/visits.py [--sizes 1 10 100] [--folder FOLDER] [--spark]   (sizes in millions of visits)

28 days, 5 million persons, 500,000 places of Zipf popularity 0.9 (the busiest has 3.6 % of the visits), log-normal
stays with a median of 40 minutes, at most 8 hours; who shared a place for 15 minutes or longer with 1, 100 or 1,000
index persons in a window of 14 days. All results of a size are compared by checksum. Needs about 4 GB of disk and 8 GB
of memory for 100 million visits; the folder is deleted at the end. Every figure is the median of warm runs.
"""

import argparse
import resource
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.visits_peers import bound, by_pandas

from lianfang.visits.engines import native_copy, on_spark, over_parquet, windows_of
from lianfang.visits.record import VISITS
from lianfang.visits.shared import shared_pairs, shared_stays
from lianfang.visits.store import VisitStore
from lianfang.visits.windows import Windows
from lianfang.visits.working_set import build_working_set

MILLION = 1_000_000
DAYS, N_PERSONS, N_PLACES = 28, 5 * MILLION, 500_000
OFFSET, DAY0 = 8 * 3600, 18_300
T0 = DAY0 * 86_400 - OFFSET
LEAST = 15 * 60
N_INDEX = (1, 100, 1000)


def generate(folder: Path, n_visits: int, seed: int = 1) -> VisitStore:
    """Write visits day by day; a stay over midnight stands in both days."""
    store = VisitStore(folder, utc_offset=OFFSET)
    rng = np.random.default_rng(seed)
    weight = np.cumsum(np.arange(1, N_PLACES + 1) ** -0.9)
    over = {name: np.empty(0, dtype=np.int64) for name in ("person", "place", "arrive", "leave", "key")}
    for day in range(DAYS):
        n = n_visits // DAYS
        arrive = T0 + day * 86_400 + rng.integers(0, 86_400, n)
        length = np.clip(rng.lognormal(np.log(2400), 1.0, n), 60, 8 * 3600).astype(np.int64)
        new = {
            "person": rng.integers(0, N_PERSONS, n),
            "place": np.searchsorted(weight, rng.random(n) * weight[-1]),
            "arrive": arrive,
            "leave": arrive + length,
            "key": np.arange(n) + day * n,
        }
        here = {name: np.concatenate([over[name], column]) for name, column in new.items()}
        goes_on = new["leave"] > T0 + (day + 1) * 86_400
        over = {name: column[goes_on] for name, column in new.items()}
        size = len(here["key"])
        columns = here | {
            "kind": (here["place"] % 10).astype(np.int8),
            "day": np.full(size, DAY0 + day, dtype=np.int32),
            "assumed": np.zeros(size, dtype=bool),
        }
        with store.writing() as draft:
            draft.append(DAY0 + day, pa.table({name: columns[name] for name in VISITS.names}))
    return store


@dataclass(frozen=True)
class Taken:
    """Seconds on the wall clock and of processors (all threads of this process), the median of several runs."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{_shown(self.wall)} / {_shown(self.cpu)}"


def _shown(seconds: float) -> str:
    return f"{1000 * seconds:,.2f} ms" if seconds < 0.1 else f"{seconds:,.2f} s"


def timed(what, repeat=5):
    times = []
    for _ in range(repeat):
        began, used = time.perf_counter(), time.process_time()
        result = what()
        times.append((time.perf_counter() - began, time.process_time() - used))
    return Taken(*np.median(times, axis=0)), result


def checksum(table: pa.Table) -> tuple[int, ...]:
    """Pairs, contacts, shared stays, seconds, and a hash over all columns that does not mind the order."""
    columns = {name: table[name].to_numpy() for name in table.column_names}
    mixed = np.zeros(len(table), dtype=np.uint64)
    for name in ("index_person", "person", "n_stays", "seconds", "first", "last"):
        mixed = (mixed ^ columns[name].astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    contacts = len(np.unique(columns["person"]))
    return (
        len(table),
        contacts,
        int(columns["n_stays"].sum()),
        int(columns["seconds"].sum()),
        int(mixed.sum()),
    )


def searches(store, working, folder, n_visits, asked):
    """Yield (name, function that gives a table)."""
    yield "working set", lambda: working.search(asked, min_seconds=LEAST).pairs()
    caps = {"most_present": dict.fromkeys(range(10), 200)}
    yield (
        "working set, capped at 200 present",
        lambda: working.search(asked, min_seconds=LEAST, **caps).pairs(),
    )
    for name, (_connection, visits) in folder.items():
        cut = windows_of(asked)
        found = shared_pairs(shared_stays(visits, cut, min_seconds=LEAST, utc_offset=OFFSET))
        yield name, found.to_pyarrow
    if n_visits <= MILLION:
        whole = store.read(columns=["person", "place", "kind", "day", "arrive", "leave"]).to_pandas()
        whole = whole[(whole["arrive"] + OFFSET) // 86_400 == whole["day"]].drop(columns="day")
        frame = asked.to_arrow().to_pandas()
        yield (
            "pandas",
            lambda: pa.Table.from_pandas(by_pandas(whole, frame, min_seconds=LEAST)[0], preserve_index=False),
        )


def least(working, asked):
    """Return a function that runs the bound over the index stays, found beforehand."""
    own, _by_index = working.own_stays(asked.within(working.base, working.until))
    rows = np.stack([column.astype(np.int64) for column in own[:4]], axis=1)
    columns = tuple(
        np.array(column) for column in (working.arrive, working.leave, working.who, working.starts)
    )
    return lambda: bound(*columns, int(working.longest.max()), rows, LEAST)


def measure_size(n_visits: int, folder: Path, *, spark: bool) -> None:
    began = time.perf_counter()
    store = generate(folder / "lake", n_visits)
    size = sum(path.stat().st_size for path in store.files()) / 1e6
    print(f"\n### {n_visits // MILLION} million visits\n", flush=True)
    print(f"- written in {time.perf_counter() - began:.0f} s, {size:,.0f} MB of Parquet")
    seconds, working = timed(lambda: build_working_set(store, folder / "set"), repeat=1)
    size = sum(path.stat().st_size for path in (folder / "set").iterdir()) / 1e6
    print(f"- working set built in {seconds}, {size:,.0f} MB")
    engines = {"Ibis/DuckDB, Parquet": over_parquet(store)}
    seconds, engines["Ibis/DuckDB, native copy"] = timed(
        lambda: native_copy(store, folder / "n.duckdb"), repeat=1
    )
    print(
        f"- native DuckDB copy in {seconds}, {(folder / 'n.duckdb').stat().st_size / 1e6:,.0f} MB",
        flush=True,
    )
    for connection, _visits in engines.values():
        connection.con.execute("SET threads = 2")
    if spark:
        engines["Ibis/Spark local[2]"] = on_spark(store)
    print(
        "\n| search | "
        + " | ".join(f"n = {n}, wall / CPU (CPU to bound)" for n in N_INDEX)
        + " |\n|---|---|---|---|"
    )
    cells: dict[str, list[str]] = {}
    sums = []
    for n in N_INDEX:
        persons = np.random.default_rng(n).choice(N_PERSONS, n, replace=False)
        asked = Windows(persons, np.full(n, T0 + 7 * 86_400), np.full(n, T0 + 21 * 86_400))
        run = least(working, asked)
        run()
        floor, (n_stays, total) = timed(run, repeat=25)
        cells.setdefault("numba bound, index stays known", []).append(str(floor))
        expected = None
        for name, search in searches(store, working, engines, n_visits, asked):
            search()
            repeat = 1 if "Spark" in name else 25 if "working" in name else 3
            taken, found = timed(search, repeat=repeat)
            print(f"n = {n}, {name}: {taken}, bound {floor}", file=sys.stderr, flush=True)
            cells.setdefault(name, []).append(f"{taken} ({taken.cpu / floor.cpu:.1f})")
            if "capped" in name:
                continue
            check = checksum(found if isinstance(found, pa.Table) else found.to_arrow())
            expected = expected or check
            assert check == expected, (name, n, check, expected)
            assert check[2:4] == (n_stays, total), (name, n, check, n_stays, total)
        sums.append(f"n = {n}: {expected[0]:,} pairs, {expected[1]:,} contacts, {expected[3]:,} s")
    for name, row in cells.items():
        print(f"| {name} | " + " | ".join(row) + " |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"\nSame rows from all: {'; '.join(sums)}. Peak memory of the process so far {peak:.1f} GB.",
        flush=True,
    )
    for connection, _visits in engines.values():
        connection.disconnect()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--spark", action="store_true")
    given = parser.parse_args()
    run(given.sizes, given.folder, spark=given.spark)


def measure(quick: bool) -> None:
    run([1] if quick else [1, 10, 100])


def run(sizes: list[int], root: Path | None = None, *, spark: bool = False) -> None:
    for size in sizes:
        folder = Path(tempfile.mkdtemp(prefix="lianfang-visits-", dir=root))
        try:
            measure_size(size * MILLION, folder, spark=spark)
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
