"""Contacts in the browser: interview to release, across the county border, symptom to case, a chain read and corrected."""

from collections.abc import Callable

import pytest

from tests.journeys.conftest import Weeks
from tests.journeys.steps import day, list_contacts, report_case
from tests.journeys.visitor import DESK_EN, PHONE_ZH, Visitor, Window

pytestmark = pytest.mark.browser
Sit = Callable[[str, Window], Visitor]
WINDOWS = [PHONE_ZH, DESK_EN]
HOME, TOWN = "990103001001", "990103001"  # a village of the field worker's township
BEYOND_THE_BORDER = "990104001001"
# Nobody of one window is taken for somebody of the other.
CAST = {
    "phone-zh": ("阮小二", "阮小五", "阮小七", "1390001"),
    "desk-en": ("石秀川", "燕青山", "凌振岳", "1390002"),
}


def field_worker_sees_them(zhao: Visitor, contact: str) -> None:
    """The field worker of the township has the person on the round of the day, and writes what was seen."""
    card = zhao.go("/round").locator(f"section.card:has(a[href='{contact}'])")
    zhao.await_loop(card)
    card.locator("[name=temperature]").fill("36.5")
    zhao.follow(card.locator("button[value=seen_ok]"))
    assert zhao.says()
    assert card.count() == 0


def they_report_alone(wang: Visitor, alone: Visitor, contact: str, name: str) -> None:
    """The person reports by a link that needs no account and tells nothing about them."""
    page = wang.go(contact)
    wang.follow(page.locator("form[action$='/self-link'] button"))
    link = page.locator("main code").inner_text().removeprefix(wang.address)
    telephone = alone.go(link)
    assert name not in telephone.content()
    telephone.locator("[name=temperature]").fill("36.7")
    alone.follow(telephone.locator("main form button"))
    assert telephone.locator("main h1").is_visible()
    assert telephone.locator("main form").count() == 0
    page = wang.go(contact)
    assert page.get_by_text("36.7 °C").count() == 1


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: w.name)
def test_from_the_interview_to_the_release(come_in: Sit, weeks: Weeks, window: Window) -> None:
    """Found late: twelve of the fourteen days are over when the case is asked; the last two are observed, then released."""
    ill, wife, _brother, phone = CAST[window.name]
    wang = come_in("wang", window)
    number = report_case(wang, ill, home=HOME, born="1984-03-05")
    wang.do("signs", onset_on=day(13, ahead=weeks.ahead))
    told = f"{wife} {phone}0001 妻子 {day(12, ahead=weeks.ahead)} {HOME}"
    (contact,) = list_contacts(wang, number, told)
    page = wang.go(contact)
    last = page.locator("section.card", has=page.locator("form[action$='/notify']")).first
    assert day(12, ahead=weeks.ahead) in last.inner_text()
    assert day(-2, ahead=weeks.ahead) in last.inner_text(), "fourteen days after the last meeting"
    wang.do("notify")
    wang.do("place", site="")
    wang.do("liaison", name="村医老周", phone=f"{phone}0009")
    assert "村医老周" in page.locator("main").inner_text()
    field_worker_sees_them(come_in("zhao", window), contact)
    weeks.go_on(days=1)
    they_report_alone(wang, come_in("", window), contact, wife)
    # until the last day is over, the release waits
    wang.expected = {409, 422}
    page.locator("details:has(form[action$='/acts/release']) summary").first.click()
    form = page.locator("form[action$='/acts/release']")
    form.locator("[name$=reason]").fill("the last day is not over")
    wang.follow(form.locator("button"))
    assert page.locator(".note.error, h1").first.is_visible()
    wang.expected = set()
    weeks.go_on(days=1)
    page = wang.go(contact)
    seen = page.locator("form:has([name=seen])")
    seen.locator("[name=seen][value=seen_ok]").check()
    seen.locator("[name=temperature]").fill("36.4")
    wang.follow(seen.locator("button"))
    weeks.go_on(days=1)
    wang.go(contact)
    wang.await_loop(page.locator("section.card .tag.done", has_text=wang.word("May be released")))
    wang.await_loop(page.locator("ul.rows a", has_text=wang.word("Release from isolation")))
    wang.do("release", reason="fourteen days without a sign")
    assert page.locator("form[action$='/acts/release']").count() == 0, "nobody is released twice"
    assert "fourteen days without a sign" in page.locator("main").inner_text()


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: w.name)
def test_across_the_county_border(sit_down: Sit, window: Window) -> None:
    """Each side sees what it needs: the county of the case how it goes, the county of the contact whom to visit."""
    ill, contact_name, _third, phone = CAST[window.name]
    login = f"border-{window.name}"
    admin = sit_down("admin", window)
    page = admin.go("/users")
    for field, value in {
        "login": login,
        "name": "Over the border",
        "unit": "990104-cdc",
        "password": "lianfang-demo",
    }.items():
        page.locator(f"[name={field}]").fill(value)
    admin.follow(page.locator("form:has([name=login]) button"))
    admin.do("role", role="epidemiologist", place="990104")
    wang = sit_down("wang", window)
    number = report_case(wang, f"{ill}甲", home=HOME, born="1979-08-11")
    wang.do("signs", onset_on=day(4))
    told = f"{contact_name}乙 {phone}0101 同事 {day(3)} {BEYOND_THE_BORDER}"
    (contact,) = list_contacts(wang, number, told)
    # the side of the case: who was met and how it goes, but no visit to enter and no place of isolation
    page = wang.go(contact)
    assert page.locator(f"dl.facts a[href='/cases/{number}']").count() == 1
    assert page.locator("form:has([name=seen])").count() == 0
    assert page.locator("form[action$='/acts/place']").count() == 0
    # the side of the contact: the person, the visits, the isolation, but of the case its number alone
    over = sit_down(login, window)
    there = over.go("/contacts?which=under")
    over.follow(there.locator(f"main a[href='{contact}']"))
    assert number in there.locator("dl.facts").first.inner_text()
    assert there.locator(f"a[href='/cases/{number}']").count() == 0
    over.expected = {404}
    there = over.go(f"/cases/{number}")
    assert number not in there.locator("main").inner_text()
    over.expected = set()
    there = over.go(contact)
    over.do("notify")
    over.do("place", site="")
    seen = there.locator("form:has([name=seen])")
    seen.locator("[name=seen][value=seen_ok]").check()
    seen.locator("[name=temperature]").fill("36.6")
    over.follow(seen.locator("button"))
    # what was seen over there is read here; the duty of that day is that county's and is done
    page = wang.go(contact)
    assert page.get_by_text("36.6 °C").count() == 1
    told = page.locator("ul.rows a[href^='/tasks/']").first
    wang.await_loop(told)


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: w.name)
def test_a_contact_with_signs_and_one_with_a_positive_result(sit_down: Sit, window: Window) -> None:
    """Signs are looked at and judged by a person; a positive result opens a case by itself. Both start their clocks."""
    ill, first, second, phone = CAST[window.name]
    wang = sit_down("wang", window)
    number = report_case(wang, f"{ill}丙", home=HOME, born="1971-01-30")
    wang.do("signs", onset_on=day(5))
    people = [f"{first}丙 {phone}0201 {day(4)} {HOME}", f"{second}丙 {phone}0202 {day(4)} {HOME}"]
    feverish, swabbed = list_contacts(wang, number, *people)
    zhao = sit_down("zhao", window)
    page = zhao.go("/round")
    card = page.locator(f"section.card:has(a[href='{feverish}'])")
    zhao.await_loop(card)
    card.locator("[name=temperature]").fill("38.4")
    card.locator("[name=signs]").fill({"phone-zh": "咳嗽，发热", "desk-en": "cough, fever"}[window.name])
    zhao.follow(card.locator("button[value=seen_not_ok]"))
    assert zhao.says()
    zhao.go(feverish)
    zhao.await_loop(page.locator("ul.rows a", has_text=zhao.word("Look at the contact with signs")))
    zhao.do("suspect", reason="fever and cough on the fourth day")
    # the case stands with the signs of the visit, its source, and what is owed from now on
    page = wang.go(feverish)
    wang.follow(page.locator("dl.facts a[href^='/cases/']").last)
    assert page.locator("h1 .tag.suspected").count() == 1
    signs = page.locator("main").inner_text()
    assert "38.4" in signs
    assert {"phone-zh": "咳嗽", "desk-en": "cough"}[window.name] in signs
    wang.await_loop(page.locator("table .meter"))
    # the other contact's swab comes back positive
    wang.go(swabbed)
    wang.do("swab", number=f"Z-{window.width}", finding="positive")
    wang.follow(page.locator("dl.facts a[href^='/cases/']").last)
    assert f"Z-{window.width}" in page.locator("main").inner_text()
    assert page.locator("h1 .tag.confirmed, h1 .tag.asymptomatic, h1 .tag.suspected").count() == 1
    wang.await_loop(page.locator("table .meter"))


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: w.name)
def test_a_chain_is_read_and_corrected(sit_down: Sit, window: Window) -> None:
    """The likely source of a case is read with its evidence; a person knows better, says why, and the chain is made anew."""
    wang = sit_down("wang", window)
    page = wang.go("/chains")
    # Cases of the neighbours are shown where a link ties them to hers; on their sources she cannot decide.
    own = "td:first-child a[href^='/chains/990103']"
    linked = page.locator(f"main table tbody tr:has({own}):has(td:nth-child(5) a)").first
    address = linked.locator("td:first-child a").get_attribute("href")
    source = linked.locator("td:nth-child(5) a").get_attribute("href")
    assert address
    wang.follow(linked.locator("td:first-child a"))
    candidate = page.locator("main table tbody tr", has=page.locator(f"a[href='{source}']"))
    assert "%" in candidate.inner_text()
    assert candidate.locator(".tag, .faint").count() >= 1, "what speaks for it is said"
    form = page.locator("form:has([name=decision])")
    form.locator("[name=decision][value=outside]").check()
    form.locator("[name=reason]").fill("came from abroad the week before, the ticket was seen")
    wang.follow(form.locator("button"))
    assert wang.says()
    assert "the ticket was seen" in page.locator("main").inner_text()
    # the chains are made anew with what was decided
    row = page.locator("main table tbody tr", has=page.locator(f"td:first-child a[href='{address}']"))
    page = wang.go("/chains")
    wang.await_loop(row.filter(has_not=page.locator("td:nth-child(5) a")))
    # a decision that was wrong is withdrawn, and stays on file no longer as standing
    wang.go(address)
    page.locator("details:has(form[action*='/decisions/']) summary").first.click()
    withdrawn = page.locator("form[action*='/decisions/']").first
    withdrawn.locator("[name=reason]").fill("it was another traveller's ticket")
    wang.follow(withdrawn.locator("button"))
    assert wang.says()
    assert page.locator("form[action*='/decisions/']").count() == 0


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: w.name)
def test_who_shared_places_with_a_case(sit_down: Sit, window: Window) -> None:
    """Visits are searched around one case, for a recorded purpose; a person decides whom they make a contact."""
    wang = sit_down("wang", window)
    # Other journeys bring cases of other diseases.
    page = wang.go("/cases?disease=covid_19_cn_2020")
    cases = page.locator("main tbody a[href^='/cases/9']").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    for case in cases:
        wang.go(f"/discovery/{case.rpartition('/')[2]}")
        if page.locator("[name=purpose]").count() == 0:
            continue
        page.locator("[name=purpose]").fill("who sat at the same table")
        wang.follow(page.locator("form:has([name=purpose]) button"))
        if page.locator("[name=found]").count():
            break
    boxes = page.locator("[name=found]")
    before = boxes.count()
    assert before >= 1, "around some case of the county somebody is found"
    boxes.first.check()
    page.locator("form:has([name=found]) [name=reason]").fill("remembered by the waiter")
    wang.follow(page.locator("button[name=decision][value=confirmed]"))
    assert wang.says()
    assert boxes.count() == before - 1
    wang.follow(page.locator("main table a[href^='/contacts/']").first)
    assert page.locator("h1 .tag").count() == 1
