"""Point-to-point journeys of returning workers: planned, listed, checked, departed, and taken over where they arrive."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.common.clock import local_day
from lianfang.common.errors import LianfangError
from lianfang.contacts.pasting import read_paste
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.models import Place
from lianfang.resumption import selectors, services
from lianfang.resumption.models import Arrival, Charter, Traveller
from lianfang.web.area import chosen_area
from lianfang.web.door import page

P = Permission
_LIMIT = 200
_MOMENT = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})


class ArrivalForm(forms.Form):
    """A person who comes alone to the area."""

    name = forms.CharField(label=_("Name"), max_length=80)
    phone = forms.CharField(label=_("Telephone"), required=False, max_length=30)
    from_place = forms.CharField(label=_("Code of the place they leave"), max_length=24)
    expected_at = forms.DateTimeField(label=_("Expected"), widget=_MOMENT)
    prefix = "arrival"

    def clean_from_place(self) -> Place:
        return _place(self.cleaned_data["from_place"])


def _place(code: str) -> Place:
    place: Place | None = Place.objects.filter(code=code.strip()).first()
    if place is None:
        raise forms.ValidationError(gettext("No place has this code; see the list of places."))
    return place


class CharterForm(forms.Form):
    """A bus from here to another place."""

    to_place = forms.CharField(label=_("Code of the place of arrival"), max_length=24)
    vehicle = forms.CharField(label=_("Bus"), max_length=60)
    seats = forms.IntegerField(label=_("Seats"), min_value=1, max_value=200)
    departs_at = forms.DateTimeField(label=_("Departs"), widget=_MOMENT)
    arrives_at = forms.DateTimeField(label=_("Arrives"), widget=_MOMENT)

    def clean_to_place(self) -> Place:
        return _place(self.cleaned_data["to_place"])


class NamesForm(forms.Form):
    """A list of names, pasted."""

    text = forms.CharField(
        label=_("Names and telephones, one person on a line"), widget=forms.Textarea(attrs={"rows": 5})
    )


class ReceiptForm(forms.Form):
    """What the receiving side confirms."""

    n_received = forms.IntegerField(label=_("How many came"), min_value=0)
    note = forms.CharField(label=_("Note: who is missing, where they went"), required=False)


@page("charters", name="charters", permission=P.PERSON_VIEW)
def index(request: Any) -> HttpResponse:
    """List the journeys that begin or end in the area."""
    area = chosen_area(request, P.PERSON_VIEW)
    return _index(request, area)


def _index(
    request: Any, area: Any, form: CharterForm | None = None, *, announce: Any = None, status: int = 200
) -> HttpResponse:
    may = area.place is not None and request.actor.may(P.CHARTER_EDIT, area.path)
    today = local_day(request.at)
    people = [  # what the edition asks for stands in the form; the person who meets them decides
        (one, today + timedelta(days=one.observe_days) if one.observe_days else None)
        for one in selectors.arrivals(request.actor, area.path, request.at)[:_LIMIT]
    ]
    context = {
        "area": area,
        "arrivals": people,
        "may_meet": may,
        "announce": (announce or ArrivalForm()) if may else None,
        "charters": selectors.charters(request.actor, area.path, request.at)[:_LIMIT],
        "form": (form or CharterForm()) if may else None,
    }
    return render(request, "resumption/charters.html", context, status=status)


@page("charters", name="charters", permission=P.CHARTER_EDIT, method="POST")
def plan(request: Any) -> HttpResponse:
    """Plan a bus from the area."""
    area = chosen_area(request, P.CHARTER_EDIT)
    form = CharterForm(request.POST)
    if not form.is_valid() or area.place is None:
        return _index(request, area, form, status=422)
    try:
        row = services.plan_charter(
            from_place=area.place, **form.cleaned_data, by=request.actor, at=request.at
        )
    except LianfangError as error:
        form.add_error(None, f"{error} {error.hint}")
        return _index(request, area, form, status=422)
    return redirect("web:charter", pk=row.pk)


@page("charters/<int:pk>", name="charter", permission=P.PERSON_VIEW)
def charter(request: Any, pk: int) -> HttpResponse:
    """Show a journey: who travels, who was checked, when it departed and was taken over."""
    rows = Charter.objects.select_related("from_place", "to_place", "received_by")
    row = rows.get_visible(request.actor, pk=pk)
    actor = request.actor
    sends = (
        row.departed_at is None and row.called_off_at is None and actor.may(P.CHARTER_EDIT, row.source_path)
    )
    receives = row.departed_at is not None and row.received_at is None and actor.may(P.CHARTER_EDIT, row.path)
    n_fit = row.travellers.filter(is_fit=True).count()
    context = {
        "charter": row,
        "travellers": row.travellers.select_related("person").order_by("pk"),
        "n_fit": n_fit,
        "names": NamesForm() if sends else None,
        "receipt": ReceiptForm(initial={"n_received": n_fit}) if receives else None,
    }
    return render(request, "resumption/charter.html", context)


@page("charters/<int:pk>", name="charter", permission=P.CHARTER_EDIT, method="POST")
def act(request: Any, pk: int) -> HttpResponse:
    """Put names on the list, let the bus depart, or take it over."""
    row = Charter.objects.select_related("from_place").get_visible(request.actor, P.CHARTER_EDIT, pk=pk)
    who: dict[str, Any] = {"charter": row, "by": request.actor, "at": request.at}
    chosen = request.POST.get("act", "")
    try:
        if chosen == "depart":
            services.depart(**who)
        elif chosen == "call-off":
            services.call_off(reason=request.POST.get("reason", ""), **who)
        elif chosen == "receive":
            form = ReceiptForm(request.POST)
            if form.is_valid():
                services.receive_charter(**form.cleaned_data, **who)
        else:
            read = read_paste(request.POST.get("text", ""), on=local_day(request.at))[:_LIMIT]
            place = row.from_place
            people = [
                PersonCandidate(name=one.name, phone=one.phone, place_id=place.pk, path=place.path)
                for one in read
            ]
            services.list_travellers(people=people, **who)
    except LianfangError as error:
        messages.error(request, f"{error} {error.hint}")
    else:
        messages.success(request, gettext("Recorded."))
    return redirect("web:charter", pk=pk)


class CheckForm(forms.Form):
    """A temperature before boarding."""

    temperature = forms.DecimalField(min_value=30, max_value=45, max_digits=3, decimal_places=1)


@page("charters/travellers/<int:pk>", name="traveller", permission=P.CHARTER_EDIT, method="POST")
def check(request: Any, pk: int) -> HttpResponse:
    """Record the temperature of a traveller."""
    rows = Traveller.objects.select_related("charter")
    row = rows.get_visible(request.actor, P.CHARTER_EDIT, pk=pk)
    form = CheckForm(request.POST)
    if not form.is_valid():
        messages.error(request, gettext("Give the temperature in degrees, such as 36.5."))
        return redirect("web:charter", pk=row.charter_id)
    try:
        is_fit = services.check_traveller(
            traveller=row, temperature=form.cleaned_data["temperature"], by=request.actor, at=request.at
        )
    except LianfangError as error:
        messages.error(request, f"{error} {error.hint}")
    else:
        told = gettext("May travel.") if is_fit else gettext("Has fever and does not travel.")
        messages.success(request, told)
    return redirect("web:charter", pk=row.charter_id)


class MeetingForm(forms.Form):
    """What whoever meets a person saw and decides."""

    temperature = forms.DecimalField(
        min_value=30, max_value=45, max_digits=3, decimal_places=1, required=False
    )
    observe_until_on = forms.DateField(required=False)
    note = forms.CharField(required=False)


@page("charters/arrivals", name="arrivals", permission=P.CHARTER_EDIT, method="POST")
def announce(request: Any) -> HttpResponse:
    """Announce a person who comes alone to the area."""
    area = chosen_area(request, P.CHARTER_EDIT)
    form = ArrivalForm(request.POST)
    if not form.is_valid() or area.place is None:
        return _index(request, area, announce=form, status=422)
    told = form.cleaned_data
    who = PersonCandidate(
        name=told["name"], phone=told["phone"], place_id=area.place.pk, path=area.place.path
    )
    try:
        services.announce_arrival(
            who=who, from_place=told["from_place"], to_place=area.place, expected_at=told["expected_at"],
            by=request.actor, at=request.at,
        )  # fmt: skip
    except LianfangError as error:
        form.add_error(None, f"{error} {error.hint}")
        return _index(request, area, announce=form, status=422)
    messages.success(request, gettext("Recorded."))
    return redirect(f"{reverse('web:charters')}?area={area.place.code}")


@page("charters/arrivals/<int:pk>", name="arrival", permission=P.CHARTER_EDIT, method="POST")
def meet(request: Any, pk: int) -> HttpResponse:
    """Say that an announced person came, or was looked for and did not."""
    row = Arrival.objects.select_related("person", "place").get_visible(request.actor, P.CHARTER_EDIT, pk=pk)
    form = MeetingForm(request.POST)
    if not form.is_valid():
        messages.error(request, gettext("Give the temperature in degrees, such as 36.5."))
        return redirect("web:charters")
    try:
        came = request.POST.get("act") != "missed"
        services.meet_arrival(arrival=row, came=came, **form.cleaned_data, by=request.actor, at=request.at)
    except LianfangError as error:
        messages.error(request, f"{error} {error.hint}")
    else:
        messages.success(request, gettext("Recorded."))
    return redirect(f"{reverse('web:charters')}?area={row.place.code}")
