"""Rules about searching visits for contacts: how long is long enough, what a crowd is, what an exposure weighs."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lianfang.rulebook.terms import Frozen

PlaceWord = Literal["other", "home", "work", "class", "ward", "meal", "vehicle", "shop", "station", "gate"]
Share = Annotated[float, Field(ge=0, le=1)]


class DayWeight(Frozen):
    """From which day since onset (negative: before) an exposure weighs how much."""

    from_day: int
    weight: Share


class VisitDiscoveryParameters(Frozen):
    """Who counts as found, in which order, and how long visits are kept.

    Two people shared a place when they were there together for `least_minutes` or longer in one stay. Where more than
    `most_present` people were, the stay is reported as a crowd and nobody is found by it. A score of `propose_from`
    or more is put before a person, `most_findings` of them at most. The formula stands in `lianfang.visits.score`.
    """

    kind: Literal["visit_discovery"]
    least_minutes: int = Field(ge=1)
    most_present: dict[PlaceWord, int]
    near: dict[PlaceWord, Annotated[float, Field(gt=0)]]
    weight: dict[PlaceWord, Share]
    half_minutes: float = Field(gt=0)
    by_day: tuple[DayWeight, ...] = Field(min_length=1)
    propose_from: Share
    most_findings: int = Field(ge=1)
    judge_within_hours: int = Field(ge=1)
    open_minutes: dict[PlaceWord, Annotated[int, Field(ge=1)]]
    longest_hours: int = Field(ge=1)
    keep_days: int = Field(ge=1)

    @model_validator(mode="after")
    def _complete(self) -> "VisitDiscoveryParameters":
        for name in ("near", "weight", "open_minutes"):
            if "other" not in getattr(self, name):
                raise ValueError(
                    f"{name} must name `other`, by which kinds without a number of their own count"
                )
        days = [step.from_day for step in self.by_day]
        if days != sorted(set(days)):
            raise ValueError("by_day must rise in days")
        return self
