"""Scenarios are asked for by a person, computed by the worker, and kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Place
from lianfang.loop.touch import touch
from lianfang.measures.errors import NothingAsked
from lianfang.measures.events import MeasureEvent
from lianfang.measures.models import Scenario

# What can be asked, with the least and the most of each.
LIMITS: Mapping[str, tuple[float, float]] = {
    "investigation": (1, 240),  # hours
    "tracing": (1, 240),
    "laboratory": (1, 240),
    "ward": (1, 5000),  # beds
    "ended": (1, 59),  # the day on which the measures end
    "contacts_left": (1, 100),  # percent of the usual contacts that the measures leave; an assumption
}
CHANGES = ("investigation", "tracing", "laboratory", "ward", "ended")


@transaction.atomic
def ask_scenario(
    *, place: Place, disease: str, choices: Mapping[str, Any], by: Actor, at: datetime, seed: int = 1
) -> Scenario:
    """Ask what would be if a clock were faster, a ward opened, the measures ended; the worker computes it."""
    by.require(Permission.SCENARIO_ASK, place.path)
    asked = {name: float(value) for name, value in choices.items() if value and name in LIMITS}
    if not any(name in asked for name in CHANGES):
        raise NothingAsked(reason="nothing is changed")
    for name, value in asked.items():
        low, high = LIMITS[name]
        if not low <= value <= high:
            raise NothingAsked(reason=f"{name}: {low:g} – {high:g}")
    if "ended" in asked and "contacts_left" not in asked:
        raise NothingAsked(reason="ended: contacts_left")
    row = Scenario.objects.create(
        place=place, path=place.path, disease=disease, choices=asked, seed=seed, asked_at=at, by_id=by.user_id
    )
    record(MeasureEvent.ASKED, subject=row, by=by, at=at, after={"choices": asked, "seed": seed})
    touch(Scenario, [row.pk], at=at)
    return row


@transaction.atomic
def keep_scenario(
    *,
    scenario: Scenario,
    inputs: Mapping[str, Any],
    result: Mapping[str, Any],
    version: str,
    digest: str,
    seconds: float,
    by: Actor,
    at: datetime,
) -> None:
    """Keep what was computed, with its inputs, version and digest."""
    status = Scenario.Status.NOT_POSSIBLE if "why_not" in result else Scenario.Status.DONE
    Scenario.objects.filter(pk=scenario.pk).update(
        status=status, inputs=dict(inputs), result=dict(result), version=version[:120], digest=digest,
        seconds=seconds, done_at=at,
    )  # fmt: skip
    record(MeasureEvent.COMPUTED, subject=scenario, by=by, at=at, after={"status": status, "digest": digest})
