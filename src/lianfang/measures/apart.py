"""A play with the records: real code writes them, and nothing of it is left."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import DEFAULT_DB_ALIAS, connections, transaction


@contextmanager
def play() -> Iterator[None]:
    """Let what this thread writes within be taken back at the end.

    PostgreSQL lets others write beside a transaction. SQLite does not, so there the play is on a copy of the file, which
    is read beside writers.
    """
    with _stage(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def _stage() -> Iterator[None]:
    real = connections[DEFAULT_DB_ALIAS]
    if real.vendor != "sqlite" or real.in_atomic_block:  # a caller's transaction holds the lock already
        yield
        return
    with TemporaryDirectory(prefix="lianfang-play-") as folder:
        file = str(Path(folder) / "play.sqlite3")
        copy = type(real)({**real.settings_dict, "NAME": file}, alias=DEFAULT_DB_ALIAS)
        try:
            for one in (real, copy):
                one.ensure_connection()
            real.connection.backup(copy.connection)
            connections[DEFAULT_DB_ALIAS] = copy
            yield
        finally:
            connections[DEFAULT_DB_ALIAS] = real
            copy.close()
