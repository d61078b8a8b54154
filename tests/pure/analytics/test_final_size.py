"""Final size against the reference of finalsize (R) and against what must hold for any group structure."""

import doctest

import numpy as np
import pytest

from lianfang.analytics import final_size as module
from lianfang.analytics.final_size import final_size


def rows(path, n_right):
    # age labels such as "[0,20)" carry an unquoted comma, so fields are split from the right
    lines = path.read_text().splitlines()[1:]
    return [line.rsplit(",", n_right) for line in lines]


@pytest.fixture(scope="module")
def polymod(shared_data):
    folder = shared_data / "final_size_polymod_uk"
    matrix = rows(folder / "polymod_uk_contact_matrix.csv", 4)
    contacts = [[float(x) for x in row[2:]] for row in matrix]
    population = [float(row[1]) for row in matrix]
    reference = {}
    for row in rows(folder / "polymod_uk_final_size_reference.csv", 6):
        r0 = float(row[0].split(",")[0])
        reference.setdefault(r0, []).append((float(row[4]), float(row[6])))
    return contacts, population, reference


def test_agrees_with_finalsize_by_age(polymod):
    contacts, population, reference = polymod
    assert len(reference) == 6
    for r0, expected in reference.items():
        got = final_size(r0, contacts=contacts, population=population)
        assert np.abs(got.infected_share - [p for p, _ in expected]).max() < 2e-6
        # the reference stops its iteration at 1e-6; 0.3136983 solves p = 1 - exp(-1.2 p), its 0.3137010 does not
        assert abs(final_size(r0).overall - expected[0][1]) < 4e-6


def test_satisfies_its_own_equation(polymod):
    contacts, population, _ = polymod
    got = final_size(1.7, contacts=contacts, population=population, susceptibility=[1, 0.7, 0.4])
    mixing = np.array(contacts) * np.array(population)[None, :]
    force = np.array([1, 0.7, 0.4])[:, None] * mixing * 1.7 / np.abs(np.linalg.eigvals(mixing)).max()
    assert np.abs(1 - got.infected_share - np.exp(-force @ got.infected_share)).max() < 1e-12


def test_no_epidemic_below_the_threshold_and_immune_groups_are_spared():
    assert final_size(0.9).overall == 0
    assert final_size(1.0).overall == 0
    both = final_size(3, contacts=[[1, 1], [1, 1]], population=[50, 50], susceptibility=[1, 0])
    assert both.infected_share[1] == 0
    assert both.infected_share[0] == pytest.approx(final_size(1.5).overall, abs=1e-10)


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"r0": -1}, "r0"),
        ({"r0": float("nan")}, "r0"),
        ({"contacts": [[1, 2]]}, "contacts"),
        ({"contacts": [[0.0]]}, "contacts"),
        ({"population": [0]}, "population"),
        ({"susceptibility": [1, 1]}, "susceptibility"),
        ({"groups": ("a", "b")}, "groups"),
    ],
)
def test_bad_input_is_named(change, parameter):
    with pytest.raises(ValueError, match=parameter):
        final_size(**{"r0": 2, **change})


def test_shows_itself_and_its_doctests_hold():
    result = final_size(2, contacts=[[2, 1], [1, 2]], population=[10, 10], groups=("young", "old"))
    assert result.to_polars().columns == ["group", "population", "infected_share", "infected"]
    assert len(result.plot().patches) == 2
    assert doctest.testmod(module).failed == 0
