"""Is the person who arrives one whom we know: set-wise, with an account of every decision.

Per batch of 1,000 rows there are four queries, however many people the register holds. A row is compared with the
people and the earlier rows that share a key with it (see `forms`). The odds of all of them compete: where two fit
equally well neither is taken, and a person decides.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.db.models import Max

from lianfang.core.registry.matching.blocks import Blocks, most_of, read_profiles
from lianfang.core.registry.matching.candidate import PersonCandidate, Profile
from lianfang.core.registry.matching.comparisons import compare
from lianfang.core.registry.matching.forms import Form, counted_forms
from lianfang.core.registry.matching.weights import Evidence, Frequency, Weights, weights
from lianfang.core.registry.models import Person

_BATCH = 1000
# As many look-alikes as a reviewer is shown for one row.
_MOST_SHOWN = 5
_MOST_BITS = 200.0


class Verdict(StrEnum):
    """What matching makes of a row."""

    SAME = "same"
    UNDECIDED = "undecided"
    NEW = "new"


@dataclass(frozen=True)
class LookAlike:
    """A known person, or an earlier row of the same call, who may be the one who arrives.

    `probability` is that of this pair alone, without competitors; `evidence` adds up to its odds in bits.
    """

    person_id: int | None
    row: int | None
    probability: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class MatchResult:
    """The verdict on one row.

    SAME names `person_id`, or `row` where the person is first told of in an earlier row of the same call.
    UNDECIDED lists the look-alikes, the most likely first. `probability` is that of the best one, among all.
    """

    verdict: Verdict
    person_id: int | None = None
    row: int | None = None
    probability: float = 0.0
    look_alikes: tuple[LookAlike, ...] = ()


def match_many(rows: Sequence[PersonCandidate], *, at: datetime) -> list[MatchResult]:
    """Return for every row whether its person is known, undecidable, or new, judged on identities as of `at`.

    Rows are also compared with the earlier rows of the call. Nothing is written.
    """
    if not rows:
        return []
    newest = Person.objects.aggregate(newest=Max("pk"))["newest"] or 0
    run = _Run(base=int(newest), weights=weights())
    results: list[MatchResult] = []
    for start in range(0, len(rows), _BATCH):
        results += run.judge(start, rows[start : start + _BATCH], at)
    return results


# A reference to one who may be the same: the id of a person, or -(row + 1) for an earlier row.
_Ref = int


@dataclass
class _Run:
    """One call of `match_many`: the rows so far, findable by their own keys."""

    base: int
    weights: Weights
    rows: dict[_Ref, Profile] = field(default_factory=dict)
    row_keys: dict[Form, list[_Ref]] = field(default_factory=lambda: defaultdict(list))
    # rows whose person is settled, so that a person and the rows about him do not compete with each other
    settled: dict[_Ref, _Ref] = field(default_factory=dict)

    def judge(self, start: int, batch: Sequence[PersonCandidate], at: datetime) -> list[MatchResult]:
        """Return the results of one batch whose first row has the number `start`."""
        profiles = [row.profile() for row in batch]
        forms = [profile.looked_up_forms() for profile in profiles]
        named = {form for profile in profiles for form in counted_forms(profile.read_names)}
        blocks = Blocks({form for row in forms for form in row}, named)
        known = read_profiles(blocks.everyone(), at=at)
        results = []
        for number, (profile, sought) in enumerate(zip(profiles, forms, strict=True), start):
            result = self._judge_row(profile, sought, blocks, known)
            self._remember(number, profile, result)
            results.append(result)
        return results

    def _judge_row(
        self,
        profile: Profile,
        forms: list[Form],
        blocks: Blocks,
        known: Mapping[int, tuple[Profile, int]],
    ) -> MatchResult:
        others: dict[_Ref, tuple[Profile, _Ref]] = {
            person: known[person] for person in blocks.sharing(forms) if person in known
        }
        for form in forms:
            rows = self.row_keys.get(form, ())
            if rows and len(rows) <= most_of(form):
                others.update((ref, (self.rows[ref], self.settled.get(ref, ref))) for ref in rows)
        if not others:
            return MatchResult(Verdict.NEW)
        frequency = _frequency(profile, blocks)
        best: dict[_Ref, tuple[float, dict[str, str]]] = {}
        for other, survivor in others.values():
            levels = compare(profile, other)
            bits = self.weights.total(levels, base=self.base, frequency=frequency)
            if survivor not in best or bits > best[survivor][0]:
                best[survivor] = bits, levels
        return self._decide(best, frequency)

    def _decide(self, best: dict[_Ref, tuple[float, dict[str, str]]], frequency: Frequency) -> MatchResult:
        odds = {ref: 2.0 ** min(bits, _MOST_BITS) for ref, (bits, _levels) in best.items()}
        ranked = sorted(odds, key=lambda ref: (-odds[ref], ref))
        first = ranked[0]
        share = odds[first] / (1 + math.fsum(odds.values()))
        person, row = _split(first)
        if share >= settings.MATCH_SAME:
            only = self._look_alike(first, odds[first], best[first][1], frequency)
            return MatchResult(Verdict.SAME, person, row, share, (only,))
        likely = [ref for ref in ranked[:_MOST_SHOWN] if odds[ref] / (1 + odds[ref]) >= settings.MATCH_ASK]
        if not likely:
            return MatchResult(Verdict.NEW, probability=share)
        shown = tuple(self._look_alike(ref, odds[ref], best[ref][1], frequency) for ref in likely)
        return MatchResult(Verdict.UNDECIDED, probability=share, look_alikes=shown)

    def _look_alike(self, ref: _Ref, odds: float, levels: dict[str, str], frequency: Frequency) -> LookAlike:
        person, row = _split(ref)
        account = self.weights.account(levels, base=self.base, frequency=frequency)
        return LookAlike(person, row, odds / (1 + odds), account)

    def _remember(self, number: int, profile: Profile, result: MatchResult) -> None:
        ref = -(number + 1)
        self.rows[ref] = profile
        for form in profile.kept_forms:
            self.row_keys[form].append(ref)
        if result.verdict is Verdict.SAME:
            known = result.person_id if result.row is None else -(result.row + 1)
            assert known is not None
            self.settled[ref] = known


def _split(ref: _Ref) -> tuple[int | None, int | None]:
    return (ref, None) if ref > 0 else (None, -ref - 1)


def _frequency(profile: Profile, blocks: Blocks) -> Frequency:
    """Return how many known people carry the rarest of the names that arrive."""
    counts = [
        Frequency(
            exact=blocks.count(("name", name.normal)),
            sound=max(blocks.count(("pinyin", reading)) for reading in name.readings),
        )
        for name in profile.read_names
    ]
    return min(counts, key=lambda frequency: frequency.exact, default=Frequency())
