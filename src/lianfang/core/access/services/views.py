"""Views of lists that users keep: a page and how it was narrowed, under a name."""

from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from django.db import transaction

from lianfang.common.errors import NotPermitted, Refused
from lianfang.core.access.actor import Actor
from lianfang.core.access.events import AccessEvent
from lianfang.core.access.models import SavedView
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record

# Where in the list one was, and whose area it was, are no part of a view.
_NOT_KEPT = frozenset({"after", "page", "area", "csrfmiddlewaretoken"})
_LONGEST = 500


@transaction.atomic
def save_view(
    *, page: str, name: str, query: str, by: Actor, at: datetime, is_shared: bool = False
) -> SavedView:
    """Keep how a list is narrowed under a name; the same name again replaces it. Shared, the whole unit sees it."""
    if by.user_id is None:
        raise NotPermitted(permission=str(Permission.TASK_VIEW))
    kept = urlencode([(key, value) for key, value in parse_qsl(query) if key not in _NOT_KEPT])
    if not name.strip() or len(name) > 60 or len(kept) > _LONGEST:
        raise Refused(reason=name or query)
    view, _created = SavedView.objects.update_or_create(
        user_id=by.user_id,
        page=page,
        name=name.strip(),
        defaults={"query": kept, "is_shared": is_shared, "saved_at": at},
    )
    record(AccessEvent.VIEW_SAVED, by=by, at=at, subject=view, after={"page": page, "query": kept})
    return view


@transaction.atomic
def drop_view(*, view_id: int, by: Actor, at: datetime) -> bool:
    """Remove a view of one's own; return whether there was one."""
    view = SavedView.objects.filter(pk=view_id, user_id=by.user_id or 0).first()
    if view is None:
        return False
    record(
        AccessEvent.VIEW_DROPPED, by=by, at=at, subject=view, before={"page": view.page, "query": view.query}
    )
    view.delete()
    return True
