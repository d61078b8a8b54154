"""Work begins again: firms by trade, permits where the grade asks for one, help, and people who are stranded."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.common.errors import LianfangError
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.matching import PersonCandidate
from lianfang.regions.models import RiskLevel
from lianfang.resumption import selectors, services
from lianfang.resumption.models import Firm, HelpRequest, Reopening, Stranded, Trade
from lianfang.resumption.services.firms import permit_at
from lianfang.web.area import chosen_area
from lianfang.web.door import page

P = Permission
_LIMIT = 200


class FirmForm(forms.Form):
    """A firm."""

    name = forms.CharField(label=_("Name"), max_length=160)
    trade = forms.ChoiceField(label=_("Trade"), choices=Trade.choices)
    n_workers = forms.IntegerField(label=_("Workers"), min_value=1)


class DeclareForm(forms.Form):
    """A firm declares that it reopens."""

    n_back = forms.IntegerField(label=_("Workers who are back"), min_value=0)


class HelpForm(forms.Form):
    """What a firm needs."""

    kind = forms.ChoiceField(label=_("What is needed"), choices=HelpRequest.Kind.choices)
    text = forms.CharField(label=_("Note"), required=False)


class StrandedForm(forms.Form):
    """A person who is stranded."""

    name = forms.CharField(label=_("Name"), max_length=80)
    phone = forms.CharField(label=_("Telephone"), required=False, max_length=30)
    need = forms.CharField(label=_("What is needed"))
    prefix = "stranded"


@page("resumption", name="resumption", permission=P.AREA_VIEW)
def index(request: Any) -> HttpResponse:
    """Show the firms of the area by trade, what waits for a decision or an answer, and who is stranded."""
    area = chosen_area(request, P.AREA_VIEW)
    return _index(request, area)


def _index(request: Any, area: Any, *, status: int = 200, **sent: Any) -> HttpResponse:
    actor = request.actor
    may_enter = area.place is not None and actor.may(P.FIRM_EDIT, area.path)
    may_people = area.place is not None and actor.may(P.CHARTER_EDIT, area.path)
    level, edition, needs = permit_at(area.path, request.at) if area.path else ("", "", False)
    context = {
        "area": area,
        "trades": selectors.by_trade(actor, area.path),
        "firms": selectors.firms(actor, area.path)[:_LIMIT],
        "waiting": selectors.reopenings_waiting(actor, area.path)[:_LIMIT],
        "help": selectors.help_open(actor, area.path)[:_LIMIT],
        "stranded": selectors.stranded_in(actor, area.path)[:_LIMIT] if actor.may(P.PERSON_VIEW) else None,
        "level": RiskLevel(level).label if level else "",
        "grade": level,
        "edition": edition,
        "needs_permit": needs,
        "may_decide": actor.may(P.MEASURE_DECIDE),
        "may_help": actor.may(P.FIRM_EDIT),
        "may_people": may_people,
        "form": (sent.get("form") or FirmForm()) if may_enter else None,
        "found": (sent.get("found") or StrandedForm()) if may_people else None,
    }
    return render(request, "resumption/index.html", context, status=status)


@page("resumption", name="resumption", permission=P.FIRM_EDIT, method="POST")
def enter(request: Any) -> HttpResponse:
    """Enter a firm of the area."""
    area = chosen_area(request, P.FIRM_EDIT)
    form = FirmForm(request.POST)
    if not form.is_valid() or area.place is None:
        return _index(request, area, form=form, status=422)
    row = services.enter_firm(place=area.place, **form.cleaned_data, by=request.actor, at=request.at)
    return redirect("web:firm", pk=row.pk)


@page("resumption/firms/<int:pk>", name="firm", permission=P.AREA_VIEW)
def firm(request: Any, pk: int) -> HttpResponse:
    """Show a firm: what it declared, what was decided, what it asked for and got."""
    row = Firm.objects.select_related("place").get_visible(request.actor, pk=pk)
    level, edition, needs = permit_at(row.path, request.at)
    may = request.actor.may(P.FIRM_EDIT, row.path)
    said = list(row.reopenings.select_related("decided_by").order_by("-pk"))
    context = {
        "firm": row,
        "said": said,
        "help": row.help_requests.select_related("answered_by").order_by("-pk"),
        "level": RiskLevel(level).label if level else "",
        "grade": level,
        "edition": edition,
        "needs_permit": needs,
        "declare": DeclareForm(initial={"n_back": row.n_workers})
        if may and (not said or said[0].is_open is False or said[0].closed_at)
        else None,
        "may_close": may and said and said[0].is_open is not False and not said[0].closed_at,
        "ask": HelpForm() if may else None,
    }
    return render(request, "resumption/firm.html", context)


@page("resumption/firms/<int:pk>", name="firm", permission=P.FIRM_EDIT, method="POST")
def tell(request: Any, pk: int) -> HttpResponse:
    """Declare that a firm reopens or closes again, or ask for help for it."""
    row = Firm.objects.select_related("place").get_visible(request.actor, P.FIRM_EDIT, pk=pk)
    who: dict[str, Any] = {"firm": row, "by": request.actor, "at": request.at}
    if request.POST.get("act") == "close":
        reason = request.POST.get("reason", "")
        return _done(
            request, services.close_firm, firm=row, reason=reason, to=reverse("web:firm", kwargs={"pk": pk})
        )
    is_help = request.POST.get("act") == "help"
    form: forms.Form = HelpForm(request.POST) if is_help else DeclareForm(request.POST)
    if not form.is_valid():
        messages.error(request, gettext("Fill in the marked fields."))
        return redirect("web:firm", pk=pk)
    try:
        if is_help:
            services.ask_help(**form.cleaned_data, **who)
        else:
            services.declare_reopening(**form.cleaned_data, **who)
    except LianfangError as error:
        messages.error(request, f"{error} {error.hint}")
    else:
        messages.success(request, gettext("Recorded."))
    return redirect("web:firm", pk=pk)


@page("resumption/permits/<int:pk>", name="permit", permission=P.MEASURE_DECIDE, method="POST")
def decide(request: Any, pk: int) -> HttpResponse:
    """Decide whether a firm may reopen."""
    row = Reopening.objects.get_visible(request.actor, P.MEASURE_DECIDE, pk=pk)
    is_open = request.POST.get("act") != "refuse"
    reason = request.POST.get("reason", "")
    return _done(request, services.decide_reopening, reopening=row, is_open=is_open, reason=reason)


@page("resumption/help/<int:pk>", name="firm_help", permission=P.FIRM_EDIT, method="POST")
def answer(request: Any, pk: int) -> HttpResponse:
    """Say what help was given."""
    row = HelpRequest.objects.get_visible(request.actor, P.FIRM_EDIT, pk=pk)
    return _done(request, services.answer_help, request=row, answer=request.POST.get("reason", ""))


@page("resumption/stranded", name="stranded", permission=P.CHARTER_EDIT, method="POST")
def found(request: Any) -> HttpResponse:
    """Report a person who is stranded in the area."""
    area = chosen_area(request, P.CHARTER_EDIT)
    form = StrandedForm(request.POST)
    if not form.is_valid() or area.place is None:
        return _index(request, area, found=form, status=422)
    told = form.cleaned_data
    who = PersonCandidate(
        name=told["name"], phone=told["phone"], place_id=area.place.pk, path=area.place.path
    )
    return _done(request, services.report_stranded, who=who, place=area.place, need=told["need"])


@page("resumption/stranded/<int:pk>", name="settle", permission=P.CHARTER_EDIT, method="POST")
def settle(request: Any, pk: int) -> HttpResponse:
    """Say how a stranded person was looked after."""
    row = Stranded.objects.get_visible(request.actor, P.CHARTER_EDIT, pk=pk)
    return _done(request, services.settle_stranded, stranded=row, how=request.POST.get("reason", ""))


def _done(request: Any, act: Any, /, to: str = "web:resumption", **told: Any) -> HttpResponse:
    try:
        act(**told, by=request.actor, at=request.at)
    except LianfangError as error:
        messages.error(request, f"{error} {error.hint}")
    else:
        messages.success(request, gettext("Recorded."))
    return redirect(to)
