"""Databases of their own for tests whose processes must see what others have committed."""

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

# The processes of these tests share what Python compiled, outside the tree: else each of them compiles everything anew
# where bytecode may not be written (5.4 against 2.0 processor seconds for a command).
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.setdefault(
    "PYTHONPYCACHEPREFIX", str(Path(tempfile.gettempdir()) / f"lianfang-pycache-{os.getuid()}")
)


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Give a function that makes an empty database and returns its URL; all are gone afterwards."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield lambda: f"sqlite:///{tmp_path / uuid.uuid4().hex[:8]}.sqlite3"
            return
        url = os.environ.get("LIANFANG_TEST_POSTGRES_URL") or os.environ.get("LIANFANG_DATABASE_URL", "")
        if not url.startswith("postgres"):
            pytest.skip("no PostgreSQL: set LIANFANG_TEST_POSTGRES_URL to run this test")
        yield lambda: stack.enter_context(_database(url))


@contextmanager
def _database(url: str) -> Iterator[str]:
    import psycopg

    name = f"lianfang_killed_{uuid.uuid4().hex[:8]}"
    parts = urlsplit(url)
    server = parts._replace(path="/postgres").geturl()
    with psycopg.connect(server, autocommit=True) as line:
        line.execute(f'CREATE DATABASE "{name}"')
    yield parts._replace(path=f"/{name}").geturl()
    with psycopg.connect(server, autocommit=True) as line:
        line.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
