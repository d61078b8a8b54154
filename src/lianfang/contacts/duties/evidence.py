"""The first and the latest evidence of a duty, as correlated subqueries."""

from typing import Any

from django.db.models import F, Max, Min, QuerySet, Subquery

from lianfang.common.fields import MomentField

MOMENT: MomentField = MomentField(null=True)


def first_of(rows: QuerySet[Any], moment: str) -> Subquery:
    """Return the earliest `moment` of correlated rows, or null."""
    earliest = rows.order_by().values(_one=F("pk") * 0).annotate(first=Min(moment)).values("first")
    return Subquery(earliest, output_field=MOMENT)


def last_of(rows: QuerySet[Any], moment: str) -> Subquery:
    """Return the latest `moment` of correlated rows, or null."""
    latest = rows.order_by().values(_one=F("pk") * 0).annotate(last=Max(moment)).values("last")
    return Subquery(latest, output_field=MOMENT)
