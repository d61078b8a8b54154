"""Keys by which machines sign in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from ninja import Schema

from lianfang.api.door import Sent, endpoint
from lianfang.core.access.permissions import Permission
from lianfang.core.access.selectors import get_token, get_user, tokens_in
from lianfang.core.access.services import issue_token, revoke_token

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
    """A new key: `secret` is shown this once (and, for a day, to the same request sent again)."""

    token: TokenOut
    secret: str


@endpoint("GET", "/tokens", GRANT, response=list[TokenOut])
def tokens(request: Any) -> Any:
    """List the keys of the users of your area, the newest first."""
    return tokens_in(request.actor, request.at)


@endpoint("POST", "/tokens", GRANT, response=IssuedOut)
def issue(request: Any, body: TokenIn) -> Any:
    """Issue a key by which a machine acts as a user of your area."""
    user = get_user(request.actor, body.login, request.at)
    return issue_token(user=user, name=body.name, by=request.actor, at=request.at)


@endpoint("POST", "/tokens/{pk}/revocation", GRANT, response=TokenOut)
def revoke(request: Any, pk: int) -> Any:
    """Let a key sign in no more."""
    token = get_token(request.actor, pk, request.at)
    return revoke_token(token=token, by=request.actor, at=request.at)
