"""Readings at gates, rounds and clinics that ask for a look."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.cases.models import Screening
from lianfang.cases.services import conclude_screening
from lianfang.core.access.permissions import Permission
from lianfang.core.rules import site_rules
from lianfang.loop.desk import tasks_about
from lianfang.web.door import page
from lianfang.web.language import in_language


class Conclusion(forms.Form):
    """What the look showed."""

    conclusion = forms.ChoiceField(
        label=_("The person is"),
        choices=[
            ("well", _("well")),
            ("other_illness", _("ill with something else")),
            ("suspected", _("a suspected case")),
        ],
        widget=forms.RadioSelect,
    )
    disease = forms.ChoiceField(label=_("Disease, if suspected"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(code, in_language(name)) for code, name in site_rules().diseases().items()]
        self.fields["disease"].choices = choices  # type: ignore[attr-defined]


def _get(request: Any, pk: int) -> Any:
    rows = Screening.objects.select_related("person", "place", "unit", "case")
    return rows.get_visible(request.actor, Permission.TASK_VIEW, pk=pk)


@page("screenings/<int:pk>", name="screening", permission=Permission.TASK_VIEW)
def screening(request: Any, pk: int) -> HttpResponse:
    """Show a reading and what became of it."""
    return _show(request, _get(request, pk), Conclusion())


def _show(request: Any, row: Any, form: Conclusion, status: int = 200) -> HttpResponse:
    may_conclude = row.looked_at is None and request.actor.may(Permission.TASK_DO, row.path)
    context = {
        "screening": row,
        "form": form if may_conclude else None,
        "tasks": tasks_about([("cases.Screening", [row.pk])]),
    }
    return render(request, "cases/screening.html", context, status=status)


@page("screenings/<int:pk>", name="screening", permission=Permission.TASK_DO, method="POST")
def conclude(request: Any, pk: int) -> HttpResponse:
    """Record what the look showed."""
    row = _get(request, pk)
    form = Conclusion(request.POST)
    if not form.is_valid():
        return _show(request, row, form, status=422)
    conclude_screening(
        screening=row, looked_at=request.at, by=request.actor, at=request.at, **form.cleaned_data
    )
    messages.success(request, gettext("Recorded. What follows from it has been worked out."))
    return redirect("web:screening", pk=pk)
