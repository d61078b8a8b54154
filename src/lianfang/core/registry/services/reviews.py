"""The queue of the undecidable: pairs that may be one person, decided by a person, and remembered."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from lianfang.core.access.actor import Actor
from lianfang.core.audit.services import Entry, record_many
from lianfang.core.registry.events import RegistryEvent
from lianfang.core.registry.matching.matcher import LookAlike
from lianfang.core.registry.models import MatchReview, Person

Proposal = tuple[Person, Person | int | None, LookAlike]


@transaction.atomic
def propose_matches(proposals: Sequence[Proposal], *, by: Actor, at: datetime) -> int:
    """Queue pairs for review; a pair that was queued or decided before is left as it is. Return how many are new."""
    pairs: dict[tuple[int, int], tuple[Person, LookAlike]] = {}
    for person, other, alike in proposals:
        other_id = other.pk if isinstance(other, Person) else other
        if other_id is not None and other_id != person.pk:
            pairs.setdefault(ordered(person.pk, other_id), (person, alike))
    for pair in decided_pairs(pairs):
        del pairs[pair]
    reviews = [
        MatchReview(
            first_id=first,
            second_id=second,
            place_id=person.place_id,
            path=person.path,
            score=alike.probability,
            evidence=[line.as_json() for line in alike.evidence],
            found_at=at,
        )
        for (first, second), (person, alike) in pairs.items()
    ]
    MatchReview.objects.bulk_create(reviews, ignore_conflicts=True)
    record_many(
        RegistryEvent.MATCH_PROPOSED,
        [
            Entry(subject=person, after={"pair": list(pair), "probability": round(alike.probability, 4)})
            for pair, (person, alike) in pairs.items()
        ],
        by=by,
        at=at,
    )
    return len(reviews)


def ordered(a: int, b: int) -> tuple[int, int]:
    """Return the pair in the order in which it is kept."""
    return (a, b) if a < b else (b, a)


def decided_pairs(pairs: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return those of the pairs that stand in the queue already, decided or not, under these or merged records."""
    wanted = set(pairs)
    people = {person for pair in wanted for person in pair}
    if not people:
        return set()
    survivors = dict(Person.objects.filter(merged_into__in=people).values_list("pk", "merged_into_id"))
    everyone = people | set(survivors)
    rows = MatchReview.objects.filter(Q(first__in=everyone) & Q(second__in=everyone))
    kept = {
        ordered(survivors.get(first, first), survivors.get(second, second))
        for first, second in rows.values_list("first_id", "second_id")
    }
    return wanted & kept
