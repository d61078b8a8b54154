"""The demo world, made by the code of `lianfang demo` and read by each of its users on every page of the navigation."""

import os
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from django.test import Client

from lianfang.cases.models import Case
from lianfang.common.clock import local_day, now
from lianfang.contacts.models import Swab
from lianfang.core.access.models import User
from lianfang.core.access.selectors import actor_for
from lianfang.core.registry.calendar import lay_out_days
from lianfang.demo.build import build
from lianfang.demo.ground import PASSWORD
from lianfang.loop.desk import climbed
from lianfang.loop.models import Task
from tests.acceptance.site import LIANFANG

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
DAYS = 20
# Links that a page offers within the site, from `href` of `a`; what is shown of one row stands for its kind.
_WITHIN = re.compile(r"^/(?!api/|static/|sign-out)[^#]*")


class Links(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, bool]] = []
        self._in_nav = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_nav = self._in_nav or tag == "nav"
        href = dict(attrs).get("href") or ""
        if tag == "a" and (match := _WITHIN.match(href)):
            self.found.append((match[0], self._in_nav))

    def handle_endtag(self, tag: str) -> None:
        self._in_nav = self._in_nav and tag != "nav"


def test_every_role_can_open_every_page_of_the_demo_world(tmp_path: Path, settings: Any) -> None:
    settings.VISITS_DIR = tmp_path / "visits"
    at = now()
    today = local_day(at)
    lay_out_days(today - timedelta(days=90), today + timedelta(days=90))  # as `lianfang demo` does first
    told = build(at=at, days=DAYS)
    assert told > 1000
    assert Case.objects.count() > 20
    assert Swab.objects.exists()
    tasks = Counter(Task.objects.exclude(status="void").values_list("duty", flat=True))
    assert {"cases.investigate", "contacts.observe", "contacts.swab", "care.round", "loop.verify"} <= set(
        tasks
    )
    late = Task.objects.open().filter(due_at__lt=at).count()
    assert 0.02 < late / sum(tasks.values()) < 0.2, "partly late, as a busy prefecture is"
    for login in ("wang", "lin"):
        reader = actor_for(User.objects.get(login=login), at)
        n_climbed = climbed(reader).order_by().values("task").distinct().count()
        assert 0 < n_climbed < 150, "what climbs is a list that a person can go through"
    fine = Task.objects.filter(status="done", met_at__gt=at - timedelta(days=1)).count()
    assert fine, "something was done today"
    opened: set[str] = set()
    refused: list[tuple[str, str, int]] = []
    for user in User.objects.order_by("pk"):
        opened |= _read_everything(user, refused)
    assert refused == [], "a page offers no link that its reader may not follow"
    assert len(opened) > 25, sorted(opened)


def test_the_demo_that_is_served_computes(tmp_path: Path) -> None:
    """The command makes its world and serves it; a page that computes answers there, not only in the tests' process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path / "demo"
    env = {name: value for name, value in os.environ.items() if not name.startswith("LIANFANG_")}
    words = [LIANFANG, "demo", "--no-open", "--port", str(port), "--folder", str(folder)]
    with (tmp_path / "demo.log").open("w") as log:
        process = subprocess.Popen(
            words, env=env, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True
        )
    try:
        browser = build_opener(HTTPCookieProcessor())
        page = _once_it_answers(browser, f"http://127.0.0.1:{port}/sign-in", process)
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)', page)
        assert token
        form = {"csrfmiddlewaretoken": token[1], "login": "wang", "password": PASSWORD}
        browser.open(f"http://127.0.0.1:{port}/sign-in", urlencode(form).encode(), timeout=60)
        figures = browser.open(f"http://127.0.0.1:{port}/figures", timeout=60).read().decode()
        assert "cases.investigate" in figures
        assert (folder / "made").exists()
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def _once_it_answers(browser: Any, address: str, process: Any) -> str:
    for _ in range(600):
        assert process.poll() is None
        try:
            text: str = browser.open(address, timeout=60).read().decode()
        except URLError:
            time.sleep(1)
        else:
            return text
    raise AssertionError("the demo does not answer")


def _read_everything(user: User, refused: list[tuple[str, str, int]]) -> set[str]:
    """Open the start page and, from it, every page of the navigation and the first link of each kind on them."""
    client = Client()
    assert client.login(username=user.login, password=PASSWORD)
    seen: set[str] = set()
    waiting = ["/"]
    kinds: set[str] = set()
    for depth in range(2):
        following = []
        for address in waiting:
            answer = client.get(address)
            if answer.status_code != 200:
                refused.append((user.login, address, answer.status_code))
                continue
            page = answer.content.decode()
            assert "{{" not in page, address
            assert "{%" not in page, address
            seen.add(address)
            for link, in_navigation in Links(page).found:
                kind = re.sub(r"/[^/]*\d[^/]*", "/*", link.split("?")[0])
                if link not in seen and (in_navigation or kind not in kinds) and depth < 1:
                    kinds.add(kind)
                    following.append(link)
        waiting = list(dict.fromkeys(following))
    return {address.split("?")[0] for address in seen}
