"""Readings of gates, rounds and clinics: each becomes a screening of a person, open until somebody has looked."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from lianfang.cases.events import CaseEvent
from lianfang.cases.models import Screening
from lianfang.cases.targets.reading import UnitFinder, as_moment, candidate_of, place_of, resolve
from lianfang.cases.targets.undoing import undo_people, undo_screenings
from lianfang.common.clock import local_day, site_zone
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import Entry, record_many
from lianfang.core.registry.models import ExternalNumber
from lianfang.intake.records import SCREENING
from lianfang.intake.target import Context, Outcome, Row, Target, Undone, Word
from lianfang.loop.touch import touch

_LABEL = "cases.Screening"
_CHUNK = 1000
# Readings below this do not ask for a look and are kept in their signal only, unless the importer says otherwise.
FEVER_FROM = 37.3
_COLUMNS = ("external_id", "checkpoint", "read_at", "temperature", "signs", "sex", "birth_year", "place_code")


class ScreeningTarget(Target):
    """Temperature readings of checkpoints."""

    record = SCREENING
    title: ClassVar[Any] = _("Temperature readings")
    export_permission = Permission.EXPORT_RUN

    def apply(self, rows: Sequence[Row], context: Context) -> list[Outcome]:
        """Make a screening of every reading with fever or signs; a reading that was taken in before changes nothing."""
        outcomes = [Outcome() for _ in rows]
        known = self._known(rows, context)
        drafts = []
        for row, outcome in zip(rows, outcomes, strict=True):
            place = place_of(row, outcome, context)
            if place is None or _number(row) in known or not _asks_for_a_look(row, context):
                continue
            read_at = as_moment(row.values["read_at"])
            assert read_at is not None
            drafts.append((row, outcome, place, read_at))
        told = [
            (row, outcome, candidate_of(row.values, place, local_day(at)))
            for row, outcome, place, at in drafts
        ]
        people = resolve(told, context)
        units = UnitFinder(
            {str(row.values["checkpoint"]) for row, _, _, _ in drafts if row.values.get("checkpoint")}
        )
        made = []
        for (row, outcome, place, read_at), found in zip(drafts, people, strict=True):
            if found is None:
                continue
            unit = units.find(row.values.get("checkpoint")) or context.unit
            where = place if row.values.get("place_code") or row.values.get("county") else unit.place
            screening = Screening(
                person=found.person,
                place=where,
                path=where.path,
                unit=unit,
                read_at=read_at,
                recorded_at=context.at,
                temperature=row.values["temperature"],
                signs=[
                    word
                    for word in str(row.values.get("signs") or "").replace("，", ",").split(",")
                    if word.strip()
                ],
                signal_id=row.signal_id,
            )
            made.append((row, outcome, screening))
        self._write(made, context)
        return outcomes

    def _known(self, rows: Sequence[Row], context: Context) -> set[str]:
        numbers = [_number(row) for row in rows]
        known = ExternalNumber.objects.filter(system=context.system, record=_LABEL, number__in=numbers)
        return set(known.values_list("number", flat=True))

    def _write(self, made: Sequence[tuple[Row, Outcome, Screening]], context: Context) -> None:
        Screening.objects.bulk_create([screening for _, _, screening in made], batch_size=500)
        ExternalNumber.objects.bulk_create(
            [
                ExternalNumber(
                    system=context.system, record=_LABEL, number=_number(row), record_id=screening.pk
                )
                for row, _, screening in made
            ],
            ignore_conflicts=True,
        )
        for _row, outcome, screening in made:
            outcome.word = Word.CREATED
            outcome.records.append((_LABEL, screening.pk, True))
        entries = [Entry(subject=s, after={"temperature": s.temperature}) for _, _, s in made]
        record_many(CaseEvent.SCREENED, entries, by=context.by, at=context.at)
        touch(Screening, [screening.pk for _, _, screening in made], at=context.at)

    def undo(self, records: Mapping[str, Sequence[int]], *, by: Actor, at: datetime, reason: str) -> Undone:  # noqa: ARG002
        done = Undone()
        ids = records.get(_LABEL, ())
        undo_screenings(ids, at=at, done=done)
        ExternalNumber.objects.filter(record=_LABEL, record_id__in=ids).delete()
        undo_people(records.get("registry.Person", ()), done)
        return done

    def export(self, actor: Actor, *, path: str, at: datetime, purpose: str) -> Iterator[Mapping[str, Any]]:  # noqa: ARG002
        rows = Screening.objects.visible_to(actor, Permission.CASE_VIEW).select_related(
            "person", "unit", "place"
        )
        if path:
            rows = rows.filter(path__within=path)
        last = 0
        while chunk := list(rows.filter(pk__gt=last).order_by("pk")[:_CHUNK]):
            last = chunk[-1].pk
            ids = [screening.pk for screening in chunk]
            numbers = dict(
                ExternalNumber.objects.filter(record=_LABEL, record_id__in=ids).values_list(
                    "record_id", "number"
                )
            )
            for screening in chunk:
                yield {
                    "external_id": numbers.get(screening.pk),
                    "checkpoint": screening.unit.code if screening.unit else None,
                    "read_at": screening.read_at.astimezone(site_zone()),
                    "temperature": screening.temperature,
                    "signs": ",".join(screening.signs),
                    "sex": screening.person.sex,
                    "birth_year": screening.person.birth_year,
                    "place_code": screening.place.code,
                }

    def columns(self) -> Sequence[str]:
        return _COLUMNS


def _number(row: Row) -> str:
    return str(row.values.get("external_id") or f"signal-{row.signal_id}")[:120]


def _asks_for_a_look(row: Row, context: Context) -> bool:
    threshold = float(context.options.get("fever_from", FEVER_FROM))
    return float(row.values["temperature"]) >= threshold or bool(row.values.get("signs"))
