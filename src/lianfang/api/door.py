"""How an endpoint is declared: its method, its address, the one permission it asks for.

Signing in is by `Authorization: Bearer KEY` (a machine) or by the browser's session with its CSRF token. Errors come
as RFC 9457 problem+json with the same code, sentence and hint as on a page; a stranger gets 404.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError
from ninja.security import HttpBearer, SessionAuth

from lianfang.common.clock import now
from lianfang.common.errors import LianfangError
from lianfang.core.access.permissions import Permission
from lianfang.core.access.selectors import actor_for
from lianfang.core.access.services import user_of_token


class TokenAuth(HttpBearer):
    """A machine's key."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        user = user_of_token(token)
        if user is None:
            return None
        request.at = now()  # type: ignore[attr-defined]
        request.actor = actor_for(user, request.at)  # type: ignore[attr-defined]
        return user


api = NinjaAPI(
    title="Lianfang",
    version="1",
    description="The closed loop of outbreak response. Times are ISO 8601 with a zone; days are YYYY-MM-DD.",
    auth=[TokenAuth(), SessionAuth()],
    urls_namespace="api",
)


@dataclass(frozen=True)
class Endpoint:
    """One published endpoint; the permission matrix test walks over all of them."""

    method: str
    route: str
    permission: Permission
    name: str


ENDPOINTS: list[Endpoint] = []
View = Callable[..., Any]


def endpoint(method: str, route: str, permission: Permission, **options: Any) -> Callable[[View], View]:
    """Publish a function under `method` and `route`; it runs only for those who hold `permission` somewhere."""

    def publish(view: View) -> View:

        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
            request.actor.require(permission)
            return view(request, *args, **kwargs)

        name = f"{view.__module__.rsplit('.', 1)[-1]}.{view.__name__}"
        ENDPOINTS.append(Endpoint(method, route, permission, name))
        doc = " ".join((view.__doc__ or "").split())
        api.api_operation([method], route, operation_id=name, summary=doc, url_name=name, **options)(guarded)
        return view

    return publish


def problem(status: int, code: str, title: str, *, hint: str = "", **fields: Any) -> HttpResponse:
    """Return a problem+json answer."""
    body = {
        "type": f"urn:lianfang:{code}",
        "title": title,
        "status": status,
        "code": code,
        "hint": hint,
        **fields,
    }
    text = json.dumps(body, ensure_ascii=False, default=str)
    return HttpResponse(text, status=status, content_type="application/problem+json")


@api.exception_handler(LianfangError)
def _refused(_request: HttpRequest, error: LianfangError) -> HttpResponse:
    return problem(int(error.status), error.code, error.sentence, hint=error.advice)


@api.exception_handler(AuthenticationError)
def _unknown(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return problem(401, "access.not_signed_in", "Sign in, or send a key.", hint="Authorization: Bearer KEY")


@api.exception_handler(ValidationError)
def _invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    wrong = [
        {"at": ".".join(str(part) for part in each["loc"]), "what": each["msg"]} for each in error.errors
    ]
    return problem(422, "api.invalid", "The request does not fit.", hint="See /api/docs.", errors=wrong)
