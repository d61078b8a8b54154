"""The start page: what is owed and late, what is changing, what to decide now."""

from collections import Counter
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from lianfang.cases.selectors import counts_by_classification, epidemic_curve
from lianfang.common.clock import local_day
from lianfang.core.access.permissions import Permission
from lianfang.core.access.selectors import emergencies_to_review
from lianfang.core.registry.selectors import open_reviews
from lianfang.intake.selectors import n_parked
from lianfang.loop.desk import TaskFilter, by_duty, list_tasks, waiting
from lianfang.loop.models import Task
from lianfang.web.area import chosen_area
from lianfang.web.denominators import start_cards
from lianfang.web.door import page
from lianfang.web.subjects import describe

_CURVE_DAYS = 28
# Tasks on the start page, how many of one duty at most, and among how many of the most overdue they are chosen.
_SHOWN, _OF_ONE_DUTY, _LOOKED_AT = 12, 3, 300
P = Permission


@page("", name="start", permission=None)
def start(request: Any) -> HttpResponse:
    """Show the three questions for the chosen area; somebody without a role is told whom to ask."""
    if not request.actor.scopes:
        return render(request, "start/no_role.html")
    area = chosen_area(request)
    mine = _is_mine(request)
    where = {"path": "", "unit_id": request.actor.unit_id} if mine else {"path": area.path}
    lines = by_duty(request.actor, at=request.at, **where)
    late = _mixed(
        list_tasks(request.actor, TaskFilter(**where, state="late"), at=request.at, limit=_LOOKED_AT)
    )
    soon = (
        list_tasks(request.actor, TaskFilter(**where, state="open"), at=request.at, limit=_SHOWN)
        if not late
        else []
    )
    shown = late or soon
    context = {
        "area": area,
        "mine": mine,
        "lines": lines,
        "n_missed": sum(line.n_missed for line in lines),
        "n_late": sum(line.n_late for line in lines),
        "n_soon": sum(line.n_soon for line in lines),
        "n_open": sum(line.n_open for line in lines),
        "n_shed": sum(line.n_shed for line in lines),
        "tasks": [(task, subject) for task, subject in zip(shown, _subjects(shown), strict=True)],
        "to_decide": _to_decide(request, area.path),
        "changing": _changing(request, area.path),
        "honest": start_cards(request, area),
    }
    return render(request, "start/start.html", context)


def _mixed(tasks: list[Task]) -> list[Task]:
    """Return the most overdue tasks, of one duty at most a few: a list of twelve of one kind hides the others."""
    taken: Counter[str] = Counter()
    shown = []
    for task in tasks:
        taken[task.duty] += 1
        if taken[task.duty] <= _OF_ONE_DUTY:
            shown.append(task)
    return shown[:_SHOWN]


def _is_mine(request: Any) -> bool:
    """Return whether to show the reader's own unit: as asked, else for those who do and do not oversee."""
    asked = request.GET.get("scope")
    if asked in {"unit", "area"}:
        return bool(asked == "unit" and request.actor.unit_id)
    return request.actor.unit_id is not None and not request.actor.may(Permission.METRICS_VIEW)


def _subjects(tasks: list[Any]) -> list[Any]:
    found = describe(tasks)
    return [found[task.pk] for task in tasks]


def _to_decide(request: Any, path: str) -> list[tuple[str, int, str]]:
    """Return (address, count, sentence) of each kind of thing that waits for a decision of the reader, none of them 0."""
    actor, lies = request.actor, waiting(request.actor, at=request.at, path=path)
    lines = [
        ("findings", lies.findings, P.FINDING_JUDGE, ngettext("%d finding waits for a judgement", "%d findings wait for a judgement", lies.findings)),
        ("verifications", lies.verifications, P.TASK_VERIFY, ngettext("%d done task is to be verified by your unit", "%d done tasks are to be verified by your unit", lies.verifications)),
        ("escalations", lies.escalated, P.TASK_VIEW, ngettext("%d task has climbed to your unit", "%d tasks have climbed to your unit", lies.escalated)),
    ]  # fmt: skip
    if actor.may(P.PERSON_MERGE):
        n = open_reviews(actor).count()
        lines.append(
            (
                "people",
                n,
                P.PERSON_MERGE,
                ngettext("%d pair of records may be one person", "%d pairs of records may be one person", n),
            )
        )
    if actor.may(P.IMPORT_RUN):
        n = n_parked(actor, path)
        lines.append(
            (
                "parked",
                n,
                P.SIGNAL_VIEW,
                ngettext(
                    "%d row is parked: it could not be read", "%d rows are parked: they could not be read", n
                ),
            )
        )
    if actor.may(P.ACCESS_REVIEW):
        n = emergencies_to_review(actor).count()
        lines.append(
            (
                "emergencies",
                n,
                P.ACCESS_REVIEW,
                ngettext(
                    "%d emergency access is to be reviewed", "%d emergency accesses are to be reviewed", n
                ),
            )
        )
    lines.append(
        (
            "messages",
            lies.messages,
            P.TASK_VIEW,
            ngettext("%d unread message", "%d unread messages", lies.messages),
        )
    )
    return [
        (reverse(f"web:{name}"), n, text % n)
        for name, n, permission, text in lines
        if n and actor.may(permission)
    ]


def _changing(request: Any, path: str) -> dict[str, Any] | None:
    if not request.actor.may(Permission.CASE_VIEW):
        return None
    today = local_day(request.at)
    first = today - timedelta(days=_CURVE_DAYS - 1)
    by_day = dict(epidemic_curve(request.actor, path=path, since=first))
    days = [first + timedelta(days=n) for n in range(_CURVE_DAYS)]
    values = [by_day.get(day, 0) for day in days]
    curve = {
        "days": [f"{day.month}-{day.day:02d}" for day in days],
        "series": [
            {
                "name": gettext("confirmed and asymptomatic cases by day of confirmation"),
                "kind": "bar",
                "values": values,
            }
        ],
    }
    counts = counts_by_classification(request.actor, path)
    return {
        "curve": curve,
        "week_from": days[-7].isoformat(),
        "before_from": days[-14].isoformat(),
        "week": sum(values[-7:]),
        "week_before": sum(values[-14:-7]),
        "today": values[-1],
        "confirmed": counts["confirmed"] + counts["asymptomatic"],
        "suspected": counts["suspected"] + counts["probable"],
    }
