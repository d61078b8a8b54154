"""What if: asked for an area, computed by the worker on the area's own clocks, compared side by side, and kept."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

from lianfang.common.errors import LianfangError
from lianfang.core.access.permissions import Permission
from lianfang.measures.models import Scenario
from lianfang.measures.services import ask_scenario
from lianfang.web.area import Area, chosen_area
from lianfang.web.door import page
from lianfang.web.measures import diseases

P = Permission
_LIMIT = 50
NAMES = {
    "as_it_is": _("as it is"),
    "investigation": _("a faster investigation"),
    "tracing": _("contacts reached sooner"),
    "laboratory": _("a faster laboratory"),
    "ward": _("a ward opened"),
    "ended": _("the measures ended"),
    "together": _("all of it together"),
}
FIGURES = {
    "infections": _("infections"),
    "deaths": _("deaths"),
    "peak_in_bed": _("most patients in bed at once"),
}
CLOCKS = {
    "visit": _("from onset to the report"),
    "laboratory": _("from the specimen to the result"),
    "investigation": _("from confirmation to the investigation"),
    "tracing": _("from naming a contact to reaching them"),
}
WHY_NOT = {
    "no_model": _("There is no model for this disease."),
    "no_residents": _("The register does not say how many people live here."),
}


class ScenarioForm(forms.Form):
    """What would be different; what is left empty stays as it is."""

    disease = forms.ChoiceField(label=_("Disease"), choices=diseases)
    investigation = forms.FloatField(label=_("The investigation takes hours"), required=False)
    tracing = forms.FloatField(label=_("Contacts are reached within hours"), required=False)
    laboratory = forms.FloatField(label=_("The laboratory takes hours"), required=False)
    ward = forms.IntegerField(label=_("A ward is opened, with beds"), required=False)
    contacts_left = forms.IntegerField(
        label=_("The measures leave so many percent of the usual contacts"),
        required=False,
        help_text=_("An assumption of yours: nobody records it. Empty: no measure limits contacts."),
    )
    ended = forms.IntegerField(label=_("The measures end on day"), required=False)


@page("scenarios", name="scenarios", permission=P.AREA_VIEW)
def index(request: Any) -> HttpResponse:
    """List what was asked for the area, and ask anew."""
    area = chosen_area(request, P.AREA_VIEW)
    return _list(request, area, _form(request, area))


def _form(request: Any, area: Area, data: Any = None) -> ScenarioForm | None:
    may = area.place is not None and request.actor.may(P.SCENARIO_ASK, area.path)
    return ScenarioForm(data) if may else None


def _list(request: Any, area: Area, form: ScenarioForm | None, status: int = 200) -> HttpResponse:
    rows = Scenario.objects.visible_in(request.actor, area.path).select_related("place", "by").order_by("-pk")
    lines = [(row, [str(NAMES[name]) for name in row.choices if name in NAMES]) for row in rows[:_LIMIT]]
    context = {"area": area, "lines": lines, "form": form}
    return render(request, "measures/scenarios.html", context, status=status)


@page("scenarios", name="scenarios", permission=P.SCENARIO_ASK, method="POST")
def ask(request: Any) -> HttpResponse:
    """Ask what would be if something were different."""
    area = chosen_area(request, P.SCENARIO_ASK)
    form = _form(request, area, request.POST)
    if form is None or not form.is_valid() or area.place is None:
        return _list(request, area, form, status=422)
    choices = {name: value for name, value in form.cleaned_data.items() if name != "disease"}
    disease = form.cleaned_data["disease"]
    try:
        row = ask_scenario(
            place=area.place, disease=disease, choices=choices, by=request.actor, at=request.at
        )
    except LianfangError as error:
        form.add_error(None, f"{error} {error.hint}")
        return _list(request, area, form, status=422)
    return redirect("web:scenario", pk=row.pk)


@page("scenarios/<int:pk>", name="scenario", permission=P.AREA_VIEW)
def scenario(request: Any, pk: int) -> HttpResponse:
    """Show a scenario: each response side by side with its uncertainty, and what it rests on."""
    row = Scenario.objects.select_related("place", "by").get_visible(request.actor, pk=pk)
    averted = {
        figure: {line["scenario"]: line for line in lines}
        for figure, lines in row.result.get("averted", {}).items()
    }
    tables = [
        (
            title,
            [(NAMES[line["scenario"]], line, averted[figure].get(line["scenario"])) for line in lines],
            figure == "peak_in_bed",
        )
        for figure, title in FIGURES.items()
        for lines in [row.result.get("figures", {}).get(figure, [])]
        if lines
    ]
    context = {
        "scenario": row,
        "tables": tables,
        "choices": [(_choice(name), value) for name, value in row.choices.items()],
        "clocks": [(CLOCKS[name], one) for name, one in row.inputs.get("clocks", {}).items()],
        "why_not": WHY_NOT.get(row.result.get("why_not", "")),
    }
    return render(request, "measures/scenario.html", context)


def _choice(name: str) -> Any:
    return ScenarioForm.base_fields[name].label
