"""The outlook of an area's beds, as one reader sees it."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.outlook.models import Run, Study


@dataclass(frozen=True, kw_only=True)
class BedOutlook:
    """Beds of one kind and level: occupied now, `low`, `middle` and `high` (95 %) by day from 0, and beds there will be.

    `way` says how it was worked out: learnt or slope. `full_in` is the day on which the middle course, and
    `full_early` that on which the high one, reaches the beds there are; None: not within the days looked at.
    """

    path: str
    kind: str
    level: int | None
    way: str
    now: int
    past: tuple[int, ...]
    low: tuple[float, ...]
    middle: tuple[float, ...]
    high: tuple[float, ...]
    capacity: tuple[int, ...] | None  # None: nobody told how many beds there are
    full_in: int | None
    full_early: int | None
    target_percent: float

    def spare_percent(self, day: int) -> float | None:
        """Return the share of beds that the middle course leaves free on a day, below 0 where beds are missing."""
        beds = self.capacity[day] if self.capacity else 0
        return 100 * (beds - self.middle[day]) / beds if beds else None

    @property
    def in_7(self) -> tuple[float, float, float]:
        """Low, middle and high in 7 days."""
        return self.low[7], self.middle[7], self.high[7]

    @property
    def in_14(self) -> tuple[float, float, float]:
        """Low, middle and high in 14 days."""
        return self.low[14], self.middle[14], self.high[14]

    @property
    def misses_target(self) -> bool:
        """Whether in 7 days fewer beds would be free than the target asks for."""
        spare = self.spare_percent(7)
        return spare is not None and spare < self.target_percent


def bed_outlook(actor: Actor, path: str) -> tuple[Run | None, list[BedOutlook]]:
    """Return the latest run that tells of the area, and its rows about it; nothing where the reader sees no beds there.

    An area within one of the site's level is told by that one's study, a larger one by its own.
    """
    if not path or not actor.may(Permission.BED_VIEW, path):
        return None, []
    run = _run_of(path)
    if run is None:
        return None, []
    return run, [_row(row) for row in run.result["rows"] if row["path"] == path]


def beds_of_areas(actor: Actor, path: str) -> list[BedOutlook]:
    """Return the rows of every area that the study of `path` tells apart and that the reader may see."""
    run = _run_of(path)
    if run is None:
        return []
    rows = (row for row in run.result["rows"] if row["path"].startswith(path))
    return [_row(row) for row in rows if actor.may(Permission.BED_VIEW, row["path"])]


def _run_of(path: str) -> Run | None:
    parts = path.rstrip(".").split(".")[: settings.OUTLOOK_LEVEL + 1]
    study = Study.objects.filter(method="beds", path=".".join(parts) + ".").select_related("latest").first()
    run: Run | None = study.latest if study else None
    return run


def _row(row: dict[str, Any]) -> BedOutlook:
    low, *_, high = range(len(row["quantiles"][0]))
    columns = list(zip(*row["quantiles"], strict=True))
    middle = len(columns) // 2
    return BedOutlook(
        path=row["path"],
        kind=row["kind"],
        level=row["level"],
        way=row["way"],
        now=row["now"],
        past=tuple(row["past"]),
        low=columns[low],
        middle=columns[middle],
        high=columns[high],
        capacity=None if row["capacity"] is None else tuple(row["capacity"]),
        full_in=row["full_in"][middle],
        full_early=row["full_in"][high],
        target_percent=row["target_percent"],
    )
