"""Teams of an area: pairings, who is where until when, hours needed and there, protection, rosters, advice."""

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
from lianfang.core.registry.models import Unit
from lianfang.teams import services
from lianfang.teams.models import Consultation, Exposure, Hazard, Roster, Skill, Team, Worker
from lianfang.teams.rosters import accept_roster, propose_shifts, refuse_roster
from lianfang.teams.selectors import (
    consultations,
    deployments,
    facility_hours,
    pairings,
    protection,
    roster_lines,
    teams,
    workers_of,
)
from lianfang.web.area import chosen_area
from lianfang.web.door import page

P = Permission
_LIMIT = 200
_LONGEST = 28
SHIFTS = {-1: "", 0: _("day"), 1: _("evening"), 2: _("night")}
SHORT = {
    "nobody_can": _("nobody in the team has this profession"),
    "all_work": _("all who could work another shift, or are away"),
    "rest": _("those who do not work have to rest"),
}


class RosterForm(forms.Form):
    """For how many days a roster is proposed."""

    days = forms.IntegerField(label=_("Days"), min_value=1, max_value=_LONGEST, initial=10)


class ExposureForm(forms.Form):
    """An exposure at work."""

    worker = forms.ModelChoiceField(label=_("Health worker"), queryset=Worker.objects.none())
    hazard = forms.ChoiceField(label=_("How"), choices=Hazard.choices)
    note = forms.CharField(label=_("Note"), required=False)


class AskForm(forms.Form):
    """Asking for advice."""

    form = forms.ChoiceField(label=_("Form of advice"), choices=Consultation.Form.choices)
    to_unit = forms.ModelChoiceField(label=_("Whom"), queryset=Unit.objects.none())
    question = forms.CharField(label=_("Question"), widget=forms.Textarea(attrs={"rows": 3}))


class AnswerForm(forms.Form):
    """When a consultation takes place, and what is advised."""

    scheduled_for = forms.DateTimeField(
        label=_("Takes place"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    answer = forms.CharField(label=_("Advice"), required=False, widget=forms.Textarea(attrs={"rows": 4}))


@page("teams", name="teams", permission=P.TEAM_VIEW)
def index(request: Any) -> HttpResponse:
    """Show the teams of the area: who is where until when, hours needed and there, protection, pairings."""
    area = chosen_area(request, P.TEAM_VIEW)
    skills = dict(Skill.choices)
    context = {
        "area": area,
        "teams": teams(request.actor, area.path)[:_LIMIT],
        "deployments": deployments(request.actor, area.path, request.at)[:_LIMIT],
        "pairings": pairings(request.actor, area.path, request.at)[:_LIMIT],
        "hours": [
            (one.unit, skills[hours.profession], hours)
            for one in facility_hours(request.actor, area.path, request.at)
            for hours in one.hours
            if hours.needed or hours.workers
        ],
        "protection": protection(request.actor, area.path, request.at),
    }
    return render(request, "teams/index.html", context)


@page("teams/<int:pk>", name="team", permission=P.TEAM_VIEW)
def team(request: Any, pk: int) -> HttpResponse:
    """Show a team: where it works, its people with their days off, its rosters."""
    return _show(request, Team.objects.select_related("home").get_visible(request.actor, pk=pk))


def _show(request: Any, row: Team, *, form: forms.Form | None = None, status: int = 200) -> HttpResponse:
    may_edit = request.actor.may(P.TEAM_EDIT, row.path)
    latest = row.rosters.order_by("-pk").first()
    context = {
        "team": row,
        "workers": workers_of(row, request.at),
        "deployment": row.deployments.filter(superseded_at=None).order_by("-occurred_at").first(),
        "roster": latest,
        "lines": [(worker, [SHIFTS[s] for s in days]) for worker, days in roster_lines(latest)]
        if latest
        else [],
        "days": [latest.from_on + timedelta(days=n) for n in range(latest.days)] if latest else [],
        "missing": _missing(latest) if latest else [],
        "form": (form or RosterForm()) if may_edit else None,
        "exposure": _exposure_form(row) if request.actor.may(P.CARE_EDIT, row.path) else None,
        "exposures": Exposure.objects.current()
        .filter(worker__team=row)
        .select_related("worker")
        .order_by("-occurred_at")[:20],
    }
    return render(request, "teams/team.html", context, status=status)


def _missing(roster: Roster) -> list[Any]:
    skills = dict(Skill.choices)
    return [
        (
            roster.from_on + timedelta(days=m["day"]),
            SHIFTS[m["shift"]],
            skills[m["profession"]],
            m["n"],
            SHORT[m["why"]],
        )
        for m in roster.missing[:100]
    ]


def _exposure_form(row: Team, data: Any = None) -> ExposureForm:
    form = ExposureForm(data)
    form.fields["worker"].queryset = row.workers.order_by("code")  # type: ignore[attr-defined]
    return form


@page("teams/<int:pk>/roster", name="propose_roster", permission=P.TEAM_EDIT, method="POST")
def propose(request: Any, pk: int) -> HttpResponse:
    """Propose who of the team works when from tomorrow on; nothing is decided yet."""
    row = Team.objects.select_related("home").get_visible(request.actor, P.TEAM_EDIT, pk=pk)
    form = RosterForm(request.POST)
    if form.is_valid():
        tomorrow = local_day(request.at) + timedelta(days=1)
        try:
            propose_shifts(
                team=row, from_on=tomorrow, days=form.cleaned_data["days"], by=request.actor, at=request.at
            )
        except LianfangError as error:
            form.add_error(None, f"{error} {error.hint}")
        else:
            return redirect("web:team", pk=pk)
    return _show(request, row, form=form, status=422)


@page("rosters/<int:pk>", name="roster", permission=P.TEAM_EDIT, method="POST")
def decide(request: Any, pk: int) -> HttpResponse:
    """Accept a roster, or refuse it with a reason."""
    row = Roster.objects.select_related("team", "unit").get_visible(request.actor, P.TEAM_EDIT, pk=pk)
    reason = request.POST.get("reason", "").strip()
    try:
        if request.POST.get("act") != "refuse":
            n = accept_roster(roster=row, by=request.actor, at=request.at)
            messages.success(request, gettext("{n} shifts written.").format(n=n))
        elif reason:
            refuse_roster(roster=row, reason=reason, by=request.actor, at=request.at)
        else:
            messages.error(request, gettext("Say why the roster is refused."))
    except LianfangError as error:
        messages.error(request, f"{error} {error.hint}")
    return redirect("web:team", pk=row.team_id)


@page("teams/<int:pk>/exposures", name="expose_worker", permission=P.CARE_EDIT, method="POST")
def expose(request: Any, pk: int) -> HttpResponse:
    """Report that a health worker was exposed."""
    row = Team.objects.get_visible(request.actor, P.CARE_VIEW, pk=pk)
    form = _exposure_form(row, request.POST)
    if form.is_valid():
        services.report_exposure(**form.cleaned_data, happened_at=request.at, by=request.actor, at=request.at)
        messages.success(request, gettext("Reported. The assessment is owed within a day."))
    else:
        messages.error(request, gettext("Say who was exposed and how."))
    return redirect("web:team", pk=pk)


@page("consultations", name="consultations", permission=P.CARE_VIEW)
def advice(request: Any) -> HttpResponse:
    """List the requests for advice of the area."""
    area = chosen_area(request, P.CARE_VIEW)
    return _advice(request, area, _ask_form(request))


def _advice(request: Any, area: Any, form: AskForm | None, status: int = 200) -> HttpResponse:
    context = {
        "area": area,
        "rows": [
            (row, request.actor.may(P.CARE_EDIT, row.source_path) and row.answered_at is None)
            for row in consultations(request.actor, area.path)[:_LIMIT]
        ],
        "form": form,
        "answer": AnswerForm(),
    }
    return render(request, "teams/consultations.html", context, status=status)


def _ask_form(request: Any, data: Any = None) -> AskForm | None:
    unit = getattr(request.user, "unit", None)
    if unit is None or not request.actor.may(P.CARE_EDIT, unit.path):
        return None
    form = AskForm(data)
    hospitals = Unit.objects.filter(kind="hospital", closed_at=None).exclude(pk=unit.pk).order_by("name")
    form.fields["to_unit"].queryset = hospitals  # type: ignore[attr-defined]
    return form


@page("consultations", name="consultations", permission=P.CARE_EDIT, method="POST")
def ask(request: Any) -> HttpResponse:
    """Ask another hospital for advice."""
    form = _ask_form(request, request.POST)
    if form is None or not form.is_valid():
        return _advice(request, chosen_area(request, P.CARE_VIEW), form, status=422)
    services.ask_advice(from_unit=request.user.unit, **form.cleaned_data, by=request.actor, at=request.at)
    messages.success(request, gettext("Asked. An answer is owed within a day."))
    return redirect("web:consultations")


@page("consultations/<int:pk>", name="consultation", permission=P.CARE_EDIT, method="POST")
def answer(request: Any, pk: int) -> HttpResponse:
    """Set when a consultation takes place, or answer it."""
    row = Consultation.objects.get_visible(request.actor, P.CARE_VIEW, pk=pk)
    form = AnswerForm(request.POST)
    if form.is_valid():
        try:
            if form.cleaned_data["scheduled_for"]:
                services.schedule_consultation(
                    consultation=row,
                    scheduled_for=form.cleaned_data["scheduled_for"],
                    by=request.actor,
                    at=request.at,
                )
            if form.cleaned_data["answer"]:
                services.answer_consultation(
                    consultation=row, answer=form.cleaned_data["answer"], by=request.actor, at=request.at
                )
        except LianfangError as error:
            messages.error(request, f"{error} {error.hint}")
        else:
            messages.success(request, gettext("Recorded."))
    return redirect("web:consultations")
