"""The words that every rule is written in: bilingual text, thresholds, intervals, statuses, confidence."""

import operator
from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Sentence = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


def complain(parameter: str, rule: str, got: object) -> ValueError:
    """Return the one form of error of the pure floors: the parameter, the rule, the value got."""
    return ValueError(f"{parameter} must be {rule}. Got {got!r}.")


def day_of(at: date | datetime) -> date:
    """Return the calendar day of `at` on its own clock; pass local time where midnight matters."""
    return at.date() if isinstance(at, datetime) else at


class Frozen(BaseModel):
    """Base of everything read from a rule file: immutable, and a misspelt field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(Frozen):
    """One sentence or name in English and in Chinese."""

    en: Sentence
    zh: Sentence

    def __str__(self) -> str:
        return self.en


_COMPARE: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "at_most": (operator.le, "≤"),
    "below": (operator.lt, "<"),
    "at_least": (operator.ge, "≥"),
    "above": (operator.gt, ">"),
}


class Threshold(Frozen):
    """A number together with its side, written once so that no caller chooses between < and ≤.

    Chinese legal usage: 以上 and 以下 include the number (`at_least`, `at_most`), 超过 and 不足 exclude it
    (`above`, `below`). Exactly one of the four is given.
    """

    at_most: float | None = None
    below: float | None = None
    at_least: float | None = None
    above: float | None = None

    @model_validator(mode="after")
    def _one_side(self) -> "Threshold":
        if len(self.model_fields_set) != 1 or self.value is None:
            raise ValueError("give exactly one of at_most, below, at_least, above")
        if self.value != self.value:
            raise ValueError("the number must not be NaN")
        return self

    @cached_property
    def side(self) -> str:
        """Return which of the four comparisons is meant."""
        return next(iter(self.model_fields_set))

    @cached_property
    def value(self) -> float:
        """Return the number itself."""
        number: float = getattr(self, self.side)
        return number

    @cached_property
    def compare(self) -> Callable[[float, float], bool]:
        """Return the comparison as a function of (observed, number), for code that is called often."""
        return _COMPARE[self.side][0]

    def holds(self, observed: float) -> bool:
        """Return whether `observed` is on the stated side."""
        return self.compare(observed, self.value)

    def __str__(self) -> str:
        return f"{_COMPARE[self.side][1]} {self.value:g}"


class Interval(Frozen):
    """How far two samples must be apart: by the calendar (`calendar_days`) or by the clock (`hours`).

    Samples at 20:00 and at 08:00 of the next day are one calendar day apart, and twelve hours.
    """

    calendar_days: Threshold | None = None
    hours: Threshold | None = None

    @model_validator(mode="after")
    def _one_unit(self) -> "Interval":
        if (self.calendar_days is None) == (self.hours is None):
            raise ValueError("give exactly one of calendar_days, hours")
        return self

    def holds(self, earlier: datetime, later: datetime) -> bool:
        """Return whether the two moments are far enough apart."""
        if self.hours is not None:
            return self.hours.holds((later - earlier).total_seconds() / 3600)
        assert self.calendar_days is not None
        return self.calendar_days.holds((later.date() - earlier.date()).days)

    def __str__(self) -> str:
        return f"{self.hours} h" if self.hours is not None else f"{self.calendar_days} calendar days"


class Status(StrEnum):
    """Case classification in the words of WHO case definitions, plus the two of the Chinese protocols."""

    NOT_CLASSIFIED = "not_classified"
    SUSPECTED = "suspected"
    PROBABLE = "probable"
    CONFIRMED = "confirmed"
    ASYMPTOMATIC = "asymptomatic"
    EXCLUDED = "excluded"


Confidence = Literal["A", "B", "C", "M", "X"]

CONFIDENCE_MEANING: dict[str, Text] = {
    "A": Text(en="official text or numbered notice seen", zh="见到官方文本或文号通知"),
    "B": Text(
        en="reported by a state agency, a ministry's press conference or a national weekly",
        zh="国家通讯社、部委发布会或国家级周报的报道",
    ),
    "C": Text(en="weak copy that agrees with other copies", zh="转载文本，与其他转载一致"),
    "M": Text(
        en="general knowledge, not found in a source: check before use",
        zh="一般知识，未找到出处：使用前须核对",
    ),
    "X": Text(
        en="looked for and not supported: a local default, to be set by whoever deploys",
        zh="查找后无依据：仅为本地默认值，由部署者自行设定",
    ),
}
UNSURE = frozenset({"M", "X"})
