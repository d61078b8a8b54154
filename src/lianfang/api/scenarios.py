"""Scenarios: what if a clock were faster, a ward opened, the measures ended."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from ninja import Schema

from lianfang.api.door import Sent, area_path, endpoint, page_size, place_where
from lianfang.core.access.permissions import Permission
from lianfang.measures.models import Scenario
from lianfang.measures.services import ask_scenario

P = Permission


class ScenarioIn(Sent):
    """What would be different: hours of a clock, beds of a ward, percent of contacts left, the day the measures end."""

    place: str
    disease: str
    investigation: float | None = None
    tracing: float | None = None
    laboratory: float | None = None
    ward: int | None = None
    contacts_left: int | None = None
    ended: int | None = None
    seed: int = 1
    example: ClassVar[Mapping[str, Any]] = {
        "place": "420106", "disease": "covid_19_cn_2020", "investigation": 12, "ward": 40,
    }  # fmt: skip


class ScenarioOut(Schema):
    """A scenario with inputs, version, seed and result."""

    id: int
    place: str
    disease: str
    status: str
    asked_at: datetime
    choices: dict[str, Any]
    inputs: dict[str, Any]
    result: dict[str, Any]
    version: str
    seed: int
    digest: str
    seconds: float

    @staticmethod
    def resolve_place(row: Any) -> str:
        """The code of the area."""
        return str(row.place.code)


@endpoint("GET", "/scenarios", P.AREA_VIEW, response=list[ScenarioOut])
def list_all(request: Any, area: str = "", limit: int = 100) -> Any:
    """List the scenarios of an area, the newest first."""
    rows = Scenario.objects.visible_in(request.actor, area_path(area)).visible_to(request.actor)
    return rows.select_related("place").order_by("-pk")[: page_size(limit)]


@endpoint("POST", "/scenarios", P.SCENARIO_ASK, response=ScenarioOut)
def ask(request: Any, body: ScenarioIn) -> Any:
    """Ask for a scenario; the worker computes it."""
    place = place_where(request.actor, P.SCENARIO_ASK, body.place)
    choices = body.dict(exclude={"place", "disease", "seed"})
    return ask_scenario(
        place=place, disease=body.disease, choices=choices, seed=body.seed, by=request.actor, at=request.at
    )


@endpoint("GET", "/scenarios/{pk}", P.AREA_VIEW, response=ScenarioOut)
def one(request: Any, pk: int) -> Any:
    """Return a scenario with what was computed."""
    return Scenario.objects.select_related("place").get_visible(request.actor, pk=pk)
