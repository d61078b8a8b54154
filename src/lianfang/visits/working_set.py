"""The visits of the last days as memory-mapped columns, for a person who waits for an answer.

A copy made from the store: whole stays, each once, by place and arrival, with a second order by person. It knows the
store's version that it was made from. Measured choice: docs/decisions/0010-visits-working-set.md.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from lianfang.visits import kernels
from lianfang.visits.record import PlaceKind, start_of_day
from lianfang.visits.store import VisitStore
from lianfang.visits.windows import Windows

Numbers = NDArray[np.int64]
_NO_CAP = np.iinfo(np.int64).max
_COLUMNS = (
    "arrive",
    "leave",
    "who",
    "kind",
    "starts",
    "longest",
    "places",
    "persons",
    "person_starts",
    "rows",
)
_PAIRS = ("index_person", "person", "n_stays", "seconds", "first", "last")


@dataclass(frozen=True, eq=False)
class Pairs:
    """One row for each index person and other person; moments are epoch seconds, `last` is the end of the last stay."""

    index_person: Numbers
    person: Numbers
    n_stays: Numbers
    seconds: Numbers
    first: Numbers
    last: Numbers

    def __len__(self) -> int:
        return len(self.person)

    def to_arrow(self) -> pa.Table:
        """Return the pairs in the order of index person and person."""
        table = pa.table({name: np.asarray(getattr(self, name), dtype=np.int64) for name in _PAIRS})
        return table.sort_by([("index_person", "ascending"), ("person", "ascending")])


@dataclass(frozen=True, eq=False)
class Crowd:
    """Index persons' stays that were left out because more people were present than the cap of the kind allows."""

    index_person: Numbers
    place: Numbers
    kind: NDArray[np.int8]
    since: Numbers
    until: Numbers
    present: Numbers

    def __len__(self) -> int:
        return len(self.place)


@dataclass(frozen=True, eq=False)
class SharedStays:
    """The shared stays behind the pairs, without those in a crowd; `present` is how many people were there too."""

    index_person: Numbers
    person: Numbers
    place: Numbers
    kind: NDArray[np.int8]
    start: Numbers
    seconds: Numbers
    present: Numbers

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found, kept as columns of the working set until somebody asks for one of the forms."""

    working_set: "WorkingSet" = field(repr=False)
    index_persons: Numbers
    own: tuple[Any, ...] = field(repr=False)  # who, place, since, until, kind of the index stays
    by_index: Numbers = field(repr=False)
    place_at: Numbers = field(repr=False)
    shared: tuple[Any, ...] = field(repr=False)  # who, start, seconds
    present: Numbers = field(repr=False)
    is_calm: NDArray[np.bool_] = field(repr=False)

    def pairs(self) -> Pairs:
        """Return one row for each index person and other person."""
        of = self.working_set
        room = int(self.place_at[-1])
        out: Any = tuple(np.empty(room, dtype=np.int32) for _ in range(3))
        out += tuple(np.empty(room, dtype=np.int64) for _ in range(3))
        n = kernels.gather_pairs((self.place_at, self.by_index), self.is_calm, self.shared, out)
        index, who, n_stays, seconds, first, last = (column[:n] for column in out)
        return Pairs(
            self.index_persons[index], of.persons[who], n_stays, seconds, first + of.base, last + of.base
        )

    def stays(self) -> SharedStays:
        """Return the shared stays one by one, without those in a crowd."""
        of, own = self.working_set, self.own
        counts = np.diff(self.place_at)
        keep = np.repeat(self.is_calm, counts)
        stay = np.repeat(np.arange(len(counts)), counts)[keep]
        who, start, seconds = (column[keep] for column in self.shared)
        index = np.repeat(np.arange(len(self.by_index) - 1), np.diff(self.by_index))[stay]
        return SharedStays(
            self.index_persons[index],
            of.persons[who],
            of.places[own[1][stay]],
            own[4][stay],
            start.astype(np.int64) + of.base,
            seconds.astype(np.int64),
            self.present[stay],
        )

    def crowd(self) -> Crowd:
        """Return the index stays in a crowd."""
        of, own = self.working_set, self.own
        stay = np.flatnonzero(~self.is_calm)
        index = np.repeat(np.arange(len(self.by_index) - 1), np.diff(self.by_index))[stay]
        return Crowd(
            self.index_persons[index],
            of.places[own[1][stay]],
            own[4][stay],
            own[2][stay].astype(np.int64) + of.base,
            own[3][stay].astype(np.int64) + of.base,
            self.present[stay],
        )


@dataclass(frozen=True, eq=False)
class WorkingSet:
    """Visits of consecutive days in columns: `arrive`, `leave` and `who` by place (`starts`), `rows` by person.

    `arrive` and `leave` are seconds after `base`; `who` numbers `persons`; both arrays of identities are sorted.
    """

    base: int
    until: int
    version: int
    arrive: NDArray[np.int32] = field(repr=False)
    leave: NDArray[np.int32] = field(repr=False)
    who: NDArray[np.int32] = field(repr=False)
    kind: NDArray[np.int8] = field(repr=False)
    starts: Numbers = field(repr=False)
    longest: NDArray[np.int32] = field(repr=False)
    places: Numbers = field(repr=False)
    persons: Numbers = field(repr=False)
    person_starts: Numbers = field(repr=False)
    rows: NDArray[np.int32] = field(repr=False)

    def __len__(self) -> int:
        return len(self.arrive)

    def search(
        self, windows: Windows, *, min_seconds: int, most_present: Mapping[int, int] | None = None
    ) -> Found:
        """Return who shared a place with the index persons for `min_seconds` or longer inside their windows.

        `most_present` (kind of place -> most people) leaves out stays in a crowd; `Found.crowd` reports them.
        """
        if min_seconds < 1:
            raise ValueError(f"min_seconds must be at least 1. Got {min_seconds}.")
        cut = windows.within(self.base, self.until)
        own, by_index = self.own_stays(cut)
        columns = (self.arrive, self.leave, self.who, self.starts, self.longest)
        place_at, *shared = kernels.collect_shared(columns, own[:4], min_seconds)
        n_rows = np.diff(place_at)
        present = n_rows
        is_calm = np.ones(len(n_rows), dtype=bool)
        if most_present is not None:
            present = np.zeros(len(n_rows), dtype=np.int64)
            seen = np.zeros(len(self.persons), dtype=np.int32)
            kernels.count_present(place_at, shared[0], seen, present)
            caps = np.array([most_present.get(int(kind), _NO_CAP) for kind in PlaceKind], dtype=np.int64)
            is_calm = present <= caps[own[4]]
        return Found(self, cut.person, own, by_index, place_at, tuple(shared), present, is_calm)

    def own_stays(self, windows: Windows) -> tuple[tuple[Any, ...], Numbers]:
        """Return (who, place, since, until, kind) of the index persons' stays, and where those of each begin."""
        at = np.searchsorted(self.persons, windows.person)
        known = np.flatnonzero(at < len(self.persons))
        known = known[self.persons[at[known]] == windows.person[known]]
        first, counts = np.zeros((2, len(at)), dtype=np.int64)
        first[known] = self.person_starts[at[known]]
        counts[known] = self.person_starts[at[known] + 1] - first[known]
        index = np.repeat(np.arange(len(at)), counts)
        offset = np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = np.asarray(self.rows[first[index] + offset])
        since = np.maximum(self.arrive[rows], (windows.opens - self.base)[index])
        until = np.minimum(self.leave[rows], (windows.closes - self.base)[index])
        keep = since < until
        rows, index = rows[keep], index[keep]
        place = np.searchsorted(self.starts, rows, side="right") - 1
        by_index = np.searchsorted(index, np.arange(len(at) + 1))
        who = np.asarray(self.who[rows])
        moments = (since[keep].astype(np.int32), until[keep].astype(np.int32))
        return (who, place, *moments, np.asarray(self.kind[rows])), by_index


def build_working_set(
    store: VisitStore, folder: Path, *, first: int | None = None, last: int | None = None
) -> WorkingSet:
    """Write the columns of the days `first` to `last` (default: all held) into `folder` and open them.

    Time and memory grow with the visits: see docs/explanation/visits.md. The folder is replaced in one step.
    """
    days = [day for day in store.days() if (first is None or day >= first) and (last is None or day <= last)]
    base = start_of_day(days[0], store.utc_offset) if days else 0
    until = start_of_day(days[-1] + 1, store.utc_offset) if days else 0
    version = store.version()
    arrays = _columns(store, days, base)
    draft = folder.with_name(folder.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for name in _COLUMNS:
        np.save(draft / f"{name}.npy", arrays.pop(name))
    (draft / "of.json").write_text(json.dumps({"base": base, "until": until, "version": version}))
    shutil.rmtree(folder, ignore_errors=True)
    draft.replace(folder)
    return open_working_set(folder)


def open_working_set(folder: Path) -> WorkingSet:
    """Open the columns of a folder; the system reads what a search touches."""
    of = json.loads((folder / "of.json").read_text())
    columns = {name: _mapped(folder / f"{name}.npy") for name in _COLUMNS}
    return WorkingSet(**of, **columns)


def _mapped(path: Path) -> Any:
    array = np.load(path, mmap_mode="r") if path.stat().st_size > 128 else np.load(path)
    plain = np.asarray(array)
    plain.setflags(write=False)  # one compiled form of each kernel, for mapped and for small columns
    return plain


def _columns(store: VisitStore, days: list[int], base: int) -> dict[str, Any]:
    """Return the arrays of a working set: two passes over the days, no sort of the whole."""
    place, person, arrive, leave, kind = _read(store, days, base)
    places, dense = _numbered(place)
    del place
    starts = np.concatenate([[0], np.cumsum(np.bincount(dense, minlength=len(places)))]).astype(np.int64)
    order = np.empty(len(dense), dtype=np.int64)
    kernels.fill_places(starts[:-1].copy(), dense, order)
    persons, who = _numbered(person)
    del person, dense
    out: dict[str, Any] = {"places": places, "persons": persons, "starts": starts}
    for name, column in (("arrive", arrive), ("leave", leave), ("kind", kind), ("who", who)):
        out[name] = np.empty_like(column)
        out[name][order] = column
    person_starts = np.concatenate([[0], np.cumsum(np.bincount(who, minlength=len(persons)))])
    out["person_starts"] = person_starts.astype(np.int64)
    out["rows"] = np.empty(len(who), dtype=np.int32)
    kernels.fill_persons(out["person_starts"][:-1].copy(), out["who"], out["rows"])
    out["longest"] = np.zeros(len(places), dtype=np.int32)
    kernels.longest_stays(starts, out["arrive"], out["leave"], out["longest"])
    return out


def _read(store: VisitStore, days: list[int], base: int) -> list[Any]:
    """Return (place, person, arrive, leave, kind) of the days in order, each stay once, by arrival within a place."""
    parts: list[tuple[Any, ...]] = []
    for n, day in enumerate(days):
        begins = start_of_day(day, store.utc_offset)
        paths = store.files(day, day)
        tables = [
            pq.ParquetFile(p).read(columns=["place", "person", "arrive", "leave", "kind"]) for p in paths
        ]
        table = pa.concat_tables(tables)
        if len(paths) > 1:
            table = table.sort_by([("place", "ascending"), ("arrive", "ascending")])
        if n:  # a stay from the day before stands there
            table = table.filter(pc.greater_equal(table["arrive"], begins))
        times = [(table[name].to_numpy() - base).clip(-(2**31), 2**31 - 1) for name in ("arrive", "leave")]
        parts.append(
            (
                table["place"].to_numpy(),
                table["person"].to_numpy(),
                *(column.astype(np.int32) for column in times),
                table["kind"].to_numpy(),
            )
        )
    if not parts:
        kinds = (np.int64, np.int64, np.int32, np.int32, np.int8)
        return [np.empty(0, dtype=kind) for kind in kinds]
    return [np.concatenate([part[n] for part in parts]) for n in range(5)]


def _numbered(values: Numbers) -> tuple[Numbers, NDArray[np.int32]]:
    """Return the distinct values in order, and the number of each value among them."""
    distinct = np.sort(pc.unique(pa.array(values)).to_numpy())
    number = pc.index_in(pa.array(values), value_set=pa.array(distinct)).to_numpy()
    return distinct, number.astype(np.int32, copy=False)


__all__ = ["Crowd", "Found", "Pairs", "SharedStays", "WorkingSet", "build_working_set", "open_working_set"]
