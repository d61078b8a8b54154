"""Places and units: what nobody of their own answers for, and who answers for what; units are made, changed, closed."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.common.errors import NotVisible
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Capability, Jurisdiction, Place, Unit, UnitKind
from lianfang.core.registry.services import change_unit, close_unit, create_unit
from lianfang.web.area import chosen_area
from lianfang.web.door import page

EDIT = Permission.REGISTRY_EDIT
_LIMIT = 100


class UnitForm(forms.Form):
    """What can be changed of a unit."""

    name = forms.CharField(label=_("Name"), max_length=120)
    kind = forms.ChoiceField(label=_("Kind"), choices=UnitKind.choices)
    email = forms.EmailField(label=_("E-mail for notifications"), required=False)
    webhook = forms.URLField(
        label=_("Webhook for notifications"), required=False, assume_scheme="https", max_length=500
    )
    capabilities = forms.MultipleChoiceField(
        label=_("Answers for"),
        required=False,
        choices=Capability.choices,
        widget=forms.CheckboxSelectMultiple,
    )


class NewUnit(UnitForm):
    """A unit with its place and the unit above."""

    code = forms.SlugField(label=_("Code"), max_length=40)
    place = forms.CharField(label=_("Code of the place"), max_length=24)
    parent = forms.CharField(label=_("Code of the unit above"), max_length=40, required=False)
    field_order = ["code", "name", "kind", "place", "parent", "capabilities", "email", "webhook"]

    def clean_place(self) -> Place:
        place: Place | None = Place.objects.filter(code=self.cleaned_data["place"].strip()).first()
        if place is None:
            raise forms.ValidationError(gettext("No place has this code; see the list of places."))
        return place

    def clean_parent(self) -> Unit | None:
        code = self.cleaned_data["parent"].strip()
        unit: Unit | None = Unit.objects.open().filter(code=code).first()
        if code and unit is None:
            raise forms.ValidationError(gettext("No open unit has this code; see the list of units."))
        return unit

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if Unit.objects.filter(code=code).exists():
            raise forms.ValidationError(gettext("Another unit has this code."))
        return code


@page("units", name="units", permission=EDIT)
def units(request: Any) -> HttpResponse:
    """Show the units of the area and the kinds of work that no unit of their own answers for."""
    return _list(request, NewUnit())


def _list(request: Any, form: NewUnit, status: int = 200) -> HttpResponse:
    area = chosen_area(request, EDIT)
    below: Any = {"path__within": area.path}
    rows = (
        Unit.objects.open().filter(**below).prefetch_related("capabilities").select_related("place", "parent")
    )
    gaps = Jurisdiction.objects.filter(**below, gap_since__isnull=False, filled_at__isnull=True)
    context = {
        "area": area,
        "form": form,
        "units": rows.order_by("path", "name")[:_LIMIT],
        "n_units": rows.count(),
        "places": Place.objects.filter(parent=area.place).order_by("code")[:_LIMIT] if area.place else [],
        "gaps": gaps.select_related("place", "unit").order_by("path", "capability")[:_LIMIT],
    }
    return render(request, "registry/units.html", context, status=status)


@page("units", name="units", permission=EDIT, method="POST")
def new_unit(request: Any) -> HttpResponse:
    """Make a unit; who answers where is worked out anew at once."""
    form = NewUnit(request.POST)
    if form.is_valid() and not request.actor.may(EDIT, form.cleaned_data["place"].path):
        form.add_error("place", gettext("This place is not in your area."))
    if not form.is_valid():
        return _list(request, form, status=422)
    unit = create_unit(**form.cleaned_data, by=request.actor, at=request.at)
    messages.success(request, gettext("Recorded."))
    return redirect("web:unit", code=unit.code)


def _get(request: Any, code: str) -> Unit:
    unit: Unit | None = Unit.objects.select_related("place", "parent").filter(code=code).first()
    if unit is None or not request.actor.may(EDIT, unit.path):
        raise NotVisible(thing=Unit._meta.verbose_name)  # noqa: SLF001 - Django's documented Meta API
    return unit


@page("units/<str:code>", name="unit", permission=EDIT)
def unit(request: Any, code: str) -> HttpResponse:
    """Show one unit with what it answers for, its people and the units below."""
    row = _get(request, code)
    held = list(row.capabilities.values_list("capability", flat=True))
    initial = {
        "name": row.name,
        "kind": row.kind,
        "email": row.email,
        "webhook": row.webhook,
        "capabilities": held,
    }
    return _show(request, row, UnitForm(initial=initial))


def _show(request: Any, row: Unit, form: UnitForm, status: int = 200) -> HttpResponse:
    context = {
        "unit": row,
        "form": form,
        "people": row.users.filter(is_active=True).order_by("login"),
        "below": Unit.objects.open().filter(parent=row).order_by("code")[:_LIMIT],
    }
    return render(request, "registry/unit.html", context, status=status)


@page("units/<str:code>/<str:act>", name="unit_act", permission=EDIT, method="POST")
def act_on_unit(request: Any, code: str, act: str) -> HttpResponse:
    """Change a unit, or close it with a reason."""
    row = _get(request, code)
    if act == "close":
        close_unit(unit=row, by=request.actor, at=request.at, reason=request.POST.get("reason", ""))
        messages.success(request, gettext("The unit is closed; its duties go to the unit above."))
        return redirect("web:units")
    form = UnitForm(request.POST)
    if not form.is_valid():
        return _show(request, row, form, status=422)
    change_unit(unit=row, **form.cleaned_data, by=request.actor, at=request.at)
    messages.success(request, gettext("Recorded."))
    return redirect("web:unit", code=code)
