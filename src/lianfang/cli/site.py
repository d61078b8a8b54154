"""Commands about the whole site: set up, serve, demo."""

import os
import secrets
import sys
import threading
import webbrowser
from collections.abc import Callable
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import typer

from lianfang.cli.door import REFUSED, moment, out, progress, start_django

Port = Annotated[int, typer.Option(envvar="LIANFANG_PORT", help="Port of the server.")]
Host = Annotated[str, typer.Option(envvar="LIANFANG_HOST", help="Address to listen on.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module to the top of the command tree."""
    app.command()(init)
    app.command()(setup)
    app.command()(serve)
    app.command()(demo)
    app.command()(check)


def init(
    nation: Annotated[str, typer.Option(help="Code and name of the place above all others.")] = "CN=中国",
    unit: Annotated[
        str, typer.Option(help="Code and name of the unit above all others.")
    ] = "root=卫生健康委",
    admin: Annotated[str, typer.Option(help="Name under which the first administrator signs in.")] = "admin",
) -> None:
    """Set a site up from nothing: keys, tables, the first place, unit and administrator. Repeated, it adds what is missing.

    The keys lie in the data folder unless the environment has them. Keep a copy of identity_key in a safe place: without
    it no name can be read again.
    """
    _make_keys()
    setup()
    when = moment(None)
    from lianfang.cli.founding import found_site

    password = found_site(nation=_pair(nation), unit=_pair(unit), login=admin, at=when)
    if password:
        progress.print(f"{admin} is the administrator; the password, shown this once:", markup=False)
        out.print(password, markup=False)
    progress.print("Next: lianfang places load, lianfang units load, lianfang users add, lianfang serve")


def _pair(text: str) -> tuple[str, str]:
    code, _equals, name = text.partition("=")
    return code, name or code


def _make_keys() -> None:
    """Make the keys of the site where neither the environment nor the data folder has them; before Django starts."""
    folder = Path(
        os.environ.get("LIANFANG_DATA_DIR", "var")
    )  # the settings are read only once the keys are there
    folder.mkdir(parents=True, exist_ok=True)
    for variable, key in (
        ("LIANFANG_SECRET_KEY", secrets.token_urlsafe(48)),
        ("LIANFANG_IDENTITY_KEY", secrets.token_hex(32)),
    ):
        file = folder / variable.removeprefix("LIANFANG_").lower()
        if os.environ.get(variable) or os.environ.get(f"{variable}_FILE") or file.exists():
            continue
        file.touch(mode=0o600)
        file.write_text(f"{key}\n", encoding="utf-8")
        os.environ[variable] = key
        progress.print(f"A new key lies in {file}.", markup=False)


def setup() -> None:
    """Make the database ready, or bring it to this version: tables, triggers, the calendar of days."""
    start_django()
    from django.core.management import call_command

    from lianfang.cli.schema import make_tables
    from lianfang.common.clock import local_day
    from lianfang.core.registry.calendar import lay_out_days

    _make_folders()
    make_tables()
    call_command("migrate", verbosity=0)
    today = local_day(moment(None))
    first = min(today - timedelta(days=3650), today.replace(year=2014, month=1, day=1))
    lay_out_days(first, today + timedelta(days=730))
    progress.print("The database is ready.")


def _make_folders() -> None:
    from django.conf import settings

    Path(settings.DATA_DIR).mkdir(parents=True, exist_ok=True)


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    loop: Annotated[bool, typer.Option(help="Turn the loop in the same process.")] = True,
    threads: Annotated[int, typer.Option(help="Requests answered at the same time.")] = 8,
) -> None:
    """Serve the site; with --no-loop the loop runs apart (`lianfang loop run`)."""
    start_django()
    progress.print(f"Serving on http://{host}:{port}")
    _gunicorn(host, port, threads, loop=loop)


def _turn_the_loop(_worker: object) -> None:
    """Start the loop in the process that answers requests.

    Never before gunicorn forks: a child that inherits SQLite in the middle of a transaction finds it locked for good.
    """
    from lianfang.common.clock import now
    from lianfang.loop.worker import Worker

    threading.Thread(target=Worker(now).run, name="loop", daemon=True).start()


def _gunicorn(host: str, port: int, threads: int, *, loop: bool) -> None:
    """Run gunicorn, one worker with threads: SQLite has one writer, and a county is small."""
    from django.db import connections
    from gunicorn.app.base import BaseApplication

    from lianfang.project.wsgi import application

    connections.close_all()

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in {
                "bind": f"{host}:{port}",
                "workers": 1,
                "threads": threads,
                "timeout": 120,
                "accesslog": None,
                "loglevel": "warning",
                "post_worker_init": _turn_the_loop if loop else lambda _worker: None,
            }.items():
                self.cfg.set(name, value)

        def load(self) -> object:
            return application

    Server().run()


def demo(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    folder: Annotated[Path, typer.Option(help="Where the demo world is kept.")] = Path("var/demo"),
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the start page.")] = True,
    fresh: Annotated[bool, typer.Option(help="Throw the old demo world away and make a new one.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the invented world.")] = 26,
) -> None:
    """Make a seeded, invented prefecture with an outbreak in it and open its start page."""
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "made"  # is there once the world is whole
    if fresh or not made.exists():
        for old in (made, *folder.glob("lianfang.sqlite3*")):
            old.unlink(missing_ok=True)
    _demo_environment(folder)
    setup()
    if not made.exists():
        _in_a_process_of_its_own(_make_world, seed)
        made.touch()
    url = f"http://{host}:{port}/"
    out.print(
        f"[bold]{url}[/bold]  sign in as [bold]wang[/bold] (county epidemiologist), password lianfang-demo"
    )
    if open_browser and sys.stdout.isatty():
        threading.Timer(1.5, webbrowser.open, [url]).start()
    serve(host=host, port=port)


def _in_a_process_of_its_own(act: Callable[[int], None], seed: int) -> None:
    """Run `act` apart from the process that will serve.

    gunicorn forks, and Polars that was used before a fork waits forever after it: every page that computes would hang.
    """
    process = get_context("spawn").Process(target=act, args=(seed,))
    process.start()
    process.join()
    if process.exitcode:
        raise typer.Exit(REFUSED)


def _make_world(seed: int) -> None:
    start_django()
    from rich.progress import Progress

    from lianfang.demo.build import build

    with Progress(console=progress, transient=True) as bar:
        task = bar.add_task("Living through six weeks of an invented outbreak", total=None)
        told = build(
            at=moment(None), seed=seed, tell=lambda done, of: bar.update(task, completed=done, total=of)
        )
    progress.print(f"The demo world is ready: {told} facts.")


def _demo_environment(folder: Path) -> None:
    """Set what a demo needs before Django starts; its keys are made once and lie beside its database, as any site's."""
    database = f"sqlite:///{folder / 'lianfang.sqlite3'}"
    os.environ |= {"LIANFANG_DATA_DIR": str(folder), "LIANFANG_DATABASE_URL": database, "LIANFANG_DEMO": "1"}
    for kept in (
        "LIANFANG_SECRET_KEY",
        "LIANFANG_IDENTITY_KEY",
    ):  # those of another site do not open this one
        os.environ.pop(kept, None)
    _make_keys()


def check() -> None:
    """Check settings, database and rulebook; exit status 3 where something is to be mended."""
    start_django()
    from django.core.checks import ERROR, run_checks

    found = run_checks(include_deployment_checks=True)
    for problem in found:
        out.print(str(problem), markup=False)
    if any(problem.level >= ERROR for problem in found):
        raise typer.Exit(3)
    out.print("Nothing stands in the way." if not found else f"{len(found)} to look at.")
