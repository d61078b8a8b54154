"""What a visit is, as it lies in the files."""

from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

DAY_SECONDS = 86_400


class PlaceKind(IntEnum):
    """Kinds of places by how people are near each other there; what follows from a kind is rulebook data."""

    OTHER = 0
    HOME = 1
    WORK = 2
    CLASS = 3
    WARD = 4
    MEAL = 5
    VEHICLE = 6
    SHOP = 7
    STATION = 8
    GATE = 9

    @property
    def word(self) -> str:
        """The kind in lower case, as files and the rulebook write it."""
        return self.name.lower()

    @classmethod
    def from_word(cls, word: str) -> "PlaceKind":
        """Return the kind that a file names; ValueError for an unknown word."""
        try:
            return cls[word.strip().upper()]
        except KeyError:
            known = ", ".join(kind.word for kind in cls)
            raise ValueError(f"kind must be one of {known}. Got {word!r}.") from None


# A stay over midnight stands, whole, in each day that it touches: what two people share is counted in the day in which
# it begins, so that nothing is counted twice and nothing is cut. `key` says which record of which source it was.
VISITS: pa.Schema = pa.schema(
    [
        ("person", pa.int64()),
        ("place", pa.int64()),
        ("kind", pa.int8()),
        ("day", pa.int32()),  # days since 1970-01-01 at the store's offset from UTC
        ("arrive", pa.int64()),  # epoch seconds
        ("leave", pa.int64()),  # the first second after the stay
        ("key", pa.int64()),
        ("assumed", pa.bool_()),  # nobody checked out: the end is an assumption
    ]
)


def day_of(seconds: NDArray[np.int64] | int, utc_offset: int) -> Any:
    """Return the days (since 1970-01-01, at the offset) on which epoch seconds fall."""
    return (seconds + utc_offset) // DAY_SECONDS


def start_of_day(day: NDArray[np.int64] | int, utc_offset: int) -> Any:
    """Return the first epoch second of days counted at the offset."""
    return day * DAY_SECONDS - utc_offset
