"""Imports: a file is sent, its columns are confirmed, it is tried out, accepted, and can be undone."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from lianfang.common.naming import called
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Unit
from lianfang.intake.errors import BadMapping
from lianfang.intake.models import Source
from lianfang.intake.selectors import (
    count_parked,
    example_cells,
    get_batch,
    get_source,
    list_batches,
    sources_for,
)
from lianfang.intake.services import (
    accept_batch,
    confirm_mapping,
    dry_run,
    ensure_source,
    error_file,
    propose_mapping,
    receive_file,
    undo_batch,
)
from lianfang.intake.target import targets
from lianfang.web.area import chosen_area
from lianfang.web.door import page
from lianfang.web.intake.mapping import MappingForm
from lianfang.web.intake.words import STATES, field_words, hint_words, rule_words, target_words

_PAGE = 30
_PROBLEMS = 200  # shown on one page; the error file has all
RUN = Permission.IMPORT_RUN


class Upload(forms.Form):
    """A file, who sent it, and what its rows are."""

    file = forms.FileField(
        label=_("File"), help_text=_("CSV, Excel or JSON; SORMAS, Go.Data and WHO files are recognised.")
    )
    source = forms.ChoiceField(label=_("Source"), required=False)
    new_source = forms.CharField(
        label=_("or a new source"),
        required=False,
        max_length=60,
        help_text=_("Its name, such as a clinic or a system; your unit then hears what becomes of its rows."),
    )
    target = forms.ChoiceField(label=_("The rows are"), required=False)
    sheet = forms.CharField(
        label=_("Sheet of the workbook"), required=False, max_length=60, help_text=_("Empty: the first one.")
    )

    def __init__(self, *args: Any, sources: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(source.code, f"{source.name} · {called(source.unit)}") for source in sources]
        self.fields["source"].choices = [*known, ("", gettext("new: see below"))]  # type: ignore[attr-defined]
        kinds = [(target.code, target.title) for target in targets]
        self.fields["target"].choices = [("", gettext("find out")), *kinds]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not found.get("source") and not found.get("new_source", "").strip():
            self.add_error("new_source", gettext("Choose a source, or name a new one."))
        return found


@page("imports", name="imports", permission=RUN)
def imports(request: Any) -> HttpResponse:
    """List the imports of the area, the newest first, and take a new file."""
    return _show_list(request, Upload(sources=sources_for(request.actor, RUN)))


def _show_list(request: Any, form: Upload, status: int = 200) -> HttpResponse:
    area = chosen_area(request, RUN)
    after = request.GET.get("after", "")
    lines = list_batches(
        request.actor, path=area.path, after=int(after) if after.isdigit() else None, limit=_PAGE + 1
    )
    context = {
        "area": area,
        "form": form,
        "lines": [(line, STATES[line.state], target_words(line.batch.target)) for line in lines[:_PAGE]],
        "after": lines[_PAGE - 1].batch.pk if len(lines) > _PAGE else "",
        "n_parked": count_parked(request.actor, area.path)[""],
        "may_export": request.actor.may(Permission.EXPORT_RUN),
    }
    return render(request, "intake/imports.html", context, status=status)


@page("imports", name="imports", permission=RUN, method="POST")
def upload(request: Any) -> HttpResponse:
    """Keep every row of the file; the next page asks what its columns are."""
    form = Upload(request.POST, request.FILES, sources=sources_for(request.actor, RUN))
    if not form.is_valid():
        return _show_list(request, form, status=422)
    said = form.cleaned_data
    source = _source(request, said)
    if source is None:
        form.add_error("new_source", gettext("You belong to no unit that could own the source."))
        return _show_list(request, form, status=422)
    received = receive_file(
        content=said["file"].read(),
        name=said["file"].name or "",
        source=source,
        target=said["target"],
        sheet=said["sheet"],
        by=request.actor,
        at=request.at,
    )
    if received.is_known:
        messages.info(request, gettext("This very file came before: this is what became of it."))
        return redirect("web:import", pk=received.batch.pk)
    text = gettext("%(rows)d rows kept, %(known)d of them known already.")
    messages.success(request, text % {"rows": received.batch.n_rows, "known": received.n_known})
    return redirect("web:import_mapping" if received.n_new else "web:import", pk=received.batch.pk)


def _source(request: Any, said: dict[str, Any]) -> Source | None:
    if not said["new_source"].strip():
        return get_source(request.actor, said["source"], RUN)
    unit = Unit.objects.filter(pk=request.actor.unit_id or 0).first()
    if unit is None:
        return None
    name = said["new_source"].strip()
    return ensure_source(
        code=f"{unit.code}:{name}"[:60], unit=unit, name=name, by=request.actor, at=request.at
    )


# ---- which column is which field


@page("imports/<int:pk>/mapping", name="import_mapping", permission=RUN)
def mapping(request: Any, pk: int) -> HttpResponse:
    """Show what each column is thought to be, and why, for a person to correct."""
    return _show_mapping(request, pk)


def _show_mapping(request: Any, pk: int, data: Any = None, error: BadMapping | None = None) -> HttpResponse:
    line = get_batch(request.actor, pk)
    batch = line.batch
    wanted = (data or request.GET).get("target", "")
    target = wanted if wanted in targets else ""
    plan = propose_mapping(batch=batch, by=request.actor, at=request.at, target=target)
    is_sender = batch.by_id is not None and batch.by_id == request.actor.user_id
    form = MappingForm(plan, example_cells(batch, plan.columns, all_of=is_sender), data)
    context = {
        "line": line,
        "batch": batch,
        "form": form,
        "plan": plan,
        "error": error,
        "format": batch.report.get("reading", {}),
        "targets": [(each.code, each.title) for each in targets],
    }
    return render(request, "intake/mapping.html", context, status=422 if error else 200)


@page("imports/<int:pk>/mapping", name="import_mapping", permission=RUN, method="POST")
def confirm(request: Any, pk: int) -> HttpResponse:
    """Remember which column is which field, and go on to the trial."""
    batch = get_batch(request.actor, pk).batch
    target = request.POST.get("target", "")
    plan = propose_mapping(
        batch=batch, by=request.actor, at=request.at, target=target if target in targets else ""
    )
    form = MappingForm(plan, {}, request.POST)
    try:
        confirm_mapping(
            batch=batch,
            columns=form.columns(),
            options=form.options(),
            target=plan.target,
            by=request.actor,
            at=request.at,
        )
    except BadMapping as error:
        return _show_mapping(request, pk, request.POST, error)
    return redirect("web:import_trial", pk=pk)


# ---- trying out, accepting, undoing


@page("imports/<int:pk>/trial", name="import_trial", permission=RUN)
def trial(request: Any, pk: int) -> HttpResponse:
    """Show what accepting would do, to the row; nothing is left behind by it."""
    line = get_batch(request.actor, pk)
    if line.batch.mapping is None:
        return redirect("web:import_mapping", pk=pk)
    if not line.waiting:
        return redirect("web:import", pk=pk)
    report = dry_run(batch=line.batch, by=request.actor, at=request.at)
    context = {"line": line, "batch": line.batch, "report": report, **_findings(line.batch, report.as_json())}
    return render(request, "intake/trial.html", context)


def _findings(batch: Any, report: dict[str, Any]) -> dict[str, Any]:
    """Return the problems, changes and decisions of a report in words, and the problems counted by rule."""
    problems = report.get("problems", [])
    changes = report.get("changes", [])
    columns = batch.mapping.columns if batch.mapping else {}
    return {
        "problems": [
            {
                **one,
                "words": rule_words(one["rule"]),
                "hint": hint_words(one),
                "name": _column_words(batch.target, columns, one["column"]),
            }
            for one in problems[:_PROBLEMS]
        ],
        "n_problems": sum(report.get("rules", {}).values()),
        "rules": [
            (rule_words(rule), n) for rule, n in sorted(report.get("rules", {}).items(), key=lambda r: -r[1])
        ],
        "changes": [
            {**one, "words": rule_words(one["rule"])} for one in sorted(changes, key=lambda c: -c["cells"])
        ],
        "n_changes": sum(one["cells"] for one in changes),
        "decisions": [{**one, "words": rule_words(one["rule"])} for one in report.get("decisions", [])],
    }


def _column_words(target: str, columns: dict[str, str], column: str) -> str:
    """Return a column's name, or that of the field where the problem is about a field."""
    return column if column in columns else field_words(target, column)


@page("imports/<int:pk>/acceptance", name="import_accept", permission=RUN, method="POST")
def accept(request: Any, pk: int) -> HttpResponse:
    """Take the readable rows in and park the rest; sent again it goes on where it stopped."""
    batch = get_batch(request.actor, pk).batch
    report = accept_batch(batch=batch, by=request.actor, at=request.at)
    accepted = report.created + report.changed + report.unchanged
    text = ngettext("%(n)d row taken in", "%(n)d rows taken in", accepted) % {"n": accepted}
    parked = ngettext("%(n)d row parked", "%(n)d rows parked", report.parked) % {"n": report.parked}
    messages.success(request, gettext("%(accepted)s, %(parked)s.") % {"accepted": text, "parked": parked})
    return redirect("web:import", pk=pk)


@page("imports/<int:pk>", name="import", permission=RUN)
def one(request: Any, pk: int) -> HttpResponse:
    """Show one import: how far it is, what was found, what is parked, and the way back."""
    line = get_batch(request.actor, pk)
    batch = line.batch
    total = sum(line.counts.values())
    parked = (
        list(batch.signals.filter(status="parked").order_by("row", "pk")[:_PROBLEMS]) if line.parked else []
    )
    context = {
        "line": line,
        "batch": batch,
        "state": STATES[line.state],
        "target": target_words(batch.target),
        "total": total,
        "percent": round(100 * line.settled / total) if total else 100,
        "parked": [
            (signal, [(rule_words(p["rule"]), p["column"]) for p in signal.problems]) for signal in parked
        ],
        "may_open": request.actor.may(Permission.IDENTITY_REVEAL, batch.path),
        "counts": batch.report.get("counts", {}),
        **_findings(batch, batch.report),
    }
    return render(request, "intake/import.html", context)


@page("imports/<int:pk>/errors.csv", name="import_errors", permission=RUN)
def errors(request: Any, pk: int) -> HttpResponse:
    """Give out the parked rows with what is wrong beside them; corrected and sent again they replace the parked ones."""
    batch = get_batch(request.actor, pk).batch
    content = error_file(batch=batch, by=request.actor, at=request.at)
    answer = HttpResponse(content, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="import-{pk}-errors.csv"'
    return answer


@page("imports/<int:pk>/undoing", name="import_undo", permission=RUN, method="POST")
def undo(request: Any, pk: int) -> HttpResponse:
    """Take an import back."""
    batch = get_batch(request.actor, pk).batch
    done = undo_batch(batch=batch, reason=request.POST.get("reason", ""), by=request.actor, at=request.at)
    text = gettext(
        "Undone: %(removed)d records removed, %(withdrawn)d facts withdrawn, %(kept)d records kept for what others built on them."
    )
    messages.success(
        request, text % {"removed": done.removed, "withdrawn": done.withdrawn, "kept": done.kept}
    )
    return redirect("web:import", pk=pk)
