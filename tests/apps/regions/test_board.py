"""The pages of areas as a supervisor of the province sees them, over real figures of Hubei's cities."""

import json
import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from tests.apps.regions.china import build_places, rows_by_day
from tests.apps.regions.test_history import DISEASE, morning_after, take_until

from lianfang.core.access.actor import Actor
from lianfang.core.access.models import Grant, User
from lianfang.core.registry.models import Place
from lianfang.core.registry.services import mark_urban
from lianfang.loop.models import Finding
from lianfang.loop.services import judge_finding
from lianfang.regions import selectors
from lianfang.regions.indicators import INDICATORS
from lianfang.regions.mart import Mart
from lianfang.regions.models import Boundary, Grade
from lianfang.regions.night import compute
from lianfang.regions.selectors import changes_behind
from lianfang.regions.services import take_boundaries

pytestmark = pytest.mark.django_db
DAY = date(2020, 3, 15)


@pytest.fixture
def province(shared_data, client, settings):
    """Hubei on the morning of 16 March, with the outlines of its cities, and a supervisor signed in."""
    settings.LANGUAGE_CODE = "en"
    folder = shared_data / "china_covid_2020"
    build_places(folder, ("42",))
    take_until(rows_by_day(folder, ("42",)), DAY)
    compute(DISEASE, at=morning_after(DAY))
    features = json.loads((shared_data / "china_admin" / "prefectures.geojson").read_text(encoding="utf-8"))
    take_boundaries(collection=features, source="test", by=Actor.system("test"), at=morning_after(DAY))
    user = User(login="sun", name="Sun")
    user.set_unusable_password()
    user.save()
    place = Place.objects.get(code="42")
    Grant.objects.create(
        user=user,
        role="supervisor",
        place=place,
        path=place.path,
        from_at=morning_after(DAY) - timedelta(days=9),
    )
    client.force_login(user)
    return client


def text_of(client: Client, name: str, query: str, **names: str) -> str:
    answer = client.get(f"{reverse(f'web:{name}', kwargs=names)}?{query}", headers={"accept-language": "en"})
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_board_its_map_and_what_stands_behind_a_figure(province):
    board = text_of(province, "areas", "area=42")
    total = int(Mart(DISEASE).read(["CN.42."], ["total"])["total"][-1, 0])
    assert total > 67_000
    assert f"{total:,}".replace(",", " ") in board
    assert "武汉市" in board
    assert "proposed grades wait for a decision" in board
    drawn = json.loads(text_of(province, "areas_map", "area=42"))
    assert Boundary.objects.count() >= len(drawn["features"]) >= 13
    wuhan = next(one for one in drawn["features"] if one["properties"]["code"] == "4201")
    assert wuhan["properties"]["weeks"][-1] == 36 + 17 + 13 + 8 + 5 + 4 + 4
    assert re.search(r"<b>\d+\.\d %</b><span>Fatality, adjusted for delay \(\d+\.\d–\d+\.\d %\)", board)
    figure = text_of(province, "area_figure", "area=4201", code="total")
    assert "49 999" in figure
    assert "SELECT" in figure
    earlier = text_of(province, "areas", "area=4201&day=2020-02-11")
    assert "49 999" not in earlier
    assert "Hit rate" in text_of(province, "area_methods", "area=42")


def test_every_figure_of_the_board_leads_to_its_rows_and_its_query(province):
    """Each card is a link; its page has the same value, the query, and the changes; of a count they add up to it."""
    board = text_of(province, "areas", "area=4201")
    panel = Mart(DISEASE).read(["CN.42.4201."])
    for code, one in INDICATORS.items():
        card = board.split(f"/areas/figures/{code}?")[1]
        said = card.split("<b>")[1].split("</b>")[0]
        page = text_of(province, "area_figure", "area=4201", code=code)
        assert "SELECT" in page, code
        assert said in page, code
        if (
            one.is_told(panel)
            and not one.whole
            and code in {"total", "total_cured", "total_died", "confirmed", "cured", "died", "suspected"}
        ):
            rows = changes_behind(DISEASE, "CN.42.4201.", one.measure, panel.last, limit=100_000)
            is_sum = code in {"total", "total_cured", "total_died", "suspected"}
            told = sum(n for day, _, n, _ in rows if is_sum or day == panel.last)
            assert told == one.value(panel), code


def test_what_an_area_does_not_publish_is_no_nought(province):
    board = text_of(province, "areas", "area=4201")
    assert "– stands for what it does not publish" in board
    for code, said in (
        ("total", "49 999"),
        ("severe_share", "–"),
        ("admitted", "–"),
        ("observed", "–"),
        ("suspected", "0"),
    ):
        cell = board.split(f"/areas/figures/{code}?")[1].split("<b>")[1].split("</b>")[0]
        assert cell == said, code
    told = province.get("/api/areas/4201/figures").json()["figures"]
    assert (told["total"], told["admitted"], told["severe_share"]) == (49_999, None, None)


def test_the_record_of_each_method_says_how_many_were_answered_and_how_soon(province):
    page = text_of(province, "area_methods", "area=42")
    assert "Answered" in page
    assert "0 %</b><span>of the warnings were answered" in page
    assert "target: 97 % · the target is not reached" in page
    for one in province.get("/api/areas/42/methods").json():
        assert one["answered"] == (0.0 if one["n"] else None), "nobody has judged anything yet"


def test_what_was_answered_stands_beside_its_target(province):
    """Every warning is judged within the hour: both targets are reached, and the page says so beside them."""
    warnings = list(Finding.objects.filter(kind="regions.warning", withdrawn_at=None))
    assert warnings
    for n, finding in enumerate(warnings):
        judge_finding(
            finding=finding, decision="dismissed" if n else "confirmed", reason="looked at", by=Actor.system("test"),
            at=finding.found_at + timedelta(minutes=30),
        )  # fmt: skip
    page = text_of(province, "area_methods", "area=42")
    assert "100 %</b><span>of the warnings were answered" in page
    assert page.count("the target is reached") == 2
    assert "<b>0.5</b><span>hours until half of them were" in page
    assert "<b>0</b><span>wait for a person" in page


def test_grades_are_put_in_force_together_with_one_reason(province):
    page = text_of(province, "area_grades", "area=42")
    assert "cumulative count above 50 and no cluster within 14 days" in page
    ids = list(Finding.objects.filter(kind="regions.grade", withdrawn_at=None).values_list("pk", flat=True))
    answer = province.post(reverse("web:area_grades"), {"finding": ids, "reason": "as the figures say"})
    assert answer.status_code == 302
    assert Grade.objects.current().count() == len(ids) == 17
    assert Grade.objects.current().filter(level="medium").count() == 6


def test_a_city_has_the_worst_grade_of_its_districts(province):
    """Of the counties of Wuhan two are districts: a county-level forest zone does not count, whatever its name."""
    city = Place.objects.get(code="4201")
    at = morning_after(DAY)
    for code, name, level, urban in (
        ("420106", "武昌区", "low", True),
        ("420107", "青山区", "medium", True),
        ("420121", "神山林区", "high", False),
        ("420108", "新洲区", "", True),
    ):
        place = Place.objects.create(code=code, name=name, level=3, parent=city, path=f"{city.path}{code}.", is_urban=urban)  # fmt: skip
        if level:
            Grade.objects.create(disease=DISEASE, place=place, path=place.path, level=level, data_to=DAY, edition="risk_grade@2020-02", reason="-", occurred_at=at, recorded_at=at)  # fmt: skip
    board = text_of(province, "areas", "area=4201")
    assert "urban area: the worst of its districts (2 of 3 graded)" in board
    assert re.search(r'class="tag medium">\s*medium risk</span>\s*urban area', board)
    grades = selectors.grades_in_force(DISEASE, city.path)
    assert selectors.city_grade(grades, Place.objects.get(code="420106")) is None
    mark_urban(
        place=Place.objects.get(code="420121"), is_urban=True, reason="-", by=Actor.system("test"), at=at
    )
    assert selectors.city_grade(grades, city) == selectors.CityGrade(level="high", districts=4, graded=3)
