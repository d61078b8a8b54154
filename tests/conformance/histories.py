"""For every duty, how it comes to be owed, how it is proved, how the proof goes; and random histories around it.

Histories are played through the services, so that a fact whose writer forgets to touch is found, and a duty whose
`watches` forgets a row. Facts of the core are written below the loop, which its services cannot touch: in the life of a
site the sweep finds them, and here the step touches them itself. A new duty needs an entry in `STORIES`.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.world import NOON, World, a_person, build_world

from lianfang.cases import services as cases
from lianfang.cases.models import Case, Investigation, Report, Result, Review, Sample, Screening
from lianfang.contacts import services as contacts
from lianfang.contacts.errors import ObservationClosed
from lianfang.contacts.models import Contact, Observation
from lianfang.core.access.actor import Actor
from lianfang.core.access.models import BreakGlass
from lianfang.core.registry.jurisdiction import refresh_jurisdictions
from lianfang.core.registry.models import Capability, Jurisdiction, MatchReview, Unit, UnitCapability
from lianfang.core.rules import site_rules
from lianfang.loop.findings import Proposal, propose_findings
from lianfang.loop.models import Completion, Finding, Judgement, Task, Verification
from lianfang.loop.services import (
    accept_verification,
    complete_task,
    judge_finding,
    reject_verification,
    withdraw_completion,
)
from lianfang.loop.touch import touch
from lianfang.loop.worker import turn
from lianfang.outlook import services as outlook
from lianfang.outlook.models import Focus, Inspection

DISEASE = "covid_19_cn_2020"
COUNTIES = ("420106", "420107")
HOMES = ("420106001001", "420106002", "420107001")
HOUR = timedelta(hours=1)
SPECIMEN = min(site_rules().vocabulary["specimens"])
TEST = next(word for word in sorted(site_rules().vocabulary["tests"]) if "pcr" in word)


@dataclass
class Stage:
    """The small world at a moment, an actor who may do everything, and dice with a seed."""

    world: World
    dice: random.Random
    at: datetime = NOON
    by: Actor = field(default_factory=lambda: Actor.system("history"))

    def any(self, model: type, **wanted: object) -> Any:
        rows = list(model.objects.filter(**wanted).order_by("pk"))
        return self.dice.choice(rows) if rows else None

    def moment(self) -> datetime:
        """A moment of the last two days."""
        return self.at - self.dice.randrange(48) * HOUR / 2

    def person(self) -> Any:
        return a_person(self.world, self.dice.choice(HOMES), self.at)

    def noted(self, model: type, pk: int) -> int:
        touch(model, [pk], at=self.at)
        return pk


def a_stage(seed: int = 0) -> Stage:
    return Stage(build_world(), random.Random(seed))


# ---- steps of random histories: each does what it can at this moment, or nothing


def open_case(stage: Stage) -> int:
    case = cases.open_case(
        person=stage.person(),
        disease=DISEASE,
        place=stage.world.places[stage.dice.choice(COUNTIES)],
        diagnosis=stage.dice.choice(["suspected", "confirmed", "asymptomatic"]),
        diagnosed_at=stage.moment(),
        by=stage.by,
        at=stage.at,
    )
    return int(case.pk)


def report_again(stage: Stage) -> None:
    case = stage.any(Case)
    if case:
        diagnosis = stage.dice.choice(["suspected", "confirmed"])
        cases.record_report(
            case=case, diagnosis=diagnosis, diagnosed_at=stage.moment(), by=stage.by, at=stage.at
        )


def review(stage: Stage) -> None:
    case = stage.any(Case)
    if case:
        cases.review_report(case=case, complete=stage.dice.random() < 0.8, note="", by=stage.by, at=stage.at)


def take_sample(stage: Stage) -> None:
    case = stage.any(Case)
    if case:
        received = stage.dice.choice([None, stage.at, stage.at, stage.at])
        _sample(stage, case, number=f"S{stage.dice.randrange(4)}", received_at=received)


def _sample(stage: Stage, case: Case, **fields: Any) -> Sample:
    given = {"number": "S0", "specimen": SPECIMEN, "taken_at": stage.at, **fields}
    return cases.record_sample(case=case, by=stage.by, at=stage.at, **given)


def receive_result(stage: Stage) -> None:
    sample = stage.any(Sample, superseded_at=None)
    if sample:
        finding = stage.dice.choice(["positive", "positive", "negative", "pending"])
        _result(stage, sample, finding=finding, key=f"k{stage.dice.randrange(2)}")


def _result(stage: Stage, sample: Sample, **fields: Any) -> Result:
    given = {"kind": TEST, "finding": "positive", "resulted_at": stage.at, **fields}
    return cases.record_result(sample=sample, by=stage.by, at=stage.at, **given)


def investigate(stage: Stage) -> None:
    case = stage.any(Case)
    if case:
        _investigation(stage, case, places_asked=stage.dice.random() < 0.7)


def _investigation(stage: Stage, case: Case, **fields: Any) -> Investigation:
    asked = dict.fromkeys(("onset_asked", "exposures_asked", "places_asked", "contacts_asked"), True)
    return cases.complete_investigation(
        case=case, completed_at=stage.at, by=stage.by, at=stage.at, **{**asked, **fields}
    )


def withdraw_fact(stage: Stage) -> None:
    model = stage.dice.choice([Report, Review, Sample, Result, Investigation])
    fact = stage.any(model, superseded_at=None)
    if fact:
        cases.withdraw_fact(fact=fact, reason="wrong person", by=stage.by, at=stage.at)


def correct_fact(stage: Stage) -> None:
    fact = stage.any(stage.dice.choice([Report, Investigation]), superseded_at=None)
    if fact:
        cases.correct_fact(
            fact=fact, changes={"occurred_at": stage.moment()}, reason="wrong hour", by=stage.by, at=stage.at
        )


def rule(stage: Stage) -> None:
    case = stage.any(Case)
    if case:
        ruled = stage.dice.choice(["confirmed", "suspected", "excluded"])
        cases.rule_on_case(case=case, classification=ruled, reason="seen it", by=stage.by, at=stage.at)


def move(stage: Stage) -> None:
    case = stage.any(Case)
    if case:
        place = stage.world.places[stage.dice.choice(COUNTIES)]
        cases.move_case(case=case, place=place, reason="lives there", by=stage.by, at=stage.at)


def end_case(stage: Stage) -> None:
    case = stage.any(Case)
    if case:
        cases.record_outcome(
            case=case,
            kind=stage.dice.choice(["recovered", "ill"]),
            on=stage.at.date(),
            by=stage.by,
            at=stage.at,
        )


def read_fever(stage: Stage) -> int:
    contact = stage.any(Contact)
    person = contact.person if contact and stage.dice.random() < 0.5 else stage.person()
    row = cases.record_screening(
        person=person,
        place=stage.world.places[stage.dice.choice(HOMES)],
        read_at=stage.moment(),
        temperature=38.1,
        by=stage.by,
        at=stage.at,
    )
    return int(row.pk)


def look_at_fever(stage: Stage) -> None:
    row = stage.any(Screening, looked_at=None)
    if row:
        conclusion = stage.dice.choice(["well", "suspected"])
        cases.conclude_screening(
            screening=row,
            conclusion=conclusion,
            looked_at=stage.at,
            by=stage.by,
            at=stage.at,
            disease=DISEASE,
        )


def name_contact(stage: Stage) -> int | None:
    case = stage.any(Case)
    if not case:
        return None
    known = stage.any(Contact)
    again = known is not None and stage.dice.random() < 0.3
    row = contacts.name_contact(
        person=known.person if again else stage.person(),
        case=known.case if again else case,
        last_contact_on=(stage.at - stage.dice.randrange(16) * 24 * HOUR).date(),
        is_high_risk=stage.dice.random() < 0.3,
        by=stage.by,
        at=stage.at,
    )
    return int(row.pk)


def tell_contact(stage: Stage) -> None:
    contact = stage.any(Contact)
    if contact:
        contacts.notify_contact(contact=contact, notified_at=stage.at, by=stage.by, at=stage.at)


def see_contact(stage: Stage) -> None:
    contact = stage.any(Contact)
    if contact:
        _observe(stage, contact, stage.dice.choice(["seen_ok", "seen_not_ok", "missed"]))


def _observe(stage: Stage, contact: Contact, seen: str) -> Observation | None:
    try:
        return contacts.record_observation(
            contact=contact, seen=seen, seen_at=stage.at, by=stage.by, at=stage.at
        )
    except ObservationClosed:
        return None


def close_contact(stage: Stage) -> None:
    contact = stage.any(Contact)
    if contact:
        status = stage.dice.choice(["lost", "cancelled"])
        contacts.close_observation(contact=contact, status=status, reason="moved", by=stage.by, at=stage.at)


def withdraw_visit(stage: Stage) -> None:
    entry = stage.any(Observation, superseded_at=None)
    if entry:
        contacts.withdraw_entry(entry=entry, reason="wrong person", by=stage.by, at=stage.at)


def give_word(stage: Stage) -> None:
    task = stage.any(Task, duty="cases.report_event", status="open")
    if task:
        complete_task(task=task, by=stage.by, at=stage.at)


def take_word_back(stage: Stage) -> None:
    word = stage.any(Completion, withdrawn_at=None)
    if word:
        withdraw_completion(completion=word, reason="typo", by=stage.by, at=stage.at)


def verify(stage: Stage) -> None:
    rows = Verification.objects.filter(decided_at=None, task__status="done").order_by("pk")
    row = next((v for v in rows.select_related("task") if v.task.met_at == v.met_at), None)
    if row:
        decide = stage.dice.choice([accept_verification, reject_verification])
        decide(verification=row, reason="telephoned", by=stage.by, at=stage.at)


def find_cluster(stage: Stage) -> int | None:
    case = stage.any(Case)
    if not case:
        return None
    proposal = Proposal(
        subject_id=case.pk,
        place_id=case.place_id,
        path=case.path,
        evidence={"n_cases": stage.dice.randrange(2, 5)},
        due_at=stage.at + 4 * HOUR,
        capability=stage.dice.choice(["assess", "trace"]),
    )
    propose_findings("cluster", Case, [proposal], about=[case.pk], by=stage.by, at=stage.at)
    return int(Finding.objects.get(kind="cluster", subject_id=case.pk).pk)


def lose_grounds(stage: Stage) -> None:
    finding = stage.any(Finding, kind="cluster", withdrawn_at=None)
    if finding:
        propose_findings("cluster", Case, [], about=[finding.subject_id], by=stage.by, at=stage.at)


def judge(stage: Stage) -> None:
    finding = stage.any(Finding, withdrawn_at=None)
    if finding:
        decision = stage.dice.choice(["confirmed", "dismissed"])
        judge_finding(finding=finding, decision=decision, reason="one house", by=stage.by, at=stage.at)


def appoint(stage: Stage) -> None:
    """Give a unit a capability: one that is missing in its place, where there is one."""
    gaps = Jurisdiction.objects.filter(gap_since__isnull=False, filled_at=None, place__units__isnull=False)
    gap = stage.dice.choice(list(gaps.order_by("pk"))) if gaps else None
    unit = gap.place.units.first() if gap else stage.any(Unit)
    capability = gap.capability if gap else stage.dice.choice(Capability.values)
    UnitCapability.objects.get_or_create(unit=unit, capability=capability)
    _refresh(stage)


def dismiss(stage: Stage) -> None:
    held = stage.any(UnitCapability, unit__parent__isnull=False)
    held.delete()
    _refresh(stage)


def _refresh(stage: Stage) -> None:
    refresh_jurisdictions(at=stage.at)
    # The registry stands below the loop; in the life of a site the sweep finds what this changes.
    touch(Jurisdiction, Jurisdiction.objects.values_list("pk", flat=True), at=stage.at)
    for model in (Case, Report, Sample, Screening, Contact, Observation, Finding, MatchReview, BreakGlass):
        touch(model, model.objects.values_list("pk", flat=True), at=stage.at)


def look_alike(stage: Stage) -> int:
    first, second = stage.person(), stage.person()
    row = MatchReview.objects.create(
        first=first,
        second=second,
        place=first.place,
        path=first.path,
        score=0.8,
        evidence=[],
        found_at=stage.at,
    )
    return stage.noted(MatchReview, row.pk)


def decide_pair(stage: Stage) -> None:
    row = stage.any(MatchReview)
    if row:
        decision = stage.dice.choice(["same", "distinct", "open"])
        decided_at = None if decision == "open" else stage.at
        MatchReview.objects.filter(pk=row.pk).update(decision=decision, decided_at=decided_at)
        stage.noted(MatchReview, row.pk)


def break_glass(stage: Stage) -> int:
    place = stage.world.places[stage.dice.choice(COUNTIES)]
    row = BreakGlass.objects.create(
        user=stage.world.users["stranger"],
        place=place,
        path=place.path,
        reason="train passenger",
        from_at=stage.at,
        until_at=stage.at + 3 * HOUR,
    )
    return stage.noted(BreakGlass, row.pk)


def review_glass(stage: Stage) -> None:
    row = stage.any(BreakGlass)
    if row:
        BreakGlass.objects.filter(pk=row.pk).update(reviewed_at=stage.dice.choice([None, stage.at]))
        stage.noted(BreakGlass, row.pk)


Step = Callable[[Stage], Any]
OUTBREAK: tuple[Step, ...] = (
    open_case,
    open_case,
    report_again,
    review,
    take_sample,
    receive_result,
    investigate,
    withdraw_fact,
    correct_fact,
    rule,
    move,
    end_case,
    read_fever,
    look_at_fever,
    name_contact,
    name_contact,
    tell_contact,
    see_contact,
    see_contact,
    close_contact,
    withdraw_visit,
    give_word,
    take_word_back,
    verify,
)
OFFICE: tuple[Step, ...] = (
    open_case,
    find_cluster,
    find_cluster,
    lose_grounds,
    judge,
    appoint,
    dismiss,
    look_alike,
    decide_pair,
    break_glass,
    review_glass,
    give_word,
    verify,
)


# Acts of several people at once: what one of them may do whatever the others do.
HISTORY_STEPS: tuple[Step, ...] = (
    *OUTBREAK,
    find_cluster,
    lose_grounds,
    judge,
    look_alike,
    decide_pair,
    break_glass,
)


# ---- one story for each duty: how it is owed, proved, and the proof withdrawn


@dataclass(frozen=True)
class Story:
    """`owe` makes the duty owed once and returns its subject; `prove` closes it; `unprove` takes the evidence away.

    `prove` is None where the subject is itself the evidence: taking it away withdraws the task.
    """

    owe: Callable[[Stage], int]
    prove: Callable[[Stage, int], Any] | None
    unprove: Callable[[Stage, int], Any]
    steps: Sequence[Step] = OUTBREAK


def confirmed(stage: Stage, county: str = "420106", disease: str = DISEASE) -> Case:
    return cases.open_case(
        person=a_person(stage.world, at=stage.at),
        disease=disease,
        place=stage.world.places[county],
        diagnosis="confirmed",
        by=stage.by,
        at=stage.at,
    )


def suspected(stage: Stage) -> Case:
    person = a_person(stage.world, at=stage.at)
    place = stage.world.places["420106"]
    return cases.open_case(person=person, disease=DISEASE, place=place, by=stage.by, at=stage.at)


def _withdraw(stage: Stage, fact: Any) -> None:
    cases.withdraw_fact(fact=fact, reason="wrong person", by=stage.by, at=stage.at)


def _contact(stage: Stage) -> Contact:
    return contacts.name_contact(
        person=a_person(stage.world, at=stage.at),
        case=confirmed(stage),
        last_contact_on=stage.at.date(),
        by=stage.by,
        at=stage.at,
    )


def _report_of(stage: Stage) -> int:
    return int(Report.objects.get(case=confirmed(stage)).pk)


def _received_sample(stage: Stage) -> int:
    return int(_sample(stage, suspected(stage), received_at=stage.at).pk)


def _signs(stage: Stage) -> int:
    row = _observe(stage, _contact(stage), "seen_not_ok")
    assert row is not None
    return int(row.pk)


def _look(stage: Stage, pk: int) -> None:
    person = Observation.objects.get(pk=pk).contact.person
    row = cases.record_screening(
        person=person, place=person.place, read_at=stage.at, by=stage.by, at=stage.at
    )
    cases.conclude_screening(screening=row, conclusion="well", looked_at=stage.at, by=stage.by, at=stage.at)


def _unlook(stage: Stage, _pk: int) -> None:
    """Nobody looked after all: the entry was made by mistake and is taken back."""
    for row in Screening.objects.exclude(looked_at=None):
        Screening.objects.filter(pk=row.pk).update(looked_at=None, conclusion="")
        stage.noted(Screening, row.pk)


def _event_word(stage: Stage, pk: int) -> None:
    turn(at=stage.at)
    complete_task(task=Task.objects.get(duty="cases.report_event", subject_id=pk), by=stage.by, at=stage.at)


def _event_unword(stage: Stage, pk: int) -> None:
    word = Completion.objects.get(task__subject_id=pk, withdrawn_at=None)
    withdraw_completion(completion=word, reason="typo", by=stage.by, at=stage.at)


def _to_verify(stage: Stage) -> int:
    """Report the first case of a county and disease in which there was none: every such report is checked."""
    pairs = [(county, disease) for disease in sorted(site_rules().diseases()) for county in COUNTIES]
    fresh = next(
        (county, disease)
        for county, disease in pairs
        if not Case.objects.filter(place__code=county, disease=disease).exists()
    )
    case = confirmed(stage, *fresh)
    _event_word(stage, case.pk)
    turn(at=stage.at)
    return int(Verification.objects.get(task__subject_id=case.pk, decided_at=None).pk)


def _undecide(stage: Stage, pk: int) -> None:
    Verification.objects.filter(pk=pk).update(accepted=None, decided_at=None)
    stage.noted(Verification, pk)


def _finding(stage: Stage) -> int:
    confirmed(stage)
    pk = find_cluster(stage)
    assert pk is not None
    return pk


def _unjudge(stage: Stage, pk: int) -> None:
    Judgement.objects.filter(finding_id=pk).delete()
    stage.noted(Finding, pk)


def _gap(stage: Stage) -> int:
    row = Jurisdiction.objects.get(place=stage.world.places["420107"], capability="report")
    assert row.gap_since is not None
    return stage.noted(Jurisdiction, row.pk)


def _fill(stage: Stage, _pk: int) -> None:
    UnitCapability.objects.create(unit=stage.world.units["420107-cdc"], capability="report")
    _refresh(stage)


def _unfill(stage: Stage, _pk: int) -> None:
    UnitCapability.objects.filter(unit=stage.world.units["420107-cdc"], capability="report").delete()
    _refresh(stage)


def _setter(model: type, **values: Any) -> Callable[[Stage, int], None]:
    """Write columns of a row of the core and say so; `"now"` is the moment of the stage."""

    def write(stage: Stage, pk: int) -> None:
        filled = {name: stage.at if value == "now" else value for name, value in values.items()}
        model.objects.filter(pk=pk).update(**filled)
        stage.noted(model, pk)

    return write


def _of_report(model: type) -> Callable[[Stage, int], None]:
    return lambda stage, pk: _withdraw(
        stage, model.objects.current().get(case=Report.objects.get(pk=pk).case)
    )


def _of_case(model: type) -> Callable[[Stage, int], None]:
    return lambda stage, pk: _withdraw(stage, model.objects.current().get(case_id=pk))


def _see(stage: Stage, pk: int) -> None:
    assert _observe(stage, Contact.objects.get(pk=pk), "seen_ok")


def _unsee(stage: Stage, pk: int) -> None:
    entry = Observation.objects.current().get(contact_id=pk)
    contacts.withdraw_entry(entry=entry, reason="wrong person", by=stage.by, at=stage.at)


def _review(stage: Stage, pk: int) -> None:
    case = Report.objects.get(pk=pk).case
    cases.review_report(case=case, complete=True, note="", by=stage.by, at=stage.at)


def _conclude(stage: Stage, pk: int) -> None:
    row = Screening.objects.get(pk=pk)
    cases.conclude_screening(screening=row, conclusion="well", looked_at=stage.at, by=stage.by, at=stage.at)


def _accept(stage: Stage, pk: int) -> None:
    accept_verification(verification=Verification.objects.get(pk=pk), by=stage.by, at=stage.at)


def _judge(stage: Stage, pk: int) -> None:
    finding = Finding.objects.get(pk=pk)
    judge_finding(finding=finding, decision="confirmed", reason="one house", by=stage.by, at=stage.at)


def _focus(stage: Stage, **wanted: Any) -> int:
    turn(at=stage.at)
    focus = (
        Focus.objects.filter(gone_at=None, **wanted).exclude(pk__in=Inspection.objects.values("focus")).last()
    )
    assert focus is not None
    return int(focus.pk)


def _at_a_care_home(stage: Stage) -> int:
    case = confirmed(stage)
    cases.record_epi_link(
        case=case,
        kind="contact_with_infected",
        place_text=f"care home {case.number}",
        by=stage.by,
        at=stage.at,
    )
    return _focus(stage, special="care_home")


def _inspect(stage: Stage, pk: int) -> None:
    outlook.record_inspection(
        focus=Focus.objects.get(pk=pk),
        looked_at=stage.at,
        measures="closed the ward",
        by=stage.by,
        at=stage.at,
    )


def _uninspect(stage: Stage, pk: int) -> None:
    Inspection.objects.filter(focus_id=pk).update(superseded_at=stage.at)
    stage.noted(Focus, pk)


def _two_in_a_factory(stage: Stage) -> int:
    first, second = confirmed(stage), confirmed(stage)
    for case in (first, second):
        cases.record_epi_link(
            case=case,
            kind="contact_with_infected",
            place_text=f"shop {first.number}",
            by=stage.by,
            at=stage.at,
        )
    return _focus(stage, kind="venue", is_cluster=True, special="")


def _cluster_word(stage: Stage, pk: int) -> None:
    turn(at=stage.at)
    task = Task.objects.get(duty="outlook.report_cluster", subject_id=pk)
    complete_task(task=task, by=stage.by, at=stage.at)


_open_pair = _setter(MatchReview, decision="open", decided_at=None)
_decide_pair = _setter(MatchReview, decision="distinct", decided_at="now")

STORIES: dict[str, Story] = {
    "cases.report": Story(_report_of, None, lambda stage, pk: _withdraw(stage, Report.objects.get(pk=pk))),
    "cases.review": Story(_report_of, _review, _of_report(Review)),
    "cases.sample": Story(
        lambda stage: suspected(stage).pk,
        lambda stage, pk: _sample(stage, Case.objects.get(pk=pk)),
        _of_case(Sample),
    ),
    "cases.test": Story(
        _received_sample,
        lambda stage, pk: _result(stage, Sample.objects.get(pk=pk), finding="negative"),
        lambda stage, pk: _withdraw(stage, Result.objects.current().get(sample_id=pk)),
    ),
    "cases.investigate": Story(
        lambda stage: confirmed(stage).pk,
        lambda stage, pk: _investigation(stage, Case.objects.get(pk=pk)),
        _of_case(Investigation),
    ),
    "cases.report_event": Story(lambda stage: confirmed(stage).pk, _event_word, _event_unword),
    "cases.screen": Story(read_fever, _conclude, _unlook),
    "contacts.list": Story(
        lambda stage: confirmed(stage).pk,
        lambda stage, pk: _investigation(stage, Case.objects.get(pk=pk)),
        _of_case(Investigation),
    ),
    "contacts.notify": Story(lambda stage: _contact(stage).pk, _see, _unsee),
    "contacts.observe": Story(lambda stage: _contact(stage).pk, _see, _unsee),
    "contacts.signs": Story(_signs, _look, _unlook),
    "outlook.inspect": Story(_at_a_care_home, _inspect, _uninspect, ()),
    "outlook.report_cluster": Story(_two_in_a_factory, _cluster_word, _event_unword, ()),
    "loop.verify": Story(_to_verify, _accept, _undecide, OFFICE),
    "loop.appoint": Story(_gap, _fill, _unfill, OFFICE),
    "loop.judge": Story(_finding, _judge, _unjudge, OFFICE),
    "registry.decide_match": Story(look_alike, _decide_pair, _open_pair, OFFICE),
    "access.review_emergency": Story(
        break_glass,
        _setter(BreakGlass, reviewed_at="now"),
        _setter(BreakGlass, reviewed_at=None),
        OFFICE,
    ),
}
