"""Invented outlines nest, cover and do not overlap; the same seed draws the same land."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lianfang.simulate import generate_places
from lianfang.simulate.outlines import draw_outlines


def a_tree(sizes):
    """Return code -> code above of a top with counties of so many townships with so many villages."""
    tree = {"T": ""}
    for c, towns in enumerate(sizes):
        tree[f"T{c}"] = "T"
        for t, villages in enumerate(towns):
            tree[f"T{c}.{t}"] = f"T{c}"
            tree |= {f"T{c}.{t}.{v}": f"T{c}.{t}" for v in range(villages)}
    return tree


def rings(geometry):
    held = geometry["coordinates"]
    return [held[0]] if geometry["type"] == "Polygon" else [one[0] for one in held]


def area(geometry):
    total = 0.0
    for ring in rings(geometry):
        x, y = np.asarray(ring).T
        total += float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum()) / 2
    return total


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=4), min_size=1, max_size=5),
    seed=st.integers(0, 99),
)
def test_each_place_is_the_sum_of_those_below_it(sizes, seed):
    tree = a_tree(sizes)
    drawn = draw_outlines(tree, seed=seed)
    assert set(drawn) == set(tree)
    for code in tree:
        below = [one for one, above in tree.items() if above == code]
        assert area(drawn[code]) > 0
        if below:
            assert area(drawn[code]) == pytest.approx(sum(area(drawn[one]) for one in below), rel=2e-2)
    points = np.concatenate([np.asarray(ring) for ring in rings(drawn["T"])])
    assert np.ptp(points, axis=0).max() == pytest.approx(0.6, abs=1e-3)
    assert np.abs(points).max() < 1


def test_neighbours_share_their_edge_point_by_point():
    drawn = draw_outlines(a_tree([[3, 3], [4, 2]]), seed=3)
    counted = Counter(
        frozenset((tuple(a), tuple(b)))
        for code, geometry in drawn.items()
        if code.count(".") == 2
        for ring in rings(geometry)
        for a, b in itertools.pairwise(ring)
        if a != b
    )
    outer = {
        frozenset((tuple(a), tuple(b)))
        for ring in rings(drawn["T"])
        for a, b in itertools.pairwise(ring)
        if a != b
    }
    assert set(counted.values()) == {1, 2}
    assert {edge for edge, n in counted.items() if n == 1} == outer


def test_the_demo_prefecture_has_an_outline_at_every_level_and_always_the_same():
    codes = [place.code for place in generate_places(6000, counties=2, seed=1)]
    tree = {"9901": ""}
    for code in codes:
        tree |= {code[:6]: "9901", code[:9]: code[:6], code[:12]: code[:9], code: code[:12]}
    assert draw_outlines(tree, seed=1) == draw_outlines(tree, seed=1) != draw_outlines(tree, seed=2)


@pytest.mark.parametrize("tree", [{"a": "nowhere"}, {"a": "", "b": ""}, {}])
def test_what_is_no_tree_is_refused(tree):
    with pytest.raises(ValueError, match="place"):
        draw_outlines(tree)
