"""Classifies a case by the definition in force: which criterion decided, what met it, what is missing."""

from dataclasses import dataclass
from datetime import date, datetime

from lianfang.rulebook.book import Pack
from lianfang.rulebook.edition import RuleEdition
from lianfang.rulebook.expression import CompiledDefinition, ItemFinding
from lianfang.rulebook.facts import CaseFacts, examine
from lianfang.rulebook.kinds.case_definition import Criterion
from lianfang.rulebook.terms import Status, Text

NO_CRITERION = Text(en="No criterion of the case definition is met.", zh="不符合病例定义的任何一条标准。")
NO_LABEL = Text(en="not classified", zh="未分类")


@dataclass(frozen=True, slots=True)
class Classification:
    """The status of a case under one edition, and why.

    `decided_by` is the criterion that held, None for `not_classified`. `met` and `missing` are worked out when they
    are read, from the facts that were judged: a million statuses do not cost a million explanations.
    """

    decided_by: Criterion | None
    edition: RuleEdition
    definition: CompiledDefinition
    facts: CaseFacts
    at: date | datetime

    @property
    def status(self) -> Status:
        """Return the status in the words of WHO case definitions."""
        return Status.NOT_CLASSIFIED if self.decided_by is None else self.decided_by.status

    @property
    def criterion_id(self) -> str:
        """Return the id of the criterion that decided; empty where none holds."""
        return "" if self.decided_by is None else self.decided_by.criterion_id

    @property
    def label(self) -> Text:
        """Return the edition's own name of the class (`clinically diagnosed` is a probable case)."""
        return NO_LABEL if self.decided_by is None else self.decided_by.label

    @property
    def criterion(self) -> Text:
        """Return the sentence of the criterion that decided."""
        return NO_CRITERION if self.decided_by is None else self.decided_by.text

    @property
    def edition_id(self) -> str:
        """Return what a record stores: `covid_19_cn_2020/diagnosis@7`."""
        return self.edition.edition_id

    @property
    def met(self) -> tuple[ItemFinding, ...]:
        """Return the items that hold, each with its evidence, as the definition orders them."""
        return tuple(f for f in self._findings(tuple(self.definition.texts)) if f.met)

    @property
    def missing(self) -> tuple[ItemFinding, ...]:
        """Return the items that do not hold and that a criterion ranked above this one looks at."""
        names: dict[str, None] = {}
        for compiled in self.definition.criteria:
            if compiled.criterion is self.decided_by:
                break
            names |= dict.fromkeys(compiled.items)
        return tuple(f for f in self._findings(tuple(names)) if not f.met)

    def _findings(self, names: tuple[str, ...]) -> tuple[ItemFinding, ...]:
        return self.definition.findings(names, examine(self.facts, self.at))


def classify(facts: CaseFacts, pack: Pack, at: date | datetime, place: str = "") -> Classification:
    """Return the classification of a case by the definition in force at `at` and `place`.

    Pure: the same facts, pack, moment and place give the same answer. Tests whose result was not known at `at` are
    passed over; the other facts are taken as the caller selected them. NoEditionError where no definition was in
    force. Cost: some 10 to 20 microseconds.
    """
    edition, definition = pack.diagnosis(at, place)
    case = examine(facts, at)
    for compiled in definition.criteria:
        if compiled.check(case):
            return Classification(compiled.criterion, edition, definition, facts, at)
    return Classification(None, edition, definition, facts, at)
