"""Chains of transmission: the graph and its table, the source of one case with what speaks for it, and decisions on links."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.cases.models import Case, Classification
from lianfang.cases.selectors import get_case
from lianfang.common.errors import NotVisible
from lianfang.core.access.permissions import Permission
from lianfang.outlook import services
from lianfang.outlook.models import RunStatus, SourceDecision, SourceRuling
from lianfang.outlook.selectors import (
    ChainFilter,
    ChainView,
    Node,
    SourceView,
    chains,
    diseases_with,
    source_of,
)
from lianfang.web.area import chosen_area
from lianfang.web.door import page
from lianfang.web.words import disease_name

VIEW = Permission.CASE_VIEW

WHY: dict[str, Any] = {
    "confirmed": _("confirmed by a person"),
    "traced": _("named as the source by an investigation"),
    "contact": _("had listed the person as a contact"),
    "contact_back": _("was listed by the person as a contact"),
    "household": _("same household"),
    "venue": _("was in the same place"),
}
PROBLEMS: dict[str, Any] = {
    "onset_order": _("the source fell ill too long after the case"),
    "too_long": _("too many days between the two onsets"),
    "circle": _("the case would be its own source"),
    "two_sources": _("more than one source is named for the case"),
}
CORRECT: dict[str, Any] = {
    "onset_order": _("Check both days of onset and the direction of the link."),
    "too_long": _("Check both days of onset; a case that nobody saw may stand between."),
    "circle": _("Withdraw one of the links of the circle."),
    "two_sources": _("Decide which of them infected the case, or withdraw the others."),
}
_SHOWN = (("graph", _("graph")), ("timeline", _("timeline")), ("table", _("table only")))
_LEAST = (("0", _("all")), ("0.5", _("50 % and more")), ("0.8", _("80 % and more")))


@page("chains", name="chains", permission=VIEW)
def chains_page(request: Any) -> HttpResponse:
    """Show the chains of the area as graph or timeline, and always as a table."""
    area = chosen_area(request, VIEW)
    diseases = diseases_with("chains", area.path)
    asked = request.GET.get("disease", "")
    disease = asked if asked in diseases else next(iter(diseases), "")
    wanted = _wanted(request, area.path)
    view = chains(request.actor, disease, wanted) if disease else None
    shown = request.GET.get("view", "graph")
    context = {
        "area": area,
        "disease": disease,
        "diseases": [(code, disease_name(code)) for code in diseases],
        "wanted": wanted,
        "classifications": Classification.choices,
        "least": _LEAST,
        "views": _SHOWN,
        "view_name": shown if shown in dict(_SHOWN) else "graph",
        "view": view,
        "rows": [_row(node, view) for node in view.nodes] if view else [],
        "figures": _figures(view) if view else {},
        "data": _island(view, shown) if view else None,
        "n_problems": len(view.problems) if view else 0,
    }
    return render(request, "chains/list.html", context)


def _wanted(request: Any, path: str) -> ChainFilter:
    query = request.GET
    least = query.get("least", "0")
    return ChainFilter(
        path=path,
        since=_day(query.get("since", "")),
        until=_day(query.get("until", "")),
        classification=query.get("classification", ""),
        at_least=float(least) if least in dict(_LEAST) else 0.0,
        chain_of=query.get("case", "").strip(),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _row(node: Node, view: ChainView) -> dict[str, Any]:
    source = view.by_id.get(node.source) if node.source is not None else None
    return {
        "node": node,
        "name": name_of(node),
        "classification": dict(Classification.choices).get(node.classification, ""),
        "source": name_of(source) if source else "",
        "source_number": source.number if source else "",
        "percent": None if node.probability is None else round(100 * node.probability),
        "unknown": None if node.unknown is None else round(100 * node.unknown),
        "problems": [PROBLEMS[problem["problem"]] for problem in node.problems],
    }


def name_of(node: Any) -> str:
    """Return the number of a case, or in which area it is where the reader may not see more."""
    return node.number or gettext("a case in %s") % (node.area or gettext("another area"))


def _figures(view: ChainView) -> dict[str, Any]:
    """Return the figures above the graph; super-spreading where one run alone bears on the area."""
    mine = [node for node in view.nodes if node.is_mine]
    run = view.runs[0] if len(view.runs) == 1 else None
    spread = run.result.get("spread") if run else None
    return {
        "n_cases": len(mine),
        "n_unknown": view.n_unknown,
        "n_generations": view.n_generations,
        "n_most": max((node.infected for node in mine), default=0),
        "spread": spread,
        "top_fifth": [round(100 * value) for value in spread["top_fifth"]] if spread else None,
        "offspring": (run.result.get("offspring_share") or []) if run else [],
        "sensitivity": [
            (WHY.get(kind, kind), round(100 * share))
            for kind, share in (run.result.get("sensitivity") or {}).items()
        ]
        if run
        else [],
        "disagreement": run.result.get("disagreement") if run else None,
        "recorded_only": any(one.status != RunStatus.DONE for one in view.runs),
        "no_model": any(one.status == RunStatus.NO_MODEL for one in view.runs),
    }


def _island(view: ChainView, shown: str) -> dict[str, Any]:
    """Return what the graph is drawn from; a case of another area has no number, no class and no page."""
    nodes = [
        {
            "id": str(node.id),
            "name": name_of(node),
            "on": node.on.isoformat(),
            "kind": node.classification,
            "source": str(node.source) if node.source in view.by_id else None,
            "p": node.probability,
            "infected": node.infected,
            "problem": bool(node.problems),
            "held": node.held,
            "url": reverse("web:chain", kwargs={"number": node.number}) if node.is_mine else "",
        }
        for node in view.nodes
    ]
    kinds = {value: str(label) for value, label in Classification.choices}
    words = {
        "other": gettext("case of another area"),
        "recorded": gettext("as recorded"),
        "unknown": gettext("unknown source"),
    }
    return {"view": shown, "nodes": nodes, "kinds": kinds, "words": words}


# ---- the source of one case


class DecisionForm(forms.Form):
    """A decision on a link, with its reason."""

    decision = forms.ChoiceField(
        label=_("Decision"), choices=SourceDecision.choices, widget=forms.RadioSelect
    )
    source = forms.ChoiceField(label=_("Which case"), required=False)
    number = forms.CharField(
        label=_("Another case, by its number"),
        required=False,
        help_text=_("Where it is not among those above."),
    )
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, view: SourceView, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].choices = [  # type: ignore[attr-defined]
            ("", "–"),
            *((str(one.id), f"{name_of(one)}{_percent(one.probability)}") for one in view.candidates),
        ]


def _percent(share: float | None) -> str:
    return "" if share is None else f" · {round(100 * share)} %"


@page("chains/<str:number>", name="chain", permission=VIEW)
def chain(request: Any, number: str) -> HttpResponse:
    """Show where a case may have been infected, with the probability and the evidence of each possible source."""
    case = get_case(request.actor, number)
    return _show(request, case)


def _show(request: Any, case: Case, *, form: DecisionForm | None = None, status: int = 200) -> HttpResponse:
    view = source_of(request.actor, case)
    unknown = view.row["unknown"] if view.row else None
    context = {
        "case": case,
        "disease": disease_name(case.disease),
        "view": view,
        "candidates": [
            (one, name_of(one), _whole(one.probability), [WHY[word] for word in one.why])
            for one in view.candidates
        ],
        "unknown": _whole(unknown),
        "infected": [(one, name_of(one), _whole(one.probability)) for one in view.infected],
        "problems": [
            (PROBLEMS[p["problem"]], CORRECT[p["problem"]], p["lag"], other, name_of(other))
            for p, other in view.problems
        ],
        "rulings": [(ruling, _ruled(ruling, view)) for ruling in view.rulings],
        "limits": view.run.result.get("limits") if view.run else None,
        "may_decide": request.actor.may(Permission.FINDING_JUDGE, case.path),
        "form": form or DecisionForm(view=view),
    }
    return render(request, "chains/source.html", context, status=status)


def _whole(share: float | None) -> int | None:
    return None if share is None else round(100 * share)


def _ruled(ruling: SourceRuling, view: SourceView) -> str:
    named = next((one for one in view.candidates if one.id == ruling.source_id), None)
    return name_of(named) if named else ""


@page("chains/<str:number>", name="chain", permission=Permission.FINDING_JUDGE, method="POST")
def decide(request: Any, number: str) -> HttpResponse:
    """Decide on a link: it counts from the next run, which is due at once."""
    case = get_case(request.actor, number)
    view = source_of(request.actor, case)
    form = DecisionForm(request.POST, view=view)
    if not form.is_valid():
        return _show(request, case, form=form, status=422)
    given = form.cleaned_data
    source = None
    if given["number"]:
        source = get_case(request.actor, given["number"].strip())
    elif given["source"]:
        source = Case.objects.get(pk=int(given["source"]))  # one of the candidates that are shown
    services.rule_on_source(
        case=case,
        source=source,
        decision=given["decision"],
        reason=given["reason"],
        by=request.actor,
        at=request.at,
    )
    messages.success(request, gettext("Recorded. The chains are worked out again with it within moments."))
    return redirect("web:chain", number=number)


@page(
    "chains/<str:number>/decisions/<int:pk>",
    name="withdraw_ruling",
    permission=Permission.FINDING_JUDGE,
    method="POST",
)
def withdraw(request: Any, number: str, pk: int) -> HttpResponse:
    """Withdraw a decision on a link."""
    case = get_case(request.actor, number)
    ruling = SourceRuling.objects.filter(pk=pk, case=case).select_related("case", "source").first()
    if ruling is None:
        raise NotVisible(thing=SourceRuling._meta.verbose_name)  # noqa: SLF001 - Django's Meta API
    services.withdraw_ruling(
        ruling=ruling, reason=request.POST.get("reason", ""), by=request.actor, at=request.at
    )
    messages.success(request, gettext("Recorded."))
    return redirect("web:chain", number=number)
