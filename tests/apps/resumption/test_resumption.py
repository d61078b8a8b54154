"""Resumption and travel: low risk only declares, high risk waits for a decision; half the seats, no fever, a receipt at the end."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from tests.apps.measures.test_measures import BY, DAY, HOUR, MARCH, graded
from tests.world import World, build_world

from lianfang.core.registry.matching import PersonCandidate
from lianfang.loop.models import Task
from lianfang.loop.worker import turn
from lianfang.resumption import services
from lianfang.resumption.errors import (
    AlreadyDeclared,
    BadJourney,
    NobodyNamed,
    NothingOpen,
    NotReady,
    TooFull,
)
from lianfang.resumption.models import Charter, Firm, Reopening, Traveller
from lianfang.resumption.rules import seats_allowed
from lianfang.resumption.selectors import by_trade
from lianfang.resumption.services.firms import permit_at

pytestmark = pytest.mark.django_db
WHO = {"by": BY, "at": MARCH}


@pytest.fixture
def world() -> World:
    return build_world(MARCH)


def a_firm(world: World, name: str = "东山口罩厂", trade: str = "essential") -> Firm:
    return services.enter_firm(name=name, trade=trade, n_workers=100, place=world.places["420106"], **WHO)


def a_charter(world: World, seats: int = 5, **more) -> Charter:
    told = {"departs_at": MARCH + 10 * HOUR, "arrives_at": MARCH + 20 * HOUR, **more}
    return services.plan_charter(
        from_place=world.places["420106"], to_place=world.places["420107"], vehicle="A-1", seats=seats,
        **told, **WHO,
    )  # fmt: skip


def people(*names: str) -> list[PersonCandidate]:
    return [PersonCandidate(name=name, phone=f"1000000{n:04}") for n, name in enumerate(names)]


def open_of(duty: str) -> list[str]:
    return list(Task.objects.open().filter(duty=duty).values_list("unit__code", flat=True))


def test_low_risk_needs_no_permit_only_a_declaration(world: World) -> None:
    graded(world, "low")
    row = services.declare_reopening(firm=a_firm(world), n_back=60, **WHO)
    turn(at=MARCH)
    assert (row.needs_permit, row.is_open, row.grade, row.edition) == (False, True, "low", "measures@2020-02")
    assert open_of("resumption.decide") == []
    with pytest.raises(AlreadyDeclared):
        services.declare_reopening(firm=row.firm, n_back=70, **WHO)


def test_without_a_confirmed_grade_nothing_is_asked(world: World) -> None:
    assert permit_at(world.places["420106"].path, MARCH) == ("", "measures@2020-02", False)


def test_high_risk_waits_for_the_level_that_answers_and_a_refusal_can_be_asked_again(world: World) -> None:
    graded(world, "high")
    firm = a_firm(world)
    row = services.declare_reopening(firm=firm, n_back=60, **WHO)
    turn(at=MARCH)
    assert (row.needs_permit, row.is_open) == (True, None)
    assert open_of("resumption.decide") == ["420106-cdc"]
    chen = world.actor("chen", MARCH)
    services.decide_reopening(
        reopening=row, is_open=False, reason="a cluster there", by=chen, at=MARCH + HOUR
    )
    with pytest.raises(NothingOpen):
        services.decide_reopening(reopening=row, is_open=True, reason="x", by=chen, at=MARCH + HOUR)
    turn(at=MARCH + HOUR)
    assert open_of("resumption.decide") == []
    graded(world, "medium", at=MARCH + DAY)
    again = services.declare_reopening(firm=firm, n_back=40, by=BY, at=MARCH + DAY)
    assert again.is_open is True
    assert list(Reopening.objects.current()) == [again]
    assert Reopening.objects.get(pk=row.pk).superseded_by == again
    (line,) = by_trade(world.actor("chen", MARCH), "CN.")
    assert (line.n, line.n_open, line.n_waiting, line.n_refused, line.workers, line.back) == (
        1,
        1,
        0,
        0,
        100,
        40,
    )


def test_help_is_owed_until_answered(world: World) -> None:
    row = services.ask_help(firm=a_firm(world), kind="workers", **WHO)
    turn(at=MARCH)
    (task,) = Task.objects.open().filter(duty="resumption.help")
    assert task.due_at == MARCH + 3 * DAY
    services.answer_help(request=row, answer="a bus on Monday", **WHO)
    turn(at=MARCH)
    assert open_of("resumption.help") == []


def test_a_bus_carries_half_of_its_seats(world: World) -> None:
    assert seats_allowed(45, "CN.42.", MARCH) == (22, "charter@2020-02")
    assert seats_allowed(44, "CN.42.", MARCH) == (22, "charter@2020-02")
    charter = a_charter(world, seats=5)
    services.list_travellers(charter=charter, people=people("赵磊", "钱芳"), **WHO)
    with pytest.raises(TooFull):
        services.list_travellers(charter=charter, people=[PersonCandidate(name="孙强")], **WHO)
    assert charter.travellers.count() == 2
    assert services.list_travellers(charter=charter, people=people("赵磊"), **WHO) == [], "listed already"
    with pytest.raises(NobodyNamed):
        services.list_travellers(charter=charter, people=[PersonCandidate()], **WHO)
    with pytest.raises(BadJourney):
        a_charter(world, arrives_at=MARCH)


def test_from_the_list_to_the_receipt_on_the_other_side(world: World) -> None:
    charter = a_charter(world, seats=6)
    first, second, third = services.list_travellers(
        charter=charter, people=people("赵磊", "钱芳", "孙强"), **WHO
    )
    turn(at=MARCH)
    assert open_of("resumption.check") == ["4201-cdc"] * 3  # who screens for the county
    with pytest.raises(NotReady):
        services.depart(charter=charter, **WHO)
    assert services.check_traveller(traveller=first, temperature=Decimal("36.5"), **WHO)
    assert services.check_traveller(traveller=second, temperature=Decimal("37.2"), **WHO)
    assert not services.check_traveller(traveller=third, temperature=Decimal("37.3"), **WHO)
    left = MARCH + 10 * HOUR
    assert services.depart(charter=charter, by=BY, at=left) == 2
    turn(at=left)
    assert open_of("resumption.check") == []
    (task,) = Task.objects.open().filter(duty="resumption.receive")
    assert (task.path, task.due_at) == (world.places["420107"].path, charter.arrives_at + 6 * HOUR)
    with pytest.raises(NotReady):
        services.receive_charter(charter=charter, n_received=1, by=BY, at=left + 10 * HOUR)
    services.receive_charter(
        charter=charter, n_received=1, note="one got off ill", by=BY, at=left + 10 * HOUR
    )
    turn(at=left + 10 * HOUR)
    assert open_of("resumption.receive") == []


def test_both_sides_see_a_journey_and_nobody_else(world: World) -> None:
    charter = a_charter(world)
    services.list_travellers(charter=charter, people=people("赵磊"), **WHO)
    seen = {
        name: (
            Charter.objects.visible_to(world.actor(name, MARCH)).count(),
            Traveller.objects.visible_to(world.actor(name, MARCH)).count(),
        )
        for name in ("alice", "dina", "stranger", "hana")
    }
    assert seen == {"alice": (1, 1), "dina": (1, 1), "stranger": (0, 0), "hana": (0, 0)}


def test_a_stranded_person_is_owed_a_place_within_a_day(world: World) -> None:
    (who,) = people("钱芳")
    row = services.report_stranded(who=who, place=world.places["420106001"], need="a bed", **WHO)
    turn(at=MARCH)
    assert open_of("resumption.settle") == ["420106001-com"]
    services.settle_stranded(stranded=row, how="guest house", by=BY, at=MARCH + HOUR)
    turn(at=MARCH + HOUR)
    assert open_of("resumption.settle") == []
    assert row.person.identities.count() > 0


def test_the_pages(world: World, client: Client) -> None:
    client.force_login(world.users["chen"])
    graded(world, "high")
    firm = a_firm(world)
    sent = client.post(f"/resumption/firms/{firm.pk}", {"act": "declare", "n_back": 60}, follow=True)
    assert sent.status_code == 200
    row = Reopening.objects.get()
    page = client.get("/resumption?area=420106", headers={"accept-language": "en"}).content.decode()
    assert "Reopening needs a decision here." in page
    client.post(f"/resumption/permits/{row.pk}", {"act": "open", "reason": "masks"})
    row.refresh_from_db()
    assert (row.is_open, row.decided_by) == (True, world.users["chen"])
    charter = a_charter(
        world, departs_at=MARCH + timedelta(days=4000), arrives_at=MARCH + timedelta(days=4001)
    )
    client.post(f"/charters/{charter.pk}", {"act": "list", "text": "赵磊 13800000001\n钱芳"})
    assert charter.travellers.count() == 2
    first = charter.travellers.first()
    client.post(f"/charters/travellers/{first.pk}", {"temperature": "38.1"})
    first.refresh_from_db()
    assert first.is_fit is False
    assert client.get(f"/charters/{charter.pk}").status_code == 200
    assert client.get("/charters?area=420106").status_code == 200
