"""Cases: the list, one case with everything known of it and everything owed, and the acts on it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.cases import services
from lianfang.cases.derive import AS_REPORTED, DISMISSED, POSITIVE_ONLY, REPORTED_AND_PROVED, RULED, explain
from lianfang.cases.facts import known_of
from lianfang.cases.models import Case, Classification, Finding, Outcome, Sample
from lianfang.cases.selectors import get_case, list_cases
from lianfang.common.clock import local_day, site_zone
from lianfang.common.naming import listed
from lianfang.contacts.selectors import contacts_of_case
from lianfang.core.access.permissions import Permission
from lianfang.core.rules import site_rules
from lianfang.loop.desk import tasks_about
from lianfang.web.area import Area, chosen_area
from lianfang.web.door import page
from lianfang.web.language import in_language
from lianfang.web.line_list import filter_of, many_acts
from lianfang.web.saved import kept_views
from lianfang.web.timeline import clocks, timeline
from lianfang.web.words import disease_name, words_of

_PAGE = 50
# Classes that are counted together on the start page.
_GROUPS = [
    ("confirmed,asymptomatic", _("confirmed or asymptomatic")),
    ("suspected,probable", _("suspected or probable")),
]


@page("cases", name="cases", permission=Permission.CASE_VIEW)
def cases(request: Any) -> HttpResponse:
    """List the cases of the area, newest report first."""
    area = chosen_area(request, Permission.CASE_VIEW)
    query = request.GET
    wanted = filter_of(query, area.path)
    left, _dot, right = query.get("after", "").partition(".")
    after = (int(left), int(right)) if left.isdigit() and right.isdigit() else None
    rows = list_cases(request.actor, wanted, after=after, limit=_PAGE + 1)
    more, rows = len(rows) > _PAGE, rows[:_PAGE]
    context = {
        "area": area,
        "wanted": wanted,
        "cases": rows,
        "diseases": _disease_names(),
        "classifications": [*Classification.choices, *_GROUPS],
        "confirmed_from": query.get("confirmed_from", ""),
        "confirmed_before": query.get("confirmed_before", ""),
        "after": f"{int(rows[-1].reported_at.timestamp())}.{rows[-1].pk}" if more else "",
        "outcomes": Outcome.Kind.choices,
        "may_open": request.actor.may(Permission.CASE_EDIT),
        "may_export": request.actor.may(Permission.EXPORT_RUN),
        "many": many_acts(request),
        "query": _query(request, area),
        **kept_views(request, "cases"),
    }
    return render(request, "cases/list.html", context)


def _query(request: Any, area: Area) -> str:
    """Return the address's query with the area named: what an act on the whole list is about."""
    query = request.GET.copy()
    query.pop("after", None)
    query["area"] = area.place.code if area.place else ""
    return str(query.urlencode())


def _disease_names() -> list[tuple[str, str]]:
    return [(code, disease_name(code)) for code in site_rules().diseases()]


@page("cases/<str:number>", name="case", permission=Permission.CASE_VIEW)
def case(request: Any, number: str) -> HttpResponse:
    """Show one case: what it is and why, what is known, what is owed, who its contacts are."""
    return _show(request, get_case(request.actor, number))


def _show(
    request: Any, row: Case, *, form: forms.Form | None = None, act: str = "", status: int = 200
) -> HttpResponse:
    known = known_of([row.pk])[row.pk]
    may_contacts = request.actor.may(Permission.CONTACT_VIEW)
    contacts = contacts_of_case(request.actor, row) if may_contacts else []
    samples = list(
        Sample.objects.current().filter(case=row).prefetch_related("results").order_by("occurred_at")
    )
    subjects = [
        ("cases.Case", [row.pk]),
        ("cases.Report", [r.pk for r in known.reports]),
        ("cases.Sample", [sample.pk for sample in samples]),
    ]
    tasks = tasks_about(subjects)
    context = {
        "case": row,
        "disease": disease_name(row.disease),
        "known": known,
        "signs": [(words_of(sign.code), sign) for sign in known.signs],
        "samples": samples,
        "why": _why(row, request.at),
        "changes": row.status_changes.select_related("by").order_by("pk"),
        "clocks": clocks(tasks, request.at),
        "timeline": timeline(row, known, samples=samples, tasks=tasks, contacts=contacts, at=request.at),
        "contacts": contacts,
        "may_contacts": may_contacts,
        "may_list": request.actor.may(Permission.CONTACT_EDIT, row.path),
        "acts": _allowed_acts(request, row, form, act),
        "may_signals": request.actor.may(Permission.SIGNAL_VIEW),
        "may_discover": request.actor.may(Permission.VISITS_SEARCH, row.path),
        "may_care": request.actor.may(Permission.CARE_VIEW),
        "act": act,
    }
    return render(request, "cases/case.html", context, status=status)


def _why(row: Case, at: datetime) -> dict[str, Any]:
    """Return the criterion that decided, what met it and what is missing, in the reader's language."""
    beyond = {
        AS_REPORTED: gettext("As the report says; the facts on file do not bear it out yet."),
        REPORTED_AND_PROVED: gettext("Reported as suspected, and proved by a positive result."),
        POSITIVE_ONLY: gettext("A positive result, and nothing else on file: record signs and exposures."),
        DISMISSED: gettext("A person dismissed the finding; see the history."),
        RULED: gettext("Decided by a person; see the history."),
    }
    found = explain(row, at=at)
    if found is None:
        return {
            "sentence": beyond.get(
                row.criterion, gettext("No disease pack of this site defines the disease.")
            )
        }
    return {
        "sentence": beyond.get(row.criterion) or in_language(found.criterion),
        "edition": found.edition,
        "edition_title": in_language(found.edition.title),
        "met": [in_language(item.text) for item in found.met],
        "missing": [in_language(item.text) for item in found.missing],
    }


# ---- acts: one form each, shown on the case page, posted to /cases/NUMBER/ACT


def _words(group: Any) -> list[tuple[str, str]]:
    return [(code, in_language(text)) for code, text in site_rules().vocabulary[group].items()]


class Signs(forms.Form):
    """Signs at an examination, and the onset."""

    onset_on = forms.DateField(
        label=_("Onset"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    temperature = forms.FloatField(label=_("Temperature, °C"), required=False, min_value=30, max_value=45)
    present = forms.MultipleChoiceField(
        label=_("Present"), required=False, widget=forms.CheckboxSelectMultiple
    )
    absent = forms.MultipleChoiceField(
        label=_("Asked, absent"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        book = site_rules()
        words = book.pack(case.disease).vocabulary("signs") if case.disease in book.diseases() else {}
        choices = [(code, in_language(text)) for code, text in words.items()]
        self.fields["present"].choices = choices  # type: ignore[attr-defined]
        self.fields["absent"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        both = set(values.get("present", [])) & set(values.get("absent", []))
        if both:
            raise forms.ValidationError(
                gettext("A sign cannot be present and absent: %s") % listed(sorted(both))
            )
        return values


class SampleForm(forms.Form):
    """A specimen that was taken."""

    number = forms.CharField(label=_("Number on the tube"), max_length=80)
    specimen = forms.ChoiceField(label=_("Specimen"))
    taken_at = forms.DateTimeField(
        label=_("Taken"), widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M")
    )
    received_at = forms.DateTimeField(
        label=_("Received by the laboratory"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["specimen"].choices = _words("specimens")  # type: ignore[attr-defined]


class ResultForm(forms.Form):
    """A laboratory result on one of the samples."""

    sample = forms.ChoiceField(label=_("Sample"))
    kind = forms.ChoiceField(label=_("Test"))
    finding = forms.ChoiceField(label=_("Result"), choices=Finding.choices)
    resulted_at = forms.DateTimeField(
        label=_("Result known"), widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M")
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Sample.objects.current().filter(case=case).order_by("occurred_at")
        self.fields["sample"].choices = [(row.pk, row.number) for row in rows]  # type: ignore[attr-defined]
        self.fields["kind"].choices = _words("tests")  # type: ignore[attr-defined]


class InvestigationForm(forms.Form):
    """What was asked in the investigation; complete when all four were."""

    completed_at = forms.DateTimeField(
        label=_("Completed"), widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M")
    )
    onset_asked = forms.BooleanField(label=_("Onset and course asked"), required=False)
    exposures_asked = forms.BooleanField(label=_("Exposures of the 14 days before asked"), required=False)
    places_asked = forms.BooleanField(label=_("Places visited asked"), required=False)
    contacts_asked = forms.BooleanField(label=_("Contacts asked"), required=False)
    n_contacts_named = forms.IntegerField(label=_("Contacts named"), min_value=0, initial=0)
    summary = forms.CharField(label=_("Summary"), required=False, widget=forms.Textarea({"rows": 3}))


class OutcomeForm(forms.Form):
    """How the episode ended."""

    kind = forms.ChoiceField(label=_("Outcome"), choices=Outcome.Kind.choices)
    on = forms.DateField(label=_("On"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))


class RulingForm(forms.Form):
    """What an answerable person decides the case is."""

    classification = forms.ChoiceField(label=_("It is"), choices=Classification.choices)
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea({"rows": 2}))


def _do_signs(form: Any, row: Case, request: Any) -> None:
    values = form.cleaned_data
    signs: dict[str, bool | float | None] = dict.fromkeys(values["present"], True)
    signs.update(dict.fromkeys(values["absent"], False))
    if values["temperature"] is not None:
        signs["temperature"] = values["temperature"]
    services.record_signs(
        case=row,
        signs=signs,
        seen_at=request.at,
        onset_on=values["onset_on"],
        by=request.actor,
        at=request.at,
    )


def _do_sample(form: Any, row: Case, request: Any) -> None:
    services.record_sample(case=row, **form.cleaned_data, by=request.actor, at=request.at)


def _do_result(form: Any, row: Case, request: Any) -> None:
    values = dict(form.cleaned_data)
    sample = Sample.objects.current().get(pk=values.pop("sample"), case=row)
    services.record_result(sample=sample, **values, by=request.actor, at=request.at)


def _do_investigation(form: Any, row: Case, request: Any) -> None:
    services.complete_investigation(case=row, **form.cleaned_data, by=request.actor, at=request.at)


def _do_outcome(form: Any, row: Case, request: Any) -> None:
    services.record_outcome(case=row, **form.cleaned_data, by=request.actor, at=request.at)


def _do_ruling(form: Any, row: Case, request: Any) -> None:
    services.rule_on_case(case=row, **form.cleaned_data, by=request.actor, at=request.at)


Do = Callable[[Any, Case, Any], None]
P = Permission
# act -> (title, form, needs the case, permission, what it does)
_ACTS: dict[str, tuple[Any, type[forms.Form], bool, Permission, Do]] = {
    "investigation": (_("Investigation"), InvestigationForm, False, P.CASE_INVESTIGATE, _do_investigation),
    "signs": (_("Signs and onset"), Signs, True, P.CASE_EDIT, _do_signs),
    "sample": (_("Sample"), SampleForm, False, P.RESULT_RECORD, _do_sample),
    "result": (_("Laboratory result"), ResultForm, True, P.RESULT_RECORD, _do_result),
    "outcome": (_("Outcome"), OutcomeForm, False, P.CASE_EDIT, _do_outcome),
    "ruling": (_("Decide what it is"), RulingForm, False, P.FINDING_JUDGE, _do_ruling),
}


def _form(act: str, row: Case, data: Any = None, now: datetime | None = None) -> forms.Form:
    _title, form, needs_case, _permission, _do = _ACTS[act]
    extra: dict[str, Any] = {"case": row} if needs_case else {}
    initial: dict[str, Any] = {}
    if now is not None:
        local = now.astimezone(site_zone()).strftime("%Y-%m-%dT%H:%M")
        initial = {
            "taken_at": local,
            "resulted_at": local,
            "completed_at": local,
            "on": local_day(now).isoformat(),
        }
    return form(data, initial=initial, prefix=act, **extra)


def _allowed_acts(
    request: Any, row: Case, bound: forms.Form | None, bound_act: str
) -> list[tuple[str, Any, forms.Form]]:
    allowed = [act for act, spec in _ACTS.items() if request.actor.may(spec[3], row.path)]
    return [
        (act, _ACTS[act][0], bound if act == bound_act and bound else _form(act, row, now=request.at))
        for act in allowed
    ]


@page("cases/<str:number>/<str:act>", name="case_act", permission=Permission.CASE_VIEW, method="POST")
def act_on_case(request: Any, number: str, act: str) -> HttpResponse:
    """Do one of the acts; the service asks for the act's own permission in the case's area."""
    row = get_case(request.actor, number)
    if act not in _ACTS:
        return redirect("web:case", number=number)
    form = _form(act, row, request.POST)
    if not form.is_valid():
        return _show(request, row, form=form, act=act, status=422)
    _ACTS[act][4](form, row, request)
    messages.success(request, gettext("Recorded. What follows from it has been worked out."))
    return redirect("web:case", number=number)


@page(
    "cases/<str:number>/facts/<str:kind>/<int:pk>/withdraw",
    name="withdraw_fact",
    permission=Permission.CASE_EDIT,
    method="POST",
)
def withdraw(request: Any, number: str, kind: str, pk: int) -> HttpResponse:
    """Withdraw a wrong result, sign or report with a reason."""
    row = get_case(request.actor, number)
    reason = request.POST.get("reason", "").strip()
    related = {
        "result": row.results,
        "sign": row.signs,
        "report": row.reports,
        "investigation": row.investigations,
    }
    fact = related[kind].filter(pk=pk).first() if kind in related else None
    if fact is None or not reason:
        messages.error(request, gettext("Say why the entry is wrong; it stays on file with your reason."))
        return redirect("web:case", number=number)
    services.withdraw_fact(fact=fact, reason=reason, by=request.actor, at=request.at)
    messages.success(request, gettext("Withdrawn. What rested on it has been worked out again."))
    return redirect("web:case", number=number)
