"""The indicators of areas as one Ibis expression over flows, compiled for DuckDB. Knows no Django.

A flow is a change of a count: (path, day, measure, n, known). `day` is the day to which it belongs, in days since 1970;
`known` the moment, in epoch seconds, at which the system came to know it. A case that turns out not to be one leaves a
second flow of -1 with the same day and a later `known`. So what was known at any moment is what had come by then, and
a stock (existing cases, contacts under observation) is the sum of its flows up to the day.
"""

from functools import lru_cache
from typing import Any

import ibis
import pyarrow as pa

from lianfang.regions.vocabulary import LEVEL_BAND, LEVEL_LEAST, MEASURES, STOCKS, TALLIED


def ancestry(paths: list[str], depth: int = 4) -> pa.Table:
    """Return (path, area) for each path and each area above it, itself included, down to `depth` steps (4: the county)."""
    rows = [
        (path, ".".join(steps[:n]) + ".")
        for path in paths
        for steps in [path.rstrip(".").split(".")]
        for n in range(1, min(len(steps), depth) + 1)
    ]
    return pa.table(
        {
            "path": pa.array([path for path, _ in rows], pa.string()),
            "area": pa.array([area for _, area in rows], pa.string()),
        }
    )


def by_day(flows: Any, above: Any) -> Any:
    """Return one row for each area and day with flows: the sum of each measure."""
    joined = flows.join(above, "path")
    sums = {
        name: ibis.cases((joined.measure == name, joined.n), else_=0).sum().cast("int64") for name in MEASURES
    }
    return joined.group_by("area", "day").aggregate(**sums)


def indicators(flows: Any, above: Any, areas: Any, days: Any) -> Any:
    """Return the indicators of every area on every day; as known at a moment, give the flows with `known` up to it.

    `areas` has one column `area`, `days` one column `day`: unbroken, from the day of the first flow or before. Flows
    after the last day do not count. Rows come in no order. The columns beside `area` and `day` are `TALLIED`; the
    values are whole numbers of persons, or of days:

    `total`, `existing`: cumulative confirmed, and without the cured and the dead; `new_7d`, `before_7d`, `new_14d`:
    confirmed of the last 7 days, of the 7 before, of the last 14; `listed_14d`: of the latter, who had been contacts;
    `serious`: severe and critical; `quiet_days`: days since the last confirmed case (-1: never one); `cured_over_days`: for
    how many days running more were cured than confirmed; `level_days`: for how many days running the curve has been a plateau.
    """
    sums = by_day(flows, above)
    spine = areas.cross_join(days)
    table = spine.left_join(sums, ["area", "day"])
    filled = table.select(
        area=spine.area, day=spine.day, **{name: table[name].fill_null(0) for name in MEASURES}
    )
    so_far = ibis.window(group_by=filled.area, order_by=filled.day, preceding=None, following=0)
    stocks = filled.mutate(
        total=filled.confirmed.sum().over(so_far),
        total_cured=filled.cured.sum().over(so_far),
        total_died=filled.died.sum().over(so_far),
        **{name: filled[name].sum().over(so_far) for name in STOCKS},
        new_7d=filled.confirmed.sum().over(_last(filled, 7)),
        new_14d=filled.confirmed.sum().over(_last(filled, 14)),
        listed_14d=filled.listed.sum().over(_last(filled, 14)),
        last_case=ibis.cases((filled.confirmed > 0, filled.day)).max().over(so_far),
        not_over=ibis.cases((filled.cured <= filled.confirmed, filled.day)).max().over(so_far),
        start=filled.day.min().over(so_far),
    )
    stocks = stocks.mutate(
        existing=stocks.total - stocks.total_cured - stocks.total_died,
        serious=stocks.severe + stocks.critical,
    )
    weeks = stocks.mutate(before_7d=stocks.new_14d - stocks.new_7d)
    is_level = (
        ((weeks.new_7d - weeks.before_7d).abs() <= LEVEL_BAND * weeks.before_7d)
        & (weeks.new_7d >= LEVEL_LEAST)
        & (weeks.before_7d >= LEVEL_LEAST)
    )
    runs = weeks.mutate(
        not_level=ibis.cases((~is_level, weeks.day))
        .max()
        .over(ibis.window(group_by=weeks.area, order_by=weeks.day, preceding=None, following=0))
    )
    done = runs.mutate(
        quiet_days=(runs.day - runs.last_case).fill_null(-1),
        cured_over_days=runs.day - runs.not_over.fill_null(runs.start - 1),
        level_days=runs.day - runs.not_level.fill_null(runs.start - 1),
    )
    return done.select("area", "day", **{name: done[name].cast("int32") for name in TALLIED})


@lru_cache
def indicator_sql(dialect: str = "duckdb") -> str:
    """Return the expression as SQL over tables named flows, above, areas and days: what a figure is traced to."""
    flows = ibis.table(
        {"path": "string", "day": "int32", "measure": "string", "n": "int64", "known": "int64"}, "flows"
    )
    above = ibis.table({"path": "string", "area": "string"}, "above")
    areas, days = ibis.table({"area": "string"}, "areas"), ibis.table({"day": "int32"}, "days")
    return str(ibis.to_sql(indicators(flows, above, areas, days).order_by("area", "day"), dialect=dialect))


def _last(table: Any, n: int) -> Any:
    return ibis.window(group_by=table.area, order_by=table.day, preceding=n - 1, following=0)
