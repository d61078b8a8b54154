"""Parked rows: what keeps each out, beside the field; corrected and tried again, or set aside with a reason."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from lianfang.core.access.permissions import Permission
from lianfang.intake.models import Signal, SignalStatus
from lianfang.intake.selectors import count_parked, fields_of, get_signal, list_parked, problems_of_row
from lianfang.intake.services import open_signal, repair_signal, set_aside_signal
from lianfang.intake.table import Cell
from lianfang.web.area import chosen_area
from lianfang.web.door import page
from lianfang.web.intake.words import field_words, hint_words, rule_words, target_words

_PAGE = 50


@page("parked", name="parked", permission=Permission.SIGNAL_VIEW)
def parked(request: Any) -> HttpResponse:
    """List the rows and messages that could not be read, the longest waiting first."""
    area = chosen_area(request, Permission.SIGNAL_VIEW)
    after = request.GET.get("after", "")
    rows = list_parked(
        request.actor, path=area.path, after=int(after) if after.isdigit() else None, limit=_PAGE + 1
    )
    more, rows = len(rows) > _PAGE, rows[:_PAGE]
    counts = count_parked(request.actor, area.path)
    context = {
        "area": area,
        "signals": [(row, target_words(row.target), _problems(row.problems)) for row in rows],
        "n": counts.pop("", 0),
        "rules": [(rule_words(rule), n) for rule, n in counts.most_common()],
        "after": rows[-1].pk if more else "",
    }
    return render(request, "intake/parked.html", context)


def _problems(problems: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "words": rule_words(one["rule"]), "hint": hint_words(one)} for one in problems]


@page("parked/<int:pk>", name="parked_signal", permission=Permission.SIGNAL_VIEW)
def one(request: Any, pk: int) -> HttpResponse:
    """Show the fields of one row as they were received, with what is wrong beside them."""
    signal = get_signal(request.actor, pk)
    if signal.status != SignalStatus.PARKED:
        return redirect("web:signal", pk=pk)
    return _show(request, signal)


def _show(request: Any, signal: Signal, opened: Mapping[str, Cell] | None = None) -> HttpResponse:
    fields = fields_of(signal, opened=opened)
    may_repair = request.actor.may(Permission.IMPORT_RUN, signal.path)
    context = {
        "signal": signal,
        "target": target_words(signal.target),
        "fields": [
            (n, each, field_words(signal.target, each.field), _problems(each.problems))
            for n, each in enumerate(fields)
        ],
        "of_row": _problems(problems_of_row(signal)),
        "is_open": opened is not None,
        "is_sealed": any(each.value is None for each in fields),
        "may_repair": may_repair,
        "may_open": request.actor.may(Permission.IDENTITY_REVEAL, signal.path),
    }
    return render(request, "intake/parked_signal.html", context)


@page("parked/<int:pk>/opening", name="parked_open", permission=Permission.IDENTITY_REVEAL, method="POST")
def open_(request: Any, pk: int) -> HttpResponse:
    """Show the sealed fields too; the opening is recorded with its purpose."""
    signal = get_signal(request.actor, pk)
    purpose = request.POST.get("purpose", "")
    return _show(
        request, signal, open_signal(signal=signal, purpose=purpose, by=request.actor, at=request.at)
    )


@page("parked/<int:pk>", name="parked_signal", permission=Permission.IMPORT_RUN, method="POST")
def repair(request: Any, pk: int) -> HttpResponse:
    """Correct fields of the row and try it again."""
    signal = get_signal(request.actor, pk)
    repaired = repair_signal(signal=signal, values=_changed(request, signal), by=request.actor, at=request.at)
    if repaired.status == SignalStatus.ACCEPTED:
        messages.success(request, gettext("The row is taken in."))
        return redirect("web:signal", pk=repaired.pk)
    messages.error(request, gettext("The row still cannot be read; see what is wrong now."))
    return redirect("web:parked_signal", pk=pk)


def _changed(request: Any, signal: Signal) -> dict[str, Cell]:
    """Return the cells that the form changed: a sealed field left empty stays as it came."""
    posted = {
        str(request.POST.get(f"name-{n}")): str(request.POST.get(f"value-{n}", "")).strip()
        for n in range(len(fields_of(signal)))
    }
    before = {each.column: each.value for each in fields_of(signal)}
    return {
        name: text
        for name, text in posted.items()
        if name in before and (text if before[name] is None else text != before[name])
    }


@page("parked/<int:pk>/setting-aside", name="parked_aside", permission=Permission.IMPORT_RUN, method="POST")
def set_aside(request: Any, pk: int) -> HttpResponse:
    """Leave a row out for good."""
    signal = get_signal(request.actor, pk)
    set_aside_signal(signal=signal, reason=request.POST.get("reason", ""), by=request.actor, at=request.at)
    messages.success(request, gettext("Set aside; the row stays on file and is owed no longer."))
    return redirect("web:parked")
