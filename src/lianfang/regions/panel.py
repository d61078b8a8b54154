"""Tables of indicators by day and area: computed from flows by the expression, or carried on by some days."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lianfang.regions.flows import day_of, number_of
from lianfang.regions.reading import DEPTH, steps_of
from lianfang.regions.vocabulary import LEVEL_BAND, LEVEL_LEAST, MEASURES, NEW, STOCKS, TALLIED

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

    def of(self, some: slice) -> "Panel":
        """Return the same of some areas."""
        columns = {name: values[:, some] for name, values in self.columns.items()}
        return Panel(areas=self.areas[some], first=self.first, columns=columns)

    @property
    def days(self) -> list[date]:
        """All days."""
        return [self.first + timedelta(days=n) for n in range(self.n_days)]


def beside(panels: Sequence[Panel]) -> Panel:
    """Return the panels of the same days as one, its areas in the order of their paths."""
    names = [area for panel in panels for area in panel.areas]
    order = sorted(range(len(names)), key=names.__getitem__)
    columns = {
        name: np.concatenate([panel[name] for panel in panels], axis=1)[:, order]
        for name in panels[0].columns
    }
    return Panel(areas=tuple(names[n] for n in order), first=panels[0].first, columns=columns)


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

    depth = max((len(steps_of(area)) for area in areas), default=DEPTH)
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


def carried_on(panel: Panel, flows: pa.Table, last: int) -> Panel:
    """Return the panel with the days up to `last` added, from the flows that lie on them: what the expression would give.

    For areas whose earlier flows have not changed since. A test holds that both say the same.
    """
    from lianfang.regions.tally import ancestry  # noqa: PLC0415 - a second to import Ibis

    held = number_of(panel.last)
    late = flows.filter(pc.and_(pc.greater(flows["day"], held), pc.less_equal(flows["day"], last)))
    place = {area: n for n, area in enumerate(panel.areas)}
    sums = {name: np.zeros((last - held, len(panel.areas)), dtype=np.int32) for name in MEASURES}
    above: dict[str, list[int]] = {}
    for path, area in zip(
        *ancestry(pc.unique(late["path"]).to_pylist(), DEPTH).to_pydict().values(), strict=True
    ):
        if area in place:
            above.setdefault(path, []).append(place[area])
    for row in late.to_pylist():
        sums[row["measure"]][row["day"] - held - 1, above.get(row["path"], [])] += row["n"]
    columns = dict(panel.columns)
    for n in range(last - held):
        columns = _a_day_more(columns, {name: values[n] for name, values in sums.items()})
    return replace(panel, columns={name: columns[name] for name in TALLIED})


def _a_day_more(columns: dict[str, Ints], day: dict[str, Ints]) -> dict[str, Ints]:
    """Return the columns with one row more: the recurrences behind the windows of `tally.indicators`."""
    before = {name: values[-1] for name, values in columns.items()}
    row = {name: day[name] for name in NEW}
    row |= {name: before[name] + day[name] for name in STOCKS}
    row |= {f"total{end}": before[f"total{end}"] + day[name] for end, name in (("", "confirmed"), ("_cured", "cured"), ("_died", "died"))}  # fmt: skip
    row["existing"] = row["total"] - row["total_cured"] - row["total_died"]
    row["serious"] = row["severe"] + row["critical"]
    for name, source, days in (
        ("new_7d", "confirmed", 7), ("new_14d", "confirmed", 14), ("listed_14d", "listed", 14),
    ):  # fmt: skip
        row[name] = columns[source][1 - days :].sum(axis=0) + day[source]
    row["before_7d"] = row["new_14d"] - row["new_7d"]
    never = before["quiet_days"] < 0
    row["quiet_days"] = np.where(day["confirmed"] > 0, 0, np.where(never, -1, before["quiet_days"] + 1))
    row["cured_over_days"] = np.where(day["cured"] > day["confirmed"], before["cured_over_days"] + 1, 0)
    is_level = (
        (np.abs(row["new_7d"] - row["before_7d"]) <= LEVEL_BAND * row["before_7d"])
        & (row["new_7d"] >= LEVEL_LEAST)
        & (row["before_7d"] >= LEVEL_LEAST)
    )
    row["level_days"] = np.where(is_level, before["level_days"] + 1, 0)
    return {name: np.concatenate([columns[name], row[name][None].astype(np.int32)]) for name in TALLIED}
