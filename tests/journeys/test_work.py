"""A day's work in the browser: a late duty done, a line list kept and changed in one go, a case understood, decisions made."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.conftest import Weeks
from tests.journeys.steps import report_case
from tests.journeys.visitor import DESK_EN, DESK_ZH, PHONE_EN, PHONE_ZH, Visitor, Window

pytestmark = pytest.mark.browser
Sit = Callable[[str, Window], Visitor]
WINDOWS = [DESK_ZH, PHONE_EN]


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: w.name)
def test_from_the_start_page_to_a_late_duty_to_its_case_to_done(
    come_in: Sit, weeks: Weeks, window: Window
) -> None:
    """A case that nobody investigated within its day stands on the start page; the record of the investigation closes the task."""
    visitor = come_in("wang", window)
    name = {"desk-zh": "孙立新", "phone-en": "邹渊明"}[window.name]
    number = report_case(visitor, name, home="990103001001", born="1980-05-17")
    weeks.go_on(hours=30)
    page = visitor.go("/?scope=area")
    late = page.locator("a.figure.late")
    visitor.reach(late)
    assert int(late.locator("b").inner_text()) > 0
    visitor.follow(late)
    assert "state=late" in page.url
    visitor.go(page.url.removeprefix(visitor.address) + "&duty=cases.investigate")
    row = page.locator("main tbody tr", has=page.locator(f"a[href='/cases/{number}']"))
    visitor.await_loop(row)
    visitor.follow(row.locator("a[href^='/tasks/']"))
    address = page.url
    assert page.locator("time.clock.late").count() == 1
    visitor.follow(page.locator(f"dl.facts a[href='/cases/{number}']"))
    asked = ("onset_asked", "exposures_asked", "places_asked", "contacts_asked")
    visitor.do("investigation", **dict.fromkeys(asked, True))
    page.goto(address)
    visitor.await_loop(page.locator("dl.facts span.clock"))
    assert page.locator("ol.timeline li").count() >= 2


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: w.name)
def test_line_list_kept_view_many_at_once_and_export(sit_down: Sit, window: Window) -> None:
    visitor = sit_down("wang", window)
    page = visitor.go("/cases?classification=suspected")
    name = f"view of {window.name}"
    page.locator(".views summary").click()
    page.locator(".views input[name=name]").fill(name)
    visitor.follow(page.locator(".views form:has(input[name=query]) button").first)
    assert name in visitor.says()
    kept = page.locator(".views nav a", has_text=name)
    assert kept.get_attribute("aria-current") == "true"
    visitor.go("/cases")
    visitor.follow(kept)
    assert "classification=suspected" in page.url
    boxes = page.locator("input[name=case]")
    chosen = [boxes.nth(n).get_attribute("value") for n in range(2)]
    for n in range(2):
        boxes.nth(n).check()
    visitor.reach(page.locator("details:has([name=outcome-kind]) summary"))
    page.locator("details:has([name=outcome-kind]) summary").click()
    page.locator("[name=outcome-kind]").select_option("recovered")
    page.locator("[name=outcome-on]").fill(page.evaluate("new Date().toISOString().slice(0, 10)"))
    visitor.follow(page.locator("button[name=act][value=outcome]"))
    assert "2" in visitor.says()
    for number in chosen:
        row = page.locator(f"tr:has(input[value='{number}'])")
        assert row.locator("td").last.inner_text().strip() not in {"", "–"}
    page.locator("input[name=scope][value=all]").check()
    page.locator("details:has([name=purpose]) summary").click()
    page.locator("[name=purpose]").fill("weekly comparison")
    with page.expect_download() as waiting:
        page.locator("button[formaction$='/line-list/export']").click()
    lines = Path(waiting.value.path()).read_text("utf-8-sig").splitlines()
    assert len(lines) > len(chosen)
    assert all(any(number in line for line in lines) for number in chosen)
    # the view goes again
    page.locator(".views summary").click()
    visitor.follow(page.locator(".views form:not(:has([name=query])) button", has_text=name))
    assert page.locator(".views nav a", has_text=name).count() == 0


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: w.name)
def test_a_case_with_timeline_clocks_duties_and_trace(sit_down: Sit, window: Window) -> None:
    visitor = sit_down("wang", window)
    page = visitor.go("/cases/X-01")
    assert page.locator("#timeline li").count() >= 4
    assert page.locator("#timeline li.done, #timeline li.late").count() >= 1
    assert page.locator(".meter").count() >= 2
    moments = page.locator("#timeline time").evaluate_all("all => all.map(t => t.getAttribute('datetime'))")
    assert moments == sorted(moments, reverse=True)
    visitor.follow(page.locator("a[href*='/signals?case=']"))
    visitor.follow(page.locator("main tbody a[href^='/signals/']").first)
    assert page.locator("#stages > li").count() == 6
    assert page.locator("#stages > li.reached").count() >= 4
    # a wrong result is withdrawn with a reason, and stays on file
    visitor.go("/cases?classification=confirmed")
    numbers = page.locator("main tbody a[href^='/cases/']").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    for address in numbers:
        visitor.go(address)
        if page.locator("form[action*='/facts/result/']").count():
            break
    page.locator("details:has(form[action*='/facts/result/']) summary").last.click()
    form = page.locator("form[action*='/facts/result/']").last
    form.locator("input[name=reason]").fill("the tubes were exchanged")
    visitor.follow(form.locator("button"))
    assert visitor.says()
    assert page.locator("s").count() >= 1
    assert page.locator("#timeline li.withdrawn").count() >= 1


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: w.name)
def test_two_records_that_may_be_one_person(sit_down: Sit, window: Window) -> None:
    visitor = sit_down("he", window)
    page = visitor.go("/people")
    pairs = page.locator("#pairs ul.rows > li:has(form)")
    before = pairs.count()
    assert before >= 1
    pairs.first.locator("summary").click()
    assert pairs.first.locator("tbody tr").count() >= 2
    visitor.reach(pairs.first.locator("[name=reason]"))
    pairs.first.locator("[name=reason]").fill("two identity cards")
    visitor.follow(pairs.first.locator("button[value=distinct]"))
    assert visitor.says()
    assert pairs.count() == before - 1


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: w.name)
def test_emergency_access_is_taken_with_a_reason_and_reviewed(sit_down: Sit, window: Window) -> None:
    visitor = sit_down("wang", window)
    code = {"desk-zh": "990102", "phone-en": "990104"}[window.name]
    visitor.expected = {404}
    page = visitor.go(f"/cases?area={code}")
    assert not page.locator(f"main a[href^='/cases/{code}']").count()
    visitor.go("/emergency")
    page.locator("[name=place]").fill(code)
    page.locator("[name=reason]").fill("a patient of ours was taken there unconscious")
    visitor.follow(page.locator("main form button.danger"))
    assert visitor.says("warning")
    visitor.go(f"/cases?area={code}")
    assert page.locator(f"main a[href^='/cases/{code}']").count() >= 1
    above = sit_down("lin", window)
    page = above.go("/emergencies")
    row = page.locator("ul.rows > li", has_text="taken there unconscious").first
    row.locator("[name=review]").fill("it was needed, the family was reached")
    above.follow(row.locator("button[value='1']"))
    assert above.says()


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: w.name)
def test_the_record_shows_readings_of_names(sit_down: Sit, window: Window) -> None:
    visitor = sit_down("wang", window)
    page = visitor.go("/cases?classification=confirmed")
    visitor.follow(page.locator("main tbody a[href^='/cases/']").first)
    visitor.follow(page.locator("dl.facts a[href^='/people/']").first)
    purpose = f"to call the family ({window.name})"
    page.locator("input[name=kind]").first.check()
    page.locator("[name=purpose]").fill(purpose)
    visitor.follow(page.locator("form:has([name=purpose]) button"))
    assert page.locator("dl.facts dd").count() >= 2
    auditor = sit_down("xu", window)
    page = auditor.go("/record?tag=registry.")
    assert page.get_by_text(purpose).count() == 1


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: w.name)
def test_the_administrator_makes_a_unit_and_a_user_and_gives_a_role(sit_down: Sit, window: Window) -> None:
    visitor = sit_down("admin", window)
    name = window.name
    page = visitor.go("/units")
    page.locator("[name=code]").fill(f"gate-{name}")
    page.locator("[name=name]").fill("Gate")
    page.locator("[name=kind]").select_option("checkpoint")
    page.locator("[name=place]").fill("990103")
    page.locator("[name=parent]").fill("990103-cdc")
    visitor.follow(page.locator("form:has([name=code]) button"))
    assert page.url.endswith(f"/units/gate-{name}")
    visitor.go("/users")
    page.locator("[name=login]").fill(f"new-{name}")
    page.locator("[name=name]").fill("Newcomer")
    page.locator("[name=unit]").fill(f"gate-{name}")
    page.locator("[name=password]").fill(f"a long phrase of {name}")
    visitor.follow(page.locator("form:has([name=login]) button"))
    page.locator("details:has([name=role]) summary").click()
    page.locator("[name=role]").select_option("field_worker")
    page.locator("details:has([name=role]) [name=place]").fill("990103")
    visitor.follow(page.locator("details:has([name=role]) button"))
    assert page.locator("ul.rows > li:has(input[name=grant])").count() == 1
    page.locator("details:has(form[action$='/key']) summary").click()
    page.locator("form[action$='/key'] [name=name]").fill("gate reader")
    visitor.follow(page.locator("form[action$='/key'] button"))
    assert re.fullmatch(r"lf_[\w-]{40,}", page.locator("code.secret").inner_text())


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: w.name)
def test_load_is_shed_by_a_policy_and_taken_up_again(sit_down: Sit, window: Window) -> None:
    visitor = sit_down("lin", window)
    area = {"desk-zh": "990103", "phone-en": "990101"}[window.name]
    page = visitor.go(f"/policies?area={area}")
    before = page.locator("ul.rows > li:has(form)").count()
    page.locator("[name=duty]").select_option("contacts.observe")
    page.locator("[name=mode]").select_option("sampled")
    page.locator("[name=keep]").fill("50")
    page.locator("[name=reason]").fill(f"half of the clinic is ill ({window.name})")
    visitor.reach(page.locator("form:has([name=keep]) button"))
    visitor.follow(page.locator("form:has([name=keep]) button"))
    assert visitor.says()
    row = page.locator("ul.rows > li", has_text=f"half of the clinic is ill ({window.name})")
    assert page.locator("ul.rows > li:has(form)").count() == before + 1
    row.locator("summary").click()
    row.locator("[name=reason]").fill("they are back")
    visitor.follow(row.locator("button.danger"))
    assert visitor.says()


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: w.name)
def test_a_second_unit_verifies_and_messages_are_read(sit_down: Sit, window: Window) -> None:
    visitor = sit_down("wang", window)
    page = visitor.go("/verifications")
    boxes = page.locator("input[name=verification]")
    before = boxes.count()
    if before:  # which checks are drawn is by lot; the demo of fourteen days has a few for this unit
        boxes.first.check()
        visitor.follow(page.locator("button[name=accepted][value='1']"))
        assert visitor.says()
        assert boxes.count() == before - 1
    visitor.go("/messages")
    unread = page.locator("input[name=message]").count()
    if unread:
        visitor.follow(page.locator("form:has(input[name=message]) button"))
        assert page.locator("input[name=message]").count() == 0
        assert page.locator(".bell .count").count() == 0
    assert page.get_by_text("X-01").count() >= 1, "what became of the imported case is told to its source"


@pytest.mark.parametrize("window", [DESK_EN, PHONE_ZH], ids=lambda w: w.name)
def test_the_rulebook_names_edition_source_and_doubt(sit_down: Sit, window: Window) -> None:
    visitor = sit_down("wang", window)
    page = visitor.go("/rules")
    visitor.follow(page.locator("a[href='/rules/clock.investigation']"))
    assert page.locator("section.card").count() >= 1
    page.locator("section.card summary").first.click()
    assert page.locator("section.card tbody tr").count() >= 2


def test_the_looking_itself_finds_faults(sit_down: Sit) -> None:
    """A picture without words, an untranslated sentence and a page that is too wide are each found."""
    visitor = sit_down("wang", PHONE_ZH)
    page = visitor.go("/rules/clock.investigation")
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"/static/lianfang/icon.svg\"><p>Nothing here is in order today</p>')"
    )
    assert visitor.untranslated() == ["Nothing here is in order today"]
    visitor.seen.clear()
    with pytest.raises(AssertionError, match="Nothing here"):
        visitor.look()
    page.evaluate("document.querySelector('main p:last-child').remove()")
    visitor.seen.clear()
    with pytest.raises(AssertionError, match="image-alt"):
        visitor.look()
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<div style=\"width:900px\">.</div>')"
    )
    with pytest.raises(AssertionError, match="wide"):
        visitor.look()
