"""Acts on many cases at once: a constant number of statements per thousand, one record per case, one derivation for all.

Every case must lie where the actor may do the act, else nothing is done to any.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from itertools import takewhile
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet

from lianfang.cases.derive import derive_cases
from lianfang.cases.events import CaseEvent
from lianfang.cases.models import Case, Outcome, Review
from lianfang.cases.targets.exporting import export_cases
from lianfang.common.clock import start_of
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import Entry, record, record_many
from lianfang.core.registry.models import Place
from lianfang.intake.errors import NoReason
from lianfang.intake.events import IntakeEvent
from lianfang.intake.services.exporting import csv_of
from lianfang.intake.target import targets

_BATCH = 500


@transaction.atomic
def review_reports(*, cases: Sequence[Case], complete: bool, note: str, by: Actor, at: datetime) -> int:
    """Record the county's review of the reports of many cases; return how many."""
    _require(cases, Permission.CASE_INVESTIGATE, by)
    common = {
        "complete": complete,
        "note": note,
        "occurred_at": at,
        "recorded_at": at,
        "recorded_by_id": by.user_id,
    }
    Review.objects.bulk_create([Review(case=case, **common) for case in cases], batch_size=_BATCH)
    return _record(cases, CaseEvent.REVIEWED, {"complete": complete}, note, by=by, at=at)


@transaction.atomic
def record_outcomes(*, cases: Sequence[Case], kind: str, on: date, by: Actor, at: datetime) -> int:
    """Record how many episodes ended; an outcome already on file is superseded. Return how many."""
    _require(cases, Permission.CASE_EDIT, by)
    standing = list(Outcome.objects.current().filter(case__in=[case.pk for case in cases]))
    common = {
        "kind": kind,
        "on": on,
        "occurred_at": start_of(on),
        "recorded_at": at,
        "recorded_by_id": by.user_id,
    }
    made = Outcome.objects.bulk_create([Outcome(case=case, **common) for case in cases], batch_size=_BATCH)
    new = {row.case_id: row for row in made}
    for old in standing:
        old.superseded_at, old.superseded_by = at, new[old.case_id]
    Outcome.objects.bulk_update(standing, ["superseded_at", "superseded_by"], batch_size=_BATCH)
    return _record(cases, CaseEvent.ENDED, {"kind": kind, "on": on.isoformat()}, "", by=by, at=at)


@transaction.atomic
def move_cases(*, cases: Sequence[Case], place: Place, reason: str, by: Actor, at: datetime) -> int:
    """Give many cases to another area, which from then on answers for them; return how many."""
    _require(cases, Permission.CASE_EDIT, by)
    ids = [case.pk for case in cases]
    Case.objects.filter(pk__in=ids).update(place=place, path=place.path)
    return _record(cases, CaseEvent.MOVED, {"place": place.code}, reason, by=by, at=at)


@transaction.atomic
def export_chosen(*, cases: QuerySet[Case], purpose: str, by: Actor, at: datetime) -> Iterator[bytes]:
    """Return the parts of a line list of these cases in our own form, which imports unchanged; the export is recorded with its purpose.

    Any number of cases: only their ids are held, and read a thousand at a time.
    """
    found = list(cases.values_list("pk", "path"))
    paths = {path for _pk, path in found}
    _require_within(paths, Permission.EXPORT_RUN, by)
    if not purpose.strip():
        raise NoReason
    after = {"target": "case", "n": len(found)}
    record(IntakeEvent.RECORDS_EXPORTED, by=by, at=at, reason=purpose, after=after, path=_common_path(paths))
    ids = [pk for pk, _path in found]
    return csv_of(targets.get("case"), export_cases(by, path="", at=at, purpose=purpose, ids=ids))


def _common_path(paths: Collection[str]) -> str:
    """Return the smallest area that holds them all."""
    first, last = (
        min(paths).split("."),
        max(paths).split("."),
    )  # what the two ends share, all between them share
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(f"{step}." for step, _same in shared if step)


def _require(cases: Sequence[Case], permission: Permission, by: Actor) -> None:
    _require_within({case.path for case in cases}, permission, by)


def _require_within(paths: Collection[str], permission: Permission, by: Actor) -> None:
    by.require(permission)
    for path in sorted(paths):
        by.require(permission, path)


def _record(
    cases: Sequence[Case], tag: CaseEvent, after: dict[str, Any], reason: str, *, by: Actor, at: datetime
) -> int:
    entries = [Entry(subject=case, after=after, reason=reason) for case in cases]
    record_many(tag, entries, by=by, at=at, act=uuid4().hex)
    derive_cases([case.pk for case in cases], at=at, by=by)
    return len(cases)
