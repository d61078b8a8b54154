"""Teams: their people, where they work, their rosters, and the pairings that send them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime

from lianfang.api.beds import MadeOut
from lianfang.api.door import Sent, area_path, endpoint, page_size, place_where, unit_where
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Person
from lianfang.core.registry.selectors import get_place, get_unit
from lianfang.teams import selectors, services
from lianfang.teams.health import ailing
from lianfang.teams.models import Deployment, Roster, Team
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


class TeamIn(Sent):
    """A team of a hospital."""

    home: str
    name: str
    name_en: str = ""
    example: ClassVar[Mapping[str, Any]] = {"home": "420106-hosp", "name": "第二队"}


class WorkerOut(Schema):
    """A health worker of a team; `is_ill`: infected and not back, or a patient."""

    id: int
    code: str
    skill: str
    n_shifts: int
    n_off: int
    is_ill: bool


class WorkerIn(Sent):
    """Who joins a team: a person on file, by uid."""

    person: UUID
    code: str
    skill: Literal["doctor", "intensive_doctor", "nurse", "intensive_nurse", "infection_control"]
    example: ClassVar[Mapping[str, Any]] = {
        "person": "00000000-0000-4000-8000-000000000000", "code": "JS-014", "skill": "nurse",
    }  # fmt: skip


class DeployEndIn(Sent):
    """When a deployment ended."""

    ended_at: AwareDatetime
    example: ClassVar[Mapping[str, Any]] = {"ended_at": WHEN}


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


class PairingOut(Schema):
    """One pairing that holds, or held until the day of `until_on`."""

    helper: str
    helped: str
    from_on: date
    until_on: date | None
    edition: str

    @staticmethod
    def resolve_helper(row: Any) -> str:
        """The code of the province that helps."""
        return str(row.helper.code)

    @staticmethod
    def resolve_helped(row: Any) -> str:
        """The code of the place that is helped."""
        return str(row.helped.code)


class CountOut(Schema):
    """How many it concerned."""

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


@endpoint("GET", "/teams", P.TEAM_VIEW, response=list[TeamOut])
def list_all(request: Any, area: str = "", limit: int = 100) -> Any:
    """List the teams of an area."""
    return selectors.teams(request.actor, area_path(area))[: page_size(limit)]


@endpoint("POST", "/teams", P.TEAM_EDIT, response=MadeOut)
def form(request: Any, body: TeamIn) -> Any:
    """Form a team of a hospital."""
    home = unit_where(request.actor, P.TEAM_EDIT, body.home)
    told = body.dict(exclude={"home"})
    return services.form_team(home=home, **told, by=request.actor, at=request.at)


@endpoint("GET", "/teams/{pk}/workers", P.TEAM_VIEW, response=list[WorkerOut])
def workers(request: Any, pk: int) -> Any:
    """List the people of a team by code, with shifts and days off of the last ten days."""
    rows = selectors.workers_of(Team.objects.get_visible(request.actor, pk=pk), request.at)
    ill = ailing([row.pk for row in rows])
    names = ("code", "skill", "n_shifts", "n_off")
    return [{"id": row.pk, "is_ill": row.pk in ill, **{n: getattr(row, n) for n in names}} for row in rows]


@endpoint("POST", "/teams/{pk}/workers", P.TEAM_EDIT, response=MadeOut)
def join(request: Any, pk: int, body: WorkerIn) -> Any:
    """Take a person on file into a team."""
    team = Team.objects.get_visible(request.actor, P.TEAM_EDIT, pk=pk)
    person = Person.objects.get_visible(request.actor, uid=body.person)
    told = body.dict(exclude={"person"})
    return services.add_worker(team=team, person=person, **told, by=request.actor, at=request.at)


@endpoint("POST", "/deployments/{pk}/end", P.TEAM_EDIT, response=MadeOut)
def relieve(request: Any, pk: int, body: DeployEndIn) -> Any:
    """Record that a team was relieved."""
    row = Deployment.objects.select_related("team").get_visible(request.actor, P.TEAM_EDIT, pk=pk)
    services.end_deployment(deployment=row, ended_at=body.ended_at, by=request.actor, at=request.at)
    return row


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


@endpoint("GET", "/pairings", P.TEAM_VIEW, response=list[PairingOut])
def paired(request: Any, area: str = "") -> Any:
    """List the pairings that hold in an area today."""
    return selectors.pairings(request.actor, area_path(area), request.at)


@endpoint("POST", "/pairings", P.TEAM_EDIT, response=CountOut)
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
