"""The record of acts, for those who may read it: who did what to whom, when and why."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from lianfang.core.access.permissions import Permission
from lianfang.core.audit.selectors import EventFilter, events
from lianfang.core.audit.tags import sentence_of
from lianfang.web.area import chosen_area
from lianfang.web.door import page

_PAGE = 100


@page("record", name="audit", permission=Permission.AUDIT_VIEW)
def audit(request: Any) -> HttpResponse:
    """List the acts in the area, the newest first."""
    area = chosen_area(request, Permission.AUDIT_VIEW)
    query = request.GET
    after = int(query["after"]) if query.get("after", "").isdigit() else None
    rows = events(request.actor, EventFilter(tag=query.get("tag", ""), path=area.path))
    if after is not None:
        rows = rows.filter(pk__lt=after)
    shown = list(rows[: _PAGE + 1])
    context = {
        "area": area,
        "tag": query.get("tag", ""),
        "events": [(event, sentence_of(event.tag)) for event in shown[:_PAGE]],
        "after": shown[_PAGE - 1].pk if len(shown) > _PAGE else "",
    }
    return render(request, "audit/list.html", context)
