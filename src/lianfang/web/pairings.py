"""Pairings of provinces with places: what holds, what held, and a new round that ends the old one."""

import re
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.common.errors import LianfangError
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Place
from lianfang.core.registry.place_names import PlaceFinder
from lianfang.core.rules import site_rules
from lianfang.rulebook.kinds.supply import PairingParameters
from lianfang.teams import services
from lianfang.teams.models import Pairing
from lianfang.web.area import Area, chosen_area
from lianfang.web.door import page

P = Permission
_LIMIT = 500
_COUNTY = 3
_APART = re.compile(r"\s*(?:→|->|=>|,|，|\t| )\s*")


class RoundForm(forms.Form):
    """A round of pairings: one pair a line, the helper first."""

    from_on = forms.DateField(label=_("From"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    pairs = forms.CharField(
        label=_("Who helps whom, one pair a line: helper → helped, by name or code"),
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    edition = forms.CharField(label=_("By which document"), required=False, max_length=80)

    def clean_pairs(self) -> list[tuple[Place, Place]]:
        """Return the places of each line; every line that names none is said."""
        finder, found, wrong = PlaceFinder(max_level=_COUNTY), [], []
        for n, line in enumerate(filter(None, map(str.strip, self.cleaned_data["pairs"].splitlines())), 1):
            parts = _APART.split(line)
            try:
                helper, helped = (finder.find(part) for part in parts)
            except ValueError:
                wrong.append(gettext("Line {n}: write helper → helped.").format(n=n))
            except LianfangError as error:
                wrong.append(gettext("Line {n}: {error}").format(n=n, error=error))
            else:
                found.append((helper, helped))
        if wrong:
            raise forms.ValidationError(wrong)
        return found


@page("pairings", name="pairings", permission=P.TEAM_VIEW)
def index(request: Any) -> HttpResponse:
    """Show the pairings of the area by round, and begin a new round."""
    area = chosen_area(request, P.TEAM_VIEW)
    return _show(request, area, RoundForm(initial=_as_written(area)))


def _as_written(area: Area) -> dict[str, Any]:
    """Return the latest round that the rulebook knows, as far as its places lie in the area and are on file."""
    editions = site_rules().editions("pairing")
    if not editions or area.place is None:
        return {}
    latest = editions[-1]
    pairs = [(helper, pair.place) for pair in latest.of(PairingParameters).pairs for helper in pair.helpers]
    places = {p.code: p for p in Place.objects.filter(code__in={code for pair in pairs for code in pair})}
    lines = [
        f"{places[helper].name} → {places[helped].name}"
        for helper, helped in pairs
        if helper in places and helped in places and places[helped].path.startswith(area.path)
    ]
    if not lines:
        return {}
    return {"from_on": latest.effective_from, "pairs": "\n".join(lines), "edition": latest.edition_id}


def _show(request: Any, area: Area, form: RoundForm, status: int = 200) -> HttpResponse:
    rows = Pairing.objects.visible_in(request.actor, area.path).select_related("helper", "helped")
    rounds: dict[Any, list[Pairing]] = {}
    for row in rows.order_by("-from_on", "helped__code", "pk")[:_LIMIT]:
        rounds.setdefault(row.from_on, []).append(row)
    may = area.place is not None and request.actor.may(P.TEAM_EDIT, area.path)
    context = {"area": area, "rounds": list(rounds.items()), "form": form if may else None}
    return render(request, "teams/pairings.html", context, status=status)


@page("pairings", name="pairings", permission=P.TEAM_EDIT, method="POST")
def begin(request: Any) -> HttpResponse:
    """Begin a new round of pairings for the places of the area; it ends the one before."""
    area = chosen_area(request, P.TEAM_EDIT)
    form = RoundForm(request.POST)
    if area.place is not None and form.is_valid():
        told = form.cleaned_data
        try:
            n = services.start_round(within=area.place, **told, by=request.actor, at=request.at)
        except LianfangError as error:
            form.add_error(None, f"{error} {error.advice}")
        else:
            messages.success(
                request, gettext("{n} pairings hold from that day; the round before has ended.").format(n=n)
            )
            return redirect("web:pairings")
    return _show(request, area, form, status=422)
