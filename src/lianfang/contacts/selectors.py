"""Reads of contacts for doors."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from lianfang.cases.models import Case
from lianfang.contacts.models import Contact, Observation
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission


@dataclass(frozen=True, kw_only=True)
class ContactFilter:
    """What a list of contacts can be narrowed to; empty fields narrow nothing."""

    path: str = ""
    status: str = ""
    on: date | None = None
    unseen: bool = False


def contacts_of_case(actor: Actor, case: Case) -> list[Contact]:
    """Return the contacts that a case named, those the actor may see."""
    rows = Contact.objects.visible_to(actor).filter(case=case).select_related("person", "place")
    return list(rows.order_by("-last_contact_on", "pk"))


def list_contacts(
    actor: Actor, wanted: ContactFilter, *, after: tuple[int, int] | None = None, limit: int = 50
) -> list[Contact]:
    """Return one page of contacts, the newest named first; `after` is (epoch second, id) of the last row before."""
    rows = _narrow(Contact.objects.visible_to(actor), wanted)
    if after is not None:
        moment, pk = after
        rows = rows.filter(named_at__lte=moment).filter(Q(named_at__lt=moment) | Q(pk__lt=pk))
    return list(rows.select_related("person", "place", "case").order_by("-named_at", "-pk")[:limit])


def _narrow(rows: Any, wanted: ContactFilter) -> Any:
    if wanted.path:
        rows = rows.filter(path__within=wanted.path)
    if wanted.status:
        rows = rows.filter(status=wanted.status)
    if wanted.on is not None:
        rows = rows.observed_on(wanted.on)
        if wanted.unseen:
            rows = rows.exclude(pk__in=Contact.objects.seen_on(wanted.on).values("pk"))
    return rows


def get_contact(actor: Actor, pk: int, permission: Permission | None = None) -> Contact:
    """Return the contact, or raise NotVisible."""
    contact: Contact = Contact.objects.select_related("person", "place", "case").get_visible(
        actor, permission, pk=pk
    )
    return contact


@dataclass(frozen=True, kw_only=True)
class Twin:
    """A follow-up rate beside its case-side twin (Resolve playbook): what is done, and what was never listed."""

    n_due: int
    n_seen: int
    n_cases: int
    n_cases_with_contacts: int
    n_cases_known_as_contacts: int
    n_cases_observed_at_onset: int


def coverage(actor: Actor, *, path: str, on: date, since: datetime) -> Twin:
    """Return the follow-up of the day `on` in the area, and how the new cases since `since` were known before.

    Kenema saw 89 % of its listed contacts to the end while only 44 % of cases had any contact listed and 6 % had been
    contacts: the first number means little without the others.
    """
    under = _narrow(Contact.objects.visible_to(actor), ContactFilter(path=path, on=on))
    n_due = under.count()
    n_unseen = _narrow(
        Contact.objects.visible_to(actor), ContactFilter(path=path, on=on, unseen=True)
    ).count()
    cases = Case.objects.visible_to(actor).filter(confirmed_at__gte=since)
    if path:
        cases = cases.filter(path__within=path)
    known = Contact.objects.filter(case_later_id=OuterRef("pk"))
    observed = known.filter(observe_from_on__lte=OuterRef("onset_on"))
    counted = cases.aggregate(
        n=Count("pk"),
        with_contacts=Count("pk", filter=Exists(Contact.objects.filter(case_id=OuterRef("pk")))),
        known=Count("pk", filter=Exists(known)),
        observed=Count("pk", filter=Exists(observed)),
    )
    return Twin(
        n_due=n_due,
        n_seen=n_due - n_unseen,
        n_cases=counted["n"],
        n_cases_with_contacts=counted["with_contacts"],
        n_cases_known_as_contacts=counted["known"],
        n_cases_observed_at_onset=counted["observed"],
    )


def days_of(contact: Contact) -> QuerySet[Any]:
    """Return the visits of the contact that hold, by day."""
    return (
        Observation.objects.current()
        .filter(contact=contact)
        .select_related("recorded_by")
        .order_by("occurred_at")
    )
