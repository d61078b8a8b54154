"""What theory says: the hazard that gives a wanted R0 in a city, and the final size of a well-mixed epidemic."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from lianfang.simulate.checks import complain, within
from lianfang.simulate.city import City
from lianfang.simulate.disease import Disease

Floats = NDArray[np.float64]
SAMPLED = 3000  # residents over whom the mean is taken; all in smaller cities
N_LEVELS = 32
LARGEST_HAZARD = 1e4
HOUSEHOLD, SCHOOL, WORK, COMMUNITY = range(4)


def final_size(r0: float) -> float:
    """Return the share of a well-mixed population that is infected in the end: z = 1 - exp(-r0 z); 0 for r0 <= 1.

    >>> round(final_size(1.5), 6)
    0.582812
    """
    within("r0", r0, 0)
    if r0 <= 1:
        return 0.0
    return crossing(lambda z: z + math.expm1(-r0 * z), (r0 - 1) / r0**2 / 2, 1.0, 1e-14)


def calibrate(city: City, disease: Disease, *, school: float = 1.0, work: float = 1.0) -> float:
    """Return the hazard of a contact of layer weight 1 at which a random resident infects `disease.r0` on average.

    Everyone else is susceptible as their age says, nobody reacts, repeated contacts with one person infect once.
    `school` and `work` thin these contacts (weekends). Exact for the well-mixed city; in others the overlap of
    layers (a housemate also met at the market) is neglected and the mean is over up to 3,000 residents, so the
    realised R0 differs by a per cent or so. R0 of a typical *case* is larger than of a typical resident where
    contacts are unequal. ValueError where even certain infection of every contact gives less.
    """
    if disease.r0 == 0:
        return 0.0
    sampled = _Sampled(city, disease, (school, work))
    top = math.log(LARGEST_HAZARD)
    most = sampled.offspring(LARGEST_HAZARD)
    if most <= disease.r0:
        raise complain("r0", f"below {most:.3g}, the number of people one person meets here", disease.r0)
    # The logarithms are nearly proportional, so that the secant finds the crossing in a few steps.
    low = math.log(1e-9)
    return math.exp(crossing(lambda x: math.log(sampled.offspring(math.exp(x)) / disease.r0), low, top, 1e-9))


def crossing(rising: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """Return where a function rises through zero between two arguments (false position, Illinois variant).

    The function is within `tolerance` of zero there.
    """
    below, above = rising(low), rising(high)
    side = 0
    while True:
        middle = (low * above - high * below) / (above - below)
        value = rising(middle)
        if abs(value) <= tolerance or high - low < 1e-15 * abs(high):
            return middle
        if value < 0:
            low, below, above = middle, value, above / 2 if side < 0 else above
            side = -1
        else:
            high, above, below = middle, value, below / 2 if side > 0 else below
            side = 1


class _Sampled:
    """Residents over whom the mean number of infected contacts is taken, with all that does not change by hazard."""

    def __init__(self, city: City, disease: Disease, thinning: tuple[float, float]) -> None:
        rows = np.unique(np.linspace(0, len(city) - 1, min(SAMPLED, len(city))).astype(np.int64))
        people = city.residents[rows]
        band = np.minimum(city.residents["age"] // 10, 8)
        susceptible = np.asarray(disease.susceptibility)[band]
        self.disease = disease
        self.weights = np.asarray(disease.layer_weights)
        self.levels = infectiousness_levels(disease.dispersion)
        severe = np.asarray(disease.severe_share)[band[rows]]
        self.asymptomatic = (1 - severe) * np.asarray(disease.asymptomatic_share)[band[rows]]
        before = np.concatenate([[0.0], np.cumsum(susceptible)])
        start, size = people["house_start"].astype(np.int64), people["house_size"].astype(np.int64)
        self.housemates = (size - 1).astype(float)
        self.housemates_susceptible = (before[start + size] - before[start] - susceptible[rows]) / np.maximum(
            size - 1, 1
        )
        self.susceptible = float(susceptible.mean())
        self._set_groups(city, people, susceptible, thinning)
        self.scopes = np.stack(
            [
                city.cells[people["cell"], 1] - 1,
                city.townships[people["township"], 1] - 1,
                city.counties[people["county"], 1] - 1,
                np.full(len(people), len(city) - 1),
            ]
        ).astype(float)
        self.scope_contacts = float(city.mixing.counts().mean()) * np.asarray(city.mixing.shares)

    def _set_groups(
        self, city: City, people: NDArray[np.void], susceptible: Floats, thinning: tuple[float, float]
    ) -> None:
        """Set, for each person, the others in the group, the contacts a day with them, and their susceptibility."""
        spans, members = city.groups.spans, city.groups.members
        group = people["group"]
        has_group = group >= 0
        self.others = np.zeros(len(people))
        self.group_contacts = np.zeros(len(people))
        self.group_susceptible = np.ones(len(people))
        self.group_layer = people["layer"]
        if not has_group.any():
            return
        self.others[has_group] = spans[group[has_group], 1] - 1
        wanted = np.where(people["layer"] == SCHOOL, city.mixing.school, city.mixing.work)
        thin = np.where(people["layer"] == SCHOOL, thinning[0], thinning[1])
        self.group_contacts = np.where(has_group, np.minimum(wanted, self.others) * thin, 0.0)
        sums = np.add.reduceat(susceptible[members], spans[:, 0]) / spans[:, 1]
        self.group_susceptible[has_group] = sums[group[has_group]]

    def offspring(self, hazard: float) -> float:
        """Return the mean number infected by a sampled resident at a hazard."""
        factor = self.disease.asymptomatic_infectiousness
        total = np.zeros(len(self.others))
        for scale, weight in ((1.0, 1 - self.asymptomatic), (factor, self.asymptomatic)):
            if scale > 0:
                for level in self.levels:
                    total += weight * self._infected(hazard * scale * level)
        return float(total.mean() / len(self.levels))

    def _infected(self, hazard: float) -> Floats:
        """Return the expected number infected by each sampled person at one level of infectiousness."""
        at_home = -np.expm1(-hazard * self.weights[HOUSEHOLD] * self.housemates_susceptible)
        total = self.housemates * at_home
        profile = self.disease.profile
        for layer in (SCHOOL, WORK):
            daily = -np.expm1(-hazard * self.weights[layer] * profile)
            here = np.where(self.group_layer == layer, self.group_contacts, 0.0)
            total = total + _distinct(self.others, here, daily, self.group_susceptible)
        daily = -np.expm1(-hazard * self.weights[COMMUNITY] * profile)
        for others, contacts in zip(self.scopes, self.scope_contacts, strict=True):
            total = total + _distinct(others, contacts, daily, self.susceptible)
        return np.asarray(total, dtype=np.float64)


def _distinct(others: Floats, contacts: Floats | float, daily: Floats, susceptible: Floats | float) -> Floats:
    """Return the expected number of `others` infected by `contacts` a day with random ones of them.

    `daily` is the probability that a contact of each day infects. The product over the days is expanded to the
    second order, which is exact for many others.
    """
    number = np.maximum(others, 1.0)
    first, second = daily.sum() * susceptible, (daily**2).sum() * susceptible**2
    avoided = np.exp(-contacts * (first / number + second / number**2 / 2))
    return np.asarray(others * (1 - avoided), dtype=np.float64)


def infectiousness_levels(dispersion: float) -> Floats:
    """Return equally likely levels of infectiousness with mean 1: the means of slices of the gamma distribution."""
    if math.isinf(dispersion):
        return np.ones(1)
    edges = special.gammaincinv(dispersion, np.linspace(0, 1, N_LEVELS + 1))
    return np.asarray(N_LEVELS * np.diff(special.gammainc(dispersion + 1, edges)), dtype=np.float64)
