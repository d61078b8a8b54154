"""How a page is declared: its address, the one permission it asks for, and what it answers.

`@page` is the only way to publish a view, so that the permission matrix test can walk over all of them. A
LianfangError raised below becomes a page with the sentence, the hint and the right status; strangers get 404.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, resolve

from lianfang.common.errors import UNFIT, LianfangError, NotPermitted, why_unfit
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission


class PageRequest(HttpRequest):
    """A request that the middleware has given its actor and its moment."""

    actor: Actor
    at: datetime


View = Callable[..., HttpResponseBase]


@dataclass(frozen=True)
class Page:
    """One published view. `permission` None means that signing in is enough."""

    route: str
    name: str
    method: str
    permission: Permission | None
    view: View


PAGES: list[Page] = []


def page(
    route: str, *, name: str, permission: Permission | None, method: str = "GET"
) -> Callable[[View], View]:
    """Publish a view under `route`; GET and POST of one route are two views with one name."""

    def publish(view: View) -> View:
        @wraps(view)
        def guarded(request: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            try:
                if permission is not None and not request.actor.may(permission):
                    raise NotPermitted(permission=str(permission))
                return view(request, **kwargs)
            except LianfangError as error:
                return show_error(request, error)
            except UNFIT as fault:
                told = why_unfit(fault)
                if told is None:
                    raise
                return show_error(request, told)

        PAGES.append(Page(route, name, method, permission, guarded))
        return guarded

    return publish


def csv_answer(parts: Iterable[bytes], name: str) -> StreamingHttpResponse:
    """Return the answer that sends a CSV file part by part, while they are made."""
    answer = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def show_error(request: HttpRequest, error: LianfangError) -> HttpResponse:
    """Render an error for a person: what was wrong, what to do."""
    template = "web/error_fragment.html" if request.headers.get("HX-Request") else "web/error.html"
    actor: Actor | None = getattr(request, "actor", None)
    context = {"error": error, "may_break_glass": actor and actor.may(Permission.ACCESS_BREAK_GLASS)}
    return render(request, template, context, status=error.status)


def may_open(actor: Actor, url: str) -> bool:
    """Return whether the roles of an actor open the page of an address of this site."""
    name = resolve(url.partition("?")[0]).url_name
    asked = next((page.permission for page in PAGES if page.name == name and page.method == "GET"), None)
    return asked is None or actor.may(asked)


def urls() -> list[URLPattern]:
    """Return one address per route, answering each method by its own view."""
    by_route: dict[str, dict[str, Page]] = {}
    for each in PAGES:
        by_route.setdefault(each.route, {})[each.method] = each
    return [
        path(route, _dispatch(pages), name=next(iter(pages.values())).name)
        for route, pages in by_route.items()
    ]


def _dispatch(pages: dict[str, Page]) -> View:
    def answer(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method not in pages:
            return HttpResponseNotAllowed(list(pages))
        return pages[method].view(request, **kwargs)

    return answer
