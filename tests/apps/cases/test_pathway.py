"""A case from the report to the end: facts go in, what it is and what is owed follow."""

from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from tests.world import NOON, World, a_person, build_world

from lianfang.cases import services
from lianfang.cases.derive import CaseStatus, derive_cases, explain
from lianfang.cases.errors import AlreadyOpen, FactGone, UnknownDisease, UnknownWord
from lianfang.cases.facts import known_of
from lianfang.cases.models import Case, Result, Sample, StatusChange
from lianfang.cases.selectors import CaseFilter, list_cases
from lianfang.common.errors import NotPermitted, NotVisible
from lianfang.core.audit.models import Event
from lianfang.loop.duty import duties
from lianfang.loop.models import Task
from lianfang.loop.reconcile import reconcile

HOUR = timedelta(hours=1)
COVID = "covid_19_cn_2020"


@pytest.fixture
def world(db: None) -> World:
    return build_world()


def a_case(world: World, **fields: object) -> Case:
    return services.open_case(
        person=a_person(world),
        disease=COVID,
        place=world.places["420106"],
        by=world.actor("alice"),
        at=NOON,
        **fields,
    )


def a_result(
    world: World, case: Case, finding: str = "positive", at=NOON + HOUR, number: str = "S1", key: str = ""
) -> Result:
    alice = world.actor("alice")
    sample = services.record_sample(
        case=case,
        number=number,
        specimen="oropharyngeal_swab",
        taken_at=at - HOUR,
        received_at=at - HOUR / 2,
        by=alice,
        at=at,
    )
    return services.record_result(
        sample=sample, kind="rt_pcr", finding=finding, resulted_at=at, by=alice, at=at, key=key
    )


def suspect(world: World, case: Case, at=NOON) -> None:
    alice = world.actor("alice")
    services.record_epi_link(case=case, kind="affected_area", to_on=date(2020, 2, 8), by=alice, at=at)
    services.record_signs(
        case=case,
        signs={"fever": True, "lymphocytes": 0.8, "white_cells": 3.9},
        seen_at=at,
        onset_on=date(2020, 2, 10),
        by=alice,
        at=at,
    )


def run(code: str, at=NOON) -> dict[str, int]:
    outcome = reconcile(duties.get(code), at=at)
    return {
        word: getattr(outcome, word)
        for word in ("opened", "met", "withdrawn", "reopened")
        if getattr(outcome, word)
    }


def test_a_report_opens_a_case_that_is_what_the_report_says_until_facts_come(world: World) -> None:
    case = a_case(world)
    assert (case.classification, case.criterion) == ("suspected", "as_reported")
    assert case.edition == f"{COVID}/diagnosis@5-hubei", (
        "what a report says was held against the edition in force"
    )
    assert case.number == "420106-2020-0001"
    with pytest.raises(AlreadyOpen):
        services.open_case(
            person=case.person, disease=COVID, place=case.place, by=world.actor("alice"), at=NOON
        )
    with pytest.raises(UnknownDisease):
        services.open_case(
            person=a_person(world), disease="plague", place=case.place, by=world.actor("alice"), at=NOON
        )


def test_a_positive_result_confirms_by_the_criterion_of_the_edition_and_its_withdrawal_takes_the_duties_back(
    world: World,
) -> None:
    case = a_case(world)
    suspect(world, case)
    case.refresh_from_db()
    assert case.classification == "suspected"
    result = a_result(world, case)
    case.refresh_from_db()
    assert case.classification == "confirmed"
    assert case.edition.startswith(f"{COVID}/diagnosis@5")
    assert case.confirmed_at == NOON + HOUR
    assert run("cases.investigate") == {"opened": 1}
    assert run("contacts.list") == {"opened": 1}

    services.withdraw_fact(fact=result, reason="tube exchanged", by=world.actor("alice"), at=NOON + 2 * HOUR)
    case.refresh_from_db()
    assert case.classification == "suspected"
    assert case.confirmed_at is None
    assert run("cases.investigate", NOON + 2 * HOUR) == {"withdrawn": 1}
    assert Task.objects.get(duty="cases.investigate").status == "void"
    changes = list(StatusChange.objects.filter(case=case).order_by("pk").values_list("after", "because"))
    assert changes[-2:] == [("confirmed", "new_facts"), ("suspected", "withdrawal")]
    assert Event.objects.filter(tag="cases.withdrawn", reason="tube exchanged").count() == 1
    with pytest.raises(FactGone):
        result.refresh_from_db()
        services.withdraw_fact(fact=result, reason="again", by=world.actor("alice"), at=NOON + 3 * HOUR)
    # What was known at the time is still there.
    before = known_of([case.pk], as_known=NOON + HOUR)[case.pk]
    assert [r.finding for r in before.results] == ["positive"]
    assert known_of([case.pk])[case.pk].results == []


def test_every_status_carries_its_edition_and_a_new_one_judges_what_was_only_reported(world: World) -> None:
    reported, ruled = a_case(world), a_case(world)
    services.rule_on_case(
        case=ruled, classification="confirmed", reason="seen", by=world.actor("chen"), at=NOON
    )
    later = NOON + timedelta(days=10)
    stale = CaseStatus().stale(later)
    assert set(stale) == {reported.pk, ruled.pk}
    assert CaseStatus().derive(stale, later) == 2
    for case, says in ((reported, "suspected"), (ruled, "confirmed")):
        case.refresh_from_db()
        assert (case.classification, case.edition) == (says, f"{COVID}/diagnosis@6")
    assert list(CaseStatus().stale(later)) == []


def test_a_case_from_before_the_first_edition_is_judged_once_there_is_one(world: World) -> None:
    early = NOON - timedelta(days=23)
    case = services.open_case(
        person=a_person(world), disease=COVID, place=world.places["420106"], by=world.actor("alice"), at=early
    )
    assert (case.classification, case.edition) == ("suspected", "")
    assert list(CaseStatus().stale(early + timedelta(days=1))) == []
    later = NOON - timedelta(days=10)
    assert list(CaseStatus().stale(later)) == [case.pk]
    CaseStatus().derive([case.pk], later)
    case.refresh_from_db()
    assert (case.classification, case.edition.partition("@")[0]) == ("suspected", f"{COVID}/diagnosis")
    assert list(CaseStatus().stale(later)) == []


def test_the_same_laboratory_message_twice_is_one_result(world: World) -> None:
    case = a_case(world)
    first = a_result(world, case, key="LIS-1")
    again = a_result(world, case, key="LIS-1")
    assert first.pk == again.pk
    assert (Sample.objects.count(), Result.objects.count()) == (1, 1)
    corrected = a_result(world, case, finding="negative", key="LIS-1")
    assert Result.objects.current().get().pk == corrected.pk
    assert Result.objects.get(pk=first.pk).superseded_by_id == corrected.pk


def test_a_word_that_no_rule_can_read_is_refused(world: World) -> None:
    case = a_case(world)
    alice = world.actor("alice")
    with pytest.raises(UnknownWord, match="coughing"):
        services.record_signs(case=case, signs={"coughing": True}, seen_at=NOON, by=alice, at=NOON)
    with pytest.raises(UnknownWord, match="smoke"):
        services.record_epi_link(case=case, kind="smoke", by=alice, at=NOON)


def test_a_persons_ruling_stands_above_the_criteria(world: World) -> None:
    case = a_case(world)
    a_result(world, case)
    services.rule_on_case(
        case=case, classification="excluded", reason="vaccine strain", by=world.actor("alice"), at=NOON + HOUR
    )
    case.refresh_from_db()
    assert (case.classification, case.criterion) == ("excluded", "ruled")


def test_investigation_and_outcome_close_and_end(world: World) -> None:
    case = a_case(world)
    a_result(world, case)
    run("cases.investigate")
    alice = world.actor("alice")
    half = {"onset_asked": True, "exposures_asked": True, "places_asked": False, "contacts_asked": True}
    services.complete_investigation(
        case=case, completed_at=NOON + 5 * HOUR, by=alice, at=NOON + 5 * HOUR, **half
    )
    assert run("cases.investigate", NOON + 5 * HOUR) == {}
    services.complete_investigation(
        case=case,
        completed_at=NOON + 6 * HOUR,
        by=alice,
        at=NOON + 6 * HOUR,
        **{**half, "places_asked": True},
    )
    assert run("cases.investigate", NOON + 6 * HOUR) == {"met": 1}
    services.record_outcome(
        case=case, kind="recovered", on=date(2020, 3, 1), by=alice, at=NOON + timedelta(days=20)
    )
    case.refresh_from_db()
    assert (case.outcome, case.outcome_on) == ("recovered", date(2020, 3, 1))


def test_strangers_see_nothing_and_cannot_act(world: World) -> None:
    case = a_case(world)
    assert list_cases(world.actor("nobody"), CaseFilter()) == []
    assert list_cases(world.actor("stranger"), CaseFilter()) == []
    assert [c.pk for c in list_cases(world.actor("chen"), CaseFilter())] == [case.pk]
    with pytest.raises(NotVisible):
        Case.objects.get_visible(world.actor("stranger"), pk=case.pk)
    with pytest.raises(NotPermitted):
        services.record_signs(
            case=case, signs={"fever": True}, seen_at=NOON, by=world.actor("stranger"), at=NOON
        )


def test_a_new_edition_judges_again_and_rewrites_nothing(world: World) -> None:
    case = a_case(world)
    suspect(world, case)
    case.refresh_from_db()
    fifth = case.edition
    later = NOON + timedelta(days=10)  # 22 February: the sixth edition
    derive_cases([case.pk], at=later, by=world.actor("alice"), because="new_edition")
    case.refresh_from_db()
    assert case.edition != fifth
    assert StatusChange.objects.filter(case=case, edition=fifth).exists()
    assert explain(case, at=later).edition_id == case.edition


def test_deriving_many_cases_costs_the_same_number_of_queries(
    world: World, django_assert_max_num_queries
) -> None:
    ids = [a_case(world).pk for _ in range(30)]
    with django_assert_max_num_queries(25):
        derive_cases(ids, at=NOON + HOUR, by=world.actor("alice"))


FACTS = st.lists(
    st.sampled_from(["positive", "negative", "signs", "withdraw", "rule", "recover"]), max_size=6
)


class TestCache(TestCase):
    """The derived columns equal a fresh computation after any history."""

    @given(FACTS)
    @example(["negative", "positive", "signs"])
    @settings(max_examples=20, deadline=None)
    def test_cache_equals_recomputation(self, history: list[str]) -> None:
        world = build_world()
        case = a_case(world)
        alice = world.actor("alice")
        for n, step in enumerate(history):
            at = NOON + n * HOUR
            if step in {"positive", "negative"}:
                a_result(world, case, finding=step, at=at, number=f"S{n}")
            elif step == "signs":
                suspect(world, case, at)
            elif step == "withdraw":
                standing = Result.objects.current().filter(case=case).first()
                if standing is not None:
                    services.withdraw_fact(fact=standing, reason="wrong", by=alice, at=at)
            elif step == "rule":
                services.rule_on_case(case=case, classification="excluded", reason="x", by=alice, at=at)
            else:
                services.record_outcome(case=case, kind="recovered", on=date(2020, 2, 12), by=alice, at=at)
        case.refresh_from_db()
        was = {f.attname: getattr(case, f.attname) for f in Case._meta.fields}
        derive_cases([case.pk], at=NOON + len(history) * HOUR, by=alice)
        case.refresh_from_db()
        now = {f.attname: getattr(case, f.attname) for f in Case._meta.fields}
        assert now == was


def test_numbers_go_on_after_the_four_digits_are_used_up(world: World) -> None:
    a_case(world)
    Case.objects.update(number="420106-2020-9999")
    for expected in ("420106-2020-10000", "420106-2020-10001"):
        assert services.next_number(world.places["420106"], NOON) == expected
        a_case(world, number=expected)
    a_case(world, number="420106-2020-F000123")  # a number of another system is not counted on
    assert services.next_number(world.places["420106"], NOON) == "420106-2020-10002"
