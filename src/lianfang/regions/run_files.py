"""The Parquet file of a run: written once under a name of its own, read while the run is kept, removed when no run names it."""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

_STAYS = timedelta(days=1)  # a run is committed after its file is written; until then nothing names the file


def write_file(table: Any, path: Path) -> None:
    """Write the table so that a reader finds all of it or no file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path.with_suffix(".part"), compression="zstd")
    path.with_suffix(".part").replace(path)


def read_file(path: Path) -> Any:
    """Return the table that a run left, None where its file is gone."""
    try:
        return _read_once(str(path))
    except FileNotFoundError:
        return None


@lru_cache(maxsize=16)
def _read_once(path: str) -> Any:
    return pq.read_table(path)  # such a file never changes


def remove_unreferenced(folder: Path, named: Collection[str], *, at: datetime) -> int:
    """Remove the files of a folder that no run names and that are a day old; return how many.

    Who holds one open reads on; who comes later finds none, as of a run that was dropped.
    """
    old = (at - _STAYS).timestamp()
    gone = [
        file
        for pattern in ("*.parquet", "*.part")
        for file in folder.glob(pattern)
        if file.name not in named and file.stat().st_mtime < old
    ]
    for file in gone:
        file.unlink(missing_ok=True)
    return len(gone)
