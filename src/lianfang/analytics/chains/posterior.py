"""Who infected whom, with probabilities: the result of `infer_chains`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lianfang.analytics.chains.evidence import Ints
from lianfang.analytics.inputs import Floats, as_number, complain
from lianfang.analytics.result import Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, kw_only=True)
class ChainPosterior(Result):
    """Posterior over the infector of every case, "unknown source" included.

    Candidates of case j stand at `start[j]:start[j + 1]` of `infector` and `probability`; with `unknown[j]` they sum to
    1. `generation` is the mean number of steps from the first known case of its chain, `offspring` the mean number of
    cases each infected, `offspring_share[m]` the mean share of cases that infected m others. `k` and `reproduction`
    are draws. `sensitivity` says, per kind of yes/no evidence, how often a true link has it. `disagreement` is the
    largest difference of one probability between the two halves of the independent chains: above 0.1 sample longer.
    """

    ids: tuple[Any, ...]
    onset: Floats
    start: Ints
    infector: Ints
    probability: Floats
    unknown: Floats
    generation: Floats
    offspring: Floats
    offspring_share: Floats
    k: Floats
    reproduction: Floats
    sensitivity: dict[str, float]
    mutations: float | None
    disagreement: float

    def candidates(self, case: Any, n: int = 5) -> list[tuple[Any, float]]:
        """Return the `n` most probable sources of a case, best first; None stands for an unknown source."""
        j = self._index(case)
        a, b = int(self.start[j]), int(self.start[j + 1])
        rows: list[tuple[Any, float]] = [
            (self.ids[i], float(p))
            for i, p in zip(self.infector[a:b].tolist(), self.probability[a:b], strict=True)
        ]
        rows.append((None, float(self.unknown[j])))
        return sorted(rows, key=lambda row: -row[1])[:n]

    def _index(self, case: Any) -> int:
        if case not in self.ids:
            raise complain("case", "one of the cases", case)
        return self.ids.index(case)

    def best(self) -> tuple[Ints, Floats]:
        """Return the consensus tree: the infector's index of each case (-1 unknown) and its probability.

        Each case takes its most probable source; where that closes a circle, the least certain link of the circle gives
        way to the next probable source.
        """
        n = len(self.ids)
        order = [self._ranked(j) for j in range(n)]
        at = np.zeros(n, dtype=np.int64)
        while True:
            source = np.array([order[j][at[j]][0] for j in range(n)])
            circle = find_circle(source)
            if not circle:
                return source, np.array([order[j][at[j]][1] for j in range(n)])
            weakest = min(circle, key=lambda j: order[j][at[j]][1])
            at[weakest] += 1

    def _ranked(self, j: int) -> list[tuple[int, float]]:
        a, b = int(self.start[j]), int(self.start[j + 1])
        rows = [
            (int(i), float(p))
            for i, p in zip(self.infector[a:b], self.probability[a:b], strict=True)
            if p > 0
        ]
        rows.append((-1, float(self.unknown[j])))
        # an unknown source is always possible, so every list ends in -1 and a circle can always be opened
        ranked = sorted(rows, key=lambda row: -row[1])
        return [*ranked, (-1, float(self.unknown[j]))]

    def links(self, at_least: float = 0.0) -> dict[str, list[Any]]:
        """Return all links of probability `at_least` or more, as columns (input to a graph or a review list)."""
        as_number("at_least", at_least, low=0, high=1)
        infectee = np.repeat(np.arange(len(self.ids)), np.diff(self.start))
        kept = np.flatnonzero((self.probability >= at_least) & (self.probability > 0))
        return {
            "infector": [self.ids[i] for i in self.infector[kept]],
            "infectee": [self.ids[j] for j in infectee[kept]],
            "probability": self.probability[kept].tolist(),
            "lag_days": (self.onset[infectee[kept]] - self.onset[self.infector[kept]]).tolist(),
        }

    def table(self) -> dict[str, list[Any]]:
        """Return one row a case: consensus source, its probability, that of an unknown source, generation, offspring."""
        source, probability = self.best()
        return {
            "id": list(self.ids),
            "onset": self.onset.tolist(),
            "infector": [None if i < 0 else self.ids[i] for i in source],
            "probability": probability.tolist(),
            "unknown_source": self.unknown.tolist(),
            "generation": self.generation.tolist(),
            "offspring": self.offspring.tolist(),
        }

    def summary(self) -> dict[str, tuple[float, float, float]]:
        """Return median and central 95% of the mean number of offspring and of its dispersion k (small k: super-spreading)."""
        numbers = {"offspring_mean": self.reproduction, "dispersion_k": self.k}
        return {
            name: tuple(np.quantile(draws, [0.5, 0.025, 0.975]).tolist()) for name, draws in numbers.items()
        }

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the consensus chains over time: one point a case, a line to its source, darker where more certain."""
        ax = new_axes(ax)
        source, probability = self.best()
        height = np.empty(len(self.ids))
        height[np.argsort(self.onset, kind="stable")] = np.arange(len(self.ids))
        for j, i in enumerate(source):
            if i >= 0:
                line = [self.onset[i], self.onset[j]], [height[i], height[j]]
                ax.plot(*line, color="0.2", alpha=float(0.15 + 0.85 * probability[j]), linewidth=1)
        ax.scatter(self.onset, height, c=source < 0, cmap="coolwarm", s=12, zorder=3)
        ax.set_xlabel("onset (day)")
        ax.set_yticks([])
        return ax


def find_circle(source: Ints) -> list[int]:
    """Return the cases of one circle in "source of", or an empty list; -1 marks no source."""
    seen = np.zeros(len(source), dtype=np.int64)
    for begin in range(len(source)):
        path, i = [], begin
        while i >= 0 and seen[i] == 0:
            seen[i] = begin + 1
            path.append(i)
            i = int(source[i])
        if i >= 0 and seen[i] == begin + 1 and i in path:
            return path[path.index(i) :]
    return []
