"""Rules about counting, reporting and reacting: clocks, ladder, clusters, events, grades, measures, targets."""

from datetime import time
from typing import Annotated, Literal

from pydantic import Field, model_validator

from lianfang.rulebook.terms import Frozen, Name, Status, Text, Threshold

Level = Literal["county", "prefecture", "province", "nation"]
RiskLevel = Literal["low", "medium", "high"]


class ClockParameters(Frozen):
    """Within how long something is owed, and the event that starts the clock.

    Each clock starts at a different event, so the moments of diagnosis, report, specimen received and so on are
    kept apart. `applies_to` narrows it to some classifications (empty: all).
    """

    kind: Literal["clock"]
    within: int = Field(ge=1)
    unit: Literal["hours", "days", "working_days", "months"] = "hours"
    starts_at: Name
    owed: Text
    applies_to: tuple[Status, ...] = ()


class LadderStep(Frozen):
    """From how many hours after the deadline a level is told."""

    level: Level
    after_hours: float = Field(ge=0)


class LadderParameters(Frozen):
    """How an unmet duty climbs; the steps rise in level and in hours."""

    kind: Literal["escalation_ladder"]
    steps: Annotated[tuple[LadderStep, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _rising(self) -> "LadderParameters":
        hours = [step.after_hours for step in self.steps]
        if hours != sorted(hours) or len({step.level for step in self.steps}) != len(self.steps):
            raise ValueError("steps must name each level once, with hours that do not fall")
        return self


class QuietHoursParameters(Frozen):
    """When nobody is woken, save by duties whose whole clock is as short as `broken_by_clock_hours`."""

    kind: Literal["quiet_hours"]
    starts: time
    ends: time
    broken_by_clock_hours: Threshold


class TimelinessParameters(Frozen):
    """Targets of timeliness in days: emergence to detection, to notification, to completed early response."""

    kind: Literal["timeliness_targets"]
    detect_days: Threshold
    notify_days: Threshold
    respond_days: Threshold


class ClusterParameters(Frozen):
    """A cluster: so many cases in one small setting within a window of calendar days.

    A window of 14 days holds day 1 and day 14, not day 1 and day 15. With `ill_counted` a person with fever or
    respiratory symptoms makes up the number beside at least `cases_confirmed` cases.
    """

    kind: Literal["cluster"]
    cases: Threshold
    cases_confirmed: int = Field(default=0, ge=0)
    counted: tuple[Status, ...]
    ill_counted: bool = False
    window_days: int = Field(ge=1)
    settings: dict[Name, Text]


class CommunitySpreadParameters(Frozen):
    """Outbreak in one place and spread in the community, in calendar-day windows."""

    kind: Literal["community_spread"]
    outbreak_cases: Threshold
    spread_cases_unknown_source: Threshold
    window_days: int = Field(ge=1)


class SpecialPlace(Frozen):
    """A kind of place with duties of its own, the words by which it is known in a record, and the kinds of unit."""

    text: Text
    words: tuple[str, ...]
    unit_kinds: tuple[Name, ...] = ()


class SpecialPlacesParameters(Frozen):
    """Places in which one case is already a reason to look: the first kind whose word occurs in the record counts."""

    kind: Literal["special_places"]
    places: dict[Name, SpecialPlace]


class EventReportParameters(Frozen):
    """What must also be reported as a public-health event, and the level it first carries."""

    kind: Literal["event_report"]
    within_hours: int = Field(ge=1)
    triggers: dict[Name, Text]
    initial_level: Text


class EventAlertParameters(Frozen):
    """Sizes of a cluster at which the area is alerted again."""

    kind: Literal["event_alert"]
    sizes: Annotated[tuple[int, ...], Field(min_length=1)]


class RiskGradeParameters(Frozen):
    """The county risk grade: low is tested first, then the cumulative count against `large_cumulative`.

    The three settings say what the callers must count, because the text does not. `published_by` is the level that
    answers for the grade. `hold_days` is for editions with a hysteresis: for how many days after the figures last
    asked for a level it may not fall below it; a level that is not named may fall at once.
    """

    kind: Literal["risk_grade"]
    published_by: Level = "province"
    hold_days: dict[RiskLevel, int] = Field(default_factory=dict)
    window_days: int = Field(ge=1)
    large_cumulative: Threshold
    counts_asymptomatic: bool
    counts_imported: bool
    dated_by: Literal["reported", "onset"]
    labels: dict[RiskLevel, Text]


class EarlyWarningParameters(Frozen):
    """When a county's curve is called unusual, and how long it is then silent.

    `quiet_days`, `again_cases`, `again_days`: so many cases within so many days after so many without one.
    `ears_least_mean`: mean cases a day of the last four weeks from which EARS C2 looks at daily counts.
    `rising_probability`, `rising_cases`: Rt above 1 with this probability, on so many cases in the window.
    `silence_days`: alarms this near to one another are one finding.
    `answered_share`, `answered_hours`: which share of the findings is to be judged, and within how many hours half of them.
    """

    kind: Literal["early_warning"]
    quiet_days: int = Field(ge=1)
    again_cases: int = Field(ge=1)
    again_days: int = Field(ge=1)
    ears_least_mean: float = Field(gt=0)
    rising_probability: float = Field(gt=0.5, lt=1)
    rising_cases: int = Field(ge=1)
    silence_days: int = Field(ge=1)
    answered_share: float = Field(default=0.97, gt=0, le=1)
    answered_hours: float = Field(default=1.1, gt=0)


class BulletinParameters(Frozen):
    """Which areas a bulletin tells together with others, because persons could be told by their counts.

    Those with fewer than `few_residents`; where the register does not know how many live there, those below the county.
    """

    kind: Literal["bulletin"]
    few_residents: int = Field(ge=0)


class Measure(Frozen):
    """One measure that a grade switches on."""

    measure_id: Name
    text: Text


class MeasuresParameters(Frozen):
    """What each grade switches on, and who answers; `reopening_needs_permit` is what low risk must never bring back."""

    kind: Literal["measures"]
    decided_by: Level = "county"
    by_grade: dict[RiskLevel, tuple[Measure, ...]]
    reopening_needs_permit: dict[RiskLevel, bool]


class PersonGradeParameters(Frozen):
    """How persons of each grade are treated, and the days that arrivals from closed areas spend in observation."""

    kind: Literal["person_grade"]
    treatment: dict[RiskLevel, Text]
    arrival_observation_days: int = Field(ge=0)
