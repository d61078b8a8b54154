"""The rulebook: finds the edition of a rule that is in force at a time and a place."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from lianfang.rulebook.clocks import Clock, clock_of
from lianfang.rulebook.edition import RuleEdition
from lianfang.rulebook.expression import CompiledDefinition, compile_definition
from lianfang.rulebook.kinds import DiagnosisParameters
from lianfang.rulebook.kinds.surveillance import LadderParameters, QuietHoursParameters
from lianfang.rulebook.loading import Loaded, PackHeader, read
from lianfang.rulebook.terms import Confidence, Frozen, Text, complain, day_of
from lianfang.rulebook.vocabulary import Group, Vocabulary, uses

SHIPPED = (Path(__file__).parent / "editions", Path(__file__).parent / "packs")
P = TypeVar("P", bound=Frozen)


class NoEditionError(ValueError):
    """No edition of a rule is in force at that time and place; the message says when and where there is one."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """One rule, or one parameter of a rule, that no source supports; `parameter` is empty for the whole rule."""

    edition: RuleEdition
    parameter: str
    confidence: Confidence
    note: Text


class Rulebook:
    """All editions of all rules, read once and never changed.

    Look-ups take a rule id, a day (or a moment, whose own calendar day counts) and a place code. The edition with the
    longest matching jurisdiction wins; among the rest, dates do not overlap.
    """

    def __init__(self, loaded: Loaded) -> None:
        lines: dict[str, list[RuleEdition]] = defaultdict(list)
        for _, edition in loaded.editions:
            lines[edition.rule_id].append(edition)
        self._lines: Mapping[str, tuple[RuleEdition, ...]] = MappingProxyType(
            {rule_id: tuple(sorted(line, key=_by_start)) for rule_id, line in sorted(lines.items())}
        )
        self._by_id = {e.edition_id: e for line in self._lines.values() for e in line}
        self._definitions = {
            e.edition_id: compile_definition(e.parameters)
            for e in self._by_id.values()
            if isinstance(e.parameters, DiagnosisParameters)
        }
        self._packs = {disease: Pack(self, header) for disease, header in sorted(loaded.packs.items())}
        self._in_force: dict[tuple[str, date], tuple[RuleEdition, ...]] = {}
        self.vocabulary: Vocabulary = MappingProxyType(
            {group: MappingProxyType(names) for group, names in loaded.vocabulary.items()}
        )

    def rule_ids(self) -> tuple[str, ...]:
        """Return the ids of all rules, sorted."""
        return tuple(self._lines)

    def editions(self, rule_id: str) -> tuple[RuleEdition, ...]:
        """Return all editions of a rule by first day in force."""
        if rule_id not in self._lines:
            raise complain("rule_id", f"one of {', '.join(self._lines)}", rule_id)
        return self._lines[rule_id]

    def all_editions(self) -> tuple[RuleEdition, ...]:
        """Return every edition of every rule, by rule id and first day in force."""
        return tuple(self._by_id.values())

    def edition(self, edition_id: str) -> RuleEdition:
        """Return the edition a record was derived by, from what was stored (`rule@edition`)."""
        if edition_id not in self._by_id:
            raise complain("edition_id", "the id of a loaded edition (rule@edition)", edition_id)
        return self._by_id[edition_id]

    def find(self, rule_id: str, *, at: date | datetime, place: str = "") -> RuleEdition | None:
        """Return the edition in force, or None where there is none; an unknown rule id is an error."""
        return next((e for e in self.in_force(rule_id, day_of(at)) if e.covers(place)), None)

    def in_force(self, rule_id: str, day: date) -> tuple[RuleEdition, ...]:
        """Return the editions in force on a day anywhere, the most specific jurisdiction first."""
        found = self._in_force.get((rule_id, day))
        if found is None:
            found = tuple(
                sorted((e for e in self.editions(rule_id) if e.in_force(day)), key=_most_specific_first)
            )
            self._in_force[rule_id, day] = found
        return found

    def rule(self, rule_id: str, *, at: date | datetime, place: str = "") -> RuleEdition:
        """Return the edition in force; NoEditionError says when and where there is one."""
        edition = self.find(rule_id, at=at, place=place)
        if edition is None:
            spans = "; ".join(_span(e) for e in self.editions(rule_id))
            raise NoEditionError(
                f"at must be a day on which {rule_id} is in force at place {place!r} ({spans})."
                f" Got {day_of(at).isoformat()}."
            )
        return edition

    def resolve(self, name: str, *, at: date | datetime, place: str = "", disease: str = "") -> RuleEdition:
        """Return the disease's own rule of that name where one is in force, else the general one."""
        own = f"{disease}/{name}"
        if disease and own in self._lines:
            edition = self.find(own, at=at, place=place)
            if edition is not None or name not in self._lines:
                return edition or self.rule(own, at=at, place=place)
        return self.rule(name, at=at, place=place)

    def clock(self, name: str, *, at: date | datetime, place: str = "", disease: str = "") -> Clock:
        """Return the deadline `clock.<name>`: how long, from which event, by which edition."""
        return clock_of(self.resolve(f"clock.{name}", at=at, place=place, disease=disease))

    def ladder(self, *, at: date | datetime, place: str = "") -> LadderParameters:
        """Return how an unmet duty climbs (see `clocks.level_reached`)."""
        return self.rule("escalation_ladder", at=at, place=place).of(LadderParameters)

    def quiet_hours(self, *, at: date | datetime, place: str = "") -> QuietHoursParameters:
        """Return when nobody is woken (see `clocks.is_quiet`)."""
        return self.rule("quiet_hours", at=at, place=place).of(QuietHoursParameters)

    def definition(self, edition: RuleEdition) -> CompiledDefinition:
        """Return the compiled case definition of an edition of kind `diagnosis`."""
        if edition.edition_id not in self._definitions:
            raise complain("edition", "an edition of kind diagnosis", edition.edition_id)
        return self._definitions[edition.edition_id]

    def diseases(self) -> Mapping[str, Text]:
        """Return the names of the diseases that have a pack, by id."""
        return {disease: pack.name for disease, pack in self._packs.items()}

    def pack(self, disease: str) -> "Pack":
        """Return the rules of one disease."""
        if disease not in self._packs:
            raise complain("disease", f"one of {', '.join(self._packs)}", disease)
        return self._packs[disease]

    def unsure(self) -> tuple[Unsure, ...]:
        """Return every rule and parameter of confidence M or X: what to check before relying on it."""
        found = []
        for edition in self._by_id.values():
            if edition.is_unsure:
                found.append(Unsure(edition, "", edition.confidence, edition.note or edition.title))
            for parameter, doubt in edition.doubts.items():
                if doubt.confidence in ("M", "X"):
                    found.append(Unsure(edition, parameter, doubt.confidence, doubt.note))
        return tuple(found)


class Pack:
    """The rules of one disease, falling back on the general rules of the book."""

    def __init__(self, book: Rulebook, header: PackHeader) -> None:
        self.book = book
        self.disease = header.disease
        self.name = header.name
        self.summary = header.summary
        self._diagnosis = f"{header.disease}/diagnosis"
        self._definitions: dict[date, tuple[tuple[str, tuple[RuleEdition, CompiledDefinition]], ...]] = {}

    def __repr__(self) -> str:
        return f"Pack({self.disease!r})"

    def rule_ids(self) -> tuple[str, ...]:
        """Return the ids of the disease's own rules."""
        return tuple(r for r in self.book.rule_ids() if r.startswith(f"{self.disease}/"))

    def rule(self, name: str, *, at: date | datetime, place: str = "") -> RuleEdition:
        """Return the edition of the disease's rule `name` (without the disease), else of the general rule."""
        return self.book.resolve(name, at=at, place=place, disease=self.disease)

    def has(self, name: str) -> bool:
        """Return whether the pack itself has a rule of that name."""
        return f"{self.disease}/{name}" in self.rule_ids()

    def parameters(self, name: str, kind: type[P], *, at: date | datetime, place: str = "") -> P:
        """Return the parameters in force of rule `name`, typed."""
        return self.rule(name, at=at, place=place).of(kind)

    def diagnosis(self, at: date | datetime, place: str = "") -> tuple[RuleEdition, CompiledDefinition]:
        """Return the case definition in force, with its compiled form; remembered by day, since it is asked often."""
        day = at.date() if isinstance(at, datetime) else at
        for jurisdiction, found in self._definitions.get(day, ()):
            if place.startswith(jurisdiction):
                return found
        in_force = self.book.in_force(self._diagnosis, day)
        self._definitions[day] = tuple((e.jurisdiction, (e, self.book.definition(e))) for e in in_force)
        edition = self.book.rule(self._diagnosis, at=at, place=place)
        return edition, self.book.definition(edition)

    def vocabulary(self, group: Group) -> Mapping[str, Text]:
        """Return the names of a group that any of the pack's rules uses: what a form has to ask for."""
        names: dict[str, Text] = {}
        for rule_id in self.rule_ids():
            for edition in self.book.editions(rule_id):
                names |= {
                    n: self.book.vocabulary[group][n] for g, n, _ in uses(edition.parameters) if g == group
                }
        return names


def load(*folders: Path) -> Rulebook:
    """Read the folders and nothing else; RulebookError lists every problem with file, rule and field."""
    return Rulebook(read(folders))


@lru_cache(maxsize=8)
def default(*folders: Path) -> Rulebook:
    """Return the shipped rules plus those of the folders; read once per combination of folders."""
    return load(*SHIPPED, *folders)


def _by_start(edition: RuleEdition) -> tuple[date, str]:
    return edition.effective_from, edition.jurisdiction


def _most_specific_first(edition: RuleEdition) -> int:
    return -len(edition.jurisdiction)


def _span(edition: RuleEdition) -> str:
    end = edition.effective_to.isoformat() if edition.effective_to else "now"
    where = f" in {edition.jurisdiction}" if edition.jurisdiction else ""
    return f"edition {edition.edition} {edition.effective_from.isoformat()} to {end}{where}"
