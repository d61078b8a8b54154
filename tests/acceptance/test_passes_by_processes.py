"""Many processes write and turn the loop at once, on a real database: no deadlock, and no task is wrong at the end.

Without one pass per duty at a time this leaves dozens of wrong tasks behind, silently.
"""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
N_WRITERS = 8
N_ACTS = 8

# What each process runs. It is given its number, and the number of acts.
PLAYER = """
import json, random, sys
import django
django.setup()
from django.db import OperationalError, connection
from tests.acceptance.players import play
print(json.dumps(play(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'loop.sqlite3'}"
        return
    url = os.environ.get("LIANFANG_TEST_POSTGRES_URL") or os.environ.get("LIANFANG_DATABASE_URL", "")
    if not url.startswith("postgres"):
        pytest.skip("no PostgreSQL: set LIANFANG_TEST_POSTGRES_URL to run this test")
    import psycopg

    name = f"lianfang_processes_{uuid.uuid4().hex[:8]}"
    parts = urlsplit(url)
    server = parts._replace(path="/postgres").geturl()
    with psycopg.connect(server, autocommit=True) as line:
        line.execute(f'CREATE DATABASE "{name}"')
    yield parts._replace(path=f"/{name}").geturl()
    with psycopg.connect(server, autocommit=True) as line:
        line.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def start(url: str, *words: object) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "LIANFANG_DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "lianfang.project.settings",
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "src")]),
    }
    command = [sys.executable, "-c", PLAYER, *map(str, words)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY
    )


def finish(process: subprocess.Popen[str]) -> dict:
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err[-4000:]
    return json.loads(out.splitlines()[-1])


@pytest.mark.slow
def test_overlapping_passes_leave_no_wrong_task(database: str) -> None:
    finish(start(database, "prepare", 0, 0))
    processes = [start(database, "write", n, N_ACTS) for n in range(N_WRITERS)]
    done = [finish(process) for process in processes]
    assert sum(one["acts"] for one in done) == N_WRITERS * N_ACTS
    assert all(one["failed"] == [] for one in done), done
    assert sum(one["passes"] for one in done) > N_WRITERS * N_ACTS
    at_the_end = finish(start(database, "compare", 0, 0))
    assert at_the_end["n_tasks"] > N_WRITERS
    assert at_the_end["wrong"] == []


@pytest.mark.slow
def test_a_killed_worker_loses_nothing(database: str) -> None:
    finish(start(database, "prepare", 0, 0))
    finish(start(database, "write_only", 1, 6))
    worker = start(database, "worker", 0, 0)
    assert worker.stdout is not None
    worker.stdout.readline()  # it turns
    worker.kill()
    worker.communicate()
    worker = start(database, "worker", 0, 0)
    assert worker.stdout is not None
    worker.stdout.readline()
    worker.terminate()  # SIGTERM: it ends by itself, after the step at hand
    worker.communicate(timeout=120)
    assert worker.returncode == 0
    assert finish(start(database, "compare", 0, 0))["wrong"] == []
