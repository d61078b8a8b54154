"""What all commands share: starting Django once, showing tables and errors, the moment and the actor of the command."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from lianfang.common.errors import LianfangError
    from lianfang.core.access.actor import Actor

out = Console(highlight=False, soft_wrap=True)
progress = Console(stderr=True, highlight=False)


@lru_cache(maxsize=1)
def start_django() -> None:
    """Start Django; commands that need no database never do."""
    import django

    django.setup()


def moment(text: str | None) -> datetime:
    """Return the moment that the command is to act at: given as ISO 8601 with zone, else now."""
    start_django()
    from lianfang.common.clock import now, site_zone

    if text is None:
        return now()
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            "give a moment such as 2020-02-12T18:00 or 2020-02-12T18:00+08:00"
        ) from error
    return (given if given.tzinfo else given.replace(tzinfo=site_zone())).astimezone(UTC)


def acting(login: str | None, at: datetime) -> "Actor":
    """Return the actor of the command: the user named by `--as`, else the system under the name of the command line."""
    start_django()
    from lianfang.core.access.actor import Actor
    from lianfang.core.access.models import User
    from lianfang.core.access.selectors import actor_for

    if login is None:
        return Actor.system("command line")
    user = User.objects.filter(login=login).first()
    if user is None:
        raise typer.BadParameter(f"no user signs in as {login!r}")
    return actor_for(user, at)


def show_rows(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Print rows as a table, or as JSON lines with `--json`."""
    if as_json:
        for row in rows:
            out.print(json.dumps(dict(row), ensure_ascii=False, default=str), markup=False)
        return
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(str(row.get(column, "")) for column in columns))
    out.print(table)


def show_error(error: "LianfangError") -> None:
    """Print what was wrong and what to do, one line each, on stderr."""
    print(f"{error.code}: {error.sentence}", file=sys.stderr)  # noqa: T201 - stderr is the door here
    if error.advice:
        print(error.advice, file=sys.stderr)  # noqa: T201
