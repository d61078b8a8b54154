"""Rows of a line list become people and cases with their facts; the classification follows from the facts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from lianfang.cases.derive import derive_cases
from lianfang.cases.events import CaseEvent
from lianfang.cases.models import Case
from lianfang.cases.targets.diseases import disease_codes, disease_of
from lianfang.cases.targets.exporting import COLUMNS, export_cases
from lianfang.cases.targets.numbers import KnownCases, people_with_ids, remember
from lianfang.cases.targets.reading import as_day, as_moment, candidate_of, complete_people, place_of, resolve
from lianfang.cases.targets.undoing import undo_cases
from lianfang.cases.targets.wanted import Stated, stated_by
from lianfang.cases.targets.writing import FactWriter
from lianfang.common.bulk import give_keys, make
from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import Entry, record_many
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.models import Person, Place
from lianfang.intake.records import CASE
from lianfang.intake.table import Hint, Problem, Severity
from lianfang.intake.target import Context, Outcome, Row, Target, Undone, Word

# Two reports of one disease in one person within so many days are one episode, unless the importer says otherwise.
SAME_EPISODE_DAYS = 60


@dataclass
class _Draft:
    """One row on its way."""

    row: Row
    outcome: Outcome
    place: Place
    candidate: PersonCandidate
    reported: datetime
    disease: str
    case: Case | None = None
    person: Person | None = None
    is_new: bool = False


class CaseTarget(Target):
    """Line lists: a row is a person, a case, its signs, samples, results, exposures and outcome."""

    record = CASE
    title: ClassVar[Any] = _("Cases (line list)")
    export_permission = Permission.EXPORT_RUN
    waits_for = frozenset({"place.unknown"})
    kept_in_signal = frozenset(
        {
            "note",
            "severity",
            "latitude",
            "longitude",
            "asymptomatic",
            "exposure_kind",
            "result.laboratory",
            "linked_numbers",
            "travelled_to",
        }
    )

    def apply(self, rows: Sequence[Row], context: Context) -> list[Outcome]:
        """Take rows in: about thirty statements per call, however many rows."""
        outcomes = [Outcome() for _ in rows]
        words = disease_codes()
        paired = zip(rows, outcomes, strict=True)
        drafts = [d for row, outcome in paired if (d := _draft(row, outcome, context, words))]
        known = KnownCases([draft.row.values for draft in drafts], context)
        drafts = [draft for draft in drafts if _recognise(draft, known, context)]
        drafts = _find_people(drafts, context)
        _open_cases(drafts, context)
        _write_facts(drafts, known, context)
        return outcomes

    def undo(self, records: Mapping[str, Sequence[int]], *, by: Actor, at: datetime, reason: str) -> Undone:
        return undo_cases(records, by=by, at=at, reason=reason)

    def export(self, actor: Actor, *, path: str, at: datetime, purpose: str) -> Iterator[Mapping[str, Any]]:
        return export_cases(actor, path=path, at=at, purpose=purpose)

    def columns(self) -> Sequence[str]:
        return COLUMNS


def _draft(row: Row, outcome: Outcome, context: Context, diseases: Mapping[str, str]) -> _Draft | None:
    values = row.values
    disease = disease_of(row, outcome, diseases)
    if not disease:
        return None
    place = place_of(row, outcome, context)
    if place is None:
        return None
    reported = as_moment(values.get("reported_at")) or context.at
    on = as_day(values.get("onset_on")) or local_day(reported)
    return _Draft(row, outcome, place, candidate_of(values, place, on), reported, disease)


def _recognise(draft: _Draft, known: KnownCases, context: Context) -> bool:
    """Set the case where the row's numbers name one; park the row where that case is not the importer's or another person's."""
    case = known.find(draft.row.values)
    if case is None:
        return True
    if not context.by.may(Permission.IMPORT_RUN, case.path):
        draft.outcome.park(
            draft.row,
            column="number",
            value=draft.row.values.get("number", ""),
            rule="case.not_yours",
            hint=Hint("The number belongs to a case of another area. Send the row to that area."),
        )
        return False
    other = _contradiction(case.person, draft.candidate.completed())
    if other or case.disease != draft.disease:
        draft.outcome.park(
            draft.row,
            column="number",
            value=case.number,
            rule="number.other_case",
            hint=Hint(
                "The number is on file for a case that differs in {what}. Give this case its own number.",
                what=other or "disease",
            ),
        )
        return False
    draft.case, draft.person = case, case.person
    draft.outcome.is_known_person = True
    return True


def _contradiction(person: Person, candidate: PersonCandidate) -> str:
    if "unknown" not in {person.sex, candidate.sex} and person.sex != candidate.sex:
        return "sex"
    if person.birth_year and candidate.birth_year and abs(person.birth_year - candidate.birth_year) > 2:
        return "year of birth"
    return ""


def _find_people(drafts: list[_Draft], context: Context) -> list[_Draft]:
    """Give every row without a case its person, and its case where the person has one of the same episode."""
    strangers = [draft for draft in drafts if draft.case is None]
    found = resolve(
        [(d.row, d.outcome, d.candidate) for d in strangers],
        context,
        lambda people: people_with_ids(people, context.system),
    )
    for draft, resolved in zip(strangers, found, strict=True):
        draft.person = resolved.person if resolved else None
    known = [d for d in strangers if d.person is not None and d.outcome.is_known_person]
    standing = _episodes({d.person.id for d in known if d.person}, known)
    for draft in known:
        assert draft.person is not None
        case = next(
            (c for c in standing.get((draft.person.id, draft.disease), ()) if _same(c, draft, context)), None
        )
        if case is not None and context.by.may(Permission.IMPORT_RUN, case.path):
            draft.case = case
    return [draft for draft in drafts if draft.person is not None]


def _episodes(people: set[int], drafts: Sequence[_Draft]) -> dict[tuple[int, str], list[Case]]:
    rows = (
        Case.objects.filter(person_id__in=people, disease__in={d.disease for d in drafts}) if people else ()
    )
    episodes: dict[tuple[int, str], list[Case]] = {}
    for case in rows:
        episodes.setdefault((case.person_id, case.disease), []).append(case)
    return episodes


def _same(case: Case, draft: _Draft, context: Context) -> bool:
    """Return whether the row tells of the case's episode: both began, or were reported, not long apart."""
    days = int(context.options.get("same_episode_days", SAME_EPISODE_DAYS))
    onset: date | None = as_day(draft.row.values.get("onset_on"))
    apart: timedelta
    if onset and case.onset_on:
        apart = abs(onset - case.onset_on)
    else:
        assert case.reported_at is not None
        apart = abs(draft.reported - case.reported_at)
    return apart <= timedelta(days=days)


def _open_cases(drafts: Sequence[_Draft], context: Context) -> None:
    """Open a case for every row without one; two rows of one new person and disease are one case."""
    opened: dict[tuple[int, str], Case] = {}
    fresh: list[tuple[_Draft, Case]] = []
    taken = KnownCases.taken_numbers([d.row.values for d in drafts if d.case is None])
    for draft in drafts:
        if draft.case is not None or draft.person is None:
            continue
        key = (draft.person.id, draft.disease)
        if key in opened:
            draft.case = opened[key]
            continue
        draft.case = opened[key] = _case(draft, taken, context)
        draft.is_new = True
        fresh.append((draft, draft.case))
    give_keys(case for _, case in fresh)  # they are written with what is derived, when their facts are known
    entries = [
        Entry(
            subject=case,
            after={"disease": case.disease, "number": case.number, "signal": draft.row.signal_id},
        )
        for draft, case in fresh
    ]
    record_many(CaseEvent.OPENED, entries, by=context.by, at=context.at)
    for draft, case in fresh:
        draft.outcome.word = Word.CREATED
        draft.outcome.records.append(("cases.Case", case.id, True))


def _case(draft: _Draft, taken: set[str], context: Context) -> Case:
    county = context.places.county_of(draft.place)
    answering = county if context.by.may(Permission.IMPORT_RUN, county.path) else context.place
    number = str(draft.row.values.get("number") or "")[:40]
    if number in taken:
        _warn(
            draft,
            "number",
            number,
            "number.taken",
            Hint("The number was in use; the case was given one of its own."),
        )
    if not number or number in taken:
        number = f"{answering.code}-F{draft.row.signal_id:06d}"
    taken.add(number)
    assert draft.person is not None
    columns = {
        "number": number,
        "disease": draft.disease,
        "place_id": answering.pk,
        "path": answering.path,
        "residence_path": draft.place.path,
        "opened_at": context.at,
        "reported_at": draft.reported,
    }
    case = make(Case, columns)
    case.person = draft.person
    return case


def _warn(draft: _Draft, column: str, value: str, rule: str, hint: str) -> None:
    draft.outcome.problems.append(
        Problem(
            row=draft.row.number, column=column, value=value, rule=rule, hint=hint, severity=Severity.WARNING
        )
    )


def _write_facts(drafts: Sequence[_Draft], known: KnownCases, context: Context) -> None:
    writer = FactWriter(by=context.by, at=context.at)
    named = {d.case.number: d.case for d in drafts if d.case is not None and d.is_new}
    sources = known.sources([d.row.values for d in drafts], named)
    for position, draft in enumerate(drafts):
        assert draft.case is not None
        stated = stated_by(
            draft.row.values, signal_id=draft.row.signal_id, disease=draft.disease, at=context.at
        )
        _tie(draft, stated, sources)
        writer.state(position, draft.case, stated.facts)
    written = writer.write([d.case.id for d in drafts if d.case is not None and not d.is_new])
    completed = complete_people(
        [(d.case.person, d.candidate) for d in drafts if d.case and not d.is_new], context
    )
    numbered = remember([(d.case, d.row.values) for d in drafts if d.case is not None], context)
    changed = []
    for position, draft in enumerate(drafts):
        assert draft.case is not None
        if not draft.is_new:
            draft.outcome.records.append(("cases.Case", draft.case.id, False))
            if position in written.changed or draft.case.person_id in completed or draft.case.id in numbered:
                draft.outcome.word = Word.CHANGED
                changed.append(Entry(subject=draft.case, after={"signal": draft.row.signal_id}))
        draft.outcome.records += [(row._meta.label, row.pk, True) for row in written.made[position]]  # noqa: SLF001
        for what in written.conflicts[position]:
            _warn(
                draft,
                "",
                "",
                "sample.differs",
                Hint("The row contradicts what is on file: {what}. It was left as it is.", what=what),
            )
    record_many(CaseEvent.CORRECTED, changed, by=context.by, at=context.at)
    touched = [d.case.id for d in drafts if d.case is not None and d.outcome.word != Word.UNCHANGED]
    facts = writer.known()
    opened = {d.case.id: (d.case, facts[d.case.id]) for d in drafts if d.case is not None and d.is_new}
    derive_cases(touched, at=context.at, by=context.by, because="import", opened=opened)


def _tie(draft: _Draft, stated: Stated, sources: Mapping[str, int]) -> None:
    """Put the source case into the row's link to it, or say that it is not on file."""
    if not stated.source_number:
        return
    source = sources.get(stated.source_number)
    if source is None:
        _warn(
            draft,
            "source_number",
            stated.source_number,
            "source.unknown",
            Hint("The source case is not on file yet."),
        )
        return
    for fact in stated.facts:
        if fact.model == "EpiLink" and fact.slot[0].startswith("contact_with"):
            fact.columns["source_case_id"] = source
