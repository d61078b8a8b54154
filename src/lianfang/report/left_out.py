"""A part of the report that the data do not allow, with the reason as a key of `words.toml`."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Why a figure is missing; `values` fill the places of the sentence. `detail` is an estimator's own message."""

    reason: str
    values: Mapping[str, object] = field(default_factory=dict)
    detail: str = ""
