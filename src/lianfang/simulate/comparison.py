"""Scenarios side by side: the same outbreaks under different responses, and what one averts against another."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import special

from lianfang.simulate.checks import complain, within
from lianfang.simulate.city import City
from lianfang.simulate.outcome import Outcome
from lianfang.simulate.response import Scenario
from lianfang.simulate.simulation import START, fitted_hazard, simulate

MEASURED = ("infections", "transmissions", "confirmed", "deaths", "peak_infections", "peak_in_bed")


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Results of every scenario for every seed.

    `runs` has a row a scenario and seed with the measured figures. Seeds pair the scenarios: imported cases, courses
    of illness and contacts are the same in both as far as the scenarios allow, so differences are taken seed by seed.
    """

    runs: pl.DataFrame = field(repr=False)
    scenarios: tuple[str, ...]
    seeds: tuple[int, ...]
    level: float

    def of(self, scenario: str, figure: str) -> NDArray[np.float64]:
        """Return a figure of a scenario for each seed."""
        if scenario not in self.scenarios:
            raise complain("scenario", f"one of {', '.join(self.scenarios)}", scenario)
        if figure not in MEASURED:
            raise complain("figure", f"one of {', '.join(MEASURED)}", figure)
        rows = self.runs.filter(pl.col("scenario") == scenario).sort("seed")
        return rows[figure].to_numpy().astype(np.float64)

    def summary(self, figure: str = "infections") -> pl.DataFrame:
        """Return mean, interval of the mean, median and the central range of runs for each scenario."""
        rows = [{"scenario": name, **self._described(self.of(name, figure))} for name in self.scenarios]
        return pl.DataFrame(rows)

    def averted(self, baseline: str, figure: str = "infections") -> pl.DataFrame:
        """Return what each other scenario averts against the baseline, seed by seed.

        `mean` with `low` and `high` is the average saving and its Student interval; `run_low` and `run_high` hold the
        central share of single outbreaks, which is far wider; `share` is the mean saving relative to the baseline's
        mean; `better` is the share of seeds in which the scenario has fewer.
        """
        before = self.of(baseline, figure)
        rows = []
        for name in self.scenarios:
            if name == baseline:
                continue
            saved = before - self.of(name, figure)
            share = float(saved.mean() / before.mean()) if before.mean() else 0.0
            better = float((saved > 0).mean())
            rows.append({"scenario": name, **self._described(saved), "share": share, "better": better})
        return pl.DataFrame(rows)

    def _described(self, values: NDArray[np.float64]) -> dict[str, float]:
        """Return mean, its interval, median and central range."""
        number = len(values)
        mean = float(values.mean())
        half = float("nan")
        if number > 1:
            t = float(special.stdtrit(number - 1, (1 + self.level) / 2))
            half = t * float(values.std(ddof=1)) / number**0.5
        low, median, high = np.quantile(values, [(1 - self.level) / 2, 0.5, (1 + self.level) / 2]).tolist()
        return {
            "mean": mean,
            "low": mean - half,
            "high": mean + half,
            "median": median,
            "run_low": low,
            "run_high": high,
        }


def compare(
    scenarios: Mapping[str, Scenario],
    seeds: int | Sequence[int],
    *,
    city: City,
    start: date = START,
    level: float = 0.95,
    workers: int = 2,
) -> Comparison:
    """Run every scenario with every seed (a number n means seeds 0 to n - 1) and return the figures side by side.

    Runs go in parallel threads; the result does not depend on `workers`. Memory: about 130 bytes a resident and worker.

    >>> from lianfang.simulate import Response, Scenario, build_city, compare
    >>> slow = Scenario(days=50, imported=5)
    >>> fast = Scenario(days=50, imported=5, response=Response().faster(4))
    >>> result = compare({"as it is": slow, "four times as fast": fast}, 4, city=build_city(3000))
    >>> result.averted("as it is").columns[:4]
    ['scenario', 'mean', 'low', 'high']
    """
    chosen = tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds)
    if not scenarios:
        raise complain("scenarios", "a non-empty mapping", scenarios)
    if not chosen or len(set(chosen)) < len(chosen):
        raise complain("seeds", "one or more distinct seeds", seeds)
    within("level", level, 0.01, 0.9999)
    within("workers", workers, 1)
    hazards = _hazards(scenarios, city, start)
    cells = [(name, seed) for name in scenarios for seed in chosen]

    def one(cell: tuple[str, int]) -> dict[str, object]:
        name, seed = cell
        outcome = simulate(city, scenarios[name], seed=seed, start=start, hazard=hazards[name])
        return {"scenario": name, "seed": seed, **figures(outcome)}

    with ThreadPoolExecutor(workers) as pool:
        rows = list(pool.map(one, cells))
    return Comparison(runs=pl.DataFrame(rows), scenarios=tuple(scenarios), seeds=chosen, level=level)


def _hazards(scenarios: Mapping[str, Scenario], city: City, start: date) -> dict[str, float]:
    """Return the hazard of each scenario, fitted once for those that share the disease and the weekends."""
    fitted: list[tuple[Scenario, float]] = []
    hazards = {}
    for name, scenario in scenarios.items():
        bare = replace(scenario, response=None, measures=(), days=1, imported=0)
        known = [hazard for other, hazard in fitted if other == bare]
        hazards[name] = known[0] if known else fitted_hazard(city, bare, start)
        fitted.append((bare, hazards[name]))
    return hazards


def figures(outcome: Outcome) -> dict[str, int]:
    """Return the figures of one run that `Comparison` keeps."""
    daily = outcome.daily
    return {
        "infections": outcome.n_infections,
        "transmissions": outcome.n_transmissions,
        "confirmed": outcome.n_confirmed,
        "deaths": outcome.n_deaths,
        "peak_infections": int(daily["infections"].max() or 0),  # type: ignore[arg-type]
        "peak_in_bed": int(daily["in_bed"].max() or 0),  # type: ignore[arg-type]
    }
