"""Every public function of the analytics, given bad input: a ValueError that says what is wrong, or finite numbers.

A NaN in a result is a defect unless `STATED` names the field that says why it is there. A new public function fails
`test_every_public_function_is_tried` until it has a line in `CALLS`, and `test_public` until it has an example, every
argument of which is then spoilt here in turn.
"""

import dataclasses
import importlib
import inspect
import pkgutil
import re
import warnings
from datetime import date, timedelta

import numpy as np
import pytest

from lianfang import analytics
from lianfang.analytics import aberration as ab
from lianfang.analytics import (
    artefacts,
    beds,
    beds_chime,
    beds_outlook,
    beds_stay,
    clocks,
    clocks_local,
    clocks_measured,
    clocks_renewal,
    clusters,
    delays,
    forecast,
    forecast_renewal,
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
from lianfang.analytics import chains as ch
from lianfang.analytics import final_size as fs
from lianfang.analytics import nowcast as nc

from .public_examples import EXAMPLES

# pure helpers of other modules, whose input is checked before them
HELPERS = {"drawing", "forecast_trends", "inputs", "result", "scan_windows", "severity_counts"}
SI = [0, 0.2, 0.4, 0.3, 0.1]
ONSET_DEATH = [0, 0, 0, 0.5, 0.5]
LEVELS = [0.25, 0.5, 0.75]
COUNTS = np.round(20 + 10 * np.sin(np.arange(60) / 6)).tolist()
DEATHS = [round(c / 5) for c in COUNTS]
ENDS, STARTED, SEEN = [1, 2, 1.5, 3, 4], [4, 6, 3, 9, 5], [5, 7, 4, 10, 6]
LINE = np.arange(8.0)
PATH = [beds.CarePath(name="all", share=1, stages=[("ward", [0, 0, 0.5, 0.5])])]
CENSUS = (300 + 200 * np.sin(np.arange(150) / 15)).tolist()
STAGE = beds_chime.Disposition(rate=0.02, days=7)


def first(values, n):
    return (list(values) + [float("nan")] * n)[:n]


def chime(values):
    values = first(values, 4)
    return beds_chime.chime_projection(
        population=values[0],
        current_hospitalized=values[1],
        doubling_time=values[2],
        relative_contact_rate=0.3,
        infectious_days=values[3],
        hospitalized=STAGE,
        icu=STAGE,
        ventilated=STAGE,
    )


def outlook(values):
    column = np.asarray(values, dtype=float)[:, None]
    return beds_outlook.census_outlook(
        beds_outlook.learn_outlook(np.asarray(CENSUS)[:110, None], 7), column[:131]
    )


def day(start, number):
    """Return a date in January 2020, or as much of one as such a number makes."""
    if isinstance(number, (int, float)) and abs(number) < 1000:
        return date(2020, 1, start) + timedelta(days=int(number))
    return number


def triangle(values):
    return nc.triangle_from_matrix(np.outer(np.asarray(values, dtype=float), [0.5, 0.3, 0.2]))


def ids(values):
    return list(range(len(values)))


# name -> (a call of one list of numbers, numbers it accepts)
CALLS = {
    "aberration.ears": (ab.ears, COUNTS),
    "aberration.cusum": (lambda x: ab.cusum(x, baseline=30), COUNTS),
    "aberration.farrington": (
        lambda x: ab.farrington(x, settings=ab.ORIGINAL, last=4, steps_a_year=10, alpha=0.01),
        COUNTS,
    ),
    "aberration.small_counts": (ab.small_counts, COUNTS),
    "aberration.re_emergence": (ab.re_emergence, COUNTS),
    "aberration.exceedance": (lambda x: ab.exceedance(x, 3.0, 1.5), [1.0, 5.0, 9.0]),
    "artefacts.reporting_artefacts": (artefacts.reporting_artefacts, np.cumsum(COUNTS).tolist()),
    "artefacts.set_aside": (
        lambda x: artefacts.set_aside(ab.ears(x), artefacts.reporting_artefacts(np.cumsum(x))),
        COUNTS,
    ),
    "beds.project_census": (lambda x: beds.project_census(x, PATH), COUNTS),
    "beds.queue_at_capacity": (lambda x: beds.queue_at_capacity(x, 60, [0, 0, 1], n_draws=20), COUNTS),
    "beds.days_until_full": (
        lambda x: beds.days_until_full(beds.project_census(x, PATH), "ward", 50),
        COUNTS,
    ),
    "beds.presence": (lambda _: beds.presence(PATH, 4), []),
    "beds_chime.chime_projection": (chime, [4e6, 14, 4, 14]),
    "beds_outlook.learn_outlook": (lambda x: beds_outlook.learn_outlook(np.asarray(x)[:, None], 7), CENSUS),
    "beds_outlook.census_outlook": (outlook, CENSUS),
    "beds_stay.length_of_stay": (lambda x: beds_stay.length_of_stay(x, [True] * len(x)), [2, 3, 3, 5]),
    "chains.infer_chains": (
        lambda x: ch.infer_chains(ids(x), x, ch.Interval.gamma(5, 2), n_sweeps=20, n_chains=2),
        list(range(0, 40, 4)),
    ),
    "chains.review_links": (lambda x: ch.review_links([(0, 1)], ids(x), x), [0, 4, 8]),
    "clocks.effect_of_delays": (lambda x: clocks.effect_of_delays(*first(x, 2)), [4, 3]),
    "clocks_local.cost_of_tracing_delay": (
        lambda x: clocks_local.cost_of_tracing_delay(
            [2] * len(x), x, [True] * len(x), ids(x), n_known=len(x), n_cases=len(x) + 2, n_draws=50
        ),
        [60.0, 20.0, 30.0, 40.0],
    ),
    "beds_stay.resampled_stays": (
        lambda x: beds_stay.resampled_stays(x, [True] * len(x), n_draws=2, seed=1),
        [2, 3, 3, 5],
    ),
    "clocks_measured.empirical_delay": (clocks_measured.empirical_delay, [0.4, 1.2, 2.9, 1.1]),
    "clocks_measured.infections_averted": (
        lambda x: clocks_measured.infections_averted(x, SI, r_current=1, r_faster=0.5, n_days=5),
        [10, 10, 12],
    ),
    "clocks_renewal.isolation_tracing_grid": (
        lambda x: clocks_renewal.isolation_tracing_grid(x, x),
        [0, 0.5, 1],
    ),
    "clusters.find_clusters": (lambda x: clusters.find_clusters(ids(x), x, places=["a"] * len(x)), [0, 3, 5]),
    "delays.fit_delay": (
        lambda x: delays.fit_delay(x, ENDS, STARTED, SEEN),
        [0, 0.5, 1, 2, 3],
    ),
    "delays.compare_delays": (
        lambda x: delays.compare_delays(x, ENDS, STARTED, SEEN),
        [0, 0.5, 1, 2, 3],
    ),
    "delays.serial_interval_by_period": (
        lambda x: delays.serial_interval_by_period(
            ["2020-01-10"] * len(x),
            [day(10, d) for d in x],
            periods=[("2020-01-01", "2020-01-20")],
        ),
        [3, 5, 6, 9],
    ),
    "final_size.final_size": (lambda x: fs.final_size(first(x, 2)[1]), [1.2, 1.5, 2.0]),
    "forecast.forecast": (lambda x: forecast.forecast(x, horizon=2), COUNTS),
    "forecast.baseline_forecast": (lambda x: forecast.baseline_forecast(x, seed=1, n_draws=200), COUNTS),
    "forecast_renewal.renewal_forecast": (
        lambda x: forecast_renewal.renewal_forecast(x, serial_interval=SI),
        COUNTS,
    ),
    "nowcast.nowcast": (lambda x: nc.nowcast(triangle(x)), COUNTS),
    "nowcast.nowcast_strata": (lambda x: nc.nowcast_strata({"a": triangle(x)})["a"], COUNTS),
    "nowcast.triangle_from_matrix": (triangle, COUNTS),
    "nowcast.reported_share": (
        lambda x: nc.reported_share(
            ["2020-01-01", "2020-01-02", "2020-01-01", "2020-01-02"][: len(x)],
            ["2020-01-02", "2020-01-02", "2020-01-04", "2020-01-04"][: len(x)],
            x,
            max_delay=1,
        ),
        [40, 20, 40, 50],
    ),
    "nowcast.triangle_from_counts": (
        lambda x: nc.triangle_from_counts(
            ["2020-01-01"] * len(x), ["2020-01-02"] * len(x), x, as_of="2020-01-20", max_delay=5
        ),
        [1, 2, 3],
    ),
    "nowcast.triangle_from_line_list": (
        lambda x: nc.triangle_from_line_list(
            ["2020-01-01"] * len(x),
            [day(1, d) for d in x],
            as_of="2020-01-20",
            max_delay=5,
        ),
        [1, 2, 3],
    ),
    "poverty.poverty_indices": (lambda x: poverty.poverty_indices(x, 125), [100, 110, 150, 160]),
    "poverty.gini": (poverty.gini, [1, 2, 3]),
    "poverty.targeting_errors": (lambda x: poverty.targeting_errors(x, [1, 0, 1, 0]), [1, 1, 0, 0]),
    "poverty_multidimensional.multidimensional_poverty": (
        lambda x: poverty_multidimensional.multidimensional_poverty(
            np.asarray(x).reshape(-1, 2), [13, 5], k=0.5
        ),
        [13.1, 14, 12.0, 3],
    ),
    "poverty_multidimensional.multidimensional_poverty_from_deprivations": (
        lambda x: poverty_multidimensional.multidimensional_poverty_from_deprivations(
            np.asarray(x).reshape(-1, 2), k=1
        ),
        [1, 1, 1, 0],
    ),
    "priors.find_priors": (lambda _: priors.find_priors("COVID-19", "incubation period"), []),
    "priors.prior_delay": (lambda _: priors.prior_delay("COVID-19", "incubation period"), []),
    "priors.published_priors": (lambda _: priors.published_priors(), []),
    "priors.read_priors": (lambda _: pytest.skip("reads a file, tried in test_priors"), []),
    "renewal.estimate_renewal": (
        lambda x: renewal.estimate_renewal(x, generation_interval=SI, delay=[0.2, 0.5, 0.3], workers=1),
        COUNTS[:30],
    ),
    "rt.reproduction_number": (lambda x: rt.reproduction_number(x, serial_interval=SI), COUNTS),
    "rt.case_reproduction_number": (lambda x: rt.case_reproduction_number(x, serial_interval=SI), COUNTS),
    "rt.daily_counts": (lambda x: rt.daily_counts(x, serial_interval=SI), COUNTS[:8]),
    "rt.reproduction_number_from_aggregates": (
        lambda x: rt.reproduction_number_from_aggregates(x, serial_interval=SI),
        COUNTS[:8],
    ),
    "rt.infectivity": (lambda x: rt.infectivity(np.asarray(x, dtype=float), np.asarray(SI)), COUNTS),
    "rt.discretise_serial_interval": (lambda x: rt.discretise_serial_interval(*first(x, 2), 20), [5.0, 2.0]),
    "rt.reproduction_number_of_growth": (
        lambda x: rt.reproduction_number_of_growth(x, SI),
        [0.0, 0.1, 0.2],
    ),
    "scan.scan_clusters": (
        lambda x: scan.scan_clusters(
            x, np.column_stack([LINE, LINE]), population=[1000] * 8, seed=1, n_simulations=19
        ),
        [5, 4, 6, 5, 19, 21, 5, 4],
    ),
    "scoring.score_quantiles": (
        lambda x: scoring.score_quantiles(x, [[6.0, 8.0, 9.0]] * len(x), levels=LEVELS),
        [10.0, 7.0],
    ),
    "scoring.pit_values": (lambda x: scoring.pit_values(x, [[1, 2, 3, 4]] * len(x), seed=1), [3, 2]),
    "scoring.relative_skill": (
        lambda x: scoring.relative_skill({"a": x, "b": [1.0] * len(x)}, baseline="b"),
        [1.0, 2.0],
    ),
    "severity.case_fatality": (lambda x: severity.case_fatality(x, DEATHS, ONSET_DEATH), COUNTS),
    "severity.rolling_case_fatality": (
        lambda x: severity.rolling_case_fatality(x, DEATHS, ONSET_DEATH),
        COUNTS,
    ),
    "severity.time_varying_case_fatality": (
        lambda x: severity.time_varying_case_fatality(x, DEATHS, ONSET_DEATH),
        COUNTS,
    ),
    "severity.case_fatality_uncertain": (
        lambda x: severity.case_fatality_uncertain(x, DEATHS, [ONSET_DEATH, ONSET_DEATH]),
        COUNTS,
    ),
    "severity.ascertainment": (
        lambda x: severity.ascertainment(x, DEATHS, ONSET_DEATH, baseline=0.1),
        COUNTS,
    ),
    "severity_records.cumulative_incidence": (
        lambda x: severity_records.cumulative_incidence(
            x, ["death", "discharge", None, "discharge"][: len(x)]
        ),
        [2, 3, 5, 6],
    ),
    "severity_records.resolved_fatality": (
        lambda x: severity_records.resolved_fatality(*first(x, 2)),
        [3, 9],
    ),
}

# results that say by another field why a number is missing
STATED = {
    "beds_chime.chime_projection": "day",  # no day comes before the first, so that it has no admissions
    "nowcast.triangle_from_matrix": "n_missing",  # cells that cannot be known yet
    "nowcast.triangle_from_counts": "n_missing",
    "nowcast.triangle_from_line_list": "n_missing",
    "scoring.relative_skill": "n_scored",
    "clusters.find_clusters": "member",  # who has no onset is in no cluster
    "artefacts.reporting_artefacts": "found",  # among them the missing steps
    "scan.scan_clusters": "clusters",  # a relative risk is infinite where no case lies outside
    "delays.serial_interval_by_period": "n",
    "aberration.ears": "assessed",
    "aberration.cusum": "assessed",
    "aberration.farrington": "assessed",
    "aberration.small_counts": "assessed",
    "aberration.re_emergence": "assessed",
    "artefacts.set_aside": "assessed",
    "rt.reproduction_number": "status",
    "rt.reproduction_number_from_aggregates": "status",
    "rt.case_reproduction_number": "completeness",
    "severity.case_fatality": "status",
    "severity.rolling_case_fatality": "status",
    "severity.time_varying_case_fatality": "status",
    "severity.case_fatality_uncertain": "status",
    "severity.ascertainment": "status",
}


def replaced(values, place, value):
    changed = list(values)
    if changed:
        changed[min(place, len(changed) - 1)] = value
    return changed


FAULTS = {
    "a gap (NaN)": lambda x: replaced(x, 1, float("nan")),
    "a gap (None)": lambda x: replaced(x, 1, None),
    "a gap at the end": lambda x: replaced(x, 10_000, float("nan")),
    "a negative number": lambda x: replaced(x, 1, -3.0),
    "infinity": lambda x: replaced(x, 1, float("inf")),
    "text": lambda x: replaced(x, 1, "many"),
    "nothing": lambda x: [],
    "all zero": lambda x: [0.0] * len(x),
    "one case": lambda x: [0.0] * (len(x) - 1) + [1.0],
    "one number": lambda x: x[:1],
    "all missing": lambda x: [float("nan")] * len(x),
    "a very large number": lambda x: replaced(x, 1, 1e12),
}


def missing(value, path="result"):
    """Yield the places of a result that hold NaN or infinity."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            if field.name not in {"provenance", "observed"}:
                yield from missing(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from missing(item, f"{path}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from missing(item, f"{path}[{i}]")
    elif (
        isinstance(value, (float, np.floating, np.ndarray))
        and np.asarray(value).dtype.kind == "f"
        and not np.isfinite(value).all()
    ):
        yield path


@pytest.mark.parametrize("name", CALLS)
def test_good_input_is_answered(name):
    call, good = CALLS[name]
    assert call(good) is not None


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", [name for name, (_, good) in CALLS.items() if good])
def test_bad_input_is_named_or_answered_without_a_silent_nan(name, fault):
    call, good = CALLS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result = call(FAULTS[fault](good))
        except ValueError as error:
            refusal = str(error)
        else:
            refusal = ""
    if refusal:
        assert len(refusal) > 15
        assert not any(word in refusal for word in ("broadcast", "dimension", "array at index"))
        return
    holes = list(missing(result))
    if holes:
        field = STATED.get(name)
        assert field, (name, fault, holes)
        assert getattr(result, field, None) is not None, (name, field)


def public_functions():
    for module in pkgutil.iter_modules(analytics.__path__):
        if module.name in HELPERS:
            continue
        loaded = importlib.import_module(f"lianfang.analytics.{module.name}")
        offered = getattr(loaded, "__all__", None) or [
            name
            for name, item in vars(loaded).items()
            if inspect.isfunction(item) and not name.startswith("_") and item.__module__ == loaded.__name__
        ]
        for name in offered:
            if inspect.isfunction(getattr(loaded, name)):
                yield f"{module.name}.{name}"


def test_every_public_function_is_tried():
    assert set(public_functions()) <= set(CALLS)


def with_cell(values, cell):
    """Return nested columns with one cell (the second, at every depth) replaced."""
    if not isinstance(values, list | tuple) or not values:
        return cell
    at = min(1, len(values) - 1)
    return [with_cell(one, cell) if i == at else one for i, one in enumerate(values)]


def all_zero(values):
    if isinstance(values, list):
        return [all_zero(one) for one in values]
    return 0.0 if isinstance(values, int | float) else values


def is_dates(values):
    return (
        isinstance(values, list)
        and isinstance(values[0], str)
        and re.fullmatch(r"\d{4}-\d\d-\d\d", values[0])
    )


def spoilt(values):
    """Yield the kinds of fault that a column, a table or a number can have."""
    yield from (("none", None), ("empty", []))
    yield from (
        (name, with_cell(values, cell)) for name, cell in (("text", "many"), ("gap", None), ("NaN", NAN))
    )
    if isinstance(values, list):
        yield from (("too short", values[:-1]), ("too long", values + values[:1]), ("one", values[:1]))
        yield "nested", [values, values]
    if is_dates(values):
        yield from (("unsorted", values[::-1]), ("repeat", with_cell(values, values[0])))
        yield from (
            ("future", [*values[:-1], "2999-01-01"]),
            ("no such day", with_cell(values, "2020-02-30")),
        )
        yield "all missing", [None] * len(values)
    else:
        yield from (("negative", with_cell(values, -3.0)), ("infinite", with_cell(values, float("inf"))))
        yield from (("very large", with_cell(values, 1e12)), ("fraction", with_cell(values, 0.5)))
        yield "all zero", all_zero(values)


NAN = float("nan")
SETTINGS = {"n_draws", "n_sweeps", "n_chains", "n_simulations", "seed", "workers"}
NUMBERS = (
    ("none", None),
    ("NaN", NAN),
    ("negative", -3),
    ("text", "many"),
    ("infinite", float("inf")),
    ("zero", 0),
    ("list", [1, 2]),
)
# an id may be any number, and an unknown one is named in the answer
LABELS = {("review_links", "links", "infinite")}


def all_spoilt(example):
    """Yield every call of an example with one argument spoilt."""
    for name, values in example.data.items():
        for fault, bad in spoilt(values):
            yield name, fault, {**example.data, name: bad}, example.options
    for name, value in example.options.items():
        if isinstance(value, int | float | str) and name not in SETTINGS:
            for fault, bad in NUMBERS:
                yield name, fault, example.data, {**example.options, name: bad}


UNCLEAR = re.compile(
    "broadcast|dimension|array at index|reshape|array element|could not convert|operands|inhomogeneous|unpack"
)


def answer_of(function, data, options, where):
    """Return the sentence of a ValueError and the result, one of them None; any other error is the function's fault."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return None, function(**data, **options)
        except ValueError as error:
            return str(error), None
        except Exception as error:
            raise AssertionError(f"{where}: {error!r}") from error


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.function.__name__)
def test_any_argument_spoilt_is_named_or_answered_without_a_silent_nan(example):
    function = example.function.__name__
    stated = [field for name, field in STATED.items() if name.rpartition(".")[2] == function]
    for name, fault, data, options in all_spoilt(example):
        where = f"{function}({name}: {fault})"
        refusal, result = answer_of(example.function, data, options, where)
        if refusal:
            assert len(refusal) > 15, where
            assert not UNCLEAR.search(refusal), (where, refusal)
            continue
        if (function, name, fault) not in LABELS:
            assert stated or not list(missing(result)), (where, list(missing(result)))


DAYS = [date(2020, 1, 1) + timedelta(days=i) for i in range(60)]
DATED = {
    "reproduction_number": lambda days, at: rt.reproduction_number(
        COUNTS, serial_interval=SI, days=days, at=at
    ),
    "case_reproduction_number": lambda days, at: rt.case_reproduction_number(
        COUNTS, serial_interval=SI, days=days, at=at
    ),
    "estimate_renewal": lambda days, at: renewal.estimate_renewal(
        COUNTS, generation_interval=SI, delay=[0.5, 0.5], days=days, at=at, workers=1
    ),
}


@pytest.mark.parametrize("call", DATED.values(), ids=DATED)
@pytest.mark.parametrize(
    ("days", "at", "says"),
    [
        (DAYS[::-1], None, "consecutive days in order"),
        ([*DAYS[:30], *DAYS[31:], date(2020, 3, 1)], None, "consecutive days"),
        ([DAYS[0], *DAYS[:-1]], None, "consecutive days"),
        ([None, *DAYS[1:]], None, "missing|dates"),
        (["soon"] * 60, None, "dates"),
        (DAYS[:-1], None, "60 dates"),
        (DAYS, date(2020, 2, 1), "no later than 2020-02-01"),
    ],
    ids=["unsorted", "gap", "repeat", "missing", "text", "too few", "in the future"],
)
def test_dates_that_cannot_be_are_named(call, days, at, says):
    with pytest.raises(ValueError, match=says):
        call(days, at)


@pytest.mark.parametrize("function", [severity.case_fatality, severity.rolling_case_fatality])
def test_severity_refuses_unsorted_dates(function):
    with pytest.raises(ValueError, match="dates"):
        function(COUNTS, DEATHS, ONSET_DEATH, dates=DAYS[::-1])


def test_with_all_cases_imported_the_posterior_tends_to_zero_and_says_no_case_is_local():
    result = rt.reproduction_number(COUNTS, serial_interval=SI, imported=COUNTS)
    known = result.status == "estimated"
    assert known.any()
    assert np.isfinite(result.mean[known]).all()
    assert result.mean[known].max() < 0.2


@pytest.mark.parametrize("wrong", [NAN, float("inf"), -1])
@pytest.mark.parametrize(
    "build",
    [
        lambda x: rt.ParametricInterval(x, 2),
        lambda x: rt.ParametricInterval(4, x),
        lambda x: rt.UncertainInterval(4, x, (2, 6), 2, 0.5, (1, 3)),
        lambda x: rt.UncertainInterval(4, 1, (2, 6), 2, x, (1, 3)),
        lambda x: beds.project_census(COUNTS, [beds.CarePath(name="all", share=x, stages=[("ward", [1])])]),
        lambda x: ch.Interval.gamma(x, 2),
        lambda x: ch.Interval.normal(5, x),
        lambda x: delays.DelayDistribution("gamma", x, 1),
        lambda x: delays.DelayDistribution.from_moments("lognormal", 3, x),
        lambda x: clocks.effect_of_delays(2, 3, model=clocks.TracingModel(close_contacts=x)),
        lambda x: clocks_renewal.TransmissionKernel(horizon_days=x),
        lambda x: clocks_renewal.TransmissionKernel(incubation_sdlog=x),
    ],
)
def test_what_functions_are_given_besides_columns_is_checked_too(build, wrong):
    with pytest.raises(ValueError, match=r".{15,}"):
        build(wrong)
