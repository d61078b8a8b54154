"""Measures begin, are looked at again and end by the decision of a person; so does the response level."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from lianfang.common.clock import end_of, local_day
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Place
from lianfang.loop.models import Decision, Finding
from lianfang.loop.services import judge_finding
from lianfang.loop.touch import touch
from lianfang.measures.errors import AlreadyInForce, BadDates, NotASwitch, NotInForce, WhyNeeded
from lianfang.measures.events import MeasureEvent
from lianfang.measures.laying import end_work, lay_out
from lianfang.measures.models import Activation, Measure, Response, Review, Work
from lianfang.measures.rules import known_measure, place_answering, response_levels
from lianfang.measures.switching import FINDING, propose_switches
from lianfang.regions.models import Grade


def reason_of(text: str) -> str:
    """Return the reason without blanks around it; there must be one."""
    if not text.strip():
        raise WhyNeeded
    return text.strip()


@transaction.atomic
def begin_measure(
    *,
    place: Place,
    disease: str,
    kind: str,
    reason: str,
    by: Actor,
    at: datetime,
    from_at: datetime | None = None,
    review_on: date | None = None,
    grade: Grade | None = None,
    activation: Activation | None = None,
) -> Measure:
    """Put a measure in force in an area, until a person ends it; its work is owed from now on.

    Without `review_on` it is looked at again after the days of its edition.
    """
    by.require(Permission.MEASURE_DECIDE, place.path)
    begin = from_at or at
    edition, says = known_measure(kind, place.path, begin)
    review_on = review_on or local_day(begin) + timedelta(days=says.review_days)
    if review_on <= local_day(begin):
        raise BadDates(reason=f"{review_on.isoformat()} is not after {local_day(begin).isoformat()}")
    if Measure.objects.in_force().filter(place=place, disease=disease, kind=kind).exists():
        raise AlreadyInForce
    row = Measure.objects.create(
        disease=disease,
        place=place,
        path=place.path,
        kind=kind,
        text={"en": says.text.en, "zh": says.text.zh},
        edition=edition.edition_id,
        restricts=says.restricts,
        reason=reason_of(reason),
        review_on=review_on,
        grade=grade,
        activation=activation,
        occurred_at=begin,
        recorded_at=at,
        recorded_by_id=by.user_id,
    )
    _owe_review(row, since=begin, at=at)
    after = {"kind": kind, "edition": edition.edition_id, "review_on": review_on.isoformat()}
    record(MeasureEvent.BEGUN, subject=row, by=by, at=at, reason=reason, after=after)
    lay_out([row], at=at)
    touch(Measure, [row.pk], at=at)
    return row


def _owe_review(row: Measure, *, since: datetime, at: datetime) -> None:
    review = Review.objects.create(
        kind=Review.Kind.MEASURE,
        measure=row,
        place=row.place,
        path=row.path,
        since_at=since,
        due_at=end_of(row.review_on),
    )
    touch(Review, [review.pk], at=at)


@transaction.atomic
def keep_measure(*, measure: Measure, review_on: date, reason: str, by: Actor, at: datetime) -> None:
    """Look at a measure again and keep it in force, until it is looked at on a later day."""
    row = _held(measure, by)
    if review_on <= max(local_day(at), local_day(row.occurred_at)):
        raise BadDates(reason=f"{review_on.isoformat()} is not after {local_day(at).isoformat()}")
    before = row.review_on
    _look(row, result="kept", reason=reason_of(reason), by=by, at=at)
    Measure.objects.filter(pk=row.pk).update(review_on=review_on)
    row.review_on = review_on
    _owe_review(row, since=at, at=at)
    after = {"review_on": review_on.isoformat()}
    record(
        MeasureEvent.REVIEWED, subject=row, by=by, at=at, reason=reason, after=after,
        before={"review_on": before.isoformat()},
    )  # fmt: skip


@transaction.atomic
def end_measure(
    *, measure: Measure, reason: str, by: Actor, at: datetime, ended_at: datetime | None = None
) -> None:
    """End a measure: its work and its review are owed no longer."""
    row = _held(measure, by)
    moment = ended_at or max(at, row.occurred_at)
    if moment < row.occurred_at or moment > max(at, row.occurred_at):
        raise BadDates(reason=moment.isoformat())
    _look(row, result="ended", reason=reason_of(reason), by=by, at=at)
    Measure.objects.filter(pk=row.pk).update(
        until_at=moment, ended_because=reason.strip(), ended_by_id=by.user_id
    )
    end_work(Work.objects.filter(measure=row), ended_at=moment, at=at)
    after = {"until_at": moment.isoformat()}
    record(MeasureEvent.ENDED, subject=row, by=by, at=at, reason=reason, after=after)
    touch(Measure, [row.pk], at=at)


def _held(measure: Measure, by: Actor) -> Measure:
    by.require(Permission.MEASURE_DECIDE, measure.path)
    row: Measure | None = (
        Measure.objects.in_force().select_for_update().filter(pk=measure.pk).select_related("place").first()
    )
    if row is None:
        raise NotInForce
    return row


def _look(row: Measure, *, result: str, reason: str, by: Actor, at: datetime) -> None:
    owed = Review.objects.filter(measure=row, done_at__isnull=True)
    ids = list(owed.values_list("pk", flat=True))
    Review.objects.filter(pk__in=ids).update(done_at=at, by_id=by.user_id, result=result, reason=reason)
    touch(Review, ids, at=at)


@transaction.atomic
def reopen_review(*, review: Review, reason: str, by: Actor, at: datetime) -> None:
    """Take back that a measure or plan was looked at: the look is owed again. What was decided in it stays."""
    by.require(
        Permission.MEASURE_DECIDE if review.kind == Review.Kind.MEASURE else Permission.PLAN_EDIT,
        review.path,
    )
    changed = Review.objects.filter(pk=review.pk, done_at__isnull=False).update(
        done_at=None, by_id=None, result="", reason=reason_of(reason)
    )
    if not changed:
        raise NotInForce
    record(MeasureEvent.REVIEWED, subject=review, by=by, at=at, reason=reason, after={"done": False})
    touch(Review, [review.pk], at=at)


@transaction.atomic
def decide_switch(
    *,
    finding: Finding,
    on: Collection[str],
    off: Collection[str],
    reason: str,
    by: Actor,
    at: datetime,
    review_on: date | None = None,
) -> list[Measure]:
    """Decide on what a confirmed grade asks for: which of the proposed measures begin and which end; return the new ones.

    Anything but the whole proposal is a correction of it, nothing at all dismisses it.
    """
    by.require(Permission.MEASURE_DECIDE, finding.path)
    evidence = finding.evidence
    grade = Grade.objects.current().filter(pk=evidence.get("grade")).select_related("place").first()
    beyond = not set(on) <= set(evidence.get("on", ())) or not set(off) <= set(evidence.get("off", ()))
    if finding.kind != FINDING or finding.withdrawn_at is not None or grade is None or beyond:
        raise NotASwitch
    is_whole = set(on) == set(evidence["on"]) and set(off) == set(evidence["off"])
    decision = Decision.CONFIRMED if is_whole else Decision.CORRECTED if on or off else Decision.DISMISSED
    judge_finding(finding=finding, decision=decision, reason=reason_of(reason), by=by, at=at)
    return carry_out(
        finding=finding, grade=grade, on=on, off=off, reason=reason, by=by, at=at, review_on=review_on
    )


@transaction.atomic
def carry_out(
    *,
    finding: Finding,
    grade: Grade,
    on: Collection[str],
    off: Collection[str],
    reason: str,
    by: Actor,
    at: datetime,
    review_on: date | None = None,
) -> list[Measure]:
    """Begin and end the measures of a grade as a person decided."""
    who: dict[str, Any] = {"reason": reason, "by": by, "at": at}
    held = Measure.objects.in_force().filter(place=grade.place, disease=grade.disease)
    for row in held.filter(kind__in=off).order_by("pk"):
        end_measure(measure=row, **who)
    known = set(held.values_list("kind", flat=True))
    begun = [
        begin_measure(
            place=grade.place, disease=grade.disease, kind=kind, review_on=review_on, grade=grade, **who
        )
        for kind in on
        if kind not in known
    ]
    after = {"on": list(on), "off": list(off), "level": grade.level}
    record(MeasureEvent.SWITCHED, subject=finding, by=by, at=at, reason=reason, after=after)
    propose_switches([grade.place_id], at=at)
    return begun


@transaction.atomic
def set_response_level(
    *,
    place: Place,
    disease: str,
    level: str,
    reason: str,
    by: Actor,
    at: datetime,
    activation: Activation | None = None,
) -> Response | None:
    """Set the response level of an area, or end the response with `level` ""; who may is the level's to say."""
    edition, says = response_levels(place.path, at)
    old: Response | None = Response.objects.in_force().filter(place=place, disease=disease).first()
    wanted = level or (old.level if old else "IV")
    if wanted not in says.levels:
        raise BadDates(reason=f"there is no response level {level}")
    answering = place_answering(place, says.levels[wanted].launched_by)
    by.require(Permission.PLAN_SWITCH, answering.path)
    if old is None and not level:
        raise NotInForce
    text = reason_of(reason)
    if old is not None and old.level == level:
        return old
    if old is not None:
        Response.objects.filter(pk=old.pk).update(until_at=max(at, old.occurred_at))
    row = None
    if level:
        row = Response.objects.create(
            disease=disease, place=place, path=place.path, level=level, edition=edition.edition_id, reason=text,
            activation=activation, occurred_at=at, recorded_at=at, recorded_by_id=by.user_id,
        )  # fmt: skip
    record(
        MeasureEvent.LEVEL, subject=row or old, by=by, at=at, reason=text,
        before={"level": old.level} if old else None, after={"level": level},
    )  # fmt: skip
    return row
