"""Every page and every endpoint for every role, with the object in the own area, below, beside, above, and for nobody.

A role without the permission is refused (403), an object outside the area does not exist (404), and what is refused
writes nothing. A page or endpoint that nobody has thought of here fails by name.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from tests.doors.routes import ROUTES, Route, address
from tests.doors.site import CALLS, Call, Site

from lianfang.core.access.permissions import HOLDS, Role

WRITES = re.compile(r"^\s*(INSERT INTO|UPDATE|DELETE FROM)\s+\"?(?!django_session)", re.IGNORECASE)
OUTSIDE = ("sibling", "child")
INPUT = {400, 409, 422}


@contextmanager
def nothing_written() -> Iterator[list[str]]:
    """Note every statement that would change a table, sessions apart."""
    seen: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if WRITES.match(sql):
            seen.append(sql[:120])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield seen


def counts() -> dict[str, int]:
    """Return the number of rows of every table of our own."""
    ours = [model for model in apps.get_models() if model.__module__.startswith("lianfang.")]
    return {model._meta.label: model._default_manager.count() for model in ours}


# What everyone may read, and counts, in which two areas may well agree.
# What is decided for a county is known in its townships.
BINDS_BELOW = {"/api/shedding-policies"}
# What is known of treatments are counts over all patients, for everybody who sees patients anywhere.
NO_SECRETS = {"/api/places", "/api/units", "/api/denominators", "/api/tracing-cost", "/api/treatments"}


def expected(call: Call, route: Route, role: str, area: str) -> set[int]:
    """Return the statuses that are right for a role in an area."""
    held = HOLDS.get(role, frozenset())
    if call.permission is not None and call.permission not in held:
        return {403}
    if not route.is_about:
        return {200, 302} | INPUT if route.needs <= held else {403}
    if area not in route.fits:
        return {404} if route.names or area in OUTSIDE else {200, 302, *INPUT}
    return {200, 302} | INPUT if route.needs <= held else {403, 404}


def test_every_page_and_endpoint_has_a_line() -> None:
    known, published = set(ROUTES), {call.key for call in CALLS}
    assert published - known == set(), "add a line for it to ROUTES in tests/doors/routes.py"
    assert known - published == set(), "no longer published: take it out of tests/doors/routes.py"


# Each route is asked below as well, and there on both databases.
who_may = pytest.mark.any_database(
    reason="who may is decided before the database is asked, or by the paths of areas"
)


@who_may
def test_roles_areas_and_objects(site: Site) -> None:
    before, wrong, wrote, n = counts(), [], [], 0
    for call in CALLS:
        route = ROUTES[call.key]
        for who in site.clients:
            role, area = who
            right = expected(call, route, role, area)
            if right == {403} and area not in {"own", "none"}:
                continue  # without the permission the area does not matter: asked once for each role
            if not route.is_about and area in {"parent", "child"}:
                continue  # whose rows a list shows is looked at below
            n += 1
            with nothing_written() as seen:
                status = site.ask(who, call, route)
            if status not in right:
                wrong.append(
                    f"{call.key} by {role or 'nobody'} ({area}): {status} instead of {sorted(right)}"
                )
            if status in {403, 404} and seen:
                wrote.append(f"{call.key} by {role or 'nobody'} ({area}): {seen[0]}")
    print(f"{n} requests")
    assert wrong == [], "\n".join(wrong)
    assert wrote == [], "refused, and written all the same"
    assert counts() == before


def test_the_objects_are_really_reached(site: Site) -> None:
    """Each route succeeds for some role: else all of the matrix could be right for the wrong reason."""
    never = [
        call.key
        for call in CALLS
        if not any(
            site.ask((str(role), area), call, ROUTES[call.key]) in {200, 302}
            for role in Role
            for area in ("own", "parent")
            if call.permission is None or call.permission in HOLDS[role]
        )
    ]
    assert never == [], "\n".join(never)


def test_a_user_without_an_area_sees_nothing(site: Site) -> None:
    """Signed in, without a role: every page but the start page is refused, and that one shows no row."""
    client = site.clients["", "none"]
    for call in CALLS:
        status = site.ask(("", "none"), call, ROUTES[call.key])
        assert status == (403 if call.permission else 200), call.key
    shown = client.get("/").content.decode()
    assert str(site.made["number"]) not in shown
    assert not re.search(r'href="/(cases|tasks|contacts|people)/', shown)


@who_may
def test_lists_hold_no_row_of_another_area(site: Site) -> None:
    """What a list of the neighbour county shows names nothing of Dongshan."""
    own = [
        f"/cases/{site.made['number']}",
        f"/contacts/{site.made['contact']}",
        f"/tasks/{site.made['task']}",
    ]
    own += [
        f"/imports/{site.made['batch']}",
        f"/signals/{site.made['signal']}",
        f"/findings/{site.made['finding']}",
    ]
    leaks, found = [], set()
    for call in CALLS:
        if call.method != "GET" or ROUTES[call.key].is_about or call.permission is None:
            continue
        for role in (role for role in Role if call.permission in HOLDS[role]):
            for area, query in (("own", ""), ("sibling", "?area=420106"), ("child", "")):
                text = site.clients[str(role), area].get(f"{_plain(call, site)}{query}").content.decode()
                seen = {link for link in own if re.search(rf"{re.escape(link)}\b", text)}
                found |= seen if area == "own" else set()
                leaks += [(call.key, role, area, link) for link in seen if area in OUTSIDE]
    assert leaks == []
    assert found == set(own), "a list that shows nothing to its own county proves nothing"


def test_endpoints_hold_no_row_of_another_area(site: Site) -> None:
    """What an endpoint lists for the neighbour, and for a township below, shares no row with the list of Dongshan."""
    shared, shown = [], set()
    for call in CALLS:
        if not call.is_api or call.method != "GET" or ROUTES[call.key].is_about or "{" in call.route:
            continue
        if call.route in NO_SECRETS or call.route.startswith("/api/figures"):
            continue  # no secret; and figures have no rows
        for role in (role for role in Role if call.permission in HOLDS[role]):
            ours = _rows(site.clients[str(role), "own"].get(_plain(call, site)).json())
            shown |= {call.key} if ours else set()
            for area in OUTSIDE:
                if area == "child" and call.route in BINDS_BELOW:
                    continue
                for query in ("", "?area=420106"):
                    theirs = _rows(site.clients[str(role), area].get(f"{_plain(call, site)}{query}").json())
                    shared += [(call.key, role, area, row) for row in ours & theirs]
    assert shared == []
    assert len(shown) >= 10, "lists that show nothing to their own county prove nothing"


def _rows(answer: Any) -> set[str]:
    """Return what tells the rows of an answer apart."""
    rows = answer if isinstance(answer, list) else answer.get("cases", answer.get("links", []))
    return {str(row.get("id") or row.get("number") or row.get("task_id") or row) for row in rows}


def _plain(call: Call, site: Site) -> str:
    return address(call.route, ROUTES[call.key].names, site.made)
