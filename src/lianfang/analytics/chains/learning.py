"""What a sweep over trees teaches about the outbreak: evidence rates, how many a case infects, and on how many days."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

from lianfang.analytics.chains.evidence import Ints
from lianfang.analytics.inputs import Floats

if TYPE_CHECKING:
    from lianfang.analytics.chains.sampling import Setting

K_GRID = np.geomspace(0.02, 20, 28)
# Dispersions published for outbreaks of several diseases lie about 0.5, two thirds of them within a factor of 2 or so (see the page).
K_MEDIAN, K_LOG_SD = 0.5, 0.8
R_SHAPE = 3.0  # gamma prior of the mean number infected, mean 1
HAZARD_MEAN, HAZARD_SHAPE = 0.3, 1.0  # of a house-mate: published attack rates run from 0.1 to 0.9
EVENTS_GRID = np.geomspace(0.05, 100, 12)


class Learnt(NamedTuple):
    """What is learnt about the outbreak beside the tree: dispersion, mean, sharing of days."""

    k: float
    reproduction: float
    events: float  # small: who infects many does it on few days; large: each day anew
    n_unknown: int


def log_ratios(s: "Setting", sensitivity: Floats, hits: Floats, n_links: int) -> Floats:
    """Return log P(evidence | link) / P(evidence | no link), per kind, for absent and present evidence."""
    chance = (np.maximum(s.n_flagged - hits, 0) + 0.5) / (max(s.n_possible - n_links, 0) + 1)
    chance = np.minimum(chance, 1 - 1e-3)
    return np.stack([np.log((1 - sensitivity) / (1 - chance)), np.log(sensitivity / chance)], axis=1)


def draw_hazards(s: "Setting", hazard: Floats, inside: Ints, rng: np.random.Generator) -> Floats:
    """Draw how many of its members one infectious person infects, per setting and member at risk, given the links within settings.

    Gamma, since links come at that rate over the time at risk. A link within several settings is of one of them, drawn.
    """
    parts = np.cumsum(s.shared[inside] * hazard, axis=1)
    of = (rng.random(len(inside))[:, None] * parts[:, -1:] >= parts).sum(axis=1) if len(hazard) else inside
    hits = np.bincount(of, minlength=len(hazard))[: len(hazard)]
    return np.asarray(rng.gamma(HAZARD_SHAPE + hits, 1 / (HAZARD_SHAPE / HAZARD_MEAN + s.at_risk)))


def draw_k(n_children: Ints, mean: Floats, rng: np.random.Generator, *, learns: bool) -> float:
    """Draw the dispersion on its grid, given how many each case infected and how many were to be expected.

    From the prior alone unless `learns`: onsets, households and wards point at no person, and then any wave that comes in a
    bump and ends (by immunity, by measures) looks like the work of one case that infected everybody.
    """
    log_weight = -0.5 * (np.log(K_GRID / K_MEDIAN) / K_LOG_SD) ** 2
    if learns:
        k, mean = K_GRID[:, None], np.maximum(mean, 1e-9)[None, :]
        zero = k * np.log(k / (k + mean)) + n_children * np.log(mean / (k + mean))
        log_weight += (special.gammaln(k + n_children) - special.gammaln(k) + zero).sum(axis=1)
    return float(K_GRID[_pick(log_weight, rng)])


def draw_reproduction(n_children: Ints, exposed: Floats, learnt: Learnt, rng: np.random.Generator) -> float:
    """Draw the mean number infected, given the infectiousness of each case.

    That is drawn for the purpose: a few who infect many leave the mean uncertain, as a Poisson count of links would not.
    """
    own = rng.gamma(learnt.k + n_children, 1 / (learnt.k + learnt.reproduction * exposed))
    drawn = rng.gamma(R_SHAPE + n_children.sum(), 1 / (R_SHAPE + float(own @ exposed)))
    return max(float(drawn), 1e-3)


def draw_events(n_siblings: Ints, n_events: Ints, rng: np.random.Generator) -> float:
    """Draw the concentration of days, given the numbers of siblings and of distinct days in every group of siblings."""
    c = EVENTS_GRID[:, None]
    log_weight = n_events * np.log(c) + special.gammaln(c) - special.gammaln(c + n_siblings)
    return float(EVENTS_GRID[_pick(log_weight.sum(axis=1), rng)])


def _pick(log_weight: Floats, rng: np.random.Generator) -> int:
    weight = np.cumsum(np.exp(log_weight - log_weight.max()))
    return int(np.searchsorted(weight, rng.random() * weight[-1]))
