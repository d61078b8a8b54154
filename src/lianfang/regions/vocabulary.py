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
)
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
NEW = ("confirmed", "asymptomatic", "cured", "died", "admitted", "discharged", "cluster", "onset")
STOCKS = ("suspected", "severe", "critical", "observed")
COLUMNS = (
    *NEW,
    "total", "total_cured", "total_died", "existing", *STOCKS,
    "new_7d", "before_7d", "new_14d", "quiet_days", "cured_over_days", "level_days",
)  # fmt: skip
