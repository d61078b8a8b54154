"""Commands for runs of analytics: what is kept, and letting go of what is over."""

from typing import Annotated

import typer

from lianfang.cli.door import acting, moment, out, show_rows, start_django

app = typer.Typer(no_args_is_help=True)
At = Annotated[
    str | None, typer.Option("--at", help="Act as if it were this moment, such as 2020-02-12T18:00.")
]
As = Annotated[str | None, typer.Option("--as", help="The user who acts, by sign-in name.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]


@app.command()
def studies(as_json: Json = False) -> None:
    """List the studies with the runs kept of each, the latest, and when the next is due."""
    start_django()
    from lianfang.outlook.retention import kept_runs

    columns = ("method", "disease", "area", "runs", "latest", "due")
    show_rows(kept_runs(), columns, as_json=as_json)


@app.command()
def thin(
    at: At = None,
    login: As = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many, delete none.")] = False,
) -> None:
    """Delete superseded runs: all of the last days stay, then the last of each day; the loop does the same by itself."""
    when = moment(at)
    by = acting(login, when)
    from lianfang.outlook.retention import drop_superseded, superseded

    if dry_run:
        out.print(f"{superseded(when).count()} runs would be deleted")
        return
    out.print(f"{drop_superseded(at=when, by=by)} runs deleted")
