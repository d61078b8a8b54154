"""Commands for bulletins: draw up, issue, print."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lianfang.cli.door import (
    Area,
    As,
    At,
    Json,
    acting,
    moment,
    path_of,
    show_rows,
    start_django,
    write_bytes,
)

if TYPE_CHECKING:
    from lianfang.bulletins.models import Bulletin

app = typer.Typer(no_args_is_help=True)
_COLUMNS = ("id", "on", "place", "disease", "version", "status", "digest")
Number = Annotated[int, typer.Argument(help="Number of the bulletin.")]


def _shown(row: "Bulletin") -> dict[str, Any]:
    status = "draft" if not row.is_issued else "issued" if row.holds else "corrected"
    return {
        "id": row.pk,
        "on": row.on.isoformat(),
        "place": row.place.code,
        "disease": row.disease,
        "version": row.version,
        "status": status,
        "digest": row.digest[:16],
    }


def _get(number: int, login: str | None, at: datetime) -> "Bulletin":
    from lianfang.bulletins.models import Bulletin

    row: Bulletin = Bulletin.objects.select_related("place", "issued_by").get_visible(
        acting(login, at), pk=number
    )
    return row


@app.command("list")
def list_all(area: Area = "", login: As = None, as_json: Json = False) -> None:
    """List drafts and bulletins, the newest first."""
    start_django()
    from lianfang.bulletins.selectors import bulletins_in

    rows = bulletins_in(acting(login, moment(None)), path_of(area))[:200]
    show_rows([_shown(row) for row in rows], _COLUMNS, as_json=as_json)


@app.command()
def draft(
    place: Annotated[str, typer.Argument(help="Code of the area.")],
    on: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="The day, to its 24:00.")],
    disease: Annotated[str, typer.Option("--disease", help="The id of the disease pack.")],
    at: At = None,
    login: As = None,
    as_json: Json = False,
) -> None:
    """Draw up the bulletin of an area for a day from what is known now."""
    when = moment(at)
    start_django()
    from lianfang.bulletins.services import draft_bulletin
    from lianfang.core.registry.selectors import get_place

    day: date = on.date()
    row = draft_bulletin(disease=disease, place=get_place(place), on=day, by=acting(login, when), at=when)
    show_rows([_shown(row)], _COLUMNS, as_json=as_json)


@app.command()
def issue(
    number: Number,
    login: Annotated[str, typer.Option("--as", help="Who issues it, by sign-in name: it bears their name.")],
    at: At = None,
    as_json: Json = False,
) -> None:
    """Issue a draft in the name of a person."""
    when = moment(at)
    start_django()
    from lianfang.bulletins.services import issue_bulletin

    row = issue_bulletin(bulletin=_get(number, login, when), by=acting(login, when), at=when)
    show_rows([_shown(row)], _COLUMNS, as_json=as_json)


@app.command("print")
def print_out(
    number: Number,
    language: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    file: Annotated[Path | None, typer.Option("--out", help="The PDF; stdout if left out.")] = None,
    login: As = None,
) -> None:
    """Write a bulletin as PDF."""
    start_django()
    from lianfang.bulletins.printing import pdf_of
    from lianfang.bulletins.telling import LANGUAGES, no_address

    if language not in LANGUAGES:
        raise typer.BadParameter(f"write one of {', '.join(LANGUAGES)}", param_hint="--language")
    row = _get(number, login, moment(None))
    write_bytes([pdf_of(row, language=language, address=no_address)], file)
