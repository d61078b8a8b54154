"""Outlines of areas for the map: which are missing, and a file of them taken."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from lianfang.common.naming import listed
from lianfang.core.access.permissions import Permission
from lianfang.regions.outlines import by_level, load_geojson
from lianfang.regions.services import take_boundaries
from lianfang.web.area import chosen_area
from lianfang.web.door import page

EDIT = Permission.AREA_EDIT
_NAMED = 10


class Outlines(forms.Form):
    """A file of outlines and what to look for in it."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("GeoJSON with polygons in degrees (WGS 84), whose features carry the codes of places."),
    )
    code = forms.CharField(
        label=_("Property with the code"), required=False, max_length=60,
        help_text=_("Empty: the one whose values are most often codes of places."),
    )  # fmt: skip
    source = forms.CharField(
        label=_("Where the outlines come from"), max_length=200,
        help_text=_("Publisher and year. A map that is published in China needs an approval number."),
    )  # fmt: skip


@page("areas/outlines", name="area_outlines", permission=EDIT)
def area_outlines(request: Any) -> HttpResponse:
    """Show how many places of each level have an outline, and take a file."""
    return _show(request, Outlines())


@page("areas/outlines", name="area_outlines", permission=EDIT, method="POST")
def take_outlines(request: Any) -> HttpResponse:
    """Take a file of outlines; where something is wrong with it, nothing is taken."""
    form = Outlines(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, form, status=422)
    done = take_boundaries(
        collection=load_geojson(form.cleaned_data["file"].read()),
        code=form.cleaned_data["code"], source=form.cleaned_data["source"], by=request.actor, at=request.at,
    )  # fmt: skip
    messages.success(request, ngettext("%d outline taken.", "%d outlines taken.", done.taken) % done.taken)
    if done.outside:
        text = ngettext(
            "%d outline lies outside your area.", "%d outlines lie outside your area.", done.outside
        )
        messages.warning(request, text % done.outside)
    if done.unknown:
        n = len(done.unknown)
        text = ngettext(
            "%(n)d outline fits no place: %(codes)s", "%(n)d outlines fit no place, such as %(codes)s", n
        )
        messages.warning(request, text % {"n": n, "codes": listed(done.unknown[:_NAMED])})
    return redirect("web:area_outlines")


def _show(request: Any, form: Outlines, *, status: int = 200) -> HttpResponse:
    area = chosen_area(request, EDIT)
    context = {"area": area, "form": form, "levels": by_level(area.path)}
    return render(request, "areas/outlines.html", context, status=status)
