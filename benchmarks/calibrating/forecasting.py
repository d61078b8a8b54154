"""Forecasts: the targets of the European hub, twelve countries, and simulated epidemics by week."""

import numpy as np

from analytics_forecast import countries, hub
from calibrating import NOMINAL, REAL, check
from calibrating.epidemics import SHAPES, simulate
from lianfang.analytics.forecast import baseline_forecast, forecast
from lianfang.analytics.scoring import score_quantiles
from measuring import shared


def columns(scores):
    return scores.inside[:, [int(np.flatnonzero(np.isclose(scores.nominal, p))[0]) for p in NOMINAL]]


for target in ("Cases", "Deaths"):

    @check("forecast.forecast", f"European hub 2021, {target.lower()} of DE and GB, 1 to 3 weeks", kind=REAL)
    def european(quick, target=target):
        shared("forecast_eu_hub_2021")
        yield from np.array_split(columns(hub(target)[0]), 22)


for column in ("cases", "deaths"):
    for daily in (False, True):
        for which, name in enumerate(("forecast.forecast", "forecast.baseline_forecast")):
            ahead = "by day, 28 days" if daily else "by week, 4 weeks"

            @check(
                name,
                f"12 countries 2020, {column} {ahead}",
                kind=REAL,
                note="the yardstick" if which else "",
                warned=bool(which),
            )
            def twelve(quick, column=column, daily=daily, which=which):
                shared("cfr_covid_countries_2020")
                scores = countries(column, daily=daily)[which]
                yield from np.array_split(columns(scores), 12)


@check(
    "forecast.forecast",
    "14 weeks of simulated epidemics, 1 to 4 weeks ahead",
    note="seven shapes of R, by chance",
)
def simulated(quick):
    yield from _simulated(quick, lambda counts: forecast(counts, horizon=4))


@check(
    "forecast.baseline_forecast",
    "14 weeks of simulated epidemics, 1 to 4 weeks ahead",
    note="the yardstick",
    warned=True,
)
def simulated_baseline(quick):
    yield from _simulated(quick, lambda counts: baseline_forecast(counts, horizon=4, seed=1, n_draws=2000))


def _simulated(quick, method):
    rng = np.random.default_rng(7)
    for shape in SHAPES:
        for level in (10, 50, 300):
            for _ in range(1 if quick else 5):
                weeks = simulate(shape, True, rng, level).counts[:98].reshape(-1, 7).sum(axis=1)
                parts = []
                for known in (8, 10):
                    result = method(weeks[:known])
                    parts.append(columns(score_quantiles(weeks[known : known + 4], result.quantiles[0])))
                yield np.concatenate(parts)
