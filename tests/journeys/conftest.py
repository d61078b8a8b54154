"""One invented world, a server process and a browser for all journeys; skipped with the reason where there is no browser.

Journeys that take weeks have a server of their own, on a copy of the same world, whose clock they put forward.
"""

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
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

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
        "LIANFANG_REGIONS_HOUR": "0",  # the journeys are made at any hour, that after midnight too
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
def made_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the invented world, made once for all test processes.

    LIANFANG_JOURNEYS_WORLD names a folder that keeps it between runs, for whoever works on the journeys; delete the
    folder after a day, for its clocks run on.
    """
    chromium()
    root = tmp_path_factory.getbasetemp()
    shared = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    made = Path(os.environ.get("LIANFANG_JOURNEYS_WORLD") or shared / "journeys-world")
    with (shared / "journeys.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "ready").exists():
            made.mkdir(parents=True, exist_ok=True)
            plain = {k: v for k, v in os.environ.items() if not k.startswith("LIANFANG_")}
            env = {**plain, "DJANGO_SETTINGS_MODULE": "lianfang.project.settings"}
            done = subprocess.run(
                [sys.executable, "-c", _BUILD], check=False, cwd=made, env=env, capture_output=True
            )
            assert done.returncode == 0, done.stderr.decode()[-2000:]
            (made / "ready").touch()
    return made


@contextmanager
def _serving(world: Path, program: list[Any], **more: str) -> Iterator[str]:
    """Serve a world with the loop turning in the process; yield the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*program, "serve", "--port", str(port)]
    env = _environment(world) | more
    with (world / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=world, env=env, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process, world / "server.log")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(address: str, process: Any, log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/sign-in", timeout=60):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if process.poll() is not None:
                pytest.fail(f"the server did not start:\n{log.read_text('utf-8')[-2000:]}")
            time.sleep(0.1)
    pytest.fail(f"the server did not answer within three minutes:\n{log.read_text('utf-8')[-2000:]}")


@pytest.fixture(scope="session")
def server(made_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server process on a copy of the world."""
    own = tmp_path_factory.mktemp("world") / "site"
    shutil.copytree(made_world, own)
    with _serving(own, [Path(sys.executable).with_name("lianfang")]) as address:
        yield address


@dataclass(frozen=True)
class Weeks:
    """A server whose clock can be put forward."""

    address: str
    file: Path

    @property
    def ahead(self) -> float:
        """By how many seconds the clock stands ahead."""
        return float(self.file.read_text("utf-8"))

    def go_on(self, **span: float) -> None:
        """Put the clock forward; the loop of the server makes a full pass by itself."""
        ahead = self.ahead + timedelta(**span).total_seconds()
        fresh = self.file.with_suffix(".new")
        fresh.write_text(str(ahead), "utf-8")
        fresh.replace(self.file)


@pytest.fixture(scope="session")
def weeks(made_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weeks]:
    """A server of its own for journeys that take weeks."""
    own = tmp_path_factory.mktemp("weeks") / "site"
    shutil.copytree(made_world, own)
    file = own / "ahead"
    file.write_text("0", "utf-8")
    program = [sys.executable, Path(__file__).with_name("put_forward.py")]
    with _serving(own, program, LIANFANG_AHEAD=str(file)) as address:
        yield Weeks(address, file)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, started once; where it does not start, the journeys are skipped with its own words."""
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        except Error as error:
            pytest.skip(f"Chromium does not start: {error}")
        yield started
        started.close()


@pytest.fixture(scope="session")
def seen() -> set[Any]:
    """Pages whose accessibility and texts were already looked at in a window of this width and language."""
    return set()


@pytest.fixture(scope="session")
def badges() -> dict[tuple[str, str], Any]:
    """The cookies of those who have signed in at a server: a password is checked slowly on purpose."""
    return {}


@pytest.fixture
def arrive(
    browser: Browser,
    axe: str,
    seen: set[Any],
    badges: dict[tuple[str, str], Any],
    request: pytest.FixtureRequest,
) -> Iterator[Callable[[str, str, Window], Visitor]]:
    """Return `arrive(address, login, window)`: somebody of the cast, signed in, in a browser window of their own."""
    visitors: list[Visitor] = []

    def come(address: str, login: str, window: Window) -> Visitor:
        visitor = Visitor.arrive(browser, address, window, axe=axe, seen=seen)
        visitors.append(visitor)
        badge = badges.get((address, login))
        if badge:
            visitor.context.add_cookies(badge)
        elif login:
            visitor.sign_in(login)
            badges[address, login] = visitor.context.cookies()
        return visitor

    yield come
    for n, visitor in enumerate(visitors):
        visitor.leave(f"last-{request.node.name}-{n}")


@pytest.fixture
def sit_down(arrive: Callable[[str, str, Window], Visitor], server: str) -> Callable[[str, Window], Visitor]:
    """Return `sit_down(login, window)`: somebody at the ordinary server."""
    return lambda login, window: arrive(server, login, window)


@pytest.fixture
def come_in(arrive: Callable[[str, str, Window], Visitor], weeks: Weeks) -> Callable[[str, Window], Visitor]:
    """Return `come_in(login, window)`: somebody at the server whose clock can be put forward."""
    return lambda login, window: arrive(weeks.address, login, window)
