"""Who reads all bulletins of all levels, days and versions cannot work out a count of an area in which few live."""

import re
from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from scipy import optimize
from tests.apps.regions.test_history import DISEASE, morning_after

from lianfang.bulletins.errors import EarlierForm, TooFewLive
from lianfang.bulletins.joining import joined
from lianfang.bulletins.models import Bulletin
from lianfang.bulletins.services import draft_bulletin, draft_correction, issue_bulletin
from lianfang.bulletins.telling import as_told, document_of, no_address
from lianfang.core.access.actor import Actor
from lianfang.core.access.models import Grant, User
from lianfang.core.access.permissions import Role
from lianfang.core.registry.models import Level, Place
from lianfang.regions.night import compute
from lianfang.regions.services import take_published
from lianfang.report.pages import html_page

FEW = 50_000
FIRST = date(2020, 2, 3)
N_DAYS = 3
LATER = FIRST + timedelta(days=N_DAYS)
SYSTEM = Actor.system("test")
# code, above, residents; what has nothing below it publishes counts
TREE = (
    ("CN", "", None), ("42", "CN", None), ("4201", "42", 700_000), ("4202", "42", 90_000), ("4203", "42", 20_000),
    ("420301", "4203", 20_000),
    ("420101", "4201", 300_000), ("420102", "4201", 20_000), ("420103", "4201", 45_000), ("420104", "4201", 8_000),
    ("420105", "4201", 290_000), ("420201", "4202", 10_000),
    ("420101001", "420101", 30_000), ("420101002", "420101", 40_000), ("420101003", "420101", 60_000),
    ("420101004", "420101", None), ("420102001", "420102", None), ("420102002", "420102", None),
    ("420105001", "420105", None), ("420105002", "420105", None),
)  # fmt: skip
LEAVES = [code for code, _, _ in TREE if all(above != code for _, above, _ in TREE)]


def place(code, residents, level=Level.COUNTY):
    return SimpleNamespace(code=code, population=residents, level=level)


def codes(groups):
    return [[one.code for one in group] for group in groups]


def test_small_areas_are_joined_until_they_are_not_small():
    parts = [place("c", 30_000), place("a", 30_000), place("b", 90_000), place("d", 10_000), place("e", None)]
    assert codes(joined(parts, FEW)) == [["b"], ["a", "c", "d"], ["e"]]
    assert codes(joined([place("a", 10_000), place("b", 90_000)], FEW)) == [["a", "b"]]
    assert codes(joined([place("a", 10_000), place("b", 20_000)], FEW)) == [], (
        "both are told as the area above"
    )
    townships = [place("a", None, Level.TOWNSHIP), place("b", 80_000, Level.TOWNSHIP)]
    assert codes(joined(townships, FEW)) == [["a", "b"]]


@pytest.fixture
def published(db):
    """The tree of areas, and what draws their counts"""
    for code, above, residents in TREE:
        parent = Place.objects.filter(code=above).first()
        Place.objects.create(
            code=code, name=code, parent=parent, population=residents, path=f"{parent.path if parent else ''}{code}.",
            level={2: Level.PROVINCE, 4: Level.PREFECTURE, 6: Level.COUNTY, 9: Level.TOWNSHIP}[len(code)]
            if parent else Level.NATION,
        )  # fmt: skip
    return np.random.default_rng(4)


def publish(rng, at):
    counts = rng.choice([0, 0, 1, 2, 3, 7], (N_DAYS, len(LEAVES))).cumsum(axis=0)
    rows = [
        {"place": code, "on": FIRST + timedelta(days=n), "confirmed": int(counts[n, k]), "cured": 0, "died": 0, "suspected": 0}
        for n in range(N_DAYS) for k, code in enumerate(LEAVES)
    ]  # fmt: skip
    take_published(disease=DISEASE, rows=rows, source="test", by=SYSTEM, at=at)
    compute(DISEASE, at=at)
    return counts


def issue_all(rng, at, *, again):
    """Issue the bulletin of every area and day, or its correction, in any order; return those of areas with too few."""
    refused = set()
    wanted = [(code, n) for code, _, _ in TREE for n in range(N_DAYS)]
    for k in rng.permutation(len(wanted)):
        code, n = wanted[k]
        on, who = FIRST + timedelta(days=n), {"by": SYSTEM, "at": at}
        held = Bulletin.objects.current().filter(place__code=code, on=on).first()
        try:
            drawn = (
                draft_correction(bulletin=held, remark="counted again", **who) if again
                else draft_bulletin(disease=DISEASE, place=Place.objects.get(code=code), on=on, **who)
            )  # fmt: skip
        except TooFewLive:
            refused.add(code)
            continue
        issue_bulletin(bulletin=drawn, **who)
    return refused


def leaves_below(keys):
    """Return 1 for each leaf in areas, and 0: a leaf is in an area whose code begins its own, or in the nation."""
    return np.array([float(any(key == "CN" or leaf.startswith(key) for key in keys)) for leaf in LEAVES])


def equations(rows):
    """Yield what bulletins tell: leaves that are added up, first and last day of the sum, the sum."""
    for row in rows:
        told, n = as_told(row), (row.on - FIRST).days
        own = leaves_below([one["code"] for one in told["counted"]])
        course = told["course"]
        since = (FIRST - date.fromisoformat(course["first"])).days
        for day in range(N_DAYS):
            if 0 <= day + since < len(course["total"]):
                yield own, day, course["total"][day + since]
        yield own, n, told["own"]["total"]
        for key, values in told["rows"].items():
            assert key != "-"
            yield leaves_below(key.split("+")), n, values["total"]


def is_told_away(lines, small, day):
    """Whether the sum of some leaves has one possible value, by linear programming over leaves and days."""
    n_all = N_DAYS * len(LEAVES)

    def spread(leaves, when):
        line = np.zeros((N_DAYS, len(LEAVES)))
        line[when] = leaves
        return line.ravel()

    left, right = np.array([spread(own, n) for own, n, _ in lines]), [value for *_, value in lines]
    falls = np.eye(n_all)[: -len(LEAVES)] - np.eye(n_all)[len(LEAVES) :]
    aim = spread(small, day)
    ends = [
        optimize.linprog(sign * aim, A_eq=left, b_eq=right, A_ub=falls, b_ub=np.zeros(len(falls)))
        for sign in (1, -1)
    ]
    assert all(end.status == 0 for end in ends), "the true counts are a solution"
    return -ends[1].fun - ends[0].fun < 0.99


def small_sets():
    small = [code for code, _, residents in TREE if (residents or 0) < FEW and len(code) >= 6 and residents]
    return [*small, *(code for code, _, residents in TREE if len(code) == 9 and residents is None)]


def test_nothing_is_told_away_over_levels_days_and_versions(published):
    counts = publish(published, morning_after(LATER))
    refused = issue_all(published, morning_after(LATER), again=False)
    assert refused == set()
    first = list(Bulletin.objects.select_related("place"))
    Place.objects.filter(code="420104").update(population=60_000)  # what was joined stays joined for that day
    later = morning_after(LATER + timedelta(days=1))
    corrected = publish(published, later)
    issue_all(published, later, again=True)
    second = list(Bulletin.objects.current().select_related("place"))
    assert len(first) == len(second) == len(TREE) * N_DAYS
    n_secret = 0
    for rows, true in ((first, counts), (second, corrected)):
        lines = list(equations(rows))
        assert all(true[day] @ leaves == told for leaves, day, told in lines)
        for code in small_sets():
            leaves = leaves_below([code])
            for day in range(N_DAYS):
                if true[day] @ leaves:
                    n_secret += 1
                    assert not is_told_away(lines, leaves, day), code
    assert n_secret > 40
    # The attack finds what can be found: with the partner told alone, the small county follows.
    partner = (leaves_below(["420101"]), 2, int(corrected[2] @ leaves_below(["420101"])))
    assert not is_told_away(lines, leaves_below(["420104"]), 2)
    three = (leaves_below(["420102", "420103"]), 2, int(corrected[2] @ leaves_below(["420102", "420103"])))
    assert is_told_away([*lines, partner, three], leaves_below(["420104"]), 2)


def test_a_joined_area_says_with_which_it_is_told(published):
    publish(published, morning_after(LATER))
    row = draft_bulletin(
        disease=DISEASE, place=Place.objects.get(code="420102"), on=FIRST, by=SYSTEM, at=morning_after(LATER)
    )
    assert [one["code"] for one in row.figures["counted"]] == ["420102", "420103", "420104"]
    assert row.figures["rows"] == {}, "what is below is told with it"
    assert "quiet_days" not in row.figures["own"]
    assert "420102, 420103, 420104 together" in str(document_of(row, language="en", address=no_address))
    Place.objects.filter(code="CN").update(population=30_000)
    with pytest.raises(TooFewLive):
        draft_bulletin(
            disease=DISEASE,
            place=Place.objects.get(code="420102"),
            on=FIRST,
            by=SYSTEM,
            at=morning_after(LATER),
        )
    del row.figures["counted"]
    with pytest.raises(EarlierForm):
        as_told(row)


def a_reader(code, role=Role.SUPERVISOR):
    """Return the browser of somebody who has a role in the area."""
    where, login = Place.objects.get(code=code), f"{role}-{code}"
    user = User.objects.create(login=login, name=login)
    Grant.objects.create(
        user=user, role=role, place=where, path=where.path, from_at=morning_after(FIRST) - timedelta(days=9)
    )
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.mark.django_db
def test_a_joined_figure_leads_to_each_of_its_areas_that_the_reader_may_see(published):
    """The province sees all three of those told together, the supervisor of one of them that one."""
    publish(published, morning_after(LATER))
    whole, part = (
        draft_bulletin(
            disease=DISEASE, place=Place.objects.get(code=code), on=FIRST, by=SYSTEM, at=morning_after(LATER)
        )
        for code in ("4201", "420103")
    )
    together = ["420102", "420103", "420104"]
    province, county = (a_reader(code) for code in ("42", "420103"))

    def led_to(client, row):
        page = client.get(reverse("web:bulletin", kwargs={"pk": row.pk})).content.decode()
        return set(re.findall(r"/areas/figures/total\?area=(\d+)&amp;", page))

    assert led_to(province, whole) == {"4201", "420101", *together, "420105"}
    assert led_to(province, part) == set(together), "each tile leads to the three that it counts"
    assert led_to(county, part) == {"420103"}
    printed = html_page(document_of(part, language="en", address=lambda figure, place: f"/{figure}@{place}"))
    assert all(f'"/total@{code}"' in printed for code in together)


@pytest.mark.django_db
def test_a_bulletin_of_the_earlier_form_says_what_to_do(published):
    """Who may draw it up gets the button; who reads is told whom to ask; afterwards the page leads to the later version."""
    publish(published, morning_after(LATER))
    where = Place.objects.get(code="420103")
    row = draft_bulletin(disease=DISEASE, place=where, on=FIRST, by=SYSTEM, at=morning_after(LATER))
    issue_bulletin(bulletin=row, by=SYSTEM, at=morning_after(LATER))
    Bulletin.objects.filter(pk=row.pk).update(
        figures={name: value for name, value in row.figures.items() if name != "counted"}
    )
    desk, reader = a_reader("420103"), a_reader("420103", role=Role.FIELD_WORKER)
    address = reverse("web:bulletin", kwargs={"pk": row.pk})
    page = desk.get(address)
    assert page.status_code == 410
    assert "Draw the day up anew" in page.content.decode()
    assert "earlier form, not shown" in desk.get(reverse("web:bulletins") + "?area=420103").content.decode()
    assert "Draw the day up anew" not in reader.get(address).content.decode()
    assert "Ask the unit" in reader.get(address).content.decode()
    answer = desk.post(
        reverse("web:correct_bulletin", kwargs={"pk": row.pk}), {"remark": "told together now"}
    )
    fresh = Bulletin.objects.get(corrects=row)
    assert answer.url == reverse("web:bulletin", kwargs={"pk": fresh.pk})
    assert "told together now" in desk.get(answer.url).content.decode()
    issue_bulletin(bulletin=fresh, by=SYSTEM, at=morning_after(LATER))
    page = desk.get(address).content.decode()
    assert answer.url in page
    assert "Draw the day up anew" not in page
