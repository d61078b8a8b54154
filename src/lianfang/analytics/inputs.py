"""Turning what callers have (lists, NumPy, pandas, Polars) into checked arrays, with one form of complaint."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def complain(parameter: str, rule: str, got: object) -> ValueError:
    """Return the one form of error of the pure floors: the parameter, the rule, the value got."""
    return ValueError(f"{parameter} must be {rule}. Got {got!r}.")


def as_floats(parameter: str, values: Any) -> Floats:
    """Return `values` (sequence, NumPy, pandas or Polars, one or two axes) as a float array.

    Missing values (None, NaN, null) become NaN; text that is no number raises ValueError.
    """
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    try:
        return np.ascontiguousarray(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise complain(parameter, "numbers", values) from error


def as_counts(parameter: str, values: Any, *, n_axes: tuple[int, ...] = (1, 2)) -> Floats:
    """Return `values` as an array of finite counts >= 0; the first offending place is named otherwise."""
    array = as_floats(parameter, values)
    if array.ndim not in n_axes:
        raise complain(parameter, f"an array of {' or '.join(map(str, n_axes))} axes", array.shape)
    if array.size == 0:
        raise complain(parameter, "non-empty", array.shape)
    bad = ~np.isfinite(array) | (array < 0)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise complain(
            f"{parameter}[{', '.join(map(str, where))}]", "a finite count of 0 or more", float(array[where])
        )
    return array


def as_pmf(parameter: str, values: Any) -> Floats:
    """Return `values` as a probability mass function from lag 0; it must sum to 1 within 1e-6."""
    array = as_counts(parameter, values, n_axes=(1,))
    if abs(array.sum() - 1) > 1e-6:
        raise complain(parameter, "probabilities that sum to 1", float(array.sum()))
    return array


def digest(array: Any) -> str:
    """Return shape and a short hash of an array, for `Provenance.inputs`."""
    solid = np.ascontiguousarray(np.asarray(array))
    return f"{'x'.join(map(str, solid.shape))}:{hashlib.blake2s(solid.tobytes(), digest_size=8).hexdigest()}"
