"""People, their sealed particulars, households, units; reading with a purpose, forgetting in time."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.world import NOON, World, build_world

from lianfang.cases.models import Case
from lianfang.common.errors import NotPermitted, NotVisible
from lianfang.common.sealing import BadKey, Unopenable, digests, is_current, seal, unseal
from lianfang.contacts.models import Contact
from lianfang.core.access.actor import Actor
from lianfang.core.audit.models import Event
from lianfang.core.registry import services
from lianfang.core.registry.errors import EmptyReason, HouseholdConflict, LastUnit, NotSearchable
from lianfang.core.registry.matching import PersonCandidate, Verdict, match_many
from lianfang.core.registry.models import (
    Capability,
    Identity,
    IdentityKey,
    IdentityKind,
    Jurisdiction,
    Person,
    Unit,
    UnitKind,
)
from lianfang.core.registry.selectors import get_person

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("registry")
KINDS = list(IdentityKind)


@pytest.fixture
def world() -> World:
    return build_world()


def a_person(world, place="420106001001", **fields) -> Person:
    where = world.places[place]
    row = PersonCandidate(
        **{
            "name": "王晓明",
            "phone": "13912345678",
            "address": "城关镇南门3号",
            "place_id": where.pk,
            "path": where.path,
            **fields,
        }
    )
    return services.register_person(row=row, by=SYSTEM, at=NOON)


@given(text=st.text(), context=st.sampled_from(["name", "phone", "content"]))
def test_what_is_sealed_opens_only_as_it_was(text, context):
    sealed = seal(text, context=context)
    assert unseal(sealed, context=context) == text
    assert text.encode() not in sealed or len(text) < 3
    assert seal(text, context=context) != sealed
    with pytest.raises(Unopenable):
        unseal(sealed, context=context + "x")
    with pytest.raises(Unopenable):
        unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), context=context)


def test_a_new_key_seals_and_the_old_one_still_opens(settings):
    settings.IDENTITY_KEY = "11" * 32
    sealed, digest = seal("王", context="name"), digests("name", "王")
    settings.IDENTITY_KEY = f"2:{'22' * 32}, 1:{'11' * 32}"
    assert unseal(sealed, context="name") == "王"
    assert not is_current(sealed)
    assert digests("name", "王")[1:] == digest
    settings.IDENTITY_KEY = f"2:{'22' * 32}"
    with pytest.raises(Unopenable, match="version 1"):
        unseal(sealed, context="name")
    for bad in ("xyz", "11" * 16, f"1:{'11' * 32},1:{'22' * 32}", f"300:{'11' * 32}"):
        settings.IDENTITY_KEY = bad
        with pytest.raises(BadKey):
            seal("x", context="name")


def test_rotation_keeps_people_findable(world, settings):
    settings.IDENTITY_KEY = "11" * 32
    someone = a_person(world)
    row = PersonCandidate(name="王晓明", phone="13912345678")
    settings.IDENTITY_KEY = f"2:{'22' * 32},1:{'11' * 32}"
    assert match_many([row], at=NOON)[0].person_id == someone.pk
    assert services.rotate_keys(by=SYSTEM, at=NOON, batch=2) == 3
    assert services.rotate_keys(by=SYSTEM, at=NOON) == 0
    settings.IDENTITY_KEY = f"2:{'22' * 32}"
    assert match_many([row], at=NOON)[0].person_id == someone.pk
    assert (
        services.reveal_identity(person=someone, kinds=KINDS, purpose="核对", by=SYSTEM, at=NOON).first(
            IdentityKind.NAME
        )
        == "王晓明"
    )


def test_no_particular_lies_open_in_the_database(world):
    a_person(world)
    for identity in Identity.objects.all():
        assert "王".encode() not in bytes(identity.sealed)
        assert b"139" not in bytes(identity.sealed)


def test_reading_is_recorded_with_its_purpose(world):
    someone = a_person(world)
    bao = world.actor("bao")
    revealed = services.reveal_identity(
        person=someone, kinds=[IdentityKind.PHONE], purpose="电话随访", by=bao, at=NOON
    )
    assert revealed.values == {"phone": ("13912345678",)}
    event = Event.objects.get(tag="registry.identity_revealed")
    assert (event.subject_id, event.user, event.reason, event.path) == (
        someone.pk,
        world.users["bao"],
        "电话随访",
        someone.path,
    )
    assert event.after == {"kinds": ["phone"]}
    assert "139" not in str(Event.objects.values())
    with pytest.raises(EmptyReason):
        services.reveal_identity(person=someone, kinds=KINDS, purpose=" ", by=bao, at=NOON)


def test_reading_a_list_is_one_act_and_all_or_nothing(world, django_assert_max_num_queries):
    near = [a_person(world).pk for _ in range(20)]
    far = a_person(world, place="420205")
    with django_assert_max_num_queries(10):
        revealed = services.reveal_many(
            people=near, kinds=KINDS, purpose="今日清单", by=world.actor("bao"), at=NOON
        )
    assert len(revealed) == 20
    acts = set(Event.objects.filter(tag="registry.identity_revealed").values_list("act", flat=True))
    assert len(acts) == 1
    with pytest.raises(NotVisible):
        services.reveal_many(
            people=[*near, far.pk], kinds=KINDS, purpose="今日清单", by=world.actor("bao"), at=NOON
        )


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("stranger", NotVisible),
        ("dina", NotVisible),
        ("hana", NotPermitted),
        ("jia", NotPermitted),
        ("nobody", NotPermitted),
    ],
)
def test_who_may_not_read_does_not(world, name, error):
    someone = a_person(world)
    with pytest.raises(error):
        services.reveal_identity(person=someone, kinds=KINDS, purpose="好奇", by=world.actor(name), at=NOON)
    assert not Event.objects.filter(tag="registry.identity_revealed").exists()


def test_a_contact_living_elsewhere_is_reached_by_the_county_of_the_case(world):
    someone = a_person(world, place="420107001")
    index, dongshan = a_person(world), world.places["420106"]
    with pytest.raises(NotVisible):
        get_person(world.actor("alice"), pk=someone.pk)
    case = Case.objects.create(
        number="C-1",
        person=index,
        disease="covid-19",
        place=dongshan,
        path=dongshan.path,
        opened_at=NOON,
        reported_at=NOON,
    )
    Contact.objects.create(
        person=someone,
        case=case,
        disease="covid-19",
        place=world.places["420107001"],
        path=someone.path,
        source_path=dongshan.path,
        last_contact_on=date(2020, 2, 10),
        named_at=NOON,
    )
    assert get_person(world.actor("alice"), pk=someone.pk) == someone
    assert get_person(world.actor("dina"), pk=someone.pk) == someone
    assert services.reveal_identity(
        person=someone, kinds=KINDS, purpose="流调", by=world.actor("alice"), at=NOON
    ).first(IdentityKind.PHONE)


def test_people_are_found_by_sound_and_number_within_reach(world):
    someone, far = a_person(world), a_person(world, place="420205")
    alice = world.actor("alice")
    for kind, text in [("name", "王晓明"), ("name", "Xiaoming Wang"), ("phone", "+86 139-1234-5678")]:
        found = services.search_identity(
            kind=IdentityKind(kind), text=text, purpose="来电核对", by=alice, at=NOON
        )
        assert found == [someone], text
    assert far not in services.search_identity(
        kind=IdentityKind.NAME, text="王晓明", purpose="x", by=alice, at=NOON
    )
    assert not services.search_identity(
        kind=IdentityKind.PHONE, text="13900000000", purpose="x", by=alice, at=NOON
    )
    for kind, text in (("birth_date", "1980-01-01"), ("phone", "12"), ("address", "人民路1号")):
        with pytest.raises(NotSearchable):
            services.search_identity(kind=IdentityKind(kind), text=text, purpose="x", by=alice, at=NOON)
    assert "王" not in str(
        list(Event.objects.filter(tag="registry.identity_searched").values("after", "before"))
    )


def test_a_correction_is_found_by_the_new_and_no_longer_by_the_old(world):
    someone = a_person(world, birth_date=date(1980, 1, 1))
    services.correct_identity(
        person=someone,
        kind=IdentityKind.NAME,
        text="汪晓敏",
        reason="证件核对",
        by=world.actor("gao"),
        at=NOON,
    )
    services.correct_identity(
        person=someone, kind=IdentityKind.BIRTH_DATE, text="1985-06-07", reason="证件核对", by=SYSTEM, at=NOON
    )
    someone.refresh_from_db()
    assert someone.birth_year == 1985
    new = PersonCandidate(name="汪晓敏", birth_date=date(1985, 6, 7))
    old = PersonCandidate(name="王晓明", birth_date=date(1980, 1, 1))
    assert [r.verdict for r in match_many([new, old], at=NOON)] == [Verdict.SAME, Verdict.NEW]
    assert Identity.objects.filter(person=someone, kind="name").count() == 2
    with pytest.raises(NotPermitted):
        services.correct_identity(
            person=someone, kind=IdentityKind.NAME, text="x", reason="y", by=world.actor("stranger"), at=NOON
        )


def test_a_second_telephone_is_added_once(world):
    someone = a_person(world)
    for _ in range(2):
        services.add_identity(person=someone, kind=IdentityKind.PHONE, text="13700000001", by=SYSTEM, at=NOON)
    assert Identity.objects.filter(person=someone, kind="phone").count() == 2
    assert (
        match_many([PersonCandidate(name="王晓明", phone="13700000001")], at=NOON)[0].person_id == someone.pk
    )


def test_a_person_moves_and_the_path_follows(world):
    someone = a_person(world)
    services.change_person(person=someone, by=SYSTEM, at=NOON, place=world.places["420107"], birth_year=1970)
    someone.refresh_from_db()
    assert (someone.path, someone.birth_year) == (world.places["420107"].path, 1970)
    assert IdentityKey.objects.filter(person=someone, form="pinyin_year").exists()
    with pytest.raises(ValueError, match="path"):
        services.change_person(person=someone, by=SYSTEM, at=NOON, path="x")


def test_registering_needs_the_right_but_not_the_area(world):
    far = PersonCandidate(name="赵云", path=world.places["420205"].path, place_id=world.places["420205"].pk)
    assert services.register_person(row=far, by=world.actor("alice"), at=NOON)
    with pytest.raises(NotPermitted):
        services.register_person(row=far, by=world.actor("hana"), at=NOON)


def test_registering_costs_the_same_number_of_statements_for_more_people(
    world, django_assert_max_num_queries
):
    rows = [PersonCandidate(name=f"赵{n}", phone=f"1390000{n:04}") for n in range(180)]
    with django_assert_max_num_queries(12):
        services.register_people(rows, by=SYSTEM, at=NOON)


def test_a_household_and_its_members(world):
    place, gao = world.places["420106001001"], world.actor("gao")
    mother, child = a_person(world), a_person(world, name="王小")
    home = services.create_household(
        place=place, members=[(mother, "head")], from_on=date(2019, 1, 1), by=gao, at=NOON
    )
    membership = services.add_member(
        household=home, person=child, role="child", from_on=date(2019, 5, 1), by=gao, at=NOON
    )
    with pytest.raises(HouseholdConflict):
        services.add_member(household=home, person=child, from_on=date(2020, 1, 1), by=gao, at=NOON)
    with pytest.raises(HouseholdConflict):
        services.end_membership(membership=membership, on=date(2018, 1, 1), by=gao, at=NOON)
    other = services.create_household(place=place, by=gao, at=NOON)
    services.move_member(person=child, household=other, on=date(2020, 2, 1), by=gao, at=NOON)
    membership.refresh_from_db()
    assert membership.to_on == date(2020, 2, 1)
    assert other.memberships.get().person == child
    with pytest.raises(NotPermitted):
        services.create_household(place=place, by=world.actor("dina"), at=NOON)


def test_a_unit_takes_over_and_gives_back(world):
    township = world.places["420106002"]
    by = world.actor("gao")

    def answers():
        return Jurisdiction.objects.get(place=township, capability=Capability.OBSERVE)

    assert answers().unit.code == "4201-cdc"
    unit = services.create_unit(
        code="420106002-com",
        name="河口镇卫生院",
        kind=UnitKind.COMMUNITY,
        place=township,
        by=by,
        at=NOON,
        capabilities=[Capability.OBSERVE],
    )
    assert (answers().unit, answers().filled_at) == (unit, NOON)
    later = NOON + timedelta(hours=1)
    services.change_unit(unit=unit, capabilities=[Capability.SCREEN], by=by, at=later, daily_capacity=30)
    assert answers().unit.code == "4201-cdc"
    services.close_unit(unit=unit, by=by, at=later, reason="并入城关镇")
    assert unit not in Unit.objects.open()
    with pytest.raises(LastUnit):
        services.close_unit(unit=world.units["cn-nha"], by=SYSTEM, at=NOON)
    with pytest.raises(NotPermitted):
        services.close_unit(unit=world.units["420107-cdc"], by=by, at=NOON)


RULES = services.Retention(
    rules=[
        services.KeepingRule(model="contacts.Contact", since="last_contact_on", days=60),
        services.KeepingRule(model="cases.Case", since="opened_at", days=3650),
    ],
    unattached_days=30,
)


def test_particulars_end_when_every_rule_allows(world):
    alone, contact, patient = a_person(world), a_person(world), a_person(world)
    dongshan = world.places["420106"]
    common = {"disease": "covid-19", "place": dongshan, "path": dongshan.path}
    Case.objects.create(number="C-1", person=patient, opened_at=NOON, reported_at=NOON, **common)
    Contact.objects.create(person=contact, last_contact_on=date(2020, 2, 10), named_at=NOON, **common)

    def expired(days):
        return set(services.expired_people(RULES, at=NOON + timedelta(days=days)))

    assert [expired(29), expired(31), expired(57), expired(61)] == [set(), {alone}, {alone}, {alone, contact}]
    assert expired(3651) == {alone, contact, patient}
    later = NOON + timedelta(days=61)
    assert services.erase_expired(RULES, reason="保存期满", by=SYSTEM, at=later, batch=1) == 2
    assert expired(61) == set()
    assert not Identity.objects.filter(person__in=[alone, contact]).exclude(sealed=b"").exists()
    assert not IdentityKey.objects.filter(person__in=[alone, contact]).exists()
    assert Event.objects.filter(tag="registry.identity_erased").count() == 2
    revealed = services.reveal_identity(person=contact, kinds=KINDS, purpose="x", by=SYSTEM, at=later)
    assert not revealed.values
    assert (
        match_many([PersonCandidate(name="王晓明", phone="13912345678")], at=later)[0].person_id == patient.pk
    )
