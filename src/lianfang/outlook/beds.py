"""Beds occupied in the coming two weeks, by area, kind and level, with the day on which they would be full.

Two ways, by how much is on file. With ten weeks: what growth was followed by, learnt from all areas of the study
together (`analytics.beds_outlook`). With less: last week's slope, damped, with a log-normal width. The damping and the
two widths were chosen on the first nine weeks of 18 Italian regions. Which way a row came about stands in it.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from lianfang.analytics.beds_outlook import HISTORY, census_outlook, learn_outlook
from lianfang.core.rules import site_rules
from lianfang.outlook.bed_series import BedSeries, Key, read_series
from lianfang.outlook.models import RunStatus, Study
from lianfang.outlook.runs import digest_of, keep_run
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
_DAY = timedelta(days=1)

Quantiles = NDArray[np.float64]  # days 0..AHEAD x LEVELS


@dataclass(frozen=True)
class _Models:
    """What was learnt for one level of care: a model for each day ahead."""

    by_day: tuple[Any, ...]


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
            result={"ahead": AHEAD, "levels": list(LEVELS), "rows": rows},
            method=METHOD,
            seed=SEED,
            seconds=round(time.perf_counter() - begin, 3),
        )
    return at + _DAY if series.census else None


def outlook_rows(series: BedSeries, at: datetime) -> list[dict[str, Any]]:
    """Return one row an area, kind and level: now, the days to come, the beds there will be, the day they are full."""
    learnt = _learn(series)
    rows = []
    for key in sorted(series.census, key=lambda key: (key[0], key[1], -1 if key[2] is None else key[2])):
        way, quantiles = _outlook(key, series, learnt.get(key[2]))
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
                "full_in": [_first_full(quantiles[:, n], capacity) for n in range(len(LEVELS))],
                "target_percent": _target(key, at),
            }
        )
    return rows


def _learn(series: BedSeries) -> dict[int | None, _Models]:
    """Return what was learnt for each level of care from the areas that hold no other; nothing where too little is on file."""
    if series.days - series.told_from < _LEARN:
        return {}
    found = {}
    for level in {key[2] for key in series.census}:
        keys = [key for key in sorted(series.census, key=str) if key[2] == level and key[0] in series.leaves]
        known = slice(series.told_from, None)
        census = np.stack([series.census[key][known] for key in keys], axis=1)
        if census.sum(axis=1).mean() < _PATIENTS or (len(census) - HISTORY) * len(keys) < _EXAMPLES:
            continue
        drivers = [
            np.stack(columns, axis=1)
            for columns in zip(*([d[known] for d in _drivers(key, series)] for key in keys), strict=True)
        ]
        found[level] = _Models(tuple(learn_outlook(census, h, drivers=drivers) for h in range(1, AHEAD + 1)))
    return found


def _drivers(key: Key, series: BedSeries) -> list[NDArray[np.float64]]:
    return [series.cases.get(key[0], np.zeros(series.days)), series.others(key)]


def _outlook(key: Key, series: BedSeries, models: _Models | None) -> tuple[str, Quantiles]:
    census = series.census[key]
    now = np.full((1, len(LEVELS)), census[-1])
    known = census[min(series.told_from, series.days - _FEWEST) :]
    if models is not None:
        drivers = _drivers(key, series)
        ahead = [
            census_outlook(
                model, census[:, None], drivers=[d[:, None] for d in drivers], levels=LEVELS
            ).quantiles[0]
            for model in models.by_day
        ]
        return "learnt", np.vstack([now, ahead])
    return "slope", np.vstack([now, _slope(known)])


def _slope(known: NDArray[np.float64]) -> Quantiles:
    """Return last week's slope carried on and damped; the width holds the doubt about growth, and that of few patients.

    Of few patients in so far as they are others by then: all of them in two weeks.
    """
    steps = np.arange(AHEAD)
    middle = np.maximum(known[-1] + np.diff(known[-8:]).mean() * np.cumsum(_DAMPING**steps), 0)
    a_week = _WIDTH_AT_FIRST if len(known) < _FIRST else _WIDTH
    width = np.sqrt((a_week * ((steps + 1) / 7) ** 0.8) ** 2 + (steps + 1) / AHEAD / (middle + 5))
    return np.asarray(np.maximum((middle[:, None] + 5) * np.exp(ndtri(LEVELS) * width[:, None]) - 5, 0))


def _first_full(census: NDArray[np.float64], capacity: NDArray[np.float64] | None) -> int | None:
    """Return in how many days the census reaches the beds there are; None: not within the days looked at, or not told."""
    if capacity is None:
        return None
    full = np.flatnonzero(census >= np.maximum(capacity, 1))
    return int(full[0]) if full.size else None


def _target(key: Key, at: datetime) -> float:
    place = key[0].rstrip(".").rsplit(".", 1)[-1]
    rule = site_rules().resolve("bed_levels", at=at, place=place).of(BedLevelParameters)
    return rule.spare_percent.get(key[2], 0.0) if key[2] is not None else 0.0
