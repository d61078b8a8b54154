"""Commands for visits: take them in, search around a case, delete what is over."""

from pathlib import Path
from typing import Annotated

import typer

from lianfang.cli.door import acting, moment, out, progress, show_rows, start_django

app = typer.Typer(no_args_is_help=True)
At = Annotated[
    str | None, typer.Option("--at", help="Act as if it were this moment, such as 2020-02-12T18:00.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]
As = Annotated[str | None, typer.Option("--as", help="The user who acts, by sign-in name.")]


@app.command()
def ingest(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV or Parquet with key, place, arrive, leave and a person; or at and way of a gate."
        ),
    ],
    source: Annotated[str, typer.Option("--source", help="Who sends it: its keys are its own.")],
    at: At = None,
    login: As = None,
    as_json: Json = False,
) -> None:
    """Take visits in, each record of a source once; what cannot be read is parked with the reason."""
    when = moment(at)
    from lianfang.discovery.reading import as_records, read_file
    from lianfang.discovery.services import take_visits

    taken = take_visits(records=as_records(read_file(file)), source=source, by=acting(login, when), at=when)
    row = {name: getattr(taken, name) for name in ("new", "known", "closed", "parked")}
    show_rows(
        [row | {"days": len(taken.days)}], ("new", "known", "closed", "parked", "days"), as_json=as_json
    )
    if taken.parked:
        progress.print("`lianfang visits parked` shows what was parked and why.")


@app.command()
def parked(as_json: Json = False) -> None:
    """List the records that wait for repair; send them again under their key when they are right."""
    start_django()
    from lianfang.discovery.lake import the_store

    rows = [{"source": p.source, "key": p.key, "reason": p.reason} for p in the_store().parked()]
    show_rows(rows, ("source", "key", "reason"), as_json=as_json)


@app.command()
def discover(
    case: Annotated[str, typer.Argument(help="The number of the case.")],
    purpose: Annotated[str, typer.Option("--purpose", help="What the search is for; it is recorded.")],
    at: At = None,
    login: As = None,
    as_json: Json = False,
) -> None:
    """Search who shared places with a case inside its window; findings wait for a person's decision."""
    when = moment(at)
    by = acting(login, when)
    from lianfang.cases.selectors import get_case
    from lianfang.core.access.permissions import Permission
    from lianfang.discovery.selectors import found_in
    from lianfang.discovery.services import search_visits

    search = search_visits(case=get_case(by, case, Permission.VISITS_SEARCH), purpose=purpose, by=by, at=when)
    rows = [
        {
            "person": row.person.label,
            "score": f"{row.score:.2f}",
            "minutes": row.seconds // 60,
            "stays": row.n_stays,
            "place": row.stays[0]["venue"],
        }
        for row in found_in(by, search)
    ]
    show_rows(rows, ("person", "score", "minutes", "stays", "place"), as_json=as_json)
    progress.print(
        f"{search.n_found} shared a place, {search.n_proposed} put before a person, {search.n_weak} too weak, "
        f"{search.n_named_before} contacts already, {search.n_unregistered} not in the register, "
        f"{len(search.crowd)} stays left out for their crowd"
    )


@app.command()
def drop(at: At = None, login: As = None) -> None:
    """Delete the days of visits and the results whose time is over; the loop does the same by itself."""
    when = moment(at)
    by = acting(login, when)
    from lianfang.discovery.services import drop_over

    gone, n = drop_over(by=by, at=when)
    for day in gone:
        out.print(
            f"{day.on}: {day.proof['rows']} rows in {len(day.proof['files'])} files deleted, gone: {day.proof['is_gone']}"
        )
    progress.print(f"{len(gone)} days and the results of {n} searches deleted")
