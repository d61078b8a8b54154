"""The demonstration outbreak is of the size that the demonstration world needs."""

import polars as pl

from lianfang.simulate import demo_city, demo_outbreak, demo_scenario, simulate
from lianfang.simulate.demonstration import DEMO_SEED, DEMO_START


def test_about_120_cases_in_six_counties_over_six_weeks():
    outcome = demo_outbreak()
    assert len(outcome.city) == 6000
    assert 110 <= outcome.n_confirmed <= 130
    assert outcome.n_deaths >= 1
    cases = outcome.reports.filter(pl.col("confirmed_at").is_not_null()).join(outcome.persons, on="person")
    assert cases["county"].n_unique() == 6
    assert set(outcome.reports["source"]) == {"outpatient", "gate", "observation", "contact test"}
    assert outcome.daily["date"][0] == DEMO_START
    assert len(outcome.daily) == 42


def test_the_city_can_be_the_callers():
    city = demo_city(places=[("420102001001", 1500), ("420103001001", 1500)])
    outcome = simulate(city, demo_scenario(), seed=DEMO_SEED)
    assert set(outcome.persons["county"]) == {"420102", "420103"}


def test_contacts_cross_county_borders():
    outcome = demo_outbreak()
    county = outcome.persons.select("person", "county")
    pairs = outcome.contacts.join(county, left_on="case", right_on="person").join(
        county, left_on="contact", right_on="person"
    )
    assert pairs.filter(pl.col("county") != pl.col("county_right")).height > 10
