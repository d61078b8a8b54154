"""7-1-7: an event is detected within 7 days of its emergence, notified within 1, and answered within 7 more.

Which events there are is declared by the apps that know; the targets are the rulebook's.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import F, QuerySet
from django.db.models.expressions import Combinable

from lianfang.core.access.actor import Actor
from lianfang.loop.clocks import timeliness
from lianfang.loop.register import Register
from lianfang.rulebook.terms import Threshold

_DAY = 86400


class TimedEvent(ABC):
    """One kind of event that 7-1-7 is measured on, such as the first confirmed case of a county."""

    code: ClassVar[str]
    title: ClassVar[Any]

    @abstractmethod
    def events(self, actor: Actor, path: str) -> QuerySet[Any]:
        """Return the events that `actor` may see in the area, built with `timed(...)`."""


def timed(
    rows: QuerySet[Any],
    *,
    name: str | Combinable,
    emerged: str | Combinable,
    detected: str | Combinable,
    notified: str | Combinable,
    responded: str | Combinable,
    path: str | Combinable = "path",
) -> QuerySet[Any]:
    """Return `rows` as events: a name to show and the four moments, null while one has not come or is not known."""
    columns = (name, path, emerged, detected, notified, responded)
    return rows.order_by().values_list(*(F(c) if isinstance(c, str) else c for c in columns))


timed_events: Register[TimedEvent] = Register("timed events")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One of the three intervals of an event: days, and whether the target was met (None: not yet known)."""

    days: float | None
    on_target: bool | None


@dataclass(frozen=True, kw_only=True)
class EventTimes:
    """One event with its three intervals."""

    kind: str
    name: str
    path: str
    detect: Step
    notify: Step
    respond: Step

    @property
    def all_on_target(self) -> bool | None:
        """Whether all three targets were met; None while one is open and none was missed."""
        states = (self.detect.on_target, self.notify.on_target, self.respond.on_target)
        if False in states:
            return False
        return None if None in states else True


def seven_one_seven(actor: Actor, *, at: datetime, path: str = "", kind: str = "") -> list[EventTimes]:
    """Return the three intervals of every event in the area; an interval that is open and past its target has missed it.

    One query for each kind of event.
    """
    targets = timeliness(at)
    limits = (targets.detect_days, targets.notify_days, targets.respond_days)
    found = []
    for declared in timed_events:
        if kind and declared.code != kind:
            continue
        for name, area, *moments in declared.events(actor, path):
            steps = [
                _step(begin, end, at, limit)
                for begin, end, limit in zip(moments, moments[1:], limits, strict=False)
            ]
            found.append(
                EventTimes(
                    kind=declared.code,
                    name=str(name),
                    path=area,
                    detect=steps[0],
                    notify=steps[1],
                    respond=steps[2],
                )
            )
    return found


def _step(begin: datetime | None, end: datetime | None, at: datetime, limit: Threshold) -> Step:
    if begin is None:
        return Step(days=None, on_target=None)
    days = ((end or at) - begin).total_seconds() / _DAY
    if end is None:
        return Step(days=None, on_target=None if limit.holds(days) else False)
    return Step(days=days, on_target=limit.holds(days))
