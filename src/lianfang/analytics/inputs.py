"""Turning what callers have (lists, NumPy, pandas, Polars) into checked arrays, with one form of complaint."""

import hashlib
from collections.abc import Iterable
from datetime import date
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
    if getattr(values, "dtype", None) is not None and values.dtype.kind in "mM":
        raise complain(parameter, "numbers, not dates", values)
    try:
        array = np.ascontiguousarray(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise complain(parameter, "numbers", values) from error
    # Frames lend their columns as arrays that may only be read: for those each kernel would be compiled once more.
    return array if array.flags.writeable else array.copy()


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


def as_days(parameter: str, days: Any, *, n: int, at: date | None = None) -> NDArray[np.datetime64]:
    """Return `days` (dates, text as 2020-01-31, NumPy, pandas or Polars) as n consecutive days.

    A gap, a repeat, a wrong order and, where `at` (today) is given, a day after it raise ValueError that names the
    first offending day: estimators by day silently go wrong on all of them.
    """
    if hasattr(days, "to_numpy"):
        days = days.to_numpy()
    try:
        array = np.asarray(days, dtype="datetime64[D]")
    except (TypeError, ValueError) as error:
        raise complain(parameter, "dates", days) from error
    if array.shape != (n,):
        raise complain(parameter, f"{n} dates, one for each day of counts", array.shape)
    if np.isnat(array).any():
        raise complain(parameter, "dates without a missing one", "NaT")
    steps = np.diff(array).astype(int)
    if np.any(steps != 1):
        first = int(np.argmax(steps != 1))
        raise complain(
            parameter, "consecutive days in order", f"{array[first]} followed by {array[first + 1]}"
        )
    if at is not None and array[-1] > np.datetime64(at, "D"):
        raise complain(parameter, f"no later than {at}", str(array[-1]))
    return array


def as_labels(values: Any, *, several: bool = False) -> list[Any]:
    """Return `values` (ids, names, places: a sequence of any kind) as a list, with None where one is missing.

    What is no sequence raises ValueError, and so does a sequence of sequences unless each may be `several` labels.
    """
    for convert in ("to_list", "tolist"):  # Polars and pandas, NumPy
        if hasattr(values, convert):
            values = getattr(values, convert)()
            break
    if not isinstance(values, Iterable):
        raise complain("a column", "a sequence of values", values)
    found = [None if _is_missing(value) else value for value in values]
    inner = next((value for value in found if isinstance(value, list | dict | np.ndarray)), None)
    if inner is not None and not several:
        raise complain("a column", "single values, not a sequence of sequences", inner)
    return found


def as_rows(values: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a table (a frame of Polars or pandas, an array, a sequence of pairs) as tuples."""
    if hasattr(values, "iter_rows"):  # Polars
        return list(values.iter_rows())
    if hasattr(values, "itertuples"):  # pandas
        return list(values.itertuples(index=False, name=None))
    if not isinstance(values, Iterable):
        raise complain("a table", "rows of values", values)
    return [tuple(as_labels(row)) for row in values]


def as_times(parameter: str, values: Any) -> Floats:
    """Return days as numbers: dates (text as 2020-01-31 too) become days since 1970-01-01, missing ones NaN."""
    given = as_labels(values)
    known = next((value for value in given if value is not None), 0)
    if not isinstance(known, str | date | np.datetime64):
        return as_floats(parameter, given)
    try:
        days = np.array(["NaT" if value is None else value for value in given], dtype="datetime64[D]")
    except (TypeError, ValueError) as error:
        raise complain(parameter, "days as numbers, or all as dates", values) from error
    return np.where(np.isnat(days), np.nan, days.astype(np.float64))


def _is_missing(value: Any) -> bool:
    """Return whether a single value is None, NaN, NaT or NA."""
    if value is None or type(value).__name__ in {"NaTType", "NAType"}:
        return True
    return isinstance(value, float | np.datetime64) and value != value  # noqa: PLR0124 - NaN and NaT differ from themselves


def digest(array: Any) -> str:
    """Return shape and a short hash of an array, for `Provenance.inputs`."""
    solid = np.ascontiguousarray(np.asarray(array))
    return f"{'x'.join(map(str, solid.shape))}:{hashlib.blake2s(solid.tobytes(), digest_size=8).hexdigest()}"


def as_number(parameter: str, value: Any, *, low: float = -np.inf, high: float = np.inf) -> float:
    """Return `value` as one finite number within [low, high]; ValueError names the range otherwise."""
    array = as_floats(parameter, value).ravel()
    if np.ndim(value) or not np.isfinite(array[0]) or not low <= array[0] <= high:
        raise complain(parameter, f"a number from {low:g} to {high:g}", value)
    return float(array[0])


def as_whole(parameter: str, value: Any, *, low: int = 0) -> int:
    """Return `value` as one whole number of at least `low`."""
    number = as_number(parameter, value, low=low)
    if number != int(number):
        raise complain(parameter, f"a whole number of {low} or more", value)
    return int(number)
