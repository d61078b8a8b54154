"""The observable items of a case definition as functions over the facts of one person.

`build` returns for each kind of test a pair: `check` answers yes or no and allocates nothing; `explain` returns the
evidence that met it, or None. The two are held equal by a property test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from lianfang.rulebook.facts import CaseFacts, Examined, LabTest
from lianfang.rulebook.kinds.case_definition import (
    BloodTest,
    ExposureTest,
    FeverTest,
    FlagTest,
    ImagingTest,
    LaboratoryTest,
    Leaf,
    NegativesTest,
    RiseTest,
    SignTest,
    SymptomFreeTest,
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One recorded fact that met an item: its kind, what it says, and when it was (None where undated)."""

    kind: str
    value: str
    on: date | datetime | None = None


Check = Callable[[Examined], bool]
Explain = Callable[[Examined], tuple[Evidence, ...] | None]
# Statements that have a field of their own in the facts.
CLINICAL_DIAGNOSIS = "diagnosed_clinically"
DECEASED = "deceased"


def build(test: Leaf, min_positive_labs: int) -> tuple[Check, Explain]:
    """Return `check` and `explain` of one observable item."""
    if isinstance(test, LaboratoryTest):
        return _laboratory(test, test.laboratories or (min_positive_labs if test.result == "positive" else 1))
    build_one = _BUILDERS[type(test)]
    return build_one(test)


def _sign(test: SignTest) -> tuple[Check, Explain]:
    names = test.any_of

    def check(case: Examined) -> bool:
        get = case.facts.symptoms.get
        for name in names:  # noqa: SIM110 - a generator costs more than the look-ups
            if get(name):
                return True
        return False

    def explain(case: Examined) -> tuple[Evidence, ...] | None:
        found = [n for n in names if case.facts.symptoms.get(n)]
        return (
            tuple(Evidence("sign", n, case.facts.onset_of.get(n, case.facts.onset_on)) for n in found) or None
        )

    return check, explain


def _fever(test: FeverTest) -> tuple[Check, Explain]:
    compare, line, sign = test.celsius.compare, test.celsius.value, test.sign

    def check(case: Examined) -> bool:
        if case.facts.symptoms.get(sign):
            return True
        for reading in case.facts.temperatures:  # noqa: SIM110 - as above
            if compare(reading.celsius, line):
                return True
        return False

    def explain(case: Examined) -> tuple[Evidence, ...] | None:
        found = [Evidence("sign", sign, case.facts.onset_on)] if case.facts.symptoms.get(sign) else []
        readings = [r for r in case.facts.temperatures if compare(r.celsius, line)]
        found += [Evidence("temperature", f"{r.celsius:g} °C", r.at) for r in readings]
        return tuple(found) or None

    return check, explain


def _symptom_free(test: SymptomFreeTest) -> tuple[Check, Explain]:
    compare, line = test.celsius.compare, test.celsius.value

    def check(case: Examined) -> bool:
        if case.facts.onset_on is not None or not case.facts.symptoms or any(case.facts.symptoms.values()):
            return False
        for reading in case.facts.temperatures:  # noqa: SIM110 - as above
            if compare(reading.celsius, line):
                return False
        return True

    def explain(case: Examined) -> tuple[Evidence, ...] | None:
        if not check(case):
            return None
        return tuple(Evidence("sign_absent", name) for name in case.facts.symptoms)

    return check, explain


def _exposure(test: ExposureTest) -> tuple[Check, Explain]:
    kinds, compare, limit = frozenset(test.any_of), test.days_before.compare, test.days_before.value
    from_days, anchor = test.from_days, None if test.anchor == "onset" else test.anchor
    cases = test.cases

    def counts(kind: str, exposed_on: date, n_cases: int, day: date) -> bool:
        if kind not in kinds or (cases is not None and not cases.holds(n_cases)):
            return False
        before = (day - exposed_on).days
        return before >= from_days and compare(before, limit)

    def check(case: Examined) -> bool:
        day = case.day if anchor is None else case.facts.onset_of.get(anchor, case.day)
        for e in case.facts.exposures:  # noqa: SIM110 - as above
            if counts(e.kind, e.day, e.cases, day):
                return True
        return False

    def explain(case: Examined) -> tuple[Evidence, ...] | None:
        day = case.day if anchor is None else case.facts.onset_of.get(anchor, case.day)
        found = [e for e in case.facts.exposures if counts(e.kind, e.day, e.cases, day)]
        return tuple(Evidence("exposure", e.kind, e.day) for e in found) or None

    return check, explain


def _imaging(test: ImagingTest) -> tuple[Check, Explain]:
    wanted = frozenset(test.any_of)

    def check(case: Examined) -> bool:
        for image in case.facts.imaging:  # noqa: SIM110 - as above
            if not wanted.isdisjoint(image.findings):
                return True
        return False

    def explain(case: Examined) -> tuple[Evidence, ...] | None:
        found = [
            Evidence("imaging", f, i.at) for i in case.facts.imaging for f in sorted(wanted & i.findings)
        ]
        return tuple(found) or None

    return check, explain


def _blood(test: BloodTest) -> tuple[Check, Explain]:
    holds, count = test.value.holds, test.count

    def check(case: Examined) -> bool:
        for sample in case.facts.blood:
            value = getattr(sample, count)
            if value is not None and holds(value):
                return True
        return False

    def explain(case: Examined) -> tuple[Evidence, ...] | None:
        values = [(getattr(s, count), s.at) for s in case.facts.blood]
        return tuple(Evidence(count, f"{v:g}", at) for v, at in values if v is not None and holds(v)) or None

    return check, explain


def _laboratory(test: LaboratoryTest, needed: int) -> tuple[Check, Explain]:
    wanted = frozenset((kind, test.result) for kind in test.any_of)
    plain = not (test.specimens or test.targets or test.days_after_onset or test.hours_after_onset)

    def counting(case: Examined) -> list[LabTest]:
        found = [t for t in case.tests if (t.kind, t.result) in wanted]
        return found if plain else [t for t in found if _meets_extras(test, t, case.facts)]

    def check(case: Examined) -> bool:
        if wanted.isdisjoint(case.results):
            return False
        if plain and needed == 1:
            return True
        return len({t.laboratory for t in counting(case)}) >= needed

    def explain(case: Examined) -> tuple[Evidence, ...] | None:
        return _as_evidence(counting(case)) if check(case) else None

    return check, explain


def _meets_extras(rule: LaboratoryTest, test: LabTest, facts: CaseFacts) -> bool:
    if rule.specimens and test.specimen not in rule.specimens:
        return False
    if rule.targets is not None and not rule.targets.holds(test.targets or 0):
        return False
    if rule.days_after_onset is None and rule.hours_after_onset is None:
        return True
    began = facts.onset_on if rule.anchor == "onset" else facts.onset_of.get(rule.anchor)
    if began is None:
        return False
    days = (test.sampled_at.date() - began).days
    if rule.days_after_onset is not None:
        return rule.days_after_onset.holds(days)
    assert rule.hours_after_onset is not None
    # Onset is known by the day: counted from the end of that day, so that the stated hours have surely passed.
    hour = test.sampled_at.hour + test.sampled_at.minute / 60
    return rule.hours_after_onset.holds((days - 1) * 24 + hour)


def negatives_apart(rule: NegativesTest, tests: tuple[LabTest, ...]) -> tuple[LabTest, ...]:
    """Return the negatives that satisfy the rule, earliest first; empty if it is not met.

    `tests` are usable tests in order of sampling. The run is what follows the last result that was not negative;
    from it the first sample and then each next one far enough from the one before it are taken.
    """
    run: list[LabTest] = []
    for test in tests:
        if test.kind not in rule.any_of:
            continue
        if test.result != "negative":
            if not rule.broken_by or test.specimen in rule.broken_by:
                run.clear()
        elif not rule.specimens or test.specimen in rule.specimens:
            run.append(test)
    picked: list[LabTest] = []
    for test in run:
        if not picked or rule.apart is None or rule.apart.holds(picked[-1].sampled_at, test.sampled_at):
            picked.append(test)
    return tuple(picked[-rule.n :]) if len(picked) >= rule.n else ()


def _negatives(rule: NegativesTest) -> tuple[Check, Explain]:
    wanted = frozenset((kind, "negative") for kind in rule.any_of)
    n = rule.n

    def check(case: Examined) -> bool:
        return (
            len(case.tests) >= n
            and not wanted.isdisjoint(case.results)
            and bool(negatives_apart(rule, case.tests))
        )

    def explain(case: Examined) -> tuple[Evidence, ...] | None:
        return _as_evidence(list(negatives_apart(rule, case.tests)))

    return check, explain


def _rise(rule: RiseTest) -> tuple[Check, Explain]:
    kinds = frozenset(rule.any_of)

    def pair(tests: tuple[LabTest, ...]) -> tuple[LabTest, ...]:
        sera = [t for t in tests if t.kind in kinds]
        for i, first in enumerate(sera):
            for later in sera[i + 1 :]:
                if first.kind == later.kind and _rises(rule, first, later):
                    return (first, later)
        return ()

    def check(case: Examined) -> bool:
        return len(case.tests) > 1 and bool(pair(case.tests))

    def explain(case: Examined) -> tuple[Evidence, ...] | None:
        return _as_evidence(list(pair(case.tests)))

    return check, explain


def _rises(rule: RiseTest, first: LabTest, later: LabTest) -> bool:
    days = (later.sampled_at.date() - first.sampled_at.date()).days
    if rule.days_apart is not None and not rule.days_apart.holds(days):
        return False
    if rule.conversion and first.result == "negative" and later.result == "positive":
        return True
    return bool(first.titre and later.titre and rule.fold.holds(later.titre / first.titre))


def _flag(test: FlagTest) -> tuple[Check, Explain]:
    wanted = frozenset(test.any_of)
    clinical, deceased = CLINICAL_DIAGNOSIS in wanted, DECEASED in wanted

    def check(case: Examined) -> bool:
        facts = case.facts
        if clinical and facts.diagnosed_clinically:
            return True
        return (deceased and facts.died_on is not None) or not wanted.isdisjoint(facts.flags)

    def explain(case: Examined) -> tuple[Evidence, ...] | None:
        found = [Evidence("statement", name) for name in sorted(wanted & case.facts.flags)]
        if clinical and case.facts.diagnosed_clinically:
            found.append(Evidence("statement", CLINICAL_DIAGNOSIS))
        if deceased and case.facts.died_on is not None:
            found.append(Evidence("statement", DECEASED, case.facts.died_on))
        return tuple(found) or None

    return check, explain


def _as_evidence(tests: list[LabTest]) -> tuple[Evidence, ...] | None:
    return tuple(Evidence("laboratory", f"{t.kind} {t.result}", t.sampled_at) for t in tests) or None


_BUILDERS: dict[type, Callable[..., tuple[Check, Explain]]] = {
    SignTest: _sign,
    FeverTest: _fever,
    SymptomFreeTest: _symptom_free,
    ExposureTest: _exposure,
    ImagingTest: _imaging,
    BloodTest: _blood,
    NegativesTest: _negatives,
    RiseTest: _rise,
    FlagTest: _flag,
}
