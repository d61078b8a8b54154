"""Clusters in place and time against a brute-force definition."""

import doctest
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.analytics import clusters as module
from lianfang.analytics.clusters import find_clusters

cases = st.lists(st.tuples(st.integers(0, 40), st.sampled_from("xyz")), min_size=1, max_size=9)


@settings(max_examples=150, deadline=None)
@given(cases, st.integers(2, 3), st.integers(0, 14))
def test_components_of_all_groups_that_meet_the_definition(rows, size, width):
    onset = [day for day, _ in rows]
    place = [where for _, where in rows]
    joined = {i: {i} for i in range(len(rows))}
    for group in combinations(range(len(rows)), size):
        days = [onset[i] for i in group]
        if len({place[i] for i in group}) == 1 and max(days) - min(days) <= width:
            merged = set().union(*(joined[i] for i in group))
            for i in merged:
                joined[i] = merged
    got = find_clusters(range(len(rows)), onset, places=place, within_days=width, at_least=size)
    for i in range(len(rows)):
        expected = joined[i] if len(joined[i]) >= size else set()
        mine = {j for j, m in enumerate(got.member) if m == got.member[i]} if got.member[i] >= 0 else set()
        assert mine == expected


def test_links_join_whatever_the_time_and_places_are_told():
    got = find_clusters("abcd", [0, 3, 100, None], places=[["x", "w"], ["x"], ["y"], []], links=["bc", "cd"])
    assert got.member == (0, 0, 0, 0)
    assert got.places == (("x",),)
    assert got.table()["n_cases"] == [4]
    assert find_clusters("ab", [0, 15], places=["x", "x"]).n_clusters == 0
    assert find_clusters("ab", [0, 14], places=["x", "x"]).n_clusters == 1


@pytest.mark.parametrize(
    ("call", "parameter"),
    [
        (lambda: find_clusters([], []), "onset"),
        (lambda: find_clusters("ab", [1]), "onset"),
        (lambda: find_clusters("aa", [1, 2]), "ids"),
        (lambda: find_clusters("ab", [1, 2], places=["x"]), "places"),
        (lambda: find_clusters("ab", [1, 2], links=["az"]), "links"),
        (lambda: find_clusters("ab", [1, 2], at_least=1), "at_least"),
        (lambda: find_clusters("ab", [1, 2], within_days=-1), "within_days"),
    ],
)
def test_bad_input_is_named(call, parameter):
    with pytest.raises(ValueError, match=parameter):
        call()


def test_shows_itself_and_its_doctests_hold():
    got = find_clusters("ab", [0, 1], places=["x", "x"])
    assert got.to_polars().height == 1
    assert len(got.plot().lines) == 1
    assert doctest.testmod(module).failed == 0
