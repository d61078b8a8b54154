"""The tokens of links for reporting oneself: made, read, and refused."""

import uuid
from datetime import datetime

from django.core import signing

from lianfang.contacts.errors import LinkUnknown
from lianfang.contacts.models import FollowUp, SelfLink

_SALT = "lianfang.contacts.self_report"


def token_of(link: SelfLink) -> str:
    """Return the signed token; it is shown once and not kept."""
    return signing.dumps(link.uid.hex, salt=_SALT)


def open_self_link(token: str, *, at: datetime) -> SelfLink:
    """Return the link of a token; LinkUnknown where it was forged, revoked, has run out, or the observation ended."""
    try:
        uid = uuid.UUID(hex=signing.loads(token, salt=_SALT))
    except (signing.BadSignature, ValueError, TypeError, AttributeError) as error:
        raise LinkUnknown from error
    link = SelfLink.objects.select_related("contact").filter(uid=uid).first()
    if link is None or link.revoked_at is not None or link.expires_at < at:
        raise LinkUnknown
    if link.contact.status != FollowUp.UNDER:
        raise LinkUnknown
    return link
