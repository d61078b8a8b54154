"""Many processes that begin at the same moment, in a program of its own on a database that all of them see."""

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from django.db import connections

REPOSITORY = Path(__file__).resolve().parents[2]
Attempt = Callable[[int], str]


def race(numbers: Iterable[int], attempt: Attempt, refused: tuple[type[Exception], ...]) -> list[str]:
    """Run the attempt for each number in a process of its own, all at once; return what it said, or what refused it."""
    numbers = list(numbers)
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    start, told = fork.Barrier(len(numbers)), fork.Queue()

    def run(number: int) -> None:
        start.wait()
        try:
            told.put(attempt(number))
        except refused as error:
            told.put(type(error).__name__)
        except Exception as error:  # noqa: BLE001 - told to the test, which fails on it
            told.put(repr(error))

    processes = [fork.Process(target=run, args=(number,)) for number in numbers]
    for process in processes:
        process.start()
    words = [told.get(timeout=200) for _ in numbers]
    for process in processes:
        process.join()
    return sorted(words)


def told_by(program: str, database: str) -> Any:
    """Run a program of this folder on a database; return the JSON of its last line."""
    environment = {
        **os.environ,
        "LIANFANG_DATABASE_URL": database,
        "DJANGO_SETTINGS_MODULE": "lianfang.project.settings",
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "src")]),
    }
    done = subprocess.run(
        [sys.executable, "-m", f"tests.acceptance.{program}"],
        env=environment, cwd=REPOSITORY, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])
