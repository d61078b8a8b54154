"""Beds by kind from admissions: census, its uncertainty, waiting lists at a capacity that changes, days until full."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lianfang.analytics.drawing import name_steps
from lianfang.analytics.inputs import Floats, as_counts, as_number, as_pmf, as_whole, complain, digest
from lianfang.analytics.result import Provenance, Result, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "BedCensus",
    "BedQueue",
    "CarePath",
    "days_until_full",
    "presence",
    "project_census",
    "queue_at_capacity",
]

LEVELS = (0.025, 0.25, 0.5, 0.75, 0.975)
SOURCE = (
    "network of infinite-server queues in discrete time (Eick, Massey & Whitt, Manage Sci 1993;39:241-252)"
)


@dataclass(frozen=True, kw_only=True)
class CarePath:
    """One way through hospital: how often, and the kinds of bed in order, each with its length of stay in days.

    `stages` are (kind of bed, pmf of whole days from day 0), for instance from `length_of_stay(...).pmf`. A stage of d
    days occupies a bed on its first day and d days more are counted as d; a stay of 0 days occupies none overnight.
    """

    name: str
    share: float
    stages: Sequence[tuple[str, Any]]


@dataclass(frozen=True, kw_only=True)
class BedCensus(Result):
    """Beds occupied at the end of each day, by kind; `quantiles` are days x kinds x levels, `mean` days x kinds.

    "total" is the last kind: everybody in hospital, so a patient in intensive care counts in it too (nested).
    """

    kinds: tuple[str, ...]
    levels: tuple[float, ...]
    mean: Floats
    quantiles: Floats

    def of(self, kind: str) -> Floats:
        """Return the mean census of one kind by day."""
        if kind not in self.kinds:
            raise complain("kind", f"one of {', '.join(self.kinds)}", kind)
        return np.asarray(self.mean[:, self.kinds.index(kind)])

    def table(self) -> dict[str, list[Any]]:
        """Return one row a day and kind."""
        n_days, n_kinds = self.mean.shape
        columns: dict[str, list[Any]] = {
            "day": np.repeat(np.arange(n_days), n_kinds).tolist(),
            "kind": list(self.kinds) * n_days,
            "mean": self.mean.ravel().tolist(),
        }
        for i, level in enumerate(self.levels):
            columns[f"q{level:g}"] = self.quantiles[:, :, i].ravel().tolist()
        return columns

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the mean census by kind with the widest interval."""
        ax = new_axes(ax)
        days = np.arange(len(self.mean))
        for k, kind in enumerate(self.kinds):
            ax.plot(days, self.mean[:, k], label=kind)
            ax.fill_between(days, self.quantiles[:, k, 0], self.quantiles[:, k, -1], alpha=0.2)
        name_steps(ax, None)
        ax.set_ylabel("beds occupied")
        ax.legend(frameon=False)
        return ax


def presence(paths: Sequence[CarePath], n_days: int) -> dict[str, Floats]:
    """Return, per kind of bed and for "total", P(in such a bed at the end of day d after admission), d = 0, 1, ...

    Source: the lag convolution of `project_census`. Assumes that stays of one path are independent. Not for stays that
    depend on crowding. Formula: the start of a stage is the convolution of the stays before it; a stage that starts on day s with stay L
    occupies the ends of days s, ..., s + L - 1. Raises ValueError for shares that do not sum to 1 or stays that are no
    distribution.

    >>> path = CarePath(name="icu", share=1, stages=[("ward", [0, 1]), ("icu", [0, 0, 1])])
    >>> presence([path], 4)["icu"].tolist()
    [0.0, 1.0, 1.0, 0.0]
    """
    n = as_whole("n_days", n_days, low=1)
    total = sum(as_number(f"share of {path.name}", path.share, low=0, high=1) for path in paths)
    if not paths or abs(total - 1) > 1e-6:
        raise complain("shares of paths", "1 in sum", total)
    present: dict[str, Floats] = {}
    for path in paths:
        start = np.zeros(n)
        start[0] = path.share
        for kind, stay in path.stages:
            pmf = as_pmf(f"stay in {kind} on {path.name}", stay)
            still = np.zeros(n)
            left = 1 - np.cumsum(pmf)[:n]
            still[: len(left)] = np.where(left > 1e-12, left, 0.0)
            present[kind] = present.get(kind, np.zeros(n)) + np.convolve(start, still)[:n]
            start = np.convolve(start, pmf)[:n]
    return {**present, "total": np.sum(list(present.values()), axis=0)}


def project_census(
    admissions: Any,
    paths: Sequence[CarePath] | Sequence[Sequence[CarePath]],
    *,
    n_draws: int = 500,
    seed: int = 1,
    levels: Sequence[float] = LEVELS,
) -> BedCensus:
    """Return the census of each kind of bed that a series of admissions leads to.

    Formula: census_k(t) = sum over s of admissions(t - s) P_k(s), P_k from `presence`; given admissions it is a sum of
    binomials, drawn exactly (as Poisson for admissions that are not whole numbers).

    Parameters
    ----------
    admissions
        By day, or draws x days (a forecast): doubt about admissions then enters the quantiles. Start with as many past
        days as the longest stay, otherwise the patients already there are missing.
    paths
        Ways through hospital, shares summing to 1; patients who die and patients who go home may be different paths.
        Or several such lists, equally likely (one for each of `resampled_stays`): doubt about the stays then enters too.
    n_draws
        Draws when `admissions` is one series; a matrix brings its own.
    seed
        Seed of the random draws.

    Raises
    ------
    ValueError
        Negative or missing admissions, unusable paths.

    Notes
    -----
    Source: see `SOURCE`. Assumes that stays do not depend on crowding and that patients are independent. Not for a crisis
    with stays of before it: refit them on recent patients with running stays counted. Beds without limit: for waiting lists see
    `queue_at_capacity`. Quantiles are of each day by itself.

    Examples
    --------
    >>> paths = [CarePath(name="all", share=1, stages=[("ward", [0, 0, 0, 1])])]
    >>> project_census([2, 2, 2, 2, 0], paths).of("ward").tolist()
    [2.0, 4.0, 6.0, 6.0, 4.0]
    """
    a = as_counts("admissions", admissions)
    series = np.atleast_2d(a)
    n_days = series.shape[1]
    shares = [presence(each, n_days) for each in _alternatives(paths)]
    kinds = tuple(shares[0])
    if any(tuple(share) != kinds for share in shares):
        raise complain("paths", "lists of the same kinds of bed", [tuple(share) for share in shares])
    present = {kind: np.stack([share[kind] for share in shares]) for kind in kinds}
    wanted = np.asarray(as_counts("levels", list(levels), n_axes=(1,)))
    rng = np.random.default_rng(seed)
    draws = series if a.ndim == 2 else np.repeat(series, as_whole("n_draws", n_draws, low=2), axis=0)
    mean = np.stack([np.convolve(series.mean(axis=0), p)[:n_days] for p in _means(present)], axis=1)
    quantiles = np.stack(
        [np.quantile(_draw(draws, p, rng), wanted, axis=0).T for p in present.values()], axis=1
    )
    return BedCensus(
        kinds=kinds,
        levels=tuple(wanted.tolist()),
        mean=mean,
        quantiles=quantiles,
        provenance=Provenance(
            method="admissions convolved with stays",
            source=SOURCE,
            parameters={"alternatives": len(shares), "levels": wanted.tolist()},
            inputs={
                "admissions": digest(a),
                **{f"presence of {kind}": digest(p) for kind, p in present.items()},
            },
            seed=seed,
        ),
    )


def _alternatives(paths: Any) -> list[Sequence[CarePath]]:
    given = list(paths)
    if given and not isinstance(given[0], CarePath):
        return [list(each) for each in given]
    return [given]


def _means(present: dict[str, Floats]) -> list[Floats]:
    return [np.asarray(p.mean(axis=0)) for p in present.values()]


def _draw(draws: Floats, p: Floats, rng: np.random.Generator) -> Floats:
    """Return the census of each draw; draw i is of alternative i modulo their number (rows of `p`)."""
    n_draws, n_days = draws.shape
    whole = bool((draws == np.floor(draws)).all())
    census = np.zeros(draws.shape)
    chance = np.clip(p, 0, 1)[np.arange(n_draws) % len(p)]
    for s in range(n_days):
        here = chance[:, s : s + 1]
        if here.max() > 0:
            past = draws[:, : n_days - s]
            census[:, s:] += rng.binomial(past.astype(np.int64), here) if whole else rng.poisson(past * here)
    return census


@dataclass(frozen=True, kw_only=True)
class BedQueue(Result):
    """Patients in beds, waiting and admitted at a limited capacity; arrays are days x levels, `*_mean` by day.

    `first_wait` holds, per draw, the first day on which somebody had to wait (-1 if never).
    """

    levels: tuple[float, ...]
    capacity: Floats
    occupied: Floats
    waiting: Floats
    occupied_mean: Floats
    waiting_mean: Floats
    mean_wait: float
    first_wait: tuple[int, ...]

    @property
    def probability_of_waiting(self) -> float:
        """Share of draws in which somebody waits on some day."""
        return float(np.mean(np.array(self.first_wait) >= 0))

    def table(self) -> dict[str, list[Any]]:
        """Return one row a day."""
        columns: dict[str, list[Any]] = {
            "day": list(range(len(self.capacity))),
            "capacity": self.capacity.tolist(),
            "occupied": self.occupied_mean.tolist(),
            "waiting": self.waiting_mean.tolist(),
        }
        for i, level in enumerate(self.levels):
            columns[f"waiting_q{level:g}"] = self.waiting[:, i].tolist()
        return columns

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw capacity, beds occupied and patients waiting."""
        ax = new_axes(ax)
        days = np.arange(len(self.capacity))
        ax.step(days, self.capacity, where="mid", color="black", label="capacity")
        ax.plot(days, self.occupied_mean, label="occupied")
        ax.plot(days, self.waiting_mean, label="waiting")
        ax.fill_between(days, self.waiting[:, 0], self.waiting[:, -1], alpha=0.2)
        name_steps(ax, None)
        ax.set_ylabel("beds, patients")
        ax.legend(frameon=False)
        return ax


def queue_at_capacity(
    demand: Any,
    capacity: Any,
    stay: Any,
    *,
    occupied: Any = None,
    n_draws: int = 200,
    seed: int = 1,
    levels: Sequence[float] = LEVELS,
) -> BedQueue:
    """Return beds occupied and patients waiting when capacity limits, first come first served.

    Method: discrete-event simulation by day. Each day patients leave, then as many waiting patients as there are free
    beds are taken in order of arrival; each stays a random length from `stay`. Capacity below occupancy evicts nobody.

    Parameters
    ----------
    demand
        Patients who need a bed, by day, or draws x days.
    capacity
        Beds by day, or one number.
    stay
        Probability mass function of whole days in the bed from day 0 (a stay of 0 counts as 1: the bed was used).
    occupied
        Remaining days of those in beds at the start, one number a patient.

    Raises
    ------
    ValueError
        Negative or missing input, capacity of another length.

    Notes
    -----
    Source: M_t/G/c queue in discrete time. Assumes that waiting does not change need or stay and that nobody gives up or dies in the queue. Not for
    long waits: read the waiting list as unmet need, not as a forecast of people in a corridor.
    Cost: proportional to patients x draws.

    Examples
    --------
    >>> result = queue_at_capacity([2, 2, 0, 0], 2, [0, 0, 1], n_draws=2)
    >>> result.waiting_mean.tolist(), result.first_wait
    ([0.0, 2.0, 0.0, 0.0], (1, 1))
    """
    need = as_counts("demand", demand)
    rows = np.atleast_2d(need)
    n_days = rows.shape[1]
    beds = (
        np.full(n_days, as_number("capacity", capacity, low=0))
        if np.ndim(capacity) == 0
        else as_counts("capacity", capacity, n_axes=(1,))
    )
    if len(beds) != n_days:
        raise complain("capacity", f"one number for each of {n_days} days", len(beds))
    law = as_pmf("stay", stay)
    there = (
        np.zeros(0)
        if occupied is None or np.size(occupied) == 0
        else as_counts("occupied", occupied, n_axes=(1,))
    )
    rng = np.random.default_rng(seed)
    n = len(rows) if need.ndim == 2 else as_whole("n_draws", n_draws, low=1)
    runs = [
        _serve(rng.poisson(row) if (row % 1).any() else row, beds, law, there, rng)
        for row in _repeat(rows, n)
    ]
    in_bed, wait = np.array([run[0] for run in runs]), np.array([run[1] for run in runs])
    wanted = tuple(levels)
    arrivals = max(sum(run[2] for run in runs), 1e-12)
    return BedQueue(
        levels=wanted,
        capacity=beds,
        occupied=np.quantile(in_bed, wanted, axis=0).T,
        waiting=np.quantile(wait, wanted, axis=0).T,
        occupied_mean=in_bed.mean(axis=0),
        waiting_mean=wait.mean(axis=0),
        mean_wait=float(wait.sum() / arrivals),
        first_wait=tuple(int(np.argmax(row > 0)) if (row > 0).any() else -1 for row in wait),
        provenance=Provenance(
            method="bed queue, first come first served",
            source="M_t/G/c queue in discrete time",
            inputs={"demand": digest(need), "capacity": digest(beds), "stay": digest(law)},
            seed=seed,
        ),
    )


def _repeat(rows: Floats, n: int) -> Floats:
    return rows if len(rows) == n else np.repeat(rows, n, axis=0)


def _serve(
    arrivals: Any, beds: Floats, law: Floats, there: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats, float]:
    n_days = len(beds)
    leaving = np.zeros(n_days + len(law) + 2)
    for days in np.minimum(there, n_days).astype(int):
        leaving[days] += 1
    in_bed, queue = float(len(there)), 0.0
    occupied, waiting = np.zeros(n_days), np.zeros(n_days)
    for day in range(n_days):
        in_bed -= leaving[day]
        queue += float(arrivals[day])
        taken = int(max(min(queue, np.floor(beds[day] - in_bed)), 0))
        queue -= taken
        in_bed += taken
        stays = np.maximum(rng.choice(len(law), size=taken, p=law / law.sum()), 1)
        np.add.at(leaving, day + stays, 1)
        occupied[day], waiting[day] = in_bed, queue
    return occupied, waiting, float(np.sum(arrivals))


def days_until_full(census: BedCensus, kind: str, capacity: Any) -> dict[float, int | None]:
    """Return, per quantile level of the census, the first day on which it reaches capacity (None: not in the horizon).

    The 0.975 quantile is the early warning ("full on day 9 if things go badly"), the median the middle expectation.
    Assumes that quantiles of single days stand for a course. Definition: first day t with quantile(t) >= capacity(t). Source: a plain threshold. It ignores that a full ward turns
    patients away; do not use it after the first full day. ValueError for an unknown kind or a capacity of another length.

    >>> paths = [CarePath(name="all", share=1, stages=[("ward", [0] * 20 + [1])])]
    >>> days_until_full(project_census([5] * 10, paths), "ward", 20)[0.5]
    3
    """
    census.of(kind)
    n_days = len(census.mean)
    limit = (
        np.broadcast_to(as_counts("capacity", np.atleast_1d(capacity), n_axes=(1,)), (n_days,))
        if np.size(capacity) in {1, n_days}
        else None
    )
    if limit is None:
        raise complain("capacity", f"one number, or one for each of {n_days} days", np.size(capacity))
    full = census.quantiles[:, census.kinds.index(kind), :] >= limit[:, None]
    return {
        level: int(np.argmax(full[:, i])) if full[:, i].any() else None
        for i, level in enumerate(census.levels)
    }
