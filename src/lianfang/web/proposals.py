"""Proposals of who goes to which bed: read, and decided line by line by a person who is named."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.care.models import BedRequest, CareLevel, Ward
from lianfang.care.selectors import wards_for
from lianfang.common.errors import LianfangError, NotVisible
from lianfang.common.naming import called
from lianfang.core.access.permissions import Permission
from lianfang.optimise import Reason
from lianfang.planning.beds import distances
from lianfang.planning.models import Line, Proposal
from lianfang.planning.services import accept_lines, alter_line, refuse_line
from lianfang.web.door import page
from lianfang.web.words import severity_words

P = Permission
_PAGE = 200
REASONS = {
    Reason.NEAREST: _("the nearest bed that suits"),
    Reason.NEARER_FULL: _("nearer beds go to others, so that everybody here finds a place"),
    Reason.NO_SUCH_BED: _("no ward here takes such a patient"),
    Reason.NONE_FREE: _("wards that suit exist; none has a free bed"),
    Reason.OUT_OF_REACH: _("beds that suit are out of reach"),
    Reason.BEDS_TAKEN: _("every bed that suits goes to somebody before them"),
    Reason.LIMIT: _("transport or staff are used up"),
}


class AlterForm(forms.Form):
    """Another ward than the one proposed, and why."""

    ward = forms.TypedChoiceField(label=_("Ward"), coerce=int)
    reason = forms.CharField(label=_("Why another ward"), max_length=300)


class RefuseForm(forms.Form):
    """Why a line is refused."""

    reason = forms.CharField(label=_("Reason of a refusal"), max_length=300)


@page("proposals/<int:pk>", name="proposal", permission=P.BED_VIEW)
def proposal(request: Any, pk: int) -> HttpResponse:
    """Show a proposal: each line with its reason and what was decided."""
    row = Proposal.objects.select_related("place", "by").get_visible(request.actor, pk=pk)
    lines = row.lines.select_related(
        "request__case__pathway",
        "request__place",
        "request__from_unit",
        "ward__unit",
        "decided_ward__unit",
        "decided_by",
    )
    levels = dict(CareLevel.choices)
    shown = Paginator(lines, _PAGE).get_page(request.GET.get("page"))
    context = {
        "proposal": row,
        "shown": shown,
        "lines": [(line, levels[line.request.level], REASONS[Reason(line.reason)]) for line in shown],
        "has_open": any(line.ward_id and not line.decision for line in shown),
        "newer": Proposal.objects.visible_to(request.actor)
        .filter(place=row.place, pk__gt=row.pk)
        .order_by("-pk")
        .first(),
        "may_assign": request.actor.may(P.BED_ASSIGN, row.path),
    }
    return render(request, "care/proposal.html", context)


@page("proposals/<int:pk>", name="proposal", permission=P.BED_ASSIGN, method="POST")
def decide(request: Any, pk: int) -> HttpResponse:
    """Accept the ticked lines, or refuse them with a reason."""
    row = Proposal.objects.get_visible(request.actor, P.BED_ASSIGN, pk=pk)
    shown = _shown(request.POST.getlist("line"))
    lines = list(
        Line.objects.filter(proposal=row, pk__in=shown, decision="").select_related(
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
        counts = accept_lines(lines=lines, shown=shown, by=request.actor, at=request.at)
        said = gettext("{accepted} beds given; {overtaken} lines were overtaken by what happened since.")
        messages.success(request, said.format(**counts))
        if counts["changed"]:
            anew = gettext(
                "{changed} lines were planned anew since you looked and are still open: look again."
            )
            messages.error(request, anew.format(**counts))
    return redirect("web:proposal", pk=pk)


def _shown(values: list[str]) -> dict[int, int]:
    """Return by line which ward the reader saw, from `line:ward`."""
    pairs = [value.partition(":") for value in values]
    return {int(line): int(ward) for line, _dot, ward in pairs if line.isdigit() and ward.isdigit()}


def _line(request: Any, pk: int, line: int, permission: Permission) -> Line:
    row = Proposal.objects.get_visible(request.actor, permission, pk=pk)
    rows = Line.objects.filter(proposal=row, pk=line)
    found: Line | None = rows.select_related(
        "proposal__place", "request__case__person", "request__case__pathway", "request__place", "request__from_unit",
        "ward__unit", "decided_ward__unit", "decided_by",
    ).first()  # fmt: skip
    if found is None:
        raise NotVisible(thing="line")
    return found


@page("proposals/<int:pk>/lines/<int:line>", name="proposal_line", permission=P.BED_ASSIGN)
def line(request: Any, pk: int, line: int) -> HttpResponse:
    """Show one who waits: what was proposed and why, where else there is a bed, and the three decisions."""
    return _show_line(request, _line(request, pk, line, P.BED_ASSIGN))


def _show_line(request: Any, row: Line, *, form: forms.Form | None = None, status: int = 200) -> HttpResponse:
    suiting = wards_for(request.actor, row.request, request.at)
    km = distances([row.request.place], [ward.place for ward, _n in suiting])[0] if suiting else []
    levels = dict(CareLevel.choices)
    options = [(ward, levels[ward.level], n, float(far)) for (ward, n), far in zip(suiting, km, strict=True)]
    alter = form if isinstance(form, AlterForm) else AlterForm()
    named = [(ward.pk, f"{called(ward.unit)} · {called(ward)}") for ward, *_rest in options]
    alter.fields["ward"].choices = named  # type: ignore[attr-defined]
    pathway = getattr(row.request.case, "pathway", None)
    context = {
        "line": row,
        "level": levels[row.request.level],
        "severity": severity_words(pathway.severity) if pathway else "",
        "why": REASONS[Reason(row.reason)],
        "others": BedRequest.objects.visible_to(request.actor, P.CARE_VIEW)
        .filter(pk__in=row.others)
        .select_related("case"),
        "options": options,
        "alter": alter,
        "refuse": form if isinstance(form, RefuseForm) else RefuseForm(prefix="no"),
    }
    return render(request, "care/line.html", context, status=status)


@page("proposals/<int:pk>/lines/<int:line>", name="proposal_line", permission=P.BED_ASSIGN, method="POST")
def decide_line(request: Any, pk: int, line: int) -> HttpResponse:
    """Accept one line, give another ward with the reason, or refuse it with the reason."""
    row = _line(request, pk, line, P.BED_ASSIGN)
    who = {"by": request.actor, "at": request.at}
    act = request.POST.get("act")
    if act == "accept":
        counts = accept_lines(lines=[row], shown=_shown(request.POST.getlist("line")), **who)
        given = counts["accepted"] == 1
    elif act == "alter":
        form: forms.Form = AlterForm(request.POST)
        wards = [ward.pk for ward, _n in wards_for(request.actor, row.request, request.at)]
        form.fields["ward"].choices = [(pk, pk) for pk in wards]  # type: ignore[attr-defined]
        if not form.is_valid():
            return _show_line(request, row, form=form, status=422)
        ward = Ward.objects.get_visible(request.actor, P.BED_ASSIGN, pk=form.cleaned_data["ward"])
        try:
            given = alter_line(line=row, ward=ward, reason=form.cleaned_data["reason"], **who) == "altered"
        except LianfangError as error:
            form.add_error(None, f"{error} {error.advice}")
            return _show_line(request, row, form=form, status=int(error.status))
    else:
        form = RefuseForm(request.POST, prefix="no")
        if not form.is_valid():
            return _show_line(request, row, form=form, status=422)
        refuse_line(line=row, reason=form.cleaned_data["reason"], **who)
        messages.success(request, gettext("The line is refused; the patient goes on waiting."))
        return redirect("web:proposal", pk=pk)
    if given:
        messages.success(request, gettext("The bed is given and kept."))
    else:
        messages.error(
            request, gettext("Overtaken: the bed or the request was gone, or the line was planned anew.")
        )
    return redirect("web:proposal", pk=pk)
