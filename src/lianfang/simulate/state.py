"""The records of a run: one a person, one a row of each log. Layouts and numbers only.

Times are minutes since 00:00 of day 0 as 32-bit integers; -1 stands for never or not yet.
Constants that kernels pass on are NumPy integers: numba would compile a kernel again for each Python literal.
"""

from typing import cast

import numpy as np


def constants(*values: int) -> tuple[int, ...]:
    """Return constants for kernels."""
    return cast("tuple[int, ...]", tuple(np.int64(value) for value in values))


def consecutive(*bounds: int) -> tuple[int, ...]:
    """Return constants for kernels that count like `range`."""
    return constants(*range(*bounds))


NEVER, MINUTES, FOREVER = constants(-1, 1440, 2_000_000_000)  # MINUTES of a day

STATUS = np.dtype(
    [
        # read for every contact, so kept together at the front
        ("infected_at", np.int32),
        ("quarantine_from", np.int32),
        ("quarantine_until", np.int32),
        ("home_from", np.int32),
        ("home_until", np.int32),
        ("bed_from", np.int32),
        ("bed_until", np.int32),
        ("susceptibility", np.float32),
        ("infector", np.int32),
        ("infectious_day", np.int32),
        ("potency", np.float32),
        ("onset_at", np.int32),
        ("severe_at", np.int32),
        ("critical_at", np.int32),
        ("outcome_at", np.int32),
        ("report", np.int32),
        ("stay", np.int32),
        ("confirmed_at", np.int32),
        ("watch_from", np.int32),
        ("watch_until", np.int32),
        ("named_by", np.int32),
        ("generation", np.int16),
        ("n_samples", np.int16),
        ("layer", np.int8),
        ("severity", np.int8),
        ("died", np.int8),
        ("in_bed", np.int8),
    ],
    align=True,
)
REPORT = np.dtype(
    [
        ("person", np.int32),
        ("source", np.int32),
        ("facility", np.int32),
        ("visited_at", np.int32),
        ("reported_at", np.int32),
        ("sampled_at", np.int32),
        ("confirmed_at", np.int32),
        ("excluded_at", np.int32),
        ("investigated_at", np.int32),
        ("n_negative", np.int32),
        ("is_asked", np.int32),
    ]
)
TEST = np.dtype(
    [
        ("person", np.int32),
        ("report", np.int32),
        ("reason", np.int32),
        ("laboratory", np.int32),
        ("sampled_at", np.int32),
        ("received_at", np.int32),
        ("resulted_at", np.int32),
        ("is_positive", np.int32),
    ]
)
CONTACT = np.dtype(
    [
        ("case", np.int32),
        ("contact", np.int32),
        ("report", np.int32),
        ("layer", np.int32),
        ("venue", np.int32),
        ("last_contact_at", np.int32),
        ("named_at", np.int32),
        ("reached_at", np.int32),
        ("observed_until", np.int32),
        ("is_adherent", np.int32),
    ]
)
TASK = np.dtype(
    [
        ("kind", np.int32),
        ("unit", np.int32),
        ("person", np.int32),
        ("record", np.int32),
        ("created_at", np.int32),
        ("due_at", np.int32),
        ("done_at", np.int32),
    ]
)
STAY = np.dtype(
    [
        ("person", np.int32),
        ("county", np.int32),
        ("is_severe", np.int32),
        ("task", np.int32),
        ("queued_at", np.int32),
        ("admitted_at", np.int32),
        ("left_at", np.int32),
        ("next", np.int32),
    ]
)

# Places in `tally`: the numbers of rows of the logs, then where the run stands.
N_REPORTS, N_TESTS, N_CONTACTS, N_TASKS, N_STAYS, N_EVENTS, N_ACTIVE, N_INFECTED, DAY, STEP, CURSOR = (
    np.arange(11)
)
ROOM = {"reports": 64, "tests": 64, "contacts": 1024, "tasks": 1100, "stays": 64}
EVENT_ROOM = 8192  # what one infectious person can add in a day, or one event

# Kinds of work with a daily capacity, rows of `capacities`, `used` and `first_free`.
LABORATORY, INVESTIGATION, TRACING = consecutive(3)
# Rows of `lags`, natural logarithms of days (course) and hours (clocks).
INCUBATION, TO_SEVERE, TO_CRITICAL, TO_DEATH, MILD, SEVERE, CRITICAL = consecutive(7)
VISIT, REPORTING, SAMPLING, TRANSPORT, ANALYSIS, INVESTIGATING, REACHING, RETEST = consecutive(7, 15)
# Purposes of streams of draws; the contacts of day d in layer l have CONTACTS + 4 d + l.
(
    COURSE,
    SEVERITY,
    POTENCY,
    CARE,
    GATE,
    SAMPLE,
    FOLLOW_UP,
    RECALL,
    REACH,
    ADHERENCE,
    CASE,
    OTHER,
    IMPORT,
    SIGNS,
) = consecutive(14)
CONTACTS = 1 << 40
