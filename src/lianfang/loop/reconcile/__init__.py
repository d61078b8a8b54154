"""One pass of one duty: compare what is owed with the tasks that exist, and write the difference.

The only package with raw SQL beside the calendar. `engine` is the pass, `statements` its SQL, `setwise` copies a query into a
table and draws samples by hash, `queue` claims touched rows. Called by the worker and by tests; knows no domain app.
"""

from lianfang.loop.reconcile.engine import CHUNK, Outcome, reconcile, take_turn
from lianfang.loop.reconcile.queue import Claimed, claim, release
from lianfang.loop.reconcile.setwise import drawn, insert_select, salt_of

__all__ = [
    "CHUNK",
    "Claimed",
    "Outcome",
    "claim",
    "drawn",
    "insert_select",
    "reconcile",
    "release",
    "salt_of",
    "take_turn",
]
