"""Users, roles, keys, signing in, and breaking the glass."""

from datetime import timedelta

import pytest
from tests.world import NOON, World, a_person, build_world

from lianfang.common.errors import NotPermitted, NotVisible
from lianfang.core.access import services
from lianfang.core.access.errors import (
    AlreadyYours,
    LoginTaken,
    NotHeldNow,
    OwnEmergency,
    OwnRole,
    ReasonTooShort,
    SignInFailed,
    TooManyAttempts,
    WeakPassword,
)
from lianfang.core.access.models import ApiToken, Grant, SignInFailure
from lianfang.core.access.permissions import Permission, Role
from lianfang.core.access.selectors import actor_for, emergencies_of, emergencies_to_review
from lianfang.core.access.services.signing_in import wait_after
from lianfang.core.audit.models import Event
from lianfang.core.registry.models import Person

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)
PASSWORD = "东山-gate-7788"


@pytest.fixture
def world() -> World:
    return build_world()


def a_user(world, login="kang", **fields):
    return services.create_user(
        login=login, name="Kang", unit=world.units["420106-cdc"], by=world.actor("jia"), at=NOON, **fields
    )


def test_a_new_user_sees_nothing_until_a_role_is_given(world):
    someone = a_person(world)
    user = a_user(world)
    assert not Person.objects.visible_to(actor_for(user, NOON))
    grant = services.grant_role(
        user=user, role=Role.EPIDEMIOLOGIST, place=world.places["420106"], by=world.actor("jia"), at=NOON
    )
    assert list(Person.objects.visible_to(actor_for(user, NOON))) == [someone]
    services.revoke_grant(grant=grant, by=world.actor("jia"), at=LATER)
    assert not Person.objects.visible_to(actor_for(user, LATER))
    with pytest.raises(NotHeldNow):
        services.revoke_grant(grant=Grant.objects.get(pk=grant.pk), by=world.actor("jia"), at=LATER)
    tags = set(Event.objects.values_list("tag", flat=True))
    assert {"access.user_created", "access.role_granted", "access.role_revoked"} <= tags


def test_roles_are_given_by_administrators_in_their_area_only(world):
    user = a_user(world)
    services.grant_role(
        user=user, role=Role.ADMINISTRATOR, place=world.places["420106"], by=world.actor("jia"), at=NOON
    )
    local, other = actor_for(user, NOON), world.users["bao"]
    services.grant_role(user=other, role=Role.REGISTRAR, place=world.places["420106"], by=local, at=NOON)
    for place in ("420107", "4201"):
        with pytest.raises(NotPermitted):
            services.grant_role(user=other, role=Role.REGISTRAR, place=world.places[place], by=local, at=NOON)
    with pytest.raises(OwnRole):
        services.grant_role(user=user, role=Role.REGISTRAR, place=world.places["420106"], by=local, at=NOON)
    with pytest.raises(NotPermitted):
        a_user_by(world, "alice")


def a_user_by(world, name):
    return services.create_user(
        login="x", name="X", unit=world.units["420106-cdc"], by=world.actor(name), at=NOON
    )


def test_names_are_taken_once_and_weak_passwords_refused(world):
    a_user(world, password=PASSWORD)
    with pytest.raises(LoginTaken):
        a_user(world)
    with pytest.raises(WeakPassword):
        a_user(world, login="lei", password="password")


def test_signing_in_waits_longer_after_each_failure(world):
    a_user(world, password=PASSWORD)
    for _ in range(5):
        with pytest.raises(SignInFailed):
            services.sign_in(login="kang", password="wrong", at=NOON)
    with pytest.raises(TooManyAttempts) as caught:  # even with the right one
        services.sign_in(login="kang", password=PASSWORD, at=NOON)
    assert caught.value.fields["seconds"] == 15
    after = NOON + timedelta(seconds=15)
    assert services.sign_in(login="kang", password=PASSWORD, at=after).login == "kang"
    assert not SignInFailure.objects.exists()
    assert Event.objects.filter(tag="access.sign_in_failed").count() == 5


def test_names_of_nobody_are_slowed_down_alike():
    for _ in range(5):
        with pytest.raises(SignInFailed):
            services.sign_in(login="no-such", password="wrong", at=NOON)
    with pytest.raises(TooManyAttempts):
        services.sign_in(login="no-such", password="wrong", at=NOON)


def test_the_wait_doubles_up_to_an_hour():
    assert [wait_after(n) for n in (0, 4, 5, 6, 7, 13, 14, 1000)] == [0, 0, 15, 30, 60, 3600, 3600, 3600]


def test_a_key_acts_as_its_user_until_revoked(world):
    user = a_user(world)
    issued = services.issue_token(user=user, name="laboratory", by=world.actor("jia"), at=NOON)
    assert services.user_of_token(issued.secret) == user
    assert issued.secret not in str(ApiToken.objects.values())
    assert services.user_of_token(issued.secret[:-1]) is None
    services.revoke_token(token=issued.token, by=world.actor("jia"), at=LATER)
    assert services.user_of_token(issued.secret) is None


def test_a_closed_user_can_do_nothing(world):
    user = a_user(world, password=PASSWORD)
    issued = services.issue_token(user=user, name="t", by=world.actor("jia"), at=NOON)
    services.grant_role(
        user=user, role=Role.ANALYST, place=world.places["420106"], by=world.actor("jia"), at=NOON
    )
    services.close_user(user=user, by=world.actor("jia"), at=LATER)
    assert services.user_of_token(issued.secret) is None
    assert not actor_for(user, LATER).scopes
    with pytest.raises(SignInFailed):
        services.sign_in(login="kang", password=PASSWORD, at=LATER)


def test_broken_glass_opens_reading_for_three_hours(world):
    someone = a_person(world)
    stranger = world.actor("stranger")
    with pytest.raises(NotVisible):
        Person.objects.get_visible(stranger, pk=someone.pk)
    services.break_glass(
        place=world.places["420106"], reason="急诊病人昏迷, 需要既往史", by=stranger, at=NOON
    )
    almost, over = NOON + timedelta(hours=2, minutes=59), NOON + timedelta(hours=3)
    during = world.actor("stranger", almost)
    assert Person.objects.get_visible(during, pk=someone.pk) == someone
    assert not during.may(Permission.CASE_EDIT, someone.path)
    assert not Person.objects.visible_to(world.actor("stranger", over))
    assert emergencies_of(world.users["stranger"], almost)
    event = Event.objects.get(tag="access.glass_broken")
    assert (event.path, event.user) == (world.places["420106"].path, world.users["stranger"])


def test_broken_glass_needs_a_reason_a_role_and_a_foreign_area(world):
    place = world.places["420106"]
    with pytest.raises(ReasonTooShort):
        services.break_glass(place=place, reason="急", by=world.actor("stranger"), at=NOON)
    with pytest.raises(NotPermitted):
        services.break_glass(place=place, reason="urgent enough, surely", by=world.actor("emil"), at=NOON)
    with pytest.raises(AlreadyYours):
        services.break_glass(place=place, reason="urgent enough, surely", by=world.actor("alice"), at=NOON)


def test_the_supervisor_of_the_opened_area_reviews_it(world):
    emergency = services.break_glass(
        place=world.places["420106"], reason="急诊病人昏迷, 需要既往史", by=world.actor("stranger"), at=NOON
    )
    chen = world.actor("chen")
    assert list(emergencies_to_review(chen)) == [emergency]
    assert not emergencies_to_review(world.actor("dina"))
    with pytest.raises(NotPermitted):
        services.review_break_glass(
            emergency=emergency, justified=True, review="too short? no", by=world.actor("alice"), at=LATER
        )
    with pytest.raises(ReasonTooShort):
        services.review_break_glass(emergency=emergency, justified=False, review="no", by=chen, at=LATER)
    services.review_break_glass(
        emergency=emergency, justified=False, review="当日没有这样的病人就诊", by=chen, at=LATER
    )
    assert not emergencies_to_review(chen)
    assert not Person.objects.visible_to(world.actor("stranger", LATER))


def test_nobody_reviews_themselves(world):
    services.grant_role(
        user=world.users["chen"],
        role=Role.SUPERVISOR,
        place=world.places["4202"],
        by=world.actor("jia"),
        at=NOON,
    )
    services.grant_role(
        user=world.users["stranger"],
        role=Role.SUPERVISOR,
        place=world.places["420107"],
        by=world.actor("jia"),
        at=NOON,
    )
    emergency = services.break_glass(
        place=world.places["4201"], reason="一个跨县的聚集性疫情", by=world.actor("stranger", LATER), at=LATER
    )
    services.grant_role(
        user=world.users["stranger"],
        role=Role.SUPERVISOR,
        place=world.places["4201"],
        by=world.actor("jia"),
        at=LATER,
    )
    with pytest.raises(OwnEmergency):
        services.review_break_glass(
            emergency=emergency,
            justified=True,
            review="it was quite all right",
            by=world.actor("stranger", LATER),
            at=LATER,
        )
