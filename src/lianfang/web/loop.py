"""What waits for a decision: findings, verifications, what has climbed, messages; and how the loop itself runs."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.common.errors import NotVisible
from lianfang.core.access.permissions import Permission
from lianfang.loop.models import Decision, Escalation, Finding, Message, Verification
from lianfang.loop.services import accept_verification, judge_finding, read_messages, reject_verification
from lianfang.web.area import chosen_area
from lianfang.web.door import page
from lianfang.web.subjects import describe, describe_rows

_LIMIT = 100


class JudgementForm(forms.Form):
    """A decision with its reason."""

    decision = forms.ChoiceField(label=_("Decision"), choices=Decision.choices, widget=forms.RadioSelect)
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea({"rows": 2}))


@page("findings", name="findings", permission=Permission.FINDING_JUDGE)
def findings(request: Any) -> HttpResponse:
    """List the findings on which nobody has decided, the most urgent first."""
    area = chosen_area(request, Permission.FINDING_JUDGE)
    rows = Finding.objects.visible_to(request.actor).unjudged().filter(path__within=area.path)
    shown = list(rows.select_related("place").order_by("due_at", "pk")[:_LIMIT])
    subjects = describe_rows([(row.subject, row.subject_id) for row in shown])
    context = {"area": area, "findings": [(row, subjects[row.subject, row.subject_id]) for row in shown]}
    return render(request, "loop/findings.html", context)


@page("findings/<int:pk>", name="finding", permission=Permission.FINDING_JUDGE)
def finding(request: Any, pk: int) -> HttpResponse:
    """Show one finding with its evidence and what was decided."""
    row = Finding.objects.select_related("place").get_visible(request.actor, pk=pk)
    return _show(request, row, JudgementForm())


def _show(request: Any, row: Any, form: JudgementForm, status: int = 200) -> HttpResponse:
    context = {
        "finding": row,
        "subject": describe_rows([(row.subject, row.subject_id)])[row.subject, row.subject_id],
        "judgements": row.judgements.select_related("by").order_by("pk"),
        "form": form,
    }
    return render(request, "loop/finding.html", context, status=status)


@page("findings/<int:pk>", name="finding", permission=Permission.FINDING_JUDGE, method="POST")
def judge(request: Any, pk: int) -> HttpResponse:
    """Decide on a finding."""
    row = Finding.objects.select_related("place").get_visible(request.actor, pk=pk)
    form = JudgementForm(request.POST)
    if not form.is_valid():
        return _show(request, row, form, status=422)
    judge_finding(finding=row, **form.cleaned_data, by=request.actor, at=request.at)
    messages.success(request, gettext("Recorded."))
    return redirect("web:findings")


@page("verifications", name="verifications", permission=Permission.TASK_VERIFY)
def verifications(request: Any) -> HttpResponse:
    """List the done tasks that the actor's unit is to verify."""
    rows = Verification.objects.filter(unit_id=request.actor.unit_id or 0, accepted__isnull=True)
    shown = list(rows.select_related("task", "task__unit").order_by("due_at", "pk")[:_LIMIT])
    subjects = describe([row.task for row in shown])
    context = {"verifications": [(row, subjects[row.task_id]) for row in shown]}
    return render(request, "loop/verifications.html", context)


@page("verifications/<int:pk>", name="verification", permission=Permission.TASK_VERIFY, method="POST")
def verify(request: Any, pk: int) -> HttpResponse:
    """Accept or reject the doing of a task."""
    row = (
        Verification.objects.filter(pk=pk, unit_id=request.actor.unit_id or 0).select_related("task").first()
    )
    if row is None:
        raise NotVisible(thing=Verification._meta.verbose_name)  # noqa: SLF001 - Django's documented Meta API
    reason = request.POST.get("reason", "")
    if request.POST.get("accepted") == "1":
        accept_verification(verification=row, reason=reason, by=request.actor, at=request.at)
    else:
        reject_verification(verification=row, reason=reason, by=request.actor, at=request.at)
    messages.success(request, gettext("Recorded."))
    return redirect("web:verifications")


@page("escalations", name="escalations", permission=Permission.TASK_VIEW)
def escalations(request: Any) -> HttpResponse:
    """List the undone tasks that have climbed to the actor's unit, and how far."""
    rows = Escalation.objects.filter(unit_id=request.actor.unit_id or 0, task__status="open")
    shown = list(rows.select_related("task", "task__unit").order_by("due_at", "pk")[:_LIMIT])
    subjects = describe([row.task for row in shown])
    context = {"escalations": [(row, subjects[row.task_id]) for row in shown]}
    return render(request, "loop/escalations.html", context)


@page("messages", name="messages", permission=Permission.TASK_VIEW)
def inbox(request: Any) -> HttpResponse:
    """Show the messages to the actor's unit, unread first."""
    rows = Message.objects.filter(
        unit_id=request.actor.unit_id or 0, channel="in_app", send_after__lte=request.at
    )
    shown = list(rows.order_by("-pk")[:_LIMIT])
    return render(request, "loop/messages.html", {"inbox": shown})


@page("messages", name="messages", permission=Permission.TASK_VIEW, method="POST")
def read_inbox(request: Any) -> HttpResponse:
    """Mark messages as read."""
    chosen = [int(pk) for pk in request.POST.getlist("message") if pk.isdigit()]
    read_messages(messages=chosen, by=request.actor, at=request.at)
    return redirect("web:messages")
