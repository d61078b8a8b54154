"""Exposures are facts; who is a contact, and for how long, follows from them by the edition in force."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.apps.contacts.play import BY, DAY, DISEASE, a_case, at_noon, named
from tests.world import NOON, World, build_world

from lianfang.cases import services as cases
from lianfang.cases.models import Case
from lianfang.common.clock import start_of
from lianfang.contacts import services as contacts
from lianfang.contacts.derive import FIELDS, derive_contacts
from lianfang.contacts.errors import ExposureOutOfOrder
from lianfang.contacts.exposed import visits_until
from lianfang.contacts.models import Contact, Exposure, FollowUp, SwabDay
from lianfang.contacts.rules import number_of_contact_day, setting_words, settings_in_force
from lianfang.contacts.selectors import judged_exposures
from lianfang.loop.worker import sweep, turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return build_world()


@pytest.mark.parametrize(
    ("named_on", "days_before_onset", "counts"),
    [
        (date(2020, 2, 20), 0, True),  # plans 2 to 4: from onset
        (date(2020, 2, 20), 1, False),
        (date(2020, 2, 21), 2, True),  # plan 5: two days before, inclusive
        (date(2020, 2, 21), 3, False),
    ],
)
def test_the_window_by_edition(world: World, named_on: date, days_before_onset: int, *, counts: bool) -> None:
    at, onset = at_noon(named_on), date(2020, 2, 15)
    contact = named(world, a_case(world, onset_on=onset, at=at), onset - days_before_onset * DAY, at)
    assert (contact.status == FollowUp.UNDER) is counts
    assert contact.window_from_on == onset - (2 if named_on >= date(2020, 2, 21) else 0) * DAY
    assert (contact.observe_until_on is not None) is counts


def test_fourteen_days_from_the_last_unprotected_contact_which_is_day_zero(world: World) -> None:
    contact = named(world, a_case(world, onset_on=date(2020, 2, 1)), date(2020, 2, 10))
    assert contact.observe_until_on == date(2020, 2, 24)
    contact = contacts.record_exposure(
        contact=contact, to_on=date(2020, 2, 12), protection="full", by=BY, at=NOON
    )
    assert contact.observe_until_on == date(2020, 2, 24)
    contact = contacts.record_exposure(
        contact=contact, to_on=date(2020, 2, 11), protection="partial", by=BY, at=NOON
    )
    assert contact.observe_until_on == date(2020, 2, 25)


def test_a_new_edition_judges_again_while_the_observation_could_run_and_not_after(world: World) -> None:
    onset = date(2020, 2, 15)
    case = a_case(world, onset_on=onset)
    running = named(world, case, onset - 2 * DAY, at_noon(date(2020, 2, 19)))
    over = named(world, case, date(2020, 2, 1), at_noon(date(2020, 2, 19)))
    assert (running.status, over.status) == (FollowUp.NONE, FollowUp.NONE)
    sweep(at=at_noon(date(2020, 2, 21)))
    running.refresh_from_db()
    over.refresh_from_db()
    assert running.status == FollowUp.UNDER
    assert running.window_edition == "covid_19_cn_2020/contact_definition@5"
    assert over.status == FollowUp.NONE
    assert over.window_edition == "covid_19_cn_2020/contact_definition@2"


def test_distance_counts_from_the_fifth_plan_and_a_person_can_decide_otherwise(world: World) -> None:
    at = at_noon(date(2020, 2, 24))
    case = a_case(world, onset_on=date(2020, 2, 20), at=at)
    near = named(world, case, date(2020, 2, 21), at, distance_m=1.0)
    far = named(world, case, date(2020, 2, 21), at, distance_m=1.5)
    decided = named(
        world, case, date(2020, 2, 21), at, distance_m=1.5, counts_because="an hour in one lift car"
    )
    assert [c.status for c in (near, far, decided)] == [FollowUp.UNDER, FollowUp.NONE, FollowUp.UNDER]


def test_before_the_fifth_plan_no_distance_is_asked_for(world: World) -> None:
    far = named(world, a_case(world, onset_on=date(2020, 2, 1)), date(2020, 2, 10), distance_m=1.5)
    assert far.status == FollowUp.UNDER
    assert [why for _exposure, why in judged_exposures(far)] == [""]
    sweep(at=at_noon(date(2020, 2, 21)))
    far.refresh_from_db()
    assert far.window_edition == "covid_19_cn_2020/contact_definition@5"
    assert (far.status, far.observe_until_on) == (FollowUp.NONE, None)
    assert [why for _exposure, why in judged_exposures(far)] == ["too_far"]


def test_the_eight_settings_of_the_fifth_plan() -> None:
    settings_ = settings_in_force(DISEASE, date(2020, 2, 21))
    assert list(settings_) == [
        "household", "caregiver", "aerosol", "office", "meal", "visitor", "vehicle", "other",
    ]  # fmt: skip
    assert list(settings_in_force(DISEASE, date(2020, 2, 20))) == ["household", "care", "vehicle", "other"]
    assert set(settings_) <= set(setting_words(DISEASE))


def test_each_meeting_says_why_it_does_not_count(world: World) -> None:
    at = at_noon(date(2020, 2, 24))
    contact = named(world, a_case(world, onset_on=date(2020, 2, 20), at=at), date(2020, 2, 21), at)
    for to_on, fields in (
        (date(2020, 2, 22), {"protection": "full"}),
        (date(2020, 2, 17), {}),
        (date(2020, 2, 23), {"distance_m": 2}),
    ):
        contact = contacts.record_exposure(contact=contact, to_on=to_on, by=BY, at=at, **fields)
    assert [(e.to_on.day, why) for e, why in judged_exposures(contact)] == [
        (23, "too_far"),
        (22, "protected"),
        (21, ""),
        (17, "too_early"),
    ]
    assert contact.last_contact_on == date(2020, 2, 21)
    assert number_of_contact_day(contact.edition) == 0, "the day of the last contact is day 0"
    assert (contact.observe_until_on - contact.last_contact_on).days == 14


def test_without_onset_everything_counts_until_sampling_of_a_person_without_signs_says_more(
    world: World,
) -> None:
    at = at_noon(date(2020, 2, 24))
    case = a_case(world, onset_on=None, at=at, diagnosis="asymptomatic")
    contact = named(world, case, date(2020, 2, 12), at)
    assert contact.status == FollowUp.UNDER
    sample = cases.record_sample(
        case=case,
        number="S1",
        specimen="oropharyngeal_swab",
        taken_at=start_of(date(2020, 2, 16)),
        by=BY,
        at=at,
    )
    cases.record_result(
        sample=sample, kind="rt_pcr", finding="positive", resulted_at=at, key="k", by=BY, at=at
    )
    turn(at=at)
    case.refresh_from_db()
    contact.refresh_from_db()
    assert case.classification == "asymptomatic"
    assert contact.window_from_on == date(2020, 2, 14)
    assert contact.status == FollowUp.NONE


def test_a_correction_supersedes_and_the_columns_follow(world: World) -> None:
    contact = named(world, a_case(world, onset_on=date(2020, 2, 1)), date(2020, 2, 10), setting="household")
    exposure = Exposure.objects.get(contact=contact)
    contacts.correct_exposure(
        exposure=exposure, changes={"to_on": date(2020, 2, 8)}, reason="calendar", by=BY, at=NOON
    )
    contact.refresh_from_db()
    exposure.refresh_from_db()
    assert (contact.last_contact_on, contact.observe_until_on) == (date(2020, 2, 8), date(2020, 2, 22))
    assert contact.setting == "household"
    assert exposure.withdrawn_because == "calendar"
    contacts.withdraw_entry(entry=exposure.superseded_by, reason="another person", by=BY, at=NOON)
    contact.refresh_from_db()
    assert contact.status == FollowUp.NONE


def test_the_same_meeting_twice_is_one_and_two_settings_on_a_day_are_two(world: World) -> None:
    case = a_case(world, onset_on=date(2020, 2, 1))
    contact = named(world, case, date(2020, 2, 10), setting="household")
    again = {"person": contact.person, "setting": "household"}
    named(world, case, date(2020, 2, 10), **again)
    assert Exposure.objects.current().count() == 1
    named(world, case, date(2020, 2, 10), **{**again, "setting": "vehicle"})
    assert Exposure.objects.current().count() == 2
    assert Contact.objects.count() == 1


def test_a_meeting_in_the_future_or_backwards_is_refused(world: World) -> None:
    case = a_case(world, onset_on=date(2020, 2, 1))
    with pytest.raises(ExposureOutOfOrder):
        named(world, case, date(2020, 2, 13))
    with pytest.raises(ExposureOutOfOrder):
        named(world, case, date(2020, 2, 10), first_contact_on=date(2020, 2, 11))


def test_a_contact_of_a_contact_is_on_file_and_not_observed(world: World) -> None:
    case = a_case(world, onset_on=date(2020, 2, 1))
    contact = named(world, case, date(2020, 2, 10))
    onward = named(world, case, date(2020, 2, 11), via=contact)
    assert (onward.via, onward.status) == (contact, FollowUp.NONE)
    assert named(world, case, date(2020, 2, 11), person=onward.person, via=contact) == onward
    direct = named(world, case, date(2020, 2, 11), person=onward.person)
    assert direct != onward
    assert direct.status == FollowUp.UNDER


def test_a_contact_of_two_cases_is_visited_once_a_day(world: World) -> None:
    first = named(world, a_case(world, onset_on=date(2020, 2, 1)), date(2020, 2, 5))
    second = named(world, a_case(world, onset_on=date(2020, 2, 1)), date(2020, 2, 11), person=first.person)
    first.refresh_from_db()
    assert second.visit_until_on == date(2020, 2, 25)
    assert first.visit_until_on is None  # both begin today; the later end has the visits
    contacts.close_observation(contact=second, status="cancelled", reason="not met", by=BY, at=NOON)
    first.refresh_from_db()
    assert first.visit_until_on == date(2020, 2, 19)


def test_swab_days_by_the_edition_that_has_them(world: World) -> None:
    at = at_noon(date(2020, 10, 3))
    case = a_case(world, onset_on=date(2020, 10, 1), at=at)
    contact = named(world, case, date(2020, 10, 2), at)
    days = list(SwabDay.objects.filter(contact=contact).order_by("on").values_list("number", "on"))
    assert days == [(1, date(2020, 10, 3)), (7, date(2020, 10, 9)), (14, date(2020, 10, 16))]
    late = named(world, case, date(2020, 10, 2), at_noon(date(2020, 10, 8)))
    days = list(SwabDay.objects.filter(contact=late).order_by("on").values_list("number", "on"))
    assert days == [(1, date(2020, 10, 8)), (7, date(2020, 10, 9)), (14, date(2020, 10, 16))]


days = st.integers(0, 30)


@given(st.lists(st.tuples(days, days), min_size=1, max_size=5))
def test_every_day_of_a_person_is_owed_by_one_row(spans: list[tuple[int, int]]) -> None:
    base = date(2020, 2, 1)
    rows = [(n, base + min(s) * DAY, base + max(s) * DAY) for n, s in enumerate(spans)]
    until = visits_until(rows)
    owed = [first + k * DAY for n, first, _ in rows if n in until for k in range((until[n] - first).days + 1)]
    wanted = {first + k * DAY for _, first, last in rows for k in range((last - first).days + 1)}
    assert len(owed) == len(set(owed))
    assert set(owed) == wanted


acts = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 13)), min_size=2, max_size=10)


@given(acts)
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_columns_are_what_a_fresh_computation_gives(world: World, story: list[tuple[int, int]]) -> None:
    """Whatever is named, corrected, withdrawn or ended: deriving everything anew changes nothing."""
    case = a_case(world, onset_on=date(2020, 2, 3))
    other = a_case(world, onset_on=date(2020, 2, 6))
    contact = named(world, case, date(2020, 2, 10))
    for act, n in story:
        _act(world, contact, (case, other)[n % 2], act, n)
    at = NOON + timedelta(hours=1)
    sweep(at=at)
    before = list(Contact.objects.order_by("pk").values_list(*FIELDS))
    assert derive_contacts(Contact.objects.values_list("pk", flat=True), at=at, by=BY) == 0
    assert list(Contact.objects.order_by("pk").values_list(*FIELDS)) == before


def _act(world: World, contact: Contact, case: Case, act: int, n: int) -> None:
    on = date(2020, 2, 12) - n * DAY
    if act == 0:
        named(world, case, on, person=contact.person, protection=("none", "full")[n % 2])
    elif act == 1:
        contacts.record_exposure(contact=contact, to_on=on, by=BY, at=NOON)
    elif act == 2 and (exposure := Exposure.objects.current().order_by("pk").last()):
        contacts.correct_exposure(
            exposure=exposure, changes={"to_on": on, "from_on": None}, reason="typo", by=BY, at=NOON
        )
    elif act == 3 and (exposure := Exposure.objects.current().order_by("pk").first()):
        contacts.withdraw_entry(entry=exposure, reason="typo", by=BY, at=NOON)
    elif act == 4:
        contacts.close_observation(contact=contact, status="lost", reason="left", by=BY, at=NOON)
