"""What can be done with bulletins: drawn up by anyone's wish or each night, issued and corrected by a named person."""

from datetime import date, datetime

from django.db import transaction

from lianfang.bulletins.errors import AlreadyIssued, NotIssued, OldDraft, RemarkNeeded
from lianfang.bulletins.events import BulletinEvent
from lianfang.bulletins.figures import draw_up
from lianfang.bulletins.models import Bulletin
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Place
from lianfang.loop.touch import touch


@transaction.atomic
def draft_bulletin(*, disease: str, place: Place, on: date, by: Actor, at: datetime) -> Bulletin:
    """Draw up the bulletin of an area for a day from what is known now; a draft that was there is drawn up anew."""
    by.require(Permission.BULLETIN_DRAFT, place.path)
    if Bulletin.objects.current().filter(disease=disease, place=place, on=on).exists():
        raise AlreadyIssued
    return _draft(disease, place, on, by=by, at=at)


@transaction.atomic
def draft_correction(*, bulletin: Bulletin, remark: str, by: Actor, at: datetime) -> Bulletin:
    """Draw up the same day anew from what is known now; it takes the place of the issued one when it is issued itself."""
    by.require(Permission.BULLETIN_DRAFT, bulletin.path)
    if not bulletin.holds:
        raise NotIssued
    if not remark.strip():
        raise RemarkNeeded
    return _draft(
        bulletin.disease, bulletin.place, bulletin.on, by=by, at=at, corrects=bulletin, remark=remark.strip()
    )


def _draft(
    disease: str,
    place: Place,
    on: date,
    *,
    by: Actor,
    at: datetime,
    corrects: Bulletin | None = None,
    remark: str = "",
) -> Bulletin:
    like = corrects.figures if corrects is not None and corrects.is_told else None
    drawn = draw_up(disease, place, on, at=at, like=like)
    row, _ = Bulletin.objects.update_or_create(
        disease=disease,
        place=place,
        on=on,
        issued_at=None,
        defaults={
            "path": place.path,
            "version": corrects.version + 1 if corrects else 1,
            "corrects": corrects,
            "drawn_up_at": at,
            "drawn_up_by_id": by.user_id,
            "known_at": drawn.known_at,
            "figures": drawn.figures,
            "edition": drawn.edition,
            "digest": drawn.digest,
            "remark": remark,
        },
    )
    record(
        BulletinEvent.DRAWN_UP,
        subject=row,
        by=by,
        at=at,
        reason=remark,
        after={"on": on.isoformat(), "version": row.version, "digest": row.digest},
    )
    touch(Bulletin, [row.pk], at=at)
    return row


@transaction.atomic
def issue_bulletin(*, bulletin: Bulletin, by: Actor, at: datetime) -> Bulletin:
    """Issue a draft as it stands, in the name of `by`; one that it corrects holds no longer."""
    row: Bulletin = (
        Bulletin.objects.select_for_update(of=("self",)).select_related("place").get(pk=bulletin.pk)
    )
    by.require(Permission.BULLETIN_ISSUE, row.path)
    if row.is_issued:
        raise AlreadyIssued
    held = Bulletin.objects.current().filter(disease=row.disease, place=row.place, on=row.on).first()
    if held != row.corrects or not row.is_told:
        raise OldDraft
    if held is not None:
        Bulletin.objects.filter(pk=held.pk).update(superseded_at=at)
        record(
            BulletinEvent.CORRECTED,
            subject=held,
            by=by,
            at=at,
            reason=row.remark,
            after={"digest": row.digest},
        )
        touch(Bulletin, [held.pk], at=at)
    row.issued_at, row.issued_by_id = at, by.user_id
    row.save(update_fields=["issued_at", "issued_by"])
    after = {"on": row.on.isoformat(), "version": row.version, "digest": row.digest}
    record(BulletinEvent.ISSUED, subject=row, by=by, at=at, reason=row.remark, after=after)
    touch(Bulletin, [row.pk], at=at)
    return row
