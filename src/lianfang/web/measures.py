"""Measures of an area: what a grade asks for, what is in force and why, the response level, and the work of a measure."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.common.clock import local_day
from lianfang.common.errors import LianfangError
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Place
from lianfang.core.rules import site_rules
from lianfang.loop.models import Task
from lianfang.measures import selectors, services
from lianfang.measures.duties import CODES
from lianfang.measures.models import Measure, ResponseLevel, Work, WorkReport
from lianfang.measures.rules import catalogue
from lianfang.regions.models import RiskLevel
from lianfang.regions.selectors import chosen_disease
from lianfang.web.area import Area, chosen_area
from lianfang.web.door import page
from lianfang.web.language import in_language

P = Permission
_LIMIT = 200
_ENDED = 20
_END = "end"
_DATE = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def diseases() -> list[tuple[str, str]]:
    """Return the diseases of the rulebook as choices, that of the area's figures first."""
    first = chosen_disease() or ""
    rows = [(code, in_language(name)) for code, name in site_rules().diseases().items()]
    return sorted(rows, key=lambda row: row[0] != first)


class BeginForm(forms.Form):
    """A measure that a person decides on."""

    kind = forms.ChoiceField(label=_("Measure"))
    disease = forms.ChoiceField(label=_("Disease"), choices=diseases)
    review_on = forms.DateField(
        label=_("Looked at again on"),
        required=False,
        widget=_DATE,
        help_text=_("Empty: as the rulebook says."),
    )
    reason = forms.CharField(label=_("Reason"))

    def __init__(self, *args: Any, path: str, at: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        says = catalogue(path, at)[1]
        rows = [(kind, in_language(one.text)) for kind, one in says.measures.items()]
        self.fields["kind"].choices = rows  # type: ignore[attr-defined]


class LevelForm(forms.Form):
    """The response level of an area."""

    # Nothing is chosen beforehand: neither a level nor its end should come of a click too many.
    level = forms.ChoiceField(
        label=_("Response level"),
        choices=[("", "–"), *ResponseLevel.choices, (_END, _("end the response"))],
    )
    disease = forms.ChoiceField(label=_("Disease"), choices=diseases)
    reason = forms.CharField(label=_("Reason"))
    prefix = "response"

    def clean_level(self) -> str:
        """Return the level; "" ends the response."""
        chosen: str = self.cleaned_data["level"]
        return "" if chosen == _END else chosen


class KeepForm(forms.Form):
    """A measure that is kept until it is looked at again."""

    review_on = forms.DateField(label=_("Looked at again on"), widget=_DATE)
    reason = forms.CharField(label=_("Reason"))


class ReportForm(forms.Form):
    """Work that was done."""

    n_done = forms.IntegerField(label=_("How many were seen or served"), min_value=0, required=False)
    n_found = forms.IntegerField(label=_("How many things were found"), min_value=0, required=False)
    note = forms.CharField(label=_("Note"), required=False)


@page("measures", name="measures", permission=P.AREA_VIEW)
def index(request: Any) -> HttpResponse:
    """Show what is proposed and in force in the area, the response level, and the plans that are switched on."""
    area = chosen_area(request, P.AREA_VIEW)
    return _list(request, area, _begin_form(request, area))


def _begin_form(request: Any, area: Area, data: Any = None) -> BeginForm | None:
    may = area.place is not None and request.actor.may(P.MEASURE_DECIDE, area.path)
    return BeginForm(data, path=area.path, at=request.at) if may else None


def _list(
    request: Any, area: Area, form: BeginForm | None, *, level: LevelForm | None = None, status: int = 200
) -> HttpResponse:
    actor = request.actor
    if level is None and area.place is not None and actor.may(P.PLAN_SWITCH, area.path):
        level = LevelForm()
    context = {
        "area": area,
        "switches": _switches(request, area) if actor.may(P.MEASURE_DECIDE) else [],
        "measures": [
            (row, row.review_on < local_day(request.at))
            for row in selectors.measures_in(actor, area.path)[:_LIMIT]
        ],
        "ended": selectors.measures_over(actor, area.path)[:_ENDED],
        "responses": selectors.response_in(actor, area.path)[:_LIMIT],
        "activations": selectors.activations_in(actor, area.path)[:_LIMIT],
        "form": form,
        "level": level,
    }
    return render(request, "measures/list.html", context, status=status)


def _switches(request: Any, area: Area) -> list[dict[str, Any]]:
    found = selectors.waiting_switches(request.actor, area.path)[:_LIMIT]
    places = Place.objects.in_bulk([row.subject_id for row in found])
    lines = []
    for row in found:
        says = catalogue(row.path, request.at)[1].measures
        on, off = (
            [
                (
                    kind,
                    in_language(says[kind].text) if kind in says else kind,
                    kind in row.evidence["restricts"],
                )
                for kind in row.evidence[side]
            ]
            for side in ("on", "off")
        )
        place = places.get(row.subject_id)
        if place is not None and request.actor.may(P.MEASURE_DECIDE, row.path):
            label = RiskLevel(row.evidence["level"]).label
            lines.append({"finding": row, "place": place, "label": label, "on": on, "off": off})
    return lines


@page("measures", name="measures", permission=P.MEASURE_DECIDE, method="POST")
def begin(request: Any) -> HttpResponse:
    """Put a measure in force in the area."""
    area = chosen_area(request, P.MEASURE_DECIDE)
    form = _begin_form(request, area, request.POST)
    if form is None or not form.is_valid() or area.place is None:
        return _list(request, area, form, status=422)
    try:
        row = services.begin_measure(place=area.place, **form.cleaned_data, by=request.actor, at=request.at)
    except LianfangError as error:
        form.add_error(None, f"{error} {error.hint}")
        return _list(request, area, form, status=422)
    messages.success(request, gettext("In force. Its work reaches the units with the next turn of the loop."))
    return redirect("web:measure", pk=row.pk)


@page("measures/level", name="response_level", permission=P.PLAN_SWITCH, method="POST")
def set_level(request: Any) -> HttpResponse:
    """Set the response level of the area, or end the response."""
    area = chosen_area(request, P.PLAN_SWITCH)
    form = LevelForm(request.POST)
    if not form.is_valid() or area.place is None:
        return _list(request, area, _begin_form(request, area), level=form, status=422)
    try:
        services.set_response_level(place=area.place, **form.cleaned_data, by=request.actor, at=request.at)
    except LianfangError as error:
        form.add_error(None, f"{error} {error.hint}")
        return _list(request, area, _begin_form(request, area), level=form, status=422)
    messages.success(request, gettext("Recorded."))
    return redirect("web:measures")


@page("measures/proposals/<int:pk>", name="switch", permission=P.MEASURE_DECIDE, method="POST")
def switch(request: Any, pk: int) -> HttpResponse:
    """Decide which of the proposed measures begin and which end."""
    finding = selectors.get_switch(request.actor, pk)
    on, off = request.POST.getlist("on"), request.POST.getlist("off")
    try:
        begun = services.decide_switch(
            finding=finding, on=on, off=off, reason=request.POST.get("reason", ""), by=request.actor, at=request.at
        )  # fmt: skip
    except LianfangError as error:
        messages.error(request, f"{error} {error.hint}")
    else:
        told = gettext("{on} begun, {off} ended.").format(on=len(begun), off=len(off))
        messages.success(request, told)
    return redirect("web:measures")


@page("measures/<int:pk>", name="measure", permission=P.AREA_VIEW)
def measure(request: Any, pk: int) -> HttpResponse:
    """Show a measure: why and by whom it is in force, its work and how it goes, and each look at it."""
    row = Measure.objects.select_related("place", "recorded_by", "ended_by", "grade", "activation__plan")
    return _show(request, row.get_visible(request.actor, pk=pk))


def _show(request: Any, row: Measure, *, form: KeepForm | None = None, status: int = 200) -> HttpResponse:
    may = row.until_at is None and request.actor.may(P.MEASURE_DECIDE, row.path)
    if may and form is None:
        form = KeepForm(initial={"review_on": local_day(request.at) + timedelta(days=14)})
    works = Work.objects.filter(measure=row)
    context = {
        "measure": row,
        "is_late": row.until_at is None and row.review_on < local_day(request.at),
        "progress": selectors.progress_of(works, request.at),
        "units": selectors.units_at_work(works, request.at)[:_LIMIT],
        "works": works.select_related("place").order_by("code", "path")[:_LIMIT],
        "reviews": row.reviews.select_related("by").order_by("-pk"),
        "form": form if may else None,
    }
    return render(request, "measures/measure.html", context, status=status)


@page("measures/<int:pk>/review", name="review_measure", permission=P.MEASURE_DECIDE, method="POST")
def review(request: Any, pk: int) -> HttpResponse:
    """Keep a measure until a later day, or end it."""
    row = Measure.objects.select_related("place").get_visible(request.actor, P.MEASURE_DECIDE, pk=pk)
    who: dict[str, Any] = {"measure": row, "by": request.actor, "at": request.at}
    form = KeepForm(request.POST)
    if request.POST.get("act") == "end":
        form.fields["review_on"].required = False
    if not form.is_valid():
        return _show(request, row, form=form, status=422)
    try:
        if request.POST.get("act") == "end":
            services.end_measure(reason=form.cleaned_data["reason"], **who)
        else:
            services.keep_measure(**form.cleaned_data, **who)
    except LianfangError as error:
        form.add_error(None, f"{error} {error.hint}")
        return _show(request, row, form=form, status=422)
    messages.success(request, gettext("Recorded."))
    return redirect("web:measure", pk=pk)


@page("measures/assignments/<int:pk>", name="work", permission=P.TASK_VIEW)
def work(request: Any, pk: int) -> HttpResponse:
    """Show one piece of work in one place: what asks for it, and what was reported."""
    return _work(request, _seen_work(request, pk))


def _seen_work(request: Any, pk: int) -> Work:
    """Return a piece of work in the actor's area, or one that the actor's own unit has to do."""
    rows = Work.objects.select_related("place", "measure", "activation__plan", "unit")
    tasks = Task.objects.filter(duty__in=CODES, subject_id=pk, unit_id=request.actor.unit_id or 0)
    own = rows.filter(pk=pk).first() if tasks.exists() else None
    found: Work = own or rows.get_visible(request.actor, P.TASK_VIEW, pk=pk)
    return found


def _work(request: Any, row: Work, *, form: ReportForm | None = None, status: int = 200) -> HttpResponse:
    context = {
        "work": row,
        "reports": _reports(row),
        "tasks": Task.objects.filter(duty__in=CODES, subject_id=row.pk)
        .exclude(status="void")
        .select_related("unit")
        .order_by("-since_at")[:_ENDED],
        "form": (form or ReportForm()) if request.actor.may(P.TASK_DO) and row.until_at is None else None,
    }
    return render(request, "measures/work.html", context, status=status)


def _reports(row: Work) -> Any:
    return row.reports.select_related("unit", "recorded_by").order_by("-occurred_at", "-pk")[:_ENDED]


@page("measures/assignments/<int:pk>", name="work", permission=P.TASK_DO, method="POST")
def report(request: Any, pk: int) -> HttpResponse:
    """Report that a piece of work was done."""
    row = _seen_work(request, pk)
    form = ReportForm(request.POST)
    if not form.is_valid():
        return _work(request, row, form=form, status=422)
    services.report_work(work=row, **form.cleaned_data, by=request.actor, at=request.at)
    messages.success(request, gettext("Reported."))
    return redirect("web:work", pk=pk)


@page("measures/reports/<int:pk>", name="work_report", permission=P.TASK_DO, method="POST")
def withdraw(request: Any, pk: int) -> HttpResponse:
    """Take back a report of work."""
    told = WorkReport.objects.current().select_related("work").filter(pk=pk).first()
    row = _seen_work(request, told.work_id if told else 0)
    if told is not None:
        services.withdraw_report(
            report=told, reason=request.POST.get("reason", ""), by=request.actor, at=request.at
        )
    messages.success(request, gettext("Taken back; the work is owed again."))
    return redirect("web:work", pk=row.pk)
