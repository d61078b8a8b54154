"""Every page that a role is offered, at the desk in English and on a phone in Chinese by night: sound, fitting, translated, accessible."""

from collections.abc import Callable

import pytest

from tests.journeys.visitor import DESK_EN, DESK_ZH, PHONE_EN, PHONE_ZH, Visitor, Window, route_of

pytestmark = pytest.mark.browser

CAST = ("wang", "zhao", "lin", "chen", "sun", "deng", "ma", "he", "tang", "xu", "admin")
# Pages that no navigation names, by who opens them.
BEYOND = {
    "wang": [
        "/emergency", "/exports", "/parked", "/signals", "/replay", "/verifications", "/escalations", "/report-a-case",
        "/rules/covid_19_cn_2020/contact_definition", "/clusters", "/figures/denominators", "/figures/tracing-cost", "/isolation",
        "/cases/X-01", "/cases/X-01/care", "/cases/X-01/contacts/interview", "/discovery/X-01", "/chains/X-01",
    ],
    "zhao": ["/round", "/isolation"],
    "sun": ["/cases/X-01", "/cases/X-01/care"],
    "lin": ["/policies", "/emergencies", "/findings", "/verifications", "/chains?view=timeline"],
    "admin": ["/units/990103-cdc", "/users/wang"],
    "xu": ["/record?tag=access."],
}  # fmt: skip
_ROWS = "main table tbody a[href^='/'], main ul.rows a[href^='/'], main .actions a[href^='/']"
_SHOWN = "all => all.filter(a => a.checkVisibility()).map(a => a.getAttribute('href'))"


def walk(visitor: Visitor, login: str) -> None:
    """Open the start page, everything in the navigation, what lies beyond, and the first link of each kind in a list."""
    visitor.go("/")
    links = visitor.page.locator("nav.main a, a.bell").evaluate_all(_SHOWN)
    assert links
    been = set()
    for path in [*links, *BEYOND.get(login, [])]:
        for link in visitor.go(path).locator(_ROWS).evaluate_all(_SHOWN):
            if route_of(link) not in been:
                been.add(route_of(link))
                visitor.go(link)


@pytest.mark.parametrize("window", [DESK_EN, PHONE_ZH], ids=lambda w: w.name)
@pytest.mark.parametrize("login", CAST)
def test_every_page(sit_down: Callable[[str, Window], Visitor], login: str, window: Window) -> None:
    walk(sit_down(login, window), login)


@pytest.mark.slow
@pytest.mark.parametrize("window", [DESK_ZH, PHONE_EN], ids=lambda w: w.name)
@pytest.mark.parametrize("login", CAST)
def test_every_page_the_other_way_round(
    sit_down: Callable[[str, Window], Visitor], login: str, window: Window
) -> None:
    walk(sit_down(login, window), login)


@pytest.mark.parametrize("window", [DESK_ZH, PHONE_EN], ids=lambda w: w.name)
def test_the_door(sit_down: Callable[[str, Window], Visitor], window: Window) -> None:
    """A wrong password is refused with words; each role of the demo comes in with one click; one signs out again."""
    visitor = sit_down("", window)
    page = visitor.go("/sign-in")
    visitor.reach(page.locator("#id_login"))
    page.locator("#id_login").fill("wang")
    page.locator("#id_password").fill("wrong")
    visitor.expected = {403, 401, 422, 429}
    page.locator("form:has(#id_password) button").click()
    page.locator(".note.error").wait_for()
    assert visitor.untranslated() == []
    visitor.expected = set()
    assert page.locator(".cast button").count() == len(CAST)
    visitor.follow(page.locator(".cast button[value=tang]"))
    assert page.locator("nav.main").is_visible()
    visitor.follow(page.locator(".me form[action='/sign-out'] button"))
    assert page.url.endswith("/sign-in")
