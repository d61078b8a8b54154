"""Beds and patients: the board of an area, a ward, proposals, and one patient's way."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.care import services
from lianfang.care.derive import explain_discharge
from lianfang.care.models import Aid, Bed, BedKind, CareLevel, Pathway, Respiratory, Stage, Stay, Upkeep, Ward
from lianfang.care.selectors import (
    bed_board,
    beds_of,
    beds_to_lie_in,
    n_unasked,
    open_request,
    stage_counts,
    waiting_list,
    wards,
)
from lianfang.cases.models import Case
from lianfang.cases.selectors import get_case
from lianfang.common.errors import LianfangError
from lianfang.core.access.permissions import Permission
from lianfang.core.rules import site_rules
from lianfang.loop.desk import tasks_about
from lianfang.optimise import Reason
from lianfang.outlook.selectors import bed_outlook
from lianfang.planning.models import Line, Proposal
from lianfang.planning.services import accept_lines, propose_beds, refuse_line
from lianfang.web.area import chosen_area
from lianfang.web.door import page
from lianfang.web.language import in_language

P = Permission
_LIMIT = 200
SEVERITIES = {
    "mild": _("mild"),
    "ordinary": _("ordinary"),
    "severe": _("severe"),
    "critical": _("critical"),
}
REASONS = {
    Reason.NEAREST: _("the nearest bed that suits"),
    Reason.NEARER_FULL: _("nearer beds go to others, so that everybody here finds a place"),
    Reason.NO_SUCH_BED: _("no ward here takes such a patient"),
    Reason.NONE_FREE: _("wards that suit exist; none has a free bed"),
    Reason.OUT_OF_REACH: _("beds that suit are out of reach"),
    Reason.BEDS_TAKEN: _("every bed that suits goes to somebody before them"),
    Reason.LIMIT: _("transport or staff are used up"),
}
WAYS = {
    "learnt": _("learnt from what growth was followed by in all areas"),
    "slope": _("last week's slope, damped"),
}


@page("beds", name="beds", permission=P.BED_VIEW)
def beds(request: Any) -> HttpResponse:
    """Show the beds of the area by kind and level, who waits, and the wards."""
    area = chosen_area(request, P.BED_VIEW)
    counts = bed_board(request.actor, at=request.at, path=area.path)
    kinds, levels = dict(BedKind.choices), dict(CareLevel.choices)
    asking = waiting_list(request.actor, path=area.path)
    stages = stage_counts(request.actor, path=area.path) if request.actor.may(P.CARE_VIEW) else {}
    context = {
        "area": area,
        "board": [(kinds[c.kind], levels.get(c.level, "") if c.level is not None else "", c) for c in counts],
        "totals": {
            name: sum(getattr(c, name) for c in counts) for name in ("usable", "occupied", "kept", "free")
        },
        "waiting": [(row, levels[row.level]) for row in asking[:_LIMIT]],
        "n_waiting": asking.count(),
        "n_unasked": n_unasked(request.actor, area.path) if stages else 0,
        "wards": [
            (ward, levels[ward.level], _state(ward, request.at))
            for ward in wards(request.actor, area.path)[:_LIMIT]
        ],
        "stages": [(label, stages.get(value, 0)) for value, label in Stage.choices],
        "may_assign": request.actor.may(P.BED_ASSIGN),
        "proposals": Proposal.objects.visible_in(request.actor, area.path).order_by("-at", "-pk")[:5],
        **_ahead(request.actor, area.path),
    }
    return render(request, "care/beds.html", context)


def _ahead(actor: Any, path: str) -> dict[str, Any]:
    """Return the outlook of the coming two weeks, as it was last worked out."""
    run, rows = bed_outlook(actor, path)
    kinds, levels = dict(BedKind.choices), dict(CareLevel.choices)
    shown = [
        {
            "kind": kinds[row.kind],
            "level": levels.get(row.level, "") if row.level is not None else "",
            "row": row,
            "way": WAYS[row.way],
            "spare": row.spare_percent(7),
        }
        for row in rows
        if row.now or (row.capacity and row.capacity[0])
    ]
    return {"outlook": run, "ahead": shown}


def _state(ward: Ward, at: Any) -> dict[str, int]:
    rows = beds_of(ward, at)
    occupied = sum(row.is_occupied for row in rows)
    kept = sum(row.is_kept and not row.is_occupied for row in rows)
    return {"usable": len(rows), "occupied": occupied, "kept": kept, "free": len(rows) - occupied - kept}


@page("wards/<int:pk>", name="ward", permission=P.BED_VIEW)
def ward(request: Any, pk: int) -> HttpResponse:
    """Show the beds of a ward: free, occupied, cleaned, kept for somebody."""
    row = Ward.objects.select_related("unit", "place").get_visible(request.actor, pk=pk)
    may_see = request.actor.may(P.CARE_VIEW, row.path)
    lying = {
        stay.bed_id: stay
        for stay in Stay.objects.current().at(request.at).filter(bed__ward=row).select_related("case__person")
    }
    why = dict(Upkeep.Why.choices)
    rows = [
        (bed, lying.get(bed.pk) if may_see else None, why.get(bed.why)) for bed in beds_of(row, request.at)
    ]
    context = {
        "ward": row,
        "level": dict(CareLevel.choices)[row.level],
        "beds": rows,
        "may_edit": request.actor.may(P.BED_EDIT, row.path),
    }
    return render(request, "care/ward.html", context)


@page("wards/<int:pk>/clean/<int:bed>", name="clean_bed", permission=P.BED_EDIT, method="POST")
def clean_bed(request: Any, pk: int, bed: int) -> HttpResponse:
    """Give a bed back that was cleaned or repaired."""
    row = Ward.objects.get_visible(request.actor, P.BED_EDIT, pk=pk)
    found = Bed.objects.filter(ward=row, pk=bed).first()
    if found is not None and services.end_upkeep(bed=found, by=request.actor, at=request.at):
        messages.success(request, gettext("The bed can be given again."))
    return redirect("web:ward", pk=pk)


@page("beds/propose", name="propose_beds", permission=P.BED_ASSIGN, method="POST")
def propose(request: Any) -> HttpResponse:
    """Propose a bed for everybody who waits in the area; nothing is given yet."""
    area = chosen_area(request, P.BED_ASSIGN)
    if area.place is None:
        return redirect("web:beds")
    said = request.POST.get("at_most", "")
    at_most = int(said) if said.isdigit() else None
    made = propose_beds(place=area.place, by=request.actor, at=request.at, at_most=at_most)
    return redirect("web:proposal", pk=made.pk)


@page("proposals/<int:pk>", name="proposal", permission=P.BED_VIEW)
def proposal(request: Any, pk: int) -> HttpResponse:
    """Show a proposal: each line with its reason and what was decided."""
    row = Proposal.objects.select_related("place", "by").get_visible(request.actor, pk=pk)
    lines = row.lines.select_related(
        "request__case", "request__place", "ward__unit", "decided_ward", "decided_by"
    )
    levels = dict(CareLevel.choices)
    context = {
        "proposal": row,
        "lines": [(line, levels[line.request.level], REASONS[Reason(line.reason)]) for line in lines[:500]],
        "n_open": sum(1 for line in lines if line.ward_id and not line.decision),
        "may_assign": request.actor.may(P.BED_ASSIGN, row.path),
    }
    return render(request, "care/proposal.html", context)


@page("proposals/<int:pk>", name="proposal", permission=P.BED_ASSIGN, method="POST")
def decide(request: Any, pk: int) -> HttpResponse:
    """Accept the ticked lines, or refuse them with a reason."""
    row = Proposal.objects.get_visible(request.actor, P.BED_ASSIGN, pk=pk)
    chosen = [int(value) for value in request.POST.getlist("line") if value.isdigit()]
    lines = list(
        Line.objects.filter(proposal=row, pk__in=chosen, decision="").select_related(
            "request__case__person", "ward", "proposal"
        )
    )
    reason = request.POST.get("reason", "").strip()
    if request.POST.get("act") == "refuse":
        if not reason:
            messages.error(request, gettext("Say why these lines are refused."))
            return redirect("web:proposal", pk=pk)
        for line in lines:
            refuse_line(line=line, reason=reason, by=request.actor, at=request.at)
        messages.success(request, gettext("{n} lines refused.").format(n=len(lines)))
    else:
        counts = accept_lines(lines=lines, by=request.actor, at=request.at)
        said = gettext("{accepted} beds given; {overtaken} lines were overtaken by what happened since.")
        messages.success(request, said.format(**counts))
    return redirect("web:proposal", pk=pk)


class RequestForm(forms.Form):
    """Asking for a bed."""

    level = forms.TypedChoiceField(label=_("Care needed"), choices=CareLevel.choices, coerce=int)
    note = forms.CharField(label=_("Note"), required=False)


class BedField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """A bed by hospital, ward and label; the one kept for the patient is named so."""

    def label_from_instance(self, obj: Any) -> str:
        name = f"{obj.ward.unit.name} · {obj.ward.name} {obj.label}"
        return f"{name} ({gettext('kept for this patient')})" if obj.is_for_request else name


class LayForm(forms.Form):
    """Laying a patient in a bed."""

    bed = BedField(label=_("Bed"), queryset=Bed.objects.none(), empty_label=None)


class RoundForm(forms.Form):
    """What was seen on the round."""

    temperature = forms.FloatField(label=_("Temperature, °C"), required=False, min_value=30, max_value=45)
    respiratory_rate = forms.FloatField(
        label=_("Breaths a minute"), required=False, min_value=0, max_value=120
    )
    spo2 = forms.FloatField(
        label=_("Oxygen saturation at rest, %"), required=False, min_value=0, max_value=100
    )
    pao2_fio2 = forms.FloatField(label=_("PaO2/FiO2, mmHg"), required=False, min_value=0, max_value=700)
    respiratory = forms.ChoiceField(
        label=_("Respiratory symptoms"), required=False, choices=[("", "–"), *Respiratory.choices]
    )
    imaging = forms.MultipleChoiceField(label=_("Chest image"), required=False)
    ventilated = forms.BooleanField(label=_("Respiratory failure, ventilated"), required=False)
    shock = forms.BooleanField(label=_("Shock"), required=False)
    organ_failure = forms.BooleanField(label=_("Failure of another organ, in intensive care"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = site_rules().vocabulary["findings"]
        self.fields["imaging"].choices = [(code, in_language(text)) for code, text in words.items()]  # type: ignore[attr-defined]


class LeaveForm(forms.Form):
    """How the patient leaves."""

    how = forms.ChoiceField(
        label=_("The patient"),
        choices=[
            ("discharged", _("is discharged")),
            ("died", _("died")),
            ("against_advice", _("left against advice")),
        ],
    )
    reason = forms.CharField(label=_("Reason, where a criterion is missing"), required=False)


class FollowUpForm(forms.Form):
    """What was seen of a discharged patient."""

    week = forms.TypedChoiceField(
        label=_("Visit of week"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "–"), (2, "2"), (4, "4")],
    )
    temperature = forms.FloatField(label=_("Temperature, °C"), required=False, min_value=30, max_value=45)
    needs_rehabilitation = forms.BooleanField(label=_("Needs rehabilitation"), required=False)
    needs_counselling = forms.BooleanField(label=_("Needs counselling"), required=False)
    note = forms.CharField(label=_("Note"), required=False)


class TreatmentForm(forms.Form):
    """A treatment that was begun."""

    what = forms.CharField(label=_("Treatment"), max_length=80)
    dose = forms.CharField(label=_("Dose"), required=False, max_length=80)


class SupportForm(forms.Form):
    """What a discharged patient was given."""

    aid = forms.ChoiceField(label=_("What"), choices=Aid.choices)
    note = forms.CharField(label=_("Note"), required=False)


FORMS: dict[str, tuple[Any, type[forms.Form]]] = {
    "request": (_("Ask for a bed"), RequestForm),
    "lay": (_("Lay in a bed"), LayForm),
    "round": (_("Record a round"), RoundForm),
    "treat": (_("Begin a treatment"), TreatmentForm),
    "leave": (_("The patient leaves"), LeaveForm),
    "follow_up": (_("Record a visit after discharge"), FollowUpForm),
    "support": (_("Record rehabilitation or counselling"), SupportForm),
}


@page("cases/<str:number>/care", name="care", permission=P.CARE_VIEW)
def care(request: Any, number: str) -> HttpResponse:
    """Show a patient's way: where they stand, how ill, what discharge still needs, what is owed."""
    return _show(request, get_case(request.actor, number, P.CARE_VIEW))


def _show(
    request: Any, case: Case, *, form: forms.Form | None = None, act: str = "", status: int = 200
) -> HttpResponse:
    row = Pathway.objects.filter(case=case).first()
    asked = open_request(case)
    found = explain_discharge(case, at=request.at)
    stays = Stay.objects.current().filter(case=case).select_related("bed__ward__unit").order_by("occurred_at")
    context = {
        "case": case,
        "row": row,
        "asked": asked,
        "level": dict(CareLevel.choices)[asked.level] if asked else "",
        "severity": SEVERITIES.get(row.severity, "") if row else "",
        "criteria": [(in_language(item.text), item.met) for item in found.findings] if found else [],
        "edition": found.edition if found else None,
        "stays": stays,
        "rounds": case.rounds.filter(superseded_at=None).order_by("-occurred_at")[:30],
        "changes": [
            (_WHAT[change.what], _said(change.before), _said(change.after), change)
            for change in case.pathway_changes.order_by("pk")
        ],
        "departures": case.departures.filter(superseded_at=None),
        "tasks": [
            task
            for task in tasks_about(
                [
                    ("cases.Case", [case.pk]),
                    ("care.Stay", [stay.pk for stay in stays]),
                    ("care.BedRequest", list(case.bed_requests.values_list("pk", flat=True))),
                ]
            )
            if task.duty.startswith("care.") and task.status != "void"
        ],
        "acts": _acts(request, case, row, form, act),
        "act": act,
    }
    return render(request, "care/patient.html", context, status=status)


_WHAT = {"stage": _("Stage"), "severity": _("Severity")}


def _said(value: str) -> Any:
    """Return the words for a stage or a severity."""
    return dict(Stage.choices).get(value) or SEVERITIES.get(value, "–")


def _acts(request: Any, case: Case, row: Pathway | None, form: forms.Form | None, act: str) -> list[Any]:
    path = row.path if row else case.path
    if not (request.actor.may(P.CARE_EDIT, path) or request.actor.may(P.CARE_EDIT, case.path)):
        return []
    inside = row is not None and row.stage == "treated"
    open_to = {
        "request": True,
        "lay": True,
        "round": inside,
        "treat": inside,
        "leave": inside,
        "support": bool(row and row.left_at),
        "follow_up": bool(row and row.left_at),
    }
    shown = []
    for name, (title, kind) in FORMS.items():
        if open_to[name]:
            one = form if form is not None and name == act else kind()
            if name == "lay":
                _offer_beds(request, case, one)
            shown.append((name, title, one))
    return shown


def _offer_beds(request: Any, case: Case, form: forms.Form) -> None:
    form.fields["bed"].queryset = beds_to_lie_in(request.actor, open_request(case), request.at)  # type: ignore[attr-defined]


@page("cases/<str:number>/care/<str:act>", name="care_act", permission=P.CARE_EDIT, method="POST")
def care_act(request: Any, number: str, act: str) -> HttpResponse:
    """Record an act on a patient; what follows is worked out at once."""
    case = get_case(request.actor, number, P.CARE_VIEW)
    if act not in FORMS:
        return redirect("web:care", number=number)
    form = FORMS[act][1](request.POST)
    if act == "lay":
        _offer_beds(request, case, form)
    if form.is_valid():
        try:
            _do(act, case, form.cleaned_data, request)
        except LianfangError as error:
            form.add_error(None, f"{error} {error.hint}")
        else:
            messages.success(request, gettext("Recorded. What follows from it has been worked out."))
            return redirect("web:care", number=number)
    return _show(request, case, form=form, act=act, status=422)


def _do(act: str, case: Case, given: dict[str, Any], request: Any) -> None:
    who = {"by": request.actor, "at": request.at}
    if act == "request":
        services.request_bed(case=case, **given, **who)
    elif act == "lay":
        services.lay_down(case=case, bed=given["bed"], lies_from=request.at, **who)
    elif act == "round":
        services.record_round(case=case, seen_at=request.at, **given, **who)
    elif act == "treat":
        services.start_treatment(case=case, from_at=request.at, **given, **who)
    elif act == "support":
        services.give_support(case=case, given_at=request.at, **given, **who)
    elif act == "follow_up":
        services.follow_up(case=case, seen_at=request.at, **given, **who)
    elif given["how"] == "discharged":
        services.discharge_patient(case=case, left_at=request.at, reason=given["reason"], **who)
    else:
        services.record_departure(
            case=case, how=given["how"], left_at=request.at, reason=given["reason"], **who
        )
