"""Commands for areas: compute the night's work now, take published figures and outlines."""

import csv
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from lianfang.cli.door import acting, moment, progress, show_rows, start_django

app = typer.Typer(no_args_is_help=True)
At = Annotated[
    str | None, typer.Option("--at", help="Act as if it were this moment, such as 2020-02-12T18:00.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]
As = Annotated[str | None, typer.Option("--as", help="The user who acts, by sign-in name.")]
_RUN = ("disease", "last", "areas", "grades", "warnings", "data_alerts", "seconds")


@app.command()
def run(
    disease: Annotated[
        str | None,
        typer.Option("--disease", help="One disease; all of which anything is on file if left out."),
    ] = None,
    at: At = None,
    as_json: Json = False,
) -> None:
    """Compute indicators, outlook, beds, warnings and grades of all areas now, to 24:00 of the day before."""
    when = moment(at)
    start_django()
    from lianfang.regions.bed_demand import compute_beds
    from lianfang.regions.night import compute, diseases

    rows: list[dict[str, Any]] = []
    for one in [disease] if disease else diseases():
        night = compute(one, at=when)
        if night is None:
            progress.print(f"{one}: nothing on file about any area.")
            continue
        rows.append(
            {
                "disease": one,
                "last": night.last.isoformat(),
                "areas": night.areas,
                "grades": night.grades.found,
                "warnings": night.warnings.found,
                "data_alerts": night.data_alerts.found,
                "seconds": night.run.seconds if night.run else 0,
            }
        )
    beds = compute_beds(at=when)
    if beds is not None:
        progress.print(
            f"beds: {beds.result['series']} rows of areas, kinds and levels, {beds.seconds} s, {beds.status}."
        )
    show_rows(rows, _RUN, as_json=as_json)


@app.command()
def publish(
    file: Annotated[
        Path,
        typer.Argument(help="CSV with place, on, and any of confirmed, suspected, cured, died (cumulative)."),
    ],
    disease: Annotated[str, typer.Option("--disease", help="The id of the disease pack.")],
    source: Annotated[str, typer.Option("--source", help="Who published the figures.")],
    at: At = None,
    login: As = None,
    as_json: Json = False,
) -> None:
    """Take cumulative figures that areas published; they stand in where no case is on file."""
    when = moment(at)
    start_django()
    from lianfang.regions.services import COUNTS, take_published

    with file.open(encoding="utf-8-sig") as lines:
        rows = [
            {
                "place": row["place"],
                "on": date.fromisoformat(row["on"]),
                **{name: int(row[name]) if row.get(name) else None for name in COUNTS},
            }
            for row in csv.DictReader(lines)
        ]
    new, corrected = take_published(
        disease=disease, rows=rows, source=source, by=acting(login, when), at=when
    )
    show_rows([{"new": new, "corrected": corrected}], ("new", "corrected"), as_json=as_json)


@app.command()
def outlines(
    file: Annotated[Path, typer.Argument(help="GeoJSON with polygons in degrees.")],
    code: Annotated[
        str,
        typer.Option("--code", help="The property that holds the code of the place; found out if left out."),
    ] = "",
    at: At = None,
    login: As = None,
    as_json: Json = False,
) -> None:
    """Take the outlines of places for the map."""
    when = moment(at)
    start_django()
    from lianfang.regions.outlines import load_geojson
    from lianfang.regions.services import take_boundaries

    done = take_boundaries(
        collection=load_geojson(file.read_bytes()),
        code=code,
        source=file.name,
        by=acting(login, when),
        at=when,
    )
    row = {
        "taken": done.taken,
        "outside": done.outside,
        "unknown": len(done.unknown),
        "such as": ", ".join(done.unknown[:5]),
    }
    show_rows([row], ("taken", "outside", "unknown", "such as"), as_json=as_json)
