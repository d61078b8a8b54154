"""Teams, where they work, their rosters, exposures at work, and advice asked for and given."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Literal

from ninja import Schema
from pydantic import AwareDatetime

from lianfang.api.care import MadeOut
from lianfang.api.door import Sent, area_path, endpoint, page_size, place_where, unit_where
from lianfang.common.errors import NotVisible
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.selectors import get_place, get_unit
from lianfang.teams import selectors, services
from lianfang.teams.models import Consultation, Roster, Team, Worker
from lianfang.teams.rosters import accept_roster, propose_shifts, refuse_roster

P = Permission
WHEN = "2020-02-12T10:00:00+08:00"


class TeamOut(Schema):
    """A team."""

    id: int
    name: str
    home: str
    n_workers: int

    @staticmethod
    def resolve_home(team: Any) -> str:
        """The code of its hospital."""
        return str(team.home.code)


class DeploymentOut(Schema):
    """A team at a facility, until when by the rules."""

    id: int
    team: int
    unit: str
    occurred_at: datetime
    relief_at: datetime
    edition: str

    @staticmethod
    def resolve_team(row: Any) -> int:
        """The number of the team."""
        return int(row.team_id)

    @staticmethod
    def resolve_unit(row: Any) -> str:
        """The code of the facility."""
        return str(row.unit.code)


class DeployIn(Sent):
    """Sending a team to a facility."""

    unit: str
    from_at: AwareDatetime
    example: ClassVar[Mapping[str, Any]] = {"unit": "420106-hosp", "from_at": WHEN}


class PairIn(Sent):
    """One place and a province that helps it, by code."""

    helper: str
    helped: str
    example: ClassVar[Mapping[str, Any]] = {"helper": "42", "helped": "420106"}


class PairingRoundIn(Sent):
    """A round of pairings for the places of an area; it ends the one before."""

    within: str
    from_on: date
    pairs: list[PairIn]
    example: ClassVar[Mapping[str, Any]] = {
        "within": "420106", "from_on": "2020-02-10", "pairs": [{"helper": "42", "helped": "420106"}],
    }  # fmt: skip


class PairedOut(Schema):
    """How many pairings now hold."""

    n: int


class RosterIn(Sent):
    """From when and for how many days a roster is proposed."""

    from_on: date
    days: int
    example: ClassVar[Mapping[str, Any]] = {"from_on": "2020-02-13", "days": 5}


class RosterOut(Schema):
    """A roster: who works which shift (0 day, 1 evening, 2 night), and what is missing and why."""

    id: int
    from_on: date
    days: int
    plan: list[dict[str, Any]]
    missing: list[dict[str, Any]]
    rules: dict[str, Any]
    decision: str


class RosterDecisionIn(Sent):
    """Accepted as it is, or refused with a reason."""

    decision: Literal["accepted", "refused"]
    reason: str = ""
    example: ClassVar[Mapping[str, Any]] = {"decision": "refused", "reason": "two are ill"}


class WorkerExposureIn(Sent):
    """An exposure of a health worker at work."""

    worker: str
    hazard: Literal["no_protection", "needle", "splash", "unknown"]
    happened_at: AwareDatetime
    note: str = ""
    example: ClassVar[Mapping[str, Any]] = {"worker": "W-1", "hazard": "splash", "happened_at": WHEN}


class ConsultationOut(Schema):
    """Advice asked for, and given."""

    id: int
    form: str
    from_unit: str
    to_unit: str
    question: str
    asked_at: datetime
    scheduled_for: datetime | None
    answered_at: datetime | None
    answer: str

    @staticmethod
    def resolve_from_unit(row: Any) -> str:
        """The code of the unit that asks."""
        return str(row.from_unit.code)

    @staticmethod
    def resolve_to_unit(row: Any) -> str:
        """The code of the unit that is asked."""
        return str(row.to_unit.code)


class QuestionIn(Sent):
    """A question to another unit."""

    form: Literal["remote", "round"]
    from_unit: str
    to_unit: str
    question: str
    example: ClassVar[Mapping[str, Any]] = {
        "form": "remote", "from_unit": "420106-hosp", "to_unit": "420106-cdc", "question": "ECMO?",
    }  # fmt: skip


class AdviceIn(Sent):
    """The advice."""

    answer: str
    example: ClassVar[Mapping[str, Any]] = {"answer": "prone position first"}


@endpoint("GET", "/teams", P.TEAM_VIEW, response=list[TeamOut])
def list_all(request: Any, area: str = "", limit: int = 100) -> Any:
    """List the teams of an area."""
    return selectors.teams(request.actor, area_path(area))[: page_size(limit)]


@endpoint("GET", "/deployments", P.TEAM_VIEW, response=list[DeploymentOut])
def deployed(request: Any, area: str = "", limit: int = 100) -> Any:
    """List who works where now, those to be relieved first at the top."""
    return selectors.deployments(request.actor, area_path(area), request.at)[: page_size(limit)]


@endpoint("POST", "/teams/{pk}/deployments", P.TEAM_EDIT, response=DeploymentOut)
def deploy(request: Any, pk: int, body: DeployIn) -> Any:
    """Send a team to a facility."""
    team = Team.objects.get_visible(request.actor, P.TEAM_EDIT, pk=pk)
    return services.deploy_team(
        team=team, unit=get_unit(body.unit), from_at=body.from_at, by=request.actor, at=request.at
    )


@endpoint("POST", "/pairings", P.TEAM_EDIT, response=PairedOut)
def pair(request: Any, body: PairingRoundIn) -> Any:
    """Begin a new round of pairings; it ends the one before."""
    pairs = [(get_place(one.helper), get_place(one.helped)) for one in body.pairs]
    who = {"by": request.actor, "at": request.at}
    within = place_where(request.actor, P.TEAM_EDIT, body.within)
    return {"n": services.start_round(pairs=pairs, within=within, from_on=body.from_on, **who)}


@endpoint("POST", "/teams/{pk}/rosters", P.TEAM_EDIT, response=RosterOut)
def propose(request: Any, pk: int, body: RosterIn) -> Any:
    """Propose who of a team works when; nothing is decided yet."""
    team = Team.objects.get_visible(request.actor, P.TEAM_EDIT, pk=pk)
    days = max(1, min(body.days, 28))
    return propose_shifts(team=team, from_on=body.from_on, days=days, by=request.actor, at=request.at)


@endpoint("POST", "/rosters/{pk}/decision", P.TEAM_EDIT, response=RosterOut)
def decide(request: Any, pk: int, body: RosterDecisionIn) -> Any:
    """Accept a roster, or refuse it."""
    row = Roster.objects.select_related("team", "unit").get_visible(request.actor, P.TEAM_EDIT, pk=pk)
    who = {"by": request.actor, "at": request.at}
    if body.decision == "accepted":
        accept_roster(roster=row, **who)
    else:
        refuse_roster(roster=row, reason=body.reason, **who)
    return row


@endpoint("POST", "/worker-exposures", P.CARE_EDIT, response=MadeOut)
def expose(request: Any, body: WorkerExposureIn) -> Any:
    """Report that a health worker was exposed; the assessment is owed within a day."""
    seen = Worker.objects.visible_to(request.actor, P.CARE_VIEW)
    worker = seen.select_related("team__home__place").filter(code=body.worker).first()
    if worker is None:
        raise NotVisible(thing="health worker")
    told = body.dict(exclude={"worker"})
    return services.report_exposure(worker=worker, **told, by=request.actor, at=request.at)


@endpoint("GET", "/consultations", P.CARE_VIEW, response=list[ConsultationOut])
def advice(request: Any, area: str = "", limit: int = 100) -> Any:
    """List advice asked for and given, the unanswered first."""
    return selectors.consultations(request.actor, area_path(area))[: page_size(limit)]


@endpoint("POST", "/consultations", P.CARE_EDIT, response=ConsultationOut)
def ask(request: Any, body: QuestionIn) -> Any:
    """Ask another unit for advice."""
    asking = unit_where(request.actor, P.CARE_EDIT, body.from_unit)
    units: dict[str, Any] = {"from_unit": asking, "to_unit": get_unit(body.to_unit)}
    told = body.dict(exclude={"from_unit", "to_unit"})
    return services.ask_advice(**units, **told, by=request.actor, at=request.at)


@endpoint("POST", "/consultations/{pk}/answer", P.CARE_EDIT, response=ConsultationOut)
def answer(request: Any, pk: int, body: AdviceIn) -> Any:
    """Answer a consultation."""
    row = Consultation.objects.get_visible(request.actor, P.CARE_VIEW, pk=pk)
    services.answer_consultation(consultation=row, answer=body.answer, by=request.actor, at=request.at)
    row.refresh_from_db()
    return row
