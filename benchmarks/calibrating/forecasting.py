"""Forecasts: the targets of the European hub, twelve countries, and simulated epidemics by week."""

import numpy as np

from analytics_forecast import countries, hub, hub_by_day, italian
from calibrating import NOMINAL, REAL, check
from calibrating.epidemics import SHAPES, simulate
from lianfang.analytics.forecast import baseline_forecast, forecast
from lianfang.analytics.forecast_renewal import renewal_forecast
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


@check(
    "forecast_renewal.renewal_forecast",
    "European hub 2021, cases of DE and GB by day, 1 and 2 weeks",
    kind=REAL,
)
def european_by_day(quick):
    shared("forecast_eu_hub_2021")
    yield from np.array_split(columns(hub_by_day()[0]), 22)


@check(
    "forecast_renewal.renewal_forecast",
    "18 Italian regions 2020-2021, new positives by day, 1 and 2 weeks",
    kind=REAL,
)
def italian_regions(quick):
    shared("beds_italy_2020_2021")
    yield from (columns(alone) for alone, _, _ in italian())


@check(
    "forecast_renewal.renewal_forecast",
    "70 and 84 days of simulated epidemics, 1 and 2 weeks ahead",
    note="seven shapes of R, each place an epidemic of its own, by chance",
)
def simulated_by_day(quick):
    rng = np.random.default_rng(8)
    for shape in SHAPES:
        for level in (10, 50, 300):
            for _ in range(1 if quick else 5):
                one = simulate(shape, True, rng, level)
                parts = []
                for known in (70, 84):
                    came = one.counts[known : known + 14].reshape(2, 7).sum(axis=1)
                    result = renewal_forecast(one.counts[:known], serial_interval=one.interval)
                    parts.append(columns(score_quantiles(came, result.quantiles[0])))
                yield np.concatenate(parts)


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
