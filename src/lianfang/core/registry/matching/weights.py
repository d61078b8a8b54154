"""The weights of evidence: how often each level of agreement occurs among records of one person (m) and of two (u).

Fellegi and Sunter (1969): a level weighs log2(m/u) bits; the weights of all comparisons and the prior add up to the
logarithm of the odds that both records are one person. The table is data (`weights.json`, with its source); a site
with its own records trains its own by `training.fit` and names the file in LIANFANG_MATCH_WEIGHTS.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from lianfang.core.registry.matching.comparisons import LEVELS

SHIPPED = Path(__file__).with_name("weights.json")
# How many imagined people of average names stand beside the real ones when the frequency of a name is judged.
_SMOOTHING = 2000.0
# What people who live together share, and the odds (in bits) that it can raise at most: one in four.
_HOUSEHOLD = frozenset({"phone", "address", "place"})
_ONE_OF_A_HOUSEHOLD = -2.0
# A small register is no proof that a name is rare: it is judged as if it held so many people.
_LEAST_BASE = 1000


@dataclass(frozen=True)
class Evidence:
    """One line of the account: what was compared, the level of agreement, and its weight in bits."""

    what: str
    level: str
    bits: float

    def as_json(self) -> dict[str, str | float]:
        """Return the line as it is kept with a review: no particular of anybody is in it."""
        return {"what": self.what, "level": self.level, "bits": round(self.bits, 2)}


@dataclass(frozen=True)
class Frequency:
    """How many people of the register carry the name that arrives, written so (`exact`) and sounding so (`sound`)."""

    exact: int = 0
    sound: int = 0


@dataclass(frozen=True)
class Weights:
    """The m and u of every level of every comparison, and the share of arriving rows that are already known."""

    m: Mapping[str, Mapping[str, float]]
    u: Mapping[str, Mapping[str, float]]
    share_known: float
    source: str

    @cached_property
    def ratios(self) -> dict[str, dict[str, float]]:
        """The weight of every level in bits, names of average frequency."""
        return {
            what: {level: math.log2(m / self.u[what][level]) for level, m in levels.items()}
            for what, levels in self.m.items()
        }

    def bits(self, what: str, level: str, *, base: int, frequency: Frequency | None) -> float:
        """Return the weight of one level; that of a name depends on how common the name is."""
        if what == "name" and frequency is not None:
            u = _name_frequency(level, self.u[what][level], max(base, _LEAST_BASE), frequency)
            return math.log2(self.m[what][level] / u)
        return self.ratios[what][level]

    def prior(self, base: int) -> float:
        """Return the logarithm of the odds before anything is compared: one of `base` people, or a new one."""
        return math.log2(self.share_known / max(base, _LEAST_BASE))

    def total(self, levels: Mapping[str, str], *, base: int, frequency: Frequency | None = None) -> float:
        """Return the logarithm (base 2) of the odds that both records are one person."""
        prior = self.prior(base)
        total, household = prior, prior - _ONE_OF_A_HOUSEHOLD
        for what, level in levels.items():
            bits = (
                self.bits(what, level, base=base, frequency=frequency)
                if what == "name"
                else self.ratios[what][level]
            )
            total += bits
            if what in _HOUSEHOLD:
                household += bits
        return total - max(household, 0.0)

    def account(
        self, levels: Mapping[str, str], *, base: int, frequency: Frequency | None = None
    ) -> tuple[Evidence, ...]:
        """Return the lines of evidence, the prior first.

        Telephone, address and place agree among all who live together. Whatever they weigh, they can single out the
        household and no more: what exceeds odds of one in four is taken off in a line of its own.
        """
        prior = self.prior(base)
        lines = [Evidence("prior", "one_of_many", prior)]
        shared = 0.0
        for what, level in levels.items():
            bits = self.bits(what, level, base=base, frequency=frequency)
            lines.append(Evidence(what, level, bits))
            if what in _HOUSEHOLD:
                shared += bits
        excess = prior + shared - _ONE_OF_A_HOUSEHOLD
        if excess > 0:
            lines.append(Evidence("household", "living_together", -excess))
        return tuple(lines)


def _name_frequency(level: str, average: float, base: int, frequency: Frequency) -> float:
    """Return how often a stranger agrees on this very name: millions are called Wang Wei, few Ouyang Ruochen."""
    if level == "exact":
        seen = frequency.exact
    elif level in {"same_sound", "swapped"}:
        seen = max(frequency.sound - frequency.exact, 0)
    else:
        return average
    return max((seen + _SMOOTHING * average) / (base + _SMOOTHING), 1e-9)


def weights() -> Weights:
    """Return the weights in force at this site."""
    named = getattr(settings, "MATCH_WEIGHTS", "")
    return load(Path(named) if named else SHIPPED)


@lru_cache(maxsize=4)
def load(path: Path) -> Weights:
    """Return the weights of a file; ValueError names the comparison or level that is missing or out of range."""
    return parse(json.loads(path.read_text(encoding="utf-8")))


def parse(table: Mapping[str, Any]) -> Weights:
    """Return the weights of a parsed table `{source, share_known, comparisons: {name: {level: [m, u]}}}`."""
    comparisons = table["comparisons"]
    for what, levels in LEVELS.items():
        for level in levels:
            m, u = comparisons.get(what, {}).get(level, (0, 0))
            if not (0 < m <= 1 and 0 < u <= 1):
                raise ValueError(
                    f"weights of {what}.{level} must be two probabilities above 0. Got {[m, u]!r}."
                )
    if not 0 < table["share_known"] < 1:
        raise ValueError(f"share_known must lie between 0 and 1. Got {table['share_known']!r}.")
    return Weights(
        m={what: {level: pair[0] for level, pair in levels.items()} for what, levels in comparisons.items()},
        u={what: {level: pair[1] for level, pair in levels.items()} for what, levels in comparisons.items()},
        share_known=table["share_known"],
        source=table["source"],
    )
