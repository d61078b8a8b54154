"""The mart: flows and indicators of a disease as Parquet files, one part for each province and one for the whole.

A file is written once under a new name and the manifest replaced afterwards, so that a reader sees the old mart or the
new one. A refresh reads the facts again only of counties whose fingerprint has changed, and replaces their rows; indicators are
computed for them and the areas above, and carried on by the days that have passed for all others. Inside a file the rows are
sorted by area and day, and every area has every day: a column is a table of days by areas.
"""

import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings

from lianfang.common.clock import local_day
from lianfang.common.paths import lineage
from lianfang.core.registry.models import Place
from lianfang.regions.death_delays import DeathDelay, laws_for, measured_delays
from lianfang.regions.errors import NoIndicators
from lianfang.regions.fates import fates_law, with_fates
from lianfang.regions.fingerprints import fingerprints
from lianfang.regions.flows import day_of, flows_of, number_of
from lianfang.regions.panel import Ints, Panel, beside, carried_on, panel_of
from lianfang.regions.reading import DEPTH, part_of, steps_of, unit_of
from lianfang.regions.vocabulary import COLUMNS, FLOWS, TALLIED

FORMAT = 3  # of the files; parts of an older one are read and computed anew
KEEP_DAYS = (
    730  # days that are kept one by one, at least; what happened before counts as of the first of them
)
_UNITS_AT_ONCE = 50
_STAYS_SECONDS = 3600  # for which a file that no manifest names any more can still be opened


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """What a refresh did: the units whose facts were read again, the areas whose indicators were computed, and their parts."""

    read: tuple[str, ...]
    areas: tuple[str, ...]
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
        wanted = parts if len(steps_of(path)) < 2 else [part_of(path)]
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
        if known_by is None:
            return self._with_fates(panel, self.delays())
        return self._with_fates(panel, measured_delays(self.disease, number_of(local_day(known_by)) - 1))

    def delays(self) -> dict[str, DeathDelay]:
        """Return area -> the delay from diagnosis to death of its own records, as the last night measured it."""
        name = self.manifest().get("delays")
        if name is None:
            return {}
        return {row.pop("area"): DeathDelay(n=row["n"], mean=row["mean"], law=np.array(row["law"])) for row in pq.read_table(self.root / name).to_pylist()}  # fmt: skip

    def _with_fates(self, panel: Panel, delays: Mapping[str, DeathDelay]) -> Panel:
        fates = np.zeros(panel["confirmed"].shape, dtype=np.int32)
        for law, places in laws_for(panel.areas, delays, fates_law(self.disease)):
            fates[:, places] = with_fates(panel["confirmed"][:, places], law)
        return replace(panel, columns=panel.columns | {"fates": fates})

    # ---- writing

    def refresh(self, *, at: datetime) -> Refreshed:
        """Bring the mart in line with the facts, to 24:00 of the day before `at`; return what was done."""
        with self._writing():
            held = self.manifest()
            parts, changed = self._read_facts(held)
            last = number_of(local_day(at)) - 1
            first = self._first_day(parts, last)
            if first is None:
                return Refreshed(read=tuple(sorted(changed)), areas=(), computed=(), last=None)
            version, areas = held["version"] + 1, _areas_by_part()
            is_new = held.get("first") != first or last < held.get("last", first)
            stale = {area for unit in changed for area in lineage(unit)}
            span = _Span(first, last, version, is_new, held.get("last"))
            name, delays = self._measured(span, held.get("delays"))
            computed = self._compute(areas, parts, stale, span, delays)
            if computed or changed or held.get("last") != last:
                written = {"version": version, "first": first, "last": last, "at": int(at.timestamp())}
                written |= {"delays": name}
                self._replace(written | {"parts": parts}, held, at)
            return Refreshed(
                read=tuple(sorted(changed)),
                areas=tuple(sorted(computed)),
                computed=tuple(sorted({part_of(area) for area in computed})),
                last=day_of(last),
            )

    def _read_facts(self, held: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
        """Return the parts with fresh flows, and the units (counties, areas above with facts of their own) whose facts were read."""
        parts, changed = dict(held["parts"]), set()
        prints, mixed = fingerprints(self.disease)
        for part in _parts():
            name = f"flows-{part}{held['version'] + 1}.parquet"
            if len(steps_of(part)) == 1:
                if part not in parts:
                    self._write(FLOWS.empty_table(), name)
                    parts[part] = {"flows": name}
                continue
            was = parts.get(part, {})
            now = {unit: print_ for unit, print_ in prints.items() if unit.startswith(part)}
            before = was.get("units", {})
            differing = {unit for unit in {*now, *before} if now.get(unit) != before.get(unit)}
            is_fresh = was.get("format") != FORMAT
            if not is_fresh and not differing:
                continue
            # What stands at an area above the county may tell of any county in it.
            is_mixed = any(unit.startswith(part) for unit in mixed)
            if is_fresh or is_mixed or was.get("mixed") or len(differing) > max(len(now) // 2, 1):
                table = flows_of(self.disease, part)
            else:
                table = self._with_units(was["flows"], part, sorted(differing))
            if is_mixed or was.get("mixed"):
                differing |= _units_in(table) | _units_in(
                    pq.read_table(self.root / was["flows"]) if was else table
                )
            self._write(table, name)
            changed |= differing or {part}
            parts[part] = was | {"format": FORMAT, "units": now, "mixed": is_mixed, "flows": name}
        return parts, changed

    def _with_units(self, file: str, part: str, changed: Sequence[str]) -> pa.Table:
        """Return the flows of a part with the rows of some units replaced by what their facts say now."""
        held = pq.read_table(self.root / file)
        paths = held["path"].combine_chunks().dictionary_encode()
        stays = np.array(
            [unit_of(path) not in changed for path in paths.dictionary.to_pylist()], dtype=np.bool_
        )
        kept = held.filter(pa.array(stays[paths.indices.to_numpy()])) if len(held) else held
        fresh = [
            flows_of(self.disease, part, changed[n : n + _UNITS_AT_ONCE])
            for n in range(0, len(changed), _UNITS_AT_ONCE)
        ]
        return pa.concat_tables([kept, *fresh])

    def _first_day(self, parts: dict[str, Any], last: int) -> int | None:
        """Return the day of the first flow, or that from which days are kept one by one: it moves once in four weeks."""
        days = []
        for one in parts.values():
            column = pq.read_table(self.root / one["flows"], columns=["day"])["day"]
            days.append(pc.min(column).as_py())
        found = [day for day in days if day is not None]
        kept_from = (last - KEEP_DAYS + 1) // 28 * 28
        return max(min(found), kept_from) if found and min(found) <= last else None

    def _measured(self, span: "_Span", held: str | None) -> tuple[str, dict[str, DeathDelay]]:
        """Return the file and the delays to death: measured once a day, so that all areas of a day have the same."""
        if held is not None and span.held_to == span.last and not span.is_new:
            return held, self.delays()
        found = measured_delays(self.disease, span.last)
        name = f"delays-{span.version}.parquet"
        columns = {
            "area": pa.array(list(found), pa.string()),
            "n": pa.array([one.n for one in found.values()], pa.int64()),
            "mean": pa.array([one.mean for one in found.values()], pa.float64()),
            "law": pa.array([one.law.tolist() for one in found.values()], pa.list_(pa.float64())),
        }
        self._write(pa.table(columns), name)
        return name, found

    def _compute(
        self,
        areas: dict[str, list[str]],
        parts: dict[str, Any],
        stale: set[str],
        span: "_Span",
        delays: Mapping[str, DeathDelay],
    ) -> set[str]:
        """Write the indicators of the parts in which any is stale or days are missing; return the areas computed by the expression."""
        kept: dict[str, list[str]] = {}
        fresh: dict[str, list[str]] = {}
        for part in sorted(set(areas) & set(parts)):
            file = parts[part].get("indicators")
            index = {} if span.is_new or file is None else _areas_of(str(self.root / file))
            fresh[part] = [area for area in areas[part] if area in stale or area not in index]
            kept[part] = [area for area in areas[part] if area in index and area not in stale]
        flows = pa.concat_tables([pq.read_table(self.root / one["flows"]) for one in parts.values()])
        wanted = [area for names in fresh.values() for area in names]
        found = panel_of(flows, wanted, first=span.first, last=span.last) if wanted else None
        at = 0
        for part, names in fresh.items():
            panels = []
            if kept[part] and (names or span.held_to != span.last):
                panels.append(
                    carried_on(self._held(parts[part]["indicators"], kept[part], span), flows, span.last)
                )
            if names and found is not None:
                panels.append(found.of(slice(at, at + len(names))))
            at += len(names)
            if panels:
                name = f"indicators-{part}{span.version}.parquet"
                self._write(_table_of(self._with_fates(beside(panels), delays)), name)
                parts[part] = parts[part] | {"indicators": name}
        return set(wanted)

    def _held(self, file: str, areas: Sequence[str], span: "_Span") -> Panel:
        path = str(self.root / file)
        table, index = pq.read_table(path, columns=list(TALLIED)), _areas_of(path)
        at = [index[area] for area in areas]
        columns = {name: table[name].to_numpy().reshape(len(index), -1)[at].T for name in TALLIED}
        return Panel(areas=tuple(areas), first=day_of(span.first), columns=columns)

    def _write(self, table: pa.Table, name: str) -> None:
        path = self.root / name
        pq.write_table(table, path.with_suffix(".part"), compression="zstd")
        path.with_suffix(".part").rename(path)

    def _replace(self, manifest: dict[str, Any], before: dict[str, Any], at: datetime) -> None:
        """Put the manifest in force. Files that none names any more go an hour later: a reader may just have read the old one."""
        named = {
            name for part in manifest["parts"].values() for name in (part["flows"], part.get("indicators"))
        } | {manifest["delays"]}
        now = int(at.timestamp())
        left = {
            file.name: min(before.get("left", {}).get(file.name, now), now)
            for file in self.root.glob("*.parquet")
            if file.name not in named
        }
        over = {name for name, since in left.items() if since <= now - _STAYS_SECONDS}
        manifest["left"] = {name: since for name, since in left.items() if name not in over}
        path = self.root / "manifest.json"
        path.with_suffix(".part").write_text(json.dumps(manifest), encoding="utf-8")
        path.with_suffix(".part").replace(path)
        for name in over:
            (self.root / name).unlink(missing_ok=True)
        for file in self.root.glob("*.part"):  # of a refresh that was cut off: this one holds the lock
            file.unlink(missing_ok=True)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


@dataclass(frozen=True)
class _Span:
    """The days of a refresh, the number of its files, whether all indicators are computed anew, and the last day held before."""

    first: int
    last: int
    version: int
    is_new: bool
    held_to: int | None


def _table_of(panel: Panel) -> pa.Table:
    """Return the rows of a file of indicators: sorted by area and day."""
    first, n_areas = number_of(panel.first), len(panel.areas)
    rows = np.repeat(np.arange(n_areas, dtype=np.int32), panel.n_days)
    table = {"area": pa.DictionaryArray.from_arrays(rows, list(panel.areas))}
    table["day"] = pa.array(np.tile(np.arange(first, first + panel.n_days, dtype=np.int32), n_areas))
    return pa.table(table | {name: pa.array(values.T.ravel()) for name, values in panel.columns.items()})


def _units_in(flows: pa.Table) -> set[str]:
    return {unit_of(path) for path in pc.unique(flows["path"]).to_pylist()}


def _parts() -> list[str]:
    paths = Place.objects.filter(abolished_on__isnull=True, level__lte=2).values_list("path", flat=True)
    return sorted(path for path in paths if len(steps_of(path)) <= 2)


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
