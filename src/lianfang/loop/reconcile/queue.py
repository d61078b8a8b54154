"""Claiming touched rows: noted aside, worked off, and only then deleted.

A crash in between leaves the queue as it was, and the next turn does the work again, which changes nothing twice. Two
workers at once do the same work twice. A row that is added while its twin is worked off stays for the next turn, and so
does a row of a later moment than the turn's own: at that moment its fact does not hold yet.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models.expressions import RawSQL

from lianfang.loop.reconcile.setwise import clear_scratch

SCRATCH = """
CREATE TEMPORARY TABLE IF NOT EXISTS loop_claimed
    (id bigint PRIMARY KEY, subject varchar(40) NOT NULL, subject_id bigint NOT NULL)
"""
# Above this many rows PostgreSQL plans better with statistics than with its guess about a fresh table.
_ANALYZE_ABOVE = 2000


@dataclass(frozen=True)
class Claimed:
    """The touched rows of one turn, by label of the model."""

    labels: tuple[str, ...]
    n_rows: int

    def ids(self, label: str) -> RawSQL:
        """Return the ids of the touched rows of one model as a subquery, for `pk__in=...`."""
        return RawSQL("SELECT subject_id FROM loop_claimed WHERE subject = %s", (label,))


def claim(limit: int, *, at: datetime) -> Claimed:
    """Note the oldest `limit` rows touched up to `at` in a scratch table of this connection."""
    with connection.cursor() as cursor:
        clear_scratch(cursor, [SCRATCH], ["loop_claimed"])
        cursor.execute(
            "INSERT INTO loop_claimed SELECT id, subject, subject_id FROM loop_touched WHERE at <= %s ORDER BY id LIMIT %s",
            [int(at.timestamp()), limit],
        )
        n_rows = cursor.rowcount
        if not n_rows:
            return Claimed((), 0)
        if n_rows > _ANALYZE_ABOVE and connection.vendor == "postgresql":
            cursor.execute("ANALYZE loop_claimed")
        cursor.execute("SELECT DISTINCT subject FROM loop_claimed ORDER BY subject")
        return Claimed(tuple(label for (label,) in cursor.fetchall()), n_rows)


def release() -> None:
    """Delete the claimed rows from the queue: everything that they ask for is done."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM loop_touched WHERE id IN (SELECT id FROM loop_claimed)")
