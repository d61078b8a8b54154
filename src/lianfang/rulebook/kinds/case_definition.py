"""A case definition as data: named items (what can be observed) and ranked criteria (trees over items)."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from lianfang.rulebook.terms import Frozen, Interval, Name, Status, Text, Threshold

Names = Annotated[tuple[Name, ...], Field(min_length=1)]


class SignTest(Frozen):
    """Any of the named signs is present."""

    fact: Literal["sign"]
    any_of: Names


class FeverTest(Frozen):
    """A temperature reading on the stated side of the fever line, or fever reported as a sign."""

    fact: Literal["fever"]
    celsius: Threshold
    sign: Name = "fever"


class SymptomFreeTest(Frozen):
    """No onset, no sign present, no fever, and at least one sign was asked for: unknown is not symptom-free."""

    fact: Literal["symptom_free"]
    celsius: Threshold


class ExposureTest(Frozen):
    """An exposure of a named kind, the stated number of days before onset.

    Without an onset the day of the first sample counts, without one the day of judgement. `anchor` other than
    `onset` takes the first day of that sign. `cases` bounds the ill persons of a clustered illness.
    """

    fact: Literal["exposure"]
    any_of: Names
    days_before: Threshold
    from_days: int = 0
    cases: Threshold | None = None
    anchor: Name = "onset"


class ImagingTest(Frozen):
    """Any of the named findings on a chest image."""

    fact: Literal["imaging"]
    any_of: Names


class BloodTest(Frozen):
    """A blood count on the stated side, in 10^9 per litre."""

    fact: Literal["blood"]
    count: Literal["white_cells", "lymphocytes"]
    value: Threshold


class LaboratoryTest(Frozen):
    """A test with the stated result; from `laboratories` different ones, else from `min_positive_labs`.

    Days and hours after onset count to the sampling; `anchor` other than `onset` takes the first day of that sign.
    """

    fact: Literal["laboratory"]
    any_of: Names
    result: Literal["positive", "negative", "inconclusive"] = "positive"
    specimens: tuple[Name, ...] = ()
    targets: Threshold | None = None
    days_after_onset: Threshold | None = None
    hours_after_onset: Threshold | None = None
    anchor: Name = "onset"
    laboratories: int | None = Field(default=None, ge=1)


class NegativesTest(Frozen):
    """The latest tests are negative, the first and the last of `n` of them the stated interval apart.

    Negative results of other specimens are passed over; a result that is not negative on a specimen of
    `broken_by` (empty: any specimen) ends the run before it.
    """

    fact: Literal["consecutive_negatives"]
    any_of: Names
    n: int = Field(default=2, ge=1)
    apart: Interval | None = None
    specimens: tuple[Name, ...] = ()
    broken_by: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _interval_needs_two(self) -> "NegativesTest":
        if (self.n > 1) != (self.apart is not None):
            raise ValueError("apart must be given for n >= 2, and only then")
        return self


class RiseTest(Frozen):
    """A serology that turned from negative to positive, or whose titre rose by the stated factor."""

    fact: Literal["antibody_rise"]
    any_of: Names
    fold: Threshold
    conversion: bool = True
    days_apart: Threshold | None = None


class FlagTest(Frozen):
    """Any of the named statements is recorded."""

    fact: Literal["flag"]
    any_of: Names


Leaf = Annotated[
    SignTest
    | FeverTest
    | SymptomFreeTest
    | ExposureTest
    | ImagingTest
    | BloodTest
    | LaboratoryTest
    | NegativesTest
    | RiseTest
    | FlagTest,
    Field(discriminator="fact"),
]


class AllOf(Frozen):
    """Every member holds."""

    members: "tuple[Node, ...]" = Field(alias="all", min_length=1)


class AnyOf(Frozen):
    """At least one member holds."""

    members: "tuple[Node, ...]" = Field(alias="any", min_length=1)


class NoneOf(Frozen):
    """No member holds."""

    members: "tuple[Node, ...]" = Field(alias="none", min_length=1)


class AtLeast(Frozen):
    """At least `n` members hold."""

    n: int = Field(alias="at_least", ge=1)
    members: "tuple[Node, ...]" = Field(alias="of", min_length=1)

    @model_validator(mode="after")
    def _reachable(self) -> "AtLeast":
        if self.n > len(self.members):
            raise ValueError(f"at_least must be at most the number of members, {len(self.members)}")
        return self


def _node_tag(value: Any) -> str | None:
    if isinstance(value, str):
        return "item"
    if isinstance(value, Mapping):
        return next((key for key in ("all", "any", "none", "at_least") if key in value), None)
    tags: dict[Any, str] = {AllOf: "all", AnyOf: "any", NoneOf: "none", AtLeast: "at_least"}
    return tags.get(type(value))


Node = Annotated[
    Annotated[str, Tag("item")]
    | Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[NoneOf, Tag("none")]
    | Annotated[AtLeast, Tag("at_least")],
    Discriminator(
        _node_tag,
        custom_error_type="tree",
        custom_error_message="must be an item's name or a table with one of all, any, none, at_least (with of)",
    ),
]


class Item(Frozen):
    """A named piece of a definition: one observation (`test`), or a tree over other items (`when`)."""

    text: Text
    test: Leaf | None = None
    when: Node | None = None

    @model_validator(mode="after")
    def _one_body(self) -> "Item":
        if (self.test is None) == (self.when is None):
            raise ValueError("give exactly one of test, when")
        return self


class Criterion(Frozen):
    """One way to a status; the first criterion of a definition that holds decides."""

    criterion_id: Name
    status: Status
    label: Text
    text: Text
    when: Node


class DiagnosisParameters(Frozen):
    """A case definition; `min_positive_labs` is how many laboratories must find the agent."""

    kind: Literal["diagnosis"]
    min_positive_labs: int = Field(default=1, ge=1)
    items: dict[Name, Item]
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_resolve(self) -> "DiagnosisParameters":
        ids = [criterion.criterion_id for criterion in self.criteria]
        if len(set(ids)) != len(ids):
            raise ValueError(f"criterion_id must be unique. Got {ids}")
        for criterion in self.criteria:
            self._check(criterion.when, (), f"criterion {criterion.criterion_id}")
        return self

    def _check(self, node: Node, path: tuple[str, ...], where: str) -> None:
        for name in names_in(node):
            if name in path:
                raise ValueError(f"{where}: item {name!r} refers to itself through {' > '.join(path)}")
            if name not in self.items:
                raise ValueError(
                    f"{where}: no item is called {name!r}; there are {', '.join(sorted(self.items))}"
                )
            inner = self.items[name].when
            if inner is not None:
                self._check(inner, (*path, name), where)


def names_in(node: Node) -> Iterator[str]:
    """Yield the item names that a tree mentions itself, in reading order."""
    if isinstance(node, str):
        yield node
        return
    for member in node.members:
        yield from names_in(member)
