"""Signals, and the six stages of one: what arrived, what it was taken for, who decided, who owed what, what was told."""

from collections import Counter
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from lianfang.cases.selectors import get_case
from lianfang.cases.stages import Stage, Story, signals_of_case, story_of
from lianfang.core.access.permissions import Permission
from lianfang.intake.models import Signal, SignalStatus
from lianfang.intake.selectors import SignalFilter, get_signal, list_signals
from lianfang.intake.target import targets
from lianfang.web.area import chosen_area
from lianfang.web.door import page
from lianfang.web.intake.words import rule_words, target_words
from lianfang.web.subjects import describe, describe_rows

_PAGE = 50
_TASKS = 8  # shown at once; the rest under a fold

# What a signal's records are called; those with a page of their own are linked instead.
_RECORDS: dict[str, Any] = {
    "cases.Report": _("report"),
    "cases.Sign": _("signs"),
    "cases.Sample": _("samples"),
    "cases.Result": _("results"),
    "cases.EpiLink": _("exposures"),
    "cases.Outcome": _("outcome"),
    "cases.Investigation": _("investigation"),
    "contacts.Observation": _("visits"),
    "contacts.Exposure": _("exposures"),
    "registry.Person": _("person"),
}
_LINKED = ("cases.Case", "cases.Screening", "contacts.Contact")

NEWS: dict[str, Any] = {
    "accepted": _("taken up"),
    "judged": _("somebody looked at it"),
    "confirmed": _("confirmed"),
    "excluded": _("excluded"),
    "done": _("investigated"),
}


@page("signals", name="signals", permission=Permission.SIGNAL_VIEW)
def signals(request: Any) -> HttpResponse:
    """List the signals of the area, or of one import or case, the newest first."""
    area = chosen_area(request, Permission.SIGNAL_VIEW)
    query = request.GET
    case = get_case(request.actor, query["case"]) if query.get("case") else None
    batch = query.get("batch", "")
    wanted = SignalFilter(
        path="" if case or batch.isdigit() else area.path,
        status=query.get("status", ""),
        target=query.get("target", ""),
        batch_id=int(batch) if batch.isdigit() else None,
    )
    after = int(query["after"]) if query.get("after", "").isdigit() else None
    among = signals_of_case(case) if case else None
    rows = list_signals(request.actor, wanted, after=after, limit=_PAGE + 1, among=among)
    more, rows = len(rows) > _PAGE, rows[:_PAGE]
    context = {
        "area": area,
        "wanted": wanted,
        "case": case,
        "signals": [(row, target_words(row.target), _first_problem(row)) for row in rows],
        "statuses": SignalStatus.choices,
        "targets": [(each.code, each.title) for each in targets],
        "after": rows[-1].pk if more else "",
    }
    return render(request, "trace/signals.html", context)


def _first_problem(signal: Signal) -> str:
    return rule_words(signal.problems[0]["rule"]) if signal.problems else ""


@page("signals/<int:pk>", name="signal", permission=Permission.SIGNAL_VIEW)
def signal(request: Any, pk: int) -> HttpResponse:
    """Show the six stages of one signal."""
    row = get_signal(request.actor, pk)
    story = story_of(request.actor, row)
    subjects = describe(story.loop.tasks)
    tasks = [(task, subjects[task.pk]) for task in story.loop.tasks]
    context = {
        "signal": row,
        "story": story,
        "target": target_words(row.target),
        "reached": {stage.value: stage in story.reached for stage in Stage},
        "problems": [{**one, "words": rule_words(one["rule"])} for one in row.problems],
        "records": _records(story),
        "tasks": tasks[:_TASKS],
        "more_tasks": tasks[_TASKS:],
        "met": [(task, subject) for task, subject in tasks if task.met_at is not None],
        "news": [(NEWS.get(one.stage, one.stage), one) for one in story.loop.feedback],
        "may_repair": row.status == SignalStatus.PARKED
        and request.actor.may(Permission.IMPORT_RUN, row.path),
    }
    return render(request, "trace/signal.html", context)


def _records(story: Story) -> dict[str, Any]:
    """Return the records with a page of their own, as subjects, and the others counted by what they are."""
    linked = [(t.record, t.record_id) for t in story.records if t.record in _LINKED]
    found = describe_rows(linked)
    made = {(t.record, t.record_id): t.created for t in story.records}
    others = Counter(t.record for t in story.records if t.record not in _LINKED)
    return {
        "linked": [(found[row], made[row]) for row in dict.fromkeys(linked)],
        "others": [(_RECORDS.get(label, label.rpartition(".")[2]), n) for label, n in sorted(others.items())],
    }
