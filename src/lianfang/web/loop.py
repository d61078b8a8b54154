"""What waits for a decision: findings, verifications, what has climbed, messages; and how the loop itself runs."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, F
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from lianfang.common.errors import Refused
from lianfang.core.access.permissions import Permission
from lianfang.loop.desk import climbed
from lianfang.loop.duty import duties
from lianfang.loop.models import Decision, Finding, Message, Verification
from lianfang.loop.outbox import subject_of
from lianfang.loop.selectors import feedback_to
from lianfang.loop.services import accept_verification, judge_finding, read_messages, reject_verification
from lianfang.web.area import chosen_area
from lianfang.web.door import page
from lianfang.web.evidence import evidence_rows
from lianfang.web.subjects import describe, describe_rows
from lianfang.web.trace import NEWS

_LIMIT = 100
_PAGE = 50


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
    judgements = list(row.judgements.select_related("by").order_by("pk"))
    context = {
        "finding": row,
        "evidence": list(evidence_rows(row.evidence)),
        "subject": describe_rows([(row.subject, row.subject_id)])[row.subject, row.subject_id],
        "judgements": judgements,
        "answered_at": judgements[0].at if judgements else None,
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
    """List the done tasks that the actor's unit is to verify, with the word of those who did them."""
    rows = Verification.objects.filter(unit_id=request.actor.unit_id or 0, accepted__isnull=True)
    rows = rows.select_related("task", "task__unit").prefetch_related("task__completions")
    shown = list(rows.order_by("due_at", "pk")[:_LIMIT])
    subjects = describe([row.task for row in shown])
    context = {
        "verifications": [(row, subjects[row.task_id]) for row in shown],
        "n": rows.count() if len(shown) == _LIMIT else len(shown),
    }
    return render(request, "loop/verifications.html", context)


@page("verifications", name="verifications", permission=Permission.TASK_VERIFY, method="POST")
def verify(request: Any) -> HttpResponse:
    """Accept or reject the doing of the ticked tasks."""
    ticked = [int(pk) for pk in request.POST.getlist("verification") if pk.isdigit()][:_LIMIT]
    rows = list(
        Verification.objects.filter(pk__in=ticked, unit_id=request.actor.unit_id or 0).select_related("task")
    )
    if not rows:
        raise Refused(reason=gettext("tick at least one of your unit"))
    decide = accept_verification if request.POST.get("accepted") == "1" else reject_verification
    with transaction.atomic():  # each is a decision of its own, and all are made or none
        for row in rows:
            decide(verification=row, reason=request.POST.get("reason", ""), by=request.actor, at=request.at)
    messages.success(
        request, ngettext("Recorded for %d task.", "Recorded for %d tasks.", len(rows)) % len(rows)
    )
    return redirect("web:verifications")


@page("escalations", name="escalations", permission=Permission.TASK_VIEW)
def escalations(request: Any) -> HttpResponse:
    """List the undone tasks that have climbed to the actor's unit, by duty, and how far; what was missed is a list apart."""
    missed = request.GET.get("state") == "missed"
    rows = climbed(request.actor, missed=missed)
    counted = rows.order_by().values("task__duty").annotate(n=Count("task", distinct=True)).order_by("-n")
    by_duty = [(duties.get(line["task__duty"]), line["n"]) for line in counted]
    duty = request.GET.get("duty", "")
    if duty:
        rows = rows.filter(task__duty=duty)
    rows = rows.select_related("task", "task__unit").order_by("due_at", "pk")
    shown = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    subjects = describe([row.task for row in shown.object_list])
    context = {
        "by_duty": by_duty,
        "duty": duty,
        "missed": missed,
        "n_missed": climbed(request.actor, missed=True).order_by().values("task").distinct().count(),
        "page": shown,
        "escalations": [(row, subjects[row.task_id]) for row in shown.object_list],
    }
    return render(request, "loop/escalations.html", context)


@page("messages", name="messages", permission=Permission.TASK_VIEW)
def inbox(request: Any) -> HttpResponse:
    """Show the messages to the actor's unit, unread first, and what became of the signals that it sent."""
    rows = Message.objects.filter(
        unit_id=request.actor.unit_id or 0, channel="in_app", send_after__lte=request.at
    )
    shown = list(rows.order_by(F("read_at").asc(nulls_first=True), "-pk")[:_LIMIT])
    news = feedback_to(request.actor.unit_id, limit=_PAGE) if request.actor.unit_id else []
    context = {
        "inbox": [(row, _said(row)) for row in shown],
        "n_unread": sum(row.read_at is None for row in shown),
        "news": [(NEWS.get(one.stage, one.stage), one) for one in news],
        "may_signals": request.actor.may(Permission.SIGNAL_VIEW),
    }
    return render(request, "loop/messages.html", context)


def _said(message: Message) -> dict[str, Any]:
    """Return what a message says, in words: counts by duty, the duty that is shed, the reason."""
    body = message.body
    counts = [(duties.get(code), n) for code, n in body.get("by_duty", {}).items() if code in _codes()]
    return {
        "subject": subject_of(message.kind),  # the reader's language, not that of the site
        "n_late": body.get("n_late"),
        "by_duty": sorted(counts, key=lambda line: -line[1]),
        "duty": duties.get(body["duty"]).title if body.get("duty") in _codes() else "",
        "reason": body.get("reason", ""),
    }


def _codes() -> set[str]:
    return {duty.code for duty in duties}


@page("messages", name="messages", permission=Permission.TASK_VIEW, method="POST")
def read_inbox(request: Any) -> HttpResponse:
    """Mark messages as read."""
    chosen = [int(pk) for pk in request.POST.getlist("message") if pk.isdigit()]
    read_messages(messages=chosen, by=request.actor, at=request.at)
    return redirect("web:messages")
