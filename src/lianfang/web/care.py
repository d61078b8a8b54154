"""One patient's way: where they stand, how ill, what discharge still needs, what is owed, and the acts at the bedside."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.care import services
from lianfang.care.derive import explain_discharge, explain_recurrence
from lianfang.care.models import CareLevel, Departure, Journey, Pathway, Stage, Stay, VisitDue
from lianfang.care.selectors import open_request
from lianfang.cases.models import Case
from lianfang.cases.selectors import get_case
from lianfang.common.errors import LianfangError, NotPermitted
from lianfang.common.naming import listed
from lianfang.core.access.permissions import Permission
from lianfang.loop.desk import tasks_about
from lianfang.web.care_acts import FORMS, acts_open, perform
from lianfang.web.door import page
from lianfang.web.language import in_language
from lianfang.web.words import severity_words, words_of

P = Permission
REGIMES = {
    "": "–",
    "none": _("nothing"),
    "self_health_monitoring": _("self-monitoring of health"),
    "isolation_management": _("isolation"),
}


@page("cases/<str:number>/care", name="care", permission=P.CARE_VIEW)
def care(request: Any, number: str) -> HttpResponse:
    """Show a patient's way: where they stand, how ill, what discharge still needs, what is owed."""
    return _show(request, get_case(request.actor, number, P.CARE_VIEW))


def _show(request: Any, case: Case, *, form: Any = None, act: str = "", status: int = 200) -> HttpResponse:
    row = Pathway.objects.filter(case=case).first()
    asked = open_request(case)
    stays = list(
        Stay.objects.current().filter(case=case).select_related("bed__ward__unit").order_by("occurred_at")
    )
    found = explain_discharge(case, at=request.at)
    known = case.comorbidities.filter(superseded_at=None).order_by("-occurred_at").first()
    context = {
        "case": case,
        "row": row,
        "asked": asked,
        "steps": _steps(asked) if asked else [],
        "level": dict(CareLevel.choices)[asked.level] if asked else "",
        "severity": severity_words(row.severity) if row else "",
        "conditions": words_of(known.conditions) if known else "",
        "known": known,
        "criteria": [
            (in_language(item.text), item.met, [_evidence(one) for one in item.evidence])
            for item in found.findings
        ]
        if found
        else [],
        "edition": found.edition if found else None,
        "follows": (REGIMES[found.follow_on.regime], found.follow_on) if found else None,
        "stays": stays,
        "rounds": case.rounds.filter(superseded_at=None).order_by("-occurred_at")[:30],
        "treatments": case.treatments.filter(superseded_at=None).order_by("occurred_at"),
        "changes": [
            (_WHAT[change.what], _said(change.before), _said(change.after), change)
            for change in case.pathway_changes.order_by("pk")
        ],
        "tasks": _owed(case, stays),
        "acts": _acts(request, case, row, form, act),
        "may_edit": request.actor.may(P.CARE_EDIT, row.path if row else case.path),
        "act": act,
        **_after(request, case, row),
    }
    return render(request, "care/patient.html", context, status=status)


def _steps(asked: Any) -> list[tuple[Any, Any]]:
    """Return the steps of the way to a bed that have been made, and the next one without a moment."""
    made = {step.step: step for step in asked.journey.order_by("at")}
    return [(label, made.get(value)) for value, label in Journey.Step.choices]


def _evidence(one: Any) -> str:
    """Return one recorded fact in the reader's words, with its day."""
    said = " ".join(words_of(part) for part in str(one.value).split())
    return f"{said} ({one.on:%m-%d})" if one.on else said


def _owed(case: Case, stays: list[Stay]) -> list[Any]:
    subjects = [
        ("cases.Case", [case.pk]),
        ("care.Stay", [stay.pk for stay in stays]),
        ("care.BedRequest", list(case.bed_requests.values_list("pk", flat=True))),
        ("care.VisitDue", list(VisitDue.objects.filter(departure__case=case).values_list("pk", flat=True))),
        ("care.FollowUp", list(case.follow_ups.values_list("pk", flat=True))),
    ]
    return [t for t in tasks_about(subjects) if t.duty.startswith("care.") and t.status != "void"]


def _after(request: Any, case: Case, row: Pathway | None) -> dict[str, Any]:
    """Return what there is after the patient left: how, what follows, the visits owed and made, help given."""
    departures = list(case.departures.filter(superseded_at=None).order_by("occurred_at"))
    again = explain_recurrence(case, at=request.at) if row and row.positive_again_at else None
    return {
        "departures": [(one, REGIMES.get(one.regime, one.regime), _waived(one)) for one in departures],
        "follow_ups": case.follow_ups.filter(superseded_at=None).order_by("occurred_at"),
        "supports": case.supports.filter(superseded_at=None).order_by("occurred_at"),
        "again": again,
        "again_action": in_language(again.action) if again else "",
        "again_findings": [(in_language(item.text), item.met) for item in again.findings] if again else [],
    }


def _waived(departure: Departure) -> str:
    """Return which criteria were missing when the patient was discharged all the same."""
    return listed(
        str(_CRITERIA.get(one["item"], one["item"])) for one in departure.criteria if not one["met"]
    )


_CRITERIA: dict[str, Any] = {
    "temperature": _("temperature"),
    "respiratory_symptoms": _("respiratory symptoms"),
    "imaging": _("imaging"),
    "negatives": _("negative tests"),
    "symptom_free": _("no symptoms left"),
    "since": _("days since onset"),
}
_WHAT = {"stage": _("Stage"), "severity": _("Severity")}


def _said(value: str) -> Any:
    """Return the words for a stage or a severity."""
    return dict(Stage.choices).get(value) or severity_words(value) or "–"


def _acts(request: Any, case: Case, row: Pathway | None, form: Any, act: str) -> list[Any]:
    """Return the forms of the acts that the state of the patient and the rights of the reader leave open."""
    return [
        (name, FORMS[name][0], form if form is not None and name == act else FORMS[name][1](request, case))
        for name in acts_open(request, case, row)
    ]


@page("cases/<str:number>/care/<str:act>", name="care_act", permission=P.CARE_VIEW, method="POST")
def care_act(request: Any, number: str, act: str) -> HttpResponse:
    """Record an act on a patient; what follows is worked out at once."""
    case = get_case(request.actor, number, P.CARE_VIEW)
    if act not in FORMS:
        return redirect("web:care", number=number)
    form = FORMS[act][1](request, case, request.POST)
    if form.is_valid():
        try:
            perform(act, case, form.cleaned_data, request)
        except NotPermitted:
            raise
        except LianfangError as error:
            form.add_error(None, f"{error} {error.advice}")
        else:
            messages.success(request, gettext("Recorded. What follows from it has been worked out."))
            return redirect("web:care", number=number)
    return _show(request, case, form=form, act=act, status=422)


@page(
    "cases/<str:number>/care/entries/<str:kind>/<int:pk>/withdraw",
    name="withdraw_care_entry",
    permission=P.CARE_EDIT,
    method="POST",
)
def withdraw(request: Any, number: str, kind: str, pk: int) -> HttpResponse:
    """Withdraw a wrong entry with the reason; what rested on it is worked out again."""
    case = get_case(request.actor, number, P.CARE_VIEW)
    related = {
        "round": case.rounds,
        "stay": case.stays,
        "treatment": case.treatments,
        "follow_up": case.follow_ups,
        "support": case.supports,
        "departure": case.departures,
    }
    reason = request.POST.get("reason", "").strip()
    entry = related[kind].filter(pk=pk, superseded_at=None).first() if kind in related else None
    if entry is None or not reason:
        messages.error(request, gettext("Say why the entry is wrong; it stays on file with your reason."))
        return redirect("web:care", number=number)
    who = {"reason": reason, "by": request.actor, "at": request.at}
    if kind == "departure":
        services.withdraw_departure(departure=entry, **who)
    else:
        services.withdraw_entry(entry=entry, **who)
    messages.success(request, gettext("Withdrawn. What rested on it has been worked out again."))
    return redirect("web:care", number=number)
