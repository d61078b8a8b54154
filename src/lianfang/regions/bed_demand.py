"""The demand for beds of every area, once a night: census of the coming two weeks by kind and level of care, and its score.

The same computation as the study of beds (`outlook.beds`), for all areas down to the county at once and learnt from all
of them together. Beds are of no single disease, so the run stands beside those of the diseases. What is a row an area
lies in Parquet, named by the run; runs of one and two weeks ago are scored against the census that came.
"""

import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.conf import settings

from lianfang.care.models import Bed, BedTally
from lianfang.common.clock import local_day, site_zone, start_of
from lianfang.common.paths import lineage
from lianfang.core.registry.models import Place
from lianfang.outlook.bed_series import BedSeries, Key, read_series
from lianfang.outlook.beds import AHEAD, DAYS, LEVELS, METHOD, SCORED, SEED, Ahead, first_full, look_ahead
from lianfang.outlook.models import Run, RunStatus, Study
from lianfang.outlook.runs import digest_of, keep_run
from lianfang.outlook.scores import score_of
from lianfang.regions.reading import DEPTH
from lianfang.regions.run_files import read_file, remove_unreferenced, write_file

CODE = "area_beds"
_FEWEST = 3  # days on file
_MIDDLE, _HIGH = len(LEVELS) // 2, len(LEVELS) - 1
_BED = ("kind", "level")


def compute_beds(*, at: datetime) -> Run | None:
    """Compute the demand for beds of all areas to 24:00 of the day before `at`; None where nothing of beds is on file."""
    root = Place.objects.order_by("path").first()
    if root is None:
        return None
    since = time.perf_counter()
    last = local_day(at) - timedelta(days=1)
    series = read_series(
        root.path,
        start_of(last + timedelta(days=1)),
        days=DAYS,
        ahead=AHEAD,
        areas=lambda path: lineage(path)[:DEPTH],
        known_by=at,
    )
    if not series.census:
        return None
    study, _ = Study.objects.get_or_create(method=CODE, disease="", place=root, defaults={"path": root.path})
    ahead = look_ahead(series) if DAYS - series.told_from >= _FEWEST else None
    run = _keep(study, ahead, series, last, at=at, seconds=time.perf_counter() - since)
    named = Run.objects.filter(study=study).values_list("result__file", flat=True)
    remove_unreferenced(_folder(), set(named), at=at)
    return run


def _keep(
    study: Study, ahead: Ahead | None, series: BedSeries, last: date, *, at: datetime, seconds: float
) -> Run:
    """Keep the run with its scores of earlier ones, and what it says of each area in a file; no file of too few days."""
    keys = ahead.keys if ahead is not None else tuple(sorted(series.census, key=str))
    census = np.stack([series.census[key] for key in keys])
    digest = digest_of(METHOD, SEED, keys, last.isoformat(), census.astype(np.int64).tobytes().hex())
    result: dict[str, Any] = {"last": last.isoformat(), "series": len(keys), "scores": []}
    if ahead is not None:
        result["file"] = f"beds-{last.isoformat()}-{digest[:12]}.parquet"
        result["learnt"] = ahead.ways.count("learnt")
        result["scores"] = _scores_of_past(study, series, last)
        _write(ahead, series, _folder() / str(result["file"]))
    inputs = {
        "days": max(DAYS - series.told_from, 0),
        "areas": len({key[0] for key in keys}),
        "n_stays": series.n_stays,
        "n_tallies": series.n_tallies,
        "n_old_tallies": series.n_old,
        "last": last.isoformat(),
    }
    return keep_run(
        study,
        at=at,
        status=RunStatus.DONE if ahead is not None else RunStatus.TOO_FEW,
        inputs=inputs,
        digest=digest,
        result=result,
        method=METHOD,
        seed=SEED,
        seconds=round(seconds, 3),
    )


def _folder() -> Path:
    return Path(settings.REGIONS_DIR) / "beds" / "outlooks"


def _write(ahead: Ahead, series: BedSeries, path: Path) -> None:
    """One row for each area, kind and level: now, the scored days ahead with quantiles, beds, and when they are full."""
    capacity = [series.capacity.get(key) for key in ahead.keys]
    columns: dict[str, Any] = {
        "area": pa.array([key[0] for key in ahead.keys], pa.string()),
        "kind": pa.array([key[1] for key in ahead.keys], pa.string()),
        "level": pa.array([key[2] for key in ahead.keys], pa.int32()),
        "way": pa.array(ahead.ways, pa.string()),
        "now": pa.array(ahead.quantiles[:, 0, 0]),
    }
    for days in SCORED:
        for k, level in enumerate(LEVELS):
            columns[f"in{days}_{level:g}"] = pa.array(ahead.quantiles[:, days, k])
    for name, day in (("beds", 0), *((f"beds{days}", days) for days in SCORED)):
        columns[name] = pa.array([None if row is None else float(row[day]) for row in capacity], pa.float64())
    for name, k in (("full_in", _MIDDLE), ("full_early", _HIGH)):
        columns[name] = pa.array(
            [first_full(said[:, k], beds) for said, beds in zip(ahead.quantiles, capacity, strict=True)],
            pa.int32(),
        )
    write_file(pa.table(columns), path)


def _scores_of_past(study: Study, series: BedSeries, last: date) -> list[dict[str, Any]]:
    """Return how the runs made one and two weeks before did on the census of now, beside "it stays as it is"."""
    found = []
    for days in SCORED:
        made_to = last - timedelta(days=days)
        runs = Run.objects.filter(study=study, status=RunStatus.DONE, result__last=made_to.isoformat())
        run = runs.order_by("-pk").first()
        score = None if run is None else _score(run, days, series)
        if run is not None and score is not None:
            found.append({"run": run.pk, "made_to": made_to.isoformat(), "days": days, **score})
    return found


def _score(run: Run, days: int, series: BedSeries) -> dict[str, Any] | None:
    table = read_file(_folder() / str(run.result["file"]))
    if table is None:
        return None
    keys: list[Key] = list(zip(*(table[name].to_pylist() for name in ("area", *_BED)), strict=True))
    here = [n for n, key in enumerate(keys) if key in series.census]
    if not here:
        return None
    came = np.array([series.census[keys[n]][-1] for n in here])
    said = np.column_stack([table[f"in{days}_{level:g}"].to_numpy()[here] for level in LEVELS])
    return score_of(came, said, LEVELS, float(np.abs(came - table["now"].to_numpy()[here]).mean()))


def beds_are_due(*, at: datetime, hour: int) -> bool:
    """Return whether beds are on file and the night's demand for them was not computed today, once the hour has come."""
    if at.astimezone(site_zone()).hour < hour:
        return False
    yesterday = (local_day(at) - timedelta(days=1)).isoformat()
    if Run.objects.filter(study__method=CODE, result__last=yesterday).exists():
        return False
    return Bed.objects.exists() or BedTally.objects.current().filter(occurred_at__lte=at).exists()


def latest_bed_run() -> Run | None:
    """Return the newest run of the demand for beds."""
    found: Run | None = Run.objects.filter(study__method=CODE).order_by("-pk").first()
    return found


def bed_rows(run: Run, areas: Sequence[str]) -> list[dict[str, Any]]:
    """Return what the run says of the areas, a row for each kind and level of bed."""
    table = read_file(_folder() / str(run.result.get("file", "none")))
    if table is None:
        return []
    rows: list[dict[str, Any]] = table.filter(
        pc.is_in(table["area"], pa.array(list(areas), pa.string()))
    ).to_pylist()
    return rows
