"""Rounds, treatments, and visits after discharge."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from lianfang.care.derive import derive_pathways
from lianfang.care.events import CareEvent
from lianfang.care.models import BedRequest, Comorbidities, FollowUp, Round, Stay, Support, Treatment
from lianfang.cases.models import Case
from lianfang.common.bulk import write_columns
from lianfang.common.clock import local_day
from lianfang.common.errors import Refused
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.rules import site_rules
from lianfang.loop.touch import touch

Entry = Round | FollowUp | Treatment | Stay | Support | Comorbidities


def where(case: Case, at: datetime) -> str:
    """Return the path of the facility where the patient lies, or of the case."""
    stay = Stay.objects.current().at(at).filter(case=case).first()
    return str(stay.path if stay else case.path)


@transaction.atomic
def record_round(*, case: Case, seen_at: datetime, by: Actor, at: datetime, **measured: Any) -> Round:
    """Record what was seen of a patient on a round."""
    path = where(case, seen_at)
    by.require(Permission.CARE_EDIT, path)
    row: Round = Round(case=case, on=local_day(seen_at), **measured)
    _added(row, CareEvent.SEEN, path=path, occurred_at=seen_at, by=by, at=at, after=measured)
    return row


@transaction.atomic
def record_comorbidities(
    *, case: Case, conditions: Iterable[str], asked_at: datetime, by: Actor, at: datetime
) -> Comorbidities:
    """Record what a patient was ill with before; it takes the place of what was told earlier."""
    path = where(case, asked_at)
    by.require(Permission.CARE_EDIT, path)
    told = sorted(set(conditions))
    unknown = set(told) - set(site_rules().vocabulary["conditions"])
    if unknown:
        raise Refused(reason=", ".join(sorted(unknown)))
    before = list(Comorbidities.objects.current().filter(case=case))
    row: Comorbidities = Comorbidities(case=case, conditions=told)
    after = {"conditions": told or ["none"]}
    _added(row, CareEvent.ASKED_BEFORE, path=path, occurred_at=asked_at, by=by, at=at, after=after)
    for one in before:
        one.superseded_at, one.superseded_by = at, row
    write_columns(before, ["superseded_at", "superseded_by"])
    return row


@transaction.atomic
def start_treatment(
    *, case: Case, what: str, from_at: datetime, by: Actor, at: datetime, dose: str = ""
) -> Treatment:
    """Record that a treatment was begun."""
    path = where(case, from_at)
    by.require(Permission.CARE_EDIT, path)
    row: Treatment = Treatment(case=case, what=what, dose=dose)
    after = {"what": what, "dose": dose}
    _added(row, CareEvent.TREATED, path=path, occurred_at=from_at, by=by, at=at, after=after)
    return row


@transaction.atomic
def stop_treatment(*, treatment: Treatment, until_at: datetime, reason: str, by: Actor, at: datetime) -> None:
    """Record that a treatment was ended, and why."""
    by.require(Permission.CARE_EDIT, treatment.path)
    if until_at < treatment.occurred_at or until_at > at:
        raise Refused(reason=gettext("a treatment ends after it began, and not after now"))
    Treatment.objects.filter(pk=treatment.pk).update(until_at=until_at, stopped_because=reason)
    record(CareEvent.TREATED, subject=treatment, by=by, at=at, reason=reason, after={"ended": True})


@transaction.atomic
def follow_up(*, case: Case, seen_at: datetime, by: Actor, at: datetime, **seen: Any) -> FollowUp:
    """Record that a discharged patient was visited or came to be looked at; `week` says which visit it answers."""
    by.require(Permission.OBSERVATION_RECORD, case.path)
    row: FollowUp = FollowUp(case=case, **seen)
    _added(row, CareEvent.FOLLOWED_UP, path=case.path, occurred_at=seen_at, by=by, at=at, after=seen)
    return row


@transaction.atomic
def give_support(
    *, case: Case, aid: str, given_at: datetime, by: Actor, at: datetime, note: str = ""
) -> Support:
    """Record that a discharged patient was given rehabilitation or counselling."""
    by.require(Permission.OBSERVATION_RECORD, case.path)
    row: Support = Support(case=case, aid=aid, note=note)
    _added(row, CareEvent.SUPPORTED, path=case.path, occurred_at=given_at, by=by, at=at, after={"aid": aid})
    return row


@transaction.atomic
def withdraw_entry(*, entry: Entry, reason: str, by: Actor, at: datetime) -> None:
    """Withdraw a wrong entry: it stays on file, says why, and no longer counts."""
    by.require(Permission.CARE_EDIT, entry.path)
    type(entry).objects.filter(pk=entry.pk, superseded_at__isnull=True).update(
        superseded_at=at, withdrawn_because=reason
    )
    record(CareEvent.WITHDRAWN, subject=entry, by=by, at=at, reason=reason)
    touch(type(entry), [entry.pk], at=at)
    if isinstance(entry, Stay) and entry.request_id is not None:
        # Nobody lay down after all: the request that this met waits again, for the bed that it had been given.
        if not BedRequest.objects.open().filter(case_id=entry.case_id).exists():
            BedRequest.objects.filter(pk=entry.request_id, met_at=entry.occurred_at).update(met_at=None)
        touch(BedRequest, [entry.request_id], at=at)
    derive_pathways([entry.case_id], at=at, by=by, because="withdrawal")


def _added(
    row: Any, tag: CareEvent, *, path: str, occurred_at: datetime, by: Actor, at: datetime, after: Any
) -> Any:
    case: Case = row.case
    row.path, row.source_path = path, case.path
    row.occurred_at, row.recorded_at, row.recorded_by_id = occurred_at, at, by.user_id
    row.save(force_insert=True)
    record(
        tag,
        subject=row,
        by=by,
        at=at,
        after={name: value for name, value in after.items() if value not in (None, "", [])},
    )
    touch(type(row), [row.pk], at=at)
    derive_pathways([case.pk], at=at, by=by)
