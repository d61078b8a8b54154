"""Requests that may come twice: a sender that heard no answer sends again under the same key and gets the first answer.

The key is written in the transaction of the act. A second request under it waits for that transaction: where it was
taken back, the second one acts; where it stands, the second one is given what the first was answered.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from lianfang.common.sealing import seal, unseal
from lianfang.core.access.errors import KeyReused
from lianfang.core.access.models import RequestKey

KEPT_FOR = timedelta(days=1)
_CONTEXT = "answer"


@dataclass(frozen=True)
class Answer:
    """What the first request under a key was answered."""

    status: int
    content_type: str
    text: str


def claim_key(*, user_id: int, key: str, digest: str, at: datetime) -> Answer | None:
    """Take the key for this request and return None, or return what was answered to the first request under it.

    Raises KeyReused where the key belongs to a request that asked something else. The caller holds the transaction of
    the act (three statements).
    """
    RequestKey.objects.filter(user_id=user_id, at__lt=at - KEPT_FOR).delete()
    row = RequestKey(user_id=user_id, key=key, digest=digest, at=at)
    RequestKey.objects.bulk_create([row], ignore_conflicts=True)
    standing = RequestKey.objects.select_for_update().get(user_id=user_id, key=key)
    if standing.digest != digest:
        raise KeyReused(key=key)
    if standing.status is None:
        return None
    return Answer(standing.status, standing.content_type, unseal(standing.sealed_answer, context=_CONTEXT))


def keep_answer(*, user_id: int, key: str, answer: Answer) -> None:
    """Keep what the request under the key is answered; the first answer stands."""
    RequestKey.objects.filter(user_id=user_id, key=key, status__isnull=True).update(
        status=answer.status,
        content_type=answer.content_type,
        sealed_answer=seal(answer.text, context=_CONTEXT),
    )
