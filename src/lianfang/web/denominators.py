"""The honest denominators: beside every follow-up rate its case-side twin, per area; and what slow tracing costs."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Place
from lianfang.loop.coverage import Covered, coverage_of_areas
from lianfang.outlook.models import Run
from lianfang.outlook.selectors import tracing_cost, tracing_costs
from lianfang.web.area import Area, chosen_area
from lianfang.web.door import page
from lianfang.web.words import disease_name

VIEW = Permission.METRICS_VIEW
# Follow-up as it is usually told, and what it does not see.
RATES = ("contacts.observed", "contacts.reached")
TWINS = ("contacts.listed", "contacts.known", "contacts.quarantined_at_onset")


@dataclass(frozen=True)
class Cell:
    """One share with its count, its gaps and the way to both lists."""

    one: Covered
    place: Place

    @property
    def percent(self) -> int | None:
        """The share in whole percent; None where nobody should be covered."""
        return None if self.one.share is None else round(100 * self.one.share)


def may_see(actor: Any) -> bool:
    """Return whether the reader's roles open cases and contacts behind the figures."""
    return all(actor.may(p) for p in (VIEW, Permission.CASE_VIEW, Permission.CONTACT_VIEW))


def denominators(request: Any, places: list[Place]) -> list[tuple[Place, list[Cell], list[Cell]]]:
    """Return for each place its follow-up rates and their case-side twins: two queries for each coverage."""
    counted = coverage_of_areas(request.actor, (*RATES, *TWINS), places, at=request.at)

    def cells(place: Place, codes: tuple[str, ...]) -> list[Cell]:
        return [Cell(counted[code, place.path], place) for code in codes]

    return [(place, cells(place, RATES), cells(place, TWINS)) for place in places]


def start_cards(request: Any, area: Area) -> dict[str, Any]:
    """Return what the start page shows of both, for those who may see the rows."""
    if area.place is None or not may_see(request.actor):
        return {}
    [(_, rates, twins)] = denominators(request, [area.place])
    return {"rates": rates, "twins": twins, "cost": cost_of(tracing_cost(request.actor, area.path))}


def cost_of(run: Run | None) -> dict[str, Any] | None:
    """Return the figure of a run in the form in which it is said; None where there is no run."""
    if run is None:
        return None
    found: dict[str, Any] = {"run": run, "inputs": run.inputs, "disease": disease_name(run.study.disease)}
    if run.status == "done":
        result = run.result
        found |= {
            "hours": result["median_hours"],
            "r_now": result["r_now"],
            "r_target": result["r_target"],
            "less": result["difference"],
            "reached": [round(100 * value) for value in result["reached"]],
            "days": result["days_median"],
            "known": round(100 * run.inputs["n_known"] / run.inputs["n_cases"]),
            "percent_less": round(100 * result["difference"][0] / result["r_now"][0])
            if result["r_now"][0]
            else 0,
        }
    return found


@page("figures/denominators", name="denominators", permission=VIEW)
def denominators_page(request: Any) -> HttpResponse:
    """Show every follow-up rate beside its case-side twin, for the area and each one below it."""
    area = chosen_area(request, VIEW)
    open_ = may_see(request.actor)
    places = [*([area.place] if area.place else []), *area.below]
    rows = denominators(request, places) if open_ else []
    heads = [cell.one.coverage.title for cell in (*rows[0][1], *rows[0][2])] if rows else []
    context = {"area": area, "rows": rows, "heads": heads, "is_open": open_, "n_rates": len(RATES)}
    return render(request, "figures/denominators.html", context)


@page("figures/tracing-cost", name="tracing_cost", permission=VIEW)
def tracing_cost_page(request: Any) -> HttpResponse:
    """Explain what slow tracing costs the area: inputs, method, assumptions, and when it says nothing."""
    area = chosen_area(request, VIEW)
    may = request.actor.may(Permission.CASE_VIEW)
    runs = tracing_costs(request.actor, [area.path, *(place.path for place in area.below)]) if may else {}
    below = [(place, cost) for place in area.below if (cost := cost_of(runs.get(place.path)))]
    context = {"area": area, "cost": cost_of(runs.get(area.path)), "below": below}
    return render(request, "figures/tracing_cost.html", context)
