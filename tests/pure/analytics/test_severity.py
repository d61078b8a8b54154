"""Delay-corrected case fatality against cfr 0.2.0, competing risks against closed forms, and bad input."""

import csv
import datetime as dt
import doctest

import numpy as np
import pytest
from scipy import stats

from lianfang.analytics import severity, severity_records
from lianfang.analytics.severity import (
    EXCESS,
    ascertainment,
    case_fatality,
    case_fatality_uncertain,
    rolling_case_fatality,
    time_varying_case_fatality,
)
from lianfang.analytics.severity_records import cumulative_incidence, resolved_fatality

COLUMNS = ("severity_estimate", "severity_low", "severity_high")


def read(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def ebola_delay(days):
    return stats.gamma.pdf(days, 2.40, scale=3.33)


def covid_delay(days):
    return stats.lognorm.pdf(days, 0.440, scale=np.exp(2.577))


@pytest.fixture(scope="module")
def ebola(shared_data):
    folder = shared_data / "cfr_ebola_1976"
    rows = read(folder / "daily.csv")
    counts = [[float(row[name]) for row in rows] for name in ("cases", "deaths")]
    return *counts, [row["date"] for row in rows], read(folder / "cfr_rolling_reference.csv")


@pytest.fixture(scope="module")
def covid(shared_data):
    folder = shared_data / "cfr_covid_countries_2020"
    rows = read(folder / "daily.csv")
    series = {}
    for row in rows:
        dates, cases, deaths = series.setdefault(row["country"], ([], [], []))
        dates.append(row["date"])
        cases.append(float(row["cases"]))
        deaths.append(float(row["deaths"]))
    references = {
        name: read(folder / f"{name}_reference.csv") for name in ("static", "time_varying", "ascertainment")
    }
    return series, references


def test_rolling_equals_the_reference_on_ebola_1976(ebola):
    cases, deaths, dates, reference = ebola
    got = rolling_case_fatality(cases, deaths, ebola_delay, dates=dates)
    compared = 0
    for day, row in enumerate(reference):
        naive = [float(row[f"naive.{name}"]) for name in COLUMNS]
        mine = [got.naive[day], got.naive_low[day], got.naive_high[day]]
        assert mine == pytest.approx(naive, abs=1e-9)
        if row["severity_estimate"]:
            expected = [float(row[name]) for name in COLUMNS]
            assert [got.estimate[day], got.low[day], got.high[day]] == pytest.approx(expected, abs=1e-9)
            compared += 1
        elif day:
            assert got.status[day] == EXCESS  # the reference answers NA here
            assert got.estimate[day] == 1
            assert 0.9 < got.low[day] < 1
    assert compared > 50
    thirty = case_fatality(cases[:30], deaths[:30], ebola_delay)
    assert thirty.naive[0] == pytest.approx(0.4740741, abs=1e-6)
    assert [thirty.estimate[0], thirty.low[0], thirty.high[0]] == pytest.approx(
        [0.9422, 0.8701, 0.9819], abs=1e-9
    )


def test_static_time_varying_and_ascertainment_equal_the_reference(covid):
    series, references = covid
    for row in references["static"]:
        dates, cases, deaths = series[row["country"]]
        got = case_fatality(cases, deaths, covid_delay, dates=dates)
        expected = [float(row[name]) for name in ("adj", "adj_lo", "adj_hi", "naive", "naive_lo", "naive_hi")]
        mine = [got.estimate[0], got.low[0], got.high[0], got.naive[0], got.naive_low[0], got.naive_high[0]]
        assert mine == pytest.approx(expected, abs=1e-7)
    for row in references["ascertainment"]:
        dates, cases, deaths = series[row["country"]]
        got = ascertainment(cases, deaths, covid_delay, baseline=0.014)
        expected = [float(row[f"ascertainment_{name}"]) for name in ("estimate", "low", "high")]
        assert [got.estimate, got.low, got.high] == pytest.approx(expected, abs=1e-9)
    compared = 0
    for country, (dates, cases, deaths) in series.items():
        got = time_varying_case_fatality(
            cases, deaths, covid_delay, dates=dates, burn_in=7, smoothing_window=7
        )
        for row in references["time_varying"]:
            if row["country"] != country or not row["severity_estimate"]:
                continue
            day = dates.index(row["date"])
            expected = [float(row[name]) for name in COLUMNS]
            assert [got.estimate[day], got.low[day], got.high[day]] == pytest.approx(expected, abs=1e-9)
            compared += 1
    assert compared > 150


def test_the_corrected_estimate_recovers_the_truth_early_where_the_naive_one_cannot():
    rng = np.random.default_rng(4)
    delay = np.diff(stats.gamma.cdf(np.arange(41), 4, scale=3.5))
    truth, inside = 0.2, 0
    for _ in range(40):
        cases = rng.poisson(4 * np.exp(0.1 * np.arange(40)))
        deaths = np.zeros(40)
        for day, n in enumerate(cases):
            when = day + rng.choice(40, size=rng.binomial(n, truth), p=delay / delay.sum())
            np.add.at(deaths, when[when < 40], 1)
        got = case_fatality(cases, deaths, delay, likelihood="binomial")
        inside += got.low[0] <= truth <= got.high[0]
        assert got.naive[0] < 0.12
    assert inside >= 33


def test_counting_when_each_case_dies_holds_where_most_die():
    """The binomial of expected outcomes has no variance left when all die; the deaths to come still have."""
    rng = np.random.default_rng(8)
    delay = np.diff(stats.gamma.cdf(np.arange(41), 4, scale=3.5))
    held = {"binomial": 0, "by-case": 0}
    for _ in range(150):
        truth = rng.uniform(0.6, 0.99)
        cases = rng.poisson(3 * np.exp(0.06 * np.arange(40)))
        deaths = np.zeros(80)
        for day, n in enumerate(cases):
            when = day + rng.choice(40, size=rng.binomial(n, truth), p=delay / delay.sum())
            np.add.at(deaths, when, 1)
        for how in held:
            got = case_fatality(cases, deaths[:40], delay, likelihood=how)
            held[how] += got.low[0] <= truth <= got.high[0]
    assert held["by-case"] >= 0.9 * 150
    assert held["binomial"] < 0.9 * 150
    sharp = [0, 0, 0, 1]
    one, other = (
        case_fatality([20] * 9, [0] * 4 + [4] * 5, sharp, likelihood=how) for how in ("by-case", "binomial")
    )
    assert (one.low[0], one.high[0]) == (other.low[0], other.high[0])  # no chance in the timing: the same law


def test_ebola_1976_with_the_chance_of_timing_and_the_doubt_about_the_delay(ebola):
    cases, deaths, _, _ = ebola
    truth = sum(deaths) / sum(cases)
    plain = rolling_case_fatality(cases, deaths, ebola_delay)
    timed = rolling_case_fatality(cases, deaths, ebola_delay, likelihood="by-case")
    inside = [np.mean((one.low[10:] <= truth) & (truth <= one.high[10:])) for one in (plain, timed)]
    assert inside[0] < 0.55
    assert inside[1] > 0.75
    scales = 3.33 * np.exp(0.1 * stats.norm.ppf((np.arange(9) + 0.5) / 9))  # a tenth of doubt about the mean
    delays = [stats.gamma.pdf(np.arange(73), 2.40, scale=scale) for scale in scales]
    days = range(12, 74, 4)
    both = [case_fatality_uncertain(cases[:day], deaths[:day], delays, likelihood="by-case") for day in days]
    assert np.mean([one.low[0] <= truth <= one.high[0] for one in both]) > 0.85


def test_missing_days_are_named():
    dates = [dt.date(2020, 3, day) for day in (1, 2, 4)]
    with pytest.raises(ValueError, match=r"2020-03-03 is missing"):
        case_fatality([1, 2, 3], [0, 0, 1], [0, 1], dates=dates)
    with pytest.raises(ValueError, match=r"dates\[1\]"):
        case_fatality([1, 2, 3], [0, 0, 1], [0, 1], dates=["2020-03-01", "soon", "2020-03-03"])
    with pytest.raises(ValueError, match="follows"):
        case_fatality([1, 2, 3], [0, 0, 1], [0, 1], dates=["2020-03-01", "2020-03-01", "2020-03-02"])


@pytest.mark.parametrize(
    ("call", "parameter"),
    [
        (lambda: case_fatality([1, None], [0, 0], [1]), r"cases\[1\]"),
        (lambda: case_fatality([1, -1], [0, 0], [1]), r"cases\[1\]"),
        (lambda: case_fatality([], [], [1]), "cases"),
        (lambda: case_fatality([1, 1], [0], [1]), "deaths"),
        (lambda: case_fatality([1, 1], [0, 3], [1]), "deaths"),
        (lambda: case_fatality([1, 1], [0, 1], [0.0]), "delay"),
        (lambda: case_fatality([1, 1], [0, 1], [2.0]), "delay"),
        (lambda: case_fatality([1, 1], [0, 1], [-0.1, 1]), "delay"),
        (lambda: case_fatality([1, 1], [0, 1], [1], likelihood="other"), "likelihood"),
        (lambda: case_fatality([1, 1], [0, 1], [1], dates=["2020-01-01"]), "dates"),
        (lambda: time_varying_case_fatality([1] * 20, [0] * 20, [1], smoothing_window=2), "smoothing_window"),
        (lambda: time_varying_case_fatality([1] * 5, [0] * 5, [1]), "cases"),
        (lambda: case_fatality_uncertain([1], [0], []), "delays"),
        (lambda: ascertainment([9], [1], [1], baseline=0), "baseline"),
        (lambda: ascertainment([9, 0], [0, 0], [0, 0, 1], baseline=0.1), "outcome"),
        (lambda: cumulative_incidence([1], [None]), "outcome"),
        (lambda: cumulative_incidence([1], ["lost"]), "outcome"),
        (lambda: cumulative_incidence([-1], ["death"]), "times"),
        (lambda: cumulative_incidence([1, 2], ["death"]), "outcome"),
        (lambda: cumulative_incidence([1], ["death"], outcomes=("death",)), "outcomes"),
        (lambda: resolved_fatality(0, 0), "n_deaths"),
    ],
)
def test_bad_input_is_named(call, parameter):
    with pytest.raises(ValueError, match=parameter):
        call()


def test_doubt_about_delay_and_baseline_widens_the_interval():
    cases, deaths = [30] * 20, [0] * 8 + [6] * 12
    delays = [np.eye(15)[k] for k in (6, 8, 10)]
    sure = case_fatality(cases, deaths, delays[1])
    unsure = case_fatality_uncertain(cases, deaths, delays)
    chance = unsure.chance
    assert unsure.low[0] < sure.low[0]
    assert unsure.high[0] > sure.high[0]
    assert chance.sum() == pytest.approx(1)
    one = ascertainment(cases, deaths, delays[1], baseline=0.05)
    draws = np.random.default_rng(1).normal(0.05, 0.01, 400).clip(0.01)
    several = ascertainment(cases, deaths, delays, baseline=draws)
    assert several.low < one.low
    assert several.high > one.high
    assert ascertainment(cases, deaths, delays[1], baseline=0.9).capped


def test_without_censoring_cumulative_incidence_is_the_plain_share():
    rng = np.random.default_rng(2)
    times = rng.gamma(3, 4, 400)
    outcome = np.where(rng.random(400) < 0.3, "death", "discharge")
    got = cumulative_incidence(times, outcome)
    share = (outcome == "death").mean()
    assert got.final["death"][0] == pytest.approx(share)
    assert got.unresolved == pytest.approx(0, abs=1e-12)
    assert got.relative_fatality == pytest.approx(share)
    middle = np.searchsorted(got.times, np.median(times))
    p = ((times <= got.times[middle]) & (outcome == "death")).mean()
    width = np.sqrt(p * (1 - p) / 400)
    spread = (got.high[middle, 0] - got.low[middle, 0]) / 2 / 1.96
    assert spread == pytest.approx(width, rel=0.03)


def test_censoring_does_not_bias_the_cumulative_incidence():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(60):
        n = 300
        fatal = rng.random(n) < 0.25
        event = np.where(fatal, rng.gamma(2, 4, n), rng.gamma(4, 5, n))
        seen = rng.uniform(0, 80, n)
        times = np.minimum(event, seen)
        outcome = [
            None if s < e else "death" if f else "discharge"
            for s, e, f in zip(seen, event, fatal, strict=True)
        ]
        low, high = cumulative_incidence(times, outcome).final["death"][1:]
        covered += low <= 0.25 <= high
    assert covered >= 53  # 95% of 60 is 57; three standard deviations below is 52


def test_results_show_themselves_and_doctests_hold():
    result = rolling_case_fatality([5] * 12, [0] * 4 + [1] * 8, [0, 0, 0, 1])
    assert result.to_polars().height == 12
    assert result.plot().get_ylabel() == "case fatality"
    records = cumulative_incidence([1, 2, 3], ["death", "discharge", ""])
    assert records.to_polars().columns[:3] == ["time", "at_risk", "death"]
    assert records.plot().get_legend() is not None
    one = ascertainment([9] * 9, [1] * 9, [1], baseline=0.05)
    assert one.plot().get_ylabel()
    assert one.to_polars().height == 1
    for module in (severity, severity_records):
        assert doctest.testmod(module).failed == 0


def test_nobody_of_twenty_died_leaves_the_exact_limit_and_not_zero():
    """1 - 0.025^(1/20) = 0.1684 (Clopper and Pearson); where all of one kind are known, the mirror of it."""
    found = cumulative_incidence(np.arange(1, 21), ["discharge"] * 20)
    death, discharge = (found.outcomes.index(name) for name in ("death", "discharge"))
    assert (found.low[-1, death], found.high[-1, death]) == (0, pytest.approx(0.16843, abs=1e-5))
    assert (found.low[-1, discharge], found.high[-1, discharge]) == (pytest.approx(0.83157, abs=1e-5), 1)
    assert (np.diff(found.high[:, death]) < 0).all(), "the more fates are known, the narrower"
