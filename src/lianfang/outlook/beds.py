"""Beds occupied in the coming two weeks, by area, kind and level, with the day on which they would be full.

Two ways, by how much is on file. With ten weeks: what growth was followed by, learnt from all areas of the study
together (`analytics.beds_outlook`). With less: last week's slope, damped, with a log-normal width. The damping and the
two widths were chosen on the first nine weeks of 18 Italian regions. Which way a row came about stands in it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from lianfang.analytics.beds_outlook import HISTORY, OutlookModel, census_outlook, learn_outlook
from lianfang.core.rules import site_rules
from lianfang.outlook.bed_series import BedSeries, Key, read_series
from lianfang.outlook.models import Run, RunStatus, Study
from lianfang.outlook.runs import digest_of, keep_run
from lianfang.outlook.scores import score_of
from lianfang.rulebook.kinds.care import BedLevelParameters

METHOD = "bed census 1"
SEED = 1
AHEAD = 14
DAYS = 260  # of history at most
SHOWN = 28  # days of history kept with a run, for its chart
LEVELS = (0.025, 0.25, 0.5, 0.75, 0.975)
_LEARN = HISTORY + AHEAD + 30
_FEWEST = 3
_DAMPING = 0.93  # of the slope, a day
# Standard deviation of the logarithm a week ahead: in the first four weeks, and after; it grows as weeks ** 0.8.
_WIDTH_AT_FIRST, _WIDTH, _FIRST = 0.5, 0.3, 28
# Learning needs examples, and patients in them: so many days of areas, and beds occupied on average over its days.
_EXAMPLES = 200
_PATIENTS = 3.0
_MOST = 300  # areas of a level from which is learnt
SCORED = (7, 14)  # days after which a run is compared with what came
_DAY = timedelta(days=1)


def refresh(study: Study, at: datetime) -> datetime | None:
    """Make the outlook of the study's areas; next tomorrow while there are beds."""
    series = read_series(study.path, at, days=DAYS, ahead=AHEAD)
    known = DAYS - series.told_from
    inputs = {
        "days": max(known, 0),
        "n_areas": len({key[0] for key in series.census}),
        "n_stays": series.n_stays,
        "n_tallies": series.n_tallies,
        "n_old_tallies": series.n_old,
        "n_cases": int(sum(row.sum() for path, row in series.cases.items() if path == study.path)),
        "last": at.isoformat(),
    }
    begin = time.perf_counter()
    rows = outlook_rows(series, at) if known >= _FEWEST else []
    digest = digest_of(METHOD, SEED, inputs | {"last": ""}, rows)
    if study.latest is None or study.latest.digest != digest:
        keep_run(
            study,
            at=at,
            status=RunStatus.DONE if rows else RunStatus.TOO_FEW,
            inputs=inputs,
            digest=digest,
            result={
                "ahead": AHEAD,
                "levels": list(LEVELS),
                "rows": rows,
                "scores": _scores_of_past(study, series, at),
            },
            method=METHOD,
            seed=SEED,
            seconds=round(time.perf_counter() - begin, 3),
        )
    return at + _DAY if series.census else None


def _scores_of_past(study: Study, series: BedSeries, at: datetime) -> list[dict[str, Any]]:
    """Return how the runs of one and two weeks ago did on the census of now, beside "it stays as it is"."""
    found = []
    for days in SCORED:
        near = (at - days * _DAY - _DAY / 2, at - days * _DAY + _DAY / 2)
        runs = Run.objects.filter(study=study, status=RunStatus.DONE, at__gt=near[0], at__lte=near[1])
        run = runs.order_by("-at", "-pk").first()
        rows = [] if run is None else [row for row in run.result["rows"] if _key(row) in series.census]
        if run is not None and rows:
            came = np.array([series.census[_key(row)][-1] for row in rows])
            said = np.array([row["quantiles"][days] for row in rows])
            now = np.array([row["now"] for row in rows])
            score = score_of(came, said, LEVELS, float(np.abs(came - now).mean()))
            found.append({"run": run.pk, "made_at": run.at.isoformat(), "days": days, **score})
    return found


def _key(row: dict[str, Any]) -> Key:
    return row["path"], row["kind"], row["level"]


@dataclass(frozen=True, kw_only=True)
class Ahead:
    """The coming days of every series: `quantiles` is (keys, days 0..AHEAD, LEVELS), `ways` learnt or slope for each key."""

    keys: tuple[Key, ...]
    ways: tuple[str, ...]
    quantiles: NDArray[np.float64]


def look_ahead(series: BedSeries) -> Ahead:
    """Return the census of the coming days of all series at once, by level of care."""
    keys = tuple(sorted(series.census, key=lambda key: (key[0], key[1], -1 if key[2] is None else key[2])))
    ways = ["slope"] * len(keys)
    found = np.zeros((len(keys), AHEAD + 1, len(LEVELS)))
    learnt = _learn(series, keys)
    for level in {key[2] for key in keys}:
        here = [n for n, key in enumerate(keys) if key[2] == level]
        census = np.stack([series.census[keys[n]] for n in here], axis=1)
        found[here, 0] = census[-1][:, None]
        if level in learnt:
            drivers = [d[-HISTORY:] for d in _drivers([keys[n] for n in here], series)]
            for h, model in enumerate(learnt[level], start=1):
                found[here, h] = census_outlook(
                    model, census[-HISTORY:], drivers=drivers, levels=LEVELS
                ).quantiles
            for n in here:
                ways[n] = "learnt"
        else:
            found[here, 1:] = _slope(census[min(series.told_from, series.days - _FEWEST) :])
    return Ahead(keys=keys, ways=tuple(ways), quantiles=found)


def outlook_rows(series: BedSeries, at: datetime) -> list[dict[str, Any]]:
    """Return one row an area, kind and level: now, the days to come, the beds there will be, the day they are full."""
    ahead = look_ahead(series)
    rows = []
    for key, way, quantiles in zip(ahead.keys, ahead.ways, ahead.quantiles, strict=True):
        capacity = series.capacity.get(key)
        rows.append(
            {
                "path": key[0],
                "kind": key[1],
                "level": key[2],
                "way": way,
                "now": int(series.census[key][-1]),
                "past": [int(n) for n in series.census[key][-SHOWN:]],
                "quantiles": np.round(quantiles, 1).tolist(),
                "capacity": None if capacity is None else [int(n) for n in capacity],
                "full_in": [first_full(quantiles[:, n], capacity) for n in range(len(LEVELS))],
                "target_percent": _target(key, at),
            }
        )
    return rows


def _learn(series: BedSeries, keys: Sequence[Key]) -> dict[int | None, list[OutlookModel]]:
    """Return a model for each day ahead by level of care, learnt from the areas that hold no other and have patients most.

    Nothing where too little is on file. Examples count by their patients, so beyond some hundred areas of a level the
    small ones add next to nothing but time.
    """
    if series.days - series.told_from < _LEARN:
        return {}
    found = {}
    known = slice(series.told_from, None)
    for level in {key[2] for key in keys}:
        leaves = [key for key in keys if key[2] == level and key[0] in series.leaves]
        leaves = sorted(leaves, key=lambda key: -series.census[key].sum())[:_MOST]
        census = np.stack([series.census[key][known] for key in leaves], axis=1)
        if census.sum(axis=1).mean() < _PATIENTS or (len(census) - HISTORY) * len(leaves) < _EXAMPLES:
            continue
        drivers = [d[known] for d in _drivers(leaves, series)]
        found[level] = [learn_outlook(census, h, drivers=drivers) for h in range(1, AHEAD + 1)]
    return found


def _drivers(keys: Sequence[Key], series: BedSeries) -> list[NDArray[np.float64]]:
    none = np.zeros(series.days)
    return [np.stack([series.cases.get(key[0], none) for key in keys], axis=1), series.others(keys)]


def _slope(known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return last week's slope carried on and damped, (series, days, levels) of (days, series).

    The width holds the doubt about growth, and that of few patients in so far as they are others by then: all of them in
    two weeks.
    """
    steps = np.arange(AHEAD)
    slope = np.diff(known[-8:], axis=0).mean(axis=0)
    middle = np.maximum(known[-1][:, None] + slope[:, None] * np.cumsum(_DAMPING**steps), 0)
    a_week = _WIDTH_AT_FIRST if len(known) < _FIRST else _WIDTH
    width = np.sqrt((a_week * ((steps + 1) / 7) ** 0.8) ** 2 + (steps + 1) / AHEAD / (middle + 5))
    return np.asarray(np.maximum((middle[..., None] + 5) * np.exp(ndtri(LEVELS) * width[..., None]) - 5, 0))


def first_full(census: NDArray[np.float64], capacity: NDArray[np.float64] | None) -> int | None:
    """Return in how many days the census reaches the beds there are; None: not within the days looked at, or not told."""
    if capacity is None:
        return None
    full = np.flatnonzero(census >= np.maximum(capacity, 1))
    return int(full[0]) if full.size else None


def _target(key: Key, at: datetime) -> float:
    place = key[0].rstrip(".").rsplit(".", 1)[-1]
    rule = site_rules().resolve("bed_levels", at=at, place=place).of(BedLevelParameters)
    return rule.spare_percent.get(key[2], 0.0) if key[2] is not None else 0.0
