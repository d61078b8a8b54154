"""Erasing particulars that have been kept long enough: the work's record stays, the person in it is no longer named.

How long is a matter of rules, so the rules are an argument: a person is named as long as any row that ties to the
person is younger than its rule allows, or still open; and, without any tie, for a time after registration.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.apps import apps
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import Entry, record_many
from lianfang.core.registry.errors import EmptyReason
from lianfang.core.registry.events import RegistryEvent
from lianfang.core.registry.models import Identity, IdentityKey, Person


@dataclass(frozen=True, kw_only=True)
class KeepingRule:
    """Rows of one kind keep their person named for `days` after a column of theirs; null in it means still open.

    `model` is a label such as "contacts.Contact", `person` its foreign key, `since` a moment or date column.
    """

    model: str
    since: str
    days: int
    person: str = "person"


@dataclass(frozen=True, kw_only=True)
class Retention:
    """All rules of a site, and how long people without any tie are kept named."""

    rules: Sequence[KeepingRule]
    unattached_days: int


def expired_people(retention: Retention, *, at: datetime) -> "QuerySet[Person]":
    """Return the people whose particulars have been kept long enough at `at` and have not been erased."""
    named = Identity.objects.filter(person=OuterRef("pk")).exclude(sealed=b"")
    people = Person.objects.filter(recorded_at__lt=at - timedelta(days=retention.unattached_days))
    people = people.filter(Exists(named))
    for rule in retention.rules:
        model = apps.get_model(rule.model)
        ends = at - timedelta(days=rule.days)
        is_day = isinstance(model._meta.get_field(rule.since), models.DateField)  # noqa: SLF001 - Django's Meta API
        young = Q(**{f"{rule.since}__gte": local_day(ends) if is_day else ends})
        tied = model._base_manager.filter(  # noqa: SLF001
            young | Q(**{f"{rule.since}__isnull": True}), **{rule.person: OuterRef("pk")}
        )
        people = people.filter(~Exists(tied))
    return people.order_by("pk")


@transaction.atomic
def erase_identities(*, people: Collection[int], reason: str, by: Actor, at: datetime) -> int:
    """Overwrite every sealed particular of these people and forget how to find them; return how many were erased.

    It cannot be undone. Sex, year of birth, area and everything that was done stay for the statistics. Copies in
    backups end with the backups.
    """
    if not reason.strip():
        raise EmptyReason(field="reason")
    rows = list(Person.objects.filter(pk__in=people).order_by("pk"))
    for path in {person.path for person in rows}:
        by.require(Permission.PERSON_EDIT, path)
    identities = Identity.objects.filter(person__in=people)
    counts: dict[int, int] = {}
    for person in identities.exclude(sealed=b"").values_list("person_id", flat=True):
        counts[person] = counts.get(person, 0) + 1
    IdentityKey.objects.filter(person__in=people).delete()
    erased = identities.exclude(sealed=b"").update(sealed=b"")
    identities.filter(retracted_at__isnull=True).update(retracted_at=at)
    record_many(
        RegistryEvent.IDENTITY_ERASED,
        [
            Entry(subject=person, reason=reason, after={"particulars": counts[person.pk]})
            for person in rows
            if person.pk in counts
        ],
        by=by,
        at=at,
    )
    return erased


def erase_expired(retention: Retention, *, reason: str, by: Actor, at: datetime, batch: int = 1000) -> int:
    """Erase the particulars of all expired people, a batch per transaction; return how many people that were."""
    done = 0
    while people := list(expired_people(retention, at=at).values_list("pk", flat=True)[:batch]):
        erase_identities(people=people, reason=reason, by=by, at=at)
        done += len(people)
    return done
