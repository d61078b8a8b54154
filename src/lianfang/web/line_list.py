"""Acts on many cases of the line list at once: those that were ticked, or all that the list shows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from lianfang.cases import bulk
from lianfang.cases.models import Case, Outcome
from lianfang.cases.selectors import CaseFilter, matching_cases
from lianfang.common.clock import local_day, start_of
from lianfang.common.errors import Refused
from lianfang.common.naming import listed
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Place
from lianfang.web.door import csv_answer, page

P = Permission
# An act on more than so many is an import or a job for the command line.
_MOST = 2000
_MOST_EXPORTED = 100_000


def filter_of(query: QueryDict, path: str) -> CaseFilter:
    """Return how the address narrows the list of cases."""
    return CaseFilter(
        path=path,
        disease=query.get("disease", ""),
        classification=query.get("classification", ""),
        outcome=query.get("outcome", ""),
        number=query.get("number", "").strip(),
        uninvestigated=query.get("uninvestigated") == "1",
        confirmed_since=_start(query.get("confirmed_from", "")),
        confirmed_until=_start(query.get("confirmed_before", "")),
    )


def _start(text: str) -> datetime | None:
    """Return the first moment of a day such as 2020-02-12, or None."""
    try:
        return start_of(date.fromisoformat(text))
    except ValueError:
        return None


class ReviewForm(forms.Form):
    """The county looked at the reports."""

    note = forms.CharField(label=_("Note"), required=False)


class OutcomesForm(forms.Form):
    """How the episodes ended."""

    kind = forms.ChoiceField(label=_("Outcome"), choices=Outcome.Kind.choices)
    on = forms.DateField(label=_("On"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))


class MoveForm(forms.Form):
    """Another area answers from now on."""

    place = forms.CharField(label=_("Code of the area"), max_length=24)
    reason = forms.CharField(label=_("Reason"))

    def clean_place(self) -> Place:
        place: Place | None = Place.objects.filter(code=self.cleaned_data["place"].strip()).first()
        if place is None:
            raise forms.ValidationError(gettext("No place has this code; see the list of places."))
        return place


@dataclass(frozen=True)
class ManyAct:
    """One act on many: its title, form, permission, and what does it."""

    title: Any
    form: type[forms.Form]
    permission: Permission
    do: Callable[..., int]


def _review(**said: Any) -> int:
    return bulk.review_reports(complete=True, **said)


ACTS: dict[str, ManyAct] = {
    "review": ManyAct(_("Mark the reports as reviewed"), ReviewForm, P.CASE_INVESTIGATE, _review),
    "outcome": ManyAct(_("Record an outcome"), OutcomesForm, P.CASE_EDIT, bulk.record_outcomes),
    "move": ManyAct(_("Give to another area"), MoveForm, P.CASE_EDIT, bulk.move_cases),
}


def many_acts(request: Any) -> list[tuple[str, Any, forms.Form]]:
    """Return (code, title, form) of what the reader may do to many cases."""
    today = {"on": local_day(request.at).isoformat()}
    return [
        (code, act.title, act.form(prefix=code, initial=today))
        for code, act in ACTS.items()
        if request.actor.may(act.permission)
    ]


def _chosen(request: Any, most: int) -> QuerySet[Case]:
    """Return the cases meant: the ticked ones, or all of the list as it was narrowed; never none and never too many."""
    query = QueryDict(request.POST.get("query", ""))
    place = Place.objects.filter(code=query.get("area", "")).first()
    if request.POST.get("scope") == "all":
        rows = matching_cases(request.actor, filter_of(query, place.path if place else ""))
    else:
        rows = matching_cases(request.actor, CaseFilter(), numbers=request.POST.getlist("case"))
    n = rows.order_by().count()
    if not n:
        raise Refused(reason=gettext("tick at least one case, or choose the whole list"))
    if n > most:
        raise Refused(reason=gettext("narrow the list to %d cases or fewer") % most)
    return rows


def _back(request: Any) -> HttpResponse:
    return redirect(f"{reverse('web:cases')}?{request.POST.get('query', '')}")


@page("line-list/acts", name="line_list_act", permission=P.CASE_EDIT, method="POST")
def act(request: Any) -> HttpResponse:
    """Do one act on many cases; the service asks for the act's own permission in every area concerned."""
    code = request.POST.get("act", "")
    if code not in ACTS:
        return _back(request)
    form = ACTS[code].form(request.POST, prefix=code)
    if not form.is_valid():
        wrong = [
            f"{form.fields[name].label}: {' '.join(map(str, said))}" for name, said in form.errors.items()
        ]
        raise Refused(reason=listed(wrong, ";"))
    n = ACTS[code].do(
        cases=list(_chosen(request, _MOST)), by=request.actor, at=request.at, **form.cleaned_data
    )
    messages.success(request, ngettext("Recorded for %d case.", "Recorded for %d cases.", n) % n)
    return _back(request)


@page("line-list/export", name="line_list_export", permission=P.EXPORT_RUN, method="POST")
def export(request: Any) -> HttpResponseBase:
    """Give out the ticked cases, or the whole list as narrowed, as a file that imports unchanged."""
    parts = bulk.export_chosen(
        cases=_chosen(request, _MOST_EXPORTED),
        purpose=request.POST.get("purpose", ""),
        by=request.actor,
        at=request.at,
    )
    return csv_answer(parts, f"line-list-{local_day(request.at).isoformat()}")
