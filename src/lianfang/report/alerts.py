"""Early warning on the curve: cases after a quiet time, and days or weeks above what was to be expected."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from lianfang.analytics.aberration import Aberration, ears, re_emergence, small_counts
from lianfang.report.curve import Curve, weeks_of
from lianfang.report.left_out import LeftOut

SHOWN_DAYS = 28
_EARS_MEAN = 2.0  # cases a day below which EARS alarms too often
_EARS_DAYS = 21
_WEEKS = 20
_QUIET = 11


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm: the rule, the first day of the step, what was counted and the most that is unremarkable."""

    rule: str
    day: date
    counted: float
    bound: float


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """Alarms of the last four weeks, newest first; `checked` names the rules applied, `not_checked` why others were not."""

    alarms: tuple[Alarm, ...]
    checked: tuple[str, ...]
    not_checked: tuple[tuple[str, LeftOut], ...]
    results: tuple[Aberration, ...]


def alerts_of(curve: Curve | LeftOut) -> Alerts | LeftOut:
    """Return the alarms of the last 28 days; late reports can only hide an alarm there, never make one."""
    if isinstance(curve, LeftOut):
        return curve
    alarms: list[Alarm] = []
    checked: list[str] = []
    missing: list[tuple[str, LeftOut]] = []
    results: list[Aberration] = []
    for rule, found, starts in (_again(curve), _ears(curve), _weeks(curve)):
        if isinstance(found, LeftOut):
            missing.append((rule, found))
            continue
        checked.append(rule)
        results.append(found)
        alarms += _alarms(rule, found, starts, curve.days[-1])
    alarms.sort(key=lambda alarm: (alarm.day, alarm.rule), reverse=True)
    return Alerts(
        alarms=tuple(alarms), checked=tuple(checked), not_checked=tuple(missing), results=tuple(results)
    )


_Checked = tuple[str, Aberration | LeftOut, list[date]]


def _again(curve: Curve) -> _Checked:
    if len(curve.days) <= _QUIET:
        return (
            "re_emergence",
            LeftOut(reason="left.alert_short", values={"n": len(curve.days), "least": _QUIET + 1}),
            [],
        )
    return "re_emergence", re_emergence(curve.counts, quiet=_QUIET), list(curve.days)


def _ears(curve: Curve) -> _Checked:
    counts = curve.counts
    mean = float(counts[-SHOWN_DAYS:].mean()) if len(counts) else 0.0
    if len(counts) < _EARS_DAYS or mean < _EARS_MEAN:
        values = {
            "n": len(counts),
            "least": _EARS_DAYS,
            "mean": f"{mean:.1f}",
            "least_mean": f"{_EARS_MEAN:g}",
        }
        return "ears", LeftOut(reason="left.alert_ears", values=values), []
    return "ears", ears(counts, method="C2", min_sigma=0.5), list(curve.days)


def _weeks(curve: Curve) -> _Checked:
    starts, weekly = weeks_of(curve.days, curve.counts)
    if len(weekly) < _WEEKS:
        values = {"n": len(weekly), "least": _WEEKS}
        return "small_counts", LeftOut(reason="left.alert_weeks", values=values), []
    return "small_counts", small_counts(weekly), starts


def _alarms(rule: str, found: Aberration, starts: list[date], last: date) -> list[Alarm]:
    since = last - timedelta(days=SHOWN_DAYS)
    return [
        Alarm(
            rule=rule,
            day=starts[at],
            counted=float(found.observed[at, 0]),
            bound=float(found.upperbound[at, 0]),
        )
        for at in np.flatnonzero(found.alarm[:, 0])
        if starts[at] > since
    ]
