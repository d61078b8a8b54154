"""Where contacts met the case counts for clusters and chains as what an investigation names does."""

from datetime import timedelta

import pytest
from tests.apps.outlook.story import DISEASE, FIRST, a_case, listed, settle
from tests.world import NOON, World, a_person, build_world

from lianfang.cases import services as cases
from lianfang.contacts.models import Exposure
from lianfang.contacts.services import name_contact, withdraw_entry
from lianfang.core.access.actor import Actor
from lianfang.loop.models import Task
from lianfang.outlook.chains import natural_history
from lianfang.outlook.evidence import gather
from lianfang.outlook.inference import exposure_of
from lianfang.outlook.models import Focus

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
PREFECTURE = "CN.42.4201."


@pytest.fixture
def world() -> World:
    return build_world()


def met(world: World, case, text: str, **fields) -> None:
    """A contact who stays well was met in a place."""
    name_contact(
        person=a_person(world), case=case, last_contact_on=case.onset_on, place_text=text, by=BY, at=NOON,
        **fields,
    )  # fmt: skip


def venues() -> dict[str, tuple[str, int, bool]]:
    rows = Focus.objects.filter(gone_at=None).order_by("pk")
    return {row.label: (row.kind, row.n_cases, row.is_cluster) for row in rows}


def test_who_was_met_there_and_fell_ill_makes_a_cluster_with_the_case(world: World) -> None:
    index, later = a_case(world, 18), a_case(world, 22)
    listed(world, index, later, place_text="tea house")
    settle()
    focus = Focus.objects.get(kind="venue")
    assert set(focus.cases.all()) == {index, later}
    assert (focus.is_cluster, focus.edition, focus.label) == (True, "cluster@4", "tea house")


def test_two_cases_that_met_others_in_one_place_do(world: World) -> None:
    for case in (a_case(world, 18), a_case(world, 22)):
        met(world, case, "South Gate market")
    met(world, a_case(world, 20), "bus 12")
    settle()
    assert venues() == {"South Gate market": ("venue", 2, True)}


@pytest.mark.parametrize("fields", [{"setting": "household"}, {"protection": "full"}])
def test_meetings_at_home_and_under_protection_make_none(world: World, fields: dict[str, str]) -> None:
    for case in (a_case(world, 18), a_case(world, 22)):
        met(world, case, "the old house", **fields)
    settle()
    assert venues() == {}


def test_a_meeting_that_is_withdrawn_takes_its_cluster_with_it(world: World) -> None:
    for case in (a_case(world, 18), a_case(world, 22)):
        met(world, case, "tea house")
    settle()
    assert venues()
    entry = Exposure.objects.order_by("pk").first()
    withdraw_entry(entry=entry, reason="another tea house", by=BY, at=NOON)
    settle(NOON + timedelta(minutes=1))
    assert venues() == {}


def test_a_place_of_the_register_is_the_neighbourhood(world: World) -> None:
    village = world.places["420106001001"]
    for case in (a_case(world, 18), a_case(world, 22)):
        met(world, case, "", met_in=village)
    met(world, a_case(world, 20), "", met_in=world.places["420106"])  # a county is no small range
    settle()
    [focus] = Focus.objects.all()
    assert (focus.kind, focus.place, focus.n_cases) == ("neighbourhood", village, 2)


def test_a_care_home_is_owed_a_look_and_a_named_place_answers_where_it_lies(world: World) -> None:
    village = world.places["420106001001"]
    met(world, a_case(world, 20), "城关镇福利院", met_in=village)
    settle()
    focus = Focus.objects.get(special="care_home")
    assert focus.place == village
    assert Task.objects.filter(duty="outlook.inspect", subject_id=focus.pk, status="open").exists()


def test_an_event_of_another_system_is_a_focus(world: World) -> None:
    """Go.Data ties cases to a gathering by its id: 834cf8d0 stands for the conference of the training file."""
    for case in (a_case(world, 18), a_case(world, 22)):
        cases.record_epi_link(
            case=case, kind="clustered_illness", place_text="godata:834cf8d0", by=BY, at=NOON
        )
    settle()
    assert venues() == {"godata:834cf8d0": ("event", 2, True)}


def test_a_contact_of_a_contact_was_not_with_the_case(world: World) -> None:
    index, between, later = a_case(world, 14), a_case(world, 18), a_case(world, 22)
    listed(world, index, between, place_text="tea house")
    via = index.contacts.get()
    name_contact(
        person=later.person, case=index, via=via, last_contact_on=FIRST + timedelta(days=18),
        place_text="card room", by=BY, at=NOON,
    )  # fmt: skip
    settle()
    found = {focus.label: set(focus.cases.all()) for focus in Focus.objects.filter(kind="venue")}
    assert found == {"tea house": {index, between}, "card room": {between, later}}


def test_chains_know_where_the_contact_was_infected_and_where_the_case_infected_others(world: World) -> None:
    index, later = a_case(world, 14), a_case(world, 20)
    listed(world, index, later, place_text="Tea  House")
    settle()
    evidence = gather(DISEASE, PREFECTURE)
    history, _ = natural_history(DISEASE, evidence)
    assert history is not None
    shown = exposure_of(evidence, history)
    assert [case.pk for case in evidence.cases] == [index.pk, later.pk]
    assert shown.place == [None, "tea house"]
    assert shown.also_at == [["tea house"], ["tea house"]]
