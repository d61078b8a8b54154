"""The round of a field worker: who is to be seen today, the most at risk first, and one quick entry for each."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.common.clock import local_day
from lianfang.contacts import services
from lianfang.contacts.models import Seen
from lianfang.contacts.selectors import get_contact, round_of
from lianfang.core.access.permissions import Permission
from lianfang.web.area import chosen_area
from lianfang.web.contacts import signs_of
from lianfang.web.door import page


class Entry(forms.Form):
    """What a visit found, in one line."""

    temperature = forms.FloatField(label=_("Temperature, °C"), required=False, min_value=30, max_value=45)
    signs = forms.CharField(label=_("Signs"), required=False)
    seen = forms.ChoiceField(choices=Seen.choices)
    key = forms.CharField(max_length=40)


@page("round", name="round", permission=Permission.OBSERVATION_RECORD)
def visits(request: Any) -> HttpResponse:
    """List who is still to be seen today in the area."""
    area = chosen_area(request, Permission.OBSERVATION_RECORD)
    found = round_of(request.actor, path=area.path, on=local_day(request.at))
    rows = [(contact, uuid.uuid4().hex) for contact in found.contacts]
    context = {"area": area, "rows": rows, "n_shed": found.n_shed, "today": local_day(request.at)}
    return render(request, "contacts/round.html", context)


@page("round/<int:pk>", name="round_entry", permission=Permission.OBSERVATION_RECORD, method="POST")
def enter(request: Any, pk: int) -> HttpResponse:
    """Record one visit of the round; the same entry sent twice is one."""
    row = get_contact(request.actor, pk, Permission.OBSERVATION_RECORD)
    form = Entry(request.POST)
    if not form.is_valid():
        messages.error(request, gettext("Not recorded: the temperature is between 30 and 45 °C."))
        return redirect("web:round")
    values = form.cleaned_data
    services.record_observation(
        contact=row,
        seen=values["seen"],
        seen_at=request.at,
        temperature=values["temperature"],
        signs=signs_of(values["signs"]),
        key=f"round:{values['key']}",
        by=request.actor,
        at=request.at,
    )
    messages.success(request, gettext("Recorded: %(person)s.") % {"person": row.person.label})
    return redirect("web:round")
