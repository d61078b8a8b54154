"""Care in the browser: a mild patient worsens, moves up, recovers, moves down, leaves and is released; a desk clears its list."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.journeys.conftest import Weeks
from tests.journeys.steps import moment, report_case
from tests.journeys.visitor import DESK_EN, PHONE_ZH, Visitor, Window

pytestmark = pytest.mark.browser
Sit = Callable[[str, Window], Visitor]
WINDOWS = [PHONE_ZH, DESK_EN]
COUNTY, HOME = "990103", "990103001001"
ORDINARY, SEVERE = "1", "2"
WELL = {"temperature": "36.6", "respiratory_rate": "18", "spo2": "98", "respiratory": "clearly_improved"}


def asks_and_lies(clinician: Visitor, desk: Visitor, number: str, level: str) -> None:
    """The clinician asks for a bed, the desk accepts what is proposed, the clinician lays the patient in the bed kept for them."""
    clinician.go(f"/cases/{number}/care")
    clinician.do("request", level=level)
    page = desk.go(f"/beds?area={COUNTY}")
    assert page.locator(f"main a[href='/cases/{number}/care']").count() == 1, "the desk sees who waits"
    desk.follow(page.locator("form[action*='/beds/propose'] button"))
    line = page.locator("main tbody tr", has=page.locator(f"a[href='/cases/{number}/care']"))
    for box in page.locator("[name=line]").all():
        box.set_checked(False)
    line.locator("[name=line]").check()
    desk.follow(page.locator("button[name=act][value=accept]"))
    assert desk.says()
    assert line.locator(".tag").count() == 1
    page = clinician.go(f"/cases/{number}/care")
    assert clinician.word("kept for this patient") in (page.locator("[name=bed]").text_content() or "")
    if not page.locator("ol.timeline a[href^='/wards/']").count():  # comes from outside: the way is reported
        clinician.do("step", step="set_out", vehicle="120")
        assert page.locator(".head .tag", has_text=clinician.word("on the way")).count() == 1
        clinician.do("step", step="arrived")
    clinician.do("lay")
    assert page.locator(".head .tag", has_text=clinician.word("treated")).count() == 1


def swab(clinician: Visitor, number: str, tube: str, *, ahead: float, hours: float) -> None:
    """A sample that was taken so many hours ago comes back negative."""
    clinician.go(f"/cases/{number}")
    clinician.do(
        "sample", number=tube, specimen="nasopharyngeal_swab", taken_at=moment(ahead=ahead, hours=hours)
    )
    tubes = clinician.page.locator("form[action$='/result'] [name$=sample] option", has_text=tube)
    which = tubes.get_attribute("value") or ""
    found = moment(ahead=ahead, hours=hours - 4)
    clinician.do("result", sample=which, kind="rt_pcr", finding="negative", resulted_at=found)


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: w.name)
def test_the_way_of_a_patient(come_in: Sit, weeks: Weeks, window: Window) -> None:
    sun, deng = come_in("sun", window), come_in("deng", window)
    number = report_case(
        sun, {"phone-zh": "裴如海", "desk-en": "时文彬"}[window.name], home=HOME, born="1968-12-01"
    )
    page = sun.page
    sun.go(f"/cases/{number}/care")
    stage = page.locator(".head .tag")
    severity = page.locator("dl.facts dd strong")
    see = partial(sun.do, "round")
    # admitted to an ordinary bed, mild
    asks_and_lies(sun, deng, number, ORDINARY)
    see(**{**WELL, "temperature": "37.8", "respiratory": "unchanged", "imaging": "no_pneumonia"})
    assert severity.first.inner_text() == sun.word("mild")
    # worsens, and moves up
    see(**{**WELL, "temperature": "38.9", "respiratory_rate": "32", "spo2": "91", "respiratory": "worse"})
    assert severity.first.inner_text() == sun.word("severe")
    asks_and_lies(sun, deng, number, SEVERE)
    # recovers, and moves down; the beds left behind are cleaned and given back by those who run them
    weeks.go_on(days=1)
    sun.go(f"/cases/{number}/care")
    see(**WELL)
    asks_and_lies(sun, deng, number, ORDINARY)
    left = page.locator("ol.timeline a[href^='/wards/']")
    assert left.count() == 3
    for ward in sorted({link.get_attribute("href") or "" for link in left.all()}):
        sun.go(ward)
        while page.locator("form[action$='/clean'] button").count():
            sun.follow(page.locator("form[action$='/clean'] button").first)
    # three days without fever and two negatives a day apart: what is missing is said until nothing is
    weeks.go_on(days=3, hours=1)
    sun.go(f"/cases/{number}/care")
    missing = page.locator("section.card li strong", has_text=sun.word("missing"))
    assert missing.count() >= 1
    see(**WELL)
    swab(sun, number, f"N1-{window.width}", ahead=weeks.ahead, hours=40)
    swab(sun, number, f"N2-{window.width}", ahead=weeks.ahead, hours=8)
    sun.go(f"/cases/{number}/care")
    see(**WELL, imaging="exudate_improved")
    assert missing.count() == 0, page.locator("section.card ul").first.inner_text()
    sun.do("leave", how="discharged")
    assert stage.first.inner_text() == sun.word("observed after discharge")
    # observed: looked at, tested again, and released by the clock
    weeks.go_on(days=13)
    swab(sun, number, f"N3-{window.width}", ahead=weeks.ahead, hours=8)
    sun.go(f"/cases/{number}/care")
    sun.await_loop(page.locator("form[action$='/follow_up']"))
    sun.do("follow_up", week="2", temperature="36.5")
    weeks.go_on(days=2)
    sun.go(f"/cases/{number}/care")
    sun.await_loop(page.locator(".head .tag", has_text=sun.word("released")))
    assert page.locator("main ol.timeline li").count() >= 8, "every change stays readable"


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: w.name)
def test_a_bed_desk_clears_its_list_with_one_proposal(sit_down: Sit, window: Window) -> None:
    """Everybody who waits stands in one proposal with a reason; one line is refused with words, the others are given."""
    sun, deng = sit_down("sun", window), sit_down("deng", window)
    page = sun.page
    names = {"phone-zh": ("郁保四", "侯健安"), "desk-en": ("蒋敬文", "穆弘毅")}[window.name]
    numbers = [report_case(sun, name, home=HOME, born=f"196{n}-02-0{n + 1}") for n, name in enumerate(names)]
    for number, level in zip(numbers, (ORDINARY, SEVERE), strict=True):
        sun.go(f"/cases/{number}/care")
        sun.do("request", level=level, note="by ambulance")
    desk = deng.go(f"/beds?area={COUNTY}")
    waiting = desk.locator("section.card", has=desk.locator("form[action*='/beds/propose']")).locator(
        "tbody tr"
    )
    n = waiting.count()
    assert n >= 2
    deng.follow(desk.locator("form[action*='/beds/propose'] button"))
    lines = desk.locator("main tbody tr")
    assert lines.count() == n, "nobody who waits is left out of the proposal"
    assert all(lines.nth(k).locator("td").nth(6).inner_text().strip() for k in range(n)), (
        "every line says why"
    )
    severe = lines.filter(has=desk.locator(f"a[href='/cases/{numbers[1]}/care']"))
    assert severe.locator("td").nth(2).inner_text().strip() == "1", "the more severe come first"
    # one is kept back
    kept_back = lines.filter(has=desk.locator(f"a[href='/cases/{numbers[0]}/care']")).locator("[name=line]")
    kept_back.uncheck()
    deng.reach(desk.locator("button[name=act][value=accept]"))
    deng.follow(desk.locator("button[name=act][value=accept]"))
    assert deng.says()
    desk.locator("main form summary").click()
    desk.locator("[name=reason]").fill("stays at home until the evening")
    kept_back.check()
    deng.follow(desk.locator("button[name=act][value=refuse]"))
    assert "stays at home until the evening" in desk.locator("main").inner_text()
    assert desk.locator("[name=line]").count() == 0, "every line is decided"
    deng.go(f"/beds?area={COUNTY}")
    assert desk.locator(f"main a[href='/cases/{numbers[0]}/care']").count() == 1, (
        "who was refused goes on waiting"
    )
    assert desk.locator(f"main a[href='/cases/{numbers[1]}/care']").count() == 0
    # the other finds the bed kept, and lies in it
    sun.go(f"/cases/{numbers[1]}/care")
    sun.do("lay")
    assert page.locator(".head .tag", has_text=sun.word("treated")).count() == 1
