"""The common form of an answer that has several conditions: each one met or not, with its evidence."""

from dataclasses import dataclass

from lianfang.rulebook.edition import RuleEdition
from lianfang.rulebook.expression import ItemFinding
from lianfang.rulebook.leaves import Evidence
from lianfang.rulebook.terms import Text, Threshold


@dataclass(frozen=True, slots=True)
class Verdict:
    """Conditions of one rule edition applied to one subject; `ready` when every one is met."""

    findings: tuple[ItemFinding, ...]
    edition: RuleEdition

    @property
    def ready(self) -> bool:
        """Return whether nothing is missing."""
        return all(f.met for f in self.findings)

    @property
    def met(self) -> tuple[ItemFinding, ...]:
        """Return the conditions that hold."""
        return tuple(f for f in self.findings if f.met)

    @property
    def missing(self) -> tuple[ItemFinding, ...]:
        """Return the conditions that do not hold, or about which nothing is known."""
        return tuple(f for f in self.findings if not f.met)


def measured(item: str, text: Text, threshold: Threshold, observed: float | None) -> ItemFinding:
    """Return whether an observed number is on the stated side; None (not measured) is not met."""
    if observed is None:
        return ItemFinding(item, text, met=False, evidence=())
    return ItemFinding(item, text, threshold.holds(observed), (Evidence(item, f"{observed:g}"),))


def stated(item: str, text: Text, met: bool | None) -> ItemFinding:  # noqa: FBT001 - the answer itself, not a switch
    """Return whether a yes-or-no condition holds; None (not asked) is not met."""
    evidence = () if met is None else (Evidence(item, "yes" if met else "no"),)
    return ItemFinding(item, text, bool(met), evidence)


def with_number(en: str, zh: str, threshold: Threshold) -> Text:
    """Return a bilingual sentence that ends with the threshold as a sign and a number."""
    return Text(en=f"{en} {threshold}", zh=f"{zh}{threshold}")
