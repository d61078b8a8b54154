"""Where people live: counties, townships, villages and grid cells, given by the caller or invented."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from lianfang.simulate.checks import complain, positive, within
from lianfang.simulate.names import place_names


@dataclass(frozen=True, kw_only=True)
class Place:
    """A lowest place (grid cell, or whatever the caller's list ends in) and its number of residents.

    `township` and `county` are the codes of the places above it that matter to the outbreak: people of a township
    share a market and primary schools, a county has its own CDC, laboratory and hospital. Where left empty they are
    the first 9 and 6 characters of the code, as in Chinese statistical codes.
    """

    code: str
    population: int
    name: str = ""
    township: str = ""
    county: str = ""

    def __post_init__(self) -> None:
        if not self.code:
            raise complain("code", "a non-empty text", self.code)
        positive(f"population of place {self.code}", self.population)
        object.__setattr__(self, "township", self.township or self.code[:9])
        object.__setattr__(self, "county", self.county or self.code[:6])


def as_places(entries: Iterable[Place | tuple[str, int]]) -> tuple[Place, ...]:
    """Return places from places or (code, population) pairs, ordered by county, township and code."""
    places = [
        entry if isinstance(entry, Place) else Place(code=entry[0], population=entry[1]) for entry in entries
    ]
    if not places:
        raise complain("places", "a non-empty list", places)
    codes = [place.code for place in places]
    twice = [code for code, times in Counter(codes).items() if times > 1]
    if twice:
        raise complain("places", "of distinct codes", f"{twice[0]} twice")
    counties: dict[str, str] = {}
    for place in places:
        if counties.setdefault(place.township, place.county) != place.county:
            raise complain(
                f"township {place.township}", "in one county", (counties[place.township], place.county)
            )
    return tuple(sorted(places, key=lambda place: (place.county, place.township, place.code)))


def generate_places(
    population: int,
    *,
    counties: int = 1,
    cell_size: int = 300,
    cells_per_village: int = 4,
    villages_per_township: int = 6,
    prefecture: str = "9901",
    seed: int = 0,
) -> tuple[Place, ...]:
    """Return invented grid cells that hold `population` people, of uneven sizes around `cell_size`.

    Codes follow GB/T 2260 and its extensions: county 6 digits, township 9, village 12, cell 15. The default
    prefecture 9901 belongs to no province.

    >>> cells = generate_places(5000, counties=2)
    >>> sum(cell.population for cell in cells), cells[0].code, len({cell.county for cell in cells})
    (5000, '990101001001001', 2)
    """
    within("population", population, counties)
    within("counties", counties, 1, 99)
    generator = np.random.default_rng([seed, 1])
    places: list[Place] = []
    for county, size in enumerate(_split(population, counties, generator), start=1):
        number = min(max(1, round(size / cell_size)), size)
        sizes = _split(size, number, generator)
        codes = _cell_codes(f"{prefecture}{county:02d}", number, cells_per_village, villages_per_township)
        for code, residents in zip(codes, sizes, strict=True):
            places.append(Place(code=code, population=residents, name=f"第{int(code[12:])}网格"))
    return tuple(places)


def _split(total: int, parts: int, generator: np.random.Generator) -> list[int]:
    """Return `parts` integers of 1 or more that sum to `total`, log-normal around equality."""
    weights = generator.lognormal(0, 0.3, parts)
    edges = np.round(np.cumsum(weights / weights.sum()) * (total - parts)).astype(int)
    return [int(n) + 1 for n in np.diff(np.concatenate([[0], edges]))]


def _cell_codes(county: str, number: int, cells: int, villages: int) -> list[str]:
    """Return codes of `number` cells of a county, filled village by village, township by township."""
    codes = []
    for index in range(number):
        village, cell = divmod(index, cells)
        township, village = divmod(village, villages)
        codes.append(f"{county}{township + 1:03d}{village + 1:03d}{cell + 1:03d}")
    if ceil(number / (cells * villages)) > 999:
        raise complain("cell_size", "large enough for 999 townships in a county", number)
    return codes


def upper_places(places: Sequence[Place], seed: int) -> list[tuple[str, str, str, str, str]]:
    """Return (code, level, parent, name, pinyin) of the counties, townships and villages above the cells."""
    generator = np.random.default_rng([seed, 2])
    counties = sorted({place.county for place in places})
    townships = sorted({(place.township, place.county) for place in places})
    named = place_names(len(counties), ("县", "County"), generator)
    rows = [(code, "county", "", *name) for code, name in zip(counties, named, strict=True)]
    named = place_names(len(townships), ("镇", "Town"), generator)
    codes = set(counties)
    for (code, county), name in zip(townships, named, strict=True):
        if code not in codes:
            rows.append((code, "township", county, *name))
            codes.add(code)
    villages = sorted({(place.code[:12], place.township) for place in places if len(place.code) == 15})
    named = place_names(len(villages), ("村", "Village"), generator)
    for (code, township), name in zip(villages, named, strict=True):
        if code not in codes:
            rows.append((code, "village", township, *name))
    return rows
