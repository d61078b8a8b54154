"""When each case may have infected and may have been infected: densities by day, and those of the lag between two cases."""

from typing import NamedTuple

import numpy as np

from lianfang.analytics.chains.evidence import Exposure, Interval, Ints
from lianfang.analytics.inputs import Floats, as_times, complain

LATENT_SHARE = 0.3  # of the mean incubation, in which nobody infects yet (COVID-19 1 day, MERS 2, measles 3)
STILL_INFECTS = 0.02  # infectiousness left after isolation or diagnosis, for errors in the recorded day


class Course(NamedTuple):
    """When each case may have infected others, and when it may itself have been infected: densities by day, from a first day.

    Rows of 0 where nothing is known. `window` is the sum of `falls_ill`, what a stated window says of an unknown source.
    """

    infects: Floats
    infects_from: Ints
    falls_ill: Floats
    ill_from: Ints
    window: Floats
    by_law: bool = False


def course_of(onset: Floats, interval: Interval, exposure: Exposure) -> Course:
    """Return the days of each case, by the laws given or else by an even split of the interval."""
    n, half = len(onset), None
    start, end, removed = (_column(exposure, name, n) for name in ("start", "end", "removed"))
    today: Floats = np.floor(onset)
    end = np.where(
        np.isnan(start) | (start <= today), np.minimum(end, today), end
    )  # nobody is infected after falling ill
    incubation, infectious = exposure.incubation, exposure.infectiousness
    if incubation is None or infectious is None:
        half = incubation = infectious = None if exposure.place is None else interval.halves()
        start, end, removed = (np.full(n, np.nan) for _ in range(3))
    if incubation is None or infectious is None:
        none = np.zeros((n, 1)), np.zeros(n, dtype=np.int64)
        return Course(*none, *none, np.ones(n))
    days: Floats = today[:, None] + np.arange(infectious.first, infectious.last + 2, dtype=np.float64)
    infects = infectious.at(days - onset[:, None])
    if half is None:
        at_large = np.isnan(removed)[:, None] | (days <= removed[:, None])
        infects *= np.where(at_large, 1.0, STILL_INFECTS)
        infects *= _already(days, onset, start, end, incubation)
    first = np.where(np.isnan(start), today - incubation.last, start)
    last = np.where(np.isnan(end), today - incubation.first, end)
    ill_days = first[:, None] + np.arange(max(int((last - first).max()), 0) + 1)
    falls_ill = incubation.at(onset[:, None] - ill_days)
    # a stated window is trusted over the incubation law, whose far tails it may reach
    known = ~(np.isnan(start) & np.isnan(end))[:, None]
    falls_ill = np.where(
        known, np.maximum(falls_ill, 1e-3 / np.maximum(last - first + 1, 1)[:, None]), falls_ill
    )
    falls_ill = np.where(ill_days <= last[:, None], falls_ill, 0.0)
    window = np.where(last < first, 1.0, falls_ill.sum(axis=1))
    if half is not None:
        window = np.ones(n)
    starts = (days[:, 0].astype(np.int64), first.astype(np.int64))
    return Course(infects, starts[0], falls_ill, starts[1], window, half is None)


def lag_density(
    onset: Floats, interval: Interval, course: Course, j: int, near: Ints
) -> tuple[Floats, Floats]:
    """Return P(onset of j | infected by each of `near`), and the same with one unseen case between."""
    lags = onset[j] - onset[near]
    direct, indirect = interval.at(lags), interval.twice().at(lags)
    if not course.by_law or not course.falls_ill[j].any():
        return direct, indirect
    days = course.ill_from[j] + np.arange(course.falls_ill.shape[1])
    at = days[None, :] - course.infects_from[near][:, None]
    inside = (at >= 0) & (at < course.infects.shape[1])
    infects = np.where(
        inside, course.infects[near[:, None], np.clip(at, 0, course.infects.shape[1] - 1)], 0.0
    )
    return infects @ course.falls_ill[j], indirect * course.window[j]


def share_passed(onset: Floats, interval: Interval, course: Course, j: int, near: Ints) -> Floats:
    """Return which share of the infectiousness of each of `near` had passed when j was infected (or, by the interval alone, fell ill)."""
    if not course.by_law or not course.falls_ill[j].any():
        return interval.up_to(onset[j] - onset[near])
    days = course.ill_from[j] + np.arange(course.falls_ill.shape[1])
    total = np.cumsum(course.infects[near], axis=1)
    at = days[None, :] - course.infects_from[near][:, None]
    by_then = total[np.arange(len(near))[:, None], np.clip(at, 0, total.shape[1] - 1)]
    shares = course.falls_ill[j] / course.falls_ill[j].sum()
    return np.asarray(np.where(at >= 0, by_then, 0.0) @ shares)


def _already(days: Floats, onset: Floats, start: Floats, end: Floats, incubation: Interval) -> Floats:
    """Return how probable it is that each infector was infected long enough before each day to infect on it.

    By its own window of exposure, or by its onset and the incubation law alone: who was exposed on the same days cannot
    be the source. Nobody infects within `LATENT_SHARE` of the mean incubation.
    """
    mean = float(incubation.pmf @ np.arange(incubation.first, incubation.last + 1))
    ready = days - np.floor(LATENT_SHARE * mean)
    onset, start, end = onset[:, None], start[:, None], end[:, None]
    start = np.where(np.isnan(start), np.floor(onset) - incubation.last, start)
    end = np.where(np.isnan(end), np.floor(onset) - incubation.first, end)
    later = incubation.up_to(onset - end - 1)
    total = incubation.up_to(onset - start) - later
    passed = incubation.up_to(onset - start) - incubation.up_to(onset - np.minimum(end, ready) - 1)
    even = (np.minimum(end, ready) - start + 1) / np.maximum(end - start + 1, 1.0)
    return np.clip(np.where(total > 1e-3, passed / np.maximum(total, 1e-3), even), 0.0, 1.0)


def _column(exposure: Exposure, name: str, n: int) -> Floats:
    value = getattr(exposure, name)
    if value is None:
        return np.full(n, np.nan)
    column = as_times(f"exposure.{name}", value)
    if column.shape != (n,):
        raise complain(f"exposure.{name}", f"one value for each of {n} cases", column.shape)
    return column
