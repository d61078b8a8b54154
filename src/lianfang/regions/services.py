"""What can be done about areas: figures and outlines are taken, grades are decided. Each act is recorded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from lianfang.common.clock import end_of, local_day, start_of
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Place
from lianfang.loop.models import Decision, Finding
from lianfang.loop.services import judge_finding
from lianfang.loop.touch import touch
from lianfang.regions.errors import BadBoundaries, BadFigures, NotAGrade, ReasonNeeded
from lianfang.regions.events import RegionsEvent
from lianfang.regions.grading import FINDING
from lianfang.regions.models import Boundary, Grade, Published, RiskLevel
from lianfang.regions.outlines import places_of, read_features

COUNTS = ("confirmed", "suspected", "cured", "died")


@transaction.atomic
def take_published(
    *, disease: str, rows: Iterable[Mapping[str, Any]], source: str, by: Actor, at: datetime
) -> tuple[int, int]:
    """Take cumulative counts that areas published; return how many rows are new and how many corrected earlier ones.

    A row has `place` (a code), `on` (a date) and any of `COUNTS`. The same row again changes nothing; other counts for
    the same day and place supersede what was held. All rows are taken or none: the error names every row that cannot be.
    """
    wanted = list(rows)
    places = {
        place.code: place for place in Place.objects.filter(code__in={str(row["place"]) for row in wanted})
    }
    _refuse_bad(wanted, places, at)
    for path in {place.path for place in places.values()}:
        by.require(Permission.AREA_EDIT, path)
    standing = {
        (row.place_id, row.on): row
        for row in Published.objects.current().filter(
            disease=disease, place__in=places.values(), on__in={row["on"] for row in wanted}
        )
    }
    fresh, corrected = [], []
    for row in wanted:
        place = places[str(row["place"])]
        counts = {name: row.get(name) for name in COUNTS}
        held = standing.get((place.pk, row["on"]))
        if held is not None and all(getattr(held, name) == counts[name] for name in COUNTS):
            continue
        if held is not None:
            corrected.append(held.pk)
        fresh.append(
            Published(
                disease=disease,
                place=place,
                path=place.path,
                on=row["on"],
                source=source,
                occurred_at=end_of(row["on"]),
                recorded_at=at,
                recorded_by_id=by.user_id,
                **counts,
            )
        )
    for n in range(0, len(corrected), 500):
        Published.objects.filter(pk__in=corrected[n : n + 500]).update(superseded_at=at)
    Published.objects.bulk_create(fresh, batch_size=500)
    after = {"disease": disease, "source": source, "taken": len(fresh), "corrected": len(corrected)}
    record(RegionsEvent.PUBLISHED, by=by, at=at, after=after)
    return len(fresh) - len(corrected), len(corrected)


def _refuse_bad(rows: Sequence[Mapping[str, Any]], places: Mapping[str, Place], at: datetime) -> None:
    wrong = []
    seen = set()
    for n, row in enumerate(rows, start=1):
        code, on = str(row["place"]), row["on"]
        if code not in places:
            wrong.append(f"row {n}: no place {code}")
        elif not isinstance(on, date) or on > local_day(at):
            wrong.append(f"row {n}: {on} is no day up to today")
        elif (code, on) in seen:
            wrong.append(f"row {n}: {code} on {on} stands twice")
        elif any(
            row.get(name) is not None and (not isinstance(row[name], int) or row[name] < 0) for name in COUNTS
        ):
            wrong.append(f"row {n}: a count is negative or no whole number")
        seen.add((code, on))
    if wrong:
        more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise BadFigures(reason="; ".join(wrong[:5]) + more)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """How many outlines were taken, how many lie outside the actor's area, and the codes of those that fit no place."""

    taken: int
    outside: int
    unknown: tuple[str, ...]


@transaction.atomic
def take_boundaries(*, collection: Any, source: str, by: Actor, at: datetime, code: str = "") -> Taken:
    """Take the outlines of a GeoJSON object whose features carry codes of places, in the property `code` or any other.

    Of places that had an outline the new one counts; those outside the actor's area are left alone. Codes with trailing zeros, as 420100 for 4201, are understood.
    """
    found = read_features(collection, code)
    places = places_of(found)
    if not places:
        raise BadBoundaries(reason=f"no property {code} is the code of a place")
    rows = {
        place.pk: Boundary(place=place, path=place.path, geometry=found[text], source=source)
        for text, place in places.items()
        if by.may(Permission.AREA_EDIT, place.path)
    }
    if not rows:
        raise BadBoundaries(reason="none of its places lies in your area")
    Boundary.objects.bulk_create(
        rows.values(), batch_size=100, update_conflicts=True, unique_fields=["place"],
        update_fields=["path", "geometry", "source"],
    )  # fmt: skip
    record(RegionsEvent.BOUNDARIES, by=by, at=at, after={"source": source, "taken": len(rows)})
    return Taken(
        taken=len(rows), outside=len(places) - len(rows), unknown=tuple(sorted(set(found) - set(places)))
    )


@transaction.atomic
def decide_grade(*, finding: Finding, level: str, reason: str, by: Actor, at: datetime) -> Grade:
    """Put a proposed grade in force, or another one, with the reason; the answerable level decides."""
    by.require(Permission.GRADE_CONFIRM, finding.path)
    if not reason.strip():
        raise ReasonNeeded
    if finding.kind != FINDING or level not in RiskLevel.values:
        raise NotAGrade
    decision = Decision.CONFIRMED if level == finding.evidence["level"] else Decision.CORRECTED
    judge_finding(finding=finding, decision=decision, reason=reason, by=by, at=at)
    return put_in_force(finding=finding, level=level, reason=reason, by=by, at=at)


@transaction.atomic
def put_in_force(*, finding: Finding, level: str, reason: str, by: Actor, at: datetime) -> Grade:
    """Write the grade that a person decided on; the one before no longer holds."""
    place = Place.objects.get(pk=finding.subject_id)
    disease = finding.evidence["disease"]
    old = Grade.objects.current().filter(disease=disease, place=place).first()
    if old is not None:
        Grade.objects.filter(pk=old.pk).update(superseded_at=at)
    data_to = date.fromisoformat(finding.evidence["data_to"])
    row = Grade.objects.create(
        disease=disease,
        place=place,
        path=place.path,
        level=level,
        data_to=data_to,
        edition=finding.edition,
        evidence=finding.evidence,
        reason=reason.strip(),
        finding=finding,
        occurred_at=max(at, start_of(data_to + timedelta(days=1))),
        recorded_at=at,
        recorded_by_id=by.user_id,
    )
    if old is not None:
        Grade.objects.filter(pk=old.pk).update(superseded_by=row)
    record(
        RegionsEvent.GRADED,
        subject=row,
        by=by,
        at=at,
        reason=reason,
        before={"level": old.level} if old else None,
        after={"level": level, "edition": row.edition, "data_to": data_to.isoformat()},
    )
    touch(Grade, [row.pk], at=at)
    touch(Finding, [finding.pk], at=at)
    return row
