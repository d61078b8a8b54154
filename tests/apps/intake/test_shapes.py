"""Records in the forms of SORMAS and Go.Data: their exact columns and words, and back again with nothing made twice."""

import csv
import io

import pytest
from tests.apps.intake.importing import Desk
from tests.apps.intake.test_ways_back import CONTACTS, HOUR, LINES, VISITS, state
from tests.world import NOON

from lianfang.intake.errors import NoShape, UnknownShape
from lianfang.intake.formats.sormas import LINE_LIST
from lianfang.intake.services import export_csv
from lianfang.intake.shapes import SHAPES
from lianfang.intake.shapes.base import parts_of

pytestmark = pytest.mark.django_db
COUNTY = "CN.42.4201.420106."
CATEGORY = "LNG_REFERENCE_DATA_CATEGORY_"


@pytest.fixture
def filled(desk: Desk) -> Desk:
    desk.take(LINES.encode())
    desk.take(CONTACTS.encode(), target="contact", defaults={"disease": "covid_19"})
    desk.take(VISITS.encode(), target="follow_up")
    return desk


def given(desk: Desk, shape: str, target: str) -> str:
    parts = export_csv(
        target=target, shape=shape, by=desk.actor, at=NOON + HOUR, purpose="exchange", path=COUNTY
    )
    return b"".join(parts).decode()


def rows(content: str, head: int = 1) -> list[dict[str, str]]:
    lines = list(csv.reader(io.StringIO(content)))
    return [dict(zip(lines[head - 1], line, strict=True)) for line in lines[head:]]


@pytest.mark.parametrize(("shape", "target"), [(s.code, t) for s in SHAPES.values() for t in s.sheets])
def test_what_was_given_out_comes_back_with_nothing_made_or_changed(
    filled: Desk, shape: str, target: str
) -> None:
    before = state()
    content = given(filled, shape, target)
    assert content.count("\r\n") > 2
    said = {"defaults": {"disease": "covid_19"}} if (shape, target) == ("godata", "case") else {}
    _, report = filled.take(content.encode(), at=NOON + HOUR, **said)
    assert (report.created, report.changed, report.parked) == (0, 0, 0), (report.words, report.problems)
    assert state() == before


def test_sormas_in_its_own_columns_and_words(filled: Desk) -> None:
    line = given(filled, "sormas_line_list", "case")
    assert tuple(line.splitlines()[0].split(",")) == LINE_LIST
    assert len(LINE_LIST) == 23
    first = rows(line)[0]
    assert (first["disease"], first["person.firstName"], first["person.lastName"], first["person.sex"]) == (
        "CORONAVIRUS",
        "Zhang",
        "Wei",
        "MALE",
    )
    assert (first["epidNumber"], first["reportDate"], first["symptoms.onsetDate"]) == (
        "R-1",
        "02/05/2020",
        "02/01/2020",
    )
    assert (first["responsibleRegion"], first["responsibleDistrict"]) == ("江北省", "东山县")
    detailed = list(csv.reader(io.StringIO(given(filled, "sormas", "case"))))
    entities, names = detailed[0], detailed[1]
    assert {"CaseData", "Person", "Location", "Symptoms", "Sample", "PathogenTest"} == set(entities)
    cells = dict(zip(names[::-1], detailed[2][::-1], strict=True))  # of repeated columns the first
    assert (cells["caseClassification"], cells["outcome"], cells["outcomeDate"]) == (
        "CONFIRMED",
        "RECOVERED",
        "02/11/2020",
    )
    assert (cells["symptoms.fever"], cells["symptoms.cough"]) == ("YES", "NO")
    assert (cells["testResult"], cells["testedDisease"]) == ("POSITIVE", "CORONAVIRUS")
    contact = rows(given(filled, "sormas", "contact"), head=2)[0]
    assert (contact["caseIdExternalSystem"], contact["lastContactDate"]) == ("R-1", "02/04/2020")


def test_godata_in_database_names_and_tokens(filled: Desk) -> None:
    case = rows(given(filled, "godata", "case"))[0]
    assert (case["visualId"], case["classification"], case["gender"], case["dateOfOnset"]) == (
        "R-1",
        f"{CATEGORY}CASE_CLASSIFICATION_CONFIRMED",
        f"{CATEGORY}GENDER_MALE",
        "2020-02-01T00:00:00.000Z",
    )
    assert case["outcomeId"] == f"{CATEGORY}OUTCOME_RECOVERED"
    visits = {row["date"][:10]: row["statusId"] for row in rows(given(filled, "godata", "follow_up"))}
    assert set(visits.values()) == {
        f"LNG_REFERENCE_DATA_CONTACT_DAILY_FOLLOW_UP_STATUS_TYPE_{word}" for word in ("SEEN_OK", "MISSED")
    }
    tie = rows(given(filled, "godata", "relationship"))
    assert {row["persons [1].id"] for row in tie} == {"R-1"}
    assert {row["persons [2].type"] for row in tie} == {
        f"{CATEGORY}PERSON_TYPE_CONTACT",
        f"{CATEGORY}PERSON_TYPE_CASE",
    }
    assert rows(given(filled, "godata", "lab_result"))[0]["result"] == f"{CATEGORY}LAB_TEST_RESULT_POSITIVE"


def test_a_disease_that_sormas_does_not_know_comes_back_from_its_details(desk: Desk) -> None:
    desk.take(LINES.replace("covid_19", "mers").encode())
    content = given(desk, "sormas_line_list", "case")
    assert {(row["disease"], row["diseaseDetails"]) for row in rows(content)} == {("OTHER", "mers")}
    _, report = desk.take(content.encode(), at=NOON + HOUR)
    assert (report.created, report.changed, report.parked) == (0, 0, 0), report.problems


def test_a_form_that_has_no_such_record_says_what_it_has(desk: Desk) -> None:
    with pytest.raises(NoShape, match="SORMAS"):
        given(desk, "sormas", "screening")
    with pytest.raises(UnknownShape):
        given(desk, "epi-info", "case")


def test_names_are_parted_as_their_writers_would() -> None:
    assert parts_of("欧阳修") == ("欧阳", "修")
    assert parts_of("王敏") == ("王", "敏")
    assert parts_of("Maria da Silva") == ("Silva", "Maria da")
    assert parts_of("") == ("", "")


def test_a_bare_day_does_not_correct_the_hour_on_file(filled: Desk) -> None:
    """What comes back without its hour agrees with every hour of its day, and another day does not."""
    content = given(filled, "sormas_line_list", "case")
    _, report = filled.take(content.replace("02/06/2020", "02/07/2020").encode(), at=NOON + HOUR)
    assert (report.created, report.changed) == (0, 1)
