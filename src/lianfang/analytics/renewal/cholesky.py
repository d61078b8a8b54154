"""Small compiled algebra on one core.

numba's own linear solver takes ten seconds to compile, these functions take one; and a threaded BLAS, called for
matrices of this size from several threads, spends most of its time waiting for itself.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile with numba, kept on disk, and without the interpreter lock so that series run in threads."""
    return cast("Function", njit(cache=True, nogil=True)(function))


@compiled
def factor(matrix: Any) -> Any:
    """Return the lower Cholesky factor; pivots below 1e-300 are raised to it."""
    n = matrix.shape[0]
    out = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= out[i, k] * out[j, k]
            if i == j:
                out[i, i] = math.sqrt(max(total, 1e-300))
            else:
                out[i, j] = total / out[j, j]
    return out


@compiled
def log_determinant(root: Any) -> float:
    """Return the log determinant of the matrix whose factor is `root`."""
    total = 0.0
    for i in range(root.shape[0]):
        total += 2 * math.log(root[i, i])
    return total


@compiled
def solve(root: Any, right: Any) -> Any:
    """Return x with matrix x = right, from the factor of the matrix."""
    n = root.shape[0]
    out = right.copy()
    for i in range(n):
        for k in range(i):
            out[i] -= root[i, k] * out[k]
        out[i] /= root[i, i]
    for i in range(n - 1, -1, -1):
        out[i] /= root[i, i]
        for k in range(i):
            out[k] -= root[i, k] * out[i]
    return out


@compiled
def inverse(root: Any) -> Any:
    """Return the inverse of the matrix whose factor is `root`."""
    n = root.shape[0]
    lower = np.zeros((n, n))
    for j in range(n):
        lower[j, j] = 1 / root[j, j]
        for i in range(j + 1, n):
            total = 0.0
            for k in range(j, i):
                total -= root[i, k] * lower[k, j]
            lower[i, j] = total / root[i, i]
    out = np.zeros((n, n))
    for k in range(n):
        for i in range(k + 1):
            for j in range(i + 1):
                out[i, j] += lower[k, i] * lower[k, j]
    for i in range(n):
        for j in range(i):
            out[j, i] = out[i, j]
    return out


@compiled
def product(left: Any, right: Any) -> Any:
    """Return the matrix product."""
    out = np.zeros((left.shape[0], right.shape[1]))
    for i in range(left.shape[0]):
        for k in range(left.shape[1]):
            factor_here = left[i, k]
            for j in range(right.shape[1]):
                out[i, j] += factor_here * right[k, j]
    return out


@compiled
def spreads(rows: Any, covariance: Any) -> Any:
    """Return the standard deviation of each row's combination of unknowns with this covariance."""
    n = covariance.shape[0]
    out = np.empty(rows.shape[0])
    for r in range(rows.shape[0]):
        running = np.zeros(n)
        for i in range(n):
            weight = rows[r, i]
            if weight != 0.0:
                for j in range(n):
                    running[j] += weight * covariance[i, j]
        total = 0.0
        for j in range(n):
            total += running[j] * rows[r, j]
        out[r] = math.sqrt(max(total, 1e-16))
    return out
