"""kill -9 at random moments of an import, of passes of the loop, of sending: nothing is lost and nothing done twice.

Each kind of work is killed at least fifty times (`LIANFANG_KILLS` times where that is set) and begun again; what stands
at the end is what an undisturbed run of the same rounds leaves behind.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).resolve().parents[2]
N_KILLS = int(os.environ.get("LIANFANG_KILLS", "50"))
Databases = Callable[[], str]


def driven(
    url: str, scenario: str, *words: str, kills: int = 0, rounds: int = 0, seed: int = 1
) -> dict[str, Any]:
    """Run a scenario in an interpreter of its own; see `tests.acceptance.killing`."""
    environment = {
        **os.environ,
        "LIANFANG_DATABASE_URL": url,
        "LIANFANG_WEBHOOK_PRIVATE": "1",
        "DJANGO_SETTINGS_MODULE": "lianfang.project.settings",
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "src")]),
    }
    told = [str(kills), str(rounds), str(seed), *words]
    done = subprocess.run(
        [sys.executable, "-m", "tests.acceptance.killing", scenario, *told],
        env=environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=1800,  # a busy machine
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{scenario}: {found['kills']} kills in {found['rounds']} rounds")
    return found


def assert_same(disturbed: dict[str, Any], plain: dict[str, Any]) -> None:
    assert disturbed.keys() == plain.keys()
    for name, rows in plain.items():
        if isinstance(rows, list):
            more, fewer = Counter(disturbed[name]) - Counter(rows), Counter(rows) - Counter(disturbed[name])
            assert (more, fewer) == (Counter(), Counter()), f"{name}: too many, too few"
        else:
            assert disturbed[name] == rows, name


def test_a_killed_import_loses_nothing_and_takes_nothing_twice(databases: Databases) -> None:
    killed = driven(databases(), "files", kills=N_KILLS)
    assert killed["kills"] >= N_KILLS
    plain = driven(databases(), "files", rounds=killed["rounds"])
    assert plain["kills"] == 0
    assert_same(killed["state"], plain["state"])
    # What was acknowledged before a kill is on file.
    rows = Counter(row.split(",")[0].strip("('") for row in killed["state"]["signals"])
    said = [(n, n_new) for word, n, n_new in killed["acknowledged"] if word == "received"]
    assert {n for n, _n_new in said} == set(range(killed["rounds"]))
    assert [n for n, n_new in said if rows[f"{n}.csv"] < n_new] == []
    assert sum(n_new for _n, n_new in said) > killed["rounds"] * 10


def test_killed_passes_leave_the_same_tasks_and_the_same_story(databases: Databases) -> None:
    killed = driven(databases(), "passes", kills=N_KILLS)
    assert killed["kills"] >= N_KILLS
    plain = driven(databases(), "passes", rounds=killed["rounds"])
    assert len(plain["state"]["tasks"]) > 50
    assert plain["state"]["touched"] == 0
    assert_same(killed["state"], plain["state"])


def test_killed_sending_delivers_everything_and_repeats_only_with_the_same_key(databases: Databases) -> None:
    with receiver() as (url, delivered):
        killed = driven(databases(), "messages", url, kills=N_KILLS)
    state = killed["state"]
    assert killed["kills"] >= N_KILLS
    assert len(state["keys"]) == 8 * killed["rounds"]
    assert state["unsent"] == []
    assert sorted(delivered) == state["keys"]
    # A kill between the delivery and the note of it repeats that one message, with its key; nothing else repeats one.
    repeated = sum(delivered.values()) - len(delivered)
    print(f"{repeated} of {len(delivered)} messages came twice")
    assert repeated <= killed["kills"]


@contextmanager
def receiver() -> Iterator[tuple[str, Counter[str]]]:
    """Serve a webhook on the loopback that takes a moment for each message and counts them by their key."""
    delivered: Counter[str] = Counter()
    lock = threading.Lock()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                delivered[self.headers["Idempotency-Key"]] += 1
            time.sleep(0.005)
            try:
                self.send_response(204)
                self.end_headers()
            except OSError:  # the sender was killed while it waited
                return

        def log_message(self, *_line: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", delivered
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
