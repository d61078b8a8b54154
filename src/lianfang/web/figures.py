"""How the loop does: figures of a period with the tasks behind them, coverage with its gaps, 7-1-7, the worker, replay."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from lianfang.common.clock import local_day, site_zone, start_of
from lianfang.common.errors import NotVisible
from lianfang.common.naming import called
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Place, Unit
from lianfang.loop.clocks import timeliness
from lianfang.loop.coverage import Coverage, coverage_in, coverages
from lianfang.loop.duty import duties
from lianfang.loop.metrics import COUNTED, GROUPS, LoopLine, counted_tasks, loop_metrics
from lianfang.loop.selectors import feedback_to, owed_at, worker_state
from lianfang.loop.timeliness import EventTimes, seven_one_seven
from lianfang.web.area import Area, chosen_area
from lianfang.web.door import page
from lianfang.web.subjects import describe, describe_rows
from lianfang.web.templatetags.lianfang import span
from lianfang.web.trace import NEWS

_DAYS = 14  # of the period that is shown first
_LINES = 100
_EVENTS = 50
_NEWS = 10
VIEW = Permission.METRICS_VIEW

FIGURES: dict[str, Any] = {
    "created": _("owed"),
    "open": _("open"),
    "on_time": _("in time"),
    "late": _("done late"),
    "overdue": _("overdue"),
    "verified": _("verified"),
    "rejected": _("rejected"),
    "escalated": _("escalated"),
    "shed": _("by policy not by hand"),
    "withdrawn": _("no longer owed"),
}
_GROUPS = [("duty", _("duty")), ("unit", _("unit")), ("area", _("area"))]


@dataclass(frozen=True)
class Period:
    """The days that the figures are about, both included."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        """The first moment."""
        return start_of(self.first)

    @property
    def until(self) -> datetime:
        """The moment after the last."""
        return start_of(self.last + timedelta(days=1))


@dataclass(frozen=True)
class FigureLine:
    """One line of figures with its name and the query that leads to its tasks."""

    name: str
    line: LoopLine
    query: str
    area_code: str = ""

    @property
    def cells(self) -> list[tuple[str, Any, int]]:
        """(figure, words, count) in the order of the table."""
        return [(name, FIGURES[name], getattr(self.line, name)) for name in COUNTED if name in FIGURES]

    @property
    def usable_percent(self) -> int | None:
        """How many of 100 done tasks have moments that hours can be counted from."""
        return _percent(self.line.share_usable)


def chosen_period(request: Any) -> Period:
    """Return the period of `?since=&until=`, else the last fourteen days."""
    today = local_day(request.at)
    last = _day(request.GET.get("until", "")) or today
    first = _day(request.GET.get("since", "")) or last - timedelta(days=_DAYS - 1)
    return Period(min(first, last), last)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@page("figures", name="metrics", permission=VIEW)
def metrics(request: Any) -> HttpResponse:
    """Show the figures of the area and period, each beside the way to its rows."""
    area = chosen_area(request, VIEW)
    period = chosen_period(request)
    by = request.GET.get("by", "duty")
    group = by if by in GROUPS else "duty"
    lines = _lines(request, area, period, group)
    worker = worker_state(at=request.at)
    context = {
        "area": area,
        "period": period,
        "group": group,
        "groups": _GROUPS,
        "heads": [words for name, words in FIGURES.items()],
        "lines": lines[:_LINES],
        "total": _lines(request, area, period, ""),
        "coverage": _coverage(request, area),
        **_timeliness(request, area),
        "worker": worker,
        "lag": span(worker.lag.total_seconds()),
        "news": _news(request),
        "may_signals": request.actor.may(Permission.SIGNAL_VIEW),
        "may_shed": request.actor.may(Permission.POLICY_SHED),
    }
    return render(request, "figures/figures.html", context)


def _lines(request: Any, area: Area, period: Period, group: str) -> list[FigureLine]:
    """Return the lines of one grouping, those with most overdue first."""
    depth = area.path.count(".") + 1
    found = loop_metrics(
        request.actor,
        at=request.at,
        since=period.since,
        until=period.until,
        path=area.path,
        by=(group,) if group else (),
        depth=depth,
    )
    units = Unit.objects.in_bulk([line.unit_id for line in found if line.unit_id])
    places = {
        place.path: place
        for place in Place.objects.filter(path__in=[line.area for line in found if line.area])
    }
    span = f"since={period.first}&until={period.last}"
    here = area.place.code if area.place else ""
    lines = []
    for line in found:
        name, query, code = "", f"{span}&area={here}", ""
        if line.duty:
            name, query = str(duties.get(line.duty).title), f"{query}&duty={line.duty}"
        elif line.unit_id:
            name, query = called(units[line.unit_id]), f"{query}&unit={line.unit_id}"
        elif line.area:
            place = places.get(line.area)
            name, code = (called(place), place.code) if place else (line.area, "")
            query = f"{span}&area={code}"
        lines.append(FigureLine(name, line, query, code))
    return sorted(lines, key=lambda one: (-one.line.overdue, -one.line.created, one.name))


@page("figures/tasks", name="figure_tasks", permission=VIEW)
def figure_tasks(request: Any) -> HttpResponse:
    """List the very tasks that a figure counts."""
    area = chosen_area(request, VIEW)
    period = chosen_period(request)
    query = request.GET
    figure = query.get("figure", "overdue")
    figure = figure if figure in FIGURES else "overdue"
    duty = query.get("duty", "")
    unit = query.get("unit", "")
    rows = counted_tasks(
        request.actor,
        figure,
        at=request.at,
        since=period.since,
        until=period.until,
        path=area.path,
        duty=duty,
        unit_id=int(unit) if unit.isdigit() else None,
    )
    shown = Paginator(rows.select_related("unit"), 50).get_page(query.get("page"))
    subjects = describe(shown.object_list)
    context = {
        "area": area,
        "period": period,
        "figure": FIGURES[figure],
        "duty": duties.get(duty).title if duty else "",
        "unit": Unit.objects.filter(pk=unit).first() if unit.isdigit() else None,
        "page": shown,
        "tasks": [(task, subjects[task.pk]) for task in shown.object_list],
    }
    return render(request, "figures/tasks.html", context)


# ---- coverage


def _coverage(request: Any, area: Area) -> list[dict[str, Any]]:
    """Return every coverage with its twin; of what the reader's role does not open there is no figure."""
    found = []
    for one in coverage_in(request.actor, at=request.at, path=area.path):
        twin = one.twin
        found.append(
            {
                "one": one,
                "percent": _percent(one.share),
                "twin": twin,
                "twin_percent": _percent(twin.share) if twin else None,
                "is_open": _opens(request.actor, one.coverage, request.at),
            }
        )
    return found


def _percent(share: float | None) -> int | None:
    return None if share is None else round(100 * share)


def _opens(actor: Any, coverage: Coverage, at: datetime) -> bool:
    """Return whether the actor's roles open the rows that the coverage counts."""
    rows: Any = coverage.should(actor, "", at)
    return bool(actor.may(rows.view_permission))


@page("figures/gaps/<str:code>", name="gaps", permission=VIEW)
def gaps(request: Any, code: str) -> HttpResponse:
    """List those who should be covered and are not; or, with `?which=covered`, those who are."""
    coverage = next((one for one in coverages if one.code == code), None)
    if coverage is None:
        raise NotVisible(thing=code)
    area = chosen_area(request, VIEW)
    are_covered = request.GET.get("which") == "covered"
    should = coverage.should(request.actor, area.path, request.at)
    rows = (
        coverage.covered(should, request.at)
        if are_covered
        else coverage.gaps(request.actor, area.path, request.at)
    )
    rows = rows.order_by("pk")
    shown = Paginator(rows.select_related("place"), 50).get_page(request.GET.get("page"))
    label = rows.model._meta.label  # noqa: SLF001 - Django's documented Meta API
    subjects = describe_rows([(label, row.pk) for row in shown.object_list])
    context = {
        "area": area,
        "coverage": coverage,
        "are_covered": are_covered,
        "page": shown,
        "rows": [(row, subjects[label, row.pk]) for row in shown.object_list],
    }
    return render(request, "figures/gaps.html", context)


# ---- 7-1-7, the worker, news


def _timeliness(request: Any, area: Area) -> dict[str, Any]:
    """Return the targets, how many events met each, and the events, those that missed one first."""
    events = seven_one_seven(request.actor, at=request.at, path=area.path)
    targets = timeliness(request.at)
    order = {False: 0, None: 1, True: 2}
    steps = [
        (words, str(limit), _met([getattr(event, name) for event in events]))
        for name, words, limit in (
            ("detect", _("detected"), targets.detect_days),
            ("notify", _("notified"), targets.notify_days),
            ("respond", _("answered"), targets.respond_days),
        )
    ]
    events.sort(key=lambda event: order[event.all_on_target])
    places = Place.objects.filter(path__in={event.path for event in events[:_EVENTS]})
    names = {place.path: called(place) for place in places}
    shown = [(event, names.get(event.path, event.path), _steps(event)) for event in events[:_EVENTS]]
    return {"events": shown, "n_events": len(events), "steps": steps}


def _met(steps: list[Any]) -> tuple[int, int]:
    """Return how many met the target of those whose outcome is known."""
    known = [step.on_target for step in steps if step.on_target is not None]
    return sum(known), len(known)


def _steps(event: EventTimes) -> list[tuple[Any, str]]:
    words = {True: "done", False: "late", None: "soon"}
    return [(step, words[step.on_target]) for step in (event.detect, event.notify, event.respond)]


def _news(request: Any) -> list[tuple[Any, Any]]:
    if request.actor.unit_id is None:
        return []
    return [(NEWS.get(one.stage, one.stage), one) for one in feedback_to(request.actor.unit_id, limit=_NEWS)]


# ---- replay


@page("replay", name="replay", permission=Permission.TASK_VIEW)
def replay(request: Any) -> HttpResponse:
    """Show what was owed and late at an hour, as known then."""
    area = chosen_area(request)
    moment = _moment(request.GET.get("at", "")) or request.at.replace(second=0, microsecond=0)
    moment = min(moment, request.at)
    duty = request.GET.get("duty", "")
    late_only = request.GET.get("late") == "1"
    owed = owed_at(request.actor, moment, path=area.path, late_only=late_only)
    counts = Counter((one.duty, one.was_late) for one in owed)
    rows = [one for one in owed if duty in {"", one.duty}]
    shown = Paginator(rows, 50).get_page(request.GET.get("page"))
    labels = {one.task_id: (duties.get(one.duty).subject._meta.label, one.subject_id) for one in shown}  # noqa: SLF001
    subjects = describe_rows(labels.values())
    units = Unit.objects.in_bulk({one.unit_id for one in shown})
    codes = sorted({one.duty for one in owed})
    context = {
        "area": area,
        "moment": moment.astimezone(site_zone()),
        "late_only": late_only,
        "duty": duty,
        "n_owed": len(owed),
        "n_late": sum(one.was_late for one in owed),
        "by_duty": [
            (duties.get(code), counts[code, False] + counts[code, True], counts[code, True]) for code in codes
        ],
        "page": shown,
        "rows": [
            (one, duties.get(one.duty), subjects[labels[one.task_id]], units.get(one.unit_id))
            for one in shown
        ],
    }
    return render(request, "figures/replay.html", context)


def _moment(text: str) -> datetime | None:
    """Return a moment of a form or an address: without a zone it is of the site's."""
    try:
        given = parse_datetime(text)
    except ValueError:
        return None
    if given is None:
        return None
    return given if given.tzinfo else given.replace(tzinfo=site_zone())
