"""Beds of an area: the board, who waits, the coming weeks, wards set up and changed."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.care import services
from lianfang.care.models import Bed, BedKind, CareLevel, Cohort, Stage, Stay, Upkeep, Ward, WardSex
from lianfang.care.selectors import (
    BedState,
    bed_board,
    beds_of,
    capacity_ahead,
    n_unasked,
    stage_counts,
    waiting_list,
    ward_states,
    wards,
)
from lianfang.common.clock import local_day, start_of
from lianfang.common.errors import LianfangError
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Unit
from lianfang.outlook.selectors import bed_outlook
from lianfang.planning.models import Proposal
from lianfang.planning.services import propose_beds
from lianfang.web.area import Area, chosen_area
from lianfang.web.door import page
from lianfang.web.language import UnitField
from lianfang.web.words import severity_words

P = Permission
_LIMIT = 200
WAYS = {
    "learnt": _("learnt from what growth was followed by in all areas"),
    "slope": _("last week's slope, damped"),
}


class WardForm(forms.Form):
    """What a ward gives and takes."""

    kind = forms.ChoiceField(label=_("Kind"), choices=BedKind.choices)
    level = forms.TypedChoiceField(label=_("Care"), choices=CareLevel.choices, coerce=int)
    rooms_shared = forms.BooleanField(
        label=_("Shared rooms"), required=False, help_text=_("only confirmed patients may share a room")
    )
    cohort = forms.ChoiceField(label=_("For whom"), required=False, choices=Cohort.choices)
    sex = forms.ChoiceField(label=_("Women and men"), required=False, choices=WardSex.choices)


class NewWard(WardForm):
    """A ward with its facility and its first beds."""

    unit = UnitField(label=_("Facility"), queryset=Unit.objects.none(), empty_label=None)
    name = forms.CharField(label=_("Name"), max_length=120)
    n = forms.IntegerField(label=_("Beds"), min_value=0, max_value=5000, initial=10)
    field_order = ["unit", "name", "kind", "level", "n", "rooms_shared", "cohort", "sex"]


class CapacityForm(forms.Form):
    """How many beds a ward has, from a day on."""

    n = forms.IntegerField(label=_("Beds"), min_value=0, max_value=5000)
    from_on = forms.DateField(
        label=_("From (empty: now)"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )


@page("beds", name="beds", permission=P.BED_VIEW)
def beds(request: Any) -> HttpResponse:
    """Show the beds of the area by kind and level, who waits, and the wards."""
    return _board(request, chosen_area(request, P.BED_VIEW))


def _board(request: Any, area: Area, form: forms.Form | None = None, status: int = 200) -> HttpResponse:
    counts = bed_board(request.actor, at=request.at, path=area.path)
    kinds, levels = dict(BedKind.choices), dict(CareLevel.choices)
    asking = waiting_list(request.actor, path=area.path)
    stages = stage_counts(request.actor, path=area.path) if request.actor.may(P.CARE_VIEW) else {}
    shown = list(wards(request.actor, area.path).select_related("unit").order_by("unit", "pk")[:_LIMIT])
    states = ward_states(shown, request.at)
    names = ("usable", "occupied", "reserved", "cleaning", "repair")
    context = {
        "area": area,
        "board": [(kinds[c.kind], levels.get(c.level, "") if c.level is not None else "", c) for c in counts],
        "totals": BedState(**{name: sum(getattr(c, name) for c in counts) for name in names}),
        "waiting": [
            (row, levels[row.level], _severity(row), (request.at - row.asked_at).total_seconds())
            for row in asking[:_LIMIT]
        ],
        "n_waiting": asking.count(),
        "n_unasked": n_unasked(request.actor, area.path) if stages else 0,
        "wards": [(ward, levels[ward.level], states.get(ward.pk, BedState())) for ward in shown],
        "stages": [(label, stages.get(value, 0)) for value, label in Stage.choices],
        "may_assign": request.actor.may(P.BED_ASSIGN, area.path),
        "form": form or _new_ward(request, area),
        "proposals": Proposal.objects.visible_in(request.actor, area.path).order_by("-at", "-pk")[:5],
        **_ahead(request.actor, area.path),
    }
    return render(request, "care/beds.html", context, status=status)


def _severity(row: Any) -> Any:
    pathway = getattr(row.case, "pathway", None)
    return severity_words(pathway.severity) if pathway else ""


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


def _new_ward(request: Any, area: Area, data: Any = None) -> NewWard | None:
    """Return the form of a new ward with the facilities of the area where the actor runs beds; None without any."""
    here = Unit.objects.open().filter(path__within=area.path) if area.path else Unit.objects.none()
    mine = [unit.pk for unit in here.filter(kind="hospital") if request.actor.may(P.BED_EDIT, unit.path)]
    if not mine and data is None:
        return None
    form = NewWard(data)
    form.fields["unit"].queryset = Unit.objects.filter(pk__in=mine).order_by("name")  # type: ignore[attr-defined]
    return form


@page("beds", name="beds", permission=P.BED_EDIT, method="POST")
def set_up(request: Any) -> HttpResponse:
    """Set up a ward with its first beds."""
    area = chosen_area(request, P.BED_EDIT)
    form = _new_ward(request, area, request.POST)
    assert form is not None
    if form.is_valid():
        told = dict(form.cleaned_data)
        unit, n, who = told.pop("unit"), told.pop("n"), {"by": request.actor, "at": request.at}
        try:
            made = services.set_up_ward(unit=unit, **told, **who)
        except LianfangError as error:
            form.add_error(None, f"{error} {error.advice}")
        else:
            services.change_beds(ward=made, n=n, from_at=request.at, **who)
            messages.success(request, gettext("The ward is set up."))
            return redirect("web:ward", pk=made.pk)
    return _board(request, area, form, status=422)


@page("wards/<int:pk>", name="ward", permission=P.BED_VIEW)
def ward(request: Any, pk: int) -> HttpResponse:
    """Show the beds of a ward: free, occupied, cleaned, kept for somebody."""
    return _ward(request, Ward.objects.select_related("unit", "place").get_visible(request.actor, pk=pk))


def _ward(
    request: Any, row: Ward, *, form: forms.Form | None = None, act: str = "", status: int = 200
) -> HttpResponse:
    may_see = request.actor.may(P.CARE_VIEW, row.path)
    may_edit = request.actor.may(P.BED_EDIT, row.path)
    lying = {
        stay.bed_id: stay
        for stay in Stay.objects.current().at(request.at).filter(bed__ward=row).select_related("case__person")
    }
    why = dict(Upkeep.Why.choices)
    rows = beds_of(row, request.at)
    forms_ = {
        "capacity": (_("Change the number of beds"), CapacityForm(initial={"n": len(rows)})),
        "change": (
            _("Change the ward"),
            WardForm(initial={name: getattr(row, name) for name in WardForm.base_fields}),
        ),
    }
    if form is not None:
        forms_[act] = (forms_[act][0], form)
    context = {
        "ward": row,
        "level": dict(CareLevel.choices)[row.level],
        "beds": [(bed, lying.get(bed.pk) if may_see else None, why.get(bed.why)) for bed in rows],
        "state": ward_states([row], request.at).get(row.pk, BedState()),
        "ahead": capacity_ahead(row, request.at),
        "acts": [(name, *each) for name, each in forms_.items()] if may_edit else [],
        "act": act,
        "may_edit": may_edit,
    }
    return render(request, "care/ward.html", context, status=status)


@page("wards/<int:pk>/<str:act>", name="ward_act", permission=P.BED_EDIT, method="POST")
def act_on_ward(request: Any, pk: int, act: str) -> HttpResponse:
    """Change a ward or the number of its beds, close it, or take a bed out of use and give it back."""
    row = Ward.objects.select_related("unit", "place").get_visible(request.actor, P.BED_EDIT, pk=pk)
    kinds: dict[str, type[forms.Form]] = {"capacity": CapacityForm, "change": WardForm}
    form = kinds[act](request.POST) if act in kinds else None
    if form is not None and not form.is_valid():
        return _ward(request, row, form=form, act=act, status=422)
    try:
        said = _do(act, row, form.cleaned_data if form else {}, request)
    except LianfangError as error:
        if form is None:
            messages.error(request, f"{error} {error.advice}")
            return redirect("web:ward", pk=pk)
        form.add_error(None, f"{error} {error.advice}")
        return _ward(request, row, form=form, act=act, status=422)
    if said:
        messages.success(request, said)
    return redirect("web:ward", pk=pk)


def _do(act: str, row: Ward, given: dict[str, Any], request: Any) -> str:
    """Do an act on a ward or one of its beds; return what is to be said, empty where there is no such act or bed."""
    who = {"by": request.actor, "at": request.at}
    if act in _ON_WARD:
        return _ON_WARD[act](row, given or {"reason": request.POST.get("reason", "")}, who)
    said = request.POST.get("bed", "")
    bed = Bed.objects.filter(ward=row, pk=said).select_related("ward").first() if said.isdigit() else None
    return _ON_BED[act](bed, who) if bed is not None and act in _ON_BED else ""


def _change_capacity(row: Ward, given: dict[str, Any], who: dict[str, Any]) -> str:
    day = given["from_on"]
    from_at = start_of(day) if day and day > local_day(who["at"]) else who["at"]
    n = services.change_beds(ward=row, n=given["n"], from_at=from_at, **who)
    if n > given["n"]:
        return gettext("{n} beds: fewer are empty. The others can be closed when they are.").format(n=n)
    return gettext("The ward has {n} beds from then on.").format(n=n)


def _change_ward(row: Ward, given: dict[str, Any], who: dict[str, Any]) -> str:
    services.set_up_ward(unit=row.unit, name=row.name, **given, **who)
    return gettext("Recorded.")


def _close(row: Ward, given: dict[str, Any], who: dict[str, Any]) -> str:
    services.close_ward(ward=row, reason=given["reason"], **who)
    return gettext("The ward is closed.")


def _clean(bed: Bed, who: dict[str, Any]) -> str:
    return gettext("The bed can be given again.") if services.end_upkeep(bed=bed, **who) else ""


def _repair(bed: Bed, who: dict[str, Any]) -> str:
    services.take_out_of_use(bed=bed, why=Upkeep.Why.REPAIR, from_at=who["at"], **who)
    return gettext("The bed is out of use until it is given back.")


_ON_WARD = {"capacity": _change_capacity, "change": _change_ward, "close": _close}
_ON_BED = {"clean": _clean, "repair": _repair}


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
