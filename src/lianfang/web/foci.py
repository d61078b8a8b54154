"""Clusters and special places, attack rates by setting, days without a case; one focus with its cases and inspections."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.common.clock import local_day, site_zone
from lianfang.common.naming import called
from lianfang.core.access.permissions import Permission
from lianfang.core.rules import site_rules
from lianfang.loop.desk import tasks_about
from lianfang.loop.models import Finding
from lianfang.outlook import services
from lianfang.outlook.clusters import FINDING
from lianfang.outlook.models import Focus, FocusKind
from lianfang.outlook.selectors import (
    attack_rates,
    cases_of_focus,
    days_since_last,
    diseases_with,
    foci,
    get_focus,
    inspections_of,
)
from lianfang.rulebook.kinds.surveillance import SpecialPlacesParameters
from lianfang.web.area import chosen_area
from lianfang.web.contact_words import setting_of
from lianfang.web.door import page
from lianfang.web.language import in_language
from lianfang.web.words import disease_name

VIEW = Permission.CASE_VIEW
_LIMIT = 200


def special_names(request: Any) -> dict[str, str]:
    """Return the kinds of special places by code, in the reader's language."""
    rule = site_rules().rule("special_places", at=local_day(request.at)).of(SpecialPlacesParameters)
    return {code: in_language(place.text) for code, place in rule.places.items()}


def name_of(focus: Focus) -> str:
    """Return what a focus is called: its venue's name, else what it is and where."""
    return focus.label or f"{focus.get_kind_display()} · {called(focus.place)}"


@page("clusters", name="foci", permission=VIEW)
def foci_page(request: Any) -> HttpResponse:
    """List the clusters and special places of the area; beside them attack rates and days since the last case."""
    area = chosen_area(request, VIEW)
    query = request.GET
    diseases = diseases_with("clusters", area.path)
    disease = query.get("disease") if query.get("disease") in diseases else next(iter(diseases), "")
    kind = query.get("kind", "")
    rows = list(
        foci(
            request.actor,
            area.path,
            disease=disease or "",
            kind=kind if kind in FocusKind.values else "",
            special=kind == "special",
        )[:_LIMIT]
    )
    special = special_names(request)
    may_contacts = request.actor.may(Permission.CONTACT_VIEW)
    places = [*([area.place] if area.place else []), *area.below]
    context = {
        "area": area,
        "disease": disease,
        "diseases": [(code, disease_name(code)) for code in diseases],
        "kind": kind,
        "kinds": [*FocusKind.choices, ("special", _("special places only"))],
        "rows": [(focus, name_of(focus), special.get(focus.special, "")) for focus in rows],
        "rates": [
            (
                setting_of(one.setting, disease or "") if one.setting else gettext("not recorded"),
                one,
                *(None if value is None else round(100 * value) for value in (one.rate, one.low, one.high)),
            )
            for one in (attack_rates(request.actor, area.path, disease or "") if may_contacts else [])
        ],
        "last": days_since_last(request.actor, places, disease or "", request.at),
    }
    return render(request, "foci/list.html", context)


class InspectionForm(forms.Form):
    """What was found in the place, and what was done."""

    looked_at = forms.DateTimeField(
        label=_("When"), widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M")
    )
    n_present = forms.IntegerField(label=_("People who live or work there"), required=False, min_value=0)
    n_ill = forms.IntegerField(label=_("Of them with fever or symptoms"), required=False, min_value=0)
    measures = forms.CharField(label=_("What was done"), widget=forms.Textarea({"rows": 2}))


@page("clusters/<int:pk>", name="focus", permission=VIEW)
def focus_page(request: Any, pk: int) -> HttpResponse:
    """Show one focus: why it stands, its cases, what is owed, what was found there."""
    return _show(request, get_focus(request.actor, pk))


def _show(request: Any, row: Focus, *, form: InspectionForm | None = None, status: int = 200) -> HttpResponse:
    seen, n_more = cases_of_focus(request.actor, row)
    local = request.at.astimezone(site_zone()).strftime("%Y-%m-%dT%H:%M")
    may_judge = request.actor.may(Permission.FINDING_JUDGE)
    findings = Finding.objects.visible_to(request.actor).filter(kind=FINDING, subject_id=row.pk)
    context = {
        "focus": row,
        "name": name_of(row),
        "disease": disease_name(row.disease),
        "special": special_names(request).get(row.special, ""),
        "rule": row.edition.partition("@")[0],
        "cases": seen,
        "n_more": n_more,
        "tasks": tasks_about([("outlook.Focus", [row.pk])]),
        "inspections": inspections_of(row),
        "finding": findings.first() if may_judge else None,
        "may_inspect": request.actor.may(Permission.CASE_INVESTIGATE, row.path),
        "form": form or InspectionForm(initial={"looked_at": local}),
    }
    return render(request, "foci/focus.html", context, status=status)


@page("clusters/<int:pk>", name="focus", permission=Permission.CASE_INVESTIGATE, method="POST")
def inspect(request: Any, pk: int) -> HttpResponse:
    """Record that somebody looked into the place."""
    row = get_focus(request.actor, pk)
    form = InspectionForm(request.POST)
    if not form.is_valid():
        return _show(request, row, form=form, status=422)
    services.record_inspection(focus=row, **form.cleaned_data, by=request.actor, at=request.at)
    messages.success(request, gettext("Recorded."))
    return redirect("web:focus", pk=pk)
