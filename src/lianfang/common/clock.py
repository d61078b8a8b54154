"""The clock and the calendar of the site.

Only the doors (web, api, cli) and the worker call `now`; everything below takes the moment as an argument `at`, so
that a day can be replayed and a test can stand at any hour.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings


def now() -> datetime:
    """Return the present moment in UTC, to the second: finer than any duty, and equal in every database."""
    return datetime.now(UTC).replace(microsecond=0)


def site_zone() -> ZoneInfo:
    """Return the time zone in which the site counts its days."""
    return ZoneInfo(settings.TIME_ZONE)


def local_day(at: datetime) -> date:
    """Return the calendar day of the site on which `at` falls."""
    return _local(at, settings.TIME_ZONE)


def start_of(day: date) -> datetime:
    """Return the first moment of `day` at the site, in UTC."""
    return _start(day, settings.TIME_ZONE)


def end_of(day: date) -> datetime:
    """Return the last second of `day` at the site, in UTC (24:00 belongs to the day)."""
    return start_of(day + timedelta(days=1)) - timedelta(seconds=1)


@lru_cache(maxsize=20_000)
def _local(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


@lru_cache(maxsize=20_000)
def _start(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC)
