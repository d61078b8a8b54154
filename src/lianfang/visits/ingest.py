"""Taking in records of visits: each record of a source once, late ones too, open-ended ones closed by assumption.

What cannot be a visit is parked with the reason, and comes in when its repaired record is sent again under its key.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from lianfang.visits.record import VISITS, PlaceKind, day_of
from lianfang.visits.store import Parked, VisitStore, number_of, text_of

# What a source sends: `leave` may be null (nobody checked out). Further columns are kept in parked rows only.
RECORDS: pa.Schema = pa.schema(
    [
        ("key", pa.string()),
        ("person", pa.int64()),
        ("place", pa.int64()),
        ("kind", pa.int8()),
        ("arrive", pa.int64()),
        ("leave", pa.int64()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """How records are read: the length of a stay without an end by kind, and what cannot be true. In seconds."""

    open_stay: Mapping[PlaceKind, int]
    longest_stay: int
    most_ahead: int = 300  # clocks of gates differ

    def lengths(self) -> NDArray[np.int64]:
        """Return the assumed length by the number of the kind."""
        return np.array(
            [self.open_stay.get(kind, self.open_stay[PlaceKind.OTHER]) for kind in PlaceKind], dtype=np.int64
        )


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of the records of one delivery, counted; the four kinds add up to what was sent."""

    new: int = 0
    known: int = 0  # sent before
    closed: int = 0  # the end of a stay whose end had been assumed
    parked: int = 0
    days: tuple[str, ...] = ()


def take(records: pa.Table, *, source: str, store: VisitStore, how: Assumptions, at: int) -> Taken:
    """Take records (columns of `RECORDS`) of a source into the store at the moment `at` (epoch seconds).

    The same key of a source is the same visit as long as the days that it touches agree. Days that were dropped, and
    all before the first day held since, do not open again.
    """
    rows = {
        field.name: records[field.name].combine_chunks().cast(field.type)
        for field in RECORDS
        if field.name != "key"
    }
    keys = records["key"].to_pylist()
    reasons = _reasons(rows, keys, store, how, at)
    bad = np.flatnonzero(reasons != "")
    good = np.flatnonzero(reasons == "")
    visits = _visits(rows, np.array([key_of(source, str(keys[n])) for n in good], dtype=np.int64), good, how)
    with store.writing() as draft:
        visits, repeated = _once(visits)
        standing = _standing(store, visits)
        known = np.isin(visits["key"], standing["key"][~standing["assumed"]])
        waits = np.isin(visits["key"], standing["key"][standing["assumed"]])
        again = known | (waits & visits["assumed"])
        closes = waits & ~visits["assumed"] & ~known
        _forget(store, draft, visits["key"][closes], standing)
        kept = {name: column[~again] for name, column in visits.items()}
        spread = spread_over_days(kept, store.utc_offset)
        days = np.unique(spread["day"])
        for day in days:
            here = spread["day"] == day
            draft.append(int(day), pa.table({n: c[here] for n, c in spread.items()}, schema=VISITS))
    _settle_parked(store, records, [str(key) for key in keys], reasons, source=source, at=at)
    return Taken(
        new=int((~again & ~closes).sum()),
        known=int(again.sum()) + repeated,
        closed=int(closes.sum()),
        parked=len(bad),
        days=tuple(text_of(day) for day in days),
    )


def key_of(source: str, key: str) -> int:
    """Return the number that stands for a record of a source: 63 bits of a hash."""
    digest = blake2b(f"{source}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def spread_over_days(visits: Mapping[str, NDArray[Any]], utc_offset: int) -> dict[str, NDArray[Any]]:
    """Return each visit once for each day that it touches, with the column `day`; times stay whole."""
    first = day_of(visits["arrive"], utc_offset)
    times = day_of(visits["leave"] - 1, utc_offset) - first + 1
    row = np.repeat(np.arange(len(first)), times)
    day = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    return {name: column[row] for name, column in visits.items()} | {"day": day.astype(np.int32)}


def _reasons(rows: Mapping[str, Any], keys: list[Any], store: VisitStore, how: Assumptions, at: int) -> Any:
    """Return why each record cannot be a visit; "" where it can."""
    arrive, leave = (rows[name].fill_null(-1).to_numpy() for name in ("arrive", "leave"))
    kind = rows["kind"].fill_null(-1).to_numpy()
    has_end = rows["leave"].is_valid().to_numpy(zero_copy_only=False)
    kept_from = store.kept_from()
    is_dropped = np.zeros(len(arrive), dtype=bool)
    if kept_from is not None:
        is_dropped = day_of(arrive, store.utc_offset) < kept_from
    checks = [
        (np.array([not key for key in keys], dtype=bool), "no key"),
        (rows["person"].is_null().to_numpy(zero_copy_only=False), "no person"),
        (rows["place"].is_null().to_numpy(zero_copy_only=False), "no place"),
        ((kind < 0) | (kind >= len(PlaceKind)), "unknown kind of place"),
        (arrive < 0, "no arrival"),
        (has_end & (leave <= arrive), "leaves before or when arriving"),
        (has_end & (leave - arrive > how.longest_stay), "stay longer than the longest"),
        (arrive > at + how.most_ahead, "arrives in the future"),
        (is_dropped, "day already dropped"),
    ]
    return np.select([wrong for wrong, _ in checks], [reason for _, reason in checks], default="").astype(str)


def _visits(
    rows: Mapping[str, Any], keys: NDArray[np.int64], good: NDArray[np.int64], how: Assumptions
) -> dict[str, NDArray[Any]]:
    """Return the good records as visits, with an end for those that have none."""
    chosen = {name: column.take(pa.array(good)) for name, column in rows.items()}
    kind = chosen["kind"].to_numpy().astype(np.int64)
    arrive = chosen["arrive"].to_numpy()
    assumed = chosen["leave"].is_null().to_numpy(zero_copy_only=False)
    leave = np.where(assumed, arrive + how.lengths()[kind], chosen["leave"].fill_null(0).to_numpy())
    return {
        "person": chosen["person"].to_numpy(),
        "place": chosen["place"].to_numpy(),
        "kind": kind.astype(np.int8),
        "arrive": arrive,
        "leave": leave,
        "key": keys,
        "assumed": assumed,
    }


def _once(visits: dict[str, NDArray[Any]]) -> tuple[dict[str, NDArray[Any]], int]:
    """Return each key once, the record with a real end before one without, and how many were left out."""
    order = np.lexsort((visits["assumed"], visits["key"]))
    first = np.concatenate([[True], np.diff(visits["key"][order]) != 0])[: len(order)]
    kept = np.sort(order[first])
    return {name: column[kept] for name, column in visits.items()}, len(order) - len(kept)


def _standing(store: VisitStore, visits: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the rows on file, on the days that the visits touch, that have one of their keys."""
    days = np.unique(spread_over_days(visits, store.utc_offset)["day"])
    wanted = pa.array(visits["key"])
    tables = []
    for path in store.files(int(days.min()), int(days.max())) if len(days) else []:
        if number_of(path.parent.name) in days:
            table = pq.ParquetFile(path).read(columns=["key", "assumed", "arrive", "leave"])
            tables.append(table.filter(pc.is_in(table["key"], value_set=wanted)))
    names = ("key", "assumed", "arrive", "leave")
    if not tables:
        return {n: np.empty(0, dtype=bool if n == "assumed" else np.int64) for n in names}
    found = pa.concat_tables(tables)
    return {n: found[n].to_numpy() for n in names}


def _forget(
    store: VisitStore, draft: Any, keys: NDArray[np.int64], standing: Mapping[str, NDArray[Any]]
) -> None:
    """Take out the rows with an assumed end whose real end has arrived, from each day that they touch."""
    if not len(keys):
        return
    hit = np.isin(standing["key"], keys)
    days = np.unique(
        spread_over_days({n: standing[n][hit] for n in ("arrive", "leave")}, store.utc_offset)["day"]
    )
    for day in days:
        table = store.read(int(day), int(day))
        gone = pc.is_in(table["key"], value_set=pa.array(keys))
        draft.replace_day(text_of(day), table.filter(pc.invert(gone)))


def _settle_parked(
    store: VisitStore, records: pa.Table, keys: list[str], reasons: Any, *, source: str, at: int
) -> None:
    """Park what has a reason, and take off the list what has now come in under its key."""
    came = {(source, key) for key, reason in zip(keys, reasons, strict=True) if not reason}
    waiting = {(p.source, p.key, p.reason): p for p in store.parked() if (p.source, p.key) not in came}
    bad = np.flatnonzero(reasons != "")
    for n, row in zip(bad, records.take(pa.array(bad)).to_pylist(), strict=True):
        text = json.dumps(row, ensure_ascii=False, default=str)
        parked = Parked(source=source, key=keys[n], reason=str(reasons[n]), row=text, parked_at=at)
        waiting.setdefault((source, keys[n], parked.reason), parked)
    store.keep_parked(list(waiting.values()))
