"""Households and who belongs to them, from one day to another."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.errors import HouseholdConflict
from lianfang.core.registry.events import RegistryEvent
from lianfang.core.registry.models import Household, Membership, Person, Place


@transaction.atomic
def create_household(
    *,
    place: Place,
    by: Actor,
    at: datetime,
    members: Sequence[tuple[Person, str]] = (),
    from_on: date | None = None,
) -> Household:
    """Create a household at a place with members as (person, role); memberships begin on `from_on`."""
    by.require(Permission.PERSON_EDIT, place.path)
    household = Household.objects.create(place=place, path=place.path, recorded_at=at)
    for person, role in members:
        if from_on is None:
            raise HouseholdConflict(reason="the day on which the members moved in is missing")
        _refuse_second_home(person)
        Membership.objects.create(household=household, person=person, role=role, from_on=from_on)
    after = {"members": [person.pk for person, _role in members]}
    record(RegistryEvent.HOUSEHOLD_CHANGED, by=by, at=at, subject=household, after=after)
    return household


@transaction.atomic
def add_member(
    *, household: Household, person: Person, from_on: date, by: Actor, at: datetime, role: str = ""
) -> Membership:
    """Let a person belong to a household from a day on; who belongs to another one moves (`move_member`)."""
    by.require(Permission.PERSON_EDIT, household.path)
    _refuse_second_home(person)
    membership = Membership.objects.create(household=household, person=person, role=role, from_on=from_on)
    after = {"person": person.pk, "from": from_on.isoformat()}
    record(RegistryEvent.HOUSEHOLD_CHANGED, by=by, at=at, subject=household, after=after)
    return membership


@transaction.atomic
def end_membership(
    *, membership: Membership, on: date, by: Actor, at: datetime, reason: str = ""
) -> Membership:
    """Let a person leave a household on a day (death, marriage, move)."""
    household = membership.household
    by.require(Permission.PERSON_EDIT, household.path)
    if membership.to_on is not None:
        raise HouseholdConflict(reason=f"it ended on {membership.to_on}")
    if on < membership.from_on:
        raise HouseholdConflict(reason=f"it began on {membership.from_on}, after {on}")
    membership.to_on = on
    membership.save(update_fields=["to_on"])
    after = {"person": membership.person_id, "to": on.isoformat()}
    record(RegistryEvent.HOUSEHOLD_CHANGED, by=by, at=at, subject=household, reason=reason, after=after)
    return membership


@transaction.atomic
def move_member(
    *, person: Person, household: Household, on: date, by: Actor, at: datetime, role: str = ""
) -> Membership:
    """End the present membership on a day and begin one in another household on the same day."""
    present = Membership.objects.filter(person=person, to_on__isnull=True).select_related("household").first()
    if present is not None:
        end_membership(membership=present, on=on, by=by, at=at, reason="moved")
    return add_member(household=household, person=person, from_on=on, by=by, at=at, role=role)


def _refuse_second_home(person: Person) -> None:
    present = Membership.objects.filter(person=person, to_on__isnull=True).first()
    if present is not None:
        raise HouseholdConflict(
            reason=f"{person.label} belongs to {present.household} since {present.from_on}"
        )
