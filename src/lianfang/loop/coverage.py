"""The four "alls" as checked coverage: everyone who should be tested, admitted, isolated, treated is, and who is not.

A follow-up rate alone deceives: 89 % of the listed contacts of Kenema were followed, and 6 % of its new cases had been
listed. So every coverage stands beside its case-side twin, and its gaps have names.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from django.core.exceptions import EmptyResultSet
from django.db.models import CharField, Count, F, Func, QuerySet, Value

from lianfang.core.access.actor import Actor
from lianfang.loop.register import Register


class Coverage(ABC):
    """One statement of the form "everyone who should, is": declared by the app that knows, in its `coverage.py`.

    The docstring is the sentence. `twin` is the code of the coverage that looks at the same from the side of the cases.
    """

    code: ClassVar[str]
    title: ClassVar[Any]
    twin: ClassVar[str] = ""

    @abstractmethod
    def should(self, actor: Actor, path: str, at: datetime) -> QuerySet[Any]:
        """Return the rows that should be covered: those that `actor` may see in the area."""

    @abstractmethod
    def covered(self, among: QuerySet[Any], at: datetime) -> QuerySet[Any]:
        """Return those of the rows that are."""

    @property
    def sentence(self) -> str:
        """The docstring as one line."""
        return " ".join((type(self).__doc__ or "").split())

    def gaps(self, actor: Actor, path: str, at: datetime) -> QuerySet[Any]:
        """Return the rows that should be covered and are not: the names behind the figure."""
        should = self.should(actor, path, at)
        return should.exclude(pk__in=self.covered(should, at).values("pk"))


coverages: Register[Coverage] = Register("coverages")


@dataclass(frozen=True, kw_only=True)
class Covered:
    """How many should be covered and how many are, with the twin beside it."""

    coverage: Coverage
    n_should: int
    n_covered: int
    twin: "Covered | None" = None

    @property
    def share(self) -> float | None:
        """The share that is covered; None where nobody should be."""
        return self.n_covered / self.n_should if self.n_should else None

    @property
    def n_gaps(self) -> int:
        """How many should be covered and are not."""
        return self.n_should - self.n_covered


# The path as an expression: else SQLite reads the whole area in the order of its index, for want of statistics.
_AREA = Func(F("path"), Value(""), arg_joiner=" || ", template="%(expressions)s", output_field=CharField())


def coverage_in(actor: Actor, *, at: datetime, path: str = "") -> list[Covered]:
    """Return every coverage in the area, each beside its twin: two queries for each."""
    counted = {one.coverage.code: one for one in _count_all(actor, path, at)}
    return [replace(one, twin=counted.get(one.coverage.twin)) for one in counted.values()]


def coverage_of_areas(
    actor: Actor, codes: Sequence[str], places: Sequence[Any], *, at: datetime
) -> dict[tuple[str, str], Covered]:
    """Return the named coverages in each of the places, by (code, path): two queries a coverage, however many places."""
    by_code = {one.code: one for one in coverages}
    found = {}
    known: dict[Any, list[Any]] = {}  # several ask of the same rows who should be covered: counted once
    for code in codes:
        coverage = by_code[code]
        should = coverage.should(actor, "", at)
        sides = [_counted_by_path(rows, known) for rows in (should, coverage.covered(should, at))]
        for place in places:
            n_should, n_covered = (
                sum(n for path, n in side if path.startswith(place.path)) for side in sides
            )
            found[code, place.path] = Covered(coverage=coverage, n_should=n_should, n_covered=n_covered)
    return found


def _counted_by_path(rows: QuerySet[Any], known: dict[Any, list[Any]]) -> list[tuple[str, int]]:
    counted = rows.order_by().values_list(_AREA).annotate(n=Count("pk"))
    try:
        asked = counted.query.sql_with_params()
    except EmptyResultSet:  # the actor sees nothing at all
        return []
    if asked not in known:
        known[asked] = list(counted)
    return known[asked]


def _count_all(actor: Actor, path: str, at: datetime) -> Iterator[Covered]:
    for coverage in coverages:
        should = coverage.should(actor, path, at)
        yield Covered(
            coverage=coverage, n_should=should.count(), n_covered=coverage.covered(should, at).count()
        )
