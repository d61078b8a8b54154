"""Households and the ages and sexes of their members."""

import numpy as np
from numpy.typing import NDArray

# Share of households of 1, 2, ... 7 members: the shape of the Chinese census of 2020 (mean about 2.6).
SIZE_SHARES = (0.25, 0.295, 0.21, 0.135, 0.065, 0.03, 0.015)


def draw_households(
    residents: NDArray[np.void], populations: NDArray[np.int64], generator: np.random.Generator
) -> None:
    """Fill household, age and sex of residents who are already ordered by cell.

    The last household of a cell is cut to the residents left. The first member heads the household; then come
    spouse, child, and further children or grandparents.
    """
    sizes = _household_sizes(populations, generator)
    starts = np.cumsum(sizes) - sizes
    residents["house_start"] = np.repeat(starts, sizes)
    residents["house_size"] = np.repeat(sizes, sizes)
    position = np.arange(len(residents)) - residents["house_start"]
    ages, sexes = _heads(sizes, generator)
    _members(residents, position, (ages, sexes), generator)


def _household_sizes(populations: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """Return household sizes in order, none across the border of two cells."""
    chosen = []
    mean = float(np.dot(SIZE_SHARES, np.arange(1, len(SIZE_SHARES) + 1)))
    for population in populations:
        number = int(population / mean * 1.2 + 40)
        sizes = 1 + np.searchsorted(np.cumsum(SIZE_SHARES), generator.random(number) * (1 - 1e-9))
        ends = np.cumsum(sizes)
        while ends[-1] < population:
            sizes = np.concatenate([sizes, sizes])
            ends = np.cumsum(sizes)
        last = int(np.searchsorted(ends, population))
        sizes = sizes[: last + 1].copy()
        sizes[-1] -= ends[last] - population
        chosen.append(sizes)
    return np.concatenate(chosen).astype(np.int64)


def _heads(
    sizes: NDArray[np.int64], generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return age and sex (True male) of the heads: singles of any age, couples older, families around 42."""
    number = len(sizes)
    alone = generator.uniform(22, 86, number)
    couple = np.clip(generator.normal(54, 16, number), 22, 88)
    family = np.clip(generator.normal(42, 10, number), 24, 75)
    ages = np.select([sizes == 1, sizes == 2], [alone, couple], family)
    return ages, generator.random(number) < 0.55


def _members(
    residents: NDArray[np.void],
    position: NDArray[np.int64],
    heads: tuple[NDArray[np.float64], NDArray[np.bool_]],
    generator: np.random.Generator,
) -> None:
    """Fill age and sex of all members from age and sex of the head and their position."""
    number = len(residents)
    household = np.cumsum(position == 0) - 1
    head = heads[0][household]
    head_male = heads[1][household]
    spread = generator.normal(0, 1, number)
    choice = generator.random(number)
    child = np.maximum(head - np.where(position <= 2, 27, 30) - 4 * spread, generator.uniform(0, 4, number))
    grandparent = np.clip(head + 26 + 4 * spread, 48, 96)
    spouse = (position == 1) & (choice < 0.9)
    elder = (position >= 3) & (choice < np.where(position == 3, 0.4, 0.55))
    ages = np.select(
        [position == 0, spouse, elder], [head, np.maximum(head - 1.5 + 3 * spread, 20), grandparent], child
    )
    male = generator.random(number) < 0.52
    male = np.select([position == 0, spouse], [head_male, ~head_male], male)
    residents["age"] = np.clip(ages, 0, 99).astype(np.int16)
    residents["sex"] = male
