"""The synthetic city: residents add up, households and groups are well formed, places are those asked for."""

import numpy as np
import polars as pl
import pytest

from lianfang.simulate import Mixing, Place, build_city, generate_places, well_mixed


@pytest.fixture(scope="module")
def city():
    return build_city(20_000, counties=3, seed=5)


def test_persons_fill_the_places(city):
    counted = city.persons.group_by("place").len()
    cells = city.places.filter(pl.col("level") == "cell").join(counted, left_on="code", right_on="place")
    assert (cells["population"] == cells["len"]).all()
    assert len(city) == 20_000
    assert city.places.filter(pl.col("level") == "county")["population"].sum() == 20_000


def test_households_are_ranges_within_a_cell(city):
    rows = city.residents
    frame = city.persons.group_by("household").agg(
        pl.len(), pl.col("place").n_unique(), pl.col("person").min()
    )
    assert frame["place"].max() == 1
    sizes = dict(frame.select("household", "len").rows())
    assert [sizes[h] for h in city.persons["household"].to_list()] == rows["house_size"].tolist()
    assert 2.4 < len(city) / len(frame) < 2.8


def test_groups_hold_each_member_once_and_fit_the_age(city):
    spans, members = city.groups.spans, city.groups.members
    assert len(np.unique(members)) == len(members) == (city.residents["group"] >= 0).sum()
    for group in range(0, len(spans), 37):
        start, size = spans[group]
        assert (city.residents["group"][members[start : start + size]] == group).all()
    pupils = city.persons.filter(pl.col("occupation") == "pupil")
    assert pupils["age"].min() >= 3
    assert pupils["age"].max() <= 17
    classes = (
        city.persons.filter(pl.col("occupation").is_in(["pupil", "teacher"]))
        .group_by("group")
        .agg(pl.len(), teachers=(pl.col("occupation") == "teacher").sum())
    )
    assert classes["len"].max() <= 43
    assert classes["teachers"].max() == 1
    assert (classes["teachers"] == 1).mean() > 0.8
    assert city.persons.filter(pl.col("occupation") == "health worker")["county"].n_unique() == 3


def test_ages_are_those_of_a_population(city):
    ages = city.persons["age"]
    assert 0.12 < (ages < 15).mean() < 0.24
    assert 0.08 < (ages >= 65).mean() < 0.2
    assert 0.45 < (city.persons["sex"] == "male").mean() < 0.56


def test_same_seed_same_city_other_seed_other_city(city):
    again = build_city(20_000, counties=3, seed=5)
    other = build_city(20_000, counties=3, seed=6)
    assert (again.residents == city.residents).all()
    assert not (other.residents == city.residents).all()


def test_places_of_the_caller_are_kept():
    places = [
        ("420102001001001", 90),
        ("420102002001001", 60),
        Place(code="UG-1-7", population=30, county="UG-1", township="UG-1"),
    ]
    city = build_city(places=places, seed=2)
    counted = dict(city.persons.group_by("place").len().rows())
    assert counted == {"420102001001001": 90, "420102002001001": 60, "UG-1-7": 30}
    assert set(city.county_codes) == {"420102", "UG-1"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (build_city, "population, places must be given one and not the other"),
        (lambda: build_city(places=[]), "places must be a non-empty list"),
        (lambda: build_city(places=[("990101", 5), ("990101", 6)]), "places must be of distinct codes"),
        (lambda: build_city(places=[("990101", 0)]), "population of place 990101 must be greater than 0"),
        (lambda: generate_places(3, counties=6), "population must be at least 6"),
        (lambda: Mixing(shares=(0.5, 0.5, 0.5, 0.5)), "shares must be four numbers that sum to 1"),
        (lambda: well_mixed(1), "population must be at least 2"),
    ],
)
def test_wrong_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("dispersion", [0.5, 1.0, float("inf")])
def test_numbers_of_contacts_have_the_mean_asked_for(dispersion):
    counts = Mixing(community=6.0, community_dispersion=dispersion).counts().astype(float)
    variance = 6 if np.isinf(dispersion) else 6 + 36 / dispersion
    assert counts.mean() == pytest.approx(6.0, rel=0.01)
    assert counts.var() == pytest.approx(variance, rel=0.06)
