"""Rules about measures in an area: what each has people do, response levels, and how often a plan is gone through."""

from typing import Literal

from pydantic import Field, model_validator

from lianfang.rulebook.terms import Frozen, Name, Text

PlaceLevel = Literal["nation", "province", "prefecture", "county", "township", "village", "cell"]
ResponseLevel = Literal["I", "II", "III", "IV"]


class WorkSpec(Frozen):
    """One piece of work: who does it in each place of a level, once within hours or again every so many days.

    `capability` is what the unit answers for; exactly one of `within_hours` and `every_days` is given.
    """

    text: Text
    capability: Name
    level: PlaceLevel
    within_hours: int | None = Field(default=None, ge=1)
    every_days: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _once_or_again(self) -> "WorkSpec":
        if (self.within_hours is None) == (self.every_days is None):
            raise ValueError("give exactly one of within_hours, every_days")
        return self


class CatalogueMeasure(Frozen):
    """A measure that can be in force: whether it restricts people, until when it is looked at again, its work."""

    text: Text
    restricts: bool
    review_days: int = Field(ge=1)
    works: tuple[Name, ...] = ()


class MeasureCatalogueParameters(Frozen):
    """All measures that can be decided, and the work that they ask for; work shared by several stands once."""

    kind: Literal["measure_catalogue"]
    works: dict[Name, WorkSpec]
    measures: dict[Name, CatalogueMeasure]

    @model_validator(mode="after")
    def _works_exist(self) -> "MeasureCatalogueParameters":
        unknown = {work for one in self.measures.values() for work in one.works} - set(self.works)
        if unknown:
            raise ValueError(f"measures must name works of the catalogue. Got {', '.join(sorted(unknown))}")
        return self


class LevelSpec(Frozen):
    """A response level: its name, and which level of government launches it."""

    text: Text
    launched_by: Literal["county", "prefecture", "province", "nation"]


class ResponseLevelsParameters(Frozen):
    """The four levels of response to a public-health event, I the highest."""

    kind: Literal["response_levels"]
    levels: dict[ResponseLevel, LevelSpec]

    @model_validator(mode="after")
    def _all_four(self) -> "ResponseLevelsParameters":
        if set(self.levels) != {"I", "II", "III", "IV"}:
            raise ValueError("levels must be I, II, III and IV")
        return self


class PlanUpkeepParameters(Frozen):
    """After how many days an approved plan is gone through again, and within how many it is drilled."""

    kind: Literal["plan_upkeep"]
    review_days: int = Field(ge=1)
    drill_days: int = Field(ge=1)
