"""Clusters by edition, special places with their duty, attack rates, denominators, and what slow tracing costs."""

import itertools
from datetime import date, timedelta

import pytest
from tests.apps.outlook.story import DISEASE, FIRST, a_case, latest, listed, named, settle
from tests.world import NOON, World, build_world

from lianfang.cases import services as cases
from lianfang.contacts.models import Contact
from lianfang.contacts.services import notify_contact
from lianfang.core.registry.services.households import create_household
from lianfang.loop.coverage import coverage_of_areas
from lianfang.loop.models import Finding, Task
from lianfang.loop.services import judge_finding
from lianfang.outlook.models import Focus
from lianfang.outlook.selectors import attack_rates, chains, foci, source_of, tracing_cost, wilson
from lianfang.outlook.selectors.chains import ChainFilter
from lianfang.outlook.services import record_inspection

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return build_world()


def at_place(world: World, case, text: str) -> None:
    cases.record_epi_link(
        case=case, kind="contact_with_infected", place_text=text, by=world.actor("alice"), at=NOON
    )


@pytest.mark.parametrize(("days", "is_cluster"), [(13, True), (14, False)])
def test_two_cases_in_fourteen_days(world: World, days: int, is_cluster: bool) -> None:
    """Plans 4 to 6: two cases in 14 calendar days, which hold day 1 and day 14 and not day 15."""
    for case in (a_case(world, 23 - days), a_case(world, 23)):
        at_place(world, case, "South Gate market")
    settle()
    found = list(Focus.objects.filter(kind="venue"))
    assert [focus.is_cluster for focus in found] == ([True] if is_cluster else [])
    if is_cluster:
        assert (found[0].edition, found[0].n_cases, found[0].first_on) == (
            "cluster@4",
            2,
            FIRST + timedelta(days=10),
        )
        assert Finding.objects.get(kind="outlook.cluster").subject_id == found[0].pk


def test_an_edition_of_its_time(world: World) -> None:
    """January: one confirmed and one ill make a cluster; from 7 February an ill person does not count."""
    early = [a_case(world, 9), a_case(world, 10, diagnosis="suspected")]
    late = [a_case(world, 21), a_case(world, 22, diagnosis="suspected")]
    for pair, text in ((early, "tea house"), (late, "card room")):
        for case in pair:
            at_place(world, case, text)
    settle()
    assert dict(Focus.objects.filter(kind="venue").values_list("label", "edition")) == {
        "tea house": "cluster@3"
    }


def test_a_household_and_a_neighbourhood(world: World) -> None:
    home = "420106001001"
    one, two = a_case(world, 18, home=home), a_case(world, 20, home=home)
    create_household(
        place=world.places[home],
        members=[(one.person, ""), (two.person, "")],
        from_on=date(2019, 1, 1),
        by=world.actor("gao"),
        at=NOON,
    )
    settle()
    kinds = set(Focus.objects.values_list("kind", "n_cases", "is_cluster"))
    assert kinds == {("household", 2, True), ("neighbourhood", 2, True)}
    assert set(Focus.objects.get(kind="household").cases.all()) == {one, two}


def test_a_special_place_is_owed_a_look_after_one_case(world: World) -> None:
    case = a_case(world, 20)
    at_place(world, case, "城关镇福利院")
    settle()
    focus = Focus.objects.get(special="care_home")
    assert not focus.is_cluster
    task = Task.objects.get(duty="outlook.inspect", subject_id=focus.pk)
    assert (task.status, task.unit.code) == ("open", "420106-cdc")
    assert task.due_at == focus.identified_at + timedelta(hours=24)
    later = NOON + timedelta(hours=3)
    record_inspection(
        focus=focus,
        looked_at=later,
        measures="tested all",
        n_present=80,
        n_ill=1,
        by=world.actor("alice"),
        at=later,
    )
    settle(later)
    task.refresh_from_db()
    assert task.status == "done"


def test_a_hospital_is_known_by_its_unit_and_not_by_who_was_admitted(world: World) -> None:
    patient, caught = a_case(world, 20), a_case(world, 21)
    for case, on in ((patient, FIRST + timedelta(days=22)), (caught, FIRST + timedelta(days=12))):
        from lianfang.cases.models import EpiLink
        from lianfang.loop.touch import touch

        EpiLink.objects.create(
            case=case,
            kind="hospital_stay",
            from_on=on,
            place_text="东山县人民医院",
            occurred_at=NOON,
            recorded_at=NOON,
        )
        touch(type(case), [case.pk], at=NOON)
    settle()
    focus = Focus.objects.get(special="hospital")
    assert list(focus.cases.all()) == [caught], (
        "who was admitted because of the illness did not fall ill there"
    )
    assert focus.place == world.places["420106"]


def test_a_dismissed_cluster_owes_no_report(world: World) -> None:
    for case in (a_case(world, 18), a_case(world, 20)):
        at_place(world, case, "South Gate market")
    settle()
    task = Task.objects.get(duty="outlook.report_cluster")
    assert task.status == "open"
    judge_finding(
        finding=Finding.objects.get(kind="outlook.cluster"), decision="dismissed", reason="two markets of one name",
        by=world.actor("alice"), at=NOON,
    )  # fmt: skip
    settle(NOON + timedelta(minutes=1))
    task.refresh_from_db()
    assert task.status == "void"


def test_a_cluster_goes_when_its_facts_go(world: World) -> None:
    one, two = a_case(world, 18), a_case(world, 20)
    for case in (one, two):
        at_place(world, case, "South Gate market")
    settle()
    cases.rule_on_case(
        case=two, classification="excluded", reason="influenza", by=world.actor("alice"), at=NOON
    )
    settle(NOON + timedelta(minutes=1))
    assert Focus.objects.get(kind="venue").gone_at is not None
    assert Finding.objects.get(kind="outlook.cluster").withdrawn_at is not None
    assert not foci(world.actor("alice"), "CN.42.4201.420106.").exists()


def test_foci_of_another_area_are_not_seen(world: World) -> None:
    for case in (a_case(world, 18), a_case(world, 20)):
        at_place(world, case, "South Gate market")
    settle()
    assert foci(world.actor("alice"), "").count() == 1
    assert foci(world.actor("chen"), "").count() == 1
    assert foci(world.actor("dina"), "").count() == 0
    assert foci(world.actor("nobody"), "").count() == 0


# ---- what the neighbour sees of a chain


def test_a_case_of_another_county_is_shown_without_particulars(world: World) -> None:
    source = a_case(world, 3, by="dina", county="420107")
    mine = [a_case(world, 7 + 4 * n) for n in range(5)]
    for above, case in itertools.pairwise([source, *mine]):
        named(world, above, case)
    settle()
    view = chains(world.actor("alice"), DISEASE, ChainFilter(path="CN.42.4201.420106."))
    hidden = [node for node in view.nodes if not node.is_mine]
    assert [(node.id, node.area, node.classification, list(node.candidates)) for node in hidden] == [
        (source.pk, "西河县", "", [])
    ]
    assert source.number not in str(view)
    seen = source_of(world.actor("alice"), mine[0])
    assert [(one.number, one.area) for one in seen.candidates if one.id == source.pk] == [("", "西河县")]
    both = chains(world.actor("chen"), DISEASE, ChainFilter(path="CN.42.4201."))
    assert all(node.is_mine for node in both.nodes)
    assert len(both.nodes) == 6


# ---- rates


def test_attack_rate_by_setting_counts_only_what_is_over(world: World) -> None:
    index = a_case(world, 5)
    for n in range(4):
        later = a_case(world, 9 + n, diagnosis="confirmed")
        listed(world, index, later)
    Contact.objects.update(setting="household")
    [rate] = attack_rates(world.actor("alice"), "", DISEASE)
    assert (rate.setting, rate.n_contacts, rate.n_cases) == ("household", 4, 4)
    assert rate.low is not None
    assert rate.low < 1 == rate.rate


def test_wilson_is_that_of_the_paper() -> None:
    """Newcombe 1998, Statistics in Medicine 17:857-872, table I: 81 of 263."""
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson(0, 20)[0] == 0.0
    assert wilson(0, 0) == (None, None)


def test_the_denominators_of_areas(world: World) -> None:
    """One of two new cases of Dongshan had been a contact, told the day before onset; none had a contact listed but the first."""
    index = a_case(world, 20, county="420107", by="dina")
    known, unknown = a_case(world, 22), a_case(world, 22)
    listed(world, index, known, by="dina")
    contact = Contact.objects.get(person=known.person)
    told = NOON - timedelta(days=2)
    notify_contact(contact=contact, notified_at=told, by=_system(), at=NOON)
    settle()
    codes = ("contacts.listed", "contacts.known", "contacts.quarantined_at_onset", "contacts.reached")
    places = [world.places["4201"], world.places["420106"], world.places["420107"]]
    counted = coverage_of_areas(world.actor("chen"), codes, places, at=NOON)
    got = {key: (one.n_covered, one.n_should) for key, one in counted.items()}
    dongshan, xihe, both = (world.places[code].path for code in ("420106", "420107", "4201"))
    assert got["contacts.listed", dongshan] == (0, 2)
    assert got["contacts.listed", xihe] == (1, 1)
    assert got["contacts.known", dongshan] == (1, 2)
    assert got["contacts.quarantined_at_onset", dongshan] == (1, 2)
    assert got["contacts.known", both] == (1, 3)
    assert got["contacts.reached", both] == (1, 1)
    assert unknown.number


def _system():
    from lianfang.core.access.actor import Actor

    return Actor.system("test")


def test_tracing_cost_says_nothing_of_few_and_something_of_many(world: World) -> None:
    first = [a_case(world, 20)]
    settle()
    assert latest("clocks").status == "too_few"
    for n in range(14):
        index = a_case(world, 12 + n % 6)
        first.append(index)
        for _ in range(2):
            other = a_case(world, None, diagnosis="suspected")
            listed(world, index, other)
    for n, contact in enumerate(Contact.objects.order_by("pk")):
        at = NOON - timedelta(days=1) + timedelta(hours=20 + 3 * n)
        notify_contact(contact=contact, notified_at=at, by=_system(), at=NOON)
    later = NOON + timedelta(hours=25)
    settle(later)
    run = latest("clocks")
    assert run.status == "done"
    assert run.inputs["n_index_cases"] == 14
    low, high = run.result["difference"][1:]
    assert 0 <= low <= run.result["difference"][0] <= high
    assert run.result["r_target"][0] <= run.result["r_now"][0]
    assert tracing_cost(world.actor("chen"), "CN.42.4201.") == run
    assert tracing_cost(world.actor("alice"), "CN.42.4201.") is None, (
        "the figure of the prefecture is the prefecture's"
    )
