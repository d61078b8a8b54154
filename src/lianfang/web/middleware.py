"""Puts the clock and the actor on the request: the only place where the web door reads either."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from lianfang.common.clock import now
from lianfang.core.access.actor import NOBODY
from lianfang.core.access.models import User
from lianfang.core.access.selectors import actor_for


class ActorMiddleware:
    """Sets `request.at` and `request.actor`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.at = now()  # type: ignore[attr-defined]
        user = request.user
        request.actor = actor_for(user, request.at) if isinstance(user, User) else NOBODY  # type: ignore[attr-defined]
        return self.get_response(request)
