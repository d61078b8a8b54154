"""Figures, replay, traces, the state of the worker."""

import random
import statistics
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.apps.loop.play import confirmed
from tests.world import NOON, World

from lianfang.cases.services import complete_investigation
from lianfang.loop.duty import duties
from lianfang.loop.feedback import FeedbackRule, feedback_rules, telling
from lianfang.loop.metrics import loop_metrics
from lianfang.loop.models import Feedback, Finding, Pass, Task
from lianfang.loop.selectors import owed_at, trace_of, worker_state
from lianfang.loop.services import judge_finding
from lianfang.loop.touch import touch
from lianfang.loop.worker import sweep, turn

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def investigate(world: World, case, at) -> None:
    complete_investigation(
        case=case,
        completed_at=at,
        onset_asked=True,
        exposures_asked=True,
        places_asked=True,
        contacts_asked=True,
        by=world.actor("alice"),
        at=at,
    )


def investigated(world: World, hours: list[float]) -> None:
    for n in hours:
        investigate(world, confirmed(world), NOON + n * HOUR)
    turn(at=NOON + 60 * HOUR)


def figures(world: World, name: str = "hana", **wanted):
    given = {"at": NOON + 60 * HOUR, "since": NOON - HOUR, "until": NOON + HOUR}
    return loop_metrics(world.actor(name), **{**given, **wanted})


def test_figures_agree_with_a_count_by_hand(world: World) -> None:
    hours = [2, 5, 11, 23, 24, 25, 40]
    investigated(world, hours)
    confirmed(world)  # nobody investigates it
    turn(at=NOON + 60 * HOUR)
    line = next(one for one in figures(world) if one.duty == "cases.investigate")
    assert (line.created, line.open, line.on_time, line.late, line.overdue) == (8, 1, 5, 2, 1)
    assert line.share_on_time == 5 / 8
    assert line.median_hours == statistics.median(hours)
    assert line.p90_hours == pytest.approx(np.quantile(hours, 0.9))
    assert line.escalated == 1
    assert line.share_usable == 1


def test_unusable_moments_are_counted_as_such(world: World) -> None:
    investigated(world, [5, 7])
    task = Task.objects.filter(duty="cases.investigate").first()
    Task.objects.filter(pk=task.pk).update(met_at=NOON - HOUR)  # done before it was owed
    line = next(one for one in figures(world) if one.duty == "cases.investigate")
    assert (line.usable, line.share_usable) == (1, 0.5)


def test_figures_by_unit_and_area_add_up(world: World) -> None:
    investigated(world, [1, 2, 3])
    confirmed(world, place="420107", by="dina")
    turn(at=NOON + 60 * HOUR)
    total = figures(world, by=())[0]
    for by in (("unit",), ("area",), ("duty", "unit", "area")):
        lines = figures(world, by=by)
        assert sum(line.created for line in lines) == total.created, by
    areas = {line.area for line in figures(world, by=("area",))}
    assert areas >= {"CN.42.4201.420106.", "CN.42.4201.420107."}
    assert {line.area for line in figures(world, by=("area",), depth=3)} >= {"CN.42.4201."}


def test_figures_are_of_ones_own_area(world: World) -> None:
    investigated(world, [1])
    assert figures(world, "dina") == []
    assert figures(world, "bao") == []  # a field worker reads no figures
    assert figures(world, "alice")


def test_figures_take_few_queries(world: World) -> None:
    investigated(world, [1, 2])
    with CaptureQueriesContext(connection) as few:
        figures(world, by=("duty", "unit", "area"))
    investigated(world, [1, 2, 3, 4, 5])
    with CaptureQueriesContext(connection) as many:
        figures(world, by=("duty", "unit", "area"))
    # the actor's own rights are two of them
    assert len(few) == len(many) <= 4


def test_replay_says_what_was_owed_then(world: World) -> None:
    case = confirmed(world)
    turn(at=NOON)
    investigate(world, case, NOON + 30 * HOUR)
    turn(at=NOON + 30 * HOUR)
    actor = world.actor("alice")

    def owed(hours: float, **wanted) -> dict[str, bool]:
        return {one.duty: one.was_late for one in owed_at(actor, NOON + hours * HOUR, **wanted)}

    assert "cases.investigate" not in owed(-1)
    assert owed(1)["cases.investigate"] is False
    assert owed(25)["cases.investigate"] is True
    assert "cases.investigate" in owed(25, late_only=True)
    assert "cases.investigate" not in owed(31)
    assert owed_at(world.actor("stranger"), NOON + HOUR) == []
    assert owed(1, path="CN.42.4201.420107.") == {}


def test_replay_agrees_with_what_the_tables_said_at_every_hour(world: World) -> None:
    random_ = random.Random(7)
    cases, seen = [], {}
    actor = world.actor("chen")
    for hour in range(0, 40, 2):
        at = NOON + hour * HOUR
        if random_.random() < 0.5:
            cases.append(confirmed(world, at=at))
        if cases and random_.random() < 0.4:
            investigate(world, cases.pop(), at)
        turn(at=at)
        rows = Task.objects.visible_to(actor).filter(status="open").values_list("pk", "unit_id", "due_at")
        seen[at] = set(rows)
    assert any(seen.values())
    for at, rows in seen.items():
        assert {(one.task_id, one.unit_id, one.due_at) for one in owed_at(actor, at)} == rows


def a_finding(world: World, case, **fields) -> Finding:
    given = {
        "kind": "cluster",
        "subject": "cases.Case",
        "subject_id": case.pk,
        "place": case.place,
        "path": case.path,
        "evidence": {"n_cases": 3},
        "found_at": NOON,
        "due_at": NOON + 4 * HOUR,
    }
    finding = Finding.objects.create(**{**given, **fields})
    touch(Finding, [finding.pk], at=NOON)
    return finding


def test_a_trace_shows_the_stages_that_the_loop_knows(world: World) -> None:
    case = confirmed(world)
    finding = a_finding(world, case, signal_id=77)
    turn(at=NOON)
    judge_finding(
        finding=finding, decision="confirmed", reason="one household", by=world.actor("alice"), at=NOON + HOUR
    )
    turn(at=NOON + HOUR)
    Feedback.objects.create(signal_id=77, stage="judged", unit=world.units["420106-hosp"], at=NOON + HOUR)
    trace = trace_of(world.actor("alice"), [("cases.Case", case.pk)], signal_id=77)
    assert [one for one in trace.findings if one.kind == "cluster"] == [finding]
    assert [j.decision for j in trace.judgements] == ["confirmed"]
    assert {t.duty for t in trace.tasks} >= {"cases.investigate", "loop.judge"}
    judged = next(t for t in trace.tasks if t.duty == "loop.judge" and t.subject_id == finding.pk)
    assert (judged.status, judged.met_at) == ("done", NOON + HOUR)
    assert [f.stage for f in trace.feedback] == ["judged"]
    nothing = trace_of(world.actor("stranger"), [("cases.Case", case.pk)])
    assert [nothing.findings, nothing.tasks, nothing.judgements, nothing.verifications] == [[], [], [], []]


def test_news_is_told_once_per_stage(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case_model = type(confirmed(world))

    class Confirmed(FeedbackRule):
        """The source of a report hears that its case was confirmed."""

        code = "test.confirmed"
        subject = case_model

        def told(self, among, at):
            rows = among.filter(confirmed_at__isnull=False)
            return telling(
                rows, signal="pk", unit="place__units", stage="confirmed", at=at, body={"number": "number"}
            )

    monkeypatch.setitem(feedback_rules._known, Confirmed.code, Confirmed())
    assert turn(at=NOON).told == 1
    assert turn(at=NOON).told == 0
    assert sweep(at=NOON).told == 0
    news = Feedback.objects.get()
    assert (news.stage, news.at) == ("confirmed", NOON)
    assert news.body["number"] == case_model.objects.get().number


def test_the_state_of_the_worker(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    state = worker_state(at=NOON)
    assert not state.is_alive
    confirmed(world)
    late = NOON + HOUR
    assert worker_state(at=late).lag == HOUR
    assert worker_state(at=late).n_waiting > 0

    def fail(among, at):
        raise ZeroDivisionError("a rule divides by nothing")

    monkeypatch.setattr(duties.get("cases.review"), "owed", fail)
    sweep(at=late)
    turn(at=late)
    state = worker_state(at=late)
    assert state.is_alive
    assert state.lag == timedelta()
    assert [(run.name, run.failure) for run in state.failing] == [
        ("cases.review", "ZeroDivisionError: a rule divides by nothing")
    ]
    monkeypatch.undo()
    sweep(at=late + HOUR)
    assert worker_state(at=late + HOUR).failing == []
    assert not worker_state(at=late + 5 * HOUR).is_alive
    with CaptureQueriesContext(connection) as taken:
        worker_state(at=late)
    assert len(taken) <= 6
    assert Pass.objects.exclude(failure="").exists()
