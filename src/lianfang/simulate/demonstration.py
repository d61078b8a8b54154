"""The outbreak of the demonstration world: one invented prefecture of six counties, about 120 cases in six weeks."""

from collections.abc import Iterable
from datetime import date

from lianfang.simulate.city import City, build_city
from lianfang.simulate.outcome import Outcome
from lianfang.simulate.places import Place, generate_places
from lianfang.simulate.response import Capacity, Measure, Response, Scenario
from lianfang.simulate.simulation import simulate

DEMO_START = date(2020, 1, 13)
DEMO_SEED = 147
DEMO_IMPORTED = {0: 3, 1: 2, 4: 2, 7: 1}
# Rates per 100,000 are high because a county of the demonstration has a thousand residents.
DEMO_CAPACITY = Capacity(laboratory_tests=4000, investigations=300, tracings=6000, beds=1500)


def demo_city(
    *, population: int = 6000, places: Iterable[Place | tuple[str, int]] | None = None, seed: int = 1
) -> City:
    """Return a prefecture of six counties with small grid cells, or the residents of the places given."""
    if places is None:
        places = generate_places(
            population, counties=6, cell_size=80, cells_per_village=3, villages_per_township=3, seed=seed
        )
    return build_city(places=places, seed=seed)


def demo_scenario(*, days: int = 42) -> Scenario:
    """Return the scenario of the demonstration: eight imported infections, schools and gatherings closed from day 21."""
    kept = (("school", 0.0), ("work", 0.3), ("community", 0.35))
    measures = tuple(Measure(layer=layer, factor=factor, from_day=21) for layer, factor in kept)
    return Scenario(
        days=days,
        imported=DEMO_IMPORTED,
        measures=measures,
        response=Response(capacity=DEMO_CAPACITY, other_illness=20),
    )


def demo_outbreak(*, city: City | None = None, seed: int = DEMO_SEED, start: date = DEMO_START) -> Outcome:
    """Return the outbreak of the demonstration; the default seed gives about 120 confirmed cases and a death or two.

    Other seeds and cities give other outbreaks: from a handful of cases to several hundred.
    """
    return simulate(city or demo_city(), demo_scenario(), seed=seed, start=start)
