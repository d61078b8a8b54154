"""Reading sealed particulars: with a purpose, for people within reach, and every reading recorded."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from lianfang.common.bulk import make
from lianfang.common.sealing import Opener, digests, is_current, seal, unseal
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import Entry, record, record_many
from lianfang.core.registry.errors import EmptyReason, NotSearchable
from lianfang.core.registry.events import RegistryEvent
from lianfang.core.registry.matching.forms import forms_of_particular
from lianfang.core.registry.models import Identity, IdentityKey, IdentityKind, Person
from lianfang.core.registry.selectors import surviving_ids
from lianfang.core.registry.services.people import index_people
from lianfang.core.registry.ties import reachable, require_reach


@dataclass(frozen=True)
class Revealed:
    """The particulars of one person that were read: kind -> values, the newest first."""

    person_id: int
    values: Mapping[str, tuple[str, ...]]

    def first(self, kind: IdentityKind) -> str:
        """Return the newest value of a kind, "" where none is known."""
        return next(iter(self.values.get(kind, ())), "")


def reveal_identity(
    *, person: Person, kinds: Collection[IdentityKind], purpose: str, by: Actor, at: datetime
) -> Revealed:
    """Read particulars of one person; see `reveal_many`."""
    return reveal_many(people=[person.pk], kinds=kinds, purpose=purpose, by=by, at=at)[person.pk]


@transaction.atomic
def reveal_many(
    *, people: Collection[int], kinds: Collection[IdentityKind], purpose: str, by: Actor, at: datetime
) -> dict[int, Revealed]:
    """Read particulars of several people in one act, such as today's list; return asked id -> what was read.

    Each person's reading is one audit event, all under one act id. It is all or nothing: one person out of reach
    refuses the act. A merged record gives the particulars of its survivor.
    """
    if not purpose.strip():
        raise EmptyReason(field="purpose")
    survivors = surviving_ids(people)
    asked = {person: survivors.get(person, person) for person in people}
    require_reach(by, set(asked.values()), Permission.IDENTITY_REVEAL)
    values: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    opener = Opener()
    identities = Identity.objects.filter(
        person__in=set(asked.values()), kind__in=[str(kind) for kind in kinds], retracted_at__isnull=True
    ).order_by("-pk")
    for person, kind, sealed in identities.values_list("person_id", "kind", "sealed"):
        if sealed:
            values[person][kind].append(opener.open(sealed, kind))
    shown = {"kinds": sorted(str(kind) for kind in kinds)}
    read = Person.objects.filter(pk__in=set(asked.values())).order_by("pk").values_list("pk", "path")
    record_many(
        RegistryEvent.IDENTITY_REVEALED,
        [
            Entry(subject=make(Person, {"id": pk, "path": path, "uid": None}), reason=purpose, after=shown)
            for pk, path in read
        ],
        by=by,
        at=at,
        act=uuid.uuid4().hex,
    )
    return {
        person: Revealed(kept, {kind: tuple(texts) for kind, texts in values[kept].items()})
        for person, kept in asked.items()
    }


@transaction.atomic
def search_identity(*, kind: IdentityKind, text: str, purpose: str, by: Actor, at: datetime) -> list[Person]:
    """Return the people within reach who carry this particular: names by spelling or sound, numbers exactly.

    What was searched for is not kept, only that a search was made, for what purpose, and how many were found.
    """
    if not purpose.strip():
        raise EmptyReason(field="purpose")
    by.require(Permission.PERSON_VIEW)
    forms = forms_of_particular(kind, text)
    if not forms:
        raise NotSearchable
    wanted = [digest for form in forms for digest in digests(*form)]
    keys = IdentityKey.objects.filter(digest__in=wanted)
    found = set(surviving_ids(set(keys.values_list("person_id", flat=True))).values())
    people = Person.objects.filter(pk__in=reachable(by, found, Permission.PERSON_VIEW)).order_by("pk")
    record(
        RegistryEvent.IDENTITY_SEARCHED,
        by=by,
        at=at,
        reason=purpose,
        path=by.paths(Permission.PERSON_VIEW)[0],
        after={"kind": str(kind), "found": len(people)},
    )
    return list(people)


def rotate_keys(*, by: Actor, at: datetime, batch: int = 2000) -> int:
    """Seal every identity that is under an older key again under the newest; return how many were.

    Each batch is a transaction of its own; an interrupted run is simply run again. When it returns 0 the old key
    can be taken out of the settings.
    """
    by.require(Permission.REGISTRY_EDIT)
    done, last = 0, 0
    while True:
        with transaction.atomic():
            identities = list(Identity.objects.filter(pk__gt=last).order_by("pk")[:batch])
            if not identities:
                return done
            last = identities[-1].pk
            old = [identity for identity in identities if identity.sealed and not is_current(identity.sealed)]
            for identity in old:
                text = unseal(identity.sealed, context=identity.kind)
                identity.sealed = seal(text, context=identity.kind)
            if old:
                Identity.objects.bulk_update(old, ["sealed"], batch_size=500)
                index_people({identity.person_id for identity in old})
                record(RegistryEvent.KEYS_ROTATED, by=by, at=at, after={"identities": len(old)})
            done += len(old)
