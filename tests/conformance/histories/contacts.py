"""How the duties about contacts come to be owed, and the acts on contacts of random histories."""

from collections.abc import Callable
from datetime import UTC, datetime

from tests.conformance.histories.cases import unlook
from tests.conformance.histories.stage import HOUR, SPECIMEN, TEST, Stage, Story, confirmed
from tests.world import a_person

from lianfang.cases import services as cases
from lianfang.cases.models import Case
from lianfang.common.clock import local_day, start_of
from lianfang.contacts import services as contacts
from lianfang.contacts.errors import AlreadyIsolated, ObservationClosed, StayOver
from lianfang.contacts.models import Attendance, Contact, Exposure, Liaison, Observation, Stay, Supply, Swab
from lianfang.core.registry.calendar import lay_out_days

# From here on the rules of this disease want contacts tested on some days.
TESTED = datetime(2020, 10, 3, 4, 0, tzinfo=UTC)


def name_contact(stage: Stage) -> int | None:
    case = stage.any(Case)
    if not case:
        return None
    known = stage.any(Contact)
    again = known is not None and stage.dice.random() < 0.3
    row = contacts.name_contact(
        person=known.person if again else stage.person(),
        case=known.case if again else case,
        last_contact_on=(stage.at - stage.dice.randrange(16) * 24 * HOUR).date(),
        is_high_risk=stage.dice.random() < 0.3,
        by=stage.by,
        at=stage.at,
    )
    return int(row.pk)


def tell_contact(stage: Stage) -> None:
    contact = stage.any(Contact)
    if contact:
        contacts.notify_contact(contact=contact, notified_at=stage.at, by=stage.by, at=stage.at)


def see_contact(stage: Stage) -> None:
    contact = stage.any(Contact)
    if contact:
        _observe(stage, contact, stage.dice.choice(["seen_ok", "seen_not_ok", "missed"]))


def _observe(stage: Stage, contact: Contact, seen: str) -> Observation | None:
    try:
        return contacts.record_observation(
            contact=contact, seen=seen, seen_at=stage.at, by=stage.by, at=stage.at
        )
    except ObservationClosed:
        return None


def close_contact(stage: Stage) -> None:
    contact = stage.any(Contact)
    if contact:
        status = stage.dice.choice(["lost", "cancelled"])
        contacts.close_observation(contact=contact, status=status, reason="moved", by=stage.by, at=stage.at)


def withdraw_visit(stage: Stage) -> None:
    entry = stage.any(Observation, superseded_at=None)
    if entry:
        contacts.withdraw_entry(entry=entry, reason="wrong person", by=stage.by, at=stage.at)


def correct_meeting(stage: Stage) -> None:
    exposure = stage.any(Exposure, superseded_at=None)
    if exposure:
        day = local_day(stage.at - stage.dice.randrange(16) * 24 * HOUR)
        contacts.correct_exposure(
            exposure=exposure,
            changes={"to_on": day, "from_on": None},
            reason="calendar",
            by=stage.by,
            at=stage.at,
        )


def measure(stage: Stage) -> None:
    contact = stage.any(Contact)
    if contact:
        for before in stage.dice.choice([(0,), (4, 0)]):  # readings hours apart are two
            _measure(stage, contact, seen_at=stage.at - before * HOUR)


def _measure(
    stage: Stage, contact: Contact, *, by_self: bool = False, seen_at: datetime | None = None
) -> None:
    try:
        contacts.record_observation(
            contact=contact,
            seen="seen_ok",
            seen_at=seen_at or stage.at,
            temperature=36.6,
            by_self=by_self,
            by=stage.by,
            at=stage.at,
        )
    except ObservationClosed:
        return


def isolate(stage: Stage) -> None:
    contact = stage.any(Contact)
    if contact:
        _isolate(stage, contact)


def _isolate(stage: Stage, contact: Contact) -> int | None:
    needs = stage.dice.choice([["elder"], ["poor"], ["poor"], []])
    try:
        stay = contacts.place_contact(contact=contact, needs=needs, by=stage.by, at=stage.at)
    except AlreadyIsolated:
        return None
    return int(stay.pk)


def look_after(stage: Stage) -> None:
    stay = stage.any(Stay, superseded_at=None)
    if stay:
        stage.dice.choice([_name_liaison, _attend, _supply])(stage, stay.pk)


def end_isolation(stage: Stage) -> None:
    stay = stage.any(Stay, superseded_at=None)
    if stay:
        try:
            contacts.end_stay(stay=stay, until_at=stage.at, reason="left", by=stage.by, at=stage.at)
        except StayOver:
            return


def suspect(stage: Stage) -> None:
    contact = stage.any(Contact)
    if contact:
        contacts.suspect_contact(contact=contact, reason="cough", by=stage.by, at=stage.at)


def _contact(stage: Stage) -> Contact:
    return contacts.name_contact(
        person=a_person(stage.world, at=stage.at),
        case=confirmed(stage),
        last_contact_on=stage.at.date(),
        by=stage.by,
        at=stage.at,
    )


def _signs(stage: Stage) -> int:
    row = _observe(stage, _contact(stage), "seen_not_ok")
    assert row is not None
    return int(row.pk)


def _look(stage: Stage, pk: int) -> None:
    person = Observation.objects.get(pk=pk).contact.person
    row = cases.record_screening(
        person=person, place=person.place, read_at=stage.at, by=stage.by, at=stage.at
    )
    cases.conclude_screening(screening=row, conclusion="well", looked_at=stage.at, by=stage.by, at=stage.at)


def _see(stage: Stage, pk: int) -> None:
    assert _observe(stage, Contact.objects.get(pk=pk), "seen_ok")


def _unsee(stage: Stage, pk: int) -> None:
    entry = Observation.objects.current().get(contact_id=pk)
    contacts.withdraw_entry(entry=entry, reason="wrong person", by=stage.by, at=stage.at)


def _measure_twice(stage: Stage, pk: int) -> None:
    contact = Contact.objects.get(pk=pk)
    morning = start_of(local_day(stage.at)) + 8 * HOUR
    taken = set(Observation.objects.current().filter(contact=contact).values_list("occurred_at", flat=True))
    for by_self, seen_at in ((True, morning), (False, morning + 8 * HOUR)):
        if seen_at not in taken:
            _measure(stage, contact, by_self=by_self, seen_at=seen_at)


def _unmeasure(stage: Stage, pk: int) -> None:
    entry = Observation.objects.current().filter(contact_id=pk).first()
    assert entry is not None
    contacts.withdraw_entry(entry=entry, reason="thermometer broken", by=stage.by, at=stage.at)


def _tested(stage: Stage) -> int:
    """The same, half a year on, when the rules want contacts tested."""
    stage.at = max(stage.at, TESTED)
    lay_out_days(stage.at.date(), (stage.at + 60 * 24 * HOUR).date())
    pk = int(_contact(stage).pk)
    stage.at += 24 * HOUR  # the first test is on day 1, the day after the contact
    return pk


def _swab(stage: Stage, pk: int) -> None:
    contacts.record_swab(
        contact=Contact.objects.get(pk=pk),
        number=f"W{pk}",
        specimen=SPECIMEN,
        kind=TEST,
        taken_at=stage.at,
        by=stage.by,
        at=stage.at,
    )


def _unswab(stage: Stage, pk: int) -> None:
    swab = Swab.objects.current().get(contact_id=pk)
    contacts.withdraw_swab(swab=swab, reason="mixed up", by=stage.by, at=stage.at)


def _unplace(stage: Stage, pk: int) -> None:
    stay = Stay.objects.current().get(contact_id=pk)
    contacts.withdraw_stay(stay=stay, reason="another person", by=stage.by, at=stage.at)


def _stay(stage: Stage, days_ago: int = 0) -> int:
    stay = contacts.place_contact(
        contact=_contact(stage),
        needs=["elder"],
        from_at=stage.at - days_ago * 24 * HOUR,
        by=stage.by,
        at=stage.at,
    )
    return int(stay.pk)


def _name_liaison(stage: Stage, pk: int) -> None:
    stay = Stay.objects.get(pk=pk)
    contacts.name_liaison(stay=stay, name="李明", phone="13900000000", by=stage.by, at=stage.at)


def _attend(stage: Stage, pk: int) -> None:
    contacts.attend(stay=Stay.objects.get(pk=pk), how="call", seen_at=stage.at, by=stage.by, at=stage.at)


def _supply(stage: Stage, pk: int) -> None:
    contacts.supply(stay=Stay.objects.get(pk=pk), brought_at=stage.at, by=stage.by, at=stage.at)


def _uncare(model: type) -> Callable[[Stage, int], None]:
    def withdraw(stage: Stage, pk: int) -> None:
        entry = model.objects.current().get(stay_id=pk)
        contacts.withdraw_care(entry=entry, reason="another person", by=stage.by, at=stage.at)

    return withdraw


def _over(stage: Stage) -> int:
    """Place somebody whose contact then turns out to be none."""
    pk = _stay(stage)
    contact = Stay.objects.get(pk=pk).contact
    assert contact is not None
    contacts.close_observation(
        contact=contact, status="cancelled", reason="was elsewhere", by=stage.by, at=stage.at
    )
    return pk


def _release(stage: Stage, pk: int) -> None:
    contacts.release(stay=Stay.objects.get(pk=pk), reason="not a contact", by=stage.by, at=stage.at)


def _unrelease(stage: Stage, pk: int) -> None:
    """The entry of the release was a mistake: the row is as it was before."""
    Stay.objects.filter(pk=pk).update(until_at=None, until_on=None, reason="", released_by_rule="")
    stage.noted(Stay, pk)


STORIES: dict[str, Story] = {
    "contacts.notify": Story(lambda stage: _contact(stage).pk, _see, _unsee),
    "contacts.observe": Story(lambda stage: _contact(stage).pk, _see, _unsee),
    "contacts.measure": Story(lambda stage: _contact(stage).pk, _measure_twice, _unmeasure),
    "contacts.swab": Story(_tested, _swab, _unswab, kind=""),
    "contacts.signs": Story(_signs, _look, unlook),
    "contacts.place": Story(
        lambda stage: _contact(stage).pk,
        lambda stage, pk: _isolate(stage, Contact.objects.get(pk=pk)),
        _unplace,
    ),
    "contacts.liaison": Story(_stay, _name_liaison, _uncare(Liaison)),
    "contacts.attend": Story(lambda stage: _stay(stage, 1), _attend, _uncare(Attendance)),
    "contacts.supply": Story(lambda stage: _stay(stage, 1), _supply, _uncare(Supply)),
    "contacts.release": Story(_over, _release, _unrelease),
}
