"""Breaking the glass: reading in another area now, with a reason, for a short time, and answered for afterwards."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from lianfang.common.errors import NotPermitted
from lianfang.core.access.actor import Actor
from lianfang.core.access.errors import AlreadyYours, NotHeldNow, OwnEmergency, ReasonTooShort
from lianfang.core.access.events import AccessEvent
from lianfang.core.access.models import BreakGlass
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record

if TYPE_CHECKING:
    from lianfang.core.registry.models import Place

LEAST_REASON = 10


@transaction.atomic
def break_glass(*, place: "Place", reason: str, by: Actor, at: datetime) -> BreakGlass:
    """Open an area for reading, for BREAK_GLASS_HOURS; its supervisor is told by the review that is now owed.

    What can be read is `selectors.EMERGENCY`; nothing can be written, and every reading of particulars is recorded.
    """
    by.require(Permission.ACCESS_BREAK_GLASS)
    if by.user_id is None:  # a machine has no emergency
        raise NotPermitted(permission=str(Permission.ACCESS_BREAK_GLASS))
    if len(reason.strip()) < LEAST_REASON:
        raise ReasonTooShort(least=LEAST_REASON)
    if by.may(Permission.CASE_VIEW, place.path) and by.may(Permission.IDENTITY_REVEAL, place.path):
        raise AlreadyYours(place=place.name)
    until = at + timedelta(hours=settings.BREAK_GLASS_HOURS)
    emergency = BreakGlass.objects.create(
        user_id=by.user_id,
        place=place,
        path=place.path,
        reason=reason.strip(),
        from_at=at,
        until_at=until,
    )
    record(
        AccessEvent.GLASS_BROKEN,
        by=by,
        at=at,
        subject=emergency,
        reason=reason.strip(),
        after={"until": until.isoformat()},
    )
    return emergency


@transaction.atomic
def review_break_glass(
    *, emergency: BreakGlass, justified: bool, review: str, by: Actor, at: datetime
) -> BreakGlass:
    """Say as the area's supervisor whether an emergency access was justified; it ends at once where it was not."""
    by.require(Permission.ACCESS_REVIEW, emergency.path)
    if by.user_id == emergency.user_id:
        raise OwnEmergency
    if emergency.reviewed_at is not None:
        raise NotHeldNow
    if len(review.strip()) < LEAST_REASON:
        raise ReasonTooShort(least=LEAST_REASON)
    emergency.reviewed_at, emergency.reviewed_by_id = at, by.user_id
    emergency.justified, emergency.review = justified, review.strip()
    if not justified and emergency.until_at is not None:
        emergency.until_at = min(emergency.until_at, at)
    emergency.save(update_fields=["reviewed_at", "reviewed_by", "justified", "review", "until_at"])
    record(
        AccessEvent.GLASS_REVIEWED,
        by=by,
        at=at,
        subject=emergency,
        reason=review.strip(),
        after={"justified": justified, "user": emergency.user_id},
    )
    return emergency
