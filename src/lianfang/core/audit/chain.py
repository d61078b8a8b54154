"""Sealing the record, and proving that nobody changed it.

A seal is the SHA-256 over the digest of the seal before, its own bounds, and a hash of every event in them, read in
the order of ids. Changing, removing or slipping in one event, or a whole seal, breaks it. What a chain inside one
database cannot show is that everything after some point was cut off or written anew: for that, note a digest
elsewhere (a bulletin prints it) and hand it to `verify` as the anchor.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from lianfang.core.audit.models import Event, Seal

# Events under one seal: bounds the memory of sealing and verifying.
_MOST = 10_000
_LEAF = 24
_COLUMNS = (
    "id",
    "at",
    "actor",
    "user_id",
    "unit_id",
    "tag",
    "subject",
    "subject_id",
    "path",
    "reason",
    "before",
    "after",
    "act",
)


@dataclass(frozen=True)
class Verification:
    """What became of a verification: the first broken event or seal, or none."""

    n_events: int  # sealed and found as sealed, up to the break
    n_seals: int
    n_unsealed: int  # written since the last seal, not yet protected by it
    broken_event: int | None = None
    broken_seal: int | None = None
    reason: str = ""
    last_digest: str = ""

    @property
    def is_intact(self) -> bool:
        """Whether nothing sealed was changed."""
        return not self.reason


@transaction.atomic
def seal(*, at: datetime) -> list[Seal]:
    """Seal all events that are not yet sealed; return the new seals.

    Writers are kept out for the moment of sealing, and those in the middle of a transaction are waited for, so that no
    event with an id inside the sealed range can be committed later. SQLite lets one writer in at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f'LOCK TABLE "{Event._meta.db_table}" IN SHARE ROW EXCLUSIVE MODE')  # noqa: SLF001
    last = Seal.objects.order_by("-last_id").first()
    end = Event.objects.aggregate(end=Max("id"))["end"] or 0
    seals: list[Seal] = []
    while (first := last.last_id + 1 if last else 1) <= end:
        page = Event.objects.filter(id__gte=first, id__lte=end)
        leaves = list(_leaves(page.order_by("id")[:_MOST]))
        bound = leaves[-1][0] if len(leaves) == _MOST else end
        body = b"".join(leaf for _id, leaf in leaves)
        last = Seal.objects.create(
            first_id=first,
            last_id=bound,
            n_events=len(leaves),
            leaves=body,
            digest=_digest(last.digest if last else "", first, bound, body),
            at=at,
        )
        seals.append(last)
    return seals


def verify(*, anchor: str = "") -> Verification:
    """Read the whole record and return the first break; `anchor` is a digest that was noted elsewhere.

    Cost: one read of both tables, 10,000 events at a time.
    """
    n_events = n_seals = 0
    before = Seal(last_id=0, digest="")
    found_anchor = not anchor
    for current in Seal.objects.order_by("last_id").iterator(chunk_size=20):
        broken = _broken_seal(before, current)
        if broken:
            return Verification(n_events, n_seals, 0, broken_seal=current.pk, reason=broken)
        checked, event, reason = _check_events(current)
        n_events += checked
        if reason:
            return Verification(n_events, n_seals, 0, event, current.pk, reason)
        n_seals += 1
        before = current
        found_anchor = found_anchor or current.digest == anchor
    unsealed = Event.objects.filter(id__gt=before.last_id).count()
    missing = (
        "" if found_anchor else _("The noted digest is not in the chain: seals were cut off or written anew.")
    )
    return Verification(n_events, n_seals, unsealed, reason=missing, last_digest=before.digest)


def _broken_seal(before: Seal, current: Seal) -> str:
    if current.first_id != before.last_id + 1:
        return _("A seal is missing before event {first}.").format(first=current.first_id)
    leaves = bytes(current.leaves)
    if current.digest != _digest(before.digest, current.first_id, current.last_id, leaves):
        return _("The seal itself was changed, or one before it.")
    return ""


def _check_events(current: Seal) -> tuple[int, int | None, str]:
    """Compare the events of a seal with their leaves; return (events found right, id of the first wrong one, why)."""
    body = bytes(current.leaves)
    sealed = [
        (_id_of(body[start : start + _LEAF]), body[start : start + _LEAF])
        for start in range(0, len(body), _LEAF)
    ]
    events = Event.objects.filter(id__gte=current.first_id, id__lte=current.last_id).order_by("id")
    present = list(_leaves(events))
    for number, ((wanted, leaf), (found, actual)) in enumerate(zip(sealed, present, strict=False)):
        if wanted < found:
            return number, wanted, _("The event was removed.")
        if wanted > found:
            return number, found, _("The event was slipped in after the sealing.")
        if leaf != actual:
            return number, found, _("The event was changed after the sealing.")
    common = min(len(sealed), len(present))
    if len(sealed) > common:
        return common, sealed[common][0], _("The event was removed.")
    if len(present) > common:
        return common, present[common][0], _("The event was slipped in after the sealing.")
    return common, None, ""


def _leaves(events: "QuerySet[Event]") -> Iterator[tuple[int, bytes]]:
    """Yield (id, leaf) of events: the id in 8 bytes and 16 bytes of the SHA-256 of the row as canonical JSON."""
    for row in events.values_list(*_COLUMNS):
        values = [value.timestamp() if isinstance(value, datetime) else value for value in row]
        text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        yield row[0], row[0].to_bytes(8) + sha256(text.encode()).digest()[: _LEAF - 8]


def _id_of(leaf: bytes) -> int:
    return int.from_bytes(leaf[:8])


def _digest(before: str, first: int, last: int, leaves: bytes) -> str:
    return sha256(f"{before}\n{first}\n{last}\n".encode() + leaves).hexdigest()
