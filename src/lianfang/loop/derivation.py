"""Derived columns that other apps' facts or the clock can change: declared, and kept right by the loop.

Most derived state is brought up to date in the transaction of the act itself. What no act of the app itself touches -
a contact whose person became a case, an observation whose last day passed, a new edition - is found here by the same
two ways as duties: from touched rows at once, and by a sweep.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import QuerySet


class Derivation(ABC):
    """One model's derived columns. `watches` maps a touched label to a query of the ids to derive again."""

    model: ClassVar[type[models.Model]]
    watches: ClassVar[Mapping[str, Callable[[Any], QuerySet[Any]]]] = {}

    @abstractmethod
    def stale(self, at: datetime) -> QuerySet[Any]:
        """Return the ids of rows that the clock or a new edition may have made wrong."""

    @abstractmethod
    def derive(self, ids: Iterable[int], at: datetime) -> int:
        """Derive the rows again; return how many changed."""


class DerivationRegistry:
    """All derivations, in the order in which the apps declare them: lower floors first."""

    def __init__(self) -> None:
        self._all: list[Derivation] = []

    def add(self, derivation: type[Derivation]) -> type[Derivation]:
        """Register a derivation (usable as a class decorator)."""
        self._all.append(derivation())
        return derivation

    def __iter__(self) -> Iterator[Derivation]:
        return iter(self._all)


derivations = DerivationRegistry()
