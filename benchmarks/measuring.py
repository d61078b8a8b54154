"""What benchmarks share: a clock that counts the work of the database, too, a fresh database, and what may be missing.

A benchmark is a module of this folder with a function `measure(quick)` that prints Markdown; nothing else registers
it. `run.py` finds it, runs it in a process of its own and keeps what it printed. Each table has the peer or the lower
bound as a column of the same run, and the ratio to it.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("LIANFANG_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))


class Skip(Exception):  # noqa: N818 - it is not an error
    """What the benchmark needs is not here; the message says what."""


def shared(name: str) -> Path:
    """Return a folder of the shared data, or skip."""
    folder = SHARED / name
    if not folder.is_dir():
        raise Skip(f"no shared data {name}; LIANFANG_SHARED_DATA names the folder")
    return folder


@dataclass
class Taken:
    """Seconds of the wall clock, and of processors: this process, its children, its PostgreSQL backend."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def clock(says: str = "") -> Iterator[Taken]:
    """Measure the block; with a sentence, say on stderr how it went."""
    taken = Taken()
    wall, cpu = time.perf_counter(), _processor_seconds()
    yield taken
    taken.wall, taken.cpu = time.perf_counter() - wall, _processor_seconds() - cpu
    if says:
        print(f"{says}: {taken.wall:.2f} s, {taken.cpu:.2f} CPU s", file=sys.stderr, flush=True)


def timed(act: Callable[[], Any], says: str = "") -> Taken:
    """Measure one call."""
    with clock(says) as taken:
        act()
    return taken


def _processor_seconds() -> float:
    return time.process_time() + sum(os.times()[2:4]) + _backend_seconds()


def _backend_seconds() -> float:
    """Return what the server process of our connection has used, where it is on this machine."""
    if "django" not in sys.modules:
        return 0.0
    from django.conf import settings
    from django.db import connection

    if not settings.configured or connection.vendor != "postgresql" or connection.connection is None:
        return 0.0
    try:
        text = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return int(text.split()[0]) / 1e9


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie."""
    return statistics.quantiles(values, n=100, method="inclusive")[round(100 * share) - 1]


def page_cost(client: Any, address: str, turns: int) -> tuple[float, float, int]:
    """Return what a page costs: p95 of the clock and of processors over `turns` requests, and its number of queries."""
    from django.db import connection

    queries = []

    def note(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        queries.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    takes = [timed(lambda: client.get(address)) for _ in range(turns)]
    return quantile([t.wall for t in takes], 0.95), quantile([t.cpu for t in takes], 0.95), len(queries)


class Table:
    """A Markdown table that is printed row by row, so that a long run shows how far it is."""

    def __init__(self, title: str, *columns: str) -> None:
        print(f"\n**{title}**\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)

    def row(self, *cells: Any) -> None:
        print(f"| {' | '.join(_cell(cell) for cell in cells)} |", flush=True)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def set_up_django() -> None:
    """Make the models importable; the database is that of LIANFANG_DATABASE_URL, or SQLite."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.project.settings")
    if str(REPOSITORY) not in sys.path:
        sys.path.insert(0, str(REPOSITORY))
    import django

    django.setup()


@contextmanager
def fresh_database() -> Iterator[Any]:
    """Make an empty database of our own, migrated and with its triggers, and drop it at the end.

    On SQLite it is a file, as on a site, and not in memory as in tests. On PostgreSQL it is `test_NAME` beside the
    one that LIANFANG_DATABASE_URL names, which is not touched.
    """
    from django.db import connection

    with tempfile.TemporaryDirectory() as folder:
        standing = connection.settings_dict["NAME"]
        if connection.vendor == "sqlite":
            connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "benchmark.sqlite3")
        else:  # one process serves us: what others do in parallel would not be counted
            connection.settings_dict["OPTIONS"]["options"] += " -c max_parallel_workers_per_gather=0"
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        try:
            yield connection
        finally:
            connection.creation.destroy_test_db(standing, verbosity=0)


def analyze() -> None:
    """Let PostgreSQL look at its rows, as autovacuum does on a site; nobody does so on SQLite."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def load(model: Any, columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> int:
    """Write rows of raw column values the fastest way there is: COPY, or executemany; return how many.

    `columns` are database columns; those left out get the default of the model. Nothing is checked: this lays ground,
    it is never what is measured.
    """
    from django.db import connection, transaction

    meta = model._meta  # noqa: SLF001 - Django's documented Meta API
    others = [f for f in meta.concrete_fields if not (f.column in columns or f.null or f.primary_key)]
    rest = tuple(field.get_db_prep_save(field.get_default(), connection) for field in others)
    names = [*columns, *(field.column for field in others)]
    listed = ", ".join(f'"{name}"' for name in names)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            n = 0
            with cursor.copy(f'COPY "{meta.db_table}" ({listed}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row((*row, *rest))
                    n += 1
            return n
        marks = ", ".join(["?"] * len(names))
        statement = f'INSERT INTO "{meta.db_table}" ({listed}) VALUES ({marks})'
        return connection.connection.executemany(statement, ((*row, *rest) for row in rows)).rowcount
