"""What can be done to cases. Each act writes its facts, derives what follows, and records who did it, in one transaction."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from django.db import transaction
from django.db.models.functions import Length

from lianfang.cases.derive import derive_cases, packs_by_disease
from lianfang.cases.errors import AlreadyOpen, FactGone, UnknownDisease
from lianfang.cases.events import CaseEvent
from lianfang.cases.models import (
    Case,
    Classification,
    EpiLink,
    Investigation,
    Outcome,
    Report,
    Result,
    Review,
    Ruling,
    Sample,
    Screening,
    Sign,
)
from lianfang.cases.vocabulary import require_sign, require_word
from lianfang.common.clock import local_day, start_of
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.facts import Fact
from lianfang.core.registry.models import Level, Person, Place, Unit
from lianfang.loop.touch import touch

R = TypeVar("R", bound=Fact)


@transaction.atomic
def open_case(
    *,
    person: Person,
    disease: str,
    place: Place,
    by: Actor,
    at: datetime,
    number: str = "",
    diagnosis: str = Classification.SUSPECTED,
    diagnosed_at: datetime | None = None,
    unit: Unit | None = None,
    signal_id: int | None = None,
) -> Case:
    """Open a case from its first report; the area `place` answers for it.

    A person has one open case of a disease at a time: AlreadyOpen names it.
    """
    by.require(Permission.CASE_EDIT, place.path)
    if disease not in packs_by_disease():
        raise UnknownDisease(disease=disease, known=", ".join(packs_by_disease()))
    # Two reports of one person at the same moment: the second waits, and finds the case of the first.
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)
    standing = Case.objects.filter(person=person, disease=disease, outcome="").first()
    if standing is not None:
        raise AlreadyOpen(number=standing.number)
    case = Case.objects.create(
        number=number or next_number(place, at),
        person=person,
        disease=disease,
        place=place,
        path=place.path,
        residence_path=person.path,
        opened_at=at,
        reported_at=at,
    )
    record(CaseEvent.OPENED, subject=case, by=by, at=at, after={"disease": disease, "number": case.number})
    Report.objects.create(
        case=case,
        unit=unit,
        diagnosis=diagnosis,
        occurred_at=diagnosed_at or at,
        received_at=at,
        recorded_at=at,
        recorded_by_id=by.user_id,
        signal_id=signal_id,
    )
    _derive(case, by=by, at=at)
    return case


def next_number(place: Place, at: datetime) -> str:
    """Return the next case number of a place and year, `420106-2020-0007`, after 9999 with five digits.

    Whoever asks next for the same place waits until this transaction has ended.
    """
    Place.objects.select_for_update(no_key=True).get(pk=place.pk)
    stem = f"{place.code}-{local_day(at).year}-"
    ours = Case.objects.filter(number__regex=rf"^{re.escape(stem)}\d{{4,}}$", number__startswith=stem)
    last = ours.order_by(Length("number").desc(), "-number").values_list("number", flat=True).first()
    return f"{stem}{int(last.removeprefix(stem)) + 1 if last else 1:04d}"


@transaction.atomic
def record_report(
    *, case: Case, diagnosis: str, diagnosed_at: datetime, by: Actor, at: datetime, unit: Unit | None = None
) -> Report:
    """Record that a unit reported the case (again): 2 hours after the diagnosis by the protocols of 2020."""
    by.require(Permission.CASE_EDIT, case.path)
    row = Report(case=case, unit=unit, diagnosis=diagnosis, received_at=at)
    return _add(
        row, CaseEvent.REPORTED, occurred_at=diagnosed_at, by=by, at=at, after={"diagnosis": diagnosis}
    )


@transaction.atomic
def review_report(*, case: Case, complete: bool, note: str, by: Actor, at: datetime) -> Review:
    """Record the county's review of the report."""
    by.require(Permission.CASE_INVESTIGATE, case.path)
    row = Review(case=case, complete=complete, note=note)
    return _add(row, CaseEvent.REVIEWED, occurred_at=at, by=by, at=at, after={"complete": complete})


@transaction.atomic
def record_signs(
    *,
    case: Case,
    signs: Mapping[str, bool | float | None],
    seen_at: datetime,
    by: Actor,
    at: datetime,
    onset_on: date | None = None,
) -> list[Sign]:
    """Record signs by code (present, absent, or a measured value) and, if given, the day of onset.

    An onset already on file is superseded by the new one: a case has one onset.
    """
    by.require(Permission.CASE_EDIT, case.path)
    for code in signs:
        require_sign(code)
    common = {"case": case, "recorded_at": at, "recorded_by_id": by.user_id}
    rows = [
        Sign(
            code=code,
            present=value if isinstance(value, bool) or value is None else None,
            value=None if isinstance(value, bool) or value is None else float(value),
            occurred_at=seen_at,
            **common,
        )
        for code, value in signs.items()
    ]
    old_onsets: list[Sign] = []
    if onset_on is not None:
        old_onsets = list(Sign.objects.current().filter(case=case, is_onset=True))
        rows.append(Sign(code="onset", present=True, is_onset=True, occurred_at=start_of(onset_on), **common))
    rows = Sign.objects.bulk_create(rows)
    for old in old_onsets:
        _supersede(old, rows[-1], at=at)
    after = {**dict(signs), "onset_on": onset_on.isoformat() if onset_on else None}
    record(CaseEvent.SIGNS_RECORDED, subject=case, by=by, at=at, after=after)
    _derive(case, by=by, at=at)
    return rows


@transaction.atomic
def record_epi_link(*, case: Case, kind: str, by: Actor, at: datetime, **fields: Any) -> EpiLink:
    """Record an epidemiological item (travel, contact with a case, cluster ...): from_on, to_on, place_text, source_case."""
    by.require(Permission.CASE_EDIT, case.path)
    row = EpiLink(case=case, kind=require_word("exposures", kind), **fields)
    day = row.from_on or row.to_on
    return _add(
        row, CaseEvent.LINKED, occurred_at=start_of(day) if day else at, by=by, at=at, after={"kind": kind}
    )


@transaction.atomic
def record_sample(
    *, case: Case, number: str, specimen: str, taken_at: datetime, by: Actor, at: datetime, **fields: Any
) -> Sample:
    """Record that a sample was taken; the same number again adds what is new (shipped, received) to that sample."""
    by.require(Permission.RESULT_RECORD, case.path)
    standing: Sample | None = Sample.objects.current().filter(case=case, number=number).first()
    if standing is not None:
        changed = {
            name: value
            for name, value in fields.items()
            if value is not None and getattr(standing, name) != value
        }
        if not changed:
            return standing
        # Shipping and receipt complete the fact of the sample; they do not contradict it.
        Sample.objects.filter(pk=standing.pk).update(**changed)
        standing.refresh_from_db()
        record(CaseEvent.SAMPLED, subject=case, by=by, at=at, after={"number": number, **_plain(changed)})
        _derive(case, by=by, at=at)
        return standing
    row = Sample(case=case, number=number, specimen=require_word("specimens", specimen), **fields)
    return _add(
        row,
        CaseEvent.SAMPLED,
        occurred_at=taken_at,
        by=by,
        at=at,
        after={"number": number, "specimen": specimen},
    )


@transaction.atomic
def record_result(
    *,
    sample: Sample,
    kind: str,
    finding: str,
    resulted_at: datetime,
    by: Actor,
    at: datetime,
    key: str = "",
    **fields: Any,
) -> Result:
    """Record a laboratory result; the same message again (same key) is the same result and changes nothing."""
    case = sample.case
    by.require(Permission.RESULT_RECORD, case.path)
    key = key or f"{kind}:{int(resulted_at.timestamp())}"
    standing: Result | None = Result.objects.current().filter(sample=sample, key=key).first()
    if standing is not None and standing.finding == finding:
        return standing
    row = Result(
        sample=sample, case=case, kind=require_word("tests", kind), finding=finding, key=key, **fields
    )
    if standing is not None:  # the laboratory corrected itself
        Result.objects.filter(pk=standing.pk).update(superseded_at=at)
    row = _add(
        row,
        CaseEvent.RESULT_RECORDED,
        occurred_at=resulted_at,
        by=by,
        at=at,
        after={"kind": kind, "finding": finding},
    )
    if standing is not None:
        Result.objects.filter(pk=standing.pk).update(superseded_by=row)
    return row


@transaction.atomic
def complete_investigation(
    *, case: Case, completed_at: datetime, by: Actor, at: datetime, **fields: Any
) -> Investigation:
    """Record a completed investigation: which of onset, exposures, places and contacts were asked, and a summary."""
    by.require(Permission.CASE_INVESTIGATE, case.path)
    row = Investigation(case=case, **{"unit_id": by.unit_id, **fields})
    after = {"complete": row.is_complete, "n_contacts_named": row.n_contacts_named}
    return _add(row, CaseEvent.INVESTIGATED, occurred_at=completed_at, by=by, at=at, after=after)


@transaction.atomic
def rule_on_case(*, case: Case, classification: str, reason: str, by: Actor, at: datetime) -> Ruling:
    """Record what an answerable person decided the case is; it stands above the criteria until withdrawn."""
    by.require(Permission.FINDING_JUDGE, case.path)
    for old in Ruling.objects.current().filter(case=case):
        Ruling.objects.filter(pk=old.pk).update(superseded_at=at)
    row = Ruling(case=case, classification=classification, reason=reason)
    return _add(
        row,
        CaseEvent.RULED,
        occurred_at=at,
        by=by,
        at=at,
        after={"classification": classification},
        reason=reason,
    )


@transaction.atomic
def record_outcome(*, case: Case, kind: str, on: date, by: Actor, at: datetime) -> Outcome:
    """Record how the episode ended; a later outcome supersedes the earlier one."""
    by.require(Permission.CASE_EDIT, case.path)
    old = list(Outcome.objects.current().filter(case=case))
    row = Outcome(case=case, kind=kind, on=on)
    row = _add(
        row,
        CaseEvent.ENDED,
        occurred_at=start_of(on),
        by=by,
        at=at,
        after={"kind": kind, "on": on.isoformat()},
    )
    for each in old:
        _supersede(each, row, at=at)
    derive_cases([case.pk], at=at, by=by)
    return row


@transaction.atomic
def withdraw_fact(*, fact: Fact, reason: str, by: Actor, at: datetime) -> None:
    """Withdraw a wrong fact of a case: it stays on file, says why, and no longer counts."""
    case = fact.case  # type: ignore[attr-defined]
    by.require(Permission.CASE_EDIT, case.path)
    if not fact.holds:
        raise FactGone
    type(fact).objects.filter(pk=fact.pk).update(superseded_at=at, withdrawn_because=reason)
    after = {"fact": fact._meta.label, "id": fact.pk}  # noqa: SLF001
    record(CaseEvent.WITHDRAWN, subject=case, by=by, at=at, reason=reason, before=after)
    derive_cases([case.pk], at=at, by=by, because="withdrawal")


@transaction.atomic
def correct_fact(*, fact: Fact, changes: Mapping[str, Any], reason: str, by: Actor, at: datetime) -> Fact:
    """Replace a fact of a case by a corrected copy; the old one stays on file as what was known until now."""
    case = fact.case  # type: ignore[attr-defined]
    by.require(Permission.CASE_EDIT, case.path)
    if not fact.holds:
        raise FactGone
    old_pk = fact.pk
    type(fact).objects.filter(pk=old_pk).update(superseded_at=at)
    fact.pk, fact.id = None, None  # type: ignore[attr-defined]
    fact.recorded_at, fact.recorded_by_id = at, by.user_id
    before = {name: str(getattr(fact, name)) for name in changes}
    for name, value in changes.items():
        setattr(fact, name, value)
    fact.save(force_insert=True)
    type(fact).objects.filter(pk=old_pk).update(superseded_by=fact.pk)
    record(
        CaseEvent.CORRECTED, subject=case, by=by, at=at, reason=reason, before=before, after=_plain(changes)
    )
    derive_cases([case.pk], at=at, by=by)
    return fact


@transaction.atomic
def move_case(*, case: Case, place: Place, reason: str, by: Actor, at: datetime) -> Case:
    """Give the case to another area, which from then on answers for it; its duties follow at the next pass."""
    by.require(Permission.CASE_EDIT, case.path)
    before = {"place": case.place.code}
    Case.objects.filter(pk=case.pk).update(place=place, path=place.path)
    case.refresh_from_db()
    record(
        CaseEvent.MOVED, subject=case, by=by, at=at, reason=reason, before=before, after={"place": place.code}
    )
    _derive(case, by=by, at=at)
    return case


def _add(
    row: R, tag: CaseEvent, *, occurred_at: datetime, by: Actor, at: datetime, after: Any, reason: str = ""
) -> R:
    case: Case = row.case  # type: ignore[attr-defined]
    row.occurred_at, row.recorded_at, row.recorded_by_id = occurred_at, at, by.user_id
    row.save(force_insert=True)
    record(tag, subject=case, by=by, at=at, after=after, reason=reason)
    _derive(case, by=by, at=at)
    return row


def _supersede(old: Fact, new: Fact, *, at: datetime) -> None:
    type(old).objects.filter(pk=old.pk).update(superseded_at=at, superseded_by=new.pk)


def _derive(case: Case, *, by: Actor, at: datetime) -> None:
    derive_cases([case.pk], at=at, by=by)
    case.refresh_from_db()


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, bool | int | float | str | None) else str(value)
        for name, value in values.items()
    }


@transaction.atomic
def record_screening(
    *,
    person: Person,
    place: Place,
    read_at: datetime,
    by: Actor,
    at: datetime,
    temperature: float | None = None,
    **fields: Any,
) -> Screening:
    """Record a reading that asks for a look: fever or signs at a gate, on a round, in a clinic."""
    by.require(Permission.SIGNAL_RECORD, place.path)
    row = Screening.objects.create(
        person=person,
        place=place,
        path=place.path,
        unit_id=by.unit_id,
        read_at=read_at,
        recorded_at=at,
        temperature=temperature,
        **fields,
    )
    record(CaseEvent.SCREENED, subject=row, by=by, at=at, after={"temperature": temperature})
    touch(Screening, [row.pk], at=at)
    return row


@transaction.atomic
def conclude_screening(
    *, screening: Screening, conclusion: str, looked_at: datetime, by: Actor, at: datetime, disease: str = ""
) -> Screening:
    """Record that somebody looked: well, other illness, or suspected - which opens a case of `disease`, or joins it."""
    by.require(Permission.TASK_DO, screening.path)
    case = None
    if conclusion == Classification.SUSPECTED:
        case = Case.objects.filter(person=screening.person, disease=disease, outcome="").first() or open_case(
            person=screening.person,
            disease=disease,
            place=_answering_place(screening.place),
            diagnosed_at=looked_at,
            by=Actor.system(f"screening by {by.name}"),
            at=at,
            signal_id=screening.signal_id,
        )
    Screening.objects.filter(pk=screening.pk).update(looked_at=looked_at, conclusion=conclusion, case=case)
    screening.refresh_from_db()
    record(CaseEvent.LOOKED_AT, subject=screening, by=by, at=at, after={"conclusion": conclusion})
    touch(Screening, [screening.pk], at=at)
    return screening


def _answering_place(place: Place) -> Place:
    """Return the county of a place: cases are answered for by counties, whatever cell the reading came from."""
    here: Place | None = place
    while here is not None and here.level > Level.COUNTY:
        here = here.parent
    return here or place
