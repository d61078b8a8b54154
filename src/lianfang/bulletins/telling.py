"""A bulletin as a document in Chinese or English, for the page and for print; every figure with the address of its query."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from django.utils import translation
from django.utils.translation import gettext

from lianfang.bulletins.errors import EarlierForm
from lianfang.bulletins.figures import REST, RUNS, TABLE
from lianfang.bulletins.models import Bulletin
from lianfang.common.clock import site_zone
from lianfang.common.naming import listed
from lianfang.core.rules import site_rules
from lianfang.regions.indicators import INDICATORS, Indicator
from lianfang.regions.models import RiskLevel
from lianfang.regions.vocabulary import PUBLISHED
from lianfang.report.document import (
    Block,
    Chart,
    Document,
    Grid,
    Labels,
    Link,
    Paragraph,
    Section,
    Tile,
    Tiles,
)
from lianfang.report.drawing import Picture, draw_curve

Address = Callable[
    [str, str], str
]  # code of the figure, code of the place -> where its rows and its query stand; "" for nowhere
LANGUAGES = {"zh": "zh-hans", "en": "en"}
_TILES = ("confirmed", "existing", "total", "total_cured", "total_died")
_TABLE_DAYS = 14


def document_of(row: Bulletin, *, language: str, address: Address) -> Document:
    """Return the bulletin as it is told, in zh or en; KeyError for another language."""
    with translation.override(LANGUAGES[language]):
        told = as_told(row)
        name = _counted(told, language)
        sections = [
            Section(
                key="figures",
                title=gettext("The figures of the day"),
                blocks=_headline(told, language, address),
            ),
            *_course(told),
            *_below(told, language, address),
            *_decisions(told, language),
            Section(key="data", title=gettext("About the figures"), blocks=_about(row, told, language)),
            Section(
                key="sources",
                title=gettext("Where each figure comes from"),
                blocks=[_sources(told, language, address)],
            ),
        ]
        return Document(
            language=language,
            title=gettext("%(place)s: daily bulletin on %(disease)s")
            % {"place": name, "disease": _disease(told["disease"], language)},
            subtitle=_standing(row, told),
            sections=sections,
            labels=_labels(row),
        )


def as_told(row: Bulletin) -> dict[str, Any]:
    """Return the figures of a bulletin; EarlierForm for one that counted small areas each."""
    if not row.is_told:
        raise EarlierForm
    return dict(row.figures)


def _counted(told: Mapping[str, Any], language: str) -> str:
    """Return the names of the areas whose counts these are."""
    return listed(one[language] for one in told["counted"])


def _disease(code: str, language: str) -> str:
    text = site_rules().diseases().get(code)
    if text is None:
        return code
    return text.zh if language == "zh" else text.en


def _standing(row: Bulletin, told: Mapping[str, Any]) -> str:
    """Return for which day it is, which version, and who answers for it."""
    parts = [gettext("To 24:00 of %(day)s") % {"day": told["on"]}]
    if row.version > 1:
        parts.append(gettext("version %(n)d, corrected") % {"n": row.version})
    if row.issued_at is None:
        parts.append(gettext("draft, not issued"))
    else:
        who = row.issued_by.name if row.issued_by else gettext("the system")
        parts.append(gettext("issued by %(who)s, %(when)s") % {"who": who, "when": _moment(row.issued_at)})
    return " · ".join(parts)


def _moment(at: Any) -> str:
    return f"{at.astimezone(site_zone()):%Y-%m-%d %H:%M}"


def number(value: int) -> str:
    """Return a count as it is printed: thousands apart."""
    return f"{value:,}".replace(",", " ")


def _headline(told: Mapping[str, Any], language: str, address: Address) -> list[Block]:
    own, before = told["own"], told["before"]
    texts = {name: number(own[name]) for name in _TILES}
    sentence = gettext(
        "By 24:00 on %(day)s, %(place)s had %(total)s confirmed cases so far, of whom %(total_cured)s were cured and "
        "%(total_died)s had died; %(existing)s were existing. %(confirmed)s were newly confirmed on the day."
    ) % {"day": told["on"], "place": _counted(told, language), **texts}
    shown = _indicators(told)
    tiles = [
        Tile(
            label=str(one.title),
            value=_value(one, own),
            note=_change(one, before),
            links=_counted_at(told, one.code, language, address),
        )
        for one in shown
    ]
    blocks: list[Block] = [Paragraph(text=sentence), Tiles(tiles=tiles)]
    if told["rt"]:
        text = gettext(
            "Rt, the number of people whom one case infects: %(mean).2f (95 %%: %(low).2f–%(high).2f)."
        )
        blocks.append(Paragraph(text=text % told["rt"]))
    return blocks


def _indicators(told: Mapping[str, Any]) -> list[Indicator]:
    """Return what is told of the area: an area that publishes figures and has no cases on file knows nothing of beds."""
    shown = [one for one in INDICATORS.values() if told["has_cases"] or one.measure in PUBLISHED]
    return [one for one in shown if len(told["counted"]) == 1 or one.part not in RUNS]


def _value(one: Indicator, own: Mapping[str, int]) -> str:
    value = one.of(*(own[name] for name in one.columns))
    if value is None:
        return "–"
    if not one.whole:
        return number(int(value))
    limits = one.interval_of(*(own[name] for name in one.columns))
    return f"{100 * value:.1f} %" + (f" ({100 * limits[0]:.1f}–{100 * limits[1]:.1f})" if limits else "")


def _change(one: Indicator, before: Mapping[str, int]) -> str:
    then = before.get(one.part)
    if one.whole or then is None or one.part.endswith("_days"):
        return ""
    return gettext("the day before: %(n)s") % {"n": number(then)}


@lru_cache(maxsize=64)
def _curve(days: tuple[date, ...], counts: tuple[int, ...], labels: tuple[str, str, str, str]) -> Picture:
    """Return the curve, drawn once a process: drawing takes longer than all the rest of a page that many open."""
    return draw_curve(days, np.asarray(counts, dtype=np.float64), None, labels)


def _course(told: Mapping[str, Any]) -> list[Section]:
    course = told["course"]
    first = date.fromisoformat(course["first"])
    days = [first + timedelta(days=n) for n in range(len(course["confirmed"]))]
    labels = (gettext("cases"), gettext("new confirmed"), "", "")
    names = (
        ("confirmed", gettext("new confirmed")),
        ("cured", gettext("cured")),
        ("died", gettext("died")),
        ("existing", gettext("existing")),
        ("total", gettext("confirmed so far")),
    )
    shown = range(max(0, len(days) - _TABLE_DAYS), len(days))
    rows = [[days[n].isoformat(), *(number(course[name][n]) for name, _ in names)] for n in reversed(shown)]
    blocks: list[Block] = []
    if any(course["confirmed"]):
        blocks.append(
            Chart(
                title=gettext("New confirmed by day"),
                text=gettext("By day of diagnosis, %(first)s to %(last)s.")
                % {"first": days[0], "last": days[-1]},
                picture=_curve(tuple(days), tuple(course["confirmed"]), labels),
            )
        )
    title = gettext("Day by day")
    columns = [gettext("Day"), *(text[:1].upper() + text[1:] for _, text in names)]
    return [
        Section(
            key="course",
            title=gettext("The course"),
            blocks=[*blocks, Grid(title=title, columns=columns, rows=rows)],
        )
    ]


def _below(told: Mapping[str, Any], language: str, address: Address) -> list[Section]:
    rows = told["rows"]
    if not rows:
        return []
    names = {
        "confirmed": gettext("New"), "existing": gettext("Existing"), "total": gettext("Confirmed so far"),
        "total_cured": gettext("Cured"), "total_died": gettext("Died"),
    }  # fmt: skip
    levels = told["grades"]["rows"]
    has_grades = any(levels.values())
    order = sorted(rows, key=lambda code: (code == REST, -rows[code]["total"], code))
    lines, links = [], []
    for code in order:
        values = [number(rows[code][column]) for column in TABLE]
        grade = [str(RiskLevel(levels[code]).label) if levels.get(code) else "–"] if has_grades else []
        name = told["names"][code][language] if code in told["names"] else gettext("not told apart")
        lines.append([name, *grade, *values])
        apart = told.get("parts", told["names"])  # a bulletin of before has no names of areas that are joined
        parts = [part for part in code.split("+") if part in apart]
        links.append([(apart[part][language], at) for part in parts if (at := address("total", part))])
    head = [
        gettext("Area"),
        *([gettext("Grade")] if has_grades else []),
        *(names[c] for c in TABLE),
    ]
    grid = Grid(
        title=gettext("By area"), columns=head, rows=lines, n_text=2 if has_grades else 1, links=links
    )
    return [Section(key="areas", title=gettext("The areas below"), blocks=[grid])]


def _decisions(told: Mapping[str, Any], language: str) -> list[Section]:
    blocks: list[Block] = []
    grades = told["grades"]
    if grades["own"]:
        blocks.append(
            Paragraph(
                text=gettext("Risk grade in force: %(level)s.") % {"level": RiskLevel(grades["own"]).label}
            )
        )
    elif any(grades["counts"].values()):
        parts = [f"{RiskLevel(level).label} {n}" for level, n in grades["counts"].items()]
        text = gettext("Areas by the risk grade in force: %(counts)s.")
        blocks.append(Paragraph(text=text % {"counts": " · ".join(parts)}))
    level = told["measures"]["level"]
    if level:
        blocks.append(Paragraph(text=gettext("Response level in force: %(level)s.") % {"level": level}))
    rows = [[row[language], row["since"]] for row in told["measures"]["rows"]]
    if rows:
        columns = [gettext("Measure"), gettext("Since")]
        blocks.append(Grid(title=gettext("Measures in force"), columns=columns, rows=rows, n_text=2))
    return [Section(key="decisions", title=gettext("What was decided"), blocks=blocks)] if blocks else []


def _about(row: Bulletin, told: Mapping[str, Any], language: str) -> list[Block]:
    blocks: list[Block] = []
    if row.remark:
        blocks.append(Paragraph(text=gettext("Corrected: %(remark)s") % {"remark": row.remark}))
    blocks += [Paragraph(text=_note(note, language)) for note in told["notes"]]
    if [one["code"] for one in told["counted"]] != [told["place"]["code"]]:
        text = gettext(
            "The counts of %(place)s are told only as those of %(counted)s together, because so few people live in one of "
            "these areas that its counts would tell of persons."
        )
        names = {"place": told["place"][language], "counted": _counted(told, language)}
        blocks.append(Paragraph(text=text % names))
    if any("+" in code for code in told["rows"]):
        text = gettext("Areas in one row are told together, because few people live in one of them.")
        blocks.append(Paragraph(text=text))
    known = gettext(
        "What was known on %(when)s. A case stands on the day of its diagnosis; later reports, corrections and withdrawals "
        "change the figures of past days, and a correction is issued as a new version."
    )
    blocks.append(Paragraph(text=known % {"when": _moment(row.known_at)}, is_muted=True))
    return blocks


def _note(note: Mapping[str, Any], language: str) -> str:
    values = {
        "place": note["place"][language],
        "first": note["first_on"],
        "last": note["last_on"],
        "size": "–" if note["size"] is None else f"{note['size']:+d}",
    }
    what = note["what"] if isinstance(note["what"], list) else [note["what"]]
    if "contradiction" in what:
        return (
            gettext(
                "%(place)s: a cluster stands without any new case in the window; the figures are being looked at."
            )
            % values
        )
    if note["size"] == 0:
        return (
            gettext("%(place)s: the count of %(last)s repeats that of the day before, or none was published.")
            % values
        )
    if note["column"] == "total_died":
        text = gettext(
            "%(place)s, deaths: a step of %(size)s on %(last)s is the work of desks (a correction or a batch), not of that day."
        )
    else:
        text = gettext(
            "%(place)s, confirmed cases: a step of %(size)s on %(last)s is the work of desks (a correction or a batch), not of that day."
        )
    return text % values


def _counted_at(told: Mapping[str, Any], figure: str, language: str, address: Address) -> list[Link]:
    """Return where a figure of the areas that are counted stands, area by area, as far as the reader may look."""
    return [(one[language], at) for one in told["counted"] if (at := address(figure, one["code"]))]


def _sources(told: Mapping[str, Any], language: str, address: Address) -> Grid:
    rows, links = [], []
    for one in _indicators(told):
        leads = _counted_at(told, one.code, language, address)
        rows.append([str(one.title), str(one.sentence), _value(one, told["own"])])
        links.append(leads if len(leads) < 2 else [(f"{one.title} ({name})", at) for name, at in leads])
    return Grid(
        title=gettext("Each figure leads to the records that it adds up and to its query"),
        columns=[gettext("Figure"), gettext("What it counts"), gettext("Value")],
        rows=rows,
        n_text=2,
        links=links,
    )


def _labels(row: Bulletin) -> Labels:
    made = gettext("Lianfang · digest of the figures %(digest)s · %(edition)s")
    return Labels(
        contents=gettext("Contents"),
        method=gettext("Method"),
        source=gettext("Source"),
        inputs=gettext("Inputs"),
        limits=gettext("Limits"),
        made_by=made % {"digest": row.digest[:16], "edition": row.edition},
        page=gettext("Page"),
    )


def no_address(figure: str, place: str) -> str:  # noqa: ARG001 - a print without a site to lead to
    """Lead nowhere."""
    return ""
