"""Beds: stays with censoring, census, queue, CHIME tables, and the outlook against real census."""

import csv
import doctest
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.analytics import beds, beds_chime, beds_outlook, beds_stay
from lianfang.analytics.beds import CarePath, days_until_full, presence, project_census, queue_at_capacity
from lianfang.analytics.beds_chime import Disposition, chime_projection
from lianfang.analytics.beds_outlook import census_outlook, learn_outlook
from lianfang.analytics.beds_stay import length_of_stay, resampled_stays

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks"))
import analytics_beds

WARD = [0, 0.1, 0.2, 0.3, 0.2, 0.2]
ICU = [0, 0, 0.1, 0.2, 0.3, 0.2, 0.2]
PATHS = [
    CarePath(name="ward, home", share=0.7, stages=[("ward", WARD)]),
    CarePath(name="ward, died", share=0.1, stages=[("ward", [0, 0.5, 0.5])]),
    CarePath(name="icu, home", share=0.15, stages=[("ward", [0.3, 0.7]), ("icu", ICU), ("ward", WARD)]),
    CarePath(name="icu, died", share=0.05, stages=[("icu", ICU)]),
]


def test_running_stays_are_not_thrown_away():
    rng = np.random.default_rng(5)
    full = np.floor(rng.gamma(3, 4, 4000))
    seen = np.floor(rng.uniform(0, 25, 4000))
    ended = full <= seen
    days = np.minimum(full, seen)
    naive = length_of_stay(days[ended]).mean
    for family in ("kaplan-meier", "gamma", "weibull", "lognormal"):
        got = length_of_stay(days, ended, family=family)
        assert abs(got.mean - full.mean()) < (0.6 if family in {"kaplan-meier", "gamma"} else 1.0)
        assert abs(naive - full.mean()) > 2
        assert got.pmf.sum() == pytest.approx(1)
    law = length_of_stay(days, ended, family="gamma")
    assert law.parameters == pytest.approx((3, 4), rel=0.12)
    assert length_of_stay(days, ended).extrapolated < 0.2


def test_kaplan_meier_by_hand():
    # day 1: 1 of 4 ends; day 2: one censored; day 3: 1 of 2 ends; day 4: the last
    got = length_of_stay([1, 2, 3, 4], [True, False, True, True])
    assert got.pmf.tolist() == pytest.approx([0, 0.25, 0, 0.375, 0.375])
    assert got.present().tolist() == pytest.approx([1, 1, 0.75, 0.75, 0.375])
    running = length_of_stay([1, 5], [True, False])
    assert running.extrapolated == pytest.approx(0.5)


def test_presence_of_a_steady_flow_is_littles_law():
    share = presence(PATHS, 60)
    mean_icu = float(np.array(ICU) @ np.arange(len(ICU)))
    assert share["icu"].sum() == pytest.approx(0.2 * mean_icu)
    assert share["total"] == pytest.approx(share["ward"] + share["icu"])
    steady = project_census(np.full(60, 10.0), PATHS)
    assert steady.of("icu")[-1] == pytest.approx(10 * 0.2 * mean_icu)
    assert (steady.of("total") >= steady.of("icu")).all()


def test_quantiles_cover_a_patient_by_patient_simulation():
    rng = np.random.default_rng(8)
    admissions = rng.poisson(12, 25)
    got = project_census(admissions, PATHS, n_draws=2000)
    census = np.zeros((250, 25))
    shares = [path.share for path in PATHS]
    for row in census:
        for day, n in enumerate(admissions):
            for which in rng.choice(len(PATHS), size=n, p=shares):
                at = day
                for kind, pmf in PATHS[which].stages:
                    stay = rng.choice(len(pmf), p=pmf)
                    if kind == "icu":
                        row[at : at + stay] += 1
                    at += stay
    k = got.kinds.index("icu")
    assert got.mean[:, k] == pytest.approx(census.mean(axis=0), abs=0.9)
    inside = (census >= got.quantiles[:, k, 0]) & (census <= got.quantiles[:, k, -1])
    assert 0.92 <= inside.mean() <= 0.995


def test_doubt_about_admissions_reaches_the_census():
    sure = project_census(np.full(20, 50.0), PATHS)
    draws = np.full((400, 20), 50.0) * np.random.default_rng(1).lognormal(0, 0.4, (400, 1))
    unsure = project_census(draws, PATHS)

    def width(result):
        return result.quantiles[-1, -1, -1] - result.quantiles[-1, -1, 0]

    assert width(unsure) > 2 * width(sure)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 9), min_size=3, max_size=25),
    st.lists(st.integers(0, 12), min_size=25, max_size=25),
)
def test_queue_keeps_every_patient_and_never_exceeds_free_beds(demand, capacity):
    beds_by_day = np.array(capacity[: len(demand)], dtype=float)
    got = queue_at_capacity(demand, beds_by_day, [0, 0.5, 0.5], n_draws=3)
    occupied, waiting = got.occupied_mean, got.waiting_mean
    admitted = np.cumsum(demand) - waiting
    assert (np.diff(admitted, prepend=0) >= -1e-9).all()
    grew = np.diff(occupied, prepend=0) > 1e-9
    assert (occupied[grew] <= beds_by_day[grew] + 1e-9).all()


def test_enough_beds_means_no_queue_and_a_cut_makes_one():
    calm = queue_at_capacity(np.full(30, 4), 1000, WARD)
    assert calm.probability_of_waiting == 0
    assert calm.mean_wait == 0
    expected = project_census(np.full(30, 4.0), [CarePath(name="all", share=1, stages=[("ward", WARD)])])
    assert calm.occupied_mean[10:] == pytest.approx(expected.of("ward")[10:], abs=0.7)
    cut = queue_at_capacity(np.full(30, 4), [1000] * 15 + [5] * 15, WARD)
    assert min(cut.first_wait) >= 15
    assert cut.waiting_mean[-1] > 10
    full = queue_at_capacity([0, 0, 0, 1], 3, WARD, occupied=[9, 9, 9], n_draws=2)
    assert full.first_wait == (3, 3)


def test_days_until_full_by_level_and_capacity_that_changes():
    rising = project_census(
        np.arange(20) * 3.0, [CarePath(name="all", share=1, stages=[("ward", [0] * 30 + [1])])]
    )
    days = days_until_full(rising, "ward", 100)
    assert days[0.975] <= days[0.5] <= days[0.025]
    assert days_until_full(rising, "ward", 10**6)[0.5] is None
    growing = np.concatenate((np.full(5, 100.0), np.full(15, 10.0)))
    assert days_until_full(rising, "ward", growing)[0.5] == 5


def number(text):
    return float(text) if text else np.nan


def test_chime_tables_and_the_nested_census(shared_data):
    folder = shared_data / "beds_chime"

    def table(name):
        with (folder / f"by_doubling_time_{name}.csv").open() as file:
            return list(csv.DictReader(file))

    got = chime_projection(
        population=4119405,
        current_hospitalized=14,
        doubling_time=4,
        relative_contact_rate=0.3,
        infectious_days=14,
        hospitalized=Disposition(rate=0.025, days=7),
        icu=Disposition(rate=0.0075, days=9),
        ventilated=Disposition(rate=0.005, days=10),
        market_share=0.15,
        n_days=60,
        days_before=4,
    )
    curve = table("sim_sir_w_date")
    assert got.day.tolist() == [float(row["day"]) for row in curve]
    for name in ("susceptible", "infected", "recovered"):
        assert getattr(got, name) == pytest.approx([float(row[name]) for row in curve], rel=1e-9)
    compared = 0
    for k, kind in enumerate(("hospitalized", "icu", "ventilated")):
        admits = np.array([number(row[f"admits_{kind}"]) for row in table("projected_admits")])
        known = np.isfinite(admits)
        assert got.admissions[known, k] == pytest.approx(admits[known], rel=1e-9)
        census = np.array([number(row[f"census_{kind}"]) for row in table("projected_census")])
        known = np.isfinite(census)
        assert np.ceil(got.census[known, k] - 1e-9).tolist() == census[known].tolist()
        compared += known.sum()
    assert compared > 160
    assert (np.diff(got.nested, axis=1) <= 1e-9).all()
    # a wave at its end: the shipped census has more people in intensive care than in hospital once stays differ enough
    long = chime_projection(
        population=1000,
        current_hospitalized=5,
        doubling_time=2,
        relative_contact_rate=0,
        infectious_days=5,
        hospitalized=Disposition(rate=0.1, days=2),
        icu=Disposition(rate=0.09, days=20),
        ventilated=Disposition(rate=0.05, days=5),
        n_days=60,
    )
    assert (long.census[:, 1] > long.census[:, 0]).any()
    assert (long.nested[:, 1] <= long.nested[:, 0] + 1e-9).all()


def test_italian_regions_are_forecast_better_than_by_the_usual_rules(shared_data):
    for kind, drivers in (
        ("hospital_ward", ("new_positive", "icu")),
        ("icu", ("new_positive", "hospital_ward")),
    ):
        for horizon in (7, 14):
            row = analytics_beds.score(kind, drivers, horizon, 246)
            assert row["outlook"] < row["stays as it is"]
            assert row["outlook"] < row["last week's slope"]
            assert row["95%"] >= 0.9


@pytest.mark.parametrize(
    ("call", "parameter"),
    [
        (lambda: length_of_stay([1], [False]), "ended"),
        (lambda: length_of_stay([1.5]), "days"),
        (lambda: length_of_stay([1, 2], [True]), "ended"),
        (lambda: length_of_stay([1], family="other"), "family"),
        (lambda: presence([], 3), "shares"),
        (lambda: presence([CarePath(name="a", share=0.5, stages=[("ward", [1])])], 3), "shares"),
        (lambda: presence([CarePath(name="a", share=1, stages=[("ward", [0.5])])], 3), "stay in ward on a"),
        (lambda: project_census([1, None], PATHS), r"admissions\[1\]"),
        (lambda: project_census([1], PATHS).of("tent"), "kind"),
        (lambda: queue_at_capacity([1, 1], [1], [0, 1]), "capacity"),
        (lambda: queue_at_capacity([1, -1], 1, [0, 1]), r"demand\[1\]"),
        (lambda: days_until_full(project_census([1, 1], PATHS), "ward", [1, 2, 3]), "capacity"),
        (lambda: learn_outlook(np.ones((20, 2)), 7), "census"),
        (lambda: learn_outlook(np.ones((100, 2)), 7, drivers=[np.ones((100, 3))]), "drivers"),
        (lambda: census_outlook(learn_outlook(np.ones((100, 2)), 7), np.ones((5, 2))), "census"),
        (
            lambda: census_outlook(
                learn_outlook(np.ones((100, 2)), 7), np.ones((30, 2)), drivers=[np.ones((30, 2))]
            ),
            "drivers",
        ),
    ],
)
def test_bad_input_is_named(call, parameter):
    with pytest.raises(ValueError, match=parameter):
        call()


def test_chime_refuses_rates_that_are_not_nested():
    care = {
        name: Disposition(rate=rate, days=5)
        for name, rate in (("hospitalized", 0.1), ("icu", 0.2), ("ventilated", 0))
    }
    with pytest.raises(ValueError, match="rates"):
        chime_projection(
            population=1000,
            current_hospitalized=1,
            doubling_time=4,
            relative_contact_rate=0,
            infectious_days=7,
            **care,
        )


def test_results_show_themselves_and_doctests_hold():
    census = project_census([5] * 10, PATHS)
    queue = queue_at_capacity([3] * 10, 5, WARD, n_draws=5)
    stay = length_of_stay([2, 3, 4])
    model = learn_outlook(np.tile(100 + 50 * np.sin(np.arange(120) / 9), (2, 1)).T, 7)
    ahead = census_outlook(model, np.tile(100 + 50 * np.sin(np.arange(60) / 9), (2, 1)).T)
    for result, rows in ((census, 30), (queue, 10), (stay, 5), (ahead, 2)):
        assert result.to_polars().height == rows
        assert result.plot().get_xlabel()
    for module in (beds, beds_chime, beds_outlook, beds_stay):
        assert doctest.testmod(module).failed == 0


def test_doubt_about_stays_widens_the_census():
    rng = np.random.default_rng(3)
    days = rng.integers(1, 20, 30)
    stays = resampled_stays(days, rng.random(30) < 0.8, n_draws=50, seed=2)
    assert stays[0].provenance.seed == 2
    admissions = np.full(40, 10)
    paths = [[CarePath(name="all", share=1, stages=[("ward", stay.pmf)])] for stay in stays]
    unsure, sure = (project_census(admissions, given, n_draws=400) for given in (paths, paths[0]))
    width = [(one.quantiles[30, 0, -1] - one.quantiles[30, 0, 0]) for one in (unsure, sure)]
    assert width[0] > 1.5 * width[1]
    with pytest.raises(ValueError, match="same kinds"):
        project_census([1, 1], [paths[0], [CarePath(name="x", share=1, stages=[("icu", [0, 1])])]])
