"""`lianfang demo` on an empty folder: time until the start page answers, processor time, and the peak of memory of all its processes.

The lower bound, in the same run, is `lianfang init` of an empty site: interpreter, settings, migrations, rulebook.
Memory is the proportional set size, so that pages shared by the processes count once.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from measuring import REPOSITORY, Table

LONGEST = 1800
_TICKS = os.sysconf("SC_CLK_TCK")


def measure(quick: bool) -> None:
    table = Table("from an empty folder to the start page", "what", "s", "CPU s", "peak MB", "CPU to bound")
    with tempfile.TemporaryDirectory() as folder:
        bound = watched(["init"], Path(folder) / "bare", until=None)
        table.row("an empty site (bound)", *bound, None)
        if quick:
            return
        port = free_port()
        words = ["demo", "--no-open", "--fresh", "--port", str(port), "--folder", f"{folder}/demo"]
        found = watched(words, Path(folder) / "demo", until=f"http://127.0.0.1:{port}/")
        table.row("lianfang demo, until the start page answers", *found, found[1] / bound[1])


def watched(words: list[str], data: Path, until: str | None) -> tuple[float, float, float]:
    """Run the command until it ends or `until` answers; return seconds, processor seconds and peak MB of its processes."""
    program = Path(sys.prefix) / "bin" / "lianfang"
    environment = {**os.environ, "LIANFANG_DATA_DIR": str(data)}
    environment.pop("LIANFANG_DATABASE_URL", None)
    begun, peak, cpu = time.perf_counter(), 0.0, 0.0
    child = subprocess.Popen(
        [program, *words], cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while time.perf_counter() - begun < LONGEST:
            peak, cpu = max(peak, memory(child.pid)), max(cpu, processor(child.pid))
            if child.poll() is not None and until is not None:
                raise RuntimeError(f"lianfang {' '.join(words)} ended with status {child.returncode}")
            if child.poll() is not None or (until and answers(until)):
                return time.perf_counter() - begun, cpu, peak
            time.sleep(0.2)
        raise RuntimeError(f"no answer in {LONGEST} s")
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGTERM)
            child.wait(30)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def session(leader: int) -> list[Path]:
    """Return the /proc folders of all processes of a session."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == leader:
            found.append(folder)
    return found


def memory(leader: int) -> float:
    total = 0
    for folder in session(leader):
        try:
            lines = (folder / "smaps_rollup").read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def processor(leader: int) -> float:
    """Return the processor seconds of the session, those of ended and awaited children included."""
    total = 0
    for folder in session(leader):
        try:
            fields = (folder / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / _TICKS
