"""JSON: a list of objects, an object that holds one, or one object a line; nested values get dotted names."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from lianfang.intake.reading.shape import ReadingError
from lianfang.intake.table import Cell, Table


def read_json(content: bytes) -> Table:
    """Return the rows of a JSON text: nested objects as `age.years`, lists as `addresses [1].city` (Go.Data's form)."""
    text = content.decode("utf-8-sig")
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        found = list(_by_line(text))
    objects = _rows_of(found)
    flat = [dict(_flat(one)) for one in objects]
    columns = tuple(dict.fromkeys(name for row in flat for name in row))
    if not columns:
        raise ReadingError(
            "The JSON holds no rows.", hint='Send a list of objects: [{"number": "1", ...}, ...].'
        )
    return Table(
        columns=columns,
        rows=[[_or_none(row.get(name)) for name in columns] for row in flat],
        numbers=range(1, len(flat) + 1),
        reading={"kind": "json"},
    )


def _by_line(text: str) -> Iterator[Any]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except json.JSONDecodeError as trouble:
                raise ReadingError(
                    f"Line {number} is not JSON: {trouble}.",
                    hint="Send a list of objects, or one object in each line.",
                ) from trouble


def _rows_of(found: Any) -> list[dict[str, Any]]:
    """Return the list of objects in `found`: itself, or the longest list of objects among its values."""
    if isinstance(found, dict):
        lists = [
            v for v in found.values() if isinstance(v, list) and v and all(isinstance(x, dict) for x in v)
        ]
        holds_rows = lists and not any(
            isinstance(v, (str, int, float)) for k, v in found.items() if k in {"id", "_id"}
        )
        found = max(lists, key=len) if holds_rows else [found]
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ReadingError(
            "The JSON is not a list of objects.", hint='Send a list of objects: [{"number": "1", ...}, ...].'
        )
    return found


def _flat(one: dict[str, Any], before: str = "") -> Iterable[tuple[str, Cell]]:
    for key, value in one.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        elif isinstance(value, list):
            for at, item in enumerate(value, start=1):
                if isinstance(item, dict):
                    yield from _flat(item, f"{name} [{at}].")
                else:
                    yield f"{name} [{at}]", _or_none(item)
        else:
            yield name, value


def _or_none(value: Any) -> Cell:
    if isinstance(value, str) and not value.strip():
        return None
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
