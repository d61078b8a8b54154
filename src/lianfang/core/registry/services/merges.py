"""Making two records one person, undoing it, and deciding the pairs of the review queue."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext

from lianfang.common.clock import site_zone
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.intervals import overlapping
from lianfang.core.registry.errors import (
    AlreadyDecided,
    CannotMerge,
    CannotUndoMerge,
    EmptyReason,
    RecordsOverlap,
)
from lianfang.core.registry.events import RegistryEvent
from lianfang.core.registry.merging import Merging
from lianfang.core.registry.models import MatchDecision, MatchReview, Merge, Person, Sex
from lianfang.core.registry.services.reviews import ordered
from lianfang.core.registry.ties import require_reach


@transaction.atomic
def merge_people(*, kept: Person, merged: Person, reason: str, by: Actor, at: datetime) -> Merge:
    """Make two records one person: everything hangs on `kept` from now on, and every step is remembered.

    What only the merged record knows (sex, year of birth, occupation, place) is taken over. Both people must be
    within the actor's reach. Cost: a few statements per kind of row that refers to people.
    """
    if not reason.strip():
        raise EmptyReason(field="reason")
    require_reach(by, [kept.pk, merged.pk], Permission.PERSON_MERGE)
    kept, merged = _lock(kept.pk, merged.pk)
    _refuse_overlaps(kept, merged)
    merging = Merging(at)
    _settle_reviews(merging, kept, merged, reason=reason, by=by, at=at)
    merging.repoint(merged, kept)
    gaps = _gaps(kept, merged)
    if gaps:
        merging.change(kept, **gaps)
    merging.change(merged, merged_into_id=kept.pk)
    merge = Merge.objects.create(
        kept=kept, merged=merged, moved=merging.steps, reason=reason, at=at, by_id=by.user_id
    )
    record(
        RegistryEvent.PEOPLE_MERGED,
        by=by,
        at=at,
        subject=kept,
        reason=reason,
        after={"kept": kept.pk, "merged": merged.pk, "merge": merge.pk, "steps": _counts(merging.steps)},
    )
    merging.announce()
    return merge


@transaction.atomic
def undo_merge(*, merge: Merge, reason: str, by: Actor, at: datetime) -> Merge:
    """Take a merge back, step by step: every row that was moved returns, every row that was folded is there again.

    Rows that came to the kept person after the merge stay there. Later merges of the same person are undone first.
    """
    if not reason.strip():
        raise EmptyReason(field="reason")
    merge = Merge.objects.select_for_update().get(pk=merge.pk)
    require_reach(by, [merge.kept.merged_into_id or merge.kept_id], Permission.PERSON_MERGE)
    if merge.undone_at is not None:
        raise CannotUndoMerge(reason="it was undone already")
    involved = Q(kept=merge.kept_id) | Q(merged=merge.kept_id)
    if Merge.objects.filter(involved, pk__gt=merge.pk, undone_at__isnull=True).exists():
        raise CannotUndoMerge(reason="a later merge builds on it")
    merging = Merging(at)
    merging.undo(merge.moved)
    merge.undone_at, merge.undone_by_id = at, by.user_id
    merge.save(update_fields=["undone_at", "undone_by"])
    record(
        RegistryEvent.MERGE_UNDONE,
        by=by,
        at=at,
        subject=merge.kept,
        reason=reason,
        after={"kept": merge.kept_id, "merged": merge.merged_id, "merge": merge.pk},
    )
    merging.announce()
    return merge


@transaction.atomic
def decide_match(
    *, review: MatchReview, decision: MatchDecision, reason: str, by: Actor, at: datetime
) -> MatchReview:
    """Decide a pair of the queue: SAME merges the newer record into the older, DISTINCT is remembered for good."""
    if not reason.strip():
        raise EmptyReason(field="reason")
    require_reach(by, [review.first_id, review.second_id], Permission.PERSON_MERGE)
    review = MatchReview.objects.select_for_update().get(pk=review.pk)
    if review.decision != MatchDecision.OPEN or decision == MatchDecision.OPEN:
        raise AlreadyDecided(decision=review.get_decision_display())
    if decision == MatchDecision.SAME:
        merge_people(kept=review.first, merged=review.second, reason=reason, by=by, at=at)
        review.refresh_from_db()
    else:
        _decide(review, decision, reason=reason, by=by, at=at).save()
    record(
        RegistryEvent.MATCH_DECIDED,
        by=by,
        at=at,
        subject=review.first,
        path=review.path,
        reason=reason,
        after={"pair": [review.first_id, review.second_id], "decision": str(decision)},
    )
    return review


def _decide(
    review: MatchReview, decision: MatchDecision, *, reason: str, by: Actor, at: datetime
) -> MatchReview:
    review.decision, review.reason = decision, reason
    review.decided_at, review.decided_by_id = at, by.user_id
    return review


def _lock(kept: int, merged: int) -> tuple[Person, Person]:
    if kept == merged:
        raise CannotMerge(reason="they are one record already")
    rows = {
        row.pk: row for row in Person.objects.select_for_update().filter(pk__in=(kept, merged)).order_by("pk")
    }
    for row in rows.values():
        if row.merged_into_id is not None:
            raise CannotMerge(reason=f"{row.label} was merged into another record")
    return rows[kept], rows[merged]


def _refuse_overlaps(kept: Person, merged: Person) -> None:
    """Name the two rows, such as stays, by which the person would be in two places at one time."""
    for row, other in overlapping(Person, kept.pk, merged.pk):
        raise RecordsOverlap(first=_span(row, kept), second=_span(other, merged))


def _span(row: Any, person: Person) -> str:
    zone = site_zone()
    begin = f"{row.occurred_at.astimezone(zone):%Y-%m-%d %H:%M}"
    end = f"{row.until_at.astimezone(zone):%Y-%m-%d %H:%M}" if row.until_at else gettext("now")
    return f"{person.label}, {gettext(row._meta.verbose_name)} {row.pk}: {begin} – {end}"  # noqa: SLF001


def _gaps(kept: Person, merged: Person) -> dict[str, Any]:
    """Return the columns that only the merged record knows."""
    gaps: dict[str, Any] = {}
    if kept.sex == Sex.UNKNOWN != merged.sex:
        gaps["sex"] = merged.sex
    if kept.birth_year is None and merged.birth_year is not None:
        gaps["birth_year"] = merged.birth_year
    if not kept.occupation and merged.occupation:
        gaps["occupation"] = merged.occupation
    if kept.place_id is None and merged.place_id is not None:
        gaps |= {"place_id": merged.place_id, "path": merged.path}
    return gaps


def _settle_reviews(
    merging: Merging, kept: Person, merged: Person, *, reason: str, by: Actor, at: datetime
) -> None:
    """Close the review of the pair, and let every other pair of the merged record stand for the kept one as well."""
    reviews = list(MatchReview.objects.filter(Q(first=merged) | Q(second=merged)))
    there = set(
        MatchReview.objects.filter(Q(first=kept) | Q(second=kept)).values_list("first_id", "second_id")
    )
    for review in reviews:
        if kept.pk in {review.first_id, review.second_id} and review.decision == MatchDecision.OPEN:
            merging.change(
                review, decision=MatchDecision.SAME, reason=reason, decided_at=at, decided_by_id=by.user_id
            )
    merging.create(list(_inherited(reviews, kept, merged, there)))


def _inherited(
    reviews: list[MatchReview], kept: Person, merged: Person, there: set[tuple[int, int]]
) -> Iterator[MatchReview]:
    for review in reviews:
        other = review.second_id if review.first_id == merged.pk else review.first_id
        pair = ordered(kept.pk, other)
        if other != kept.pk and pair not in there:
            review.pk, (review.first_id, review.second_id) = None, pair
            review._state.adding = True  # noqa: SLF001 - Django's documented way to copy a row
            yield review


def _counts(steps: list[dict[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for step in steps:
        key = f"{step['do']} {step['model']}"
        counts[key] = counts.get(key, 0) + len(step.get("ids", (1,)))
    return counts
