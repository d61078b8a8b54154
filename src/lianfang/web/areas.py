"""Areas: the board with its map, the grades that wait for a decision, and what stands behind a figure."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext

from lianfang.care.models import BedKind, CareLevel
from lianfang.common.clock import local_day
from lianfang.common.errors import NotVisible
from lianfang.common.naming import called
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Place
from lianfang.loop.models import Finding
from lianfang.outlook.beds import SCORED
from lianfang.regions import selectors
from lianfang.regions.bed_demand import bed_rows, latest_bed_run
from lianfang.regions.death_delays import law_for
from lianfang.regions.early_warning import warning_rule
from lianfang.regions.errors import NoIndicators
from lianfang.regions.grading import FINDING as GRADE
from lianfang.regions.indicators import INDICATORS
from lianfang.regions.mart import Mart
from lianfang.regions.models import RiskLevel
from lianfang.regions.outlines import has_outlines, outlines_below
from lianfang.regions.outlooks import WEEKS_AHEAD
from lianfang.regions.panel import Panel
from lianfang.regions.services import decide_grade
from lianfang.regions.tally_text import query_of
from lianfang.regions.vocabulary import COLUMNS
from lianfang.web.area import Area, chosen_area
from lianfang.web.door import page
from lianfang.web.language import in_language

P = Permission
_CURVE_DAYS = 90
_PLAYED_DAYS = 60
_LIMIT = 200
_RANGE = (("low", "0.025"), ("middle", "0.5"), ("high", "0.975"))


@page("areas", name="areas", permission=P.AREA_VIEW)
def areas(request: Any) -> HttpResponse:
    """Show an area at a glance, as of a day: indicators, curve, map, grades, what is unusual, and the areas below."""
    area = chosen_area(request, P.AREA_VIEW)
    disease = selectors.chosen_disease(request.GET.get("disease", ""))
    if area.place is None or disease is None:
        return render(request, "areas/board.html", {"area": area, "disease": disease})
    try:
        own = selectors.panel_for(disease, [area.path], COLUMNS, _day(request))
    except NoIndicators:
        return render(request, "areas/board.html", {"area": area, "disease": None})
    grades = selectors.grades_in_force(disease, area.path)
    run = selectors.latest_run(disease)
    context = {
        "area": area,
        "disease": disease,
        "last": own.last,
        "first": own.first,
        "cards": [(one, _said(one, own), _limits(one, own)) for one in INDICATORS.values()],
        "curve": _curve(own),
        "below": _below(area, disease, own.last, grades, run),
        "grade": grades.get(area.path) or None,
        "worst": RiskLevel(worst).label if (worst := selectors.worst_below(grades, area.path)) else "",
        "urban": (urban := selectors.city_grade(grades, area.place)),
        "urban_label": RiskLevel(urban.level).label if urban else "",
        "outlook": selectors.outlook_rows(run, disease, [area.path]).get(area.path) if run else None,
        "run": run,
        "is_silent": any(not one.is_told(own) for one in INDICATORS.values()),
        **_beds_ahead(request, area),
        "weeks": _weeks(run, disease, area.path),
        "findings": selectors.open_findings(request.actor, area.path).select_related("place")[:10],
        "n_proposals": selectors.grade_proposals(request.actor, area.path).count()
        if request.actor.may(P.GRADE_CONFIRM)
        else 0,
        "has_map": has_outlines(area.below),
        "may_outline": request.actor.may(P.AREA_EDIT, area.path),
        "labels": _map_labels(),
    }
    return render(request, "areas/board.html", context)


def _weeks(run: Any, disease: str, path: str) -> list[dict[str, Any]]:
    """Return new cases of the coming weeks by the run: low, middle and high (95 %); nothing where nothing is said."""
    row = selectors.outlook_rows(run, disease, [path]).get(path) if run else None
    if not row or row["ahead1_0.5"] is None or row["ahead1_0.5"] != row["ahead1_0.5"]:
        return []
    return [
        {
            "week": n,
            "low": row[f"ahead{n}_0.025"],
            "middle": row[f"ahead{n}_0.5"],
            "high": row[f"ahead{n}_0.975"],
        }
        for n in range(1, WEEKS_AHEAD + 1)
    ]


def _beds_ahead(request: Any, area: Area) -> dict[str, Any]:
    """Return the night's demand for beds of the area with its scores; nothing for who sees no beds there."""
    run = latest_bed_run() if request.actor.may(P.BED_VIEW, area.path) else None
    if run is None:
        return {"bed_run": None, "beds": []}
    kinds, levels = dict(BedKind.choices), dict(CareLevel.choices)
    rows = [
        {
            **row,
            "kind": kinds[row["kind"]],
            "level": levels.get(row["level"], "") if row["level"] is not None else "",
            "ahead": [
                {"days": days, **{name: row[f"in{days}_{level}"] for name, level in _RANGE}}
                for days in SCORED
            ],
        }
        for row in bed_rows(run, [area.path])
        if row["now"] or row["beds"]
    ]
    return {"bed_run": run, "beds": rows}


def _map_labels() -> dict[str, Any]:
    return {
        "play": gettext("Play"),
        "pause": gettext("Pause"),
        "day": gettext("Day"),
        "map": gettext("Map of the areas below"),
        "cases": gettext("cases in 7 days"),
        "none": gettext("no case in 7 days"),
        "failed": gettext("This browser cannot draw the map. The same figures stand in the table."),
        "levels": {level.value: str(level.label) for level in RiskLevel},
    }


def _day(request: Any) -> date | None:
    try:
        return date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return None


def _said(indicator: Any, panel: Panel) -> str:
    value = indicator.value(panel) if indicator.is_told(panel) else None
    if value is None:
        return "–"
    return f"{100 * value:.1f} %" if indicator.whole else f"{value:,.0f}".replace(",", " ")


def _limits(indicator: Any, panel: Panel) -> str:
    """Return the 95 % limits of a figure that is an estimate, "" of any other."""
    limits = indicator.interval(panel) if indicator.is_told(panel) else None
    return f"{100 * limits[0]:.1f}–{100 * limits[1]:.1f} %" if limits else ""


def _curve(panel: Panel) -> dict[str, Any]:
    days = panel.days[-_CURVE_DAYS:]
    parts = (
        ("confirmed", gettext("new confirmed"), "bar"),
        ("cured", gettext("cured"), "line"),
        ("existing", gettext("existing"), "line"),
    )
    return {
        "days": [f"{day.month}-{day.day:02d}" for day in days],
        "series": [
            {"name": title, "kind": kind, "values": selectors.recent(panel, name, 0, _CURVE_DAYS)}
            for name, title, kind in parts
        ],
    }


def _below(area: Area, disease: str, last: date, grades: Any, run: Any) -> list[dict[str, Any]]:
    places = area.below
    if not places:
        return []
    paths = [place.path for place in places]
    panel = selectors.panel_for(disease, paths, selectors.BOARD_COLUMNS, last)
    ahead = selectors.outlook_rows(run, disease, paths) if run else {}
    rows = []
    for n, place in enumerate(places):
        figures = {name: int(panel[name][-1, n]) for name in selectors.BOARD_COLUMNS}
        level = (
            grades[place.path].level if place.path in grades else selectors.worst_below(grades, place.path)
        )
        rows.append(
            {
                "place": place,
                **figures,
                "level": level,
                "label": RiskLevel(level).label if level else "",
                "rt": ahead.get(place.path),
            }
        )
    return sorted(rows, key=lambda row: (-int(row["new_7d"]), -int(row["total"])))


@page("areas/map.json", name="areas_map", permission=P.AREA_VIEW)
def areas_map(request: Any) -> HttpResponse:
    """Return the outlines of the areas below with their cases of each of the last days, for the map to play."""
    area = chosen_area(request, P.AREA_VIEW)
    disease = selectors.chosen_disease(request.GET.get("disease", ""))
    places = area.below
    if area.place is None or disease is None or not places:
        return JsonResponse({"days": [], "features": []})
    panel = selectors.panel_for(disease, [place.path for place in places], ("new_7d", "total"), _day(request))
    outlines = outlines_below(places)
    grades = selectors.grades_in_force(disease, area.path)
    days = panel.days[-_PLAYED_DAYS:]
    features = [
        {
            "type": "Feature",
            "id": place.pk,
            "properties": {
                "code": place.code,
                "name": called(place),
                "url": f"{reverse('web:areas')}?{urlencode({'area': place.code, 'day': panel.last.isoformat()})}",
                "level": grades[place.path].level
                if place.path in grades
                else selectors.worst_below(grades, place.path),
                "weeks": selectors.recent(panel, "new_7d", n, _PLAYED_DAYS),
            },
            "geometry": outlines[place.pk],
        }
        for n, place in enumerate(places)
        if place.pk in outlines
    ]
    return JsonResponse({"days": [day.isoformat() for day in days], "features": features})


@page("areas/figures/<str:code>", name="area_figure", permission=P.AREA_VIEW)
def area_figure(request: Any, code: str) -> HttpResponse:
    """Show what stands behind a figure: what it counts, by which query, and the changes that it adds up."""
    area = chosen_area(request, P.AREA_VIEW)
    disease = selectors.chosen_disease(request.GET.get("disease", ""))
    if code not in INDICATORS or area.place is None or disease is None:
        raise NotVisible(thing=gettext("figure"))
    one = INDICATORS[code]
    panel = selectors.panel_for(disease, [area.path], COLUMNS, _day(request))
    context = {
        "area": area,
        "disease": disease,
        "indicator": one,
        "value": _said(one, panel),
        "limits": _limits(one, panel),
        "last": panel.last,
        "changes": _named(
            selectors.changes_behind(disease, area.path, one.measure, panel.last, limit=_LIMIT)
        ),
        "limit": _LIMIT,
        "query": query_of(),
        "may_cases": request.actor.may(P.CASE_VIEW, area.path),
        "delay": law_for(area.path, Mart(disease).delays()) if one.whole == "fates" else None,
    }
    return render(request, "areas/figure.html", context)


def _named(changes: Iterable[tuple[date, str, int, datetime]]) -> list[tuple[date, str, int, datetime]]:
    """Return the changes with the names of their places; the path where the register has none of it."""
    rows = list(changes)
    names = {place.path: called(place) for place in Place.objects.filter(path__in={row[1] for row in rows})}
    return [(on, names.get(path, path), n, known) for on, path, n, known in rows]


@page("areas/methods", name="area_methods", permission=P.AREA_VIEW)
def area_methods(request: Any) -> HttpResponse:
    """Show the hit rate of each method of early warning in the area, and how soon warnings were judged."""
    area = chosen_area(request, P.AREA_VIEW)
    target = warning_rule(local_day(request.at))
    context = {
        "area": area,
        "rates": selectors.hit_rates(area.path),
        "all": selectors.warning_record(area.path),
        "share": 100 * target.answered_share,
        "hours": target.answered_hours,
    }
    return render(request, "areas/methods.html", context)


@page("areas/grades", name="area_grades", permission=P.GRADE_CONFIRM)
def area_grades(request: Any) -> HttpResponse:
    """List the proposed grades that wait for a decision, each with what it rests on."""
    area = chosen_area(request, P.GRADE_CONFIRM)
    rows = list(selectors.grade_proposals(request.actor, area.path)[:_LIMIT])
    places = Place.objects.in_bulk([row.subject_id for row in rows])
    lines = [
        (
            row,
            places[row.subject_id],
            RiskLevel(row.evidence["level"]).label,
            in_language(row.evidence["sentence"]),
        )
        for row in rows
        if row.subject_id in places
    ]
    return render(request, "areas/grades.html", {"area": area, "lines": lines, "levels": RiskLevel.choices})


@page("areas/grades", name="area_grades", permission=P.GRADE_CONFIRM, method="POST")
def decide_grades(request: Any) -> HttpResponse:
    """Put the ticked proposals in force as proposed, or at the level that was chosen instead, with one reason."""
    ticked = [int(pk) for pk in request.POST.getlist("finding") if pk.isdigit()][:_LIMIT]
    rows = list(Finding.objects.visible_to(request.actor).unjudged().filter(pk__in=ticked, kind=GRADE))
    instead = request.POST.get("level", "")
    with transaction.atomic():  # each is a decision of its own, and all are made or none
        for row in rows:
            level = instead or row.evidence["level"]
            decide_grade(
                finding=row,
                level=level,
                reason=request.POST.get("reason", ""),
                by=request.actor,
                at=request.at,
            )
    messages.success(request, ngettext("%d grade decided.", "%d grades decided.", len(rows)) % len(rows))
    return redirect("web:area_grades")
