"""Firms close again, journeys are called off, people who come alone are met where they arrive."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from tests.apps.measures.test_measures import BY, DAY, HOUR, MARCH, graded
from tests.apps.resumption.test_resumption import a_charter, a_firm, open_of, people
from tests.world import World, build_world

from lianfang.cases.models import Screening
from lianfang.common.clock import local_day
from lianfang.core.registry.matching import PersonCandidate
from lianfang.loop.models import Task
from lianfang.loop.worker import turn
from lianfang.resumption import services
from lianfang.resumption.errors import BadJourney, GroundsNeeded, NobodyNamed, NothingOpen
from lianfang.resumption.models import Arrival, Reopening, Traveller
from lianfang.resumption.selectors import by_trade, charters

pytestmark = pytest.mark.django_db
WHO = {"by": BY, "at": MARCH}


@pytest.fixture
def world() -> World:
    return build_world(MARCH)


def test_a_firm_closes_again_and_may_declare_anew(world: World) -> None:
    firm = a_firm(world)
    row = services.declare_reopening(firm=firm, n_back=60, **WHO)
    with pytest.raises(GroundsNeeded):
        services.close_firm(firm=firm, reason=" ", **WHO)
    services.close_firm(firm=firm, reason="a case among the workers", by=BY, at=MARCH + DAY)
    with pytest.raises(NothingOpen):
        services.close_firm(firm=firm, reason="again", by=BY, at=MARCH + DAY)
    (line,) = by_trade(world.actor("chen", MARCH), "CN.")
    assert (line.n, line.n_open, line.back) == (1, 0, 0)
    again = services.declare_reopening(firm=firm, n_back=30, by=BY, at=MARCH + 2 * DAY)
    assert list(Reopening.objects.current()) == [again]
    assert Reopening.objects.get(pk=row.pk).closed_because == "a case among the workers"


def test_a_firm_that_closes_while_it_waits_needs_no_decision(world: World) -> None:
    graded(world, "high")
    firm = a_firm(world)
    row = services.declare_reopening(firm=firm, n_back=60, **WHO)
    turn(at=MARCH)
    assert open_of("resumption.decide") == ["420106-cdc"]
    services.close_firm(firm=firm, reason="no orders", by=BY, at=MARCH + HOUR)
    turn(at=MARCH + HOUR)
    assert open_of("resumption.decide") == []
    with pytest.raises(NothingOpen):
        services.decide_reopening(reopening=row, is_open=True, reason="x", by=BY, at=MARCH + HOUR)


def test_a_journey_that_is_called_off_owes_no_checks(world: World) -> None:
    charter = a_charter(world, seats=8)
    services.list_travellers(charter=charter, people=people("赵磊", "钱芳"), **WHO)
    one = Traveller.objects.order_by("pk").select_related("charter")[0]
    services.check_traveller(traveller=one, temperature=Decimal("36.5"), **WHO)
    turn(at=MARCH)
    assert len(open_of("resumption.check")) == 1
    services.call_off(charter=charter, reason="the road is closed", by=BY, at=MARCH + HOUR)
    turn(at=MARCH + HOUR)
    assert open_of("resumption.check") == []
    assert Task.objects.get(duty="resumption.check", subject_id=one.pk).status == "done"
    for act in (services.depart, services.call_off):
        with pytest.raises(NothingOpen):
            act(
                charter=charter,
                by=BY,
                at=MARCH + HOUR,
                **({"reason": "x"} if act is services.call_off else {}),
            )
    chen = world.actor("chen", MARCH)
    assert list(charters(chen, "CN.42.", MARCH + 2 * DAY)) == [charter]
    assert not charters(chen, "CN.42.", MARCH + 20 * DAY).exists()


def an_arrival(world: World, name: str = "吴敏") -> Arrival:
    return services.announce_arrival(
        who=PersonCandidate(name=name, phone="10023456789"), from_place=world.places["420107001"],
        to_place=world.places["420106001"], expected_at=MARCH + 10 * HOUR, **WHO,
    )  # fmt: skip


def test_who_comes_alone_is_met_by_the_place_where_they_arrive(world: World) -> None:
    graded(world, "high", county="420107")
    row = an_arrival(world)
    assert (row.grade, row.observe_days, row.edition) == ("high", 14, "person_grade@2020-02")
    turn(at=MARCH)
    (task,) = Task.objects.open().filter(duty="resumption.meet").select_related("unit")
    assert (task.unit.code, task.due_at) == ("420106001-com", MARCH + 10 * HOUR + DAY)
    until = local_day(MARCH) + timedelta(days=14)
    services.meet_arrival(
        arrival=row,
        came=True,
        temperature=Decimal("37.8"),
        observe_until_on=until,
        by=BY,
        at=MARCH + 11 * HOUR,
    )
    turn(at=MARCH + 11 * HOUR)
    assert open_of("resumption.meet") == []
    row.refresh_from_db()
    assert (row.came, row.observe_until_on) == (True, until)
    assert Screening.objects.get(person=row.person).temperature == pytest.approx(37.8)
    services.withdraw_meeting(arrival=row, reason="another person", by=BY, at=MARCH + 12 * HOUR)
    turn(at=MARCH + 12 * HOUR)
    assert open_of("resumption.meet") == ["420106001-com"]
    row.refresh_from_db()
    assert (row.came, row.observe_until_on) == (None, None), "nothing restricts that was taken back"


def test_who_did_not_come_is_said_with_what_was_found(world: World) -> None:
    row = an_arrival(world)
    assert (row.grade, row.observe_days) == ("", 0)
    with pytest.raises(GroundsNeeded):
        services.meet_arrival(arrival=row, came=False, **WHO)
    with pytest.raises(BadJourney):
        services.meet_arrival(arrival=row, came=True, observe_until_on=local_day(MARCH - DAY), **WHO)
    services.meet_arrival(arrival=row, came=False, note="stays with relatives", **WHO)
    with pytest.raises(NothingOpen):
        services.meet_arrival(arrival=row, came=True, **WHO)
    with pytest.raises(NobodyNamed):
        an_arrival(world, " ")


def test_the_pages_of_closing_calling_off_and_arriving(world: World, client: Client) -> None:
    client.force_login(world.users["chen"])
    speak = {"headers": {"accept-language": "en"}, "follow": True}
    firm, charter, row = a_firm(world), a_charter(world), an_arrival(world)
    services.declare_reopening(firm=firm, n_back=60, **WHO)
    said = client.post(reverse("web:firm", args=[firm.pk]), {"act": "close", "reason": "no orders"}, **speak)
    assert "closed again" in said.content.decode()
    said = client.post(
        reverse("web:charter", args=[charter.pk]),
        {"act": "call-off", "reason": "the road is closed"},
        **speak,
    )
    assert "the road is closed" in said.content.decode()
    said = client.post(
        reverse("web:arrival", args=[row.pk]), {"act": "met", "temperature": "36.4", "note": ""}, **speak
    )
    assert "was met" in said.content.decode()
    told = {
        "arrival-name": "郑明", "arrival-from_place": "420107", "arrival-expected_at": "2030-01-01T08:00",
    }  # fmt: skip
    address = f"{reverse('web:arrivals')}?area=420106"
    assert client.post(address, told | {"arrival-from_place": "nowhere"}).status_code == 422
    assert "Came and was met" in client.post(address, told, **speak).content.decode()
    assert Arrival.objects.count() == 2
