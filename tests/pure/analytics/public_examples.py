"""One call of every public function of `lianfang.analytics`: what the conformance tests walk over.

`data` holds the arguments that are columns or tables of observations, given as plain lists; the tests pass them as
NumPy, pandas and Polars too. `options` are passed as they are.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lianfang.analytics import (
    aberration,
    artefacts,
    beds,
    beds_chime,
    beds_outlook,
    beds_stay,
    chains,
    clocks,
    clocks_measured,
    clocks_renewal,
    clusters,
    delays,
    final_size,
    forecast,
    forecast_renewal,
    nowcast,
    poverty,
    poverty_multidimensional,
    priors,
    renewal,
    rt,
    scan,
    scoring,
    severity,
    severity_records,
)


class Example(NamedTuple):
    function: Callable[..., Any]
    data: Mapping[str, Any]
    options: Mapping[str, Any] = {}


SEASON = [6, 7, 9, 12, 14, 12, 9, 7, 5, 4, 3, 4, 5] * 20
GROWTH = [1, 2, 3, 5, 8, 12, 18, 27, 40, 52, 60, 71, 80, 85, 90, 92, 91, 88, 84, 80]
DAYS = [f"2020-02-{day:02d}" for day in range(1, 21)]
INTERVAL = [0, 0.3, 0.4, 0.2, 0.1]
ONSETS = [float(day) for day in (0, 3, 4, 7, 8, 9, 12, 13)]
IDS = list("abcdefgh")
PAIRS = [["a", "b"], ["a", "c"], ["b", "d"], ["c", "e"]]
TRIANGLE = [[50, 30, 20]] * 40
CENSUS = [[300 + 10 * (day % 15), 150 + 5 * (day % 11)] for day in range(120)]
PATHS = [beds.CarePath(name="all", share=1, stages=[("ward", [0, 0.5, 0.5])])]
CARE = {
    "hospitalized": beds_chime.Disposition(rate=0.025, days=7),
    "icu": beds_chime.Disposition(rate=0.0075, days=9),
    "ventilated": beds_chime.Disposition(rate=0.005, days=10),
}
WINDOWS = {
    "exposed_from": [0, 0, 0, 2, 1, 3],
    "exposed_to": [1, 2, 1, 3, 4, 4],
    "onset_from": [4, 6, 3, 9, 5, 8],
    "onset_to": [5, 7, 4, 10, 6, 9],
}
ACHIEVEMENTS = [[13.1, 14, 4, 1], [15.2, 7, 5, 0], [12.5, 10, 1, 0], [20, 11, 3, 1]]
ALARMED = aberration.ears([*[20.0] * 9, 620, 25, 25])
FLAGGED = artefacts.reporting_artefacts([100, 120, 145, 165, 190, 210, 235, 260, 280, 900, 925, 950])

EXAMPLES = (
    Example(aberration.cusum, {"counts": SEASON}, {"baseline": 10}),
    Example(aberration.ears, {"counts": SEASON}),
    Example(aberration.farrington, {"counts": SEASON}, {"last": 2}),
    Example(aberration.exceedance, {"observed": [6.0], "expected": [2.0], "dispersion": [1.0]}),
    Example(aberration.re_emergence, {"counts": [2] + [0] * 12 + [1, 2, 5, 9]}),
    Example(aberration.small_counts, {"counts": [0, 1, 0, 0, 1, 0, 2, 0, 0, 1] * 3 + [1, 2, 2, 3]}),
    Example(artefacts.reporting_artefacts, {"cumulative": list(range(100, 400, 15)), "dates": DAYS}),
    Example(artefacts.set_aside, {}, {"alarms": ALARMED, "artefacts": FLAGGED}),
    Example(beds.presence, {}, {"paths": PATHS, "n_days": 4}),
    Example(beds.project_census, {"admissions": GROWTH}, {"paths": PATHS, "n_draws": 20}),
    Example(
        beds.queue_at_capacity, {"demand": GROWTH, "stay": [0, 0.5, 0.5]}, {"capacity": 40, "n_draws": 5}
    ),
    Example(
        beds.days_until_full,
        {},
        {"census": beds.project_census(GROWTH, PATHS, n_draws=20), "kind": "ward", "capacity": 90},
    ),
    Example(
        beds_chime.chime_projection,
        {},
        {
            "population": 4e6,
            "current_hospitalized": 14,
            "doubling_time": 4,
            "relative_contact_rate": 0.3,
            "infectious_days": 14,
            **CARE,
        },
    ),
    Example(beds_outlook.learn_outlook, {"census": CENSUS}, {"horizon": 7}),
    Example(
        beds_outlook.census_outlook,
        {"census": CENSUS[:60]},
        {"model": beds_outlook.learn_outlook(CENSUS, 7)},
    ),
    Example(beds_stay.length_of_stay, {"days": [2, 3, 3, 5], "ended": [True, True, False, True]}),
    Example(beds_stay.resampled_stays, {"days": [2, 3, 3, 5, 8, 1, 4]}, {"n_draws": 3, "seed": 1}),
    Example(
        chains.infer_chains,
        {
            "ids": IDS,
            "onset": ONSETS,
            "contacts": PAIRS,
            "household": ["x", "x", "y", None, "y", "z", "z", "z"],
        },
        {"interval": chains.Interval.gamma(4, 1.5), "n_sweeps": 40, "n_chains": 2},
    ),
    Example(chains.review_links, {"links": PAIRS, "ids": IDS, "onset": ONSETS}, {"longest": 2}),
    Example(clocks.effect_of_delays, {"testing_delay": [0.5, 0.3, 0.2], "tracing_delay": [0.9, 0.1]}),
    Example(
        clocks_measured.empirical_delay, {"days": [0.4, 1.2, 2.9, 1.1], "done": [True, True, False, True]}
    ),
    Example(
        clocks_measured.infections_averted,
        {"infections": [10, 10, 12], "generation_time": INTERVAL},
        {"r_current": 1.2, "r_faster": 0.8, "n_days": 14},
    ),
    Example(clocks_renewal.isolation_tracing_grid, {"isolation": [0.2, 0.8], "tracing": [0.1, 0.9]}),
    Example(
        clusters.find_clusters,
        {
            "ids": IDS,
            "onset": ONSETS,
            "places": ["ward 1", "ward 1", None, "ward 2", *["ward 3"] * 4],
            "links": PAIRS,
        },
    ),
    Example(delays.fit_delay, WINDOWS),
    Example(delays.compare_delays, WINDOWS),
    Example(
        delays.serial_interval_by_period,
        {
            "infector_onset": ["2020-01-10", "2020-01-11", "2020-01-12", "2020-01-25", "2020-01-14"],
            "infectee_onset": ["2020-01-16", "2020-01-15", "2020-01-20", "2020-01-24", "2020-01-18"],
            "periods": [["2020-01-09", "2020-01-22"], ["2020-01-23", "2020-01-29"]],
        },
    ),
    Example(
        final_size.final_size,
        {"contacts": [[2.0, 1.0], [1.0, 3.0]], "population": [10.0, 20.0]},
        {"r0": 1.5},
    ),
    Example(forecast.forecast, {"counts": SEASON[:30]}, {"horizon": 2}),
    Example(forecast.baseline_forecast, {"counts": SEASON[:30]}, {"horizon": 2, "seed": 1, "n_draws": 500}),
    Example(
        forecast_renewal.renewal_forecast, {"counts": SEASON[:35], "serial_interval": INTERVAL}, {"weeks": 1}
    ),
    Example(nowcast.nowcast, {}, {"triangle": nowcast.triangle_from_matrix(TRIANGLE)}),
    Example(nowcast.nowcast_strata, {}, {"triangles": {"a": nowcast.triangle_from_matrix(TRIANGLE)}}),
    Example(
        nowcast.triangle_from_counts,
        {"reference": DAYS[:3], "report": DAYS[1:4], "count": [3, 2, 4]},
        {"as_of": "2020-02-04", "max_delay": 2},
    ),
    Example(
        nowcast.triangle_from_line_list,
        {"reference": DAYS[:3], "report": DAYS[1:4]},
        {"as_of": "2020-02-04", "max_delay": 2},
    ),
    Example(nowcast.triangle_from_matrix, {"counts": TRIANGLE}),
    Example(
        nowcast.reported_share,
        {"reference": DAYS[:2] * 2, "published": [DAYS[1]] * 2 + [DAYS[3]] * 2, "count": [40, 20, 40, 50]},
        {"max_delay": 1},
    ),
    Example(
        poverty.poverty_indices, {"income": [100, 110, 150, 160], "weights": [1, 2, 3, 4]}, {"line": 125}
    ),
    Example(poverty.gini, {"values": [1, 2, 3, 10]}),
    Example(poverty.targeting_errors, {"poor": [1, 1, 0, 0], "selected": [1, 0, 1, 0]}),
    Example(
        poverty_multidimensional.multidimensional_poverty,
        {"achievements": ACHIEVEMENTS, "cutoffs": [13, 12, 3, 1], "groups": ["u", "u", "v", "v"]},
        {"k": 0.5},
    ),
    Example(
        poverty_multidimensional.multidimensional_poverty_from_deprivations,
        {"deprived": [[1, 1], [1, 0]], "persons": [3, 1]},
        {"k": 1},
    ),
    Example(priors.published_priors, {}),
    Example(priors.find_priors, {}, {"disease": "COVID-19", "quantity": "serial interval"}),
    Example(priors.prior_delay, {}, {"disease": "COVID-19", "quantity": "serial interval"}),
    Example(
        renewal.estimate_renewal,
        {"counts": GROWTH, "generation_interval": INTERVAL, "delay": [0, 0.2, 0.5, 0.3], "days": DAYS},
        {"workers": 1},
    ),
    Example(rt.reproduction_number, {"cases": GROWTH, "serial_interval": INTERVAL, "days": DAYS}),
    Example(rt.case_reproduction_number, {"cases": GROWTH, "serial_interval": INTERVAL, "days": DAYS}),
    Example(rt.reproduction_number_from_aggregates, {"counts": GROWTH[:8], "serial_interval": INTERVAL}),
    Example(rt.daily_counts, {"counts": GROWTH[:8], "serial_interval": INTERVAL}),
    Example(rt.discretise_serial_interval, {}, {"mean": 2.6, "sd": 1.5, "n_days": 5}),
    Example(rt.infectivity, {"cases": GROWTH, "interval": INTERVAL}),
    Example(rt.reproduction_number_of_growth, {"growth": [0.0, 0.1], "serial_interval": INTERVAL}),
    Example(
        scan.scan_clusters,
        {
            "cases": [5, 4, 6, 5, 19, 21, 5, 4, 6, 5],
            "coordinates": [[float(x), 0.0] for x in range(10)],
            "population": [1000] * 10,
        },
        {"seed": 1, "n_simulations": 99},
    ),
    Example(
        scoring.score_quantiles,
        {"observed": [10.0, 4.0], "predicted": [[6.0, 8.0, 9.0], [3.0, 4.0, 6.0]]},
        {"levels": [0.25, 0.5, 0.75]},
    ),
    Example(scoring.pit_values, {"observed": [3, 2], "samples": [[1, 2, 3, 4], [0, 1, 2, 3]]}, {"seed": 1}),
    Example(
        scoring.relative_skill,
        {},
        {"scores": {"ours": [1.0, 2.0], "naive": [2.0, 4.0]}, "baseline": "naive"},
    ),
    *(
        Example(
            function,
            {"cases": [20] * 20, "deaths": [0] * 5 + [4] * 15, "delay": [0, 0, 0, 0, 0, 1], "dates": DAYS},
        )
        for function in (severity.case_fatality, severity.rolling_case_fatality)
    ),
    Example(
        severity.time_varying_case_fatality,
        {"cases": [20] * 20, "deaths": [0] * 5 + [4] * 15, "delay": [0, 0, 0, 0, 0, 1]},
        {"burn_in": 5},
    ),
    Example(
        severity.case_fatality_uncertain,
        {"cases": [20] * 20, "deaths": [0] * 5 + [4] * 15},
        {"delays": [[0, 0, 0, 0, 0, 1], [0, 0, 0, 1]]},
    ),
    Example(
        severity.ascertainment,
        {"cases": [20] * 20, "deaths": [0] * 5 + [4] * 15, "delay": [0, 0, 0, 0, 0, 1]},
        {"baseline": 0.05},
    ),
    Example(
        severity_records.cumulative_incidence,
        {"times": [2, 3, 5, 6], "outcome": ["death", "discharge", None, "discharge"]},
    ),
    Example(severity_records.resolved_fatality, {}, {"n_deaths": 3, "n_discharged": 9}),
)
