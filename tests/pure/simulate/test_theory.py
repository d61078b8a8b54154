"""The simulation against theory: R0, final size, growth, and nothing without transmission."""

import numpy as np
import pytest

from lianfang.simulate import (
    Disease,
    Duration,
    Response,
    Scenario,
    build_city,
    final_size,
    simulate,
    well_mixed,
)
from lianfang.simulate.simulation import fitted_hazard

ALIKE = (1.0,) * 9  # all ages equally susceptible


def first_generation(city, disease, *, runs, imported):
    """Mean number infected by imported cases, when those they infect do not transmit."""
    scenario = Scenario(disease=disease, response=None, days=45, imported=imported, max_generation=0)
    hazard = fitted_hazard(city, scenario)
    runs = [simulate(city, scenario, seed=seed, hazard=hazard).n_transmissions for seed in range(runs)]
    return np.mean(runs) / imported


@pytest.fixture(scope="module")
def mixed():
    return well_mixed(200_000)


@pytest.mark.parametrize("r0", [0.7, 1.5, 2.5])
def test_r0_is_within_two_per_cent(mixed, r0):
    disease = Disease(r0=r0, dispersion=float("inf"), susceptibility=ALIKE)
    assert first_generation(mixed, disease, runs=25, imported=800) == pytest.approx(r0, rel=0.02)


def test_r0_does_not_change_with_super_spreading(mixed):
    disease = Disease(r0=1.5, dispersion=0.4, susceptibility=ALIKE)
    assert first_generation(mixed, disease, runs=25, imported=800) == pytest.approx(1.5, rel=0.03)


def test_r0_of_a_structured_city():
    city = build_city(100_000, seed=3)
    assert first_generation(city, Disease(dispersion=float("inf")), runs=60, imported=300) == pytest.approx(
        2.5, rel=0.04
    )


def test_super_spreading_has_the_dispersion_asked_for(mixed):
    disease = Disease(r0=2.0, dispersion=0.4, susceptibility=ALIKE, asymptomatic_infectiousness=1.0)
    scenario = Scenario(disease=disease, response=None, days=45, imported=3000, max_generation=0)
    outcome = simulate(mixed, scenario, seed=8)
    infectors = outcome.states["infector"][outcome.states["infector"] >= 0]
    offspring = np.bincount(infectors, minlength=len(mixed))[outcome.infected[:3000]]
    k = offspring.mean() ** 2 / (offspring.var() - offspring.mean())
    assert 0.3 < k < 0.5


@pytest.mark.parametrize("r0", [1.5, 2.5])
def test_final_size_is_within_two_per_cent(r0):
    mixed = well_mixed(40_000)
    disease = Disease(r0=r0, dispersion=float("inf"), susceptibility=ALIKE)
    scenario = Scenario(disease=disease, response=None, days=300, imported=40)
    hazard = fitted_hazard(mixed, scenario)
    sizes = [
        simulate(mixed, scenario, seed=seed, hazard=hazard).n_infections / len(mixed) for seed in range(2)
    ]
    assert np.mean(sizes) == pytest.approx(final_size(r0), rel=0.02)


def test_growth_follows_euler_and_lotka(mixed):
    disease = Disease(
        r0=2.0,
        dispersion=float("inf"),
        susceptibility=ALIKE,
        incubation=Duration(4.0, 0.0),
        presymptomatic_days=2.0,
    )
    scenario = Scenario(disease=disease, response=None, days=26, imported=100)
    hazard = fitted_hazard(mixed, scenario)
    runs = [simulate(mixed, scenario, seed=seed, hazard=hazard).daily["infections"] for seed in range(10)]
    total = np.sum([run.to_numpy() for run in runs], axis=0)
    observed = np.polyfit(np.arange(12, 26), np.log(total[12:26]), 1)[0]
    lags = 2 + np.arange(len(disease.profile))  # infectious from two days after infection on
    rates = np.linspace(0.01, 0.6, 20_000)
    theory = rates[np.argmin(np.abs(2.0 * np.exp(-np.outer(rates, lags)) @ disease.profile - 1))]
    assert observed == pytest.approx(theory, rel=0.06)


def test_nothing_without_transmission():
    city = build_city(5000, seed=1)
    for response in (None, Response()):
        outcome = simulate(city, Scenario(disease=Disease(r0=0), imported=50, response=response), seed=3)
        assert outcome.n_infections == 50
        assert outcome.n_transmissions == 0


def test_final_size_known_values():
    assert final_size(0.9) == 0
    assert final_size(1.0) == 0
    assert final_size(1.5) == pytest.approx(0.5828116, abs=1e-6)  # epidemics::finalsize gives .5828132
    assert final_size(2.0) == pytest.approx(0.7968121, abs=1e-6)


def test_r0_beyond_all_contacts_is_refused():
    with pytest.raises(ValueError, match="r0 must be below"):
        fitted_hazard(well_mixed(1000, contacts=0.2), Scenario(disease=Disease(r0=20)))
