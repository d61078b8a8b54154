"""Commands about places and units."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from lianfang.cli.door import (
    Area,
    As,
    At,
    Json,
    Reason,
    acting,
    moment,
    out,
    path_of,
    show_rows,
    start_django,
)

places = typer.Typer(no_args_is_help=True)
units = typer.Typer(no_args_is_help=True)
_DAY = "%Y-%m-%d"


@places.command("load")
def load(
    table: Annotated[
        Path,
        typer.Argument(
            help="CSV with code, name, level, parent; or six-digit codes of GB/T 2260 with code, name; or a folder with "
            "provinces.csv, cities.csv, areas.csv."
        ),
    ],
    abolished_on: Annotated[
        datetime | None,
        typer.Option(
            formats=[_DAY], help="The table is complete: places that it lacks were abolished on this day."
        ),
    ] = None,
    system: Annotated[
        str, typer.Option(help="Source whose numbers of places stand in the column external_id.")
    ] = "",
    as_user: As = None,
    at: At = None,
) -> None:
    """Add and change places from a table; nothing is deleted, and the same table again changes nothing."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.core.registry.services import load_places

    day = None if abolished_on is None else abolished_on.date()
    done = load_places(_rows(table), by=by, at=when, abolished_on=day, system=system)
    out.print(", ".join(f"{n} {word}" for word, n in done.counts().items()))


def _rows(table: Path) -> list[Any]:
    """Read the table in the form that it shows itself to be."""
    from lianfang.core.registry.place_tables import (
        columns_of,
        read_gb2260,
        read_gb2260_codes,
        read_place_table,
    )

    if table.is_dir():
        return read_gb2260(table)
    return read_place_table(table) if {"level", "parent"} <= columns_of(table) else read_gb2260_codes(table)


@places.command("list")
def list_places_in(
    area: Area = "",
    level: Annotated[int | None, typer.Option(help="0 nation ... 3 county ... 6 grid cell.")] = None,
    limit: int = 200,
    as_json: Json = False,
) -> None:
    """List the places of an area in the order of their paths."""
    start_django()
    from lianfang.core.registry.selectors import list_places

    rows = [
        {
            "code": one.code,
            "name": one.name,
            "level": one.level,
            "parent": one.parent.code if one.parent else "",
            "urban": "yes" if one.is_urban else "",
        }
        for one in list_places(path=path_of(area), level=level, limit=limit)
    ]
    show_rows(rows, ("code", "name", "level", "parent", "urban"), as_json=as_json)


@places.command("urban")
def mark_urban_district(
    code: Annotated[str, typer.Argument(help="Code of a county.")],
    reason: Reason,
    is_urban: Annotated[
        bool, typer.Option("--yes/--no", help="Whether it is a district of its city (市辖区).")
    ] = True,
    as_user: As = None,
    at: At = None,
) -> None:
    """Say whether a county is a district of its city: the grade of a city's urban area is the worst of its districts."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.core.registry.selectors import get_place
    from lianfang.core.registry.services import mark_urban

    place = mark_urban(place=get_place(code), is_urban=is_urban, reason=reason, by=by, at=when)
    out.print(f"{place.code} {place.name}: urban {'yes' if place.is_urban else 'no'}")


@units.command("load")
def load_units_from(
    table: Annotated[
        Path,
        typer.Argument(
            help="CSV with code, name, kind, place, and if present parent, capabilities (separated by spaces, or `all`), "
            "name_en, email, webhook, daily_capacity."
        ),
    ],
    as_user: As = None,
    at: At = None,
) -> None:
    """Create and change units from a table; the same table again changes nothing."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.core.registry.services import load_units
    from lianfang.core.registry.unit_tables import read_unit_table

    done = load_units(read_unit_table(table), by=by, at=when)
    out.print(", ".join(f"{n} {word}" for word, n in done.items()))


@units.command("list")
def list_units_in(area: Area = "", capability: str = "", as_json: Json = False) -> None:
    """List the open units of an area with what they answer for."""
    start_django()
    from lianfang.core.registry.selectors import list_units

    rows = [
        {
            "code": one.code,
            "name": one.name,
            "kind": one.kind,
            "place": one.place.code,
            "parent": one.parent.code if one.parent else "",
            "capabilities": " ".join(sorted(each.capability for each in one.capabilities.all())),
        }
        for one in list_units(path=path_of(area), capability=capability)
    ]
    show_rows(rows, ("code", "name", "kind", "place", "parent", "capabilities"), as_json=as_json)


@units.command("gaps")
def list_gaps(area: Area = "", as_json: Json = False) -> None:
    """List the kinds of work that no unit of the place answers for, and which unit above does meanwhile."""
    start_django()
    from lianfang.core.registry.selectors import capability_gaps

    rows = [
        {
            "place": one.place.code,
            "name": one.place.name,
            "capability": one.capability,
            "meanwhile": one.unit.code if one.unit else "",
        }
        for one in capability_gaps(path_of(area))
    ]
    show_rows(rows, ("place", "name", "capability", "meanwhile"), as_json=as_json)


@units.command("close")
def close(unit: str, reason: Reason, as_user: As = None, at: At = None) -> None:
    """Close a unit: the nearest unit above that can takes over its duties."""
    when = moment(at)
    by = acting(as_user, when)
    from lianfang.core.registry.selectors import get_unit
    from lianfang.core.registry.services import close_unit

    close_unit(unit=get_unit(unit), reason=reason, by=by, at=when)
    out.print("Closed.")
