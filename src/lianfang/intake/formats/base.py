"""What recognising a format gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """A known format of a file.

    `columns` maps columns to fields (empty: let the names be proposed); `record` is "" for a file that is known and
    cannot be taken in here, and `advice` then says where it goes. `system` is under what name the file's own numbers
    are remembered: "" is that of the source, since several files of one sender speak of the same records. `required` are fields that the format demands beyond the record's own.
    `assumed_order` is that of day and month where no cell decides, `codings` column -> cell -> code.
    """

    format: str
    title: str
    record: str
    columns: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    system: str = ""
    advice: str = ""
    assumed_order: str = "dmy"
    codings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def as_options(self) -> dict[str, Any]:
        """Return what is kept with the mapping."""
        return {
            "defaults": dict(self.defaults),
            "required": list(self.required),
            "system": self.system,
            "assumed_order": self.assumed_order,
            "codings": {column: dict(words) for column, words in self.codings.items()},
        }
