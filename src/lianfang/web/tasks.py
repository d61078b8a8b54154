"""The list of tasks, one task with its story, and saying that it was done."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.core.access.permissions import Permission
from lianfang.loop.desk import TaskFilter, get_task, list_tasks
from lianfang.loop.duty import Evidence, duties
from lianfang.loop.services import complete_task
from lianfang.web.area import chosen_area
from lianfang.web.door import page
from lianfang.web.saved import kept_views
from lianfang.web.subjects import describe

_STATES = [
    ("open", _("owed")),
    ("late", _("late")),
    ("soon", _("due within 4 hours")),
    ("missed", _("missed")),
    ("shed", _("by policy not by hand")),
    ("done", _("done")),
    ("void", _("no longer owed")),
    ("all", _("all")),
]
_PAGE = 50


@page("tasks", name="tasks", permission=Permission.TASK_VIEW)
def tasks(request: Any) -> HttpResponse:
    """List the tasks of the area, or of one's own unit, the most overdue first."""
    area = chosen_area(request)
    query = request.GET
    mine = query.get("mine") == "1"
    wanted = TaskFilter(
        path="" if mine else area.path,
        unit_id=request.actor.unit_id if mine else None,
        duty=query.get("duty", ""),
        state=query.get("state") or "open",
    )
    after = _cursor(query.get("after", ""))
    rows = list_tasks(request.actor, wanted, at=request.at, after=after, limit=_PAGE + 1)
    more, rows = len(rows) > _PAGE, rows[:_PAGE]
    found = describe(rows)
    context = {
        "area": area,
        "wanted": wanted,
        "mine": mine,
        "states": _STATES,
        "duties": list(duties),
        "tasks": [(task, found[task.pk]) for task in rows],
        "after": f"{int(rows[-1].due_at.timestamp())}.{rows[-1].pk}" if more else "",
        **kept_views(request, "tasks"),
    }
    return render(request, "tasks/list.html", context)


def _cursor(text: str) -> tuple[int, int] | None:
    left, _dot, right = text.partition(".")
    return (int(left), int(right)) if left.lstrip("-").isdigit() and right.isdigit() else None


class Done(forms.Form):
    """The word of the one who did it."""

    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea({"rows": 2}))


@page("tasks/<int:pk>", name="task", permission=Permission.TASK_VIEW)
def task(request: Any, pk: int) -> HttpResponse:
    """Show one task: what is owed to whom by when, what proves it, and what has happened."""
    return _show(request, get_task(request.actor, pk), Done())


def _show(request: Any, row: Any, form: Done, status: int = 200) -> HttpResponse:
    duty = duties.get(row.duty)
    may_do = request.actor.may(Permission.TASK_DO) and (
        request.actor.unit_id == row.unit_id or request.actor.may(Permission.TASK_DO, row.path)
    )
    context = {
        "task": row,
        "duty": duty,
        "subject": describe([row])[row.pk],
        "form": form if duty.evidence is Evidence.CLICK and row.status == "open" and may_do else None,
        "transitions": row.transitions.select_related("unit").order_by("pk"),
        "completions": row.completions.select_related("by").order_by("pk"),
        "verifications": row.verifications.select_related("unit", "by").order_by("pk"),
        "escalations": row.escalations.select_related("unit").order_by("pk"),
    }
    return render(request, "tasks/task.html", context, status=status)


@page("tasks/<int:pk>", name="task", permission=Permission.TASK_DO, method="POST")
def do_task(request: Any, pk: int) -> HttpResponse:
    """Take the word that the task was done, where the duty accepts a word."""
    row = get_task(request.actor, pk)
    form = Done(request.POST)
    if not form.is_valid():
        return _show(request, row, form, status=422)
    complete_task(task=row, note=form.cleaned_data["note"], by=request.actor, at=request.at)
    messages.success(request, gettext("Recorded. The task closes with the next turn of the loop."))
    return redirect("web:task", pk=pk)
