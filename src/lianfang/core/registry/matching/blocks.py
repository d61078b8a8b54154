"""Which known people could be the one who arrives: found by keyed hashes, read in a constant number of queries."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from lianfang.common.bulk import among, counted
from lianfang.common.sealing import Hasher, Opener
from lianfang.core.registry.matching.candidate import Profile
from lianfang.core.registry.matching.forms import Form
from lianfang.core.registry.models import Identity, IdentityKey, Person

# A key that more people share tells nothing by itself and is left to the keys that join a second particular. The folded
# sound is the widest and the weakest: it is for the spelling variants of rare names.
_MAX_BLOCK, _MAX_OF_FORM = 60, {"sound_year": 5}


def most_of(form: Form) -> int:
    """Return how many may share the key for them to be compared."""
    return _MAX_OF_FORM.get(form[0], _MAX_BLOCK)


class Blocks:
    """The people of the register who share a key with any row of one batch, and how many carry the names of the rows."""

    def __init__(self, sought: Collection[Form], named: Collection[Form]) -> None:
        hasher = Hasher()
        self._digests = {form: hasher.digests(*form) for form in {*sought, *named}}
        wanted = [digest for found in self._digests.values() for digest in found]
        self._counts = {bytes(digest): n for digest, n in counted(IdentityKey, "digest", wanted)}
        narrow = [
            digest
            for form in sought
            for digest in self._digests[form]
            if 0 < self._counts.get(digest, 0) <= most_of(form)
        ]
        self._people: dict[bytes, list[int]] = defaultdict(list)
        for digest, person in among(IdentityKey, ("digest", "person_id"), "digest", narrow):
            self._people[bytes(digest)].append(person)

    def count(self, form: Form) -> int:
        """Return how many records of the register carry this key."""
        return sum(self._counts.get(digest, 0) for digest in self._digests[form])

    def sharing(self, forms: Iterable[Form]) -> set[int]:
        """Return the ids of the people who carry one of these keys, none where they are too many."""
        found: set[int] = set()
        for form in forms:
            for digest in self._digests[form]:
                if digest in self._people:
                    found.update(self._people[digest])
        return found

    def everyone(self) -> set[int]:
        """Return the ids of all people found."""
        return {person for people in self._people.values() for person in people}


def read_profiles(people: Collection[int], *, at: datetime | None = None) -> dict[int, tuple[Profile, int]]:
    """Return person id -> (profile, id of the surviving record) as identities stand at `at`, or now (two queries)."""
    sealed: dict[int, dict[str, list[bytes]]] = defaultdict(lambda: defaultdict(list))
    opener, moment = Opener(), math.inf if at is None else at.timestamp()
    columns = ("person_id", "kind", "sealed", "retracted_at")
    for person, kind, text, retracted_at in among(Identity, columns, "person_id", people):
        if text and (retracted_at is None or retracted_at > moment):
            sealed[person][kind].append(text)
    rows = among(Person, ("id", "sex", "birth_year", "path", "merged_into_id"), "id", people)
    return {
        pk: (
            _Sealed(opener=opener, particulars=sealed[pk], sex=sex, birth_year=birth_year, path=path),
            merged_into or pk,
        )
        for pk, sex, birth_year, path, merged_into in rows
    }


@dataclass(kw_only=True, eq=False)
class _Sealed(Profile):
    """A known person, whose particulars are opened only where a row says something of their kind.

    It is for the machine's own comparison; nothing of it leaves but levels of agreement.
    """

    opener: Opener

    def texts(self, kind: str) -> Sequence[str]:
        return [self.opener.open(text, kind) for text in self.particulars.get(kind, ())]
