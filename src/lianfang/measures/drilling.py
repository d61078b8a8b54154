"""A plan drilled on invented data: switched on by the code that would really do it, worked off, and all of it taken back.

The hands are those of `lianfang.simulate`: an invented county has an outbreak, and a step takes as long as the health
service there took for a task of the same kind, at a unit that does no more in a day than its own register says. What is
measured is the plan, not the people: which duties would arise, at which units, which of them inherit the work of a
place that has nobody of its own, and which steps cannot be done in their time.
"""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.metadata import version as installed
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lianfang.common.clock import local_day
from lianfang.common.errors import LianfangError
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Jurisdiction, Place, Unit
from lianfang.loop.duty import duties
from lianfang.loop.models import Task
from lianfang.loop.reconcile import reconcile
from lianfang.measures.apart import play
from lianfang.measures.duties import CODES, KeepUpWork
from lianfang.measures.models import Activation, Drill, Measure, Work, WorkReport
from lianfang.measures.services import keep_drill, put_on, switch_off
from lianfang.simulate import build_city, demo_scenario, generate_places, simulate

_RESIDENTS = 8000
# Which task of the simulated service stands for work of a capability; other work takes as long as an investigation.
_LIKE: Mapping[str, str] = {
    "report": "report", "review": "report", "screen": "report", "trace": "trace", "observe": "trace",
    "sample": "test", "test": "test", "admit": "admit", "place": "admit",
}  # fmt: skip
_OTHER = "investigate"
_LONGEST = timedelta(days=7)
_DAY = 24.0
_NAMED = 30

Durations = Mapping[str, NDArray[np.float64]]


def run_drill(drill: Drill, *, at: datetime) -> bool:
    """Make a drill and keep what it showed; return whether it could be made."""
    durations, outbreak = invented_durations(drill.seed)
    result: dict[str, Any]
    try:
        with play():
            result = _play(drill, durations, at) | {"outbreak": outbreak}
    except LianfangError as error:
        result = {"failure": f"{error} {error.hint}"}
    version = f"lianfang {installed('lianfang')}; drill 2"
    keep_drill(drill=drill, result=result, version=version, by=Actor.system("measures.drill"), at=at)
    return "failure" not in result


def invented_durations(seed: int) -> tuple[Durations, dict[str, int]]:
    """Return the hours that tasks of each kind took in an invented county with an outbreak, and its size."""
    places = generate_places(
        _RESIDENTS, counties=1, cell_size=320, cells_per_village=3, villages_per_township=3, seed=seed
    )
    scenario = demo_scenario()
    outcome = simulate(build_city(places=places, seed=seed), replace(scenario, days=60), seed=seed)
    tasks = outcome.tasks.filter(pl.col("done_at").is_not_null()).with_columns(
        hours=(pl.col("done_at") - pl.col("created_at")).dt.total_minutes() / 60
    )
    found = {
        str(kind): rows["hours"].to_numpy().astype(np.float64) for (kind,), rows in tasks.group_by("kind")
    }
    size = {"residents": _RESIDENTS, "cases": outcome.n_confirmed, "tasks": len(tasks), "days": 60}
    return found, size


def _play(drill: Drill, durations: Durations, at: datetime) -> dict[str, Any]:
    by = Actor.system("measures.drill")
    plan = drill.plan
    # As in peace: what is really in force there does not stand in the way, and is back when this is undone.
    Activation.objects.filter(plan=plan, until_at__isnull=True).update(until_at=at)
    held = Measure.objects.in_force().filter(path__within=drill.path, disease=plan.disease)
    standing = Work.objects.filter(until_at__isnull=True, path__within=drill.path)
    standing.update(until_at=at, until_on=local_day(at))
    held.update(until_at=at)
    started = time.perf_counter()
    activation = put_on(plan=plan, place=drill.place, reason="drill", by=by, at=at)
    works = list(_works(activation).select_related("place").order_by("pk"))
    _pass(works, at)
    seconds = time.perf_counter() - started
    end = at + _longest(works)
    _pass(works, end)
    first = _first_tasks(works)
    hours = _work_off(first, {work.pk: work for work in works}, durations, at=end, seed=drill.seed)
    _pass(works, end)
    steps = _steps(works, first, hours)
    switch_off(activation=activation, reason="drill", by=by, at=end)
    _pass(works, end)
    # A day that was missed stays on the record; nothing may be owed that can still be done.
    owed = _tasks(works).filter(status="open").exclude(duty=KeepUpWork.code, due_at__lte=end)
    return {
        "steps": steps,
        "seconds": round(seconds, 2),
        "n_duties": len(first),
        "n_units": len({task.unit_id for task in first}),
        "n_late": sum(step["n_late"] for step in steps),
        "left_open": owed.count(),
        "inherited": _inherited(works),
        "short": [
            {"item": stock.item, "unit": _names(stock.unit), "needed": stock.needed, "held": stock.held}
            for stock in plan.stocks.select_related("unit").order_by("pk")
            if (stock.held or 0) < stock.needed
        ],
    }


def _works(activation: Activation) -> Any:
    return Work.objects.filter(activation=activation) | Work.objects.filter(measure__activation=activation)


def _tasks(works: Sequence[Work]) -> Any:
    return Task.objects.filter(duty__in=CODES, subject_id__in=[work.pk for work in works])


def _pass(works: Sequence[Work], at: datetime) -> None:
    for code in CODES:
        reconcile(duties.get(code), at=at, subjects=[work.pk for work in works])


def _longest(works: Sequence[Work]) -> timedelta:
    hours = [max(work.within_hours, work.every_days * 24) for work in works]
    return min(timedelta(hours=max(hours, default=24) + 24), _LONGEST)


def _first_tasks(works: Sequence[Work]) -> list[Task]:
    """Return for each piece of work its task, or the first of those that come again."""
    found: dict[int, Task] = {}
    for task in _tasks(works).select_related("unit").order_by("since_at", "pk"):
        found.setdefault(task.subject_id, task)
    return list(found.values())


def _work_off(
    tasks: Sequence[Task], works: Mapping[int, Work], durations: Durations, *, at: datetime, seed: int
) -> dict[int, float]:
    """Let every unit do its work, no more pieces a day than it can; return piece -> hours until it was done."""
    rng = np.random.default_rng(seed)
    before: dict[int, int] = defaultdict(int)
    rows = []
    taken: dict[int, float] = {}
    for task in tasks:
        work = works[task.subject_id]
        known = durations.get(_LIKE.get(work.capability, _OTHER))
        hours = float(rng.choice(known)) if known is not None and known.size else _DAY
        if task.unit.daily_capacity:
            hours += _DAY * (before[task.unit_id] // task.unit.daily_capacity)
        before[task.unit_id] += 1
        done_at = (task.since_at + timedelta(hours=hours)).replace(microsecond=0)
        if done_at <= at:
            taken[work.pk] = hours
            rows.append(WorkReport(work=work, unit_id=task.unit_id, occurred_at=done_at, recorded_at=at))
    WorkReport.objects.bulk_create(rows, batch_size=500)
    return taken


def _steps(works: Sequence[Work], tasks: Sequence[Task], taken: Mapping[int, float]) -> list[dict[str, Any]]:
    """Return for each kind of work how long it took from the moment it was owed; undone counts as late."""
    of_task = {task.subject_id: task for task in tasks}
    now = {task.pk: task for task in Task.objects.filter(pk__in=[task.pk for task in tasks])}
    by_code: dict[str, list[Work]] = defaultdict(list)
    for work in works:
        by_code[work.code].append(work)
    found = []
    for code, rows in by_code.items():
        held = [now[of_task[work.pk].pk] for work in rows if work.pk in of_task]
        hours = [taken[work.pk] for work in rows if work.pk in taken]
        late = sum(task.met_at is None or task.met_at > task.due_at for task in held)
        found.append(
            {
                "code": code,
                "text": rows[0].text,
                "within_hours": rows[0].within_hours,
                "every_days": rows[0].every_days,
                "n_places": len(rows),
                "n_units": len({task.unit_id for task in held}),
                "n_done": len(hours),
                "n_late": late,
                "median_hours": round(float(np.median(hours)), 1) if hours else None,
                "longest_hours": round(max(hours), 1) if hours else None,
            }
        )
    return found


def _inherited(works: Sequence[Work]) -> list[dict[str, Any]]:
    """Return where nobody of the place's own answers, so that a unit above has the work."""
    wanted = {(work.place_id, work.capability) for work in works if work.unit_id is None}
    rows = Jurisdiction.objects.filter(
        place__in={place for place, _ in wanted}, gap_since__isnull=False, filled_at__isnull=True
    ).select_related("place", "unit")
    return [
        {
            "place": _names(row.place),
            "capability": row.capability,
            "unit": _names(row.unit) if row.unit else "",
        }
        for row in rows.order_by("path", "capability")
        if (row.place_id, row.capability) in wanted
    ][:_NAMED]


def _names(thing: Place | Unit) -> dict[str, str]:
    """Return both names of a place or unit, since who will read the drill is not known."""
    return {"zh": thing.name, "en": thing.name_en or thing.name}
