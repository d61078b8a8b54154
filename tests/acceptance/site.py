"""A site set up and used as its people do: by the installed command, in processes of their own, and over HTTP."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

LIANFANG = Path(sys.executable).with_name("lianfang")


@dataclass
class Said:
    """What a command answered."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The JSON lines of stdout."""
        return [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]


@dataclass
class Site:
    """One site: its folder, its database, and the key with which `call` signs in."""

    folder: Path
    database: str
    key: str = ""
    url: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LIANFANG_")}
        self.environment = {
            **kept,
            "LIANFANG_DATA_DIR": str(self.folder),
            "LIANFANG_DATABASE_URL": self.database,
            "LIANFANG_LANGUAGE": "en",
        }

    def run(self, *words: object, status: int | None = 0) -> Said:
        """Run a command to its end; its exit status is to be the one expected."""
        command = [str(LIANFANG), *map(str, words)]
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False
        )
        said = Said(done.returncode, done.stdout, done.stderr)
        assert status is None or said.status == status, f"{words}: {said}"
        return said

    @contextmanager
    def serving(self, *options: str) -> Iterator["Site"]:
        """Serve the site in a process of its own until the end."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [str(LIANFANG), "serve", "--port", str(port), *options]
        with (self.folder / "serve.log").open("w") as log:
            process = subprocess.Popen(command, env=self.environment, cwd=self.folder, stdout=log, stderr=log)
        try:
            self._wait(process)
            yield self
        finally:
            process.terminate()
            process.wait(120)

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        for _ in range(600):
            assert process.poll() is None, (self.folder / "serve.log").read_text()
            try:
                urllib.request.urlopen(f"{self.url}/sign-in", timeout=20)
            except OSError:  # refused, or too slow as yet
                time.sleep(0.1)
            else:
                return
        raise AssertionError("the site does not answer")

    def call(self, method: str, path: str, body: Any = None, *, key: str = "") -> tuple[int, Any]:
        """Call an endpoint; return status and answer."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.url}/api{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=120) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            if refused.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                pytest.fail((self.folder / "serve.log").read_text()[-4000:])
            return refused.code, json.load(refused)


def found_site(folder: Path, database: str, *, nation: str = "CN=中国") -> Site:
    """Set up a site from nothing with `lianfang init`."""
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(folder, database)
    site.run("init", "--nation", nation)
    return site


def write(path: Path, *lines: str) -> Path:
    """Write a small table."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


PLACES = (
    "code,name,level,parent",
    "42,江北省,province,CN",
    "4201,云州市,prefecture,42",
    "420106,东山县,county,4201",
    "420107,西河县,county,4201",
)
UNITS = (
    "code,name,kind,place,parent,capabilities",
    "42-cdc,江北省疾控中心,cdc,42,root,all",
    "4201-cdc,云州市疾控中心,cdc,4201,42-cdc,all",
    "420106-cdc,东山县疾控中心,cdc,420106,4201-cdc,review investigate trace assess supervise sample records",
    "420106-hosp,东山县人民医院,hospital,420106,420106-cdc,report admit",
    "420106-lab,东山县检验中心,laboratory,420106,420106-cdc,test",
)


def with_a_county(site: Site) -> Site:
    """Give the site two counties, units, an epidemiologist of the first and a key of hers."""
    site.run("places", "load", write(site.folder / "places.csv", *PLACES))
    site.run("units", "load", write(site.folder / "units.csv", *UNITS))
    words = ("--name", "李敏", "--unit", "420106-cdc", "--role", "epidemiologist", "--area", "420106")
    site.run("users", "add", "limin", *words, "--no-password")
    site.key = site.run("tokens", "issue", "limin", "--name", "laptop").out.strip()
    return site
