"""Which known people could be the one who arrives: found by keyed hashes, read in a constant number of queries."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import TypeVar

from django.db.models import Count, Q

from lianfang.common.sealing import Opener, digests
from lianfang.core.registry.matching.candidate import Profile
from lianfang.core.registry.matching.forms import Form
from lianfang.core.registry.models import Identity, IdentityKey, IdentityKind, Person

# A key that so many people share tells nothing by itself and is left to the keys that join a second particular.
MAX_BLOCK = 60
# Values of one IN list: below the limit of 32,766 parameters of SQLite.
_MAX_VALUES = 30_000

_Value = TypeVar("_Value")

COMPARED = (
    IdentityKind.NAME,
    IdentityKind.BIRTH_DATE,
    IdentityKind.NATIONAL_ID,
    IdentityKind.PASSPORT,
    IdentityKind.PHONE,
    IdentityKind.EMAIL,
    IdentityKind.ADDRESS,
)


class Blocks:
    """The people of the register who share a key with any row of one batch."""

    def __init__(self, forms: Collection[Form]) -> None:
        self._digests = {form: digests(*form) for form in forms}
        wanted = [digest for found in self._digests.values() for digest in found]
        self._counts: Counter[bytes] = Counter()
        self._people: dict[bytes, list[int]] = defaultdict(list)
        keys = IdentityKey.objects
        for part in slices(wanted):
            counted = keys.filter(digest__in=part).values_list("digest").annotate(n=Count("pk"))
            self._counts.update({bytes(digest): n for digest, n in counted})
        narrow = [digest for digest in wanted if 0 < self._counts[digest] <= MAX_BLOCK]
        for part in slices(narrow):
            for digest, person in keys.filter(digest__in=part).values_list("digest", "person_id"):
                self._people[bytes(digest)].append(person)

    def count(self, form: Form) -> int:
        """Return how many records of the register carry this key."""
        return sum(self._counts[digest] for digest in self._digests[form])

    def sharing(self, form: Form) -> Iterator[int]:
        """Return the ids of the people who carry this key, none where they are too many."""
        for digest in self._digests[form]:
            yield from self._people.get(digest, ())

    def everyone(self) -> set[int]:
        """Return the ids of all people found."""
        return {person for people in self._people.values() for person in people}


def read_profiles(people: Collection[int], *, at: datetime) -> dict[int, tuple[Profile, int]]:
    """Return person id -> (profile, id of the surviving record) as identities stand at `at` (two queries).

    This opens sealed particulars for the machine's own comparison; nothing of it leaves but levels of agreement.
    """
    particulars: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    in_force = Q(retracted_at__isnull=True) | Q(retracted_at__gt=at)
    found: dict[int, tuple[Profile, int]] = {}
    opener = Opener()
    for part in slices(sorted(people)):
        identities = Identity.objects.filter(in_force, person__in=part, kind__in=COMPARED)
        for person, kind, sealed in identities.values_list("person_id", "kind", "sealed"):
            if sealed:
                particulars[person][kind].append(opener.open(sealed, kind))
        rows = Person.objects.filter(pk__in=part).values_list(
            "pk", "sex", "birth_year", "path", "merged_into_id"
        )
        for pk, sex, birth_year, path, merged_into in rows:
            profile = _profile(particulars[pk], sex=sex, birth_year=birth_year, path=path)
            found[pk] = profile, merged_into or pk
    return found


def _profile(texts: dict[str, list[str]], *, sex: str, birth_year: int | None, path: str) -> Profile:
    return Profile(
        names=tuple(texts[IdentityKind.NAME]),
        births=tuple(date.fromisoformat(text) for text in texts[IdentityKind.BIRTH_DATE]),
        birth_year=birth_year,
        sex=sex,
        phones=tuple(texts[IdentityKind.PHONE]),
        national_ids=tuple(texts[IdentityKind.NATIONAL_ID]),
        passports=tuple(texts[IdentityKind.PASSPORT]),
        emails=tuple(texts[IdentityKind.EMAIL]),
        addresses=tuple(texts[IdentityKind.ADDRESS]),
        path=path,
    )


def slices(values: Sequence[_Value]) -> Iterator[list[_Value]]:
    """Yield the values in lists that fit one IN list."""
    rest = iter(values)
    while part := list(islice(rest, _MAX_VALUES)):
        yield part
