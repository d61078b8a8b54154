"""The outbreak of the demonstration world: one invented prefecture of six counties."""

from datetime import date

from lianfang.simulate.city import City, build_city
from lianfang.simulate.places import Place, generate_places

DEMO_START = date(2020, 1, 20)
DEMO_SEED = 20


def demo_city(*, population: int = 6000, places: tuple[Place, ...] | None = None, seed: int = 1) -> City:
    """Return a prefecture of six counties with small grid cells, or the residents of the places given."""
    if places is None:
        places = generate_places(
            population, counties=6, cell_size=80, cells_per_village=3, villages_per_township=3, seed=seed
        )
    return build_city(places=places, seed=seed)
