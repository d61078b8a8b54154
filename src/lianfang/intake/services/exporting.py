"""Records given out: in our own form, which imports again with nothing changed, or in the form of another system.

A file is made while it is sent, a thousand rows at a time: memory does not grow with it, and nothing lies on a disk.
That it is given out is recorded before its first row, and each reading of a name before the part that holds it.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain, islice
from typing import Any

from django.db import transaction

from lianfang.core.access.actor import Actor
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Place
from lianfang.intake.errors import NoReason, NoShape, UnknownShape
from lianfang.intake.events import IntakeEvent
from lianfang.intake.shapes import SHAPES, Places, Sheet
from lianfang.intake.shapes.own import OWN, OwnSheet
from lianfang.intake.target import Target, targets

_ROWS = 1000  # of a part of the file


@transaction.atomic
def export_rows(
    *, target: str, by: Actor, at: datetime, purpose: str, path: str = "", shape: str = OWN.code
) -> Iterator[Mapping[str, Any]]:
    """Return the records that `by` may see within `path` as field -> value; the export is recorded with its purpose.

    Names and numbers of people are in it only for those who may reveal identities, and each reading is recorded.
    """
    kind = targets.get(target)
    by.require(kind.export_permission, path or None)
    if not purpose.strip():
        raise NoReason
    place = Place.objects.filter(path=path).first() if path else None
    after = {"target": target, "path": path, "shape": shape}
    record(IntakeEvent.RECORDS_EXPORTED, subject=place, by=by, at=at, reason=purpose, after=after, path=path)
    return kind.export(by, path=path, at=at, purpose=purpose)


def export_csv(
    *, target: str, by: Actor, at: datetime, purpose: str, path: str = "", shape: str = OWN.code
) -> Iterator[bytes]:
    """Return the parts of the export as CSV in UTF-8, in the named form (`intake.shapes.SHAPES`).

    What is refused is refused now; the rows are read while the parts are taken.
    """
    kind = targets.get(target)
    sheet = sheet_of(kind, shape)
    rows = export_rows(target=kind.code, by=by, at=at, purpose=purpose, path=path, shape=shape)
    return written(sheet, rows, with_mark=SHAPES[shape].with_mark)


def sheet_of(kind: Target, shape: str) -> Sheet:
    """Return how the records of a target are written in a form; raise where there is no such form, or it has none such."""
    if shape not in SHAPES:
        raise UnknownShape(shape=shape, known=", ".join(SHAPES))
    if shape == OWN.code:
        return OwnSheet(kind)
    sheets = SHAPES[shape].sheets
    if kind.code not in sheets:
        raise NoShape(shape=SHAPES[shape].title, target=kind.title, known=", ".join(sheets))
    return sheets[kind.code]


def csv_of(kind: Target, rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Return the parts of a file in our own form, with rows of a target."""
    return written(OwnSheet(kind), rows, with_mark=True)


def written(sheet: Sheet, rows: Iterable[Mapping[str, Any]], *, with_mark: bool) -> Iterator[bytes]:
    """Yield the file in parts; the byte order mark is what spreadsheets need for Chinese."""
    places = Places()
    lines = chain(sheet.head(), (sheet.cells(row, places) for row in rows))
    mark = "\ufeff" if with_mark else ""
    while part := list(islice(lines, _ROWS)):
        text = io.StringIO(mark, newline="")
        text.seek(0, io.SEEK_END)
        csv.writer(text, lineterminator="\r\n").writerows(part)
        yield text.getvalue().encode()
        mark = ""
