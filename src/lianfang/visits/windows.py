"""Around whom is searched, and when: one bounded window for each index person."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Windows:
    """Index persons with the epoch seconds [opens, closes) in which they could infect others; persons are distinct."""

    person: NDArray[np.int64]
    opens: NDArray[np.int64]
    closes: NDArray[np.int64]

    def __post_init__(self) -> None:
        for name in ("person", "opens", "closes"):
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), dtype=np.int64))
        if not len(self.person) == len(self.opens) == len(self.closes):
            raise ValueError("person, opens, closes must be of one length.")
        if len(np.unique(self.person)) != len(self.person):
            raise ValueError("person must be distinct: one window for each index person.")

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int]]) -> "Windows":
        """Return windows from (person, opens, closes) rows."""
        table = np.array(list(rows), dtype=np.int64).reshape(-1, 3)
        return cls(table[:, 0], table[:, 1], table[:, 2])

    def __len__(self) -> int:
        return len(self.person)

    def within(self, first: int, last: int) -> "Windows":
        """Return the windows cut to the seconds [first, last): nothing outside of what is held is asked for."""
        opens, closes = np.maximum(self.opens, first), np.minimum(self.closes, last)
        return Windows(self.person, opens, np.maximum(opens, closes))

    def to_arrow(self) -> pa.Table:
        """Return the windows as a table for Ibis."""
        return pa.table({"person": self.person, "opens": self.opens, "closes": self.closes})
