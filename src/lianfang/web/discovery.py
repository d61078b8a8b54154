"""Who shared places with a case: ask with a purpose, look at the evidence, confirm or dismiss several at once."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.cases.selectors import get_case
from lianfang.common.clock import local_day
from lianfang.core.access.permissions import Permission
from lianfang.discovery.errors import NoWindow
from lianfang.discovery.models import PlaceWord
from lianfang.discovery.rules import search_rule, window_of
from lianfang.discovery.selectors import found_in, hit_rate, searches_of
from lianfang.discovery.services import judge_found, search_visits
from lianfang.loop.models import Decision
from lianfang.web.door import page


class PurposeForm(forms.Form):
    """What the search is for."""

    purpose = forms.CharField(
        label=_("Purpose"), max_length=200, help_text=_("Recorded with your name; required.")
    )


@page("discovery/<str:number>", name="discovery", permission=Permission.VISITS_SEARCH)
def discovery(request: Any, number: str) -> HttpResponse:
    """Show the window of a case, its searches, and whom the newest of them found."""
    return _show(request, number, PurposeForm())


def _show(request: Any, number: str, form: PurposeForm, status: int = 200) -> HttpResponse:
    case = get_case(request.actor, number, Permission.VISITS_SEARCH)
    searches = searches_of(request.actor, case)
    newest = searches[0] if searches else None
    window, problem = None, None
    try:
        window = window_of(case, at=request.at)
    except NoWindow as error:
        problem = error
    found: list[Any] = list(found_in(request.actor, newest)) if newest else []
    context = {
        "case": case,
        "form": form,
        "window": window,
        "problem": problem,
        "is_over": window is not None and request.at > window.drop_at,
        "rule": search_rule(local_day(request.at)).parameters,
        "search": newest,
        "searches": searches,
        "crowd": [_stay(one) for one in newest.crowd] if newest else [],
        "found": [(row, [_stay(stay) for stay in row.stays]) for row in found],
        "n_open": sum(row.decision is None for row in found),
        "may_judge": request.actor.may(Permission.FINDING_JUDGE, case.path),
        "rate": hit_rate(request.actor),
    }
    return render(request, "discovery/case.html", context, status=status)


def _stay(row: dict[str, Any]) -> dict[str, Any]:
    """Return a stay with its words and moments."""
    moments = {
        name: datetime.fromtimestamp(row[name], UTC) for name in ("start", "since", "until") if name in row
    }
    return row | moments | {"kind": PlaceWord(row["kind"]).label, "minutes": row.get("seconds", 0) // 60}


@page("discovery/<str:number>", name="discovery", permission=Permission.VISITS_SEARCH, method="POST")
def ask(request: Any, number: str) -> HttpResponse:
    """Search."""
    case = get_case(request.actor, number, Permission.VISITS_SEARCH)
    form = PurposeForm(request.POST)
    if not form.is_valid():
        return _show(request, number, form, status=422)
    row = search_visits(case=case, purpose=form.cleaned_data["purpose"], by=request.actor, at=request.at)
    messages.success(request, gettext("People put before you: %d") % row.n_proposed)
    return redirect("web:discovery", number=number)


@page(
    "discovery/<str:number>/judgements",
    name="judge_found",
    permission=Permission.FINDING_JUDGE,
    method="POST",
)
def judge(request: Any, number: str) -> HttpResponse:
    """Confirm or dismiss the chosen people."""
    case = get_case(request.actor, number, Permission.VISITS_SEARCH)
    chosen = {int(pk) for pk in request.POST.getlist("found") if pk.isdigit()}
    decision, reason = request.POST.get("decision", ""), request.POST.get("reason", "").strip()
    searches = searches_of(request.actor, case)
    rows = [row for row in found_in(request.actor, searches[0]) if row.pk in chosen] if searches else []
    if not rows or not reason or decision not in {Decision.CONFIRMED, Decision.DISMISSED}:
        messages.error(request, gettext("Choose people, and say why; both are recorded."))
        return redirect("web:discovery", number=number)
    n = judge_found(found=rows, decision=decision, reason=reason, by=request.actor, at=request.at)
    messages.success(request, gettext("Decisions recorded: %d") % n)
    return redirect("web:discovery", number=number)
