"""Records given out, in our own form or that of another system: with a purpose, and recorded."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from lianfang.common.clock import local_day
from lianfang.core.access.permissions import Permission
from lianfang.intake.services import export_csv
from lianfang.intake.shapes import SHAPES
from lianfang.intake.shapes.own import OWN
from lianfang.intake.target import targets
from lianfang.web.area import chosen_area
from lianfang.web.door import csv_answer, page


class Export(forms.Form):
    """What is given out, and for what."""

    target = forms.ChoiceField(label=_("Records"))
    shape = forms.ChoiceField(
        label=_("Form"), choices=[(each.code, each.title) for each in SHAPES.values()], initial=OWN.code
    )
    purpose = forms.CharField(label=_("Purpose"), max_length=200, help_text=_("Is recorded with your name."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["target"].choices = [(each.code, each.title) for each in targets]  # type: ignore[attr-defined]


@page("exports", name="exports", permission=Permission.EXPORT_RUN)
def exports(request: Any) -> HttpResponse:
    """Offer the records of the area."""
    return _show(request, Export(initial={"target": request.GET.get("target", "case")}))


def _show(request: Any, form: Export, status: int = 200) -> HttpResponse:
    context = {
        "area": chosen_area(request, Permission.EXPORT_RUN),
        "form": form,
        "with_names": request.actor.may(Permission.IDENTITY_REVEAL),
    }
    return render(request, "intake/exports.html", context, status=status)


@page("exports", name="exports", permission=Permission.EXPORT_RUN, method="POST")
def export(request: Any) -> HttpResponseBase:
    """Give out the records as a CSV file."""
    form = Export(request.POST)
    if not form.is_valid():
        return _show(request, form, status=422)
    area = chosen_area(request, Permission.EXPORT_RUN)
    said = form.cleaned_data
    parts = export_csv(
        target=said["target"],
        shape=said["shape"],
        path=area.path,
        purpose=said["purpose"],
        by=request.actor,
        at=request.at,
    )
    code = area.place.code if area.place else "all"
    return csv_answer(parts, f"{said['shape']}-{said['target']}-{code}-{local_day(request.at).isoformat()}")
