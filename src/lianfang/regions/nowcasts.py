"""How many fell ill on each of the last days, with those who are still to be reported: for every area with reports enough.

The flows know on which day a confirmed case fell ill and on which the system came to know; that is the reporting triangle
of `analytics.nowcast`. Each area borrows the delays of all areas together where it has few reports of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lianfang.analytics.nowcast import nowcast, triangle_from_matrix
from lianfang.common.clock import end_of, site_zone
from lianfang.regions.flows import number_of

AGES = 7  # days up to the last that are completed
DAYS, LONGEST = 60, 21
FEWEST = 10  # reports of the last four weeks, below which an area is left out
_RECENT = 28
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Nowcasts:
    """Onsets of the last days by area: `reported` (areas, AGES), `quantiles` (areas, AGES, levels); NaN where nothing is said.

    The first age is the last day, the second the day before, and so on.
    """

    reported: Floats
    quantiles: Floats


def nowcasts_of(flows: pa.Table, areas: Sequence[str], last: date, levels: Sequence[float]) -> Nowcasts:
    """Return the nowcast of each area from its flows as known at the end of `last`."""
    reported = np.full((len(areas), AGES), np.nan)
    quantiles = np.full((len(areas), AGES, len(levels)), np.nan)
    triangles = _triangles(flows, areas, last)
    recent = triangles[:, -_RECENT:].sum(axis=(1, 2))
    whole = triangle_from_matrix(triangles.sum(axis=0)) if (recent >= FEWEST).any() else None
    for n in np.flatnonzero(recent >= FEWEST):
        try:
            found = nowcast(triangle_from_matrix(triangles[n]), levels=levels, borrow=whole)
        except ValueError:
            continue  # too little of it is known, or nothing came within the longest delay
        reported[n] = found.reported[-1 : -AGES - 1 : -1]
        quantiles[n] = found.quantiles[-1 : -AGES - 1 : -1]
    return Nowcasts(reported=reported, quantiles=quantiles)


def _triangles(flows: pa.Table, areas: Sequence[str], last: date) -> Floats:
    """Return (areas, days, delays): confirmed by the day they fell ill and the days until they were known."""
    end = number_of(last)
    counts = np.zeros((len(areas), DAYS, LONGEST + 1))
    rows = flows.filter(pc.equal(flows["measure"], "onset"))
    place = {area: n for n, area in enumerate(areas)}
    paths = rows["path"].combine_chunks().dictionary_encode()
    of_path = np.array([_area_of(path, place) for path in paths.dictionary.to_pylist()], dtype=np.int64)
    if not of_path.size:
        return counts
    offset = site_zone().utcoffset(end_of(last).astimezone(site_zone()).replace(tzinfo=None))
    day, known = rows["day"].to_numpy(), rows["known"].to_numpy()
    known_day = (known + int(offset.total_seconds() if offset else 0)) // 86_400
    area, delay = of_path[paths.indices.to_numpy()], known_day - day
    is_in = (
        (area >= 0)
        & (day > end - DAYS)
        & (day <= end)
        & (known_day <= end)
        & (delay >= 0)
        & (delay <= LONGEST)
    )
    at = (area[is_in], (day[is_in] - end + DAYS - 1).astype(np.int64), delay[is_in].astype(np.int64))
    np.add.at(counts, at, rows["n"].to_numpy()[is_in])
    return counts


def _area_of(path: str, place: dict[str, int]) -> int:
    steps = path.rstrip(".").split(".")
    paths = (".".join(steps[:n]) + "." for n in range(len(steps), 0, -1))
    return next((place[one] for one in paths if one in place), -1)
