"""A synthetic city with an outbreak and the response to it, seeded and fast.

Stands on its own: NumPy, SciPy, numba and Polars; no other package of Lianfang. `build_city` makes the people,
`Scenario` says what the disease, the health service and the measures are, `simulate` runs it, `compare` answers what
a faster clock would avert, `to_linelist` renders what a county would have in its hands. Assumptions and limits stand
in docs/reference/simulate.md.
"""

from lianfang.simulate.city import City, Mixing, build_city, well_mixed
from lianfang.simulate.comparison import Comparison, compare
from lianfang.simulate.demonstration import demo_city, demo_outbreak, demo_scenario
from lianfang.simulate.disease import Disease, Duration
from lianfang.simulate.identities import identities
from lianfang.simulate.linelist import LineList, to_linelist
from lianfang.simulate.mess import Mess
from lianfang.simulate.outcome import Outcome
from lianfang.simulate.places import Place, generate_places
from lianfang.simulate.response import Capacity, Clocks, Measure, Response, Scenario
from lianfang.simulate.simulation import fitted_hazard, simulate
from lianfang.simulate.theory import calibrate, final_size

__all__ = [
    "Capacity",
    "City",
    "Clocks",
    "Comparison",
    "Disease",
    "Duration",
    "LineList",
    "Measure",
    "Mess",
    "Mixing",
    "Outcome",
    "Place",
    "Response",
    "Scenario",
    "build_city",
    "calibrate",
    "compare",
    "demo_city",
    "demo_outbreak",
    "demo_scenario",
    "final_size",
    "fitted_hazard",
    "generate_places",
    "identities",
    "simulate",
    "to_linelist",
    "well_mixed",
]
