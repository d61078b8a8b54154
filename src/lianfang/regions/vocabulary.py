"""The names of what is counted, apart from the expression: reading the mart needs no Ibis."""

import pyarrow as pa

MEASURES = (
    "confirmed",
    "asymptomatic",
    "suspected",  # a stock, like severe, critical and observed: +1 and -1 on the days of entering and leaving
    "cured",
    "died",
    "severe",
    "critical",
    "admitted",
    "discharged",
    "observed",
    "cluster",  # a confirmed case of a cluster, on its day
    "onset",  # a confirmed case on the day it fell ill, known since it was confirmed
    "owed",  # a stock: cases that are owed a test and a bed, and of these the tested and those who got a bed
    "tested",
    "in_bed",
    "treated",  # a stock: severe and critical cases who got a bed
    "seen",  # a contact under observation whom somebody saw on the day
    "listed",  # a confirmed case that had been a contact, on its day
)
PUBLISHED = frozenset(
    {"confirmed", "suspected", "cured", "died"}
)  # what an area without a line list can tell
FLOWS = pa.schema(
    [
        ("path", pa.string()),
        ("day", pa.int32()),
        ("measure", pa.string()),
        ("n", pa.int64()),
        ("known", pa.int64()),
    ]
)
LEVEL_BAND = 0.2  # a plateau: the week differs from the week before by no more than this share
LEVEL_LEAST = 7  # and both have at least so many cases
NEW = (
    "confirmed", "asymptomatic", "cured", "died", "admitted", "discharged", "cluster", "onset", "seen", "listed",
)  # fmt: skip
STOCKS = ("suspected", "severe", "critical", "observed", "owed", "tested", "in_bed", "treated")
TALLIED = (
    *NEW,
    "total", "total_cured", "total_died", "existing", *STOCKS, "serious",
    "new_7d", "before_7d", "new_14d", "listed_14d", "quiet_days", "cured_over_days", "level_days",
)  # fmt: skip
# What the expression gives, and beside it how many of the cases would be known to have died by the day if all died.
COLUMNS = (*TALLIED, "fates")
