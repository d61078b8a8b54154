"""How the duties of cases come to be owed, and the acts on cases of random histories."""

from collections.abc import Callable
from typing import Any

from tests.conformance.histories.stage import (
    COUNTIES,
    DISEASE,
    HOMES,
    SPECIMEN,
    TEST,
    Stage,
    Story,
    confirmed,
    suspected,
)

from lianfang.cases import services as cases
from lianfang.cases.models import Case, Investigation, Report, Result, Review, Sample, Screening
from lianfang.contacts.models import Contact
from lianfang.loop.models import Completion, Task
from lianfang.loop.services import complete_task, withdraw_completion
from lianfang.loop.worker import turn


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
        investigation(stage, case, places_asked=stage.dice.random() < 0.7)


def investigation(stage: Stage, case: Case, **fields: Any) -> Investigation:
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


def give_word(stage: Stage) -> None:
    task = stage.any(Task, duty="cases.report_event", status="open")
    if task:
        complete_task(task=task, by=stage.by, at=stage.at)


def take_word_back(stage: Stage) -> None:
    word = stage.any(Completion, withdrawn_at=None)
    if word:
        withdraw_completion(completion=word, reason="typo", by=stage.by, at=stage.at)


def withdraw(stage: Stage, fact: Any) -> None:
    cases.withdraw_fact(fact=fact, reason="wrong person", by=stage.by, at=stage.at)


def _report_of(stage: Stage) -> int:
    return int(Report.objects.get(case=confirmed(stage)).pk)


def _received_sample(stage: Stage) -> int:
    return int(_sample(stage, suspected(stage), received_at=stage.at).pk)


def unlook(stage: Stage, _pk: int) -> None:
    """Nobody looked after all: the entry was made by mistake and is taken back."""
    for row in Screening.objects.exclude(looked_at=None):
        Screening.objects.filter(pk=row.pk).update(looked_at=None, conclusion="")
        stage.noted(Screening, row.pk)


def event_word(stage: Stage, pk: int) -> None:
    turn(at=stage.at)
    complete_task(task=Task.objects.get(duty="cases.report_event", subject_id=pk), by=stage.by, at=stage.at)


def event_unword(stage: Stage, pk: int) -> None:
    word = Completion.objects.get(task__subject_id=pk, withdrawn_at=None)
    withdraw_completion(completion=word, reason="typo", by=stage.by, at=stage.at)


def _of_report(model: type) -> Callable[[Stage, int], None]:
    return lambda stage, pk: withdraw(stage, model.objects.current().get(case=Report.objects.get(pk=pk).case))


def _of_case(model: type) -> Callable[[Stage, int], None]:
    return lambda stage, pk: withdraw(stage, model.objects.current().get(case_id=pk))


def _review(stage: Stage, pk: int) -> None:
    case = Report.objects.get(pk=pk).case
    cases.review_report(case=case, complete=True, note="", by=stage.by, at=stage.at)


def _conclude(stage: Stage, pk: int) -> None:
    row = Screening.objects.get(pk=pk)
    cases.conclude_screening(screening=row, conclusion="well", looked_at=stage.at, by=stage.by, at=stage.at)


STORIES: dict[str, Story] = {
    "cases.report": Story(_report_of, None, lambda stage, pk: withdraw(stage, Report.objects.get(pk=pk))),
    "cases.review": Story(_report_of, _review, _of_report(Review)),
    "cases.sample": Story(
        lambda stage: suspected(stage).pk,
        lambda stage, pk: _sample(stage, Case.objects.get(pk=pk)),
        _of_case(Sample),
    ),
    "cases.test": Story(
        _received_sample,
        lambda stage, pk: _result(stage, Sample.objects.get(pk=pk), finding="negative"),
        lambda stage, pk: withdraw(stage, Result.objects.current().get(sample_id=pk)),
    ),
    "cases.investigate": Story(
        lambda stage: confirmed(stage).pk,
        lambda stage, pk: investigation(stage, Case.objects.get(pk=pk)),
        _of_case(Investigation),
    ),
    "cases.report_event": Story(lambda stage: confirmed(stage).pk, event_word, event_unword),
    "cases.screen": Story(read_fever, _conclude, unlook),
    "contacts.list": Story(
        lambda stage: confirmed(stage).pk,
        lambda stage, pk: investigation(stage, Case.objects.get(pk=pk)),
        _of_case(Investigation),
    ),
}
