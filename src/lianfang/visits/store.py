"""Visits in Parquet: one folder a day, sorted by place and arrival inside each file, with a manifest that says what is held.

Files are written once and never changed; a day is dropped by deleting its folder. The manifest is replaced in one step
after the files, so a killed writer leaves files that nobody reads and no half-read day. One writer at a time.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lianfang.visits.record import VISITS, start_of_day

_EPOCH = date(1970, 1, 1)
# Small row groups let a search of few places read little (measured: 31 against 103 MB at 100 million visits).
_ROW_GROUP = 122_880
_SORTED = [("place", "ascending"), ("arrive", "ascending"), ("person", "ascending"), ("key", "ascending")]


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """The proof that a day is gone: what was deleted, and that neither file nor manifest has it any more."""

    day: str
    files: tuple[str, ...]
    rows: int
    bytes: int
    is_gone: bool
    manifest: str  # SHA-256 of the manifest without the day


@dataclass(frozen=True, kw_only=True)
class Parked:
    """A record that could not be taken, with the reason; it waits for repair and is dropped like a day."""

    source: str
    key: str
    reason: str
    row: str  # the record as it came, as JSON
    parked_at: int


class VisitStore:
    """A folder of visits. `utc_offset` is the site's offset in seconds, by which days are cut; it never changes."""

    def __init__(self, root: Path, *, utc_offset: int = 8 * 3600) -> None:
        self.root = root
        self.utc_offset = int(self._manifest().get("utc_offset", utc_offset))

    # ---- reading

    def days(self) -> list[int]:
        """Return the days held, in order."""
        return sorted(number_of(text) for text in self._manifest()["days"])

    def version(self) -> int:
        """Return the number of the manifest; it rises with every change."""
        return int(self._manifest()["version"])

    def n_rows(self, day: int) -> int:
        """Return the rows of a day: stays over midnight count in each day that they touch."""
        return sum(int(part["rows"]) for part in self._manifest()["days"].get(text_of(day), ()))

    def files(self, first: int | None = None, last: int | None = None) -> list[Path]:
        """Return the files of the days from `first` to `last`, both included, in the order of days."""
        held = sorted(self._manifest()["days"].items())
        return [
            self.root / text / part["name"]
            for text, parts in held
            if (first is None or number_of(text) >= first) and (last is None or number_of(text) <= last)
            for part in parts
        ]

    def read(
        self, first: int | None = None, last: int | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Return the rows of the days; empty where none is held."""
        tables = [pq.ParquetFile(path).read(columns=columns) for path in self.files(first, last)]
        wanted = VISITS if columns is None else pa.schema([VISITS.field(name) for name in columns])
        return pa.concat_tables(tables) if tables else wanted.empty_table()

    def span(self) -> tuple[int, int]:
        """Return the seconds [first, last) that the days held cover; (0, 0) where none is held."""
        days = self.days()
        if not days:
            return 0, 0
        return start_of_day(days[0], self.utc_offset), start_of_day(days[-1] + 1, self.utc_offset)

    def kept_from(self) -> int | None:
        """Return the first day that may still be written: the earliest that was not dropped; None before any drop."""
        first = self._manifest().get("kept_from")
        return None if first is None else number_of(first)

    # ---- writing

    @contextmanager
    def writing(self) -> Iterator["_Draft"]:
        """Hold the store for writing; what the draft collects counts when the block ends without an error."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            draft = _Draft(self.root, self._manifest() | {"utc_offset": self.utc_offset})
            yield draft
            draft.finish()

    def drop_before(self, day: int) -> list[Dropped]:
        """Delete every day before `day`, and cut the stays of later days that began before it; return the proofs.

        A stay over midnight stands whole in the next day too: its part in the dropped days is cut off, so that no
        second of them remains.
        """
        cut = start_of_day(day, self.utc_offset)
        with self.writing() as draft:
            draft.keep_from(day)
            gone = {text: draft.remove_day(text) for text in list(draft.days) if number_of(text) < day}
            for text in list(draft.days):
                if gone and any(part["first_arrive"] < cut for part in draft.days[text]):
                    table = pa.concat_tables(
                        [pq.ParquetFile(self.root / text / p["name"]).read() for p in draft.days[text]]
                    )
                    arrive = pc.max_element_wise(table["arrive"], pa.scalar(cut, pa.int64()))
                    draft.replace_day(text, table.set_column(4, VISITS.field("arrive"), arrive))
        self._sweep_before(day)
        digest = hashlib.sha256(self._path().read_bytes()).hexdigest()
        held = self._manifest()["days"]
        return [
            Dropped(
                day=text,
                files=tuple(part["name"] for part in parts),
                rows=sum(part["rows"] for part in parts),
                bytes=sum(part["bytes"] for part in parts),
                is_gone=not (self.root / text).exists() and text not in held,
                manifest=digest,
            )
            for text, parts in sorted(gone.items())
        ]

    def _sweep_before(self, day: int) -> None:
        """Delete what a killed writer left of earlier days: folders that no manifest names."""
        held = self._manifest()["days"]
        for folder in self.root.glob("????-??-??"):
            if number_of(folder.name) < day and folder.name not in held:
                shutil.rmtree(folder)

    # ---- what stands beside the visits of a day

    def who(self, first: int, last: int, persons: Sequence[int]) -> pa.Table:
        """Return what the owner wrote down to recognise these persons on the days (see `append_who`)."""
        paths = [
            path
            for day in range(first, last + 1)
            for path in sorted((self.root / text_of(day)).glob("who-*.parquet"))
        ]
        keep = pc.field("person").isin(pa.array(sorted(persons), pa.int64()))
        tables = [pq.read_table(path, filters=keep, partitioning=None) for path in paths]
        return pa.concat_tables(tables) if tables else pa.table({"person": pa.array([], pa.int64())})

    def append_who(self, day: int, table: pa.Table) -> None:
        """Keep beside a day what its owner needs to recognise a `person`; it is dropped with the day."""
        folder = self.root / text_of(day)
        folder.mkdir(parents=True, exist_ok=True)
        n = len(list(folder.glob("who-*.parquet")))
        _write(table.sort_by("person"), folder / f"who-{n:04d}.parquet")

    # ---- parked records

    def parked(self) -> list[Parked]:
        """Return the records that wait for repair, the oldest first."""
        path = self.root / "parked.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [Parked(**json.loads(line)) for line in lines]

    def keep_parked(self, rows: Sequence[Parked]) -> None:
        """Replace the list of parked records."""
        self.root.mkdir(parents=True, exist_ok=True)
        lines = "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)
        _replace(self.root / "parked.jsonl", lines)

    def _path(self) -> Path:
        return self.root / "manifest.json"

    def _manifest(self) -> dict[str, Any]:
        if not self._path().exists():
            return {"version": 0, "days": {}}
        return dict(json.loads(self._path().read_text(encoding="utf-8")))


class _Draft:
    """Changes that become the store's content together."""

    def __init__(self, root: Path, manifest: dict[str, Any]) -> None:
        self._root = root
        self._manifest = manifest
        self._old: list[Path] = []
        self.days: dict[str, list[dict[str, Any]]] = manifest["days"]

    def append(self, day: int, table: pa.Table) -> None:
        """Add rows to a day as a file of its own, sorted by place and arrival."""
        text = text_of(day)
        folder = self._root / text
        folder.mkdir(parents=True, exist_ok=True)
        self._manifest["version"] += 1
        name = f"part-{self._manifest['version']:08d}.parquet"
        table = table.cast(VISITS).sort_by(_SORTED)
        _write(table, folder / name)
        part = {
            "name": name,
            "rows": len(table),
            "bytes": (folder / name).stat().st_size,
            "first_arrive": int(pc.min(table["arrive"]).as_py()),
        }
        self.days.setdefault(text, []).append(part)

    def replace_day(self, text: str, table: pa.Table) -> None:
        """Put these rows in the place of all rows of a day."""
        self._old += [self._root / text / part["name"] for part in self.days.pop(text, ())]
        if len(table):
            self.append(number_of(text), table)
        else:
            self._manifest["version"] += 1

    def remove_day(self, text: str) -> list[dict[str, Any]]:
        """Take a day out; its folder is deleted when the draft counts."""
        self._manifest["version"] += 1
        self._old.append(self._root / text)
        return self.days.pop(text)

    def keep_from(self, day: int) -> None:
        """Let no day before this one open again."""
        self._manifest["kept_from"] = max(text_of(day), self._manifest.get("kept_from", ""))

    def finish(self) -> None:
        _replace(self._root / "manifest.json", json.dumps(self._manifest, indent=1, sort_keys=True))
        for path in self._old:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def text_of(day: int) -> str:
    """Return the name of a day's folder, such as 2020-02-12."""
    return (_EPOCH + timedelta(days=int(day))).isoformat()


def number_of(text: str) -> int:
    """Return the day that a folder is named for."""
    return (date.fromisoformat(text) - _EPOCH).days


def _write(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd", row_group_size=_ROW_GROUP)


def _replace(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
