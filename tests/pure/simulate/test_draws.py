"""Draws: distributions, independence of neighbouring addresses, keys."""

import numpy as np
import pytest
from scipy import stats

from lianfang.simulate.draws import bits, compiled, gamma, key_of, normal, stream, uniform


@compiled
def sampled(key, number, shape):
    rows = np.empty((3, number))
    for row in range(number):
        rows[0, row] = uniform(stream(key, row, 3), 5)
        rows[1, row] = normal(stream(key, row, 4), 2)
        rows[2, row] = gamma(stream(key, row, 5), shape)
    return rows


@compiled
def one_stream(key, number):
    row = np.empty(number)
    start = stream(key, 17, 2)
    for place in range(number):
        row[place] = uniform(start, place)
    return row


@pytest.mark.parametrize("shape", [0.2, 0.4, 1.0, 4.0])
def test_draws_follow_their_distributions(shape):
    flat, bell, skewed = sampled(key_of(1), 40_000, shape)
    assert stats.kstest(flat, "uniform").pvalue > 1e-3
    assert stats.kstest(bell, "norm").pvalue > 1e-3
    assert stats.kstest(skewed, stats.gamma(shape, scale=1 / shape).cdf).pvalue > 1e-3


def test_neighbouring_addresses_are_independent():
    row = one_stream(key_of(2), 40_001)
    assert stats.kstest(row, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(row[:-1], row[1:])[0, 1]) < 4 / 200
    across = sampled(key_of(3), 40_001, 1.0)[0]
    assert abs(np.corrcoef(across[:-1], across[1:])[0, 1]) < 4 / 200


def test_each_bit_is_fair():
    words = np.array([int(bits(key_of(5), place)) for place in range(20_000)], dtype=np.uint64)
    ones = np.array([(words >> np.uint64(bit) & np.uint64(1)).mean() for bit in range(64)])
    assert np.abs(ones - 0.5).max() < 4.5 * 0.5 / 20_000**0.5


def test_keys_differ_by_seed_and_refuse_what_is_no_seed():
    assert len({int(key_of(seed)) for seed in range(1000)}) == 1000
    with pytest.raises(ValueError, match="seed must be an integer from 0"):
        key_of(-1)
