"""Early warning: where a curve is unusual, since when and by which method, as one finding for a person to judge.

Methods look only at what had come by the day they speak about. What the desks did, not the disease - a jump that does
not go on, a fall of a cumulative count - is set aside and proposed as an alert about the data. Alarms of any method
that are near to one another are one finding, so that a county has at most one in the silence of the rule.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from lianfang.analytics.aberration import ears, re_emergence
from lianfang.analytics.artefacts import Artefact, reporting_artefacts
from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Place
from lianfang.core.rules import site_rules
from lianfang.loop.findings import Proposal, Proposed, propose_findings
from lianfang.regions.grading import Graded, clock_hours, moving_sum
from lianfang.regions.panel import Panel
from lianfang.rulebook.kinds.surveillance import EarlyWarningParameters

FINDING = "regions.warning"
DATA = "regions.data"
METHODS = ("re_emergence", "ears", "rising")
COLUMNS = ("confirmed", "total", "total_died")
_MONTH = 28
_RT_WINDOW = 7
_LEAST_JUMP = 50  # below it no jump is judged, see `reporting_artefacts`
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Alarms = Mapping[
    str, tuple[NDArray[np.bool_], Floats, Floats]
]  # method -> alarm, observed, the most that is unremarkable


@dataclass(frozen=True, kw_only=True)
class Rising:
    """What of Rt is needed here, (days, areas): the probability that it is above 1, and its mean; NaN where unknown."""

    above_one: Floats
    mean: Floats


@dataclass(frozen=True, kw_only=True)
class Episode:
    """Alarms near to one another in one area: first and last day, and for each method its first day and what it saw."""

    path: str
    first: date
    last: date
    methods: Mapping[str, tuple[date, float, float]]  # first day, observed, the most that is unremarkable

    @property
    def key(self) -> str:
        """What tells it from other episodes of the area: its first day."""
        return self.first.isoformat()


def artefacts_of(
    panel: Panel, columns: Sequence[str] = ("total", "total_died")
) -> dict[str, tuple[Artefact, ...]]:
    """Return the suspect steps of cumulative counts by column; only areas that can have one are looked at closely."""
    found = {}
    for name in columns:
        values = panel[name]
        step = np.diff(values, axis=0, prepend=0)
        at = np.flatnonzero(
            (values.max(axis=0, initial=0) >= _LEAST_JUMP) | (step.min(axis=0, initial=0) < 0)
        )
        names = [panel.areas[n] for n in at]
        # Before its first count an area has nothing to be judged by.
        table = np.where(np.cumsum(values[:, at] > 0, axis=0) > 0, values[:, at], np.nan).astype(float)
        found[name] = reporting_artefacts(table, dates=panel.days, names=names).found if at.size else ()
    return found


def usable_of(panel: Panel, artefacts: Sequence[Artefact]) -> Flags:
    """Return (days, areas): false on the days that are the work of desks."""
    place = {area: n for n, area in enumerate(panel.areas)}
    usable = np.ones((panel.n_days, len(panel.areas)), dtype=np.bool_)
    for one in artefacts:
        usable[one.step, place[one.series]] = False
    return usable


def alarms_of(
    panel: Panel, rising: Rising, usable: Flags, rule: EarlyWarningParameters
) -> dict[str, tuple[Flags, Floats, Floats]]:
    """Return for each method (alarm, observed, the most that is unremarkable), each (days, areas)."""
    counts = np.maximum(panel["confirmed"], 0).astype(np.float64)
    found: dict[str, tuple[Flags, Floats, Floats]] = {}
    again = re_emergence(counts, quiet=rule.quiet_days, window=rule.again_days, cases=rule.again_cases)
    found["re_emergence"] = (again.alarm & usable, counts, np.nan_to_num(again.upperbound))
    month = moving_sum(counts, _MONTH) / _MONTH
    busy = np.flatnonzero((month >= rule.ears_least_mean).any(axis=0))
    alarm, bound = np.zeros(counts.shape, dtype=np.bool_), np.zeros(counts.shape)
    if busy.size:
        daily = ears(counts[:, busy], method="C2", min_sigma=0.5)
        alarm[:, busy] = daily.alarm & (month[:, busy] >= rule.ears_least_mean)
        bound[:, busy] = np.nan_to_num(daily.upperbound)
    found["ears"] = (alarm & usable, counts, bound)
    in_window = moving_sum(counts, _RT_WINDOW)
    is_clean = moving_sum((~usable).astype(np.int32), _RT_WINDOW) == 0
    is_up = np.nan_to_num(rising.above_one) >= rule.rising_probability
    found["rising"] = (
        is_up & (in_window >= rule.rising_cases) & is_clean,
        rising.mean,
        np.ones(counts.shape),
    )
    return found


def episodes(
    panel: Panel, alarms: Mapping[str, tuple[Flags, Floats, Floats]], silence_days: int
) -> list[Episode]:
    """Return the episodes of every area: an alarm after more than `silence_days` days without one begins a new one."""
    any_alarm = np.logical_or.reduce([alarm for alarm, _, _ in alarms.values()])
    days, areas = np.nonzero(any_alarm.T)[::-1]
    if not days.size:
        return []
    begins = np.ones(days.size, dtype=np.bool_)
    begins[1:] = (np.diff(areas) != 0) | (np.diff(days) > silence_days)
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], days.size) - 1
    return [
        _episode(panel, alarms, int(areas[a]), (int(days[a]), int(days[b])))
        for a, b in zip(starts, ends, strict=True)
    ]


def _episode(
    panel: Panel, alarms: Mapping[str, tuple[Flags, Floats, Floats]], area: int, span: tuple[int, int]
) -> Episode:
    first, last = span
    methods = {}
    for name, (alarm, observed, bound) in alarms.items():
        hits = np.flatnonzero(alarm[first : last + 1, area])
        if hits.size:
            at = first + int(hits[0])
            methods[name] = (
                panel.first + timedelta(days=at),
                float(observed[at, area]),
                float(bound[at, area]),
            )
    return Episode(
        path=panel.areas[area],
        first=panel.first + timedelta(days=first),
        last=panel.first + timedelta(days=last),
        methods=methods,
    )


def warning_rule(day: date) -> EarlyWarningParameters:
    """Return what the edition in force asks."""
    return site_rules().rule("early_warning", at=day).of(EarlyWarningParameters)


def propose_warnings(
    found: Sequence[Episode], places: Mapping[str, Place], disease: str, *, edition: str, at: datetime
) -> Proposed:
    """Propose each episode once; one whose days were corrected away loses its grounds."""
    due = at + timedelta(hours=clock_hours("clock.warning_judgement", at))
    proposals = [
        Proposal(
            subject_id=places[one.path].pk,
            place_id=places[one.path].pk,
            path=one.path,
            key=f"{disease}:{one.key}",
            edition=edition,
            evidence={
                "disease": disease,
                "since": one.first.isoformat(),
                "methods": list(one.methods),
                "seen": [
                    f"{day} {name}: {round(seen, 2):g} (≤ {round(most, 2):g})"
                    for name, (day, seen, most) in one.methods.items()
                ],
            },
            due_at=due,
        )
        for one in found
        if one.path in places
    ]
    return propose_findings(FINDING, Place, proposals, by=Actor.system("regions.warnings"), at=at)


def propose_data_alerts(
    artefacts: Mapping[str, Sequence[Artefact]],
    contradictions: Sequence[Graded],
    places: Mapping[str, Place],
    disease: str,
    *,
    at: datetime,
) -> Proposed:
    """Propose to look at figures that cannot be right: suspect steps, and a cluster without any new case."""
    due = at + timedelta(hours=clock_hours("clock.data_alert", at))
    silence = warning_rule(local_day(at)).silence_days
    grounds: list[tuple[str, str, dict[str, object]]] = [
        (path, f"{name}:{steps[0].on}", {"column": name, **_said(steps)})
        for name, found in artefacts.items()
        for path, steps in _spells(found, silence)
    ]
    grounds += [
        (
            one.path,
            "contradiction",
            {"what": "contradiction", "cumulative": one.total, "new_in_window": one.new},
        )
        for one in contradictions
    ]
    proposals = [
        Proposal(
            subject_id=places[path].pk,
            place_id=places[path].pk,
            path=path,
            key=f"{disease}:{key}"[:80],
            evidence={"disease": disease, **evidence},
            due_at=due,
        )
        for path, key, evidence in grounds
        if path in places
    ]
    return propose_findings(DATA, Place, proposals, by=Actor.system("regions.data"), at=at)


def _spells(found: Sequence[Artefact], silence_days: int) -> Iterator[tuple[str, list[Artefact]]]:
    """Yield suspect steps of one area that are near to one another: one look is owed to them, not one each."""
    spell: list[Artefact] = []
    for one in found:
        if spell and (one.series != spell[-1].series or one.step - spell[-1].step > silence_days):
            yield spell[0].series, spell
            spell = []
        spell.append(one)
    if spell:
        yield spell[0].series, spell


def _said(steps: Sequence[Artefact]) -> dict[str, object]:
    return {
        "what": sorted({one.kind for one in steps}),
        "first_on": str(steps[0].on),
        "last_on": str(steps[-1].on),
        "steps": [f"{one.on} {one.kind} {one.size:+g}" for one in steps[:20]],
    }


def edition_id(day: date) -> str:
    """Return the edition by which warnings are given on the day."""
    return site_rules().rule("early_warning", at=day).edition_id
