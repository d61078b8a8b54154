"""The Chinese counts of 2020 as areas published them, taken day by day: grades, warnings, alerts as of each day."""

from collections import Counter
from datetime import date, timedelta

import pytest
from tests.apps.regions.china import build_places, rows_by_day

from lianfang.bulletins.selectors import proof_of
from lianfang.bulletins.services import draft_bulletin, issue_bulletin
from lianfang.common.clock import start_of
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Place
from lianfang.loop.models import Finding
from lianfang.regions.grading import COLUMNS as GRADE_COLUMNS
from lianfang.regions.grading import graded_on, graded_places
from lianfang.regions.mart import Mart
from lianfang.regions.night import compute
from lianfang.regions.services import take_published

DISEASE = "covid_19_cn_2020"
HUBEI = "CN.42."
# Wuhan, Shenzhen, Xinyang, Qingdao; Haidian of Beijing and Pudong of Shanghai, which stand as counties
CITIES = ("4201", "4403", "4115", "3702", "110108", "310115")
pytestmark = pytest.mark.django_db


def morning_after(day):
    return start_of(day + timedelta(days=1)) + timedelta(hours=1)


def take_until(rows, last, since=date(2019, 12, 1)):
    by = Actor.system("test")
    for day in sorted(rows):
        if since <= day <= last:
            take_published(
                disease=DISEASE, rows=rows[day], source="shared data", by=by, at=morning_after(day)
            )


@pytest.fixture
def hubei(shared_data):
    folder = shared_data / "china_covid_2020"
    build_places(folder, ("42",))
    return rows_by_day(folder, ("42",))


def test_the_published_grades_of_hubei_of_15_march(hubei):
    """71 low, 4 medium, 1 high of 76 county units were published. The figures by city allow this much of it:

    a city without a new case in the window has only low counties, a city with one has at least one county that is not.
    Six cities have one from 2 to 15 March, the edition's reading of "14 days"; five, as many as units were published
    as not low, from 3 March: Jingzhou's only case is of 2 March. Wuhan is high by a cluster, of which counts say nothing:
    by its figures alone it is medium.
    """
    take_until(hubei, date(2020, 3, 15))
    night = compute(DISEASE, at=morning_after(date(2020, 3, 15)))
    assert night is not None
    assert night.last == date(2020, 3, 15)
    places = graded_places(DISEASE)
    panel = Mart(DISEASE).read([place.path for place in places], GRADE_COLUMNS)
    graded = {place.name: one for place, one in zip(places, graded_on(panel, DISEASE), strict=True)}
    assert Counter(one.level for one in graded.values()) == {"low": 11, "medium": 6}
    not_low = {name for name, one in graded.items() if one.level != "low"}
    assert not_low == {"武汉市", "黄石市", "鄂州市", "荆门市", "荆州市", "黄冈市"}
    from_3_march = panel["confirmed"][-13:].sum(axis=0) > 0
    shorter = {place.name for place, is_new in zip(places, from_3_march, strict=True) if is_new}
    assert shorter == not_low - {"荆州市"}
    wuhan = graded["武汉市"]
    assert (wuhan.total, wuhan.has_cluster, wuhan.level) == (49_999, False, "medium")
    assert wuhan.edition == "risk_grade@2020-02"
    # The day before the edition came into force nothing is graded.
    assert graded_on(panel, DISEASE, date(2020, 2, 15)) == []
    assert len(graded_on(panel, DISEASE, date(2020, 2, 16))) == len(places)


def test_known_defects_are_flagged_on_their_day_and_not_alarmed(hubei):
    """13 February (clinically diagnosed cases of a day before) and 17 April (1,290 deaths) are the work of desks."""
    take_until(hubei, date(2020, 2, 12))
    compute(DISEASE, at=morning_after(date(2020, 2, 12)))
    wuhan = Place.objects.get(code="4201")
    day_13 = date(2020, 2, 13)
    take_until(hubei, day_13, since=day_13)
    compute(DISEASE, at=morning_after(day_13))
    flagged = _steps_of(wuhan, "total")
    assert any(step.startswith(("2020-02-12 jump", "2020-02-13 jump")) for step in flagged), flagged
    take_until(hubei, date(2020, 2, 20), since=date(2020, 2, 14))
    compute(DISEASE, at=morning_after(date(2020, 2, 20)))
    warned = Finding.objects.filter(kind="regions.warning", subject_id=wuhan.pk, withdrawn_at=None)
    on_the_day = [
        one
        for finding in warned
        for one in finding.evidence["seen"]
        if date(2020, 2, 12) <= date.fromisoformat(one.split()[0]) <= date(2020, 2, 20)
    ]
    assert on_the_day == []
    take_until(hubei, date(2020, 4, 20), since=date(2020, 2, 21))
    compute(DISEASE, at=morning_after(date(2020, 4, 20)))
    assert any("jump" in step and step.startswith("2020-04-1") for step in _steps_of(wuhan, "total_died"))


def _steps_of(place, column):
    rows = Finding.objects.filter(kind="regions.data", subject_id=place.pk, withdrawn_at=None)
    return [step for row in rows if row.evidence.get("column") == column for step in row.evidence["steps"]]


@pytest.mark.slow
def test_all_of_china_day_by_day(shared_data):
    """Each night of 15 January to 30 April for all cities: what it found is what the whole history says of that day."""
    folder = shared_data / "china_covid_2020"
    build_places(folder)
    rows = rows_by_day(folder)
    take_until(rows, date(2020, 1, 14))
    cities = list(Place.objects.filter(code__in=CITIES))
    assert len(cities) == len(CITIES)
    levels, n_new, scores, told = {}, Counter(), [], {code: {} for code in CITIES}
    for n in range(107):
        day = date(2020, 1, 15) + timedelta(days=n)
        take_until(rows, day, since=day)
        night = compute(DISEASE, at=morning_after(day))
        assert night is not None
        assert night.last == day
        n_new[day] = night.warnings.found
        scores += [one for one in night.run.result["scores"] if one["weeks"] == 1]
        for city in cities:
            told[city.code][day] = _issued(city, day)
        levels[day] = {
            row.subject_id: row.evidence["level"]
            for row in Finding.objects.filter(kind="regions.grade", withdrawn_at=None)
        }
    places = graded_places(DISEASE)
    panel = Mart(DISEASE).read([place.path for place in places], GRADE_COLUMNS)
    for day in (date(2020, 2, 20), date(2020, 3, 15), date(2020, 4, 10)):
        by_path = {one.path: one.level for one in graded_on(panel, DISEASE, day)}
        held = {place.pk: by_path[place.path] for place in places if place.pk in levels[day]}
        assert levels[day] == held
    # In the quiet weeks of April at most two findings a place and week: the silence of the rule holds.
    quiet = sum(n_new[date(2020, 4, 9) + timedelta(days=n)] for n in range(14))
    assert quiet / len(places) / 2 <= 2
    assert sum(one["n"] for one in scores) > 1000
    assert all(0 <= one["inside_95"] <= 1 for one in scores)
    mean = [sum(one[name] * one["n"] for one in scores) for name in ("wis", "baseline_wis")]
    assert mean[0] < mean[1], "the forecast is better than 'as it is now'"
    for code in CITIES:
        published = {row["on"]: row for day in rows for row in rows[day] if row["place"] == code}
        assert len(published) > 60
        _check_bulletins(told[code], published)
    _check_wuhan(told["4201"])


def _issued(place, day):
    at = morning_after(day)
    who = {"by": Actor.system("test"), "at": at}
    return issue_bulletin(bulletin=draft_bulletin(disease=DISEASE, place=place, on=day, **who), **who)


def _check_bulletins(told, published):
    """Each says what was published by then, and comes out the same when it is counted again at the end."""
    for day, row in told.items():
        if day in published:
            assert row.figures["own"]["total"] == published[day]["confirmed"], day
        assert row.holds
    proofs = [proof_of(told[day]) for day in (date(2020, 2, 11), date(2020, 3, 15), date(2020, 4, 20))]
    assert all(proof.is_whole and not proof.differs for proof in proofs)


def _check_wuhan(told):
    """The two days of desks are named on their day."""
    for day, column in ((date(2020, 2, 13), "total"), (date(2020, 4, 17), "total_died")):
        notes = [note for later in range(2) for note in told[day + timedelta(days=later)].figures["notes"]]
        assert any(note["column"] == column and note["size"] > 1_000 for note in notes), day
    rated = [row.figures["rt"]["mean"] for row in told.values() if row.figures["rt"]]
    assert len(rated) > 60
