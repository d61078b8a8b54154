"""Chains from live facts: what goes in, what is kept, what a person decides, when they are made again."""

import copy
import itertools
from datetime import timedelta

import pytest
from tests.apps.outlook.story import DISEASE, a_case, latest, listed, named, settle
from tests.keeping import kept
from tests.world import NOON, World, build_world

from lianfang.cases import services as cases
from lianfang.cases.models import Case
from lianfang.common.errors import NotPermitted
from lianfang.loop.models import Finding
from lianfang.outlook.errors import ClosesACircle, NotALink, ReasonNeeded, RulingGone
from lianfang.outlook.models import Run, SourceRuling, Study
from lianfang.outlook.services import rule_on_source, withdraw_ruling

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def laid_out(django_db_setup, django_db_blocker):
    """One chain of eight, five days apart, each named by the investigation of the next."""
    with kept(django_db_blocker):
        world = build_world()
        chain = [a_case(world, 5 * n - 20) for n in range(8)]
        for source, case in itertools.pairwise(chain):
            named(world, source, case)
        settle()
        yield world, chain


@pytest.fixture
def world(laid_out, db) -> World:
    return copy.deepcopy(laid_out[0])


@pytest.fixture
def outbreak(laid_out, db) -> list[Case]:
    return copy.deepcopy(laid_out[1])


def rows(run: Run) -> dict[int, dict]:
    return {row["id"]: row for row in run.result["cases"]}


def test_the_chain_is_found_with_its_evidence(outbreak: list[Case]) -> None:
    run = latest("chains")
    assert run.status == "done"
    assert run.inputs["n_cases"] == 8
    assert run.inputs["n_named_sources"] == 7
    found = rows(run)
    for n, (source, case) in enumerate(itertools.pairwise(outbreak), start=1):
        row = found[case.pk]
        assert row["source"] == source.pk
        assert row["generation"] == n
        assert "traced" in row["candidates"][0]["why"]
        total = sum(one["p"] for one in row["candidates"]) + row["unknown"]
        assert total == pytest.approx(1, abs=0.06)
    assert found[outbreak[0].pk]["source"] is None
    low, middle, high = (run.result["spread"]["dispersion_k"][i] for i in (1, 0, 2))
    assert low <= middle <= high


def test_nothing_of_a_person_is_in_the_result(outbreak: list[Case]) -> None:
    text = str(latest("chains").result)
    for case in outbreak:
        assert case.number not in text
        assert str(case.person.uid) not in text


def test_the_same_facts_make_no_new_run_and_new_facts_one(world: World, outbreak: list[Case]) -> None:
    before = Run.objects.filter(study__method="chains").count()
    settle(NOON + timedelta(hours=2))
    assert Run.objects.filter(study__method="chains").count() == before
    later = NOON + timedelta(hours=3)
    cases.record_signs(
        case=outbreak[3], signs={}, seen_at=later, onset_on=outbreak[3].onset_on + timedelta(days=1),
        by=world.actor("alice", later), at=later,
    )  # fmt: skip
    settle(later)
    assert Run.objects.filter(study__method="chains").count() == before + 1
    again = Run.objects.filter(study__method="chains").order_by("pk")
    assert again.first().result != again.last().result
    assert again.first().digest != again.last().digest


def test_a_run_waits_for_its_pause(world: World, outbreak: list[Case]) -> None:
    soon = NOON + timedelta(minutes=1)
    cases.record_signs(
        case=outbreak[2], signs={}, seen_at=soon, onset_on=outbreak[2].onset_on + timedelta(days=1),
        by=world.actor("alice", soon), at=soon,
    )  # fmt: skip
    before = Run.objects.filter(study__method="chains").count()
    settle(soon)
    assert Run.objects.filter(study__method="chains").count() == before
    assert Study.objects.get(method="chains").due_at == NOON + timedelta(minutes=10)
    settle(NOON + timedelta(minutes=10))
    assert Run.objects.filter(study__method="chains").count() == before + 1


def test_a_confirmed_link_is_fixed_at_once_and_a_withdrawn_one_is_open_again(
    world: World, outbreak: list[Case]
) -> None:
    alice, case, other = world.actor("alice"), outbreak[5], outbreak[3]
    soon = NOON + timedelta(minutes=1)
    ruling = rule_on_source(
        case=case, source=other, decision="confirmed", reason="sequence", by=alice, at=soon
    )
    settle(soon)
    row = rows(latest("chains"))[case.pk]
    assert (row["source"], row["p"], row["held"]) == (other.pk, 1.0, "confirmed")
    assert "confirmed" in row["candidates"][0]["why"]
    withdraw_ruling(ruling=ruling, reason="wrong sample", by=alice, at=soon)
    settle(soon + timedelta(seconds=1))
    assert rows(latest("chains"))[case.pk]["held"] == ""
    with pytest.raises(RulingGone):
        withdraw_ruling(ruling=ruling, reason="again", by=alice, at=soon)


def test_a_rejected_link_has_no_share_and_the_others_are_scaled(world: World, outbreak: list[Case]) -> None:
    case, source = outbreak[5], outbreak[4]
    before = rows(latest("chains"))[case.pk]
    assert before["source"] == source.pk
    rule_on_source(
        case=case, source=source, decision="rejected", reason="never met", by=world.actor("alice"), at=NOON
    )
    settle()
    after = rows(latest("chains"))[case.pk]
    assert source.pk not in {one["id"] for one in after["candidates"]}
    assert after["source"] != source.pk
    assert sum(one["p"] for one in after["candidates"]) + after["unknown"] == pytest.approx(1, abs=0.06)


def test_a_decision_on_one_case_is_heard_about_the_others(world: World, outbreak: list[Case]) -> None:
    case, source = outbreak[5], outbreak[4]
    rule_on_source(
        case=source, source=case, decision="confirmed", reason="sequence", by=world.actor("alice"), at=NOON
    )
    settle()
    after = rows(latest("chains"))
    assert (after[source.pk]["source"], after[source.pk]["p"]) == (case.pk, 1.0)
    assert source.pk not in {one["id"] for one in after[case.pk]["candidates"]}  # it would close a circle


def test_a_source_outside_is_kept_outside(world: World, outbreak: list[Case]) -> None:
    case = outbreak[2]
    rule_on_source(
        case=case, source=None, decision="outside", reason="came by train", by=world.actor("alice"), at=NOON
    )
    settle()
    row = rows(latest("chains"))[case.pk]
    assert (row["source"], row["unknown"], row["held"]) == (None, 1.0, "outside")


def test_decisions_that_cannot_be(world: World, outbreak: list[Case]) -> None:
    alice, (first, second, *_) = world.actor("alice"), outbreak
    given = {"by": alice, "at": NOON, "reason": "sequence"}
    with pytest.raises(NotALink):
        rule_on_source(case=first, source=first, decision="confirmed", **given)
    with pytest.raises(NotALink):
        rule_on_source(case=first, source=None, decision="confirmed", **given)
    with pytest.raises(ReasonNeeded):
        rule_on_source(case=second, source=first, decision="confirmed", reason=" ", by=alice, at=NOON)
    with pytest.raises(NotPermitted):
        rule_on_source(
            case=second, source=first, decision="confirmed", reason="x", by=world.actor("dina"), at=NOON
        )
    rule_on_source(case=second, source=first, decision="confirmed", **given)
    with pytest.raises(ClosesACircle):
        rule_on_source(case=first, source=second, decision="confirmed", **given)
    rule_on_source(case=second, source=outbreak[4], decision="confirmed", **given)
    assert SourceRuling.objects.current().get(case=second).source == outbreak[4]


def test_an_impossible_link_is_a_finding_until_it_is_corrected(world: World, outbreak: list[Case]) -> None:
    late = a_case(world, 20)
    named(world, late, outbreak[1])
    later = NOON + timedelta(hours=1)
    settle(later)
    finding = Finding.objects.get(
        kind="outlook.impossible_link", subject_id=outbreak[1].pk, key=f"{late.pk}:onset_order"
    )
    assert finding.evidence["lag_days"] == -35
    assert finding.withdrawn_at is None
    cases.record_signs(
        case=late,
        signs={},
        seen_at=later,
        onset_on=outbreak[0].onset_on,
        by=world.actor("alice", later),
        at=later,
    )
    settle(later + timedelta(hours=1))
    finding.refresh_from_db()
    assert finding.withdrawn_at is not None


def test_a_tie_across_the_border_brings_the_other_case_in(world: World, outbreak: list[Case]) -> None:
    """The source lives in another prefecture: the run of this one knows the case, and that it is not its own."""
    stranger = a_case(world, 3, by="stranger", county="420205")
    child = a_case(world, 8)
    listed(world, stranger, child, by="stranger")
    later = NOON + timedelta(hours=1)
    settle(later)
    run = latest("chains")
    assert run.inputs["n_elsewhere"] == 1
    assert stranger.pk in rows(run)
    assert Study.objects.filter(method="chains", disease=DISEASE).count() == 2
