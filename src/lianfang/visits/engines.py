"""Where the expression runs: DuckDB over the Parquet days or over a native copy of the last of them, and Spark."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ibis

from lianfang.visits.store import VisitStore
from lianfang.visits.windows import Windows

_COPY = """CREATE TABLE visits AS SELECT person, place, kind, day, arrive, leave
FROM read_parquet($1, hive_partitioning=false) ORDER BY place, arrive"""


def over_parquet(store: VisitStore, *, first: int | None = None, last: int | None = None) -> tuple[Any, Any]:
    """Return (connection, visits) on DuckDB over the files of the days."""
    connection = ibis.duckdb.connect()
    paths = [str(path) for path in store.files(first, last)]
    return connection, connection.read_parquet(paths, table_name="visits", hive_partitioning=False)


def native_copy(
    store: VisitStore, path: Path, *, first: int | None = None, last: int | None = None
) -> tuple[Any, Any]:
    """Write the days into a DuckDB file, sorted by place and arrival, and return (connection, visits).

    For analysts who want SQL over the last days; a person who waits is served by the working set.
    """
    path.unlink(missing_ok=True)
    connection = ibis.duckdb.connect(path)
    files = [str(file) for file in store.files(first, last)]
    connection.con.execute(_COPY, [files])
    return connection, connection.table("visits")


def on_spark(
    store: VisitStore,
    *,
    master: str = "local[2]",
    first: int | None = None,
    last: int | None = None,
    options: Mapping[str, str] = {},
) -> tuple[Any, Any]:
    """Return (connection, visits) on a Spark cluster over the same files; needs the extra `spark` and Java.

    Every worker must see the store's folder under the same path. `options` are further settings of the session.
    """
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra that few installations have

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else workers start another Python
    builder: Any = SparkSession.builder
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "8",
        **options,
    }
    builder = builder.master(master).appName("lianfang visits")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    connection = ibis.pyspark.connect(session)
    files = [str(file) for file in store.files(first, last)]
    session.read.parquet(*files).createOrReplaceTempView("visits")
    return connection, connection.table("visits")


def windows_of(windows: Windows) -> Any:
    """Return the windows as a table that joins on any engine."""
    return ibis.memtable(windows.to_arrow())
