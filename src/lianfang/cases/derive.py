"""What a case is, worked out from its facts, the edition in force and the clock.

The only writer of the derived columns of `Case`. A person's ruling stands above the criteria; the criteria stand above
what a report merely says, which fills the place of facts that are not on file yet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery

from lianfang.cases.events import CaseEvent
from lianfang.cases.facts import Known, known_of, rule_facts
from lianfang.cases.models import Case, Classification, StatusChange
from lianfang.common.bulk import insert_rows, insert_values, write_columns
from lianfang.common.clock import local_day, site_zone
from lianfang.common.paths import code_of
from lianfang.core.access.actor import Actor
from lianfang.core.audit.services import Entry, record_many
from lianfang.core.rules import site_rules
from lianfang.loop.derivation import Derivation, derivations
from lianfang.loop.findings import Proposal, propose_findings
from lianfang.loop.models import Decision, Finding, Judgement
from lianfang.loop.touch import touch
from lianfang.rulebook.book import NoEditionError, Pack
from lianfang.rulebook.classification import classify
from lianfang.rulebook.kinds.surveillance import ClockParameters

C = Classification
IS_CASE = (C.CONFIRMED, C.ASYMPTOMATIC)
DIAGNOSED = (C.SUSPECTED, C.PROBABLE, *IS_CASE)
# Criteria that are not in any pack.
AS_REPORTED = "as_reported"
REPORTED_AND_PROVED = "reported_and_proved"
POSITIVE_ONLY = "positive_only"
DISMISSED = "dismissed"
# The kind of finding that a classification which restricts people is; an answerable person decides on it.
FINDING = "cases.classification"
RULED = "ruled"

_BATCH = 2000
# Before the first edition of the clocks the first one counts.
_FIRST_DAY = date(2020, 1, 28)
_COLUMNS = (
    "classification",
    "criterion",
    "edition",
    "classified_at",
    "onset_on",
    "reported_at",
    "diagnosed_at",
    "confirmed_at",
    "investigated_at",
    "outcome",
    "outcome_on",
)
_CHANGE = ("case_id", "before", "after", "criterion", "edition", "evidence", "at", "because", "by_id")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The classification of a case, by what, and since when in the world."""

    classification: str
    criterion: str = ""
    edition: str = ""
    evidence: tuple[str, ...] = ()


def judge(case: Case, known: Known, at: datetime, pack: Pack | None) -> Verdict:
    """Return what the case is at `at`: pure, for the same facts, edition and clock the same answer.

    What a person ruled or a report says carries the edition that was in force, too: it is what the facts were held
    against. Before the first edition of a pack there is none.
    """
    computed = Verdict(C.NOT_CLASSIFIED)
    if pack is not None:
        computed = _by_criteria(case, known, _judged_at(known, at), pack)
    if known.rulings:
        return Verdict(known.rulings[-1].classification, RULED, computed.edition)
    if computed.classification == C.EXCLUDED:
        return computed
    said = _said(known)
    if _rank(said.classification) > _rank(computed.classification):
        return replace(said, edition=computed.edition)
    return computed


def _said(known: Known) -> Verdict:
    """Return what the reports and bare results amount to, where the criteria cannot be worked through for want of facts.

    A clinician's "suspected" stands until it is excluded, and with an aetiological proof it is a confirmed case
    ("suspected plus one proof"). "Confirmed" by word alone counts only while no result was ever on file. A positive
    result about which nothing else is known is at least suspected: it must not lie unread.
    """
    word = next(
        (r.diagnosis for r in reversed(known.reports) if r.diagnosis != C.NOT_CLASSIFIED), C.NOT_CLASSIFIED
    )
    proved = any(result.finding == "positive" for result in known.results)
    if known.n_results_ever and word in {C.CONFIRMED, C.ASYMPTOMATIC, C.PROBABLE}:
        word = C.SUSPECTED if not proved else word
    if proved and word in {C.SUSPECTED, C.PROBABLE}:
        return Verdict(C.CONFIRMED, REPORTED_AND_PROVED)
    if proved and word == C.NOT_CLASSIFIED:
        return Verdict(C.SUSPECTED, POSITIVE_ONLY)
    return Verdict(word, AS_REPORTED if word != C.NOT_CLASSIFIED else "")


def _by_criteria(case: Case, known: Known, at: datetime, pack: Pack) -> Verdict:
    try:
        found = classify(rule_facts(known), pack, at, code_of(case.path))
    except NoEditionError:  # before the first edition of the pack there is nothing to judge by
        return Verdict(C.NOT_CLASSIFIED)
    evidence = tuple(item.item for item in found.met) if found.criterion_id else ()
    return Verdict(found.status.value, found.criterion_id, found.edition_id, evidence)


def _rank(classification: str) -> int:
    order: Sequence[str] = (
        C.NOT_CLASSIFIED,
        C.EXCLUDED,
        C.SUSPECTED,
        C.PROBABLE,
        C.ASYMPTOMATIC,
        C.CONFIRMED,
    )
    return order.index(classification)


def _judged_at(known: Known, at: datetime) -> datetime:
    """Return the local moment whose edition counts: now, or the end of an episode that has ended."""
    zone = site_zone()
    ended = max((o.on for o in known.outcomes if o.on and o.kind in {"recovered", "died"}), default=None)
    now = at.astimezone(zone)
    return now if ended is None else min(now, datetime.combine(ended, time(23, 59, 59), tzinfo=zone))


Opened = Mapping[int, tuple[Case, Known]]


def derive_cases(
    case_ids: Iterable[int],
    *,
    at: datetime,
    by: Actor,
    because: str = "new_facts",
    opened: Opened | None = None,
) -> int:
    """Bring the derived columns of the cases in line with their facts; return how many classifications changed.

    A constant number of statements per 2,000 cases. Each change of classification leaves a `StatusChange` and an
    audit event; every case given is touched for the loop, since its facts may have changed without its status.
    `opened` are those of the cases that the caller opens in this transaction, with all that is known of them: they have
    their keys only, and are written here, once.
    """
    ids = sorted(set(case_ids))
    return sum(
        _derive_batch(ids[n : n + _BATCH], opened or {}, at=at, by=by, because=because)
        for n in range(0, len(ids), _BATCH)
    )


@transaction.atomic
def _derive_batch(ids: list[int], opened: Opened, *, at: datetime, by: Actor, because: str) -> int:
    standing = [pk for pk in ids if pk not in opened]
    # Held before the facts are read: of two who add a fact to one case, the second derives from both.
    cases = list(Case.objects.select_for_update(no_key=True).filter(pk__in=standing).order_by("pk"))
    known = known_of(standing)
    packs = packs_by_disease()
    dismissed = _dismissed(standing)
    moved: list[tuple[Any, ...]] = []
    written: list[Case] = []
    entries: list[Entry] = []
    proposals: list[Proposal] = []
    fresh = [opened[pk][0] for pk in ids if pk in opened]
    for case in [*cases, *fresh]:
        facts = opened[case.id][1] if case.id in opened else known[case.id]
        before = [getattr(case, name) for name in _COLUMNS]
        verdict = judge(case, facts, at, packs.get(case.disease))
        proposals += _proposal(case, verdict, at)
        if (case.id, verdict.classification) in dismissed:
            verdict = Verdict(C.EXCLUDED, DISMISSED, verdict.edition)
        was, by_what = case.classification, (case.criterion, case.edition)
        _fill(case, facts, verdict, at)
        if [getattr(case, name) for name in _COLUMNS] == before:
            continue
        if case.id not in opened:
            written.append(case)
        # The same class by another criterion or edition is a change too: a status carries what it was computed with.
        if case.classification != was or (case.criterion and by_what != (case.criterion, case.edition)):
            moved.append((case.id, was, *_change(verdict), at, because, by.user_id))
            entries.append(_entry(case, was, because))
    insert_rows(fresh)
    write_columns(written, _COLUMNS)
    insert_values(StatusChange, _CHANGE, moved)
    record_many(CaseEvent.CLASSIFIED, entries, by=by, at=at)
    propose_findings(FINDING, Case, proposals, about=standing, by=by, at=at)
    touch(Case, ids, at=at)
    return len(moved)


def _proposal(case: Case, verdict: Verdict, at: datetime) -> list[Proposal]:
    """Return the finding that somebody is to judge: a new infection by criteria, while the episode is open."""
    if verdict.classification not in (C.PROBABLE, *IS_CASE) or verdict.criterion == RULED or case.outcome:
        return []
    review = site_rules().resolve("clock.review", at=max(local_day(at), _FIRST_DAY), place=code_of(case.path))
    due = at + timedelta(hours=review.of(ClockParameters).within)
    evidence = {
        "classification": verdict.classification,
        "criterion": verdict.criterion,
        "met": list(verdict.evidence),
    }
    return [
        Proposal(
            subject_id=case.id,
            place_id=case.place_id,
            path=case.path,
            evidence=evidence,
            due_at=due,
            key=verdict.classification,
            edition=verdict.edition,
        )
    ]


def _dismissed(ids: list[int]) -> set[tuple[int, str]]:
    """Return (case, classification) of the findings whose newest judgement dismissed them."""
    newest = Judgement.objects.filter(finding_id=OuterRef("pk")).order_by("-pk").values("decision")[:1]
    rows = Finding.objects.filter(kind=FINDING, subject=Case._meta.label, subject_id__in=ids)  # noqa: SLF001
    decided = rows.annotate(decision=Subquery(newest)).filter(decision=Decision.DISMISSED)
    return set(decided.values_list("subject_id", "key"))


def packs_by_disease() -> dict[str, Pack]:
    """Return the packs of the site's rulebook by disease."""
    book = site_rules()
    return {disease: book.pack(disease) for disease in book.diseases()}


def _fill(case: Case, known: Known, verdict: Verdict, at: datetime) -> None:
    if verdict.classification != case.classification:
        case.classified_at = at
    case.classification, case.criterion, case.edition = (
        verdict.classification,
        verdict.criterion,
        verdict.edition,
    )
    case.onset_on = known.onset_on
    case.reported_at = min((r.received_at for r in known.reports), default=case.opened_at)
    case.diagnosed_at = _diagnosed(case, known, DIAGNOSED)
    case.confirmed_at = _diagnosed(case, known, IS_CASE)
    complete = [i.occurred_at for i in known.investigations if i.is_complete]
    case.investigated_at = min(complete, default=None)
    ended = [o for o in known.outcomes if o.kind != "ill"]
    case.outcome = ended[-1].kind if ended else ""
    case.outcome_on = ended[-1].on if ended else None


def _diagnosed(case: Case, known: Known, wanted: Sequence[str]) -> datetime | None:
    """Return since when the case is one of `wanted`: the first positive result, report or ruling that says so."""
    if case.classification not in wanted:
        return None
    moments: list[datetime] = [r.occurred_at for r in known.rulings if r.classification in wanted]
    moments += [r.occurred_at for r in known.reports if r.diagnosis in wanted]
    if case.classification in IS_CASE or not moments:
        moments += [r.occurred_at for r in known.results if r.finding == "positive"]
    return min(moments, default=case.classified_at or case.opened_at)


def _change(verdict: Verdict) -> tuple[str, str, str, dict[str, list[str]]]:
    """Return what a change of status says of the verdict, in the order of `_CHANGE`."""
    return verdict.classification, verdict.criterion, verdict.edition, {"met": list(verdict.evidence)}


def _entry(case: Case, was: str, because: str) -> Entry:
    after = {"classification": case.classification, "criterion": case.criterion, "edition": case.edition}
    return Entry(subject=case, before={"classification": was}, after=after, reason=because)


def explain(case: Case, *, at: datetime, as_known: datetime | None = None) -> Any:
    """Return the rulebook's full answer for one case (criteria met and missing with their evidence), or None.

    None where the disease has no pack or the pack no edition in force.
    """
    pack = packs_by_disease().get(case.disease)
    if pack is None:
        return None
    known = known_of([case.id], as_known=as_known)[case.id]
    try:
        return classify(rule_facts(known), pack, _judged_at(known, as_known or at), code_of(case.path))
    except NoEditionError:
        return None


@derivations.add
class CaseStatus(Derivation):
    """A case whose edition is no longer the one in force: judged again, by the new one, and recorded as such."""

    model = Case
    watches: ClassVar[Any] = {
        "loop.Finding": lambda ids: Case.objects.filter(
            pk__in=Finding.objects.filter(pk__in=ids, kind=FINDING).values("subject_id")
        )
    }

    def stale(self, at: datetime) -> QuerySet[Any]:
        day = local_day(at)
        standing, ruled = set(), set()
        for disease in packs_by_disease():
            for edition in site_rules().editions(f"{disease}/diagnosis"):
                if edition.in_force(day):
                    standing.add(edition.edition_id)
                    ruled |= set() if edition.jurisdiction else {disease}
        # Without an edition stands what was judged before the first one: stale from the day on which that comes.
        before_all = Q(edition="") & ~Q(disease__in=ruled)
        outdated = Case.objects.filter(outcome="").exclude(Q(edition__in=standing) | before_all)
        return outdated.values_list("pk", flat=True)

    def derive(self, ids: Iterable[int], at: datetime) -> int:
        return derive_cases(ids, at=at, by=Actor.system("cases.derive"), because="new_edition")
