"""The wave that a neighbouring prefecture has behind it: its patients, what they were given, who died, and who was seen after.

Of the size and the mix of the first series of patients that was published (191, of whom 54 died; Zhou et al., Lancet
2020;395:1054-1062): ages, severities, days of illness. Who is given what follows from the severity alone, so that no
treatment of this world does anything. The archive names nobody and has one round a stay, that of the admission.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from lianfang.care.derive import derive_pathways
from lianfang.care.models import CareLevel, Departure, FollowUp, How, Round, Stay, Treatment, VisitDue
from lianfang.cases.derive import derive_cases
from lianfang.cases.models import Case, EpiLink, Investigation, Outcome, Report, Result, Review, Sample, Sign
from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Person, Unit
from lianfang.demo.beds import open_beds
from lianfang.demo.ground import EARLIER, Ground
from lianfang.demo.writing import DISEASE
from lianfang.loop.models import Decision, Finding
from lianfang.loop.services import judge_finding

_BY = Actor.system("demo world")
_BATCH = 500
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
# Severity at admission: patients, of whom died.
_MIX = {"ordinary": (72, 0), "severe": (66, 12), "critical": (53, 42)}
# What is given to which share of the patients of each severity, and within how many days of the admission it begins.
_GIVEN = {
    "氧疗 (oxygen)": ({"ordinary": 0.1, "severe": 0.9, "critical": 1.0}, 1),
    "糖皮质激素 (corticosteroids)": ({"ordinary": 0.08, "severe": 0.3, "critical": 0.6}, 5),
    "洛匹那韦/利托那韦 (lopinavir/ritonavir)": ({"ordinary": 0.2, "severe": 0.2, "critical": 0.2}, 3),
}
_FIRST, _LAST = 84, 62  # days before today on which the first and the last of them were admitted
_VISITS = (2, 4)  # weeks


@dataclass(frozen=True)
class _Patient:
    """One of them: who, how ill, from when until when in bed."""

    person: Person
    severity: str
    dies: bool
    onset: datetime
    lies_from: datetime
    lies_until: datetime


def tell_earlier(ground: Ground, *, at: datetime, known_at: datetime, seed: int) -> int:
    """Enter the archive of the neighbours of the weeks before `at`, handed over at `known_at`; return how many it has."""
    hospital = ground.units[f"{EARLIER}-hospital"]
    patients = _patients(hospital, at=at, seed=seed)
    cases = _cases(patients, hospital, ground)
    derive_cases([case.pk for case in cases], at=known_at, by=_BY)
    for finding in Finding.objects.unjudged().filter(path__within=hospital.path).order_by("pk"):
        judge_finding(
            finding=finding,
            decision=Decision.CONFIRMED,
            reason="符合标准 (meets the criteria)",
            by=_BY,
            at=known_at,
        )
    _stays(patients, cases, hospital, at=at)
    _treatments(patients, cases, hospital, seed=seed)
    _after(patients, cases, hospital, at=at)
    derive_pathways([case.pk for case in cases], at=known_at, by=_BY)
    return len(patients)


def _patients(hospital: Unit, *, at: datetime, seed: int) -> list[_Patient]:
    rng = np.random.default_rng(seed + 5)
    kinds = [(severity, n < n_died) for severity, (n_all, n_died) in _MIX.items() for n in range(n_all)]
    order = rng.permutation(len(kinds))
    peak = rng.beta(2.5, 3, size=len(kinds))  # when in the wave: slowly up, slowly down
    found, people = [], []
    for n, k in enumerate(order):
        severity, dies = kinds[k]
        age = int(np.clip(rng.normal(69, 10) if dies else rng.normal(52, 14), 19, 92))
        lies_from = at - (_FIRST - (_FIRST - _LAST) * float(peak[n])) * _DAY
        lies = rng.gamma(6, 7.5 / 6) if dies else rng.gamma(12, 12 / 12)
        person = Person(
            sex="male" if rng.random() < (0.70 if dies else 0.59) else "female",
            birth_year=local_day(at).year - age,
            place=hospital.place,
            path=hospital.path,
            recorded_at=lies_from,
        )
        people.append(person)
        found.append((person, severity, dies, lies_from, max(2.0, float(lies)), 4 + float(rng.gamma(4, 1.5))))
    Person.objects.bulk_create(people, batch_size=_BATCH)
    return sorted(
        (
            _Patient(
                person=person,
                severity=severity,
                dies=dies,
                onset=_whole(lies_from - ill * _DAY),
                lies_from=_whole(lies_from),
                lies_until=_whole(lies_from + lies * _DAY),
            )
            for person, severity, dies, lies_from, lies, ill in found
        ),
        key=lambda one: one.lies_from,
    )


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _cases(patients: Sequence[_Patient], hospital: Unit, ground: Ground) -> list[Case]:
    """Enter report, review, signs, specimen and result, investigation and outcome of each, all in time."""
    cdc, laboratory = ground.units[f"{EARLIER}-cdc"], ground.units[f"{EARLIER}-laboratory"]
    cases = []
    for n, one in enumerate(patients):
        seen = one.lies_from - 20 * _HOUR
        case = Case(
            number=f"{hospital.place.code}-{seen.year}-{n + 1:04d}", person=one.person, disease=DISEASE,
            place=hospital.place, path=hospital.path, residence_path=one.person.path,
            opened_at=seen + _HOUR, reported_at=seen + _HOUR,
        )  # fmt: skip
        cases.append(case)
    Case.objects.bulk_create(cases, batch_size=_BATCH)
    facts: dict[Any, list[Any]] = {}

    def note(model: Any, case: Case, moment: datetime, **columns: object) -> None:
        made = model(case=case, occurred_at=moment, recorded_at=moment, **columns)
        facts.setdefault(model, []).append(made)

    for n, (one, case) in enumerate(zip(patients, cases, strict=True)):
        seen = one.lies_from - 20 * _HOUR
        note(Report, case, seen, unit=hospital, diagnosis="suspected", received_at=seen + _HOUR)
        note(Review, case, seen + 1.6 * _HOUR, complete=True)
        note(Sign, case, one.onset, code="onset", present=True, is_onset=True)
        note(Sign, case, seen, code="temperature", value=38.4)
        note(Sign, case, seen, code="lymphocytes", value=0.8)
        note(EpiLink, case, seen, kind="contact_with_infected", to_on=local_day(one.onset))
        note(
            Sample, case, seen + 2 * _HOUR, number=f"A{n + 1:05d}", specimen="oropharyngeal_swab",
            laboratory=laboratory, received_at=seen + 4 * _HOUR,
        )  # fmt: skip
        note(
            Investigation, case, seen + 21 * _HOUR, unit=cdc, onset_asked=True, exposures_asked=True,
            places_asked=True, contacts_asked=True,
        )  # fmt: skip
        kind = Outcome.Kind.DIED if one.dies else Outcome.Kind.RECOVERED
        note(Outcome, case, one.lies_until, kind=kind, on=local_day(one.lies_until))
    for model, rows in facts.items():
        model.objects.bulk_create(rows, batch_size=_BATCH)
    samples = facts[Sample]
    Result.objects.bulk_create(
        Result(
            sample=sample, case_id=sample.case_id, kind="rt_pcr", finding="positive", laboratory=laboratory,
            key=f"LIS-{sample.number}", occurred_at=sample.received_at + 9 * _HOUR,
            recorded_at=sample.received_at + 9 * _HOUR,
        )
        for sample in samples
    )  # fmt: skip
    return cases


def _stays(patients: Sequence[_Patient], cases: Sequence[Case], hospital: Unit, *, at: datetime) -> None:
    """Lay each in the first bed that is empty, with the round of the admission; of other days the archive has none."""
    beds = open_beds(hospital, ordinary=72, severe=90, at=at)
    free_from = {bed.pk: patients[0].lies_from for beds_of in beds.values() for bed in beds_of}
    stays, rounds = [], []
    for one, case in zip(patients, cases, strict=True):
        level = CareLevel.ORDINARY if one.severity == "ordinary" else CareLevel.SEVERE
        bed = next(bed for bed in beds[level] if free_from[bed.pk] <= one.lies_from)
        free_from[bed.pk] = one.lies_until
        day = local_day(one.lies_from)
        there = {"case": case, "path": hospital.path, "source_path": case.path}
        stays.append(
            Stay(
                **there,
                person=one.person,
                bed=bed,
                occurred_at=one.lies_from,
                recorded_at=one.lies_from,
                until_at=one.lies_until,
                first_round_on=day,
                last_round_on=day,
            )
        )
        seen = one.lies_from + _HOUR
        rounds.append(
            Round(
                **there,
                on=local_day(seen),
                temperature=38.6,
                occurred_at=seen,
                recorded_at=seen,
                respiratory_rate={"ordinary": 22, "severe": 32, "critical": 34}[one.severity],
                spo2={"ordinary": 96, "severe": 91, "critical": 84}[one.severity],
                ventilated=one.severity == "critical",
                respiratory="unchanged",
                imaging=["ground_glass_opacity"],
            )
        )
    Stay.objects.bulk_create(stays, batch_size=_BATCH)
    Round.objects.bulk_create(rounds, batch_size=_BATCH)


def _treatments(patients: Sequence[_Patient], cases: Sequence[Case], hospital: Unit, *, seed: int) -> None:
    rng = np.random.default_rng(seed + 6)
    rows = []
    for one, case in zip(patients, cases, strict=True):
        for what, (shares, within) in _GIVEN.items():
            begun = _whole(one.lies_from + float(rng.uniform(0.1, within)) * _DAY)
            if rng.random() < shares[one.severity] and begun < one.lies_until:
                rows.append(
                    Treatment(
                        case=case, what=what, path=hospital.path, source_path=case.path, occurred_at=begun,
                        recorded_at=begun, until_at=one.lies_until,
                    )
                )  # fmt: skip
    Treatment.objects.bulk_create(rows, batch_size=_BATCH)


def _after(patients: Sequence[_Patient], cases: Sequence[Case], hospital: Unit, *, at: datetime) -> None:
    """Let everybody leave, and see those who survived in the second and the fourth week."""
    left = [
        Departure(
            case=case, how=How.DIED if one.dies else How.DISCHARGED, path=hospital.path, source_path=case.path,
            follow_days=0 if one.dies else 14, visit_weeks=[] if one.dies else list(_VISITS),
            regime="" if one.dies else "isolation_management", occurred_at=one.lies_until,
            recorded_at=one.lies_until,
        )
        for one, case in zip(patients, cases, strict=True)
    ]  # fmt: skip
    Departure.objects.bulk_create(left, batch_size=_BATCH)
    due, made = [], []
    for n, departure in enumerate(one for one in left if one.how == How.DISCHARGED):
        for week in departure.visit_weeks:
            opens = departure.occurred_at + timedelta(weeks=week - 1)
            due.append(
                VisitDue(
                    departure=departure, week=week, opens_at=opens, due_at=opens + timedelta(weeks=1)
                )
            )  # fmt: skip
            seen = opens + timedelta(days=2 + (n + week) % 4)
            made.append(
                FollowUp(
                    case_id=departure.case_id, week=week, temperature=36.5, path=hospital.path,
                    source_path=departure.source_path, occurred_at=seen, recorded_at=seen,
                )
            )  # fmt: skip
    VisitDue.objects.bulk_create(due, batch_size=_BATCH)
    FollowUp.objects.bulk_create([row for row in made if row.occurred_at <= at], batch_size=_BATCH)
