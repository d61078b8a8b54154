import doctest
import time

import numpy as np
import polars as pl
import pytest

from lianfang.analytics import scan
from lianfang.analytics.scan import scan_clusters

GRID = np.array([(x, y) for x in range(6) for y in range(5)], dtype=float)


@pytest.fixture(scope="module")
def counties(shared_data):
    return pl.read_csv(shared_data / "clusters_pennLC" / "counties.csv")


def reference(shared_data, model):
    table = pl.read_csv(shared_data / "clusters_pennLC" / "kulldorff_reference.csv")
    return table.filter(pl.col("type") == model).sort("rank")


def pennsylvania(counties, **settings):
    return scan_clusters(
        counties["cases"],
        counties.select("grid_x_km", "grid_y_km"),
        population=counties["population"],
        names=counties["county"].to_list(),
        seed=1,
        **settings,
    )


def test_examples_in_the_docstrings_hold():
    result = doctest.testmod(scan)
    assert result.failed == 0
    assert result.attempted > 0


@pytest.mark.parametrize("model", ["poisson", "binomial"])
def test_pennsylvania_lung_cancer_equals_the_reference(shared_data, counties, model):
    settings = {"expected": counties["expected"]} if model == "poisson" else {"model": "binomial"}
    result = pennsylvania(counties, n_simulations=9999, **settings)
    wanted = reference(shared_data, model)
    for found, row in zip(result.clusters, wanted.iter_rows(named=True), strict=True):
        assert found.log_likelihood_ratio == pytest.approx(row["LLR"], abs=1e-6)
        assert set(found.areas) == set(row["areas"].split())
        assert found.cases == row["cases"]
        assert found.expected == pytest.approx(row["expected"], abs=1e-6)
        assert found.p_value == pytest.approx(row["p"], abs=0.006)  # both are simulated


def test_speed_of_9999_simulations(counties):
    pennsylvania(counties, expected=counties["expected"], n_simulations=9)
    began = time.process_time()
    pennsylvania(counties, expected=counties["expected"], n_simulations=9999)
    assert time.process_time() - began < 1.5


def test_ratio_is_the_largest_over_all_circles_counted_by_hand():
    rng = np.random.default_rng(2)
    cases = rng.poisson(6, size=30)
    cases[[7, 8, 12]] += 9
    expected = rng.uniform(4, 8, size=30)
    result = scan_clusters(cases, GRID, expected=expected, seed=1, n_simulations=19, max_share=0.3)
    scaled = expected * cases.sum() / expected.sum()
    best = 0.0
    total = cases.sum()
    for centre in range(30):
        order = np.argsort(np.linalg.norm(GRID - GRID[centre], axis=1), kind="stable")
        for size in range(1, 30):
            inside = order[:size]
            if scaled[inside].sum() > 0.3 * total:
                break
            c, e = cases[inside].sum(), scaled[inside].sum()
            if c > e:
                best = max(best, c * np.log(c / e) + (total - c) * np.log((total - c) / (total - e)))
    assert result.clusters[0].log_likelihood_ratio == pytest.approx(best, abs=1e-9)


def test_p_values_are_uniform_where_there_is_no_cluster():
    rng = np.random.default_rng(3)
    found = [
        scan_clusters(rng.poisson(8, size=30), GRID, expected=np.full(30, 8.0), seed=s, n_simulations=99)
        .clusters[0]
        .p_value
        for s in range(120)
    ]
    assert 0.4 < np.mean(found) < 0.6
    assert np.mean(np.asarray(found) <= 0.1) < 0.2


def test_same_seed_same_answer_and_another_seed_another(counties):
    runs = [
        pennsylvania(counties, expected=counties["expected"], n_simulations=200).simulated for _ in range(2)
    ]
    np.testing.assert_array_equal(*runs)
    assert (
        runs[0][0]
        != scan_clusters(
            counties["cases"],
            counties.select("grid_x_km", "grid_y_km"),
            expected=counties["expected"],
            seed=2,
        ).simulated[0]
    )


def test_space_time_finds_where_and_since_when():
    rng = np.random.default_rng(5)
    cases = rng.poisson(3, size=(20, 30))
    near = np.linalg.norm(GRID - [2, 2], axis=1) <= 1
    cases[16:, near] += rng.poisson(4, size=(4, near.sum()))
    cluster = scan_clusters(cases, GRID, expected=np.full((20, 30), 3.0), seed=1, n_simulations=199).clusters[
        0
    ]
    assert set(cluster.areas) == {f"area {i}" for i in np.flatnonzero(near)}
    assert cluster.first_step in {15, 16, 17}
    assert cluster.last_step == 19
    assert cluster.p_value == 0.005
    over = cases.copy()
    over[16:] = rng.poisson(3, size=(4, 30))
    over[5:9, near] += 5
    settings = {"expected": np.full((20, 30), 3.0), "seed": 1, "n_simulations": 49}
    past = scan_clusters(over, GRID, prospective=False, **settings).clusters[0]
    assert (past.first_step, past.last_step) == (5, 8)
    assert scan_clusters(over, GRID, **settings).clusters[0].p_value > 0.05


def test_low_clusters_and_secondary_ones_do_not_overlap():
    expected = np.full(30, 40.0)
    cases = np.full(30, 40)
    cases[[0, 1]] = 80
    cases[[28, 29]] = 90
    cases[[14]] = 2
    high = scan_clusters(cases, GRID, expected=expected, seed=1)
    groups = [set(c.areas) for c in high.clusters]
    assert groups[0] >= {"area 28", "area 29"}
    assert groups[1] >= {"area 0", "area 1"}
    assert sum(len(g) for g in groups) == len(set().union(*groups))
    low = scan_clusters(cases, GRID, expected=expected, seed=1, direction="low").clusters[0]
    assert low.areas == ("area 14",)
    assert low.relative_risk < 0.1


def test_longitude_and_latitude_are_measured_on_the_sphere():
    from lianfang.analytics.scan_windows import distances

    apart = distances(np.array([[114.3, 30.6], [116.4, 39.9], [-179.9, 0], [179.9, 0]]), geographic=True)
    assert apart[0, 1] == pytest.approx(1052, abs=5)
    assert apart[2, 3] == pytest.approx(22.2, abs=0.2)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"cases": [1.5] * 30}, "whole numbers"),
        ({"cases": [0] * 30}, "between 1 and 20 million"),
        ({"cases": [-1] * 30}, "cases"),
        ({"coordinates": GRID[:5]}, "coordinates"),
        ({"coordinates": np.full((30, 2), np.nan)}, "coordinates"),
        ({"expected": None}, "expected"),
        ({"expected": [0] * 30}, "expected"),
        ({"expected": [1] * 5}, "expected"),
        ({"model": "normal"}, "model"),
        ({"model": "binomial"}, "population"),
        ({"model": "binomial", "expected": None, "population": [1] * 30}, "nowhere below the cases"),
        ({"population": [0] * 30}, "population"),
        ({"direction": "up"}, "direction"),
        ({"max_share": 0}, "max_share"),
        ({"n_simulations": 0}, "n_simulations"),
        ({"level": 0}, "level"),
        ({"longest": 2}, "longest"),
        ({"names": ["a"] * 30}, "names"),
    ],
)
def test_wrong_input_is_named(changes, rule):
    settings = {
        "cases": [3] * 30,
        "coordinates": GRID,
        "expected": [3.0] * 30,
        "seed": 1,
        "n_simulations": 9,
    } | changes
    with pytest.raises(ValueError, match=rule):
        scan_clusters(**settings)


def test_result_shows_itself(counties):
    result = pennsylvania(counties, expected=counties["expected"], n_simulations=99)
    table = result.to_polars()
    assert table["n_areas"][0] == 2
    assert result.plot().get_legend() is not None
    assert result.provenance.seed == 1
