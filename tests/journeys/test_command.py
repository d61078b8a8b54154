"""A county's and a command centre's day in the browser: an alarm judged, a grade confirmed, a plan switched on, done, and off."""

from collections.abc import Callable

import pytest

from tests.journeys.conftest import Weeks
from tests.journeys.steps import day, report_case
from tests.journeys.visitor import DESK_EN, DESK_ZH, PHONE_EN, PHONE_ZH, Visitor, Window

pytestmark = pytest.mark.browser
Sit = Callable[[str, Window], Visitor]
COUNTY, TOWN, HOME = "990103", "990103001", "990103001001"


def map_of(visitor: Visitor) -> None:
    """The map is drawn, says its numbers in words, and goes back in time by the keyboard."""
    page = visitor.page
    page.locator("[data-island=areas][data-drawn=yes]").wait_for()
    marks = page.locator("a.area-mark")
    assert marks.count() >= 2
    assert visitor.word("cases in 7 days") in (marks.first.get_attribute("title") or "")
    assert page.locator(".legend span").count() >= 2
    said = page.locator(".play output")
    last = said.inner_text()
    page.locator(".play input").press("ArrowLeft")
    assert said.inner_text() < last


@pytest.mark.parametrize("window", [DESK_ZH, PHONE_EN], ids=lambda w: w.name)
def test_a_county_epidemiologists_day(come_in: Sit, weeks: Weeks, window: Window) -> None:
    """After three quiet weeks there is a case: the night finds it, a person judges it, the province grades the county."""
    wang, chen, lin = (come_in(login, window) for login in ("wang", "chen", "lin"))
    weeks.go_on(days=21)
    name = {"desk-zh": "费保", "phone-en": "倪云"}[window.name]
    report_case(wang, name, home=HOME, born="1975-02-11")
    weeks.go_on(days=1)
    page = wang.go(f"/areas?area={COUNTY}")
    alarm = page.locator("main ul.rows a[href^='/findings/']").first
    wang.await_loop(alarm)
    map_of(wang)
    # from the map into the township, where the case lives
    town = page.locator(f"a.area-mark[href*='area={TOWN}&']")
    wang.follow(town)
    assert page.locator("main tbody tr").count() >= 1
    wang.go(f"/areas?area={COUNTY}")
    figure = page.locator("a.figure").first
    wang.follow(figure)
    assert page.locator("code, pre").count() >= 1, "a figure shows its query"
    # the alarm is judged with a reason, and goes from the list
    wang.go(f"/areas?area={COUNTY}")
    address = alarm.get_attribute("href") or ""
    wang.follow(alarm)
    assert page.locator("dl.facts dd").count() >= 4, "it says why"
    page.locator("[name=decision][value=confirmed]").check()
    page.locator("[name=reason]").fill("visited: one household, came back from elsewhere")
    wang.follow(page.locator("form:has([name=decision]) button"))
    assert wang.says()
    assert wang.go(f"/areas?area={COUNTY}").locator(f"main a[href='{address}']").count() == 0
    # the province confirms a grade: after three weeks without a case another one is proposed than is in force
    page = chen.go("/areas/grades")
    rows = page.locator("main tbody tr", has=page.locator("[name=finding]"))
    chen.await_loop(rows)
    n = rows.count()
    link = rows.first.locator("a[href*='area=']").get_attribute("href") or ""
    label = rows.first.locator(".tag").first.inner_text()
    rows.first.locator("[name=finding]").check()
    page.locator("[name=reason]").fill("the figures are right")
    chen.reach(page.locator("form:has([name=finding]) button"))
    chen.follow(page.locator("form:has([name=finding]) button"))
    assert chen.says()
    assert rows.count() == n - 1
    page = lin.go(link)
    assert page.locator(".sayings .tag").inner_text() == label
    # what the grade asks for waits for a person, who decides on it in part
    page = lin.go(f"/measures?{link.partition('?')[2]}")
    switch = page.locator("form[action*='/measures/proposals/']")
    lin.await_loop(switch)
    for box in switch.first.locator("[name=on]").all()[1:]:
        box.uncheck()
    switch.first.locator("[name=reason]").fill("the rest holds already")
    lin.follow(switch.first.locator("button"))
    assert lin.says()


def _done_by_the_clinic(lin: Visitor, zhao: Visitor, activation: str) -> None:
    """The township's clinic finds its step, does it and reports it; the command centre sees at which unit it was done."""
    page, work = lin.page, "发放防护物资"
    done = page.locator("section.wide > table tbody tr", has_text=work).locator("td").nth(3)
    assert done.inner_text() == "0", "nothing is done before anybody did it"
    by_unit = page.locator("section.wide details summary").first
    by_unit.click()
    name = "太朝镇卫生院" if lin.window.is_chinese else "Taichao Town Health Centre"
    clinic = page.locator("section.wide details tbody tr", has_text=name).locator("td")
    n_owed, n_done = (int(clinic.nth(n).inner_text()) for n in (1, 2))
    assert n_owed > n_done, "the clinic of the township is owed its part"
    task = zhao.go("/tasks?mine=1&duty=measures.do").locator("main tbody tr", has_text=work)
    zhao.await_loop(task)
    zhao.follow(task.locator("a[href^='/measures/assignments/']"))
    zhao.page.locator("[name=n_done]").fill("320")
    zhao.reach(zhao.page.locator("form:has([name=n_done]) button"))
    zhao.follow(zhao.page.locator("form:has([name=n_done]) button"))
    assert zhao.says()
    lin.go(activation)
    lin.await_loop(done.filter(has_text="1"))
    by_unit.click()
    assert int(clinic.nth(2).inner_text()) == n_done + 1


@pytest.mark.parametrize("window", [DESK_EN, PHONE_ZH], ids=lambda w: w.name)
def test_a_command_centres_day(sit_down: Sit, window: Window) -> None:
    """A plan is switched on, its duties arrive and are done, it is looked at, switched off; a scenario; the bulletin."""
    lin, zhao = sit_down("lin", window), sit_down("zhao", window)
    page = lin.go(f"/plans?area={COUNTY}")
    lin.follow(page.locator("main tbody a[href^='/plans/']").first)
    lin.follow(page.locator("a[href$='/switch']"))
    assert page.locator("main ul.rows li").count() >= 4, "what it brings is shown before"
    page.locator("[name=reason]").fill(f"two cases in one community ({window.name})")
    page.locator("[name=sure]").check()
    lin.reach(page.locator("main form button"))
    lin.follow(page.locator("main form button"))
    activation = page.url.removeprefix(lin.address)
    assert activation.startswith("/activations/")
    units = page.locator("section.wide details tbody tr")
    lin.await_loop(units)
    assert units.count() >= 2, "the duties are at units"
    _done_by_the_clinic(lin, zhao, activation)
    # one of its measures is looked at again, and kept
    lin.follow(page.locator("dl.facts a[href^='/measures/']").first)
    page.locator("[name=review_on]").fill(day(-9))
    page.locator("form:has([name=review_on]) [name=reason]").fill("still new cases")
    lin.follow(page.locator("button[name=act][value=keep]"))
    assert lin.says()
    assert page.locator("ol.timeline strong").count() >= 1
    # switched off: what it brought ends, and the work goes from the list
    lin.go(activation)
    page.locator("[name=reason]").fill("fourteen days without a case")
    lin.follow(page.locator("form:has([name=reason]) button"))
    assert lin.says()
    assert page.locator(".head .tag", has_text=lin.word("switched off")).count() == 1
    # what a faster investigation would change, beside what is
    page = lin.go(f"/scenarios?area={COUNTY}")
    page.locator("[name=investigation]").fill("12")
    lin.follow(page.locator("form:has([name=investigation]) button"))
    lin.await_loop(page.locator("section.wide table.stack tbody tr"))
    assert page.locator("section.wide").nth(1).locator("tbody tr").count() == 2
    # the bulletin of the day, issued and printed in both languages
    area = {"desk-en": "990105", "phone-zh": "990104"}[
        window.name
    ]  # the reader's own county has issued its bulletin
    page = lin.go(f"/bulletins?area={area}")
    lin.follow(page.locator("form:has([name=on]) button"))
    lin.follow(page.locator("form[action$='/issue'] button"))
    assert lin.says()
    for link in page.locator("a[href$='.pdf']").all():
        answer = page.request.get(f"{lin.address}{link.get_attribute('href')}")
        assert answer.status == 200
        assert answer.body()[:5] == b"%PDF-"
