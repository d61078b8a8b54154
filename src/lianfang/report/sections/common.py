"""What all sections share: why something is left out, who computed it, how numbers and days are written."""

from collections.abc import Iterable
from datetime import date

from lianfang.analytics.result import Provenance
from lianfang.intake.records import CASE
from lianfang.report.document import Basis, Paragraph
from lianfang.report.figures import Figures
from lianfang.report.left_out import LeftOut
from lianfang.report.words import Words


def left_out(w: Words, why: LeftOut) -> Paragraph:
    """Return the paragraph that says why a part is missing."""
    text = w(why.reason, **why.values)
    return Paragraph(text=f"{text} ({why.detail})" if why.detail else text, is_muted=True)


def basis(w: Words, key: str, inputs: str, *made: Provenance, sources: Iterable[str] = ()) -> Basis:
    """Return method, source, inputs and limits of a figure: `method.<key>`, `limits.<key>`, the papers of its results."""
    papers = dict.fromkeys([*(w.source(one.source) for one in made if len(one.source) > 1), *sources])
    return Basis(
        method=w(f"method.{key}"),
        source=w.either(en="; ", zh="；").join(papers) or w("label.own"),
        inputs=inputs,
        limits=w(f"limits.{key}"),
    )


def field_name(w: Words, code: str) -> str:
    """Return the name of a field of the line list."""
    field = CASE.field_of(code)
    return w.either(en=field.en.lower(), zh=field.zh)


def day(when: date) -> str:
    """Return a day as text."""
    return when.isoformat()


def known_column(w: Words, figures: Figures) -> str:
    """Return the name of the column by which cases became known, or a dash."""
    code = figures.cases.known_by
    return field_name(w, code) if code else w("label.none")


def number(value: float) -> str:
    """Return a number with one decimal below 10, and whole from there."""
    return f"{value:.1f}" if abs(value) < 10 else f"{value:,.0f}"


def whole(value: float) -> str:
    """Return a count with digit groups."""
    return f"{value:,.0f}"
