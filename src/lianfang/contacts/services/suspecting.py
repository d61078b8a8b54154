"""A contact becomes a suspected case, with what is known of the exposure, the signs and the results."""

from datetime import datetime
from typing import Any

from django.db import transaction

from lianfang.cases import services as cases
from lianfang.cases.models import Case, Finding
from lianfang.cases.targets.wanted import contact_kind
from lianfang.common.clock import local_day
from lianfang.contacts.derive import derive_contacts
from lianfang.contacts.errors import ReasonNeeded
from lianfang.contacts.events import ContactEvent
from lianfang.contacts.models import Contact, Exposure, Observation, Seen, Swab
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Level, Place, Unit
from lianfang.core.rules import site_rules
from lianfang.loop.touch import touch


@transaction.atomic
def suspect_contact(*, contact: Contact, reason: str, by: Actor, at: datetime) -> Case:
    """Open a case of the contact, or join the open one: an answerable person judged that the signs ask for it.

    The case begins with the exposures, the signs of the visits and the day of the first of them as onset; everything
    else (sample, report, investigation) is owed from then on by the duties of cases.
    """
    by.require(Permission.TASK_DO, contact.path)
    if not reason.strip():
        raise ReasonNeeded
    return _as_case(contact, reason=reason, by=by, at=at)


@transaction.atomic
def record_swab(
    *,
    contact: Contact,
    number: str,
    taken_at: datetime,
    by: Actor,
    at: datetime,
    specimen: str = "oropharyngeal_swab",
    kind: str = "rt_pcr",
    finding: str = Finding.PENDING,
    resulted_at: datetime | None = None,
    laboratory: Unit | None = None,
) -> Swab:
    """Record a specimen of a contact, or its result; the same number again completes it.

    A positive result opens a case with the sample and the result on file: it must not lie unread. A result that is
    changed corrects the one before.
    """
    by.require(Permission.OBSERVATION_RECORD, contact.path)
    said = {"finding": finding, "resulted_at": resulted_at, "laboratory": laboratory}
    standing = Swab.objects.current().filter(contact=contact, number=number).first()
    if standing is not None and _says_nothing_new(standing, said):
        return standing  # type: ignore[no-any-return]
    if standing is not None:
        Swab.objects.filter(pk=standing.pk).update(superseded_at=at)
    swab = Swab.objects.create(
        contact=contact, number=number, specimen=specimen, kind=kind, occurred_at=taken_at,
        recorded_at=at, recorded_by_id=by.user_id, case=standing.case if standing else None, **said,
    )  # fmt: skip
    if standing is not None:
        Swab.objects.filter(pk=standing.pk).update(superseded_by=swab)
    record(ContactEvent.SWABBED, subject=contact, by=by, at=at, after={"number": number, "finding": finding})
    if finding == Finding.POSITIVE:
        _positive(swab, by=by, at=at)
    touch(Contact, [contact.pk], at=at)
    return swab


def _says_nothing_new(standing: Swab, said: dict[str, Any]) -> bool:
    unsaid = (None, Finding.PENDING)
    return all(value in unsaid or getattr(standing, name) == value for name, value in said.items())


def _positive(swab: Swab, *, by: Actor, at: datetime) -> None:
    case = _as_case(swab.contact, reason=f"positive {swab.kind} of {swab.number}", by=by, at=at)
    machine = Actor.system(f"result of a contact by {by.name}")
    sample = cases.record_sample(
        case=case,
        number=swab.number,
        specimen=swab.specimen,
        taken_at=swab.occurred_at,
        received_at=swab.occurred_at,
        laboratory=swab.laboratory,
        by=machine,
        at=at,
    )
    cases.record_result(
        sample=sample,
        kind=swab.kind,
        finding=swab.finding,
        resulted_at=swab.resulted_at or at,
        key=f"swab:{swab.number}",
        by=machine,
        at=at,
    )
    Swab.objects.filter(pk=swab.pk).update(case=case)
    _derive_person(swab.contact, by=by, at=at)


@transaction.atomic
def withdraw_swab(*, swab: Swab, reason: str, by: Actor, at: datetime) -> None:
    """Withdraw a wrong entry of a specimen; a case that it opened is withdrawn on its own page."""
    by.require(Permission.CONTACT_EDIT, swab.contact.path)
    Swab.objects.filter(pk=swab.pk, superseded_at__isnull=True).update(
        superseded_at=at, withdrawn_because=reason
    )
    record(ContactEvent.WITHDRAWN, subject=swab.contact, by=by, at=at, reason=reason)
    touch(Contact, [swab.contact_id], at=at)


def _as_case(contact: Contact, *, reason: str, by: Actor, at: datetime) -> Case:
    machine = Actor.system(f"contact suspected by {by.name}")
    standing = Case.objects.filter(person=contact.person, disease=contact.disease, outcome="").first()
    ill = _ill_visits(contact)
    began = ill[0].occurred_at if ill else None
    case = standing or cases.open_case(
        person=contact.person,
        disease=contact.disease,
        place=_county(contact.place),
        diagnosed_at=at,
        by=machine,
        at=at,
    )
    if standing is None:
        signs = _known_signs(ill)
        if began is not None and signs:
            cases.record_signs(
                case=case, signs=signs, seen_at=began, onset_on=local_day(began), by=machine, at=at
            )
        _link(case, contact, by=machine, at=at)
    record(ContactEvent.SUSPECTED, subject=contact, by=by, at=at, reason=reason, after={"case": case.number})
    touch(Observation, [visit.pk for visit in ill], at=at)
    touch(Case, [case.pk], at=at)
    _derive_person(contact, by=by, at=at)
    return case


def _derive_person(contact: Contact, *, by: Actor, at: datetime) -> None:
    rows = Contact.objects.filter(person_id=contact.person_id, disease=contact.disease)
    derive_contacts(rows.values_list("pk", flat=True), at=at, by=by)


def _ill_visits(contact: Contact) -> list[Any]:
    rows = Contact.objects.filter(person_id=contact.person_id, disease=contact.disease)
    visits = Observation.objects.current().filter(contact__in=rows, seen=Seen.SEEN_NOT_OK)
    return list(visits.order_by("occurred_at", "pk"))


def _known_signs(visits: list[Any]) -> dict[str, bool | float | None]:
    """Return the signs that a rule can read; a temperature goes with its value."""
    words = site_rules().vocabulary["signs"]
    signs: dict[str, bool | float | None] = {
        sign: True for visit in visits for sign in visit.signs if sign in words
    }
    warm = max((v.temperature for v in visits if v.temperature is not None), default=None)
    if warm is not None:
        signs["temperature"] = warm
    return signs


def _link(case: Case, contact: Contact, *, by: Actor, at: datetime) -> None:
    met = Exposure.objects.current().filter(contact=contact).order_by("to_on").last()
    if met is None:
        return
    cases.record_epi_link(
        case=case,
        kind=contact_kind(contact.disease),
        from_on=contact.first_contact_on,
        to_on=contact.last_contact_on,
        source_case=contact.case,
        by=by,
        at=at,
    )


def _county(place: Place) -> Place:
    """Return the county of a place: cases are answered for by counties."""
    here: Place | None = place
    while here is not None and here.level > Level.COUNTY:
        here = here.parent
    return here or place
