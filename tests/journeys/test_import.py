"""A file comes in by page: columns proposed and corrected, tried out, accepted, a parked row repaired; and a real outbreak."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.steps import day
from tests.journeys.visitor import DESK_EN, PHONE_ZH, Visitor, Window

pytestmark = pytest.mark.browser
Sit = Callable[[str, Window], Visitor]
MESSY = """病例编号,姓名,性别,出生日期,发病日期,报告日期,现住地代码,病例分类,备注
{n}-1,柳{name},男,19{z}1-05-02,{a},{b},990103,疑似,
{n}-2,甘{name},女,19{z}0/2/30,{c},{d},990103,疑似病例,日期有误
{n}-3,聂{name},F,19{z}1-07-19,{e},{f},990103,确诊,
"""


WHO = {"phone-zh": {"name": "青山", "z": 8}, "desk-en": {"name": "小倩", "z": 6}}


@pytest.mark.parametrize("window", [PHONE_ZH, DESK_EN], ids=lambda w: w.name)
def test_a_messy_file(sit_down: Sit, window: Window, tmp_path: Path) -> None:
    name = f"J{window.width}"
    file = tmp_path / f"{name}.csv"
    # other people in each window: somebody known is recognised, and the case that is open is joined
    days = {"a": day(9).replace("-", "/"), "b": day(8).replace("-", ""), "c": day(7), "d": day(6)}
    days |= {"e": day(6).replace("-", "."), "f": day(5)}
    file.write_text(MESSY.format(n=name, **WHO[window.name], **days), "utf-8")
    visitor = sit_down("wang", window)
    page = visitor.go("/imports")
    page.locator("[name=file]").set_input_files(file)
    page.locator("[name=new_source]").fill(f"list of {name}")
    page.locator("[name=target]").select_option("case")
    visitor.reach(page.locator("form:has([name=file]) button"))
    visitor.follow(page.locator("form:has([name=file]) button"))
    # proposed: the note is taken for nothing or for something, and a person says that it is nothing
    fields = {
        row.locator("strong").first.inner_text(): row.locator("select")
        for row in page.locator("main tbody tr").all()
    }
    assert fields["病例编号"].input_value() == "number"
    assert fields["发病日期"].input_value() == "onset_on"
    fields["备注"].select_option("")
    page.locator("[name=default-disease]").select_option("covid_19_cn_2020")
    visitor.follow(page.locator("p.actions button").last)
    # the trial wrote nothing, and says what it would do
    figures = [int(n) for n in page.locator(".figure b").all_inner_texts()]
    assert figures[0] == 2
    assert figures[3] == 1
    assert page.request.get(f"{visitor.address}/cases/{name}-1").status == 404
    visitor.follow(page.locator("form[action$='/acceptance'] button"))
    assert visitor.says()
    # the parked row is repaired
    visitor.follow(page.locator("main a[href^='/parked/']").first)
    page.locator("details, form").first.wait_for()
    if page.locator("form[action$='/opening']").count():
        page.locator("form[action$='/opening'] [name=purpose]").fill("to correct the birthday")
        visitor.follow(page.locator("form[action$='/opening'] button"))
    wrong = page.locator(".field.wrong input:not([type=hidden])").first
    wrong.fill(f"19{WHO[window.name]['z']}0-02-03")
    visitor.follow(page.locator("form:has(.field.wrong) > button"))
    assert visitor.says()
    for n in (1, 2, 3):
        visitor.go(f"/cases/{name}-{n}")
        assert page.locator("h1").inner_text().startswith(f"{name}-{n}")


def test_mers_korea_2015(sit_down: Sit, shared_data: Path) -> None:
    """The line list of a real outbreak, taken in by page; every confirmed case is owed an investigation."""
    visitor = sit_down("wang", DESK_EN)
    page = visitor.go("/imports")
    page.locator("[name=file]").set_input_files(shared_data / "chains_mers_korea_2015" / "linelist.csv")
    page.locator("[name=new_source]").fill("MERS 2015")
    visitor.follow(page.locator("form:has([name=file]) button"))
    page.locator("[name=default-disease]").select_option("mers")
    page.locator("[name=default-classification]").select_option("confirmed")
    page.locator("[name=unknown_place]").select_option("default")
    visitor.follow(page.locator("p.actions button").last)
    figures = [int(n) for n in page.locator(".figure b").all_inner_texts()]
    assert figures[0] + figures[3] == 162
    visitor.follow(page.locator("form[action$='/acceptance'] button"))
    assert visitor.says()
    taken = int(page.locator(".figure b").nth(1).inner_text())
    assert taken == figures[0]
    visitor.go("/cases?disease=mers&classification=confirmed&number=SK_1")
    assert page.locator("main tbody tr").count() >= 10
    page.goto(f"{visitor.address}/cases/SK_14")
    visitor.await_loop(page.locator("table .meter"))
