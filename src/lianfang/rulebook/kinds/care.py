"""Rules about the sick: severity, discharge, release from observation, return of the virus, natural history."""

from typing import Annotated, Literal

from pydantic import Field

from lianfang.rulebook.kinds.case_definition import Names, NegativesTest
from lianfang.rulebook.terms import Frozen, Name, Text, Threshold

SeverityLevel = Literal["mild", "ordinary", "severe", "critical"]


class SeverityParameters(Frozen):
    """The signs of severe and critical disease; a higher level needs one sign only.

    PaO2/FiO2 is corrected by barometric pressure / 760 mmHg where the altitude is on the stated side.
    """

    kind: Literal["severity"]
    labels: dict[SeverityLevel, Text]
    pneumonia_findings: Names
    respiratory_rate: Threshold
    spo2_percent: Threshold
    pao2_fio2_mmhg: Threshold
    altitude_corrected_m: Threshold | None = None
    progress_percent: Threshold | None = None
    progress_within_hours: Threshold | None = None


class TemperatureRule(Frozen):
    """No temperature on the `fever` side for `normal_for_hours`, with a reading not older than `reading_age_hours`."""

    fever: Threshold
    normal_for_hours: Threshold
    reading_age_hours: Threshold


class SinceRule(Frozen):
    """Enough days since the first day of a sign (or of illness: `onset`)."""

    sign: Name
    days: Threshold


class AssessmentRule(Frozen):
    """The latest clinical judgement of an aspect is one of the named values."""

    aspect: Name
    any_of: Names
    text: Text


class FollowOn(Frozen):
    """What a person owes, and is owed, after discharge; weeks are counted from the day of discharge."""

    regime: Literal["none", "self_health_monitoring", "isolation_management"]
    label: Text
    days: int = Field(ge=0)
    visit_weeks: tuple[int, ...] = ()


class DischargeParameters(Frozen):
    """When a patient may leave: every given part must be met."""

    kind: Literal["discharge"]
    name: Text
    temperature: TemperatureRule | None = None
    assessments: tuple[AssessmentRule, ...] = ()
    imaging_any_of: tuple[Name, ...] = ()
    imaging_text: Text | None = None
    symptom_free: bool = False
    negatives: NegativesTest | None = None
    since: SinceRule | None = None
    follow_on: FollowOn


class ContactDefinitionParameters(Frozen):
    """Which days make a contact, how near is near, and the settings that count.

    The window opens `days_before` days before onset (for a person without symptoms: before sampling), and closes
    `days_after` days after, or, where that is absent, when the case is isolated.
    """

    kind: Literal["contact_definition"]
    days_before: int = Field(ge=0)
    days_after: int | None = Field(default=None, ge=0)
    anchor: Name = "onset"
    distance_m: Threshold | None = None
    settings: dict[Name, Text]


class PlaceWindowParameters(Frozen):
    """The days before onset for which the places a case visited count as infected."""

    kind: Literal["place_window"]
    days_before: int = Field(ge=0)


class ObservationParameters(Frozen):
    """How long an exposed or symptom-free infected person is observed, and what release asks for.

    `first_day_number` is the number given to the day of the last contact: with 0 (WHO usage) and 14 days release
    is on the 14th day after it, with 1 on the 13th. `tests_on_days` are days numbered in the same way.
    `self_reports` says as what the person's own report counts. With `release_judged` an answerable person
    decides on the release; else a field worker notes it.
    """

    kind: Literal["observation"]
    days: int = Field(ge=1)
    first_day_number: Literal[0, 1]
    temperature_readings_per_day: int = Field(ge=0)
    fever: Threshold | None = None
    negatives: NegativesTest | None = None
    where: tuple[Literal["central", "home"], ...]
    tests_on_days: tuple[Annotated[int, Field(ge=1)], ...] = ()
    self_reports: Literal["none", "reading", "visit"] = "reading"
    release_judged: bool = True


class ConfinementParameters(Frozen):
    """What people in isolation are owed: who gets a named contact person, how often they are seen and supplied."""

    kind: Literal["confinement"]
    elder_from_age: int = Field(ge=0)
    child_below_age: int = Field(ge=0)
    attend_every_days: int = Field(ge=1)
    supply_every_days: int = Field(ge=1)


class BedLevelParameters(Frozen):
    """Which level of bed (0 isolation, 1 ordinary, 2 severe, 3 critical) each severity needs, and how many stay spare.

    `unassessed` is the level for a patient whose severity is not known. `levels_up` says how far above the need a bed
    may be; `spare_percent` the share of usable beds per level that should be free ("beds waiting for people").
    """

    kind: Literal["bed_levels"]
    by_severity: dict[SeverityLevel, Annotated[int, Field(ge=0, le=3)]]
    unassessed: int = Field(ge=0, le=3)
    levels_up: int = Field(ge=0, le=3)
    spare_percent: dict[Annotated[int, Field(ge=0, le=3)], Annotated[float, Field(ge=0, le=100)]]
    rounds_per_day: int = Field(ge=1)


class RecurrenceParameters(Frozen):
    """What happens when the virus is found again after discharge; neither way adds to the new cases."""

    kind: Literal["recurrence"]
    signs_any_of: Names
    findings_any_of: Names
    with_signs: Text
    without_signs: Text
    isolation_days: int = Field(ge=0)
    recheck_weeks: tuple[int, ...]


class LogNormal(Frozen):
    """A log-normal distribution of days by the mean and standard deviation of the logarithm."""

    family: Literal["lognormal"]
    meanlog: float
    sdlog: Annotated[float, Field(gt=0)]


class Gamma(Frozen):
    """A gamma distribution of days by mean and standard deviation."""

    family: Literal["gamma"]
    mean: Annotated[float, Field(gt=0)]
    sd: Annotated[float, Field(gt=0)]


Distribution = Annotated[LogNormal | Gamma, Field(discriminator="family")]


class NaturalHistoryParameters(Frozen):
    """Delays of the disease in days; `incubation_range_days` is what observation is built on."""

    kind: Literal["natural_history"]
    incubation: Distribution
    incubation_range_days: tuple[int, int]
    serial_interval: Distribution
    incubation_source: str
    serial_interval_source: str
