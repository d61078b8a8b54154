"""The page of a self-report link: no account, nothing about the person, one form, in the language of the telephone."""

import uuid
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from lianfang.common.errors import LianfangError
from lianfang.contacts.self_links import open_self_link
from lianfang.contacts.services import report_self
from lianfang.core.access.actor import Actor

_SIGNS = [
    ("fever", _("fever")),
    ("cough", _("cough")),
    ("sore_throat", _("sore throat")),
    ("shortness_of_breath", _("short of breath")),
    ("fatigue", _("very tired")),
    ("diarrhoea", _("diarrhoea")),
]


class SelfReportForm(forms.Form):
    """Temperature and signs."""

    temperature = forms.FloatField(
        label=_("Temperature, °C"),
        min_value=30,
        max_value=45,
        widget=forms.NumberInput({"step": "0.1", "inputmode": "decimal"}),
    )
    signs = forms.MultipleChoiceField(
        label=_("What do you feel?"),
        choices=_SIGNS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    key = forms.CharField(widget=forms.HiddenInput, max_length=40)


@never_cache
@require_http_methods(["GET", "POST"])
def self_report(request: Any, token: str) -> HttpResponse:
    """Show the form, and take what is sent."""
    try:
        open_self_link(token, at=request.at)
        form = SelfReportForm(request.POST or None, initial={"key": uuid.uuid4().hex})
        if request.method != "POST" or not form.is_valid():
            return _page(request, {"form": form}, 422 if request.method == "POST" else 200)
        report_self(token=token, **form.cleaned_data, by=Actor.system("self-report"), at=request.at)
    except LianfangError as error:
        return _page(request, {"error": error}, error.status)
    return _page(request, {"is_ill": bool(form.cleaned_data["signs"])}, 200)


def _page(request: HttpRequest, context: dict[str, Any], status: int) -> HttpResponse:
    answer = render(request, "contacts/self_report.html", context, status=status)
    # The address is the key: it goes to no other site. To this one it does, or the form could not be told from a forged one.
    answer["Referrer-Policy"] = "same-origin"
    answer["X-Robots-Tag"] = "noindex"
    return answer
