"""What of a bulletin is not told, and the bulletin as a reader sees it: without what is withheld."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from lianfang.bulletins.attack import Told, withhold_safely
from lianfang.bulletins.figures import TABLE, DrawnUp
from lianfang.bulletins.models import Bulletin
from lianfang.bulletins.protection import (
    COLUMNS,
    Cell,
    State,
    state_after,
    state_from_json,
    state_to_json,
    withhold,
)

EARLIER = 7  # issued bulletins that are attacked together with a new one
_SUMS = {"total": "confirmed", "total_cured": "cured", "total_died": "died"}
_COUNTS = (
    *_SUMS.values(), *_SUMS, "existing", "asymptomatic", "admitted", "discharged",
    "suspected", "severe", "critical", "serious", "observed", "owed", "tested", "in_bed", "treated", "seen", "listed",
    "fates",
)  # fmt: skip
# Sums of days, from which a single day would follow.
NEVER = ("cluster", "onset", "new_7d", "before_7d", "new_14d", "listed_14d")


def withhold_from(
    drawn: DrawnUp, follows: Bulletin | None, earlier: Iterable[Bulletin]
) -> tuple[list[list[str]], dict[str, Any]]:
    """Return the cells (row, column) that are withheld, "" being the row of the area, and what the next one has to know."""
    held = follows.told if follows else {}
    own, own_state = _of_the_area(drawn, state_from_json(held.get("own", {})))
    cells: set[Cell] = {("", column) for column in own}
    state: State = {}
    rows = _narrow(drawn.figures["rows"])
    protected = drawn.protected - {""}
    if protected:
        whole = {name: drawn.figures["own"][name] for name in COLUMNS if name not in own}
        one = Told(day=_number(drawn.figures["on"]), rows=rows, withheld=(), whole=whole)
        found = withhold_safely(
            one,
            protected=protected,
            past=state_from_json(held.get("rows", {})),
            least=drawn.least,
            earlier=[_as_told(row) for row in earlier],
        )
        cells |= found.cells
        state = found.state
    told = {
        "own": state_to_json(own_state),
        "rows": state_to_json(state),
        "protected": sorted(drawn.protected),
    }
    return sorted([row, column] for row, column in cells), told


def _of_the_area(drawn: DrawnUp, past: State) -> tuple[set[str], State]:
    """Return the columns of a protected area that are withheld: small counts, and what they would follow from."""
    if "" not in drawn.protected:
        return set(), {}
    own = drawn.figures["own"]
    rows = {total: {"confirmed": own[new], "total": own[total]} for total, new in _SUMS.items()}
    found = withhold(rows, protected=rows, whole={}, past=past, least=drawn.least)
    hidden = {row if column == "total" else _SUMS[row] for row, column in found.cells}
    hidden |= {name for name in _COUNTS if 0 < own[name] < drawn.least}
    four = {"existing", *_SUMS}
    if hidden & four == {"existing"}:
        hidden.add("total_cured" if own["total_cured"] else "total")
    elif hidden & four:
        hidden.add("existing")
    if "total" in hidden:
        hidden.add("fates")
    cells = {(total, "total") for total in _SUMS if total in hidden}
    cells |= {(total, "confirmed") for total, new in _SUMS.items() if new in hidden}
    return hidden | set(NEVER), state_after(rows, past, cells)


def _narrow(rows: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    return {row: {name: values[name] for name in COLUMNS} for row, values in rows.items()}


def _as_told(row: Bulletin) -> Told:
    gone = {(name, column) for name, column in row.withheld}
    whole = {name: row.figures["own"][name] for name in COLUMNS if ("", name) not in gone}
    return Told(day=_number(row.figures["on"]), rows=_narrow(row.figures["rows"]), withheld=gone, whole=whole)


def _number(day: str) -> int:
    return date.fromisoformat(day).toordinal()


def as_told(row: Bulletin) -> dict[str, Any]:
    """Return the figures of a bulletin as they are told: null for what is withheld.

    Where a row is protected the table has the new of the day and all so far, and nothing else; of a protected area the
    single days are not told.
    """
    figures: dict[str, Any] = row.figures
    gone = {(name, column) for name, column in row.withheld}
    protected = set(row.told.get("protected", []))
    columns: Sequence[str] = COLUMNS if protected - {""} else TABLE
    is_open = "" not in protected
    return {
        **{
            name: figures[name]
            for name in ("place", "disease", "on", "grades", "rt", "measures", "names", "has_cases")
        },
        "own": {name: None if ("", name) in gone else value for name, value in figures["own"].items()},
        "before": figures["before"] if is_open else {},
        "course": figures["course"] if is_open else {},
        "columns": list(columns),
        "rows": {
            code: {name: None if (code, name) in gone else values[name] for name in columns}
            for code, values in figures["rows"].items()
        },
        "notes": [
            note if is_open and note["place"]["code"] not in protected else {**note, "size": None}
            for note in figures["notes"]
        ],
    }
