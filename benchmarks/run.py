"""Run the benchmarks: all, or those whose names begin with one of the words given.

    python benchmarks/run.py --list
    python benchmarks/run.py                        # all, full sizes: about an hour
    python benchmarks/run.py loop intake --quick    # two of them, small
    python benchmarks/run.py lists --database postgresql://lianfang@127.0.0.1/lianfang --json figures.json

Each runs in a process of its own. Without --database they use SQLite in a temporary folder. Exit status 1 means that
a benchmark failed; one that lacks something (data, R, splink) is skipped and says what.
"""

import argparse
import ast
import importlib
import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

from measuring import Skip

FOLDER = Path(__file__).resolve().parent
SKIPPED = 77


def benchmarks():
    """Return name -> first line of the docstring of every module here that has a function `measure`."""
    found = {}
    for file in sorted(FOLDER.glob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "measure" for node in tree.body):
            found[file.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found


def machine():
    """Return in one line on what this runs."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(
            (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model
        )
        memory = int(Path("/proc/meminfo").read_text(encoding="utf-8").split()[1]) / 2**20
    except OSError:
        memory = float("nan")
    return f"{len(os.sched_getaffinity(0))} cores of {model}, {memory:.0f} GB, Python {platform.python_version()}"


def run_here(name, *, quick):
    """Be the process of one benchmark."""
    try:
        importlib.import_module(name).measure(quick)
    except Skip as reason:
        print(f"Skipped: {reason}")
        sys.exit(SKIPPED)


def run_one(name, *, quick, database):
    """Run a benchmark in a process of its own, passing on what it prints; return what is kept of it."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if database:
        environment["LIANFANG_DATABASE_URL"] = database
    command = [sys.executable, __file__, "--here", name, *(["--quick"] if quick else [])]
    load, begun, before = (
        os.getloadavg()[0],
        time.perf_counter(),
        resource.getrusage(resource.RUSAGE_CHILDREN),
    )
    lines = []
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line.rstrip("\n"))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    word = {0: "done", SKIPPED: "skipped"}.get(process.returncode, "failed")
    kept = {
        "benchmark": name,
        "outcome": word,
        "seconds": round(time.perf_counter() - begun, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime, 1),
        "peak_mb": round(used.ru_maxrss / 1024),  # the largest child so far
        "load_before": round(load, 1),
        "load_after": round(os.getloadavg()[0], 1),
        "tables": tables(lines),
        "text": "\n".join(lines),
    }
    print(f"\n{name}: {word}, {kept['seconds']} s, {kept['cpu_seconds']} CPU s without the database server; "
          f"load {kept['load_before']} before, {kept['load_after']} after")  # fmt: skip
    return kept


def tables(lines):
    """Return the Markdown tables among the lines, each as a list of rows by column."""
    found, head = [], None
    for line, following in zip(lines, [*lines[1:], ""], strict=False):
        if not line.startswith("|"):
            head = None
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if head is None:
            head = cells
            if following.startswith("|--"):
                found.append([])
        elif found and not line.startswith("|--"):
            found[-1].append(dict(zip(head, cells, strict=False)))
    return found


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="beginnings of names; all where none is given")
    parser.add_argument("--list", action="store_true", help="name them and end")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes: whether it runs, not how fast it is"
    )
    parser.add_argument("--database", default="", help="LIANFANG_DATABASE_URL of this run")
    parser.add_argument("--json", type=Path, help="also write the tables to this file")
    parser.add_argument("--here", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        return run_here(given.here, quick=given.quick)
    known = benchmarks()
    chosen = [name for name in known if not given.names or name.startswith(tuple(given.names))]
    if given.list:
        for name in chosen:
            print(f"{name:24} {known[name]}")
        return None
    if not chosen:
        parser.error(f"no benchmark begins with {' or '.join(given.names)}; there are {', '.join(known)}")
    print(machine())
    kept = []
    for name in chosen:
        print(f"\n## {name}\n{known[name]}", flush=True)
        kept.append(run_one(name, quick=given.quick, database=given.database))
    if given.json:
        written = {"machine": machine(), "quick": given.quick, "benchmarks": kept}
        given.json.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return sys.exit(1 if any(one["outcome"] == "failed" for one in kept) else None)


if __name__ == "__main__":
    main()
