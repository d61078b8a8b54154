"""Damped trends from every origin of a series, how lasting its growth is, and what a series that runs ahead says."""

from typing import Any

import numpy as np
from scipy import signal

from .inputs import Floats

_signal: Any = signal  # scipy carries no types
_TRENDS = (
    (1, 0.0),
    (1, 0.5),
    (1, 0.8),
    (2, 0.8),
    (1, 1.0),
    (2, 1.0),
    (3, 0.9),
)  # weeks of slope, damping a week
_LAGS = (1, 2, 3)  # weeks by which a leading series may run ahead
LARGEST_ERROR = 1.5  # on the log scale: what is further off counts as so far
_GROWTH_VARIANCES = (
    0.001,
    0.005,
    0.02,
    0.05,
    0.15,
)  # of lasting weekly growth, log scale: which holds is learnt
_GROWTH_MEMORY, _GROWTH_PSEUDO, _GROWTH_PRIOR = (
    0.98,
    4.0,
    0.02,
)  # a week; weeks and squared error before any is known


def _lag(values: Floats, steps: int) -> Floats:
    """Shift by `steps`, the first value standing in for what came before."""
    return np.concatenate([np.repeat(values[:1], steps, axis=0), values])[: len(values)]


def trend_forecasts(level: Floats, actual: Floats, horizon: int, week: int) -> Floats:
    """Mean of the damped trends from every origin, (T, H, N), their slopes shrunk by what the series has shown of lasting growth."""
    known = np.stack([_known_errors(_trends(level, horizon, week, v), actual) for v in _GROWTH_VARIANCES])
    fading = [1.0, -(_GROWTH_MEMORY ** (1 / week))]
    weeks = _signal.lfilter([1.0], fading, np.ones(len(level)))[:, None] / week
    total = _signal.lfilter([1.0], fading, known, axis=1) / week
    mean = (total + _GROWTH_PRIOR * _GROWTH_PSEUDO) / (weeks + _GROWTH_PSEUDO)
    # errors of neighbouring origins overlap: so many weeks are worth but one in `horizon`
    log_weight = -0.5 * np.log(mean) * weeks / max(horizon / week, 1.0)
    weight = np.exp(log_weight - log_weight.max(axis=0))
    weight /= weight.sum(axis=0)
    return np.asarray(
        sum(
            w[:, None] * _trends(level, horizon, week, v)
            for w, v in zip(weight, _GROWTH_VARIANCES, strict=True)
        )
    )


def _known_errors(ahead: Floats, actual: Floats) -> Floats:
    """Return, for each step, the mean over horizons of the squared errors of the forecasts that were for it, (T, N)."""
    horizon, error = ahead.shape[1], np.zeros(actual.shape)
    for h in range(1, min(horizon, len(actual) - 1) + 1):
        error[h:] += np.clip(actual[h:] - ahead[:-h, h - 1], -LARGEST_ERROR, LARGEST_ERROR) ** 2
    return np.asarray(error / horizon)


def _trends(level: Floats, horizon: int, week: int, growth: float) -> Floats:
    # the level of a day is that of the week around it: a trailing mean has to be carried 3 days further
    distance = (np.arange(1, horizon + 1) + (3 if week == 7 else 0)) / week
    total = np.zeros((len(level), horizon, level.shape[1]))
    for weeks, damping in _TRENDS:
        before = _lag(level, weeks * week)
        slope = np.clip((level - before) / weeks, -LARGEST_ERROR, LARGEST_ERROR)
        # of few cases the slope is mostly chance, and a district's rise from none to twenty does not go on
        chance = (np.exp(-level) + np.exp(-before)) / (week * weeks**2)
        slope = slope * (growth / (growth + chance))
        total += level[:, None] + slope[:, None] * _damped_weeks(distance, damping)[None, :, None]
    return np.asarray(total / len(_TRENDS))


def _damped_weeks(weeks: Floats, damping: float) -> Floats:
    """Sum phi + phi^2 + ... over whole weeks, linear between them; phi^0 = 1 counts the first week."""
    whole = np.arange(int(np.ceil(weeks.max())) + 1)
    steps = np.concatenate([[0.0], np.cumsum(damping ** np.arange(1, whole.size))])
    return np.asarray(np.interp(weeks, whole, steps))


def with_leading(ahead: Floats, level: Floats, lead: Floats, came: Floats, *, week: int) -> Floats:
    """Average the trends with forecasts from the leading series, every forecast weighing the same."""
    steps, horizon, n = ahead.shape
    lead_ahead = trend_forecasts(lead, came, horizon, week)
    carry = 3 if week == 7 else 0
    total = np.zeros_like(ahead)
    for lag in _LAGS:
        back = lag * week
        distance = level - _lag(lead, back)
        drift = np.clip((distance - _lag(distance, 2 * week)) / 2, -0.5, 0.5)
        drift[: back + 2 * week] = 0.0
        for h in range(1, horizon + 1):
            reach = h + carry - back
            source = _lag(lead, -reach) if reach <= 0 else lead_ahead[:, max(reach - carry, 1) - 1]
            damped = _damped_weeks(np.array([h / week]), 0.8)[0]
            plain = np.where(np.arange(steps)[:, None] >= back + 2, source + distance, level)
            total[:, h - 1] += 2 * plain + drift * damped
    count = len(_TRENDS) + 2 * len(_LAGS)
    return np.asarray((len(_TRENDS) * ahead + total) / count).reshape(steps, horizon, n)
