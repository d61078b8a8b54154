"""The report as one HTML file that needs nothing else: styles and charts are in it, no script, prints well."""

import re
from collections.abc import Callable, Sequence
from html import escape as plain_escape
from importlib.resources import files

from lianfang.analytics.drawing import CHINESE_FONTS
from lianfang.report.document import (
    Basis,
    Block,
    Chart,
    Document,
    Grid,
    Labels,
    Link,
    Paragraph,
    Section,
    Tiles,
)
from lianfang.report.drawing import PAPER

_DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")


def escape(text: str) -> str:
    """Return text for HTML, in which a day is not broken over two lines."""
    return _DAY.sub(r'<span class="day">\g<0></span>', plain_escape(text))


def html_page(document: Document) -> str:
    """Return the page; the same document gives the same bytes."""
    style = files("lianfang.report").joinpath("page.css").read_text(encoding="utf-8")
    language = "zh-Hans" if document.language == "zh" else "en"
    links = "".join(
        f'<li><a href="#{section.key}">{escape(section.title)}</a></li>' for section in document.sections
    )
    body = "".join(_section(section, document.labels) for section in document.sections)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{plain_escape(document.title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<header><h1>{escape(document.title)}</h1><p>{escape(document.subtitle)}</p></header>\n"
        f'<nav aria-label="{plain_escape(document.labels.contents)}"><ul>{links}</ul></nav>\n<main>\n{body}</main>\n'
        f"<footer>{escape(document.labels.made_by)}</footer>\n</body>\n</html>\n"
    )


def _section(section: Section, labels: Labels) -> str:
    blocks = "".join(_RENDERERS[type(block)](block, labels) for block in section.blocks)
    return f'<section id="{section.key}" aria-labelledby="{section.key}-title">\n<h2 id="{section.key}-title">{escape(section.title)}</h2>\n{blocks}</section>\n'


def _paragraph(block: Paragraph, _labels: Labels) -> str:
    mark = ' class="muted"' if block.is_muted else ""
    return f"<p{mark}>{escape(block.text)}</p>\n"


def _tiles(block: Tiles, _labels: Labels) -> str:
    items = "".join(
        f"<div><dt>{escape(tile.label)}</dt><dd><strong>{_linked(escape(tile.value), tile.links[:1] if len(tile.links) == 1 else ())}</strong><span>{escape(tile.note)}{_parts(tile.links)}</span></dd></div>"
        for tile in block.tiles
    )
    return f'<dl class="tiles">{items}</dl>\n'


def _grid(block: Grid, _labels: Labels) -> str:
    def cell(tag: str, at: int, text: str, links: Sequence[Link] = ()) -> str:
        kind = "" if at < block.n_text else ' class="number"'
        scope = ' scope="col"' if tag == "th" else ""
        return f"<{tag}{scope}{kind}>{_linked(escape(text), links)}</{tag}>"

    head = "".join(cell("th", at, text) for at, text in enumerate(block.columns))
    links = block.links or [()] * len(block.rows)
    rows = "".join(
        f"<tr>{''.join(cell('td', at, text, () if at else leads) for at, text in enumerate(row))}</tr>\n"
        for row, leads in zip(block.rows, links, strict=True)
    )
    note = f'<p class="note">{escape(block.note)}</p>\n' if block.note else ""
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{plain_escape(block.title)}"><table><caption>{escape(block.title)}</caption>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div>\n{note}"
    )


def _linked(html: str, links: Sequence[Link]) -> str:
    """Return the text leading to its one address, or in its place the parts, each leading to its own."""
    if len(links) == 1:
        return f'<a href="{plain_escape(links[0][1])}">{html}</a>'
    return _parts(links) or html


def _parts(links: Sequence[Link]) -> str:
    if len(links) < 2:
        return ""
    return " · ".join(f'<a href="{plain_escape(address)}">{escape(name)}</a>' for name, address in links)


def _chart(block: Chart, _labels: Labels) -> str:
    label = plain_escape(f"{block.title}. {block.text}")
    wide = _themed(block.picture.wide, "wide", label)
    narrow = _themed(block.picture.narrow, "narrow", label)
    return f"<figure>\n<figcaption><b>{escape(block.title)}</b> {escape(block.text)}</figcaption>\n{wide}\n{narrow}\n</figure>\n"


def _themed(svg: str, width: str, label: str) -> str:
    """Return a chart that takes colours and fonts from the page, so that it follows light and dark."""
    for name, colour in PAPER.items():
        svg = svg.replace(colour, f"var(--{name})")
    for family in (*CHINESE_FONTS, "DejaVu Sans"):
        svg = (
            svg.replace(f"'{family}', ", "")
            .replace(f", '{family}'", "")
            .replace(f"'{family}'", "var(--font)")
        )
    opening, rest = svg.split(">", 1)
    view = opening[opening.index("viewBox=") :].split('"')[1]
    return f'<svg class="{width}" role="img" aria-label="{label}" viewBox="{view}" xmlns:xlink="http://www.w3.org/1999/xlink">{rest}'


def _basis(block: Basis, labels: Labels) -> str:
    parts = (
        (labels.method, block.method),
        (labels.source, block.source),
        (labels.inputs, block.inputs),
        (labels.limits, block.limits),
    )
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in parts)
    return f'<dl class="basis">{items}</dl>\n'


_RENDERERS: dict[type[Block], Callable[..., str]] = {
    Paragraph: _paragraph,
    Tiles: _tiles,
    Grid: _grid,
    Chart: _chart,
    Basis: _basis,
}
