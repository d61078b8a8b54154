"""Keys by which machines sign in, and emergency access to another area."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from ninja import Schema

from lianfang.api.door import Sent, endpoint
from lianfang.core.access.permissions import Permission
from lianfang.core.access.selectors import (
    emergencies_to_review,
    get_emergency,
    get_token,
    get_user,
    own_emergencies,
    tokens_in,
)
from lianfang.core.access.services import break_glass, issue_token, review_break_glass, revoke_token
from lianfang.core.registry.selectors import get_place

GRANT = Permission.ACCESS_GRANT


class TokenIn(Sent):
    """Whose key, and what for."""

    login: str
    name: str
    example: ClassVar[Mapping[str, Any]] = {
        "login": "laboratory-7",
        "name": "results of the laboratory system",
    }


class TokenOut(Schema):
    """A key; the secret itself is kept nowhere."""

    id: int
    login: str
    name: str
    created_at: datetime
    revoked_at: datetime | None

    @staticmethod
    def resolve_login(token: Any) -> str:
        """Under what name the user of the key signs in."""
        return str(token.user.login)


class IssuedOut(Schema):
    """A new key: `secret` is shown this once and kept nowhere."""

    token: TokenOut
    secret: str


@endpoint("GET", "/tokens", GRANT, response=list[TokenOut])
def tokens(request: Any) -> Any:
    """List the keys of the users of your area, the newest first."""
    return tokens_in(request.actor, request.at)


@endpoint("POST", "/tokens", GRANT, response=IssuedOut, shown_once=True)
def issue(request: Any, body: TokenIn) -> Any:
    """Issue a key by which a machine acts as a user of your area."""
    user = get_user(request.actor, body.login, request.at)
    return issue_token(user=user, name=body.name, by=request.actor, at=request.at)


@endpoint("POST", "/tokens/{pk}/revocation", GRANT, response=TokenOut)
def revoke(request: Any, pk: int) -> Any:
    """Let a key sign in no more."""
    token = get_token(request.actor, pk, request.at)
    return revoke_token(token=token, by=request.actor, at=request.at)


# ---- emergency access


class EmergencyIn(Sent):
    """Which area must be read now, and why."""

    place: str
    reason: str
    example: ClassVar[Mapping[str, Any]] = {"place": "420205", "reason": "a patient from there cannot speak"}


class EmergencyOut(Schema):
    """An emergency access: whose, where, why, until when, and what its supervisor said."""

    id: int
    login: str
    place: str
    reason: str
    from_at: datetime
    until_at: datetime
    reviewed_at: datetime | None
    justified: bool | None
    review: str

    @staticmethod
    def resolve_login(emergency: Any) -> str:
        """Under what name the one who opened it signs in."""
        return str(emergency.user.login)

    @staticmethod
    def resolve_place(emergency: Any) -> str:
        """The code of the area."""
        return str(emergency.place.code)


class EmergencyReviewIn(Sent):
    """Whether it was justified, in the words of the area's supervisor."""

    justified: bool
    review: str
    example: ClassVar[Mapping[str, Any]] = {"justified": True, "review": "the patient was in danger"}


@endpoint("GET", "/emergencies/own", Permission.ACCESS_BREAK_GLASS, response=list[EmergencyOut])
def own(request: Any) -> Any:
    """List your own emergency accesses, the newest first."""
    return own_emergencies(request.actor)


@endpoint("POST", "/emergencies", Permission.ACCESS_BREAK_GLASS, response=EmergencyOut)
def open_emergency(request: Any, body: EmergencyIn) -> Any:
    """Open another area for reading, for three hours, with a reason; its supervisor is told and every reading recorded."""
    place = get_place(body.place)
    return break_glass(place=place, reason=body.reason, by=request.actor, at=request.at)


@endpoint("GET", "/emergencies", Permission.ACCESS_REVIEW, response=list[EmergencyOut])
def to_review(request: Any) -> Any:
    """List the emergency accesses to your area that nobody has answered for, the oldest first."""
    return emergencies_to_review(request.actor)


@endpoint("POST", "/emergencies/{pk}/review", Permission.ACCESS_REVIEW, response=EmergencyOut)
def review(request: Any, pk: int, body: EmergencyReviewIn) -> Any:
    """Say whether an emergency access was justified; where it was not, it ends at once."""
    emergency = get_emergency(request.actor, pk)
    return review_break_glass(emergency=emergency, **body.dict(), by=request.actor, at=request.at)
