"""Work begins again, in the browser: a firm declares and is helped, a bus takes workers home, people arrive and are found."""

from collections.abc import Callable

import pytest

from tests.journeys.steps import moment
from tests.journeys.visitor import DESK_EN, PHONE_ZH, Visitor, Window

pytestmark = pytest.mark.browser
Sit = Callable[[str, Window], Visitor]
COUNTY, TOWN, OTHER = "990103", "990103001", "990104"


def fill(visitor: Visitor, form: str, **fields: str) -> None:
    """Fill and send the form that has the named button or address, opening what hides it."""
    page = visitor.page
    hidden = page.locator(f"details:not([open]):has({form})")
    if hidden.count():
        hidden.last.locator("summary").first.click()
    for name, value in fields.items():
        field = page.locator(f"{form} [name$={name}]").first
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


@pytest.mark.parametrize("window", [DESK_EN, PHONE_ZH], ids=lambda w: w.name)
def test_a_firm_declares_asks_for_help_and_gets_it(sit_down: Sit, window: Window) -> None:
    """Of the township, entered by its clinic; where the grade asks for a permit the prefecture decides with a reason."""
    zhao, lin = sit_down("zhao", window), sit_down("lin", window)
    name = f"竹器社 {window.name}"
    page = zhao.go(f"/resumption?area={TOWN}")
    enter = f"form[action^='/resumption?area={TOWN}']"
    fill(zhao, enter, name=name, trade="food", n_workers="24")
    zhao.follow(page.locator(f"{enter} button"))
    firm = page.url.removeprefix(zhao.address)
    assert firm.startswith("/resumption/firms/")
    fill(zhao, "form:has(button[value=declare])", n_back="18")
    zhao.follow(page.locator("button[value=declare]"))
    assert zhao.says()
    if page.locator(".tag", has_text=zhao.word("waits for a permit")).count():
        lin.go(f"/resumption?area={COUNTY}")
        row = lin.page.locator("ul.rows li:has(form[action^='/resumption/permits/'])", has_text=name)
        row.locator("[name=reason]").fill("masks and disinfection were seen")
        lin.follow(row.locator("button[value=open]"))
        assert lin.says()
        zhao.go(firm)
    assert page.locator(".tag.done", has_text=zhao.word("working again")).count() == 1
    fill(zhao, "form:has(button[value=help])", kind="workers", text="six for the harvest")
    zhao.follow(page.locator("button[value=help]"))
    assert page.locator(".tag.medium", has_text=zhao.word("waits")).count() == 1
    lin.go(f"/resumption?area={COUNTY}")
    asked = lin.page.locator("ul.rows li:has(form[action^='/resumption/help/'])", has_text=name)
    asked.locator("[name=reason]").fill("six people from the next village came")
    lin.reach(asked.locator("button"))
    lin.follow(asked.locator("button"))
    assert lin.says()
    zhao.go(firm)
    assert page.locator(".tag.done", has_text=zhao.word("answered")).count() == 1
    # and closes again, for a reason that stays on file
    fill(zhao, "form:has(button[value=close])", reason="a worker has fever")
    zhao.follow(page.locator("button[value=close]"))
    assert page.locator(".tag", has_text=zhao.word("closed again")).count() == 1


@pytest.mark.parametrize("window", [DESK_EN, PHONE_ZH], ids=lambda w: w.name)
def test_a_bus_takes_workers_to_another_place_and_is_taken_over(sit_down: Sit, window: Window) -> None:
    """Half of the seats, everybody measured, who has fever stays, and the township says how many came."""
    lin, zhao = sit_down("lin", window), sit_down("zhao", window)
    page = lin.go(f"/charters?area={OTHER}")
    plan = f"form[action^='/charters?area={OTHER}']"
    bus = f"示A {window.name}"
    fill(
        lin,
        plan,
        to_place=TOWN,
        vehicle=bus,
        seats="6",
        departs_at=moment(ahead=3600),
        arrives_at=moment(ahead=9000),
    )
    lin.follow(page.locator(f"{plan} button"))
    charter = page.url.removeprefix(lin.address)
    assert charter.startswith("/charters/")
    names = "form:has(button[value=list])"
    fill(lin, names, text="邹一\n喻二\n柏三\n水四")
    lin.follow(page.locator("button[value=list]"))
    assert lin.says("error"), "four do not sit on half of six seats"
    fill(lin, names, text="邹一\n喻二\n柏三")
    lin.follow(page.locator("button[value=list]"))
    assert page.locator("form[action^='/charters/travellers/']").count() == 3
    lin.follow(page.locator("button[value=depart]"))
    assert lin.says("error"), "nobody departs unmeasured"
    for n, degrees in enumerate(("36.4", "36.6", "38.2")):
        form = page.locator("form[action^='/charters/travellers/']").nth(n)
        form.locator("[name=temperature]").fill(degrees)
        lin.follow(form.locator("button"))
    assert page.locator(".tag.high", has_text=lin.word("does not travel")).count() == 1
    lin.follow(page.locator("button[value=depart]"))
    assert page.locator(".head .tag", has_text=lin.word("on the way")).count() == 1
    there = zhao.go(charter)
    fill(zhao, "form:has(button[value=receive])", n_received="2", note="to their homes")
    zhao.reach(there.locator("button[value=receive]"))
    zhao.follow(there.locator("button[value=receive]"))
    assert there.locator(".head .tag", has_text=zhao.word("taken over")).count() == 1
    # another one is planned and called off
    lin.go(f"/charters?area={OTHER}")
    fill(
        lin,
        plan,
        to_place=TOWN,
        vehicle=f"{bus} 2",
        seats="40",
        departs_at=moment(ahead=7200),
        arrives_at=moment(ahead=9000),
    )
    lin.follow(page.locator(f"{plan} button"))
    fill(lin, "form:has(button[value=call-off])", reason="nobody came forward")
    lin.follow(page.locator("button[value=call-off]"))
    assert page.locator(".head .tag", has_text=lin.word("called off")).count() == 1


@pytest.mark.parametrize("window", [DESK_EN, PHONE_ZH], ids=lambda w: w.name)
def test_who_comes_alone_is_met_and_who_is_stranded_is_looked_after(sit_down: Sit, window: Window) -> None:
    """Announced by the township, met with a temperature; a stranded person is reported and gets a bed."""
    zhao = sit_down("zhao", window)
    page = zhao.go(f"/charters?area={TOWN}")
    announce = f"form[action^='/charters/arrivals?area={TOWN}']"
    who = {"desk-en": "窦九", "phone-zh": "章十"}[window.name]
    fill(zhao, announce, name=who, from_place=OTHER, expected_at=moment(ahead=3600))
    zhao.follow(page.locator(f"{announce} button"))
    n_due = page.locator("form:has(button[value=met])").count()
    assert n_due >= 1
    met = page.locator("form:has(button[value=met])").last
    met.locator("[name=temperature]").fill("36.5")
    zhao.follow(met.locator("button[value=met]"))
    assert zhao.says()
    assert page.locator("form:has(button[value=met])").count() == n_due - 1
    page = zhao.go(f"/resumption?area={TOWN}")
    report = f"form[action='/resumption/stranded?area={TOWN}']"
    fill(zhao, report, name=f"{who}弟", need="a bed for the night")
    zhao.follow(page.locator(f"{report} button"))
    zhao.go(f"/resumption?area={TOWN}")
    row = page.locator(
        "ul.rows li:has(form[action^='/resumption/stranded/'])", has_text="a bed for the night"
    ).last
    row.locator("[name=reason]").fill("sleeps in the guest house, meals brought")
    zhao.follow(row.locator("button"))
    assert zhao.says()
