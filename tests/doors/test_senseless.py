"""Senseless input at every door: whatever is sent, the answer says what was wrong; nothing fails.

Each page and endpoint is called as the matrix calls it, with one or several things of the request exchanged: values of
forms and bodies, parameters of the query, parts of the address, the body as a whole. The draws are seeded; `slow` asks
for thirty times as much.
"""

import inspect
import json
import random
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import transaction
from django.test import Client
from tests.doors.routes import ROUTES, address, sent
from tests.doors.site import CALLS, Call, Site

from lianfang.api.door import api
from lianfang.common.clock import now
from lianfang.core.access.models import Grant, User
from lianfang.core.access.permissions import Role
from lianfang.web.door import PAGES

TEXTS = [
    "", " ", "x", "-1", "0", "1.5", "1e309", "NaN", "99999999999999999999", "2026-13-45", "0001-01-01", "9999-12-31",
    "9999-12-31T23:59:59Z", "2026-11-26T25:00", "' OR 1=1 --", "%", "%s", "\x00", "a\x00b", "\ud83d", "ünï<b>&\"'", "١٢",
    "１２", "null", "[]", "{}", "../../etc", "\r\nx: y", "，" * 300, "a" * 5000, "42", "CN", "420106", "一",
]  # fmt: skip
VALUES: list[Any] = [
    *TEXTS,
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    1e308,
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    ["x"] * 200,
]
BODIES = [b"", b"x", b"[]", b"null", b"1", b"{", b'{"a":', b"\xff\xfe", b'{"a":NaN}', b"[" * 3000]
QUERIES = ["area", "after", "day", "at", "since", "until", "page", "disease", "place", "limit", "q"]


@pytest.fixture
def client(site: Site) -> Client:
    """One person with every role in the prefecture: no door is shut, so that what is sent is really read."""
    user = User.objects.create(login="all", name="all", unit=site.world.units["4201-cdc"])
    where = site.world.places["4201"]
    for role in Role:
        Grant.objects.create(user=user, role=role, place=where, path=where.path, from_at=now() - timedelta(days=1))  # fmt: skip
    client = Client(headers={"accept-language": "en"}, raise_request_exception=False)
    client.force_login(user)
    return client


def read_from_the_query() -> dict[str, list[str]]:
    """Return by route which parameters of the query are read there: told by the module of a page, by OpenAPI."""
    found = {}
    for page in PAGES:
        source = inspect.getsource(sys.modules[inspect.unwrap(page.view).__module__])
        names = re.findall(r"(?:GET|query)(?:\.get(?:list)?\(|\[)\"(\w+)\"", source)
        names += re.findall(r"^    (\w+) = forms\.", source, re.MULTILINE)
        found[f"{page.method} {page.route}"] = sorted({*QUERIES, *names})
    for path, operations in api.get_openapi_schema()["paths"].items():
        for method, operation in operations.items():
            names = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
            found[f"{method.upper()} {path.removeprefix('/api')}"] = names
    return found


def spoilt(call: Call, made: Mapping[str, Any], names: list[str], dice: random.Random) -> dict[str, Any]:
    """Return one request with something exchanged, as arguments of the test client."""
    route = ROUTES[call.key]
    body = sent(route.send, made)
    in_address = route.names and dice.random() < 0.15
    places = {**route.names, dice.choice([*route.names]): f"={quote(dice.choice(TEXTS[1:34]), safe='', errors='replace')}"} if in_address else route.names  # fmt: skip
    path = address(call.route, places, made)
    if call.method == "GET" or dice.random() < 0.1:
        chosen = dice.sample(names, min(len(names), dice.choice([1, 1, 2, 4])))
        path += "?" + urlencode({name: dice.choice(TEXTS) for name in chosen}, errors="replace")
    if call.method == "GET":
        return {"path": path}
    has_files = any(isinstance(value, bytes) for value in route.send.values())
    if call.is_api and not has_files:
        if dice.random() < 0.1:
            return {"path": path, "data": dice.choice(BODIES), "content_type": "application/json"}
        text = json.dumps(_exchanged(body, VALUES, dice))
        return {"path": path, "data": text, "content_type": "application/json"}
    given = {name: value for name, value in _exchanged(body, TEXTS, dice).items() if value is not None}
    return {"path": path, "data": {name: _encodable(value) for name, value in given.items()}}


def _exchanged(body: dict[str, Any], values: list[Any], dice: random.Random) -> dict[str, Any]:
    """Return a body with one or several values exchanged, dropped or added."""
    found = dict(body)
    for name in dice.sample([*body], min(len(body), dice.choice([1, 1, 1, 2, len(body) or 1]))):
        if dice.random() < 0.1:
            del found[name]
        elif isinstance(body[name], dict) and body[name] and dice.random() < 0.7:
            found[name] = _exchanged(body[name], values, dice)
        elif isinstance(body[name], list) and body[name] and dice.random() < 0.7:
            first = body[name][0]
            inner = _exchanged(first, values, dice) if isinstance(first, dict) else dice.choice(values)
            found[name] = [inner, *body[name][1:]]
        else:
            found[name] = dice.choice(values)
    if not body or dice.random() < 0.05:
        found[dice.choice(["x", "id", "at", "lines", "act"])] = dice.choice(values)
    return found


def _encodable(value: Any) -> Any:
    """Return a value as a form can carry it: half of a surrogate pair has no bytes."""
    if isinstance(value, list):
        return [_encodable(one) for one in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def asked(site: Site, client: Client, times: int, seed: int) -> Iterator[tuple[Call, dict[str, Any], int]]:
    """Yield each request with the status of its answer; whatever it did is undone."""
    dice, names = random.Random(seed), read_from_the_query()
    for call in CALLS:
        key = f"{call.method} {call.route.removeprefix('/api')}" if call.is_api else call.key
        for _ in range(times):
            request = spoilt(call, site.made, names.get(key, QUERIES), dice)
            with transaction.atomic():
                answer: Any = client.get(**request) if call.method == "GET" else client.post(**request)
                if answer.streaming:
                    b"".join(answer.streaming_content)
                transaction.set_rollback(True)
            yield call, request, answer.status_code


def nothing_fails(site: Site, client: Client, times: int, seed: int) -> None:
    broken, refused, n = [], 0, 0
    for call, request, status in asked(site, client, times, seed):
        n += 1
        refused += status in {400, 404, 409, 422}
        if status >= 500:
            broken.append(f"{call.key}: {status}: {str(request)[:300]}")
    print(f"{n} requests, {refused} refused")
    assert broken == [], f"{len(broken)} of {n} failed:\n" + "\n".join(broken)
    assert refused > 0.2 * n, "requests that are all fine are not senseless"


def test_a_draw_at_every_door(site: Site, client: Client) -> None:
    nothing_fails(site, client, times=1, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 8))
def test_many_draws_at_every_door(site: Site, client: Client, seed: int) -> None:
    nothing_fails(site, client, times=5, seed=seed)
