"""Turns a case definition into functions once, so that judging a million cases parses nothing.

Each observable item becomes two functions: `check` (fast, yes or no) and `explain` (the evidence, only when
somebody looks). Trees become nested functions over the checks.
"""

from dataclasses import dataclass

from lianfang.rulebook import leaves
from lianfang.rulebook.facts import Examined
from lianfang.rulebook.kinds.case_definition import (
    AllOf,
    AnyOf,
    AtLeast,
    Criterion,
    DiagnosisParameters,
    Item,
    Node,
    names_in,
)
from lianfang.rulebook.leaves import Check, Evidence, Explain
from lianfang.rulebook.terms import Text


@dataclass(frozen=True, slots=True)
class ItemFinding:
    """One observable item of a definition, whether it was met, and by what."""

    item: str
    text: Text
    met: bool
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class CompiledCriterion:
    """A criterion with its tree as one function, and the observable items below it in reading order."""

    criterion: Criterion
    check: Check
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompiledDefinition:
    """A case definition ready to be applied."""

    criteria: tuple[CompiledCriterion, ...]
    texts: dict[str, Text]
    explains: dict[str, Explain]

    def findings(self, items: tuple[str, ...], case: Examined) -> tuple[ItemFinding, ...]:
        """Return each named item with its evidence, in the order given."""
        found = []
        for name in items:
            evidence = self.explains[name](case)
            found.append(ItemFinding(name, self.texts[name], evidence is not None, evidence or ()))
        return tuple(found)


def compile_definition(parameters: DiagnosisParameters) -> CompiledDefinition:
    """Return the definition as functions; names and trees were checked when it was loaded."""
    builder = _Builder(parameters)
    criteria = tuple(
        CompiledCriterion(c, builder.tree(c.when), tuple(dict.fromkeys(builder.observed(c.when))))
        for c in parameters.criteria
    )
    texts = {name: item.text for name, item in parameters.items.items() if item.test is not None}
    return CompiledDefinition(criteria, texts, builder.explains)


class _Builder:
    """Holds the functions built so far, so that an item used twice is built once."""

    def __init__(self, parameters: DiagnosisParameters) -> None:
        self._items: dict[str, Item] = parameters.items
        self._checks: dict[str, Check] = {}
        self.explains: dict[str, Explain] = {}
        for name, item in parameters.items.items():
            if item.test is not None:
                check, explain = leaves.build(item.test, parameters.min_positive_labs)
                self._checks[name], self.explains[name] = check, explain

    def tree(self, node: Node) -> Check:
        """Return a tree as one function."""
        if isinstance(node, str):
            return self._item(node)
        members = tuple(self.tree(member) for member in node.members)
        if isinstance(node, AtLeast):
            return _at_least(node.n, members)
        if isinstance(node, AllOf):
            return _all(members)
        return _any(members) if isinstance(node, AnyOf) else _none(members)

    def observed(self, node: Node) -> list[str]:
        """Return the observable items below a tree, in reading order."""
        names: list[str] = []
        for name in names_in(node):
            inner = self._items[name].when
            names += [name] if inner is None else self.observed(inner)
        return names

    def _item(self, name: str) -> Check:
        if name not in self._checks:
            inner = self._items[name].when
            assert inner is not None
            self._checks[name] = self.tree(inner)
        return self._checks[name]


def _all(members: tuple[Check, ...]) -> Check:
    def check(case: Examined) -> bool:
        for member in members:  # noqa: SIM110 - a generator costs more than the checks it runs
            if not member(case):
                return False
        return True

    return check


def _any(members: tuple[Check, ...]) -> Check:
    def check(case: Examined) -> bool:
        for member in members:  # noqa: SIM110 - as above
            if member(case):
                return True
        return False

    return check


def _none(members: tuple[Check, ...]) -> Check:
    found = _any(members)
    return lambda case: not found(case)


def _at_least(n: int, members: tuple[Check, ...]) -> Check:
    def check(case: Examined) -> bool:
        count = 0
        for member in members:
            if member(case):
                count += 1
                if count == n:
                    return True
        return False

    return check
