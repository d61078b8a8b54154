"""The one world in which every page and endpoint is asked, and everybody who asks."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.test import Client
from tests.doors.routes import Route, address, sent, things
from tests.world import World, build_world

from lianfang.api import urls as api_urls
from lianfang.api.door import ENDPOINTS
from lianfang.common.clock import now
from lianfang.core.access.models import Grant, User
from lianfang.core.access.permissions import Permission, Role
from lianfang.web import urls as web_urls
from lianfang.web.door import PAGES

assert api_urls
assert web_urls

# How the objects, all in the county of Dongshan, lie to the area of a role: there, below it, beside it, above it.
AREAS = {
    "own": ("420106", "420106-hosp"),
    "parent": ("4201", "4201-cdc"),
    "sibling": ("420107", "420107-cdc"),
    "child": ("420106001", "420106001-com"),
}


@dataclass(frozen=True)
class Call:
    """One published page or endpoint."""

    key: str
    method: str
    route: str
    permission: Permission | None
    is_api: bool


CALLS = [
    *(Call(f"{p.method} {p.route}", p.method, f"/{p.route}", p.permission, is_api=False) for p in PAGES),
    *(
        Call(f"{e.method} {e.route}", e.method, f"/api{e.route}", e.permission, is_api=True)
        for e in ENDPOINTS
    ),
]


@dataclass
class Site:
    """The one world of all requests, and one signed-in client for each role and area."""

    world: World
    made: dict[str, Any]
    clients: dict[tuple[str, str], Client]

    def ask(self, who: tuple[str, str], call: Call, route: Route) -> int:
        """Return the status of the answer; whatever the request did is undone."""
        url = address(call.route, route.names, self.made)
        client: Any = self.clients[who]
        body = sent(route.send, self.made)
        with transaction.atomic():
            if call.method == "GET":
                answer = client.get(url)
            elif call.is_api and not any(isinstance(value, bytes) for value in route.send.values()):
                answer = client.post(url, body, content_type="application/json")
            else:
                answer = client.post(url, body)
            if answer.streaming:
                b"".join(answer.streaming_content)
            transaction.set_rollback(True)
        return int(answer.status_code)


def make_site() -> Site:
    """Lay out the world, and sign every role in for every area."""
    at = now()
    world = build_world(at)
    made = things(world, at)
    clients = {}
    for role in Role:
        for area, (place, unit) in AREAS.items():
            user = _user(world, f"{role}-{area}", unit)
            where = world.places[place]
            Grant.objects.create(
                user=user, role=role, place=where, path=where.path, from_at=at - timedelta(days=1)
            )
            clients[str(role), area] = _signed_in(user)
    clients["", "none"] = _signed_in(_user(world, "none", "420106-cdc"))
    return Site(world, made, clients)


def _user(world: World, login: str, unit: str) -> User:
    user = User(login=login, name=login, unit=world.units[unit])
    user.set_unusable_password()
    user.save()
    return user


def _signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client
