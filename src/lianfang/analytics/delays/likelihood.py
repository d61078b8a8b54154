"""Records that know only windows, and how probable a delay distribution makes them."""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from lianfang.analytics.delays.families import Family
from lianfang.analytics.inputs import Floats, as_floats, complain

FEWEST_RECORDS = 3
_NODES = np.polynomial.legendre.leggauss(32)


class Records(NamedTuple):
    """Windows of exposure and onset in days, the last day that could enter the data, and growth of exposures."""

    exposed_from: Floats
    exposed_to: Floats
    onset_from: Floats
    onset_to: Floats
    truncated_at: Floats
    growth_rate: float


def checked_records(
    exposed_from: Any,
    exposed_to: Any,
    onset_from: Any,
    onset_to: Any,
    *,
    truncated_at: Any = None,
    growth_rate: float = 0.0,
) -> Records:
    """Return the windows as arrays, or say which record is wrong and why."""
    names = ("exposed_from", "exposed_to", "onset_from", "onset_to")
    columns = [
        as_floats(name, values)
        for name, values in zip(names, (exposed_from, exposed_to, onset_from, onset_to), strict=True)
    ]
    n = columns[0].size
    for name, column in zip(names, columns, strict=True):
        if column.shape != (n,):
            raise complain(name, f"one axis of {n} records", column.shape)
        if not np.isfinite(column).all():
            raise complain(f"{name}[{int(np.argmax(~np.isfinite(column)))}]", "a finite day", "nothing")
    if n < FEWEST_RECORDS:
        raise complain("records", f"at least {FEWEST_RECORDS}", n)
    limit = (
        np.full(n, np.inf)
        if truncated_at is None
        else np.broadcast_to(as_floats("truncated_at", truncated_at), n)
    )
    if not np.isfinite(growth_rate):
        raise complain("growth_rate", "finite", growth_rate)
    for rule, wrong in (
        ("exposure windows that end no earlier than they begin", columns[1] < columns[0]),
        ("onset windows that end no earlier than they begin", columns[3] < columns[2]),
        ("onsets no later than truncated_at", ~(columns[3] <= limit)),
    ):
        if wrong.any():
            at = int(wrong.argmax())
            raise complain(f"record {at}", rule, tuple(float(c[at]) for c in columns))
    return Records(columns[0], columns[1], columns[2], columns[3], np.asarray(limit), float(growth_rate))


def check_possible(records: Records, family: Family) -> None:
    """Refuse a record that a positive delay cannot have produced, by its number."""
    if family.positive:
        wrong = records.onset_to <= records.exposed_from
        if wrong.any():
            at = int(wrong.argmax())
            got = float(records.exposed_from[at]), float(records.onset_to[at])
            raise complain(f"record {at}", "an onset after the earliest exposure (or family normal)", got)


def log_likelihood(records: Records, family: Family, a: float, b: float) -> float:
    """Return the log likelihood of all records at parameters (a, b)."""
    el, er, sl, sr, truncated_at, growth = records
    cut = np.isfinite(truncated_at)
    limit = np.where(cut, truncated_at, sr)
    blurred, late = er > el, sr > sl
    if growth == 0.0:
        both = (
            family.integral(sr - el, a, b)
            - family.integral(sr - er, a, b)
            - family.integral(sl - el, a, b)
            + family.integral(sl - er, a, b)
        )
        below = both
        if cut.any():
            below = family.integral(limit - el, a, b) - family.integral(limit - er, a, b)
    else:
        both, below = _grown(records._replace(truncated_at=limit), family, a, b)
    one = family.cdf(sr - el, a, b) - family.cdf(sl - er, a, b)
    point = np.exp(family.log_density(sl - el, a, b))
    chance = np.where(blurred & late, both, np.where(blurred | late, one, point))
    if cut.any():
        inside = np.where(blurred, below, family.cdf(limit - el, a, b))
        chance = np.where(cut, chance / np.maximum(inside, 1e-300), chance)
    return float(np.log(np.maximum(chance, 1e-300)).sum())


def _grown(records: Records, family: Family, a: float, b: float) -> tuple[Floats, Floats]:
    """Return the two integrals over exposures that grow exponentially, by 32-point rules between the kinks."""
    el, er, sl, sr, limit, growth = records
    kinks = np.sort(np.stack([el, np.clip(sl, el, er), np.clip(sr, el, er), er]), axis=0)
    both, below = np.zeros(len(el)), np.zeros(len(el))
    nodes, weights = _NODES
    for left, right in pairwise(kinks):
        x = (left + right)[:, None] / 2 + (right - left)[:, None] / 2 * nodes
        # Relative to the middle of the window, so that the log likelihood stays comparable with even exposure.
        w = (right - left)[:, None] / 2 * weights * np.exp(growth * (x - ((el + er) / 2)[:, None]))
        start = family.cdf(sl[:, None] - x, a, b)
        both += (w * (family.cdf(sr[:, None] - x, a, b) - start)).sum(axis=1)
        below += (w * family.cdf(limit[:, None] - x, a, b)).sum(axis=1)
    return both, below
