"""The mart: flows and indicators of a disease as Parquet files, one part for each province and one for the whole.

A file is written once under a new name and the manifest replaced afterwards, so that a reader sees the old mart or the
new one. A refresh reads the facts again only where their fingerprint has changed. Inside a file the rows are sorted by
area and day, and every area has every day: a column is a table of days by areas.
"""

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings
from numpy.typing import NDArray

from lianfang.common.clock import local_day
from lianfang.core.registry.models import Place
from lianfang.regions.errors import NoIndicators
from lianfang.regions.fates import fates_law, with_fates
from lianfang.regions.flows import day_of, fingerprint, flows_of, number_of
from lianfang.regions.vocabulary import COLUMNS, TALLIED

DEPTH = 4  # steps of the path of a county: nation, province, prefecture, county
FORMAT = 2  # of the files; parts of an older one are read and computed anew
KEEP_DAYS = 730  # days that are kept one by one; what happened before counts as of the first of them
Ints = NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Indicators of areas: each column is (days, areas), `first` the day of the first row."""

    areas: tuple[str, ...]
    first: date
    columns: dict[str, Ints]

    def __getitem__(self, name: str) -> Ints:
        return self.columns[name]

    @property
    def n_days(self) -> int:
        """How many days."""
        return len(next(iter(self.columns.values())))

    @property
    def last(self) -> date:
        """The last day."""
        return self.first + timedelta(days=self.n_days - 1)

    @property
    def days(self) -> list[date]:
        """All days."""
        return [self.first + timedelta(days=n) for n in range(self.n_days)]


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """What a refresh did: the parts whose facts were read again, and those whose indicators were computed."""

    read: tuple[str, ...]
    computed: tuple[str, ...]
    last: date | None


class Mart:
    """The files of one disease."""

    def __init__(self, disease: str, root: Path | None = None) -> None:
        self.disease = disease
        self.root = (root or Path(settings.REGIONS_DIR)) / disease

    # ---- reading

    def manifest(self) -> dict[str, Any]:
        """Return what is held: first and last day, the moment of the refresh, and the parts."""
        path = self.root / "manifest.json"
        if not path.exists():
            return {"version": 0, "parts": {}}
        return dict(json.loads(path.read_text(encoding="utf-8")))

    @property
    def span(self) -> tuple[date, date] | None:
        """The first and last day held; None before the first refresh."""
        held = self.manifest()
        return None if "last" not in held else (day_of(held["first"]), day_of(held["last"]))

    def read(self, areas: Sequence[str], columns: Sequence[str] = COLUMNS) -> Panel:
        """Return the columns of the areas (paths down to the county) in the order given; unknown areas are all 0."""
        held = self.manifest()
        if "last" not in held:
            raise NoIndicators
        n_days = held["last"] - held["first"] + 1
        found = {name: np.zeros((n_days, len(areas)), dtype=np.int32) for name in columns}
        by_part: dict[str, list[int]] = {}
        for place, area in enumerate(areas):
            by_part.setdefault(part_of(area), []).append(place)
        for part, places in by_part.items():
            if part not in held["parts"]:
                continue
            file = str(self.root / held["parts"][part]["indicators"])
            index = _areas_of(file)
            at = [(place, index[areas[place]]) for place in places if areas[place] in index]
            if at:
                to, source = (list(side) for side in zip(*at, strict=True))
                for name in columns:
                    found[name][:, to] = _column(file, name)[:, source]
        return Panel(areas=tuple(areas), first=day_of(held["first"]), columns=found)

    def flows(self, path: str) -> list[str]:
        """Return the files of flows that an area's figures rest on."""
        parts = self.manifest()["parts"]
        wanted = parts if len(_steps(path)) < 2 else [part_of(path)]
        return [str(self.root / parts[part]["flows"]) for part in wanted if part in parts]

    def flows_in(self, path: str) -> pa.Table:
        """Return the flows that an area's figures rest on; raises NoIndicators where none are held."""
        files = self.flows(path)
        if not files:
            raise NoIndicators
        return pa.concat_tables([pq.read_table(file) for file in files])

    def compute(
        self, areas: Sequence[str], *, known_by: datetime | None = None, last: date | None = None
    ) -> Panel:
        """Return the indicators of any areas, down to the grid cell, from the flows: as known at a moment if one is given."""
        held = self.manifest()
        if "last" not in held:
            raise NoIndicators
        files = sorted({file for area in areas for file in self.flows(area)})
        if not files:
            raise NoIndicators
        first, end = held["first"], number_of(last) if last else held["last"]
        known = None if known_by is None else int(known_by.timestamp())
        flows = pa.concat_tables([pq.read_table(file) for file in files])
        panel = panel_of(flows, areas, first=first, last=max(end, first), known_by=known)
        return self._with_fates(panel)

    def _with_fates(self, panel: Panel) -> Panel:
        fates = with_fates(panel["confirmed"], fates_law(self.disease))
        return replace(panel, columns=panel.columns | {"fates": fates})

    # ---- writing

    def refresh(self, *, at: datetime) -> Refreshed:
        """Bring the mart in line with the facts, to 24:00 of the day before `at`; return what was done."""
        with self._writing():
            held = self.manifest()
            parts, read = self._read_facts(held)
            last = number_of(local_day(at)) - 1
            first = self._first_day(parts, last)
            if first is None:
                return Refreshed(read=tuple(read), computed=(), last=None)
            moved = (held.get("first"), held.get("last")) != (first, last)
            areas = _areas_by_part()
            stale = [
                part
                for part in sorted(set(areas) & set(parts))
                if moved or part in read or "indicators" not in parts[part]
            ]
            version = held["version"] + 1
            self._compute({part: areas[part] for part in stale}, parts, (first, last, version))
            if stale or read:
                self._replace(
                    {
                        "version": version,
                        "first": first,
                        "last": last,
                        "at": int(at.timestamp()),
                        "parts": parts,
                    }
                )
            return Refreshed(read=tuple(read), computed=tuple(stale), last=day_of(last))

    def _read_facts(self, held: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Return the parts with fresh flows, and which were read; the whole is stale when any part is."""
        parts = dict(held["parts"])
        read = []
        roots = {part for part in _parts() if len(_steps(part)) == 1}
        for part in _parts():
            if part in roots:
                continue
            print_ = f"{FORMAT} {fingerprint(self.disease, part)}"
            if parts.get(part, {}).get("print") == print_:
                continue
            name = f"flows-{part}{held['version'] + 1}.parquet"
            self._write(flows_of(self.disease, part), name)
            parts[part] = {"print": print_, "flows": name}
            read.append(part)
        for root in roots:
            name = parts.get(root, {}).get("flows") or f"flows-{root}0.parquet"
            if not (self.root / name).exists():
                self._write(flows_of(self.disease, "")[:0], name)
            parts.setdefault(root, {"flows": name})
            if read:
                read.append(root)
        return parts, read

    def _first_day(self, parts: dict[str, Any], last: int) -> int | None:
        days = []
        for one in parts.values():
            column = pq.read_table(self.root / one["flows"], columns=["day"])["day"]
            days.append(pc.min(column).as_py())
        found = [day for day in days if day is not None]
        return max(min(found), last - KEEP_DAYS + 1) if found and min(found) <= last else None

    def _compute(
        self, areas: dict[str, list[str]], parts: dict[str, Any], span: tuple[int, int, int]
    ) -> None:
        """Compute the indicators of the areas of the parts in one query, and write a file for each part."""
        first, last, version = span
        files = [one["flows"] for name, one in parts.items() if any(name.startswith(part) for part in areas)]
        if not areas:
            return
        flows = pa.concat_tables([pq.read_table(self.root / file) for file in files])
        panel = self._with_fates(
            panel_of(flows, [area for part in areas.values() for area in part], first=first, last=last)
        )
        at = 0
        for part, names in areas.items():
            rows = np.repeat(np.arange(len(names), dtype=np.int32), panel.n_days)
            table = {"area": pa.DictionaryArray.from_arrays(rows, names)}
            table["day"] = pa.array(np.tile(np.arange(first, last + 1, dtype=np.int32), len(names)))
            for column, values in panel.columns.items():
                table[column] = pa.array(values[:, at : at + len(names)].T.ravel())
            at += len(names)
            parts[part]["indicators"] = f"indicators-{part}{version}.parquet"
            self._write(pa.table(table), parts[part]["indicators"])

    def _write(self, table: pa.Table, name: str) -> None:
        path = self.root / name
        pq.write_table(table, path.with_suffix(".part"), compression="zstd")
        path.with_suffix(".part").rename(path)

    def _replace(self, manifest: dict[str, Any]) -> None:
        path = self.root / "manifest.json"
        path.with_suffix(".part").write_text(json.dumps(manifest), encoding="utf-8")
        path.with_suffix(".part").replace(path)
        kept = {
            name for part in manifest["parts"].values() for name in (part["flows"], part.get("indicators"))
        }
        for file in self.root.glob("*.parquet"):
            if file.name not in kept:
                file.unlink()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def panel_of(
    flows: pa.Table, areas: Sequence[str], *, first: int, last: int, known_by: int | None = None
) -> Panel:
    """Return the indicators of the areas from flows, computed by DuckDB; days before `first` count as of `first`."""
    import duckdb  # noqa: PLC0415 - pages that read the mart do without

    from lianfang.regions.tally import indicator_sql  # noqa: PLC0415 - a second to import Ibis

    ordered = sorted(set(areas))
    tables = tables_of(flows, ordered, first=first, last=last, known_by=known_by)
    connection = duckdb.connect()
    connection.execute("SET threads TO 2")
    for name, table in tables.items():
        connection.register(name, table)
    result = connection.sql(indicator_sql()).to_arrow_table()
    connection.close()
    n_days = last - first + 1
    place = {area: n for n, area in enumerate(ordered)}
    order = [place[area] for area in areas]
    columns = {
        name: result[name].to_numpy().astype(np.int32, copy=False).reshape(len(ordered), n_days).T[:, order]
        for name in TALLIED
    }
    return Panel(areas=tuple(areas), first=day_of(first), columns=columns)


def tables_of(
    flows: pa.Table, areas: Sequence[str], *, first: int, last: int, known_by: int | None = None
) -> dict[str, pa.Table]:
    """Return the tables over which the expression runs, by name: on DuckDB here, on Spark where a lake has them."""
    from lianfang.regions.tally import ancestry  # noqa: PLC0415 - a second to import Ibis

    depth = max((len(_steps(area)) for area in areas), default=DEPTH)
    above = ancestry(pc.unique(flows["path"]).to_pylist(), depth)
    known = flows if known_by is None else flows.filter(pc.less_equal(flows["known"], known_by))
    day = pc.max_element_wise(known["day"], pa.scalar(first, pa.int32()))
    names = pa.array(list(areas), pa.string())
    return {
        "flows": known.set_column(1, "day", day),
        "above": above.filter(pc.is_in(above["area"], names)),
        "areas": pa.table({"area": names}),
        "days": pa.table({"day": pa.array(range(first, last + 1), pa.int32())}),
    }


def part_of(path: str) -> str:
    """Return the part in which an area lies: the province, or the whole."""
    return ".".join(_steps(path)[:2]) + "."


def _steps(path: str) -> list[str]:
    return path.rstrip(".").split(".")


def _parts() -> list[str]:
    paths = Place.objects.filter(abolished_on__isnull=True, level__lte=2).values_list("path", flat=True)
    return sorted(path for path in paths if len(_steps(path)) <= 2)


def _areas_by_part() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in Place.objects.filter(level__lte=DEPTH - 1).order_by("path").values_list("path", flat=True):
        found.setdefault(part_of(path), []).append(path)
    return found


@lru_cache(maxsize=512)
def _areas_of(file: str) -> dict[str, int]:
    column = pq.read_table(file, columns=["area"])["area"].combine_chunks()
    return {area: n for n, area in enumerate(column.dictionary.to_pylist())}


@lru_cache(maxsize=1024)
def _column(file: str, name: str) -> Ints:
    """Return one column of a file as (days, areas); files never change, so what was read stays right."""
    values: Ints = pq.read_table(file, columns=[name], memory_map=True)[name].to_numpy()
    return values.reshape(len(_areas_of(file)), -1).T


def diseases_held() -> list[str]:
    """Return the diseases that have a mart."""
    root = Path(settings.REGIONS_DIR)
    return sorted(path.parent.name for path in root.glob("*/manifest.json"))
