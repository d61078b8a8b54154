"""The report as blocks in one language, before it becomes HTML or PDF."""

from collections.abc import Sequence
from dataclasses import dataclass

from lianfang.report.drawing import Picture

Link = tuple[str, str]  # what stands there, and the address of what stands behind it


@dataclass(frozen=True, kw_only=True)
class Basis:
    """How a figure was made: method, source, inputs, limits; each a sentence."""

    method: str
    source: str
    inputs: str
    limits: str


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Running text; `is_muted` marks the reason why something is left out."""

    text: str
    is_muted: bool = False


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One key figure: label, value, what it means, and where what stands behind it is to be found: one place, or parts of it."""

    label: str
    value: str
    note: str
    links: Sequence[Link] = ()


@dataclass(frozen=True, kw_only=True)
class Tiles:
    """Key figures side by side."""

    tiles: Sequence[Tile]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table. The first `n_text` columns are text, the others numbers, aligned to the right.

    `links` says for each row where its first cell leads: nowhere, to one address, or, by name, to those of its parts.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    n_text: int = 1
    note: str = ""
    links: Sequence[Sequence[Link]] = ()

    @property
    def lines(self) -> list[tuple[list[tuple[str, str]], Sequence[Link]]]:
        """Each row as (column, cell) pairs, with where it leads."""
        links = self.links or [()] * len(self.rows)
        return [
            (list(zip(self.columns, row, strict=True)), link)
            for row, link in zip(self.rows, links, strict=True)
        ]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A drawing with its caption; `text` says in words what it shows, for those who cannot see it."""

    title: str
    text: str
    picture: Picture


Block = Paragraph | Tiles | Grid | Chart | Basis


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the report; `key` is its anchor."""

    key: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The few words that pages themselves need."""

    contents: str
    method: str
    source: str
    inputs: str
    limits: str
    made_by: str
    page: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """A whole report in `language`, zh or en."""

    language: str
    title: str
    subtitle: str
    sections: Sequence[Section]
    labels: Labels
