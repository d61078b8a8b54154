"""Advice asked of other hospitals, from afar or by a round of experts: asked, scheduled, answered."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.cases.models import Case
from lianfang.common.errors import LianfangError
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Unit
from lianfang.teams import services
from lianfang.teams.models import Consultation
from lianfang.teams.selectors import consultations
from lianfang.web.area import chosen_area
from lianfang.web.door import page
from lianfang.web.language import UnitField

P = Permission
_LIMIT = 200


class AskForm(forms.Form):
    """Asking for advice."""

    form = forms.ChoiceField(label=_("Form of advice"), choices=Consultation.Form.choices)
    to_unit = UnitField(label=_("Whom"), queryset=Unit.objects.none())
    case = forms.CharField(
        label=_("Number of the case, where it is about one"), required=False, max_length=40
    )
    question = forms.CharField(label=_("Question"), widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, request: Any, data: Any = None) -> None:
        super().__init__(data)
        self.actor = request.actor
        hospitals = Unit.objects.filter(kind="hospital", closed_at=None).exclude(pk=request.user.unit.pk)
        self.fields["to_unit"].queryset = hospitals.order_by("name")  # type: ignore[attr-defined]

    def clean_case(self) -> Case | None:
        """Return the case, where one is named that the reader may see."""
        number = self.cleaned_data["case"].strip()
        if not number:
            return None
        found: Case | None = Case.objects.visible_to(self.actor, P.CARE_VIEW).filter(number=number).first()
        if found is None:
            raise forms.ValidationError(gettext("There is no case of this number that you may see."))
        return found


class ScheduleForm(forms.Form):
    """When a consultation takes place."""

    scheduled_for = forms.DateTimeField(
        label=_("Takes place"), widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M")
    )


class AnswerForm(forms.Form):
    """What is advised."""

    answer = forms.CharField(label=_("Advice"), widget=forms.Textarea(attrs={"rows": 4}))


class ReopenForm(forms.Form):
    """Why an answer does not hold."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


FORMS: dict[str, tuple[Any, type[forms.Form], bool]] = {  # title, form, whether for those that are answered
    "schedule": (_("Set the time"), ScheduleForm, False),
    "answer": (_("Answer"), AnswerForm, False),
    "reopen": (_("Withdraw the answer"), ReopenForm, True),
}


@page("consultations", name="consultations", permission=P.CARE_VIEW)
def advice(request: Any) -> HttpResponse:
    """List the requests for advice of the area."""
    return _show(request, _ask_form(request))


def _show(request: Any, form: AskForm | None, status: int = 200) -> HttpResponse:
    area = chosen_area(request, P.CARE_VIEW)
    rows = consultations(request.actor, area.path)[:_LIMIT]
    context = {"area": area, "rows": [(row, _acts(request, row)) for row in rows], "form": form}
    return render(request, "teams/consultations.html", context, status=status)


def _acts(request: Any, row: Consultation) -> list[Any]:
    """Return the forms for those who answer: by whether it has been."""
    if not request.actor.may(P.CARE_EDIT, row.source_path):
        return []
    answered = row.answered_at is not None
    return [
        (name, title, form(auto_id=f"id_{row.pk}_%s"))
        for name, (title, form, is_after) in FORMS.items()
        if is_after == answered
    ]


def _ask_form(request: Any, data: Any = None) -> AskForm | None:
    unit = getattr(request.user, "unit", None)
    return AskForm(request, data) if unit is not None and request.actor.may(P.CARE_EDIT, unit.path) else None


@page("consultations", name="consultations", permission=P.CARE_EDIT, method="POST")
def ask(request: Any) -> HttpResponse:
    """Ask another hospital for advice."""
    form = _ask_form(request, request.POST)
    if form is None or not form.is_valid():
        return _show(request, form, status=422)
    services.ask_advice(from_unit=request.user.unit, **form.cleaned_data, by=request.actor, at=request.at)
    messages.success(request, gettext("Asked. An answer is owed within a day."))
    return redirect("web:consultations")


@page("consultations/<int:pk>/<str:act>", name="consultation", permission=P.CARE_EDIT, method="POST")
def act_on_consultation(request: Any, pk: int, act: str) -> HttpResponse:
    """Set when a consultation takes place, answer it, or withdraw an answer that was for another."""
    row = Consultation.objects.get_visible(request.actor, P.CARE_VIEW, pk=pk)
    form = FORMS[act][1](request.POST) if act in FORMS else None
    if form is None or not form.is_valid():
        messages.error(request, gettext("Something was missing: nothing has been recorded."))
        return redirect("web:consultations")
    do: Any = {
        "schedule": services.schedule_consultation,
        "answer": services.answer_consultation,
        "reopen": services.reopen_consultation,
    }[act]
    try:
        do(consultation=row, **form.cleaned_data, by=request.actor, at=request.at)
    except LianfangError as error:
        messages.error(request, f"{error} {error.advice}")
    else:
        messages.success(request, gettext("Recorded."))
    return redirect("web:consultations")
