"""What several journeys begin with: a case that is reported, and days as people write them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.journeys.visitor import Visitor

_ZONE = ZoneInfo("Asia/Shanghai")


def moment(*, ahead: float = 0, **back: float) -> str:
    """Return a moment of the site, so much before now, as a form takes it; a server's clock may stand ahead by seconds."""
    at = datetime.now(UTC) + timedelta(seconds=ahead) - timedelta(**back)
    return at.astimezone(_ZONE).strftime("%Y-%m-%dT%H:%M")


def day(back: float = 0, *, ahead: float = 0) -> str:
    """Return the day of the site so many days ago."""
    return moment(ahead=ahead, days=back)[:10]


def report_case(visitor: Visitor, name: str, *, home: str, born: str, diagnosis: str = "confirmed") -> str:
    """Report a case by the page; return its number."""
    page = visitor.go("/report-a-case")
    for field, value in {"name": name, "birth_date": born, "home": home}.items():
        page.locator(f"[name={field}]").fill(value)
    page.locator("[name=sex]").select_option("male")
    page.locator("[name=disease]").select_option("covid_19_cn_2020")
    page.locator("[name=diagnosis]").select_option(diagnosis)
    visitor.follow(page.locator("main form button"))
    assert visitor.says()
    return page.url.rpartition("/")[2]


def list_contacts(visitor: Visitor, number: str, *people: str) -> list[str]:
    """List the contacts of a case as they are pasted from a notebook; return the addresses of their pages."""
    page = visitor.go(f"/cases/{number}/contacts/interview")
    before = page.locator("ul.rows a[href^='/contacts/']").count()
    page.locator("[name=text]").fill("\n".join(people))
    visitor.follow(page.locator("form:has([name=text]) button"))
    assert page.locator("fieldset.row").count() == len(people)
    for n in range(len(people)):
        page.locator(f"[name=r{n}-setting]").select_option("household")
    visitor.follow(page.locator("form:has(fieldset.row) > button"))
    assert visitor.says()
    listed = page.locator("ul.rows a[href^='/contacts/']").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    assert len(listed) == before + len(people)
    return listed
