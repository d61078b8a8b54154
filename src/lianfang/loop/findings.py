"""What the machine proposes: written set-wise, kept in line with its grounds, and left to a person to decide."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import QuerySet

from lianfang.common.bulk import insert_rows, write_columns
from lianfang.core.access.actor import Actor
from lianfang.core.audit.services import record
from lianfang.loop.events import LoopEvent
from lianfang.loop.models import Finding
from lianfang.loop.touch import touch

_CONTENT = ("place_id", "path", "capability", "evidence", "edition", "signal_id", "due_at")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One finding about one row; `key` tells apart several findings of a kind about it."""

    subject_id: int
    place_id: int
    path: str
    evidence: Mapping[str, Any]
    due_at: datetime
    key: str = ""
    edition: str = ""
    signal_id: int | None = None
    capability: str = "assess"


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """What became of the proposals, counted."""

    found: int = 0  # new, or found again after the grounds had gone
    changed: int = 0
    withdrawn: int = 0


@transaction.atomic
def propose_findings(
    kind: str,
    model: type[models.Model],
    proposals: Iterable[Proposal],
    *,
    about: Sequence[int] | QuerySet[Any] | None = None,
    by: Actor,
    at: datetime,
) -> Proposed:
    """Bring the findings of one kind in line with what the rules find now.

    `about` are the rows that were looked at (None: all rows of `model`): a standing finding about one of them that is
    not proposed again has lost its grounds and is withdrawn. A finding that comes again asks for a new judgement; one
    whose evidence merely grew keeps the one it has. A constant number of statements.
    """
    label = model._meta.label  # noqa: SLF001 - Django's documented Meta API
    standing = Finding.objects.filter(kind=kind, subject=label)
    if about is not None:
        standing = standing.filter(subject_id__in=about)
    known = {(row.subject_id, row.key): row for row in standing}
    new: list[Finding] = []
    again: list[Finding] = []
    changed: list[Finding] = []
    for proposal in proposals:
        row = known.pop((proposal.subject_id, proposal.key), None)
        content = {name: getattr(proposal, name) for name in _CONTENT} | {"evidence": dict(proposal.evidence)}
        if row is None:
            identity = {
                "kind": kind,
                "subject": label,
                "subject_id": proposal.subject_id,
                "key": proposal.key,
            }
            new.append(Finding(**identity, **content, found_at=at))
        elif row.withdrawn_at is not None:
            again.append(_filled(row, content | {"found_at": at, "withdrawn_at": None}))
        elif any(getattr(row, name) != value for name, value in content.items() if name != "due_at"):
            # The clock runs from the first time: new evidence is no new deadline.
            changed.append(_filled(row, content | {"due_at": row.due_at}))
    gone = [_filled(row, {"withdrawn_at": at}) for row in known.values() if row.withdrawn_at is None]
    insert_rows(new)
    written = [*again, *changed, *gone]
    write_columns(written, [*_CONTENT, "found_at", "withdrawn_at"])
    touch(Finding, [row.pk for row in [*new, *written]], at=at)
    outcome = Proposed(found=len(new) + len(again), changed=len(changed), withdrawn=len(gone))
    if new or written:
        after = {"kind": kind, **{name: getattr(outcome, name) for name in ("found", "changed", "withdrawn")}}
        record(LoopEvent.PROPOSED, by=by, at=at, after=after)
    return outcome


@transaction.atomic
def withdraw_unjudged(findings: Iterable[int], *, by: Actor, at: datetime) -> int:
    """Withdraw those of the findings on which nobody has decided, since their evidence was deleted; return how many."""
    rows = Finding.objects.filter(pk__in=list(findings), withdrawn_at=None, judgements=None)
    ids = list(rows.values_list("pk", flat=True))
    Finding.objects.filter(pk__in=ids).update(withdrawn_at=at)
    touch(Finding, ids, at=at)
    if ids:
        record(LoopEvent.PROPOSED, by=by, at=at, after={"withdrawn": len(ids)})
    return len(ids)


def _filled(row: Finding, content: Mapping[str, Any]) -> Finding:
    for name, value in content.items():
        setattr(row, name, value)
    return row
