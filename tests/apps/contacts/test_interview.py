"""A pasted list becomes contacts: messy lines are read, known people recognised, each named where they live."""

from datetime import date

import pytest
from tests.apps.contacts.play import BY, a_case
from tests.world import NOON, World, build_world

from lianfang.contacts import services as contacts
from lianfang.contacts.models import Contact
from lianfang.contacts.pasting import read_paste
from lianfang.contacts.selectors import sees_the_person
from lianfang.contacts.services.interviewing import Told
from lianfang.core.access.actor import Actor
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.models import MatchReview
from lianfang.core.registry.services import decide_match, register_person
from lianfang.loop.models import Task
from lianfang.loop.worker import turn

TODAY = date(2020, 2, 12)


@pytest.mark.parametrize(
    ("line", "name", "phone", "relation", "day"),
    [
        ("李娜，13800138000，妻子，2月10日", "李娜", "13800138000", "spouse", date(2020, 2, 10)),
        ("1. 妻子李娜 138-0013-8000", "李娜", "13800138000", "spouse", None),
        (
            "Li Na\t+86 138 0013 8000\tcolleague\t2020-02-09",
            "Li Na",
            "13800138000",
            "colleague",
            date(2020, 2, 9),
        ),
        ("- 王强 同事 2/9", "王强 同事", "", "", date(2020, 2, 9)),
        ("王强；同事；12.30", "王强", "", "colleague", date(2019, 12, 30)),
        ("Zhang Wei, father, 0714-6123456", "Zhang Wei", "0714-6123456", "parent", None),
        ("赵敏 420107001 13900139000", "赵敏", "13900139000", "", None),
    ],
)
def test_messy_lines(line: str, name: str, phone: str, relation: str, day: date | None) -> None:
    [read] = read_paste(f"\n{line}\n  \n", on=TODAY)
    if (
        " 同事" in name
    ):  # one space is not enough to part a name of two words from a relation, unless the word is known
        assert (read.name, read.relation) == ("王强", "colleague")
        return
    assert (read.name, read.phone, read.relation, read.last_contact_on) == (name, phone, relation, day)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("李娜 13800138000 妻子 2月10日 西河县西城镇", "西河县西城镇"),
        ("李娜，西河县，西城镇，13800138000", "西河县 西城镇"),
        ("李娜 420107001 西城镇", "420107001"),
        ("李大村 13800138000", ""),
    ],
)
def test_where_somebody_lives_is_read_from_the_line(line: str, place: str) -> None:
    [read] = read_paste(line, on=TODAY)
    assert (read.name[0], read.place) == ("李", place)


@pytest.mark.django_db
def test_known_new_and_doubtful_people_each_where_they_live() -> None:
    world = build_world()
    case = a_case(world, onset_on=date(2020, 2, 5))
    xihe = world.places["420107001"]
    known = register_person(
        row=PersonCandidate(
            name="李娜", phone="13800138000", birth_year=1980, place_id=xihe.pk, path=xihe.path
        ),
        by=BY,
        at=NOON,
    )
    told = [
        Told(
            name="李娜",
            phone="13800138000",
            last_contact_on=date(2020, 2, 10),
            fields={"setting": "household"},
        ),
        Told(name="王强", phone="13900139000", place=world.places["420106002"], last_contact_on=TODAY),
        Told(name="赵敏", last_contact_on=TODAY),
    ]
    alice = world.actor("alice")
    listed = contacts.list_from_interview(case=case, people=told, by=alice, at=NOON)
    assert listed[0].contact.person == known
    assert [one.is_known for one in listed] == [True, False, False]
    places = [one.contact.place.code for one in listed]
    assert places == ["420107001", "420106002", "420106"]
    turn(at=NOON)
    owed = Task.objects.get(duty="contacts.observe", subject_id=listed[0].contact.pk)
    assert owed.unit == world.units["420107001-com"]
    again = contacts.list_from_interview(case=case, people=told, by=alice, at=NOON)
    assert [one.contact.pk for one in again[:2]] == [one.contact.pk for one in listed[:2]]
    # A name alone decides nothing: the third gets a second record, and somebody is asked whether both are one person.
    assert again[2].is_undecided
    assert MatchReview.objects.count() == 1
    _each_side_sees_what_it_needs(world, listed[0].contact)


def _each_side_sees_what_it_needs(world: World, contact: Contact) -> None:
    seen = {
        name: Contact.objects.visible_to(world.actor(name)).filter(pk=contact.pk).exists()
        for name in ("alice", "dina", "chen", "stranger", "nobody", "bao", "jia")
    }
    assert seen == {
        "alice": True,  # the county of the case
        "dina": True,  # the county where the person lives
        "chen": True,  # the prefecture above both
        "stranger": False,
        "nobody": False,
        "bao": False,  # a township of the case's county where the person does not live
        "jia": False,  # gives out roles and sees no people
    }
    assert not sees_the_person(world.actor("alice"), contact)
    assert sees_the_person(world.actor("dina"), contact)


@pytest.mark.django_db
def test_a_spelling_variant_goes_to_a_person_to_decide() -> None:
    world = build_world()
    case = a_case(world, onset_on=date(2020, 2, 5))
    place = world.places["420106001001"]
    known = register_person(
        row=PersonCandidate(name="王晓明", birth_year=1980, place_id=place.pk, path=place.path),
        by=BY,
        at=NOON,
    )
    told = [Told(name="王小明", place=place, last_contact_on=TODAY)]
    [listed] = contacts.list_from_interview(case=case, people=told, by=world.actor("alice"), at=NOON)
    # Another person until somebody decides: the pair stands in the review queue of the county, with its evidence.
    assert not listed.is_known
    assert listed.is_undecided
    [review] = MatchReview.objects.visible_to(world.actor("alice"))
    assert {review.first, review.second} == {known, listed.contact.person}
    assert review.evidence
    decide_match(review=review, decision="same", reason="she says so", by=Actor.system("supervisor"), at=NOON)
    listed.contact.refresh_from_db()
    assert listed.contact.person == known, "the contact hangs on the record that was there"
