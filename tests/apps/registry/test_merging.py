"""Two records become one person, and two again."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.apps.registry.snapshots import snapshot
from tests.world import NOON, World, a_person, build_world

from lianfang.cases.models import Case
from lianfang.common.errors import NotPermitted, NotVisible
from lianfang.contacts.models import Contact, Observation
from lianfang.core.access.actor import Actor
from lianfang.core.audit.models import Event
from lianfang.core.registry import merging
from lianfang.core.registry.errors import AlreadyDecided, CannotMerge, CannotUndoMerge, EmptyReason
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.models import (
    ExternalNumber,
    Household,
    MatchDecision,
    MatchReview,
    Membership,
    Person,
)
from lianfang.core.registry.selectors import get_person, open_reviews, surviving_ids
from lianfang.core.registry.services import decide_match, merge_people, register_people, undo_merge

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("registry")


@pytest.fixture
def world() -> World:
    return build_world()


def people(world, number, **fields):
    place = world.places["420106001001"]
    rows = [
        PersonCandidate(name=f"赵{n}", phone=f"1390000000{n}", place_id=place.pk, path=place.path, **fields)
        for n in range(number)
    ]
    return register_people(rows, by=SYSTEM, at=NOON)


def a_case(world, person, number="C-1"):
    place = world.places["420106"]
    return Case.objects.create(
        number=number,
        person=person,
        disease="covid-19",
        place=place,
        path=place.path,
        opened_at=NOON,
        reported_at=NOON,
    )


def a_contact(world, person, case):
    place = world.places["420106001"]
    return Contact.objects.create(
        person=person,
        case=case,
        disease="covid-19",
        place=place,
        path=place.path,
        last_contact_on=date(2020, 2, 10),
        named_at=NOON,
    )


def an_observation(contact, on=date(2020, 2, 11)):
    return Observation.objects.create(
        contact=contact, on=on, seen="seen_ok", occurred_at=NOON, recorded_at=NOON
    )


def test_everything_hangs_on_the_kept_record(world):
    kept, merged = people(world, 2)
    case = a_case(world, merged)
    ExternalNumber.objects.create(system="s", number="7", record="registry.Person", record_id=merged.pk)
    merge_people(kept=kept, merged=merged, reason="同一人", by=world.actor("alice"), at=NOON)
    case.refresh_from_db()
    assert case.person == kept
    assert ExternalNumber.objects.get().record_id == kept.pk
    assert kept.identities.filter(kind="name").count() == 2
    assert surviving_ids([kept.pk, merged.pk]) == {kept.pk: kept.pk, merged.pk: kept.pk}
    assert get_person(world.actor("alice"), pk=merged.pk) == kept


def test_two_contacts_of_one_case_become_one_with_all_observations(world):
    index, kept, merged = people(world, 3)
    case = a_case(world, index)
    mine, double = a_contact(world, kept, case), a_contact(world, merged, case)
    an_observation(mine)
    an_observation(double, date(2020, 2, 12))
    before = snapshot()
    merge = merge_people(kept=kept, merged=merged, reason="同一人", by=SYSTEM, at=NOON)
    assert list(Contact.objects.all()) == [mine]
    assert mine.observations.count() == 2
    undo_merge(merge=merge, reason="误并", by=SYSTEM, at=NOON)
    assert snapshot() == before


def test_two_present_households_leave_one(world):
    kept, merged = people(world, 2)
    place = world.places["420106001001"]
    for person in (kept, merged):
        household = Household.objects.create(place=place, path=place.path, recorded_at=NOON)
        Membership.objects.create(household=household, person=person, from_on=date(2019, 1, 1))
    before = snapshot()
    merge = merge_people(kept=kept, merged=merged, reason="同一人", by=SYSTEM, at=NOON)
    assert Membership.objects.filter(person=kept).count() == 2
    assert Membership.objects.get(person=kept, to_on=None).from_on == date(2019, 1, 1)
    undo_merge(merge=merge, reason="误并", by=SYSTEM, at=NOON)
    assert snapshot() == before


def test_what_only_the_merged_record_knows_is_taken_over(world):
    kept, merged = people(world, 2)
    Person.objects.filter(pk=merged.pk).update(sex="female", birth_year=1950)
    merge_people(kept=kept, merged=merged, reason="同一人", by=SYSTEM, at=NOON)
    kept.refresh_from_db()
    assert (kept.sex, kept.birth_year) == ("female", 1950)


def test_rows_written_after_the_merge_stay_with_the_kept_record(world):
    kept, merged = people(world, 2)
    merge = merge_people(kept=kept, merged=merged, reason="同一人", by=SYSTEM, at=NOON)
    case = a_case(world, kept)
    undo_merge(merge=merge, reason="误并", by=SYSTEM, at=NOON)
    case.refresh_from_db()
    assert case.person == kept


def test_those_who_ask_hear_which_rows_moved(world, monkeypatch):
    heard = {}
    monkeypatch.setattr(
        merging,
        "on_repointed",
        [lambda model, ids, *, at: heard.setdefault(model._meta.label, set()).update(ids)],
    )
    index, kept, merged = people(world, 3)
    case = a_case(world, index)
    mine, double = a_contact(world, kept, case), a_contact(world, merged, case)
    merge_people(kept=kept, merged=merged, reason="同一人", by=SYSTEM, at=NOON)
    assert heard["contacts.Contact"] == {mine.pk, double.pk}
    assert heard["registry.Person"] >= {kept.pk, merged.pk}


def test_a_merge_that_would_put_somebody_in_two_places_names_both_stays(world):
    from lianfang.contacts.models import Stay
    from lianfang.contacts.services import withdraw_stay
    from lianfang.core.registry.errors import RecordsOverlap

    kept, merged = a_person(world), a_person(world)
    place = world.places["420106001"]
    stays = [
        Stay.objects.create(
            person=who,
            kind="home",
            place=place,
            path=place.path,
            from_on=NOON.date(),
            occurred_at=NOON,
            recorded_at=NOON,
        )
        for who in (kept, merged)
    ]
    with pytest.raises(RecordsOverlap) as refused:
        merge_people(kept=kept, merged=merged, reason="one card", by=world.actor("alice"), at=NOON)
    told = str(refused.value)
    assert all(f"{stay.pk}: 2020-02-12 18:00" in told for stay in stays)
    assert kept.label in told
    withdraw_stay(stay=stays[1], reason="entered twice", by=world.actor("alice"), at=NOON)
    merge_people(kept=kept, merged=merged, reason="one card", by=world.actor("alice"), at=NOON)
    assert set(Stay.objects.values_list("person", flat=True)) == {kept.pk}


def test_merging_is_refused_where_it_makes_no_sense(world):
    kept, merged = people(world, 2)
    with pytest.raises(EmptyReason):
        merge_people(kept=kept, merged=merged, reason=" ", by=SYSTEM, at=NOON)
    with pytest.raises(CannotMerge):
        merge_people(kept=kept, merged=kept, reason="x", by=SYSTEM, at=NOON)
    with pytest.raises(NotPermitted):
        merge_people(kept=kept, merged=merged, reason="x", by=world.actor("bao"), at=NOON)
    with pytest.raises(NotVisible):
        merge_people(kept=kept, merged=merged, reason="x", by=world.actor("stranger"), at=NOON)
    merge = merge_people(kept=kept, merged=merged, reason="x", by=SYSTEM, at=NOON)
    with pytest.raises(CannotMerge):
        merge_people(kept=kept, merged=merged, reason="x", by=SYSTEM, at=NOON)
    undo_merge(merge=merge, reason="x", by=SYSTEM, at=NOON)
    with pytest.raises(CannotUndoMerge):
        undo_merge(merge=merge, reason="x", by=SYSTEM, at=NOON)


def test_merges_that_build_on_each_other_are_undone_newest_first(world):
    a, b, c = people(world, 3)
    first = merge_people(kept=b, merged=c, reason="x", by=SYSTEM, at=NOON)
    second = merge_people(kept=a, merged=b, reason="x", by=SYSTEM, at=NOON)
    assert surviving_ids([c.pk]) == {c.pk: a.pk}
    with pytest.raises(CannotUndoMerge):
        undo_merge(merge=first, reason="x", by=SYSTEM, at=NOON)
    undo_merge(merge=second, reason="x", by=SYSTEM, at=NOON)
    assert surviving_ids([c.pk]) == {c.pk: b.pk}


def a_review(a, b):
    return MatchReview.objects.create(first=a, second=b, path=a.path, score=0.5, evidence=[], found_at=NOON)


def test_a_pair_is_decided_once_and_reviews_follow_the_survivor(world):
    a, b, c = people(world, 3)
    pair, other = a_review(a, b), a_review(b, c)
    alice = world.actor("alice")
    assert set(open_reviews(alice)) == {pair, other}
    decide_match(review=pair, decision=MatchDecision.SAME, reason="同一身份证", by=alice, at=NOON)
    left = open_reviews(alice).get()
    assert (left.first, left.second) == (a, c)
    decide_match(review=left, decision=MatchDecision.DISTINCT, reason="兄弟", by=alice, at=NOON)
    with pytest.raises(AlreadyDecided):
        decide_match(review=left, decision=MatchDecision.SAME, reason="x", by=alice, at=NOON)
    assert not open_reviews(alice)
    assert Event.objects.filter(tag="registry.match_decided", user=world.users["alice"]).count() == 2


@st.composite
def histories(draw):
    """Ties between four people, and merges among them."""
    n = 4
    person = st.integers(0, n - 1)
    return {
        "contacts": draw(st.lists(st.tuples(person, st.integers(0, 1)), max_size=6)),
        "observed": draw(st.lists(st.integers(0, 5), max_size=5)),
        "households": draw(
            st.lists(st.tuples(person, st.integers(0, 1)), max_size=4, unique_by=lambda pair: pair[0])
        ),
        "reviews": draw(
            st.lists(
                st.tuples(person, person).filter(lambda pair: pair[0] < pair[1]), max_size=4, unique=True
            )
        ),
        "merges": draw(
            st.lists(
                st.tuples(person, person).filter(lambda pair: pair[0] != pair[1]), min_size=1, max_size=3
            )
        ),
    }


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories())
def test_undoing_all_merges_restores_every_row(world, history):
    with transaction.atomic():
        persons = people(world, 4, sex="male")
        place = world.places["420106001001"]
        cases = [a_case(world, persons[0], "C-1"), a_case(world, persons[1], "C-2")]
        contacts = [a_contact(world, persons[p], cases[c]) for p, c in dict.fromkeys(history["contacts"])]
        for n, index in enumerate(history["observed"]):
            if contacts:
                an_observation(contacts[index % len(contacts)], date(2020, 2, 1) + timedelta(days=n))
        homes = [Household.objects.create(place=place, path=place.path, recorded_at=NOON) for _ in range(2)]
        for p, h in history["households"]:
            Membership.objects.create(household=homes[h], person=persons[p], from_on=date(2019, 1, 1))
        for a, b in history["reviews"]:
            a_review(persons[a], persons[b])
        states, merges = [], []
        for a, b in history["merges"]:
            before = snapshot()
            try:
                with transaction.atomic():
                    merge = merge_people(kept=persons[a], merged=persons[b], reason="x", by=SYSTEM, at=NOON)
            except CannotMerge:
                continue
            states.append(before)
            merges.append(merge)
            survivors = set(surviving_ids([p.pk for p in persons]).values())
            assert set(Contact.objects.values_list("person_id", flat=True)) <= survivors
            assert set(Case.objects.values_list("person_id", flat=True)) <= survivors
        for merge, before in zip(reversed(merges), reversed(states), strict=True):
            undo_merge(merge=merge, reason="x", by=SYSTEM, at=NOON)
            assert snapshot() == before
        transaction.set_rollback(True)
