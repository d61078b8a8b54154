"""The `lianfang` command: one sub-command group per app. Results on stdout, progress and errors on stderr.

Exit status: 0 done, 1 refused with a sentence and a hint, 2 wrong use, 3 finished and something was found (parked rows, a
broken record, a failed pass), 130 interrupted.
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
    from lianfang.cli import (
        access,
        audit,
        backup,
        bulletins,
        intake,
        loop,
        measures,
        outlook,
        regions,
        registry,
        report,
        site,
        visits,
    )

    app.add_typer(loop.app, name="loop", help="Turn the loop: touched subjects, full passes, the worker.")
    app.add_typer(audit.app, name="audit", help="Seal and verify the record of acts.")
    app.add_typer(registry.places, name="places", help="Places: load a table, list.")
    app.add_typer(registry.units, name="units", help="Units: load a table, list, gaps, close.")
    app.add_typer(access.users, name="users", help="Users and the roles that they hold in areas.")
    app.add_typer(access.tokens, name="tokens", help="Keys by which machines sign in.")
    app.add_typer(
        regions.app,
        name="regions",
        help="Areas: compute indicators and grades, take published figures and outlines.",
    )
    app.add_typer(bulletins.app, name="bulletins", help="Bulletins of areas: draw up, issue, print.")
    app.add_typer(
        outlook.app, name="outlook", help="Runs of analytics: what is kept of each study, letting go."
    )
    app.add_typer(measures.measures, name="measures", help="Measures in force: list, begin, end.")
    app.add_typer(measures.plans, name="plans", help="Response plans: list, drill, switch on and off.")
    app.add_typer(visits.app, name="visits", help="Visits: take in, search around a case, delete in time.")
    site.add_to(app)
    intake.add_to(app)
    backup.add_to(app)
    report.add_to(app)


__all__ = ["app", "run"]
