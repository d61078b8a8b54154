"""The memory of a run as the kernels see it: one record that holds the parameters and where the arrays lie.

A kernel takes this record, a single pointer, instead of thirty arrays. Passing arrays costs numba a reference count
each and a call, and compilation that grows with their number: the same kernels took two minutes to compile and ran 2.5
times as slowly. `Memory` owns the arrays and outlives the kernels, which never keep an array.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import carray, types  # type: ignore[attr-defined]
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from lianfang.simulate.city import COUNT_QUANTILES, RESIDENT
from lianfang.simulate.disease import LONGEST_INFECTIOUS_DAYS, N_AGE_BANDS
from lianfang.simulate.draws import compiled
from lianfang.simulate.state import CONTACT, N_EVENTS, REPORT, ROOM, STATUS, STAY, TASK, TEST

World = Any  # the record of type WORLD inside a kernel
Array = Any  # structured arrays are read by field inside kernels, which NDArray[np.void] cannot express

ARRAYS = (
    "residents",
    "cells",
    "townships",
    "counties",
    "group_spans",
    "group_members",
    "scales",
    "imports",
    "capacities",
    "states",
    "active",
    "events",
    "reports",
    "tests",
    "contacts",
    "tasks",
    "stays",
    "used",
    "first_free",
    "beds",
    "queues",
)
LOGS = {"reports": REPORT, "tests": TEST, "contacts": CONTACT, "tasks": TASK, "stays": STAY}
WHOLE = (
    "is_responding",
    "is_central",
    "investigates_suspects",
    "max_generation",
    "days",
    "horizon",
    "event_room",
    "school_contacts",
    "work_contacts",
    "presymptomatic",
    "look_back",
    "observation",
    "discharge",
    "n_profile",
)
REAL = (
    "hazard",
    "dispersion",
    "asymptomatic_infectiousness",
    "no_bed_factor",
    "fever_share",
    "seeks_care",
    "noticed_at_gate",
    "other_illness",
    "sensitivity",
    "early_sensitivity",
    "specificity",
    "adherence",
    "follow_up_coverage",
    "tests_contacts",
)
TABLES = {
    "tally": (np.int64, (16,)),
    "shares": (np.float64, (4,)),
    "layer_weights": (np.float64, (4,)),
    "recall": (np.float64, (4,)),
    "profile": (np.float64, (LONGEST_INFECTIOUS_DAYS,)),
    "by_age": (np.float64, (4, N_AGE_BANDS)),
    "lags": (np.float64, (15, 2)),
    "community_counts": (np.int16, (COUNT_QUANTILES,)),
}
WORLD = np.dtype(
    [(f"{name}_at", np.int64) for name in ARRAYS]
    + [(f"n_{name}", np.int64) for name in ARRAYS]
    + [(name, np.int64) for name in WHOLE]
    + [(name, np.float64) for name in REAL]
    + [(name, *layout) for name, layout in TABLES.items()],
    align=True,
)


@dataclass(kw_only=True)
class Memory:
    """The arrays of one run and the record that points to them."""

    arrays: dict[str, Array]
    world: Array = field(default_factory=lambda: np.zeros(1, dtype=WORLD))

    def __post_init__(self) -> None:
        if tuple(self.arrays) != ARRAYS:
            raise ValueError(
                f"arrays must be {', '.join(ARRAYS)} in this order. Got {', '.join(self.arrays)}."
            )
        for name in ARRAYS:
            self._point(name)

    @property
    def tally(self) -> NDArray[np.int64]:
        """Return the counters of the run."""
        return np.asarray(self.world["tally"][0])

    def _point(self, name: str) -> None:
        """Let the record point to an array."""
        array = self.arrays[name]
        if not array.flags.c_contiguous:
            raise ValueError(f"{name} must be contiguous. Got strides {array.strides!r}.")
        self.world[f"{name}_at"] = array.ctypes.data
        self.world[f"n_{name}"] = len(array)

    def grow(self) -> None:
        """Make room for more rows in every log that is nearly full; nothing else changes."""
        room: dict[str, tuple[int, int]] = {name: (number, ROOM[name]) for number, name in enumerate(LOGS)}
        room["events"] = (int(N_EVENTS), int(self.world["event_room"][0]))
        for name, (number, wanted) in room.items():
            log = self.arrays[name]
            if len(log) - self.tally[number] < wanted:
                self.arrays[name] = np.concatenate([log, np.zeros(len(log) + wanted, dtype=log.dtype)])
                self._point(name)

    def log(self, name: str) -> Array:
        """Return the rows written to a log."""
        return self.arrays[name][: self.tally[list(LOGS).index(name)]]


@compiled
def wide(number: Any) -> int:
    """Return a number as a 64-bit integer, so that a kernel is compiled for one width only."""
    return np.int64(number)  # type: ignore[return-value]


def _pointer(_typing: Any, address: Any) -> Any:
    """Return an integer as a pointer (numba: the signature and the code that it stands for)."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(address), code


pointer: Any = intrinsic(_pointer)


@compiled
def residents(world: World) -> Array:
    """Return residents, one row a person."""
    return carray(pointer(world.residents_at), world.n_residents, RESIDENT)


@compiled
def states(world: World) -> Array:
    """Return the changing state of each resident."""
    return carray(pointer(world.states_at), world.n_residents, STATUS)


@compiled
def cells(world: World) -> Array:
    """Return first row and number of residents of each cell."""
    return carray(pointer(world.cells_at), (world.n_cells, 2), np.int32)


@compiled
def townships(world: World) -> Array:
    """Return first row and number of residents of each township."""
    return carray(pointer(world.townships_at), (world.n_townships, 2), np.int32)


@compiled
def counties(world: World) -> Array:
    """Return first row and number of residents of each county."""
    return carray(pointer(world.counties_at), (world.n_counties, 2), np.int32)


@compiled
def group_spans(world: World) -> Array:
    """Return first place among the members and size of each group."""
    return carray(pointer(world.group_spans_at), (world.n_group_spans, 2), np.int32)


@compiled
def group_members(world: World) -> Array:
    """Return residents by group."""
    return carray(pointer(world.group_members_at), world.n_group_members, np.int32)


@compiled
def scales(world: World) -> Array:
    """Return share of contacts left: day, layer, cell."""
    return carray(pointer(world.scales_at), (world.n_scales, 4, world.n_cells), np.float32)


@compiled
def imports(world: World) -> Array:
    """Return imported infections of each day."""
    return carray(pointer(world.imports_at), world.n_imports, np.int64)


@compiled
def capacities(world: World) -> Array:
    """Return work a day: kind, county."""
    return carray(pointer(world.capacities_at), (3, world.n_counties), np.int64)


@compiled
def active(world: World) -> Array:
    """Return infected persons who are or will be infectious."""
    return carray(pointer(world.active_at), world.n_active, np.int32)


@compiled
def events(world: World) -> Array:
    """Return the heap of events."""
    return carray(pointer(world.events_at), world.n_events, np.int64)


@compiled
def reports(world: World) -> Array:
    """Return the log of case reports."""
    return carray(pointer(world.reports_at), world.n_reports, REPORT)


@compiled
def tests(world: World) -> Array:
    """Return the log of tests."""
    return carray(pointer(world.tests_at), world.n_tests, TEST)


@compiled
def contacts(world: World) -> Array:
    """Return the log of named contacts."""
    return carray(pointer(world.contacts_at), world.n_contacts, CONTACT)


@compiled
def tasks(world: World) -> Array:
    """Return the log of tasks."""
    return carray(pointer(world.tasks_at), world.n_tasks, TASK)


@compiled
def stays(world: World) -> Array:
    """Return the log of stays in bed."""
    return carray(pointer(world.stays_at), world.n_stays, STAY)


@compiled
def used(world: World) -> Array:
    """Return turns taken: kind of work, county, day."""
    return carray(pointer(world.used_at), (3, world.n_counties, world.horizon), np.int32)


@compiled
def first_free(world: World) -> Array:
    """Return first day with a free turn: kind of work, county."""
    return carray(pointer(world.first_free_at), (3, world.n_counties), np.int32)


@compiled
def beds(world: World) -> Array:
    """Return free beds by county."""
    return carray(pointer(world.beds_at), world.n_counties, np.int64)


@compiled
def queues(world: World) -> Array:
    """Return first and last stay that waits: county, is severe."""
    return carray(pointer(world.queues_at), (world.n_counties, 2, 2), np.int32)


@compiled
def county_of(world: World, person: int) -> int:
    """Return the county where a person lives."""
    return wide(residents(world)[person].county)
