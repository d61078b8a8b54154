"""The record of acts."""

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import AwareDatetime

from lianfang.api.door import area_path, endpoint, page_size
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.selectors import EventFilter, events
from lianfang.core.audit.tags import sentence_of


class ActOut(Schema):
    """One act: who did what to what, when and why."""

    id: int
    at: datetime
    actor: str
    unit: str
    tag: str
    sentence: str
    subject: str
    subject_id: int | None
    path: str
    reason: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @staticmethod
    def resolve_unit(event: Any) -> str:
        """The code of the unit of the one who acted."""
        return str(event.unit.code) if event.unit else ""

    @staticmethod
    def resolve_sentence(event: Any) -> str:
        """The act in words."""
        return sentence_of(event.tag)


@endpoint("GET", "/audit", Permission.AUDIT_VIEW, response=list[ActOut])
def acts(
    request: Any,
    area: str = "",
    tag: str = "",
    subject: str = "",
    subject_id: int | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    after: int | None = None,
    limit: int = 100,
) -> Any:
    """List the acts in the area, the newest first; `tag` may be the beginning of one, `after` is the last id before."""
    asked = EventFilter(
        tag=tag, subject=subject, subject_id=subject_id, path=area_path(area), from_at=since, until_at=until
    )
    rows = events(request.actor, asked)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    return list(rows[: page_size(limit)])
