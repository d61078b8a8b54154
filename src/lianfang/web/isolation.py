"""Isolation sites: how full they are now and over days, their rooms, and places added or closed."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.contacts import services
from lianfang.contacts.models import IsolationSite, Room, SiteKind
from lianfang.contacts.occupancy import area_over_days, list_sites, over_days, rooms_of
from lianfang.core.access.permissions import Permission
from lianfang.web.area import chosen_area
from lianfang.web.door import page


class SiteForm(forms.Form):
    """A new site in the area."""

    name = forms.CharField(label=_("Name of the site"), max_length=160)
    kind = forms.ChoiceField(label=_("Kind"), choices=SiteKind.choices)


class BedsForm(forms.Form):
    """Places added to a room, or closed in it, from now on."""

    room = forms.CharField(
        label=_("Room"), max_length=40, help_text=_("A new room comes into being with its first place.")
    )
    n = forms.IntegerField(label=_("How many places"), min_value=1, max_value=500)
    act = forms.ChoiceField(label=_("Act"), choices=[("add", _("add")), ("close", _("close"))])


@page("isolation", name="isolation", permission=Permission.CONTACT_VIEW)
def sites(request: Any) -> HttpResponse:
    """List the sites of the area with free places."""
    area = chosen_area(request, Permission.CONTACT_VIEW)
    may = area.place is not None and request.actor.may(Permission.CONTACT_EDIT, area.path)
    return _show_area(request, area, SiteForm() if may else None)


def _show_area(request: Any, area: Any, form: SiteForm | None, status: int = 200) -> HttpResponse:
    days = area_over_days(request.actor, path=area.path, at=request.at)
    context = {
        "area": area,
        "sites": list_sites(request.actor, path=area.path, at=request.at),
        "now": days[-1],
        "is_empty": not any(each.n_in_centres or each.n_at_home for each in days),
        "curve": {
            "days": [each.on.isoformat() for each in days],
            "series": [
                _line(gettext("in centres"), "bar", [each.n_in_centres for each in days], stack="people"),
                _line(gettext("at home"), "bar", [each.n_at_home for each in days], stack="people"),
                _line(gettext("places in centres"), "line", [each.n_beds for each in days]),
            ],
        },
        "form": form,
    }
    return render(request, "contacts/isolation.html", context, status=status)


def _line(name: str, kind: str, values: list[int], **more: str) -> dict[str, Any]:
    return {"name": name, "kind": kind, "values": values, **more}


@page("isolation", name="isolation", permission=Permission.CONTACT_EDIT, method="POST")
def open_site(request: Any) -> HttpResponse:
    """Open a site in the area of the address."""
    area = chosen_area(request, Permission.CONTACT_EDIT)
    form = SiteForm(request.POST)
    if area.place is not None and form.is_valid():
        site = services.open_site(place=area.place, **form.cleaned_data, by=request.actor, at=request.at)
        return redirect("web:isolation_site", pk=site.pk)
    return _show_area(request, area, form, status=422)


@page("isolation/<int:pk>", name="isolation_site", permission=Permission.CONTACT_VIEW)
def site(request: Any, pk: int) -> HttpResponse:
    """Show a site: its rooms, who is in them, and how full it was on the last days."""
    row = IsolationSite.objects.get_visible(request.actor, pk=pk)
    return _show(request, row, BedsForm())


def _show(request: Any, row: Any, form: BedsForm, status: int = 200) -> HttpResponse:
    may = request.actor.may(Permission.CONTACT_EDIT, row.path)
    days = over_days(row, at=request.at)
    context = {
        "site": row,
        "rooms": rooms_of(row, at=request.at),
        "days": days,
        "now": days[-1],
        "curve": {
            "days": [each.on.isoformat() for each in days],
            "series": [
                _line(gettext("occupied"), "bar", [each.n_taken for each in days]),
                _line(gettext("places"), "line", [each.n_beds for each in days]),
            ],
        },
        "form": form if may else None,
    }
    return render(request, "contacts/site.html", context, status=status)


@page("isolation/<int:pk>", name="isolation_site", permission=Permission.CONTACT_EDIT, method="POST")
def change_beds(request: Any, pk: int) -> HttpResponse:
    """Add places to a room, or close some."""
    row = IsolationSite.objects.get_visible(request.actor, Permission.CONTACT_EDIT, pk=pk)
    form = BedsForm(request.POST)
    if not form.is_valid():
        return _show(request, row, form, status=422)
    label, n = form.cleaned_data["room"], form.cleaned_data["n"]
    room = Room.objects.filter(site=row, label=label).first()
    if form.cleaned_data["act"] == "add":
        services.add_beds(site=row, room=label, n=n, from_at=request.at, by=request.actor, at=request.at)
    elif room is None:
        form.add_error("room", gettext("There is no such room."))
        return _show(request, row, form, status=422)
    else:
        services.close_beds(room=room, n=n, until_at=request.at, by=request.actor, at=request.at)
    messages.success(request, gettext("Recorded."))
    return redirect("web:isolation_site", pk=pk)
