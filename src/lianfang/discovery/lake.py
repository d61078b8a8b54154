"""Where the visits lie, and how a person of the register is recognised among them.

A person in the files is a number: the first 63 bits of the keyed hash under which the register finds a telephone or
identity number, or of the register's own id. Without the site's key it leads to nobody. Which hash a number comes from
stands beside the visits of its day, and goes with them.
"""

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from django.conf import settings
from django.db.models import Q

from lianfang.common.clock import site_zone
from lianfang.common.sealing import digests
from lianfang.core.registry.matching.forms import forms_of_particular
from lianfang.core.registry.models import IdentityKey, Person
from lianfang.core.registry.selectors import surviving_ids
from lianfang.visits.store import VisitStore
from lianfang.visits.working_set import WorkingSet, build_working_set, open_working_set

_JANUARY = datetime(2020, 1, 15)  # noqa: DTZ001 - the moment is a wall clock's
_FORMS = ("phone", "national_id", "passport")


def the_store() -> VisitStore:
    """Return the site's store. Its days are cut at the offset that the site's zone has in January."""
    from_utc = site_zone().utcoffset(_JANUARY)
    assert from_utc is not None
    return VisitStore(Path(settings.VISITS_DIR), utc_offset=int(from_utc.total_seconds()))


def the_working_set(store: VisitStore) -> WorkingSet:
    """Return the columns of what the store holds now; they are written anew when it has changed."""
    folder = store.root.with_name(store.root.name + "-columns")
    if (folder / "of.json").exists():
        standing = open_working_set(folder)
        if standing.version == store.version():
            return standing
    return build_working_set(store, folder)


def number_of_digest(digest: bytes) -> int:
    """Return the number that stands for a keyed hash in the files."""
    return int.from_bytes(digest[:8], "big") >> 1


def digest_of(form: str, text: str) -> bytes | None:
    """Return the hash of what a source sends of a person; None where it is none. `form` "person" is the register's id."""
    if form == "person":
        try:
            return digests("person", uuid.UUID(text).hex)[0]
        except ValueError:
            return None
    forms = forms_of_particular(form, text)
    return digests(*forms[0])[0] if forms else None


def numbers_of(person: Person) -> list[int]:
    """Return all numbers by which a person may stand in the files, those of merged records too."""
    people = Person.objects.filter(Q(pk=person.pk) | Q(merged_into=person))
    found = {digest for row in people for digest in digests("person", row.uid.hex)}
    keys = IdentityKey.objects.filter(person__in=people, form__in=_FORMS)
    found |= {bytes(digest) for digest in keys.values_list("digest", flat=True)}
    return sorted({number_of_digest(digest) for digest in found})


def people_of(store: VisitStore, numbers: Collection[int], first: int, last: int) -> dict[int, int]:
    """Return number -> person of the register for those that the register knows."""
    rows = store.who(first, last, list(numbers))
    if not len(rows):
        return {}
    hashes: dict[int, bytes] = dict(
        zip(rows["person"].to_pylist(), (bytes(d) for d in rows["digest"].to_pylist()), strict=True)
    )
    by_digest = _registered(set(hashes.values()))
    found = {number: by_digest[digest] for number, digest in hashes.items() if digest in by_digest}
    found |= _by_uid(rows)
    survivors = surviving_ids(set(found.values()))
    return {number: survivors.get(person, person) for number, person in found.items()}


def _registered(hashes: Collection[bytes]) -> dict[bytes, int]:
    wanted = list(hashes)
    found: dict[bytes, int] = {}
    for n in range(0, len(wanted), 500):
        keys = IdentityKey.objects.filter(digest__in=wanted[n : n + 500], form__in=_FORMS)
        found.update((bytes(digest), person) for digest, person in keys.values_list("digest", "person_id"))
    return found


def _by_uid(rows: pa.Table) -> dict[int, int]:
    """Return number -> person of those whom the source knew by the register's own id."""
    uids = {row["uid"]: row["person"] for row in rows.select(["person", "uid"]).to_pylist() if row["uid"]}
    wanted = list(uids)
    found: dict[int, int] = {}
    for n in range(0, len(wanted), 500):
        for pk, uid in Person.objects.filter(uid__in=wanted[n : n + 500]).values_list("pk", "uid"):
            found[uids[uid.hex]] = pk
    return found


def who_table(seen: Mapping[int, tuple[bytes, str]]) -> pa.Table:
    """Return the table that stands beside a day: number, hash, and the register's id where the source sent it."""
    return pa.table(
        {
            "person": pa.array(list(seen), pa.int64()),
            "digest": pa.array([digest for digest, _uid in seen.values()], pa.binary()),
            "uid": pa.array([uid for _digest, uid in seen.values()], pa.string()),
        }
    )
