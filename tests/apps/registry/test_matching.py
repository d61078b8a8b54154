"""Is it the same person: names in every spelling, missing particulars, common names, undecidable rows."""

from datetime import date

import pytest
from tests.world import NOON, World, build_world

from lianfang.core.access.actor import Actor
from lianfang.core.registry.matching import PersonCandidate, Verdict, match_many
from lianfang.core.registry.matching.weights import Frequency, weights
from lianfang.core.registry.models import IdentityKey, MatchReview, Person
from lianfang.core.registry.services import register_people, resolve_people

pytestmark = pytest.mark.django_db
IMPORTER = Actor.system("import")


@pytest.fixture
def world() -> World:
    return build_world()


def person(**fields) -> PersonCandidate:
    return PersonCandidate(**{"name": "王晓明", "birth_date": date(1980, 3, 5), "sex": "male", **fields})


@pytest.mark.parametrize(
    "arriving",
    [
        person(),
        person(name="王小明", phone="13912345678"),  # the same sound
        person(name="Wang Xiaoming", phone="+86 139 1234 5678"),
        person(name="Xiao-Ming WANG", phone="13912345678"),  # given name first
        person(name="王晓朋", phone="139-1234-5678"),  # one character read wrongly
        person(birth_date=date(1980, 5, 3), phone="13912345678"),  # day and month exchanged
        PersonCandidate(name="王晓明", phone="13912345678"),  # no date of birth
        PersonCandidate(name="", national_id="420106198003050013"),
    ],
)
def test_one_person_is_recognised_in_many_spellings(arriving):
    known = register_people(
        [person(phone="13912345678", national_id="420106198003050013")], by=IMPORTER, at=NOON
    )[0]
    result = match_many([arriving], at=NOON)[0]
    assert (result.verdict, result.person_id) == (Verdict.SAME, known.pk), result


def test_different_people_stay_apart():
    register_people([person(phone="13912345678")], by=IMPORTER, at=NOON)
    strangers = [
        person(name="李晓明", birth_date=date(1971, 1, 9)),
        person(
            name="王芳", sex="female", birth_date=date(1990, 1, 1), phone="13912345678"
        ),  # a shared telephone
        PersonCandidate(name="王伟"),
    ]
    assert {r.verdict for r in match_many(strangers, at=NOON)} <= {Verdict.NEW, Verdict.UNDECIDED}
    assert match_many([strangers[0]], at=NOON)[0].verdict is Verdict.NEW


def test_rows_of_one_call_that_tell_of_one_person_get_one_record():
    rows = [person(), PersonCandidate(name="赵敏", phone="13800000000"), person(name="Wang Xiaoming")]
    resolved = resolve_people(rows, by=IMPORTER, at=NOON)
    assert resolved[0].person == resolved[2].person
    assert Person.objects.count() == 2


def test_an_undecidable_row_is_registered_and_queued_once(world):
    known = resolve_people([person()], by=IMPORTER, at=NOON)[0].person
    again = resolve_people([PersonCandidate(name="王晓明", birth_year=1980)], by=IMPORTER, at=NOON)[0]
    assert again.match.verdict is Verdict.UNDECIDED
    review = MatchReview.objects.get()
    assert {review.first_id, review.second_id} == {known.pk, again.person.pk}
    lines = {line["what"] for line in review.evidence}
    assert {"prior", "name", "birth"} <= lines
    assert "王" not in str(review.evidence)


def test_no_name_lies_open_in_the_database():
    register_people([person(phone="13912345678")], by=IMPORTER, at=NOON)
    for key in IdentityKey.objects.all():
        assert len(bytes(key.digest)) == 16


def test_the_account_of_a_pair_adds_up_to_its_odds():
    table = weights()
    pairs = [
        {"name": "exact", "birth": "date_same", "sex": "same", "phone": "same", "address": "same"},
        {"name": "same_sound", "birth": "different", "phone": "near", "place": "township", "address": "same"},
        {"name": "different", "place": "elsewhere"},
        {},
    ]
    for levels in pairs:
        for frequency in (None, Frequency(exact=3, sound=40)):
            account = table.account(levels, base=100_000, frequency=frequency)
            total = table.total(levels, base=100_000, frequency=frequency)
            assert total == pytest.approx(sum(line.bits for line in account), abs=1e-9)
