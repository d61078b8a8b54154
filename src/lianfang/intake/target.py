"""What a row becomes is said by a target of a domain app; intake knows only this interface and a closed register.

A target takes rows in bulk, within the transaction of its caller: it may be asked to do so and then be rolled back (a
dry run), or be asked again for rows that it has taken before (it then changes nothing).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import Place, Unit
from lianfang.intake.errors import DoubleTarget, RegisterClosed, UnknownTarget
from lianfang.intake.fields import Record
from lianfang.intake.places import PlaceFinder
from lianfang.intake.table import Problem


class Word(StrEnum):
    """What became of a row."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    PARKED = "parked"


@dataclass(frozen=True, kw_only=True)
class Context:
    """In whose name, when, where and how rows are taken in.

    `place` is the place of the unit that received them, `unit` that unit, `system` the name under which the sender's
    numbers are remembered. Of `options` targets read `unknown_place` (park, default) and `undecided` (accept, park).
    """

    by: Actor
    at: datetime
    place: Place
    unit: Unit
    system: str
    places: PlaceFinder
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One clean row on its way to a target."""

    signal_id: int
    number: int
    values: Mapping[str, Any]


@dataclass(kw_only=True)
class Outcome:
    """What became of one row, and every record that it made or added to: (model label, id, whether it was made)."""

    word: Word = Word.UNCHANGED
    problems: list[Problem] = field(default_factory=list)
    records: list[tuple[str, int, bool]] = field(default_factory=list)
    is_known_person: bool = False
    is_undecided: bool = False

    def park(self, row: Row, *, column: str, value: object, rule: str, hint: str) -> None:
        """Say that the row cannot be taken, and why; `column` is the field concerned."""
        self.word = Word.PARKED
        self.problems.append(
            Problem(row=row.number, column=column, value=str(value)[:200], rule=rule, hint=hint)
        )


@dataclass(kw_only=True)
class Undone:
    """What undoing an import did, as counts.

    Records nothing else hangs on are removed, or emptied where their history must stay; facts are withdrawn, those they
    had corrected reinstated; records that others have built on are kept.
    """

    removed: int = 0
    emptied: int = 0
    withdrawn: int = 0
    reinstated: int = 0
    kept: int = 0


class Target(ABC):
    """One kind of record that rows can become."""

    record: ClassVar[Record]
    title: ClassVar[Any]  # translated
    # Problems that may vanish by themselves when other rows arrive, such as a case that is not there yet.
    waits_for: ClassVar[frozenset[str]] = frozenset()
    # Fields that are read and checked but have no column of their own: they stay readable in the signal only.
    kept_in_signal: ClassVar[frozenset[str]] = frozenset()
    export_permission: ClassVar[Permission]

    @property
    def code(self) -> str:
        """The code of the target is that of its record."""
        return self.record.code

    @abstractmethod
    def apply(self, rows: Sequence[Row], context: Context) -> list[Outcome]:
        """Take the rows in, in their order; return one outcome each. A constant number of statements per call."""

    @abstractmethod
    def undo(self, records: Mapping[str, Sequence[int]], *, by: Actor, at: datetime, reason: str) -> Undone:
        """Take back what an import made: `records` maps model label -> ids. What others have built on is kept."""

    @abstractmethod
    def export(self, actor: Actor, *, path: str, at: datetime, purpose: str) -> Iterator[Mapping[str, Any]]:
        """Yield the records that `actor` may see within `path`, as field -> value, such that they import unchanged."""

    @abstractmethod
    def columns(self) -> Sequence[str]:
        """Return the fields of an export, in order; repeated fields come with their number."""


class TargetRegister:
    """All targets of the site, by code; closed once the apps are ready."""

    def __init__(self) -> None:
        self._targets: dict[str, Target] = {}
        self._closed = False

    def add(self, target: type[Target]) -> type[Target]:
        """Register a target (usable as a class decorator); a code used twice is an error."""
        made = target()
        if self._closed:
            raise RegisterClosed(code=made.code)
        if made.code in self._targets:
            raise DoubleTarget(code=made.code)
        self._targets[made.code] = made
        return target

    def close(self) -> None:
        """Refuse further targets."""
        self._closed = True

    def get(self, code: str) -> Target:
        """Return the target, or raise UnknownTarget."""
        try:
            return self._targets[code]
        except KeyError:
            raise UnknownTarget(code=code, known=", ".join(sorted(self._targets))) from None

    def __contains__(self, code: object) -> bool:
        return code in self._targets

    def __iter__(self) -> Iterator[Target]:
        return iter(sorted(self._targets.values(), key=lambda target: target.code))


targets = TargetRegister()
