"""One edition of one rule: what it says, since when, where, by which source, and how sure that is."""

from datetime import date, timedelta
from typing import TypeVar

from pydantic import Field, model_validator

from lianfang.rulebook.kinds import Parameters
from lianfang.rulebook.terms import UNSURE, Confidence, Frozen, Sentence, Text, complain

P = TypeVar("P", bound=Frozen)


class Doubt(Frozen):
    """One parameter that is less sure than the rule it stands in."""

    confidence: Confidence
    note: Text


class RuleEdition(Frozen):
    """A rule as one document stated it; `effective_to` is the last day in force (None: still).

    `jurisdiction` is the beginning of a place code; "" means everywhere. `gap_before` says why no edition was in
    force just before this one. `replaces` names a shipped edition that this one takes the place of. `doubts`
    lists single parameters (dotted path), or one of the three dates, that are less sure than the whole.
    """

    rule_id: str = Field(pattern=r"^[a-z0-9_]+([./][a-z0-9_]+)*$")
    edition: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    title: Text
    issued_on: date
    effective_from: date
    effective_to: date | None = None
    jurisdiction: str = Field(default="", pattern=r"^[0-9A-Za-z]*$")
    parameters: Parameters
    source: Sentence
    confidence: Confidence
    note: Text | None = None
    doubts: dict[str, Doubt] = {}
    gap_before: Text | None = None
    replaces: str | None = None

    @model_validator(mode="after")
    def _days_in_order(self) -> "RuleEdition":
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError(f"effective_to must not be before effective_from. Got {self.effective_to}")
        for path in self.doubts:
            if not (
                _reaches(self.parameters, path) or path in ("issued_on", "effective_from", "effective_to")
            ):
                raise ValueError(f"doubts must name parameters of this rule. Got {path!r}")
        return self

    @property
    def edition_id(self) -> str:
        """Return what a derived record stores: `covid_19_cn_2020/diagnosis@7`."""
        return f"{self.rule_id}@{self.edition}"

    @property
    def is_unsure(self) -> bool:
        """Return whether the rule as a whole has no source that supports it."""
        return self.confidence in UNSURE

    def in_force(self, day: date) -> bool:
        """Return whether the edition is in force on `day`."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)

    def covers(self, place: str) -> bool:
        """Return whether the edition is meant for the place of this code."""
        return place.startswith(self.jurisdiction)

    def day_after(self) -> date | None:
        """Return the first day on which the edition is no longer in force."""
        return None if self.effective_to is None else self.effective_to + timedelta(days=1)

    def of(self, kind: type[P]) -> P:
        """Return the parameters as `kind`, or say which kind the rule really is."""
        if not isinstance(self.parameters, kind):
            raise complain(f"rule {self.edition_id}", f"a rule with {kind.__name__}", self.parameters.kind)
        return self.parameters


def _reaches(value: object, path: str) -> bool:
    """Return whether a dotted path (attribute, key of a table, position of a list) exists below `value`."""
    for step in path.split("."):
        if isinstance(value, dict):
            if step not in value:
                return False
            value = value[step]
        elif isinstance(value, tuple):
            if not step.isdigit() or int(step) >= len(value):
                return False
            value = value[int(step)]
        elif isinstance(value, Frozen):
            if step not in type(value).model_fields:
                return False
            value = getattr(value, step)
        else:
            return False
    return True
