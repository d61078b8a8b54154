"""The report as PDF by Typst, without a browser; text is text, charts are vectors."""

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import typst

from lianfang.analytics.drawing import CHINESE_FONTS, chinese_font
from lianfang.report.document import Basis, Block, Chart, Document, Grid, Link, Paragraph, Section, Tiles

_SPECIAL = re.compile(r"([\\#*_$`@<>\[\]~=+/\"'-])")
_OPTION = re.compile(r"\\-\\-[a-z]+(?:\\-[a-z]+)*")
_LONG = 44
_FRAME = """\
#set document(title: [{title}], date: none)
#let soft(body) = text(fill: rgb("#5b6773"), body)
#let head(body) = text(fill: rgb("#5b6773"), weight: "semibold", size: 8.5pt, body)
#set page(paper: "a4", margin: (x: 18mm, top: 18mm, bottom: 20mm), footer: context text(size: 8pt, soft[{made_by} #h(1fr) #counter(page).display("1 / 1", both: true)]))
#set text(font: ({fonts}), size: 9.5pt, lang: "{lang}"{region}, fill: rgb("#1f2933"))
#set par(leading: 0.7em, spacing: 0.9em)
#set table(stroke: none, inset: (x: 4pt, y: 3pt))
#show heading.where(level: 1): set text(size: 18pt)
#show heading.where(level: 2): it => block(above: 1.7em, below: 0.9em, width: 100%, sticky: true, inset: (top: 7pt), stroke: (top: 0.5pt + rgb("#cfd6dc")), text(size: 12.5pt, it.body))
"""


def write_pdf(document: Document, path: Path, *, font_folders: Sequence[Path] = ()) -> None:
    """Write the report as PDF to `path`; fonts are those of the machine and of `font_folders`.

    Without a Chinese font the text still compiles, with boxes in the place of characters; the methods section says so.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "report.typ"
        source.write_text(typst_source(document, folder), encoding="utf-8")
        typst.compile(source, output=path, root=folder, font_paths=list(font_folders), format="pdf")


def typst_source(document: Document, folder: Path) -> str:
    """Return the report in Typst's markup, with its charts written into `folder`."""
    families = [family for family in (chinese_font(), *CHINESE_FONTS[:2]) if family]
    frame = _FRAME.format(
        title=_text(document.title),
        made_by=_text(document.labels.made_by),
        fonts=", ".join(f'"{family}"' for family in dict.fromkeys(families)) + ",",
        lang=document.language,
        region=', region: "cn"' if document.language == "zh" else "",
    )
    parts = [frame, f"= {_text(document.title)}\n", f"#soft[{_text(document.subtitle)}]\n"]
    parts += [_section(section, document, folder) for section in document.sections]
    return "\n".join(parts)


def _text(text: str) -> str:
    """Return text with everything escaped that is markup; an option of the command is not broken over two lines."""
    return _OPTION.sub(r"#box[\g<0>]", _SPECIAL.sub(r"\\\1", text))


def _section(section: Section, document: Document, folder: Path) -> str:
    blocks = []
    for at, block in enumerate(section.blocks):
        if isinstance(block, Chart):
            blocks.append(_chart(block, folder / f"{section.key}-{at}.svg"))
        elif isinstance(block, Basis):
            blocks.append(_basis(block, document))
        else:
            blocks.append(_RENDERERS[type(block)](block))
    return f"== {_text(section.title)}\n\n" + "\n\n".join(blocks) + "\n"


def _paragraph(block: Paragraph) -> str:
    return f"#soft[{_text(block.text)}]" if block.is_muted else _text(block.text)


def _tiles(block: Tiles) -> str:
    cells = ",\n".join(
        f'[#head[{_text(tile.label)}] \\ #text(size: 16pt, weight: "bold")[{_linked(tile.value, tile.links if len(tile.links) == 1 else ())}] \\ #text(size: 8pt)[#soft[{_text(tile.note)}]{_parts(tile.links)}]]'
        for tile in block.tiles
    )
    n = len(block.tiles)
    columns = min(3, max(1, n))
    fill = f'(x, y) => if y * {columns} + x < {n} {{ rgb("#f5f7f9") }}'
    return f"#block(breakable: false, grid(columns: (1fr,) * {columns}, gutter: 8pt, inset: 8pt, fill: {fill}, {cells}))"


def _grid(block: Grid) -> str:
    n = len(block.columns)
    align = ", ".join("left" if at < block.n_text else "right" for at in range(n))
    # A column of long texts takes what the others leave; without one the table is as wide as its cells.
    widths = ", ".join(
        "1fr" if _width(column) > _LONG else "auto" for column in zip(*block.rows, strict=True)
    )
    head = ", ".join(f"[#head[{_text(name)}]]" for name in block.columns)
    links = block.links or [()] * len(block.rows)
    rows = ",\n".join(
        ", ".join(f"[{_linked(cell, () if at else leads)}]" for at, cell in enumerate(row))
        for row, leads in zip(block.rows, links, strict=True)
    )
    note = f"\n\n#text(size: 8pt)[#soft[{_text(block.note)}]]" if block.note else ""
    return (
        f"#block(sticky: true, below: 0.5em)[*{_text(block.title)}*]\n#text(size: 8.5pt)[#table(columns: ({widths},), align: ({align},),\n"
        f'table.header({head}), table.hline(stroke: 0.5pt + rgb("#9aa5b1")),\n{rows}\n)]{note}'
    )


def _linked(text: str, links: Sequence[Link]) -> str:
    """Return the text leading to its one address, or in its place the parts, each leading to its own."""
    if len(links) == 1:
        return f'#link("{_quoted(links[0][1])}")[{_text(text)}]'
    return _parts(links) or _text(text)


def _parts(links: Sequence[Link]) -> str:
    if len(links) < 2:
        return ""
    return " · ".join(f'#link("{_quoted(address)}")[{_text(name)}]' for name, address in links)


def _width(cells: Sequence[str]) -> int:
    """Return the width of the longest text, a Chinese character counting as two."""
    return max((sum(2 if ord(c) > 0x2E80 else 1 for c in text) for text in cells), default=0)


def _chart(block: Chart, path: Path) -> str:
    path.write_text(_standing_alone(block.picture.wide), encoding="utf-8")
    caption = (
        f"#block(sticky: true, below: 0.5em)[*{_text(block.title)}* #h(0.4em) #soft[{_text(block.text)}]]"
    )
    return f'{caption}\n#image("{path.name}", width: 100%, alt: "{_quoted(block.text)}")'


def _standing_alone(svg: str) -> str:
    return svg if "xmlns=" in svg[:600] else svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _basis(block: Basis, document: Document) -> str:
    labels = document.labels
    colon = "：" if document.language == "zh" else ": "
    lines = " \\\n".join(
        f"*{_text(name)}*{colon}{_text(text)}"
        for name, text in (
            (labels.method, block.method),
            (labels.source, block.source),
            (labels.inputs, block.inputs),
            (labels.limits, block.limits),
        )
    )
    return f'#block(breakable: false, inset: (left: 8pt), stroke: (left: 2pt + rgb("#dde2e7")))[#text(size: 8pt)[#soft[{lines}]]]'


_RENDERERS: dict[type[Block], Callable[..., str]] = {
    Paragraph: _paragraph,
    Tiles: _tiles,
    Grid: _grid,
}
