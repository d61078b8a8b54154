"""Which known people could be the one who arrives: found by keyed hashes, read in a constant number of queries."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from datetime import date, datetime

from lianfang.common.bulk import among, counted
from lianfang.common.sealing import Hasher, Opener
from lianfang.core.registry.matching.candidate import Profile
from lianfang.core.registry.matching.forms import Form
from lianfang.core.registry.models import Identity, IdentityKey, IdentityKind, Person

# A key that so many people share tells nothing by itself and is left to the keys that join a second particular.
MAX_BLOCK = 60

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
        hasher = Hasher()
        self._digests = {form: hasher.digests(*form) for form in forms}
        wanted = [digest for found in self._digests.values() for digest in found]
        self._people: dict[bytes, list[int]] = defaultdict(list)
        self._counts = Counter({bytes(digest): n for digest, n in counted(IdentityKey, "digest", wanted)})
        narrow = [digest for digest, n in self._counts.items() if n <= MAX_BLOCK]
        for digest, person in among(IdentityKey, ("digest", "person_id"), "digest", narrow):
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
    found: dict[int, tuple[Profile, int]] = {}
    opener, now = Opener(), int(at.timestamp())
    columns = ("person_id", "kind", "sealed", "retracted_at")
    for person, kind, sealed, retracted_at in among(Identity, columns, "person_id", people):
        if kind in COMPARED and sealed and (retracted_at is None or retracted_at > now):
            particulars[person][kind].append(opener.open(sealed, kind))
    rows = among(Person, ("id", "sex", "birth_year", "path", "merged_into_id"), "id", people)
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
