"""Who was in the same place as an infected person, long enough, while that person could infect others.

Pure: no Django. A visit is (person, place, kind of place, arrive, leave); persons and places are integers that their
owner knows how to read. Visits lie in Parquet by day (`store`), come in once (`ingest`, `gates`), are dropped by day,
and are searched only around given persons inside given windows: there is no function that answers "where was this
person". The search is one Ibis expression (`shared`) for DuckDB and Spark, and a kernel over memory-mapped columns
(`working_set`) for a person who waits; both give the same rows. `shared` and `engines` need the extra `lake`.
"""

from lianfang.visits.gates import pair_readings
from lianfang.visits.ingest import Assumptions, Taken, take
from lianfang.visits.record import VISITS, PlaceKind, day_of, start_of_day
from lianfang.visits.score import ExposureWeights, Scored, score_pairs
from lianfang.visits.store import Dropped, Parked, VisitStore
from lianfang.visits.windows import Windows
from lianfang.visits.working_set import (
    Crowd,
    Pairs,
    SharedStays,
    WorkingSet,
    build_working_set,
    open_working_set,
)

__all__ = [
    "VISITS",
    "Assumptions",
    "Crowd",
    "Dropped",
    "ExposureWeights",
    "Pairs",
    "Parked",
    "PlaceKind",
    "Scored",
    "SharedStays",
    "Taken",
    "VisitStore",
    "Windows",
    "WorkingSet",
    "build_working_set",
    "day_of",
    "open_working_set",
    "pair_readings",
    "score_pairs",
    "start_of_day",
    "take",
]
