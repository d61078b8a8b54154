"""Policies by which load is shed when duties exceed hands: in force, adopted, ended, each with its reason."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal

from ninja import Schema
from pydantic import AwareDatetime, Field

from lianfang.api.door import Sent, area_path, endpoint, place_where
from lianfang.core.access.permissions import Permission
from lianfang.loop.selectors import get_policy, shedding_policies
from lianfang.loop.services import adopt_shedding_policy, end_shedding_policy

SHED = Permission.POLICY_SHED


class PolicyIn(Sent):
    """What is not done by hand. `keep`: for ranked so many tasks per unit and day, else so many percent."""

    duty: str
    place: str
    mode: Literal["ranked", "sampled", "self_check"]
    keep: int = Field(ge=0)
    from_at: AwareDatetime | None = None
    until_at: AwareDatetime
    reason: str
    example: ClassVar[Mapping[str, Any]] = {
        "duty": "contacts.observe",
        "place": "420106",
        "mode": "sampled",
        "keep": 50,
        "until_at": "2099-01-01T00:00:00+08:00",
        "reason": "half of the visitors are ill",
    }


class PolicyOut(Schema):
    """A policy with who decided it and until when it holds."""

    id: int
    duty: str
    place: str
    mode: str
    keep: int
    from_at: datetime
    until_at: datetime
    reason: str
    decided_by: str

    @staticmethod
    def resolve_place(policy: Any) -> str:
        """The code of the area."""
        return str(policy.place.code)

    @staticmethod
    def resolve_decided_by(policy: Any) -> str:
        """Who decided it."""
        return str(policy.decided_by.name) if policy.decided_by else ""


class PolicyEndIn(Sent):
    """Why the policy ends before its time."""

    reason: str
    example: ClassVar[Mapping[str, Any]] = {"reason": "hands are back"}


@endpoint("GET", "/shedding-policies", SHED, response=list[PolicyOut])
def policies(request: Any, area: str = "") -> Any:
    """List the policies in force that bear on the area: those within it and those of the areas around it."""
    return shedding_policies(request.actor, at=request.at, path=area_path(area))


@endpoint("POST", "/shedding-policies", SHED, response=PolicyOut)
def adopt(request: Any, body: PolicyIn) -> Any:
    """Decide that part of a duty is not done by hand for a time; the unit above the area is told."""
    said = body.dict()
    place = place_where(request.actor, SHED, said.pop("place"))
    from_at = said.pop("from_at") or request.at
    return adopt_shedding_policy(**said, place=place, from_at=from_at, by=request.actor, at=request.at)


@endpoint("POST", "/shedding-policies/{pk}/end", SHED, response=PolicyOut)
def end(request: Any, pk: int, body: PolicyEndIn) -> Any:
    """End a policy before its time; what is still due is by hand again at once."""
    policy = get_policy(request.actor, pk)
    end_shedding_policy(policy=policy, reason=body.reason, by=request.actor, at=request.at)
    return get_policy(request.actor, pk)
