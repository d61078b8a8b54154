"""Stays told in a table: laid in the bed they name, or parked with the reason. No two overlap, in the file or beyond it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from lianfang.care.derive import derive_pathways
from lianfang.care.events import CareEvent
from lianfang.care.models import Bed, Stay, Ward
from lianfang.care.models.stay import FAR_AHEAD
from lianfang.care.selectors import why_unsuitable
from lianfang.cases.models import Case
from lianfang.cases.targets.numbers import case_ids
from lianfang.cases.targets.reading import as_moment
from lianfang.common.clock import local_day, site_zone
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import Entry, record_many
from lianfang.core.intervals import refused_by
from lianfang.intake.records import BED_STAY
from lianfang.intake.target import Context, Outcome, Row, Target, Undone, Word
from lianfang.loop.touch import touch

_LABEL = "care.Stay"
_COLUMNS = ("case_number", "facility", "bed_ward", "bed", "lies_from", "lies_until")
_HINTS = {
    "stay.patient_elsewhere": "The patient lies in another bed at that time. Correct the times, or end the other stay first.",
    "stay.bed_taken": "Somebody else lies in the bed at that time. Name another bed, or correct the times.",
    "stay.no_bed_free": "No bed of the ward is in use and free for the whole time. Add beds, or correct the times.",
    "stay.ends_before_it_begins": "The stay ends before it begins. Correct the times.",
    "stay.unsuitable": "The ward does not take such a patient: {reason}.",
    "stay.not_yours": "The ward belongs to another area. Send the row to that area.",
    "case.unknown": "No case has this number yet. The row is tried again when the case arrives; or correct the number.",
    "ward.unknown": "The facility has no such ward. Set it up first, or correct the name.",
}


@dataclass
class _Draft:
    row: Row
    outcome: Outcome
    case: Case
    ward: Ward
    begins: datetime
    ends: datetime | None


class StayTarget(Target):
    """Stays in beds."""

    record = BED_STAY
    title: ClassVar[Any] = _("Stays in beds")
    export_permission = Permission.EXPORT_RUN
    waits_for = frozenset({"case.unknown", "ward.unknown"})

    def apply(self, rows: Sequence[Row], context: Context) -> list[Outcome]:
        """Lay the patients in their beds; a stay that is on file as told changes nothing."""
        outcomes = [Outcome() for _ in rows]
        drafts = _drafts(list(zip(rows, outcomes, strict=True)), context)
        book = _Book(drafts)
        made = [(draft, stay) for draft in drafts if (stay := book.enter(draft, context)) is not None]
        _write(made, context)
        return outcomes

    def undo(self, records: Mapping[str, Sequence[int]], *, by: Actor, at: datetime, reason: str) -> Undone:
        ids = list(records.get(_LABEL, ()))
        holding = Stay.objects.current().filter(pk__in=ids)
        cases = list(holding.values_list("case_id", flat=True))
        done = Undone()
        done.withdrawn = holding.update(superseded_at=at, withdrawn_because=reason[:500])
        touch(Stay, ids, at=at)
        derive_pathways(cases, at=at, by=by, because="withdrawal")
        return done

    def export(self, actor: Actor, *, path: str, at: datetime, purpose: str) -> Iterator[Mapping[str, Any]]:  # noqa: ARG002
        rows = (
            Stay.objects.visible_in(actor, path)
            .current()
            .select_related("case", "bed__ward__unit")
            .order_by("pk")
        )
        for stay in rows.iterator(1000):
            yield {
                "case_number": stay.case.number,
                "facility": stay.bed.ward.unit.code,
                "bed_ward": stay.bed.ward.name,
                "bed": stay.bed.label,
                "lies_from": stay.occurred_at.astimezone(site_zone()),
                "lies_until": stay.until_at.astimezone(site_zone()) if stay.until_at else None,
            }

    def columns(self) -> Sequence[str]:
        return _COLUMNS


def _park(row: Row, outcome: Outcome, rule: str, column: str, reason: str = "") -> None:
    value = row.values.get(column, "")
    outcome.park(row, column=column, value=value, rule=rule, hint=_HINTS[rule].format(reason=reason))


def _drafts(pairs: Sequence[tuple[Row, Outcome]], context: Context) -> list[_Draft]:
    numbers = case_ids({str(row.values["case_number"]) for row, _ in pairs}, context.system)
    cases = Case.objects.select_related("person").in_bulk(set(numbers.values()))
    wards: dict[tuple[str, str], Ward] = {}
    names = {str(row.values["bed_ward"]) for row, _ in pairs}
    for ward in Ward.objects.filter(name__in=names).select_related("unit"):
        for unit in (ward.unit.code, ward.unit.name, ward.unit.name_en):
            wards.setdefault((unit, ward.name), ward)
    drafts = []
    for row, outcome in pairs:
        case = cases.get(numbers.get(str(row.values["case_number"]), 0))
        found = wards.get((str(row.values["facility"]), str(row.values["bed_ward"])))
        if case is None:
            _park(row, outcome, "case.unknown", "case_number")
        elif found is None:
            _park(row, outcome, "ward.unknown", "bed_ward")
        elif not context.by.may(Permission.IMPORT_RUN, found.path):
            _park(row, outcome, "stay.not_yours", "facility")
        elif reason := why_unsuitable(found, case):
            _park(row, outcome, "stay.unsuitable", "bed_ward", reason)
        else:
            begins, ends = as_moment(row.values["lies_from"]), as_moment(row.values.get("lies_until"))
            assert begins is not None
            if ends is not None and ends <= begins:
                _park(row, outcome, "stay.ends_before_it_begins", "lies_until")
            else:
                drafts.append(_Draft(row, outcome, case, found, begins, ends))
    return drafts


class _Book:
    """Who lies where and when, as on file and as entered from this file: read with two queries."""

    def __init__(self, drafts: Sequence[_Draft]) -> None:
        self._beds: dict[int, list[Bed]] = defaultdict(list)
        for bed in Bed.objects.filter(ward__in={d.ward.pk for d in drafts}).order_by("pk"):
            self._beds[bed.ward_id].append(bed)
        self._of_bed: dict[int, list[Stay]] = defaultdict(list)
        self._of_person: dict[int, list[Stay]] = defaultdict(list)
        people = {d.case.person_id for d in drafts}
        beds = [bed.pk for several in self._beds.values() for bed in several]
        held = Stay.objects.current()
        for stay in held.filter(bed__in=beds).union(held.filter(person__in=people)):
            self._enter(stay)

    def _enter(self, stay: Stay) -> None:
        self._of_bed[stay.bed_id].append(stay)
        self._of_person[stay.person_id].append(stay)

    def enter(self, draft: _Draft, context: Context) -> Stay | None:
        """Return the stay to be written; None where it is on file, or was parked because it cannot be."""
        label = str(draft.row.values.get("bed") or "")
        beds = [bed for bed in self._beds[draft.ward.pk] if not label or bed.label == label]
        mine = self._of_person[draft.case.person_id]
        ids = {bed.pk for bed in beds}
        if any(s.bed_id in ids and (s.occurred_at, s.until_at) == (draft.begins, draft.ends) for s in mine):
            return None
        if any(_overlap(stay, draft) for stay in mine):
            _park(draft.row, draft.outcome, "stay.patient_elsewhere", "lies_from")
            return None
        open_then = [bed for bed in beds if _is_open(bed, draft)]
        free = [bed for bed in open_then if not any(_overlap(stay, draft) for stay in self._of_bed[bed.pk])]
        if not free:
            rule = "stay.bed_taken" if label and open_then else "stay.no_bed_free"
            _park(draft.row, draft.outcome, rule, "bed")
            return None
        stay = _stay(draft, free[0], context)
        self._enter(stay)
        return stay


def _overlap(stay: Stay, draft: _Draft) -> bool:
    return (draft.ends is None or stay.occurred_at < draft.ends) and (
        stay.until_at is None or stay.until_at > draft.begins
    )


def _is_open(bed: Bed, draft: _Draft) -> bool:
    ends_in_time = bed.until_at is None or (draft.ends is not None and draft.ends <= bed.until_at)
    return bed.from_at <= draft.begins and ends_in_time


def _stay(draft: _Draft, bed: Bed, context: Context) -> Stay:
    last = FAR_AHEAD if draft.ends is None else local_day(draft.ends) - timedelta(days=1)
    return Stay(
        case=draft.case, person_id=draft.case.person_id, bed=bed, path=draft.ward.path,
        source_path=draft.case.path, until_at=draft.ends, first_round_on=local_day(draft.begins),
        last_round_on=last, occurred_at=draft.begins, recorded_at=context.at, recorded_by_id=context.by.user_id,
    )  # fmt: skip


def _write(made: Sequence[tuple[_Draft, Stay]], context: Context) -> None:
    """Write all at once; where somebody else wrote meanwhile, one by one, so that only what cannot be is parked."""
    written = list(made)
    try:
        with transaction.atomic():
            Stay.objects.bulk_create([stay for _, stay in made], batch_size=500)
    except IntegrityError:
        written = [(draft, stay) for draft, stay in made if _write_one(draft, stay)]
    for draft, stay in written:
        draft.outcome.word = Word.CREATED
        draft.outcome.records.append((_LABEL, stay.pk, True))
    entries = [Entry(subject=stay, after={"bed": stay.bed_id, "case": d.case.number}) for d, stay in written]
    record_many(CareEvent.LAY_DOWN, entries, by=context.by, at=context.at)
    touch(Stay, [stay.pk for _, stay in written], at=context.at)
    derive_pathways({draft.case.pk for draft, _ in written}, at=context.at, by=context.by, because="import")


def _write_one(draft: _Draft, stay: Stay) -> bool:
    stay.pk = None
    try:
        with transaction.atomic():
            stay.save(force_insert=True)
    except IntegrityError as error:
        rules = {"patient_once": "stay.patient_elsewhere", "patient_bed_once": "stay.bed_taken"}
        refused = refused_by(error)
        if refused not in {*rules, "patient_within_bed"}:
            raise
        _park(draft.row, draft.outcome, rules.get(refused, "stay.no_bed_free"), "bed")
        return False
    return True
