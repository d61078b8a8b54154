"""Teams of an area: who is where until when, hours needed and there, protection, pairings; one team with its acts."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.common.errors import LianfangError, NotPermitted
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Unit
from lianfang.teams import services
from lianfang.teams.health import ailing
from lianfang.teams.models import Allowance, Exposure, Roster, Skill, Team
from lianfang.teams.rosters import accept_roster, refuse_roster
from lianfang.teams.selectors import (
    deployments,
    facility_hours,
    pairings,
    protection,
    roster_lines,
    teams,
    workers_of,
)
from lianfang.web.area import Area, chosen_area
from lianfang.web.door import page
from lianfang.web.language import UnitField
from lianfang.web.team_acts import ACTS

P = Permission
_LIMIT = 200
SHIFTS = {-1: "", 0: _("day"), 1: _("evening"), 2: _("night")}
SHORT = {
    "nobody_can": _("nobody in the team has this profession"),
    "all_work": _("all who could work another shift, or are away"),
    "rest": _("those who do not work have to rest"),
}


class NewTeam(forms.Form):
    """A team of a hospital."""

    home = UnitField(label=_("Hospital"), queryset=Unit.objects.none(), empty_label=None)
    name = forms.CharField(label=_("Name"), max_length=120)
    name_en = forms.CharField(label=_("Name in English"), required=False, max_length=120)


@page("teams", name="teams", permission=P.TEAM_VIEW)
def index(request: Any) -> HttpResponse:
    """Show the teams of the area: who is where until when, hours needed and there, protection, pairings."""
    return _index(request, chosen_area(request, P.TEAM_VIEW))


def _index(request: Any, area: Area, form: NewTeam | None = None, status: int = 200) -> HttpResponse:
    skills = dict(Skill.choices)
    context = {
        "area": area,
        "form": form or _new_team(request, area),
        "may_pair": request.actor.may(P.TEAM_EDIT, area.path),
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
    return render(request, "teams/index.html", context, status=status)


def _new_team(request: Any, area: Area, data: Any = None) -> NewTeam | None:
    """Return the form of a new team with the hospitals of the area whose teams the actor decides on; None without any."""
    here = Unit.objects.open().filter(path__within=area.path, kind="hospital") if area.path else []
    mine = [unit.pk for unit in here if request.actor.may(P.TEAM_EDIT, unit.path)]
    if not mine and data is None:
        return None
    form = NewTeam(data)
    form.fields["home"].queryset = Unit.objects.filter(pk__in=mine).order_by("name")  # type: ignore[attr-defined]
    return form


@page("teams", name="teams", permission=P.TEAM_EDIT, method="POST")
def form_team(request: Any) -> HttpResponse:
    """Form a team of a hospital of the area."""
    area = chosen_area(request, P.TEAM_EDIT)
    form = _new_team(request, area, request.POST)
    assert form is not None
    if form.is_valid():
        try:
            made = services.form_team(**form.cleaned_data, by=request.actor, at=request.at)
        except NotPermitted:
            raise
        except LianfangError as error:
            form.add_error(None, f"{error} {error.advice}")
        else:
            messages.success(request, gettext("The team is formed; now take people into it."))
            return redirect("web:team", pk=made.pk)
    return _index(request, area, form, status=422)


@page("teams/<int:pk>", name="team", permission=P.TEAM_VIEW)
def team(request: Any, pk: int) -> HttpResponse:
    """Show a team: where it works, its people with their days off, its rosters."""
    return _show(request, Team.objects.select_related("home__place").get_visible(request.actor, pk=pk))


def _show(request: Any, row: Team, *, form: Any = None, act: str = "", status: int = 200) -> HttpResponse:
    latest = row.rosters.order_by("-pk").first()
    workers = workers_of(row, request.at)
    context = {
        "team": row,
        "workers": workers,
        "ill": ailing([worker.pk for worker in workers]),
        "deployment": row.deployments.filter(superseded_at=None).order_by("-occurred_at").first(),
        "roster": latest,
        "lines": [(worker, [SHIFTS[s] for s in days]) for worker, days in roster_lines(latest)]
        if latest
        else [],
        "days": [latest.from_on + timedelta(days=n) for n in range(latest.days)] if latest else [],
        "missing": _missing(latest) if latest else [],
        "may_decide": request.actor.may(P.TEAM_EDIT, row.path),
        "exposures": Exposure.objects.current()
        .filter(worker__team=row)
        .select_related("worker")
        .order_by("-occurred_at")[:20],
        **_paid(row),
        "acts": [
            (name, one.title, form if name == act and form is not None else one.form(request, row))
            for name, one in ACTS.items()
            if one.is_open(request, row)
        ],
        "act": act,
    }
    return render(request, "teams/team.html", context, status=status)


def _paid(row: Team) -> dict[str, Any]:
    paid = Allowance.objects.current().filter(worker__team=row).select_related("worker")
    return {"allowances": paid.order_by("-from_on")[:50], "total": paid.aggregate(sum=Sum("amount"))["sum"]}


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


@page("teams/<int:pk>/<str:act>", name="team_act", permission=P.TEAM_VIEW, method="POST")
def act_on_team(request: Any, pk: int, act: str) -> HttpResponse:
    """Do an act on a team; each asks for the right it needs where the team is at home or works."""
    row = Team.objects.select_related("home__place").get_visible(request.actor, pk=pk)
    if act not in ACTS:
        return redirect("web:team", pk=pk)
    form = ACTS[act].form(request, row, request.POST)
    if form.is_valid():
        try:
            ACTS[act].do(row, form.cleaned_data, request.at, {"by": request.actor, "at": request.at})
        except NotPermitted:
            raise
        except LianfangError as error:
            form.add_error(None, f"{error} {error.advice}")
        else:
            messages.success(request, gettext("Recorded. What follows from it has been worked out."))
            return redirect("web:team", pk=pk)
    return _show(request, row, form=form, act=act, status=422)


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
        messages.error(request, f"{error} {error.advice}")
    return redirect("web:team", pk=row.team_id)
