"""Proposals of who goes to which bed, and what people decide about each line."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal

from ninja import Schema

from lianfang.api.door import Sent, area_path, endpoint, page_size, place_where
from lianfang.care.models import Ward
from lianfang.common.errors import NotVisible
from lianfang.core.access.permissions import Permission
from lianfang.planning.errors import PlannedAnew
from lianfang.planning.models import Line, Proposal
from lianfang.planning.services import accept_lines, alter_line, propose_beds, refuse_line

P = Permission


class ProposalOut(Schema):
    """A proposal: who waited, how many beds were free, how many were placed."""

    id: int
    at: datetime
    n_waiting: int
    n_beds: int
    n_placed: int
    replanned_at: datetime | None


class LineOut(Schema):
    """One who waited: the ward proposed, or none, and why; and what was decided."""

    id: int
    rank: int
    case: str
    ward: int | None
    km: float | None
    levels_up: int
    reason: str
    decision: str
    decided_because: str

    @staticmethod
    def resolve_case(line: Any) -> str:
        """The number of the case."""
        return str(line.request.case.number)

    @staticmethod
    def resolve_ward(line: Any) -> int | None:
        """The ward proposed."""
        return line.ward_id  # type: ignore[no-any-return]


class ProposalIn(Sent):
    """The area for whose waiting list a proposal is made; `at_most` bounds how many can be moved now (ambulances)."""

    area: str
    at_most: int | None = None
    example: ClassVar[Mapping[str, Any]] = {"area": "420106", "at_most": 12}


class LineDecisionIn(Sent):
    """What is decided about a line; another ward, and a refusal, need a reason.

    `ward` is the other ward; with an acceptance it says which one was read, and what was planned anew since is refused.
    """

    decision: Literal["accepted", "altered", "refused"]
    ward: int | None = None
    reason: str = ""
    example: ClassVar[Mapping[str, Any]] = {"decision": "refused", "reason": "the patient has died"}


class LineDecisionOut(Schema):
    """How it came out: overtaken where the bed or the request was gone."""

    decision: str


@endpoint("GET", "/proposals", P.BED_VIEW, response=list[ProposalOut])
def proposals(request: Any, area: str = "", limit: int = 20) -> Any:
    """List the proposals of an area, the newest first."""
    rows = Proposal.objects.visible_in(request.actor, area_path(area))
    return rows.order_by("-at", "-pk")[: page_size(limit)]


@endpoint("POST", "/proposals", P.BED_ASSIGN, response=ProposalOut)
def propose(request: Any, body: ProposalIn) -> Any:
    """Propose a bed for everybody who waits in the area; nothing is given yet."""
    place = place_where(request.actor, P.BED_ASSIGN, body.area)
    return propose_beds(place=place, at_most=body.at_most, by=request.actor, at=request.at)


@endpoint("GET", "/proposals/{pk}", P.BED_VIEW, response=list[LineOut])
def lines(request: Any, pk: int) -> Any:
    """Return the lines of a proposal in their order."""
    row = Proposal.objects.get_visible(request.actor, pk=pk)
    return row.lines.select_related("request__case")


@endpoint("POST", "/proposals/{pk}/lines/{line}/decision", P.BED_ASSIGN, response=LineDecisionOut)
def decide(request: Any, pk: int, line: int, body: LineDecisionIn) -> Any:
    """Accept a line, give another ward, or refuse it."""
    row = Proposal.objects.get_visible(request.actor, P.BED_ASSIGN, pk=pk)
    rows = Line.objects.filter(proposal=row, pk=line)
    found = rows.select_related("request__case__person", "ward", "proposal").first()
    if found is None:
        raise NotVisible(thing="line")
    who = {"by": request.actor, "at": request.at}
    if body.decision == "accepted":
        if body.ward is not None and body.ward != found.ward_id:
            raise PlannedAnew
        accept_lines(lines=[found], **who)
    elif body.decision == "altered":
        ward = Ward.objects.get_visible(request.actor, P.BED_ASSIGN, pk=body.ward or 0)
        alter_line(line=found, ward=ward, reason=body.reason, **who)
    else:
        refuse_line(line=found, reason=body.reason, **who)
    found.refresh_from_db()
    return {"decision": found.decision}
