"""Reads of contacts for doors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from lianfang.cases.models import Case
from lianfang.common.errors import NotVisible
from lianfang.contacts.exposed import Window, why_not, window_of
from lianfang.contacts.models import Closing, Contact, Exposure, Liaison, Observation, Seen, Stay, Swab
from lianfang.contacts.rules import definition_of
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Person
from lianfang.loop.models import Task


@dataclass(frozen=True, kw_only=True)
class ContactFilter:
    """What a list of contacts can be narrowed to; empty fields narrow nothing."""

    path: str = ""
    status: str = ""
    on: date | None = None
    unseen: bool = False
    once: bool = False  # one row a person and disease, the one named last, however many cases named them


def contacts_of_case(actor: Actor, case: Case) -> list[Contact]:
    """Return the contacts that a case named, those the actor may see."""
    rows = Contact.objects.visible_to(actor).filter(case=case).select_related("person", "place")
    return list(rows.order_by("-last_contact_on", "pk"))


def list_contacts(
    actor: Actor, wanted: ContactFilter, *, after: tuple[int, int] | None = None, limit: int = 50
) -> list[Contact]:
    """Return one page of contacts, the newest named first; `after` is (epoch second, id) of the last row before."""
    rows = _narrow(Contact.objects.visible_to(actor), wanted)
    if wanted.once:
        named_later = Q(named_at__gt=OuterRef("named_at")) | Q(
            named_at=OuterRef("named_at"), pk__gt=OuterRef("pk")
        )
        same = {"person_id": OuterRef("person_id"), "disease": OuterRef("disease")}
        others = _narrow(Contact.objects.visible_to(actor), wanted).filter(named_later, **same)
        rows = rows.filter(~Exists(others))
    if after is not None:
        moment, pk = after
        rows = rows.filter(named_at__lte=moment).filter(Q(named_at__lt=moment) | Q(pk__lt=pk))
    return list(rows.select_related("person", "place", "case").order_by("-named_at", "-pk")[:limit])


def also_named(actor: Actor, contacts: Sequence[Contact]) -> dict[int, list[Contact]]:
    """Return, for each of the rows, the other rows of the same person and disease that the actor may see: one query."""
    rows = Contact.objects.visible_to(actor).filter(person_id__in={c.person_id for c in contacts})
    of_person: dict[tuple[int, str], list[Contact]] = {}
    for row in rows.select_related("case").order_by("-named_at", "-pk"):
        of_person.setdefault((row.person_id, row.disease), []).append(row)
    return {c.pk: [row for row in of_person[c.person_id, c.disease] if row.pk != c.pk] for c in contacts}


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


def exposures_of(contact: Contact) -> QuerySet[Any]:
    """Return the meetings that hold, the latest first."""
    rows = Exposure.objects.current().filter(contact=contact).select_related("place")
    return rows.order_by("-to_on", "-pk")


def judged_exposures(contact: Contact) -> list[tuple[Exposure, str]]:
    """Return the meetings that hold, each with why it does not count by the edition of the row; "" where it counts."""
    rule = definition_of(contact.window_edition)
    window = Window()
    if rule is not None and contact.window_from_on is not None:
        window = window_of(rule, contact.window_from_on + timedelta(days=rule.days_before))
    return [(exposure, why_not(exposure, window, rule)) for exposure in exposures_of(contact)]


def get_teller(actor: Actor, case: Case, pk: int) -> Contact:
    """Return the contact of that case who tells of others, or raise NotVisible."""
    via = get_contact(actor, pk)
    if via.case_id != case.pk:
        raise NotVisible(thing=Contact._meta.verbose_name)  # noqa: SLF001 - Django's Meta API
    return via


def get_exposure(actor: Actor, pk: int) -> Exposure:
    """Return the meeting that holds, where its contact is visible; or raise NotVisible."""
    rows = Exposure.objects.current().filter(contact__in=Contact.objects.visible_to(actor))
    found: Exposure | None = rows.select_related("contact").filter(pk=pk).first()
    if found is None:
        raise NotVisible(thing=Exposure._meta.verbose_name)  # noqa: SLF001 - Django's Meta API
    return found


def closings_of(contact: Contact) -> QuerySet[Any]:
    """Return the ends that persons decided and that hold, the latest first."""
    return Closing.objects.current().filter(contact=contact).order_by("-recorded_at", "-pk")


def swabs_of(contact: Contact) -> QuerySet[Any]:
    """Return the specimens of the contact that hold, the latest first."""
    return (
        Swab.objects.current().filter(contact=contact).select_related("case").order_by("-occurred_at", "-pk")
    )


def get_stay(actor: Actor, pk: int) -> Stay:
    """Return the stay, or raise NotVisible."""
    rows = Stay.objects.select_related("person", "bed__room__site", "place")
    stay: Stay = rows.get_visible(actor, pk=pk)
    return stay


def stays_of(actor: Actor, contact: Contact) -> list[Stay]:
    """Return the stays of the contact's person that the actor may see, the latest first."""
    return stays_of_person(actor, contact.person)


def stays_of_person(actor: Actor, person: Person) -> list[Stay]:
    """Return the person's stays that the actor may see, the latest first."""
    rows = Stay.objects.visible_to(actor).filter(person=person, superseded_at__isnull=True)
    return list(rows.select_related("person", "bed__room__site", "place").order_by("-occurred_at"))


def sees_the_person(actor: Actor, contact: Contact) -> bool:
    """Return whether the actor is on the side where the person lives, and not only on that of the case."""
    return actor.may(Permission.CONTACT_VIEW, contact.path)


def liaison_of(stay: Stay) -> Liaison | None:
    """Return who looks after the person of the stay."""
    rows = Liaison.objects.current().filter(stay=stay).select_related("unit")
    return rows.order_by("pk").last()


def roles_of(actor: Actor, person: Person) -> list[tuple[str, Any]]:
    """Return what else the person is, as far as the actor may see it: (kind, row), kind `case` or `contact`."""
    cases = Case.objects.visible_to(actor).filter(person=person).order_by("pk")
    contacts = Contact.objects.visible_to(actor).filter(person=person).select_related("case").order_by("pk")
    return [*(("case", row) for row in cases), *(("contact", row) for row in contacts)]


@dataclass(frozen=True)
class Round:
    """Today's visits of an area, the most at risk first; `n_shed` were set apart by a recorded policy."""

    contacts: list[Contact]
    n_shed: int


def round_of(actor: Actor, *, path: str, on: date, limit: int = 100) -> Round:
    """Return who is still to be seen today, ranked as the tasks are; who was seen a moment ago is not shown again."""
    tasks = Task.objects.visible_to(actor).filter(
        duty="contacts.observe", occasion=on.isoformat(), status="open"
    )
    if path:
        tasks = tasks.filter(path__within=path)
    by_hand = tasks.filter(shed_by__isnull=True).order_by("-risk", "due_at", "pk")
    ids = list(by_hand.values_list("subject_id", flat=True)[:limit])
    rows = Contact.objects.visible_to(actor, Permission.OBSERVATION_RECORD).select_related("person", "place")
    seen = Observation.objects.current().filter(
        contact__person_id=OuterRef("person_id"),
        contact__disease=OuterRef("disease"),
        on=on,
        seen__in=(Seen.SEEN_OK, Seen.SEEN_NOT_OK),
    )
    found = rows.filter(~Exists(seen.filter(by_self=False))).in_bulk(ids)
    return Round([found[pk] for pk in ids if pk in found], tasks.filter(shed_by__isnull=False).count())
