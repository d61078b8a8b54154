"""One page of a long list of an area, in the order of an index that does not begin with the area.

A small area is read whole, by the range of its path, and sorted. In a large one the rows are walked in the order of
the list and those of elsewhere left out, until the page is full: sorting 100,000 rows to show 50 took half a second.
PostgreSQL chooses between the two by its statistics. SQLite has none: how many rows the area holds is looked up here.
"""

from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet

# Reading and sorting so many rows costs a few milliseconds; where there are more, a page is soon full.
_FEW = 4000


def page_of(rows: QuerySet[Any], *, path: str, order: tuple[str, ...], limit: int) -> list[Any]:
    """Return the first `limit` of `rows` in the area `path` ("" is everywhere); `order` needs an index of its own.

    `rows` are not yet narrowed to the area.
    """
    if path:
        rows = rows.filter(**{area_lookup(rows.model, path): path})
    return list(rows.order_by(*order)[:limit])


def area_lookup(model: type[Model], path: str) -> str:
    """Return how to ask for the rows of the area `path`, so that another index is used where the area is large."""
    if connection.vendor != "sqlite":
        return "path__within"
    area = model._base_manager.filter(path__within=path).order_by()[: _FEW + 1]  # noqa: SLF001 - Django's Meta API
    return "path__inside" if area.count() > _FEW else "path__within"
