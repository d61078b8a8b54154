"""Figures told as a document, in Chinese or English."""

from lianfang.report.document import Document, Labels
from lianfang.report.figures import Figures
from lianfang.report.sections.common import day
from lianfang.report.sections.course import (
    alerts_section,
    curve_section,
    outlook_section,
    transmission_section,
)
from lianfang.report.sections.grounds import methods_section, quality_section
from lianfang.report.sections.headline import headline
from lianfang.report.sections.illness import chains_section, delays_section, fatality_section, persons_section
from lianfang.report.words import Words

_ORDER = (
    headline,
    curve_section,
    transmission_section,
    delays_section,
    fatality_section,
    persons_section,
    chains_section,
    alerts_section,
    outlook_section,
    quality_section,
    methods_section,
)


def tell(figures: Figures, *, language: str, area: str = "") -> Document:
    """Return the report in `language`, zh or en (ValueError for any other), with the name of the `area` in its title."""
    w = Words(language)
    name = "" if figures.disease is None else w.either(en=figures.disease.en, zh=figures.disease.zh)
    title = w("title.named", name=name) if name else w("title.plain")
    as_of = figures.cases.as_of
    return Document(
        language=language,
        title=w("title.of_area", title=title, area=area) if area else title,
        subtitle=w("title.as_of", day=day(as_of)) if as_of else w("title.no_day"),
        sections=[section(figures, w) for section in _ORDER],
        labels=Labels(
            contents=w("label.contents"),
            method=w("label.method"),
            source=w("label.source"),
            inputs=w("label.inputs"),
            limits=w("label.limits"),
            made_by=w("label.made_by"),
            page=w("label.page"),
        ),
    )
