"""How the loop runs, per duty, unit and area: what was owed, done in time, late, checked, climbed, shed; and how long it took.

The cohort is the tasks whose clock started in the period. Four queries, whatever the number of tasks; the hours are
read as numbers, since SQLite knows no percentiles.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from django.db.models import BigIntegerField, Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Cast

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.loop.models import Escalation, Task, Verification

_COUNTS = (
    "created",
    "open",
    "on_time",
    "late",
    "overdue",
    "verified",
    "rejected",
    "escalated",
    "shed",
    "withdrawn",
    "usable",
)
# The figures that count tasks; `counted_tasks` lists them.
COUNTED = _COUNTS[:-1]
GROUPS = ("duty", "unit", "area")
# From one moment to another this far apart nothing can be learnt: a wrong year was typed.
_LONGEST_HOURS = 24 * 366


@dataclass(frozen=True, kw_only=True)
class LoopLine:
    """One line of figures; `duty`, `unit_id` and `area` are None where the line is not grouped by them.

    `created` counts what was owed without what was withdrawn. `on_time` and `late` were done; `overdue` is open and
    late at `at`. `verified` and `rejected` are tasks with at least one such decision. `usable` are the done tasks whose
    hours can be used: done after the clock started, and not a year later. Hours are from the start of the clock to the
    evidence, over the usable ones.
    """

    duty: str | None
    unit_id: int | None
    area: str | None
    created: int
    open: int
    on_time: int
    late: int
    overdue: int
    verified: int
    rejected: int
    escalated: int
    shed: int
    withdrawn: int
    usable: int
    median_hours: float | None
    p90_hours: float | None

    @property
    def share_on_time(self) -> float | None:
        """The share done in time of those that were done or are overdue; None where there are none."""
        decided = self.on_time + self.late + self.overdue
        return self.on_time / decided if decided else None

    @property
    def share_usable(self) -> float | None:
        """The share of the done tasks whose two moments can be used."""
        done = self.on_time + self.late
        return self.usable / done if done else None


def loop_metrics(
    actor: Actor,
    *,
    at: datetime,
    since: datetime,
    until: datetime,
    path: str = "",
    by: Iterable[str] = ("duty",),
    depth: int = 4,
) -> list[LoopLine]:
    """Return the figures of the tasks in the actor's areas whose clock started in [since, until).

    `by` is any of `duty`, `unit` and `area`; an area is a path cut to `depth` parts (4: county). An empty `by` gives
    one line over everything.
    """
    groups = [name for name in GROUPS if name in set(by)]
    rows = _cohort(actor, since, until, path)
    counts = _counts(rows, at)
    if counts.is_empty():
        return []
    counts = counts.with_columns(_area(depth))
    hours = _hours(rows).with_columns(_area(depth))
    if not groups:
        counts, hours = counts.with_columns(all=pl.lit(1)), hours.with_columns(all=pl.lit(1))
    keys = groups or ["all"]
    summed = counts.group_by(keys).agg(pl.col(COUNTED).sum())
    lasted = hours.group_by(keys).agg(
        usable=pl.len(),
        median_hours=pl.col("hours").median(),
        p90_hours=pl.col("hours").quantile(0.9, interpolation="linear"),
    )
    table = summed.join(lasted, on=keys, how="left").with_columns(pl.col("usable").fill_null(0)).sort(keys)
    return [_line(row, groups) for row in table.iter_rows(named=True)]


def counted_tasks(
    actor: Actor,
    figure: str,
    *,
    at: datetime,
    since: datetime,
    until: datetime,
    path: str = "",
    duty: str = "",
    unit_id: int | None = None,
) -> QuerySet[Any]:
    """Return the very tasks that a figure of `loop_metrics` counts, the earliest deadline first.

    Raises KeyError for a figure that is no count of tasks: see COUNTED.
    """
    rows = _marked(_cohort(actor, since, until, path)).filter(_conditions(at)[figure])
    if duty:
        rows = rows.filter(duty=duty)
    if unit_id is not None:
        rows = rows.filter(unit_id=unit_id)
    return rows.order_by("due_at", "pk")


def _cohort(actor: Actor, since: datetime, until: datetime, path: str) -> QuerySet[Any]:
    rows: QuerySet[Any] = Task.objects.visible_to(actor, Permission.METRICS_VIEW).filter(
        Q(path__within=path), since_at__gte=since, since_at__lt=until
    )
    return rows


def _marked(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return the rows with whether somebody accepted or rejected their doing, and whether they climbed."""
    checked = Verification.objects.filter(task_id=OuterRef("pk"))
    marked: QuerySet[Any] = rows.order_by().annotate(
        _accepted=Exists(checked.filter(accepted=True)),
        _rejected=Exists(checked.filter(accepted=False)),
        _climbed=Exists(Escalation.objects.filter(task_id=OuterRef("pk"))),
    )
    return marked


def _conditions(at: datetime) -> dict[str, Q]:
    """Return which tasks each figure counts."""
    standing = ~Q(status="void")
    return {
        "created": standing,
        "open": Q(status="open"),
        "on_time": Q(status="done", met_at__lte=F("due_at")),
        "late": Q(status="done", met_at__gt=F("due_at")),
        "overdue": Q(status="open", due_at__lt=at, shed_by__isnull=True),
        "verified": standing & Q(_accepted=True),
        "rejected": standing & Q(_rejected=True),
        "escalated": standing & Q(_climbed=True),
        "shed": standing & Q(shed_by__isnull=False),
        "withdrawn": Q(status="void"),
    }


def _counts(rows: QuerySet[Any], at: datetime) -> pl.DataFrame:
    """Return one row per duty, unit and path."""
    marked, figures = _marked(rows), _conditions(at)
    counted = marked.values_list("duty", "unit_id", "path").annotate(
        **{f"n_{name}": Count("pk", filter=condition) for name, condition in figures.items()}
    )
    schema = {"duty": pl.String, "unit": pl.Int64, "path": pl.String, **dict.fromkeys(figures, pl.Int64)}
    return pl.DataFrame(list(counted), schema=schema, orient="row")


def _hours(rows: QuerySet[Any]) -> pl.DataFrame:
    """Return duty, unit, path and the hours of each done task whose moments can be used."""
    done = rows.filter(status="done").order_by()
    taken = done.values_list(
        "duty", "unit_id", "path", Cast("since_at", BigIntegerField()), Cast("met_at", BigIntegerField())
    )
    schema = {"duty": pl.String, "unit": pl.Int64, "path": pl.String, "since": pl.Int64, "met": pl.Int64}
    table = pl.DataFrame(list(taken.iterator(chunk_size=50_000)), schema=schema, orient="row")
    hours = (pl.col("met") - pl.col("since")) / 3600
    return table.select("duty", "unit", "path", hours=hours).filter(
        pl.col("hours").is_between(0, _LONGEST_HOURS)
    )


def _area(depth: int) -> pl.Expr:
    """Return the path cut to `depth` parts, with its dot at the end."""
    parts = pl.col("path").str.strip_chars_end(".").str.split(".").list.head(depth).list.join(".")
    return (parts + ".").alias("area")


def _line(row: dict[str, Any], groups: list[str]) -> LoopLine:
    return LoopLine(
        duty=row["duty"] if "duty" in groups else None,
        unit_id=row["unit"] if "unit" in groups else None,
        area=row["area"] if "area" in groups else None,
        median_hours=row["median_hours"],
        p90_hours=row["p90_hours"],
        **{name: row[name] for name in _COUNTS},
    )
