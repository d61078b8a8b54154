"""What all commands share: starting Django once, showing tables, progress and errors, moment and actor of the command."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from lianfang.common.errors import LianfangError
    from lianfang.core.access.actor import Actor

# Exit status, besides 0: all is done as asked.
REFUSED, WRONG_USE, FOUND, INTERRUPTED = 1, 2, 3, 130

# What goes into a pipe or a file is not cut to the width of a screen.
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 400)
progress = Console(stderr=True, highlight=False, soft_wrap=True)

At = Annotated[
    str | None, typer.Option("--at", help="Act as if it were this moment, such as 2020-02-12T18:00.")
]
As = Annotated[
    str | None,
    typer.Option("--as", help="Act with the permissions of this user; else with those of the system."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]
Area = Annotated[str, typer.Option("--area", help="Code of a place: only what lies in it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; is kept in the record.")]


@lru_cache(maxsize=1)
def start_django() -> None:
    """Start Django; commands that need no database never do."""
    import django

    django.setup()


def moment(text: str | None) -> datetime:
    """Return the moment that the command is to act at: given as ISO 8601 with zone, else now.

    A moment to come is refused but in a demo: what is recorded then would be known before its time.
    """
    start_django()
    from django.conf import settings

    from lianfang.common.clock import now, site_zone

    if text is None:
        return now()
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            "give a moment such as 2020-02-12T18:00 or 2020-02-12T18:00+08:00"
        ) from error
    given = (given if given.tzinfo else given.replace(tzinfo=site_zone())).astimezone(UTC)
    if given > now() and not settings.IS_DEMO:
        raise typer.BadParameter("this moment is still to come; only a demo (LIANFANG_DEMO=1) runs ahead")
    return given


def acting(login: str | None, at: datetime) -> "Actor":
    """Return the actor of the command: the user named by `--as`, else the system under the name of the command line."""
    start_django()
    from lianfang.core.access.actor import Actor
    from lianfang.core.access.selectors import actor_for, user_of_login

    return Actor.system("command line") if login is None else actor_for(user_of_login(login), at)


def show_rows(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Print rows as a table, or as JSON lines with `--json`."""
    if as_json:
        for row in rows:
            out.print(json.dumps(dict(row), ensure_ascii=False, default=str), markup=False)
        return
    table = Table(box=None, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, no_wrap=place == 0, overflow="fold")
    for row in rows:
        table.add_row(*(_shown(row.get(column)) for column in columns))
    out.print(table)


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.1f}"
    return "" if value is None else str(value)


def show_error(error: "LianfangError") -> None:
    """Print what was wrong and what to do, one line each, on stderr."""
    print(f"{error.code}: {error.sentence}", file=sys.stderr)  # noqa: T201 - stderr is the door here
    if error.advice:
        print(error.advice, file=sys.stderr)  # noqa: T201


def path_of(area: str) -> str:
    """Return the path of the area named by its code; "" for none."""
    start_django()
    from lianfang.core.registry.selectors import get_place

    return get_place(area).path if area else ""


def read_bytes(path: Path) -> bytes:
    """Return the content of a file (`-` is stdin), or leave with a sentence."""
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}") from error


def write_bytes(parts: Iterable[bytes], path: Path | None) -> None:
    """Write to the file, or to stdout where there is none, part by part."""
    if path is None:
        sys.stdout.buffer.writelines(parts)
        sys.stdout.buffer.flush()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.writelines(parts)
    progress.print(f"{path}: {path.stat().st_size:,} bytes", markup=False)


_EVERY = 5.0  # seconds between two lines of progress where there is no terminal


@contextmanager
def track(what: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function `tell(done, of)`: a bar on a terminal, a line every few seconds elsewhere; ends with a summary."""
    started = last = time.monotonic()
    state = {"done": 0, "of": 0}
    status = progress.status(what) if progress.is_terminal else None

    def tell(done: int, of: int) -> None:
        nonlocal last
        state.update(done=done, of=of)
        if status is not None:
            status.update(f"{what}: {done:,} of {of:,}")
        elif time.monotonic() - last >= _EVERY:
            last = time.monotonic()
            progress.print(f"{what}: {done:,} of {of:,}", markup=False)

    if status is not None:
        status.start()
    try:
        yield tell
    finally:
        if status is not None:
            status.stop()
        seconds = time.monotonic() - started
        rate = f", {state['done'] / seconds:,.0f} a second" if state["done"] and seconds > 1 else ""
        progress.print(f"{what}: {state['done']:,} of {state['of']:,} in {seconds:.1f} s{rate}", markup=False)
