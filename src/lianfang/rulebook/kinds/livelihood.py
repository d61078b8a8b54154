"""Rules of poverty exit and of the watch against falling back. Money is yuan, rates are percent."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from lianfang.rulebook.terms import Frozen, Name, Text, Threshold


class PovertyLineParameters(Frozen):
    """Net income per head a year at which a person is poor (`poor`), and above which it has left poverty."""

    kind: Literal["poverty_line"]
    poor: Threshold
    exited: Threshold
    price_year: int


class PersonExitParameters(Frozen):
    """What a household must have to exit, and the steps that the exit takes, in order."""

    kind: Literal["person_exit"]
    guarantees: dict[Name, Text]
    steps: Annotated[tuple[Text, ...], Field(min_length=1)]


class AreaExitParameters(Frozen):
    """Exit of a village or a county by incidence of poverty; the west has its own number."""

    kind: Literal["area_exit"]
    area: Literal["village", "county"]
    incidence_percent: Threshold
    incidence_percent_west: Threshold
    collective_income_yuan: Threshold | None = None
    further: tuple[Text, ...]


class EvaluationParameters(Frozen):
    """Three rates and one degree: each is a veto by itself."""

    kind: Literal["exit_evaluation"]
    veto_incidence_percent: Threshold
    veto_incidence_percent_west: Threshold
    veto_wrong_exit_percent: Threshold
    veto_miss_percent: Threshold
    veto_approval_percent: Threshold


class SpotCheckParameters(Frozen):
    """The share of exited counties checked again."""

    kind: Literal["spot_check"]
    share_percent: float = Field(gt=0, le=100)
    counties_exited: int
    provinces: int


class MonitoringParameters(Frozen):
    """Who is watched: classes, the income bound as a multiple of the line, and the size expected."""

    kind: Literal["monitoring"]
    classes: dict[Name, Text]
    income_ratio_to_line: Threshold
    floor_yuan: float | None = None
    criteria: tuple[Text, ...]
    share_of_registered_percent: Threshold | None = None
    share_of_registered_percent_deep: Threshold | None = None
    channels: tuple[Text, ...]


class MonitoringFloorParameters(Frozen):
    """A province's income line of the year for the watch, in yuan per head."""

    kind: Literal["monitoring_floor"]
    income_yuan: Threshold


class IncomeWindowParameters(Frozen):
    """The months whose income counts: whole months that end with the month before."""

    kind: Literal["income_window"]
    months: int = Field(ge=1)


class RiskRemovalParameters(Frozen):
    """When the risk counts as removed."""

    kind: Literal["risk_removal"]
    stable_months: Threshold
    months_since_entry: Threshold
    conditions: tuple[Text, ...]


class WarningLinesParameters(Frozen):
    """Spending that raises a warning; lines are local."""

    kind: Literal["warning_lines"]
    inpatient_self_paid_registered_yuan: Threshold
    inpatient_self_paid_other_yuan: Threshold
    outpatient_monthly_yuan: Threshold
    schooling_yearly_yuan: Threshold
    due_day_of_month: int = Field(ge=1, le=28)


class SafeWaterParameters(Frozen):
    """Safe drinking water: all four must hold, next to quality."""

    kind: Literal["safe_water"]
    litres_per_head_day: Threshold
    litres_per_head_day_scarce: Threshold
    fetch_minutes: Threshold
    fetch_distance_m: Threshold | None = None
    fetch_height_m: Threshold | None = None
    supply_percent: Threshold
    days_without_per_year: Threshold


class NoRemovalsParameters(Frozen):
    """What stays after a county has left the list."""

    kind: Literal["no_removals"]
    kept: dict[Name, Text]


class SupervisionParameters(Frozen):
    """The supervised counties and villages; `joined_by` is how the two village criteria combine."""

    kind: Literal["supervision_list"]
    counties: int
    poor_villages: int
    supervised_villages: int
    poor_million: float
    village_poor: Threshold
    village_incidence_percent: Threshold
    joined_by: Literal["or", "and"]
    counties_by_province: dict[str, int]


class CensusParameters(Frozen):
    """The census of poverty alleviation: the moment it describes, and who may count whom."""

    kind: Literal["census"]
    reference_on: date
    counties: int
    enumerator_from_other_county: bool


class CreditReliefParameters(Frozen):
    """Small loans of poor households hit by the epidemic."""

    kind: Literal["credit_relief"]
    due_after: date
    extension_months: Threshold
    bad_credit_mark: bool


class PremiumReliefParameters(Frozen):
    """Employers' social insurance premiums: the share waived by size of firm, and until when."""

    kind: Literal["premium_relief"]
    waived_percent: dict[Literal["micro", "small", "medium", "large"], float]
    until: dict[Literal["micro", "small", "medium", "large"], date]
    deferral_months: Threshold


class ProduceReliefParameters(Frozen):
    """What each poor county does about produce that cannot be sold."""

    kind: Literal["produce_relief"]
    steps: tuple[Text, ...]
