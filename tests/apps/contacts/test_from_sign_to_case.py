"""Signs or a positive result make a suspected case with everything that follows; what people report of themselves."""

from datetime import date, timedelta

import pytest
from tests.apps.contacts.play import BY, a_case, a_contact, at_noon, named
from tests.world import NOON, World, build_world

from lianfang.cases.models import Case, EpiLink, Result, Sign
from lianfang.common.clock import start_of
from lianfang.contacts import services as contacts
from lianfang.contacts.errors import LinkUnknown, TooManyReports
from lianfang.contacts.models import FollowUp, Observation
from lianfang.contacts.self_links import open_self_link
from lianfang.core.audit.models import Event
from lianfang.loop.models import Task
from lianfang.loop.worker import sweep, turn

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def world(db: None) -> World:
    return build_world()


def test_signs_make_a_case_with_exposure_signs_and_duties(world: World) -> None:
    contact = a_contact(world, first_contact_on=date(2020, 2, 8))
    contacts.record_observation(
        contact=contact, seen="seen_not_ok", seen_at=NOON, temperature=38.2, signs=["cough"], by=BY, at=NOON
    )
    turn(at=NOON)
    assert Task.objects.get(duty="contacts.signs").status == "open"
    at = NOON + HOUR
    case = contacts.suspect_contact(contact=contact, reason="fever and cough", by=BY, at=at)
    turn(at=at)
    contact.refresh_from_db()
    assert (contact.status, contact.case_later) == (FollowUp.BECAME_CASE, case)
    assert case.onset_on == date(2020, 2, 12)
    assert set(Sign.objects.filter(case=case).values_list("code", flat=True)) >= {"cough", "temperature"}
    link = EpiLink.objects.get(case=case)
    assert (link.source_case, link.from_on, link.to_on) == (
        contact.case, date(2020, 2, 8), date(2020, 2, 10),
    )  # fmt: skip
    assert Task.objects.get(duty="contacts.signs").status == "done"
    assert Task.objects.get(duty="cases.sample", subject_id=case.pk).status == "open"
    assert contacts.suspect_contact(contact=contact, reason="again", by=BY, at=at) == case


def test_a_positive_result_opens_the_case_and_a_second_message_changes_nothing(world: World) -> None:
    contact = a_contact(world)
    given = {"contact": contact, "number": "W1", "taken_at": NOON, "by": BY, "at": NOON}
    pending = contacts.record_swab(**given)
    assert (pending.finding, Case.objects.filter(person=contact.person).count()) == ("pending", 0)
    swab = contacts.record_swab(**given, finding="positive", resulted_at=NOON)
    again = contacts.record_swab(**given, finding="positive", resulted_at=NOON)
    assert again == swab
    swab.refresh_from_db()
    case = Case.objects.get(person=contact.person)
    assert swab.case == case
    assert case.classification in {"suspected", "confirmed", "asymptomatic"}
    assert Result.objects.get(case=case).finding == "positive"
    contact.refresh_from_db()
    assert contact.status == FollowUp.BECAME_CASE


def test_two_readings_a_day_one_of_them_the_person_s_own(world: World) -> None:
    contact = a_contact(world)
    turn(at=NOON)
    today = Task.objects.filter(subject_id=contact.pk, occasion="2020-02-12")
    token = contacts.make_self_link(contact=contact, by=BY, at=NOON)
    contacts.report_self(by=BY, token=token, key="a", temperature=36.5, at=NOON)
    contacts.report_self(by=BY, token=token, key="a", temperature=36.5, at=NOON + HOUR)
    turn(at=NOON + HOUR)
    assert Observation.objects.count() == 1
    contacts.report_self(by=BY, token=token, key="b", temperature=36.5, at=NOON + HOUR)
    turn(at=NOON + HOUR)  # an hour after the first it is the same reading again, though another report
    assert Observation.objects.count() == 2
    assert {t.duty: t.status for t in today.all()} == {"contacts.observe": "open", "contacts.measure": "open"}
    contacts.record_observation(
        contact=contact, seen="seen_ok", seen_at=NOON + 2 * HOUR, temperature=36.6, by=BY, at=NOON + 2 * HOUR
    )
    turn(at=NOON + 2 * HOUR)
    assert {t.duty: t.status for t in today.all()} == {"contacts.observe": "done", "contacts.measure": "done"}
    assert today.get(duty="contacts.measure").met_at == NOON + 2 * HOUR


@pytest.mark.parametrize(("named_at", "readings"), [("21:59", 2), ("22:00", 1)])
def test_who_is_named_too_late_for_two_readings_has_one_on_that_day(
    world: World, named_at: str, readings: int
) -> None:
    hour, minute = map(int, named_at.split(":"))
    at = start_of(date(2020, 2, 12)) + timedelta(hours=hour, minutes=minute)
    contact = a_contact(world, at=at)
    turn(at=at)
    first = Task.objects.get(duty="contacts.measure", subject_id=contact.pk)
    contacts.record_observation(contact=contact, seen="seen_ok", seen_at=at, temperature=36.6, by=BY, at=at)
    turn(at=at)
    first.refresh_from_db()
    assert first.status == ("done" if readings == 1 else "open")
    next_day = at + timedelta(hours=12)
    contacts.record_observation(
        contact=contact, seen="seen_ok", seen_at=next_day, temperature=36.6, by=BY, at=next_day
    )
    sweep(at=next_day)
    second = Task.objects.get(duty="contacts.measure", subject_id=contact.pk, occasion="2020-02-13")
    assert second.status == "open", "from the next day on there are two"


def test_who_was_found_to_be_a_case_need_not_be_told_that_they_are_a_contact(world: World) -> None:
    contact = a_contact(world)
    turn(at=NOON)
    told = Task.objects.get(duty="contacts.notify", subject_id=contact.pk)
    assert told.status == "open"
    later = NOON + 5 * HOUR
    contacts.suspect_contact(contact=contact, reason="fever and cough", by=BY, at=later)
    turn(at=later)
    told.refresh_from_db()
    assert (told.status, told.met_at) == ("done", later)


def test_a_fever_that_somebody_reports_of_themselves_is_looked_at(world: World) -> None:
    contact = a_contact(world)
    token = contacts.make_self_link(contact=contact, by=BY, at=NOON)
    row = contacts.report_self(by=BY, token=token, key="a", temperature=37.3, at=NOON)
    turn(at=NOON)
    assert (row.seen, row.by_self) == ("seen_not_ok", True)
    assert Task.objects.get(duty="contacts.signs", subject_id=row.pk).status == "open"
    assert Event.objects.filter(tag="contacts.self_reported").count() == 1


def test_a_link_ends_is_revoked_replaced_and_cannot_be_made_up(world: World) -> None:
    contact = a_contact(world)
    first = contacts.make_self_link(contact=contact, by=BY, at=NOON)
    second = contacts.make_self_link(contact=contact, by=BY, at=NOON)
    for token, at in (
        (first, NOON),  # replaced
        (second + "x", NOON),  # forged
        ("", NOON),
        (second, at_noon(date(2020, 2, 25))),  # over
    ):
        with pytest.raises(LinkUnknown):
            contacts.report_self(by=BY, token=token, key="k", temperature=36.5, at=at)
    assert open_self_link(second, at=NOON).contact == contact
    contacts.revoke_self_links(contact=contact, reason="phone lost", by=BY, at=NOON)
    with pytest.raises(LinkUnknown):
        open_self_link(second, at=NOON)


def test_more_reports_in_an_hour_than_a_person_sends_are_refused(world: World) -> None:
    contact = a_contact(world)
    token = contacts.make_self_link(contact=contact, by=BY, at=NOON)
    for n in range(12):
        contacts.report_self(by=BY, token=token, key=str(n), temperature=36.5, at=NOON)
    with pytest.raises(TooManyReports):
        contacts.report_self(by=BY, token=token, key="more", temperature=36.5, at=NOON)
    assert contacts.report_self(
        by=BY, token=token, key="more", temperature=36.5, at=NOON + HOUR + timedelta(seconds=1)
    )


def test_a_contact_of_two_cases_has_one_visit_a_day_and_one_row_owes_it(world: World) -> None:
    first = named(world, a_case(world, onset_on=date(2020, 2, 1)), date(2020, 2, 5))
    turn(at=NOON)
    contacts.record_observation(contact=first, seen="seen_ok", seen_at=NOON, by=BY, at=NOON)
    other = a_case(world, onset_on=date(2020, 2, 1))
    second = named(world, other, date(2020, 2, 11), NOON + HOUR, person=first.person)
    turn(at=NOON + HOUR)
    rows = Task.objects.filter(duty="contacts.observe").exclude(status="void")
    assert [(t.subject_id, t.status) for t in rows] == [(second.pk, "done")]
