"""The `lianfang` command: one sub-command group per app. Results on stdout, progress and errors on stderr.

Exit status: 0 done, 1 refused with a sentence and a hint, 2 wrong use, 3 finished but something was found (a check).
"""

import os
import sys

import typer

from lianfang.cli.door import show_error

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Lianfang 联防: the closed loop of outbreak response.",
)


def run() -> None:
    """Run the command line; the entry point of the installed `lianfang`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lianfang.project.settings")
    assemble()
    from lianfang.common.errors import LianfangError

    try:
        app()
    except LianfangError as error:
        show_error(error)
        sys.exit(1)


def assemble() -> None:
    """Add each app's commands; Django starts only when a command needs the database."""
    from lianfang.cli import audit, loop, report, site

    app.add_typer(loop.app, name="loop", help="Turn the loop: touched subjects, full passes, the worker.")
    app.add_typer(audit.app, name="audit", help="Seal and verify the record of acts.")
    site.add_to(app)
    report.add_to(app)


__all__ = ["app", "run"]
