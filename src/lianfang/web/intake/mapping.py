"""The form that says which column is which field: one choice per column, and what holds for every row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from lianfang.cases.targets.diseases import disease_codes
from lianfang.core.rules import site_rules
from lianfang.intake.fields import Field, plain
from lianfang.intake.services import Plan
from lianfang.intake.target import targets
from lianfang.web.intake.words import REASONS, field_choices, field_words, value_choices
from lianfang.web.language import in_language

# Beyond so many columns a choice for each would be a page of megabytes: the field's code is then typed or picked.
_MANY = 80
_DATE_ORDERS = [
    ("", _("as the file shows")),
    ("ymd", _("year, month, day")),
    ("dmy", _("day before month")),
    ("mdy", _("month before day")),
]
_PLACES = [("park", _("park the row")), ("default", _("take the place of the receiving unit"))]
_PERSONS = [
    ("accept", _("take the row, and put the pair up for a decision")),
    ("park", _("park the row")),
]
# Besides what every row needs: what files of one class of cases leave out.
_OFTEN_SAID = ("disease", "classification")


@dataclass(frozen=True)
class ColumnRow:
    """One column with its choice."""

    n: int
    column: str
    examples: Sequence[str]
    chosen: str
    score: int
    reason: Any
    alternatives: Sequence[str]


@dataclass(frozen=True)
class Constant:
    """A field that can be given one value for all rows that say nothing."""

    code: str
    label: str
    value: str
    choices: Sequence[tuple[str, str]]
    is_needed: bool


class MappingForm:
    """The plan of a file with what a person changed in it; `data` is what was posted."""

    def __init__(self, plan: Plan, examples: Mapping[str, Sequence[str]], data: Any = None) -> None:
        self.plan = plan
        self.examples = examples
        self.data = data
        self.is_large = len(plan.proposals) > _MANY
        self.choices = field_choices(plan.target, set(plan.columns.values()))

    @property
    def rows(self) -> list[ColumnRow]:
        """The columns in the order of the file."""
        return [
            ColumnRow(
                n=n,
                column=one.column,
                examples=self.examples.get(one.column, ()),
                chosen=self._chosen(n, one.field),
                score=round(100 * one.score),
                reason=REASONS.get(one.reason, one.reason),
                alternatives=[field_words(self.plan.target, code) for code, _score in one.alternatives],
            )
            for n, one in enumerate(self.plan.proposals)
        ]

    def _chosen(self, n: int, proposed: str) -> str:
        return proposed if self.data is None else str(self.data.get(f"column-{n}", "")).strip()

    def columns(self) -> dict[str, str]:
        """Return column -> field as posted."""
        chosen = {one.column: self._chosen(n, "") for n, one in enumerate(self.plan.proposals)}
        return {column: code for column, code in chosen.items() if code}

    # ---- what holds for the whole file

    @property
    def constants(self) -> list[Constant]:
        """The fields that may be said once for all rows, needed ones first."""
        record = targets.get(self.plan.target).record
        fields = [
            one for one in record.fields if not one.repeats and (one.required or one.code in _OFTEN_SAID)
        ]
        said = self._option("defaults", {})
        return [
            Constant(
                code=one.code,
                label=in_language(one),
                value=str(self._posted(f"default-{one.code}", _code_of(one, said.get(one.code, "")))),
                choices=_values(one),
                is_needed=one.required,
            )
            for one in sorted(fields, key=lambda f: not f.required)
        ]

    @property
    def settings(self) -> list[tuple[str, Any, str, Sequence[tuple[str, Any]]]]:
        """(name, label, value, choices) of the questions about the whole file."""
        order = self._option("date_orders", {}).get("", "")
        place = self._option("unknown_place", "park")
        person = self._option("undecided", "accept")
        return [
            ("unknown_place", _("A place that is not found"), self._posted("unknown_place", place), _PLACES),
            ("undecided", _("A person who may be on file"), self._posted("undecided", person), _PERSONS),
            ("date_order", _("Order of day and month"), self._posted("date_order", order), _DATE_ORDERS),
        ]

    def options(self) -> dict[str, Any]:
        """Return the options of the mapping: those of the plan with what was posted."""
        options = dict(self.plan.options)
        kept = {c.code: c.value for c in self.constants if c.value}
        others = {
            k: v for k, v in self._option("defaults", {}).items() if k not in {c.code for c in self.constants}
        }
        options["defaults"] = {**others, **kept}
        orders = {k: v for k, v in self._option("date_orders", {}).items() if k}
        order = self._posted("date_order", "")
        options["date_orders"] = {**orders, **({"": order} if order in {"ymd", "dmy", "mdy"} else {})}
        options["unknown_place"] = "default" if self._posted("unknown_place", "") == "default" else "park"
        options["undecided"] = "park" if self._posted("undecided", "") == "park" else "accept"
        return options

    def _option(self, name: str, otherwise: Any) -> Any:
        return self.plan.options.get(name) or otherwise

    def _posted(self, name: str, otherwise: str) -> str:
        return otherwise if self.data is None else str(self.data.get(name, "")).strip()


def _code_of(field: Field, value: str) -> str:
    """Return the value as the choices name it: a format says `covid_19`, and the site has a pack of that disease."""
    return disease_codes().get(plain(value), value) if field.code == "disease" else value


def _values(field: Field) -> list[tuple[str, str]]:
    """Return the values that a field can be given for every row; diseases are those that the site has rules for."""
    if field.code == "disease":
        return [(code, in_language(name)) for code, name in site_rules().diseases().items()]
    return value_choices(field)
