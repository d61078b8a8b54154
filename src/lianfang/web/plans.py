"""Response plans: written in peace, approved, drilled on invented data, switched on by a named person, and switched off."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.common.errors import LianfangError
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Capability, Level, Place, Unit
from lianfang.measures import selectors, services
from lianfang.measures.laying import places_for
from lianfang.measures.models import Activation, Drill, Plan, ResponseLevel, Work
from lianfang.measures.rules import catalogue, level_of
from lianfang.measures.services.planning import editions_now
from lianfang.web.area import chosen_area
from lianfang.web.door import page
from lianfang.web.language import UnitField, in_language
from lianfang.web.measures import diseases

P = Permission
_LIMIT = 200
_DRILLS = 10


class PlanForm(forms.Form):
    """A plan: for which situation, who owns it, which level and measures it brings."""

    title = forms.CharField(label=_("Title"), max_length=120)
    situation = forms.CharField(label=_("When it is to be used"), widget=forms.Textarea(attrs={"rows": 2}))
    disease = forms.ChoiceField(label=_("Disease"), choices=diseases)
    owner = UnitField(label=_("Owner"), queryset=Unit.objects.none())
    level = forms.ChoiceField(
        label=_("Response level"), required=False, choices=[("", "–"), *ResponseLevel.choices]
    )
    measures = forms.MultipleChoiceField(
        label=_("Measures"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, path: str, at: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        says = catalogue(path, at)[1].measures
        inside = Unit.objects.filter(path__within=path, closed_at=None)
        self.fields["measures"].choices = [(k, in_language(one.text)) for k, one in says.items()]  # type: ignore[attr-defined]
        self.fields["owner"].queryset = inside.order_by("path", "name")  # type: ignore[attr-defined]


class StepForm(forms.Form):
    """A step: what is done, by whom in which places, and within which time."""

    text = forms.CharField(label=_("What is done"), max_length=200)
    level = forms.TypedChoiceField(label=_("In each"), choices=Level.choices, coerce=int)
    capability = forms.ChoiceField(label=_("By the unit that can"), choices=Capability.choices)
    within_hours = forms.IntegerField(label=_("Within hours"), min_value=1, max_value=720, required=False)
    every_days = forms.IntegerField(label=_("Or again every so many days"), min_value=1, required=False)


class StockForm(forms.Form):
    """What has to lie ready."""

    item = forms.CharField(label=_("Item"), max_length=120)
    unit = UnitField(label=_("Where"), queryset=Unit.objects.none())
    needed = forms.IntegerField(label=_("Needed"), min_value=1)
    held = forms.IntegerField(label=_("There"), min_value=0, required=False)


class SwitchForm(forms.Form):
    """The confirmation with which a plan is switched on."""

    place = forms.CharField(label=_("Code of the area"), max_length=24)
    reason = forms.CharField(label=_("Reason"))
    sure = forms.BooleanField(label=_("I switch this plan on, under my name"))


@page("plans", name="plans", permission=P.AREA_VIEW)
def index(request: Any) -> HttpResponse:
    """List the plans that can be used in the area."""
    area = chosen_area(request, P.AREA_VIEW)
    return _list(request, area, _plan_form(request, area))


def _plan_form(request: Any, area: Any, data: Any = None) -> PlanForm | None:
    may = area.place is not None and request.actor.may(P.PLAN_EDIT, area.path)
    return PlanForm(data, path=area.path, at=request.at) if may else None


def _list(request: Any, area: Any, form: PlanForm | None, status: int = 200) -> HttpResponse:
    rows = selectors.plans_in(request.actor, area.path)[:_LIMIT]
    return render(request, "measures/plans.html", {"area": area, "plans": rows, "form": form}, status=status)


@page("plans", name="plans", permission=P.PLAN_EDIT, method="POST")
def write(request: Any) -> HttpResponse:
    """Write the draft of a plan for the area."""
    area = chosen_area(request, P.PLAN_EDIT)
    form = _plan_form(request, area, request.POST)
    if form is None or not form.is_valid() or area.place is None:
        return _list(request, area, form, status=422)
    plan = services.write_plan(place=area.place, **form.cleaned_data, by=request.actor, at=request.at)
    return redirect("web:plan", pk=plan.pk)


@page("plans/<int:pk>", name="plan", permission=P.AREA_VIEW)
def plan(request: Any, pk: int) -> HttpResponse:
    """Show a plan: situation, measures, steps, stocks, drills, and where it is switched on."""
    return _show(request, _get(request, pk))


def _get(request: Any, pk: int, permission: Permission | None = None) -> Plan:
    rows = Plan.objects.select_related("place", "owner", "approved_by", "written_by")
    found: Plan = rows.get_visible(request.actor, permission, pk=pk)
    return found


def _show(request: Any, row: Plan, *, status: int = 200, **forms_sent: Any) -> HttpResponse:
    may = request.actor.may(P.PLAN_EDIT, row.path)
    says = catalogue(row.path, request.at)[1].measures
    context = {
        "plan": row,
        "measures": [in_language(says[kind].text) if kind in says else kind for kind in row.measures],
        "steps": row.steps.select_related("unit").order_by("n"),
        "stocks": row.stocks.select_related("unit").order_by("item", "pk"),
        "drills": row.drills.select_related("by").order_by("-pk")[:_DRILLS],
        "activations": row.activations.select_related("place", "by").order_by("-pk")[:_DRILLS],
        "reviews": row.reviews.filter(done_at__isnull=True).order_by("due_at"),
        "newer": row.status == "approved" and row.editions != editions_now(row, request.at),
        "may_edit": may,
        "may_switch": request.actor.may(P.PLAN_SWITCH, row.path),
        "step": (forms_sent.get("step") or StepForm()) if may and row.status == "draft" else None,
        "stock": (forms_sent.get("stock") or _stock_form(row)) if may and row.status != "retired" else None,
    }
    return render(request, "measures/plan.html", context, status=status)


def _stock_form(row: Plan, data: Any = None) -> StockForm:
    form = StockForm(data)
    inside = Unit.objects.filter(path__within=row.path, closed_at=None).order_by("path", "name")
    form.fields["unit"].queryset = inside  # type: ignore[attr-defined]
    return form


@page("plans/<int:pk>/steps", name="plan_steps", permission=P.PLAN_EDIT, method="POST")
def add_step(request: Any, pk: int) -> HttpResponse:
    """Add a step to a draft, or take one out."""
    row = _get(request, pk, P.PLAN_EDIT)
    dropped = (
        row.steps.filter(pk=request.POST["drop"]).first() if request.POST.get("drop", "").isdigit() else None
    )
    if dropped is not None:
        services.drop_step(step=dropped, by=request.actor, at=request.at)
        return redirect("web:plan", pk=pk)
    form = StepForm(request.POST)
    if form.is_valid():
        sent: dict[str, Any] = {name: value or 0 for name, value in form.cleaned_data.items()}
        try:
            services.add_step(plan=row, **sent, by=request.actor, at=request.at)
        except LianfangError as error:
            form.add_error(None, f"{error} {error.hint}")
        else:
            return redirect("web:plan", pk=pk)
    return _show(request, row, step=form, status=422)


@page("plans/<int:pk>/stocks", name="plan_stocks", permission=P.PLAN_EDIT, method="POST")
def count(request: Any, pk: int) -> HttpResponse:
    """Say what has to lie ready for a plan, and how much does."""
    row = _get(request, pk, P.PLAN_EDIT)
    form = _stock_form(row, request.POST)
    if not form.is_valid():
        return _show(request, row, stock=form, status=422)
    services.count_stock(plan=row, **form.cleaned_data, by=request.actor, at=request.at)
    return redirect("web:plan", pk=pk)


@page("plans/<int:pk>/acts", name="plan_acts", permission=P.PLAN_EDIT, method="POST")
def act(request: Any, pk: int) -> HttpResponse:
    """Approve a plan, find that it still holds, begin a revision, or ask for a drill."""
    row = _get(request, pk, P.PLAN_EDIT)
    who: dict[str, Any] = {"plan": row, "by": request.actor, "at": request.at}
    chosen = request.POST.get("act", "")
    try:
        if chosen == "approve":
            services.approve_plan(**who)
        elif chosen == "confirm":
            services.confirm_plan(reason=request.POST.get("reason", ""), **who)
        elif chosen == "revise":
            return redirect("web:plan", pk=services.revise_plan(**who).pk)
        elif chosen == "drill":
            drill = services.ask_drill(seed=row.drills.count() + 1, **who)
            return redirect("web:drill", pk=drill.pk)
    except LianfangError as error:
        messages.error(request, f"{error} {error.hint}")
    else:
        messages.success(request, gettext("Recorded."))
    return redirect("web:plan", pk=pk)


@page("drills/<int:pk>", name="drill", permission=P.AREA_VIEW)
def drill(request: Any, pk: int) -> HttpResponse:
    """Show what a drill found: how long each step took, and where nobody of the place's own answers."""
    row = Drill.objects.select_related("plan", "place", "by").get_visible(request.actor, pk=pk)
    labels = dict(Capability.choices)
    inherited = [
        (one["place"], labels.get(one["capability"], one["capability"]), one["unit"])
        for one in row.result.get("inherited", [])
    ]
    return render(request, "measures/drill.html", {"drill": row, "inherited": inherited})


@page("plans/<int:pk>/switch", name="switch_on", permission=P.PLAN_SWITCH)
def confirm(request: Any, pk: int) -> HttpResponse:
    """Show what switching a plan on would bring, and ask for the reason and the confirmation."""
    row = _get(request, pk, P.PLAN_SWITCH)
    return _confirm(request, row, SwitchForm(initial={"place": row.place.code}))


def _confirm(request: Any, row: Plan, form: SwitchForm, status: int = 200) -> HttpResponse:
    says = catalogue(row.path, request.at)[1]
    lines = [(step.text, places_for(row.place, step.level).count()) for step in row.steps.order_by("n")]
    for kind in row.measures:
        for code in says.measures[kind].works if kind in says.measures else ():
            work = says.works[code]
            lines.append((in_language(work.text), places_for(row.place, level_of(work.level)).count()))
    context = {
        "plan": row,
        "form": form,
        "lines": lines,
        "measures": [(in_language(says.measures[k].text), says.measures[k].restricts) for k in row.measures if k in says.measures],
        "short": [s for s in row.stocks.select_related("unit") if (s.held or 0) < s.needed],
    }  # fmt: skip
    return render(request, "measures/switch_on.html", context, status=status)


@page("plans/<int:pk>/switch", name="switch_on", permission=P.PLAN_SWITCH, method="POST")
def switch_on(request: Any, pk: int) -> HttpResponse:
    """Switch a plan on."""
    row = _get(request, pk, P.PLAN_SWITCH)
    form = SwitchForm(request.POST)
    place = Place.objects.filter(code=request.POST.get("place", "").strip()).first()
    if form.is_valid() and place is None:
        form.add_error("place", gettext("No place has this code; see the list of places."))
    if not form.is_valid() or place is None:
        return _confirm(request, row, form, status=422)
    reason = form.cleaned_data["reason"]
    try:
        made = services.switch_on(plan=row, place=place, reason=reason, by=request.actor, at=request.at)
    except LianfangError as error:
        form.add_error(None, f"{error} {error.hint}")
        return _confirm(request, row, form, status=422)
    messages.success(
        request, gettext("Switched on. The duties reach the units with the next turn of the loop.")
    )
    return redirect("web:activation", pk=made.pk)


@page("activations/<int:pk>", name="activation", permission=P.AREA_VIEW)
def activation(request: Any, pk: int) -> HttpResponse:
    """Show a plan that is or was switched on: by whom, and how far its duties are at each unit."""
    row = Activation.objects.select_related("plan", "place", "by", "ended_by").get_visible(
        request.actor, pk=pk
    )
    works = Work.objects.filter(activation=row) | Work.objects.filter(measure__activation=row)
    context = {
        "activation": row,
        "measures": row.measures.order_by("pk"),
        "progress": selectors.progress_of(works, request.at),
        "units": selectors.units_at_work(works, request.at)[:_LIMIT],
        "may_switch": row.until_at is None and request.actor.may(P.PLAN_SWITCH, row.path),
    }
    return render(request, "measures/activation.html", context)


@page("activations/<int:pk>", name="activation", permission=P.PLAN_SWITCH, method="POST")
def switch_off(request: Any, pk: int) -> HttpResponse:
    """Switch a plan off."""
    row = Activation.objects.get_visible(request.actor, P.PLAN_SWITCH, pk=pk)
    try:
        services.switch_off(
            activation=row, reason=request.POST.get("reason", ""), by=request.actor, at=request.at
        )
    except LianfangError as error:
        messages.error(request, f"{error} {error.hint}")
    else:
        messages.success(request, gettext("Switched off."))
    return redirect("web:activation", pk=pk)
