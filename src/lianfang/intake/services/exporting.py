"""Records in our own exchange form: what is exported imports again with nothing created and nothing changed."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from lianfang.core.access.actor import Actor
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Place
from lianfang.intake.errors import NoReason
from lianfang.intake.events import IntakeEvent
from lianfang.intake.formats.own import MARK, mark_of
from lianfang.intake.target import Target, targets


@transaction.atomic
def export_rows(
    *, target: str, by: Actor, at: datetime, purpose: str, path: str = ""
) -> Iterator[Mapping[str, Any]]:
    """Return the records that `by` may see within `path` as field -> value; the export is recorded with its purpose.

    Names and numbers of people are in it only for those who may reveal identities, and each reading is recorded.
    """
    kind = targets.get(target)
    by.require(kind.export_permission, path or None)
    if not purpose.strip():
        raise NoReason
    place = Place.objects.filter(path=path).first() if path else None
    after = {"target": target, "path": path}
    record(IntakeEvent.RECORDS_EXPORTED, subject=place, by=by, at=at, reason=purpose, after=after, path=path)
    return kind.export(by, path=path, at=at, purpose=purpose)


def export_csv(*, target: str, by: Actor, at: datetime, purpose: str, path: str = "") -> bytes:
    """Return the export as CSV in UTF-8 with a byte order mark (which spreadsheets need for Chinese)."""
    return csv_of(targets.get(target), export_rows(target=target, by=by, at=at, purpose=purpose, path=path))


def csv_of(kind: Target, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return rows of a target as a file in our own form."""
    columns = [MARK, *kind.columns()]
    mark = mark_of(kind.code)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([mark, *(as_cell(row.get(name)) for name in columns[1:])])
    return out.getvalue().encode("utf-8-sig")


def as_cell(value: Any) -> str:
    """Return a value as it is written in our files: ISO dates, moments with their zone, yes and no."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value) if not value.is_integer() else str(int(value))
    return str(value)
