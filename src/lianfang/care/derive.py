"""Where each patient stands, how ill they are, and whether they may leave: from facts, edition and clock.

The only writer of `Pathway`. Severity and discharge are judged by the edition in force now while the patient is inside,
and by the one in force when they left ever after: a new edition re-judges those inside and rewrites nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from lianfang.care.events import CareEvent
from lianfang.care.facts import Course, clinical_facts, courses_of, images, vitals
from lianfang.care.models import (
    BedRequest,
    Departure,
    FollowUp,
    How,
    Journey,
    Pathway,
    PathwayChange,
    Round,
    Stage,
    Stay,
)
from lianfang.cases.derive import packs_by_disease
from lianfang.cases.facts import rule_facts
from lianfang.cases.models import Case, Result
from lianfang.common.bulk import insert_rows, write_columns
from lianfang.common.clock import local_day, site_zone, start_of
from lianfang.common.paths import code_of
from lianfang.core.access.actor import Actor
from lianfang.core.audit.services import Entry, record_many
from lianfang.core.rules import site_rules
from lianfang.loop.derivation import Derivation, derivations
from lianfang.loop.touch import touch
from lianfang.rulebook.book import NoEditionError, Pack
from lianfang.rulebook.discharge import Discharge, Recurrence, discharge, recurrence
from lianfang.rulebook.facts import CaseFacts
from lianfang.rulebook.kinds.care import BedLevelParameters, DischargeParameters, SeverityLevel
from lianfang.rulebook.severity import Severity, severity

_BATCH = 1000
FIELDS = (
    "path", "source_path", "stage", "stage_at", "severity", "severity_edition", "severity_at", "needs", "waits_since",
    "admitted_at", "ready_at", "missing", "discharge_edition", "left_at", "regime", "observe_until_on",
    "positive_again_at",
)  # fmt: skip
_INSIDE = (Stage.WAITING, Stage.ON_THE_WAY, Stage.TREATED)


@dataclass(slots=True)
class Standing:
    """What `Pathway` says, as worked out; the columns of the same names."""

    path: str
    source_path: str
    stage: str
    stage_at: datetime
    severity: str = ""
    severity_edition: str = ""
    severity_at: datetime | None = None
    needs: int | None = None
    waits_since: datetime | None = None
    admitted_at: datetime | None = None
    ready_at: datetime | None = None
    missing: list[str] = field(default_factory=list)
    discharge_edition: str = ""
    left_at: datetime | None = None
    regime: str = ""
    observe_until_on: Any = None
    positive_again_at: datetime | None = None


def stand(case: Case, course: Course, at: datetime, pack: Pack | None) -> Standing:
    """Return where the patient stands at `at`: pure, for the same facts, edition and clock the same answer."""
    now = Standing(path=case.path, source_path=case.path, stage=Stage.WAITING, stage_at=case.opened_at)
    _set_stage(now, case, course, at)
    judged_at = (now.left_at or at).astimezone(site_zone())
    if pack is not None:
        _set_severity(now, course, judged_at, pack, code_of(case.path))
        if now.stage in {*_INSIDE, Stage.OBSERVED, Stage.RELEASED}:
            _set_readiness(now, course, judged_at, pack, code_of(case.path))
    if now.stage not in _INSIDE:
        now.waits_since = now.needs = None
    return now


def _set_stage(now: Standing, case: Case, course: Course, at: datetime) -> None:
    begun = [stay for stay in course.stays if stay.occurred_at <= at]
    now.admitted_at = begun[0].occurred_at if begun else None
    if begun:
        now.path = begun[-1].path
    lies = next((stay for stay in begun if stay.until_at is None or stay.until_at > at), None)
    left = next((d for d in reversed(course.departures) if d.occurred_at <= at), None)
    died = next((o for o in course.known.outcomes if o.kind == "died"), None)
    if left is not None and (lies is None or lies.occurred_at <= left.occurred_at):
        _left(now, left, at)
    elif died is not None:
        now.stage, now.stage_at = Stage.DIED, start_of(died.on) if died.on else died.recorded_at
        now.left_at = now.stage_at
    elif lies is not None:
        now.stage, now.stage_at = Stage.TREATED, lies.occurred_at
    elif case.outcome == "recovered" and case.outcome_on is not None:
        now.stage, now.stage_at = Stage.RELEASED, start_of(case.outcome_on)
        now.left_at = now.stage_at
    elif case.classification == "excluded":
        now.stage, now.stage_at = Stage.EXCLUDED, case.classified_at or case.opened_at
    else:
        _wait(now, case, course, at)


def _left(now: Standing, left: Departure, at: datetime) -> None:
    now.left_at, now.regime = left.occurred_at, left.regime
    if left.how == How.DIED:
        now.stage, now.stage_at = Stage.DIED, left.occurred_at
        return
    until = local_day(left.occurred_at) + timedelta(days=left.follow_days)
    now.observe_until_on = until if left.follow_days else None
    ends_at = start_of(until + timedelta(days=1))
    if left.follow_days and at < ends_at:
        now.stage, now.stage_at = Stage.OBSERVED, left.occurred_at
    else:
        now.stage, now.stage_at = Stage.RELEASED, ends_at if left.follow_days else left.occurred_at


def _wait(now: Standing, case: Case, course: Course, at: datetime) -> None:
    request = next((r for r in course.requests if r.met_at is None and r.withdrawn_at is None), None)
    now.waits_since = min(
        moment
        for moment in (case.diagnosed_at, request.asked_at if request else None, case.opened_at)
        if moment
    )
    now.stage_at = now.waits_since
    set_out = course.set_out.get(request.pk) if request is not None and request.ward_id is not None else None
    if set_out is not None and set_out <= at:
        now.stage, now.stage_at = Stage.ON_THE_WAY, set_out


def _set_severity(now: Standing, course: Course, at: datetime, pack: Pack, place: str) -> None:
    levels = site_rules().resolve("bed_levels", at=at, place=place).of(BedLevelParameters)
    now.needs = levels.unassessed
    judged = severity_by(course, at, pack, place)
    if judged is None:
        return
    now.severity_at, found = judged
    now.severity, now.severity_edition = found.level or "", found.edition.edition_id
    if found.level is not None:
        now.needs = levels.by_severity[found.level]


def severity_by(course: Course, at: datetime, pack: Pack, place: str) -> tuple[datetime, Severity] | None:
    """Return how ill the patient was by what had been seen until `at`, and when that was; None: nothing seen, or no edition."""
    rounds = [row for row in course.rounds if row.occurred_at <= at]
    seen = [image for image in (*rule_facts(course.known).imaging, *images(course)) if image.at <= at]
    if not rounds and not seen:
        return None
    latest = rounds[-1] if rounds else None
    try:
        found = severity(vitals(latest or Round()), seen, pack, at, place)
    except NoEditionError:
        return None
    return latest.occurred_at if latest else max(image.at for image in seen), found


def severities_at_first(admitted: Mapping[int, datetime], *, within: timedelta) -> dict[int, SeverityLevel]:
    """Return by case the first severity that what was seen until `within` after admission tells, whenever it was recorded."""
    found: dict[int, SeverityLevel] = {}
    courses = courses_of(admitted)
    for case in Case.objects.filter(pk__in=admitted).only("pk", "disease", "path"):
        pack, course = packs_by_disease().get(case.disease), courses[case.pk]
        moments = {row.occurred_at for row in course.rounds} | {
            row.at for row in rule_facts(course.known).imaging
        }
        for moment in sorted(one for one in moments if one <= admitted[case.pk] + within):
            local = moment.astimezone(site_zone())
            judged = severity_by(course, local, pack, code_of(case.path)) if pack is not None else None
            if judged is not None and judged[1].level is not None:
                found[case.pk] = judged[1].level
                break
    return found


def _set_readiness(now: Standing, course: Course, at: datetime, pack: Pack, place: str) -> None:
    facts = clinical_facts(course)
    if now.left_at is not None:
        again = [
            result.occurred_at
            for result in course.known.results
            if result.finding == "positive" and result.sample.occurred_at > now.left_at
        ]
        now.positive_again_at = min(again, default=None)
    if now.admitted_at is None or now.stage in {Stage.WAITING, Stage.ON_THE_WAY}:
        return
    now.ready_at = _ready_since(facts, pack, at, place, now.admitted_at)
    if now.stage != Stage.TREATED:
        return
    try:
        found = discharge(facts, pack, at, place)
    except NoEditionError:
        return
    now.discharge_edition = found.edition.edition_id
    now.missing = [item.item for item in found.missing]


def _ready_since(
    facts: CaseFacts, pack: Pack, at: datetime, place: str, admitted_at: datetime
) -> datetime | None:
    """Return since when a decision on discharge is owed: from the first moment at which all criteria were met.

    Only facts take it back (a fever, a positive test, a worse judgement), never the clock: it is looked at when
    something was seen, by the edition in force then, and when the days without fever are full. None while not met.
    """
    seen = {reading.at for reading in facts.temperatures} | {image.at for image in facts.imaging}
    seen |= {judged.at for judged in facts.assessments}
    seen |= {test.resulted_at for test in facts.tests if test.resulted_at is not None}
    full: set[datetime] = set()
    for edition in site_rules().editions(f"{pack.disease}/discharge") if pack.has("discharge") else ():
        rule = edition.of(DischargeParameters).temperature
        if rule is not None:
            normal = timedelta(hours=rule.normal_for_hours.value)
            full |= {reading.at + normal for reading in facts.temperatures}
    since = None
    for moment in sorted((m for m in seen | full if admitted_at <= m <= at), reverse=True):
        if _is_ready(facts, pack, moment, place):
            since = moment
        elif moment in seen:
            break
    return since


def _is_ready(facts: CaseFacts, pack: Pack, at: datetime, place: str) -> bool:
    try:
        return discharge(facts, pack, at, place).ready
    except NoEditionError:
        return False


def derive_pathways(
    case_ids: Iterable[int], *, at: datetime, by: Actor | None = None, because: str = "new_facts"
) -> int:
    """Bring the pathways of the cases in line with their facts; return how many stages or severities changed.

    A constant number of statements per 1,000 cases. Each change leaves a `PathwayChange` and an audit event.
    """
    ids = sorted(set(case_ids))
    actor = by or Actor.system("care.derive")
    return sum(
        _derive_batch(ids[n : n + _BATCH], at=at, by=actor, because=because)
        for n in range(0, len(ids), _BATCH)
    )


@transaction.atomic
def _derive_batch(ids: list[int], *, at: datetime, by: Actor, because: str) -> int:
    # Held before anything is read: of two who derive one patient, the second sees what the first has written.
    cases = list(Case.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
    courses, packs = courses_of(ids), packs_by_disease()
    held = {row.case_id: row for row in Pathway.objects.filter(case_id__in=ids)}
    new: list[Pathway] = []
    written: list[Pathway] = []
    changes: list[PathwayChange] = []
    for case in cases:
        course = courses[case.pk]
        if case.diagnosed_at is None and not (case.pk in held or course.stays or course.requests):
            continue
        standing = stand(case, course, at, packs.get(case.disease))
        row = held.get(case.pk) or Pathway(case=case)
        was = {name: getattr(row, name) for name in FIELDS} if row.pk else {}
        now = {name: getattr(standing, name) for name in FIELDS}
        if was == now:
            continue
        for name, value in now.items():
            setattr(row, name, value)
        (written if row.pk else new).append(row)
        changes += _changes(row, was, at=at, by=by, because=because)
    insert_rows(new)
    write_columns(written, FIELDS)
    insert_rows(changes)
    entries = [
        Entry(
            subject=change.case,
            before={change.what: change.before},
            after={change.what: change.after, "edition": change.edition},
            reason=because,
        )
        for change in changes
    ]
    record_many(CareEvent.STOOD, entries, by=by, at=at)
    touch(Pathway, [row.pk for row in [*new, *written]], at=at)
    return len(changes)


def _changes(
    row: Pathway, was: dict[str, Any], *, at: datetime, by: Actor, because: str
) -> list[PathwayChange]:
    editions = {"stage": "", "severity": row.severity_edition}
    return [
        PathwayChange(
            case=row.case,
            what=what,
            before=str(was.get(what, "")),
            after=str(getattr(row, what)),
            edition=edition,
            at=at,
            because=because,
            by_id=by.user_id,
        )
        for what, edition in editions.items()
        if was.get(what, "") != getattr(row, what)
    ]


def explain_discharge(case: Case, *, at: datetime) -> Discharge | None:
    """Return every criterion of the edition in force, met or missing, with its evidence; None without pack or edition."""
    pack = packs_by_disease().get(case.disease)
    if pack is None:
        return None
    facts = clinical_facts(courses_of([case.pk])[case.pk])
    try:
        return discharge(facts, pack, at.astimezone(site_zone()), code_of(case.path))
    except NoEditionError:
        return None


def explain_recurrence(case: Case, *, at: datetime) -> Recurrence | None:
    """Return what a positive test after discharge means by the rule in force; None where there is none, or no rule.

    Signs and images are those since the patient left.
    """
    row = Pathway.objects.filter(case=case, positive_again_at__isnull=False).first()
    pack = packs_by_disease().get(case.disease)
    if row is None or row.left_at is None or pack is None or not pack.has("recurrence"):
        return None
    course = courses_of([case.pk])[case.pk]
    left_at = row.left_at
    known = replace(course.known, signs=[s for s in course.known.signs if s.occurred_at > left_at])
    told = {sign: True for visit in course.follow_ups if visit.occurred_at > left_at for sign in visit.signs}
    facts = replace(
        rule_facts(known),
        symptoms={**rule_facts(known).symptoms, **told},
        imaging=tuple(i for i in (*rule_facts(known).imaging, *images(course)) if i.at > left_at),
    )
    try:
        return recurrence(facts, pack, at.astimezone(site_zone()), code_of(case.path))
    except NoEditionError:
        return None


def _of(model: Any) -> Any:
    return lambda ids: Case.objects.filter(pk__in=model.objects.filter(pk__in=ids).values("case_id")).values(
        "pk"
    )


@derivations.add
class CasePathway(Derivation):
    """The pathway of a case whose facts changed, whose clock ran on, or whose edition is no longer in force."""

    model = Case
    watches: ClassVar[Any] = {
        "cases.Case": lambda ids: Case.objects.filter(pk__in=ids).values("pk"),
        "cases.Result": _of(Result),
        "care.Stay": _of(Stay),
        "care.Round": _of(Round),
        "care.BedRequest": _of(BedRequest),
        "care.Departure": _of(Departure),
        "care.FollowUp": _of(FollowUp),
        "care.Journey": lambda ids: Case.objects.filter(
            pk__in=Journey.objects.filter(pk__in=ids).values("request__case_id")
        ).values("pk"),
    }

    def stale(self, at: datetime) -> QuerySet[Any]:
        """Return patients inside, those whose observation ran out or who are positive again, and the diagnosed without a row."""
        inside = Q(pathway__stage=Stage.TREATED)
        over = Q(pathway__stage=Stage.OBSERVED, pathway__observe_until_on__lt=local_day(at))
        unknown = Q(pathway__isnull=True, diagnosed_at__isnull=False)
        again = Result.objects.current().filter(
            case_id=OuterRef("pk"), finding="positive", sample__occurred_at__gt=OuterRef("pathway__left_at")
        )
        unseen = Q(pathway__left_at__isnull=False, pathway__positive_again_at__isnull=True) & Exists(again)
        return Case.objects.filter(inside | over | unknown | unseen).values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        """Derive the rows again."""
        return derive_pathways(ids, at=at, because="clock")


__all__ = ["CasePathway", "derive_pathways", "explain_discharge", "explain_recurrence", "stand"]
