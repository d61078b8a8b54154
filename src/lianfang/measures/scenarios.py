"""What if: the same invented outbreaks under the area's own response and under another one, seed by seed.

The response is the area's as measured (`scenario_inputs`); what nobody records - contact rates, R0, what a measure leaves of the
contacts - is that of `lianfang.simulate` or the asker's, and is named. Each seed draws the measured clocks anew from the
records, so the intervals hold both chance and what few records leave open.
"""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version as installed
from typing import Any

import numpy as np
import polars as pl

from lianfang.core.access.actor import Actor
from lianfang.measures.models import Scenario
from lianfang.measures.scenario_inputs import Inputs, measure
from lianfang.measures.services.asking import keep_scenario
from lianfang.simulate import (
    Capacity,
    Comparison,
    Duration,
    Measure,
    Response,
    build_city,
    fitted_hazard,
    simulate,
)
from lianfang.simulate import Scenario as Setting
from lianfang.simulate.comparison import figures
from lianfang.simulate.places import generate_places

METHOD = "scenarios 1"
AS_IT_IS = "as_it_is"
TOGETHER = "together"
SHOWN = ("infections", "deaths", "peak_in_bed")
SEEDS = 16
DAYS = 60
MOST_RESIDENTS = 40_000
FEWEST_RESIDENTS = 2000
_SPREAD_DAYS = 7  # over which the infections that start it begin
_LEVEL = 0.9
_SPREAD = 0.5  # of a clock that is asked for, as a share of its mean


def run_scenario(row: Scenario, *, at: datetime) -> bool:
    """Compute a scenario that was asked for and keep it; return whether there was enough to go by."""
    begin = time.perf_counter()
    inputs = measure(row.place, row.disease, at)
    known = inputs.told()
    if not row.disease.startswith("covid_19"):
        result: dict[str, Any] = {"why_not": "no_model"}
    elif not inputs.residents:
        result = {"why_not": "no_residents"}
    else:
        result = compute(inputs, row.choices, seed=row.seed)
    text = json.dumps([METHOD, row.seed, row.choices, known, result], sort_keys=True)
    keep_scenario(
        scenario=row,
        inputs=known,
        result=result,
        version=f"lianfang {installed('lianfang')}; {METHOD}",
        digest=hashlib.sha256(text.encode()).hexdigest(),
        seconds=round(time.perf_counter() - begin, 2),
        by=Actor.system("measures.scenarios"),
        at=at,
    )
    return "why_not" not in result


def compute(
    inputs: Inputs, choices: Mapping[str, Any], *, seed: int, seeds: int = SEEDS, days: int = DAYS
) -> dict[str, Any]:
    """Return the figures of each scenario and what it averts against the response as it is, with their intervals."""
    size = int(np.clip(inputs.residents, FEWEST_RESIDENTS, MOST_RESIDENTS))
    city = build_city(places=_places(size), seed=seed)
    names = [AS_IT_IS, *changes(choices)]
    hazard = fitted_hazard(city, Setting(days=1))
    rows = []
    for n in range(seeds):
        rng = np.random.default_rng([seed, n])
        base = _as_it_is(inputs, choices, days, rng if n else None, scale=size / inputs.residents)
        for name, setting in _settings(base, choices, names, inputs).items():
            outcome = simulate(city, setting, seed=seed * 1000 + n, hazard=hazard)
            rows.append({"scenario": name, "seed": n, **figures(outcome)})
    compared = Comparison(
        runs=pl.DataFrame(rows), scenarios=tuple(names), seeds=tuple(range(seeds)), level=_LEVEL
    )
    return {
        "names": names,
        "seeds": seeds,
        "days": days,
        "residents": size,
        "level": _LEVEL,
        "r0": Setting().disease.r0,
        "started_with": _started(inputs, size / inputs.residents),
        "figures": {name: _rounded(compared.summary(name).to_dicts()) for name in SHOWN},
        "averted": {name: _rounded(compared.averted(AS_IT_IS, name).to_dicts()) for name in SHOWN},
    }


def changes(choices: Mapping[str, Any]) -> list[str]:
    """Return the scenarios that the choices make: one a change, and all of them together where there are several."""
    single = [
        name for name in ("investigation", "tracing", "laboratory", "ward", "ended") if choices.get(name)
    ]
    return [*single, TOGETHER] if len(single) > 1 else single


def _settings(
    base: Setting, choices: Mapping[str, Any], names: Sequence[str], inputs: Inputs
) -> dict[str, Setting]:
    found = {}
    for name in names:
        asked = changes(choices) if name == TOGETHER else [name]
        setting = base
        for one in asked:
            setting = _changed(setting, one, choices, inputs)
        found[name] = setting
    return found


def _changed(setting: Setting, name: str, choices: Mapping[str, Any], inputs: Inputs) -> Setting:
    response = setting.response or Response()
    if name in {"investigation", "tracing", "laboratory"}:
        hours = float(choices[name])
        asked = {name: Duration(hours, hours * _SPREAD)}
        return replace(setting, response=response.with_clocks(**asked))
    if name == "ward":
        more = 1e5 * float(choices["ward"]) / inputs.residents
        capacity = replace(response.capacity, beds=response.capacity.beds + more)
        return replace(setting, response=replace(response, capacity=capacity))
    if name == "ended":
        until = int(choices["ended"])
        kept = tuple(replace(one, until_day=until) for one in setting.measures)
        return replace(setting, measures=kept)
    return setting


def _as_it_is(
    inputs: Inputs, choices: Mapping[str, Any], days: int, rng: np.random.Generator | None, *, scale: float
) -> Setting:
    """Return the area's own response: measured where it can be, one resample of the records with `rng`."""
    clocks = {name: inputs.duration(name, rng) for name in inputs.clocks}
    capacity = Capacity(beds=1e5 * inputs.beds / inputs.residents) if inputs.beds else Capacity()
    response = Response(capacity=capacity).with_clocks(**clocks)
    if inputs.follow_up_coverage is not None:
        response = replace(response, follow_up_coverage=inputs.follow_up_coverage)
    left = float(choices.get("contacts_left") or 100) / 100
    measures = tuple(
        Measure(layer=layer, factor=left) for layer in ("school", "work", "community") if left < 1
    )
    started = _started(inputs, scale)
    per_day = {day: started // _SPREAD_DAYS + (day < started % _SPREAD_DAYS) for day in range(_SPREAD_DAYS)}
    return Setting(days=days, imported=per_day, response=response, measures=measures)


def _started(inputs: Inputs, scale: float) -> int:
    """Return how many infections start it: the confirmed cases of the last 14 days, scaled to the invented city; one at least."""
    return max(round(inputs.recent_cases * scale), 1)


def _places(residents: int) -> Any:
    return generate_places(
        residents, counties=1, cell_size=320, cells_per_village=3, villages_per_township=3, seed=1
    )


def _rounded(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: value if isinstance(value, str) else round(float(value), 3) for name, value in row.items()}
        for row in rows
    ]
