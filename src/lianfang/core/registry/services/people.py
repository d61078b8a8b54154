"""Registering people and their sealed particulars; correcting them; bringing arriving rows to people."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from lianfang.common.bulk import insert_rows, insert_values, make
from lianfang.common.errors import NotPermitted
from lianfang.common.sealing import Hasher, Sealer, seal, unseal
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import Entry, record, record_many
from lianfang.core.registry.errors import EmptyReason
from lianfang.core.registry.events import RegistryEvent
from lianfang.core.registry.matching.blocks import read_profiles
from lianfang.core.registry.matching.candidate import PersonCandidate
from lianfang.core.registry.matching.forms import Form
from lianfang.core.registry.matching.matcher import MatchResult, Verdict, match_many
from lianfang.core.registry.models import Identity, IdentityKey, IdentityKind, Person, Place
from lianfang.core.registry.services.reviews import propose_matches

# Whoever may do one of these may name a new person; where the person lives does not matter, contacts live anywhere.
_REGISTERING = (
    Permission.PERSON_EDIT,
    Permission.SIGNAL_RECORD,
    Permission.IMPORT_RUN,
    Permission.CASE_EDIT,
    Permission.CONTACT_EDIT,
    Permission.TEAM_EDIT,
    Permission.CHARTER_EDIT,
)


@dataclass(frozen=True)
class Resolved:
    """The person of an arriving row, and how it was found."""

    person: Person
    match: MatchResult

    @property
    def is_new(self) -> bool:
        """Whether a record was made for the row."""
        return self.match.verdict is not Verdict.SAME


def register_person(*, row: PersonCandidate, by: Actor, at: datetime) -> Person:
    """Register one person, without looking for an existing record (see `resolve_people`)."""
    return register_people([row], by=by, at=at)[0]


@transaction.atomic
def register_people(rows: Sequence[PersonCandidate], *, by: Actor, at: datetime) -> list[Person]:
    """Register a person per row and seal the particulars; return them in the order of the rows.

    It does not look for existing records; `match_many` or `resolve_people` do. Four statements per thousand rows.
    """
    if not any(by.may(permission) for permission in _REGISTERING):
        raise NotPermitted(permission=str(Permission.PERSON_EDIT))
    full = [row.completed() for row in rows]
    people = insert_rows(
        make(
            Person,
            {
                "sex": row.sex,
                "birth_year": row.birth_year,
                "occupation": row.occupation,
                "place_id": row.place_id,
                "path": row.path,
                "recorded_at": at,
            },
        )
        for row in full
    )
    _seal([(person.pk, row.particulars()) for person, row in zip(people, full, strict=True)], at=at)
    _write_keys((person.pk, row.profile().kept_forms) for person, row in zip(people, rows, strict=True))
    record_many(RegistryEvent.PERSON_REGISTERED, [Entry(subject=person) for person in people], by=by, at=at)
    return people


def _seal(particulars: Iterable[tuple[int, Mapping[str, str]]], *, at: datetime) -> None:
    """Write sealed particulars of people: person id, kind -> text."""
    sealer = Sealer()
    rows = [
        (person, kind, sealer.seal(text, kind), at)
        for person, texts in particulars
        for kind, text in texts.items()
    ]
    insert_values(Identity, ("person_id", "kind", "sealed", "recorded_at"), rows)


def _write_keys(people: Iterable[tuple[int, Iterable[Form]]]) -> None:
    """Write the keyed hashes of people under the newest key; whoever looks up tries all keys."""
    hasher = Hasher()
    rows = [(person, form, hasher.newest(form, text)) for person, forms in people for form, text in forms]
    insert_values(IdentityKey, ("person_id", "form", "digest"), rows)


@transaction.atomic
def resolve_people(rows: Sequence[PersonCandidate], *, by: Actor, at: datetime) -> list[Resolved]:
    """Return the person of every row: the known one, or a new record; undecidable rows get one and a review.

    Rows of one call that tell of the same new person get one record. No particular is added to a known person:
    whoever brings the row decides what of it corrects the record (`correct_identity`).
    """
    matches = match_many(rows, at=at)
    fresh = [number for number, match in enumerate(matches) if match.verdict is not Verdict.SAME]
    made = dict(zip(fresh, register_people([rows[number] for number in fresh], by=by, at=at), strict=True))
    known = Person.objects.in_bulk(
        {match.person_id for match in matches if match.verdict is Verdict.SAME and match.person_id}
    )
    people: list[Person] = []
    for number, match in enumerate(matches):
        if match.row is not None and match.verdict is Verdict.SAME:
            people.append(people[match.row])
        elif match.person_id is not None and match.verdict is Verdict.SAME:
            people.append(known[match.person_id])
        else:
            people.append(made[number])
    propose_matches(
        [
            (people[number], people[alike.row] if alike.row is not None else alike.person_id, alike)
            for number in fresh
            for alike in matches[number].look_alikes
        ],
        by=by,
        at=at,
    )
    return [Resolved(person, match) for person, match in zip(people, matches, strict=True)]


@transaction.atomic
def correct_identity(
    *, person: Person, kind: IdentityKind, text: str, reason: str, by: Actor, at: datetime
) -> Identity | None:
    """Replace what is known of one kind: the old particulars are retracted and no longer found, the new one is added.

    An empty `text` only retracts. A new date of birth also sets the year of birth.
    """
    by.require(Permission.PERSON_EDIT, person.path)
    if not reason.strip():
        raise EmptyReason(field="reason")
    old = Identity.objects.filter(person=person, kind=kind, retracted_at__isnull=True)
    retracted = old.update(retracted_at=at)
    identity = None
    if text.strip():
        identity = Identity.objects.create(
            person=person, kind=kind, sealed=seal(text.strip(), context=kind), recorded_at=at
        )
    if kind == IdentityKind.BIRTH_DATE and text.strip():
        person.birth_year = date.fromisoformat(text.strip()).year
        person.save(update_fields=["birth_year"])
    index_people([person.pk])
    record(
        RegistryEvent.IDENTITY_CORRECTED,
        by=by,
        at=at,
        subject=person,
        reason=reason,
        before={"kind": str(kind), "retracted": retracted},
        after={"kind": str(kind), "added": int(identity is not None)},
    )
    return identity


@transaction.atomic
def add_identity(*, person: Person, kind: IdentityKind, text: str, by: Actor, at: datetime) -> Identity:
    """Add a particular beside those known, such as a second telephone or a second name; one already known is kept."""
    by.require(Permission.PERSON_EDIT, person.path)
    if not text.strip():
        raise EmptyReason(field="text")
    for identity in Identity.objects.filter(person=person, kind=kind, retracted_at__isnull=True):
        if identity.sealed and unseal(identity.sealed, context=kind) == text.strip():
            return identity
    added = Identity.objects.create(
        person=person, kind=kind, sealed=seal(text.strip(), context=kind), recorded_at=at
    )
    index_people([person.pk])
    record(
        RegistryEvent.IDENTITY_CORRECTED, by=by, at=at, subject=person, after={"kind": str(kind), "added": 1}
    )
    return added


_CHANGEABLE = frozenset({"sex", "birth_year", "occupation", "place"})


@transaction.atomic
def change_person(*, person: Person, by: Actor, at: datetime, **changes: Any) -> Person:
    """Set sex, year of birth, occupation or place of residence; the path follows the place, the keys the year."""
    by.require(Permission.PERSON_EDIT, person.path)
    unknown = set(changes) - _CHANGEABLE
    if unknown:
        raise ValueError(f"changes must be among {sorted(_CHANGEABLE)}. Got {sorted(unknown)}.")
    before = {name: _plain(getattr(person, name)) for name in changes}
    for name, value in changes.items():
        setattr(person, name, value)
    if "place" in changes:
        person.path = person.place.path if person.place else ""
    person.save(update_fields=[*changes, *(["path"] if "place" in changes else [])])
    if "birth_year" in changes:
        index_people([person.pk])
    after = {name: _plain(value) for name, value in changes.items()}
    record(RegistryEvent.PERSON_CHANGED, by=by, at=at, subject=person, before=before, after=after)
    return person


def _plain(value: object) -> object:
    return value.code if isinstance(value, Place) else value


def index_people(people: Collection[int]) -> int:
    """Write the keyed hashes of these people anew, from their sealed particulars; return how many people had any.

    Needed after a change of a particular, of the year of birth, of the key, or of how names are folded.
    """
    IdentityKey.objects.filter(person__in=people).delete()
    forms = {person: profile.kept_forms for person, (profile, _survivor) in read_profiles(people).items()}
    _write_keys(forms.items())
    return sum(map(bool, forms.values()))
