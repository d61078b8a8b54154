"""Somebody at a browser: goes to pages, and looks at each for what must not be there."""

import os
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from tests.conftest import REPOSITORY

PASSWORD = "lianfang-demo"
# Where a picture of every page is put the first time that it is seen, for people who want to look for themselves.
PICTURES = os.environ.get("LIANFANG_JOURNEYS_PICTURES", "")
_ENGLISH = re.compile(r"\b[A-Za-z]{2,}(?:[ ,]+[a-z]{2,}){3,}")
_HAN = re.compile(r"[\u4e00-\u9fff]")
# Text nodes that a reader sees, without code, foreign-language marks, form values and scripts.
_TEXTS = """() => {
  const out = [], skip = 'script,style,code,option,template,[lang]:not(html),[translate=no]';
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode, text = node.textContent.trim().replace(/\\s+/g, ' ');
    if (text && !node.parentElement.closest(skip)) out.push(text);
  }
  for (const e of document.querySelectorAll('[aria-label],[data-label],[placeholder]'))
    for (const n of ['aria-label', 'data-label', 'placeholder']) if (e.getAttribute(n)) out.push(e.getAttribute(n).trim());
  return out;
}"""
_AXE = """async () => {
  const found = await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']});
  return found.violations.filter(v => ['serious', 'critical'].includes(v.impact))
    .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' ' + (n.any[0]?.message || '')).join(' | '));
}"""


@dataclass(frozen=True)
class Window:
    """How the visitor sees the site."""

    name: str
    width: int
    language: str  # zh-CN or en
    scheme: str = "light"

    @property
    def is_chinese(self) -> bool:
        return self.language.startswith("zh")


DESK_ZH = Window("desk-zh", 1280, "zh-CN")
DESK_EN = Window("desk-en", 1280, "en")
PHONE_ZH = Window("phone-zh", 390, "zh-CN", "dark")
PHONE_EN = Window("phone-en", 390, "en")


@lru_cache(maxsize=1)
def catalogue() -> tuple[frozenset[str], frozenset[str]]:
    """Return the English and the Chinese texts of the interface that have no gaps and differ."""
    english, chinese = set(), set()
    for file in Path(REPOSITORY, "src/lianfang/locale/zh_Hans/fragments").glob("*.po"):
        with file.open("rb") as stream:
            for message in read_po(stream, locale="zh_Hans"):
                if isinstance(message.id, str) and message.id and message.string and "%" not in message.id:
                    english.add(message.id)
                    chinese.add(str(message.string))
    return frozenset(english - chinese), frozenset(text for text in chinese - english if len(text) > 3)


@lru_cache(maxsize=1)
def in_chinese() -> dict[str, str]:
    """Return the Chinese of every text of the interface that has no gaps."""
    found = {}
    for file in Path(REPOSITORY, "src/lianfang/locale/zh_Hans/fragments").glob("*.po"):
        with file.open("rb") as stream:
            found |= {str(m.id): str(m.string) for m in read_po(stream, locale="zh_Hans") if m.id}
    return found


def route_of(address: str) -> str:
    """Return an address without its query, with a star for each number, code of a case, person or link."""
    path = address.partition("?")[0]
    path = re.sub(r"^/(rules|units|users|figures/gaps)/.+", r"/\1/*", path)
    return re.sub(r"/(\d+|[0-9a-f-]{36}|[A-Z0-9]+-[\w-]*\d+|[\w:-]{40,})(?=/|$)", "/*", path)


def _fill(form: Locator, name: str, value: str | bool) -> None:
    field = form.locator(f"[name='{name}'], [name$='-{name}']").first
    kind = field.get_attribute("type")
    if isinstance(value, bool):
        field.set_checked(value)
    elif kind in {"radio", "checkbox"}:
        form.locator(f"[name='{name}'][value='{value}'], [name$='-{name}'][value='{value}']").check()
    elif field.evaluate("e => e.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)


@dataclass
class Visitor:
    """One browser window with what went wrong in it so far."""

    context: BrowserContext
    page: Page
    address: str
    window: Window
    axe: str
    seen: set[Any]
    wrong: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    @classmethod
    def arrive(cls, browser: Browser, address: str, window: Window, *, axe: str, seen: set[Any]) -> "Visitor":
        context = browser.new_context(
            viewport={"width": window.width, "height": 900},
            locale=window.language,
            color_scheme=window.scheme,  # type: ignore[arg-type]
            reduced_motion="reduce",
            accept_downloads=True,
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        visitor = cls(context, page, address, window, axe, seen)
        page.on("console", visitor._hear)
        page.on("pageerror", lambda error: visitor.wrong.append(f"{page.url}: {error}"))
        page.on("response", visitor._answer)
        return visitor

    def leave(self, name: str) -> None:
        """Close the window; where pictures are kept, one of what stood in it last."""
        if PICTURES:
            self.page.screenshot(path=Path(PICTURES, f"{name}.png"), full_page=True)
        self.context.close()

    def _hear(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.wrong.append(f"{self.page.url}: console: {message.text}")

    def _answer(self, response: Any) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.wrong.append(f"{response.request.method} {response.url}: {response.status}")

    # ---- going about

    def sign_in(self, login: str) -> None:
        """Sign in by name and password, as on any site."""
        self.page.goto(f"{self.address}/sign-in")
        self.page.locator("#id_login").fill(login)
        self.page.locator("#id_password").fill(PASSWORD)
        with self.page.expect_navigation():
            self.page.locator("form:has(#id_password) button").click()
        assert self.page.locator("nav.main").count() == 1, self.page.content()[:500]

    def go(self, path: str) -> Page:
        """Open a page and look at it."""
        self.page.goto(f"{self.address}{path}")
        self.look()
        return self.page

    def follow(self, link: Locator) -> Page:
        """Click a link or a button that leads to a page, and look at that once it has come: a click itself does not wait."""
        with self.page.expect_navigation():
            link.click()
        self.look()
        return self.page

    def do(self, act: str, **fields: str | bool) -> str:
        """Fill the form whose address ends in `act`, opening what hides it, send it, and return what the page then says.

        A field is named by its last part; True ticks a box, a text is chosen, ticked or written.
        """
        form = self.page.locator(f"form[action$='/{act}']").last
        hidden = self.page.locator(f"details:not([open]):has(form[action$='/{act}'])").last
        if hidden.count():
            hidden.locator("summary").first.click()
        for name, value in fields.items():
            _fill(form, name, value)
        self.follow(form.locator("button").last)
        return self.says()

    # ---- looking

    def look(self) -> None:
        """Assert that the page is sound: nothing failed, nothing sticks out, every text is in the reader's language."""
        assert not self.wrong, self.wrong
        place = self.page.url.removeprefix(self.address)
        route = route_of(place)
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= self.window.width, f"{place} is {wide} wide in a window of {self.window.width}"
        key = (route, self.window.name)
        if key in self.seen:
            return
        self.seen.add(key)
        foreign = self.untranslated()
        assert not foreign, f"{place} in {self.window.language}: {foreign}"
        if PICTURES:
            name = re.sub(r"\W+", "-", f"{route}{self.window.name}").strip("-")
            self.page.screenshot(path=Path(PICTURES, f"{name}.png"), full_page=True)
        self.page.evaluate(self.axe)
        faults = self.page.evaluate(_AXE)
        assert not faults, f"{place}: {faults}"

    def untranslated(self) -> list[str]:
        """Return the texts of the page that are in the other language and are no data."""
        texts: list[str] = self.page.evaluate(_TEXTS)
        english, chinese = catalogue()
        if self.window.is_chinese:
            return [
                t
                for t in texts
                if (t in english and not _HAN.search(t) and len(t) > 2)
                or (_ENGLISH.search(t) and not _HAN.search(t))
            ]
        return [text for text in texts if text in chinese]

    def reach(self, target: Locator) -> None:
        """Assert that the keyboard alone reaches the target from the top of the content."""
        self.page.locator("main").focus()
        for _ in range(80):
            self.page.keyboard.press("Tab")
            if target.evaluate("e => e === document.activeElement"):
                return
        raise AssertionError(f"not reached by the keyboard: {target}")

    def await_loop(self, there: Locator) -> Locator:
        """Load the page again until the loop of the server has brought forth what is to be there; a minute and a half at most."""
        for _ in range(180):
            if there.count():
                self.look()
                return there
            self.page.wait_for_timeout(500)  # the loop turns once a second
            self.page.reload()
        raise AssertionError(f"the loop did not bring it: {there} at {self.page.url}")

    def word(self, english: str) -> str:
        """Return a text of the interface in the language of this window."""
        return in_chinese()[english] if self.window.is_chinese else english

    def says(self, kind: str = "success") -> str:
        """Return the notice that the last act left on the page."""
        return self.page.locator(f".note.{kind}").first.inner_text()
