"""How an endpoint is declared: its method, its address, the one permission it asks for.

Signing in is by `Authorization: Bearer KEY` (a machine) or by the browser's session with its CSRF token. Errors come
as RFC 9457 problem+json with the same code, sentence and hint as on a page; a stranger gets 404.

Every write is one transaction and takes an `Idempotency-Key`: the same request again under the same key does nothing and
gets the same answer; another request under it is refused (409). Refusals are not kept: they have done nothing. Nor is an
answer that holds a secret: asked again under the same key, it is refused (409).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from hashlib import sha256
from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.decorators import decorate_view
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer, SessionAuth
from pydantic import ConfigDict

from lianfang.api.parser import StrictParser
from lianfang.common.clock import now
from lianfang.common.errors import UNFIT, LianfangError, NotVisible, why_unfit
from lianfang.core.access.actor import Actor
from lianfang.core.access.errors import BadRequestKey, ShownOnce
from lianfang.core.access.permissions import Permission
from lianfang.core.access.requests import Answer, claim_key, keep_answer
from lianfang.core.access.selectors import actor_for
from lianfang.core.access.services import user_of_token
from lianfang.core.registry.models import Place, Unit
from lianfang.core.registry.selectors import get_place, get_unit

KEY = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_LONGEST_KEY = 120
_REFUSED = 400


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
    description="The closed loop of outbreak response. Times are ISO 8601 with a zone; days are YYYY-MM-DD. Errors are "
    "problem+json (RFC 9457): `code` is stable, `title` says what was wrong, `hint` what to do now.",
    auth=[TokenAuth(), SessionAuth()],
    parser=StrictParser(),
    urls_namespace="api",
)


class Sent(Schema):
    """A body that is sent; `example` is shown in the documentation, and a test sends it. Unknown fields are refused."""

    example: ClassVar[Mapping[str, Any]] = {}
    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra=lambda schema, kind: schema.update(example=dict(kind.example)),
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
_PROBLEM = {
    "description": "Refused: problem+json with code, title and hint.",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "properties": {
                    name: {"type": "integer" if name == "status" else "string"}
                    for name in ("type", "title", "status", "code", "hint")
                },
            },
            "example": {
                "type": "urn:lianfang:common.not_visible",
                "title": "There is no such case, or it is not yours to see.",
                "status": 404,
                "code": "common.not_visible",
                "hint": "Check the address.",
            },
        }
    },
}
_KEY_HEADER = {
    "in": "header",
    "name": KEY,
    "required": False,
    "schema": {"type": "string", "maxLength": _LONGEST_KEY},
    "description": "One for each act, such as a UUID; the same request again under it does nothing and gets the same answer.",
}


def endpoint(
    method: str,
    route: str,
    permission: Permission,
    *,
    by_parts: bool = False,
    shown_once: bool = False,
    **options: Any,
) -> Callable[[View], View]:
    """Publish a function under `method` and `route`; it runs only for those who hold `permission` somewhere.

    A write is one transaction. `by_parts` is for long ones that commit as they go and can be sent again by nature. With
    `shown_once` the answer holds a secret and is not kept: the same request again is told so.
    """
    writes = method != "GET"

    def publish(view: View) -> View:

        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
            request.actor.require(permission)
            if writes:
                _claim(request)
            try:
                return view(request, *args, **kwargs)
            except UNFIT as fault:
                told = why_unfit(fault)
                if told is None:
                    raise
                raise told from fault

        name = f"{view.__module__.rsplit('.', 1)[-1]}.{view.__name__}"
        ENDPOINTS.append(Endpoint(method, route, permission, name))
        doc = " ".join((view.__doc__ or "").split())
        extra: dict[str, Any] = {"responses": {"default": _PROBLEM}}
        if writes:
            extra["parameters"] = [_KEY_HEADER]
            decorate_view(partial(_answered_once, by_parts=by_parts, shown_once=shown_once))(guarded)
        api.api_operation(
            [method],
            route,
            operation_id=name,
            summary=doc,
            url_name=name,
            tags=[name.partition(".")[0]],
            openapi_extra=extra,
            **options,
        )(guarded)
        return view

    return publish


# ---- the same request twice


class Replayed(Exception):  # noqa: N818 - not an error: the answer is there already
    """The request was answered before."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def _answered_once(run: View, *, by_parts: bool, shown_once: bool) -> View:
    """Wrap an operation: one transaction for act, record and answer; what is refused leaves nothing behind."""

    @wraps(run)
    def whole(request: Any, **kwargs: Any) -> HttpResponse:
        if by_parts:
            answer: HttpResponse = run(request, **kwargs)
            _keep(request, answer, shown_once)
            return answer
        with transaction.atomic():
            answer = run(request, **kwargs)
            if answer.status_code >= _REFUSED:
                transaction.set_rollback(True)
            else:
                _keep(request, answer, shown_once)
        return answer

    return whole


def _claim(request: Any) -> None:
    key = request.headers.get(KEY, "")
    if not key:
        return
    if len(key) > _LONGEST_KEY:
        raise BadRequestKey(most=_LONGEST_KEY)
    with transaction.atomic():
        answer = claim_key(user_id=request.actor.user_id, key=key, digest=_digest_of(request), at=request.at)
    if answer is not None:
        raise Replayed(answer)


def _keep(request: Any, answer: HttpResponse, shown_once: bool) -> None:
    key = request.headers.get(KEY, "")
    # A file that is made while it is sent is not kept: asked again, it is read again, and recorded again.
    if key and answer.status_code < _REFUSED and REPLAYED not in answer and not answer.streaming:
        if shown_once:
            answer = refusal(ShownOnce())
        kept = Answer(answer.status_code, answer["Content-Type"], answer.content.decode())
        keep_answer(user_id=request.actor.user_id, key=key, answer=kept)


def _digest_of(request: Any) -> str:
    """Return a digest of what is asked: method, address and content, whatever marks a form's parts are set apart by."""
    digest = sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type == "multipart/form-data":
        digest.update(json.dumps(dict(request.POST.lists()), sort_keys=True).encode())
        for name, file in sorted(request.FILES.items()):
            digest.update(f"\n{name} {file.name}\n".encode())
            for chunk in file.chunks():
                digest.update(chunk)
            file.seek(0)
    else:
        digest.update(request.body)
    return digest.hexdigest()


@api.exception_handler(Replayed)
def _again(_request: HttpRequest, once: Replayed) -> HttpResponse:
    answer = HttpResponse(once.answer.text, status=once.answer.status, content_type=once.answer.content_type)
    answer[REPLAYED] = "true"
    return answer


# ---- refusals


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


def refusal(error: LianfangError) -> HttpResponse:
    """Return the answer to a request that is refused for this reason."""
    return problem(int(error.status), error.code, error.sentence, hint=error.advice)


@api.exception_handler(LianfangError)
def _refused(_request: HttpRequest, error: LianfangError) -> HttpResponse:
    return refusal(error)


@api.exception_handler(AuthenticationError)
def _unknown(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return problem(401, "access.not_signed_in", "Sign in, or send a key.", hint="Authorization: Bearer KEY")


@api.exception_handler(HttpError)
def _unreadable(_request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, "api.unreadable", str(error), hint="See /api/docs.")


@api.exception_handler(ValidationError)
def _invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    wrong = [
        {"at": ".".join(str(part) for part in each["loc"]), "what": each["msg"]} for each in error.errors
    ]
    return problem(422, "api.invalid", "The request does not fit.", hint="See /api/docs.", errors=wrong)


# ---- what lists share


def area_path(code: str) -> str:
    """Return the path of the area of this code, "" for none."""
    return get_place(code).path if code else ""


def place_where(actor: Actor, permission: Permission, code: str) -> Place:
    """Return the place of this code; NotVisible where the actor may not do this there."""
    place = get_place(code)
    if not actor.may(permission, place.path):
        raise NotVisible(thing="place")
    return place


def unit_where(actor: Actor, permission: Permission, code: str) -> Unit:
    """Return the open unit of this code; NotVisible where the actor may not do this there."""
    unit = get_unit(code)
    if not actor.may(permission, unit.place.path):
        raise NotVisible(thing="unit")
    return unit


def page_size(limit: int) -> int:
    """Return how many rows a page may have: 1 to 500."""
    return max(1, min(limit, 500))
