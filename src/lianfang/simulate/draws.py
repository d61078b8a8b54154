"""Random draws addressed by what they are for, not by the order in which they are asked for.

Each draw is a hash of (key, subject, purpose, number), so a run does not depend on threads or on the order of
events, the contacts of a person on a day can be computed again for the interview without storing them, and two
scenarios with one seed share every draw that means the same thing in both (common random numbers), which makes
their difference far less noisy than either. The mixer is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])
Word = Any  # an unsigned 64-bit integer inside a kernel

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_ONE = np.uint64(0xBF58476D1CE4E5B9)
MIX_TWO = np.uint64(0x94D049BB133111EB)
SUBJECT = np.uint64(0xD1342543DE82EF95)
PURPOSE = np.uint64(0xDA942042E4DD58B5)
TO_UNIT = 1.0 / (1 << 53)


def compiled(function: Function) -> Function:
    """Return `function` compiled by numba, without the interpreter lock and with its machine code kept on disk.

    The stored code of a kernel is renewed when its own file changes, not when a kernel it calls changes: remove
    `__pycache__` after editing a kernel that others call.
    """
    return cast("Function", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


@compiled
def mix(word: Word) -> Word:
    """Return a word whose every bit depends on every bit of `word`."""
    word = (word ^ (word >> np.uint64(30))) * MIX_ONE
    word = (word ^ (word >> np.uint64(27))) * MIX_TWO
    return word ^ (word >> np.uint64(31))


@compiled
def stream(key: Word, subject: int, purpose: int) -> Word:
    """Return the start of the stream of draws that `subject` has for `purpose`."""
    return mix(mix(key + np.uint64(subject) * SUBJECT) + np.uint64(purpose) * PURPOSE)


@compiled
def bits(start: Word, number: int) -> Word:
    """Return 64 random bits: draw `number` (from 0) of a stream."""
    return mix(start + np.uint64(number + 1) * GOLDEN)


@compiled
def uniform(start: Word, number: int) -> float:
    """Return draw `number` of a stream as a number in [0, 1)."""
    return float(bits(start, number) >> np.uint64(11)) * TO_UNIT


@compiled
def normal(start: Word, number: int) -> float:
    """Return a standard normal draw (Box and Muller); uses draws `number` and `number` + 1."""
    radius = np.sqrt(-2.0 * np.log(1.0 - uniform(start, number)))
    return float(radius * np.cos(2.0 * np.pi * uniform(start, number + 1)))


@compiled
def gamma(start: Word, shape: float) -> float:
    """Return a gamma draw with mean 1 (Marsaglia and Tsang, 2000); takes draws from 0 on, so give it a stream of its own."""
    boost = 1.0
    raised = shape
    if shape < 1.0:
        boost = (1.0 - uniform(start, 0)) ** (1.0 / shape)
        raised = shape + 1.0
    d = raised - 1.0 / 3.0
    c = 1.0 / np.sqrt(9.0 * d)
    number = 1
    while True:
        x = normal(start, number)
        v = (1.0 + c * x) ** 3
        u = 1.0 - uniform(start, number + 2)
        number += 3
        if v > 0.0 and np.log(u) < 0.5 * x * x + d - d * v + d * np.log(v):
            return float(boost * d * v / shape)


def key_of(seed: int) -> np.uint64:
    """Return the key of a run from a seed (any integer from 0 to 2^63 - 1)."""
    if not 0 <= seed < 1 << 63:
        raise ValueError(f"seed must be an integer from 0 to 2^63 - 1. Got {seed!r}.")
    return np.uint64(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
