"""Kept views: how a list was narrowed, under a name, for oneself or for the unit."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext

from lianfang.core.access.permissions import Permission
from lianfang.core.access.selectors import views_of
from lianfang.core.access.services import drop_view, save_view
from lianfang.web.door import page

# The lists that can be kept.
_LISTS = ("cases", "tasks")


def kept_views(request: Any, name: str) -> dict[str, Any]:
    """Return what the template `web/views.html` shows above a list."""
    here = request.GET.copy()
    for key in ("after", "area", "page"):
        here.pop(key, None)
    area = request.GET.get("area", "")
    rows = [
        (view, f"?{view.query}&area={area}" if area else f"?{view.query}", _same(view.query, here))
        for view in views_of(request.actor, name)
    ]
    return {"views": rows, "view_page": name, "view_query": here.urlencode()}


def _same(query: str, here: QueryDict) -> bool:
    return QueryDict(query).dict() == {key: value for key, value in here.items() if value}


@page("views", name="views", permission=Permission.TASK_VIEW, method="POST")
def keep(request: Any) -> HttpResponse:
    """Keep the list as it is narrowed now, or remove a kept one."""
    said = request.POST
    name = said.get("page", "")
    if name not in _LISTS:
        return redirect("web:start")
    if said.get("drop", "").isdigit():
        drop_view(view_id=int(said["drop"]), by=request.actor, at=request.at)
        messages.success(request, gettext("The view is removed."))
        return redirect(f"web:{name}")
    view = save_view(
        page=name,
        name=said.get("name", ""),
        query=said.get("query", ""),
        is_shared=said.get("shared") == "1",
        by=request.actor,
        at=request.at,
    )
    messages.success(request, gettext("The view is kept: %s") % view.name)
    return redirect(f"{reverse(f'web:{name}')}?{view.query}")
