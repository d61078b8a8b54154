"""Every page for every member of the cast, in both languages: shown, refused or not found, and never a failure."""

import pytest
from django.test import Client
from tests.world import CAST, World, a_person, build_world

from lianfang.cases import services
from lianfang.contacts.services import name_contact
from lianfang.core.access.permissions import HOLDS
from lianfang.loop.models import Task
from lianfang.loop.worker import sweep
from lianfang.web.door import PAGES
from lianfang.web.urls import MODULES

assert MODULES
GETS = [page for page in PAGES if page.method == "GET"]
PLAIN = [page for page in GETS if "<" not in page.route]
LANGUAGES = (
    "zh-hans",
    pytest.param("en", marks=pytest.mark.any_database(reason="the same queries as in Chinese")),
)


@pytest.fixture
def world(db: None) -> World:
    from lianfang.common.clock import now

    return build_world(now())


def client_of(world: World, name: str, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(world.users[name])
    return client


@pytest.fixture
def busy(world: World) -> dict[str, str]:
    """A case with a contact, a reading and their tasks; route arguments that point at them."""
    from lianfang.common.clock import local_day, now

    at = now()
    alice = world.actor("alice", at)
    case = services.open_case(
        person=a_person(world, at=at),
        disease="covid_19_cn_2020",
        place=world.places["420106"],
        by=alice,
        at=at,
        diagnosis="confirmed",
    )
    contact = name_contact(
        person=a_person(world, "420107001", at=at), case=case, last_contact_on=local_day(at), by=alice, at=at
    )
    reading = services.record_screening(
        person=a_person(world, at=at),
        place=world.places["42010600100101"],
        read_at=at,
        temperature=38.4,
        by=world.actor("bao", at),
        at=at,
    )
    sweep(at=at)
    task = Task.objects.filter(duty="cases.investigate").get()
    return {
        "cases/<str:number>": f"cases/{case.number}",
        "contacts/<int:pk>": f"contacts/{contact.pk}",
        "screenings/<int:pk>": f"screenings/{reading.pk}",
        "tasks/<int:pk>": f"tasks/{task.pk}",
        "people/<uuid:uid>": f"people/{case.person.uid}",
        "rules/<path:rule_id>": "rules/clock.investigation",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_plain_pages(world: World, busy: dict[str, str], language: str) -> None:
    for name, (role, _place, _unit) in CAST.items():
        client = client_of(world, name, language)
        for page in PLAIN:
            allowed = page.permission is None or (role is not None and page.permission in HOLDS[role])
            answer = client.get(f"/{page.route}")
            assert answer.status_code == (200 if allowed else 403), (name, page.route)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_about_something(world: World, busy: dict[str, str], language: str) -> None:
    for route, address in busy.items():
        assert client_of(world, "alice", language).get(f"/{address}").status_code == 200, route
        if not route.startswith("rules"):
            assert client_of(world, "stranger", language).get(f"/{address}").status_code == 404, route
            assert client_of(world, "nobody", language).get(f"/{address}").status_code == 403, route


def test_a_guest_is_asked_to_sign_in(world: World) -> None:
    for page in PLAIN:
        answer = Client().get(f"/{page.route}")
        assert answer.status_code == 302
        assert answer["Location"].startswith("/sign-in")
