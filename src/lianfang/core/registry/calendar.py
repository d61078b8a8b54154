"""Rows for every day of an interval, in SQL: the way in which daily duties come about."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import CharField, DateField, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast

from lianfang.common.clock import end_of, start_of
from lianfang.common.fields import MomentField
from lianfang.core.registry.models import Day

_TABLE = Day._meta.db_table  # noqa: SLF001 - Django's documented Meta API


def lay_out_days(first: date, last: date) -> None:
    """Make sure that the calendar holds every day from `first` to `last` (run at set-up; repeating it is harmless)."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    rows = [Day(on=day, starts_at=start_of(day), ends_at=end_of(day)) for day in days]
    Day.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


def each_day(
    rows: QuerySet[Any], *, first: str, last: str, until: datetime, is_open: bool = False
) -> QuerySet[Any]:
    """Return one row per day from column `first` to column `last` (both dates), no later than the day of `until`.

    With `is_open`, an empty `last` means that there is no end yet; else that there are no days.

    The day's own columns are read by `day_on()`, `day_text()`, `day_starts_at()` and `day_ends_at()`. Django has no
    join on an inequality, hence `extra`, here and nowhere else.
    """
    table = rows.model._meta.db_table  # noqa: SLF001
    columns = {name: rows.model._meta.get_field(name).column for name in (first, last)}  # noqa: SLF001
    end = f'"{table}"."{columns[last]}"'
    condition = (
        f'"{_TABLE}"."on" BETWEEN "{table}"."{columns[first]}" AND {end} AND "{_TABLE}"."starts_at" <= %s'
    )
    if is_open:
        condition = (
            f'"{_TABLE}"."on" >= "{table}"."{columns[first]}" AND ("{_TABLE}"."on" <= {end} OR {end} IS NULL) '
            f'AND "{_TABLE}"."starts_at" <= %s'
        )
    return rows.extra(tables=[_TABLE], where=[condition], params=[int(until.timestamp())])  # noqa: S610 - no user text


def from_day(rows: QuerySet[Any], first: date) -> QuerySet[Any]:
    """Return the rows made by `each_day` whose day is `first` or later."""
    return rows.extra(where=[f'"{_TABLE}"."on" >= %s'], params=[str(first)])  # noqa: S610 - no user text


def day_on() -> RawSQL:
    """Return the day of the row made by `each_day`."""
    return RawSQL(f'"{_TABLE}"."on"', (), output_field=DateField())  # noqa: S611


def day_text() -> Cast:
    """Return the day as text, `2020-02-12`, for the occasion of a task."""
    return Cast(day_on(), CharField(max_length=10))


def day_starts_at() -> RawSQL:
    """Return the first moment of the day."""
    return RawSQL(f'"{_TABLE}"."starts_at"', (), output_field=MomentField())  # noqa: S611


def day_ends_at() -> RawSQL:
    """Return the last second of the day."""
    return RawSQL(f'"{_TABLE}"."ends_at"', (), output_field=MomentField())  # noqa: S611
