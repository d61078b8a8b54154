"""What is known about one person when a rule is applied: frozen records, no database, no names.

Callers build these from their own tables. Days are calendar days; moments are datetimes, all naive or all aware.
Unknown is not the same as no: a sign that was not asked for is absent from `symptoms`, not False.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter

from lianfang.rulebook.terms import day_of

_NO_RESULTS: AbstractSet[tuple[str, str]] = frozenset()
_SAMPLED_AT = attrgetter("sampled_at")


@dataclass(frozen=True, slots=True)
class Temperature:
    """One reading of body temperature in degrees Celsius (axillary, where the rule says nothing else)."""

    at: datetime
    celsius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Imaging:
    """One chest image: what was found, and how much lesions grew since the image before it."""

    at: datetime
    findings: frozenset[str] = frozenset()
    progress_percent: float | None = None
    progress_hours: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BloodCount:
    """White cells and lymphocytes in 10^9 per litre; None where not counted."""

    at: datetime
    white_cells: float | None = None
    lymphocytes: float | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """One exposure of a named kind on its last day; `cases` counts the ill persons of a clustered illness."""

    kind: str
    day: date
    cases: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LabTest:
    """One laboratory test; `resulted_at` None means that the result is not known yet.

    `result` is positive, negative or inconclusive. `targets` counts the positive genomic targets of a PCR,
    `titre` the reciprocal dilution of a serology. A withdrawn result counts for nothing.
    """

    kind: str
    sampled_at: datetime
    result: str = ""
    resulted_at: datetime | None = None
    specimen: str = ""
    laboratory: str = ""
    targets: int | None = None
    titre: float | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Assessment:
    """A clinician's dated judgement of a named aspect, such as `respiratory_symptoms` = `clearly_improved`."""

    aspect: str
    value: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """Everything that classification, discharge and release look at.

    `onset_of` holds the first day of single signs where a rule needs one (rash in measles). `flags` holds
    statements of fact or judgement that a definition names, such as `evaluated_by_clinician`.
    """

    onset_on: date | None = None
    onset_of: Mapping[str, date] = field(default_factory=dict)
    symptoms: Mapping[str, bool] = field(default_factory=dict)
    temperatures: tuple[Temperature, ...] = ()
    imaging: tuple[Imaging, ...] = ()
    blood: tuple[BloodCount, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    tests: tuple[LabTest, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    flags: frozenset[str] = frozenset()
    diagnosed_clinically: bool = False
    died_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What severity is judged by; None where not measured. `spo2` is at rest, in percent."""

    respiratory_rate: float | None = None
    spo2: float | None = None
    pao2_fio2: float | None = None
    altitude_m: float = 0.0
    pressure_mmhg: float | None = None
    ventilated_respiratory_failure: bool = False
    shock: bool = False
    organ_failure_in_icu: bool = False


class Examined:
    """The facts of one person as a definition looks at them at one moment; built by `examine`.

    `tests` are those whose result was known and is not withdrawn, in order of sampling. `day` is the day that
    exposures are counted back from: onset, else the first sample with a known result, else the day of judgement.
    `results` holds the (kind, result) pairs among the tests, so that most questions need no loop over them.
    """

    __slots__ = ("day", "facts", "results", "tests")

    def __init__(self, facts: CaseFacts, tests: tuple[LabTest, ...], day: date) -> None:
        self.facts = facts
        self.tests = tests
        self.day = day
        self.results = {(t.kind, t.result) for t in tests} if tests else _NO_RESULTS


def examine(facts: CaseFacts, at: date | datetime) -> Examined:
    """Return what can be judged at `at`; a plain date means the end of that day."""
    tests = usable_tests(facts.tests, at) if facts.tests else ()
    day = facts.onset_on
    if day is None:
        day = tests[0].sampled_at.date() if tests else day_of(at)
    return Examined(facts, tests, day)


def usable_tests(tests: tuple[LabTest, ...], at: date | datetime) -> tuple[LabTest, ...]:
    """Return the tests whose result was known at `at` and is not withdrawn, in order of sampling."""
    if isinstance(at, datetime):
        usable = [t for t in tests if not t.withdrawn and t.resulted_at is not None and t.resulted_at <= at]
    else:
        usable = [
            t for t in tests if not t.withdrawn and t.resulted_at is not None and t.resulted_at.date() <= at
        ]
    if len(usable) > 1:
        usable.sort(key=_SAMPLED_AT)
    return tuple(usable)
