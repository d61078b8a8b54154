"""Findings follow their grounds, and each asks a person to decide."""

from datetime import timedelta

import pytest
from tests.apps.loop.play import suspected
from tests.world import NOON, World

from lianfang.cases.models import Case
from lianfang.common.errors import NotPermitted
from lianfang.core.access.actor import Actor
from lianfang.loop import errors
from lianfang.loop.findings import Proposal, Proposed, propose_findings
from lianfang.loop.models import Finding, Task
from lianfang.loop.services import judge_finding
from lianfang.loop.worker import turn

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
MACHINE = Actor.system("cluster")


def propose(world: World, cases: list[Case], at=NOON, about=None, **changes) -> Proposed:
    proposals = [
        Proposal(
            subject_id=case.pk,
            place_id=case.place_id,
            path=case.path,
            **{"evidence": {"n_cases": 2}, "due_at": at + 4 * HOUR, "edition": "cluster@3", **changes},
        )
        for case in cases
    ]
    return propose_findings("cluster", Case, proposals, about=about, by=MACHINE, at=at)


def test_proposing_the_same_again_changes_nothing(world: World) -> None:
    cases = [suspected(world), suspected(world)]
    assert propose(world, cases) == Proposed(found=2)
    assert propose(world, cases, at=NOON + HOUR) == Proposed()
    assert propose(world, cases, at=NOON + HOUR, evidence={"n_cases": 3}) == Proposed(changed=2)
    finding = Finding.objects.first()
    assert (finding.evidence, finding.due_at, finding.found_at) == ({"n_cases": 3}, NOON + 4 * HOUR, NOON)


def test_findings_whose_grounds_go_are_withdrawn(world: World) -> None:
    first, second, third = (suspected(world) for _ in range(3))
    propose(world, [first, second, third])
    assert propose(world, [], about=[first.pk], at=NOON + HOUR) == Proposed(withdrawn=1)
    assert propose(world, [third], at=NOON + HOUR) == Proposed(withdrawn=1)
    turn(at=NOON + HOUR)
    assert Task.objects.get(duty="loop.judge").subject_id == Finding.objects.get(withdrawn_at=None).pk


def test_a_finding_is_owed_a_judgement_by_who_assesses_there(world: World) -> None:
    case = suspected(world)
    propose(world, [case])
    turn(at=NOON)
    task = Task.objects.get(duty="loop.judge")
    assert (task.unit, task.due_at) == (world.units["420106-cdc"], NOON + 4 * HOUR)
    finding = Finding.objects.get()
    for stranger in ("stranger", "dina", "bao", "nobody"):
        with pytest.raises(NotPermitted):
            judge_finding(
                finding=finding, decision="confirmed", reason="x", by=world.actor(stranger), at=NOON
            )
    with pytest.raises(errors.ReasonMissing):
        judge_finding(finding=finding, decision="confirmed", reason="", by=world.actor("alice"), at=NOON)
    judge_finding(
        finding=finding, decision="dismissed", reason="chance", by=world.actor("alice"), at=NOON + HOUR
    )
    turn(at=NOON + HOUR)
    task.refresh_from_db()
    assert (task.status, task.met_at) == ("done", NOON + HOUR)


def test_a_finding_that_comes_again_asks_again(world: World) -> None:
    case = suspected(world)
    propose(world, [case])
    finding = Finding.objects.get()
    judge_finding(finding=finding, decision="dismissed", reason="chance", by=world.actor("alice"), at=NOON)
    propose(world, [], at=NOON + HOUR)
    with pytest.raises(errors.FindingGone):
        judge_finding(finding=finding, decision="confirmed", reason="x", by=world.actor("alice"), at=NOON)
    assert propose(world, [case], at=NOON + 2 * HOUR) == Proposed(found=1)
    turn(at=NOON + 2 * HOUR)
    assert Finding.objects.unjudged().get() == finding
    assert Task.objects.get(duty="loop.judge").status == "open"
    judge_finding(
        finding=finding, decision="confirmed", reason="3rd case", by=world.actor("alice"), at=NOON + 3 * HOUR
    )
    turn(at=NOON + 3 * HOUR)
    assert not Finding.objects.unjudged().exists()
    assert Task.objects.get(duty="loop.judge").status == "done"
